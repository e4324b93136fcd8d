/* Days of machines, asked second by second. */
#include "tests/support/trace.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/scalar.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BEGIN_MS = 1000 * 1000, SECOND_MS = 1000 };

struct trace trace;

static struct mono now(void)
{
    return trace.input.moment.now;
}

static int64_t value_of(enum sensor sensor, const char *text)
{
    int64_t value = 0;

    switch (sensor) {
    case SENSOR_BATTERY:
    case SENSOR_CHARGING:
    case SENSOR_METERED:
        assert_true(int_from_str(text, &value));
        return value;
    case SENSOR_TEMPERATURE:
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
    case SENSOR_LOAD:
        return (int64_t)(strtod(text, NULL) * 1000);
    case SENSOR_IDLE:
        assert_true(duration_from_str(text, &value));
        trace.used = mono_after(now(), -value);
        return value;
    case SENSOR_MEMORY_AVAILABLE:
        assert_true(quantity_from_str(text, &value));
        return value;
    case SENSOR_COUNT:
        break;
    }
    fail_msg("no such sensor: %d", (int)sensor);
    return 0;
}

static void set_sensor(enum sensor sensor, const char *text)
{
    struct reading *reading = &trace.readings.of[sensor];

    trace.is_left[sensor] = false;
    if (str_eq(text, "!")) {
        trace.is_left[sensor] = true;
    } else if (str_eq(text, "?") || str_eq(text, "-")) {
        *reading = (struct reading){*text == '?' ? READING_UNKNOWN : READING_NONE, 0, now()};
    } else {
        *reading = (struct reading){READING_KNOWN, value_of(sensor, text), now()};
    }
}

static void set_word(const char *name, const char *value)
{
    int sensor = words_index(sensor_words, name);

    if (sensor >= 0) {
        set_sensor((enum sensor)sensor, value);
    } else if (str_eq(name, "paused")) {
        trace.input.owner_paused = str_eq(value, "1");
    } else if (str_eq(name, "program")) {
        trace.input.exclusive_program =
            str_is_empty(value) ? NULL : arena_strdup(&bound.arena, value);
    } else if (str_eq(name, "local")) {
        assert_true(wall_from_str(value, &trace.input.moment.local));
    } else if (str_eq(name, "there")) {
        trace.input.is_absent = trace.input.is_waiting = str_eq(value, "0");
    } else if (str_eq(name, "running")) {
        trace.running = str_eq(value, "told") ? -1 : str_eq(value, "1");
    } else {
        fail_msg("no such word: %s", name);
    }
}

static void set_words(const char *words)
{
    char *copy = arena_strdup(&bound.arena, words), *rest = NULL;

    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');

        assert_non_null(value);
        *value++ = '\0';
        set_word(word, value);
    }
}

static void read_sensors(void)
{
    for (int i = 0; i < SENSOR_COUNT; i++) {
        struct reading *reading = &trace.readings.of[i];

        if (!trace.is_left[i] && reading->state != READING_NONE) {
            reading->at = now();
            if (i == SENSOR_IDLE && reading->state == READING_KNOWN) {
                reading->value = mono_since(trace.used, now());
            }
        }
    }
}

static void step(void)
{
    enum policy_outcome before = trace.state.outcome;
    struct policy_verdict predicted, fresh;
    struct policy_state state;

    trace.input.is_running = trace.running >= 0 ? trace.running : trace.is_told_to_run;
    policy_step(&trace.input, &trace.state, &trace.verdict);
    trace.is_told_to_run = trace.verdict.outcome < POLICY_SUSPEND;
    trace.changes += trace.state.outcome != before;
    /* A prediction is the first step of work that starts. */
    policy_begin(&state, now(), false);
    policy_step(&trace.input, &state, &fresh);
    policy_predict(&trace.input, &predicted);
    assert_int_equal(predicted.outcome, fresh.outcome);
    assert_int_equal(predicted.reason, fresh.reason);
    assert_string_equal(predicted.message, fresh.message);
}

static void pass(int64_t ms)
{
    trace.input.moment.now = mono_after(now(), ms);
    trace.input.moment.local.ms += ms;
}

static struct mono moment_of(const char *at)
{
    int64_t ms;

    assert_true(duration_from_str(at, &ms));
    return (struct mono){BEGIN_MS + ms};
}

static const char *told(const struct policy_verdict *verdict)
{
    const char *outcome = policy_outcome_words[verdict->outcome];
    const char *reason = policy_reason_words[verdict->reason];

    switch (verdict->outcome) {
    case POLICY_RUN:
        return outcome;
    case POLICY_THROTTLE:
        return arena_printf(&bound.arena, "%s %d %s", outcome, (int)verdict->cpu_percent, reason);
    case POLICY_SUSPEND:
    case POLICY_EVICT:
        return arena_printf(&bound.arena, "%s %s", outcome, reason);
    }
    return "";
}

static void expect(const char *at, const char *expected)
{
    const char *is = told(&trace.verdict);

    if (!str_eq(is, expected)) {
        fail_msg("at %s: \"%s\" (%s), not \"%s\"", at, is, trace.verdict.message, expected);
    }
}

static const struct harvest_policy_spec *spec_of(const char *yaml)
{
    struct harvest_policy_spec *spec = NULL;

    if (yaml != NULL) {
        struct object *object = bound_object(yaml, BIND_STRICT);

        bound_expect("");
        spec = arena_alloc(&bound.arena, sizeof(*spec));
        shape_copy(&bound.arena, &harvest_policy_spec_shape, &harvest_policy_of(object)->spec,
                   spec);
        object_unref(object);
    }
    return spec;
}

void trace_policy(const char *yaml)
{
    trace.input.spec = spec_of(yaml);
}

void trace_owner(const char *yaml)
{
    trace.input.owner_spec = spec_of(yaml);
}

static void begin(const char *yaml, const char *words, bool was_held)
{
    trace = (struct trace){.running = -1};
    trace.input.moment.now = (struct mono){BEGIN_MS};
    trace.input.readings = &trace.readings;
    trace_policy(yaml);
    set_words(words);
    policy_begin(&trace.state, now(), was_held);
}

void trace_begin(const char *yaml, const char *words)
{
    begin(yaml, words, false);
}

void trace_begin_held(const char *yaml, const char *words)
{
    begin(yaml, words, true);
}

void trace_at(const char *at, const char *words, const char *expected)
{
    struct mono until = moment_of(at);

    while (mono_before(mono_after(now(), SECOND_MS), until)) {
        pass(SECOND_MS);
        read_sensors();
        step();
    }
    pass(mono_since(now(), until));
    set_words(words);
    read_sensors();
    step();
    expect(at, expected);
}

void trace_slept(const char *at, const char *words, const char *expected)
{
    pass(mono_since(now(), moment_of(at)));
    set_words(words);
    step();
    expect(at, expected);
}

void trace_says(const char *message)
{
    assert_string_equal(trace.verdict.message, message);
}

void trace_predicts(const char *expected)
{
    struct policy_input start = trace.input;
    struct policy_verdict verdict;

    start.is_running = false;
    policy_predict(&start, &verdict);
    assert_string_equal(told(&verdict), expected);
}
