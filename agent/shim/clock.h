/* The clocks of the shell; the core is told the time. */
#pragma once

#include "schema/base/mono.h"

#include <time.h>

static inline int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* cannot fail for the clocks below */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct mono clock_mono(void)
{
    return (struct mono){clock_ms(CLOCK_BOOTTIME)};
}

static inline struct wall clock_wall(void)
{
    return (struct wall){clock_ms(CLOCK_REALTIME)};
}
