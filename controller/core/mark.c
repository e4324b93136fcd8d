/* What a change or a fact touches: the sessions to plan anew.
 *
 * Who wants an agent is not asked with each change, only when an agent could take it: so an agent
 * that comes costs as much as there are sessions that want one, and not as there are sessions. */
#include "controller/core/copy.h"
#include "controller/core/metrics.h"
#include "controller/core/reconcile.h"

#include "schema/base/site.h"
#include "schema/diff.h"
#include "schema/limits.h"

#include <assert.h>

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

/* It should run on this agent as on every other, has no room there, and does not know yet. */
static bool misses(const struct session_entry *session, const struct agent_entry *agent)
{
    size_t demand;

    if (!session_spec(session)->every_agent || session->is_scan_due) {
        return false;
    }
    switch (place_judge(session, agent, &session_spec(session)->workload.resources, &demand)) {
    case REFUSED_BREAKER:
    case REFUSED_CORES:
    case REFUSED_MEMORY:
    case REFUSED_DISK:
    case REFUSED_FULL:
        return !place_is_present(session, agent);
    case REFUSED_SELECTOR:
    case REFUSED_REQUIREMENT:
    case REFUSED_AWAY:
    case REFUSED_PAUSED:
    case REFUSED_UNSCHEDULABLE:
    case REFUSED_HELD:
    case REFUSED_PRESENT:
    case REFUSAL_COUNT:
        break;
    }
    return false;
}

bool mark_finds_room(const struct session_entry *session, const struct agent_entry *agent)
{
    return place_could_take(session, agent) || misses(session, agent);
}

bool mark_is_taker(const struct session_entry *session, const struct agent_entry *agent)
{
    bool grows_there = !is_converged(session) && place_is_present(session, agent);

    return grows_there || mark_finds_room(session, agent);
}

void mark_offer(struct ctl *ctl, struct agent_entry *agent)
{
    if (agent->link == NULL || MUTANT(ROOM_NOT_OFFERED)) {
        return;
    }
    dlist_each (&ctl->model.wanting, struct session_entry, wanting, it) {
        bool is_marked = !dlist_is_empty(&it->dirty) && it->is_scan_due;

        if (!is_marked && mark_is_taker(it, agent)) {
            it->is_scan_due = true;
            model_mark_session(&ctl->model, it);
        }
    }
}

/* What has failed there makes room for the next try. */
static bool could_take_again(const struct session_entry *session, const struct agent_entry *agent)
{
    const struct resources *needs = &session_spec(session)->workload.resources;
    size_t demand;
    enum place_refusal refusal = place_judge(session, agent, needs, &demand);

    if (refusal == REFUSED_FULL || place_rule(refusal) != 5) {
        return refusal == REFUSAL_COUNT;
    }
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        if (it->session == session && copy_has_failed(it) &&
            place_judge_again(it, needs, NULL) == REFUSAL_COUNT) {
            return true;
        }
    }
    return false;
}

void reconcile_readings(struct ctl *ctl, struct agent_entry *agent)
{
    dlist_each (&ctl->model.wanting, struct session_entry, wanting, it) {
        bool is_marked = !dlist_is_empty(&it->dirty) && it->is_scan_due;

        if (!is_marked && place_heeds_readings(it) && could_take_again(it, agent)) {
            MARK("a reading makes an agent fit");
            it->is_scan_due = true;
            model_mark_session(&ctl->model, it);
        }
    }
}

void mark_on_agent(struct ctl *ctl, struct agent_entry *agent)
{
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        mark(ctl, it->session);
        ctl->reconciler.loose_is_due |= it->session == NULL;
    }
}

bool mark_agents_differ(const struct object *before, const struct object *after)
{
    const struct agent *a = agent_of(before), *b = agent_of(after);

    return a->spec.unschedulable != b->spec.unschedulable || a->spec.drain != b->spec.drain ||
           a->status.paused != b->status.paused ||
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

    if (agent == NULL || change->after == NULL) { /* one of that name may have come in its place */
        ctl->untold_revision = ctl->revision;
        dlist_each (&ctl->model.loose, struct assignment_entry, loose, it) {
            if (str_eq(assignment_spec(it)->agent, change->name)) {
                mark(ctl, it->session);
                ctl->reconciler.loose_is_due |= it->session == NULL;
            }
        }
        refresh_reasons(ctl);
    } else if (change->before == NULL || mark_agents_differ(change->before, change->after)) {
        if (change->before == NULL && agent->link == NULL) {
            agent->away_since = ctl->now;
        }
        agent_state_mark(ctl, agent);
        mark_on_agent(ctl, agent);
        mark_offer(ctl, agent);
        refresh_reasons(ctl);
    }
}

static void mark_policy(struct ctl *ctl, const struct change *change)
{
    bool is_same = change->before != NULL && change->after != NULL &&
                   change->before->meta.generation == change->after->meta.generation;

    if (is_same || (MUTANT(POLICY_CHANGE_UNSEEN) && change->before != NULL)) {
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
    if (session != NULL && change->after != NULL) {
        metrics_session(ctl, session, change);
    }
    if (session != NULL && !is_same) {
        session->is_scan_due = true;
        session->quiet_until = MONO_ZERO;
        mark(ctl, session);
    }
}

/* Another template may need less of the agent, and what was given up needs nothing. */
bool mark_may_leave_room(const struct object *before, const struct object *after)
{
    return before != NULL &&
           (!str_eq(assignment_of(before)->spec.template_digest,
                    assignment_of(after)->spec.template_digest) ||
            (strmap_find(&before->meta.annotations, GIVEN_UP_ANNOTATION) == NULL) !=
                (strmap_find(&after->meta.annotations, GIVEN_UP_ANNOTATION) == NULL));
}

/* There may be nothing left on it. */
static void mark_drain(struct ctl *ctl, struct agent_entry *agent)
{
    if (agent_spec(agent)->drain != DRAIN_NEVER) {
        agent_state_mark(ctl, agent);
    }
}

static void mark_assignment(struct ctl *ctl, const struct change *change)
{
    const struct assignment_entry *gone = (const struct assignment_entry *)change->removed;
    struct assignment_entry *copy = model_assignment(&ctl->model, change->name);
    const struct assignment_spec *spec;

    if (change->after == NULL) {
        struct session_entry *session;
        struct agent_entry *agent;

        assert(gone != NULL);
        spec = assignment_spec(gone);
        agent = model_agent(&ctl->model, spec->agent);
        if (agent != NULL) {
            mark_offer(ctl, agent);
            mark_drain(ctl, agent);
        }
        session = model_session(&ctl->model, spec->session);
        if (!ctl->reconciler.is_writing ||
            (session != NULL && !str_eq(session->object->meta.uid, spec->session_uid))) {
            mark(ctl, session); /* also a later one of that name, which may have waited for this */
        }
        return;
    }
    if (copy != NULL && object_is_deleting(change->after) && copy->leaving_since.ms == 0) {
        copy->leaving_since = ctl->now;
    }
    if (copy != NULL && copy->agent != NULL) {
        mark_drain(ctl, copy->agent);
    }
    if (copy != NULL && copy->agent != NULL && mark_may_leave_room(change->before, change->after)) {
        mark_offer(ctl, copy->agent);
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
    case KIND_SOURCE:
    case KIND_CONFLICT:
    case KIND_ALERT_RULE:
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
        copy_note_held_anew(it, ctl->now); /* what it was meanwhile is about to be told */
        /* After a start its last word still counted, so nothing changes for who was well. */
        if (it->session != NULL && (!was_awaited || !is_converged(it->session))) {
            mark(ctl, it->session);
        }
    }
    mark_offer(ctl, agent);
    refresh_reasons(ctl);
}

void reconcile_agent_down(struct ctl *ctl, struct agent_entry *agent)
{
    if (!ctl->reconciler.has_begun) {
        return; /* the start itself: nobody was there yet, and everything is examined anyway */
    }
    agent_state_mark(ctl, agent);
    if (!MUTANT(LOSS_UNNOTICED)) {
        mark_on_agent(ctl, agent);
    }
    refresh_reasons(ctl);
}
