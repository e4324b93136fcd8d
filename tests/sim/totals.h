/* What many worlds add up to. */
#pragma once

#include "tests/sim/sim.h"

enum { TOTALS_SITES_MAX = 1024, TOTALS_BUCKETS = 8192, TOTALS_BUCKET_MS = 100 };

struct totals { /* plain data */
    struct tallies tallies;
    uint64_t seeds;
    double cpu_seconds;               /* of the processes that ran them */
    uint64_t buckets[TOTALS_BUCKETS]; /* of times from the faults' end to being as desired */
    int64_t slowest_ms;
    uint64_t slowest_seed;
    uint64_t passed[TOTALS_SITES_MAX]; /* by place in the program's sites */
};

void totals_add(struct totals *totals, uint64_t seed, const struct tallies *tallies);
void totals_take_sites(struct totals *totals); /* the counts of this process */
void totals_sum(struct totals *totals, const struct totals *part);

void totals_print(const struct totals *totals, double seconds);
void totals_print_faults(const struct totals *totals);
void totals_print_sites(const struct totals *totals);
/* Prints what a long campaign should have seen and did not; true when there is nothing. */
bool totals_are_complete(const struct totals *totals);
