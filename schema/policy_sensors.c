/* The policy's checks of what sensors tell.
 *
 * Each asks first what is known: a machine without the sensor passes; a reading that is missing or
 * old holds work under `unknown: suspend`.  Under `unknown: ignore` it lets go on what runs, and
 * what a latch holds is let go after the rule's dwell, or after staleSensor where it has none: one
 * reading that failed says nothing about the machine.
 *
 * A latch shuts at once and opens when its other threshold has been met for its dwell:
 *
 *          bad                     good for dwell
 *     open ───► shut … between … ──────────────────► open
 */
#include "schema/policy_parts.h"

#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>

enum told { TOLD_NONE, TOLD_VALUE, TOLD_UNKNOWN };

enum grade {
    GRADE_GOOD,
    GRADE_BETWEEN, /* of the two thresholds, or not known */
    GRADE_BAD,
};

struct duration_text duration_text(int64_t ms)
{
    struct duration_text text;

    duration_to_str(ms < 1000 ? ms : ms - ms % 1000, text.text);
    return text;
}

#define DURATION(ms) (duration_text(ms).text)

struct reading_text {
    char text[READING_TEXT_SIZE];
};

static struct reading_text reading_text(enum sensor sensor, int64_t value)
{
    struct reading_text text;

    reading_to_str(sensor, &(struct reading){READING_KNOWN, value, MONO_ZERO}, text.text);
    return text;
}

#define VALUE(sensor, value) (reading_text(sensor, value).text)

static const struct reading *reading_of(const struct judging *judging, enum sensor sensor)
{
    return &judging->input->readings->of[sensor];
}

static void hold_stale(struct judging *judging, enum sensor sensor, const struct reading *reading)
{
    int64_t stale_ms = judging->spec->session.stale_sensor_ms;

    if (judging->blind_sensor == SENSOR_COUNT) {
        judging->blind_sensor = sensor;
    }
    if (reading->state == READING_KNOWN && !mono_before(judging->now, reading->at)) {
        judging_hold(judging, POLICY_SUSPEND, REASON_STALE_SENSOR, sensor, reading,
                     "%s was last read %s ago, more than %s; goes on when it is read",
                     sensor_words[sensor], DURATION(mono_since(reading->at, judging->now)),
                     DURATION(stale_ms));
    } else {
        judging_hold(judging, POLICY_SUSPEND, REASON_STALE_SENSOR, sensor, reading,
                     "%s tells nothing, so nobody knows; goes on when it does",
                     sensor_words[sensor]);
    }
}

/* What is known; holds work when that is nothing and the policy wants to know. */
static enum told ask(struct judging *judging, enum sensor sensor, const struct reading *reading)
{
    if (reading->state == READING_NONE) {
        return TOLD_NONE;
    }
    if (reading_is_fresh(reading, judging->now, judging->spec->session.stale_sensor_ms)) {
        return TOLD_VALUE;
    }
    if (judging->spec->unknown == UNKNOWN_SUSPEND &&
        !(MUTANT(BLIND_BUT_FOR_HEAT) && sensor != SENSOR_TEMPERATURE)) {
        hold_stale(judging, sensor, reading);
    }
    return TOLD_UNKNOWN;
}

static void latch_open(struct policy_latch *latch)
{
    *latch = (struct policy_latch){.clear_since = MONO_NEVER};
}

static void latch_move(struct policy_latch *latch, struct mono now, enum grade grade,
                       int64_t dwell_ms)
{
    switch (grade) {
    case GRADE_BAD:
        latch->is_shut = true;
        latch->clear_since = MONO_NEVER;
        return;
    case GRADE_BETWEEN:
        latch->clear_since = MONO_NEVER;
        return;
    case GRADE_GOOD:
        latch->clear_since = mono_earlier(latch->clear_since, now);
        if (mono_is_due(mono_after(latch->clear_since, dwell_ms), now) || MUTANT(DWELL_IGNORED)) {
            latch_open(latch);
        }
        return;
    }
}

/* What not knowing counts as. */
static enum grade grade_unknown(const struct judging *judging)
{
    return judging->spec->unknown == UNKNOWN_SUSPEND ? GRADE_BETWEEN : GRADE_GOOD;
}

static int64_t dwell_unknown_ms(const struct judging *judging, int64_t dwell_ms)
{
    int64_t stale_ms = judging->spec->session.stale_sensor_ms;

    return dwell_ms > stale_ms ? dwell_ms : stale_ms;
}

static bool is_clear(const struct policy_latch *latch)
{
    return !mono_is_never(latch->clear_since);
}

/* --- heat ------------------------------------------------------------------------------------- */

static enum grade grade_heat(int64_t millis, int64_t enter_celsius, int64_t leave_celsius)
{
    if (millis >= enter_celsius * 1000) {
        return GRADE_BAD;
    }
    return millis <= leave_celsius * 1000 ? GRADE_GOOD : GRADE_BETWEEN;
}

static void move_heat(struct judging *judging, enum told told, int64_t millis)
{
    const struct thermal_policy *thermal = &judging->spec->thermal;
    struct policy_latches *latches = judging->latches;
    int64_t leave = thermal->resume_celsius;
    int64_t slow_leave = thermal->throttle_celsius < leave ? thermal->throttle_celsius : leave;

    switch (told) {
    case TOLD_NONE:
        latch_open(&latches->hot);
        latch_open(&latches->warm);
        return;
    case TOLD_VALUE:
        latch_move(&latches->hot, judging->now, grade_heat(millis, thermal->suspend_celsius, leave),
                   thermal->dwell_ms);
        latch_move(&latches->warm, judging->now,
                   grade_heat(millis, thermal->throttle_celsius, slow_leave), thermal->dwell_ms);
        return;
    case TOLD_UNKNOWN:
        latch_move(&latches->hot, judging->now, grade_unknown(judging),
                   dwell_unknown_ms(judging, thermal->dwell_ms));
        latch_move(&latches->warm, judging->now, grade_unknown(judging),
                   dwell_unknown_ms(judging, thermal->dwell_ms));
        return;
    }
}

int64_t judging_cpu_percent(const struct judging *judging)
{
    const struct thermal_policy *thermal = &judging->spec->thermal;
    const struct reading *reading = reading_of(judging, SENSOR_TEMPERATURE);
    int64_t full = judging->spec->limits.cpu_percent;
    int64_t low = thermal->throttle_celsius * 1000, high = thermal->suspend_celsius * 1000;
    int64_t share = 1000, percent;

    if (!judging->latches->warm.is_shut) {
        return full;
    }
    if (!reading_is_fresh(reading, judging->now, judging->spec->session.stale_sensor_ms) ||
        reading->value >= high) {
        share = 250;
    } else if (reading->value > low) {
        share = 1000 - 750 * (reading->value - low) / (high - low);
    }
    percent = full * share / 1000;
    return percent < 1 ? 1 : percent;
}

static void hold_hot(struct judging *judging, const struct reading *reading)
{
    const struct thermal_policy *thermal = &judging->spec->thermal;
    int64_t hot = thermal->suspend_celsius, evict = thermal->evict_celsius;
    bool is_hot = reading->value >= hot * 1000, leaves = reading->value >= evict * 1000;

    judging_hold(judging, leaves ? POLICY_EVICT : POLICY_SUSPEND, REASON_OVERHEATED,
                 SENSOR_TEMPERATURE, reading,
                 "%s is %s %" PRId64 " °C; goes on after %s at %" PRId64 " °C or less",
                 VALUE(SENSOR_TEMPERATURE, reading->value), is_hot ? "not below" : "below",
                 leaves ? evict : hot, DURATION(thermal->dwell_ms), thermal->resume_celsius);
}

static void hold_cooling(struct judging *judging, enum told told, const struct reading *reading)
{
    const struct thermal_policy *thermal = &judging->spec->thermal;
    int64_t since_ms = mono_since(judging->latches->hot.clear_since, judging->now);

    if (told == TOLD_VALUE) {
        judging_hold(judging, POLICY_SUSPEND, REASON_HEAT_WAIT, SENSOR_TEMPERATURE, reading,
                     "%s, not above %" PRId64 " °C for %s now; goes on after %s of that",
                     VALUE(SENSOR_TEMPERATURE, reading->value), thermal->resume_celsius,
                     DURATION(since_ms), DURATION(thermal->dwell_ms));
    } else {
        judging_hold(judging, POLICY_SUSPEND, REASON_HEAT_WAIT, SENSOR_TEMPERATURE, reading,
                     "was hot, and its sensor tells nothing for %s; goes on after %s of that",
                     DURATION(since_ms), DURATION(dwell_unknown_ms(judging, thermal->dwell_ms)));
    }
}

static void slow_down(struct judging *judging, enum told told, const struct reading *reading)
{
    const struct thermal_policy *thermal = &judging->spec->thermal;
    int64_t leave = thermal->throttle_celsius < thermal->resume_celsius ? thermal->throttle_celsius
                                                                        : thermal->resume_celsius;

    judging_hold(judging, POLICY_THROTTLE, REASON_OVERHEATED, SENSOR_TEMPERATURE, reading,
                 "%s; slowed down to %" PRId64 " %% of the processors until %s at %" PRId64
                 " °C or less",
                 told == TOLD_VALUE ? VALUE(SENSOR_TEMPERATURE, reading->value) : "was warm",
                 judging_cpu_percent(judging), DURATION(thermal->dwell_ms), leave);
}

void check_heat(struct judging *judging)
{
    const struct reading *reading = reading_of(judging, SENSOR_TEMPERATURE);
    const struct policy_latches *latches = judging->latches;
    enum told told = TOLD_NONE;

    if (judging->spec->thermal.throttle_celsius < CELSIUS_NEVER) {
        told = ask(judging, SENSOR_TEMPERATURE, reading);
    }
    move_heat(judging, told, reading->value);
    if (latches->hot.is_shut && is_clear(&latches->hot)) {
        hold_cooling(judging, told, reading);
    } else if (latches->hot.is_shut && told == TOLD_VALUE) {
        hold_hot(judging, reading);
    } else if (latches->warm.is_shut) {
        slow_down(judging, told, reading);
    }
}

/* --- power ------------------------------------------------------------------------------------ */

void check_power(struct judging *judging)
{
    struct reading reading = *reading_of(judging, SENSOR_CHARGING);
    const struct reading *battery = reading_of(judging, SENSOR_BATTERY);

    if (!judging->spec->battery.require_charging) {
        return;
    }
    /* What has a battery runs on it or not, even where nothing tells which. */
    if (reading.state == READING_NONE && battery->state != READING_NONE) {
        reading = (struct reading){READING_UNKNOWN, 0, battery->at};
    }
    if (ask(judging, SENSOR_CHARGING, &reading) == TOLD_VALUE && reading.value == 0) {
        judging_hold(judging, POLICY_SUSPEND, REASON_ON_BATTERY, SENSOR_CHARGING, &reading,
                     "runs on its battery; goes on when it is plugged in");
    }
}

static enum grade grade_battery(const struct battery_policy *battery, int64_t percent)
{
    if (percent < battery->min_percent) {
        return GRADE_BAD;
    }
    return percent >= battery->resume_percent || MUTANT(RESUME_AT_MINIMUM) ? GRADE_GOOD
                                                                           : GRADE_BETWEEN;
}

static void move_battery(struct judging *judging, enum told told, int64_t percent)
{
    struct policy_latch *low = &judging->latches->low;

    switch (told) {
    case TOLD_NONE:
        latch_open(low);
        return;
    case TOLD_VALUE:
        latch_move(low, judging->now, grade_battery(&judging->spec->battery, percent), 0);
        return;
    case TOLD_UNKNOWN:
        latch_move(low, judging->now, grade_unknown(judging), dwell_unknown_ms(judging, 0));
        return;
    }
}

void check_battery(struct judging *judging)
{
    const struct battery_policy *battery = &judging->spec->battery;
    const struct reading *reading = reading_of(judging, SENSOR_BATTERY);
    enum told told;

    if (battery->min_percent == 0) {
        latch_open(&judging->latches->low);
        return;
    }
    told = ask(judging, SENSOR_BATTERY, reading);
    move_battery(judging, told, reading->value);
    if (!judging->latches->low.is_shut) {
        return;
    }
    if (told != TOLD_VALUE) {
        judging_hold(judging, POLICY_SUSPEND, REASON_BATTERY_LOW, SENSOR_BATTERY, reading,
                     "the battery was low, and tells nothing now; goes on at %" PRId64 " %%",
                     battery->resume_percent);
        return;
    }
    judging_hold(judging, POLICY_SUSPEND, REASON_BATTERY_LOW, SENSOR_BATTERY, reading,
                 "battery %s %s %" PRId64 " %%; goes on at %" PRId64 " %%",
                 VALUE(SENSOR_BATTERY, reading->value),
                 reading->value < battery->min_percent ? "is below" : "was below",
                 battery->min_percent, battery->resume_percent);
}

/* --- people ----------------------------------------------------------------------------------- */

void check_user(struct judging *judging)
{
    const struct user_policy *user = &judging->spec->user;
    const struct reading *reading = reading_of(judging, SENSOR_IDLE);
    bool starts = !judging->state->has_started && !judging->input->has_ended;
    int64_t wanted_ms = user->continue_after_idle_ms;

    if (starts && user->start_after_idle_ms > wanted_ms) {
        wanted_ms = user->start_after_idle_ms;
    }
    if (wanted_ms == 0) {
        return;
    }
    if (ask(judging, SENSOR_IDLE, reading) == TOLD_VALUE && reading->value < wanted_ms) {
        judging_hold(judging, POLICY_SUSPEND, REASON_USER_ACTIVE, SENSOR_IDLE, reading,
                     "somebody used it %s ago; %s after %s without",
                     VALUE(SENSOR_IDLE, reading->value), starts ? "starts" : "goes on",
                     DURATION(wanted_ms));
    }
}

void check_foreign_cpu(struct judging *judging)
{
    const struct foreign_cpu_policy *foreign = &judging->spec->foreign_cpu;
    const struct reading *reading = reading_of(judging, SENSOR_FOREIGN_CPU);
    struct policy_latch *crowded = &judging->latches->crowded;
    bool is_bad = reading->value > foreign->suspend_percent * 1000;

    if (foreign->suspend_percent >= 100) {
        latch_open(crowded);
        return;
    }
    switch (ask(judging, SENSOR_FOREIGN_CPU, reading)) {
    case TOLD_NONE:
        latch_open(crowded);
        return;
    case TOLD_VALUE:
        latch_move(crowded, judging->now, is_bad ? GRADE_BAD : GRADE_GOOD, foreign->dwell_ms);
        break;
    case TOLD_UNKNOWN:
        is_bad = false;
        latch_move(crowded, judging->now, grade_unknown(judging),
                   dwell_unknown_ms(judging, foreign->dwell_ms));
        break;
    }
    if (crowded->is_shut) {
        judging_hold(judging, POLICY_SUSPEND, REASON_FOREIGN_CPU, SENSOR_FOREIGN_CPU, reading,
                     "others %s %s of the processors; goes on after %s with at most %" PRId64 " %%",
                     is_bad ? "use" : "used too much,",
                     reading->state == READING_KNOWN ? VALUE(SENSOR_FOREIGN_CPU, reading->value)
                                                     : "an unknown share",
                     DURATION(foreign->dwell_ms), foreign->suspend_percent);
    }
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Makes `grade` worse when this sensor is worse; false: it does not count here. */
static bool grade_memory(struct judging *judging, enum sensor sensor, bool is_bad,
                         enum grade *grade, int64_t *dwell_ms)
{
    enum grade found = GRADE_GOOD;

    switch (ask(judging, sensor, reading_of(judging, sensor))) {
    case TOLD_NONE:
        return false;
    case TOLD_VALUE:
        found = is_bad ? GRADE_BAD : GRADE_GOOD;
        break;
    case TOLD_UNKNOWN:
        found = grade_unknown(judging);
        *dwell_ms = dwell_unknown_ms(judging, *dwell_ms);
        break;
    }
    *grade = found > *grade ? found : *grade;
    return true;
}

static void hold_memory(struct judging *judging, enum sensor sensor, bool is_bad)
{
    const struct memory_policy *memory = &judging->spec->memory;
    const struct reading *reading = reading_of(judging, sensor);
    struct reading_text limit =
        reading_text(sensor, sensor == SENSOR_MEMORY_PRESSURE ? memory->evict_percent * 1000
                                                              : memory->min_available);

    if (!is_bad) {
        judging_hold(judging, POLICY_SUSPEND, REASON_MEMORY_PRESSURE, sensor, reading,
                     "memory was short; goes on after %s in which there is enough",
                     DURATION(memory->dwell_ms));
    } else if (sensor == SENSOR_MEMORY_PRESSURE) {
        judging_hold(judging, POLICY_EVICT, REASON_MEMORY_PRESSURE, sensor, reading,
                     "something waits for memory %s of the time, more than %s; goes on after %s "
                     "below",
                     VALUE(sensor, reading->value), limit.text, DURATION(memory->dwell_ms));
    } else {
        judging_hold(judging, POLICY_EVICT, REASON_MEMORY_PRESSURE, sensor, reading,
                     "%s of memory are left, less than %s; goes on after %s above",
                     VALUE(sensor, reading->value), limit.text, DURATION(memory->dwell_ms));
    }
}

void check_memory(struct judging *judging)
{
    const struct memory_policy *memory = &judging->spec->memory;
    struct policy_latch *pressed = &judging->latches->pressed;
    bool waits = memory->evict_percent > 0 && memory->evict_percent < 100;
    bool counts = false, is_pressed, is_short;
    int64_t dwell_ms = memory->dwell_ms;
    enum grade grade = GRADE_GOOD;

    is_pressed = reading_of(judging, SENSOR_MEMORY_PRESSURE)->value > memory->evict_percent * 1000;
    is_short = reading_of(judging, SENSOR_MEMORY_AVAILABLE)->value < memory->min_available;
    if (waits) {
        counts |= grade_memory(judging, SENSOR_MEMORY_PRESSURE, is_pressed, &grade, &dwell_ms);
    }
    if (memory->min_available > 0) {
        counts |= grade_memory(judging, SENSOR_MEMORY_AVAILABLE, is_short, &grade, &dwell_ms);
    }
    if (!counts) {
        latch_open(pressed);
        return;
    }
    latch_move(pressed, judging->now, grade, dwell_ms);
    if (pressed->is_shut) {
        bool by_pressure = waits && (is_pressed || !is_short);

        hold_memory(judging, by_pressure ? SENSOR_MEMORY_PRESSURE : SENSOR_MEMORY_AVAILABLE,
                    grade == GRADE_BAD);
    }
}

/* --- network ---------------------------------------------------------------------------------- */

void check_metered(struct judging *judging)
{
    const struct reading *reading = reading_of(judging, SENSOR_METERED);

    if (judging->spec->network.metered) {
        return;
    }
    if (ask(judging, SENSOR_METERED, reading) == TOLD_VALUE && reading->value != 0) {
        judging_hold(judging, POLICY_SUSPEND, REASON_METERED, SENSOR_METERED, reading,
                     "the connection is paid by volume; goes on when it is not");
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

void check_sight(struct judging *judging)
{
    struct policy_state *state = judging->state;
    struct policy_latch *blind = &state->blind;

    if (judging->blind_sensor != SENSOR_COUNT) {
        state->blind_sensor = judging->blind_sensor;
        latch_move(blind, judging->now, state->was_let_run ? GRADE_BAD : GRADE_BETWEEN, 0);
        return;
    }
    latch_move(blind, judging->now, GRADE_GOOD, SENSOR_DWELL_MS);
    if (blind->is_shut) {
        judging_hold(
            judging, POLICY_SUSPEND, REASON_STALE_SENSOR, state->blind_sensor,
            reading_of(judging, state->blind_sensor),
            "%s told nothing until %s ago; goes on after %s", sensor_words[state->blind_sensor],
            DURATION(mono_since(blind->clear_since, judging->now)), DURATION(SENSOR_DWELL_MS));
    }
}
