/* Faults of networks: between machines by the cable, within connections by the proxy. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"

#include <inttypes.h>

enum { FLAP_MS_MIN = 100, FLAP_MS_MAX = 900 };

/* --- the cable ----------------------------------------------------------------------------------
 */

/* Agents and, after them, the operators. */
static int draw_node(struct world *world)
{
    return 1 + (int)rand_below(&world->rand, (uint64_t)world->agents + 1);
}

static void cut(struct world *world, int node, const char *ways, bool is_cut)
{
    if (!str_eq(ways, "down")) {
        world->cable->rules[node][NODE_CONTROLLER].is_cut = is_cut;
    }
    if (!str_eq(ways, "up")) {
        world->cable->rules[NODE_CONTROLLER][node].is_cut = is_cut;
    }
}

void begin_cut(struct world *world, struct blow *blow)
{
    blow->before = (int64_t)world->cable->cut;
    blow->number = draw_node(world);
    if (str_eq(blow->class->word, "every")) {
        for (int i = 1; i <= world->agents; i++) {
            cut(world, i, "both", true);
        }
    } else {
        cut(world, (int)blow->number, blow->class->word, true);
    }
}

void end_cut(struct world *world, struct blow *blow)
{
    cable_heal(world->cable);
    blow->fired += world->cable->cut - (uint64_t)blow->before;
}

void begin_flap(struct world *world, struct blow *blow)
{
    blow->before = (int64_t)world->cable->cut;
    blow->number = draw_node(world);
    tick_flap(world, blow);
}

void tick_flap(struct world *world, struct blow *blow)
{
    if (chaos_now_ms() >= blow->next_ms) {
        blow->flag = !blow->flag;
        cut(world, (int)blow->number, "both", blow->flag);
        blow->next_ms = chaos_now_ms() + rand_between(&world->rand, FLAP_MS_MIN, FLAP_MS_MAX);
    }
}

/* Everywhere: 30 % are lost; or some come twice and few in order. */
void begin_loss(struct world *world, struct blow *blow)
{
    bool is_loss = str_eq(blow->class->word, "loss");

    blow->flag = is_loss;
    blow->before = (int64_t)(is_loss ? world->cable->lost : world->cable->doubled);
    for (int from = 0; from < CABLE_NODES_MAX; from++) {
        for (int to = 0; to < CABLE_NODES_MAX; to++) {
            struct cable_rule *rule = &world->cable->rules[from][to];

            rule->loss_per_mille = is_loss ? 300 : 0;
            rule->double_per_mille = is_loss ? 0 : 100;
            rule->delay_ms = is_loss ? 0 : 20;
            rule->jitter_ms = is_loss ? 0 : 20;
        }
    }
}

void end_loss(struct world *world, struct blow *blow)
{
    cable_heal(world->cable);
    blow->fired +=
        (blow->flag ? world->cable->lost : world->cable->doubled) - (uint64_t)blow->before;
}

/* --- the proxy ----------------------------------------------------------------------------------
 */

/* What a class is told.  Of a flipped bit it is the highest: text has it nowhere, so whoever reads
 * it can know; the others would make other text of it, which no receiver of plain text can see. For
 * the same reason requests of operators stay as they are. */
static const struct {
    const char *class;
    int64_t ms, jitter_ms, every, size;
    bool spares_api;
    const char *way; /* NULL: drawn */
} settings[] = {
    {"blackhole", 0, 0, 0, 0, false, NULL},  {"chop", 0, 0, 0, 4, false, "both"},
    {"corrupt", 0, 0, 100, 8, true, "both"}, {"delay", 2000, 1000, 0, 0, false, "both"},
    {"freeze", 0, 0, 0, 0, false, NULL},     {"garbage", 0, 0, 150, 48, true, "both"},
    {"half-close", 0, 0, 0, 0, false, NULL}, {"refuse", 0, 0, 0, 0, false, "both"},
    {"reset", 0, 0, 0, 0, false, "up"},      {"stall", 1200, 0, 600, 0, false, "both"},
    {"throttle", 0, 0, 0, 1, false, NULL},
};

static void fault_link(struct world *world, const char *name, const char *class, const char *way,
                       size_t at)
{
    json_decref(world_proxy(world,
                            "{\"do\":\"fault\",\"link\":\"%s\",\"class\":\"%s\",\"way\":\"%s\","
                            "\"ms\":%" PRId64 ",\"jitter_ms\":%" PRId64 ",\"every\":%" PRId64
                            ",\"size\":%" PRId64 "}",
                            name, class, way, settings[at].ms, settings[at].jitter_ms,
                            settings[at].every, settings[at].size));
}

/* On one link, or on all that it may be on. */
void begin_link(struct world *world, struct blow *blow)
{
    static const char *const ways[] = {"up", "down", "both"};
    const char *class = blow->class->word, *way;
    int links = world->agents, drawn;
    size_t at = 0;

    while (!str_eq(settings[at].class, class)) {
        at++;
    }
    links += !settings[at].spares_api;
    drawn = rand_chance(&world->rand, 300) ? -1 : (int)rand_below(&world->rand, (uint64_t)links);
    way = settings[at].way != NULL ? settings[at].way : ways[rand_below(&world->rand, 3)];
    blow->before = world_proxy_count(world, "*", class);
    for (int i = 0; i < links; i++) {
        const char *name = i == world->agents ? "api" : world->edges[i].program.name;

        if (drawn >= 0 && drawn != i) {
            continue;
        }
        fault_link(world, name, class, way, at);
        if (str_eq(class, "refuse")) { /* who is connected has to come again */
            fault_link(world, name, "reset", "up", at);
        }
    }
}

void end_link(struct world *world, struct blow *blow)
{
    json_decref(world_proxy(world, "{\"do\":\"heal\",\"link\":\"*\"}"));
    blow->fired += (uint64_t)(world_proxy_count(world, "*", blow->class->word) - blow->before);
}
