/* A machine with an agent: the production agent core, the file it saves, its clocks, and the shims
 * that outlive it. */
#pragma once

#include "agent/core/agt.h"
#include "tests/sim/clock.h"
#include "tests/sim/fetch.h"
#include "tests/sim/network.h"
#include "tests/sim/owner.h"
#include "tests/sim/release.h"
#include "tests/sim/senses.h"
#include "tests/sim/statefile.h"

struct life;
struct liar;
struct shim;

struct policies_seen {  /* by the check of policies: its state, parsed */
    struct blob *bytes; /* owned reference */
    struct arena arena;
    const struct node *root;
};

struct machine {
    struct sim *sim;
    size_t index;
    struct die die, work_die; /* its own, its workloads' */
    char name[16];            /* of the agent, or, in traces, of the machine that a copy runs on */
    char boot_id[40];
    struct machine *twin; /* borrowed: has the same key; NULL: none */
    bool is_on;           /* has power */
    bool is_lost;         /* for good */
    bool is_owner_paused;
    bool has_rot; /* what is saved is not what was saved */
    unsigned boots;
    int64_t spawned; /* runs, in all */
    struct clock clock;
    int64_t wall_offset_ms;
    struct agt_options options;
    struct strpair labels[1];
    struct owner owner;

    struct agt *agt; /* owned; NULL while the process is down */
    unsigned life;   /* of the process; rises */
    struct agt_effects effects;
    struct statefile file;
    struct blob *backup; /* owned reference: the file as it was some time ago; NULL: none */
    size_t backup_shims; /* there were so many then */
    struct conn *conn;   /* borrowed: the newest; NULL between LINK_DOWN and CONNECT */
    uint64_t tick;       /* newest timer */
    int64_t stalled_until_ms;
    unsigned crash_in;            /* effects until the process dies; 0: never */
    unsigned crash_when_starting; /* starts that end within a few effects */
    unsigned saves_to_fail;
    unsigned cut_in_saves; /* the power goes during that one; 0: never */
    enum saving unlucky;   /* how far the next save that fails comes; SAVING_WELL: drawn */
    int64_t disk_full_until_ms;
    bool is_dying, loses_power;
    int64_t down_ms;       /* after the next death, as a plan says; 0: by chance */
    enum release release;  /* of the agent that is started next */
    int64_t highest_epoch; /* checked: never goes back */
    struct {               /* checked, too: of what it saved, and of what it said */
        int64_t era;
        uint64_t revision, reserved, report;
    } seen;
    struct fetches fetches; /* of this life of the process */
    struct liar *liar;      /* owned: in the place of the agent */
    struct senses senses;
    const struct life *lived; /* borrowed: of a day, instead of the senses; NULL: none */
    const char *program;      /* of its owner's, that wants it for itself; NULL: none */
    int64_t utc_offset_ms;
    struct policies_seen policies_seen;
    struct mono sensed;                      /* when they were read */
    int64_t cpu_broken_ms, memory_broken_ms; /* check_share.h */
    uint64_t overruns;                       /* runs told to end for memory; 0 is none's number */
    int64_t started_at_ms;                   /* its process */
    bool is_unsaved;                         /* the last save failed */

    struct {
        VEC_OF(struct shim *);
    } shims; /* owned */
};

struct machine *machine_new(struct sim *sim, size_t index);
void machine_free(struct machine *machine);
struct mono machine_mono(const struct machine *machine);
struct wall machine_wall(const struct machine *machine);
/* Nothing on it goes on until it wakes up. */
bool machine_is_asleep(const struct machine *machine);

/* Faults. */
void machine_start(struct machine *machine);   /* the agent's process */
void machine_crash(struct machine *machine);   /* of the process, which starts again */
void machine_silence(struct machine *machine); /* it ends, and nobody starts it */
void machine_reboot(struct machine *machine, int64_t off_ms);
void machine_lose(struct machine *machine); /* for good */
/* Its state directory is copied to a new machine, which runs from now on.  False: nothing to copy,
 * or no place for one more. */
bool machine_clone(struct machine *machine);
/* Where an agent runs; of two machines with one key, the one that is not lost.  NULL: there is
 * none.
 */
struct machine *machine_named(const struct sim *sim, const char *agent);
bool machine_is_copy(const struct machine *machine); /* these come last among the machines */
/* Its state is kept for later, or what was kept is put back: after a power cut with all of the
 * disk, or under the feet of its shims. */
void machine_back_up(struct machine *machine);
bool machine_restore(struct machine *machine);
/* What is saved is garbled, cut short or removed; a process that runs is killed, and the next one
 * finds it.  False: there is nothing to spoil. */
bool machine_rot(struct machine *machine, struct die *die);
/* A save would find no space. */
bool machine_disk_is_full(const struct machine *machine);
void machine_pause(struct machine *machine, bool is_paused); /* its owner's word */

/* From the network. */
void machine_link_up(struct machine *machine, struct conn *conn);
void machine_frame(struct machine *machine, struct conn *conn, const struct blob *bytes);
void machine_link_drained(struct machine *machine, struct conn *conn);
void machine_link_down(struct machine *machine, struct conn *conn);

/* From a shim. */
void machine_said(struct machine *machine, struct agt_event *event);
