/* The table of remedies.  A reason that is added anywhere gets a row here; a test goes through the
 * tables of reasons.  Where two give the same reason (a session is in BackOff because its
 * assignment is), they share the row. */
#include "schema/remedy.h"

#include "schema/base/str.h"

#include <stddef.h>

const struct remedy remedies[] = {
    /* Policies: in the order of checking. */
    {"Overheated", REMEDY_ACT, "let the machine cool down to thermal.resumeCelsius of its policy"},
    {"HeatWait", REMEDY_WAIT,
     "wait: it is cool again, and goes on after thermal.dwell of its policy"},
    {"OwnerPaused", REMEDY_ACT, "its owner lifts it with `fog-agent resume` on the machine"},
    {"ExclusiveProgram", REMEDY_ACT, "wait until the owner's program ends on the machine"},
    {"OnBattery", REMEDY_ACT,
     "plug the machine in, or set battery.requireCharging of its policy to false"},
    {"BatteryLow", REMEDY_ACT, "charge the machine to battery.resumePercent of its policy"},
    {"StaleSensor", REMEDY_ACT,
     "see what the sensor lacks with `fog-agent doctor` on the machine, or set "
     "unknown of its policy to ignore"},
    {"UserActive", REMEDY_ACT,
     "wait until nobody has used the machine for user.continueAfterIdle of its "
     "policy"},
    {"OutsideWindow", REMEDY_WAIT, "wait for the next of the windows of its policy, or widen them"},
    {"ForeignCpu", REMEDY_ACT,
     "wait until other programs on the machine need less of the processor"},
    {"MemoryPressure", REMEDY_ACT, "free memory on the machine, or let its policy use less of it"},
    {"Metered", REMEDY_ACT,
     "connect the machine to a network that is not paid by volume, or set "
     "network.metered of its policy to true"},
    {"MaxDuration", REMEDY_WAIT, "wait for the end of session.cooldown of its policy"},
    {"Cooldown", REMEDY_WAIT, "wait for the end of session.cooldown of its policy"},
    {"None", REMEDY_NONE, NULL},

    /* Sessions. */
    {"PolicyMissing", REMEDY_ACT, "create the policy, or name another one in spec.policy"},
    {"GivenUp", REMEDY_ACT,
     "look at its logs, mend the workload or the agent, then apply a changed session; "
     "or delete the assignment to have it tried again"},
    {"Failed", REMEDY_ACT,
     "look at its logs, then change the workload; or delete the assignment to run it "
     "again"},
    {"NoAgent", REMEDY_ACT,
     "connect, uncordon or free up an agent, ask for less (spec.selector, spec.requirements, "
     "spec.workload.resources), or wait for its policy"},
    {"RolloutPaused", REMEDY_ACT, "set spec.rollout.pause to false"},
    {"Drifted", REMEDY_ACT,
     "see who changed it on the machine; then set spec.drift to heal, or delete the assignment to "
     "have it placed anew"},
    {"NoDrift", REMEDY_NONE, NULL},
    {"ProgressDeadlineExceeded", REMEDY_ACT,
     "see why its replicas do not get on, then apply a changed session, or go back with `fogctl "
     "rollout undo`"},
    {"RolloutFailed", REMEDY_ACT,
     "look at its logs, then apply a changed session, or go back with `fogctl rollout undo`"},
    {"Progressing", REMEDY_NONE, NULL},
    {"RolledOut", REMEDY_NONE, NULL},
    {"Reverting", REMEDY_NONE, NULL},
    {"Reverted", REMEDY_NONE, NULL},
    {"GangTimedOut", REMEDY_WAIT,
     "see which replica did not run, or raise spec.gang.deadline; it is placed again by itself"},
    {"AgentAway", REMEDY_ACT, "bring the agent back, or wait until the work is placed elsewhere"},
    {"Leased", REMEDY_WAIT,
     "wait for the end of the lease (spec.leaseDuration), or bring the agent back"},
    {"BackOff", REMEDY_WAIT, "look at its logs; it is tried again by itself"},
    {"GangWaits", REMEDY_WAIT,
     "wait for its turn, or start fog-controller with a higher --bursts-max"},
    {"Failing", REMEDY_WAIT, "look at its logs; its agent tries again by itself"},
    {"Starting", REMEDY_WAIT, "wait"},
    {"Updating", REMEDY_WAIT, "wait, or raise spec.rollout.maxUnavailable"},
    {"Stopping", REMEDY_WAIT, "wait for the end of the grace period (spec.grace)"},
    {"AsDeclared", REMEDY_NONE, NULL},
    {"InProgress", REMEDY_NONE, NULL},

    /* Assignments: their phases, where there is no reason, how the last run ended, and what a start
     * waits for. */
    {"Pending", REMEDY_WAIT,
     "wait for the first word of its agent, or look whether that is connected"},
    {"Running", REMEDY_NONE, NULL},
    {"Suspended", REMEDY_ACT, "see what holds it with `fog-agent status` on the machine"},
    {"Succeeded", REMEDY_NONE, NULL},
    {"Completed", REMEDY_NONE, NULL},
    {"ExitedNonZero", REMEDY_ACT, "look at its logs, and mend the workload or its input"},
    {"MemoryLimit", REMEDY_ACT,
     "raise spec.workload.resources.memory, or let it need less; where all together held too much, "
     "have fewer beside it"},
    {"PidsLimit", REMEDY_ACT,
     "raise spec.limits.pids of its policy, or let it start fewer processes"},
    {"NoQuorum", REMEDY_ACT,
     "compare the outputs of its attempts: make the workload deterministic, or raise tasks.retries"},
    {"StartFailed", REMEDY_ACT,
     "see that the command exists on the machine and may be run by the agent"},
    {"Stopped", REMEDY_WAIT,
     "wait: it was told to end, and is started again if it is still wanted"},
    {"AgentDeleted", REMEDY_ACT,
     "start fog-agent on the machine again, or wait until the work is placed elsewhere"},
    {"LeaseEnded", REMEDY_ACT,
     "bring the agent back to the controller, which grants the next lease"},
    {"Lost", REMEDY_WAIT,
     "wait: its processes vanished, with their machine or a shim, and it is started again"},
    {"Orphaned", REMEDY_ACT,
     "keep fog-agent running on the machine: without it, work ends after orphanAfter"},
    {"Fetching", REMEDY_WAIT,
     "wait until its artifacts are there; `fogctl blob put` stores one that is missing"},
    {"ArtifactMissing", REMEDY_ACT,
     "store the artifact with `fogctl blob put`; its agent looks again within 30s"},
    {"ArtifactCorrupt", REMEDY_ACT,
     "store the artifact again with `fogctl blob put`: what was fetched is something else"},
    {"ArtifactNoRoom", REMEDY_ACT,
     "make room on the agent's disk, or give its --blob-cache more of it"},
    {"FetchFailed", REMEDY_ACT,
     "look after the network between agent and controller; it is tried again by itself"},
    {"Uploading", REMEDY_WAIT, "wait until its outputs are stored"},
    {"UploadFailed", REMEDY_ACT,
     "make room on the controller's disk or in its --blob-quota; it is tried again by itself"},
    {"OutputMissing", REMEDY_ACT,
     "let the workload write what spec.workload.outputs declares, or declare less"},
    {"LeaseRefused", REMEDY_WAIT, "wait for the end of the lease that another copy holds"},
    {"AwaitingLease", REMEDY_WAIT, "wait for the controller to grant the lease"},
    {"CannotSave", REMEDY_ACT, "make room on the disk of the agent's state directory, or mend it"},
    {"Removed", REMEDY_WAIT, "nothing: it is not wanted any more, and goes when it has ended"},
    {"Replaced", REMEDY_WAIT, "wait: its earlier form ends first"},

    /* Agents. */
    {"NeverConnected", REMEDY_ACT, "start fog-agent on the machine, with this name"},
    {"Silent", REMEDY_ACT, "look after the machine and its network"},
    {"Connected", REMEDY_NONE, NULL},
    {"Draining", REMEDY_WAIT,
     "wait, or see with `fogctl why` of the session why it has no other place; fogctl uncordon "
     "takes it back"},
    {"Drained", REMEDY_NONE, NULL},
    {"Cordoned", REMEDY_ACT, "let it have work again with `fogctl uncordon`"},
    {"BreakerOpen", REMEDY_ACT,
     "look why nothing starts on this agent; it is tried again by itself"},
    {"BreakerProbing", REMEDY_WAIT, "wait: one piece of work is being tried on this agent"},
    {"Starts", REMEDY_NONE, NULL},

    /* Alert rules. */
    {"Firing", REMEDY_ACT, "mend what its condition tells of; it is resolved by itself then"},
    {"AlertPending", REMEDY_WAIT,
     "wait: it fires when it has held for spec.for and spec.cooldown is over"},
    {"NotTaken", REMEDY_ACT,
     "see that the receiver can be reached and answers with 2xx; it is told again by itself"},
    {"Taken", REMEDY_NONE, NULL},

    /* Sources, and conflicts between them. */
    {"InForce", REMEDY_NONE, NULL},
    {"Invalid", REMEDY_ACT, "mend the mistakes that `fogctl describe` of the source lists"},
    {"Refused", REMEDY_ACT,
     "mend what `fogctl describe` of the source lists; it is tried again by itself"},
    {"Missing", REMEDY_ACT, "see that the folder of --config-dir is there and can be read"},
    {"Empty", REMEDY_ACT,
     "see that the folder of --config-dir is mounted; to withdraw everything, leave an empty "
     "manifest in it"},
    {"NotConfigured", REMEDY_ACT, "start fog-controller with --config-dir"},
    {"Outranked", REMEDY_ACT,
     "give it back with `fogctl release`, or let the source say what is in force"},

    /* Whatever it is. */
    {"FinalizerWaits", REMEDY_ACT,
     "let whoever holds it finish; or take its finalizers away, and what they wait for is not "
     "done"},
    {"StoreFull", REMEDY_ACT,
     "make room on the disk of the controller's --state, or delete objects; it goes on by itself"},

    {NULL, REMEDY_NONE, NULL},
};

const struct remedy *remedy_find(const char *reason)
{
    for (const struct remedy *it = remedies; reason != NULL && it->reason != NULL; it++) {
        if (str_eq(it->reason, reason)) {
            return it;
        }
    }
    return NULL;
}

const char *remedy_words(const char *reason)
{
    const struct remedy *remedy = remedy_find(reason);

    if (remedy == NULL) {
        return "look at its message and its logs";
    }
    return remedy->kind == REMEDY_NONE ? "wait" : remedy->words;
}
