/* The reconciler: from facts to decisions.
 *
 * Handlers record what they learn and mark what that touches; reconcile() runs last in every step
 * and plans what is marked anew, from what is there now: an event that was lost, repeated or
 * reordered makes a decision late, never wrong.
 *
 * What is marked is small: the sessions that changed, whose copies changed, or that want an agent
 * which could take them now.  A session with very many replicas is not examined again at once, so
 * that ten thousand reports about it cost ten thousand reports and not their square.  Many of them
 * are planned in as many steps as it takes (STEP_EXAMINE_MAX): between two of them others are
 * heard. */
#include "controller/core/reconcile.h"

#include "controller/core/backoff.h"
#include "controller/core/copy.h"
#include "controller/core/deadline.h"
#include "controller/core/gang.h"
#include "controller/core/lease.h"
#include "controller/core/reconcile_log.h"
#include "controller/core/rollout.h"
#include "controller/core/tasks.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdio.h>

static void later(struct mono *moment, struct mono other)
{
    *moment = mono_earlier(*moment, other);
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
        shape_put(&template_shape, &template, policy, harvest_policy_of(policy->object)->spec);
    }
    shape_put(&template_shape, &template, workload, spec->workload);
    shape_put(&template_shape, &template, grace_ms, spec->grace_ms);
    shape_put(&template_shape, &template, orphan_after_ms, spec->orphan_after_ms);
    if (spec->exclusive) {
        shape_put(&template_shape, &template, lease_ms, spec->lease_ms);
    }
    if (spec->drift != DRIFT_HEAL) { /* as those templates are that were made before there was it */
        shape_put(&template_shape, &template, drift, spec->drift);
    }
    if (harvest_session_has_tasks(spec)) {
        /* Where it is tried again is decided here. */
        shape_put(&workload_shape, &template.workload, restart, RESTART_NEVER);
        shape_put(&template_shape, &template, task_count, spec->tasks.count);
    }
    return model_template(&ctl->model, &template);
}

static uint64_t work_of(const struct ctl *ctl)
{
    return ctl->counters.assignments_examined +
           ctl->counters.agents_examined / PLAN_AGENTS_PER_COPY;
}

size_t reconcile_plan_session(struct ctl *ctl, struct session_entry *session,
                              struct template_entry *template, struct plan *ret_plan)
{
    uint64_t work = work_of(ctl);
    const struct plan_input input = {
        .model = &ctl->model,
        .session = session,
        .template = template,
        .now = ctl->now,
        .awaited_until = ctl->reconciler.awaited_until,
        .is_unsettled = ctl->is_unsettled,
        .bursts_max = ctl->options.bursts_max,
        .counters = &ctl->counters,
    };

    ctl->counters.sessions_reconciled++;
    plan_build(&ctl->arena, &input, ret_plan);
    return 1 + ret_plan->desired + PLAN_COPIES_PER_STEP * ret_plan->step_count +
           (size_t)(work_of(ctl) - work);
}

bool reconcile_lacks_agent(const struct plan *plan)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].why == WHY_NO_AGENT) {
            return true;
        }
    }
    return false;
}

bool reconcile_wants_agent(const struct session_entry *session, const struct plan *plan)
{
    return reconcile_lacks_agent(plan) || plan->wants_other || session_spec(session)->every_agent ||
           (plan->tasks != NULL && plan->tasks->waiting > 0);
}

/* On a full disk work can still be ended, and nothing else is written. */
static void keep_stops(struct plan *plan)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].action == PLAN_STOP) {
            plan->steps[kept++] = plan->steps[i];
        }
    }
    plan->step_count = kept;
    if (plan->tasks != NULL) {
        plan->tasks->end_count = 0;
    }
}

/* Steps wait for their wave, and what is ended before them needs no word of an agent: nobody would
 * ever say that their turn has come. */
bool reconcile_turn_is_next(const struct ctl *ctl, const struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count && plan->waves > 1; i++) {
        const struct plan_step *step = &plan->steps[i];

        if (step->action == PLAN_STOP && step->wave == 1 && !step->gives_up &&
            copy_may_go(&ctl->model, step->copy, ctl->now)) {
            return true;
        }
    }
    return false;
}

/* How long a session that was just planned is left alone.  Of very many copies each is a walk
 * through memory that nothing else keeps near: they are to take a small part of the time, also
 * where the machine has other work. */
static int64_t quiet_ms(uint64_t copies, uint64_t agents)
{
    uint64_t many = copies > EXAMINE_FEW ? copies - EXAMINE_FEW : 0;

    return (int64_t)((copies + agents) / EXAMINE_PER_MS + many / EXAMINE_MANY_PER_MS);
}

/* False when the bound of a step was reached before the session was done. */
static bool reconcile_session(struct ctl *ctl, struct session_entry *session)
{
    struct template_entry *template = reconcile_template(ctl, session);
    uint64_t copies = ctl->counters.assignments_examined, agents = ctl->counters.agents_examined;
    struct plan plan;
    bool lacks_agent, goes_on, is_done;

    if (!ctl->store_is_full && !rollout_grant_anew(ctl, session)) {
        return false;
    }
    ctl->reconciler.examined += reconcile_plan_session(ctl, session, template, &plan);
    reconcile_log_session(ctl, session, &plan);
    if (ctl->store_is_full) {
        MARK("on a full disk work is only ended");
        keep_stops(&plan);
        if (!rollout_carry_out(ctl, session, template, &plan, 1)) {
            return false;
        }
        if (plan.gang.takes_back) {
            gang_note(ctl, session, &plan);
        }
        return true;
    }
    goes_on = reconcile_turn_is_next(ctl, &plan);
    is_done = rollout_carry_out(ctl, session, template, &plan, 1);
    rollout_record(ctl, session, &plan);
    if (!is_done) {
        return false;
    }
    if (goes_on) {
        MARK("the next wave follows at once");
        model_mark_session(&ctl->model, session);
    }
    lacks_agent = reconcile_lacks_agent(&plan);
    session->is_scan_due = lacks_agent || template == NULL; /* without its policy none was done */
    model_want(&ctl->model, session, reconcile_wants_agent(session, &plan));
    model_look_at(&ctl->model, session, plan.look_at);
    gang_note(ctl, session, &plan);
    deadline_note(ctl, session, template, &plan);
    rollout_state(ctl, session, &plan);
    copies = ctl->counters.assignments_examined - copies;
    agents = ctl->counters.agents_examined - agents;
    session->quiet_until =
        mono_after(ctl->now, BUGGIFY("session-quiet") ? 300 : quiet_ms(copies, agents));
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct session_entry *const *left = a, *const *right = b;

    return strcmp((*left)->object->meta.name, (*right)->object->meta.name);
}

/* Who comes first to room that several want does not depend on who was marked first: a plan that
 * was shown is carried out as it was shown.  After a step that was cut short those come first that
 * it did not come to, so that everybody has a turn. */
static void sort_dirty(struct ctl *ctl)
{
    struct session_entry **sessions;
    size_t count = 0, i = 0, first = 0;

    dlist_each (&ctl->model.dirty, struct session_entry, dirty, it) {
        count++;
    }
    if (count < 2) {
        return;
    }
    sessions = arena_array(&ctl->arena, count, sizeof(struct session_entry *));
    while (!dlist_is_empty(&ctl->model.dirty)) {
        sessions[i] = dlist_owner(ctl->model.dirty.next, struct session_entry, dirty);
        dlist_remove(&sessions[i++]->dirty);
    }
    qsort(sessions, count, sizeof(struct session_entry *), by_name);
    while (first < count &&
           strcmp(sessions[first]->object->meta.name, ctl->reconciler.left_at) <= 0) {
        first++;
    }
    for (i = 0; i < count; i++) {
        dlist_add(&ctl->model.dirty, &sessions[(first + i) % count]->dirty);
    }
}

/* The bound is looked at between two sessions. */
static bool is_enough(struct ctl *ctl)
{
    return ctl->reconciler.examined >= STEP_EXAMINE_MAX ||
           (ctl->reconciler.examined > 0 && BUGGIFY("reconcile-cut"));
}

static bool reconcile_sessions(struct ctl *ctl)
{
    char last[sizeof(ctl->reconciler.left_at)] = "";

    sort_dirty(ctl);
    while (!dlist_is_empty(&ctl->model.dirty)) {
        struct session_entry *session =
            dlist_owner(ctl->model.dirty.next, struct session_entry, dirty);

        if (is_enough(ctl)) {
            MARK("there is too much to plan for one step");
            if (last[0] != '\0') {
                memcpy(ctl->reconciler.left_at, last, sizeof(last));
            }
            return false;
        }
        (void)snprintf(last, sizeof(last), "%s", session->object->meta.name);
        dlist_remove(&session->dirty);
        if (mono_before(ctl->now, session->quiet_until)) {
            MARK("a session that was much work is left alone for a while");
            model_look_at(&ctl->model, session,
                          mono_earlier(session->look_at, session->quiet_until));
        } else if (!reconcile_session(ctl, session)) {
            MARK("a plan is too large for one step");
            model_mark_session(&ctl->model, session);
            return false;
        }
    }
    ctl->reconciler.left_at[0] = '\0';
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
            MARK("what a deleted session ran is waited for");
            later(&ctl->reconciler.loose_at, copy_may_go_at(&ctl->model, it, ctl->now));
        }
        ctl->derived_rows += ctl->changes.count - before;
    }
    return true;
}

static bool reconcile_agents(struct ctl *ctl)
{
    while (!dlist_is_empty(&ctl->model.restate) && !ctl->store_is_full) {
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

/* More than it has replicas; of tasks it may have two copies at any time. */
static bool has_spare_copies(const struct session_entry *session)
{
    const struct harvest_session_spec *spec = session_spec(session);

    return !spec->every_agent && session->assignment_count > (size_t)spec->replicas;
}

/* What was not stored: until when leases may last, when to try again. */
static void begin(struct ctl *ctl)
{
    ctl->reconciler.has_begun = true;
    ctl->reconciler.awaited_until = mono_after(ctl->started_at, RECONNECT_MAX_MS);
    ctl->reconciler.settles_at = mono_after(
        ctl->started_at, ctl->options.lease_wait_ms +
                             ctl->options.lease_wait_ms / LEASE_DRIFT_SHARE + LEASE_MARGIN_MS);
    ctl->reconciler.loose_is_due = true;
    ctl->reconciler.loose_at = ctl->reconciler.drained_at = MONO_NEVER;
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        gang_begin(ctl, it->value);
    }
    map_each (&ctl->model.objects[KIND_ASSIGNMENT], it) {
        struct assignment_entry *copy = it->value;

        copy->is_told = true;
        if (!MUTANT(LEASES_FORGOTTEN)) {
            lease_assume(&ctl->model, copy, ctl->started_at);
        }
        if (copy->session != NULL && copy->lease_is_assumed && has_spare_copies(copy->session)) {
            lease_outrank(copy);
        }
        if (!copy->is_in_set) {
            copy->leaving_since = ctl->started_at;
        }
        copy_note_held(copy, ctl->started_at);
        if (copy_has_failed(copy)) {
            copy->retry_at =
                mono_after(ctl->started_at, backoff_ms(copy_failures(copy), &ctl->rand));
        }
    }
}

/* What was left undone while the disk was full. */
static void notice_space(struct ctl *ctl)
{
    if (ctl->reconciler.was_full && !ctl->store_is_full) {
        MARK("there is room on the disk again");
        map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
            model_mark_session(&ctl->model, it->value);
        }
    }
    ctl->reconciler.was_full = ctl->store_is_full;
}

/* Whoever ran something exclusively before the restore has lost its lease by now. */
static void settle_era(struct ctl *ctl)
{
    ctl->is_unsettled = false;
    ctl->batch->settles_era = true;
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        model_mark_session(&ctl->model, it->value);
    }
}

/* Who has not come back by now is away. */
static void end_awaiting(struct ctl *ctl)
{
    ctl->reconciler.has_awaited = true;
    map_each (&ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;

        if (agent->link == NULL && !agent->is_known) {
            MARK("an agent did not come back after a start");
            agent_state_mark(ctl, agent);
            mark_on_agent(ctl, agent);
        }
    }
}

static bool has_work(const struct ctl *ctl)
{
    return !dlist_is_empty(&ctl->model.dirty) ||
           (!dlist_is_empty(&ctl->model.restate) && !ctl->store_is_full) ||
           ctl->reconciler.loose_is_due || mono_is_due(ctl->reconciler.loose_at, ctl->now);
}

static bool reconcile_pass(struct ctl *ctl)
{
    bool is_done;

    ctl_begin(ctl, false);
    is_done = reconcile_sessions(ctl);
    is_done = reconcile_loose(ctl) && reconcile_agents(ctl) && is_done; /* each has its bound */
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
    if (ctl->is_unsettled && mono_is_due(ctl->reconciler.settles_at, ctl->now)) {
        settle_era(ctl);
    }
    ctl->reconciler.examined = 0;
    notice_space(ctl);
    agent_state_drained(ctl);
    next = agent_state_tick(ctl, mark_offer);
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
    if (ctl->is_unsettled) {
        later(&next, ctl->reconciler.settles_at);
    }
    later(&next, ctl->reconciler.loose_at);
    later(&next, ctl->reconciler.drained_at);
    later(&ctl->retry_step_at, next);
}
