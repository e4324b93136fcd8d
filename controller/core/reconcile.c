/* The reconciler: from facts to decisions.
 *
 * Handlers record what they learn and mark what that touches; reconcile() runs last in every step
 * and plans what is marked anew, from what is there now: an event that was lost, repeated or
 * reordered makes a decision late, never wrong.
 *
 * What is marked is small: the sessions that changed, whose copies changed, or that want an agent
 * which could take them now.  A session with very many replicas is not examined again at once, so
 * that ten thousand reports about it cost ten thousand reports and not their square. */
#include "controller/core/reconcile.h"

#include "controller/core/backoff.h"
#include "controller/core/breaker.h"
#include "controller/core/copy.h"
#include "controller/core/lease.h"
#include "controller/core/rollout.h"
#include "schema/diff.h"
#include "schema/limits.h"

#include <assert.h>

static void later(struct mono *moment, struct mono other)
{
    *moment = mono_earlier(*moment, other);
}

/* --- marking ---------------------------------------------------------------------------------- */

static void mark(struct ctl *ctl, struct session_entry *session)
{
    if (session != NULL) {
        model_mark_session(&ctl->model, session);
    }
}

static bool is_converged(const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *condition = condition_find(&status->conditions, "Converged");

    return condition != NULL && condition->status == CONDITION_TRUE;
}

/* Why nothing could be placed may read differently now; that may wait. */
static void refresh_reasons(struct ctl *ctl)
{
    struct mono moment = mono_after(ctl->now, WHY_REFRESH_MS);

    dlist_each (&ctl->model.wanting, struct session_entry, wanting, it) {
        if (dlist_is_empty(&it->dirty) && !is_converged(it) && mono_before(moment, it->look_at)) {
            model_look_at(&ctl->model, it, moment);
        }
    }
}

/* The agent may have room for somebody who wants it. */
static void offer(struct ctl *ctl, struct agent_entry *agent)
{
    if (agent->link == NULL) {
        return;
    }
    dlist_each (&ctl->model.wanting, struct session_entry, wanting, it) {
        if (dlist_is_empty(&it->dirty) && place_could_take(it, agent)) {
            it->is_scan_due = true;
            mark(ctl, it);
        }
    }
}

static void mark_on_agent(struct ctl *ctl, struct agent_entry *agent)
{
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        mark(ctl, it->session);
        ctl->reconciler.loose_is_due |= it->session == NULL;
    }
}

static bool differ(const struct object *before, const struct object *after)
{
    const struct agent *a = agent_of(before), *b = agent_of(after);

    return a->spec.unschedulable != b->spec.unschedulable || a->status.paused != b->status.paused ||
           a->status.capacity.cores != b->status.capacity.cores ||
           a->status.capacity.memory != b->status.capacity.memory ||
           a->status.capacity.disk != b->status.capacity.disk ||
           !str_eq(a->status.platform, b->status.platform) ||
           !str_eq(a->status.version, b->status.version) ||
           !diff_is_empty(before, after, DIFF_META);
}

static void mark_agent(struct ctl *ctl, const struct change *change)
{
    struct agent_entry *agent = model_agent(&ctl->model, change->name);

    if (agent == NULL) {
        dlist_each (&ctl->model.loose, struct assignment_entry, loose, it) {
            if (str_eq(assignment_spec(it)->agent, change->name)) {
                mark(ctl, it->session);
                ctl->reconciler.loose_is_due |= it->session == NULL;
            }
        }
        refresh_reasons(ctl);
    } else if (change->before == NULL || differ(change->before, change->after)) {
        if (change->before == NULL && agent->link == NULL) {
            agent->away_since = ctl->now;
            agent_state_mark(ctl, agent);
        }
        mark_on_agent(ctl, agent);
        offer(ctl, agent);
        refresh_reasons(ctl);
    }
}

static void mark_policy(struct ctl *ctl, const struct change *change)
{
    bool is_same = change->before != NULL && change->after != NULL &&
                   change->before->meta.generation == change->after->meta.generation;

    if (is_same) {
        return;
    }
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (str_eq(session_spec(session)->policy, change->name)) {
            mark(ctl, session);
        }
    }
}

static void mark_session(struct ctl *ctl, const struct change *change)
{
    struct session_entry *session = model_session(&ctl->model, change->name);
    bool is_same = change->before != NULL && change->after != NULL &&
                   change->before->meta.generation == change->after->meta.generation;

    ctl->reconciler.loose_is_due |= change->before != NULL && change->after == NULL;
    if (session != NULL && !is_same) {
        session->is_scan_due = true;
        session->quiet_until = MONO_ZERO;
        mark(ctl, session);
    }
}

static void mark_assignment(struct ctl *ctl, const struct change *change)
{
    const struct assignment_entry *gone = (const struct assignment_entry *)change->removed;
    struct assignment_entry *copy = model_assignment(&ctl->model, change->name);
    const struct assignment_spec *spec;

    if (change->after == NULL) {
        struct agent_entry *agent;

        assert(gone != NULL);
        spec = assignment_spec(gone);
        agent = model_agent(&ctl->model, spec->agent);
        if (agent != NULL) {
            offer(ctl, agent);
        }
        if (!ctl->reconciler.is_writing) {
            mark(ctl, model_session(&ctl->model, spec->session));
        }
        return;
    }
    if (copy != NULL && object_is_deleting(change->after) && copy->leaving_since.ms == 0) {
        copy->leaving_since = ctl->now;
    }
    if (copy != NULL && !ctl->reconciler.is_writing) {
        mark(ctl, copy->session);
        ctl->reconciler.loose_is_due |= copy->session == NULL;
    }
}

void reconcile_mark(struct ctl *ctl, const struct change *change)
{
    switch (change->kind->id) {
    case KIND_AGENT:
        mark_agent(ctl, change);
        break;
    case KIND_HARVEST_POLICY:
        mark_policy(ctl, change);
        break;
    case KIND_HARVEST_SESSION:
        mark_session(ctl, change);
        break;
    case KIND_ASSIGNMENT:
        mark_assignment(ctl, change);
        break;
    case KIND_EVENT:
    case KIND_COUNT:
        break;
    }
}

/* --- what links learn ------------------------------------------------------------------------- */

void reconcile_agent_up(struct ctl *ctl, struct agent_entry *agent)
{
    bool was_awaited = !agent->is_known && mono_before(ctl->now, ctl->reconciler.awaited_until);

    agent->is_known = true;
    agent_state_mark(ctl, agent);
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        /* After a start its last word still counted, so nothing changes for who was well. */
        if (it->session != NULL && (!was_awaited || !is_converged(it->session))) {
            mark(ctl, it->session);
        }
    }
    offer(ctl, agent);
    refresh_reasons(ctl);
}

void reconcile_agent_down(struct ctl *ctl, struct agent_entry *agent)
{
    if (!ctl->reconciler.has_begun) {
        return; /* the start itself: nobody was there yet, and everything is examined anyway */
    }
    agent_state_mark(ctl, agent);
    mark_on_agent(ctl, agent);
    refresh_reasons(ctl);
}

bool reconcile_lease(struct ctl *ctl, struct agent_entry *agent, const char *uid,
                     int64_t lease_epoch)
{
    struct assignment_entry *assignment = model_assignment_by_uid(&ctl->model, uid);

    if (assignment == NULL || !lease_may_renew(assignment, agent, lease_epoch)) {
        return false;
    }
    lease_grant(&ctl->model, assignment, ctl->now);
    return true;
}

/* --- reports ---------------------------------------------------------------------------------- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Contributions only grow, whatever order reports come in. */
static void keep_contribution(struct contribution *to, const struct contribution *before)
{
    const struct shape *shape = &contribution_shape;

    shape_put(shape, to, cpu_ms, larger(to->cpu_ms, before->cpu_ms));
    shape_put(shape, to, wall_ms, larger(to->wall_ms, before->wall_ms));
    shape_put(shape, to, memory_peak, larger(to->memory_peak, before->memory_peak));
    shape_put(shape, to, suspensions, larger(to->suspensions, before->suspensions));
    shape_put(shape, to, period, larger(to->period, before->period));
}

static void state_converged(struct ctl *ctl, struct object *next)
{
    struct assignment_status *status = &((struct assignment *)next->body)->status;
    bool is_ok = status->phase == PHASE_RUNNING || status->phase == PHASE_SUSPENDED ||
                 status->phase == PHASE_SUCCEEDED;
    bool is_observed = status->observed_generation == next->meta.generation;
    const char *word = assignment_phase_words[status->phase];

    condition_set(next, &status->conditions, "Converged",
                  is_ok && is_observed ? CONDITION_TRUE : CONDITION_FALSE,
                  str_is_empty(status->reason) ? word : status->reason,
                  str_is_empty(status->message) ? "its agent reports no more than that"
                                                : status->message,
                  status->observed_generation, ctl->wall);
    shape_mark(&assignment_status_shape, status, &status->conditions);
}

/* The object as the agent says it is now. */
static struct object *reported(struct ctl *ctl, const struct object *before,
                               const struct assignment_status *status, int64_t generation)
{
    struct object *next = object_edit(before);
    struct assignment *body = next->body;
    conditions_t conditions = body->status.conditions;

    body->status = *status;
    body->status.conditions = conditions;
    body->status.reason = object_strdup(next, status->reason);
    body->status.message = object_strdup(next, status->message);
    shape_put(&assignment_status_shape, &body->status, observed_generation, generation);
    shape_put(&assignment_status_shape, &body->status, phase, status->phase);
    shape_put(&assignment_status_shape, &body->status, restarts, status->restarts);
    keep_contribution(&body->status.contribution, &assignment_of(before)->status.contribution);
    shape_mark(&assignment_status_shape, &body->status, &body->status.contribution);
    shape_mark(&assignment_shape, body, &body->status);
    state_converged(ctl, next);
    return next;
}

/* What of a report can change a plan. */
static bool is_news(const struct assignment_status *before, const struct assignment_status *after,
                    int64_t generation)
{
    return before->phase != after->phase || before->failures != after->failures ||
           before->observed_generation != generation || !str_eq(before->reason, after->reason);
}

void reconcile_report(struct ctl *ctl, struct agent_entry *agent,
                      struct assignment_entry *assignment, const struct assignment_status *status,
                      int64_t generation)
{
    const struct write write = {ROW_STATUS,
                                arena_printf(&ctl->arena, "agent/%s", agent->object->meta.name),
                                "fog-agent", ""};
    struct object *before = object_ref(assignment->object);
    const struct assignment_status *old = &assignment_of(before)->status;
    struct session_entry *session = assignment->session;
    bool is_leaving = object_is_deleting(before), closes;

    if (generation < old->observed_generation) {
        ctl->counters.stale_messages++;
        object_unref(before);
        return;
    }
    ctl_begin(ctl, false);
    closes = agent_state_feed(ctl, agent, old, status);
    (void)ctl_put(ctl, reported(ctl, before, status, generation), &write);
    if (copy_has_failed(assignment) && old->phase != PHASE_FAILED) {
        assignment->retry_at =
            mono_after(ctl->now, backoff_ms(copy_failures(assignment), &ctl->rand));
    }
    ctl->reconciler.is_writing = true; /* marked below, and only when it can matter */
    if (is_leaving && status->phase == PHASE_STOPPED) {
        const struct write removal = {ROW_LEDGER, write.who, "fog-agent", "it has ended"};

        breaker_forget_probe(&agent->breaker, before->meta.uid);
        ctl_remove(ctl, assignment->object, &removal);
    }
    ctl_commit(ctl);
    ctl->reconciler.is_writing = false;
    if (is_news(old, status, generation)) {
        mark(ctl, session);
    }
    if (closes) {
        offer(ctl, agent);
    }
    object_unref(before);
}

/* --- one session ------------------------------------------------------------------------------ */

struct template_entry *reconcile_template(struct ctl *ctl, const struct session_entry *session)
{
    const struct harvest_session_spec *spec = session_spec(session);
    struct template template = {0};

    if (!str_is_empty(spec->policy)) {
        const struct policy_entry *policy = model_policy(&ctl->model, spec->policy);

        if (policy == NULL) {
            return NULL;
        }
        shape_put(&template_shape, &template, limits,
                  harvest_policy_of(policy->object)->spec.limits);
    }
    shape_put(&template_shape, &template, workload, spec->workload);
    shape_put(&template_shape, &template, grace_ms, spec->grace_ms);
    shape_put(&template_shape, &template, orphan_after_ms, spec->orphan_after_ms);
    if (spec->exclusive) {
        shape_put(&template_shape, &template, lease_ms, spec->lease_ms);
    }
    return model_template(&ctl->model, &template);
}

void reconcile_plan_session(struct ctl *ctl, struct session_entry *session,
                            struct template_entry *template, struct plan *ret_plan)
{
    const struct plan_input input = {
        .model = &ctl->model,
        .session = session,
        .template = template,
        .now = ctl->now,
        .awaited_until = ctl->reconciler.awaited_until,
        .counters = &ctl->counters,
    };

    ctl->counters.sessions_reconciled++;
    plan_build(&ctl->arena, &input, ret_plan);
}

static bool has_gap(const struct plan *plan, enum why why)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].why == why) {
            return true;
        }
    }
    return false;
}

/* False when the bound of a step was reached before the session was done. */
static bool reconcile_session(struct ctl *ctl, struct session_entry *session)
{
    struct template_entry *template = reconcile_template(ctl, session);
    uint64_t examined = ctl->counters.assignments_examined + ctl->counters.agents_examined;
    struct plan plan;
    bool lacks_agent;

    reconcile_plan_session(ctl, session, template, &plan);
    if (!rollout_carry_out(ctl, session, template, &plan, 1)) {
        return false;
    }
    rollout_record(ctl, session, &plan);
    rollout_state(ctl, session, &plan);
    lacks_agent = has_gap(&plan, WHY_NO_AGENT);
    session->is_scan_due = lacks_agent;
    model_want(&ctl->model, session, lacks_agent || session_spec(session)->every_agent);
    model_look_at(&ctl->model, session, plan.look_at);
    examined = ctl->counters.assignments_examined + ctl->counters.agents_examined - examined;
    session->quiet_until = mono_after(ctl->now, (int64_t)examined / EXAMINE_PER_MS);
    return true;
}

static bool reconcile_sessions(struct ctl *ctl)
{
    while (!dlist_is_empty(&ctl->model.dirty)) {
        struct session_entry *session =
            dlist_owner(ctl->model.dirty.next, struct session_entry, dirty);

        dlist_remove(&session->dirty);
        if (mono_before(ctl->now, session->quiet_until)) {
            model_look_at(&ctl->model, session,
                          mono_earlier(session->look_at, session->quiet_until));
        } else if (!reconcile_session(ctl, session)) {
            mark(ctl, session);
            return false;
        }
    }
    return true;
}

/* --- the rest of the marked ------------------------------------------------------------------- */

/* Assignments whose session is gone. */
static bool reconcile_loose(struct ctl *ctl)
{
    if (!ctl->reconciler.loose_is_due && !mono_is_due(ctl->reconciler.loose_at, ctl->now)) {
        return true;
    }
    ctl->reconciler.loose_at = MONO_NEVER;
    ctl->reconciler.loose_is_due = false;
    dlist_each (&ctl->model.loose, struct assignment_entry, loose, it) {
        size_t before = ctl->changes.count;

        if (it->session != NULL) {
            continue;
        }
        if (ctl->derived_rows >= STEP_STORES_MAX) {
            ctl->reconciler.loose_is_due = true;
            return false;
        }
        ctl->counters.assignments_examined++;
        if (!rollout_end(ctl, it, "its session is gone")) {
            later(&ctl->reconciler.loose_at, copy_may_go_at(&ctl->model, it));
        }
        ctl->derived_rows += ctl->changes.count - before;
    }
    return true;
}

static bool reconcile_agents(struct ctl *ctl)
{
    while (!dlist_is_empty(&ctl->model.restate)) {
        struct agent_entry *agent =
            dlist_owner(ctl->model.restate.next, struct agent_entry, restate);

        if (ctl->derived_rows >= STEP_STORES_MAX) {
            return false;
        }
        dlist_remove(&agent->restate);
        agent_state_write(ctl, agent);
    }
    return true;
}

/* What was not stored: until when leases may last, when to try again. */
static void begin(struct ctl *ctl)
{
    ctl->reconciler.has_begun = true;
    ctl->reconciler.awaited_until = mono_after(ctl->started_at, RECONNECT_MAX_MS);
    ctl->reconciler.loose_is_due = true;
    ctl->reconciler.loose_at = MONO_NEVER;
    map_each (&ctl->model.objects[KIND_ASSIGNMENT], it) {
        struct assignment_entry *copy = it->value;

        if (assignment_is_exclusive(copy)) {
            lease_grant(&ctl->model, copy, ctl->started_at);
        }
        if (!copy->is_in_set) {
            copy->leaving_since = ctl->started_at;
        }
        if (copy_has_failed(copy)) {
            copy->retry_at =
                mono_after(ctl->started_at, backoff_ms(copy_failures(copy), &ctl->rand));
        }
    }
}

/* Who has not come back by now is away. */
static void end_awaiting(struct ctl *ctl)
{
    ctl->reconciler.has_awaited = true;
    map_each (&ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;

        if (agent->link == NULL && !agent->is_known) {
            agent_state_mark(ctl, agent);
            mark_on_agent(ctl, agent);
        }
    }
}

static bool has_work(const struct ctl *ctl)
{
    return !dlist_is_empty(&ctl->model.dirty) || !dlist_is_empty(&ctl->model.restate) ||
           ctl->reconciler.loose_is_due || mono_is_due(ctl->reconciler.loose_at, ctl->now);
}

static bool reconcile_pass(struct ctl *ctl)
{
    bool is_done;

    ctl_begin(ctl, false);
    is_done = reconcile_sessions(ctl) && reconcile_loose(ctl) && reconcile_agents(ctl);
    ctl->reconciler.is_writing = true;
    ctl_commit(ctl);
    ctl->reconciler.is_writing = false;
    return is_done;
}

void reconcile(struct ctl *ctl)
{
    struct mono next;

    if (!ctl->reconciler.has_begun) {
        begin(ctl);
    }
    if (!ctl->reconciler.has_awaited && mono_is_due(ctl->reconciler.awaited_until, ctl->now)) {
        end_awaiting(ctl);
    }
    next = agent_state_tick(ctl, offer);
    for (size_t i = 0; i < RECONCILE_PASSES_MAX && has_work(ctl); i++) {
        if (!reconcile_pass(ctl)) {
            break;
        }
    }
    if (has_work(ctl)) {
        next = ctl->now;
    }
    if (!ctl->reconciler.has_awaited) {
        later(&next, ctl->reconciler.awaited_until);
    }
    later(&next, ctl->reconciler.loose_at);
    later(&ctl->retry_step_at, next);
}
