#include "schema/base/histogram.h"

#include <assert.h>

void histogram_add(struct histogram *histogram, const int64_t *bounds_us, size_t bound_count,
                   int64_t value_us)
{
    size_t at = 0;

    assert(bound_count <= HISTOGRAM_BOUNDS_MAX);
    value_us = value_us < 0 ? 0 : value_us;
    while (at < bound_count && value_us > bounds_us[at]) {
        at++;
    }
    histogram->buckets[at]++;
    histogram->count++;
    histogram->sum_us += value_us;
}
