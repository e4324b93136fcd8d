#include "tests/sim/check_reputation.h"

#include "schema/base/str.h"
#include "tests/sim/machine.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

static int64_t number(const struct node *esteem, const char *key)
{
    int64_t value = 0;

    (void)node_find_int(esteem, key, &value);
    return value;
}

/* Two machines may have the key of one agent. */
static int64_t begun_by(const struct sim *sim, const char *agent)
{
    int64_t begun = 0;

    for (size_t i = 0; i < sim->machine_count; i++) {
        begun += str_eq(sim->machines[i]->options.name, agent) ? sim->machines[i]->spawned : 0;
    }
    return begun;
}

void check_reputation(struct sim *sim, const char *agent, const struct node *body)
{
    const struct node *whole = node_find(body, "status");
    const struct node *esteem = node_find_path(whole == NULL ? body : whole, "reputation.harvest");
    int64_t valid = number(esteem, "valid"), failed = number(esteem, "failed");
    int64_t late = number(esteem, "late"), score = number(esteem, "score");
    int64_t begun = begun_by(sim, agent);

    if (esteem == NULL) {
        return;
    }
    if (valid + failed > begun) {
        sim_fail(sim, "reputation",
                 "%s: %" PRId64 " results and %" PRId64 " failures of %" PRId64 " runs", agent,
                 valid, failed, begun);
    }
    if (score < 0 || score > 95 || (failed + late == 0 && score < 66) ||
        (valid + late == 0 && score > 33)) {
        sim_fail(sim, "reputation",
                 "%s: %" PRId64 " %% of %" PRId64 " valid, %" PRId64 " late, %" PRId64 " failed",
                 agent, score, valid, late, failed);
    }
}
