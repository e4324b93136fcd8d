/* What an agent's own object says of it: is it connected, does what is started there start, and may
 * anything be placed there?  The last is said only while it may not. */
#include "controller/core/breaker.h"
#include "controller/core/copy.h"
#include "controller/core/reconcile.h"
#include "controller/core/repute.h"
#include "schema/base/site.h"
#include "schema/limits.h"
#include "schema/scalar.h"

struct state { /* of one condition */
    enum condition_status status;
    const char *reason, *message;
};

static struct state ready_state(const struct agent_entry *agent)
{
    if (agent->link != NULL) {
        return (struct state){CONDITION_TRUE, "Connected", "it is connected and reports"};
    }
    if (str_is_empty(agent_status(agent)->version)) {
        return (struct state){CONDITION_FALSE, "NeverConnected", "it has not connected yet"};
    }
    return (struct state){CONDITION_FALSE, "Silent",
                          "its connection was lost and nothing was heard of it since"};
}

static struct state healthy_state(const struct agent_entry *agent)
{
    switch (agent->breaker.state) {
    case BREAKER_CLOSED:
        break;
    case BREAKER_OPEN:
        return (struct state){CONDITION_FALSE, "BreakerOpen",
                              "starts failed again and again; nothing is placed here for a while"};
    case BREAKER_HALF_OPEN:
        return (struct state){CONDITION_FALSE, "BreakerProbing",
                              "starts failed again and again; one is tried before more is placed"};
    }
    return (struct state){CONDITION_TRUE, "Starts", "what is started here does start"};
}

/* No reason: it may have work. */
static struct state schedulable_state(const struct agent_entry *agent)
{
    if (agent_spec(agent)->drain != DRAIN_NEVER) {
        return (struct state){CONDITION_FALSE, "Draining",
                              "nothing new is placed here, and what runs goes elsewhere"};
    }
    if (agent_spec(agent)->unschedulable) {
        return (struct state){CONDITION_FALSE, "Cordoned",
                              "nothing new is placed here; what runs stays"};
    }
    return (struct state){CONDITION_TRUE, NULL, NULL};
}

/* No reason: it is not paused. */
static struct state paused_state(const struct agent_entry *agent)
{
    if (!agent_status(agent)->paused) {
        return (struct state){CONDITION_FALSE, NULL, NULL};
    }
    return (struct state){CONDITION_TRUE, "OwnerPaused",
                          "the owner of the machine lets nothing run"};
}

/* What was given up is not in its set any more: it has said that it stopped, or knows nothing of
 * it. */
static bool has_stopped(struct ctl *ctl, const struct assignment_entry *copy)
{
    int64_t generation;
    struct mono forgotten_at;

    if (copy_given_up(copy, &generation) == NULL) {
        return false;
    }
    if (copy_says_stopped(assignment_status(copy))) {
        return true;
    }
    forgotten_at = copy_forgotten_at(&ctl->model, copy);
    if (!mono_is_due(forgotten_at, ctl->now)) {
        ctl->reconciler.drained_at = mono_earlier(ctl->reconciler.drained_at, forgotten_at);
        return false;
    }
    return true;
}

/* What has ended for good stays where it is: it is only remembered. */
static bool is_empty(struct ctl *ctl, const struct agent_entry *agent)
{
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        if (!copy_is_done(it) && !copy_has_failed(it) && !has_stopped(ctl, it)) {
            return false;
        }
    }
    return true;
}

/* No reason: it is not drained. */
static struct state drained_state(struct ctl *ctl, const struct agent_entry *agent)
{
    if (agent_spec(agent)->drain == DRAIN_NEVER) {
        return (struct state){CONDITION_FALSE, NULL, NULL};
    }
    if (agent->link == NULL) { /* also what was placed elsewhere meanwhile may run there */
        return (struct state){CONDITION_FALSE, "AgentAway",
                              "it is not connected, and nobody knows what runs there"};
    }
    if (is_empty(ctl, agent)) {
        return (struct state){CONDITION_TRUE, "Drained", "nothing runs here any more"};
    }
    return (struct state){CONDITION_FALSE, "Draining",
                          "what runs here goes elsewhere as soon as it can"};
}

static bool is_stated(const struct agent_entry *agent, const char *type, const struct state *state)
{
    const struct condition *condition = condition_find(&agent_status(agent)->conditions, type);

    if (state->reason == NULL) {
        return condition == NULL;
    }
    return condition != NULL && condition->status == (int)state->status &&
           str_eq(condition->reason, state->reason);
}

static void put_state(struct ctl *ctl, struct object *next, const char *type,
                      const struct state *state)
{
    conditions_t *conditions = &((struct agent *)next->body)->status.conditions;

    if (state->reason == NULL) {
        condition_drop(conditions, type);
    } else {
        condition_set(next, conditions, type, state->status, state->reason, state->message,
                      next->meta.generation, ctl->wall);
    }
}

/* What an operator declared, told as it is taken up. */
static void tell_schedulable(struct ctl *ctl, const struct agent_entry *agent,
                             const struct state *state)
{
    if (state->reason == NULL) {
        ctl_event_record(ctl, agent->object, "Normal", "Uncordoned", "work is placed here again");
    } else {
        ctl_event_record(ctl, agent->object, "Normal", state->reason, "%s", state->message);
    }
}

void agent_state_write(struct ctl *ctl, struct agent_entry *agent)
{
    const struct write write = {ROW_STATUS, "reconciler", "fog-controller", ""};
    const struct state ready = ready_state(agent), healthy = healthy_state(agent);
    const struct state schedulable = schedulable_state(agent);
    const struct state drained = drained_state(ctl, agent), paused = paused_state(agent);
    bool is_told = is_stated(agent, "Schedulable", &schedulable);
    bool is_drain_told = is_stated(agent, "Drained", &drained);
    struct object *next;
    struct agent *body;

    repute_tell(ctl, agent);
    if (is_stated(agent, "Ready", &ready) && is_stated(agent, "Healthy", &healthy) && is_told &&
        is_drain_told && is_stated(agent, "Paused", &paused) && !repute_is_due(agent)) {
        return;
    }
    if (!is_told) {
        tell_schedulable(ctl, agent, &schedulable);
    }
    if (!is_drain_told && drained.status == CONDITION_TRUE) {
        MARK("an agent is drained");
        ctl_event_record(ctl, agent->object, "Normal", drained.reason, "%s", drained.message);
    }
    next = object_edit(agent->object);
    body = next->body;
    repute_write(agent, &body->status);
    put_state(ctl, next, "Ready", &ready);
    put_state(ctl, next, "Healthy", &healthy);
    put_state(ctl, next, "Schedulable", &schedulable);
    put_state(ctl, next, "Drained", &drained);
    put_state(ctl, next, "Paused", &paused);
    shape_mark(&agent_status_shape, &body->status, &body->status.conditions);
    shape_put(&agent_status_shape, &body->status, observed_generation, next->meta.generation);
    shape_mark(&agent_shape, body, &body->status);
    (void)ctl_put(ctl, next, &write);
    ctl->derived_rows++;
}

void agent_state_mark(struct ctl *ctl, struct agent_entry *agent)
{
    if (dlist_is_empty(&agent->restate)) {
        dlist_add(&ctl->model.restate, &agent->restate);
    }
}

void agent_state_drained(struct ctl *ctl)
{
    if (!mono_is_due(ctl->reconciler.drained_at, ctl->now)) {
        return;
    }
    ctl->reconciler.drained_at = MONO_NEVER;
    map_each (&ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;

        if (agent->link != NULL && agent_spec(agent)->drain != DRAIN_NEVER) {
            agent_state_mark(ctl, agent);
        }
    }
}

/* --- the breaker ------------------------------------------------------------------------------ */

static void breaker_moved(struct ctl *ctl, struct agent_entry *agent)
{
    agent_state_mark(ctl, agent);
    dlist_remove(&agent->tripped);
    if (agent->breaker.state != BREAKER_CLOSED) {
        dlist_add(&ctl->model.tripped, &agent->tripped);
    }
}

static unsigned failed_starts(const struct assignment_status *before,
                              const struct assignment_status *after)
{
    bool is_news = after->failures > before->failures ||
                   after->observed_generation != before->observed_generation ||
                   (after->phase == PHASE_FAILED && before->phase != PHASE_FAILED);

    if (!str_eq(after->reason, "StartFailed") || !is_news) {
        return 0;
    }
    return after->failures > before->failures ? (unsigned)(after->failures - before->failures) : 1;
}

static const char *const fetch_failures[] = {"ArtifactMissing", "ArtifactCorrupt", "ArtifactNoRoom",
                                             "FetchFailed", NULL};

/* What its policy holds, or what waits for an artifact, may do so for days; and what ended without
 * being seen to run does not start any more. */
static bool is_no_try(const struct assignment_status *after)
{
    switch ((enum assignment_phase)after->phase) {
    case PHASE_PENDING:
    case PHASE_RUNNING:
    case PHASE_STOPPING:
    case PHASE_STOPPED:
        break;
    case PHASE_STARTING:
        return !str_is_empty(after->reason) && words_index(fetch_failures, after->reason) >= 0;
    case PHASE_SUSPENDED:
    case PHASE_SUCCEEDED:
    case PHASE_FAILED:
        return true;
    }
    return false;
}

bool agent_state_feed(struct ctl *ctl, struct agent_entry *agent, const struct object *assignment,
                      const struct assignment_status *after)
{
    const struct assignment_status *before = &assignment_of(assignment)->status;
    unsigned starts = failed_starts(before, after);

    if (starts > 0 && breaker_failed(&agent->breaker, starts, ctl->now)) {
        MARK("a breaker opens");
        ctl_event_record(ctl, agent->object, "Warning", "BreakerOpened",
                         "%d starts in a row failed; nothing is placed here for a while",
                         BREAKER_FAILURES);
        breaker_moved(ctl, agent);
    } else if (after->phase == PHASE_RUNNING && before->phase != PHASE_RUNNING &&
               breaker_succeeded(&agent->breaker)) {
        MARK("a breaker closes");
        ctl_event_record(ctl, agent->object, "Normal", "BreakerClosed",
                         "a start went well; work is placed here again");
        breaker_moved(ctl, agent);
        return true;
    } else if (is_no_try(after) && breaker_forget_probe(&agent->breaker, assignment->meta.uid)) {
        return true;
    }
    return false;
}

struct mono agent_state_tick(struct ctl *ctl,
                             void (*changed)(struct ctl *ctl, struct agent_entry *agent))
{
    struct mono next = MONO_NEVER;

    dlist_each (&ctl->model.tripped, struct agent_entry, tripped, it) {
        if (breaker_wait_over(&it->breaker, ctl->now)) {
            agent_state_mark(ctl, it);
            changed(ctl, it);
        } else if (it->breaker.state == BREAKER_OPEN) {
            next = mono_earlier(next, it->breaker.open_until);
        }
    }
    return next;
}
