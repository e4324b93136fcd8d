/* The agents' evaluator with the controller's knowledge. */
#include "controller/core/foresee.h"

#include "controller/core/core.h"
#include "schema/kinds/agent.h"

bool foresee(const struct ctl *ctl, const struct agent_entry *agent,
             const struct template_entry *template, bool goes_on,
             struct policy_verdict *ret_verdict)
{
    const struct harvest_policy_spec *spec =
        template == NULL ? NULL : template_policy(template->template);
    const struct agent_status *status = &agent_of(agent->object)->status;
    struct readings readings = agent->readings;
    struct policy_input input = {
        .spec = spec,
        .readings = &readings,
        .moment = {ctl->now, {ctl->wall.ms + agent->utc_offset_ms}},
        .owner_paused = status->paused,
        .is_running = goes_on,
    };

    if (!agent->has_readings || spec == NULL) {
        return false;
    }
    /* How old a reading may be is for the agent to say, which has newer ones. */
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        readings.of[i].at = ctl->now;
    }
    policy_predict(&input, ret_verdict);
    return ret_verdict->outcome >= POLICY_SUSPEND;
}
