/* The course of a day: everybody is there a little after midnight, sessions are declared, and from
 * then on each second passes for every device. */
#include "tests/sim/day.h"

#include "tests/sim/check_blobs.h"
#include "tests/sim/controller.h"
#include "tests/sim/judge.h"
#include "tests/sim/machine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SECOND_MS = 1000,
    HOUR_S = 60 * 60,
    GREET_S = 60,
    WAKE_MS = 20,
    HEARTBEAT_MS = 10000,
    TASKS = 800,
    CRASH_EVERY_S = 2 * HOUR_S,
    CUT_EVERY_S = 3 * HOUR_S,
    CUT_MAX_S = 20 * 60,
    ASK_EVERY_S = 5 * 60,
};

#define SIM_EPOCH_MS INT64_C(1795000000000) /* of machine_wall() */

/* An ordinary day, a night of two hours of two o'clock, one without, a friday to the west. */
static const struct day_date dates[] = {
    {"a wednesday", "2026-11-17T23:00:00Z", HOUR_S, 0, 0},
    {"the day on which summer time ends", "2026-10-24T22:00:00Z", 2 * HOUR_S, 3 * HOUR_S, -HOUR_S},
    {"the day on which summer time begins", "2026-03-28T23:00:00Z", HOUR_S, 2 * HOUR_S, HOUR_S},
    {"a friday", "2026-11-20T05:00:00Z", -5 * HOUR_S, 0, 0},
};

static const enum habit habits[] = {
    HABIT_OFFICE, HABIT_OWL,    HABIT_COMMUTER, HABIT_HOTSPOT, HABIT_PHONE,
    HABIT_DESK,   HABIT_SERVER, HABIT_GAMER,    HABIT_OFFICE,  HABIT_COMMUTER,
    HABIT_PHONE,  HABIT_OWL,    HABIT_HOTSPOT,  HABIT_DESK,
};

int64_t day_local_ms(const struct day *day)
{
    const struct day_date *date = day->date;
    struct wall midnight;
    bool is_known = wall_from_str(date->midnight, &midnight);
    int64_t offset_s = date->offset_s + (day->second >= date->turns_at_s ? date->turns_by_s : 0);

    assert(is_known);
    return midnight.ms + (day->second + offset_s) * SECOND_MS;
}

/* --- the fleet -------------------------------------------------------------------------------- */

static void furnish(struct day *day, size_t index)
{
    struct day_device *device = &day->devices[index];
    struct machine *machine = day->sim->machines[index];
    enum habit habit = habits[index % COUNT_OF(habits)];
    struct resources *capacity = &machine->options.settings.capacity;
    struct wall midnight;
    struct die die, blind;

    tape_die(&day->sim->tape, &die, "m%zu/life", index);
    life_init(&device->life, habit, &die, day->date->turns_at_s, day->date->turns_by_s);
    tape_die(&day->sim->tape, &blind, "m%zu/blind", index);
    life_go_blind(&device->life, &blind);
    (void)wall_from_str(day->date->midnight, &midnight);
    machine->wall_offset_ms = midnight.ms - SIM_EPOCH_MS;
    machine->labels[0] = (struct strpair){"class", life_class(habit)};
    capacity->cores = habit == HABIT_PHONE ? 2000 : die_between(&die, 2, 4) * 2000;
    capacity->memory = INT64_C(8) << 30;
    machine->lived = &device->life;
    device->machine = machine;
    device->woke_at_ms = -HOUR_S * SECOND_MS;
    device->blocked_at_s = -HOUR_S;
    for (int i = 0; i < DAY_LOOKS; i++) {
        device->idle_ms[i] = device->life.idle_ms;
    }
}

static void furnish_all(struct day *day)
{
    day->count = day->sim->machine_count;
    for (size_t i = 0; i < day->count; i++) {
        furnish(day, i);
    }
    day->sim->controller->wall_offset_ms = day->devices[0].machine->wall_offset_ms;
    day->sim->controller->heartbeat_ms = HEARTBEAT_MS;
}

/* --- faults ----------------------------------------------------------------------------------- */

static bool one_in(struct day *day, int64_t seconds)
{
    return die_below(&day->sim->dice.faults, (uint64_t)seconds) == 0;
}

static void disturb(struct day *day, struct day_device *device)
{
    if (device->life.is_asleep) {
        return;
    }
    if (one_in(day, CRASH_EVERY_S)) {
        machine_crash(device->machine);
    }
    if (one_in(day, CUT_EVERY_S)) {
        device->cut_until_s = day->second + die_between(&day->sim->dice.faults, 5, CUT_MAX_S);
    }
}

/* --- a second --------------------------------------------------------------------------------- */

static void set_sleep(struct day *day, struct day_device *device, bool was_asleep)
{
    const struct life *life = &device->life;

    if (life->is_asleep && !was_asleep) {
        device->machine->stalled_until_ms = day->begun_ms + life->wakes_at_s * SECOND_MS + WAKE_MS;
        sim_trace(day->sim, "%s falls asleep", device->machine->name);
    } else if (was_asleep && !life->is_asleep) {
        device->woke_at_ms = sim_now(day->sim);
        sim_trace(day->sim, "%s wakes up", device->machine->name);
    }
}

static void set_network(struct day *day, struct day_device *device)
{
    const struct life *life = &device->life;
    bool is_blocked =
        life->is_asleep || life->does[DOING_OFFLINE] || device->cut_until_s > day->second;

    if (is_blocked && !device->is_blocked) {
        network_block(day->sim, device->machine, true, true);
    } else if (!is_blocked && device->is_blocked) {
        network_unblock(day->sim, device->machine);
    }
    device->is_blocked = is_blocked;
    device->blocked_at_s = is_blocked ? day->second : device->blocked_at_s;
}

static void live(struct day *day, struct day_device *device)
{
    struct machine *machine = device->machine;
    struct life *life = &device->life;
    bool was_asleep = life->is_asleep;

    life_pass(life, was_asleep ? 0 : day_own_load(device));
    set_sleep(day, device, was_asleep);
    set_network(day, device);
    machine->program = life->does[DOING_GAME] ? "game" : NULL;
    if (!life->is_asleep && life->does[DOING_PAUSED] != machine->is_owner_paused) {
        machine_pause(machine, life->does[DOING_PAUSED]);
    }
    if (day->options.has_faults) {
        disturb(day, device);
    }
}

static void pass_second(struct day *day)
{
    for (size_t i = 0; i < day->count && !day->sim->has_failed; i++) {
        day_check(day, &day->devices[i]);
    }
    day->second++;
    for (size_t i = 0; i < day->count && !day->sim->has_failed; i++) {
        struct day_device *device = &day->devices[i];

        device->machine->utc_offset_ms = day_local_ms(day) - machine_wall(device->machine).ms;
        live(day, device);
        day_judge(day, device);
    }
    if (!day->options.has_faults && day->second % ASK_EVERY_S == 0 && !day->sim->has_failed) {
        day_ask_why(day);
    }
    if (day->options.has_faults && day->sim->controller->is_up && one_in(day, CRASH_EVERY_S)) {
        controller_crash(day->sim, false);
    }
}

/* --- the day ---------------------------------------------------------------------------------- */

static void declare(struct day *day)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;
    struct answer_got got;
    const char *message;

    day_manifests(TASKS, &body);
    got = judge_ask(day->sim, &arena, "POST", "/apis/fog/v1/changesets?fieldManager=day",
                    "application/json", body.data);
    message = node_find_text(got.root, "message");
    if (got.code != 200) {
        sim_fail(day->sim, "answers", "the day's sessions are answered %d %s", got.code,
                 message == NULL ? "" : message);
    }
}

static void greet(struct day *day)
{
    controller_start(day->sim);
    for (size_t i = 0; i < day->count && !day->sim->has_failed; i++) {
        machine_start(day->sim->machines[i]);
    }
    sim_pass(day->sim, GREET_S * SECOND_MS);
    if (!day->sim->has_failed) {
        declare(day);
    }
    day->begun_ms = sim_now(day->sim);
}

bool day_run(struct day *day, const struct day_options *options, struct record_tail *tail)
{
    const struct sim_options world = {.seed = options->seed,
                                      .agents = options->devices,
                                      .is_traced = options->is_traced,
                                      .is_calm = true};
    int64_t end_s = options->hours * HOUR_S;

    *day = (struct day){.options = *options, .date = &dates[options->seed % COUNT_OF(dates)]};
    day->sim = MEM_NEW(struct sim);
    sim_init(day->sim, &world, tail);
    furnish_all(day);
    greet(day);
    while (day->second < end_s && !day->sim->has_failed) {
        sim_pass(day->sim, day->begun_ms + day->second * SECOND_MS + SECOND_MS - sim_now(day->sim));
        if (!day->sim->has_failed) {
            pass_second(day);
        }
    }
    check_blobs_made(day->sim);
    return !day->sim->has_failed;
}

void day_fini(struct day *day)
{
    sim_fini(day->sim);
    free(TAKE(day->sim));
    for (size_t i = 0; i < day->count; i++) {
        life_fini(&day->devices[i].life);
        vec_fini(&day->devices[i].works);
    }
}
