/* Perturbation plans: a workload that goes the same way each time, and what is done to it at which
 * of its side effects.
 *
 * A side effect is one commit, one frame, one HTTP answer, one piece of a stream of events; on a
 * machine one save of the agent's file, one spawn, one order to a shim, one beginning or recorded
 * end of a workload; and each opening of the store.  They are numbered from 1 for each actor: the
 * controller, and each machine
 * ("m-0").  A plan is a text of lines; "#" begins a comment:
 *
 *     workload NAME
 *     crash ACTOR before|after|untold|heard effect N restart-after DURATION
 *     power controller within|losing|keeping|amid|sparing effect N change K restart-after DURATION
 *     power m-0 before|after effect N restart-after DURATION
 *     power m-0 within save N change K restart-after DURATION
 *     tear|drop|mute|delay|repeat|swap|replay|lose …, see plan_words
 *
 * Instead of "effect" a line may count only effects of one sort ("commit 3", "spawn 1") or frames
 * of one type ("report 2"), which stays true when other effects come or go.
 *
 * before: the process dies and the effect is not done.  untold: it is done, and the process dies
 * before it does or learns anything more.  after: it dies when all that belongs to the same step is
 * done, for a commit when what had waited for it has gone out.  heard: when the other side has
 * taken in the frame.
 *
 * When the power goes within a commit, what is not safe is: kept, dropped, torn or garbled by
 * chance; lost; kept; kept up to a point in it; kept or dropped by chance.  A save makes two
 * changes: the new file takes the old one's place, and then is safe there. */
#pragma once

#include "schema/base/err.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

#include <stdio.h>

struct agt_effect;
struct machine;
struct stored_state;
struct stream;

enum deed {
    DEED_COMMIT,
    DEED_FRAME,
    DEED_ANSWER,
    DEED_SAVE,
    DEED_SPAWN,
    DEED_KILL,
    DEED_EXTEND, /* a lease */
    DEED_FREEZE, /* or let it go on, or slow it */
    DEED_FORGET, /* a run's folder is removed */
    DEED_RUN,    /* the shim executes the workload */
    DEED_RECORD, /* the shim keeps how it ended */
    DEED_EVENT,  /* what a client that watches is told */
    DEED_OPEN,   /* a controller that starts opens its store */
    DEED_COUNT,
};

enum blow_type {
    BLOW_CRASH_BEFORE,
    BLOW_CRASH_UNTOLD,
    BLOW_CRASH_AFTER,
    BLOW_CRASH_HEARD,
    BLOW_POWER_WITHIN, /* of a commit, or of opening: at its `number`-th change of the disk */
    BLOW_POWER_LOSING, /* and the four that follow: what becomes of what is not safe */
    BLOW_POWER_KEEPING,
    BLOW_POWER_AMID,
    BLOW_POWER_SPARING,
    BLOW_POWER_BEFORE, /* of an agent's machine: its file is the old one */
    BLOW_POWER_AFTER,  /* the new one */
    BLOW_STALL,        /* the process stands still for `ms` after it */
    BLOW_IO_FAILS,     /* of a commit: the `number`-th operation of the disk */
    BLOW_SYNC_FAILS,   /* as above: the `number`-th sync */
    BLOW_FULL,         /* as above: no room */
    BLOW_SAVE_FAILS,   /* the agent's disk refuses */
    BLOW_SAVE_UNSURE, /* the new file is there and not safe, and the agent is told that it failed */
    BLOW_TEAR,        /* the connection breaks within the frame */
    BLOW_DROP,        /* this frame and those behind it, `number` in all */
    BLOW_MUTE,        /* this frame and all of its connection and direction that follow */
    BLOW_DELAY,       /* `ms`; those behind it wait */
    BLOW_REPEAT,
    BLOW_SWAP,   /* with the next of its connection and direction */
    BLOW_REPLAY, /* the frame that was `noun` `number` comes again after it */
    BLOW_LOSE,   /* an HTTP answer or an event: its connection breaks before it */
    BLOW_KILL,   /* the shim, and all that is under it */
    BLOW_COUNT,
};

enum { BLOWS_MAX = 8, ACTORS_MAX = 1 + MACHINES_MAX, NOUN_SIZE = 16 };

enum { PLAN_SEED = 1 }; /* of all plays: a short silence, no questions at the end */

struct blow {
    enum blow_type type;
    size_t actor;         /* 0: the controller; 1 + index: a machine */
    char noun[NOUN_SIZE]; /* what `effect` counts: see above */
    uint64_t effect, number;
    int64_t ms;
};

struct plan {
    char workload[40];
    struct blow blows[BLOWS_MAX];
    size_t count;
};

struct plan_word {
    const char *verb, *where, *number, *duration; /* the last two NULL: has none */
};
extern const struct plan_word plan_words[BLOW_COUNT];
extern const char *const deed_words[DEED_COUNT];

int plan_parse(const char *text, struct plan *plan, struct err *err);
void plan_print(const struct plan *plan, struct str *to);

/* --- one run ---------------------------------------------------------------------------------- */

struct script;

struct effect_seen {
    size_t actor;
    uint64_t number; /* of the actor */
    enum deed deed;
    size_t peer; /* of a frame: the other end */
    bool is_report;
    struct blob *bytes; /* owned reference; NULL unless a frame */
};

struct effects_seen {
    VEC_OF(struct effect_seen);
};
void effects_seen_fini(struct effects_seen *effects);

struct plan_run {
    struct plan plan;
    const struct script *script;
    /* Called at every effect, before it happens; may add to the plan.  NULL: nobody looks on. */
    void (*survey)(struct plan_run *run, struct sim *sim, const struct effect_seen *effect);
    void *context; /* of survey */
    /* Shared with the parent.  Not NULL: the process ends when the commit under way is told, and
     * leaves here what it did to the disk. */
    struct disk_counters *measured;

    struct str ending;    /* what there is at the end */
    const char *expected; /* borrowed: without a fault; NULL: not known */
    struct effects_seen effects;
    uint64_t counts[ACTORS_MAX]; /* effects so far */
    size_t struck;               /* blows that came */
    bool is_over;                /* the play is: nothing is counted, nothing strikes */

    struct disk_counters before; /* the commit under way */
    bool dies_when_told;
    uint64_t cut_seed;                         /* 0: no cut is planned */
    struct stream *muted, *dropping, *holding; /* borrowed */
    uint64_t to_drop;
    struct blob *held, *awaited; /* owned; to be swapped, to be heard */
    size_t awaited_from;         /* actor */
    bool forgets;                /* the next start finds history cut off */
    uint64_t compacted;
    struct player *player; /* owned: plan_play.c */
};

void plan_run_init(struct plan_run *run, const struct plan *plan, const struct script *script);
void plan_run_fini(struct plan_run *run);

/* The course of the workload, to its end and the end of all blows; then the world heals. */
void plan_play(struct sim *sim);
void plan_compare(struct sim *sim);      /* at the very end */
void player_free(struct player *player); /* NULL does nothing */

/* --- all blows that may strike at one effect -------------------------------------------------- */

struct blows {
    VEC_OF(struct blow);
};

/* `known` is what the workload does without a fault, `disk` what a commit does to the disk. */
void plan_blows(const struct effects_seen *known, const struct effect_seen *effect,
                const struct disk_counters *disk, struct blows *to);

/* --- from the world --------------------------------------------------------------------------- */

void plan_state(struct sim *sim, struct stored_state *state); /* the controller loads it */
/* A group of batches goes to the disk; false: the process died before it did. */
bool plan_commit(struct sim *sim);
bool plan_open(struct sim *sim);   /* as above, before the store is opened */
bool plan_opened(struct sim *sim); /* false: the process dies now */
/* The power goes: makes the die that says how another one than the world's, for each plan. */
void plan_cut(struct sim *sim, struct die *die);
void plan_told(struct sim *sim); /* what had waited for the commit has gone out */
/* An answer or an event goes out: how much later than it would, or that it does not. */
enum { PLAN_LOST = -1, PLAN_TORN = -2 /* half of it does */ };
int64_t plan_http(struct sim *sim, enum deed deed);
/* False: the frame does not go out, or did so already. */
bool plan_frame(struct sim *sim, struct stream *stream, struct blob *bytes);
void plan_arrived(struct sim *sim, const struct blob *bytes);
void plan_act(struct machine *machine, const struct agt_effect *effect);
enum shim_fate { SHIM_GOES_ON, SHIM_DIES, SHIM_STOPS /* with the power */ };
enum shim_fate plan_shim(struct machine *machine, enum deed deed);

/* --- fog-sim ---------------------------------------------------------------------------------- */

struct campaign_options {
    const char *program, *out; /* where plans that failed are written */
    const char *workload;      /* "all": each of them */
    uint64_t pairs;            /* and so many plans of two blows, drawn by chance, of each */
    uint64_t seed;             /* of that chance */
    size_t jobs;
    bool stops;      /* at the first failure */
    bool only_pairs; /* no single blows */
};

int campaign_run(const struct campaign_options *options); /* the exit status */

/* --plan FILE, --plans NAME, --effects NAME: the exit status, or -1: none of these. */
int plans_main(int count, char **words);
