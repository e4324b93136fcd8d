/* Session by session: does what runs and what is said of it agree with what was declared? */
#include "tests/sim/judge.h"

#include "tests/sim/controller.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_match.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/shim.h"

/* Every process belongs to an assignment that wants it, there. */
static bool nothing_else_runs(struct world *world)
{
    for (size_t i = 0; i < world->sim->machine_count; i++) {
        vec_each (&world->sim->machines[i]->shims, it) {
            const struct shim *shim = *it;
            bool is_wanted = false;

            for (size_t k = 0; shim->has_process && k < world->assignments->list.count; k++) {
                const struct node *assignment = world->assignments->list.items[k];

                is_wanted = is_wanted || (str_eq(text_at(assignment, "metadata.uid"), shim->uid) &&
                                          str_eq(text_at(assignment, "spec.agent"),
                                                 shim->machine->options.name) &&
                                          !is_leaving(assignment));
            }
            if (shim->has_process && !shim->machine->is_lost && !judge_stands_rightly(shim)) {
                return judge_object(world, "%s/%s %s on %s, against its policy and the owner",
                                    shim->session, shim->slot,
                                    shim->is_frozen ? "stands still" : "runs", shim->machine->name);
            }
            if (shim->has_process && !is_wanted) {
                return judge_object(world, "%s/%s runs on %s, and no assignment wants it there",
                                    shim->session, shim->slot, shim->machine->name);
            }
        }
    }
    return true;
}

/* --- one session ------------------------------------------------------------------------------ */

static bool fails_by_itself(const struct node *session)
{
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *verb = node_text(words->list.items[0]);

    return str_eq(verb, "fail") || str_eq(verb, "missing") || str_eq(verb, "flaky");
}

/* A save that failed may be what the next life of an agent reads: a run that is begun in it, and
 * that nobody began, is lost.  Besides crashes, which may fail anything, a life ends when a liar
 * takes the agent's place, and when its owner pauses it while it does not answer. */
static bool may_lose_begun(const struct faults *faults)
{
    bool is_stalled = faults->is_on[FAULT_AGENT_STALL] || faults->is_on[FAULT_AGENT_HANGS] ||
                      faults->is_on[FAULT_LONG_PAUSE];

    return faults->is_on[FAULT_AGENT_DISK] &&
           (faults->is_on[FAULT_AGENT_LIES] || (faults->is_on[FAULT_OWNER_PAUSES] && is_stalled));
}

static bool may_fail(struct world *world, const struct node *session)
{
    const struct faults *faults = &world->sim->faults;

    return fails_by_itself(session) || faults->is_on[FAULT_WORKLOAD_DIES] ||
           faults->is_on[FAULT_SHIM_KILLED] || faults->is_on[FAULT_WORK_ENDED] ||
           faults->is_on[FAULT_WORK_GROWS] || faults->is_on[FAULT_WORK_UNSTARTABLE] ||
           faults->is_on[FAULT_WORK_DIES_AT_ONCE] || faults->is_on[FAULT_WORK_RACES_STOP] ||
           faults->is_on[FAULT_AGENT_FULL] || faults->is_on[FAULT_AGENT_RESTORED] ||
           faults->is_on[FAULT_AGENT_ROT] || faults->is_on[FAULT_AGENT_CLONED] ||
           faults->is_on[FAULT_AGENT_POWER_IN_SAVE] || faults->is_on[FAULT_AGENT_CRASH_STARTING] ||
           faults->is_on[FAULT_AGENT_REBOOT] || faults->is_on[FAULT_AGENT_CRASH] ||
           faults->is_on[FAULT_UPGRADE] || may_lose_begun(faults);
}

static bool is_on_lost(struct world *world, const struct node *assignment)
{
    const struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));

    return machine == NULL || machine->is_lost;
}

static bool has_copy_on_lost(struct world *world, const struct node *session)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];

        if (is_of(assignment, session) && is_on_lost(world, assignment)) {
            return true;
        }
    }
    return false;
}

/* A gang that no machines would run in truth, which an owner's rules say, or sensors of which
 * nobody tells: it is placed again and again, for they may open. */
static bool is_shut_out(struct world *world, const struct node *session)
{
    return is_gang(session) && judge_taker(world, session) == NULL;
}

/* says-why: is the reason a true one, which time alone does not remove? */
static bool is_excused(struct world *world, const struct node *session, const char *reason)
{
    const struct node *taker;

    if (str_eq(reason, "PolicyMissing")) {
        return find_named(world->policies, text_at(session, "spec.policy")) == NULL;
    }
    if (str_eq(reason, "RolloutPaused")) {
        return flag_at(session, "spec.rollout.pause");
    }
    if (str_eq(reason, "GivenUp") || str_eq(reason, "Failed")) {
        return may_fail(world, session) || flag_at(session, "spec.rollout.pause") ||
               judge_has_tasks(session); /* what failed in an earlier form stays so */
    }
    if (str_eq(reason, "GangTimedOut") || str_eq(reason, "BackOff")) {
        return is_gang(session) && (fails_by_itself(session) || is_shut_out(world, session));
    }
    if (str_eq(reason, "AgentAway")) {
        return has_copy_on_lost(world, session);
    }
    if (str_eq(reason, "NoAgent")) {
        taker = judge_taker(world, session);
        return taker == NULL ||
               judge_object(world, "%s says that no agent can take it, and %s could",
                            name_of(session), name_of(taker));
    }
    return false;
}

struct count {
    size_t copies, done, running, coming, doubled, old_form;
    size_t retried; /* have failed and begin elsewhere */
    size_t waiting; /* held back, without a process */
    size_t frozen;  /* of those that run, in their newest form */
};

static void count_copies(struct world *world, const struct node *session, struct count *count)
{
    *count = (struct count){0};
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const char *phase = text_at(assignment, "status.phase");
        const struct shim *shim;

        if (!is_of(assignment, session) || is_leaving(assignment)) {
            continue;
        }
        count->copies++;
        shim = judge_process_of(world, assignment);
        if (shim != NULL) {
            bool is_new = judge_is_new_form(world, shim, session);

            count->running++;
            count->old_form += !is_new;
            count->frozen += is_new && shim->is_frozen;
        } else if (str_eq(phase, "Succeeded")) {
            count->done++;
        } else if (judge_is_held(world, assignment)) {
            count->waiting++;
        } else if (phase[0] == '\0' || str_eq(phase, "Pending") || str_eq(phase, "Starting") ||
                   str_eq(phase, "Running")) { /* without a process: what it made is uploaded */
            count->coming += !is_on_lost(world, assignment);
        } else {
            count->retried += judge_is_tried_again(world, session, assignment);
        }
        for (size_t k = 0; k < i; k++) {
            const struct node *other = world->assignments->list.items[k];

            /* One on a lost machine stays until that is back, or the other copy is well. */
            count->doubled += is_of(other, session) && !is_leaving(other) &&
                              !is_on_lost(world, other) && !is_on_lost(world, assignment) &&
                              str_eq(text_at(other, "spec.slot"), text_at(assignment, "spec.slot"));
        }
    }
}

static bool has_ended(const struct node *copy)
{
    return str_eq(text_at(copy, "status.phase"), "Succeeded");
}

static size_t wanted_of(struct world *world, const struct node *session)
{
    size_t wanted = 0;

    if (!flag_at(session, "spec.everyAgent")) {
        return (size_t)int_at(session, "spec.replicas", 1);
    }
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];
        struct machine *machine = machine_of(world, name_of(agent));
        const struct node *copy = judge_copy_on(world, session, agent);
        bool may_begin = takes_work(agent) && judge_is_healthy(agent) &&
                         (machine == NULL || !machine->is_owner_paused);

        if (machine == NULL || machine->is_lost) { /* what is not done is wanted when it is back */
            wanted += copy != NULL && str_eq(text_at(copy, "status.phase"), "Succeeded");
            continue;
        }
        may_begin = may_begin && judge_has_room(world, session, agent) &&
                    !judge_is_held_back(world, session, agent);
        wanted += copy != NULL
                      ? judge_may_stay(session, agent) && (!is_drained(agent) || has_ended(copy))
                      : may_begin && judge_matches(session, agent);
    }
    return wanted;
}

/* What ends by itself has ended.  In a pause what is of an earlier form stays as it is, until it
 * has failed: the next try is of the newest. */
static bool tasks_rest(struct world *world, const struct node *session, const struct count *count)
{
    bool is_paused = flag_at(session, "spec.rollout.pause");
    bool is_coming = count->retried > 0 || (count->coming > 0 && !is_paused);

    return (count->running == count->old_form + count->frozen && !is_coming) ||
           !judge_tasks_end(session) ||
           judge_object(world, "%s: tasks are under way", name_of(session));
}

/* Whatever else there is to say, as many are under way as may be and find room. */
static bool tasks_go_on(struct world *world, const struct node *session, const struct count *count)
{
    size_t wanted = judge_tasks_wanted(session);
    size_t under_way = count->running + count->waiting;
    const struct node *taker = under_way < wanted ? judge_taker(world, session) : NULL;

    if (!judge_tasks_say_so(session, under_way)) {
        return judge_object(world, "%s: Complete is not what is so", name_of(session));
    }
    if (under_way > wanted || taker != NULL) {
        return judge_object(world,
                            "%s: %zu tasks are under way, %zu done, %zu wanted; %s could take one",
                            name_of(session), under_way, count->done, wanted,
                            taker == NULL ? "nobody" : name_of(taker));
    }
    return true;
}

/* By a pause, which may hide behind what has failed. */
static bool is_held_up(const struct node *session, const char *reason)
{
    return str_eq(reason, "RolloutPaused") ||
           (flag_at(session, "spec.rollout.pause") && str_eq(reason, "GivenUp"));
}

static bool judge_session(struct world *world, const struct node *session)
{
    const struct node *condition = condition_of(session, "Converged");
    const char *reason = condition == NULL ? "" : node_find_text(condition, "reason");
    const char *name = name_of(session);
    struct count count;

    if (condition == NULL ||
        int_at(condition, "observedGeneration", 0) != int_at(session, "metadata.generation", 0)) {
        return judge_object(world, "%s: its condition is of an earlier generation", name);
    }
    count_copies(world, session, &count);
    if (count.doubled > 0) {
        return judge_object(world, "%s: a replica has two copies", name);
    }
    if (judge_has_tasks(session) && !str_eq(reason, "PolicyMissing") &&
        !str_eq(reason, "AgentAway") &&
        !((is_held_up(session, reason) || tasks_go_on(world, session, &count)) &&
          tasks_rest(world, session, &count))) {
        return false;
    }
    if (!str_eq(node_find_text(condition, "status"), "True")) {
        return is_excused(world, session, reason) ||
               judge_object(world, "%s is not converged: %s: %s", name, reason,
                            node_find_text(condition, "message"));
    }
    if (count.old_form > 0) {
        return judge_object(world, "%s: %zu replicas run an old form", name, count.old_form);
    }
    if (!judge_has_tasks(session) &&
        count.running + count.waiting + count.done != wanted_of(world, session)) {
        return judge_object(world,
                            "%s: converged it says, and %zu run, %zu wait, %zu are done, %zu are "
                            "wanted",
                            name, count.running, count.waiting, count.done,
                            wanted_of(world, session));
    }
    return true;
}

static bool nothing_leaves(struct world *world)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));

        if (is_leaving(assignment) && machine != NULL && !machine->is_lost) {
            return judge_object(world, "%s is still ending", name_of(assignment));
        }
    }
    return true;
}

/* Who has power is connected, and time has closed what failed starts had opened. */
static bool everybody_is_there(struct world *world)
{
    for (size_t i = 0; i < world->sim->machine_count; i++) {
        const struct machine *machine = world->sim->machines[i];
        const struct node *agent = find_named(world->agents, machine->options.name);

        if (machine->is_lost) {
            if (machine_of(world, machine->options.name)->is_lost && agent != NULL &&
                str_eq(node_find_text(condition_of(agent, "Ready"), "status"), "True")) {
                return judge_object(world, "%s is lost, and nobody knows it yet", machine->name);
            }
            if (agent != NULL && !judge_is_healthy(agent)) { /* it opens by itself, and says so */
                return judge_object(world, "the breaker of %s, which is lost, is open",
                                    machine->name);
            }
            continue;
        }
        if (machine->conn == NULL || !machine->conn->agent_has || !machine->conn->controller_has ||
            agent == NULL) {
            return judge_object(world, "%s is not there", machine->name);
        }
        if (!judge_is_healthy(agent)) {
            return judge_object(world, "the breaker of %s is open", machine->name);
        }
    }
    return true;
}

bool judge_world(struct sim *sim, struct str *why)
{
    struct world world = {.sim = sim, .why = why};
    bool is_well = true;

    str_clear(why);
    arena_init(&world.arena);
    is_well = judge_look(&world) || judge_object(&world, "the API does not answer");
    for (size_t i = 0; is_well && i < world.sessions->list.count; i++) {
        is_well = judge_session(&world, world.sessions->list.items[i]);
    }
    is_well = is_well && judge_all_say_why(&world) && nothing_else_runs(&world) &&
              nothing_leaves(&world) && everybody_is_there(&world) && judge_drains(&world);
    arena_fini(&world.arena);
    return is_well && !sim->has_failed;
}

bool judge_is_restless(struct sim *sim)
{
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;
    struct world world = {.sim = sim, .why = &why};
    bool is_restless = false;

    arena_init(&world.arena);
    if (judge_look(&world)) {
        for (size_t i = 0; i < world.sessions->list.count; i++) {
            const struct node *session = world.sessions->list.items[i];
            const struct node *condition = condition_of(session, "Converged");

            /* It is tried again for ever. */
            is_restless |= is_gang(session) && fails_by_itself(session);
            is_restless |= str_eq(node_find_text(condition, "reason"), "GangTimedOut") &&
                           is_shut_out(&world, session);
            is_restless |= str_eq(node_find_text(condition, "reason"), "PolicyMissing") &&
                           may_fail(&world, session);
        }
    }
    arena_fini(&world.arena);
    return is_restless || judge_moves_blindly(sim);
}
