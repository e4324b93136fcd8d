/* The classes of faults of live chaos, each with a name and a count of how often it struck.
 *
 * A blow is one fault of a class, on something drawn, for a time drawn.  Its count goes up only on
 * evidence: packets that were lost, bytes that were garbled, a process that was seen stopped, a
 * disk that was seen full. */
#pragma once

#include "tests/chaos/chaos_world.h"

enum { READERS = 200, BLOW_PROCESSES_MAX = 64 };

struct blow {
    const struct fault_class *class;
    int target; /* index of a machine, or of a link: agents, then the API */
    int64_t from_ms, until_ms, next_ms;
    int64_t before; /* a count when it began */
    int64_t number;
    bool is_over, flag;
    uint64_t fired;
    pid_t pids[BLOW_PROCESSES_MAX];
    int pid_count;
};

enum fault_touch { /* two blows of a step never touch the same, and an agent's are of one agent */
                   TOUCH_CONTROLLER = 1 << 0,
                   TOUCH_EDGE = 1 << 1,
                   TOUCH_EVERY_EDGE = 1 << 2,
                   TOUCH_CABLE = 1 << 3,
                   TOUCH_PROXY = 1 << 4,
                   TOUCH_CLOCK = 1 << 5,
                   TOUCH_READERS = 1 << 6,
                   TOUCH_WORK = 1 << 7,
};

struct fault_class {
    const char *name;
    unsigned touches;
    int64_t least_ms, most_ms; /* how long it stays */
    bool needs_nets, needs_disks;
    const char *word; /* for begin(): a class of the proxy, a kind of damage */
    void (*begin)(struct world *world, struct blow *blow);
    void (*tick)(struct world *world, struct blow *blow); /* may be NULL; often */
    void (*end)(struct world *world, struct blow *blow);  /* heals; may be NULL */
};

extern const struct fault_class fault_classes[];
extern const int fault_class_count;

/* How many kills with -9 there were, by what was killed. */
struct kills {
    uint64_t controller, agents, shims, workloads;
};
extern struct kills chaos_kills;

bool fault_is_possible(const struct world *world, const struct fault_class *class);
void blow_begin(struct world *world, struct blow *blow, const struct fault_class *class,
                int64_t most_ms);
void blow_end(struct world *world, struct blow *blow);
int fault_draw_edge(struct world *world); /* index of a machine, 1 … */

/* --- what the table is made of, by file --- */

/* chaos_processes.c */
bool kill_machine(struct machine *machine);
void begin_kill(struct world *world, struct blow *blow); /* word: controller or agent */
void end_kill(struct world *world, struct blow *blow);
void begin_restart(struct world *world, struct blow *blow); /* word: controller or agent */
void begin_kill_starting(struct world *world, struct blow *blow);
void begin_kill_every_agent(struct world *world, struct blow *blow);
void end_kill_every_agent(struct world *world, struct blow *blow);
void begin_kill_work(struct world *world, struct blow *blow); /* word: shim or workload */
void begin_power_cut(struct world *world, struct blow *blow);
void begin_freeze(struct world *world, struct blow *blow); /* word: controller, agent, machine */
void end_freeze(struct world *world, struct blow *blow);
bool kill_work(struct world *world, bool is_shim);

/* chaos_networks.c */
void begin_cut(struct world *world, struct blow *blow); /* word: both, up, down, every */
void end_cut(struct world *world, struct blow *blow);
void begin_flap(struct world *world, struct blow *blow);
void tick_flap(struct world *world, struct blow *blow);
void begin_loss(struct world *world, struct blow *blow); /* word: loss, double */
void end_loss(struct world *world, struct blow *blow);
void begin_link(struct world *world, struct blow *blow); /* word: a class of the proxy */
void end_link(struct world *world, struct blow *blow);

/* chaos_disks.c */
void begin_full(struct world *world, struct blow *blow); /* word: controller or agent */
void tick_full(struct world *world, struct blow *blow);
void end_full(struct world *world, struct blow *blow);
void begin_sync(struct world *world, struct blow *blow);
void tick_sync(struct world *world, struct blow *blow);
void end_sync(struct world *world, struct blow *blow);

/* chaos_slow.c */
void begin_slow(struct world *world, struct blow *blow); /* word: stay, kill in its midst, power */
void tick_slow(struct world *world, struct blow *blow);
void end_slow(struct world *world, struct blow *blow);

/* chaos_power.c: of a machine that was killed.  How many writes are undone. */
int64_t power_cut(struct world *world, const struct machine *machine);

/* chaos_damage.c */
void begin_damage(struct world *world, struct blow *blow); /* word: page, wal, file, owner, mode */
void begin_agent_damage(struct world *world, struct blow *blow); /* word: state, lost, key, owner */

/* chaos_peers.c */
void begin_clock(struct world *world, struct blow *blow); /* word: hour, decade */
void tick_clock(struct world *world, struct blow *blow);
void end_clock(struct world *world, struct blow *blow);
void tick_garbage(struct world *world, struct blow *blow); /* word: api, link */
void begin_readers(struct world *world, struct blow *blow);
void tick_readers(struct world *world, struct blow *blow);
void end_readers(struct world *world, struct blow *blow);
