/* Spreading what costs availability over waves: controller/core/waves.h. */
#include "controller/core/waves.h"

#include "schema/base/site.h"

void waves_spread(struct plan *plan, const bool *costs, const struct harvest_session_spec *spec,
                  size_t unavailable)
{
    size_t most = rollout_unavailable_max(&spec->rollout, plan->desired);
    size_t down = MUTANT(DOWN_NOT_COUNTED) ? 0 : unavailable;
    size_t first = down >= most ? 0 : most - down;
    size_t costly = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        struct plan_step *step = &plan->steps[i];

        if (costs[i] && plan->tasks == NULL) { /* nobody depends on a task being up */
            step->wave = (unsigned)(costly < first ? 1 : 2 + (costly - first) / most);
            costly++;
        }
        if (step->wave > plan->waves) {
            plan->waves = step->wave;
        }
    }
}

void waves_wait(struct arena *arena, struct plan *plan, const struct harvest_session_spec *spec)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];

        if (step->wave == 1) {
            continue;
        }
        MARK("a step waits for its wave");
        for (size_t j = 0; j < plan->gap_count; j++) {
            struct plan_gap *gap = &plan->gaps[j];

            if (gap->is_of_step && gap->copy == step->copy) {
                gap->why = WHY_UPDATING;
                gap->message =
                    arena_printf(arena, "waits for its turn: at most %zu may be down at once",
                                 rollout_unavailable_max(&spec->rollout, plan->desired));
            }
        }
    }
}
