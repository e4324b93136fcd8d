/* How work shares what it may have of the machine: what a policy's `limits` and the owner's caps
 * allow is for all work together, not for each piece of it.
 *
 * Pieces may have different percentages: their policies differ, and heat may slow one of them.
 * Then each has its share of its own percentage, so that for every percentage holds: the work that
 * may have so much or less never has more than that together.  The owner's cap is a percentage of
 * all work.
 *
 *     processors   shared by the cores that work declares; what declares none has next to nothing
 *                  beside what does.  Shares are told anew whenever work begins, ends, is suspended
 *                  or goes on, those who lose some before the one that begins.
 *     memory       may be used by whoever comes first.  When there is too much of it, the one most
 *                  above its share, by the memory that work declares, ends, and nobody else.
 *
 * What has been told to end shares for as long as it is there, but no memory is its own any more:
 * it goes first where that is enough. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum { CPU_LIMIT_UNKNOWN = -1 };

struct shares {
    int64_t weight; /* thousandths of cores that the work which is limited and runs declares */
};

/* Thousandths of all the machine's processor time that it may use when it runs; 0: no limit. */
int64_t share_cpu_limit(const struct agt *agt, const struct work *work);
/* Bytes that all work holds, as it was measured last. */
int64_t share_memory_held(const struct agt *agt);
/* Tells everybody its share of the processors, what is being started included, and ends what has
 * too much memory; last in each step. */
void share_out(struct agt *agt);
