/* What a change set would lead to: its consequences, played through inside the trial.
 *
 *     {changes: [{action, session, slot, agent, from, wave, reason, afterWaits, held: {outcome,
 *                 reason, message}}],
 *      pending: [{session, slot, why, reason}],
 *      policy: [{session, slot, agent, wave, is, becomes, reason, message}],
 *      summary: {start, stop, restart, move, replace, update, wait, suspend, resume, unchanged},
 *      cut: {at, bound, more: {start: N, …}, unseenSessions, unseenReplicas}}
 *
 * `action` is start, stop, restart, move, replace, update, or wait for a replica that something
 * will be done about later (a pause after a failure, a lease, an agent that may come back). `agent`
 * is where it will run, for a stop and a wait where it runs; `from` is where it was, of a move and
 * a replace. `afterWaits`: its turn comes only once a replica is well that is waited for; the wave
 * is the earliest. `held` is what the policy would make of it there now, where that is not to let
 * it run. `pending` are replicas that stay without what they want, and why.  `policy` is what
 * another policy makes of work that goes on where it is, as outcomes (controller/core/foresee.h);
 * it has an update among the changes.  `cut` is there when not all of it is told: the bound that
 * was reached (trial_tell.c), `more` lines of each kind that are known, and what was never looked
 * at.
 *
 * It is played through as it would go with agents that are equally fast and nothing that fails:
 *
 *     round 1   the sessions that the change set marks are planned, by name, and the first wave of
 *               each is carried out: what ends still has its room; then who this marks, until
 *               nobody is marked
 *     settle    the agents say that what ends has ended, and that what begins runs
 *     round 2   the sessions that this marks are planned: the second wave
 *     …         until nothing more follows; what then still waits for its wave is shown as later
 *
 * Who is marked by what is as in mark.c, word for word: who comes first to room that several want
 * depends on it.
 *
 * A plan that is much work (TRIAL_EXAMINE_MAX) is carried out whole, wave after wave as it says
 * itself, instead of being planned again for each wave.  One that is more (PLAN_EXAMINE_MAX) is
 * left there: sessions that were not looked at by then are counted. */
#include "controller/core/trial.h"

#include "controller/core/copy.h"
#include "controller/core/progress.h"
#include "controller/core/rollout.h"
#include "schema/limits.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 256, PASSES_MAX = 256 };

/* --- who is marked, as in mark.c -------------------------------------------------------------- */

static struct trial_session *touch(struct trial *trial, struct session_entry *entry)
{
    const char *name = entry->object->meta.name;
    struct trial_session *session = map_find(&trial->sessions, name);

    if (session == NULL) {
        session = ARENA_NEW(&trial->ctl->arena, struct trial_session);
        session->entry = entry;
        session->name = arena_strdup(&trial->ctl->arena, name);
        session->had_scan_due = entry->is_scan_due;
        (void)map_put(&trial->sessions, name, session);
    }
    return session;
}

static void mark(struct trial *trial, struct session_entry *entry)
{
    if (entry != NULL) {
        (void)map_put(&trial->names, entry->object->meta.name, touch(trial, entry));
    }
}

static void mark_for_scan(struct trial *trial, struct session_entry *entry)
{
    if (entry != NULL) {
        mark(trial, entry);
        entry->is_scan_due = true;
    }
}

/* As the session stands now: of one that was planned here the status is of before. */
static bool wants(const struct trial *trial, const struct session_entry *entry)
{
    const struct trial_session *session = map_find(&trial->sessions, entry->object->meta.name);

    return session == NULL || session->plannings == 0 ? !dlist_is_empty(&entry->wanting)
                                                      : session->wants;
}

static bool is_taker(const struct trial *trial, const struct session_entry *entry,
                     const struct agent_entry *agent)
{
    const struct trial_session *session = map_find(&trial->sessions, entry->object->meta.name);

    if (session == NULL || session->plannings == 0) {
        return mark_is_taker(entry, agent);
    }
    return (!session->is_converged && place_is_present(entry, agent)) ||
           mark_finds_room(entry, agent);
}

static void mark_if_taker(struct trial *trial, struct session_entry *entry,
                          const struct agent_entry *agent)
{
    bool is_marked =
        entry->is_scan_due && map_find(&trial->names, entry->object->meta.name) != NULL;

    trial->asked++;
    if (!is_marked && wants(trial, entry) && (agent == NULL || is_taker(trial, entry, agent))) {
        mark_for_scan(trial, entry);
    }
}

/* All who want an agent and could take this one; NULL: any. */
static void mark_takers(struct trial *trial, const struct agent_entry *agent)
{
    dlist_each (&trial->ctl->model.wanting, struct session_entry, wanting, it) {
        mark_if_taker(trial, it, agent);
    }
    map_each (&trial->sessions, it) {
        const struct trial_session *session = it->value;

        if (session->plannings > 0 && dlist_is_empty(&session->entry->wanting)) {
            mark_if_taker(trial, session->entry, agent);
        }
    }
}

/* Once that was much work, everybody who wants an agent is asked once instead. */
static void offer(struct trial *trial, const struct agent_entry *agent)
{
    if (agent == NULL || agent->link == NULL) {
        return;
    }
    if (trial->asked / PLAN_AGENTS_PER_COPY > TRIAL_EXAMINE_MAX) {
        trial->offers_any = true;
    } else {
        mark_takers(trial, agent);
    }
}

static void mark_policy(struct trial *trial, const char *policy)
{
    map_each (&trial->ctl->model.objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (str_eq(session_spec(session)->policy, policy)) {
            mark(trial, session);
        }
    }
}

static void mark_agent(struct trial *trial, const struct change *change)
{
    struct model *model = &trial->ctl->model;
    struct agent_entry *agent = model_agent(model, change->name);

    if (agent == NULL || change->after == NULL) {
        dlist_each (&model->loose, struct assignment_entry, loose, it) {
            if (str_eq(assignment_spec(it)->agent, change->name)) {
                mark(trial, it->session);
            }
        }
    } else if (change->before == NULL || mark_agents_differ(change->before, change->after)) {
        dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
            mark(trial, it->session);
        }
        offer(trial, agent);
    }
}

/* `by_plan`: a step of a plan or an agent's word, and not an operator, changed it. */
static void mark_assignment(struct trial *trial, const struct change *change, bool by_plan)
{
    struct model *model = &trial->ctl->model;
    const struct assignment_spec *spec =
        &assignment_of(change->after == NULL ? change->before : change->after)->spec;
    struct session_entry *session = model_session(model, spec->session);
    bool is_namesake = session != NULL && !str_eq(session->object->meta.uid, spec->session_uid);

    if (change->after == NULL || mark_may_leave_room(change->before, change->after)) {
        offer(trial, model_agent(model, spec->agent));
    }
    if (!by_plan || (change->after == NULL && is_namesake)) {
        mark(trial, session);
    }
}

static void mark_change(struct trial *trial, const struct change *change, bool by_plan)
{
    bool is_same = change->before != NULL && change->after != NULL &&
                   change->before->meta.generation == change->after->meta.generation;

    switch (change->kind->id) {
    case KIND_HARVEST_SESSION:
        if (!is_same) {
            mark_for_scan(trial, model_session(&trial->ctl->model, change->name));
        }
        break;
    case KIND_HARVEST_POLICY:
        if (!is_same) {
            mark_policy(trial, change->name);
        }
        break;
    case KIND_AGENT:
        mark_agent(trial, change);
        break;
    case KIND_ASSIGNMENT:
        mark_assignment(trial, change, by_plan);
        break;
    case KIND_EVENT:
    case KIND_SOURCE:
    case KIND_CONFLICT:
    case KIND_ALERT_RULE:
    case KIND_COUNT:
        break;
    }
}

/* Of all changes since the last time. */
static void mark_changes(struct trial *trial, bool by_plan)
{
    for (; trial->marked < trial->ctl->changes.count; trial->marked++) {
        mark_change(trial, &trial->ctl->changes.items[trial->marked], by_plan);
    }
    if (trial->offers_any) {
        trial->offers_any = false;
        mark_takers(trial, NULL);
    }
}

/* --- a pass ----------------------------------------------------------------------------------- */

/* What the reconciler would keep of it. */
static void keep(struct trial *trial, struct trial_session *session,
                 const struct template_entry *template, const struct plan *plan, unsigned wave_max)
{
    struct session_entry *entry = session->entry;
    struct plan judged;

    progress_drop(&trial->ctl->arena, entry, plan, &judged);
    session->is_converged = judged.gap_count == 0;
    session->has_waves_left = plan->waves > wave_max;
    session->wants = reconcile_wants_agent(entry, plan);
    entry->is_scan_due = reconcile_lacks_agent(plan) || template == NULL;
}

static void play_session(struct trial *trial, struct trial_session *session)
{
    struct ctl *ctl = trial->ctl;
    struct session_entry *entry = session->entry;
    struct template_entry *template = reconcile_template(ctl, entry);
    struct plan plan;
    unsigned wave_max;

    if (session->is_taken_back) {
        return;
    }
    trial->examined += reconcile_plan_session(ctl, entry, template, &plan);
    wave_max = trial->is_last || trial->examined > TRIAL_EXAMINE_MAX ? UINT_MAX : 1;
    trial->unchanged += session->plannings == 0 ? plan.unchanged : 0;
    session->plannings++;
    trial_note_steps(trial, session->name, template, &plan, wave_max);
    trial_note_gaps(trial, session, &plan);
    if (wave_max == 1 && reconcile_turn_is_next(ctl, &plan)) {
        mark(trial, entry);
    }
    keep(trial, session, template, &plan, wave_max);
    (void)rollout_carry_out(ctl, entry, template, &plan, wave_max);
    if (plan.gang.takes_back) {
        session->is_taken_back = true;
        trial_note_pause(trial, session->name);
    }
}

/* What is left of sessions that are gone. */
static void play_loose(struct trial *trial)
{
    dlist_each (&trial->ctl->model.loose, struct assignment_entry, loose, it) {
        if (it->session != NULL) {
            continue;
        }
        if (it->is_in_set) {
            trial_note_loose(trial, it);
        }
        trial->examined++;
        (void)rollout_end(trial->ctl, it, "its session is gone");
    }
}

static int by_name(const void *a, const void *b)
{
    const struct trial_session *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/* All that are marked, once. */
static void play_pass(struct trial *trial)
{
    size_t count = 0;
    struct trial_session **sessions =
        arena_array(&trial->ctl->arena, trial->names.count + 1, sizeof(struct trial_session *));

    map_each (&trial->names, it) {
        sessions[count++] = it->value;
    }
    if (count > 1) {
        qsort(sessions, count, sizeof(struct trial_session *), by_name);
    }
    map_clear(&trial->names);
    for (size_t i = 0; i < count; i++) {
        if (trial->examined >= PLAN_EXAMINE_MAX && !trial->is_last) {
            trial->is_cut = true;
            break;
        }
        play_session(trial, sessions[i]);
    }
    play_loose(trial);
}

/* --- what agents would make of it ------------------------------------------------------------- */

static bool is_as_told(const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);

    return status->observed_generation == copy->object->meta.generation &&
           status->phase != PHASE_PENDING && status->phase != PHASE_STARTING;
}

static void begin(struct ctl *ctl, struct assignment_entry *copy)
{
    static const struct write write = {ROW_STATUS, "trial", "", ""};
    struct object *next = object_edit(copy->object);
    struct assignment_status *status = &((struct assignment *)next->body)->status;

    shape_put(&assignment_status_shape, status, phase, (int)PHASE_RUNNING);
    shape_put(&assignment_status_shape, status, observed_generation, next->meta.generation);
    shape_mark(&assignment_shape, (struct assignment *)next->body, status);
    (void)ctl_put(ctl, next, &write);
}

/* What ends has ended, what begins runs; on agents that are there. */
static void settle(struct trial *trial)
{
    struct ctl *ctl = trial->ctl;
    static const struct write removal = {ROW_LEDGER, "trial", "", ""};
    size_t end = ctl->changes.count;

    for (; trial->settled < end; trial->settled++) {
        const struct change *change = &ctl->changes.items[trial->settled];
        struct assignment_entry *copy;

        if (change->kind->id != KIND_ASSIGNMENT || change->after == NULL) {
            continue;
        }
        copy = model_assignment(&ctl->model, change->name);
        if (copy == NULL || copy->agent == NULL || copy->agent->link == NULL) {
            continue;
        }
        if (object_is_deleting(copy->object)) {
            mark(trial, copy->session);
            ctl_remove(ctl, copy->object, &removal);
        } else if (copy->is_in_set && !is_as_told(copy)) {
            mark(trial, copy->session);
            begin(ctl, copy);
        }
        mark_changes(trial, true);
    }
}

static void play(struct trial *trial)
{
    mark_changes(trial, false);
    for (; trial->round < ROUNDS_MAX && !trial->is_cut; trial->round++) {
        for (size_t i = 0; i < PASSES_MAX && (i == 0 || trial->names.count > 0); i++) {
            play_pass(trial);
            mark_changes(trial, true);
        }
        settle(trial);
        if (trial->names.count == 0) {
            break;
        }
    }
    trial->is_last = true;
    trial->is_held_up = !trial->is_cut && trial->round < ROUNDS_MAX;
    map_each (&trial->sessions, it) {
        const struct trial_session *session = it->value;

        if (session->has_waves_left) {
            (void)map_put(&trial->names, it->key, it->value);
        }
    }
    play_pass(trial); /* of a plan that is cut, those that were planned while it was little work */
}

/* What the bound left out is counted, and what a trial changed beside objects is put back. */
static void end(struct trial *trial)
{
    map_each (&trial->sessions, it) {
        struct trial_session *session = it->value;
        const struct harvest_session_spec *spec = session_spec(session->entry);

        session->entry->is_scan_due = session->had_scan_due;
        if (session->plannings == 0 && !session->is_taken_back) {
            trial->unseen_sessions++;
            trial->unseen_replicas += spec->every_agent || harvest_session_has_tasks(spec)
                                          ? 0
                                          : (size_t)harvest_session_replicas(spec);
        }
    }
}

struct node *reconcile_plan(struct ctl *ctl)
{
    struct trial trial = {.ctl = ctl};
    struct node *root;

    assert(ctl->is_trial);
    map_init(&trial.names);
    map_init(&trial.sessions);
    map_init(&trial.halves);
    play(&trial);
    end(&trial);
    ctl->counters.plans_examined += trial.examined;
    root = trial_tell(&trial);
    map_fini(&trial.names);
    map_fini(&trial.sessions);
    map_fini(&trial.halves);
    return root;
}
