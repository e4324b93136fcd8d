/* Planning: what one session wants against what there is.  Pure: it reads the model, writes
 * nothing.
 *
 *     replicas × copies → steps in waves, and gaps: what is not as declared, and why
 *
 * A replica ("slot") of a session has a number, or the name of its agent when the session runs on
 * every agent.  A copy is an assignment for it; usually there is one.  A lost replica has two while
 * its replacement comes up: the first one that is well stays, the younger when both are.
 *
 * Waves: a step that takes down a replica that is well (an update in place, a move) costs one of
 * rollout.maxUnavailable; what is down already counts.  Starts and repairs take nothing down: wave
 * 1.  The first wave is carried out, then everything is planned anew; so the later waves are what
 * would follow if all goes well. */
#pragma once

#include "controller/core/ctl.h"
#include "controller/core/model.h"
#include "controller/core/place.h"

enum plan_action {
    PLAN_START,   /* a replica that has no copy */
    PLAN_STOP,    /* a copy that is not wanted */
    PLAN_RESTART, /* in place, with the newest template */
    PLAN_MOVE,    /* away from an agent that may not hold it any more */
    PLAN_REPLACE, /* a copy that failed or whose agent is lost */
    PLAN_UPDATE,  /* in place, of what governs a run while it lasts: nothing is restarted */
    PLAN_ACTION_COUNT,
};

const char *plan_action_to_str(enum plan_action action); /* "start" */

struct plan_step {
    enum plan_action action;
    const char *slot;
    struct assignment_entry *copy; /* borrowed: what is ended or changed; NULL: START */
    struct agent_entry *agent;     /* borrowed: where it will run; NULL: STOP */
    bool keeps_copy;               /* REPLACE: the old copy stays until the new one is well */
    bool gives_up;                 /* STOP: the copy stays, as evidence */
    bool is_outdated;              /* gives_up: of an earlier form than the session's */
    unsigned failures_before;      /* of the replica, in a row: START, REPLACE, MOVE of a task */
    unsigned moves_before; /* MOVE of a task that was held back and had not begun, in a row */
    unsigned wave;         /* from 1 */
    bool is_carried_out;   /* by now */
    const char *reason;    /* for people */
};

/* Why a replica is not as declared: from what a person must mend to what passes by itself. */
enum why {
    WHY_POLICY_MISSING,
    WHY_GIVEN_UP,
    WHY_FAILED, /* it ended badly and is never started again */
    WHY_NO_AGENT,
    WHY_ROLLOUT_PAUSED,
    WHY_DRIFTED,        /* it was ended by somebody on its machine, and is left so */
    WHY_GANG_TIMED_OUT, /* not all of it ran in time: taken back, and placed after a pause */
    WHY_AGENT_AWAY,
    WHY_LEASED, /* exclusive: the earlier copy may still run */
    WHY_BACK_OFF,
    WHY_GANG_WAITS, /* others are being placed: for its turn */
    WHY_FAILING,    /* its agent tries again and again */
    WHY_STARTING,
    WHY_UPDATING, /* waits for its wave */
    WHY_STOPPING,
    WHY_COUNT,
};

const char *why_to_str(enum why why); /* "PolicyMissing": the reason of a condition */

struct plan_gap {
    enum why why;
    const char *slot;
    const char *message;           /* for people */
    struct assignment_entry *copy; /* borrowed; may be NULL */
    bool is_of_step;               /* will be so once a step of the first wave is carried out */
};

struct tasks;

struct plan_gang { /* see controller/core/gang.h */
    bool is_gang;
    bool has_members; /* some are in force, as of before the steps */
    bool places, takes_back;
    bool has_timed_out; /* takes_back: for that reason */
    const char *why;    /* takes_back: one that failed, is lost, or does not run */
    const char **held;  /* takes_back: agents of those that were held back till then */
    size_t held_count;
    const char **let; /* and agents of those that ran */
    size_t let_count;
    bool is_complete;
    bool waits; /* for its turn */
};

struct plan { /* everything in the arena */
    struct plan_step *steps;
    size_t step_count;
    struct plan_gap *gaps;
    size_t gap_count;
    struct assignment_entry **gone; /* leaving copies that may be removed now */
    size_t gone_count;
    size_t desired, ready, updated, succeeded, failed;
    struct tasks *tasks; /* of a session of tasks: what ends with this plan; else NULL */
    bool wants_other;    /* a task is held back for long, and would go elsewhere */
    struct plan_gang gang;
    const char *broken; /* why a copy cannot stay where it is as it is; NULL: all can */
    size_t unchanged;   /* copies that no step touches */
    size_t refused[PLACE_RULES + 1]; /* agents that were looked at for a replica, by the rule */
    size_t waves;                    /* 0 when there is nothing to do */
    struct mono look_at;             /* when something may be due without anything happening */
};

struct plan_input {
    const struct model *model;
    struct session_entry *session;
    struct template_entry *template; /* resolved; NULL: its policy is missing */
    struct mono now;
    bool is_unsettled;         /* the store was restored: no lease is granted for a while */
    struct mono awaited_until; /* agents not seen since the start count by their last word till then
                                */
    size_t bursts_max;         /* gangs that are placed and not yet complete */
    struct ctl_counters *counters;
};

/* "ExitedNonZero on lark (exited with code 1)": how a copy failed last. */
const char *plan_failure_words(struct arena *arena, const struct assignment_entry *copy);
/* "given up after 5 failures in a row, the last: ", and those words. */
const char *plan_give_up_words(struct arena *arena, const struct assignment_entry *copy,
                               unsigned failures);
/* Do these words (NULL: none) say that the last failure was for this reason? */
bool plan_gave_up_for(const char *words, const char *reason);

void plan_build(struct arena *arena, const struct plan_input *input, struct plan *ret_plan);
