/* A step of the policy: time passes, the checks run in their order, and what they ask for together
 * becomes one verdict.
 *
 *     Run ──► Throttle ──► Suspend ──► Evict      each at once, over any of them
 *      ▲                      │          │
 *      └──────────────────────┴──────────┘        when nothing holds it any more
 */
#include "schema/policy.h"

#include "schema/base/str.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"
#include "schema/policy_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const policy_reason_words[REASON_COUNT + 1] = {
    [REASON_NONE] = "None",
    [REASON_OVERHEATED] = "Overheated",
    [REASON_HEAT_WAIT] = "HeatWait",
    [REASON_OWNER_PAUSED] = "OwnerPaused",
    [REASON_EXCLUSIVE_PROGRAM] = "ExclusiveProgram",
    [REASON_ON_BATTERY] = "OnBattery",
    [REASON_BATTERY_LOW] = "BatteryLow",
    [REASON_STALE_SENSOR] = "StaleSensor",
    [REASON_USER_ACTIVE] = "UserActive",
    [REASON_OUTSIDE_WINDOW] = "OutsideWindow",
    [REASON_FOREIGN_CPU] = "ForeignCpu",
    [REASON_MEMORY_PRESSURE] = "MemoryPressure",
    [REASON_METERED] = "Metered",
    [REASON_MAX_DURATION] = "MaxDuration",
    [REASON_COOLDOWN] = "Cooldown",
};

const char *const policy_outcome_words[POLICY_EVICT + 2] = {
    [POLICY_RUN] = "Run",
    [POLICY_THROTTLE] = "Throttle",
    [POLICY_SUSPEND] = "Suspend",
    [POLICY_EVICT] = "Evict",
};

static const char owners_words[] = "a rule of the owner's";

static _printf_(2, 0) void add_message(struct policy_verdict *verdict, const char *format,
                                       va_list rest)
{
    size_t length = strlen(verdict->message);

    vsnprintf(verdict->message + length, sizeof(verdict->message) - length, format, rest);
    length = strlen(verdict->message);
    verdict->message[utf8_valid_bytes(verdict->message, length)] = '\0';
}

void judging_hold(struct judging *judging, enum policy_outcome outcome, enum policy_reason reason,
                  enum sensor sensor, const struct reading *reading, const char *format, ...)
{
    struct policy_verdict *verdict = &judging->verdict;
    bool is_word = reason == REASON_OWNER_PAUSED || reason == REASON_EXCLUSIVE_PROGRAM;
    bool is_rule = judging->latches == &judging->state->owner_latches && !is_word;
    va_list rest;

    if (outcome >= POLICY_SUSPEND && (is_word || is_rule)) {
        verdict->owner_forbids = true;
    }
    if (outcome == POLICY_EVICT && !judging->is_there) {
        outcome = POLICY_SUSPEND;
    }
    if (outcome <= verdict->outcome) {
        return;
    }
    verdict->outcome = outcome;
    verdict->reason = reason;
    verdict->is_owners = is_rule;
    verdict->sensor = sensor;
    verdict->reading = reading == NULL ? (struct reading){0} : *reading;
    verdict->message[0] = '\0';
    va_start(rest, format);
    add_message(verdict, format, rest);
    va_end(rest);
}

static _printf_(2, 3) void say(struct policy_verdict *verdict, const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    add_message(verdict, format, rest);
    va_end(rest);
}

void policy_begin(struct policy_state *state, struct mono now, bool was_held)
{
    struct policy_latch latch = {.is_shut = was_held, .clear_since = MONO_NEVER};
    struct policy_latches latches = {latch, latch, latch, latch, latch};

    *state = (struct policy_state){
        .outcome = was_held ? POLICY_SUSPEND : POLICY_RUN,
        .reason = REASON_NONE,
        .since = now,
        .held_since = was_held ? now : MONO_NEVER,
        .stepped = now,
        .has_started = was_held,
        .latches = latches,
        .owner_latches = latches,
        .blind = {.clear_since = MONO_NEVER},
        .rests_since = now,
    };
}

/* Whose session counts; NULL: nobody's. */
static const struct session_policy *session_of(const struct policy_input *input)
{
    const struct harvest_policy_spec *spec = input->spec == NULL ? input->owner_spec : input->spec;

    return spec == NULL ? NULL : &spec->session;
}

/* Run time and rest.  Of a gap in which nobody looked, so that the machine slept or the agent was
 * not there, only what a reading may be old counts as run. */
static void count_time(const struct policy_input *input, struct policy_state *state)
{
    const struct session_policy *session = session_of(input);
    struct mono now = input->moment.now;
    int64_t passed_ms = mono_since(state->stepped, now);
    int64_t most_ms = session == NULL ? WORK_TIME_MAX_MS : session->stale_sensor_ms;

    /* What is being ended is not started by that: to go on is a start. */
    if (input->is_running && state->outcome != POLICY_EVICT) {
        state->has_started = true;
    }
    state->has_started = state->has_started && !input->is_waiting;
    if (input->is_running) {
        state->ran_ms += passed_ms < most_ms ? passed_ms : most_ms;
        state->rests_since = MONO_NEVER;
        return;
    }
    state->rests_since = mono_earlier(state->rests_since, now);
    if (session != NULL && mono_is_due(mono_after(state->rests_since, session->cooldown_ms), now)) {
        state->ran_ms = 0;
    }
}

static void check_owner(struct judging *judging)
{
    if (judging->input->owner_paused) {
        judging_hold(judging, POLICY_SUSPEND, REASON_OWNER_PAUSED, SENSOR_COUNT, NULL,
                     "the machine's owner has paused it; goes on after fog-agent resume");
    }
    if (judging->input->exclusive_program != NULL &&
        str_eq(judging->input->exclusive_program, PROGRAM_UNKNOWN_TEXT)) {
        judging_hold(judging, POLICY_SUSPEND, REASON_EXCLUSIVE_PROGRAM, SENSOR_COUNT, NULL,
                     "whether an exclusive program runs cannot be seen; goes on when it can");
    } else if (judging->input->exclusive_program != NULL) {
        judging_hold(judging, POLICY_SUSPEND, REASON_EXCLUSIVE_PROGRAM, SENSOR_COUNT, NULL,
                     "\"%.60s\" has the machine for itself; goes on when it has ended",
                     judging->input->exclusive_program);
    }
}

static void check_windows(struct judging *judging)
{
    struct wall local = judging->input->moment.local;
    char now[LOCAL_TEXT_SIZE], next[LOCAL_TEXT_SIZE];

    if (policy_window_is_open(judging->spec, local)) {
        return;
    }
    policy_local_to_str(local, now);
    policy_local_to_str(policy_window_next(judging->spec, local), next);
    judging_hold(judging, POLICY_SUSPEND, REASON_OUTSIDE_WINDOW, SENSOR_COUNT, NULL,
                 "%s is outside the windows; the next opens %s, local time", now, next);
}

static void check_duration(struct judging *judging)
{
    const struct session_policy *session = &judging->spec->session;
    const struct policy_state *state = judging->state;

    if (session != session_of(judging->input) || state->ran_ms < session->max_duration_ms) {
        return;
    }
    if (mono_is_never(state->rests_since)) {
        judging_hold(judging, POLICY_EVICT, REASON_MAX_DURATION, SENSOR_COUNT, NULL,
                     "ran for %s, as long as it may; starts again after a rest of %s",
                     duration_text(session->max_duration_ms).text,
                     duration_text(session->cooldown_ms).text);
    } else {
        int64_t rested_ms = mono_since(state->rests_since, judging->now);

        judging_hold(judging, POLICY_SUSPEND, REASON_COOLDOWN, SENSOR_COUNT, NULL,
                     "rests for %s after it ran for %s; starts in %s",
                     duration_text(session->cooldown_ms).text,
                     duration_text(session->max_duration_ms).text,
                     duration_text(session->cooldown_ms - rested_ms).text);
    }
}

/* In the order of enum policy_reason; StaleSensor stands where its sensor does.  Of each the
 * owner's rule comes first. */
static void check_all(struct judging *judging)
{
    static void (*const checks[])(struct judging *) = {
        check_heat,    check_owner,       check_power,  check_battery, check_user,
        check_windows, check_foreign_cpu, check_memory, check_metered, check_duration,
    };
    const struct policy_input *input = judging->input;

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (input->owner_spec != NULL) {
            judging->spec = input->owner_spec;
            judging->latches = &judging->state->owner_latches;
            checks[i](judging);
        }
        if (input->spec != NULL) {
            judging->spec = input->spec;
            judging->latches = &judging->state->latches;
            checks[i](judging);
        }
    }
    judging->latches = NULL; /* of neither */
    check_sight(judging);
}

/* The smaller share of the two. */
static int64_t cpu_percent(struct judging *judging)
{
    const struct policy_input *input = judging->input;
    int64_t percent = 100, owners = 100;

    if (input->spec != NULL) {
        judging->spec = input->spec;
        judging->latches = &judging->state->latches;
        percent = judging_cpu_percent(judging);
    }
    if (input->owner_spec != NULL) {
        judging->spec = input->owner_spec;
        judging->latches = &judging->state->owner_latches;
        owners = judging_cpu_percent(judging);
    }
    return percent < owners ? percent : owners;
}

/* Work that is held for long gives its memory back, and what was once to be ended stays so. */
static void stay_held(struct judging *judging, int64_t most_ms)
{
    struct mono since = mono_earlier(judging->state->held_since, judging->now);
    struct policy_verdict *verdict = &judging->verdict;

    if (verdict->outcome != POLICY_SUSPEND) {
        return;
    }
    if (judging->state->outcome == POLICY_EVICT) {
        verdict->outcome = POLICY_EVICT;
    } else if (judging->is_there && mono_is_due(mono_after(since, most_ms), judging->now)) {
        verdict->outcome = POLICY_EVICT;
        say(verdict, "; ended after %s of being held", duration_text(most_ms).text);
    }
}

/* Without a policy for a while, what it held is no nearer to being let go. */
static void nobody_looked(struct policy_latches *latches)
{
    latches->warm.clear_since = MONO_NEVER;
    latches->hot.clear_since = MONO_NEVER;
    latches->low.clear_since = MONO_NEVER;
    latches->crowded.clear_since = MONO_NEVER;
    latches->pressed.clear_since = MONO_NEVER;
}

static void judge(struct judging *judging)
{
    const struct session_policy *session = session_of(judging->input);

    if (judging->input->spec == NULL) {
        nobody_looked(&judging->state->latches);
    }
    if (judging->input->owner_spec == NULL) {
        nobody_looked(&judging->state->owner_latches);
    }
    if (session == NULL) {
        judging->verdict.cpu_percent = 100;
        check_owner(judging);
        return;
    }
    check_all(judging);
    if (judging->verdict.is_owners) {
        say(&judging->verdict, "; %s", owners_words);
    }
    stay_held(judging, session->max_suspend_ms);
    judging->verdict.cpu_percent = cpu_percent(judging);
    judging->verdict.grace_ms = session->grace_ms;
}

static void keep(struct policy_state *state, struct mono now, const struct policy_verdict *verdict)
{
    bool is_held = verdict->outcome >= POLICY_SUSPEND;

    if (verdict->outcome != state->outcome || verdict->reason != state->reason) {
        state->since = now;
    }
    state->outcome = verdict->outcome;
    state->reason = verdict->reason;
    state->held_since = is_held ? mono_earlier(state->held_since, now) : MONO_NEVER;
    state->was_let_run = state->was_let_run || !is_held;
    if (verdict->outcome == POLICY_EVICT) {
        state->has_started = false;
    }
    state->stepped = now;
}

void policy_step(const struct policy_input *input, struct policy_state *state,
                 struct policy_verdict *ret_verdict)
{
    struct judging judging = {.input = input, .state = state, .now = input->moment.now};

    assert(!mono_before(input->moment.now, state->stepped));
    assert(session_of(input) == NULL || input->readings != NULL);
    count_time(input, state);
    judging.is_there = (state->has_started || state->was_let_run) &&
                       (!input->is_absent || state->outcome == POLICY_EVICT);
    judging.verdict.sensor = SENSOR_COUNT;
    judging.blind_sensor = SENSOR_COUNT;
    judge(&judging);
    keep(state, input->moment.now, &judging.verdict);
    assert((judging.verdict.outcome == POLICY_RUN) == (judging.verdict.reason == REASON_NONE));
    *ret_verdict = judging.verdict;
}

void policy_predict(const struct policy_input *input, struct policy_verdict *ret_verdict)
{
    struct policy_state state;

    policy_begin(&state, input->moment.now, false);
    policy_step(input, &state, ret_verdict);
}

/* Each latch is shut and its dwell over, if the reading is good; or, of rules that may hold the
 * work or not, open when `others_hold` is false. */
static void begin_held(struct policy_state *state, struct mono now, enum policy_reason reason,
                       bool was_ended, bool others_hold)
{
    const struct policy_latch open = {.clear_since = MONO_NEVER};
    const struct policy_latch shut = {.is_shut = true,
                                      .clear_since = {now.ms - 2 * (int64_t)WORK_TIME_MAX_MS}};
    struct {
        struct policy_latch *latch;
        enum policy_reason first, last; /* of its rule */
    } rules[] = {{&state->latches.hot, REASON_OVERHEATED, REASON_HEAT_WAIT},
                 {&state->latches.low, REASON_BATTERY_LOW, REASON_BATTERY_LOW},
                 {&state->latches.crowded, REASON_FOREIGN_CPU, REASON_FOREIGN_CPU},
                 {&state->latches.pressed, REASON_MEMORY_PRESSURE, REASON_MEMORY_PRESSURE}};

    policy_begin(state, now, true);
    state->latches = (struct policy_latches){open, open, open, open, open};
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        bool is_its_own = reason >= rules[i].first && reason <= rules[i].last;
        bool may_hold = was_ended || reason < rules[i].first;

        if (is_its_own || (may_hold && others_hold)) {
            *rules[i].latch = shut;
        }
    }
}

bool policy_predict_held(const struct policy_input *input, enum policy_reason reason,
                         const char *message, struct policy_verdict *ret_verdict)
{
    struct policy_input held = *input;
    struct policy_state state;
    struct policy_verdict other;

    if (reason == REASON_NONE || reason == REASON_EXCLUSIVE_PROGRAM ||
        reason == REASON_MAX_DURATION || reason == REASON_COOLDOWN ||
        (message != NULL && strstr(message, owners_words) != NULL)) {
        return false;
    }
    held.is_running = false;
    begin_held(&state, input->moment.now, reason, input->is_waiting, true);
    policy_step(&held, &state, ret_verdict);
    begin_held(&state, input->moment.now, reason, input->is_waiting, false);
    policy_step(&held, &state, &other);
    /* What was ended stays so for its own reason, even if an earlier one holds it, too. */
    return other.outcome == ret_verdict->outcome && other.reason == ret_verdict->reason &&
           (!input->is_waiting || ret_verdict->outcome < POLICY_SUSPEND);
}
