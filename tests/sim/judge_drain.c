/* What is left on agents that are drained: only what has no other place, or is to end there. */
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/shim.h"

static const struct node *session_of(struct world *world, const struct node *copy)
{
    for (size_t i = 0; i < world->sessions->list.count; i++) {
        if (is_of(copy, world->sessions->list.items[i])) {
            return world->sessions->list.items[i];
        }
    }
    return NULL;
}

/* It has no process, and gets none: only what became of it is kept. */
static bool is_over(const struct node *copy)
{
    const char *phase = text_at(copy, "status.phase");

    return str_eq(phase, "Succeeded") || str_eq(phase, "Failed") ||
           node_find(node_find_path(copy, "metadata.annotations"), "fog/given-up") != NULL;
}

/* Why it may still be there; what a person must mend first hides whose turn it is. */
static bool may_be_left(struct world *world, const struct node *agent, const struct node *copy)
{
    static const char *const reasons[] = {"PolicyMissing", "GivenUp",      "Failed", "AgentAway",
                                          "RolloutPaused", "GangTimedOut", "BackOff"};
    const struct node *session = session_of(world, copy);
    const char *reason = node_find_text(condition_of(session, "Converged"), "reason");

    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reason == NULL || str_eq(reason, reasons[i])) {
            return true;
        }
    }
    if (judge_has_tasks(session) && str_eq(text_at(agent, "spec.drain"), "gently") &&
        text_at(copy, "status.startTime")[0] != '\0') {
        return true;
    }
    return !flag_at(session, "spec.everyAgent") && judge_taker(world, session) == NULL;
}

static bool judge_left(struct world *world, const struct node *agent, size_t *ret_left)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *copy = world->assignments->list.items[i];

        if (!str_eq(text_at(copy, "spec.agent"), name_of(agent)) || is_over(copy)) {
            continue;
        }
        ++*ret_left;
        if (session_of(world, copy) != NULL && !may_be_left(world, agent, copy)) {
            return judge_object(world, "%s is drained, and %s is left there and has another place",
                                name_of(agent), name_of(copy));
        }
    }
    return true;
}

bool judge_drains(struct world *world)
{
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];
        const struct machine *machine = machine_of(world, name_of(agent));
        const struct node *condition = condition_of(agent, "Drained");
        size_t left = 0;

        if ((condition != NULL) != is_drained(agent)) {
            return judge_object(world, "%s does not say that it is drained, or does",
                                name_of(agent));
        }
        if (!is_drained(agent) || machine == NULL || machine->is_lost) {
            continue;
        }
        if (!judge_left(world, agent, &left)) {
            return false;
        }
        if (left > 0 && str_eq(node_find_text(condition, "status"), "True")) {
            return judge_object(world, "%s is said to be empty, and has %zu left", name_of(agent),
                                left);
        }
        if (left == 0 && !str_eq(node_find_text(condition, "status"), "True")) {
            return judge_object(world, "%s is empty and does not say so", name_of(agent));
        }
    }
    return true;
}
