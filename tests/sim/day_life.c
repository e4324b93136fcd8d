/* Rates are those of used machines: a laptop lasts for six hours when nothing runs and for a good
 * hour under full load, charges in two, and takes three minutes to warm up; a phone lasts for a
 * day. */
#include "tests/sim/day_life.h"

#include "schema/base/mem.h"

#include <assert.h>
#include <string.h>

enum {
    SECOND_MS = 1000,
    MINUTE_S = 60,
    HOUR_S = 60 * 60,
    DAY_S = 24 * HOUR_S,
    PERCENT = 1000 * 1000, /* of charge */
    FULL = 100 * PERCENT,
    WHOLE = 100 * 1000,     /* of the processors */
    LATE_S = 15 * MINUTE_S, /* nobody's day is as the one before */
    BOOT_S = 5 * MINUTE_S,  /* after it is plugged in again */
    TOUCH_IN = 12,
};

const char *const habit_words[HABIT_COUNT] = {
    [HABIT_OFFICE] = "office",   [HABIT_OWL] = "night owl", [HABIT_COMMUTER] = "commuter",
    [HABIT_HOTSPOT] = "hotspot", [HABIT_PHONE] = "phone",   [HABIT_DESK] = "desktop",
    [HABIT_GAMER] = "gamer",     [HABIT_SERVER] = "server",
};

/* Millionths of a percent in a second; thousandths of a degree. */
static const struct body {
    const char *class;
    bool has_battery, has_people, travels;
    int64_t drain, drain_load, drain_asleep, charge;
    int64_t ambient, load_heat, warms_s;
} laptop = {"laptop", true, true, true, 4600, 19000, 140, 14000, 31000, 52000, 180},
  phone = {"phone", true, true, true, 850, 9000, 850, 18000, 25000, 26000, 240},
  desktop = {"desktop", false, true, false, 0, 0, 0, 0, 34000, 44000, 120},
  server = {"server", false, false, false, 0, 0, 0, 0, 38000, 42000, 90};

static const struct body *body_of(enum habit habit)
{
    switch (habit) {
    case HABIT_OFFICE:
    case HABIT_OWL:
    case HABIT_COMMUTER:
    case HABIT_HOTSPOT:
        return &laptop;
    case HABIT_PHONE:
        return &phone;
    case HABIT_DESK:
    case HABIT_GAMER:
        return &desktop;
    case HABIT_SERVER:
    case HABIT_COUNT:
        break;
    }
    return &server;
}

const char *life_class(enum habit habit)
{
    return body_of(habit)->class;
}

bool life_has_battery(const struct life *life)
{
    return body_of(life->habit)->has_battery;
}

bool life_has_people(const struct life *life)
{
    return body_of(life->habit)->has_people;
}

/* --- what the day will be --------------------------------------------------------------------- */

/* Minutes on the clock on the wall → seconds since the day began. */
static int64_t at(const struct life *life, int64_t minute)
{
    int64_t second = minute * MINUTE_S;

    return life->turns_by_s == 0 || second < life->turns_at_s ? second : second - life->turns_by_s;
}

static void add(struct life *life, enum doing doing, int64_t from_s, int64_t to_s)
{
    struct spell spell = {doing, from_s < 0 ? 0 : from_s, to_s};

    vec_add(&life->spells, spell);
}

/* From about `from` to about `to`, in minutes of the clock. */
static void spend(struct life *life, enum doing doing, int64_t from, int64_t to)
{
    int64_t from_s = at(life, from) + die_between(&life->die, -LATE_S, LATE_S);

    add(life, doing, from_s, at(life, to) + die_between(&life->die, -LATE_S, LATE_S));
}

/* Now and then between those: for `on` at most, after a pause of `off` at most, in seconds. */
static void bouts(struct life *life, enum doing doing, int64_t from, int64_t to, int64_t on,
                  int64_t off)
{
    int64_t end_s = at(life, to), second = at(life, from);

    second += die_between(&life->die, 0, off);
    while (second < end_s) {
        int64_t for_s = die_between(&life->die, on / 10 + 1, on);

        add(life, doing, second, second + for_s);
        second += for_s + die_between(&life->die, off / 10 + 1, off);
    }
}

#define CLOCK(hour, minute) ((hour)*60 + (minute))

static void travel(struct life *life, int64_t from, int64_t to)
{
    int64_t from_s = at(life, from) + die_between(&life->die, -LATE_S, LATE_S);
    int64_t to_s = at(life, to) + die_between(&life->die, 0, LATE_S);

    add(life, DOING_CLOSED, from_s, to_s);
    add(life, DOING_OFFLINE, from_s, to_s + die_between(&life->die, 5, 40));
    add(life, DOING_UNPLUGGED, from_s - 30, to_s + die_between(&life->die, 10, LATE_S));
}

static void work(struct life *life, int64_t from, int64_t to)
{
    bouts(life, DOING_USED, from, to, 40 * MINUTE_S, 14 * MINUTE_S);
    bouts(life, DOING_BUSY, from, to, 5 * MINUTE_S, 50 * MINUTE_S);
}

static void plan_office(struct life *life)
{
    travel(life, CLOCK(7, 30), CLOCK(8, 10));
    work(life, CLOCK(8, 20), CLOCK(12, 0));
    spend(life, DOING_UNPLUGGED, CLOCK(10, 0), CLOCK(11, 15)); /* a meeting */
    work(life, CLOCK(12, 50), CLOCK(17, 20));
    travel(life, CLOCK(17, 40), CLOCK(18, 20));
    spend(life, DOING_UNPLUGGED, CLOCK(19, 45), CLOCK(22, 15));
    bouts(life, DOING_USED, CLOCK(19, 45), CLOCK(22, 15), 30 * MINUTE_S, 10 * MINUTE_S);
    bouts(life, DOING_SHORT, CLOCK(9, 0), CLOCK(17, 0), 4 * MINUTE_S, 6 * HOUR_S);
}

static void plan_owl(struct life *life)
{
    work(life, CLOCK(0, 0), CLOCK(3, 10));
    work(life, CLOCK(11, 30), CLOCK(14, 0));
    spend(life, DOING_UNPLUGGED, CLOCK(15, 0), CLOCK(17, 0));
    work(life, CLOCK(15, 20), CLOCK(19, 0));
    work(life, CLOCK(21, 0), CLOCK(24, 0));
    bouts(life, DOING_BUSY, CLOCK(20, 0), CLOCK(24, 0), 12 * MINUTE_S, 20 * MINUTE_S);
    bouts(life, DOING_SHORT, CLOCK(21, 0), CLOCK(24, 0), 3 * MINUTE_S, 2 * HOUR_S);
}

static void plan_commuter(struct life *life)
{
    travel(life, CLOCK(6, 30), CLOCK(7, 30));
    spend(life, DOING_METERED, CLOCK(7, 30), CLOCK(8, 20)); /* the train */
    spend(life, DOING_UNPLUGGED, CLOCK(7, 30), CLOCK(8, 40));
    work(life, CLOCK(7, 40), CLOCK(8, 15));
    work(life, CLOCK(9, 0), CLOCK(12, 30));
    work(life, CLOCK(13, 15), CLOCK(16, 30));
    spend(life, DOING_METERED, CLOCK(16, 45), CLOCK(17, 30));
    spend(life, DOING_UNPLUGGED, CLOCK(16, 40), CLOCK(17, 40));
    bouts(life, DOING_USED, CLOCK(16, 50), CLOCK(17, 30), 10 * MINUTE_S, 5 * MINUTE_S);
    travel(life, CLOCK(17, 30), CLOCK(18, 30));
    bouts(life, DOING_USED, CLOCK(20, 0), CLOCK(22, 0), 15 * MINUTE_S, 30 * MINUTE_S);
}

static void plan_hotspot(struct life *life)
{
    spend(life, DOING_METERED, CLOCK(8, 45), CLOCK(13, 0));
    spend(life, DOING_UNPLUGGED, CLOCK(8, 45), CLOCK(11, 30));
    bouts(life, DOING_USED, CLOCK(9, 0), CLOCK(13, 0), 25 * MINUTE_S, 25 * MINUTE_S);
    travel(life, CLOCK(13, 0), CLOCK(14, 0));
    spend(life, DOING_METERED, CLOCK(15, 0), CLOCK(19, 30));
    spend(life, DOING_UNPLUGGED, CLOCK(15, 10), CLOCK(18, 0));
    bouts(life, DOING_USED, CLOCK(15, 0), CLOCK(19, 30), 20 * MINUTE_S, 25 * MINUTE_S);
    bouts(life, DOING_OFFLINE, CLOCK(9, 0), CLOCK(19, 0), 4 * MINUTE_S, 90 * MINUTE_S);
}

static void plan_phone(struct life *life)
{
    spend(life, DOING_UNPLUGGED, CLOCK(7, 0), CLOCK(22, 40));
    spend(life, DOING_METERED, CLOCK(8, 0), CLOCK(18, 30));
    bouts(life, DOING_USED, CLOCK(7, 0), CLOCK(23, 30), 7 * MINUTE_S, 24 * MINUTE_S);
    bouts(life, DOING_OFFLINE, CLOCK(8, 0), CLOCK(19, 0), 10 * MINUTE_S, 3 * HOUR_S);
    bouts(life, DOING_BUSY, CLOCK(0, 0), CLOCK(24, 0), MINUTE_S, 3 * HOUR_S); /* updates */
}

static void plan_desk(struct life *life)
{
    work(life, CLOCK(8, 40), CLOCK(12, 0));
    work(life, CLOCK(12, 45), CLOCK(17, 0));
    bouts(life, DOING_BUSY, CLOCK(0, 0), CLOCK(24, 0), 8 * MINUTE_S, 5 * HOUR_S); /* backups */
    bouts(life, DOING_SHORT, CLOCK(9, 0), CLOCK(17, 0), 5 * MINUTE_S, 5 * HOUR_S);
}

static void plan_gamer(struct life *life)
{
    bouts(life, DOING_USED, CLOCK(7, 0), CLOCK(8, 0), 10 * MINUTE_S, 10 * MINUTE_S);
    spend(life, DOING_PAUSED, CLOCK(14, 0), CLOCK(15, 0));
    spend(life, DOING_GAME, CLOCK(19, 0), CLOCK(20, 30));
    spend(life, DOING_GAME, CLOCK(21, 10), CLOCK(23, 20));
    bouts(life, DOING_USED, CLOCK(18, 50), CLOCK(23, 30), 50 * MINUTE_S, 10 * MINUTE_S);
    bouts(life, DOING_BUSY, CLOCK(18, 50), CLOCK(23, 30), 40 * MINUTE_S, 5 * MINUTE_S);
}

static void plan_server(struct life *life)
{
    bouts(life, DOING_BUSY, CLOCK(0, 0), CLOCK(24, 0), 25 * MINUTE_S, 2 * HOUR_S);
    bouts(life, DOING_SHORT, CLOCK(0, 0), CLOCK(24, 0), 3 * MINUTE_S, 9 * HOUR_S);
}

static void (*const plans[HABIT_COUNT])(struct life *) = {
    [HABIT_OFFICE] = plan_office,   [HABIT_OWL] = plan_owl,       [HABIT_COMMUTER] = plan_commuter,
    [HABIT_HOTSPOT] = plan_hotspot, [HABIT_PHONE] = plan_phone,   [HABIT_DESK] = plan_desk,
    [HABIT_GAMER] = plan_gamer,     [HABIT_SERVER] = plan_server,
};

void life_init(struct life *life, enum habit habit, const struct die *die, int64_t turns_at_s,
               int64_t turns_by_s)
{
    *life = (struct life){.habit = habit,
                          .die = *die,
                          .turns_at_s = turns_at_s,
                          .turns_by_s = turns_by_s,
                          .idle_ms = HOUR_S * SECOND_MS,
                          .odd = SENSOR_COUNT,
                          .foreign = 1500};
    life->charge = die_between(&life->die, 55, 98) * PERCENT;
    life->lowest = life->charge;
    life->millis = body_of(habit)->ambient;
    plans[habit](life);
}

/* A stream of its own: the rest of the day is as it would be. */
void life_go_blind(struct life *life, const struct die *die)
{
    struct die own = life->die;

    if (!body_of(life->habit)->has_battery || !body_of(life->habit)->travels) {
        return;
    }
    life->die = *die;
    life->odd = die_chance(&life->die, 500) ? SENSOR_CHARGING : SENSOR_METERED;
    bouts(life, DOING_BLIND, CLOCK(0, 0), CLOCK(24, 0), 5 * MINUTE_S, 4 * HOUR_S);
    life->die = own;
}

void life_fini(struct life *life)
{
    vec_fini(&life->spells);
}

/* --- second by second ------------------------------------------------------------------------- */

/* When the spell that is under way, and what joins it, ends. */
static int64_t ends_at_s(const struct life *life, enum doing doing)
{
    int64_t end_s = life->second;

    for (size_t i = 0; i < life->spells.count; i++) {
        const struct spell *spell = &life->spells.items[i];

        if (spell->doing == doing && spell->from_s <= end_s && spell->to_s > end_s) {
            end_s = spell->to_s;
        }
    }
    return end_s;
}

static void look_around(struct life *life)
{
    memset(life->does, 0, sizeof(life->does));
    for (size_t i = 0; i < life->spells.count; i++) {
        const struct spell *spell = &life->spells.items[i];

        if (spell->from_s <= life->second && life->second < spell->to_s) {
            life->does[spell->doing] = true;
        }
    }
    life->blind_s = life->does[DOING_BLIND] ? life->blind_s + 1 : 0;
    life->sighted_s = life->does[DOING_BLIND] ? 0 : life->sighted_s + 1;
}

static void live_with_people(struct life *life)
{
    bool is_touched = life->does[DOING_USED] && die_below(&life->die, TOUCH_IN) == 0;

    life->idle_ms = is_touched ? 0 : life->idle_ms + SECOND_MS;
}

static void live_with_programs(struct life *life)
{
    int64_t now = life->does[DOING_BUSY] || life->does[DOING_GAME]
                      ? die_between(&life->die, 45000, 98000)
                  : life->does[DOING_USED] ? die_between(&life->die, 800, 24000)
                                           : die_between(&life->die, 300, 3500);

    life->foreign += (now - life->foreign) / 10;
}

static void live_with_power(struct life *life, int64_t load)
{
    const struct body *body = body_of(life->habit);
    int64_t charge = body->charge;

    if (!body->has_battery) {
        return;
    }
    if (life->charge > 80 * PERCENT) { /* it takes its time towards the end */
        charge = charge * (FULL - life->charge) / (20 * PERCENT) + 1000;
    }
    life->charge += life->does[DOING_UNPLUGGED] || body->charge == 0
                        ? (life->is_asleep ? -body->drain_asleep
                                           : -(body->drain + body->drain_load * load / WHOLE))
                        : charge;
    life->charge = life->charge < 0 ? 0 : life->charge > FULL ? (int64_t)FULL : life->charge;
    life->lowest = life->charge < life->lowest ? life->charge : life->lowest;
}

static void live_with_heat(struct life *life, int64_t load)
{
    const struct body *body = body_of(life->habit);
    int64_t hour = life->second / HOUR_S;
    int64_t noon = hour < 15 ? 15 - hour : hour - 15; /* hours from the warmest */
    bool is_charging = body->has_battery && !life->does[DOING_UNPLUGGED] && life->charge < FULL;
    int64_t target = body->ambient + (6 - noon) * 500 + body->load_heat * load / WHOLE +
                     (is_charging ? 2500 : 0) - (life->is_asleep ? 6000 : 0);

    life->millis += (target - life->millis) / body->warms_s + die_between(&life->die, -60, 60);
}

static void fall_asleep(struct life *life)
{
    bool is_flat = body_of(life->habit)->has_battery && life->charge == 0;

    if (life->does[DOING_CLOSED]) {
        life->wakes_at_s = ends_at_s(life, DOING_CLOSED);
    } else if (is_flat) {
        life->wakes_at_s = ends_at_s(life, DOING_UNPLUGGED) + BOOT_S;
    } else {
        return;
    }
    life->is_asleep = true;
}

void life_pass(struct life *life, int64_t own)
{
    int64_t load;

    assert(own == 0 || !life->is_asleep);
    life->second++;
    look_around(life);
    if (life->is_asleep && life->second >= life->wakes_at_s) {
        life->is_asleep = false;
        life->idle_ms = 0; /* somebody opened it */
    }
    if (life->is_asleep) {
        life->idle_ms += SECOND_MS;
        live_with_power(life, 0);
        live_with_heat(life, 0);
        return;
    }
    live_with_people(life);
    live_with_programs(life);
    load = own + life->foreign > WHOLE ? WHOLE : own + life->foreign;
    live_with_power(life, load);
    live_with_heat(life, load);
    fall_asleep(life);
}

/* --- what it tells ---------------------------------------------------------------------------- */

void life_read(const struct life *life, struct mono now, struct readings *ret_readings)
{
    const struct body *body = body_of(life->habit);
    const struct {
        bool is_there;
        int64_t value;
    } values[SENSOR_COUNT] = {
        [SENSOR_BATTERY] = {body->has_battery, life->charge / PERCENT},
        [SENSOR_CHARGING] = {body->has_battery, !life->does[DOING_UNPLUGGED]},
        [SENSOR_TEMPERATURE] = {true, life->millis},
        [SENSOR_IDLE] = {body->has_people, life->idle_ms},
        [SENSOR_FOREIGN_CPU] = {true, life->foreign},
        [SENSOR_MEMORY_AVAILABLE] = {true, life->does[DOING_SHORT] ? INT64_C(60) << 20
                                                                   : INT64_C(4) << 30},
        [SENSOR_MEMORY_PRESSURE] = {true, life->does[DOING_SHORT] ? 35000 : 0},
        [SENSOR_METERED] = {body->travels, life->does[DOING_METERED]},
        [SENSOR_LOAD] = {true, life->foreign / 25},
    };

    for (int i = 0; i < SENSOR_COUNT; i++) {
        ret_readings->of[i] = values[i].is_there
                                  ? (struct reading){READING_KNOWN, values[i].value, now}
                                  : (struct reading){.state = READING_NONE};
    }
    if (life->does[DOING_BLIND] && life->odd != SENSOR_COUNT) {
        ret_readings->of[life->odd] = (struct reading){READING_UNKNOWN, 0, now};
    }
}
