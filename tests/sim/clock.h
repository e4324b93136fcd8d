/* A boot clock: it counts from a moment of true time, and runs a little fast or slow, as crystals
 * do.  Leases allow two clocks to part by one part in LEASE_DRIFT_SHARE; each of them may take half
 * of that. */
#pragma once

#include "schema/base/mono.h"

enum { CLOCK_PPM_MAX = 500 };

struct clock {
    int64_t zero_ms; /* true time at which it read zero */
    int64_t ppm;     /* fast by so many millionths; slow when negative */
};

static inline struct mono clock_read(const struct clock *clock, int64_t true_ms)
{
    int64_t ms = true_ms - clock->zero_ms;

    return (struct mono){ms + ms * clock->ppm / 1000000};
}

/* The first moment of true time at which it reads this. */
static inline int64_t clock_true_ms(const struct clock *clock, struct mono moment)
{
    int64_t true_ms = clock->zero_ms + moment.ms - moment.ms * clock->ppm / (1000000 + clock->ppm);

    while (clock_read(clock, true_ms - 1).ms >= moment.ms) {
        true_ms--;
    }
    while (clock_read(clock, true_ms).ms < moment.ms) {
        true_ms++;
    }
    return true_ms;
}
