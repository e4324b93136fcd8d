/* What a run adds up to: which faults struck how often, what was survived, how much went on, and
 * how long it took to converge. */
#pragma once

#include "schema/base/vec.h"
#include "tests/chaos/chaos_faults.h"

enum { CLASSES_MAX = 128 };

struct calm {   /* the fleet converged */
    int64_t ms; /* after the last fault */
    uint64_t step;
};

struct report {
    uint64_t steps, mixed; /* of these, with several faults */
    struct {
        VEC_OF(struct calm);
    } calms;
    struct tally {
        uint64_t drawn, fired;
        bool is_left_out; /* of this run */
    } tally[CLASSES_MAX];
    int64_t link_bytes;
    bool wants_every_class; /* each must have struck, not only those drawn */
    bool is_cut_short;      /* told to end: it proves nothing, and so lacks nothing */
};

uint64_t report_kills(void); /* with -9, so far */
/* Unless cut short, complains of faults that never struck, and of too little traffic. */
void report_print(struct report *report, struct world *world, int64_t took_ms);
