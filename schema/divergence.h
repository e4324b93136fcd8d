/* Of what kind it is that something is not as declared: four classes, and whose affair each is. */
#pragma once

#include <stddef.h>

enum divergence {
    DIVERGENCE_CONFIGURATION, /* what is so has not caught up with what was declared, or differs
                                 from it: the operator's */
    DIVERGENCE_NETWORK,       /* somebody cannot be reached: the network's, or the machine's */
    DIVERGENCE_RESOURCES,     /* something is lacking: room, an agent, power, the owner's leave */
    DIVERGENCE_SOFTWARE,      /* what was to run does not run as it should: the workload's */
    DIVERGENCE_COUNT,
};

extern const char *const divergence_words[]; /* "Configuration"; NULL-terminated */

/* The class of a reason; DIVERGENCE_COUNT when it is good news.  What nobody knows is the
 * software's: such reasons come from there. */
enum divergence divergence_of(const char *reason);

/* The reasons that have a row, for a test. */
size_t divergence_rows(void);
const char *divergence_reason(size_t row);
