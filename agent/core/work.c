/* What is wanted of one assignment, and how a change of it meets what runs. */
#include "agent/core/work.h"

#include "agent/core/model.h"
#include "schema/base/site.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const work_state_words[] = {"Waiting",  "Starting",   "Running", "Suspended",
                                        "Stopping", "Collecting", "Done",    "Failed",
                                        "Stopped",  NULL};

const char *const work_outcome_words[] = {
    "None", "Completed", "ExitedNonZero", "StartFailed", "Stopped",   "LeaseEnded",
    "Lost", "Orphaned",  "OutputMissing", "MemoryLimit", "PidsLimit", NULL};

#define TO(state) (1u << (state))

/* Row: from; bits: to. */
static const unsigned moves[WORK_STATE_COUNT] = {
    [WORK_WAITING] = TO(WORK_STARTING) | TO(WORK_STOPPED),
    [WORK_STARTING] = TO(WORK_RUNNING) | TO(WORK_STOPPING) | TO(WORK_WAITING) | TO(WORK_DONE) |
                      TO(WORK_COLLECTING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_RUNNING] = TO(WORK_SUSPENDED) | TO(WORK_STOPPING) | TO(WORK_WAITING) | TO(WORK_DONE) |
                     TO(WORK_COLLECTING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_SUSPENDED] = TO(WORK_RUNNING) | TO(WORK_STOPPING) | TO(WORK_WAITING) | TO(WORK_DONE) |
                       TO(WORK_COLLECTING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_STOPPING] =
        TO(WORK_WAITING) | TO(WORK_DONE) | TO(WORK_COLLECTING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_COLLECTING] = TO(WORK_DONE) | TO(WORK_WAITING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_DONE] = TO(WORK_WAITING) | TO(WORK_FAILED) | TO(WORK_STOPPED),
    [WORK_FAILED] = TO(WORK_WAITING) | TO(WORK_STOPPED),
    [WORK_STOPPED] = TO(WORK_WAITING) | TO(WORK_STARTING), /* Starting: a stray was found */
};

void work_move(struct agt *agt, struct work *work, enum work_state to)
{
    assert(moves[work->state] & TO(to));
    trace_add(&agt->trace, agt->now, "work %s: %s -> %s (run %" PRId64 ")", work->wanted.uid,
              work_state_words[work->state], work_state_words[to], work->run.number);
    work->state = to;
}

struct work *work_new(const char *uid)
{
    struct work *work = MEM_NEW(struct work);

    arena_init(&work->arena);
    arena_init(&work->made_arena);
    work->wanted.uid = arena_strdup(&work->arena, uid);
    work->state = WORK_STOPPED;
    work->run.lease_end = MONO_NEVER;
    work->run.grace_ms = STRAY_GRACE_MS;
    return work;
}

void work_free(struct work *work)
{
    if (work != NULL) {
        arena_fini(&work->arena);
        arena_fini(&work->made_arena);
        free(work);
    }
}

bool work_is_exclusive(const struct work *work)
{
    return work->wanted.template.lease_ms > 0;
}

void work_adopt_template(struct work *work)
{
    struct run *run = &work->run;

    template_run_digest(&work->wanted.template, work->run_digest);
    if (run->run_digest[0] == '\0' && str_eq(run->template_digest, work->wanted.template_digest)) {
        MARK("a run of an older program is known by its template");
        memcpy(run->run_digest, work->run_digest, sizeof(run->run_digest));
    }
    if (str_eq(run->run_digest, work->run_digest)) {
        (void)snprintf(run->template_digest, sizeof(run->template_digest), "%s",
                       work->wanted.template_digest);
    }
}

bool work_is_outdated(const struct work *work)
{
    return !str_eq(work->run.template_digest, work->wanted.template_digest) ||
           work->run.lease_epoch != work->wanted.lease_epoch;
}

static void raise(int64_t *to, int64_t by)
{
    *to = by > *to ? by : *to;
}

void work_use(struct agt *agt, struct work *work, const struct contribution *usage)
{
    struct contribution *to = &work->run.usage, before = *to;

    raise(&to->cpu_ms, usage->cpu_ms);
    raise(&to->wall_ms, usage->wall_ms);
    raise(&to->memory_peak, usage->memory_peak);
    period_add(agt, work,
               &(struct contribution){.cpu_ms = to->cpu_ms - before.cpu_ms,
                                      .wall_ms = to->wall_ms - before.wall_ms});
}

struct contribution work_contribution(const struct work *work)
{
    struct contribution sum = work->spent;

    sum.cpu_ms += work->run.usage.cpu_ms;
    sum.wall_ms += work->run.usage.wall_ms;
    raise(&sum.memory_peak, work->run.usage.memory_peak);
    return sum;
}

/* A generation is a new beginning: what failed before says nothing about it. */
static void begin_generation(struct agt *agt, struct work *work)
{
    work->starts = work->failures = work->tries = 0;
    work->not_before = agt->now;
    work->outcome = OUTCOME_NONE;
    work->message[0] = '\0';
    drift_drop(work);
}

/* The text lives in the old arena until the new one holds the copy. */
static void replace_wanted(struct work *work, const struct wire_assignment *assignment)
{
    struct arena arena;

    arena_init(&arena);
    wire_assignment_copy(&arena, assignment, &work->wanted);
    arena_fini(&work->arena);
    work->arena = arena;
}

void work_want(struct agt *agt, struct work *work, const struct wire_assignment *assignment)
{
    bool is_new = work->wanted.generation != assignment->generation ||
                  work->wanted.lease_epoch != assignment->lease_epoch;
    bool was_wanted = work->is_wanted;

    if (work->wanted.lease_epoch != assignment->lease_epoch) {
        work->lease = (struct lease){0};
    }
    replace_wanted(work, assignment);
    work_adopt_template(work);
    work->is_wanted = true;
    work->era = agt->fence.era;
    if (is_new) {
        /* The same template under a new generation goes on running, and what is done stays done;
         * what failed is tried again. */
        bool is_kept =
            work->run.is_open || work->state == WORK_DONE || work->state == WORK_COLLECTING;

        if (is_kept && !work_is_outdated(work)) {
            work->run.generation = assignment->generation;
        } else {
            begin_generation(agt, work);
        }
    }
    if (!was_wanted) {
        work->told.sent = work->told.acknowledged = 0;
    }
}

void work_unwant(struct agt *agt, struct work *work)
{
    (void)agt;
    assert(work->is_wanted);
    work->is_wanted = false;
    work->lease = (struct lease){0};
}
