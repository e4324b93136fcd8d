/* A machine's day as a table: what its sensors begin to tell at a moment, and what the policy is
 * expected to say there.  Between the rows the policy is asked every second, all sensors are read
 * anew each time, idleness grows, and the work does at once what it is told.
 *
 *     trace_begin(POLICY "  battery: {minPercent: 50}\n", "battery=80 charging=1");
 *     trace_at("0s", "", "Run");
 *     trace_at("10s", "battery=49", "Suspend BatteryLow");
 *
 * Words are NAME=VALUE, NAME a sensor's or one of `paused` (0, 1), `program` (a name, "" for none),
 * `local` (the machine's local time, "2026-11-20T22:00:00Z"; it goes on from there), `running` (0,
 * 1: whatever the verdict, or "told" to follow it), `there` (0: none of its processes is there, it
 * waits).  A value is in the unit that a person would take (percent, degrees, a duration, bytes as
 * "512Mi"), or "?": it tells nothing; "-": the machine has none; "!": it is not read any more, so
 * it ages. */
#pragma once

#include "schema/policy.h"

extern struct trace {
    struct policy_input input;
    struct policy_state state;
    struct policy_verdict verdict;
    struct readings readings;
    struct mono used; /* when somebody used it last, as `idle` says */
    bool is_left[SENSOR_COUNT];
    bool is_told_to_run;
    int running;     /* -1: as told */
    int64_t changes; /* of the outcome, so far */
} trace;

/* `yaml`: a policy, or NULL for none. */
void trace_begin(const char *yaml, const char *words);
void trace_begin_held(const char *yaml, const char *words); /* found frozen */
/* Goes on to `at` after the beginning, sets, steps; the outcome, the percent when it throttles, and
 * the reason are as expected. */
void trace_at(const char *at, const char *words, const char *expected);
/* The machine sleeps until `at`; nothing is asked or read meanwhile.  Then as trace_at(). */
void trace_slept(const char *at, const char *words, const char *expected);
void trace_says(const char *message); /* of the verdict before */
void trace_policy(const char *yaml);  /* another one, from here on */
void trace_owner(const char *yaml);   /* the owner's own rules, from here on */
/* What work that starts now would be told. */
void trace_predicts(const char *expected);
