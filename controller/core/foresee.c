/* The agents' evaluator with the controller's knowledge. */
#include "controller/core/foresee.h"

#include "controller/core/copy.h"
#include "schema/scalar.h"

#include <string.h>

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

/* What runs is slowed down or not; what its agent has not held yet is not held. */
static bool change_of_running(const struct harvest_policy_spec *before,
                              const struct harvest_policy_spec *after,
                              const struct agent_entry *agent, enum policy_outcome *ret_is,
                              struct policy_verdict *ret_verdict)
{
    struct policy_verdict old;

    *ret_is = foresee(before, agent, true, &old) ? POLICY_RUN : old.outcome;
    (void)foresee(after, agent, true, ret_verdict);
    return ret_verdict->outcome != *ret_is;
}

static bool predict_held(const struct harvest_policy_spec *policy,
                         const struct assignment_entry *copy, enum policy_reason reason,
                         struct policy_verdict *ret_verdict)
{
    const struct agent_entry *agent = copy->agent;
    const struct policy_input input = {
        .spec = policy,
        .readings = agent_readings(agent),
        .moment = agent->read_at,
        .owner_paused = agent_status(agent)->paused,
        .is_waiting = copy_is_evicted(copy),
    };

    return policy_predict_held(&input, reason, assignment_status(copy)->message, ret_verdict);
}

/* Held for another reason than before, or not held any more, and that because of the policy. */
static bool change_of_held(const struct harvest_policy_spec *before,
                           const struct harvest_policy_spec *after,
                           const struct assignment_entry *copy, enum policy_reason reason,
                           struct policy_verdict *ret_verdict)
{
    struct policy_verdict old;

    return predict_held(before, copy, reason, &old) &&
           predict_held(after, copy, reason, ret_verdict) && old.outcome >= POLICY_SUSPEND &&
           ret_verdict->reason != reason && ret_verdict->reason != old.reason;
}

bool foresee_change(const struct harvest_policy_spec *before,
                    const struct harvest_policy_spec *after, const struct assignment_entry *copy,
                    struct foreseen *ret_foreseen)
{
    const struct assignment_status *status = assignment_status(copy);
    int word = str_is_empty(status->reason) ? -1 : words_index(policy_reason_words, status->reason);
    enum policy_reason reason = word < 0 ? REASON_NONE : (enum policy_reason)word;
    struct policy_verdict verdict;
    bool is_held = status->phase == PHASE_SUSPENDED;

    *ret_foreseen = (struct foreseen){0};
    if (copy->agent == NULL || agent_readings(copy->agent) == NULL ||
        (status->phase != PHASE_RUNNING && !is_held)) {
        return false;
    }
    ret_foreseen->is = copy_is_evicted(copy) ? POLICY_EVICT : POLICY_SUSPEND;
    if (is_held ? !change_of_held(before, after, copy, reason, &verdict)
                : !change_of_running(before, after, copy->agent, &ret_foreseen->is, &verdict)) {
        return false;
    }
    ret_foreseen->becomes = verdict.outcome;
    if (is_held && verdict.outcome < POLICY_SUSPEND) {
        ret_foreseen->reason = reason;
        return true;
    }
    ret_foreseen->reason = verdict.reason;
    memcpy(ret_foreseen->message, verdict.message, sizeof(verdict.message));
    return true;
}
