/* A day of a fleet: laptops of several habits, phones, desktops and servers live through 24 hours,
 * second by second, under the production's controller and agents, with sessions under policies as
 * people write them.
 *
 *     policy   no work runs for longer than a sampling interval while its policy forbids it, as the
 *              device truly is; none is held for longer than its dwells while nothing forbids it;
 *              none has more of the processors than its policy says at that temperature
 *
 * Every simulated second of every device is held against day_rules.h.  Time in which an agent's
 * process is down, as a fault, is told apart: nobody can ask more of it than that it is short. */
#pragma once

#include "tests/sim/day_rules.h"
#include "tests/sim/sim.h"

struct machine;
struct shim;

enum { DAY_MINUTES = 24 * 60, DAY_DEVICES_MAX = 20, DAY_DEVICES = 14, DAY_LOOKS = 3 };

enum day_state {            /* of a device for a minute; what it did for the most of it */
                 DAY_EMPTY, /* none of ours has begun there, or it was ended */
                 DAY_RUNS,
                 DAY_THROTTLED, /* for its heat */
                 DAY_SUSPENDED,
                 DAY_ASLEEP,
                 DAY_STATES
};

struct day_sample { /* a minute of a device */
    enum day_state state;
    bool is_used, is_offline, has_evicted;
    int64_t charge, millis; /* percent; thousandths of a degree */
};

struct day_work {      /* a run that is not over */
    struct shim *shim; /* borrowed */
    const struct day_policy *policy;
    struct day_latches latches;
    enum rule rule;
    int64_t forbidden_since_ms, alone_since_ms; /* it runs since then although it must not; -1 */
    int64_t urgent_since_ms;                    /* for something that gives no grace */
    int64_t ran_s, frozen_s, welcome_s, rule_s;
    int64_t done, needed; /* thousandths of a core, for a second each; needed 0: for ever */
    int64_t rested_s;     /* since it ran last: frozen, and then gone */
    int64_t gone_s;       /* since it was ended; 0: it is there */
    bool was_running, has_begun, is_noted;
};

struct day_device {
    struct machine *machine; /* borrowed */
    struct life life;
    struct {
        VEC_OF(struct day_work);
    } works;
    size_t shims_seen;
    unsigned life_seen; /* of the agent's process */
    int64_t woke_at_ms, over_s;
    int64_t idle_ms[DAY_LOOKS]; /* of this second and those before; 0: it was asleep */
    bool is_blocked;
    int64_t blocked_at_s;            /* when it was last */
    int64_t cut_until_s, crash_at_s; /* faults */
    int64_t done, suspensions[RULE_COUNT], evictions[RULE_COUNT];
    int64_t worst_ms, worst_alone_ms, seconds_run, hottest;
    int64_t minute[DAY_STATES]; /* seconds of the minute under way */
    bool evicts;
    struct day_sample samples[DAY_MINUTES];
};

struct day_options {
    uint64_t seed;
    size_t devices;
    int64_t hours;
    bool has_faults, is_traced;
};

struct day_date {
    const char *name;
    const char *midnight; /* in UTC */
    int64_t offset_s;     /* the clocks on walls are ahead by so much */
    int64_t turns_at_s, turns_by_s;
};

struct day {
    struct sim *sim;
    struct day_options options;
    const struct day_date *date;
    struct day_device devices[DAY_DEVICES_MAX];
    size_t count;
    int64_t second, begun_ms;
    int64_t tasks_done, reasons_told;
};

/* Runs one day.  True when nothing was wrong; otherwise `tail->failure` says what.  The rest is
 * there either way, until day_fini(). */
bool day_run(struct day *day, const struct day_options *options, struct record_tail *tail);
void day_fini(struct day *day);
int64_t day_local_ms(const struct day *day); /* on the clocks of walls */

/* What became of the second that has passed, before the next one. */
void day_check(struct day *day, struct day_device *device);
/* What the device as it is now asks of the work on it. */
void day_judge(struct day *day, struct day_device *device);
/* The share of its processors that our work uses now, in thousandths of a percent. */
int64_t day_own_load(const struct day_device *device);

/* Asks the controller of what has been held for a while: does it name the rule that is broken? */
void day_ask_why(struct day *day);

void day_tell(const struct day *day);
/* Draws it, as SVG.  Returns 0 or a negative code. */
int day_draw(const struct day *day, const char *path);

/* "--day" and what belongs to it; -1 when that is not among the words. */
int day_main(int count, char **words);
