/* The world as it is when the judge is not content, for whoever reads the trace. */
#include "schema/json.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/shim.h"

#include <inttypes.h>

static void show_session(struct sim *sim, const struct node *session)
{
    const struct node *condition = condition_of(session, "Converged");
    _cleanup_(str_fini)
    struct str spec = STR_EMPTY;

    json_emit(node_find(session, "spec"), JSON_PLAIN, &spec);
    sim_trace(sim, "session %s: %s: %s: %s", name_of(session),
              condition == NULL ? "?" : node_find_text(condition, "status"),
              condition == NULL ? "?" : node_find_text(condition, "reason"),
              condition == NULL ? "?" : node_find_text(condition, "message"));
    sim_trace(sim, "session %s: %s", name_of(session), spec.data);
}

static void show_agent(struct sim *sim, const struct node *agent)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    const struct node *ready = condition_of(agent, "Ready");
    const struct node *healthy = condition_of(agent, "Healthy");

    if (node_find_path(agent, "status.capacity") != NULL) { /* else it was only declared */
        json_emit(node_find_path(agent, "status.capacity"), JSON_PLAIN, &text);
    }
    sim_trace(sim, "agent %s: site %s%s, %s, %s, %s", name_of(agent),
              text_at(node_find_path(agent, "metadata.labels"), "reported/site"),
              is_drained(agent)    ? ", drained"
              : !takes_work(agent) ? ", unschedulable"
                                   : "",
              ready == NULL ? "?" : node_find_text(ready, "reason"),
              healthy == NULL ? "?" : node_find_text(healthy, "reason"), text.data);
}

static void show_shims(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        vec_each (&sim->machines[i]->shims, it) {
            if ((*it)->has_process) {
                sim_trace(sim, "process on %s: %s/%s of %.8s, run %" PRId64 ", %s, %s%s",
                          sim->machines[i]->name, (*it)->session, (*it)->slot, (*it)->uid,
                          (*it)->run, (*it)->command, (*it)->version,
                          (*it)->is_frozen ? ", frozen" : "");
            }
        }
    }
}

void judge_show(struct sim *sim)
{
    struct world world = {.sim = sim};

    arena_init(&world.arena);
    if (judge_look(&world)) {
        for (size_t i = 0; i < world.sessions->list.count; i++) {
            show_session(sim, world.sessions->list.items[i]);
        }
        for (size_t i = 0; i < world.assignments->list.count; i++) {
            const struct node *it = world.assignments->list.items[i];

            sim_trace(sim, "assignment %s (%.8s) on %s: %s %s%s", name_of(it),
                      text_at(it, "metadata.uid"), text_at(it, "spec.agent"),
                      text_at(it, "status.phase"), text_at(it, "status.reason"),
                      is_leaving(it) ? ", leaving" : "");
        }
        for (size_t i = 0; i < world.agents->list.count; i++) {
            show_agent(sim, world.agents->list.items[i]);
        }
    }
    show_shims(sim);
    arena_fini(&world.arena);
}
