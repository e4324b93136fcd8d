/* HarvestPolicy: when and how much of a device may be used by work that is not its owner's.
 *
 * Agents enforce it, the planner predicts with it.  Defaults are settled in docs/decisions. */
#pragma once

#include "schema/object.h"

struct battery_policy {
    uint64_t set;
    int64_t min_percent, resume_percent;
    bool require_charging;
};

/* Above what a manifest can say.  A `throttle_celsius` of this: no rule about heat, and nobody
 * needs to know the temperature. */
enum { CELSIUS_NEVER = 151 };

struct thermal_policy {
    uint64_t set;
    int64_t throttle_celsius, suspend_celsius, evict_celsius, resume_celsius;
    int64_t dwell_ms;
};

struct user_policy {
    uint64_t set;
    int64_t start_after_idle_ms, continue_after_idle_ms;
};

struct foreign_cpu_policy {
    uint64_t set;
    int64_t suspend_percent;
    int64_t dwell_ms;
};

struct memory_policy {
    uint64_t set;
    int64_t evict_percent; /* of the time; 0: nobody said, as in policies of before: no rule */
    int64_t min_available; /* bytes; 0: no rule */
    int64_t dwell_ms;
};

struct limits_policy {
    uint64_t set;
    int64_t cpu_percent;    /* of the whole machine */
    int64_t memory_percent; /* of the whole machine */
    int64_t pids;
};

struct network_policy {
    uint64_t set;
    bool metered;
};

struct policy_window {
    uint64_t set;
    LIST_OF(int) days;     /* enum weekday; empty: every day */
    const char *from, *to; /* "22:00"; local time; may wrap midnight */
};

enum weekday { DAY_MON, DAY_TUE, DAY_WED, DAY_THU, DAY_FRI, DAY_SAT, DAY_SUN };

struct session_policy {
    uint64_t set;
    int64_t max_duration_ms, cooldown_ms, stale_sensor_ms, max_suspend_ms, grace_ms;
};

enum unknown_policy { UNKNOWN_SUSPEND, UNKNOWN_IGNORE };

struct harvest_policy_spec {
    uint64_t set;
    struct battery_policy battery;
    struct thermal_policy thermal;
    struct user_policy user;
    struct foreign_cpu_policy foreign_cpu;
    struct memory_policy memory;
    struct limits_policy limits;
    struct network_policy network;
    LIST_OF(struct policy_window) windows;
    struct session_policy session;
    int unknown; /* enum unknown_policy */
};

struct harvest_policy { /* the body */
    uint64_t set;
    struct harvest_policy_spec spec;
};

extern const struct shape harvest_policy_shape, harvest_policy_spec_shape;
extern const struct shape limits_policy_shape; /* with defaults; a template's has none */
extern const struct kind harvest_policy_kind;

static inline const struct harvest_policy *harvest_policy_of(const struct object *object)
{
    return object->kind == &harvest_policy_kind ? object->body : NULL;
}
