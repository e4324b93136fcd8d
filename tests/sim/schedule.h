/* What will happen, and when: a heap by (moment, tie), the tie drawn from the seed, so that things
 * due at the same moment come in another order with another seed. */
#pragma once

#include "schema/base/vec.h"
#include "tests/sim/die.h"

struct sim;
struct tape;

typedef void (*happening_fn)(struct sim *sim, void *who, uint64_t arg);

struct happening {
    int64_t at_ms; /* true time of the simulation */
    uint64_t tie, order;
    happening_fn happen;
    void *who; /* borrowed: lives as long as the simulation */
    uint64_t arg;
};

struct schedule {
    int64_t now_ms;
    uint64_t order;
    struct die die;
    struct {
        VEC_OF(struct happening);
    } heap;
};

void schedule_init(struct schedule *schedule, struct tape *tape);
void schedule_fini(struct schedule *schedule);
/* Not earlier than now. */
void schedule_at(struct schedule *schedule, int64_t at_ms, happening_fn happen, void *who,
                 uint64_t arg);
void schedule_after(struct schedule *schedule, int64_t delay_ms, happening_fn happen, void *who,
                    uint64_t arg);
/* Takes the next happening up to a moment, and moves the time to it; false, with the time moved to
 * the moment, when there is none. */
bool schedule_next(struct schedule *schedule, int64_t until_ms, struct happening *ret_happening);
