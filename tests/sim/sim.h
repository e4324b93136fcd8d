/* One simulated world: a controller on a machine with a disk, agents on theirs, a network between
 * them, operators, and everything that can go wrong.
 *
 * The cores, the gate and the store are the production's own; what is here stands for the shells,
 * the kernel, the network and the people.  Nothing in here reads a clock or draws a random number
 * that does not follow from the seed. */
#pragma once

#include "schema/base/mono.h"
#include "tests/sim/faults.h"
#include "tests/sim/record.h"
#include "tests/sim/schedule.h"
#include "tests/sim/tape.h"

struct controller;
struct machine;
struct network;
struct operators;
struct checks;
struct config_folder;
struct restores;
struct leases;
struct alerts_world;
struct keeping;
struct quorums;
struct reverts;
struct reports;
struct accounts;
struct blob_store;
struct reference;
struct watcher_client;
struct http;
struct plan_run;

/* For what has no die of its own (machines, paths, operations and strikes have). */
struct dice {
    struct die world, controller, operators, faults;
};

enum { MACHINES_MAX = 20, MACHINES_FEWEST = 2, MACHINES_MOST = 5 };

/* What was seen, for the summary and for knowing that faults really fired. */
struct tallies {
    uint64_t commits, rows, restarts, power_cuts, recoveries;
    uint64_t agent_crashes, reboots, links_cut, partitions, frames, frames_lost, frames_repeated;
    uint64_t spawns, spawns_exclusive, requests, acknowledged, retries, conflicts, unknown_outcomes;
    uint64_t stalls, lapses, checkpoints, saves_failed, twins, ways, waits;
    uint64_t fired[FAULT_COUNT];    /* how often each class did something */
    int64_t converged_after_ms;     /* of the faults' end */
    int64_t simulated_ms, chaos_ms; /* all but the empty time, and until the faults ended */
    int64_t empty_ms;               /* in which leases of before a restore were waited for, about */
    uint64_t happenings;            /* of the schedule */
};

struct sim {
    uint64_t seed;
    struct tape tape;
    struct schedule schedule;
    struct record record;
    struct dice dice;
    struct faults faults;
    struct tallies tallies;
    struct network *network; /* owned, as all below */
    struct controller *controller;
    struct machine *machines[MACHINES_MAX];
    size_t machine_count;
    struct http *http;
    struct operators *operators;
    struct watcher_client *watcher;
    struct checks *checks;
    struct restores *restores;
    struct leases *leases;
    struct reports *reports;
    struct accounts *accounts;
    struct quorums *quorums;
    struct reverts *reverts;
    struct alerts_world *alerts;
    struct keeping *keeping;
    struct blob_store *blobs;
    struct config_folder *config_folder;
    struct reference *reference; /* what the committed rows say */
    struct plan_run *plan;       /* borrowed; NULL: chance reigns */
    bool has_failed;
};

struct sim_options {
    uint64_t seed;
    size_t agents;      /* 0: drawn */
    bool is_traced;     /* print every line */
    const bool *faults; /* borrowed, by enum fault: the classes that are on; NULL: drawn */
    const char *canary; /* borrowed: a check that fails, always ("") or when the fault of that name
                           has struck; NULL: none */
    bool is_calm;       /* nothing goes wrong */

    const struct map *recorded; /* borrowed: replay this tape; the seed does not matter */
    struct tape_log *log;       /* borrowed: where draws are recorded; may be NULL */

    struct plan_run *plan; /* borrowed; instead of operators and faults by chance */
};

/* Runs one seed.  True when nothing was wrong; otherwise `tail->failure` says what. */
bool sim_run(const struct sim_options *options, struct record_tail *tail, uint64_t *ret_hash,
             struct tallies *ret_tallies);

static inline int64_t sim_now(const struct sim *sim)
{
    return sim->schedule.now_ms;
}

#define sim_trace(sim, ...) record_line(&(sim)->record, sim_now(sim), __VA_ARGS__)

/* Does what could happen here happen?  `...` is a name such as "fault/link-cut" or "op/alice", of
 * which this is the next.  Told in the trace.  The die is its own; see tape.h. */
#define sim_happens(sim, ret_die, ...)                                                             \
    (tape_happens(&(sim)->tape, (ret_die), __VA_ARGS__) && sim_tells(sim, ret_die))
bool sim_tells(struct sim *sim, const struct die *die);

/* What must never be was seen: ends the run.  The first one counts. */
void sim_fail(struct sim *sim, const char *checker, const char *format, ...) _printf_(3, 4);
/* A world in which nothing has begun, and its end; for those who run it in a way of their own. */
void sim_init(struct sim *sim, const struct sim_options *options, struct record_tail *tail);
void sim_fini(struct sim *sim);
/* Lets time pass; ends early when something failed. */
void sim_pass(struct sim *sim, int64_t ms);
