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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

static void move(struct agt *agt, struct work *work, enum work_state to)
{
    assert(moves[work->state] & TO(to));
    trace_add(&agt->trace, agt->now, "work %s: %s -> %s (run %" PRId64 ")", work->wanted.uid,
              work_state_words[work->state], work_state_words[to], work->run.number);
    work->state = to;
}

static struct work *find_run(const struct agt *agt, const struct agt_event *event)
{
    struct work *work = set_find(agt, event->uid);

    return work != NULL && work->run.is_open && work->run.number == event->run ? work : NULL;
}

/* --- the end of a run --------------------------------------------------------------------------
 */

static void forget_run(struct agt *agt, const char *uid, int64_t run)
{
    struct forgettable forgettable = {.uid = mem_strdup(uid), .run = run};

    vec_add(&agt->forgettables, forgettable);
}

static enum work_outcome outcome_of(const struct work *work, const struct agt_exit *exit)
{
    switch (exit->cause) {
    case EXIT_BY_ITSELF:
        return exit->code == 0 ? OUTCOME_COMPLETED : OUTCOME_EXITED_NON_ZERO;
    case EXIT_NOT_STARTED:
        MARK("a run could not be started");
        return OUTCOME_START_FAILED;
    case EXIT_STOPPED:
        return work->run.is_out_of_lease ? OUTCOME_LEASE_ENDED : OUTCOME_STOPPED;
    case EXIT_LEASE_ENDED:
        return OUTCOME_LEASE_ENDED;
    case EXIT_ORPHANED:
        MARK("a run ended because its agent did not come back");
        return OUTCOME_ORPHANED;
    case EXIT_LOST:
        break;
    }
    return OUTCOME_LOST;
}

static void account(struct agt *agt, struct work *work, const struct agt_exit *exit)
{
    struct contribution *usage = &work->run.usage;

    work_use(agt, work, &exit->usage);
    if (usage->wall_ms >= RESTART_RESET_MS) {
        work->failures = work->tries = 0;
    }
    work->spent = work_contribution(work);
    if (!MUTANT(USAGE_COUNTED_TWICE)) {
        *usage = (struct contribution){0};
    }
    if (exit->started.ms != 0) {
        work->started = exit->started;
    }
    work->ended = exit->ended.ms != 0 ? exit->ended : agt->wall;
    work->has_exit = exit->cause != EXIT_LOST && exit->cause != EXIT_NOT_STARTED;
    work->exit_code = work->has_exit ? exit->code : 0;
}

/* The shell's words in printable ASCII, so that they stay valid text wherever they are cut off. */
static void add_words(struct work *work, size_t used, const char *words)
{
    (void)snprintf(work->message + used, sizeof(work->message) - used, ": %.200s", words);
    for (char *c = work->message + used; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
}

static void describe_outcome(struct work *work, const struct agt_exit *exit)
{
    static const char *const words[] = {
        [OUTCOME_NONE] = "",
        [OUTCOME_COMPLETED] = "exited with code 0",
        [OUTCOME_EXITED_NON_ZERO] = "exited with code",
        [OUTCOME_START_FAILED] = "could not be started",
        [OUTCOME_STOPPED] = "was stopped",
        [OUTCOME_LEASE_ENDED] = "was stopped because its lease ended",
        [OUTCOME_LOST] = "its process is gone, and how it ended is not known",
        [OUTCOME_OUTPUT_MISSING] = "ended well, and an output is not there",
        [OUTCOME_ORPHANED] = "was stopped because no agent came back for it in time",
    };
    size_t size = sizeof(work->message);
    int used = snprintf(work->message, size, "%s", words[work->outcome]);

    if (work->outcome == OUTCOME_EXITED_NON_ZERO) {
        used += snprintf(work->message + used, size - (size_t)used, " %d", exit->code);
    }
    if (exit->message[0] != '\0') {
        add_words(work, (size_t)used, exit->message);
    }
}

/* What we cut short did not end by itself, so that even "never" lets it run again; what was lost
 * may have. */
static bool is_for_good(const struct work *work)
{
    int restart = work->wanted.template.workload.restart;

    switch (work->outcome) {
    case OUTCOME_START_FAILED:
        return true;
    case OUTCOME_COMPLETED:
        return restart != RESTART_ALWAYS;
    case OUTCOME_EXITED_NON_ZERO:
    case OUTCOME_OUTPUT_MISSING:
    case OUTCOME_LOST:
        return restart == RESTART_NEVER;
    case OUTCOME_NONE:
    case OUTCOME_STOPPED:
    case OUTCOME_LEASE_ENDED:
    case OUTCOME_ORPHANED:
        break;
    }
    return false;
}

static void back_off(struct agt *agt, struct work *work)
{
    size_t used = strlen(work->message);
    int64_t delay_ms;

    work->not_before = agt->now;
    if (work->outcome == OUTCOME_STOPPED || work->outcome == OUTCOME_LEASE_ENDED) {
        return;
    }
    MARK("a run is tried again after a pause");
    work->tries++;
    delay_ms = agt_back_off(agt, (unsigned)work->tries - 1, RESTART_MIN_MS, RESTART_MAX_MS);
    work->not_before = mono_after(agt->now, delay_ms);
    (void)snprintf(work->message + used, sizeof(work->message) - used,
                   "; started again in %" PRId64 " ms", delay_ms);
}

static void take_exit(struct agt *agt, struct work *work, const struct agt_exit *exit)
{
    bool is_outdated = work_is_outdated(work);

    assert(work->run.is_open);
    work->run.is_open = false;
    work->outcome = outcome_of(work, exit);
    work->outcomes++;
    account(agt, work, exit);
    if (work->outcome == OUTCOME_EXITED_NON_ZERO || work->outcome == OUTCOME_START_FAILED) {
        work->failures++;
    } else if (work->outcome == OUTCOME_COMPLETED) {
        work->failures = 0;
    }
    describe_outcome(work, exit);
    agt->saver.is_due = true;
    if (work->is_wanted && !is_outdated && work->outcome == OUTCOME_COMPLETED &&
        is_for_good(work) && collect_is_wanted(work)) {
        work->collect = (struct collect){.version = work->collect.version};
        move(agt, work, WORK_COLLECTING); /* its folder is still needed */
        return;
    }
    forget_run(agt, work->wanted.uid, work->run.number);
    if (!work->is_wanted) {
        move(agt, work, WORK_STOPPED);
    } else if (is_outdated) {
        MARK("a run makes room for its next form");
        work->outcome = OUTCOME_NONE;
        work->failures = work->tries = 0;
        work->not_before = agt->now;
        move(agt, work, WORK_WAITING);
    } else if (is_for_good(work)) {
        MARK("a run ended for good");
        move(agt, work, work->outcome == OUTCOME_COMPLETED ? WORK_DONE : WORK_FAILED);
    } else {
        back_off(agt, work);
        move(agt, work, WORK_WAITING);
    }
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
        take_exit(agt, work, &(struct agt_exit){.cause = EXIT_LOST});
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
        move(agt, work, WORK_WAITING);
    }
    move(agt, work, WORK_STARTING);
    move(agt, work, WORK_RUNNING);
}

static void on_found_ended(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work != NULL) {
        MARK("a run ended while its agent was away");
        take_exit(agt, work, event->found.exit);
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
        move(agt, work, WORK_RUNNING);
    }
}

void converge_on_start(struct agt *agt)
{
    const struct agt_exit lost = {.cause = EXIT_LOST};

    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (work->run.is_open && !work->run.is_found) {
            MARK("a run was lost while its agent was away");
            take_exit(agt, work, &lost);
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
    if (work->state == WORK_STARTING) {
        move(agt, work, WORK_RUNNING);
    }
}

void converge_on_exited(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_run(agt, event);

    if (work != NULL) {
        take_exit(agt, work, event->exit);
    } else {
        forget_run(agt, event->uid, event->run); /* taken in before */
    }
}

/* An output that is not there is a failure of the run, whatever it said; also when it was stored
 * once, for that success was not acknowledged, so nothing may refer to what was stored. */
static void miss_output(struct agt *agt, struct work *work, const struct agt_event *event)
{
    struct agt_exit exit = {.message = ""};

    MARK("an output is missing");
    (void)snprintf(exit.message, sizeof(exit.message), "%s",
                   event->collected.message == NULL ? "" : event->collected.message);
    work->outcome = OUTCOME_OUTPUT_MISSING;
    work->outcomes++;
    work->failures++;
    describe_outcome(work, &exit);
    if (is_for_good(work)) {
        move(agt, work, WORK_FAILED);
    } else {
        back_off(agt, work);
        move(agt, work, WORK_WAITING);
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
            move(agt, work, WORK_DONE);
        }
    } else {
        if (work->state == WORK_DONE) { /* a state put back, or copied without its runs */
            MARK("outputs that were stored are not here any more");
        }
        work->collect.state = COLLECT_NONE;
        work->collect.keeps_files = false;
        collect_keep(work, &(outputs_t){.count = 0});
        forget_run(agt, work->wanted.uid, work->run.number);
        miss_output(agt, work, event);
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

    if (work == NULL || work->state != WORK_RUNNING || MUTANT(LAPSE_IGNORED)) {
        return;
    }
    MARK("a run was suspended by its shim");
    govern_on_lapsed(agt, work);
    count_suspension(agt, work);
    work->run.may_freeze = false;
    work->run.unwatched_ms = SILENCE_MIN_MS; /* it has some limit, perhaps one that is over */
    agt->saver.is_due = true;
    move(agt, work, WORK_SUSPENDED);
}

void converge_on_unsaved(struct agt *agt, uint64_t step)
{
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (work->run.is_open && work->run.spawned_in_step == step) {
            MARK("a start that was not saved is taken back");
            work->run.is_open = false; /* its number stays used */
            work->starts--;
            move(agt, work, WORK_WAITING);
        }
    }
    vec_each (&agt->forgettables, forgettable) {
        forgettable->is_sent = false;
    }
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
 * an eviction may take is its policy's to say, and the owner's. */
static int64_t stop_grace_ms(const struct agt *agt, const struct work *work)
{
    int64_t grace_ms = asked_grace_ms(work);
    bool is_held =
        agt->is_paused || (work->governed.outcome >= POLICY_SUSPEND && !work->run.is_evicted);

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
    move(agt, work, WORK_STOPPING);
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
    move(agt, work, WORK_SUSPENDED);
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
        move(agt, work, WORK_RUNNING);
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
    move(agt, work, WORK_STARTING);
}

/* All but what is still to be brought here. */
static bool may_begin(const struct agt *agt, const struct work *work)
{
    return (!govern_is_held(agt, work) || MUTANT(PAUSE_IGNORED)) &&
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
        move(agt, work, WORK_WAITING);
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
    move(agt, work, WORK_WAITING);
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
        } else {
            watch(agt, work);
            suspend_or_resume(agt, work);
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
        if (collect_is_in_doubt(agt, work) && link_is_welcomed(agt)) {
            collect_settle(agt, work, true);
        }
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
        move(agt, work, WORK_STOPPED);
        break;
    case WORK_COLLECTING:
        stop_collecting(agt, work);
        move(agt, work, WORK_STOPPED);
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

/* Those sent in an earlier step are gone for good, as no failure came back. */
static void send_forgettables(struct agt *agt)
{
    struct forgettables *all = &agt->forgettables;
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].is_sent) {
            free(all->items[i].uid);
        } else {
            all->items[kept++] = all->items[i];
        }
    }
    all->count = kept;
    if (!saver_may_save(agt)) {
        return;
    }
    vec_each (all, forgettable) {
        out_add_run(agt, AGT_FORGET, OUT_WHEN_SAVED, forgettable->uid, forgettable->run);
        forgettable->is_sent = true;
    }
}

void converge(struct agt *agt)
{
    send_forgettables(agt);
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
    if (work->is_wanted && work->state == WORK_WAITING && !govern_is_held(agt, work)) {
        return work->not_before;
    }
    return work->run.is_open ? mono_earlier(work->run.lease_end, checkpoint_deadline(work))
                             : MONO_NEVER;
}

void converge_fini(struct agt *agt)
{
    vec_each (&agt->forgettables, forgettable) {
        free(forgettable->uid);
    }
    vec_fini(&agt->forgettables);
}
