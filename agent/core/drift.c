/* One flag for each sort of drift, raised by what is seen and taken down by what is seen. */
#include "agent/core/drift.h"

#include "agent/core/model.h"
#include "schema/base/site.h"

#include <inttypes.h>
#include <stdio.h>

enum { MENDED_BY_SHIM = 1U << DRIFT_STOPPED | 1U << DRIFT_LIMITS };

static bool heals(const struct work *work)
{
    return work->wanted.template.drift == DRIFT_HEAL || MUTANT(DRIFT_ALWAYS_HEALED);
}

static void changed(struct agt *agt, struct work *work)
{
    work->drift.version++;
    agt->saver.is_due = true;
}

static void find(struct agt *agt, struct work *work, enum drift_sort sort, const char *detail)
{
    if (work->drift.sorts[sort].is_open) {
        return;
    }
    work->drift.sorts[sort].is_open = true;
    work->drift.sorts[sort].found++;
    work->drift.sorts[sort].since = agt->wall;
    (void)snprintf(work->drift.sorts[sort].detail, DRIFT_DETAIL_SIZE, "%s", detail);
    changed(agt, work);
}

static void end(struct agt *agt, struct work *work, enum drift_sort sort, bool is_healed)
{
    if (work->drift.sorts[sort].is_open) {
        work->drift.sorts[sort].is_open = false;
        work->drift.sorts[sort].healed += is_healed;
        changed(agt, work);
    }
}

void drift_on_seen(struct agt *agt, const struct agt_event *event)
{
    static const char *const details[DRIFT_COUNT] = {
        [DRIFT_STOPPED] = "its process was stopped by a signal from outside",
        [DRIFT_LIMITS] = "values of its control groups were changed from outside",
        [DRIFT_FILES] = "its working directory is gone",
    };
    struct work *work = set_find(agt, event->uid);

    if (work == NULL || !work->is_wanted || !work->run.is_open || work->run.number != event->run) {
        return;
    }
    for (int sort = 0; sort < DRIFT_COUNT; sort++) {
        bool is_seen = (event->drift >> sort & 1U) != 0;

        if (is_seen && details[sort] != NULL) {
            MARK("a shim tells of drift");
            find(agt, work, (enum drift_sort)sort, details[sort]);
        } else if (sort == DRIFT_STOPPED || sort == DRIFT_LIMITS) {
            end(agt, work, (enum drift_sort)sort, heals(work));
        }
    }
    work->drift.is_mend_due = (event->drift & MENDED_BY_SHIM) != 0;
}

void drift_on_started(struct agt *agt, struct work *work)
{
    end(agt, work, DRIFT_ENDED, true);
}

void drift_drop(struct work *work)
{
    for (int sort = 0; sort < DRIFT_COUNT; sort++) {
        work->drift.version += work->drift.sorts[sort].is_open;
        work->drift.sorts[sort].is_open = false;
    }
    work->drift.is_left = work->drift.is_mend_due = false;
}

bool drift_take_end(struct agt *agt, struct work *work, const struct agt_exit *exit)
{
    char detail[DRIFT_DETAIL_SIZE] = "its shim was killed, and its process with it";

    end(agt, work, DRIFT_STOPPED, false);
    end(agt, work, DRIFT_LIMITS, false);
    end(agt, work, DRIFT_FILES, heals(work)); /* the next run has a directory of its own */
    work->drift.is_mend_due = false;
    if (!exit->is_from_outside || !work->is_wanted || work->state == WORK_STOPPING ||
        work_is_outdated(work)) {
        return false;
    }
    if (exit->cause == EXIT_BY_ITSELF) {
        (void)snprintf(detail, sizeof(detail), "its process was ended by signal %d from outside",
                       exit->code - 128);
    }
    MARK("a run was ended from outside");
    work->drift.sorts[DRIFT_ENDED].is_open = false; /* each is counted */
    find(agt, work, DRIFT_ENDED, detail);
    work->drift.is_left = !heals(work);
    return work->drift.is_left;
}

void drift_describe(struct work *work)
{
    (void)snprintf(work->message, sizeof(work->message),
                   "%s; left as it is, for its session says drift: report",
                   work->drift.sorts[DRIFT_ENDED].detail);
}

bool drift_is_left(const struct work *work)
{
    return work->drift.is_left;
}

bool drift_ends(const struct work *work)
{
    return work->drift.sorts[DRIFT_FILES].is_open && work->run.is_open && heals(work);
}

void drift_mend(struct agt *agt, struct work *work)
{
    if (work->drift.is_mend_due && heals(work) && !MUTANT(DRIFT_NEVER_HEALED)) {
        MARK("drift is mended");
        out_add_run(agt, AGT_MEND, OUT_AT_ONCE, work->wanted.uid, work->run.number);
    }
    work->drift.is_mend_due = false;
}

void drift_list(struct work *work, drift_t *ret_drift)
{
    struct drift *drift = &work->drift;
    size_t count = 0;

    for (int sort = 0; sort < DRIFT_COUNT; sort++) {
        if (drift->sorts[sort].found > 0) {
            drift->rows[count++] = (struct drift_row){.sort = drift_words[sort],
                                                      .open = drift->sorts[sort].is_open,
                                                      .found = drift->sorts[sort].found,
                                                      .healed = drift->sorts[sort].healed,
                                                      .since = drift->sorts[sort].since,
                                                      .detail = drift->sorts[sort].detail};
        }
    }
    *ret_drift = (drift_t){.items = drift->rows, .count = count};
}

void drift_load(struct work *work, const drift_t *drift, bool is_left)
{
    for (int sort = 0; sort < DRIFT_COUNT; sort++) {
        const struct drift_row *row = drift_row_find(drift, drift_words[sort]);

        if (row != NULL) {
            work->drift.sorts[sort].is_open = row->open;
            work->drift.sorts[sort].found = row->found;
            work->drift.sorts[sort].healed = row->healed;
            work->drift.sorts[sort].since = row->since;
            (void)snprintf(work->drift.sorts[sort].detail, DRIFT_DETAIL_SIZE, "%s",
                           row->detail == NULL ? "" : row->detail);
        }
    }
    work->drift.is_left = is_left;
}
