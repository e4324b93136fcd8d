/* Assignment: one resolved piece of work for one agent.  Made by the reconciler; the applicable
 * state.
 *
 * The name is "<session>-<slot>-<five characters>", or "<session>-<agent>-<five>" for everyAgent;
 * the uid is what agents know it by.  An assignment keeps its agent for life: a move is a new
 * assignment. */
#pragma once

#include "schema/kinds/workload.h"
#include "schema/object.h"

struct assignment_spec {
    uint64_t set;
    const char *agent;
    const char *session;
    const char *session_uid;
    const char *slot; /* "0", "1", … or the agent's name: which replica of the session this is */
    const char
        *template_digest; /* "template": of the resolved template; changing it raises generation */
    const char *policy;   /* digest of the policy's spec it was resolved with; absent without */
    int64_t lease_epoch;  /* of exclusive work: raised whenever the slot is granted anew; 0: not
                             exclusive */
};

enum assignment_phase {
    PHASE_PENDING,  /* the agent has not said anything yet */
    PHASE_STARTING, /* told, being started, or waiting for its lease or for its next try */
    PHASE_RUNNING,
    PHASE_SUSPENDED, /* by policy or by the machine's owner; counts as converged */
    PHASE_SUCCEEDED, /* ended as it should and is not started again */
    PHASE_FAILED,    /* ended, and will not be tried again on this agent */
    PHASE_STOPPING,  /* told to end */
    PHASE_STOPPED,   /* ended because told to, or because its lease ended */
};

extern const char *const assignment_phase_words[];

struct contribution { /* grows only; survives restarts of everything */
    uint64_t set;
    int64_t cpu_ms, wall_ms;
    int64_t memory_peak; /* bytes */
    int64_t suspensions;
};

/* In the message of a run that its agent tries again: "exited with code 1; started again in 800
 * ms". */
#define ASSIGNMENT_STARTED_AGAIN "; started again in "

struct assignment_status {
    uint64_t set;
    int64_t observed_generation;
    int phase;         /* enum assignment_phase */
    int64_t restarts;  /* of this generation */
    int64_t failures;  /* in a row */
    int64_t exit_code; /* of the last run that ended; 128 + n for signal n */
    struct wall started, ended;
    const char *reason; /* CamelCase: StartFailed, ExitedNonZero, BackOff, OwnerPaused, LeaseEnded,
                           MemoryLimit */
    const char *message;
    struct contribution contribution;
    outputs_t outputs; /* stored before it is told to have ended: what is not told is not there */
    drift_t drift;     /* of each sort that it has had */
    int64_t policy_change;   /* number of the newest that became an event */
    conditions_t conditions; /* Converged, Drifted */
};

struct assignment { /* the body */
    uint64_t set;
    struct assignment_spec spec;
    struct assignment_status status;
};

extern const struct kind assignment_kind;
extern const struct shape assignment_shape, assignment_spec_shape, assignment_status_shape;
extern const struct shape contribution_shape;

static inline const struct assignment *assignment_of(const struct object *object)
{
    return object->kind == &assignment_kind ? object->body : NULL;
}
