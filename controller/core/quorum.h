/* Quorum: a task of which several agents must say the same.  Pure.
 *
 *     a copy succeeds on A   A's opinion is noted, the copy goes, another one is placed elsewhere
 *     ... on B, and agrees   the task is done; A and B gain trust
 *     ... and does not       a third one is asked, until so many agree or no retry is left
 *
 * Opinions live in the session's status until their task has ended: they are written before, or
 * together with, the removal of the copies they are of, and hold no room.  An agent has one opinion
 * about a task.  They are of one template; another form of the session begins anew.  Opinions and
 * trust are forgotten once there is another agent of that name, and where nobody wrote down which
 * one it was.
 *
 * Adaptive replication: the result of an agent of which the last TASK_TRUST_AFTER that were
 * compared agreed counts by itself, except when REPLICATE_ANNOTATION is on the copy: that is drawn
 * when it is made, one time in as many as agreed in a row, and no agent is told. */
#pragma once

#include "controller/core/plan.h"
#include "schema/indexes.h"

struct quorum_vote { /* a result that counted, or that others did not agree with */
    const char *agent;
    bool is_valid;
};

struct quorum {     /* of one plan, in its arena */
    const char *of; /* digest of the template that opinions are of; NULL: there are none */
    struct task_opinion *opinions;
    size_t opinion_count, opinion_max;
    struct task_voter *voters; /* who was compared last first */
    size_t voter_count;
    const char *first_dissent; /* for people, of this plan; NULL: nobody disagreed */
    size_t dissents;
    struct quorum_vote *votes; /* of this plan */
    size_t vote_count;
};

enum quorum_verdict {
    QUORUM_WAITS,  /* for another opinion */
    QUORUM_MET,    /* enough agree with this one */
    QUORUM_MISSED, /* no retry is left to find out */
    QUORUM_KNOWN,  /* the agent has said what it thinks of this task */
};

/* What the session's status says; nothing when it has no quorum now.  `record_bytes` of it are
 * taken by results and lists of indexes. */
void quorum_read(struct quorum *quorum, struct arena *arena, const struct plan_input *input,
                 size_t record_bytes);
/* Of so many copies that the agent gets of the session, one is compared whether it is trusted or
 * not: as many as agreed in a row, and TASK_TRUST_AFTER at least. */
uint64_t quorum_one_in(const struct session_entry *session, const struct agent_entry *agent);
/* A copy has succeeded, in the present form, after so many failures of its task.  When the task has
 * ended so, its opinions are gone. */
enum quorum_verdict quorum_hear(struct quorum *quorum, struct arena *arena,
                                const struct plan_input *input, size_t index,
                                const struct assignment_entry *copy, unsigned failures);
void quorum_forget(struct quorum *quorum, size_t index);

bool quorum_has(const struct quorum *quorum, size_t index, const char *agent);
/* Opinions about the task; those of them that disagree with the largest group; failures before. */
unsigned quorum_opinions(const struct quorum *quorum, size_t index);
unsigned quorum_dissents(const struct quorum *quorum, size_t index);
unsigned quorum_failures(const struct quorum *quorum, size_t index);

/* Who is asked next.  `quorum` may be NULL: of no tasks.
 *
 * The best agent that has no opinion yet of the task in this slot: place_pick() where nobody has
 * one. */
struct agent_entry *quorum_pick(const struct quorum *quorum, const char *slot,
                                struct candidates *candidates, const struct agent_entry *avoid);
/* Tasks with opinions that some agent could take now which has not given its own. */
void quorum_askable(const struct quorum *quorum, const struct plan_input *input,
                    struct indexes *ret_askable);
/* As many tasks may be begun, or undecided, without one having to begin anew for want of room. */
size_t quorum_room(const struct quorum *quorum, const struct plan_input *input);
/* Why there was none; NULL: not for opinions. */
const char *quorum_wait_words(struct arena *arena, const struct quorum *quorum, const char *slot);
/* Failures of copies of the task in this slot that have gone, as noted with their opinions. */
unsigned quorum_failures_of(const struct quorum *quorum, const char *slot);

/* "tasks 3, 7 and 9 wait for a second opinion"; NULL: none does. */
const char *quorum_words(struct arena *arena, const struct task_opinion *opinions,
                         size_t opinion_count);

bool quorum_is_stated(const struct quorum *quorum, const struct tasks_status *status);
void quorum_state(const struct quorum *quorum, struct object *session, struct tasks_status *to);
