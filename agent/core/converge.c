/* One state machine per assignment.  Events record what happened to a run; converge() looks at
 * every assignment in every step and does what is missing, so that an event that was lost, repeated
 * or reordered makes it late, never wrong.
 *
 *               may start                    started
 *     Waiting ─────────────→ Starting ────────────────────→ Running ⇄ Suspended
 *      ↑ ↑  ↑                   │  │  removed, changed,        │          │
 *      │ │  │ ended: again      │  │  lease lost               │          │
 *      │ │  └───────────────────┤  └─────────→ Stopping ←──────┴──────────┘   (any of the four
 *      │ └──────────────────────┼───────────────── │ ended                     may end by itself)
 *      │                        ↓ ended for good   ↓
 *      └─────────────────── Done, Failed        Stopped → forgotten, once reported
 *        another generation                     (removed)
 *
 * Between the good end of a run with outputs and Done lies Collecting, until they are stored.
 *
 * A run that was started for something else than what is wanted now is stopped, whatever step it is
 * in: the newest assignment wins.  Nothing is started while a run is open. */
#include "agent/core/converge.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct work *find_run(const struct agt *agt, const struct agt_event *event)
{
    struct work *work = set_find(agt, event->uid);

    return work != NULL && work->run.is_open && work->run.number == event->run ? work : NULL;
}

/* --- what happened ------------------------------------------------------------------------------
 */

static void stop_collecting(struct agt *agt, struct work *work)
{
    collect_drop(agt, work);
    forget_run(agt, work->wanted.uid, work->run.number);
    agt->saver.is_due = true;
}

/* A process of an earlier life that is not the run we know.  As a run begins only when the one
 * before it has ended, the one with the higher number is the one that counts. */
static void on_stray(struct agt *agt, const struct agt_event *event)
{
    struct work *work = set_find(agt, event->uid);

    if (work == NULL) {
        work = set_add(agt, event->uid);
    }
    if (work->run.is_open && work->run.number < event->run) {
        MARK("a run is found that is newer than the one known");
        outcome_take(agt, work, &(struct agt_exit){.cause = EXIT_LOST});
    }
    if (work->run.number > event->run || work->run.is_open) {
        MARK("a run is found that is older than the one known");
        out_add_run(agt, AGT_SIGNAL, OUT_AT_ONCE, event->uid, event->run)->grace_ms = 0;
        return;
    }
    MARK("a stray run is adopted, to be ended");
    if (work->state == WORK_COLLECTING || work->collect.keeps_files) {
        stop_collecting(agt, work);
    }
    /* Adopted as a run for nothing that is wanted, so it is stopped before anything starts. */
    work->run = (struct run){.number = event->run,
                             .is_open = true,
                             .is_found = true,
                             .may_freeze = true,
                             .is_uncounted = true,
                             .grace_ms = STRAY_GRACE_MS,
                             .lease_end = MONO_NEVER};
    if (work->state != WORK_STOPPED && work->state != WORK_WAITING) {
        work_move(agt, work, WORK_WAITING);
    }
    work_move(agt, work, WORK_STARTING);
    work_move(agt, work, WORK_RUNNING);
}

static void on_found_ended(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work != NULL) {
        MARK("a run ended while its agent was away");
        outcome_take(agt, work, event->found.exit);
        return;
    }
    work = set_find(agt, event->uid);
    if (work != NULL && (work->state == WORK_COLLECTING || work->collect.keeps_files) &&
        work->run.number == event->run) {
        MARK("a run is found whose outputs are not stored yet");
        return;
    }
    if (work != NULL && !work->run.is_open && work->run.number < event->run) {
        work->run.number = event->run;
    }
    forget_run(agt, event->uid, event->run);
}

void converge_on_found(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    assert(!agt->is_started);
    if (!event->found.running) {
        on_found_ended(agt, event);
    } else if (work == NULL) {
        on_stray(agt, event);
    } else if (!work->run.is_found && !MUTANT(ADOPTS_NOTHING)) {
        MARK("a run that went on is adopted");
        work->run.is_found = work->run.may_freeze = true;
        work->run.cpu_limit = CPU_LIMIT_UNKNOWN;
        work->run.unwatched_ms = UNWATCHED_UNKNOWN;
        work->run.lease_end = MONO_NEVER; /* its shim knows; ours begins with the next grant */
        work_move(agt, work, WORK_RUNNING);
    }
}

void converge_on_start(struct agt *agt)
{
    const struct agt_exit lost = {.cause = EXIT_LOST};

    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (work->run.is_open && !work->run.is_found) {
            MARK("a run was lost while its agent was away");
            outcome_take(agt, work, &lost);
            work->tries = 0; /* a machine that was booted is no reason to wait */
            work->not_before = agt->now;
        }
    }
}

void converge_on_started(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work == NULL) {
        return;
    }
    work->started = event->started;
    drift_on_started(agt, work);
    govern_on_frozen(work, event->frozen_since);
    if (work->state == WORK_STARTING) {
        work_move(agt, work, WORK_RUNNING);
    }
}

void converge_on_exited(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work != NULL) {
        outcome_take(agt, work, event->exit);
    } else {
        forget_run(agt, event->uid, event->run); /* taken in before */
    }
}

void converge_on_collected(struct agt *agt, const struct agt_event *event)
{
    struct work *work = collect_find(agt, event);

    if (work == NULL) {
        return;
    }
    if (event->collected.code != 0 && !collect_failed_for_good(event)) {
        collect_put_off(agt, work, event);
        return;
    }
    agt->saver.is_due = true;
    if (event->collected.code == 0) {
        MARK("outputs are stored");
        collect_stored(agt, work);
        collect_keep(work, event->collected.outputs);
        if (work->state == WORK_COLLECTING) {
            work_move(agt, work, WORK_DONE);
        }
    } else {
        if (work->state == WORK_DONE) { /* a state put back, or copied without its runs */
            MARK("outputs that were stored are not here any more");
        }
        work->collect.state = COLLECT_NONE;
        work->collect.keeps_files = false;
        collect_keep(work, &(outputs_t){.count = 0});
        forget_run(agt, work->wanted.uid, work->run.number);
        outcome_miss_output(agt, work, event);
    }
}

void converge_on_reported(struct agt *agt, struct work *work)
{
    if (work->state == WORK_DONE && collect_is_told(work)) {
        work->collect.keeps_files = false;
        forget_run(agt, work->wanted.uid, work->run.number);
        agt->saver.is_due = true;
    }
}

void converge_on_usage(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work != NULL) {
        work_use(agt, work, &event->usage);
        work->run.memory = event->memory;
        agt->saver.usage_is_unsaved = true;
    }
}

/* Not again when it was found as one that was suspended before. */
static void count_suspension(struct agt *agt, struct work *work)
{
    if (!work->run.was_suspended) {
        work->spent.suspensions++;
        period_add(agt, work, &(struct contribution){.suspensions = 1});
    }
    work->run.was_suspended = false;
    checkpoint_drop(agt, work);
}

/* Told late, for whoever stands still hears nothing: what we did since goes before it. */
void converge_on_lapsed(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work == NULL || MUTANT(LAPSE_IGNORED)) {
        return;
    }
    if (work->state == WORK_RUNNING) {
        MARK("a run was suspended by its shim");
        govern_on_lapsed(agt, work);
        count_suspension(agt, work);
        work->run.may_freeze = false;
        work->run.unwatched_ms = SILENCE_MIN_MS; /* it has some limit, perhaps one that is over */
        agt->saver.is_due = true;
        work_move(agt, work, WORK_SUSPENDED);
    }
    govern_on_frozen(work, event->frozen_since);
}

void converge_on_unsaved(struct agt *agt, uint64_t step)
{
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (work->run.is_open && work->run.spawned_in_step == step) {
            MARK("a start that was not saved is taken back");
            work->run.is_open = false; /* its number stays used */
            work->starts--;
            work_move(agt, work, WORK_WAITING);
        }
    }
    forget_on_unsaved(agt);
}

/* --- what is missing ----------------------------------------------------------------------------
 */

/* The shorter of what it was started with and what is wanted now: a newer assignment pre-empts a
 * slow step of an older one. */
static int64_t asked_grace_ms(const struct work *work)
{
    int64_t grace_ms = work->run.grace_ms;

    if (work->run.is_evicted && work->is_wanted && !work_is_outdated(work)) {
        return work->run.evict_grace_ms;
    }
    if (work->is_wanted && work->wanted.template.grace_ms < grace_ms) {
        grace_ms = work->wanted.template.grace_ms;
    }
    return grace_ms;
}

/* To end, work has to run: where it is held back, not for long, whatever a manifest says.  How long
 * an eviction may take is its policy's to say, but where the owner wants nothing to run. */
static int64_t stop_grace_ms(const struct agt *agt, const struct work *work)
{
    int64_t grace_ms = asked_grace_ms(work);
    bool is_held = agt->is_paused || work->governed.owner_forbids ||
                   govern_is_against_end(agt, work) ||
                   (work->governed.outcome >= POLICY_SUSPEND && !work->run.is_evicted);

    if (lease_is_lost(agt, work)) {
        MARK("a run ends at once, for its lease is over");
        return 0;
    }
    return is_held && grace_ms > HELD_GRACE_MAX_MS ? HELD_GRACE_MAX_MS : grace_ms;
}

static void signal_run(struct agt *agt, struct work *work)
{
    work->run.is_out_of_lease = lease_is_lost(agt, work);
    work->run.stop_grace_ms = stop_grace_ms(agt, work);
    out_add_run(agt, AGT_SIGNAL, OUT_AT_ONCE, work->wanted.uid, work->run.number)->grace_ms =
        work->run.stop_grace_ms;
}

static void stop(struct agt *agt, struct work *work)
{
    if (work->state == WORK_SUSPENDED || work->run.may_freeze || work->run.is_saving) {
        checkpoint_drop(agt, work);
        out_add_run(agt, AGT_RESUME, OUT_AT_ONCE, work->wanted.uid, work->run.number);
    }
    signal_run(agt, work);
    work_move(agt, work, WORK_STOPPING);
}

/* It ends, and waits for its policy to let it start again. */
static void evict(struct agt *agt, struct work *work)
{
    MARK("a run is evicted");
    work->run.is_evicted = true;
    work->run.evict_grace_ms = work->governed.grace_ms;
    stop(agt, work);
}

static void suspend(struct agt *agt, struct work *work)
{
    MARK("a run is suspended");
    out_add_run(agt, AGT_SUSPEND, OUT_AT_ONCE, work->wanted.uid, work->run.number);
    count_suspension(agt, work);
    agt->saver.is_due = true;
    work_move(agt, work, WORK_SUSPENDED);
}

static void suspend_or_resume(struct agt *agt, struct work *work)
{
    const char *uid = work->wanted.uid;
    bool is_held = govern_is_held(agt, work);

    if (work->state == WORK_RUNNING && is_held) {
        if (!checkpoint_is_waited_for(agt, work)) {
            suspend(agt, work);
        }
    } else if (work->state == WORK_SUSPENDED && !is_held && !MUTANT(PAUSE_STAYS)) {
        out_add_run(agt, AGT_RESUME, OUT_AT_ONCE, uid, work->run.number);
        work_move(agt, work, WORK_RUNNING);
    } else if (work->state == WORK_RUNNING && (work->run.may_freeze || work->run.is_saving)) {
        MARK("a run may be frozen, or is about to be");
        checkpoint_drop(agt, work);
        out_add_run(agt, AGT_RESUME, OUT_AT_ONCE, uid, work->run.number);
    }
    if (work->state != WORK_STARTING) {
        work->run.may_freeze = work->run.was_suspended = false;
    }
}

/* Its policy may have changed, or come, while it runs. */
static void watch(struct agt *agt, struct work *work)
{
    int64_t unwatched_ms = govern_unwatched_ms(agt, work), told_ms = work->run.unwatched_ms;

    if (told_ms == UNWATCHED_UNKNOWN ? unwatched_ms > 0 : unwatched_ms != told_ms) {
        MARK("a run may be unwatched for another time");
        out_add_run(agt, AGT_WATCH, OUT_AT_ONCE, work->wanted.uid, work->run.number)->unwatched_ms =
            unwatched_ms;
    }
    work->run.unwatched_ms = unwatched_ms;
}

static void fill_spawn(struct agt *agt, const struct work *work, struct agt_spawn *spawn)
{
    struct arena *arena = &agt->out.effects->arena;
    struct wire_assignment *copy = ARENA_NEW(arena, struct wire_assignment);

    wire_assignment_copy(arena, &work->wanted, copy);
    *spawn = (struct agt_spawn){.uid = copy->uid,
                                .name = copy->name,
                                .session = copy->session,
                                .slot = copy->slot,
                                .run = work->run.number,
                                .generation = copy->generation,
                                .lease_epoch = copy->lease_epoch,
                                .template = &copy->template,
                                .lease_end = work->run.lease_end,
                                .cpu_limit = work->run.cpu_limit,
                                .unwatched_ms = work->run.unwatched_ms};
}

static void start(struct agt *agt, struct work *work)
{
    struct agt_effect *effect;
    struct run run = {.number = work->run.number + 1,
                      .is_open = true,
                      .is_found = true,
                      .generation = work->wanted.generation,
                      .lease_epoch = work->wanted.lease_epoch,
                      .grace_ms = work->wanted.template.grace_ms,
                      .lease_end = work_is_exclusive(work) ? work->lease.end : MONO_NEVER,
                      .cpu_limit = share_cpu_limit(agt, work),
                      .unwatched_ms = govern_unwatched_ms(agt, work),
                      .spawned_in_step = agt->counters.steps};

    (void)snprintf(run.template_digest, sizeof(run.template_digest), "%s",
                   work->wanted.template_digest);
    memcpy(run.run_digest, work->run_digest, sizeof(run.run_digest));
    work->run = run;
    collect_keep(work, &(outputs_t){.count = 0});
    work->starts++;
    work->outcome = OUTCOME_NONE;
    agt->saver.is_due = true;
    agt->counters.spawns++;
    effect = out_add_run(agt, AGT_SPAWN, MUTANT(START_BEFORE_SAVED) ? OUT_AT_ONCE : OUT_WHEN_SAVED,
                         work->wanted.uid, run.number);
    fill_spawn(agt, work, &effect->spawn);
    fetch_use_up(work);
    work_move(agt, work, WORK_STARTING);
}

/* All but what is still to be brought here. */
static bool may_begin(const struct agt *agt, const struct work *work)
{
    return (!govern_is_held(agt, work) || MUTANT(PAUSE_IGNORED)) && !drift_is_left(work) &&
           mono_is_due(work->not_before, agt->now) && saver_may_save(agt);
}

static bool may_start(const struct agt *agt, const struct work *work)
{
    return may_begin(agt, work) && lease_allows_start(agt, work) && fetch_allows_start(work);
}

/* Ended for good, unless something else is wanted by now.  What is done is not done again because
 * its slot was granted anew. */
static void reconsider(struct agt *agt, struct work *work)
{
    bool is_kept = work->state == WORK_DONE
                       ? str_eq(work->run.template_digest, work->wanted.template_digest)
                       : work->state == WORK_FAILED && work->outcome != OUTCOME_NONE;

    if (!is_kept) {
        if (work->collect.keeps_files) {
            stop_collecting(agt, work);
        }
        agt->saver.is_due = true;
        work_move(agt, work, WORK_WAITING);
    }
}

static void converge_collecting(struct agt *agt, struct work *work)
{
    if (!work_is_outdated(work)) {
        collect_settle(agt, work, !govern_is_held(agt, work));
        return;
    }
    stop_collecting(agt, work);
    work->outcome = OUTCOME_NONE;
    work->not_before = agt->now;
    work_move(agt, work, WORK_WAITING);
}

static void converge_done(struct agt *agt, struct work *work)
{
    bool is_held = govern_is_held(agt, work);

    if (work->collect.keeps_files && (is_held || collect_is_in_doubt(agt, work))) {
        collect_settle(agt, work, !is_held);
    }
}

static void converge_wanted(struct agt *agt, struct work *work)
{
    if (work->state == WORK_DONE || work->state == WORK_FAILED || work->state == WORK_STOPPED) {
        reconsider(agt, work);
    }
    govern(agt, work);
    switch (work->state) {
    case WORK_WAITING:
        fetch_settle(agt, work, may_begin(agt, work));
        if (may_start(agt, work)) {
            start(agt, work);
        }
        break;
    case WORK_STARTING:
    case WORK_RUNNING:
    case WORK_SUSPENDED:
        if ((work_is_outdated(work) && !MUTANT(OLD_FORM_RUNS_ON)) || lease_is_lost(agt, work)) {
            stop(agt, work);
        } else if (govern_evicts(agt, work)) {
            evict(agt, work);
        } else if (drift_ends(work)) {
            MARK("a run ends for the sake of its files");
            stop(agt, work);
        } else {
            watch(agt, work);
            suspend_or_resume(agt, work);
            drift_mend(agt, work);
        }
        break;
    case WORK_STOPPING:
        if (stop_grace_ms(agt, work) < work->run.stop_grace_ms) {
            signal_run(agt, work);
        }
        break;
    case WORK_COLLECTING:
        converge_collecting(agt, work);
        break;
    case WORK_DONE:
        converge_done(agt, work);
        break;
    case WORK_FAILED:
    case WORK_STOPPED:
    case WORK_STATE_COUNT:
        break;
    }
}

static void converge_unwanted(struct agt *agt, struct work *work)
{
    switch (work->state) {
    case WORK_WAITING:
    case WORK_DONE:
    case WORK_FAILED:
        if (work->collect.keeps_files) {
            stop_collecting(agt, work);
        }
        agt->saver.is_due = true;
        fetch_drop(agt, work);
        work_move(agt, work, WORK_STOPPED);
        break;
    case WORK_COLLECTING:
        stop_collecting(agt, work);
        work_move(agt, work, WORK_STOPPED);
        break;
    case WORK_STARTING:
    case WORK_RUNNING:
    case WORK_SUSPENDED:
        if (!MUTANT(REMOVED_RUNS_ON)) {
            stop(agt, work);
        }
        break;
    case WORK_STOPPING:
        if (stop_grace_ms(agt, work) < work->run.stop_grace_ms) {
            signal_run(agt, work);
        }
        break;
    case WORK_STOPPED:
    case WORK_STATE_COUNT:
        break;
    }
}

void converge(struct agt *agt)
{
    forget_send(agt);
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (work->is_wanted) {
            converge_wanted(agt, work);
        } else {
            converge_unwanted(agt, work);
        }
    }
}

struct mono converge_deadline(const struct agt *agt, const struct work *work)
{
    if (work->is_wanted && work->state == WORK_WAITING && !govern_is_held(agt, work) &&
        !drift_is_left(work)) {
        return work->not_before;
    }
    return work->run.is_open ? mono_earlier(work->run.lease_end, checkpoint_deadline(work))
                             : MONO_NEVER;
}
