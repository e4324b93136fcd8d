/* Agent: a machine that dials in.  Made by its first hello, or declared beforehand. */
#pragma once

#include "schema/kinds/assignment.h"
#include "schema/object.h"
#include "schema/readings.h"
#include "schema/reputation.h"

/* What becomes of the work on an agent: it stays; it goes elsewhere, tasks once they have ended; or
 * all of it goes, and tasks begin anew. */
enum agent_drain { DRAIN_NEVER, DRAIN_GENTLY, DRAIN_FORCED };

struct agent_spec {
    uint64_t set;
    const char *public_key; /* base64 Ed25519; pinned by the first hello, then immutable */
    bool unschedulable;     /* no new work; what runs stays */
    int drain;              /* enum agent_drain; but for NEVER no new work either */
};

static inline bool agent_spec_takes_work(const struct agent_spec *spec)
{
    return !spec->unschedulable && spec->drain == DRAIN_NEVER;
}

/* What all work of one session used on one agent within one period. */
struct period_share {
    uint64_t set;
    const char *session_uid;
    int64_t cpu_ms, wall_ms;
    int64_t suspensions;
};

#define REPORTED_PREFIX "reported/" /* of the labels that an agent gives itself */

#define PERIOD_NUMBER_MAX (INT64_C(1) << 53)

/* An accounting period of an agent: cut by the agent, which gives each a higher number and never
 * changes it afterwards.  (session uid, agent uid, number) names one amount for good. */
struct period {
    uint64_t set;
    int64_t number; /* from 1; 0: none */
    LIST_OF(struct period_share) shares;
};

struct agent_status {
    uint64_t set;
    int64_t observed_generation;
    struct resources capacity; /* of the machine, less what its owner keeps */
    const char *version;       /* of fog-agent */
    const char *platform;      /* "linux/amd64" */
    const char *boot_id;
    bool paused;                      /* by the machine's owner: runs nothing of ours */
    int64_t assignments;              /* placed on it */
    struct period period;             /* the last that was taken in; no lower one ever is */
    struct contribution contribution; /* the sum of all that were: cpu_ms, wall_ms, suspensions */
    struct reputation reputation;     /* what became of the work that it was given */
    struct wall last_seen;            /* joined in when read; never stored, as the next */
    struct sensors sensors;
    conditions_t conditions; /* Ready (connected and reporting), Healthy (its circuit breaker is
                                closed); Schedulable only while it is False, Drained only
                                while it is drained */
};

struct agent { /* the body */
    uint64_t set;
    struct agent_spec spec;
    struct agent_status status;
};

extern const struct shape agent_shape, agent_spec_shape, agent_status_shape;
extern const struct shape period_shape, period_share_shape;
extern const struct shape capacity_shape; /* struct resources, all of it optional */
extern const struct kind agent_kind;

static inline const struct agent *agent_of(const struct object *object)
{
    return object->kind == &agent_kind ? object->body : NULL;
}
