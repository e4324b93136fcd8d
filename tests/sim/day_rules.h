/* The policies of a simulated day, and what each of them asks of a device as it truly is.
 *
 * A reference of its own: plain numbers in a table, from which the manifests are written, and plain
 * comparisons with the truth, which no sensor, agent or controller stands between.  It shares no
 * code with the evaluator. */
#pragma once

#include "schema/base/str.h"
#include "tests/sim/day_life.h"
#include "tests/sim/hours.h"

enum { DAY_WINDOWS_MAX = 2 };

struct day_policy {
    const char *name;
    int64_t min_percent, resume_percent;
    bool needs_power;
    int64_t throttle, suspend, evict, resume, heat_dwell_s; /* degrees */
    int64_t start_idle_s, continue_idle_s;
    int64_t foreign_percent, foreign_dwell_s;
    int64_t evict_percent, memory_dwell_s; /* of memory pressure */
    int64_t cpu_percent;
    bool is_fine_metered;
    int64_t max_duration_s, cooldown_s, max_suspend_s, grace_s;
    int64_t checkpoint_s; /* its session's grace before a suspension; 0: none */
    struct hours windows[DAY_WINDOWS_MAX];
    size_t window_count;
};

enum { DAY_POLICIES = 7 };
extern const struct day_policy day_policies[DAY_POLICIES];

const struct day_policy *day_policy_of(const char *session); /* of that name; NULL */
/* All policies and sessions of the day, as one change set. */
void day_manifests(int64_t tasks, struct str *to);

/* Why it must not run, in the order of docs/HARVEST.md; RULE_NONE: it may. */
enum rule {
    RULE_NONE,
    RULE_HOT,
    RULE_HEAT_WAIT,
    RULE_PAUSED,
    RULE_GAME,
    RULE_ON_BATTERY,
    RULE_LOW,
    RULE_USED,
    RULE_WINDOW,
    RULE_FOREIGN,
    RULE_MEMORY,
    RULE_METERED,
    RULE_BLIND,     /* a sensor tells nothing, and its last word counts no more */
    RULE_LONG,      /* it ran for as long as it may at a stretch */
    RULE_HELD_LONG, /* it was suspended for as long as it may keep its memory */
    RULE_COUNT
};

extern const char *const rule_words[RULE_COUNT]; /* as in docs/HARVEST.md */

/* What a piece of work remembers of its device: a rule that was broken holds until its other
 * threshold is met for its dwell. */
struct day_latches {
    int64_t hot_s, low_s, crowded_s, short_s; /* for so long the rule was broken */
    bool is_hot, is_low, is_crowded, is_short;
    bool felt_hot, felt_low, felt_crowded; /* for a second, so that it may have been seen */
    int64_t cool_s, lonely_s, roomy_s;     /* for so long the other threshold is met */
};

/* A second has passed. */
void day_latch(struct day_latches *latches, const struct day_policy *policy,
               const struct life *life);
/* `local_ms`: the clock on the device's wall. */
enum rule day_forbids(const struct day_latches *latches, const struct day_policy *policy,
                      const struct life *life, int64_t local_ms);
/* Of what it forbids, is something such that no work is given time to save its state? */
bool day_is_urgent(const struct day_latches *latches, const struct day_policy *policy,
                   const struct life *life);
/* The rule of this second, or the one that an agent may be a moment ahead with. */
enum rule day_rule_of(enum rule rule, const struct day_policy *policy, const struct life *life);
/* May the sensor that told nothing be what it is held for, or the last word of that? */
bool day_felt_blind(const struct life *life);
/* Nothing at all speaks against it: every stricter threshold is met. */
bool day_welcomes(const struct day_latches *latches, const struct day_policy *policy,
                  const struct life *life, int64_t local_ms);
/* The largest share of the device's processors, in thousandths, at this temperature. */
int64_t day_share(const struct day_policy *policy, int64_t millis);
