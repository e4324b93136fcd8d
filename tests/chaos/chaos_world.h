/* The world of a chaos run: one controller, agents, operators, the network between them, and what
 * can be asked about it.  Everything lies in one folder:
 *
 *     ops.jsonl, runs.jsonl   what operators and workloads wrote down (load.h, work.c)
 *     controller/, edge-1/ …  state directories, each a disk of its own where that is possible
 *     *.log                   what the programs said
 *     switches/               files that arm the preloaded faults (fault_shim.h)
 *     pids                    who runs now: lines "NAME PID", for audits */
#pragma once

#include "schema/base/rand.h"
#include "tests/chaos/chaos_cable.h"
#include "tests/chaos/chaos_program.h"

#include <jansson.h>
#include <signal.h>

enum {
    WORLD_AGENTS_MAX = 16,
    WORLD_DIR_SIZE = 256,
    LEASE_MS = 3000, /* of the operators' exclusive sessions */
    NODE_CONTROLLER = 0,
    CONTROLLER_DISK_BYTES = 192 << 20,
    AGENT_DISK_BYTES = 24 << 20,
};

struct machine { /* a program with a state directory, a disk, a clock */
    struct program program;
    int node;
    char state[PROGRAM_PATH_SIZE], sync_switch[PROGRAM_PATH_SIZE], clock[PROGRAM_PATH_SIZE];
    char slow_switch[PROGRAM_PATH_SIZE];
    char undo[PROGRAM_PATH_SIZE]; /* a folder: what a power cut would take */
    int64_t disk_bytes;
    int holds;       /* faults that want it not to run */
    bool is_excused; /* may end by itself in this step: its disk fails */
};

struct world {
    char dir[WORLD_DIR_SIZE], bin[WORLD_DIR_SIZE];
    uint64_t seed;
    struct rand rand;
    int agents;
    bool has_nets, has_disks;
    bool has_owners; /* files can be given to somebody else */
    int nets[CABLE_NODES_MAX], tuns[CABLE_NODES_MAX];
    struct cable *cable;
    pid_t cable_pid;
    struct machine controller, edges[WORLD_AGENTS_MAX];
    struct program proxy, load, readers;
    char host[32]; /* of the controller */
    int api_port, link_port;
    char api[64]; /* the URL, not through the proxy */
    int problems; /* told by world_complain() */
    bool is_load_wanted, is_load_paused;
};

extern volatile sig_atomic_t chaos_ends; /* told to */

void chaos_doze(int64_t ms); /* less when told to end */

/* False: said why. */
bool world_open(struct world *world, bool may_have_spaces);
bool world_start(struct world *world);        /* all of it; returns when agents are ready */
void world_stop(struct world *world);         /* the load first, then agents, then the controller */
void world_clear_groups(struct world *world); /* control groups of who was killed */

__attribute__((format(printf, 2, 3))) void world_complain(struct world *world, const char *format,
                                                          ...);
__attribute__((format(printf, 2, 3))) void world_tell(const struct world *world, const char *format,
                                                      ...);

/* --- programs --- */

struct machine *world_machine(struct world *world, int index); /* 0: controller, then agents */
bool machine_kill(struct machine *machine);                    /* -9 */
void machine_start(struct machine *machine);                   /* unless it runs, or is held */
/* What ended by itself is a problem, unless excused; all that should run is started. */
void world_supervise(struct world *world);
/* Told to, with 0, soon: else it complains.  True: it ran and did. */
bool world_end_softly(struct world *world, struct program *program);
void world_write_pids(struct world *world);

void load_start(struct world *world);
void load_stop(struct world *world);
void load_pause(struct world *world, bool is_paused); /* by STOP and CONT */

/* Processes of workloads and their shims, of one agent or (-1) of all. */
struct found {
    pid_t pid, parent;
    int edge;
    bool is_shim, is_leader; /* a leader's parent is a shim */
};
enum { FOUND_MAX = 4096 };
int world_find(struct world *world, int edge, struct found *ret_found, int max);
/* Stops or continues a process and notes it for the checker. */
void world_freeze(struct world *world, pid_t pid, bool is_frozen);

/* --- asking --- */

/* The answer's JSON, owned; NULL when there was none.  With a NULL url the controller is asked. */
json_t *world_get(struct world *world, const char *url, const char *path);
bool world_answers(struct world *world, const char *url);
/* All agents are ready and each session has converged, or says why it cannot.  `ret_why` gets a
 * line when not. */
bool world_has_converged(struct world *world, char *ret_why, int size);
/* How long it took, or -1: not within `ms`.  It has to stay so until each agent was heard of again.
 */
int64_t world_await_converged(struct world *world, int64_t ms);

/* The proxy: one command, one answer (owned; NULL when it is gone). */
__attribute__((format(printf, 2, 3))) json_t *world_proxy(struct world *world, const char *format,
                                                          ...);
/* How often a class has fired on a link ("*": all); class NULL: bytes. */
int64_t world_proxy_count(struct world *world, const char *link, const char *class);
