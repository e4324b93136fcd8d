/* What came of a run, and where that leaves its work: tried again, done, failed or stopped. */
#include "agent/core/outcome.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum work_outcome outcome_of(const struct work *work, const struct agt_exit *exit)
{
    switch (exit->cause) {
    case EXIT_BY_ITSELF:
        if (exit->code == 0) {
            return OUTCOME_COMPLETED;
        }
        return str_starts(exit->message, EXIT_MEMORY_LIMIT) ? OUTCOME_MEMORY_LIMIT
               : str_starts(exit->message, EXIT_PIDS_LIMIT) ? OUTCOME_PIDS_LIMIT
                                                            : OUTCOME_EXITED_NON_ZERO;
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

/* What it did itself counts against it; what is shown is its code. */
static bool has_failed(const struct work *work)
{
    return work->outcome == OUTCOME_EXITED_NON_ZERO || work->outcome == OUTCOME_MEMORY_LIMIT ||
           work->outcome == OUTCOME_PIDS_LIMIT;
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
        [OUTCOME_MEMORY_LIMIT] = "exited with code",
        [OUTCOME_PIDS_LIMIT] = "exited with code",
        [OUTCOME_START_FAILED] = "could not be started",
        [OUTCOME_STOPPED] = "was stopped",
        [OUTCOME_LEASE_ENDED] = "was stopped because its lease ended",
        [OUTCOME_LOST] = "its process is gone, and how it ended is not known",
        [OUTCOME_OUTPUT_MISSING] = "ended well, and an output is not there",
        [OUTCOME_ORPHANED] = "was stopped because no agent came back for it in time",
    };
    size_t size = sizeof(work->message);
    int used = snprintf(work->message, size, "%s", words[work->outcome]);

    if (has_failed(work)) {
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
    case OUTCOME_MEMORY_LIMIT:
    case OUTCOME_PIDS_LIMIT:
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
                   ASSIGNMENT_STARTED_AGAIN "%" PRId64 " ms", delay_ms);
}

void outcome_take(struct agt *agt, struct work *work, const struct agt_exit *exit)
{
    bool is_outdated = work_is_outdated(work);

    assert(work->run.is_open);
    work->run.is_open = false;
    work->outcome = outcome_of(work, exit);
    work->outcomes++;
    account(agt, work, exit);
    if (drift_take_end(agt, work, exit)) {
        MARK("what was ended from outside is left so");
        describe_outcome(work, exit);
        drift_describe(work);
        agt->saver.is_due = true;
        forget_run(agt, work->wanted.uid, work->run.number);
        work->not_before = agt->now;
        work_move(agt, work, WORK_WAITING);
        return;
    }
    if (has_failed(work) || work->outcome == OUTCOME_START_FAILED) {
        work->failures++;
    } else if (work->outcome == OUTCOME_COMPLETED) {
        work->failures = 0;
    }
    describe_outcome(work, exit);
    agt->saver.is_due = true;
    if (work->is_wanted && !is_outdated && work->outcome == OUTCOME_COMPLETED &&
        is_for_good(work) && collect_is_wanted(work)) {
        work->collect = (struct collect){.version = work->collect.version};
        work_move(agt, work, WORK_COLLECTING); /* its folder is still needed */
        return;
    }
    forget_run(agt, work->wanted.uid, work->run.number);
    if (!work->is_wanted) {
        work_move(agt, work, WORK_STOPPED);
    } else if (is_outdated) {
        MARK("a run makes room for its next form");
        work->outcome = OUTCOME_NONE;
        work->failures = work->tries = 0;
        work->not_before = agt->now;
        work_move(agt, work, WORK_WAITING);
    } else if (is_for_good(work)) {
        MARK("a run ended for good");
        work_move(agt, work, work->outcome == OUTCOME_COMPLETED ? WORK_DONE : WORK_FAILED);
    } else {
        back_off(agt, work);
        work_move(agt, work, WORK_WAITING);
    }
}

/* An output that is not there is a failure of the run, whatever it said; also when it was stored
 * once, for that success was not acknowledged, so nothing may refer to what was stored. */
void outcome_miss_output(struct agt *agt, struct work *work, const struct agt_event *event)
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
        work_move(agt, work, WORK_FAILED);
    } else {
        back_off(agt, work);
        work_move(agt, work, WORK_WAITING);
    }
}
