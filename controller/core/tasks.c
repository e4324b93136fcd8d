/* Which tasks are under way, which have ended, and what is written down of them. */
#include "controller/core/tasks.h"

#include "controller/core/copy.h"
#include "controller/core/core.h"
#include "controller/core/outputs.h"
#include "controller/core/replica.h"
#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SAID_BYTES_MAX = 200 };

struct lister {
    struct tasks *tasks;
    struct arena *arena;
    const struct plan_input *in;
    const struct harvest_session_spec *spec;
    struct replicas *to;
    struct indexes present; /* tasks that have copies */
    size_t remains;         /* copies that nobody wants and that may still run, by replica */
};

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static const struct tasks_status *tasks_status(const struct session_entry *session)
{
    return &harvest_session_of(session->object)->status.tasks;
}

static void add_result(struct tasks *tasks, struct arena *arena, const struct task_result *result)
{
    tasks->results =
        arena_grow(arena, tasks->results, tasks->result_count, sizeof(struct task_result));
    tasks->results[tasks->result_count++] = *result;
    tasks->result_bytes += outputs_bytes(&result->outputs);
}

static void read_results(struct tasks *tasks, struct arena *arena,
                         const struct tasks_status *status)
{
    for (size_t i = 0; i < status->results.count; i++) {
        add_result(tasks, arena, &status->results.items[i]);
    }
}

struct tasks *tasks_read(struct arena *arena, const struct plan_input *input)
{
    const struct harvest_session_spec *spec = session_spec(input->session);
    const struct tasks_status *status = tasks_status(input->session);
    struct tasks *tasks;

    if (!harvest_session_has_tasks(spec)) {
        return NULL;
    }
    tasks = ARENA_NEW(arena, struct tasks);
    indexes_init(&tasks->completed, arena, TASKS_MAX);
    indexes_init(&tasks->failed, arena, TASKS_MAX);
    /* Validation lets nothing else into a status. */
    (void)indexes_from_str(or_empty(status->completed_indexes), &tasks->completed);
    (void)indexes_from_str(or_empty(status->failed_indexes), &tasks->failed);
    tasks->failures = arena_array(arena, TASK_FAILURES_MAX, sizeof(struct task_failure));
    tasks->failure_count = status->failures.count;
    assert(tasks->failure_count <= TASK_FAILURES_MAX);
    for (size_t i = 0; i < tasks->failure_count; i++) {
        tasks->failures[i] = status->failures.items[i];
    }
    read_results(tasks, arena, status);
    ends_read(&tasks->how_ended, arena, status);
    tasks->completed_count = indexes_below(&tasks->completed, (size_t)spec->tasks.count);
    tasks->failed_count = indexes_below(&tasks->failed, (size_t)spec->tasks.count);
    tasks->index_bytes =
        TASK_INDEX_BYTES * ((size_t)spec->tasks.count + tasks->completed.count -
                            tasks->completed_count + tasks->failed.count - tasks->failed_count);
    quorum_read(&tasks->quorum, arena, input, tasks->result_bytes + tasks->index_bytes);
    return tasks;
}

unsigned tasks_failures(const struct assignment_entry *copy)
{
    return copy_failures_before(copy) + copy_has_failed(copy);
}

/* --- what has ended --------------------------------------------------------------------------- */

/* Copies that failed, or with which too few agreed. */
static unsigned attempts_of(const struct lister *l, size_t index,
                            const struct assignment_entry *copy)
{
    unsigned failures = tasks_failures(copy), before = quorum_failures(&l->tasks->quorum, index);

    return (failures > before ? failures : before) + quorum_opinions(&l->tasks->quorum, index);
}

static void add_failure(struct lister *l, size_t index, const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);
    const struct shape *shape = &task_failure_shape;
    struct tasks *tasks = l->tasks;
    struct task_failure failure = {.set = 0};

    shape_put(shape, &failure, index, (int64_t)index);
    shape_put(shape, &failure, agent, assignment_spec(copy)->agent);
    shape_put(shape, &failure, attempts, (int64_t)attempts_of(l, index, copy));
    if (shape_has(&assignment_status_shape, status, &status->exit_code)) {
        shape_put(shape, &failure, exit_code, status->exit_code);
    }
    if (copy_is_done(copy)) {
        shape_put(shape, &failure, reason, "NoQuorum");
    } else if (!str_is_empty(status->reason)) {
        shape_put(shape, &failure, reason, status->reason);
    }
    tasks->failure_count += tasks->failure_count < TASK_FAILURES_MAX;
    memmove(&tasks->failures[1], &tasks->failures[0],
            (tasks->failure_count - 1) * sizeof(struct task_failure));
    tasks->failures[0] = failure;
}

/* What its agent said of it, or the beginning of that: its log is gone when people look. */
static const char *said_of(struct arena *arena, const char *message)
{
    size_t length = str_is_empty(message) ? 0 : strlen(message);

    if (length == 0) {
        return "";
    }
    length = utf8_valid_bytes(message, length < SAID_BYTES_MAX ? length : SAID_BYTES_MAX);
    return arena_printf(arena, " (%.*s)", (int)length, message);
}

static const char *end_words(struct lister *l, size_t index, const struct assignment_entry *copy,
                             bool has_failed)
{
    const struct assignment_status *status = assignment_status(copy);
    unsigned attempts = attempts_of(l, index, copy) + !has_failed;

    if (has_failed && copy_is_done(copy)) {
        return arena_printf(
            l->arena, "task %zu failed for good after %u attempts: no %" PRId64 " results agree",
            index, attempts, l->spec->tasks.quorum);
    }
    if (!has_failed && harvest_session_has_quorum(l->spec)) {
        return arena_printf(l->arena, "task %zu succeeded with what %s made", index,
                            assignment_spec(copy)->agent);
    }
    if (!has_failed) {
        return arena_printf(l->arena, "task %zu succeeded on %s at attempt %u", index,
                            assignment_spec(copy)->agent, attempts);
    }
    return arena_printf(l->arena, "task %zu failed for good on %s at attempt %u: %s%s", index,
                        assignment_spec(copy)->agent, attempts, or_empty(status->reason),
                        said_of(l->arena, status->message));
}

/* Only what was declared: its size was looked at when the session was written.  What an earlier
 * form declared may be in the way; then the outputs are known by history alone. */
static void keep_result(struct lister *l, size_t index, const struct assignment_entry *copy)
{
    const struct template_entry *template =
        model_template_find(l->in->model, assignment_spec(copy)->template_digest);
    struct task_result result = {.set = 0};
    size_t bytes;

    outputs_declared(l->arena, &assignment_status(copy)->outputs, &template->template->workload,
                     &result.outputs);
    bytes = l->tasks->result_bytes + outputs_bytes(&result.outputs);
    if (result.outputs.count > 0 && !MUTANT(OUTPUTS_FORGOTTEN) &&
        bytes <= harvest_session_results_max(l->spec) &&
        bytes + l->tasks->index_bytes <= harvest_session_record_max(l->spec)) {
        shape_put(&task_result_shape, &result, index, (int64_t)index);
        shape_mark(&task_result_shape, &result, &result.outputs);
        add_result(l->tasks, l->arena, &result);
    }
}

static void add_end(struct lister *l, struct task_end end)
{
    struct tasks *tasks = l->tasks;

    tasks->ends = arena_grow(l->arena, tasks->ends, tasks->end_count, sizeof(struct task_end));
    tasks->ends[tasks->end_count++] = end;
}

static void end_task(struct lister *l, size_t index, struct assignment_entry *copy, bool has_failed)
{
    struct tasks *tasks = l->tasks;

    add_end(l, (struct task_end){.index = index,
                                 .has_failed = has_failed,
                                 .copy = copy,
                                 .words = end_words(l, index, copy, has_failed)});
    ends_add(&tasks->how_ended, l->arena, index, copy, has_failed);
    if (has_failed) {
        MARK("a task fails for good");
        indexes_add(&tasks->failed, index);
        tasks->failed_count++;
        add_failure(l, index, copy);
        quorum_forget(&tasks->quorum, index);
    } else {
        MARK("a task succeeds");
        indexes_add(&tasks->completed, index);
        tasks->completed_count++;
        keep_result(l, index, copy);
    }
}

/* One that failed in an older form is tried in the newer one, unless nobody can or may tell it. */
static bool is_final_failure(const struct lister *l, size_t index,
                             const struct assignment_entry *copy)
{
    bool is_current = l->in->template != NULL &&
                      str_eq(assignment_spec(copy)->template_digest, l->in->template->text);
    bool is_away = copy->agent == NULL || copy->agent->link == NULL;
    const struct harvest_session *body = harvest_session_of(l->in->session->object);
    bool is_fresh = body->status.observed_generation < l->in->session->object->meta.generation;

    return copy_has_failed(copy) && copy_is_task(l->in->model, copy) && !is_fresh &&
           (is_current || is_away || l->spec->rollout.pause) &&
           tasks_failures(copy) + quorum_dissents(&l->tasks->quorum, index) >
               l->spec->tasks.retry_max + MUTANT(TASK_TRIED_ONCE_MORE);
}

/* A result that is compared with others must be of the present form, as theirs are. */
static bool may_count(const struct lister *l, const struct assignment_entry *copy)
{
    bool is_current = l->in->template != NULL &&
                      str_eq(assignment_spec(copy)->template_digest, l->in->template->text);

    return copy_is_done(copy) && copy_is_task(l->in->model, copy) &&
           (is_current || !harvest_session_has_quorum(l->spec));
}

/* The copy with which the task ended, or NULL: any that succeeded, or the youngest if that failed
 * once too often and no other one goes on. */
static struct assignment_entry *ending_copy(const struct lister *l, size_t index,
                                            const struct replica *replica)
{
    struct assignment_entry *last;

    for (size_t i = 0; i < replica->copy_count; i++) {
        if (may_count(l, replica->copies[i])) {
            return replica->copies[i];
        }
    }
    if (replica->live_count == 0 || !replica_is_down(replica)) {
        return NULL;
    }
    last = replica->copies[replica->live_count - 1];
    return is_final_failure(l, index, last) ? last : NULL;
}

static void take_out(struct replica *replica, const struct assignment_entry *copy)
{
    size_t at = 0;

    while (replica->copies[at] != copy) {
        at++;
        assert(at < replica->copy_count);
    }
    replica->live_count -= at < replica->live_count;
    replica->copy_count--;
    memmove(&replica->copies[at], &replica->copies[at + 1],
            (replica->copy_count - at) * sizeof(replica->copies[0]));
}

/* --- what is wanted --------------------------------------------------------------------------- */

static const char *unwanted_task(struct lister *l, size_t index, bool is_index)
{
    if (object_is_deleting(l->in->session->object)) {
        return "the session is being deleted";
    }
    if (!is_index) {
        return "the session consists of tasks now";
    }
    if (index >= (size_t)l->spec->tasks.count) {
        return arena_printf(l->arena, "the session has %" PRId64 " task%s now",
                            l->spec->tasks.count, l->spec->tasks.count == 1 ? "" : "s");
    }
    if (indexes_has(&l->tasks->completed, index) || indexes_has(&l->tasks->failed, index)) {
        return "the task has ended";
    }
    return NULL;
}

/* One more opinion.  True when the task has ended with it. */
static bool hear(struct lister *l, size_t index, struct assignment_entry *copy)
{
    const char *agent = assignment_spec(copy)->agent;
    enum quorum_verdict verdict =
        quorum_hear(&l->tasks->quorum, l->arena, l->in, index, copy, tasks_failures(copy));

    switch (verdict) {
    case QUORUM_MET:
        end_task(l, index, copy, false);
        return true;
    case QUORUM_MISSED:
        end_task(l, index, copy, true);
        return true;
    case QUORUM_WAITS:
    case QUORUM_KNOWN:
        break;
    }
    add_end(l, (struct task_end){.index = index,
                                 .goes_on = true,
                                 .copy = copy,
                                 .words = arena_printf(l->arena,
                                                       "task %zu ended on %s, and waits for a "
                                                       "second opinion",
                                                       index, agent)});
    return false;
}

/* What ended with the copies there are is noted. */
static void end_with(struct lister *l, struct replica *replica, size_t index)
{
    struct assignment_entry *ending = ending_copy(l, index, replica);
    bool has_ended = false;

    while (ending != NULL && !has_ended) {
        if (copy_is_done(ending) && harvest_session_has_quorum(l->spec)) {
            has_ended = hear(l, index, ending);
        } else {
            end_task(l, index, ending, !copy_is_done(ending));
            has_ended = true;
        }
        take_out(replica, ending);
        ending = ending_copy(l, index, replica);
    }
    replica->unwanted = has_ended ? "the task has ended" : NULL;
}

static void list_task(struct lister *l, struct assignment_entry **first, size_t length)
{
    const char *slot = assignment_spec(first[0])->slot;
    int64_t number = 0;
    bool is_index = slot_number(slot, &number) && number < TASKS_MAX;
    struct replica *replica = replicas_add(l->arena, l->to, slot);

    replica_give(replica, first, length);
    replica->unwanted = unwanted_task(l, (size_t)number, is_index);
    if (is_index) {
        indexes_add(&l->present, (size_t)number);
    }
    if (replica->unwanted == NULL) {
        end_with(l, replica, (size_t)number);
    }
}

static bool may_run(const struct lister *l, const struct replica *replica)
{
    for (size_t i = 0; i < replica->copy_count; i++) {
        if (!copy_may_go(l->in->model, replica->copies[i], l->in->now)) {
            return true;
        }
    }
    return false;
}

/* Those of the highest indexes end. */
static void drop_surplus(struct lister *l)
{
    size_t most = (size_t)l->spec->tasks.parallelism;

    for (size_t i = l->to->count; i-- > 0 && l->tasks->active > most;) {
        struct replica *replica = &l->to->items[i];

        if (replica->unwanted == NULL && replica->live_count > 0) {
            MARK("a task makes room for lower parallelism");
            replica->unwanted = arena_printf(l->arena, "at most %zu task%s may be under way now",
                                             most, most == 1 ? "" : "s");
            l->tasks->active--;
        }
    }
}

/* Tasks that have a copy in force are under way, up to the number allowed.  What else may still run
 * is counted, too: room is made before it is used. */
static void count_active(struct lister *l)
{
    for (size_t i = 0; i < l->to->count; i++) {
        const struct replica *replica = &l->to->items[i];

        l->tasks->active += replica->unwanted == NULL && replica->live_count > 0;
    }
    drop_surplus(l);
    for (size_t i = 0; i < l->to->count; i++) {
        const struct replica *replica = &l->to->items[i];

        l->remains +=
            (replica->unwanted != NULL || replica->live_count == 0) && may_run(l, replica);
    }
    l->tasks->has_remains = l->remains > 0;
}

/* A task whose copy is ending, or has ended without a result, is started again if it may. */
static void resume(struct lister *l, struct replica *replica, size_t most)
{
    bool remains = may_run(l, replica);

    if (l->tasks->active + l->remains - remains < most) {
        l->remains -= remains;
        l->tasks->active++;
    } else {
        replica->unwanted = "other tasks are under way";
    }
}

static bool has_place(const struct lister *l, size_t most)
{
    return l->tasks->active + l->remains < most;
}

static void add_task(struct lister *l, size_t index)
{
    (void)replicas_add(l->arena, l->to, arena_printf(l->arena, "%zu", index));
    indexes_add(&l->present, index);
    l->tasks->active++;
}

static bool is_left_alone(const struct lister *l, size_t index)
{
    return index < (size_t)l->spec->tasks.count && !indexes_has(&l->present, index);
}

/* Tasks that wait for another opinion, of `among` unless that is NULL. */
static void add_undecided(struct lister *l, size_t most, const struct indexes *among)
{
    const struct quorum *quorum = &l->tasks->quorum;

    for (size_t i = 0; i < quorum->opinion_count && has_place(l, most); i++) {
        size_t index = (size_t)quorum->opinions[i].index;

        if (is_left_alone(l, index) && (among == NULL || indexes_has(among, index))) {
            add_task(l, index);
        }
    }
}

/* Nobody is asked about them. */
static size_t count_left_alone(struct lister *l)
{
    const struct quorum *quorum = &l->tasks->quorum;
    struct indexes seen;

    indexes_init(&seen, l->arena, TASKS_MAX);
    for (size_t i = 0; i < quorum->opinion_count; i++) {
        size_t index = (size_t)quorum->opinions[i].index;

        if (is_left_alone(l, index)) {
            indexes_add(&seen, index);
        }
    }
    return seen.count;
}

/* Tasks about which nothing is known, so many at most. */
static void add_fresh(struct lister *l, size_t most, size_t more)
{
    for (size_t i = indexes_next_absent(&l->present, 0);
         i < (size_t)l->spec->tasks.count && has_place(l, most) && more > 0;
         i = indexes_next_absent(&l->present, i + 1)) {
        if (quorum_opinions(&l->tasks->quorum, i) == 0) {
            add_task(l, i);
            more--;
        }
    }
}

/* Those that wait for another opinion go on before others begin: so opinions stay few.  Tasks of
 * which nobody can be asked now hold up neither, as long as there is room for all that may be said:
 * they come last, to be told of and to be looked at again when an agent comes. */
static void add_by_opinion(struct lister *l, size_t most)
{
    size_t room = quorum_room(&l->tasks->quorum, l->in), taken;

    if (count_left_alone(l) > 0) {
        struct indexes askable;

        indexes_init(&askable, l->arena, TASKS_MAX);
        quorum_askable(&l->tasks->quorum, l->in, &askable);
        add_undecided(l, most, &askable);
    }
    room = room > most ? room : most;
    taken = l->tasks->active + l->remains + count_left_alone(l);
    add_fresh(l, most, taken < room ? room - taken : 0);
    add_undecided(l, most, NULL);
}

static void add_new(struct lister *l)
{
    size_t most =
        MUTANT(PARALLELISM_IGNORED) ? TASKS_PARALLEL_MAX : (size_t)l->spec->tasks.parallelism;
    size_t listed = l->to->count;

    for (size_t i = 0; i < listed; i++) {
        if (l->to->items[i].unwanted == NULL && l->to->items[i].live_count == 0) {
            resume(l, &l->to->items[i], most);
        }
    }
    if (l->tasks->is_cut_short || l->in->template == NULL ||
        object_is_deleting(l->in->session->object)) {
        return;
    }
    indexes_join(&l->present, &l->tasks->completed);
    indexes_join(&l->present, &l->tasks->failed);
    if (harvest_session_has_quorum(l->spec)) {
        add_by_opinion(l, most);
    } else {
        add_fresh(l, most, SIZE_MAX);
    }
}

static void cut_short(struct lister *l)
{
    MARK("a task that failed ends the others");
    l->tasks->is_cut_short = true;
    l->tasks->quorum.opinion_count = 0; /* nobody is asked any more */
    for (size_t i = 0; i < l->to->count; i++) {
        if (l->to->items[i].unwanted == NULL) {
            l->to->items[i].unwanted = "another task failed, and failFast ends the rest";
        }
    }
}

void tasks_list(struct tasks *tasks, struct arena *arena, const struct plan_input *input,
                struct assignment_entry **copies, size_t count, struct replicas *replicas)
{
    struct lister l = {.tasks = tasks,
                       .arena = arena,
                       .in = input,
                       .spec = session_spec(input->session),
                       .to = replicas};

    indexes_init(&l.present, arena, TASKS_MAX);
    for (size_t i = 0; i < count;) {
        size_t length = replica_run_length(&copies[i], count - i);

        list_task(&l, &copies[i], length);
        i += length;
    }
    if (l.spec->tasks.fail_fast && tasks->failed_count > 0) {
        cut_short(&l);
    }
    count_active(&l);
    add_new(&l);
    replicas_sort(replicas);
}

void tasks_count(const struct tasks *tasks, const struct harvest_session_spec *spec,
                 struct plan *plan)
{
    plan->desired = (size_t)spec->tasks.count;
    plan->ready += tasks->completed_count;
    plan->updated += tasks->completed_count + tasks->failed_count;
    plan->succeeded = tasks->completed_count;
    plan->failed = tasks->failed_count;
}

/* --- telling people --------------------------------------------------------------------------- */

bool tasks_are_complete(const struct tasks *tasks, const struct harvest_session_spec *spec)
{
    return tasks->completed_count + tasks->failed_count == (size_t)spec->tasks.count ||
           (tasks->is_cut_short && !tasks->has_remains);
}

/* " (the last: task 7 on lark, ExitedNonZero)". */
static const char *last_failure(struct arena *arena, const struct tasks *tasks)
{
    const struct task_failure *last = &tasks->failures[0];

    if (tasks->failure_count == 0) {
        return "";
    }
    return arena_printf(arena, " (the last: task %" PRId64 " on %s, %s)", last->index, last->agent,
                        str_is_empty(last->reason) ? "for no reason that was told" : last->reason);
}

const char *tasks_words(struct arena *arena, const struct tasks *tasks,
                        const struct harvest_session_spec *spec)
{
    const char *one = spec->tasks.count == 1 ? "task has" : "tasks have";
    const char *failed = "",
               *waiting = quorum_words(arena, tasks->quorum.opinions, tasks->quorum.opinion_count);

    if (tasks->failed_count > 0) {
        failed = arena_printf(arena, ", %zu failed for good%s", tasks->failed_count,
                              last_failure(arena, tasks));
    }
    return arena_printf(arena, "%zu of %" PRId64 " %s succeeded%s%s%s", tasks->completed_count,
                        spec->tasks.count, one, failed, waiting == NULL ? "" : "; ",
                        or_empty(waiting));
}

static const char *complete_reason(const struct tasks *tasks,
                                   const struct harvest_session_spec *spec)
{
    if (!tasks_are_complete(tasks, spec)) {
        return "Unfinished";
    }
    if (tasks->failed_count == 0) {
        return "AllSucceeded";
    }
    return tasks->is_cut_short ? "FailedFast" : "SomeFailed";
}

/* The texts of a status, in canonical form. */
static void put_texts(const struct tasks *tasks, int64_t count, struct str *completed,
                      struct str *failed, struct str *done)
{
    indexes_to_str(&tasks->completed, completed);
    indexes_to_str(&tasks->failed, failed);
    str_addf(done, "%zu/%" PRId64, tasks->completed_count, count);
}

bool tasks_are_stated(const struct session_entry *session, const struct tasks *tasks)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct harvest_session_spec *spec = session_spec(session);
    const struct condition *condition = condition_find(&status->conditions, "Complete");
    _cleanup_(str_fini)
    struct str completed = STR_EMPTY, failed = STR_EMPTY, done = STR_EMPTY;
    bool is_stated;

    if (tasks == NULL) {
        return condition == NULL &&
               !shape_has(&harvest_session_status_shape, status, &status->tasks);
    }
    put_texts(tasks, spec->tasks.count, &completed, &failed, &done);
    is_stated = condition != NULL && str_eq(condition->reason, complete_reason(tasks, spec)) &&
                status->tasks.active == (int64_t)tasks->active &&
                quorum_is_stated(&tasks->quorum, &status->tasks) &&
                str_eq(status->tasks.done, done.data) &&
                str_eq(status->tasks.completed_indexes, completed.data) &&
                str_eq(status->tasks.failed_indexes, failed.data);
    str_fini(&failed);
    str_fini(&done);
    return is_stated;
}

static void put_failures(struct object *object, struct tasks_status *to, const struct tasks *tasks)
{
    to->failures.items =
        arena_array(&object->arena, TASK_FAILURES_MAX, sizeof(struct task_failure));
    to->failures.count = tasks->failure_count;
    for (size_t i = 0; i < tasks->failure_count; i++) {
        to->failures.items[i] = tasks->failures[i];
        to->failures.items[i].agent = object_strdup(object, tasks->failures[i].agent);
        to->failures.items[i].reason = object_strdup(object, tasks->failures[i].reason);
    }
    shape_mark(&tasks_status_shape, to, &to->failures);
}

static void put_results(struct object *object, struct tasks_status *to, const struct tasks *tasks)
{
    if (tasks->result_count == 0) {
        return;
    }
    to->results.items =
        arena_array(&object->arena, tasks->result_count, sizeof(struct task_result));
    to->results.count = tasks->result_count;
    for (size_t i = 0; i < tasks->result_count; i++) {
        to->results.items[i] = tasks->results[i];
        outputs_copy(object, &to->results.items[i].outputs, &tasks->results[i].outputs);
    }
    shape_mark(&tasks_status_shape, to, &to->results);
}

static void forget(struct harvest_session_status *status)
{
    condition_drop(&status->conditions, "Complete");
    shape_remove(&harvest_session_status_shape, status, &status->tasks);
}

void tasks_state(struct object *session, const struct tasks *tasks, struct wall now)
{
    const struct shape *shape = &tasks_status_shape;
    struct harvest_session *body = session->body;
    struct tasks_status *to = &body->status.tasks;
    const struct harvest_session_spec *spec = &body->spec;
    struct str completed = STR_EMPTY, failed = STR_EMPTY, done = STR_EMPTY;

    if (tasks == NULL) {
        forget(&body->status);
        return;
    }
    put_texts(tasks, spec->tasks.count, &completed, &failed, &done);
    shape_put(shape, to, active, (int64_t)tasks->active);
    shape_put(shape, to, done, object_strdup(session, done.data));
    shape_put(shape, to, completed_indexes, object_strdup(session, completed.data));
    shape_put(shape, to, failed_indexes, object_strdup(session, failed.data));
    put_failures(session, to, tasks);
    put_results(session, to, tasks);
    ends_state(&tasks->how_ended, session, to);
    quorum_state(&tasks->quorum, session, to);
    shape_mark(&harvest_session_status_shape, &body->status, to);
    condition_set(session, &body->status.conditions, "Complete",
                  tasks_are_complete(tasks, spec) ? CONDITION_TRUE : CONDITION_FALSE,
                  complete_reason(tasks, spec), tasks_words(&session->arena, tasks, spec),
                  session->meta.generation, now);
    shape_mark(&harvest_session_status_shape, &body->status, &body->status.conditions);
    str_fini(&completed);
    str_fini(&failed);
    str_fini(&done);
}
