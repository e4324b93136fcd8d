/* HarvestSession: a workload, and on how many of which agents it shall run. */
#pragma once

#include "schema/base/parse.h"
#include "schema/kinds/drift.h"
#include "schema/kinds/workload.h"
#include "schema/object.h"

enum requirement_op { OP_EQ, OP_NE, OP_GT, OP_GE, OP_LT, OP_LE, OP_IN, OP_NOT_IN, OP_EXISTS };

struct requirement { /* "capacity.memory >= 2Gi", on a field of schema/kinds/agent_fields.h */
    uint64_t set;
    const char *field;  /* "capacity.memory", "labels.site", "platform" */
    int op;             /* enum requirement_op */
    struct node *value; /* a scalar, or a list for in and notIn */
};

enum expression_op { SELECT_IN, SELECT_NOT_IN, SELECT_EXISTS, SELECT_DOES_NOT_EXIST };

struct match_expression {
    uint64_t set;
    const char *key;
    int op; /* enum expression_op: In, NotIn, Exists, DoesNotExist */
    LIST_OF(const char *) values;
};

struct label_selector { /* all must hold; an empty selector matches every agent */
    uint64_t set;
    struct strmap match_labels;
    LIST_OF(struct match_expression) match_expressions;
};

/* Many small pieces: each has an index, from 0, and ends once. */
struct tasks_spec {
    uint64_t set;
    int64_t count;
    int64_t parallelism; /* of them at most so many at once */
    int64_t retry_max;   /* "retries": how often one that failed is tried again, preferably on
                            another agent */
    int64_t quorum;      /* results that must agree; absent or 1: each is taken as it comes */
    bool fail_fast;      /* when one has failed for good, the others end */
};

/* All replicas are placed together, or none is. */
struct gang_spec {
    uint64_t set;
    int64_t deadline_ms; /* all run within this time after they were placed; 0: no gang */
};

enum rollout_failure { ON_FAILURE_PAUSE, ON_FAILURE_REVERT };

struct rollout_spec {
    uint64_t set;
    int64_t max_unavailable; /* replicas that a change may take down at once; below 0: percent */
    bool pause;
    int64_t progress_deadline_ms; /* 0: none */
    int64_t healthy_after_ms;     /* a form is good once all run as declared for so long */
    int on_failure;               /* enum rollout_failure: when the deadline is over */
};

struct harvest_session_spec {
    uint64_t set;
    const char *policy; /* HarvestPolicy; absent: no limits */
    struct label_selector selector;
    int64_t replicas; /* excludes every_agent */
    bool every_agent;
    struct tasks_spec tasks; /* excludes both; a count of 0: none */
    struct gang_spec gang;   /* excludes every_agent and tasks */
    LIST_OF(struct requirement) requirements;
    const char *where; /* a condition beside them: schema/where.h */
    struct workload workload;
    bool exclusive;           /* each replica runs under a lease: never twice at once */
    int64_t lease_ms;         /* leaseDuration, of exclusive work */
    int64_t replace_after_ms; /* replaceAfter: silence of its agent after which a replica is placed
                                 elsewhere */
    int64_t orphan_after_ms;  /* orphanAfter: see struct template */
    int64_t grace_ms;         /* grace, between TERM and KILL */
    int64_t retry_max; /* retries: failures in a row, on whichever agents, before a replica is given
                          up; 0: never */
    int drift;         /* enum drift_mode */
    struct rollout_spec rollout;
};

struct task_failure { /* a task that failed for good */
    uint64_t set;
    int64_t index;
    const char *agent; /* where it failed last */
    int64_t attempts;
    int64_t exit_code;  /* absent when the last attempt had none */
    const char *reason; /* as in an assignment's status */
};

struct task_result { /* a task that succeeded, and what it made */
    uint64_t set;
    int64_t index;
    outputs_t outputs;
};

struct task_ends { /* tasks that ended alike */
    uint64_t set;
    const char *agent;  /* absent: there are too many sorts of ends to tell, as of the others */
    const char *reason; /* of those that failed for good: as in an assignment's status */
    int64_t exit_code;  /* likewise; absent when there was none */
    const char *indexes;
};

struct task_opinion { /* a result that waits for others to agree with it */
    uint64_t set;
    int64_t index;
    const char *agent;
    const char *agent_uid; /* absent: nobody knows which one of that name */
    const char *result;    /* digest of its declared outputs, path by path */
    int64_t failures;      /* of this task until then */
};

struct task_voter { /* an agent whose results were compared with those of others */
    uint64_t set;
    const char *agent;
    const char *agent_uid; /* as of an opinion */
    int64_t valid;         /* agreed with the quorum, since the last that did not */
    int64_t invalid;       /* did not, in all */
};

/* What is left of tasks that have ended: their assignments are gone.  A list of indexes is written
 * "0-57,60" (schema/indexes.h). */
struct tasks_status {
    uint64_t set;
    int64_t active;                        /* under way, or between two attempts */
    const char *done;                      /* "57/200": for people */
    const char *completed_indexes;         /* succeeded */
    const char *failed_indexes;            /* failed for good */
    LIST_OF(struct task_failure) failures; /* the newest, the last first */
    LIST_OF(struct task_result) results;   /* of those that had outputs, as they ended */
    LIST_OF(struct task_ends) ends;        /* every task that has ended is in one of them */
    const char *opinions_of;               /* digest of the template that opinions are of */
    LIST_OF(struct task_opinion) opinions; /* of tasks that have not ended, as they came */
    LIST_OF(struct task_voter) voters;     /* who was compared last first */
};

/* How far a gang is: what has to outlive the controller. */
struct gang_status {
    uint64_t set;
    struct wall placed; /* when all of it was; absent: it is not */
    bool complete;      /* all of it ran at once since then: there is no deadline any more */
    int64_t taken_back; /* how often in a row */
};

/* Of a session whose rollouts have a deadline (controller/core/deadline.h). */
struct rollout_status {
    uint64_t set;
    int64_t generation;         /* whose rollout it is */
    int64_t updated, ready;     /* the most replicas of it that there were */
    struct wall progress;       /* when there were more the last time */
    int64_t good_generation;    /* the newest one that was good; 0: none yet */
    uint64_t good_revision;     /* when it was in force */
    int64_t settled_generation; /* gone back from, or there was no way back */
    int64_t revert_generation;  /* that going back made; 0: none */
    uint64_t revert_revision;   /* whose form it has */
};

struct harvest_session_status {
    uint64_t set;
    int64_t observed_generation;
    int64_t desired; /* replicas wanted now */
    int64_t ready;   /* running (or done) as declared */
    int64_t updated; /* of the current template */
    int64_t succeeded, failed;
    struct tasks_status tasks; /* of a session of tasks */
    struct gang_status gang;   /* of a gang */
    struct rollout_status rollout;
    conditions_t conditions; /* Converged; of tasks also Complete */
};

struct harvest_session { /* the body */
    uint64_t set;
    struct harvest_session_spec spec;
    struct harvest_session_status status;
};

extern const struct shape harvest_session_shape, harvest_session_spec_shape;
extern const struct shape harvest_session_status_shape, label_selector_shape;
extern const struct shape tasks_status_shape, task_failure_shape, task_result_shape;
extern const struct shape task_ends_shape, gang_status_shape, rollout_status_shape;
extern const struct shape task_opinion_shape, task_voter_shape;

/* How many replicas are asked for: 1 when nothing is said.  Not to be asked with every_agent or
 * tasks. */
int64_t harvest_session_replicas(const struct harvest_session_spec *spec);

static inline bool harvest_session_has_tasks(const struct harvest_session_spec *spec)
{
    return spec->tasks.count > 0;
}

/* Is a result of a task compared with others before it counts? */
static inline bool harvest_session_has_quorum(const struct harvest_session_spec *spec)
{
    return harvest_session_has_tasks(spec) && spec->tasks.quorum > 1;
}

/* What the status may tell of tasks' outputs. */
size_t harvest_session_results_max(const struct harvest_session_spec *spec);
/* The same, and beside it of which tasks have ended. */
size_t harvest_session_record_max(const struct harvest_session_spec *spec);

/* How many of `desired` replicas a change may take down at once: at least 1. */
static inline size_t rollout_unavailable_max(const struct rollout_spec *rollout, size_t desired)
{
    int64_t most = int_or_percent_of(rollout->max_unavailable, (int64_t)desired);

    return most < 1 ? 1 : (size_t)most;
}

extern const struct kind harvest_session_kind;

static inline const struct harvest_session *harvest_session_of(const struct object *object)
{
    return object->kind == &harvest_session_kind ? object->body : NULL;
}
