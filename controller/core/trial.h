/* What a trial (trial.c) finds out, and how it is told (trial_tell.c).  Nobody else includes it.
 *
 * Texts in lines are borrowed from objects: a transaction keeps every version of them until it
 * ends, which is after the plan was told. */
#pragma once

#include "controller/core/foresee.h"
#include "controller/core/reconcile.h"
#include "schema/policy.h"

/* A session that was touched: what is to be known of it between two plannings. */
struct trial_session {
    struct session_entry *entry;
    const char *name;
    bool had_scan_due;   /* before */
    unsigned plannings;  /* so far; what was noted of an earlier one is no longer so */
    bool has_waves_left; /* that were not carried out */
    bool wants;          /* would take another agent, or more room */
    bool is_converged;
    bool is_taken_back; /* a gang that makes a pause now */
};

struct trial_line {
    struct trial_line *next;      /* of the same list */
    struct trial_line *next_half; /* of the same replica */
    const char *action, *session, *slot, *agent, *from, *reason;
    struct policy_verdict *held; /* in the arena; NULL: it would run, or nobody knows */
    struct foreseen *turn;       /* in the arena; NULL: none */
    unsigned wave;
    bool keeps_from; /* of a replace: the earlier copy ends when this one is well */
    bool is_begun;   /* of a move: the earlier copy ends, and then the other begins */
    bool is_held_up; /* its turn comes only after what is waited for */
    const struct trial_session *of; /* is so until that is planned again; NULL: for good */
    unsigned planning;              /* the one that it is of */
};

struct trial_lines {
    struct trial_line *first, *last; /* in the arena */
    size_t count;
};

struct trial {
    struct ctl *ctl;
    struct map sessions; /* that were marked, by name: struct trial_session, in the arena */
    struct map names;    /* of those, the ones that are now */
    bool is_last;        /* all waves are carried out, and nothing after them is looked at */
    bool is_held_up;     /* and their turn comes only after what is waited for */
    unsigned round;      /* from 0 */
    size_t marked;       /* changes of the transaction that were looked at for marks, */
    size_t settled;      /* and for what agents make of them */
    size_t asked;        /* whether a session would take an agent */
    bool offers_any;     /* all who want an agent are to be asked, as that was too often */
    size_t examined;     /* copies, in all rounds, or what costs as much as so many */
    struct trial_lines steps, waits, gaps;
    struct trial_lines turns; /* what other policies make of work that goes on where it is */
    size_t held, resumed;     /* of these */
    struct map halves; /* "session/slot": of the steps, those begun or keeping what they replace */
    size_t actions[PLAN_ACTION_COUNT];
    size_t unchanged;
    size_t unseen_sessions, unseen_replicas; /* beyond PLAN_EXAMINE_MAX */
    bool is_cut;                             /* they are, and what would follow */
};

void trial_note_steps(struct trial *trial, const char *session,
                      const struct template_entry *template, const struct plan *plan,
                      unsigned wave_max);
/* In place of those of the planning before, if there was one. */
void trial_note_gaps(struct trial *trial, const struct trial_session *session,
                     const struct plan *plan);
/* What was taken back is placed again after a pause, which no plan sees the end of. */
void trial_note_pause(struct trial *trial, const char *session);
/* A copy that ends because its session is gone. */
void trial_note_loose(struct trial *trial, const struct assignment_entry *copy);
/* The answer, once all is played. */
struct node *trial_tell(struct trial *trial);
