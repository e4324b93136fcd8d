/* Each change takes the row that it touches out of the totals, writes it down, and puts it back in:
 * what a change costs does not depend on how many agents there are. */
#include "tools/fogctl/scene.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- texts and numbers of others ---------------------------------------------------------------
 */

void scene_keep(char **to, const char *text)
{
    text = text == NULL ? "" : text;
    if (*to == NULL || !str_eq(*to, text)) {
        free(*to);
        *to = mem_strdup(text);
    }
}

int64_t scene_int_at(const struct node *map, const char *key)
{
    int64_t value;

    return node_find_int(map, key, &value) ? value : 0;
}

bool scene_bool_at(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

const struct node *scene_condition_of(const struct node *status, const char *type)
{
    const struct node *conditions = node_find(status, "conditions");

    for (size_t i = 0;
         conditions != NULL && conditions->type == NODE_LIST && i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

const char *scene_name_of(const struct node *object)
{
    const char *name = node_find_text(node_find(object, "metadata"), "name");

    return name == NULL ? "" : name;
}

static void note_revision(struct scene *scene, const struct node *object)
{
    const char *text = node_find_text(node_find(object, "metadata"), "resourceVersion");
    uint64_t revision;

    if (text != NULL && u64_from_str(text, &revision) && revision > scene->revision) {
        scene->revision = revision;
    }
}

/* --- sessions ---------------------------------------------------------------------------------
 */

static void free_session(struct scene_session *session)
{
    free(session->name);
    free(session->reason);
    free(session->message);
    free(session->done);
    free(session);
}

static struct scene_session *session_get(struct scene *scene, const char *name)
{
    struct scene_session *session = map_find(&scene->sessions, name);

    if (session == NULL) {
        session = mem_alloc(sizeof(*session));
        session->name = mem_strdup(name);
        session->class = DIVERGENCE_COUNT;
        scene_keep(&session->reason, "");
        scene_keep(&session->message, "");
        scene_keep(&session->done, "");
        (void)map_put(&scene->sessions, name, session);
    }
    return session;
}

size_t scene_session_held(const struct scene_session *session)
{
    return session->by_phase[PHASE_SUSPENDED];
}

static void count_session(struct scene *scene, const struct scene_session *session, size_t by)
{
    if (session->is_there) {
        scene->sessions_count += by;
        scene->sessions_converged += session->is_judged && session->is_converged ? by : 0;
        scene->sessions_held += session->is_converged && scene_session_held(session) > 0 ? by : 0;
        if (!(session->is_judged && session->is_converged) && session->class < DIVERGENCE_COUNT) {
            scene->sessions_by_class[session->class] += by;
        }
    }
}

static void session_drop(struct scene *scene, struct scene_session *session)
{
    size_t work = 0;

    for (size_t i = 0; i < SCENE_PHASE_COUNT; i++) {
        work += session->by_phase[i];
    }
    if (!session->is_there && work == 0) {
        (void)map_remove(&scene->sessions, session->name);
        free_session(session);
    }
}

static void read_session(struct scene_session *session, const struct node *object)
{
    const struct node *status = node_find(object, "status");
    const struct node *converged = scene_condition_of(status, "Converged");
    const char *since = node_find_text(converged, "lastTransitionTime");

    session->is_judged = converged != NULL;
    session->is_converged = str_eq(node_find_text(converged, "status"), "True");
    scene_keep(&session->reason, node_find_text(converged, "reason"));
    scene_keep(&session->message, node_find_text(converged, "message"));
    scene_keep(&session->done, node_find_text(node_find(status, "tasks"), "done"));
    session->class = session->is_judged && !session->is_converged ? divergence_of(session->reason)
                                                                  : DIVERGENCE_COUNT;
    session->desired = scene_int_at(status, "desired");
    session->ready = scene_int_at(status, "ready");
    session->updated = scene_int_at(status, "updated");
    session->since = (struct wall){0};
    (void)(since != NULL && wall_from_str(since, &session->since));
}

static void put_session(struct scene *scene, const struct node *object)
{
    struct scene_session *session = session_get(scene, scene_name_of(object));

    count_session(scene, session, (size_t)-1);
    scene->membership[KIND_HARVEST_SESSION] += !session->is_there;
    session->is_there = session->is_seen = true;
    read_session(session, object);
    count_session(scene, session, 1);
    scene->changes[KIND_HARVEST_SESSION]++;
}

static void remove_session(struct scene *scene, struct scene_session *session)
{
    count_session(scene, session, (size_t)-1);
    session->is_there = false;
    scene->membership[KIND_HARVEST_SESSION]++;
    scene->changes[KIND_HARVEST_SESSION]++;
    session_drop(scene, session);
}

/* --- assignments ------------------------------------------------------------------------------
 */

static void count_work(struct scene *scene, const struct scene_work *work, size_t by)
{
    scene->work_by_phase[work->phase] += by;
    count_session(scene, work->session, (size_t)-1);
    work->session->by_phase[work->phase] += by;
    count_session(scene, work->session, 1);
    scene->changes[KIND_HARVEST_SESSION]++;
}

/* Out of the totals, and away from its agent. */
static void detach(struct scene *scene, struct scene_work *work)
{
    struct scene_agent *agent = work->agent;

    count_work(scene, work, (size_t)-1);
    scene_take_out(scene, agent);
    for (size_t i = 0; i < agent->work.count; i++) {
        if (agent->work.items[i] == work) {
            vec_remove(&agent->work, i);
            break;
        }
    }
}

static void attach(struct scene *scene, struct scene_work *work)
{
    vec_add(&work->agent->work, work);
    scene_put_back(scene, work->agent);
    count_work(scene, work, 1);
}

static void free_work(struct scene_work *work)
{
    free(work->name);
    free(work->slot);
    free(work->reason);
    free(work->message);
    free(work);
}

static void read_work(struct scene_work *work, const struct node *object)
{
    const struct node *status = node_find(object, "status");
    const struct node *converged = scene_condition_of(status, "Converged");
    const char *reason = node_find_text(status, "reason"), *phase = node_find_text(status, "phase");
    const char *message = node_find_text(status, "message");

    work->phase = PHASE_PENDING;
    for (size_t i = 0; i < SCENE_PHASE_COUNT; i++) {
        work->phase =
            str_eq(assignment_phase_words[i], phase) ? (enum assignment_phase)i : work->phase;
    }
    work->is_converged = str_eq(node_find_text(converged, "status"), "True");
    work->restarts = scene_int_at(status, "restarts");
    work->failures = scene_int_at(status, "failures");
    scene_keep(&work->slot, node_find_text(node_find(object, "spec"), "slot"));
    if (reason == NULL && !work->is_converged) { /* the controller knows more than the agent */
        reason = node_find_text(converged, "reason");
    }
    scene_keep(&work->reason, reason);
    scene_keep(&work->message, message == NULL && !work->is_converged
                                   ? node_find_text(converged, "message")
                                   : message);
}

static void remove_work(struct scene *scene, struct scene_work *work)
{
    detach(scene, work);
    scene_put_back(scene, work->agent);
    scene_agent_drop(scene, work->agent);
    session_drop(scene, work->session);
    (void)map_remove(&scene->work, work->name);
    scene->membership[KIND_ASSIGNMENT]++;
    scene->changes[KIND_ASSIGNMENT]++;
    free_work(work);
}

static void put_work(struct scene *scene, const struct node *object)
{
    const char *name = scene_name_of(object), *agent, *session;
    const struct node *spec = node_find(object, "spec");
    struct scene_work *work = map_find(&scene->work, name);

    agent = node_find_text(spec, "agent");
    session = node_find_text(spec, "session");
    agent = agent == NULL ? "" : agent;
    session = session == NULL ? "" : session;
    if (work != NULL &&
        !(str_eq(work->agent->name, agent) && str_eq(work->session->name, session))) {
        remove_work(scene, work); /* another one of that name, while nobody looked */
        work = NULL;
    }
    if (work == NULL) {
        work = mem_alloc(sizeof(*work));
        work->name = mem_strdup(name);
        work->agent = scene_agent_get(scene, agent); /* which it keeps for life */
        work->session = session_get(scene, session);
        scene_take_out(scene, work->agent);
        (void)map_put(&scene->work, name, work);
        scene->membership[KIND_ASSIGNMENT]++;
    } else {
        detach(scene, work);
    }
    work->is_seen = true;
    read_work(work, object);
    attach(scene, work);
    scene->changes[KIND_ASSIGNMENT]++;
}

/* --- all kinds --------------------------------------------------------------------------------
 */

void scene_put(struct scene *scene, enum kind_id kind, const struct node *object)
{
    note_revision(scene, object);
    if (kind == KIND_AGENT) {
        scene_put_agent(scene, object);
    } else if (kind == KIND_HARVEST_SESSION) {
        put_session(scene, object);
    } else if (kind == KIND_ASSIGNMENT) {
        put_work(scene, object);
    } else if (kind == KIND_EVENT) {
        scene_put_event(scene, object);
    }
}

void scene_remove(struct scene *scene, enum kind_id kind, const char *name)
{
    struct scene_agent *agent = map_find(&scene->agents, name);
    struct scene_session *session = map_find(&scene->sessions, name);
    struct scene_work *work = map_find(&scene->work, name);

    if (kind == KIND_AGENT && agent != NULL && agent->is_there) {
        scene_remove_agent(scene, agent);
    } else if (kind == KIND_HARVEST_SESSION && session != NULL && session->is_there) {
        remove_session(scene, session);
    } else if (kind == KIND_ASSIGNMENT && work != NULL) {
        remove_work(scene, work);
    }
}

void scene_anew(struct scene *scene, enum kind_id kind)
{
    const struct map *all = kind == KIND_AGENT             ? &scene->agents
                            : kind == KIND_HARVEST_SESSION ? &scene->sessions
                                                           : &scene->work;

    if (kind == KIND_EVENT) { /* after a restore some of it has never happened */
        scene_forget_happened(scene);
        return;
    }
    map_each (all, it) {
        if (kind == KIND_AGENT) {
            ((struct scene_agent *)it->value)->is_seen = false;
        } else if (kind == KIND_HARVEST_SESSION) {
            ((struct scene_session *)it->value)->is_seen = false;
        } else if (kind == KIND_ASSIGNMENT) {
            ((struct scene_work *)it->value)->is_seen = false;
        }
    }
}

void scene_anew_end(struct scene *scene, enum kind_id kind)
{
    map_each (&scene->agents, it) {
        const struct scene_agent *agent = it->value;

        if (kind == KIND_AGENT && agent->is_there && !agent->is_seen) {
            scene_remove(scene, kind, agent->name);
        }
    }
    map_each (&scene->sessions, it) {
        const struct scene_session *session = it->value;

        if (kind == KIND_HARVEST_SESSION && session->is_there && !session->is_seen) {
            scene_remove(scene, kind, session->name);
        }
    }
    map_each (&scene->work, it) {
        const struct scene_work *work = it->value;

        if (kind == KIND_ASSIGNMENT && !work->is_seen) {
            scene_remove(scene, kind, work->name);
        }
    }
}

void scene_init(struct scene *scene)
{
    *scene = (struct scene){0};
    map_init(&scene->agents);
    map_init(&scene->sessions);
    map_init(&scene->work);
    map_init(&scene->happened);
    scene->controller =
        (struct scene_controller){.cpu_seconds = NAN, .cpu_percent = NAN, .memory_bytes = NAN};
}

void scene_fini(struct scene *scene)
{
    map_each (&scene->work, it) {
        free_work(it->value);
    }
    map_each (&scene->agents, it) {
        scene_free_agent(it->value);
    }
    map_each (&scene->sessions, it) {
        free_session(it->value);
    }
    scene_forget_happened(scene);
    free(scene->controller.version);
    map_fini(&scene->agents);
    map_fini(&scene->sessions);
    map_fini(&scene->work);
    map_fini(&scene->happened);
}
