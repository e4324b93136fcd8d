/* What runs: the part that sessions declare and agents execute.
 *
 * `struct template` is the resolved form, everything decided: what an Assignment names by digest
 * and an agent receives.  Two sessions with the same template share one stored body. */
#pragma once

#include "schema/base/digest.h"
#include "schema/kinds/drift.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/object.h"

enum restart_policy { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct resources {
    uint64_t set;
    int64_t cores;  /* in thousandths: 1000 is one core; text "1", "0.5" or "500m" (FIELD_CORES) */
    int64_t memory; /* bytes */
    int64_t disk;   /* bytes */
};

struct artifact {
    uint64_t set;
    const char *digest; /* "blake2b:…" */
    const char *path;   /* relative, inside the working directory */
};

struct output {
    uint64_t set;
    const char *path; /* relative, inside the working directory */
};

struct output_status { /* a file that was collected and is stored as a blob */
    uint64_t set;
    const char *path;
    const char *digest; /* "blake2b:…" */
    int64_t size;       /* bytes */
};

typedef LIST_OF(struct output_status) outputs_t;

enum checkpoint_signal { CHECKPOINT_USR1, CHECKPOINT_USR2 };

struct checkpoint { /* what it is told before it is suspended */
    uint64_t set;
    int signal;       /* enum checkpoint_signal */
    int64_t grace_ms; /* then it is frozen */
};

struct workload {
    uint64_t set;
    LIST_OF(const char *) command; /* the program and its arguments; no shell */
    struct strmap environment;
    int restart; /* enum restart_policy */
    struct resources resources;
    LIST_OF(struct artifact) artifacts;
    LIST_OF(struct output) outputs;
    struct checkpoint checkpoint; /* absent: it is frozen without a word */
};

struct template
{
    uint64_t set;
    struct workload workload;
    struct limits_policy limits; /* from the policy; absent members: no limit */
    int64_t grace_ms;            /* between TERM and KILL */
    int64_t orphan_after_ms; /* the shim ends the group when no agent came back for this long; 0:
                                never */
    int64_t lease_ms;        /* of exclusive work; 0: not exclusive */
    struct harvest_policy_spec policy; /* whole; absent: without a policy */
    int64_t task_count; /* of a session of tasks, whose slots are their indexes; 0: not */
    int drift;          /* enum drift_mode */
};

extern const struct shape resources_shape, workload_shape, template_shape, output_status_shape;

extern const char *const checkpoint_signal_words[]; /* NULL-terminated */

/* NULL without one. */
const struct checkpoint *template_checkpoint(const struct template *resolved);
const struct harvest_policy_spec *template_policy(const struct template *resolved);

/* What they take at most as one task's result in canonical JSON. */
size_t outputs_bytes(const outputs_t *outputs);

/* The digest that names a template: of all that it says. */
void template_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE]);
/* The digest of what a run of it is made of.  Its policy, its share of the processors and what is
 * done about drift govern a run while it lasts, so two templates that differ in these alone are one
 * to it. */
void template_run_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE]);
