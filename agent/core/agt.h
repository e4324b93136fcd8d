/* The agent's core: one door, as the controller's.
 *
 *     shell:  event → agt_step() → effects → send, save, spawn, signal
 *
 * It makes the set of assignments it was last told true, keeps doing so while cut off and after its
 * own restart, and reports what becomes of them.  No clock, file, socket, process or thread in
 * here.
 *
 * Each workload runs under a shim (agent/shim), which outlives the agent.  The core names a run by
 * (uid, run): `run` rises with each start of an assignment and is saved before the shim is spawned,
 * so that after a crash nothing is started twice.
 *
 * Order: effects are performed in order, each before the next.  A failed AGT_SAVE ends the step's
 * effects and comes back as AGT_SAVE_FAILED before any other event: what was not saved was not
 * decided.  Each AGT_CONNECT is followed by exactly one AGT_LINK_DOWN: when connecting failed, when
 * the link was lost, or after AGT_HANGUP.  A machine whose owner paused it says so by AGT_OWNER
 * before AGT_START. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"
#include "schema/base/mono.h"
#include "schema/base/rand.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "schema/kinds/assignment.h"
#include "schema/policy.h"
#include "schema/wire/wire.h"

struct agt;

enum { OVERRUN_MESSAGE_SIZE = 256 };

/* What the owner may change while the agent runs.  Borrowed until the next AGT_OPTIONS is over. */
struct agt_settings {
    struct resources capacity;
    struct strmap labels;
    struct limits_policy caps;                      /* the owner's, on all work together */
    const struct harvest_policy_spec *owner_policy; /* judged beside each manifest's; NULL: none */
};

struct agt_options { /* borrowed texts; must outlive the core */
    const char *name;
    const char *version, *platform, *boot_id;
    const char *controller; /* expected name; "" any */
    struct wire_versions speaks;
    uint8_t key[KEY_SIZE]; /* Ed25519 seed */
    uint8_t seed[RAND_SEED_SIZE];
    int64_t memory; /* of the whole machine; 0: not known */
    struct agt_settings settings;
};

enum agt_event_type {
    AGT_START, /* loading is over; shims found running were announced by AGT_FOUND */
    AGT_TICK,
    AGT_LINK_UP,
    AGT_LINK_FRAME,   /* a whole message */
    AGT_LINK_DRAINED, /* all that was sent has left */
    AGT_LINK_DOWN,    /* also when connecting failed */
    AGT_SAVE_FAILED,  /* disk full or broken; the core keeps running what runs and tries again */
    AGT_FOUND,        /* before START: a shim of an earlier life: running, or ended with a record */
    AGT_STARTED,      /* the workload of (uid, run) was executed */
    AGT_EXITED,       /* it ended; the record is durable */
    AGT_USAGE,        /* a measurement of what it used so far */
    AGT_LAPSED,       /* its shim suspended it, for we watched nothing for too long */
    AGT_DRIFTED,      /* what its shim finds changed by somebody else: all of it, now; told again
                         from time to time while there is some, and once more when there is none */
    AGT_OWNER,        /* the machine's owner paused or resumed */
    AGT_LOG_LINES,    /* the answer to AGT_READ_LOG */
    AGT_FETCHING,     /* how far the fetch of number `run` is */
    AGT_FETCHED,      /* its end; what was put ready is there until AGT_SPAWN or AGT_UNFETCH */
    AGT_COLLECTED,    /* the outputs of (uid, run) are stored, or why not */
    AGT_READINGS,     /* of the machine's sensors; see agt_readings_due() */
    AGT_OPTIONS,      /* other settings take effect: work is judged by them from this step on; what
                         the controller was told of them is told again, on a new connection */
};

/* Why a run ended, as the shim wrote it down. */
enum exit_cause {
    EXIT_BY_ITSELF,
    EXIT_NOT_STARTED, /* could not be executed, for good: why is in `message` */
    EXIT_STOPPED,     /* the agent asked for it */
    EXIT_LEASE_ENDED,
    EXIT_ORPHANED, /* no agent came back for orphanAfter */
    EXIT_LOST,     /* the machine was booted, the shim was killed or could not be made: nothing is
                      known, or something passing; tried again */
};

/* The message of a run that was ended because it, or all together, held too much memory begins so;
 * its cause is EXIT_BY_ITSELF. */
#define EXIT_MEMORY_LIMIT "MemoryLimit: "
#define EXIT_PIDS_LIMIT   "PidsLimit: " /* the same of one with too many processes */

struct agt_exit {
    enum exit_cause cause;
    int code;             /* 128 + n for signal n */
    bool is_from_outside; /* somebody else on the machine ended it, or its shim */
    char message[256];
    struct wall started, ended;
    struct contribution usage; /* of this run: cpu_ms, wall_ms, memory_peak */
};

struct agt_event {
    enum agt_event_type type;
    struct mono now;
    struct wall wall;
    int64_t utc_offset_ms; /* local time is so much ahead of `wall` */
    const char *uid;       /* FOUND, STARTED, EXITED, USAGE, LAPSED, DRIFTED */
    int64_t run;
    struct mono frozen_since; /* STARTED, LAPSED: it is suspended, perhaps since before this agent
                                 was there; zero: it is not, or its shim does not say */
    int64_t cpu_limit;        /* STARTED: held to so many thousandths of a core now; 0: not held */
    int64_t memory;           /* USAGE: bytes that it holds now */
    unsigned drift;           /* DRIFTED: bits 1 << enum drift_sort */
    union {
        struct {
            const char *bytes;
            size_t size_bytes;
        } frame;
        struct {
            bool running; /* else `exit` holds */
            const struct agt_exit *exit;
        } found;
        const struct agt_exit *exit; /* EXITED */
        struct wall started;         /* STARTED */
        struct contribution usage;   /* USAGE: of this run so far */
        bool owner_paused;
        const struct agt_settings *settings; /* OPTIONS */
        struct {
            uint64_t id;
            const char *data; /* valid UTF-8, at most LOG_CHUNK_BYTES_MAX bytes; may be NULL */
            bool end;
            const char *error; /* NULL or why */
        } log;
        struct {
            int64_t done_bytes, total_bytes; /* of those that were not in the cache */
        } progress;                          /* FETCHING */
        struct {
            int code; /* 0; ERR_NOT_FOUND: the controller has it not; ERR_CORRUPT; ERR_FULL … */
            const char *message;
        } fetched;
        struct {
            int code; /* 0; ERR_NOT_FOUND, ERR_LIMIT: will never be; others: later perhaps */
            const char *message;
            const outputs_t *outputs; /* when the code is 0 */
        } collected;
        struct {
            const struct readings *now;
            const char *exclusive_program; /* of the owner's, that runs now; NULL: none */
        } readings;
    };
};

enum agt_effect_type {
    AGT_CONNECT,
    AGT_SEND,
    AGT_HANGUP,
    AGT_SAVE,    /* replace the saved state by these bytes, durably */
    AGT_FETCH,   /* have the template's artifacts ready for the next run; replaces an earlier one */
    AGT_UNFETCH, /* stop that, and remove what is ready */
    AGT_COLLECT, /* store the outputs of (uid, run), which is over, with the controller */
    AGT_UNCOLLECT, /* stop that */
    AGT_SPAWN,     /* a shim that runs this, in a folder with the artifacts that are ready */
    AGT_SIGNAL,    /* tell the shim to stop the workload: TERM, then KILL after grace */
    AGT_EXTEND,    /* tell the shim a later end of its lease */
    AGT_SUSPEND,   /* freeze; where there is a grace, only after a signal and that */
    AGT_RESUME,
    AGT_LIMIT,    /* the processor time it may use from now on */
    AGT_OVERRUN,  /* kill it as one that broke a limit: its record says `message` */
    AGT_WATCH,    /* for how long it may run without anybody who watches */
    AGT_MEND,     /* make its processes go on and its limits as they were set */
    AGT_FORGET,   /* the record was taken in: the working directory and record of (uid, run) may go;
                     run 0: the assignment is forgotten, and what its runs kept for each other */
    AGT_READ_LOG, /* lines of an assignment's log */
    AGT_STOP_LOG,
};

struct agt_spawn {
    const char *uid, *name, *session, *slot; /* owned by the effects' arena, as all texts here */
    int64_t run;
    int64_t generation, lease_epoch;
    const struct template *template;
    struct mono
        lease_end;        /* boot time at which the shim ends the group; MONO_NEVER without lease */
    int64_t cpu_limit;    /* until AGT_LIMIT says another; in the same unit */
    int64_t unwatched_ms; /* until AGT_WATCH says another; in the same unit */
    bool suspended;       /* start frozen is not done: the core does not start while paused */
};

struct agt_effect {
    enum agt_effect_type type;
    const char *uid;
    int64_t run;
    struct blob *bytes; /* owned reference: SEND, SAVE */
    union {
        enum { AGT_SEND_CONTROL, AGT_SEND_REPORT, AGT_SEND_LOG } priority;
        struct agt_spawn spawn;
        struct {
            const struct template *template; /* in the effects' arena */
            int port;                        /* of the controller's HTTP listener; 0: not known */
        } fetch;                             /* FETCH, COLLECT */
        struct mono lease_end;               /* EXTEND */
        int64_t grace_ms;                    /* SIGNAL */
        struct checkpoint checkpoint;        /* SUSPEND; a grace of 0: now, and no signal */
        int64_t cpu_limit;    /* LIMIT: thousandths of all the machine's; 0: no limit of ours */
        const char *message;  /* OVERRUN; shorter than OVERRUN_MESSAGE_SIZE */
        const char *reason;   /* HANGUP */
        int64_t unwatched_ms; /* WATCH; 0: for as long as it likes */
        struct {
            uint64_t id;
            int64_t tail;
            bool follow;
        } log;
    };
};

struct agt_effects {
    VEC_OF(struct agt_effect);
    struct arena arena;
};

void agt_effects_init(struct agt_effects *effects);
void agt_effects_clear(struct agt_effects *effects);
void agt_effects_fini(struct agt_effects *effects);

struct agt *agt_new(const struct agt_options *options);
void agt_free(struct agt *agt);
/* The bytes of the last AGT_SAVE, before the first step; ERR_CORRUPT when they are not: the agent
 * then starts empty, and says so. */
int agt_load(struct agt *agt, const char *bytes, size_t size_bytes, struct err *err);
void agt_step(struct agt *agt, const struct agt_event *event, struct agt_effects *effects);
struct mono agt_deadline(const struct agt *agt);
/* When the next AGT_READINGS is wanted: every second while a policy governs work, else as often as
 * heartbeats tell them; never while nobody asks for them. */
struct mono agt_readings_due(const struct agt *agt);

/* The processor time that all work of ours here has used, also what is forgotten by now: it never
 * falls. */
int64_t agt_cpu_ms(const struct agt *agt);

/* Counters of work done, never reset. */
struct agt_counters {
    uint64_t steps, saves, spawns;
    uint64_t sent[WIRE_TYPE_COUNT];
    uint64_t bad_messages;   /* answered with an error */
    uint64_t stale_messages; /* dropped by fencing */
    uint64_t errors_heard;   /* the controller's answers to bad messages of ours */
};

const struct agt_counters *agt_counters(const struct agt *agt);

/* For `fog-agent status` and tests: a summary as JSON. */
void agt_describe(const struct agt *agt, struct str *to);
/* Is the assignment wanted, or on its way out? */
bool agt_knows(const struct agt *agt, const char *uid);
