/* The one evaluator of harvest policies: agents enforce with it every second, plans predict with
 * it. Pure: what it knows is what it is given, and a small state per piece of work.
 *
 * The checks have an order, and the first that asks for the most gives the one reason: of several
 * that hold work the first, and before them one that ends it.  Heat comes before everything, the
 * machine's owner before what only costs us time.  A check that has begun to hold work back holds
 * it until its own, stricter, threshold has been met, for as long as its dwell says.
 * Why so: docs/decisions/0012-policies.md. */
#pragma once

#include "schema/kinds/harvest_policy.h"
#include "schema/readings.h"

/* Each asks for more than the one before.  Suspended work is frozen and keeps its memory; evicted
 * work gets TERM, so that it can save its state, its grace, and KILL, and gives its memory back. */
enum policy_outcome {
    POLICY_RUN,
    POLICY_THROTTLE, /* with `cpu_percent` of the machine */
    POLICY_SUSPEND,
    POLICY_EVICT,
};

/* In the order of checking; the words are policy_reason_words. */
enum policy_reason {
    REASON_NONE,
    REASON_OVERHEATED, /* of POLICY_THROTTLE, too */
    REASON_HEAT_WAIT,  /* cool again, for less than the dwell */
    REASON_OWNER_PAUSED,
    REASON_EXCLUSIVE_PROGRAM, /* of the owner's, which wants the machine for itself */
    REASON_ON_BATTERY,
    REASON_BATTERY_LOW,
    REASON_STALE_SENSOR, /* or unknown; taken where the sensor's own check stands */
    REASON_USER_ACTIVE,
    REASON_OUTSIDE_WINDOW,
    REASON_FOREIGN_CPU,
    REASON_MEMORY_PRESSURE,
    REASON_METERED,
    REASON_MAX_DURATION,
    REASON_COOLDOWN,
    REASON_COUNT,
};

extern const char *const policy_reason_words[];  /* "BatteryLow"; NULL-terminated, as the next */
extern const char *const policy_outcome_words[]; /* "Run" */

struct policy_moment {
    struct mono now;
    struct wall local; /* wall time plus the machine's offset from UTC: 12:00 is noon there */
};

/* In the place of a program's name: nobody can see whether one runs. */
#define PROGRAM_UNKNOWN_TEXT "(not known)"

struct policy_input {
    const struct harvest_policy_spec *spec; /* NULL: no policy; only the owner's word counts */
    /* The owner's own rules, judged beside the policy: what either forbids does not run.  NULL:
     * none. Of their session only staleSensor counts, unless there is no policy. */
    const struct harvest_policy_spec *owner_spec;
    const struct readings *readings;
    struct policy_moment moment;
    bool owner_paused;
    const char *exclusive_program; /* that runs now, or PROGRAM_UNKNOWN_TEXT; NULL: none */
    bool is_running; /* its processes are there and not frozen, since the step before */
    bool is_absent;  /* none of its processes is there, or may be: it is not ended, only held */
    bool is_waiting; /* and to go on is a start, though it ran before */
    bool has_ended;  /* only what it made is to be sent: to go on is no start */
};

/* A rule that has begun to hold work back, until its other threshold has been met for its dwell. */
struct policy_latch {
    bool is_shut;
    struct mono clear_since; /* the other threshold is met; MONO_NEVER: it is not */
};

struct policy_latches {
    struct policy_latch warm, hot, low, crowded, pressed;
};

/* Of one piece of work under one policy, kept between steps, over restarts of the work too; begins
 * with policy_begin().  After a change of the policy it is kept, and judged by the new numbers.
 * What is not for others to read is below the line. */
struct policy_state {
    enum policy_outcome outcome; /* of the step before */
    enum policy_reason reason;
    struct mono since;      /* the outcome and reason are what they are */
    struct mono held_since; /* not run; MONO_NEVER while it is let run */
    int64_t ran_ms;         /* since it last rested for the cooldown */
    /* --- */
    struct mono stepped; /* when the step before was */
    bool has_started;    /* has, or had, processes, and was not ended since */
    bool was_let_run;    /* it may have processes of which nobody has told yet */
    struct policy_latches latches, owner_latches;
    struct policy_latch blind; /* a sensor told nothing while it ran */
    enum sensor blind_sensor;  /* the first of them */
    struct mono rests_since;   /* MONO_NEVER: it runs */
};

struct policy_verdict {
    enum policy_outcome outcome;
    enum policy_reason reason;
    int64_t cpu_percent; /* of the whole machine, all work together: limits.cpuPercent, or less */
    int64_t grace_ms;    /* of an eviction */
    bool is_owners;      /* a rule of `owner_spec` it was */
    bool owner_forbids;  /* the owner's word or rules hold it, whatever else does */
    enum sensor sensor;  /* whose reading it was; SENSOR_COUNT: none */
    struct reading reading;
    char message[160]; /* in words, with the reading and what would end it */
};

/* Work that is about to start, or whose past is not known: a start needs what going on would need,
 * and user.startAfterIdle.  `was_held`: it was found frozen, nobody knows why: each rule has its
 * other threshold to be met, and the dwells count from now. */
void policy_begin(struct policy_state *state, struct mono now, bool was_held);
/* One step; at least every second, and whenever something changed.  Changes of `state->outcome` and
 * `state->reason` are what becomes an event.  An eviction is said until the work would be let run
 * again; after it, going on is a start. */
void policy_step(const struct policy_input *input, struct policy_state *state,
                 struct policy_verdict *ret_verdict);
/* Would work that starts now be let run; or with `is_running` go on?  For plans; nothing is kept.
 */
void policy_predict(const struct policy_input *input, struct policy_verdict *ret_verdict);
/* Would work that is held, for the reason and as the message its agent tells, be let go on under
 * this policy once all dwells are over?  How long it ran or rested, and what a rule of the owner's
 * has seen, its agent alone knows; and of the rules that come after its reason, whether they hold
 * it, too.  False: it depends on that; else *ret_verdict is written.  `is_running` does not count;
 * `is_waiting`: it was ended.  `message` may be NULL. */
bool policy_predict_held(const struct policy_input *input, enum policy_reason reason,
                         const char *message, struct policy_verdict *ret_verdict);

/* Is the moment within one of the windows?  Without windows always. */
bool policy_window_is_open(const struct harvest_policy_spec *spec, struct wall local);
