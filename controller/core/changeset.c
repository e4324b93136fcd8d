#include "controller/core/changeset.h"

#include "controller/core/applyset.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct answer {
    struct digest request;
    int code;
    struct blob *body; /* owned reference */
};

/* --- reading ---------------------------------------------------------------------------------- */

static bool reject(struct changeset *set, struct failure failure)
{
    set->failure = failure;
    return false;
}

static bool verb_from_str(const char *text, enum write_verb *ret_verb)
{
    static const struct {
        const char *word;
        enum write_verb verb;
    } verbs[] = {{"apply", WRITE_APPLY},     {"create", WRITE_CREATE},
                 {"replace", WRITE_REPLACE}, {"patch", WRITE_MERGE_PATCH},
                 {"delete", WRITE_DELETE},   {"release", WRITE_RELEASE}};

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (str_eq(text, verbs[i].word)) {
            *ret_verb = verbs[i].verb;
            return true;
        }
    }
    return false;
}

static bool is_text_or_absent(const struct node *change, const char *key)
{
    const struct node *node = node_find(change, key);

    return node == NULL || node->type == NODE_NULL || node->type == NODE_STR;
}

/* A delete names what goes by kind and name, or by the object as it was applied; a release by kind
 * and name, with the fields, if not all. */
static bool read_named(struct ctl *ctl, const struct node *change, size_t index,
                       struct write_request *write, struct changeset *set)
{
    const char *api_version = node_find_text(change, "apiVersion");
    const char *kind = node_find_text(change, "kind");

    write->name = node_find_text(change, "name");
    write->kind = kind_find(api_version == NULL ? "fog/v1" : api_version, kind == NULL ? "" : kind);
    if (write->kind == NULL || write->name == NULL) {
        return reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "changes[%zu]: a %s needs kind and name", index,
                                        write->verb == WRITE_DELETE ? "delete" : "release"));
    }
    return true;
}

static bool read_release(struct ctl *ctl, const struct node *change, size_t index,
                         struct write_request *write, struct changeset *set)
{
    write->body = node_find(change, "fields");
    if (write->body != NULL && write->body->type != NODE_LIST) {
        return reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "changes[%zu].fields: a list of fields is expected, such "
                                        "as .spec.replicas",
                                        index));
    }
    return read_named(ctl, change, index, write, set);
}

static bool read_change(struct ctl *ctl, const struct node *change, size_t index,
                        const struct write_request *defaults, bool force, struct changeset *set)
{
    struct write_request *write = &set->writes[index];
    struct node *object = node_find(change, "object");
    struct problems problems;

    problems_init(&problems, &ctl->arena, NULL);
    *write = *defaults;
    problems_init(&write->problems, &ctl->arena, NULL);
    write->force = force;
    write->uid = node_find_text(change, "uid");
    write->name = NULL;
    write->body = object;
    if (!verb_from_str(node_find_text(change, "verb"), &write->verb)) {
        return reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "changes[%zu].verb: \"%s\" is none of apply, create, "
                                        "replace, patch, delete, release",
                                        index,
                                        node_find_text(change, "verb") == NULL
                                            ? ""
                                            : node_find_text(change, "verb")));
    }
    if (!is_text_or_absent(change, "uid")) {
        return reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "changes[%zu].uid: a string is expected", index));
    }
    if (write->verb == WRITE_RELEASE) {
        return read_release(ctl, change, index, write, set);
    }
    if (write->verb == WRITE_DELETE && object == NULL) {
        return read_named(ctl, change, index, write, set);
    }
    write->kind = bind_kind(object, &problems);
    if (write->kind == NULL) {
        return reject(set,
                      failure_make(&ctl->arena, 400, "BadRequest", "changes[%zu].object.%s: %s",
                                   index, problems.items[0].path, problems.items[0].message));
    }
    if (write->verb == WRITE_DELETE) {
        write->name = node_find_text(node_find(object, "metadata"), "name");
        write->body = NULL;
        if (write->name == NULL) {
            return reject(set,
                          failure_make(&ctl->arena, 400, "BadRequest",
                                       "changes[%zu].object.metadata.name: Required value", index));
        }
    }
    return true;
}

bool changeset_read(struct ctl *ctl, const struct node *body, const struct write_request *defaults,
                    struct changeset *ret_set)
{
    const struct node *spec = node_find(body, "spec");
    const struct node *changes = node_find(spec, "changes");
    const struct node *force = node_find(spec, "force");
    const struct node *demand = node_find(spec, "revision");
    const char *revision = node_text(demand), *kind = node_find_text(body, "kind");
    bool is_forced = force != NULL && force->type == NODE_BOOL && force->boolean;

    *ret_set = (struct changeset){0};
    if (kind != NULL && !str_eq(kind, "ChangeSet")) {
        return reject(ret_set, failure_make(&ctl->arena, 400, "BadRequest",
                                            "the body is a %s, a ChangeSet is expected", kind));
    }
    if (changes == NULL || changes->type != NODE_LIST) {
        return reject(ret_set, failure_make(&ctl->arena, 400, "BadRequest",
                                            "a ChangeSet needs the list spec.changes"));
    }
    if (changes->list.count > CHANGES_MAX) {
        return reject(ret_set, failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                                            "%zu changes, at most %d fit in one set",
                                            changes->list.count, CHANGES_MAX));
    }
    if (force != NULL && force->type != NODE_BOOL && force->type != NODE_NULL) {
        return reject(ret_set, failure_make(&ctl->arena, 400, "BadRequest",
                                            "spec.force: true or false is expected"));
    }
    ret_set->has_demand = demand != NULL && demand->type != NODE_NULL;
    if (ret_set->has_demand && (revision == NULL || !u64_from_str(revision, &ret_set->revision))) {
        return reject(ret_set, failure_make(&ctl->arena, 400, "BadRequest",
                                            "spec.revision: a revision is expected, as a string"));
    }
    ret_set->writes = arena_array(&ctl->arena, changes->list.count + applyset_room(ctl, spec) + 1,
                                  sizeof(ret_set->writes[0]));
    for (size_t i = 0; i < changes->list.count; i++) {
        if (!read_change(ctl, changes->list.items[i], i, defaults, is_forced, ret_set)) {
            return false;
        }
        ret_set->count++;
    }
    return applyset_read(ctl, spec, defaults, is_forced, ret_set);
}

void changeset_free(struct changeset *set)
{
    for (size_t i = 0; i < set->count; i++) {
        write_fini(&set->writes[i]);
    }
}

/* --- deciding --------------------------------------------------------------------------------- */

static void add_causes(struct ctl *ctl, struct failure *failure, const struct failure *of,
                       size_t index)
{
    struct arena *arena = &ctl->arena;

    if (of->causes == NULL || of->causes->list.count == 0) {
        struct node *cause = node_map(arena);

        node_set(arena, cause, "reason", node_str(arena, of->reason));
        node_set(arena, cause, "message", node_str(arena, of->message));
        node_set(arena, cause, "field", node_str(arena, ""));
        node_set(arena, cause, "change", node_int(arena, (int64_t)index));
        node_add(arena, failure->causes, cause);
        return;
    }
    for (size_t i = 0; i < of->causes->list.count; i++) {
        struct node *cause = of->causes->list.items[i];

        node_set(arena, cause, "change", node_int(arena, (int64_t)index));
        node_add(arena, failure->causes, cause);
    }
}

/* One failure for the set: a single change speaks for itself. */
static void collect_failures(struct ctl *ctl, struct changeset *set)
{
    size_t failed = 0;
    const struct write_request *first = NULL;

    for (size_t i = 0; i < set->count; i++) {
        if (set->writes[i].failure.code != 0) {
            first = first == NULL ? &set->writes[i] : first;
            failed++;
        }
    }
    assert(first != NULL);
    set->failure = first->failure;
    if (set->is_single) {
        return;
    }
    if (failed > 1) {
        set->failure.message = arena_printf(
            &ctl->arena, "%zu of %zu changes cannot be made, so none was; the first: %s", failed,
            set->count, first->failure.message);
    }
    set->failure.causes = node_list(&ctl->arena);
    for (size_t i = 0; i < set->count; i++) {
        if (set->writes[i].failure.code != 0) {
            add_causes(ctl, &set->failure, &set->writes[i].failure, i);
        }
    }
}

static bool is_demand_met(struct ctl *ctl, struct changeset *set)
{
    if (!set->has_demand || set->revision == ctl->desired_revision || MUTANT(DEMAND_IGNORED)) {
        return true;
    }
    MARK("a plan is too old to be carried out");
    return reject(set, failure_make(&ctl->arena, 409, "Conflict",
                                    "the plan was made at revision %" PRIu64
                                    ", and the fleet is at %" PRIu64 " now; look at the plan again",
                                    set->revision, ctl->desired_revision));
}

bool changeset_carry_out(struct ctl *ctl, struct changeset *set)
{
    bool fine = true;

    for (size_t i = 0; i < set->count; i++) {
        fine = write_decide(ctl, &set->writes[i]) && fine;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->writes[i].failure.code == 0) {
            fine = write_check(ctl, &set->writes[i]) && fine;
        }
    }
    return fine;
}

bool changeset_decide(struct ctl *ctl, struct changeset *set, struct node **ret_plan)
{
    *ret_plan = NULL;
    if (!is_demand_met(ctl, set)) {
        return false;
    }
    ctl_begin(ctl, set->is_dry_run && !MUTANT(DRY_RUN_WRITES));
    if (!changeset_carry_out(ctl, set)) {
        MARK("a change set fails as a whole");
        if (MUTANT(HALF_A_SET) && !set->is_dry_run) {
            ctl_commit(ctl);
        } else {
            ctl_abort(ctl);
        }
        collect_failures(ctl, set);
        return false;
    }
    if (set->is_dry_run && !MUTANT(DRY_RUN_WRITES)) {
        MARK("a dry run is undone");
        *ret_plan = reconcile_plan(ctl);
        ctl_abort(ctl);
    } else {
        ctl_commit(ctl);
    }
    return true;
}

/* --- answering -------------------------------------------------------------------------------- */

static void add_warnings(struct ctl *ctl, struct node *warnings, const struct problems *problems,
                         size_t index)
{
    struct arena *arena = &ctl->arena;

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        if (problem->severity == PROBLEM_WARNING) {
            struct node *warning = node_map(arena);

            node_set(arena, warning, "change", node_int(arena, (int64_t)index));
            node_set(arena, warning, "field", node_str(arena, problem->path));
            node_set(arena, warning, "message", node_str(arena, problem->message));
            node_add(arena, warnings, warning);
        }
    }
}

struct node *changeset_answer(struct ctl *ctl, const struct changeset *set, struct node *plan)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *status = node_map(arena), *results = node_list(arena);
    struct node *warnings = node_list(arena);

    for (size_t i = 0; i < set->count; i++) {
        const struct write_request *write = &set->writes[i];
        struct node *result = node_map(arena);

        node_set(arena, result, "kind", node_str(arena, write->kind->name));
        node_set(arena, result, "name", node_str(arena, write->name));
        node_set(arena, result, "result", node_str(arena, write_outcome_to_str(write->outcome)));
        if (set->is_dry_run && write->before != NULL) {
            node_set(arena, result, "before", answer_object(ctl, arena, write->before));
        }
        if (write->after != NULL) {
            node_set(arena, result, "object", answer_object(ctl, arena, write->after));
        }
        node_add(arena, results, result);
        add_warnings(ctl, warnings, &write->problems, i);
    }
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, status, "revision",
             node_str(arena, arena_printf(arena, "%" PRIu64, ctl->desired_revision)));
    node_set(arena, status, "dryRun", node_bool(arena, set->is_dry_run));
    node_set(arena, status, "warnings", warnings);
    node_set(arena, status, "results", results);
    if (plan != NULL) {
        node_set(arena, status, "plan", plan);
    }
    node_set(arena, root, "status", status);
    return root;
}

/* --- idempotency ------------------------------------------------------------------------------ */

void request_digest(const struct http_request *http, struct digest *ret_digest)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    str_addf(&text, "%s\n%s\n", http->method, http->target);
    str_add_bytes(&text, http->body, http->body_size_bytes);
    digest_of(text.data, text.length, ret_digest);
}

enum replay changeset_replay(struct ctl *ctl, uint64_t id, const struct http_request *http)
{
    const struct answer *answer;
    struct digest digest;

    if (http->idempotency_key == NULL) {
        return REPLAY_NEW;
    }
    answer = map_find(&ctl->answers, http->idempotency_key);
    if (answer == NULL) {
        return REPLAY_NEW;
    }
    request_digest(http, &digest);
    if (!digest_eq(&digest, &answer->request)) {
        MARK("a key is used for another request");
        return REPLAY_MISMATCH;
    }
    MARK("a request is answered from its key");
    ctl_answer(ctl, id, answer->code, blob_ref(answer->body));
    return REPLAY_DONE;
}

static void answer_free(struct answer *answer)
{
    blob_unref(answer->body);
    free(answer);
}

static void keep(struct ctl *ctl, const char *key, struct answer *answer)
{
    ctl->answers_bytes += answer->body->size_bytes;
    (void)map_put(&ctl->answers, key, answer);
}

/* The oldest go, until there is room for one more of this size. */
static void make_room(struct ctl *ctl, size_t size_bytes)
{
    while (ctl->answers.count >= IDEMPOTENCY_KEYS_MAX ||
           (ctl->answers.count > 0 && ctl->answers_bytes + size_bytes > IDEMPOTENCY_BYTES_MAX)) {
        char *key = mem_strdup(map_next(&ctl->answers, NULL)->key);
        struct answer *oldest = map_remove(&ctl->answers, key);

        ctl->answers_bytes -= oldest->body->size_bytes;
        answer_free(oldest);
        vec_add(&ctl->batch->forgotten_answers, key);
    }
}

void changeset_remember(struct ctl *ctl, const struct http_request *http, int code,
                        struct blob *body)
{
    struct answer *answer;
    struct answer_row row = {0};

    if (http->idempotency_key == NULL) {
        return;
    }
    make_room(ctl, body->size_bytes);
    assert(map_find(&ctl->answers, http->idempotency_key) == NULL); /* see changeset_replay() */
    answer = MEM_NEW(struct answer);
    request_digest(http, &answer->request);
    answer->code = code;
    answer->body = blob_ref(body);
    keep(ctl, http->idempotency_key, answer);
    row.key = mem_strdup(http->idempotency_key);
    row.request = answer->request;
    row.code = code;
    row.at = ctl->wall;
    row.body = blob_ref(body);
    vec_add(&ctl->batch->answers, row);
}

void changeset_load_answer(struct ctl *ctl, const struct answer_row *row)
{
    struct answer *answer;

    if (MUTANT(KEYS_FORGOTTEN)) {
        return;
    }
    answer = MEM_NEW(struct answer);
    answer->request = row->request;
    answer->code = row->code;
    answer->body = blob_ref(row->body);
    keep(ctl, row->key, answer);
}

void changeset_fini(struct ctl *ctl)
{
    map_each (&ctl->answers, it) {
        answer_free(it->value);
    }
    map_clear(&ctl->answers);
}
