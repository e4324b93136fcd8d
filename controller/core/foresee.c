/* The agents' evaluator with the controller's knowledge. */
#include "controller/core/foresee.h"

bool foresee(const struct harvest_policy_spec *policy, const struct agent_entry *agent,
             bool goes_on, struct policy_verdict *ret_verdict)
{
    const struct readings *readings = agent_readings(agent);
    const struct policy_input input = {
        .spec = policy,
        .readings = readings,
        .moment = agent->read_at,
        .owner_paused = agent_status(agent)->paused,
        .is_running = goes_on,
    };

    if (policy == NULL || readings == NULL) {
        *ret_verdict = (struct policy_verdict){.cpu_percent = 100, .sensor = SENSOR_COUNT};
        return false;
    }
    policy_predict(&input, ret_verdict);
    return ret_verdict->outcome >= POLICY_SUSPEND;
}
