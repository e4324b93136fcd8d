/* The processor limit where there is no cgroup to keep it: a duty cycle.
 *
 * Each period the workload is credited what it may use; what it did use is taken off; it runs while
 * there is credit and is stopped while there is none.  For a workload of one busy thread this is
 * BOINC's rule (`x += limit; if x >= 100 run and x -= 100, else stop`); for several threads or idle
 * ones it follows what they really used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct duty {
    int64_t limit;     /* thousandths of a core */
    int64_t credit_us; /* of processor time */
};

void duty_init(struct duty *duty, int64_t limit); /* limit > 0 */
/* A period is over: `used_us` of processor time in `elapsed_us`.  May it run in the next? */
bool duty_step(struct duty *duty, int64_t used_us, int64_t elapsed_us);
