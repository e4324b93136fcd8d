/* Between the files of the policy's evaluator; others include schema/policy.h. */
#pragma once

#include "schema/base/mem.h"
#include "schema/policy.h"

/* A step while it looks for its verdict. */
struct judging {
    const struct policy_input *input;
    const struct harvest_policy_spec *spec; /* whose rules are looked at; never NULL in a check */
    struct policy_latches *latches;         /* and theirs */
    struct policy_state *state;
    struct mono now;
    enum sensor blind_sensor; /* the first that tells nothing and should; SENSOR_COUNT: none */
    bool is_there; /* there may be processes to end; what is not there is only not started */
    struct policy_verdict verdict;
};

/* A check does not pass.  Who asks for the most, and of those the first, becomes the verdict.
 * `reading` may be NULL. */
void judging_hold(struct judging *judging, enum policy_outcome outcome, enum policy_reason reason,
                  enum sensor sensor, const struct reading *reading, const char *format, ...)
    _printf_(6, 7);

/* The checks that have sensors, in their order; each also moves its latch. */
void check_heat(struct judging *judging);
void check_power(struct judging *judging);
void check_battery(struct judging *judging);
void check_user(struct judging *judging);
void check_foreign_cpu(struct judging *judging);
void check_memory(struct judging *judging);
void check_metered(struct judging *judging);
/* Of all sensors together, after all checks: work that ran does not flutter with one that fails now
 * and then. */
void check_sight(struct judging *judging);

/* limits.cpuPercent, less what heat takes away; after check_heat(). */
int64_t judging_cpu_percent(const struct judging *judging);

/* "1h30m"; from a second on in whole ones. */
struct duration_text {
    char text[DURATION_TEXT_SIZE];
};
struct duration_text duration_text(int64_t ms);

/* "Tue 22:00" */
enum { LOCAL_TEXT_SIZE = 12 };
void policy_local_to_str(struct wall local, char text[static LOCAL_TEXT_SIZE]);
/* When a window opens, after `local`, which is outside all of them; there are windows. */
struct wall policy_window_next(const struct harvest_policy_spec *spec, struct wall local);
