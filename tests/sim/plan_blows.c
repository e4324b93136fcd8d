/* Which blows there are at an effect: all that mean something there, none left out. */
#include "tests/sim/plan.h"

enum {
    AT_ONCE_MS = 50,
    TWO_LEASES_MS = 10000, /* of the workloads' leases */
    LONG_DELAY_MS = 5000,
};

static void add(struct blows *to, const struct effect_seen *effect, enum blow_type type,
                uint64_t number, int64_t ms)
{
    struct blow blow = {.type = type,
                        .actor = effect->actor,
                        .noun = "effect",
                        .effect = effect->number,
                        .number = number,
                        .ms = ms};

    vec_add(to, blow);
}

/* Back at once, and after two leases. */
static void add_deaths(struct blows *to, const struct effect_seen *effect, enum blow_type type,
                       uint64_t number)
{
    add(to, effect, type, number, AT_ONCE_MS);
    add(to, effect, type, number, TWO_LEASES_MS);
}

/* The power goes at each change of the disk, and each may become of what is not safe. */
static void add_cuts(struct blows *to, const struct effect_seen *effect, uint64_t changes)
{
    for (uint64_t i = 1; i <= changes; i++) {
        add_deaths(to, effect, BLOW_POWER_WITHIN, i);
        for (int type = BLOW_POWER_LOSING; type <= BLOW_POWER_SPARING; type++) {
            add(to, effect, (enum blow_type)type, i, AT_ONCE_MS);
        }
    }
}

static void add_disk(struct blows *to, const struct effect_seen *effect,
                     const struct disk_counters *disk)
{
    add_deaths(to, effect, BLOW_CRASH_UNTOLD, 0);
    add_cuts(to, effect, disk->changes);
    for (uint64_t i = 1; i <= disk->operations; i++) {
        add(to, effect, BLOW_IO_FAILS, i, 0);
    }
    for (uint64_t i = 1; i <= disk->syncs; i++) {
        add(to, effect, BLOW_SYNC_FAILS, i, 0);
    }
    add(to, effect, BLOW_FULL, 0, 0);
}

static void add_act(struct blows *to, const struct effect_seen *effect)
{
    add_deaths(to, effect, BLOW_CRASH_UNTOLD, 0);
    add_deaths(to, effect, BLOW_POWER_BEFORE, 0);
    add_deaths(to, effect, BLOW_POWER_AFTER, 0);
    if (effect->deed == DEED_SAVE) {
        add(to, effect, BLOW_SAVE_FAILS, 0, 0);
        add(to, effect, BLOW_SAVE_UNSURE, 0, 0);
        add_deaths(to, effect, BLOW_POWER_WITHIN, 1);
        add_deaths(to, effect, BLOW_POWER_WITHIN, 2);
    }
}

static bool is_same_way(const struct effect_seen *a, const struct effect_seen *b)
{
    return b->deed == DEED_FRAME && a->actor == b->actor && a->peer == b->peer;
}

/* Each earlier frame comes again after it; and it is hidden, with all behind it, until each later
 * one.  Also what says nothing but that its sender is there. */
static void add_relations(struct blows *to, const struct effects_seen *known,
                          const struct effect_seen *effect)
{
    uint64_t hidden = 0;

    vec_each (known, it) {
        if (!is_same_way(effect, it)) {
            continue;
        }
        if (it->number < effect->number) {
            add(to, effect, BLOW_REPLAY, it->number, 0);
        } else {
            hidden++; /* up to this one */
            add(to, effect, BLOW_DROP, hidden, 0);
        }
    }
}

static void add_frame(struct blows *to, const struct effects_seen *known,
                      const struct effect_seen *effect)
{
    add_deaths(to, effect, BLOW_CRASH_UNTOLD, 0);
    add_deaths(to, effect, BLOW_CRASH_HEARD, 0);
    if (effect->actor > 0) {
        add_deaths(to, effect, BLOW_POWER_AFTER, 0);
    }
    add(to, effect, BLOW_TEAR, 0, 0);
    add(to, effect, BLOW_MUTE, 0, 0);
    add(to, effect, BLOW_DELAY, 0, LONG_DELAY_MS);
    add(to, effect, BLOW_DELAY, 0, TWO_LEASES_MS);
    add(to, effect, BLOW_REPEAT, 0, 0);
    add(to, effect, BLOW_SWAP, 0, 0);
    add_relations(to, known, effect);
}

static void add_http(struct blows *to, const struct effect_seen *effect)
{
    add_deaths(to, effect, BLOW_CRASH_UNTOLD, 0);
    add(to, effect, BLOW_LOSE, 0, 0);
    add(to, effect, BLOW_DELAY, 0, LONG_DELAY_MS);
    add(to, effect, BLOW_DELAY, 0, TWO_LEASES_MS);
    if (effect->deed == DEED_EVENT) {
        add(to, effect, BLOW_TEAR, 0, 0);
    }
}

/* What a shim does goes on without its agent. */
static void add_shim(struct blows *to, const struct effect_seen *effect)
{
    add_deaths(to, effect, BLOW_CRASH_AFTER, 0);
    add_deaths(to, effect, BLOW_POWER_BEFORE, 0);
    add_deaths(to, effect, BLOW_POWER_AFTER, 0);
    add(to, effect, BLOW_STALL, 0, TWO_LEASES_MS);
    add(to, effect, BLOW_KILL, 0, 0);
}

/* Of all but shims. */
static void add_process(struct blows *to, const struct effect_seen *effect)
{
    add_deaths(to, effect, BLOW_CRASH_BEFORE, 0);
    add_deaths(to, effect, BLOW_CRASH_AFTER, 0);
    add(to, effect, BLOW_STALL, 0, TWO_LEASES_MS);
}

void plan_blows(const struct effects_seen *known, const struct effect_seen *effect,
                const struct disk_counters *disk, struct blows *to)
{
    if (effect->deed == DEED_RUN || effect->deed == DEED_RECORD) {
        add_shim(to, effect);
        return;
    }
    if (effect->deed == DEED_OPEN) {
        add_deaths(to, effect, BLOW_CRASH_BEFORE, 0);
        add_disk(to, effect, disk);
        return;
    }
    add_process(to, effect);
    switch (effect->deed) {
    case DEED_COMMIT:
        add_disk(to, effect, disk);
        break;
    case DEED_ANSWER:
    case DEED_EVENT:
        add_http(to, effect);
        break;
    case DEED_FRAME:
        add_frame(to, known, effect);
        break;
    case DEED_SAVE:
    case DEED_SPAWN:
    case DEED_KILL:
    case DEED_EXTEND:
    case DEED_FREEZE:
    case DEED_FORGET:
        add_act(to, effect);
        break;
    case DEED_RUN:
    case DEED_RECORD:
    case DEED_OPEN:
    case DEED_COUNT:
        break;
    }
}
