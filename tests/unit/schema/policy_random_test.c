/* What holds for every policy on every machine, whatever its sensors tell: random days, and one
 * laptop under all policies of a grid.
 *
 * The rules are said here a second time, without the evaluator's state: what a machine tells at a
 * moment and a policy's numbers are enough to know that work must not run. */
#include "schema/base/mem.h"
#include "schema/base/rand.h"
#include "schema/kind.h"
#include "schema/limits.h"
#include "schema/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DAYS = 200, STEPS = 250, SECOND_MS = 1000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * 60 * 1000 };

static bool is_fresh(const struct policy_input *input, enum sensor sensor)
{
    const struct reading *reading = &input->readings->of[sensor];
    int64_t age = input->moment.now.ms - reading->at.ms;

    return reading->state == READING_KNOWN && age <= input->spec->session.stale_sensor_ms &&
           age >= -input->spec->session.stale_sensor_ms;
}

/* Is there something that a rule which asks for it does not know? */
static bool is_missing(const struct policy_input *input, enum sensor sensor)
{
    const struct readings *readings = input->readings;
    bool has = readings->of[sensor].state != READING_NONE;

    if (sensor == SENSOR_CHARGING && readings->of[SENSOR_BATTERY].state != READING_NONE) {
        has = true;
    }
    return has && !is_fresh(input, sensor) && input->spec->unknown == UNKNOWN_SUSPEND;
}

static bool is_wanting(const struct policy_input *input)
{
    const struct harvest_policy_spec *spec = input->spec;

    return is_missing(input, SENSOR_TEMPERATURE) ||
           (spec->battery.require_charging && is_missing(input, SENSOR_CHARGING)) ||
           (spec->battery.min_percent > 0 && is_missing(input, SENSOR_BATTERY)) ||
           (spec->user.continue_after_idle_ms > 0 && is_missing(input, SENSOR_IDLE)) ||
           (spec->foreign_cpu.suspend_percent < 100 && is_missing(input, SENSOR_FOREIGN_CPU)) ||
           (spec->memory.evict_percent < 100 && is_missing(input, SENSOR_MEMORY_PRESSURE)) ||
           (spec->memory.min_available > 0 && is_missing(input, SENSOR_MEMORY_AVAILABLE)) ||
           (!spec->network.metered && is_missing(input, SENSOR_METERED));
}

/* A sensor tells that work must not run, with a fresh reading. */
static bool forbids(const struct policy_input *input, enum sensor sensor)
{
    const struct harvest_policy_spec *spec = input->spec;
    int64_t value = input->readings->of[sensor].value;

    if (!is_fresh(input, sensor)) {
        return false;
    }
    switch (sensor) {
    case SENSOR_BATTERY:
        return value < spec->battery.min_percent;
    case SENSOR_CHARGING:
        return spec->battery.require_charging && value == 0;
    case SENSOR_TEMPERATURE:
        return value >= spec->thermal.suspend_celsius * 1000;
    case SENSOR_IDLE:
        return value < spec->user.continue_after_idle_ms;
    case SENSOR_FOREIGN_CPU:
        return value > spec->foreign_cpu.suspend_percent * 1000;
    case SENSOR_MEMORY_AVAILABLE:
        return value < spec->memory.min_available;
    case SENSOR_MEMORY_PRESSURE:
        return value > spec->memory.evict_percent * 1000;
    case SENSOR_METERED:
        return value != 0 && !spec->network.metered;
    case SENSOR_LOAD:
    case SENSOR_COUNT:
        break;
    }
    return false;
}

static bool is_against_policy(const struct policy_input *input)
{
    bool must_not = is_wanting(input) || !policy_window_is_open(input->spec, input->moment.local);

    for (int sensor = 0; sensor < SENSOR_COUNT; sensor++) {
        must_not = must_not || forbids(input, (enum sensor)sensor);
    }
    return must_not;
}

static bool must_not_run(const struct policy_input *input)
{
    struct policy_input owners = *input;

    owners.spec = input->owner_spec;
    return input->owner_paused || input->exclusive_program != NULL ||
           (input->spec != NULL && is_against_policy(input)) ||
           (input->owner_spec != NULL && is_against_policy(&owners));
}

/* --- random machines -------------------------------------------------------------------------- */

static int days_wrap[] = {DAY_FRI, DAY_SUN};
static struct policy_window windows[] = {
    {.from = "22:00", .to = "07:00"},
    {.days = {days_wrap, 2}, .from = "12:00", .to = "24:00"},
};

static int64_t one_of(struct rand *rand, int64_t a, int64_t b, int64_t c)
{
    int64_t choices[] = {a, b, c};

    return choices[rand_below(rand, 3)];
}

static struct harvest_policy_spec random_spec(struct rand *rand)
{
    struct harvest_policy_spec spec = {0};
    int64_t suspend = rand_between(rand, 10, 100), min = rand_between(rand, 0, 100);

    spec.battery.min_percent = min;
    spec.battery.resume_percent = rand_between(rand, min, 100);
    spec.battery.require_charging = rand_chance(rand, 300);
    spec.thermal.suspend_celsius = suspend;
    spec.thermal.throttle_celsius = rand_between(rand, 1, suspend);
    spec.thermal.evict_celsius = rand_between(rand, suspend, 110);
    spec.thermal.resume_celsius = rand_between(rand, 1, suspend - 1);
    spec.thermal.dwell_ms = one_of(rand, 0, 20 * SECOND_MS, 5 * MINUTE_MS);
    spec.user.start_after_idle_ms = one_of(rand, 0, MINUTE_MS, 5 * MINUTE_MS);
    spec.user.continue_after_idle_ms = one_of(rand, 0, 0, 2 * MINUTE_MS);
    spec.foreign_cpu.suspend_percent = one_of(rand, 25, 80, 100);
    spec.foreign_cpu.dwell_ms = one_of(rand, 0, 20 * SECOND_MS, MINUTE_MS);
    spec.memory.evict_percent = one_of(rand, 10, 60, 100);
    spec.memory.min_available = one_of(rand, 0, 1000, 5000);
    spec.memory.dwell_ms = one_of(rand, 0, MINUTE_MS, 5 * MINUTE_MS);
    spec.limits.cpu_percent = rand_between(rand, 1, 100);
    spec.network.metered = rand_chance(rand, 500);
    spec.windows.items = windows;
    spec.windows.count = rand_chance(rand, 300) ? 1 + rand_below(rand, 2) : 0;
    spec.session.max_duration_ms = one_of(rand, MINUTE_MS, 10 * MINUTE_MS, 8 * HOUR_MS);
    spec.session.cooldown_ms = one_of(rand, 0, MINUTE_MS, 30 * MINUTE_MS);
    spec.session.stale_sensor_ms = one_of(rand, SECOND_MS, 30 * SECOND_MS, MINUTE_MS);
    spec.session.max_suspend_ms = one_of(rand, 0, 10 * MINUTE_MS, HOUR_MS);
    spec.session.grace_ms = 30 * SECOND_MS;
    spec.unknown = rand_chance(rand, 500) ? UNKNOWN_SUSPEND : UNKNOWN_IGNORE;
    return spec;
}

static int64_t random_value(struct rand *rand, enum sensor sensor)
{
    switch (sensor) {
    case SENSOR_BATTERY:
        return rand_between(rand, 0, 100);
    case SENSOR_CHARGING:
        return rand_chance(rand, 800);
    case SENSOR_TEMPERATURE:
        return rand_between(rand, -10000, 120000);
    case SENSOR_IDLE:
        return rand_between(rand, 0, rand_chance(rand, 300) ? MINUTE_MS : 4 * HOUR_MS);
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
        return rand_between(rand, 0, rand_chance(rand, 700) ? 20000 : 100000);
    case SENSOR_MEMORY_AVAILABLE:
        return rand_between(rand, 0, 20000);
    case SENSOR_METERED:
        return rand_chance(rand, 200);
    case SENSOR_LOAD:
    case SENSOR_COUNT:
        break;
    }
    return 0;
}

/* Some sensors a machine does not have at all; of the others each is read anew, changes, fails or
 * is left to age. */
static void random_readings(struct rand *rand, unsigned has, struct mono now,
                            struct readings *readings)
{
    for (int i = 0; i < SENSOR_COUNT; i++) {
        struct reading *reading = &readings->of[i];

        if ((has >> i & 1) == 0 || rand_chance(rand, 100)) {
            continue;
        }
        reading->at = now;
        if (rand_chance(rand, 3)) {
            reading->at.ms += rand_between(rand, 0, HOUR_MS);
        }
        if (rand_chance(rand, 5)) {
            reading->state = READING_UNKNOWN;
        } else if (reading->state != READING_KNOWN || rand_chance(rand, 60)) {
            *reading = (struct reading){READING_KNOWN, random_value(rand, (enum sensor)i), now};
        }
    }
}

static int64_t random_gap(struct rand *rand)
{
    if (rand_chance(rand, 10)) {
        return rand_between(rand, MINUTE_MS, 10 * HOUR_MS);
    }
    return rand_chance(rand, 200) ? rand_between(rand, 0, 5 * SECOND_MS) : SECOND_MS;
}

/* --- what must hold --------------------------------------------------------------------------- */

struct day {
    struct rand rand;
    unsigned has; /* which sensors */
    struct harvest_policy_spec spec, owner_spec;
    struct readings readings;
    struct policy_input input;
    struct policy_state state;
    struct policy_verdict verdict;
    struct mono last_bad[SENSOR_COUNT]; /* a fresh reading forbade it */
    struct mono last_blind;             /* it ran before, and something was not known */
    bool was_let_run;                   /* since the beginning, or since it was ended */
    bool has_run;
    int64_t ran, held, foreseen; /* steps */
};

static int64_t dwell_of(const struct harvest_policy_spec *spec, int sensor)
{
    switch ((enum sensor)sensor) {
    case SENSOR_TEMPERATURE:
        return spec->thermal.dwell_ms;
    case SENSOR_FOREIGN_CPU:
        return spec->foreign_cpu.dwell_ms;
    case SENSOR_MEMORY_AVAILABLE:
    case SENSOR_MEMORY_PRESSURE:
        return spec->memory.dwell_ms;
    case SENSOR_BATTERY:
    case SENSOR_CHARGING:
    case SENSOR_IDLE:
    case SENSOR_METERED:
    case SENSOR_LOAD:
    case SENSOR_COUNT:
        break;
    }
    return 0;
}

static void it_never_runs_against_a_rule(const struct day *day)
{
    bool runs = day->verdict.outcome <= POLICY_THROTTLE;

    if (must_not_run(&day->input)) {
        assert_false(runs);
    }
    if (runs && day->input.spec != NULL && is_fresh(&day->input, SENSOR_TEMPERATURE) &&
        day->readings.of[SENSOR_TEMPERATURE].value >= day->spec.thermal.throttle_celsius * 1000) {
        assert_int_equal(day->verdict.outcome, POLICY_THROTTLE);
    }
}

static void it_is_not_let_go_before_its_dwell(const struct day *day)
{
    struct mono now = day->input.moment.now;

    for (int i = 0; i < SENSOR_COUNT && day->verdict.outcome <= POLICY_THROTTLE; i++) {
        if (!mono_is_never(day->last_bad[i])) {
            assert_true(mono_since(day->last_bad[i], now) >= dwell_of(&day->spec, i));
        }
    }
    if (day->verdict.outcome <= POLICY_THROTTLE && !mono_is_never(day->last_blind)) {
        assert_true(mono_since(day->last_blind, now) >= SENSOR_DWELL_MS);
    }
}

static void there_is_one_reason_and_it_is_told(const struct day *day)
{
    const struct policy_verdict *verdict = &day->verdict;

    assert_in_range(verdict->outcome, POLICY_RUN, POLICY_EVICT);
    assert_in_range(verdict->reason, REASON_NONE, REASON_COUNT - 1);
    assert_int_equal(verdict->reason == REASON_NONE, verdict->outcome == POLICY_RUN);
    assert_int_equal(verdict->message[0] == '\0', verdict->outcome == POLICY_RUN);
    assert_true(strlen(verdict->message) < sizeof(verdict->message) - 1);
    assert_in_range(verdict->cpu_percent, 1,
                    day->input.spec == NULL ? 100 : day->spec.limits.cpu_percent);
    if (day->input.owner_spec != NULL) {
        assert_in_range(verdict->cpu_percent, 1, day->owner_spec.limits.cpu_percent);
    }
    if (verdict->outcome == POLICY_THROTTLE) {
        assert_int_equal(verdict->reason, REASON_OVERHEATED);
    }
    if (verdict->sensor < SENSOR_COUNT) {
        assert_int_equal(verdict->reading.value, day->readings.of[verdict->sensor].value);
    }
}

static void time_goes_on(const struct day *day, const struct policy_state *before)
{
    struct mono now = day->input.moment.now;

    assert_int_equal(day->state.stepped.ms, now.ms);
    assert_true(day->state.since.ms <= now.ms && day->state.since.ms >= before->since.ms);
    assert_true(mono_is_never(day->state.held_since) || day->state.held_since.ms <= now.ms);
    assert_true(day->state.ran_ms >= 0);
    assert_int_equal(mono_is_never(day->state.held_since), day->verdict.outcome <= POLICY_THROTTLE);
    if (day->state.since.ms == now.ms && before->since.ms < now.ms) {
        assert_true(day->state.outcome != before->outcome || day->state.reason != before->reason);
    }
}

static void what_is_held_for_long_is_ended(const struct day *day, const struct policy_state *before)
{
    const struct harvest_policy_spec *spec =
        day->input.spec != NULL ? day->input.spec : day->input.owner_spec;
    bool is_long;

    if (spec == NULL) {
        assert_true(day->verdict.outcome != POLICY_EVICT);
        return;
    }
    is_long = !mono_is_never(before->held_since) &&
              mono_since(before->held_since, day->input.moment.now) >= spec->session.max_suspend_ms;
    if (before->outcome == POLICY_EVICT || (is_long && day->was_let_run)) {
        assert_true(day->verdict.outcome != POLICY_SUSPEND);
    }
    if (!day->was_let_run && !day->input.is_running) {
        assert_true(day->verdict.outcome != POLICY_EVICT);
    }
    if (day->state.ran_ms >= spec->session.max_duration_ms) {
        assert_true(day->verdict.outcome >= POLICY_SUSPEND);
    }
}

static void a_prediction_is_a_fresh_step(const struct day *day)
{
    struct policy_verdict predicted, fresh;
    struct policy_state state;

    policy_predict(&day->input, &predicted);
    policy_begin(&state, day->input.moment.now, false);
    policy_step(&day->input, &state, &fresh);
    assert_int_equal(predicted.outcome, fresh.outcome);
    assert_int_equal(predicted.reason, fresh.reason);
    assert_string_equal(predicted.message, fresh.message);
    /* What may start now need not be held where it runs already, other than by its past. */
    if (must_not_run(&day->input)) {
        assert_true(predicted.outcome >= POLICY_SUSPEND);
    }
}

/* After all dwells, with all that is read as it is now; a step is not long enough to end it. */
static void all_as_it_is_for_long(const struct day *day, struct policy_verdict *ret_verdict)
{
    struct policy_input input = day->input;
    struct policy_state state = day->state;
    struct readings readings = day->readings;

    input.readings = &readings;
    input.is_running = false;
    for (int i = 0; i < 3; i++) {
        input.moment.now.ms += WORK_TIME_MAX_MS;
        for (int j = 0; j < SENSOR_COUNT; j++) {
            readings.of[j].at.ms += WORK_TIME_MAX_MS;
        }
        state.held_since = MONO_NEVER;
        policy_step(&input, &state, ret_verdict);
    }
}

static void a_prediction_of_what_is_held_comes_true(struct day *day)
{
    const struct policy_verdict *now = &day->verdict;
    struct policy_input input = day->input;
    struct policy_verdict predicted, later;

    input.is_waiting = now->outcome == POLICY_EVICT || !day->state.has_started;
    if (now->outcome < POLICY_SUSPEND || input.owner_spec != NULL || input.spec == NULL ||
        day->state.ran_ms >= day->spec.session.max_duration_ms ||
        !policy_predict_held(&input, now->reason, now->message, &predicted)) {
        return;
    }
    all_as_it_is_for_long(day, &later);
    assert_int_equal(predicted.outcome >= POLICY_SUSPEND, later.outcome >= POLICY_SUSPEND);
    assert_true(predicted.outcome < POLICY_SUSPEND || predicted.reason == later.reason);
    day->foreseen++;
}

static void the_same_again_is_the_same(const struct day *day, const struct policy_state *before)
{
    struct policy_state state = *before;
    struct policy_verdict again;

    policy_step(&day->input, &state, &again);
    assert_int_equal(again.outcome, day->verdict.outcome);
    assert_string_equal(again.message, day->verdict.message);
    policy_step(&day->input, &state, &again); /* no time later */
    assert_true(again.outcome >= day->verdict.outcome || again.outcome <= POLICY_THROTTLE);
}

/* --- days ------------------------------------------------------------------------------------- */

static void move(struct day *day)
{
    struct rand *rand = &day->rand;
    struct policy_input *input = &day->input;
    int64_t gap = random_gap(rand);

    input->moment.now.ms += gap;
    input->moment.local.ms += rand_chance(rand, 5) ? -HOUR_MS : gap;
    if (rand_chance(rand, 20)) {
        input->owner_paused = rand_chance(rand, 300);
    }
    if (rand_chance(rand, 20)) {
        input->exclusive_program = rand_chance(rand, 300) ? "game" : NULL;
    }
    /* Mostly as told; what was told to stop may still be there. */
    input->is_running =
        day->verdict.outcome <= POLICY_THROTTLE ? rand_chance(rand, 950) : rand_chance(rand, 100);
    if (rand_chance(rand, 5)) {
        input->spec = rand_chance(rand, 200) ? NULL : &day->spec;
    }
}

static void live(struct day *day)
{
    struct policy_state before = day->state;

    policy_step(&day->input, &day->state, &day->verdict);
    if (day->input.spec == NULL) {
        for (int i = 0; i < SENSOR_COUNT; i++) {
            day->last_bad[i] = MONO_NEVER; /* no rule looked */
        }
        day->last_blind = MONO_NEVER;
    }
    for (int i = 0; i < SENSOR_COUNT && day->input.spec != NULL; i++) {
        if (forbids(&day->input, (enum sensor)i)) {
            day->last_bad[i] = day->input.moment.now;
        }
    }
    if (day->input.spec != NULL && is_wanting(&day->input) && day->has_run) {
        day->last_blind = day->input.moment.now;
    }
    it_never_runs_against_a_rule(day);
    it_is_not_let_go_before_its_dwell(day);
    there_is_one_reason_and_it_is_told(day);
    time_goes_on(day, &before);
    what_is_held_for_long_is_ended(day, &before);
    a_prediction_is_a_fresh_step(day);
    a_prediction_of_what_is_held_comes_true(day);
    the_same_again_is_the_same(day, &before);
    day->has_run |= day->verdict.outcome <= POLICY_THROTTLE;
    day->was_let_run |= day->verdict.outcome <= POLICY_THROTTLE || day->input.is_running;
    day->ran += day->verdict.outcome <= POLICY_THROTTLE;
    day->held += day->verdict.outcome > POLICY_THROTTLE;
}

/* --- what nothing speaks against runs --------------------------------------------------------- */

/* A machine of which every rule is well content, as fast as its readings can be taken. */
static void calm(struct day *day, struct readings *readings)
{
    static const int64_t fine[SENSOR_COUNT] = {
        [SENSOR_BATTERY] = 100,
        [SENSOR_CHARGING] = 1,
        [SENSOR_TEMPERATURE] = -20000,
        [SENSOR_IDLE] = 5 * HOUR_MS,
        [SENSOR_MEMORY_AVAILABLE] = 1 << 30,
    };

    for (int i = 0; i < SENSOR_COUNT; i++) {
        if (readings->of[i].state != READING_NONE) {
            readings->of[i] = (struct reading){READING_KNOWN, fine[i], day->input.moment.now};
        }
    }
    if (readings->of[SENSOR_BATTERY].state == READING_KNOWN) {
        readings->of[SENSOR_CHARGING] = (struct reading){READING_KNOWN, 1, day->input.moment.now};
    }
}

/* For as long as the longest dwell and rest, whatever came before. */
static void is_let_run_in_the_end(struct day *day)
{
    struct mono until = mono_after(day->input.moment.now, 30 * MINUTE_MS);

    day->input.owner_paused = false;
    day->input.exclusive_program = NULL;
    day->spec.windows.count = day->owner_spec.windows.count = 0;
    while (mono_before(day->input.moment.now, until)) {
        calm(day, &day->readings);
        day->input.is_running = day->verdict.outcome <= POLICY_THROTTLE;
        policy_step(&day->input, &day->state, &day->verdict);
        if (day->verdict.outcome == POLICY_RUN) {
            return;
        }
        day->input.moment.now.ms += SECOND_MS;
    }
    calm(day, &day->readings);
    day->input.is_running = day->verdict.outcome <= POLICY_THROTTLE;
    policy_step(&day->input, &day->state, &day->verdict);
    assert_int_equal(day->verdict.outcome, POLICY_RUN);
}

static void begin_day(struct day *day, uint64_t seed)
{
    *day = (struct day){0};
    rand_init_u64(&day->rand, seed);
    day->spec = random_spec(&day->rand);
    day->owner_spec = random_spec(&day->rand);
    day->has = (unsigned)(rand_u64(&day->rand) & rand_u64(&day->rand));
    day->input.spec = &day->spec;
    day->input.owner_spec = rand_chance(&day->rand, 200) ? &day->owner_spec : NULL;
    day->input.readings = &day->readings;
    day->input.moment.now.ms = rand_between(&day->rand, 0, HOUR_MS);
    day->input.moment.local.ms = rand_between(&day->rand, 0, (int64_t)7 * 24 * HOUR_MS);
    day->last_blind = MONO_NEVER;
    day->was_let_run = rand_chance(&day->rand, 200);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        day->last_bad[i] = MONO_NEVER;
    }
    policy_begin(&day->state, day->input.moment.now, day->was_let_run);
}

static void no_rule_is_ever_broken(void **state)
{
    int64_t ran = 0, held = 0, foreseen = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= DAYS; seed++) {
        struct day day;

        begin_day(&day, seed);
        for (int step = 0; step < STEPS; step++) {
            random_readings(&day.rand, day.has, day.input.moment.now, &day.readings);
            live(&day);
            move(&day);
        }
        ran += day.ran;
        held += day.held;
        foreseen += day.foreseen;
    }
    /* Traces in which nothing happens would prove nothing. */
    assert_true(ran > DAYS * STEPS / 10);
    assert_true(held > DAYS * STEPS / 10);
    assert_true(foreseen > DAYS * STEPS / 10);
}

static void whatever_came_before_calm_lets_work_run(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DAYS; seed++) {
        struct day day;

        begin_day(&day, seed);
        for (int64_t step = rand_between(&day.rand, 0, 60); step > 0; step--) {
            random_readings(&day.rand, day.has, day.input.moment.now, &day.readings);
            policy_step(&day.input, &day.state, &day.verdict);
            move(&day);
        }
        is_let_run_in_the_end(&day);
    }
}

/* --- the failure to make impossible ----------------------------------------------------------- */

enum age { AGE_FRESH, AGE_OLD, AGE_UNKNOWN, AGE_COUNT };

struct hopeless {
    struct harvest_policy_spec spec;
    struct readings fine, readings;
    int64_t cases, held;
};

static void set_aged(struct hopeless *of, enum sensor sensor, int64_t value, unsigned age,
                     struct mono now)
{
    struct reading *reading = &of->readings.of[sensor];

    *reading = (struct reading){READING_KNOWN, value, now};
    if (age == AGE_OLD) {
        reading->at.ms -= of->spec.session.stale_sensor_ms + 1;
    } else if (age == AGE_UNKNOWN) {
        *reading = (struct reading){READING_UNKNOWN, 0, now};
    }
}

/* Unplugged, at 3 % and 90 °C, as far as it is known; after it was new, found frozen, or running
 * since all was well. */
static void is_held(struct hopeless *of, unsigned history, unsigned ages)
{
    struct policy_input input = {.spec = &of->spec, .readings = &of->fine};
    struct policy_state state;
    struct policy_verdict verdict;

    policy_begin(&state, (struct mono){0}, history == 1);
    if (history == 2) {
        policy_step(&input, &state, &verdict);
        assert_int_equal(verdict.outcome, POLICY_RUN);
        input.is_running = true;
    }
    input.moment.now.ms = SECOND_MS;
    of->readings = of->fine;
    set_aged(of, SENSOR_CHARGING, 0, ages % AGE_COUNT, input.moment.now);
    set_aged(of, SENSOR_BATTERY, 3, ages / AGE_COUNT % AGE_COUNT, input.moment.now);
    set_aged(of, SENSOR_TEMPERATURE, 90000, ages / AGE_COUNT / AGE_COUNT, input.moment.now);
    input.readings = &of->readings;
    policy_step(&input, &state, &verdict);
    of->cases++;
    if (must_not_run(&input)) {
        of->held++;
        assert_true(verdict.outcome >= POLICY_SUSPEND);
        policy_predict(&input, &verdict);
        assert_true(verdict.outcome >= POLICY_SUSPEND);
    }
    if (ages == 0 && of->spec.battery.require_charging && of->spec.battery.min_percent > 3 &&
        of->spec.thermal.suspend_celsius <= 90) {
        assert_true(must_not_run(&input)); /* the words of this test are no looser than its title */
    }
}

/* Digit `*left` of `count`, and the rest. */
static unsigned take(unsigned *left, unsigned count)
{
    unsigned digit = *left % count;

    *left /= count;
    return digit;
}

static void set_policy(struct hopeless *of, unsigned number)
{
    static const int64_t mins[] = {0, 3, 4, 100}, suspends[] = {36, 90, 91, 150};
    struct harvest_policy_spec *spec = &of->spec;
    int64_t min = mins[take(&number, 4)], suspend = suspends[take(&number, 4)];
    bool others;

    spec->battery.min_percent = min;
    spec->battery.resume_percent = take(&number, 2) ? 100 : min;
    spec->battery.require_charging = take(&number, 2) != 0;
    spec->thermal.suspend_celsius = suspend;
    spec->thermal.throttle_celsius = suspend;
    spec->thermal.evict_celsius = take(&number, 2) ? 150 : suspend;
    spec->thermal.resume_celsius = take(&number, 2) ? suspend - 1 : 35;
    spec->thermal.dwell_ms = take(&number, 2) ? 5 * MINUTE_MS : 0;
    spec->unknown = take(&number, 2) ? UNKNOWN_IGNORE : UNKNOWN_SUSPEND;
    others = take(&number, 2) != 0;
    spec->user.start_after_idle_ms = others ? 5 * MINUTE_MS : 0;
    spec->user.continue_after_idle_ms = others ? 2 * MINUTE_MS : 0;
    spec->foreign_cpu.suspend_percent = others ? 25 : 100;
    spec->session.max_suspend_ms = others ? 0 : 10 * MINUTE_MS;
    assert_int_equal(number, 0);
}

static void a_laptop_unplugged_nearly_empty_and_hot_is_given_no_work(void **state)
{
    enum { POLICIES = 4 * 4 * 2 * 2 * 2 * 2 * 2 * 2 * 2, HISTORIES = 3 };
    struct hopeless of = {0};

    (void)state;
    of.fine.of[SENSOR_BATTERY] = (struct reading){READING_KNOWN, 100, {0}};
    of.fine.of[SENSOR_CHARGING] = (struct reading){READING_KNOWN, 1, {0}};
    of.fine.of[SENSOR_TEMPERATURE] = (struct reading){READING_KNOWN, 30000, {0}};
    of.fine.of[SENSOR_IDLE] = (struct reading){READING_KNOWN, HOUR_MS, {0}};
    of.fine.of[SENSOR_FOREIGN_CPU] = (struct reading){READING_KNOWN, 0, {0}};
    of.spec.limits.cpu_percent = 50;
    of.spec.network.metered = true;
    of.spec.session.max_duration_ms = HOUR_MS;
    of.spec.session.stale_sensor_ms = 30 * SECOND_MS;
    for (unsigned number = 0; number < POLICIES; number++) {
        set_policy(&of, number);
        for (unsigned history = 0; history < HISTORIES; history++) {
            for (unsigned ages = 0; ages < AGE_COUNT * AGE_COUNT * AGE_COUNT; ages++) {
                is_held(&of, history, ages);
            }
        }
    }
    assert_int_equal(of.cases, POLICIES * HISTORIES * AGE_COUNT * AGE_COUNT * AGE_COUNT);
    assert_true(of.held > of.cases / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rule_is_ever_broken),
        cmocka_unit_test(whatever_came_before_calm_lets_work_run),
        cmocka_unit_test(a_laptop_unplugged_nearly_empty_and_hot_is_given_no_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
