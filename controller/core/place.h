/* Placing: which agent is to run a replica.  Pure: it reads the model and writes nothing.
 *
 * Rules, in the order in which they refuse an agent; the first one that does is counted, so that a
 * person hears what stands in the way of those that would otherwise do:
 *
 *     1  its labels match the session's selector
 *     2  it meets every requirement, and `where` holds of it; what is not known is unmet
 *     3  it is connected, not paused by its owner, and schedulable; and the policy would let the
 *        work run there, as far as its readings tell: docs/decisions/0017-held-back.md
 *     4  its circuit breaker is closed, or lets a probe through; a gang is one probe
 *     5  cores, memory and disk fit beside what is placed on it, and it holds less than
 *        ASSIGNMENTS_PER_AGENT_MAX
 *     6  a session that runs on every agent runs there once
 *
 * Among those left the best is, by the first difference:
 *
 *     a  what is placed stays (the plan asks only for replicas that have no place)
 *     b  not the agent where the replica just failed or was lost
 *     c  fewest times in a row that it held the gang back: controller/core/gang_held.h
 *     d  fewest failed starts in a row
 *     e  fewest assignments of the same session
 *     f  the larger share of its cores left free
 *     g  the name */
#pragma once

#include "controller/core/model.h"
#include "schema/base/arena.h"
#include "schema/limits.h"

enum place_refusal {
    REFUSED_SELECTOR,
    REFUSED_REQUIREMENT, /* `demand` says which */
    REFUSED_AWAY,
    REFUSED_PAUSED,
    REFUSED_UNSCHEDULABLE,
    REFUSED_HELD, /* foresee() says by what */
    REFUSED_BREAKER,
    REFUSED_CORES,
    REFUSED_MEMORY,
    REFUSED_DISK,
    REFUSED_FULL,
    REFUSED_PRESENT, /* rule 6 */
    REFUSAL_COUNT,
};

enum { PLACE_RULES = 6 };

/* Which of the rules 1 to 6 a refusal belongs to. */
unsigned place_rule(enum place_refusal refusal);

enum { TALLY_EXAMPLES = 3 };

struct tally_line { /* agents refused for one reason */
    size_t count;
    const struct agent_entry *examples[TALLY_EXAMPLES]; /* borrowed; the first in order of names */
    struct resources free[TALLY_EXAMPLES]; /* rule 5: of each, less what was picked for others */
};

/* Why agents were refused. */
struct tally {
    size_t agents; /* asked */
    struct tally_line lines[REFUSAL_COUNT];
    struct tally_line demands[DEMANDS_MAX]; /* by index: controller/core/demands.h */
};

/* An agent that rules 1 to 4 and 6 allow. */
struct candidate {
    struct agent_entry *agent; /* borrowed */
    struct resources free;     /* less what was picked since gathering */
    size_t places;             /* assignments it may still get */
    size_t of_session;         /* assignments of this session on it */
    unsigned held_times;       /* rule c; the caller knows */
    bool is_avoided;           /* rule b, of the replica in question */
    bool is_barred;            /* not to be picked for the replica in question */
};

struct candidates {
    struct candidate *items; /* in the arena, in order of names */
    size_t count;
    struct resources needs;
    struct tally tally; /* of rules 1 to 4 */
};

/* What it has, less what it was given. */
struct resources place_free(const struct agent_entry *agent);
/* The first rule that refuses the agent, or REFUSAL_COUNT when none does. */
enum place_refusal place_judge(const struct session_entry *session, const struct agent_entry *agent,
                               const struct resources *needs, size_t *ret_demand);
/* Rule 6: is any assignment of the session on the agent? */
bool place_is_present(const struct session_entry *session, const struct agent_entry *agent);
/* All agents, judged. */
void place_gather(struct arena *arena, const struct model *model,
                  const struct session_entry *session, const struct resources *needs,
                  struct candidates *ret_candidates);
/* Takes off more, where the agent is among them: a step of the same plan will have it. */
void place_take(struct candidates *candidates, const struct agent_entry *agent,
                const struct resources *more);
/* The best, with what it needs taken off; NULL when none fits.  `avoid` may be NULL. */
struct agent_entry *place_pick(struct candidates *candidates, const struct agent_entry *avoid);
/* Who is barred from being picked until the next call: those for whom `is_barred` says so. */
size_t place_bar(struct candidates *candidates,
                 bool (*is_barred)(const void *context, const char *agent), const void *context);
/* Fills in the refusals of rule 5 as things stand now. */
void place_tally(const struct candidates *candidates, struct tally *ret_tally);
/* Below 0 when a is better: rules b to g. */
int place_compare(const struct candidate *a, const struct candidate *b,
                  const struct resources *needs);

/* May what is placed here stay?  Rules 1 and 2, whatever comes and goes. */
bool place_may_stay(const struct session_entry *session, const struct agent_entry *agent);
/* Rule 5 for other needs in place of the present ones, beside what other steps of the plan will
 * take of its agent (`taken` may be NULL); *ret_more is what they need in addition. */
enum place_refusal place_judge_instead(const struct assignment_entry *assignment,
                                       const struct resources *needs, const struct resources *taken,
                                       struct resources *ret_more);
/* Rule 5 for another start where this one has ended: its own room is free again. */
enum place_refusal place_judge_again(const struct assignment_entry *ended,
                                     const struct resources *needs, const struct resources *taken);
/* Does where the session may be placed depend on readings? */
bool place_heeds_readings(const struct session_entry *session);
/* Could this agent take a replica of the session now?  All rules. */
bool place_could_take(const struct session_entry *session, const struct agent_entry *agent);
