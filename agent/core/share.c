/* Shares are computed from what runs at the end of a step, and never kept: whatever was missed, the
 * next step makes right. */
#include "agent/core/share.h"

#include "agent/core/model.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"

#include <stdio.h>

enum {
    ALL_OF_IT = 100,
    MEMORY_UNIT_SHIFT = 20,
    MEMORY_UNITS_MAX = 1 << 24, /* what declares more weighs as much: products stay small */
};

/* The smaller of two percentages, where 0 is none. */
static int64_t stricter(int64_t a, int64_t b)
{
    a = a > 0 && a < ALL_OF_IT ? a : ALL_OF_IT;
    return b > 0 && b < a ? b : a;
}

static bool is_running(const struct work *work)
{
    return work->run.is_open && (work->state == WORK_STARTING || work->state == WORK_RUNNING ||
                                 work->state == WORK_STOPPING);
}

/* --- processors ---------------------------------------------------------------------------------
 */

static int64_t cpu_percent(const struct agt *agt, const struct work *work)
{
    int64_t percent = work->wanted.template.limits.cpu_percent;

    if (work->governed.has_begun) {
        percent = stricter(percent, work->governed.cpu_percent);
    }
    return stricter(percent, agt->options.settings.caps.cpu_percent);
}

static int64_t cores_of(const struct work *work)
{
    int64_t cores = work->wanted.template.workload.resources.cores;

    return cores < 1 ? 1 : cores;
}

static bool is_weighed(const struct agt *agt, const struct work *work)
{
    return is_running(work) && cpu_percent(agt, work) < ALL_OF_IT;
}

static void weigh(struct agt *agt)
{
    agt->shares.weight = 0;
    map_each (&agt->set.works, entry) {
        if (is_weighed(agt, work_of(entry))) {
            agt->shares.weight += cores_of(work_of(entry));
        }
    }
}

int64_t share_cpu_limit(const struct agt *agt, const struct work *work)
{
    int64_t percent = cpu_percent(agt, work), own = cores_of(work), all = agt->shares.weight, limit;

    if (percent >= ALL_OF_IT) {
        return 0;
    }
    all = is_weighed(agt, work) && all >= own ? all : all + own;
    if (MUTANT(EACH_HAS_THE_WHOLE)) {
        all = own;
    }
    limit = percent * 10 * own / all;
    return limit < 1 ? 1 : limit;
}

static void limit(struct agt *agt, struct work *work)
{
    int64_t limit = share_cpu_limit(agt, work);

    if (limit != work->run.cpu_limit) { /* also when nobody knows what an earlier agent told */
        MARK("a run gets another limit");
        out_add_run(agt, AGT_LIMIT, OUT_AT_ONCE, work->wanted.uid, work->run.number)->cpu_limit =
            limit;
    }
    work->run.cpu_limit = limit;
}

/* What is being started is told so as it starts: there is nobody yet to tell it to. */
static void limit_spawns(struct agt *agt)
{
    vec_each (&agt->out.held, effect) {
        struct work *work = effect->type == AGT_SPAWN ? set_find(agt, effect->spawn.uid) : NULL;

        if (work != NULL) {
            effect->spawn.cpu_limit = work->run.cpu_limit = share_cpu_limit(agt, work);
        }
    }
}

static void share_processors(struct agt *agt)
{
    weigh(agt);
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if ((is_running(work) || work->state == WORK_SUSPENDED) &&
            work->run.spawned_in_step != agt->counters.steps) {
            limit(agt, work);
        }
    }
    limit_spawns(agt);
}

/* --- memory -------------------------------------------------------------------------------------
 */

/* Suspended work holds its memory.  What was told to end for having too much is as good as gone. */
static bool holds_memory(const struct work *work)
{
    return (is_running(work) || work->state == WORK_SUSPENDED) && !work->run.is_overrun;
}

static int64_t memory_percent(const struct agt *agt, const struct work *work)
{
    return stricter(work->wanted.template.limits.memory_percent,
                    agt->options.settings.caps.memory_percent);
}

static int64_t memory_weight(const struct work *work)
{
    int64_t units = work->wanted.template.workload.resources.memory >> MEMORY_UNIT_SHIFT;

    units = units > MEMORY_UNITS_MAX ? MEMORY_UNITS_MAX : units;
    return work->state == WORK_STOPPING ? 0 : units < 1 ? 1 : units;
}

struct whole { /* of the work that may have so many percent or less */
    int64_t percent, most, held, weight;
    int64_t leaving; /* of `held`, by work that was told to end anyway */
};

static void add_up(const struct agt *agt, int64_t percent, struct whole *ret_whole)
{
    int64_t memory = agt->options.memory;

    *ret_whole = (struct whole){.percent = percent};
    ret_whole->most = memory / 100 * percent + memory % 100 * percent / 100;
    map_each (&agt->set.works, entry) {
        const struct work *work = work_of(entry);

        if (holds_memory(work) && memory_percent(agt, work) <= percent) {
            ret_whole->held += work->run.memory;
            ret_whole->weight += memory_weight(work);
            ret_whole->leaving += work->state == WORK_STOPPING ? work->run.memory : 0;
        }
    }
}

int64_t share_memory_held(const struct agt *agt)
{
    struct whole whole;

    add_up(agt, ALL_OF_IT, &whole);
    return whole.held;
}

static int64_t memory_share(const struct whole *whole, const struct work *work)
{
    int64_t all = whole->weight, own = memory_weight(work);

    return all == 0 ? 0 : whole->most / all * own + whole->most % all * own / all;
}

/* What goes anyway goes first where that is enough; where it is not, it would lose its time to save
 * what it has for nothing. */
static struct work *find_most_above(const struct agt *agt, const struct whole *whole)
{
    bool leaving_is_enough = whole->held - whole->leaving <= whole->most;
    struct work *found = NULL;
    int64_t most = 0;

    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);
        int64_t above = work->run.memory - memory_share(whole, work);

        if (holds_memory(work) && memory_percent(agt, work) <= whole->percent &&
            (work->state == WORK_STOPPING || !leaving_is_enough) &&
            (found == NULL || above > most)) {
            found = work;
            most = above;
        }
    }
    return found;
}

static void end_for_memory(struct agt *agt, struct work *work, const struct whole *whole)
{
    char message[OVERRUN_MESSAGE_SIZE], held[QUANTITY_TEXT_SIZE], most[QUANTITY_TEXT_SIZE],
        its[QUANTITY_TEXT_SIZE], share[QUANTITY_TEXT_SIZE];

    MARK("a run ends because all together hold too much memory");
    quantity_to_rough_str(whole->held, held);
    quantity_to_rough_str(whole->most, most);
    quantity_to_rough_str(work->run.memory, its);
    quantity_to_rough_str(memory_share(whole, work), share);
    (void)snprintf(message, sizeof(message),
                   EXIT_MEMORY_LIMIT "all that may have %lld %% of the memory together holds %s "
                                     "of %s; this holds %s, the most above its share of %s",
                   (long long)whole->percent, held, most, its, share);
    trace_add(&agt->trace, agt->now, "work %s: %s", work->wanted.uid, message);
    work->run.is_overrun = true;
    out_add_run(agt, AGT_OVERRUN, OUT_AT_ONCE, work->wanted.uid, work->run.number)->message =
        out_text(agt, message);
}

/* Ends the fewest: after each it looks again whether what is left fits. */
static void keep_whole(struct agt *agt, int64_t percent)
{
    struct whole whole;

    add_up(agt, percent, &whole);
    while (whole.held > whole.most) {
        struct work *work = find_most_above(agt, &whole);

        end_for_memory(agt, work, &whole);
        add_up(agt, percent, &whole);
    }
}

static void share_memory(struct agt *agt)
{
    bool is_used[ALL_OF_IT] = {false}; /* percentages that somebody has */

    if (agt->options.memory <= 0 || MUTANT(MEMORY_NOT_SUMMED)) {
        return;
    }
    map_each (&agt->set.works, entry) {
        int64_t percent = memory_percent(agt, work_of(entry));

        if (percent < ALL_OF_IT && holds_memory(work_of(entry))) {
            is_used[percent] = true;
        }
    }
    for (int64_t percent = 1; percent < ALL_OF_IT; percent++) {
        if (is_used[percent]) {
            keep_whole(agt, percent);
        }
    }
}

void share_out(struct agt *agt)
{
    share_processors(agt);
    share_memory(agt);
}
