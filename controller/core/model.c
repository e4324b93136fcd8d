/* Links are rebuilt in three moves that are each other's inverse: detach the old version, swap,
 * attach the new one.  What attach adds, detach takes away, so that a trial undone leaves nothing
 * behind. */
#include "controller/core/model.h"

#include "controller/core/copy.h"
#include "controller/core/gang_held.h"
#include "controller/core/repute.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *model)
{
    *model = (struct model){0};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        map_init(&model->objects[i]);
    }
    map_init(&model->assignments_by_uid);
    map_init(&model->conflicts_about);
    map_init(&model->templates);
    dlist_init(&model->dirty);
    dlist_init(&model->wanting);
    dlist_init(&model->loose);
    dlist_init(&model->untold);
    dlist_init(&model->restate);
    dlist_init(&model->tripped);
    roster_init(&model->roster);
}

/* --- entries ---------------------------------------------------------------------------------- */

static struct entry *entry_new(enum kind_id kind)
{
    switch (kind) {
    case KIND_AGENT: {
        struct agent_entry *agent = MEM_NEW(struct agent_entry);

        dlist_init(&agent->assignments);
        dlist_init(&agent->untold_link);
        dlist_init(&agent->restate);
        dlist_init(&agent->tripped);
        return (struct entry *)agent;
    }
    case KIND_HARVEST_POLICY: {
        struct policy_entry *policy = MEM_NEW(struct policy_entry);

        dlist_init(&policy->sessions);
        return (struct entry *)policy;
    }
    case KIND_HARVEST_SESSION: {
        struct session_entry *session = MEM_NEW(struct session_entry);

        dlist_init(&session->assignments);
        dlist_init(&session->of_policy);
        dlist_init(&session->dirty);
        dlist_init(&session->wanting);
        session->is_scan_due = true;
        session->look_at = MONO_NEVER;
        session->look_index = SIZE_MAX;
        return (struct entry *)session;
    }
    case KIND_ASSIGNMENT: {
        struct assignment_entry *assignment = MEM_NEW(struct assignment_entry);

        dlist_init(&assignment->on_agent);
        dlist_init(&assignment->in_session);
        dlist_init(&assignment->loose);
        return (struct entry *)assignment;
    }
    case KIND_CONFLICT:
        return (struct entry *)MEM_NEW(struct conflict_entry);
    case KIND_EVENT:
    case KIND_SOURCE:
    case KIND_ALERT_RULE:
        return MEM_NEW(struct entry);
    case KIND_COUNT:
        break;
    }
    assert(false);
    return NULL;
}

static void agent_free(struct agent_entry *agent)
{
    vec_each (&agent->untold, it) {
        free(*it);
    }
    vec_fini(&agent->untold);
    dlist_remove(&agent->untold_link);
}

void model_discard(struct model *model, struct entry *removed)
{
    (void)model;
    if (removed == NULL) {
        return;
    }
    if (removed->object->kind->id == KIND_AGENT) {
        agent_free((struct agent_entry *)removed);
    } else if (removed->object->kind->id == KIND_HARVEST_SESSION) {
        free(((struct session_entry *)removed)->gang.why);
        demands_fini(&((struct session_entry *)removed)->demands);
        gang_held_forget((struct session_entry *)removed);
    }
    object_unref(removed->object);
    free(removed);
}

static void template_free(struct template_entry *entry)
{
    blob_unref(entry->body);
    arena_fini(&entry->arena);
    free(entry);
}

void model_fini(struct model *model)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        map_each (&model->objects[i], it) {
            model_discard(model, it->value);
        }
        map_fini(&model->objects[i]);
    }
    map_each (&model->templates, it) {
        template_free(it->value);
    }
    map_fini(&model->templates);
    map_fini(&model->assignments_by_uid);
    map_fini(&model->conflicts_about);
    vec_fini(&model->looks);
    roster_fini(&model->roster);
}

struct object *model_find(const struct model *model, enum kind_id kind, const char *name)
{
    struct entry *entry = map_find(&model->objects[kind], name);

    return entry == NULL ? NULL : entry->object;
}

struct agent_entry *model_agent(const struct model *model, const char *name)
{
    return map_find(&model->objects[KIND_AGENT], name);
}

struct session_entry *model_session(const struct model *model, const char *name)
{
    return map_find(&model->objects[KIND_HARVEST_SESSION], name);
}

struct policy_entry *model_policy(const struct model *model, const char *name)
{
    return map_find(&model->objects[KIND_HARVEST_POLICY], name);
}

struct assignment_entry *model_assignment(const struct model *model, const char *name)
{
    return map_find(&model->objects[KIND_ASSIGNMENT], name);
}

struct assignment_entry *model_assignment_by_uid(const struct model *model, const char *uid)
{
    return map_find(&model->assignments_by_uid, uid);
}

const struct conflict_entry *model_conflicts(const struct model *model, const char *object)
{
    return map_find(&model->conflicts_about, object);
}

/* --- links ------------------------------------------------------------------------------------ */

static void tell(struct model *model, struct agent_entry *agent, const char *uid)
{
    if (model->is_trial) {
        return;
    }
    vec_each (&agent->untold, it) {
        if (strcmp(*it, uid) == 0) {
            return;
        }
    }
    vec_add(&agent->untold, mem_strdup(uid));
    if (dlist_is_empty(&agent->untold_link)) {
        dlist_add(&model->untold, &agent->untold_link);
    }
}

static void count_use(struct agent_entry *agent, const struct resources *more, int sign)
{
    agent->used.cores += sign * more->cores;
    agent->used.memory += sign * more->memory;
    agent->used.disk += sign * more->disk;
}

static void attach_to_agent(struct assignment_entry *assignment, struct agent_entry *agent)
{
    assignment->agent = agent;
    dlist_add(&agent->assignments, &assignment->on_agent);
    agent->assignment_count++;
    count_use(agent, &assignment->used, 1);
    if (assignment->is_in_set) {
        digest_set_add(&agent->set, &assignment->digest);
    }
}

static void detach_from_agent(struct assignment_entry *assignment)
{
    struct agent_entry *agent = assignment->agent;

    if (agent == NULL) {
        return;
    }
    dlist_remove(&assignment->on_agent);
    agent->assignment_count--;
    if (!MUTANT(ROOM_NOT_RELEASED) || !object_is_deleting(assignment->object)) {
        count_use(agent, &assignment->used, -1);
    }
    if (assignment->is_in_set) {
        digest_set_remove(&agent->set, &assignment->digest);
    }
    assignment->agent = NULL;
}

static void attach_to_session(struct assignment_entry *assignment, struct session_entry *session)
{
    assignment->session = session;
    dlist_add(&session->assignments, &assignment->in_session);
    session->assignment_count++;
}

static void detach_from_session(struct assignment_entry *assignment)
{
    if (assignment->session != NULL) {
        dlist_remove(&assignment->in_session);
        assignment->session->assignment_count--;
        assignment->session = NULL;
    }
}

static void settle_loose(struct model *model, struct assignment_entry *assignment)
{
    dlist_remove(&assignment->loose);
    if (assignment->agent == NULL || assignment->session == NULL) {
        dlist_add(&model->loose, &assignment->loose);
    }
}

static void attach_assignment(struct model *model, struct assignment_entry *assignment)
{
    const struct assignment_spec *spec = assignment_spec(assignment);
    const struct meta *meta = &assignment->object->meta;
    const struct template_entry *resolved = model_template_find(model, spec->template_digest);
    struct agent_entry *agent = model_agent(model, spec->agent);
    struct session_entry *session = model_session(model, spec->session);

    bool is_given_up = strmap_find(&meta->annotations, GIVEN_UP_ANNOTATION) != NULL;

    assignment->used = resolved == NULL || is_given_up ? (struct resources){0}
                                                       : template_resources(resolved->template);
    assignment->is_in_set = !object_is_deleting(assignment->object) && !is_given_up;
    wire_assignment_digest(meta->uid, meta->generation, spec->lease_epoch, spec->template_digest,
                           &assignment->digest);
    if (agent != NULL) {
        attach_to_agent(assignment, agent);
    }
    if (session != NULL && str_eq(session->object->meta.uid, spec->session_uid)) {
        attach_to_session(assignment, session);
    }
    settle_loose(model, assignment);
    (void)map_put(&model->assignments_by_uid, meta->uid, assignment);
}

static void detach_assignment(struct model *model, struct assignment_entry *assignment)
{
    detach_from_agent(assignment);
    detach_from_session(assignment);
    dlist_remove(&assignment->loose);
    (void)map_remove(&model->assignments_by_uid, assignment->object->meta.uid);
}

/* An agent or session that appears takes in the assignments that name it: at start-up the order of
 * loading is arbitrary. */
static void adopt_assignments(struct model *model, struct agent_entry *agent,
                              struct session_entry *session)
{
    dlist_each (&model->loose, struct assignment_entry, loose, assignment) {
        const struct assignment_spec *spec = assignment_spec(assignment);

        if (agent != NULL && assignment->agent == NULL &&
            str_eq(spec->agent, agent->object->meta.name)) {
            attach_to_agent(assignment, agent);
        }
        if (session != NULL && assignment->session == NULL &&
            str_eq(spec->session, session->object->meta.name) &&
            (str_eq(spec->session_uid, session->object->meta.uid) || MUTANT(ADOPT_BY_NAME))) {
            attach_to_session(assignment, session);
        }
        if (assignment->agent != NULL && assignment->session != NULL) {
            dlist_remove(&assignment->loose);
        }
    }
}

static void attach_session(struct model *model, struct session_entry *session)
{
    const char *policy_name = session_spec(session)->policy;
    struct policy_entry *policy =
        str_is_empty(policy_name) ? NULL : model_policy(model, policy_name);

    demands_fini(&session->demands);
    demands_init(&session->demands, session_spec(session));
    dlist_remove(&session->of_policy);
    session->policy = policy;
    if (policy != NULL) {
        dlist_add(&policy->sessions, &session->of_policy);
    }
}

static void adopt_sessions(struct model *model, struct policy_entry *policy)
{
    map_each (&model->objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (str_eq(session_spec(session)->policy, policy->object->meta.name)) {
            dlist_remove(&session->of_policy);
            session->policy = policy;
            dlist_add(&policy->sessions, &session->of_policy);
        }
    }
}

static void put_first_conflict(struct model *model, const char *about, struct conflict_entry *first)
{
    if (first == NULL) {
        (void)map_remove(&model->conflicts_about, about);
    } else {
        (void)map_put(&model->conflicts_about, about, first);
    }
}

/* By name: what is said of them is the same after a restart. */
static void attach_conflict(struct model *model, struct conflict_entry *entry)
{
    const char *about = conflict_of(entry->object)->spec.object;
    struct conflict_entry *first = map_find(&model->conflicts_about, about), **at = &first;

    while (*at != NULL && strcmp((*at)->object->meta.name, entry->object->meta.name) < 0) {
        at = &(*at)->next;
    }
    entry->next = *at;
    *at = entry;
    put_first_conflict(model, about, first);
    model->tombstones += conflict_is_tombstone(entry->object);
}

static void detach_conflict(struct model *model, struct conflict_entry *entry)
{
    const char *about = conflict_of(entry->object)->spec.object;
    struct conflict_entry *first = map_find(&model->conflicts_about, about), **at = &first;

    while (*at != entry) {
        at = &(*at)->next;
    }
    *at = TAKE(entry->next);
    put_first_conflict(model, about, first);
    model->tombstones -= conflict_is_tombstone(entry->object);
}

static void attach(struct model *model, struct entry *entry, bool is_new)
{
    switch (entry->object->kind->id) {
    case KIND_AGENT:
        if (is_new) {
            roster_add(&model->roster, (struct agent_entry *)entry);
            adopt_assignments(model, (struct agent_entry *)entry, NULL);
        } else {
            roster_update(&model->roster, (struct agent_entry *)entry);
        }
        break;
    case KIND_HARVEST_POLICY:
        if (is_new) {
            adopt_sessions(model, (struct policy_entry *)entry);
        }
        break;
    case KIND_HARVEST_SESSION:
        attach_session(model, (struct session_entry *)entry);
        if (is_new) {
            adopt_assignments(model, NULL, (struct session_entry *)entry);
        }
        break;
    case KIND_ASSIGNMENT:
        attach_assignment(model, (struct assignment_entry *)entry);
        break;
    case KIND_CONFLICT:
        if (is_new) {
            attach_conflict(model, (struct conflict_entry *)entry);
        }
        break;
    case KIND_EVENT:
    case KIND_SOURCE:
    case KIND_ALERT_RULE:
    case KIND_COUNT:
        break;
    }
}

static void forget_session(struct model *model, struct session_entry *session)
{
    if (session->gang.is_placed || session->gang.waits) {
        bool waits = session->gang.waits; /* kept: its removal may be undone */

        session->gang.waits = false;
        model_mark_next_gang(model);
        session->gang.waits = waits;
    }
    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        detach_from_session(it);
        settle_loose(model, it);
    }
    dlist_remove(&session->of_policy);
    dlist_remove(&session->dirty);
    dlist_remove(&session->wanting);
    model_look_at(model, session, MONO_NEVER);
}

static void detach_removed(struct model *model, struct entry *entry)
{
    switch (entry->object->kind->id) {
    case KIND_AGENT: {
        struct agent_entry *agent = (struct agent_entry *)entry;

        roster_remove(&model->roster, agent);
        dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
            detach_from_agent(it);
            settle_loose(model, it);
        }
        dlist_remove(&agent->untold_link);
        dlist_remove(&agent->restate);
        dlist_remove(&agent->tripped);
        break;
    }
    case KIND_HARVEST_POLICY: {
        struct policy_entry *policy = (struct policy_entry *)entry;

        dlist_each (&policy->sessions, struct session_entry, of_policy, it) {
            dlist_remove(&it->of_policy);
            it->policy = NULL;
        }
        break;
    }
    case KIND_HARVEST_SESSION:
        forget_session(model, (struct session_entry *)entry);
        break;
    case KIND_ASSIGNMENT:
        detach_assignment(model, (struct assignment_entry *)entry);
        break;
    case KIND_CONFLICT:
        detach_conflict(model, (struct conflict_entry *)entry);
        break;
    case KIND_EVENT:
    case KIND_SOURCE:
    case KIND_ALERT_RULE:
    case KIND_COUNT:
        break;
    }
}

/* What an agent is told changes with its assignments' sets, not with their status. */
static void tell_if_changed(struct model *model, struct agent_entry *agent,
                            const struct digest *set_before, const char *uid)
{
    if (agent != NULL && !digest_eq(set_before, &agent->set)) {
        tell(model, agent, uid);
    }
}

static void count_owned(struct model *model, const struct object *object, bool comes)
{
    if (object != NULL && object->meta.owners.count > 0 && !object->kind->is_derived) {
        model->owned_count += comes ? 1 : SIZE_MAX; /* one more or one less */
    }
}

struct entry *model_set(struct model *model, const struct kind *kind, const char *name,
                        struct object *next)
{
    struct entry *entry = map_find(&model->objects[kind->id], name);
    struct assignment_entry *assignment =
        kind->id == KIND_ASSIGNMENT ? (struct assignment_entry *)entry : NULL;
    struct agent_entry *agent = assignment == NULL ? NULL : assignment->agent;
    struct digest set = agent == NULL ? (struct digest){0} : agent->set;
    bool is_new = entry == NULL;
    struct object *before;

    count_owned(model, is_new ? NULL : entry->object, false);
    count_owned(model, next, true);
    if (next == NULL) {
        assert(!is_new);
        detach_removed(model, entry);
        (void)map_remove(&model->objects[kind->id], name);
        tell_if_changed(model, agent, &set, entry->object->meta.uid);
        return entry;
    }
    if (is_new) {
        entry = entry_new(kind->id);
        (void)map_put(&model->objects[kind->id], name, entry);
    } else if (assignment != NULL) {
        detach_assignment(model, assignment);
    }
    before = entry->object;
    entry->object = next;
    if (kind->id == KIND_AGENT && (is_new || !model->is_trial)) {
        repute_read((struct agent_entry *)entry, before);
    }
    attach(model, entry, is_new);
    object_unref(before);
    if (kind->id == KIND_ASSIGNMENT) {
        assignment = (struct assignment_entry *)entry;
        if (is_new && assignment->agent != NULL && assignment->is_in_set) {
            tell(model, assignment->agent, next->meta.uid);
        } else {
            tell_if_changed(model, agent, &set, next->meta.uid);
        }
    }
    return NULL;
}

void model_restore(struct model *model, struct entry *removed)
{
    void *old =
        map_put(&model->objects[removed->object->kind->id], removed->object->meta.name, removed);

    assert(old == NULL);
    count_owned(model, removed->object, true);
    attach(model, removed, true);
    /* Its places in lists were lost; to look once too often does no harm. */
    if (removed->object->kind->id == KIND_HARVEST_SESSION) {
        struct session_entry *session = (struct session_entry *)removed;

        session->is_scan_due = true;
        model_want(model, session, true);
        model_mark_session(model, session);
    }
    if (removed->object->kind->id == KIND_AGENT) {
        struct agent_entry *agent = (struct agent_entry *)removed;

        dlist_add(&model->untold, &agent->untold_link);
        dlist_add(&model->restate, &agent->restate);
        if (agent->breaker.state != BREAKER_CLOSED) {
            dlist_add(&model->tripped, &agent->tripped);
        }
    }
}

/* --- marks ------------------------------------------------------------------------------------ */

void model_mark_session(struct model *model, struct session_entry *session)
{
    if (dlist_is_empty(&session->dirty)) {
        dlist_add(&model->dirty, &session->dirty);
    }
}

bool model_is_older_gang(const struct session_entry *a, const struct session_entry *b)
{
    const struct meta *left = &a->object->meta, *right = &b->object->meta;

    return left->created.ms != right->created.ms ? left->created.ms < right->created.ms
                                                 : strcmp(left->name, right->name) < 0;
}

void model_mark_next_gang(struct model *model)
{
    struct session_entry *next = NULL;

    map_each (&model->objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (session->gang.waits && (next == NULL || model_is_older_gang(session, next))) {
            next = session;
        }
    }
    if (next != NULL) {
        model_mark_session(model, next);
    }
}

void model_want(struct model *model, struct session_entry *session, bool wants)
{
    bool does = !dlist_is_empty(&session->wanting);

    if (wants && !does) {
        dlist_add(&model->wanting, &session->wanting);
    } else if (!wants && does) {
        dlist_remove(&session->wanting);
    }
}

static void heap_put(struct model *model, size_t index, struct session_entry *session)
{
    model->looks.items[index] = session;
    session->look_index = index;
}

static void heap_settle(struct model *model, size_t index)
{
    struct session_entry *session = model->looks.items[index];

    while (index > 0 &&
           mono_before(session->look_at, model->looks.items[(index - 1) / 2]->look_at)) {
        heap_put(model, index, model->looks.items[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (;;) {
        size_t child = index * 2 + 1;

        if (child >= model->looks.count) {
            break;
        }
        if (child + 1 < model->looks.count && mono_before(model->looks.items[child + 1]->look_at,
                                                          model->looks.items[child]->look_at)) {
            child++;
        }
        if (!mono_before(model->looks.items[child]->look_at, session->look_at)) {
            break;
        }
        heap_put(model, index, model->looks.items[child]);
        index = child;
    }
    heap_put(model, index, session);
}

void model_look_at(struct model *model, struct session_entry *session, struct mono moment)
{
    size_t index = session->look_index;

    session->look_at = moment;
    if (index == SIZE_MAX) {
        if (mono_is_never(moment)) {
            return;
        }
        vec_add(&model->looks, session);
        index = model->looks.count - 1;
    } else if (mono_is_never(moment)) {
        struct session_entry *last = vec_pop(&model->looks);

        session->look_index = SIZE_MAX;
        if (last == session) {
            return;
        }
        heap_put(model, index, last);
    }
    heap_settle(model, index);
}

struct mono model_next_look(const struct model *model)
{
    return model->looks.count == 0 ? MONO_NEVER : model->looks.items[0]->look_at;
}

void model_mark_due(struct model *model, struct mono now)
{
    while (mono_is_due(model_next_look(model), now)) {
        struct session_entry *session = model->looks.items[0];

        model_look_at(model, session, MONO_NEVER);
        model_mark_session(model, session);
    }
}

/* --- templates -------------------------------------------------------------------------------- */

struct template_entry *model_template_find(const struct model *model, const char *digest_text)
{
    return map_find(&model->templates, digest_text == NULL ? "" : digest_text);
}

struct template_entry *model_template_load(struct model *model, const struct digest *digest,
                                           struct blob *body)
{
    struct template_entry *entry = MEM_NEW(struct template_entry);
    struct problems problems;
    struct node *root = NULL;
    int code;
    bool bound;

    arena_init(&entry->arena);
    problems_init(&problems, &entry->arena, NULL);
    entry->digest = *digest;
    entry->body = blob_ref(body);
    digest_to_str(digest, entry->text);
    entry->template = ARENA_NEW(&entry->arena, struct template);
    code = json_parse(&entry->arena, body->data, body->size_bytes, JSON_PLAIN, &problems, &root);
    bound = code == 0 && bind_shape(&entry->arena, &template_shape, root, "", BIND_TRUSTED,
                                    &problems, entry->template);
    assert(bound); /* its digest was checked: this is what we wrote */
    (void)map_put(&model->templates, entry->text, entry);
    return entry;
}

struct template_entry *model_template(struct model *model, const struct template *resolved)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char name[DIGEST_TEXT_SIZE];
    struct template_entry *entry;
    struct digest digest;
    struct blob *body;

    emit_shape_json(&template_shape, resolved, &text);
    digest_of(text.data, text.length, &digest);
    digest_to_str(&digest, name);
    entry = map_find(&model->templates, name);
    if (entry != NULL) {
        return entry;
    }
    body = blob_from_str(&text);
    entry = model_template_load(model, &digest, body);
    blob_unref(body);
    return entry;
}

static void free_unused_templates(struct model *model, struct batch *batch)
{
    struct {
        VEC_OF(struct template_entry *);
    } unused = {0};

    map_each (&model->templates, it) {
        struct template_entry *entry = it->value;

        if (!entry->is_used) {
            vec_add(&unused, entry);
        }
    }
    vec_each (&unused, it) {
        if ((*it)->is_stored) {
            vec_add(&batch->released_contents, (*it)->digest);
        }
        (void)map_remove(&model->templates, (*it)->text);
        template_free(*it);
    }
    vec_fini(&unused);
}

void model_sweep_templates(struct model *model, struct batch *batch)
{
    if (model->templates.count <= 2 * model->templates_used + TEMPLATES_SPARE &&
        !BUGGIFY("templates-swept")) {
        return;
    }
    map_each (&model->templates, it) {
        ((struct template_entry *)it->value)->is_used = false;
    }
    map_each (&model->objects[KIND_ASSIGNMENT], it) {
        const struct assignment_entry *assignment = it->value;
        struct template_entry *entry =
            model_template_find(model, assignment_spec(assignment)->template_digest);

        if (entry != NULL) {
            entry->is_used = true;
        }
    }
    free_unused_templates(model, batch);
    model->templates_used = model->templates.count;
}

struct resources template_resources(const struct template *resolved)
{
    return resolved->workload.resources;
}
