/* The table of the classes, and how a blow is begun and ended. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"

#include <string.h>

struct kills chaos_kills;

#define LEASES_3 (3 * LEASE_MS)
#define AGENT    (TOUCH_EDGE)

const struct fault_class fault_classes[] = {
    /* name, touches, from ms, to ms, nets, disks, word, begin, tick, end */
    {"kill-controller", TOUCH_CONTROLLER, 0, 900, 0, 0, "controller", begin_kill, NULL, end_kill},
    {"kill-agent", AGENT, 0, 4000, 0, 0, "agent", begin_kill, NULL, end_kill},
    {"kill-shim", TOUCH_WORK, 0, 0, 0, 0, "shim", begin_kill_work, NULL, NULL},
    {"kill-workload", TOUCH_WORK, 0, 0, 0, 0, "workload", begin_kill_work, NULL, NULL},
    {"kill-starting-controller", TOUCH_CONTROLLER, 0, 0, 0, 0, "controller", begin_kill_starting,
     NULL, NULL},
    {"kill-starting-agent", AGENT, 0, 0, 0, 0, "agent", begin_kill_starting, NULL, NULL},
    {"kill-every-agent", TOUCH_EVERY_EDGE, 0, 3000, 0, 0, NULL, begin_kill_every_agent, NULL,
     end_kill_every_agent},
    {"restart-controller", TOUCH_CONTROLLER, 0, 900, 0, 0, "controller", begin_restart, NULL,
     end_kill},
    {"restart-agent", AGENT, 0, 4000, 0, 0, "agent", begin_restart, NULL, end_kill},
    {"power-cut-agent", AGENT, 0, 3000, 0, 0, NULL, begin_power_cut, NULL, end_kill},

    {"freeze-controller", TOUCH_CONTROLLER, 500, LEASES_3, 0, 0, "controller", begin_freeze, NULL,
     end_freeze},
    {"freeze-agent", AGENT, 500, LEASES_3, 0, 0, "agent", begin_freeze, NULL, end_freeze},
    {"freeze-machine", AGENT | TOUCH_WORK, 500, LEASES_3, 0, 0, "machine", begin_freeze, NULL,
     end_freeze},

    {"cut", TOUCH_CABLE, 500, 6000, 1, 0, "both", begin_cut, NULL, end_cut},
    {"cut-up", TOUCH_CABLE, 500, 6000, 1, 0, "up", begin_cut, NULL, end_cut},
    {"cut-down", TOUCH_CABLE, 500, 6000, 1, 0, "down", begin_cut, NULL, end_cut},
    {"cut-every-agent", TOUCH_CABLE, 500, 5000, 1, 0, "every", begin_cut, NULL, end_cut},
    {"cut-flapping", TOUCH_CABLE, 2000, 6000, 1, 0, NULL, begin_flap, tick_flap, end_cut},
    {"loss", TOUCH_CABLE, 1000, 6000, 1, 0, "loss", begin_loss, NULL, end_loss},
    {"reorder-and-double", TOUCH_CABLE, 1000, 4000, 1, 0, "double", begin_loss, NULL, end_loss},

    {"link-blackhole", TOUCH_PROXY, 500, 5000, 0, 0, "blackhole", begin_link, NULL, end_link},
    {"link-chop", TOUCH_PROXY, 500, 4000, 0, 0, "chop", begin_link, NULL, end_link},
    {"link-corrupt", TOUCH_PROXY, 1000, 4000, 0, 0, "corrupt", begin_link, NULL, end_link},
    {"link-delay", TOUCH_PROXY, 1000, 6000, 0, 0, "delay", begin_link, NULL, end_link},
    {"link-freeze", TOUCH_PROXY, 500, 5000, 0, 0, "freeze", begin_link, NULL, end_link},
    {"link-garbage", TOUCH_PROXY, 1000, 4000, 0, 0, "garbage", begin_link, NULL, end_link},
    {"link-half-close", TOUCH_PROXY, 100, 1000, 0, 0, "half-close", begin_link, NULL, end_link},
    {"link-refuse", TOUCH_PROXY, 1500, 5000, 0, 0, "refuse", begin_link, NULL, end_link},
    {"link-reset", TOUCH_PROXY, 100, 1000, 0, 0, "reset", begin_link, NULL, end_link},
    {"link-stall", TOUCH_PROXY, 1000, 4000, 0, 0, "stall", begin_link, NULL, end_link},
    {"link-throttle", TOUCH_PROXY, 1500, 5000, 0, 0, "throttle", begin_link, NULL, end_link},

    {"disk-full-controller", TOUCH_CONTROLLER, 1500, 6000, 0, 1, "controller", begin_full,
     tick_full, end_full},
    {"disk-full-agent", AGENT, 1500, 6000, 0, 1, "agent", begin_full, tick_full, end_full},
    {"sync-fails-controller", TOUCH_CONTROLLER, 2000, 3000, 0, 0, "controller", begin_sync,
     tick_sync, end_sync},
    {"sync-fails-agent", AGENT, 2000, 5000, 0, 0, "agent", begin_sync, tick_sync, end_sync},

    {"disk-slow-controller", TOUCH_CONTROLLER, 1000, 5000, 0, 0, "stay", begin_slow, NULL,
     end_slow},
    {"disk-slow-agent", AGENT, 1000, 5000, 0, 0, "stay", begin_slow, NULL, end_slow},
    {"kill-committing-controller", TOUCH_CONTROLLER, 2000, 5000, 0, 0, "kill", begin_slow,
     tick_slow, end_slow},
    {"kill-saving-agent", AGENT, 2000, 5000, 0, 0, "kill", begin_slow, tick_slow, end_slow},

    {"power-cut-controller", TOUCH_CONTROLLER, 1500, 4000, 0, 1, "power", begin_slow, tick_slow,
     end_slow},

    {"damage-page", TOUCH_CONTROLLER, 0, 0, 0, 0, "page", begin_damage, NULL, NULL},
    {"damage-wal", TOUCH_CONTROLLER, 0, 0, 0, 0, "wal", begin_damage, NULL, NULL},
    {"damage-lost-file", TOUCH_CONTROLLER, 0, 0, 0, 0, "file", begin_damage, NULL, NULL},
    {"damage-owner", TOUCH_CONTROLLER, 0, 0, 0, 0, "owner", begin_damage, NULL, NULL},
    {"damage-mode", TOUCH_CONTROLLER, 0, 0, 0, 0, "mode", begin_damage, NULL, NULL},
    {"damage-agent-state", AGENT, 0, 0, 0, 0, "state", begin_agent_damage, NULL, NULL},
    {"damage-agent-lost-state", AGENT, 0, 0, 0, 0, "lost", begin_agent_damage, NULL, NULL},
    {"damage-agent-key", AGENT, 0, 0, 0, 0, "key", begin_agent_damage, NULL, NULL},
    {"damage-agent-owner", AGENT, 0, 0, 0, 0, "owner", begin_agent_damage, NULL, NULL},

    {"clock-hour", TOUCH_CLOCK, 1000, 5000, 0, 0, "hour", begin_clock, tick_clock, end_clock},
    {"clock-decade", TOUCH_CLOCK, 1000, 5000, 0, 0, "decade", begin_clock, tick_clock, end_clock},

    {"garbage-api", 0, 500, 2000, 0, 0, "api", NULL, tick_garbage, NULL},
    {"garbage-link", 0, 500, 2000, 0, 0, "link", NULL, tick_garbage, NULL},
    {"slow-readers", TOUCH_READERS | TOUCH_CONTROLLER, 3500, 6000, 0, 0, NULL, begin_readers,
     tick_readers, end_readers},
};
const int fault_class_count = sizeof(fault_classes) / sizeof(fault_classes[0]);

bool fault_is_possible(const struct world *world, const struct fault_class *class)
{
    return (world->has_nets || !class->needs_nets) && (world->has_disks || !class->needs_disks) &&
           (world->has_owners || !str_eq(class->word, "owner"));
}

int fault_draw_edge(struct world *world)
{
    return 1 + (int)rand_below(&world->rand, (uint64_t)world->agents);
}

void blow_begin(struct world *world, struct blow *blow, const struct fault_class *class,
                int64_t most_ms)
{
    int64_t most = class->most_ms < most_ms ? class->most_ms : most_ms;
    int64_t least = class->least_ms < most ? class->least_ms : most;

    *blow = (struct blow){.class = class, .from_ms = chaos_now_ms()};
    blow->target = class->touches & TOUCH_CONTROLLER ? 0 : fault_draw_edge(world);
    blow->until_ms = blow->from_ms + rand_between(&world->rand, least, most);
    if (class->begin != NULL) {
        class->begin(world, blow);
    }
}

void blow_end(struct world *world, struct blow *blow)
{
    if (blow->class->end != NULL) {
        blow->class->end(world, blow);
    }
    blow->is_over = true;
}
