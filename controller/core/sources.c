/* The doors of the sources that are not the API.
 *
 *   CTL_DIRECTORY → a candidate, or why there is none
 *   settle        the candidate comes into force as one change set, or the one before it stays;
 *                 what else changed meanwhile is looked at again, object by object
 *
 * What cannot be carried out now is tried again: a reference may come to lead somewhere, a policy
 * cease to be used, a disk get room. */
#include "controller/core/sources.h"

#include "controller/core/changeset.h"
#include "controller/core/conflicts.h"
#include "controller/core/link.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/limits.h"
#include "schema/owned.h"

#include <stdlib.h>

enum { LOOKS_MAX = 4 }; /* passes over what changed, in one step: a lower source follows a higher */

struct sources {
    struct directory_set *set;       /* owned: in force; NULL: not read since the start */
    struct directory_set *candidate; /* owned: to come into force */
    bool is_due;                     /* the candidate, or else all of the set, is to be tried */
    bool is_writing;                 /* what is committed is the sources' own */
    struct mono retry_at;            /* is_due: not before this */
    struct {
        VEC_OF(char *); /* owned: "HarvestSession/render" */
    } changed;
};

struct sources *sources_new(void)
{
    struct sources *sources = MEM_NEW(struct sources);

    sources->retry_at = MONO_ZERO;
    return sources;
}

static void forget_changed(struct sources *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sources->changed.items[i]);
    }
    for (size_t i = count; i < sources->changed.count; i++) {
        sources->changed.items[i - count] = sources->changed.items[i];
    }
    sources->changed.count -= count;
}

void sources_free(struct sources *sources)
{
    directory_set_free(sources->set);
    directory_set_free(sources->candidate);
    forget_changed(sources, sources->changed.count);
    vec_fini(&sources->changed);
    free(sources);
}

/* --- questions --------------------------------------------------------------------------------
 */

static const char *key_of(struct ctl *ctl, const struct kind *kind, const char *name)
{
    return arena_printf(&ctl->arena, "%s/%s", kind->name, name);
}

const struct directory_object *sources_directory(const struct ctl *ctl, const struct kind *kind,
                                                 const char *name)
{
    const struct sources *sources = ctl->sources;

    return sources->set == NULL
               ? NULL
               : map_find(&sources->set->by_key, key_of((struct ctl *)ctl, kind, name));
}

const struct directory_set *sources_set(const struct ctl *ctl)
{
    return ctl->sources->set;
}

bool sources_may_name(const struct ctl *ctl, const struct kind *kind, const char *name)
{
    if (ctl->sources->set == NULL) {
        return model_find(&ctl->model, KIND_SOURCE, DIRECTORY_SOURCE) != NULL;
    }
    return sources_directory(ctl, kind, name) != NULL;
}

static bool is_directorys(const struct object *object)
{
    for (size_t i = 0; i < object->meta.managed_fields.count; i++) {
        if (str_eq(object->meta.managed_fields.items[i].source, source_to_str(SOURCE_DIRECTORY))) {
            return true;
        }
    }
    return false;
}

bool sources_directory_cares(const struct ctl *ctl, const struct object *object)
{
    return !object->kind->is_derived &&
           (is_directorys(object) || sources_may_name(ctl, object->kind, object->meta.name));
}

/* --- laying over ------------------------------------------------------------------------------
 */

/* What one source says, over what is there; what is there when the result would not be fine. */
static struct node *lay_over(struct ctl *ctl, const struct kind *kind, struct node *live,
                             const struct node *config, const struct manager *manager)
{
    struct apply_result result;
    struct problems problems;
    struct object *bound;
    struct node *next;

    problems_init(&problems, &ctl->arena, NULL);
    apply_config(&ctl->arena, kind, live, config, manager, false, &result);
    if (result.root == NULL) {
        return live;
    }
    bound = bind_object(kind, result.root, BIND_QUIET, &problems);
    if (bound == NULL) {
        return live;
    }
    next = emit_object(&ctl->arena, bound, EMIT_ALL);
    object_unref(bound);
    return next;
}

static struct manager directory_manager(const struct ctl *ctl)
{
    return (struct manager){
        .name = DIRECTORY_MANAGER, .source = SOURCE_DIRECTORY, .subresource = "", .now = ctl->wall};
}

struct node *sources_overlay(struct ctl *ctl, const struct kind *kind, const char *name,
                             struct node *live, enum source below)
{
    const struct directory_object *object = sources_directory(ctl, kind, name);
    const struct agent_entry *agent = kind == &agent_kind ? model_agent(&ctl->model, name) : NULL;
    struct manager manager = directory_manager(ctl);

    if (below > SOURCE_DIRECTORY && object != NULL && !conflicts_is_buried(ctl, kind, name)) {
        live = lay_over(ctl, kind, live, object->config, &manager);
    }
    if (agent != NULL && agent->link != NULL && live != NULL) {
        manager = link_manager(ctl);
        live = lay_over(ctl, kind, live, agent->link->declared, &manager);
    }
    return live;
}

struct fieldset sources_claims(struct ctl *ctl, const struct kind *kind, const char *name,
                               const struct node *live)
{
    const struct owned_scope scope = {.kind = kind};
    const struct directory_object *object = sources_directory(ctl, kind, name);
    const struct agent_entry *agent = kind == &agent_kind ? model_agent(&ctl->model, name) : NULL;
    struct arena *arena = &ctl->arena;
    struct fieldset claims, said;

    if (ctl->sources->set == NULL && sources_may_name(ctl, kind, name)) {
        return owned_paths(arena, scope, live);
    }
    claims = apply_owned(arena, live, SOURCE_DIRECTORY);
    said = apply_owned(arena, live, SOURCE_DISCOVERY);
    claims = fieldset_union(arena, &claims, &said);
    if (object != NULL) {
        said = owned_paths(arena, scope, object->config);
        claims = fieldset_union(arena, &claims, &said);
    }
    if (agent != NULL && agent->link != NULL) {
        said = owned_paths(arena, scope, agent->link->declared);
        claims = fieldset_union(arena, &claims, &said);
    }
    return claims;
}

/* --- the whole set ----------------------------------------------------------------------------
 */

static void prepare(struct ctl *ctl, struct write_request *write, enum write_verb verb,
                    const struct kind *kind, const char *name, const char *file)
{
    write_init(&ctl->arena, write);
    write->problems.file = file;
    write->verb = verb;
    write->kind = kind;
    write->name = name;
    write->manager = directory_manager(ctl);
    write->bind_flags = BIND_STRICT;
    write->who = DIRECTORY_MANAGER;
    write->why = file == NULL ? "" : file;
}

/* Left alone: what an operator deleted, and what is about to go. */
static bool is_left_alone(const struct ctl *ctl, const struct kind *kind, const char *name)
{
    const struct object *live = model_find(&ctl->model, kind->id, name);

    return (conflicts_is_buried(ctl, kind, name)) || (live != NULL && object_is_deleting(live));
}

static void add_applies(struct ctl *ctl, const struct directory_set *set, struct changeset *ret)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct directory_object *object = set->objects[i];
        struct write_request *write = &ret->writes[ret->count];

        if (!is_left_alone(ctl, object->kind, object->name)) {
            prepare(ctl, write, WRITE_APPLY, object->kind, object->name, object->file);
            write->body = object->root;
            ret->count++;
        }
    }
}

static void add_withdrawals(struct ctl *ctl, const struct directory_set *set, struct changeset *ret)
{
    for (size_t id = 0; id < KIND_COUNT; id++) {
        const struct kind *kind = kind_get((enum kind_id)id);

        if (kind->is_derived) {
            continue;
        }
        map_each (&ctl->model.objects[id], it) {
            const struct object *object = ((struct entry *)it->value)->object;

            if (is_directorys(object) &&
                map_find(&set->by_key, key_of(ctl, kind, object->meta.name)) == NULL) {
                prepare(ctl, &ret->writes[ret->count++], WRITE_WITHDRAW, kind,
                        arena_strdup(&ctl->arena, object->meta.name), NULL);
            }
        }
    }
}

static void compose(struct ctl *ctl, const struct directory_set *set, struct changeset *ret)
{
    size_t room = set->count + 1;

    for (size_t id = 0; id < KIND_COUNT; id++) {
        room += kind_get((enum kind_id)id)->is_derived ? 0 : ctl->model.objects[id].count;
    }
    *ret = (struct changeset){0};
    ret->writes = arena_array(&ctl->arena, room, sizeof(ret->writes[0]));
    add_applies(ctl, set, ret);
    add_withdrawals(ctl, set, ret);
}

static void put_conflicts(struct ctl *ctl, const struct changeset *writes)
{
    for (size_t i = 0; i < writes->count; i++) {
        const struct write_request *write = &writes->writes[i];

        conflicts_put(ctl, write->kind, write->name, SOURCE_DIRECTORY, write->applied.conflicts,
                      write->applied.conflict_count);
    }
}

/* Of an object that the set names no more it may have owned nothing, so that nothing was withdrawn;
 * it is refused nothing any more all the same. */
static void end_conflicts(struct ctl *ctl, const struct directory_set *set)
{
    if (ctl->model.objects[KIND_CONFLICT].count == 0) {
        return;
    }
    for (size_t id = 0; id < KIND_COUNT; id++) {
        const struct kind *kind = kind_get((enum kind_id)id);

        if (kind->is_derived) {
            continue;
        }
        map_each (&ctl->model.objects[id], it) {
            const struct object *object = ((struct entry *)it->value)->object;
            const char *name = arena_strdup(&ctl->arena, object->meta.name);

            if (map_find(&set->by_key, key_of(ctl, kind, name)) == NULL &&
                conflicts_has(ctl, kind, name)) {
                conflicts_put(ctl, kind, name, SOURCE_DIRECTORY, NULL, 0);
            }
        }
    }
}

size_t sources_lines(struct ctl *ctl, const struct problems *problems, const char **to, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < problems->count && count < room; i++) {
        const struct problem *problem = &problems->items[i];

        if (problem->severity == PROBLEM_ERROR) {
            const char *place =
                problem->line == 0
                    ? ""
                    : arena_printf(&ctl->arena, "%u:%u:", problem->line, problem->column);

            to[count++] = arena_printf(
                &ctl->arena, "%s:%s error: %s%s%s", problem->file == NULL ? "-" : problem->file,
                place, problem->path, str_is_empty(problem->path) ? "" : ": ", problem->message);
        }
    }
    return count;
}

/* Lines as a person reads them, of everything that is wrong with a change set. */
static void add_lines(struct ctl *ctl, const struct changeset *writes, struct source_report *report)
{
    const char **lines = arena_array(&ctl->arena, PROBLEMS_MAX, sizeof(lines[0]));
    size_t count = 0;

    for (size_t i = 0; i < writes->count && count < PROBLEMS_MAX; i++) {
        const struct write_request *write = &writes->writes[i];

        if (write->failure.code == 0) {
            continue;
        }
        if (write->problems.errors == 0) {
            lines[count++] =
                write->problems.file == NULL
                    ? arena_printf(&ctl->arena, "error: %s", write->failure.message)
                    : arena_printf(&ctl->arena, "%s:%u:%u: error: %s", write->problems.file,
                                   write->body->line, write->body->column, write->failure.message);
        } else {
            count += sources_lines(ctl, &write->problems, lines + count, PROBLEMS_MAX - count);
        }
    }
    report->problems = lines;
    report->problem_count = count;
}

static void tell_refusal(struct ctl *ctl, const char *reason, struct source_report *report)
{
    const char *first = report->problem_count == 0 ? "" : report->problems[0];

    report->reason = reason;
    report->message = report->problem_count <= 1 ? first
                                                 : arena_printf(&ctl->arena, "%s (and %zu more)",
                                                                first, report->problem_count - 1);
    ctl_begin(ctl, false);
    sources_tell(ctl, report);
    ctl_commit(ctl);
}

static void tell_success(struct ctl *ctl, const struct directory_set *set)
{
    const struct source_report report = {
        .is_applied = true,
        .reason = "InForce",
        .message = arena_printf(&ctl->arena, "%zu object%s of %zu file%s", set->count,
                                set->count == 1 ? "" : "s", set->files, set->files == 1 ? "" : "s"),
        .set = set,
    };

    sources_tell(ctl, &report);
}

/* Is there nothing of the directory to lose?  A folder that is empty all of a sudden is more often
 * one that was not mounted than one that was meant. */
static bool may_be_empty(const struct ctl *ctl, const struct directory_set *set)
{
    if (set->files > 0 || MUTANT(EMPTY_IS_MEANT)) {
        return true;
    }
    for (size_t id = 0; id < KIND_COUNT; id++) {
        map_each (&ctl->model.objects[id], it) {
            const struct object *object = ((struct entry *)it->value)->object;

            if (!object->kind->is_derived && is_directorys(object)) {
                return false;
            }
        }
    }
    return true;
}

static bool carry_out(struct ctl *ctl, struct directory_set *set)
{
    struct source_report report = {0};
    struct changeset writes;
    bool fine;

    compose(ctl, set, &writes);
    ctl_begin(ctl, false);
    fine = changeset_carry_out(ctl, &writes) || MUTANT(DIRECTORY_IN_PARTS);
    if (fine) {
        put_conflicts(ctl, &writes);
        end_conflicts(ctl, set);
        tell_success(ctl, set);
        ctl_commit(ctl);
    } else {
        ctl_abort(ctl);
        add_lines(ctl, &writes, &report);
        tell_refusal(ctl, "Refused", &report);
    }
    changeset_free(&writes);
    return fine;
}

static void try_whole(struct ctl *ctl)
{
    struct sources *sources = ctl->sources;
    struct directory_set *set = sources->candidate != NULL ? sources->candidate : sources->set;
    size_t known;

    sources->retry_at = mono_after(ctl->now, DIRECTORY_RETRY_MS);
    sources->is_due = set != NULL;
    if (set == NULL || ctl->store_is_full) {
        return;
    }
    if (!may_be_empty(ctl, set)) {
        static const char *const line[] = {
            "there is no manifest in it; to withdraw all that it declared, leave one that is empty"};
        struct source_report report = {.problems = line, .problem_count = 1};

        MARK("an empty directory is not taken for a statement");
        tell_refusal(ctl, "Empty", &report);
        return;
    }
    known = sources->changed.count;
    sources->is_writing = true;
    if (carry_out(ctl, set)) {
        MARK("the directory is in force");
        sources->is_due = false;
        if (set == sources->candidate) {
            directory_set_free(sources->set);
            sources->set = TAKE(sources->candidate);
        }
        forget_changed(sources, known);
    }
    sources->is_writing = false;
}

/* --- one object -------------------------------------------------------------------------------
 */

/* False when what the directory says of it cannot be carried out now. */
static bool apply_one(struct ctl *ctl, const struct directory_object *object)
{
    struct write_request write;
    struct changeset writes = {.writes = &write, .count = 1};
    bool fine;

    if (is_left_alone(ctl, object->kind, object->name)) {
        conflicts_put(ctl, object->kind, object->name, SOURCE_DIRECTORY, NULL, 0);
        return true;
    }
    prepare(ctl, &write, WRITE_APPLY, object->kind, object->name, object->file);
    write.body = object->root;
    fine = changeset_carry_out(ctl, &writes);
    if (fine) {
        put_conflicts(ctl, &writes);
    }
    changeset_free(&writes);
    return fine;
}

static void look_at(struct ctl *ctl, const char *key)
{
    const char *slash = strchr(key, '/');
    const char *kind_name = arena_strndup(&ctl->arena, key, (size_t)(slash - key));
    const struct kind *kind = kind_find("fog/v1", kind_name);
    const struct directory_object *object = sources_directory(ctl, kind, slash + 1);
    const struct agent_entry *agent;
    char why[ERR_TEXT_SIZE];

    ctl_begin(ctl, false);
    if (object == NULL) {
        conflicts_put(ctl, kind, slash + 1, SOURCE_DIRECTORY, NULL, 0);
    } else if (!apply_one(ctl, object)) {
        ctl_abort(ctl);
        ctl->sources->is_due = true;
        ctl->sources->retry_at = ctl->now; /* as a whole, which then says why not */
        return;
    }
    agent = kind == &agent_kind ? model_agent(&ctl->model, slash + 1) : NULL;
    if (agent == NULL) {
        conflicts_put(ctl, kind, slash + 1, SOURCE_DISCOVERY, NULL, 0);
    } else if (agent->link != NULL && agent->link->declared != NULL) {
        (void)link_declare(ctl, agent->link->declared, why);
    }
    ctl_commit(ctl);
}

static void look_at_changed(struct ctl *ctl)
{
    struct sources *sources = ctl->sources;

    for (int pass = 0; pass < LOOKS_MAX && sources->changed.count > 0; pass++) {
        size_t count = sources->changed.count;

        for (size_t i = 0; i < count; i++) {
            look_at(ctl, sources->changed.items[i]);
        }
        forget_changed(sources, count);
    }
}

/* --- doors ------------------------------------------------------------------------------------
 */

static void refuse(struct ctl *ctl, const char *reason, const struct problems *problems)
{
    const char **lines = arena_array(&ctl->arena, PROBLEMS_MAX, sizeof(lines[0]));
    struct source_report report = {.problems = lines};

    report.problem_count = sources_lines(ctl, problems, lines, PROBLEMS_MAX);
    tell_refusal(ctl, reason, &report);
}

void on_directory(struct ctl *ctl, const struct directory *directory)
{
    struct sources *sources = ctl->sources;
    struct problems problems = directory->problems;

    directory_set_free(TAKE(sources->candidate));
    sources->is_due = false;
    problems.arena = &ctl->arena;
    switch (directory->state) {
    case DIRECTORY_NONE:
        directory_set_free(TAKE(sources->set));
        if (model_find(&ctl->model, KIND_SOURCE, DIRECTORY_SOURCE) != NULL) {
            problems_init(&problems, &ctl->arena, DIRECTORY_SOURCE);
            problem_add(&problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                        "no config directory is configured; what it declared stays");
            refuse(ctl, "NotConfigured", &problems);
        }
        return;
    case DIRECTORY_MISSING:
        refuse(ctl, "Missing", &problems);
        return;
    case DIRECTORY_READ:
        break;
    }
    sources->candidate = directory_set_new(directory, &problems);
    if (sources->candidate == NULL) {
        MARK("the directory has mistakes");
        refuse(ctl, "Invalid", &problems);
        return;
    }
    sources->is_due = true;
    sources->retry_at = ctl->now;
}

/* Before the first look at the directory nothing is known of it, and nothing is withdrawn. */
void sources_settle(struct ctl *ctl)
{
    struct sources *sources = ctl->sources;

    if (sources->is_due && mono_is_due(sources->retry_at, ctl->now)) {
        try_whole(ctl);
    }
    if (sources->changed.count > 0 && !ctl->store_is_full) {
        look_at_changed(ctl);
    }
}

struct mono sources_deadline(const struct ctl *ctl)
{
    return ctl->sources->is_due ? ctl->sources->retry_at : MONO_NEVER;
}

void sources_mark(struct ctl *ctl, const struct change *change)
{
    struct sources *sources = ctl->sources;

    if (change->row.log != ROW_LEDGER || change->kind->is_derived ||
        (sources->is_writing && change->kind != &agent_kind)) {
        return; /* below the directory there are agents alone */
    }
    if (str_eq(change->row.manager, AGENT_MANAGER) &&
        sources_directory(ctl, change->kind, change->name) == NULL) {
        return; /* nobody is below it */
    }
    if (sources_directory(ctl, change->kind, change->name) != NULL ||
        conflicts_has(ctl, change->kind, change->name) ||
        (change->kind == &agent_kind && change->after != NULL && change->before != NULL)) {
        vec_add(&sources->changed, mem_strdup(key_of(ctl, change->kind, change->name)));
    }
}

bool ctl_directory_is_applied(const struct ctl *ctl, const char **ret_why)
{
    const struct object *object = model_find(&ctl->model, KIND_SOURCE, DIRECTORY_SOURCE);
    const struct condition *condition =
        object == NULL ? NULL : condition_find(&source_of(object)->status.conditions, "Applied");

    *ret_why = condition == NULL ? "not looked at yet" : condition->message;
    return condition != NULL && condition->status == CONDITION_TRUE;
}
