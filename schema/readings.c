/* Readings: their words, their texts, and the written form. */
#include "schema/readings.h"

#include "schema/base/arena.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/limits.h"
#include "schema/scalar.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

const char *const sensor_words[SENSOR_COUNT + 1] = {
    [SENSOR_BATTERY] = "battery",
    [SENSOR_CHARGING] = "charging",
    [SENSOR_TEMPERATURE] = "temperature",
    [SENSOR_IDLE] = "idle",
    [SENSOR_FOREIGN_CPU] = "foreignCpu",
    [SENSOR_MEMORY_AVAILABLE] = "memoryAvailable",
    [SENSOR_MEMORY_PRESSURE] = "memoryPressure",
    [SENSOR_METERED] = "metered",
    [SENSOR_LOAD] = "load",
};

/* One row for each sensor, in their order, and one more. */
static const struct field sensors_fields[] = {
    {"battery", FIELD_INT, AT(struct sensors, battery), .max = 100,
     .doc = "charge in percent; of several batteries together"},
    {"charging", FIELD_BOOL, AT(struct sensors, charging),
     .doc = "runs on outside power, charging or full"},
    {"temperature", FIELD_REAL, AT(struct sensors, temperature),
     .doc = "degrees Celsius of the hottest sensor"},
    {"idle", FIELD_DURATION, AT(struct sensors, idle_ms), .max = DURATION_MAX_MS,
     .doc = "time since somebody last used it"},
    {"foreignCpu", FIELD_REAL, AT(struct sensors, foreign_cpu),
     .doc = "percent of its processors' time that others than our work use"},
    {"memoryAvailable", FIELD_QUANTITY, AT(struct sensors, memory_available), .max = INT64_MAX,
     .doc = "bytes of memory that could be had without swapping"},
    {"memoryPressure", FIELD_REAL, AT(struct sensors, memory_pressure),
     .doc = "percent of the last ten seconds in which something waited for memory"},
    {"metered", FIELD_BOOL, AT(struct sensors, metered), .doc = "the connection is paid by volume"},
    {"load", FIELD_REAL, AT(struct sensors, load), .doc = "the load average of one minute"},
    {"unknown", FIELD_LIST, AT(struct sensors, unknown), .item = FIELD_STR, .flags = FIELD_SET,
     .max = SENSORS_UNKNOWN_MAX,
     .doc = "sensors that it has and that tell nothing, or told nothing lately"},
};

const struct shape sensors_shape = SHAPE("sensors", struct sensors, sensors_fields);

static void thousandths_to_str(int64_t value, const char *unit, char text[static READING_TEXT_SIZE])
{
    char number[REAL_TEXT_SIZE];

    real_to_str((double)value / 1000, number);
    snprintf(text, READING_TEXT_SIZE, "%.24s%s", number, unit);
}

/* What a person counts in: whole seconds from one second on. */
static void time_to_str(int64_t ms, char text[static READING_TEXT_SIZE])
{
    char number[DURATION_TEXT_SIZE];

    duration_to_str(ms < 1000 ? ms : ms - ms % 1000, number);
    snprintf(text, READING_TEXT_SIZE, "%s", number);
}

static void value_to_str(enum sensor sensor, int64_t value, char text[static READING_TEXT_SIZE])
{
    char number[QUANTITY_TEXT_SIZE];

    switch (sensor) {
    case SENSOR_BATTERY:
        snprintf(text, READING_TEXT_SIZE, "%" PRId64 " %%", value);
        return;
    case SENSOR_CHARGING:
        snprintf(text, READING_TEXT_SIZE, "%s", value != 0 ? "plugged in" : "on battery");
        return;
    case SENSOR_TEMPERATURE:
        thousandths_to_str(value / 100 * 100, " °C", text);
        return;
    case SENSOR_IDLE:
        time_to_str(value < 0 ? 0 : value, text);
        return;
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
        thousandths_to_str(value / 100 * 100, " %", text);
        return;
    case SENSOR_MEMORY_AVAILABLE:
        value = value < 0 ? 0 : value;
        /* Whole MiB: nobody reads the bytes. */
        quantity_to_str(value < 1 << 20 ? value : value >> 20 << 20, number);
        snprintf(text, READING_TEXT_SIZE, "%s", number);
        return;
    case SENSOR_METERED:
        snprintf(text, READING_TEXT_SIZE, "%s", value != 0 ? "metered" : "not metered");
        return;
    case SENSOR_LOAD:
        thousandths_to_str(value / 10 * 10, "", text);
        return;
    case SENSOR_COUNT:
        break;
    }
    assert(false);
}

void reading_to_str(enum sensor sensor, const struct reading *reading,
                    char text[static READING_TEXT_SIZE])
{
    assert(sensor < SENSOR_COUNT);
    switch (reading->state) {
    case READING_NONE:
        snprintf(text, READING_TEXT_SIZE, "none");
        return;
    case READING_KNOWN:
        value_to_str(sensor, reading->value, text);
        return;
    case READING_UNKNOWN:
        snprintf(text, READING_TEXT_SIZE, "unknown");
        return;
    }
    assert(false);
}

bool reading_is_fresh(const struct reading *reading, struct mono now, int64_t stale_ms)
{
    int64_t age_ms = mono_since(reading->at, now);

    return reading->state == READING_KNOWN && age_ms <= stale_ms && age_ms >= -stale_ms;
}

static int64_t clamped(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* A sensor that tells nonsense must not make a heartbeat that nobody takes. */
static void sensors_put(struct sensors *sensors, enum sensor sensor, int64_t value)
{
    const struct shape *shape = &sensors_shape;

    switch (sensor) {
    case SENSOR_BATTERY:
        shape_put(shape, sensors, battery, clamped(value, 0, 100));
        return;
    case SENSOR_CHARGING:
        shape_put(shape, sensors, charging, value != 0);
        return;
    case SENSOR_TEMPERATURE:
        shape_put(shape, sensors, temperature, (double)value / 1000);
        return;
    case SENSOR_IDLE:
        shape_put(shape, sensors, idle_ms, clamped(value, 0, DURATION_MAX_MS));
        return;
    case SENSOR_FOREIGN_CPU:
        shape_put(shape, sensors, foreign_cpu, (double)value / 1000);
        return;
    case SENSOR_MEMORY_AVAILABLE:
        shape_put(shape, sensors, memory_available, clamped(value, 0, INT64_MAX));
        return;
    case SENSOR_MEMORY_PRESSURE:
        shape_put(shape, sensors, memory_pressure, (double)value / 1000);
        return;
    case SENSOR_METERED:
        shape_put(shape, sensors, metered, value != 0);
        return;
    case SENSOR_LOAD:
        shape_put(shape, sensors, load, (double)value / 1000);
        return;
    case SENSOR_COUNT:
        break;
    }
    assert(false);
}

void sensors_from_readings(struct arena *arena, const struct readings *readings, struct mono now,
                           int64_t stale_ms, struct sensors *ret_sensors)
{
    struct sensors sensors = {0};

    sensors.unknown.items = arena_array(arena, SENSOR_COUNT, sizeof(*sensors.unknown.items));
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        const struct reading *reading = &readings->of[i];

        if (reading_is_fresh(reading, now, stale_ms)) {
            sensors_put(&sensors, (enum sensor)i, reading->value);
        } else if (reading->state != READING_NONE) {
            sensors.unknown.items[sensors.unknown.count++] = sensor_words[i];
        }
    }
    if (sensors.unknown.count > 0) {
        shape_mark(&sensors_shape, &sensors, &sensors.unknown);
    }
    *ret_sensors = sensors;
}

/* To the nearest thousandth; what no sensor can have measured ends at the bound. */
static int64_t thousandths(double value)
{
    static const double max = 1e12;

    if (!(value > -max)) { /* not a number, too */
        value = -max;
    } else if (value > max) {
        value = max;
    }
    return (int64_t)(value * 1000 + (value < 0 ? -0.5 : 0.5));
}

static int64_t sensors_get(const struct sensors *sensors, enum sensor sensor)
{
    switch (sensor) {
    case SENSOR_BATTERY:
        return sensors->battery;
    case SENSOR_CHARGING:
        return sensors->charging;
    case SENSOR_TEMPERATURE:
        return thousandths(sensors->temperature);
    case SENSOR_IDLE:
        return sensors->idle_ms;
    case SENSOR_FOREIGN_CPU:
        return thousandths(sensors->foreign_cpu);
    case SENSOR_MEMORY_AVAILABLE:
        return sensors->memory_available;
    case SENSOR_MEMORY_PRESSURE:
        return thousandths(sensors->memory_pressure);
    case SENSOR_METERED:
        return sensors->metered;
    case SENSOR_LOAD:
        return thousandths(sensors->load);
    case SENSOR_COUNT:
        break;
    }
    assert(false);
    return 0;
}

void readings_from_sensors(const struct sensors *sensors, struct mono at,
                           struct readings *ret_readings)
{
    struct readings readings = {0};

    for (unsigned i = 0; i < SENSOR_COUNT; i++) {
        if (is_set(sensors->set, i)) {
            readings.of[i] =
                (struct reading){READING_KNOWN, sensors_get(sensors, (enum sensor)i), at};
        }
    }
    for (size_t i = 0; i < sensors->unknown.count; i++) {
        int sensor = words_index(sensor_words, sensors->unknown.items[i]);

        /* A newer agent may have sensors of which this program knows nothing. */
        if (sensor >= 0) {
            readings.of[sensor] = (struct reading){READING_UNKNOWN, 0, at};
        }
    }
    *ret_readings = readings;
}
