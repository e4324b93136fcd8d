#include "tests/sim/hours.h"

#include "schema/base/str.h"
#include "tests/sim/check_policy.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"

#include <stdlib.h>

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MINUTES = 24 * 60,
    DAY_MS = DAY_MINUTES * MINUTE_MS,
    FIRST = 11 * 60 + 7, /* the first minute that begins in a world, UTC */
    EAST = 12 * 60 + 53, /* and there it is midnight */
    LONG = 14 * 60,      /* longer than any world */
    STEP_MS = 15 * 1000,
    SETTLE_STEPS = 300,   /* longer than a clock is stepped by */
    HEARD_MS = 30 * 1000, /* the controller hears of what has opened with the next heartbeat */
};

/* --- what is open ----------------------------------------------------------------------------- */

bool hours_is_open(const struct hours *window, int64_t local_ms)
{
    int64_t day = local_ms / DAY_MS, minute = local_ms % DAY_MS / MINUTE_MS;
    unsigned today = (unsigned)((day + 3) % 7); /* 1970 began on a Thursday */
    unsigned yesterday = (today + 6) % 7;
    unsigned days = window->days == 0 ? 127 : window->days;
    bool is_night = window->to < window->from;

    if ((days >> today & 1) != 0 && minute >= window->from && (is_night || minute < window->to)) {
        return true;
    }
    return is_night && (days >> yesterday & 1) != 0 && minute < window->to;
}

/* "HH:MM" */
static int minute_from(const char *clock)
{
    char *colon;
    int hour = (int)strtol(clock, &colon, 10);

    return hour * 60 + (int)strtol(colon + 1, NULL, 10);
}

static struct hours window_from(const struct node *node)
{
    static const char *const words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const struct node *days = node_find(node, "days");
    struct hours window = {.from = minute_from(ref_text(node, "from")),
                           .to = minute_from(ref_text(node, "to"))};

    for (size_t i = 0; days != NULL && i < days->list.count; i++) {
        for (unsigned day = 0; day < COUNT_OF(words); day++) {
            window.days |= str_eq(node_text(days->list.items[i]), words[day]) ? 1U << day : 0;
        }
    }
    return window;
}

bool hours_allow(const struct node *policy, int64_t local_ms)
{
    const struct node *windows = node_find(policy, "windows");

    for (size_t i = 0; windows != NULL && i < windows->list.count; i++) {
        struct hours window = window_from(windows->list.items[i]);

        if (hours_is_open(&window, local_ms)) {
            return true;
        }
    }
    return windows == NULL || windows->list.count == 0;
}

/* --- machines --------------------------------------------------------------------------------- */

void hours_begin(struct machine *machine)
{
    struct die die;

    tape_die(&machine->sim->tape, &die, "m%zu/hours", machine->index);
    machine->utc_offset_ms = die_chance(&die, 300) ? EAST * MINUTE_MS : 0;
}

int64_t hours_local_ms(const struct machine *machine)
{
    return machine_wall(machine).ms + machine->utc_offset_ms;
}

/* --- windows for worlds ----------------------------------------------------------------------- */

static struct node *window_node(struct arena *arena, int from, int to, struct node *days)
{
    struct node *window = node_map(arena);

    from = (from + DAY_MINUTES) % DAY_MINUTES;
    to = (to + DAY_MINUTES) % DAY_MINUTES;
    if (days != NULL) {
        node_set(arena, window, "days", days);
    }
    node_set(arena, window, "from",
             node_str(arena, arena_printf(arena, "%02d:%02d", from / 60, from % 60)));
    node_set(arena, window, "to",
             node_str(arena, arena_printf(arena, "%02d:%02d", to / 60, to % 60)));
    return window;
}

/* Of what was drawn only the first is taken, as a number: whether it opens late, or is shut for
 * some minutes, as one window over midnight or as two. */
void hours_tame(struct arena *arena, struct node *spec)
{
    const struct node *drawn = node_find(spec, "windows");
    const struct node *first = drawn == NULL || drawn->type != NODE_LIST || drawn->list.count == 0
                                   ? NULL
                                   : drawn->list.items[0];
    struct node *windows = node_list(arena), *days;
    int number, shuts, opens;

    (void)node_remove(spec, "windows");
    if (first == NULL) {
        return;
    }
    number = minute_from(ref_text(first, "from")) * (DAY_MINUTES + 1) +
             minute_from(ref_text(first, "to"));
    shuts = (number % 3 == 0 ? 0 : FIRST) + number / 3 % 3;
    opens = shuts + 1 + number / 9 % 3;
    days = number / 27 % 8 == 0 ? node_find(first, "days") : NULL;
    if (number / 216 % 4 == 0) {
        node_add(arena, windows, window_node(arena, shuts, shuts + LONG, days));
    } else if (number / 216 % 4 == 1) {
        node_add(arena, windows, window_node(arena, opens, opens + LONG, days));
        node_add(arena, windows, window_node(arena, opens + LONG, shuts, NULL));
    } else {
        node_add(arena, windows, window_node(arena, opens, shuts, days));
    }
    node_set(arena, spec, "windows", windows);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static bool moves_on(const struct machine *machine, const struct node *policy, int64_t ahead_ms)
{
    int64_t local_ms = hours_local_ms(machine);

    for (int64_t ms = -HEARD_MS; ms <= ahead_ms + MINUTE_MS; ms += MINUTE_MS / 2) {
        if (hours_allow(policy, local_ms + ms) != hours_allow(policy, local_ms)) {
            return true;
        }
    }
    return false;
}

/* What a paused rollout leaves as it is obeys its policy as it was. */
static bool is_moving_on(struct machine *machine, int64_t ahead_ms)
{
    const struct node *works = machine->is_lost ? NULL : check_known_works(machine);

    for (size_t i = 0; works != NULL && i < works->list.count; i++) {
        const struct node *policy = node_find_path(works->list.items[i], "wanted.template.policy");

        if (policy != NULL && node_find(policy, "windows") != NULL &&
            moves_on(machine, policy, ahead_ms)) {
            return true;
        }
    }
    return false;
}

static bool are_moving(const struct sim *sim, int64_t ahead_ms)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        if (is_moving_on(sim->machines[i], ahead_ms)) {
            return true;
        }
    }
    map_each (&sim->reference->objects, it) {
        const struct ref_object *object = it->value;
        const struct node *policy = node_find(object->ledger, "spec");

        if (!str_eq(object->kind->name, "HarvestPolicy") || node_find(policy, "windows") == NULL) {
            continue;
        }
        for (size_t i = 0; i < sim->machine_count; i++) {
            if (moves_on(sim->machines[i], policy, ahead_ms)) {
                return true;
            }
        }
    }
    return false;
}

bool hours_settle(struct sim *sim, int64_t ahead_ms)
{
    int steps = 0;

    while (steps < SETTLE_STEPS && !sim->has_failed && are_moving(sim, ahead_ms)) {
        sim_pass(sim, STEP_MS);
        steps++;
    }
    return steps > 0;
}
