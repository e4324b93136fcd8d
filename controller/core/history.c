#include "controller/core/history.h"

#include "controller/core/past.h"
#include "controller/core/reads.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/diff.h"
#include "schema/emit.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/session_form.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdlib.h>

enum { HISTORY_LIMIT = 100, HISTORY_LIMIT_MAX = 1000, PATHS_MAX = 20 };

/* --- history ---------------------------------------------------------------------------------- */

void history_open(struct ctl *ctl, uint64_t id, const struct kind *kind, const char *name,
                  uint64_t limit, const struct moment *moment)
{
    struct read_query query = {.type = READ_HISTORY, .kind = kind, .with_before = true};

    query.name = mem_strdup(name);
    query.upto = ctl->revision;
    if (moment != NULL) {
        query.upto = moment->revision;
        query.by_time = moment->by_time;
        query.at = moment->at;
    }
    query.limit = limit == 0                  ? HISTORY_LIMIT
                  : limit > HISTORY_LIMIT_MAX ? HISTORY_LIMIT_MAX
                                              : (size_t)limit;
    reads_expect(ctl, ctl_read(ctl, &query), READ_FOR_HISTORY, id, NULL);
}

static const char *verb_to_str(enum row_verb verb)
{
    switch (verb) {
    case ROW_CREATE:
        return "create";
    case ROW_UPDATE:
        return "update";
    case ROW_DELETE:
        return "delete";
    }
    return "";
}

/* The fields that a change touched, as "spec.replicas: 3 → 5" is made of by those who print it. */
static struct node *differences_node(struct ctl *ctl, const struct object *before,
                                     const struct object *after)
{
    struct arena *arena = &ctl->arena;
    struct node *list = node_list(arena);
    struct differences differences;

    diff_objects(arena, before, after, DIFF_META | DIFF_SPEC, &differences);
    for (size_t i = 0; i < differences.count && i < PATHS_MAX; i++) {
        const struct difference *difference = &differences.items[i];
        struct node *entry = node_map(arena);

        node_set(arena, entry, "path", node_str(arena, difference->path));
        if (difference->before != NULL) {
            node_set(arena, entry, "before", node_copy(arena, difference->before));
        }
        if (difference->after != NULL) {
            node_set(arena, entry, "after", node_copy(arena, difference->after));
        }
        node_add(arena, list, entry);
    }
    return list;
}

static struct node *change_node(struct ctl *ctl, const struct stored_change *change)
{
    struct arena *arena = &ctl->arena;
    struct node *item = node_map(arena);
    struct stored_change earlier = *change;
    struct object *after = change->verb == ROW_DELETE ? NULL : stored_object(change, NULL);
    struct object *before = NULL;
    char at[WALL_TEXT_SIZE];

    if (change->body_before != NULL && change->verb != ROW_CREATE) {
        earlier.body = change->body_before;
        before = stored_object(&earlier, NULL);
    }
    wall_to_str(change->at, at);
    node_set(arena, item, "revision",
             node_str(arena, arena_printf(arena, "%" PRIu64, change->revision)));
    node_set(arena, item, "time", node_str(arena, at));
    node_set(arena, item, "verb", node_str(arena, verb_to_str(change->verb)));
    node_set(arena, item, "kind", node_str(arena, change->kind->name));
    node_set(arena, item, "name", node_str(arena, change->name));
    node_set(arena, item, "uid", node_str(arena, change->uid));
    node_set(arena, item, "generation", node_int(arena, change->generation));
    node_set(arena, item, "who", node_str(arena, change->who));
    node_set(arena, item, "manager", node_str(arena, change->manager));
    node_set(arena, item, "why", node_str(arena, change->why));
    if (before == NULL && change->verb == ROW_UPDATE) { /* of before history begins */
        node_set(arena, item, "changes", node_list(arena));
    } else {
        node_set(arena, item, "changes", differences_node(ctl, before, after));
    }
    if (change->kind == &harvest_session_kind && after != NULL) {
        node_set(arena, item, "newForm",
                 node_bool(arena, before == NULL || !session_form_eq(arena, before, after)));
    }
    object_unref(before);
    object_unref(after);
    return item;
}

/* " of 2026-11-22T10:00:00Z"; nothing when it is not known. */
static const char *of_time(struct arena *arena, const char *of, struct wall at)
{
    char text[WALL_TEXT_SIZE];

    if (at.ms <= 0) {
        return "";
    }
    wall_to_str(at, text);
    return arena_printf(arena, " %s %s", of, text);
}

static const char *lost_text(struct arena *arena, const struct lost_part *lost)
{
    return arena_printf(arena,
                        "what was written after revision %" PRIu64
                        "%s was lost when a copy was put back%s, which began era %" PRIu64,
                        lost->last, of_time(arena, "of", lost->from),
                        of_time(arena, "by", lost->to), lost->era);
}

static const char *expired_text(struct ctl *ctl, const struct read_result *result)
{
    struct arena *arena = &ctl->arena;

    return result->lost.era > 0
               ? arena_printf(arena, "that revision is lost: %s", lost_text(arena, &result->lost))
               : arena_printf(arena,
                              "that revision has been compacted: the oldest one that is "
                              "kept is %" PRIu64 "%s",
                              ctl->compacted, of_time(arena, "of", result->compacted_at));
}

void lost_warn(const struct lost_part *lost, uint64_t revision, struct problems *problems)
{
    if (lost->era > 0) {
        problem_add(problems, PROBLEM_WARNING, CAUSE_INVALID, NULL, "",
                    "%s: this is as of revision %" PRIu64, lost_text(problems->arena, lost),
                    revision);
    }
}

bool history_failed(struct ctl *ctl, uint64_t id, const struct read_result *result)
{
    struct failure failure;

    if (result->code == 0) {
        return false;
    }
    on_compacted(ctl, result->compacted);
    failure = result->code == ERR_NOT_FOUND
                  ? failure_make(&ctl->arena, 410, "Expired", "%s", expired_text(ctl, result))
                  : failure_make(&ctl->arena, 500, "InternalError", "reading history failed: %s",
                                 err_to_str(result->code));
    answer_failure(ctl, id, &failure);
    return true;
}

void history_read_done(struct ctl *ctl, uint64_t id, const struct read_result *result)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *items = node_list(arena);
    struct problems problems;

    if (history_failed(ctl, id, result)) {
        return;
    }
    for (size_t i = 0; i < result->changes.count; i++) {
        node_add(arena, items, change_node(ctl, &result->changes.items[i]));
    }
    node_set(arena, root, "kind", node_str(arena, "History"));
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    on_compacted(ctl, result->compacted);
    if (result->compacted > 0) {
        struct node *meta = node_map(arena);

        node_set(arena, meta, "compactedRevision",
                 node_str(arena, arena_printf(arena, "%" PRIu64, result->compacted)));
        node_set(arena, root, "metadata", meta);
    }
    node_set(arena, root, "items", items);
    problems_init(&problems, arena, NULL);
    lost_warn(&result->lost, result->upto, &problems);
    answer_node_warning(ctl, id, 200, root, &problems);
}

/* --- rollback --------------------------------------------------------------------------------- */

void rollback_free(struct rollback *rollback)
{
    meant_fini(&rollback->meant);
    arena_fini(&rollback->arena);
    free(rollback);
}

static void keep_request(struct rollback *rollback, const struct http_request *http,
                         const struct write_request *defaults)
{
    struct arena *arena = &rollback->arena;

    rollback->http = (struct http_request){
        .method = arena_strdup(arena, http->method),
        .target = arena_strdup(arena, http->target),
        .idempotency_key = arena_strdup(arena, http->idempotency_key),
        .body = arena_copy(arena, http->body, http->body_size_bytes),
        .body_size_bytes = http->body_size_bytes,
    };
    rollback->defaults = *defaults;
    rollback->defaults.who = arena_strdup(arena, defaults->who);
    rollback->defaults.why = arena_strdup(arena, defaults->why);
    rollback->defaults.manager.name = arena_strdup(arena, defaults->manager.name);
}

static bool is_type(const struct node *spec, const char *key, enum node_type type)
{
    const struct node *node = node_find(spec, key);

    return node == NULL || node->type == NODE_NULL || node->type == type;
}

static bool read_spec(struct ctl *ctl, const struct node *spec, struct rollback *rollback,
                      struct failure *ret_failure)
{
    const struct node *prune = node_find(spec, "prune"), *form = node_find(spec, "formOnly");
    const char *revision = node_find_text(spec, "toRevision");
    const char *demand = node_find_text(spec, "revision");
    const char *what;

    rollback->has_demand = node_find(spec, "revision") != NULL;
    rollback->prune = prune != NULL && prune->type == NODE_BOOL && prune->boolean;
    rollback->form_only = form != NULL && form->type == NODE_BOOL && form->boolean;
    if (!meant_read(&rollback->arena, spec, &rollback->meant, ret_failure)) {
        return false;
    }
    rollback->kind = rollback->meant.kind;
    rollback->name = rollback->meant.name;
    if (revision == NULL || !u64_from_str(revision, &rollback->revision)) {
        what = "spec.toRevision: a revision is needed, as a string, as history shows them";
    } else if (rollback->revision > ctl->revision) {
        what = arena_printf(&ctl->arena,
                            "spec.toRevision: %" PRIu64 " lies ahead; the fleet is at %" PRIu64,
                            rollback->revision, ctl->revision);
    } else if (!is_type(spec, "prune", NODE_BOOL) || !is_type(spec, "formOnly", NODE_BOOL)) {
        what = "spec: prune and formOnly are true or false";
    } else if (rollback->has_demand &&
               (demand == NULL || !u64_from_str(demand, &rollback->demand))) {
        what = "spec.revision: the revision that the plan was made at, as a string";
    } else if (rollback->form_only && (rollback->kind != &harvest_session_kind ||
                                       rollback->name == NULL || rollback->prune)) {
        what = "spec.formOnly: is for one HarvestSession, by name, and not with prune";
    } else {
        return true;
    }
    *ret_failure = failure_make(&ctl->arena, 400, "BadRequest", "%s", what);
    return false;
}

void rollback_open(struct ctl *ctl, uint64_t id, const struct http_request *http,
                   const struct node *body, const struct write_request *defaults, bool is_dry_run)
{
    struct rollback *rollback = MEM_NEW(struct rollback);
    struct read_query query = {.type = READ_STATE_AT};
    struct failure failure = {0};

    keep_request(rollback, http, defaults);
    rollback->is_dry_run = is_dry_run;
    if (!read_spec(ctl, node_find(body, "spec"), rollback, &failure)) {
        answer_failure(ctl, id, &failure);
        rollback_free(rollback);
        return;
    }
    query.kind = rollback->kind;
    query.name = mem_strdup(rollback->name);
    query.upto = rollback->revision;
    query.form_only = rollback->form_only;
    reads_expect(ctl, ctl_read(ctl, &query), READ_FOR_ROLLBACK, id, rollback);
}

/* Only what it runs: how many there are, and where, stays.  That is a change like an operator's,
 * who comes to own what differs. */
void rollback_add_form(struct ctl *ctl, const struct rollback *rollback, const struct object *then,
                       struct changeset *set)
{
    const struct object *now = model_find(&ctl->model, then->kind->id, then->meta.name);
    struct write_request *write = &set->writes[set->count];

    if (now == NULL) {
        return;
    }
    MARK("a session goes back to an earlier form");
    *write = rollback->defaults;
    problems_init(&write->problems, &ctl->arena, NULL);
    write->kind = then->kind;
    write->verb = WRITE_REPLACE;
    write->body = emit_object(&ctl->arena, now, EMIT_TYPE | EMIT_META | EMIT_SPEC);
    (void)node_remove(node_find(write->body, "metadata"), "uid");
    session_form_put(&ctl->arena, write->body, then);
    set->count++;
}

/* The next write of a rollback; NULL: it has as many as a change set may, and is refused. */
static struct write_request *add_write(struct ctl *ctl, const struct rollback *rollback,
                                       const struct kind *kind, enum write_verb verb,
                                       struct changeset *set)
{
    struct write_request *write;

    if (set->count == CHANGES_MAX) {
        set->failure =
            failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                         "that would change more than %d objects, which is the most "
                         "in one step: spec.kind, spec.objects and spec.labelSelector narrow it",
                         CHANGES_MAX);
        return NULL;
    }
    write = &set->writes[set->count++];
    *write = rollback->defaults;
    problems_init(&write->problems, &ctl->arena, NULL);
    write->kind = kind;
    write->verb = verb;
    return write;
}

/* What was said of the agent then, with what it says of itself now. */
static struct node *labels_of(struct arena *arena, const struct node *then, const struct node *now)
{
    struct node *labels = node_map(arena);

    for (size_t i = 0; then != NULL && i < then->map.count; i++) {
        if (!str_starts(then->map.members[i].key, REPORTED_PREFIX)) {
            node_set(arena, labels, then->map.members[i].key, then->map.members[i].value);
        }
    }
    for (size_t i = 0; now != NULL && i < now->map.count; i++) {
        if (str_starts(now->map.members[i].key, REPORTED_PREFIX)) {
            node_set(arena, labels, now->map.members[i].key, now->map.members[i].value);
        }
    }
    return labels;
}

/* Of an agent that nobody asked for only labels and annotations go back: who is cordoned or drained
 * is no matter of what the fleet is to run, and somebody stands at that machine now. */
static bool add_agent_marks(struct ctl *ctl, const struct rollback *rollback,
                            const struct object *then, const struct object *now,
                            struct changeset *set)
{
    struct arena *arena = &ctl->arena;
    struct node *body = emit_object(arena, now, EMIT_TYPE | EMIT_META | EMIT_SPEC);
    struct node *meta = node_find(body, "metadata");
    const struct node *meta_then = node_find(emit_object(arena, then, EMIT_META), "metadata");
    const struct node *notes = node_find(meta_then, "annotations");
    const struct node *notes_now = node_find(meta, "annotations");
    const struct node *labels_now = node_find(meta, "labels");
    struct node *labels = labels_of(arena, node_find(meta_then, "labels"), labels_now);
    struct write_request *write;

    if (node_eq(notes, notes_now) &&
        (node_eq(labels, labels_now) || (labels->map.count == 0 && labels_now == NULL))) {
        return true;
    }
    write = add_write(ctl, rollback, then->kind, WRITE_REPLACE, set);
    if (write == NULL) {
        return false;
    }
    node_set(arena, meta, "labels", labels);
    (void)node_remove(meta, "annotations");
    if (notes != NULL) {
        node_set(arena, meta, "annotations", node_copy(arena, notes));
    }
    (void)node_remove(meta, "uid");
    write->body = body;
    return true;
}

static void keep_key(struct arena *arena, struct node *body, const struct object *now)
{
    struct node *spec = node_find(body, "spec");
    const struct node *key = node_find_path(emit_object(arena, now, EMIT_SPEC), "spec.publicKey");

    if (spec != NULL && key != NULL) {
        node_set(arena, spec, "publicKey", node_copy(arena, key));
    }
}

/* The replace that leads back: what is there now with spec, labels, annotations and owners of then.
 * What is the same is left out, unless it was named. */
static bool add_restore(struct ctl *ctl, const struct rollback *rollback, const struct object *then,
                        struct changeset *set)
{
    struct arena *arena = &ctl->arena;
    const struct object *now = model_find(&ctl->model, then->kind->id, then->meta.name);
    struct node *body = emit_object(arena, then, EMIT_LEDGER);
    struct node *meta = node_find(body, "metadata");
    struct write_request *write;
    bool is_named;

    if (now == NULL && then->kind == &agent_kind) {
        MARK("a rollback leaves out an agent that is gone");
        return true; /* an agent comes back by saying hello */
    }
    is_named = meant_by_name(&rollback->meant, then->kind, then->meta.name);
    if (now != NULL && !is_named && node_eq(body, emit_object(arena, now, EMIT_LEDGER))) {
        return true;
    }
    if (then->kind == &agent_kind && !is_named && !rollback->meant.is_selective) {
        return add_agent_marks(ctl, rollback, then, now, set);
    }
    write = add_write(ctl, rollback, then->kind, now == NULL ? WRITE_CREATE : WRITE_REPLACE, set);
    if (write == NULL) {
        return false;
    }
    write->body = body;
    write->owners_too = true;
    if (node_find(meta, "managedFields") == NULL) { /* nobody owned anything then */
        node_set(arena, meta, "managedFields", node_list(arena));
    }
    (void)node_remove(meta, "uid");
    (void)node_remove(meta, "resourceVersion");
    if (then->kind == &agent_kind) {
        keep_key(arena, body, now);
    }
    return true;
}

static bool add_prunes(struct ctl *ctl, const struct rollback *rollback, const struct map *kept,
                       struct changeset *set)
{
    static const enum kind_id pruned[] = {KIND_HARVEST_SESSION, KIND_HARVEST_POLICY,
                                          KIND_ALERT_RULE}; /* agents are not declared away */

    for (size_t i = 0; i < COUNT_OF(pruned); i++) {
        const struct kind *kind = kind_get(pruned[i]);

        map_each (&ctl->model.objects[kind->id], it) {
            const struct object *object = ((struct entry *)it->value)->object;
            const char *key = arena_printf(&ctl->arena, "%s/%s", kind->name, object->meta.name);
            struct write_request *write;

            if (map_find(kept, key) != NULL || !meant_has(&rollback->meant, NULL, object)) {
                continue;
            }
            MARK("a rollback removes what came later");
            write = add_write(ctl, rollback, kind, WRITE_DELETE, set);
            if (write == NULL) {
                return false;
            }
            write->name = object->meta.name;
        }
    }
    return true;
}

static bool add_then(struct ctl *ctl, const struct rollback *rollback, const struct object *then,
                     struct changeset *set)
{
    if (rollback->form_only) {
        rollback_add_form(ctl, rollback, then, set);
        return true;
    }
    return (MUTANT(ROLLBACK_SKIPS) && set->count == 1) || add_restore(ctl, rollback, then, set);
}

/* False with set->failure: one that was named exists neither now nor then, or only then and does
 * not come back. */
static bool named_are_there(struct ctl *ctl, const struct rollback *rollback,
                            const struct map *kept, struct changeset *set)
{
    map_each (&rollback->meant.names, it) {
        const struct kind *kind = it->value;
        const char *name = it->key + strlen(kind->name) + 1;
        bool was_there = map_find(kept, it->key) != NULL;
        bool is_made = was_there && kind != &agent_kind && !rollback->form_only;

        if (!is_made && model_find(&ctl->model, kind->id, name) == NULL) {
            set->failure = failure_make(&ctl->arena, 404, "NotFound",
                                        was_there ? "%s \"%s\" is gone since revision %" PRIu64
                                                    ", and this does not make it anew"
                                                  : "%s \"%s\" was not there at revision %" PRIu64,
                                        kind->singular, name, rollback->revision);
            return false;
        }
    }
    return true;
}

/* False with set->failure: it is too much for one step, or not there. */
static bool compose(struct ctl *ctl, struct rollback *rollback, const struct read_result *result,
                    struct changeset *set)
{
    struct map kept;
    bool fits = true;
    size_t room = result->changes.count + ctl->model.objects[KIND_HARVEST_SESSION].count +
                  ctl->model.objects[KIND_HARVEST_POLICY].count +
                  ctl->model.objects[KIND_ALERT_RULE].count + 1;

    *set = (struct changeset){.is_dry_run = rollback->is_dry_run,
                              .has_demand = rollback->has_demand,
                              .revision = rollback->demand};
    set->writes =
        arena_array(&ctl->arena, room < CHANGES_MAX ? room : CHANGES_MAX, sizeof(set->writes[0]));
    map_init(&kept);
    for (size_t i = 0; fits && i < result->changes.count; i++) {
        const struct stored_change *change = &result->changes.items[i];
        struct object *then;

        if (!meant_may(&rollback->meant, change->kind, change->name)) {
            continue;
        }
        then = stored_object(change, NULL);
        if (then != NULL && meant_has(&rollback->meant, then,
                                      model_find(&ctl->model, change->kind->id, change->name))) {
            (void)map_put(&kept,
                          arena_printf(&ctl->arena, "%s/%s", change->kind->name, change->name),
                          rollback);
            fits = add_then(ctl, rollback, then, set);
        }
        object_unref(then);
    }
    fits = fits && (!rollback->prune || add_prunes(ctl, rollback, &kept, set)) &&
           named_are_there(ctl, rollback, &kept, set);
    map_fini(&kept);
    return fits;
}

void rollback_read_done(struct ctl *ctl, uint64_t id, struct rollback *rollback,
                        const struct read_result *result)
{
    struct changeset set;
    struct node *plan;

    if (history_failed(ctl, id, result)) {
        return;
    }
    if (changeset_replay(ctl, id, &rollback->http) == REPLAY_DONE) {
        MARK("a rollback that came twice is carried out once");
        return; /* the same request came twice, and the other one was read first */
    }
    if (!compose(ctl, rollback, result, &set)) {
        answer_failure(ctl, id, &set.failure);
        changeset_free(&set);
        return;
    }
    if (!changeset_decide(ctl, &set, &plan)) {
        answer_failure(ctl, id, &set.failure);
    } else {
        struct blob *body = blob_of_node(changeset_answer(ctl, &set, plan));

        if (!set.is_dry_run) {
            changeset_remember(ctl, &rollback->http, 200, body);
        }
        ctl_answer(ctl, id, 200, body);
    }
    changeset_free(&set);
}
