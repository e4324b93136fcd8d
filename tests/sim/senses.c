#include "tests/sim/senses.h"

#include "tests/sim/day_life.h"
#include "tests/sim/machine.h"
#include "tests/sim/sim.h"

enum {
    FULL = 100 * 1000,
    DRAIN_PER_S = 6 * 1000,
    CHARGE_PER_S = 2 * 1000,
    COOL = 30 * 1000,
    WARM_PER_S = 8 * 1000,
    COOL_PER_S = 3 * 1000,
    DAY_MS = 24 * 60 * 60 * 1000,
    SHORT_MS = 2000,
    SLOW_MS = 8000,
    LONG_MS = 25000,
    HOT_FROM = 71, /* degrees: above what any policy of a world allows */
    HOT_TO = 90,
};

void senses_begin(struct machine *machine)
{
    struct senses *senses = &machine->senses;
    struct die die;

    tape_die(&machine->sim->tape, &die, "m%zu/senses", machine->index);
    senses->has_battery = die_chance(&die, 800);
    senses->charge = FULL;
    senses->heat = COOL;
    senses->looked_at_ms = sim_now(machine->sim);
    for (int i = 0; i < LIFE_COUNT; i++) {
        senses->until_ms[i] = -DAY_MS;
    }
    for (int i = 0; i < SENSOR_COUNT; i++) {
        senses->unknown_since_ms[i] = -1;
    }
}

static bool happens(const struct machine *machine, int life)
{
    return sim_now(machine->sim) < machine->senses.until_ms[life];
}

static int64_t towards(int64_t from, int64_t to, int64_t by)
{
    return from < to ? (from + by > to ? to : from + by) : (from - by < to ? to : from - by);
}

static void advance(struct machine *machine)
{
    struct senses *senses = &machine->senses;
    int64_t passed_ms = sim_now(machine->sim) - senses->looked_at_ms;
    bool is_hot = happens(machine, LIFE_HOT), drains = happens(machine, LIFE_UNPLUGGED);

    senses->charge = towards(senses->charge, drains ? 0 : FULL,
                             passed_ms * (drains ? DRAIN_PER_S : CHARGE_PER_S) / 1000);
    senses->heat = towards(senses->heat, is_hot ? senses->peak : COOL,
                           passed_ms * (is_hot ? WARM_PER_S : COOL_PER_S) / 1000);
    senses->looked_at_ms = sim_now(machine->sim);
}

static void know(struct machine *machine, struct readings *readings, enum sensor sensor,
                 int64_t value)
{
    readings->of[sensor] = (struct reading){READING_KNOWN, value, machine_mono(machine)};
}

static void look(struct machine *machine, struct readings *readings)
{
    const struct senses *senses = &machine->senses;
    int64_t idle_ms = sim_now(machine->sim) - senses->until_ms[LIFE_USED];

    *readings = (struct readings){0};
    if (senses->has_battery) {
        know(machine, readings, SENSOR_BATTERY, senses->charge / 1000);
        know(machine, readings, SENSOR_CHARGING, !happens(machine, LIFE_UNPLUGGED));
    }
    know(machine, readings, SENSOR_TEMPERATURE, senses->heat);
    know(machine, readings, SENSOR_IDLE, idle_ms < 0 ? 0 : idle_ms);
    know(machine, readings, SENSOR_FOREIGN_CPU, happens(machine, LIFE_BUSY) ? 60 * 1000 : 1000);
    know(machine, readings, SENSOR_METERED, happens(machine, LIFE_METERED));
    know(machine, readings, SENSOR_MEMORY_AVAILABLE, INT64_C(8) << 30);
    know(machine, readings, SENSOR_MEMORY_PRESSURE, 0);
    know(machine, readings, SENSOR_LOAD, 200);
}

static void look_through(struct machine *machine, struct readings *ret_readings)
{
    struct senses *senses = &machine->senses;

    advance(machine);
    if (happens(machine, LIFE_STUCK)) {
        *ret_readings = senses->before;
        return;
    }
    look(machine, ret_readings);
    if (happens(machine, LIFE_ODD) && ret_readings->of[senses->odd].state != READING_NONE) {
        ret_readings->of[senses->odd].value = senses->nonsense;
        ret_readings->of[senses->odd].state = senses->is_nonsense ? READING_KNOWN : READING_UNKNOWN;
    }
}

void senses_look(struct machine *machine, struct readings *ret_readings)
{
    if (machine->lived != NULL) {
        life_read(machine->lived, machine_mono(machine), ret_readings);
        return;
    }
    look_through(machine, ret_readings);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        int64_t *since_ms = &machine->senses.unknown_since_ms[i];

        if (ret_readings->of[i].state != READING_UNKNOWN) {
            *since_ms = -1;
        } else if (*since_ms < 0) {
            *since_ms = sim_now(machine->sim);
        }
    }
}

/* What a sensor could tell and what has nothing to do with the machine. */
static int64_t draw_nonsense(enum sensor sensor, struct die *die)
{
    switch (sensor) {
    case SENSOR_BATTERY:
        return die_between(die, 0, 100);
    case SENSOR_CHARGING:
    case SENSOR_METERED:
        return die_between(die, 0, 1);
    case SENSOR_TEMPERATURE:
        return die_between(die, -40, 120) * 1000;
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
        return die_between(die, 0, 100) * 1000;
    case SENSOR_IDLE:
    case SENSOR_MEMORY_AVAILABLE:
    case SENSOR_LOAD:
    case SENSOR_COUNT:
        break;
    }
    return die_between(die, 0, 100000);
}

static int life_of(enum fault fault)
{
    return fault == FAULT_UNPLUGGED      ? LIFE_UNPLUGGED
           : fault == FAULT_HEAT         ? LIFE_HOT
           : fault == FAULT_USER         ? LIFE_USED
           : fault == FAULT_FOREIGN_CPU  ? LIFE_BUSY
           : fault == FAULT_METERED      ? LIFE_METERED
           : fault == FAULT_SENSORS_HANG ? LIFE_STUCK
                                         : LIFE_ODD;
}

void senses_strike(struct machine *machine, enum fault fault, struct die *die)
{
    struct senses *senses = &machine->senses;
    int life = life_of(fault);
    bool is_slow = life == LIFE_UNPLUGGED || life == LIFE_HOT; /* to show */
    int64_t for_ms = die_between(die, is_slow ? SLOW_MS : SHORT_MS, LONG_MS);

    if (life == LIFE_STUCK && !happens(machine, LIFE_STUCK)) {
        senses_look(machine, &senses->before);
    }
    if (life == LIFE_HOT) {
        senses->peak = die_between(die, 40, 80) * 1000;
    }
    if (life == LIFE_ODD) {
        senses->odd = (enum sensor)die_below(die, SENSOR_COUNT);
        senses->is_nonsense = fault == FAULT_SENSOR_NONSENSE;
        senses->nonsense = draw_nonsense(senses->odd, die);
    }
    advance(machine);
    senses->until_ms[life] = sim_now(machine->sim) + for_ms;
    sim_trace(machine->sim, "%s: %s", machine->name, fault_words[fault]);
}

void senses_calm(struct machine *machine)
{
    advance(machine);
    for (int i = 0; i < LIFE_COUNT; i++) {
        if (happens(machine, i)) {
            machine->senses.until_ms[i] = sim_now(machine->sim);
        }
    }
}

void senses_stay_bad(struct machine *machine, struct die *die)
{
    static const int lives[] = {LIFE_UNPLUGGED, LIFE_HOT, LIFE_USED, LIFE_BUSY, LIFE_METERED};
    struct senses *senses = &machine->senses;
    int least = lives[die_below(die, COUNT_OF(lives))];

    advance(machine);
    senses->peak = die_between(die, HOT_FROM, HOT_TO) * 1000;
    for (size_t i = 0; i < COUNT_OF(lives); i++) {
        if (lives[i] == least || die_chance(die, 150)) {
            senses->until_ms[lives[i]] = INT64_MAX / 2;
        }
    }
}
