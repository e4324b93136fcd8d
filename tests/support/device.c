/* Days of machines.  Rates are those of a worn laptop: an hour and a half of work on its battery,
 * two hours to charge, three minutes to warm up. */
#include "tests/support/device.h"

#include <assert.h>

enum {
    SECOND_MS = 1000,
    MINUTE_S = 60,
    HOUR_S = 60 * 60,
    PERCENT = 1000 * 1000, /* of charge */
    WHOLE = 100 * 1000,    /* of the processors */
    HEAT_S = 180,
};

/* What sets the classes apart. */
static const struct habits {
    bool has_battery, has_people, has_heat, closes, travels;
    int64_t ambient, load_heat; /* thousandths of a degree; of all processors together */
} habits[DEVICE_CLASS_COUNT] = {
    [DEVICE_LAPTOP] = {true, true, true, true, true, 30000, 48000},
    [DEVICE_PHONE] = {true, true, true, false, true, 26000, 26000},
    [DEVICE_DESKTOP] = {false, true, true, true, false, 32000, 40000},
    [DEVICE_SERVER] = {.has_heat = true, .ambient = 38000, .load_heat = 35000},
};

static bool has(const struct device *device, enum sensor sensor)
{
    const struct habits *of = &habits[device->class];

    switch (sensor) {
    case SENSOR_BATTERY:
    case SENSOR_CHARGING:
        return of->has_battery;
    case SENSOR_TEMPERATURE:
        return of->has_heat;
    case SENSOR_IDLE:
        return of->has_people;
    case SENSOR_METERED:
        return of->travels;
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_AVAILABLE:
    case SENSOR_MEMORY_PRESSURE:
    case SENSOR_LOAD:
        return true;
    case SENSOR_COUNT:
        break;
    }
    return false;
}

static int64_t hour_of(const struct device *device)
{
    return device->local.ms / SECOND_MS / HOUR_S % 24;
}

static bool one_in(struct device *device, int64_t seconds)
{
    return rand_below(&device->rand, (uint64_t)seconds) == 0;
}

/* Counts down; true while it lasts. */
static bool lasts(int64_t *seconds)
{
    *seconds = *seconds > 0 ? *seconds - 1 : 0;
    return *seconds > 0;
}

/* --- people ----------------------------------------------------------------------------------- */

static int64_t comes_every_s(const struct device *device)
{
    int64_t hour = hour_of(device);

    if (device->class == DEVICE_PHONE) {
        return hour < 7 ? 6 * HOUR_S : 12 * MINUTE_S;
    }
    return hour >= 8 && hour < 19    ? 20 * MINUTE_S
           : hour >= 19 && hour < 23 ? 90 * MINUTE_S
                                     : 40 * HOUR_S;
}

static void live_with_people(struct device *device)
{
    bool is_phone = device->class == DEVICE_PHONE;
    struct rand *rand = &device->rand;

    device->since_input_s++;
    if (!lasts(&device->used_s) && one_in(device, comes_every_s(device))) {
        device->used_s = is_phone ? rand_between(rand, 20, 10 * MINUTE_S)
                                  : rand_between(rand, 2 * MINUTE_S, 90 * MINUTE_S);
    }
    if (device->used_s > 0 && one_in(device, 12)) {
        device->since_input_s = 0;
    }
    if (!lasts(&device->busy_s) &&
        one_in(device, device->used_s > 0 ? 10 * MINUTE_S : 3 * HOUR_S)) {
        device->busy_s = rand_between(rand, 5, 6 * MINUTE_S);
    }
    device->foreign = rand_between(rand, 500, device->used_s > 0 ? 20000 : 4000);
    if (device->busy_s > 0) {
        device->foreign = rand_between(rand, 35000, 95000);
    }
    if (!lasts(&device->short_s) && device->used_s > 0 && one_in(device, 8 * HOUR_S)) {
        device->short_s = rand_between(rand, 5, 5 * MINUTE_S);
    }
}

/* --- power and travel ------------------------------------------------------------------------- */

static void set_out(struct device *device)
{
    struct rand *rand = &device->rand;
    int64_t hour = hour_of(device);
    bool is_commute = hour == 8 || hour == 17;

    if (one_in(device, is_commute ? 40 * MINUTE_S : 5 * HOUR_S)) {
        device->unplugged_s = rand_between(rand, 10 * MINUTE_S, 2 * HOUR_S);
        device->metered_s = rand_chance(rand, 500) ? device->unplugged_s : 0;
        if (habits[device->class].closes && rand_chance(rand, 500)) {
            device->asleep_s = rand_between(rand, 5 * MINUTE_S, HOUR_S);
        }
    }
}

static void live_with_power(struct device *device, int64_t load)
{
    const struct habits *of = &habits[device->class];

    if (of->travels && !lasts(&device->unplugged_s)) {
        set_out(device);
    }
    (void)lasts(&device->metered_s);
    if (!of->has_battery) {
        return;
    }
    if (device->unplugged_s > 0) {
        device->charge -= 3000 + 18000 * load / WHOLE;
    } else {
        device->charge += 14000;
    }
    if (device->charge <= 0 && of->closes) { /* it goes to sleep by itself */
        device->asleep_s = device->unplugged_s + 10 * MINUTE_S;
    }
    device->charge = device->charge < 0               ? 0
                     : device->charge > 100 * PERCENT ? (int64_t)100 * PERCENT
                                                      : device->charge;
}

static void live_with_heat(struct device *device, int64_t load)
{
    const struct habits *of = &habits[device->class];
    int64_t hour = hour_of(device);
    int64_t noon = hour < 14 ? 14 - hour : hour - 14; /* hours from the warmest */
    int64_t target = of->ambient + (6 - noon) * 700 + of->load_heat * load / WHOLE;

    device->millis += (target - device->millis) / HEAT_S + rand_between(&device->rand, -80, 80);
}

static void fail_now_and_then(struct device *device)
{
    for (int i = 0; i < SENSOR_COUNT; i++) {
        (void)lasts(&device->faults[i].unknown_s);
        (void)lasts(&device->faults[i].stuck_s);
        if (device->faults_s > 0 && one_in(device, device->faults_s)) {
            device->faults[i].unknown_s = rand_between(&device->rand, 1, MINUTE_S);
        }
        if (device->faults_s > 0 && one_in(device, device->faults_s)) {
            device->faults[i].stuck_s = rand_between(&device->rand, 1, 2 * MINUTE_S);
        }
    }
}

void device_init(struct device *device, enum device_class class, uint64_t seed, struct wall local)
{
    *device = (struct device){.class = class, .local = local, .since_input_s = HOUR_S};
    rand_init_u64(&device->rand, seed);
    device->charge = rand_between(&device->rand, 40, 100) * PERCENT;
    device->millis = habits[class].ambient;
}

void device_pass(struct device *device, int64_t own)
{
    bool was_asleep = device->is_asleep;
    int64_t load;

    assert(own == 0 || !was_asleep);
    device->local.ms += SECOND_MS;
    if (was_asleep) {
        device->is_asleep = lasts(&device->asleep_s);
        (void)lasts(&device->unplugged_s);
        (void)lasts(&device->metered_s);
        device->since_input_s = device->is_asleep ? device->since_input_s + 1 : 0;
        live_with_heat(device, 0);
        return;
    }
    if (habits[device->class].has_people) {
        live_with_people(device);
    } else {
        device->foreign = one_in(device, 60) ? rand_between(&device->rand, 20000, 90000)
                                             : rand_between(&device->rand, 1000, 15000);
    }
    load = own + device->foreign > WHOLE ? WHOLE : own + device->foreign;
    live_with_power(device, load);
    live_with_heat(device, load);
    fail_now_and_then(device);
    device->is_asleep = device->asleep_s > 0;
}

/* --- what it tells ---------------------------------------------------------------------------- */

static int64_t value_of(const struct device *device, enum sensor sensor)
{
    switch (sensor) {
    case SENSOR_BATTERY:
        return device->charge / PERCENT;
    case SENSOR_CHARGING:
        return device->unplugged_s == 0;
    case SENSOR_TEMPERATURE:
        return device->millis;
    case SENSOR_IDLE:
        return device->since_input_s * SECOND_MS;
    case SENSOR_FOREIGN_CPU:
        return device->foreign;
    case SENSOR_MEMORY_AVAILABLE:
        return device->short_s > 0 ? 100 << 20 : (int64_t)4 << 30;
    case SENSOR_MEMORY_PRESSURE:
        return device->short_s > 0 ? 30000 : 0;
    case SENSOR_METERED:
        return device->metered_s > 0;
    case SENSOR_LOAD:
        return device->foreign / 25;
    case SENSOR_COUNT:
        break;
    }
    return 0;
}

void device_truth(const struct device *device, struct mono now, struct readings *ret_readings)
{
    for (int i = 0; i < SENSOR_COUNT; i++) {
        struct reading *reading = &ret_readings->of[i];

        *reading = (struct reading){.state = READING_NONE};
        if (has(device, (enum sensor)i)) {
            *reading = (struct reading){READING_KNOWN, value_of(device, (enum sensor)i), now};
        }
    }
}

bool device_forbids(const struct device *device, const struct harvest_policy_spec *spec)
{
    const struct habits *of = &habits[device->class];

    return (of->has_battery && device->charge < spec->battery.min_percent * PERCENT) ||
           (of->has_battery && device->unplugged_s > 0 && spec->battery.require_charging) ||
           (of->has_heat && device->millis >= spec->thermal.suspend_celsius * 1000) ||
           (of->has_people &&
            device->since_input_s * SECOND_MS < spec->user.continue_after_idle_ms) ||
           device->foreign > spec->foreign_cpu.suspend_percent * 1000 ||
           (device->short_s > 0 && spec->memory.evict_percent < 30) ||
           (of->travels && device->metered_s > 0 && !spec->network.metered);
}

void device_read(const struct device *device, struct mono now, struct readings *readings)
{
    struct readings truth;

    device_truth(device, now, &truth);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        if (truth.of[i].state != READING_NONE && device->faults[i].stuck_s > 0) {
            continue;
        }
        readings->of[i] = truth.of[i];
        if (truth.of[i].state != READING_NONE && device->faults[i].unknown_s > 0) {
            readings->of[i] = (struct reading){READING_UNKNOWN, 0, now};
        }
    }
}
