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
    FAULT_CONTROLLER_CRASH_STARTING, /* dies, and again while it starts */
    FAULT_DISK_IO,
    FAULT_DISK_SYNC,
    FAULT_DISK_FULL,
    FAULT_DISK_ROT, /* a page of the store is garbled; who notices it puts a copy back: restore.h */
    FAULT_AGENT_CRASH,
    FAULT_AGENT_CRASH_STARTING, /* dies while it loads, finds its shims, says hello */
    FAULT_AGENT_REBOOT,
    FAULT_AGENT_STALL,
    FAULT_AGENT_HANGS, /* for longer than its shims are patient */
    FAULT_LONG_PAUSE,  /* of an agent or the controller, longer than any lease */
    FAULT_AGENT_DISK,  /* saves fail: an IO error, a failed sync, before or after the rename */
    FAULT_AGENT_FULL,  /* no space for a while: nothing is saved, no shim is made */
    FAULT_AGENT_POWER_IN_SAVE,
    FAULT_AGENT_CLONED,   /* its state directory is copied to a machine that runs beside it */
    FAULT_AGENT_RESTORED, /* an old state is put back */
    FAULT_AGENT_ROT,      /* its state is garbled, cut short, or gone */
    FAULT_SHIM_KILLED,
    FAULT_WORKLOAD_DIES,
    FAULT_WORK_ENDED,   /* by hand; this and the next: drift.h */
    FAULT_WORK_CHANGED, /* stopped by hand, or its limits changed, or its directory removed */
    FAULT_LINK_CUT,
    FAULT_HALF_OPEN,   /* a cut of which one end, or neither, is ever told */
    FAULT_ALL_CUT,     /* every connection at once */
    FAULT_PARTITION,   /* both ways: what is sent waits */
    FAULT_ONE_WAY,     /* the same in one direction */
    FAULT_FLAPPING,    /* either, again and again */
    FAULT_SLOW_READER, /* an agent or the watching client takes what comes very slowly */
    FAULT_WALL_STEP,   /* up to an hour */
    FAULT_WALL_LEAP,   /* ten years */
    FAULT_OWNER_PAUSES,
    FAULT_CONFIGURED, /* another configuration of an agent or the controller takes effect */
    FAULT_UNPLUGGED,  /* and its battery drains; this and the next: senses.h */
    FAULT_HEAT,
    FAULT_USER, /* somebody uses the machine */
    FAULT_FOREIGN_CPU,
    FAULT_METERED,
    FAULT_SENSORS_HANG,
    FAULT_SENSOR_UNKNOWN,
    FAULT_SENSOR_NONSENSE,
    FAULT_RESTORE,    /* of the store, from a copy that was made earlier: restore.h */
    FAULT_UPGRADE,    /* or the way back, of the controller or an agent: upgrade.h */
    FAULT_CONFIG_DIR, /* a folder beside the people is edited, broken, emptied: configdir.h */
    FAULT_AGENT_LIES, /* with its own key, by the tables: liar.h */
    /* Not events but conditions of the whole seed. */
    FAULT_SLOW_NETWORK,
    FAULT_DELAYS,        /* now and then a frame, and all behind it, takes seconds */
    FAULT_LOSSY_NETWORK, /* single frames vanish from a connection */
    FAULT_DUPLICATES,    /* frames come twice */
    FAULT_REPLAYS,       /* frames come again from an earlier time or connection */
    FAULT_REORDER,       /* two frames of one connection change places */
    FAULT_LOSSY_HTTP,    /* requests and answers are lost */
    FAULT_DRIFT,         /* boot clocks run up to CLOCK_PPM_MAX fast or slow */
    FAULT_FLAKY_WORK,    /* workloads fail by chance */
    FAULT_FETCH_SLOW,    /* artifacts take seconds */
    FAULT_FETCH_FAILS,   /* or do not come at the first try */
    FAULT_WORK_UNSTARTABLE,
    FAULT_WORK_SLOW_START,   /* seconds until it runs */
    FAULT_WORK_QUITS,        /* ends by itself, well, although it should go on */
    FAULT_WORK_GROWS,        /* takes much of the machine's memory */
    FAULT_WORK_DEAF,         /* ignores TERM */
    FAULT_WORK_SLOW_EXIT,    /* ends just before it would be killed, and is killed late */
    FAULT_WORK_DIES_AT_ONCE, /* right after it was reported to run */
    FAULT_WORK_RACES_STOP,   /* ends by itself at the moment it is told to */
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

int64_t faults_draw_ppm(struct sim *sim, struct die *die); /* of one boot clock */
bool faults_disk_is_full(const struct sim *sim);           /* a time without space goes on */

/* One of the class did something: counted, so that a summary shows what was really tried. */
/* May somebody else speak with an agent's key, or it itself as it was before, or knowing nothing?
 */
bool faults_blur_agents(const struct sim *sim);
void faults_fired(struct sim *sim, enum fault fault);

/* Does this condition strike now?  Counts when it does.  Draws, from the class's own die, only when
 * it is on and faults are active. */
bool faults_strike(struct sim *sim, enum fault fault, unsigned per_mille);
