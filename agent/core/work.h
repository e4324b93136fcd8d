/* One assignment on its agent: what is wanted, what runs, and what became of it. */
#pragma once

#include "agent/core/agt.h"
#include "agent/core/collect.h"
#include "agent/core/drift.h"
#include "agent/core/fetch.h"
#include "agent/core/govern.h"
#include "agent/core/lease.h"
#include "agent/core/report.h"

/* See the drawing in converge.c. */
enum work_state {
    WORK_WAITING,  /* shall run; for its lease, its next try, its owner or the disk it waits */
    WORK_STARTING, /* a shim was spawned */
    WORK_RUNNING,
    WORK_SUSPENDED,
    WORK_STOPPING,   /* was told to end */
    WORK_COLLECTING, /* ended as it should; its outputs are being stored */
    WORK_DONE,       /* ended as it should, and stays so */
    WORK_FAILED,     /* ended, and is not tried again */
    WORK_STOPPED,    /* no longer wanted, and nothing of it runs: forgotten once that is reported */
    WORK_STATE_COUNT,
};

enum work_outcome { /* of the last run that ended, in this generation */
                    OUTCOME_NONE,
                    OUTCOME_COMPLETED,
                    OUTCOME_EXITED_NON_ZERO,
                    OUTCOME_START_FAILED,
                    OUTCOME_STOPPED,
                    OUTCOME_LEASE_ENDED,
                    OUTCOME_LOST,
                    OUTCOME_ORPHANED,
                    OUTCOME_OUTPUT_MISSING,
                    OUTCOME_MEMORY_LIMIT,
                    OUTCOME_PIDS_LIMIT,
};

extern const char *const work_state_words[];   /* NULL-terminated, as the next */
extern const char *const work_outcome_words[]; /* the reasons that reports give */

struct run {
    int64_t number;     /* rises with each start; saved before the shim is spawned */
    bool is_open;       /* a shim was spawned, and its exit was not taken in yet */
    bool is_found;      /* since this agent's start: announced by AGT_FOUND, or spawned */
    bool may_freeze;    /* adopted: whether it is frozen is not known */
    bool was_suspended; /* adopted: it was, and that is counted */
    bool is_saving;     /* was told to save its state, and is frozen at `freeze_at` */
    bool is_uncounted;  /* what it uses may have been told before, or is not ours to tell */
    bool is_evicted;    /* told to end because its policy says so */
    bool is_out_of_lease;
    int64_t generation, lease_epoch;        /* what it was started for */
    char template_digest[DIGEST_TEXT_SIZE]; /* the newest that it satisfies as it is */
    char run_digest[DIGEST_TEXT_SIZE];      /* of what it is made of; "": not known */
    int64_t grace_ms;                       /* of its own template */
    int64_t evict_grace_ms;                 /* of the policy that evicts it */
    int64_t stop_grace_ms;     /* it was told to stop with; meaningful while WORK_STOPPING */
    struct mono freeze_at;     /* meaningful while is_saving */
    struct mono next_grace;    /* before this it is frozen at once; 0: was never told to save */
    struct mono lease_end;     /* its shim ends it then; never: no lease, or not known */
    int64_t cpu_limit;         /* as it was told last; CPU_LIMIT_UNKNOWN: by an earlier agent */
    int64_t unwatched_ms;      /* as it was told last; UNWATCHED_UNKNOWN: by an earlier agent */
    struct contribution usage; /* so far */
    int64_t memory;            /* bytes it holds, as it was measured last */
    bool is_overrun;           /* told to end, as all together hold too much memory */
    uint64_t spawned_in_step;
};

struct work {
    struct wire_assignment wanted;     /* texts in `arena`; of a stray, its uid alone */
    struct arena arena;                /* owned */
    struct digest digest;              /* of `wanted`, when is_wanted */
    char run_digest[DIGEST_TEXT_SIZE]; /* template_run_digest() of `wanted` */
    bool is_wanted; /* in the set; otherwise it ends, is reported and forgotten */
    int64_t era;    /* of the assign that brought it */

    enum work_state state;
    struct run run;
    struct lease lease;
    struct fetch fetch;
    struct governed governed;
    struct collect collect;
    struct drift drift;

    enum work_outcome outcome;
    char message[320];      /* the outcome in a sentence */
    uint64_t outcomes;      /* counts them: a new one is news */
    int64_t starts;         /* of this generation */
    int64_t failures;       /* in a row */
    int64_t tries;          /* ends in a row that back-off counts */
    struct mono not_before; /* of the next start */
    bool has_exit;
    int64_t exit_code;
    struct wall started, ended;
    struct contribution spent; /* by the runs that ended */
    outputs_t made;            /* by the run that is done; in made_arena */
    struct arena made_arena;   /* owned */

    struct told told;
};

struct work *work_new(const char *uid);
void work_free(struct work *work); /* NULL does nothing */

/* Along an arrow of that drawing, or it is a bug. */
void work_move(struct agt *agt, struct work *work, enum work_state to);

bool work_is_exclusive(const struct work *work);
/* `wanted` changed: a run made of the same satisfies its new template as it is. */
void work_adopt_template(struct work *work);
/* What runs, or ran last, is not what is wanted. */
bool work_is_outdated(const struct work *work);
/* What all its runs used; grows only. */
struct contribution work_contribution(const struct work *work);
/* A measurement of its run.  Everything grows only, so of two of them the larger counts. */
void work_use(struct agt *agt, struct work *work, const struct contribution *usage);

/* The assignment came, came changed, or was removed: recorded here, acted on by converge(). */
void work_want(struct agt *agt, struct work *work, const struct wire_assignment *assignment);
void work_unwant(struct agt *agt, struct work *work);
