/* What goes wrong, how often, and until when.
 *
 * Each class of faults is on or off for a whole seed ("swarm"): a world with one kind of trouble
 * finds other mistakes than one with all of them. */
#pragma once

#include "tests/sim/die.h"

#include <stdint.h>

struct sim;

enum fault {
    FAULT_CONTROLLER_CRASH, /* the process dies between two effects, or at once */
    FAULT_CONTROLLER_POWER, /* its machine loses power, now or within a commit */
    FAULT_CONTROLLER_STALL,
    FAULT_DISK_IO,
    FAULT_DISK_SYNC,
    FAULT_DISK_FULL,
    FAULT_AGENT_CRASH,
    FAULT_AGENT_REBOOT,
    FAULT_AGENT_STALL,
    FAULT_AGENT_DISK, /* saves fail */
    FAULT_SHIM_KILLED,
    FAULT_WORKLOAD_DIES,
    FAULT_LINK_CUT,
    FAULT_PARTITION, /* both ways or one way */
    FAULT_WALL_STEP,
    FAULT_OWNER_PAUSES,
    FAULT_RESTORE,    /* of the store, from a copy that was made earlier: restore.h */
    FAULT_UPGRADE,    /* or the way back, of the controller or an agent: upgrade.h */
    FAULT_AGENT_LIES, /* with its own key, by the tables: liar.h */
    /* Not events but conditions of the whole seed. */
    FAULT_SLOW_NETWORK,
    FAULT_LOSSY_NETWORK, /* single frames vanish from a connection */
    FAULT_REPEATS,       /* frames come twice, or again from an earlier time or connection */
    FAULT_LOSSY_HTTP,    /* requests and answers are lost */
    FAULT_FLAKY_WORK,    /* workloads fail by chance */
    FAULT_CONTROLLER_LIES,
    FAULT_BUGGIFY, /* places in the code make life harder: sites.h */
    FAULT_COUNT,
    FAULT_EVENT_COUNT = FAULT_SLOW_NETWORK,
};

struct faults {
    bool is_on[FAULT_COUNT];
    struct die dice[FAULT_COUNT];       /* of the class: is it on, when, how often */
    int64_t mean_ms[FAULT_EVENT_COUNT]; /* between two of the class */
    bool is_active;                     /* false: everything has healed */
    int64_t chaos_ms;                   /* how long they go on */
    int64_t full_until_ms;              /* no space on the controller's disk */
};

extern const char *const fault_words[FAULT_COUNT];

/* `forced`, by enum fault: the classes that are on; NULL: as the dice say. */
void faults_draw(struct sim *sim, const bool *forced);
void faults_begin(struct sim *sim);
/* Everything that heals does; what the seed says stays lost. */
void faults_end(struct sim *sim);

bool faults_disk_is_full(const struct sim *sim); /* a time without space goes on */

/* One of the class did something: counted, so that a summary shows what was really tried. */
void faults_fired(struct sim *sim, enum fault fault);

/* Does this condition strike now?  Counts when it does.  Draws, from the class's own die, only when
 * it is on and faults are active. */
bool faults_strike(struct sim *sim, enum fault fault, unsigned per_mille);
