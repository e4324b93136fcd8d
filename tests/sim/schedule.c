/* A binary heap in a vec. */
#include "tests/sim/schedule.h"

#include "tests/sim/tape.h"

#include <assert.h>

enum { TIES = 64 };

void schedule_init(struct schedule *schedule, struct tape *tape)
{
    *schedule = (struct schedule){0};
    tape_die(tape, &schedule->die, "ties");
}

void schedule_fini(struct schedule *schedule)
{
    vec_fini(&schedule->heap);
}

static bool is_before(const struct happening *a, const struct happening *b)
{
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms;
    }
    return a->tie != b->tie ? a->tie < b->tie : a->order < b->order;
}

static void swap(struct happening *a, struct happening *b)
{
    struct happening kept = *a;

    *a = *b;
    *b = kept;
}

static void sift_up(struct schedule *schedule, size_t at)
{
    struct happening *items = schedule->heap.items;

    while (at > 0 && is_before(&items[at], &items[(at - 1) / 2])) {
        swap(&items[at], &items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct schedule *schedule)
{
    struct happening *items = schedule->heap.items;
    size_t count = schedule->heap.count, at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < count && is_before(&items[child + 1], &items[child])) {
            child++;
        }
        if (child >= count || !is_before(&items[child], &items[at])) {
            return;
        }
        swap(&items[child], &items[at]);
        at = child;
    }
}

void schedule_at(struct schedule *schedule, int64_t at_ms, happening_fn happen, void *who,
                 uint64_t arg)
{
    struct happening happening = {.at_ms = at_ms < schedule->now_ms ? schedule->now_ms : at_ms,
                                  .tie = die_below(&schedule->die, TIES),
                                  .order = ++schedule->order,
                                  .happen = happen,
                                  .who = who,
                                  .arg = arg};

    vec_add(&schedule->heap, happening);
    sift_up(schedule, schedule->heap.count - 1);
}

void schedule_after(struct schedule *schedule, int64_t delay_ms, happening_fn happen, void *who,
                    uint64_t arg)
{
    schedule_at(schedule, schedule->now_ms + delay_ms, happen, who, arg);
}

bool schedule_next(struct schedule *schedule, int64_t until_ms, struct happening *ret_happening)
{
    if (schedule->heap.count == 0 || schedule->heap.items[0].at_ms > until_ms) {
        schedule->now_ms = until_ms > schedule->now_ms ? until_ms : schedule->now_ms;
        return false;
    }
    *ret_happening = schedule->heap.items[0];
    assert(ret_happening->at_ms >= schedule->now_ms);
    schedule->now_ms = ret_happening->at_ms;
    schedule->heap.items[0] = vec_pop(&schedule->heap);
    sift_down(schedule);
    return true;
}
