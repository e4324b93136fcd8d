/* How often something took how long: counts in fixed buckets, and their sum.  Microseconds, so that
 * adding up is exact. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 16 };

struct histogram {
    uint64_t buckets[HISTOGRAM_BOUNDS_MAX + 1]; /* each with what is not above its bound and above
                                                   the one before; the last: above all */
    uint64_t count;
    int64_t sum_us;
};

/* `bounds_us` rises; at most HISTOGRAM_BOUNDS_MAX.  What is below 0 counts as 0: clocks are set. */
void histogram_add(struct histogram *histogram, const int64_t *bounds_us, size_t bound_count,
                   int64_t value_us);
