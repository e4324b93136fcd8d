/* Each change takes the row that it touches out of the totals, writes it down, and puts it back in:
 * what a change costs does not depend on how many agents there are. */
#include "tools/fogctl/scene.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const scene_state_words[SCENE_STATE_COUNT + 1] = {
    [SCENE_SILENT] = "silent",         [SCENE_FAILING] = "failing",
    [SCENE_PAUSED] = "paused",         [SCENE_SUSPENDED] = "suspended",
    [SCENE_CONVERGING] = "converging", [SCENE_CORDONED] = "cordoned",
    [SCENE_CONVERGED] = "converged",
};

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

static int64_t int_at(const struct node *map, const char *key)
{
    int64_t value;

    return node_find_int(map, key, &value) ? value : 0;
}

static bool bool_at(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

/* A number, an amount or a duration; NAN when there is none. */
static double amount_of(const struct node *node)
{
    int64_t value;

    if (node == NULL) {
        return NAN;
    }
    switch (node->type) {
    case NODE_BOOL:
        return node->boolean;
    case NODE_INT:
        return (double)node->integer;
    case NODE_REAL:
        return node->real;
    case NODE_STR:
        return quantity_from_str(node->str.text, &value) ||
                       duration_from_str(node->str.text, &value)
                   ? (double)value
                   : NAN;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    return NAN;
}

static const struct node *condition_of(const struct node *status, const char *type)
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

static const char *name_of(const struct node *object)
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

/* --- what state an agent is in ----------------------------------------------------------------
 */

static bool is_over(const struct scene_work *work)
{
    return work->phase == PHASE_SUCCEEDED || work->phase == PHASE_STOPPED;
}

enum scene_state scene_work_state(const struct scene_work *work)
{
    return work->phase == PHASE_FAILED || work->failures > 0 ? SCENE_FAILING
           : work->phase == PHASE_SUSPENDED                  ? SCENE_SUSPENDED
           : is_over(work) || (work->phase == PHASE_RUNNING && work->is_converged)
               ? SCENE_CONVERGED
               : SCENE_CONVERGING;
}

static void judge(struct scene *scene, struct scene_agent *agent)
{
    enum scene_state state = agent->is_cordoned ? SCENE_CORDONED : SCENE_CONVERGED;

    scene->judged++;
    agent->running = agent->held = 0;
    agent->reason = agent->is_draining ? "Draining" : "";
    vec_each (&agent->work, it) {
        enum scene_state its = scene_work_state(*it);

        agent->running += (*it)->phase == PHASE_RUNNING;
        agent->held += (*it)->phase == PHASE_SUSPENDED;
        if (its < state) {
            state = its;
            agent->reason = (*it)->reason;
        }
    }
    if (agent->is_paused && state > SCENE_PAUSED) {
        state = SCENE_PAUSED;
        agent->reason = "";
    }
    if (!agent->is_connected) {
        state = SCENE_SILENT;
        agent->reason = agent->away == NULL ? "" : agent->away;
    }
    agent->state = state;
}

static void count_agent(struct scene *scene, const struct scene_agent *agent, size_t by)
{
    if (agent->is_there && agent->is_chosen) { /* `by` may be -1: sums of size_t wrap around */
        scene->agents_count += by;
        scene->agents_by_state[agent->state] += by;
        scene->agents_away += agent->is_connected ? 0 : by;
        scene->agents_cordoned += agent->is_cordoned ? by : 0;
    }
}

static void take_out(struct scene *scene, const struct scene_agent *agent)
{
    count_agent(scene, agent, (size_t)-1);
}

static void put_back(struct scene *scene, struct scene_agent *agent)
{
    judge(scene, agent);
    count_agent(scene, agent, 1);
    scene->changes[KIND_AGENT]++;
}

/* --- agents -----------------------------------------------------------------------------------
 */

static void free_agent(struct scene_agent *agent)
{
    free(agent->name);
    free(agent->labels);
    free(agent->away);
    free(agent->version);
    free(agent->platform);
    vec_fini(&agent->work);
    free(agent);
}

static struct scene_agent *agent_get(struct scene *scene, const char *name)
{
    struct scene_agent *agent = map_find(&scene->agents, name);

    if (agent == NULL) {
        agent = mem_alloc(sizeof(*agent));
        agent->name = mem_strdup(name);
        agent->is_chosen = !scene->has_choice;
        agent->reason = "";
        scene_keep(&agent->labels, "");
        (void)map_put(&scene->agents, name, agent);
    }
    return agent;
}

/* Nothing is known of it any more. */
static void agent_drop(struct scene *scene, struct scene_agent *agent)
{
    if (!agent->is_there && agent->work.count == 0) {
        (void)map_remove(&scene->agents, agent->name);
        free_agent(agent);
    }
}

static void read_labels(struct scene_agent *agent, const struct node *object)
{
    const struct node *labels = node_find(node_find(object, "metadata"), "labels");
    struct str text = STR_EMPTY;

    for (size_t i = 0; labels != NULL && labels->type == NODE_MAP && i < labels->map.count; i++) {
        const char *value = node_text(labels->map.members[i].value);

        str_addf(&text, "%s%s=%s", i == 0 ? "" : ",", labels->map.members[i].key,
                 value == NULL ? "" : value);
    }
    scene_keep(&agent->labels, text.data);
    str_fini(&text);
}

static void read_sensors(struct scene_agent *agent, const struct node *sensors)
{
    const struct node *unknown = node_find(sensors, "unknown");

    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        agent->of[i] = amount_of(node_find(sensors, sensor_words[i]));
        agent->is_unknown[i] = false;
        for (size_t k = 0; unknown != NULL && unknown->type == NODE_LIST && k < unknown->list.count;
             k++) {
            agent->is_unknown[i] |= str_eq(node_text(unknown->list.items[k]), sensor_words[i]);
        }
    }
}

static void read_agent(struct scene_agent *agent, const struct node *object)
{
    const struct node *spec = node_find(object, "spec"), *status = node_find(object, "status");
    const struct node *ready = condition_of(status, "Ready");
    const char *drain = node_find_text(spec, "drain"), *cores, *last_seen;

    read_labels(agent, object);
    read_sensors(agent, node_find(status, "sensors"));
    agent->is_connected = str_eq(node_find_text(ready, "status"), "True");
    scene_keep(&agent->away, ready == NULL ? "NeverSeen" : node_find_text(ready, "reason"));
    agent->is_paused = bool_at(status, "paused");
    agent->is_draining = drain != NULL && !str_eq(drain, "never");
    agent->is_cordoned = bool_at(spec, "unschedulable") || agent->is_draining;
    cores = node_find_text(node_find(status, "capacity"), "cores");
    if (cores == NULL || !cores_from_str(cores, &agent->cores_milli)) {
        agent->cores_milli = 0;
    }
    agent->memory_bytes = 0;
    cores = node_find_text(node_find(status, "capacity"), "memory");
    (void)(cores != NULL && quantity_from_str(cores, &agent->memory_bytes));
    scene_keep(&agent->version, node_find_text(status, "version"));
    scene_keep(&agent->platform, node_find_text(status, "platform"));
    last_seen = node_find_text(status, "lastSeen");
    agent->last_seen = (struct wall){0};
    (void)(last_seen != NULL && wall_from_str(last_seen, &agent->last_seen));
}

static void put_agent(struct scene *scene, const struct node *object)
{
    struct scene_agent *agent = agent_get(scene, name_of(object));

    take_out(scene, agent);
    scene->membership[KIND_AGENT] += !agent->is_there;
    agent->is_there = agent->is_seen = true;
    read_agent(agent, object);
    put_back(scene, agent);
}

static void remove_agent(struct scene *scene, struct scene_agent *agent)
{
    take_out(scene, agent);
    agent->is_there = agent->is_connected = false;
    scene->membership[KIND_AGENT]++;
    scene->changes[KIND_AGENT]++;
    agent_drop(scene, agent);
}

static void choose_one(struct scene *scene, struct scene_agent *agent, bool is_chosen)
{
    if (agent->is_chosen != is_chosen) {
        take_out(scene, agent);
        agent->is_chosen = is_chosen;
        scene->membership[KIND_AGENT]++;
        put_back(scene, agent);
    }
}

void scene_read(struct scene *scene, const struct node *agents)
{
    for (size_t i = 0; agents != NULL && agents->type == NODE_LIST && i < agents->list.count; i++) {
        struct scene_agent *agent = map_find(&scene->agents, name_of(agents->list.items[i]));

        if (agent == NULL || !agent->is_there) {
            continue;
        }
        agent->sweep = scene->sweep;
        take_out(scene, agent);
        read_agent(agent, agents->list.items[i]);
        put_back(scene, agent);
        choose_one(scene, agent, true);
    }
}

void scene_sweep_begin(struct scene *scene)
{
    scene->sweep++;
}

void scene_sweep_end(struct scene *scene)
{
    map_each (&scene->agents, it) {
        struct scene_agent *agent = it->value;

        choose_one(scene, agent, !scene->has_choice || agent->sweep == scene->sweep);
    }
}

void scene_choose(struct scene *scene, bool has_choice)
{
    scene->has_choice = has_choice;
    scene_sweep_begin(scene);
    scene_sweep_end(scene);
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

enum scene_state scene_session_state(const struct scene_session *session)
{
    return session->is_judged && !session->is_converged
               ? session->class == DIVERGENCE_SOFTWARE ? SCENE_FAILING : SCENE_CONVERGING
           : !session->is_judged             ? SCENE_CONVERGING
           : scene_session_held(session) > 0 ? SCENE_SUSPENDED
                                             : SCENE_CONVERGED;
}

static void count_session(struct scene *scene, const struct scene_session *session, size_t by)
{
    if (session->is_there) {
        scene->sessions_count += by;
        scene->sessions_converged += session->is_judged && session->is_converged ? by : 0;
        scene->sessions_held += scene_session_state(session) == SCENE_SUSPENDED ? by : 0;
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
    const struct node *converged = condition_of(status, "Converged");
    const char *since = node_find_text(converged, "lastTransitionTime");

    session->is_judged = converged != NULL;
    session->is_converged = str_eq(node_find_text(converged, "status"), "True");
    scene_keep(&session->reason, node_find_text(converged, "reason"));
    scene_keep(&session->message, node_find_text(converged, "message"));
    scene_keep(&session->done, node_find_text(node_find(status, "tasks"), "done"));
    session->class = session->is_judged && !session->is_converged ? divergence_of(session->reason)
                                                                  : DIVERGENCE_COUNT;
    session->desired = int_at(status, "desired");
    session->ready = int_at(status, "ready");
    session->updated = int_at(status, "updated");
    session->since = (struct wall){0};
    (void)(since != NULL && wall_from_str(since, &session->since));
}

static void put_session(struct scene *scene, const struct node *object)
{
    struct scene_session *session = session_get(scene, name_of(object));

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
    take_out(scene, agent);
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
    put_back(scene, work->agent);
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
    const struct node *converged = condition_of(status, "Converged");
    const char *reason = node_find_text(status, "reason"), *phase = node_find_text(status, "phase");
    const char *message = node_find_text(status, "message");

    work->phase = PHASE_PENDING;
    for (size_t i = 0; i < SCENE_PHASE_COUNT; i++) {
        work->phase =
            str_eq(assignment_phase_words[i], phase) ? (enum assignment_phase)i : work->phase;
    }
    work->is_converged = str_eq(node_find_text(converged, "status"), "True");
    work->restarts = int_at(status, "restarts");
    work->failures = int_at(status, "failures");
    scene_keep(&work->slot, node_find_text(node_find(object, "spec"), "slot"));
    if (reason == NULL && !work->is_converged) { /* the controller knows more than the agent */
        reason = node_find_text(converged, "reason");
    }
    scene_keep(&work->reason, reason);
    scene_keep(&work->message, message == NULL && !work->is_converged
                                   ? node_find_text(converged, "message")
                                   : message);
}

static void put_work(struct scene *scene, const struct node *object)
{
    const char *name = name_of(object), *agent, *session;
    const struct node *spec = node_find(object, "spec");
    struct scene_work *work = map_find(&scene->work, name);

    agent = node_find_text(spec, "agent");
    session = node_find_text(spec, "session");
    if (work == NULL) {
        work = mem_alloc(sizeof(*work));
        work->name = mem_strdup(name);
        work->agent = agent_get(scene, agent == NULL ? "" : agent); /* which it keeps for life */
        work->session = session_get(scene, session == NULL ? "" : session);
        take_out(scene, work->agent);
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

static void remove_work(struct scene *scene, struct scene_work *work)
{
    detach(scene, work);
    put_back(scene, work->agent);
    agent_drop(scene, work->agent);
    session_drop(scene, work->session);
    (void)map_remove(&scene->work, work->name);
    scene->membership[KIND_ASSIGNMENT]++;
    scene->changes[KIND_ASSIGNMENT]++;
    free_work(work);
}

/* --- all kinds --------------------------------------------------------------------------------
 */

void scene_put(struct scene *scene, enum kind_id kind, const struct node *object)
{
    note_revision(scene, object);
    if (kind == KIND_AGENT) {
        put_agent(scene, object);
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
        remove_agent(scene, agent);
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
        free_agent(it->value);
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
