#include "tests/sim/check_metrics.h"

#include "controller/core/metrics.h"
#include "tests/sim/controller.h"

#include <inttypes.h>

enum { LOOK_EVERY = 11 };

static void adds_up(struct sim *sim, const struct metrics *metrics, enum metric metric,
                    enum kind_id kind)
{
    int64_t sum = 0, count = (int64_t)sim->controller->ctl->model.objects[kind].count;

    for (size_t i = 0; i < metric_series(metric); i++) {
        sum += metrics->values[metric][i];
    }
    if (sum != count) {
        sim_fail(sim, "metrics", "%s tells of %" PRId64 ", and there are %" PRId64 " %s",
                 metric_infos[metric].name, sum, count, kind_get(kind)->plural);
    }
}

/* Each session that tells of its rollout is in one state. */
static void tells_of_rollouts(struct sim *sim, const struct metrics *metrics)
{
    int64_t sum = 0, count = 0;

    for (size_t i = 0; i < metric_series(METRIC_ROLLOUTS); i++) {
        sum += metrics->values[METRIC_ROLLOUTS][i];
    }
    map_each (&sim->controller->ctl->model.objects[KIND_HARVEST_SESSION], it) {
        const struct session_entry *session = it->value;

        count += condition_find(&harvest_session_of(session->object)->status.conditions,
                                "Progressing") != NULL;
    }
    if (sum != count) {
        sim_fail(sim, "metrics",
                 "rollouts of %" PRId64 " sessions are told of, and there are %" PRId64, sum,
                 count);
    }
}

static void stops_the_clock(struct sim *sim, const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *condition = condition_find(&status->conditions, "Converged");

    if (session->is_timed && condition != NULL && condition->status == CONDITION_TRUE &&
        status->observed_generation == session->object->meta.generation) {
        sim_fail(sim, "metrics", "%s is as declared, and its time runs on",
                 session->object->meta.name);
    }
}

void check_metrics(struct sim *sim, unsigned step)
{
    static struct metrics metrics;

    if (step % LOOK_EVERY != 0) {
        return;
    }
    metrics_gather(sim->controller->ctl, &metrics);
    adds_up(sim, &metrics, METRIC_AGENTS, KIND_AGENT);
    adds_up(sim, &metrics, METRIC_SESSIONS_CONVERGED, KIND_HARVEST_SESSION);
    adds_up(sim, &metrics, METRIC_ASSIGNMENTS, KIND_ASSIGNMENT);
    tells_of_rollouts(sim, &metrics);
    map_each (&sim->controller->ctl->model.objects[KIND_HARVEST_SESSION], it) {
        stops_the_clock(sim, it->value);
    }
}
