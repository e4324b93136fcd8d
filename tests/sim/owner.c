#include "tests/sim/owner.h"

#include "schema/bind.h"
#include "schema/json.h"
#include "tests/sim/machine.h"
#include "tests/sim/sim.h"

#include <assert.h>

enum { RULED_PER_MILLE = 700, CAPPED_PER_MILLE = 400, MOVED_PER_MILLE = 200 };

void owner_begin(struct machine *machine)
{
    const struct agt_settings *settings = &machine->options.settings;

    arena_init(&machine->owner.arena);
    machine->owner.first_cap = settings->caps.cpu_percent;
    machine->owner.first_site = settings->labels.items[0].value;
}

void owner_end(struct machine *machine)
{
    arena_fini(&machine->owner.arena);
}

/* As agent/io/config_owner.c makes them: what the owner does not speak of is asked for at no
 * value. */
static const struct harvest_policy_spec *bind_rules(struct machine *machine, const char *text)
{
    struct arena *arena = &machine->owner.arena;
    struct harvest_policy_spec *spec = ARENA_NEW(arena, struct harvest_policy_spec);
    struct problems problems;
    struct node *root;
    int failed;

    problems_init(&problems, arena, NULL);
    failed = json_parse(arena, text, strlen(text), JSON_PLAIN, &problems, &root);
    assert(failed == 0);
    failed = bind_shape(arena, &harvest_policy_spec_shape, root, "", 0, &problems, spec) ? 0 : -1;
    assert(failed == 0);
    machine->owner.rules = root;
    return spec;
}

static const struct harvest_policy_spec *draw_rules(struct machine *machine, struct die *die)
{
    int64_t charge = die_between(die, 5, 90), heat = die_between(die, 50, 90);
    const char *text = arena_printf(
        &machine->owner.arena,
        "{\"thermal\":{\"throttleCelsius\":%d,\"suspendCelsius\":%d,\"evictCelsius\":%d,"
        "\"resumeCelsius\":%d,\"dwell\":\"%ds\"},"
        "\"battery\":{\"minPercent\":%d,\"resumePercent\":%d,\"requireCharging\":%s},"
        "\"user\":{\"startAfterIdle\":\"0s\",\"continueAfterIdle\":\"0s\"},"
        "\"foreignCpu\":{\"suspendPercent\":100},"
        "\"memory\":{\"minAvailable\":\"0\",\"evictPercent\":100},"
        "\"network\":{\"metered\":true},"
        "\"session\":{\"maxDuration\":\"24h\",\"staleSensor\":\"30s\",\"maxSuspend\":\"10m\","
        "\"grace\":\"10s\",\"cooldown\":\"0s\"},"
        "\"unknown\":\"suspend\"}",
        (int)heat, (int)heat, (int)heat + 10, (int)heat - 5, (int)die_between(die, 5, 30),
        (int)charge, (int)charge + 5, die_chance(die, 300) ? "true" : "false");

    return bind_rules(machine, text);
}

/* Another list of labels, for the core still has the one of before. */
static void set_site(struct machine *machine, struct agt_settings *settings, const char *site)
{
    struct strpair *pair = ARENA_NEW(&machine->owner.arena, struct strpair);

    *pair = (struct strpair){"site", site};
    settings->labels.items = pair;
    settings->labels.count = 1;
}

/* An agent that cannot hear it is started again, and reads it then. */
static void take_effect(struct machine *machine, const struct agt_settings *settings)
{
    struct sim *sim = machine->sim;
    struct agt_event event = {.type = AGT_OPTIONS, .settings = settings};

    machine->owner.changes++;
    machine->owner.changed_at_ms = sim_now(sim);
    machine->options.settings = *settings;
    sim_trace(sim, "%s: another configuration: %s, cpu %d, site %s", machine->name,
              settings->owner_policy == NULL ? "no rules" : "rules",
              (int)settings->caps.cpu_percent, settings->labels.items[0].value);
    if (machine->agt != NULL && machine->stalled_until_ms <= sim_now(sim)) {
        machine_said(machine, &event);
    } else if (machine->agt != NULL) {
        machine_crash(machine);
    }
}

void owner_change(struct machine *machine, struct die *die)
{
    struct agt_settings settings = machine->options.settings;

    settings.owner_policy = NULL;
    machine->owner.rules = NULL;
    if (die_chance(die, RULED_PER_MILLE)) {
        settings.owner_policy = draw_rules(machine, die);
    }
    if (die_chance(die, CAPPED_PER_MILLE)) {
        settings.caps.cpu_percent = die_between(die, 10, 100);
    }
    if (die_chance(die, MOVED_PER_MILLE)) {
        set_site(machine, &settings, die_chance(die, 500) ? "a" : "b");
    }
    take_effect(machine, &settings);
}

void owner_settle(struct machine *machine)
{
    struct agt_settings settings = machine->options.settings;

    if (machine->owner.changes == 0) {
        return;
    }
    settings.owner_policy = NULL;
    machine->owner.rules = NULL;
    settings.caps.cpu_percent = machine->owner.first_cap;
    set_site(machine, &settings, machine->owner.first_site);
    take_effect(machine, &settings);
}
