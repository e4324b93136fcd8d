/* Virtual shims and the workloads under them.  They live on a machine's clock, outlive the agent,
 * end with the machine's power, and keep a record of the end until it is taken in.
 *
 * What a workload does is the first word of its command: "serve" runs until told to end, "stubborn"
 * ignores TERM, "job MS" ends well after a time, "fail MS" ends badly, "missing" cannot be
 * executed, "flaky MS" fails by chance while faults go on, else serves; "crunch" goes on until
 * shim_finish(). */
#pragma once

#include "tests/sim/machine.h"

enum shim_state { SHIM_STARTING, SHIM_RUNNING, SHIM_ENDING, SHIM_ENDED };

struct shim_latches { /* of one policy, as long as it stays the same */
    int64_t hot_for_ms, low_for_ms, cool_since_ms;
    bool is_hot, is_low;
};

struct shim_watch { /* check_policy.h */
    char digest[DIGEST_TEXT_SIZE];
    unsigned changes;           /* of the owner's configuration */
    int64_t forbidden_since_ms; /* while it runs; -1: it is not */
    struct shim_latches latches, owners;
    int64_t thawed_at_ms;
    int64_t forbade_at_ms;   /* the last look that found it forbidden */
    int64_t urgent_since_ms; /* the same, of what no grace is given for */
};

struct shim {
    struct machine *machine;    /* borrowed */
    char *uid, *session, *slot; /* owned */
    char *command, *version;    /* owned: words joined by blanks; the variable VERSION */
    int64_t run, generation, lease_epoch;
    int64_t era; /* in which it was wanted */
    enum shim_state state;
    bool has_process; /* something of the workload is alive, in true time */
    bool is_frozen, is_forgotten, is_lost;
    bool was_held; /* it was frozen, or told to save its state first, at some time */
    bool has_outputs, is_collected; /* they are stored, since the connection began or for good */
    bool was_put_back; /* an older state was put on its disk since: its number may come again */
    struct mono lease_end;
    int64_t grace_ms, orphan_after_ms, lease_ms;
    int64_t unwatched_ms;       /* 0: for as long as it likes */
    int64_t watched_at_ms;      /* true time of the newest word of an agent that watches */
    int64_t checkpoint_ms;      /* its grace before a suspension; 0: none */
    int64_t freeze_at_ms;       /* it was told to save its state until then; 0: it was not */
    uint64_t freeze_look;       /* newest order to freeze */
    int64_t lapse, heard_lapse; /* the newest; of which its agent knows */
    bool has_lapsed;
    bool has_said_started;            /* to some agent; by then no later word can come first */
    uint64_t watch_look;              /* newest look whether somebody watches */
    bool reports_drift;               /* as its template said: drift is left */
    unsigned drift;                   /* bits of enum drift_sort: changed by hand */
    uint64_t drift_look;              /* newest look for that */
    int64_t cores;                    /* thousandths, as declared; at least one */
    int64_t cpu_limit;                /* thousandths of its machine; 0: no limit */
    int64_t memory_percent;           /* its policy's; 0: no limit */
    int64_t memory;                   /* bytes it holds; see shim_memory() */
    int64_t told_memory;              /* as its agent was told last */
    uint64_t overrun;                 /* its machine's so-manieth that had to end for memory */
    unsigned overrun_life;            /* of the agent that said so */
    int64_t spawned_ms;               /* true time; it begins a little later */
    int64_t began_ms, alone_since_ms; /* true time; -1: an agent is there */
    int64_t ended_at_ms;              /* true time; 0: not yet */
    unsigned ended_life;              /* of the agent that was there */
    uint64_t kill;                    /* newest order to kill */
    int64_t killed_at_ms;             /* then; meaningful when there is one */
    bool is_deaf, is_slow;            /* ignores TERM; ends late */
    bool quits;                       /* ends well, too early */
    int64_t held_at_ms;               /* it was frozen, or told to end; true time */
    struct shim_watch watch;
    struct agt_exit exit;
};

void shim_free(struct shim *shim);
void shim_spawn(struct machine *machine, const struct agt_spawn *spawn);
void shim_stop(struct machine *machine, const char *uid, int64_t run, int64_t grace_ms);
void shim_extend(struct machine *machine, const char *uid, int64_t run, struct mono lease_end);
/* AGT_SUSPEND, AGT_RESUME. */
void shim_freeze(struct machine *machine, const struct agt_effect *effect);
void shim_watch(struct machine *machine, const char *uid, int64_t run, int64_t unwatched_ms);
void shim_limit(struct machine *machine, const char *uid, int64_t run, int64_t cpu_limit);
/* It is to be killed, as one that broke a limit. */
void shim_overrun(struct machine *machine, const char *uid, int64_t run, const char *message);
/* What it holds; little, once nothing goes wrong any more. */
int64_t shim_memory(const struct shim *shim);
/* The workload has done what it was for. */
void shim_finish(struct shim *shim);
/* Its folder is still there; NULL: it is not. */
struct shim *shim_over(struct machine *machine, const char *uid, int64_t run);
void shim_forget(struct machine *machine, const char *uid, int64_t run);
bool shim_ends_by_itself(const struct shim *shim); /* soon, whoever is there */
/* Fills in an AGT_FOUND; false when there is nothing to find. */
bool shim_describe(const struct shim *shim, struct agt_event *event);

/* The agent's process is gone: orphanAfter counts from now. */
void shims_alone(struct machine *machine);
void shims_joined(struct machine *machine); /* and is back */
void shim_watch_again(struct shim *shim);   /* what is allowed, or wanted, is something else */
void shim_greet(struct shim *shim);         /* tells an agent that has come how it is */
bool shims_need_watch(const struct machine *machine); /* something runs under a policy */
/* The agent has read the sensors, and said what follows. */
void shims_watched(struct machine *machine);
/* The machine has no power any more. */
void shims_lost(struct machine *machine);
/* What a copy of a machine's disk has of its runs: folders, no processes. */
void shims_copy(const struct machine *machine, struct machine *copy);
/* The state of the agent is as it was when there were so many, and with `whole_disk` their folders,
 * too; then nothing runs. */
void shims_restored(struct machine *machine, size_t count, bool whole_disk);
/* Faults: one running workload dies by itself, is ended by hand, or one shim is killed with all
 * that is under it; FAULT_WORK_CHANGED only chooses. */
struct shim *shims_disturb(struct machine *machine, enum fault fault); /* NULL: none runs */
