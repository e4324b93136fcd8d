/* How far an agent can be relied upon, from what happened to the work that it was given: one number
 * for each domain of work.
 *
 *     valid   a result that was taken: with a quorum one that agreed with it
 *     late    it fell silent for longer than replaceAfter, and its work was given to another
 *     failed  an attempt that failed, or a result that others did not agree with
 *
 * After Josang and Ismail, "The Beta Reputation System" (2002): each outcome adds weight to what
 * speaks for the agent and to what speaks against it (valid 1 and 0, late 1/2 and 1/2, failed 0 and
 * 1), and the score is the expected share of good outcomes, (good + 1) / (good + bad + 2).  Before
 * each outcome both weights fade to 19/20, which is their forgetting factor of 0.95: about the last
 * twenty outcomes count, and both together stay below 20.  So a new agent has 50 %, ten valid
 * results in a row give 90 %, and 95 % is the most. */
#pragma once

#include "schema/kind.h"

enum repute { REPUTE_VALID, REPUTE_LATE, REPUTE_FAILED, REPUTE_COUNT };

struct esteem { /* of one domain */
    uint64_t set;
    int64_t score;               /* percent, rounded down */
    int64_t valid, late, failed; /* how often, in all */
    int64_t good, bad;           /* weights, in thousandths */
};

struct reputation { /* a member for each domain */
    uint64_t set;
    struct esteem harvest;
};

extern const struct shape esteem_shape, reputation_shape;

enum { REPUTATION_NEW = 50 }; /* percent, of whom nothing has happened to */

void esteem_add(struct esteem *esteem, enum repute outcome);
