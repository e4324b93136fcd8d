/* The plan of one session, replica by replica: gather the copies there are, decide for each replica
 * what is to become of it, then spread what costs availability over waves. */
#include "controller/core/plan.h"

#include "controller/core/copy.h"
#include "controller/core/explain.h"
#include "controller/core/finder.h"
#include "controller/core/gang.h"
#include "controller/core/lease.h"
#include "controller/core/replica.h"
#include "controller/core/tasks.h"
#include "controller/core/waves.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/limits.h"

struct planner {
    struct arena *arena;
    const struct plan_input *in;
    const struct harvest_session_spec *spec;
    struct plan *plan;
    struct finder finder;
    bool is_fresh;      /* the spec changed since the last plan: failures are forgotten */
    bool moves_held;    /* one that is held back moves already: one after the other */
    const char *leaves; /* of a gang: why some of it are to go elsewhere; NULL: none is */
    bool is_stuck;      /* not all of those would find room */
    size_t unavailable; /* replicas that are down already */
    bool *costs;        /* beside plan->steps: takes down what is well and counts */
};

/* --- taking down what is decided -------------------------------------------------------------- */

static void look_at(struct planner *p, struct mono moment)
{
    p->plan->look_at = mono_earlier(p->plan->look_at, moment);
}

static void add_gap(struct planner *p, enum why why, const struct replica *replica,
                    struct assignment_entry *copy, bool is_of_step, const char *message)
{
    struct plan *plan = p->plan;

    plan->gaps = arena_grow(p->arena, plan->gaps, plan->gap_count, sizeof(struct plan_gap));
    plan->gaps[plan->gap_count++] = (struct plan_gap){
        .why = why,
        .slot = replica == NULL ? "" : replica->name,
        .message = message,
        .copy = copy,
        .is_of_step = is_of_step,
    };
}

static struct plan_step *add_step(struct planner *p, enum plan_action action,
                                  const struct replica *replica, struct assignment_entry *copy,
                                  const char *reason)
{
    struct plan *plan = p->plan;
    struct plan_step *step;

    plan->steps = arena_grow(p->arena, plan->steps, plan->step_count, sizeof(struct plan_step));
    p->costs = arena_grow(p->arena, p->costs, plan->step_count, sizeof(bool));
    p->costs[plan->step_count] = copy != NULL && copy_is_ok(copy) && replica->unwanted == NULL;
    step = &plan->steps[plan->step_count++];
    *step = (struct plan_step){
        .action = action, .slot = replica->name, .copy = copy, .wave = 1, .reason = reason};
    if (copy != NULL && action != PLAN_RESTART && action != PLAN_UPDATE &&
        !copy_may_go(p->in->model, copy, p->in->now)) { /* it ends now: nobody may say so */
        look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
    }
    return step;
}

static const char *agent_name(const struct agent_entry *agent)
{
    return agent->object->meta.name;
}

/* --- deciding --------------------------------------------------------------------------------- */

static void stop(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                 const char *reason)
{
    (void)add_step(p, PLAN_STOP, replica, copy, reason);
    if (!copy_may_go(p->in->model, copy, p->in->now)) {
        add_gap(p, WHY_STOPPING, replica, copy, true,
                arena_printf(p->arena, "ends on %s: %s", assignment_spec(copy)->agent, reason));
    }
}

/* Those told to end: gone, or still to be waited for. */
static size_t note_leaving(struct planner *p, const struct replica *replica)
{
    struct plan *plan = p->plan;
    size_t waiting = 0;

    for (size_t i = replica->live_count; i < replica->copy_count; i++) {
        struct assignment_entry *copy = replica->copies[i];
        bool is_away = copy->agent == NULL || copy->agent->link == NULL;

        if (copy_may_go(p->in->model, copy, p->in->now)) {
            plan->gone = arena_grow(p->arena, plan->gone, plan->gone_count,
                                    sizeof(struct assignment_entry *));
            plan->gone[plan->gone_count++] = copy;
            continue;
        }
        waiting++;
        look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
        add_gap(p, is_away ? WHY_LEASED : WHY_STOPPING, replica, copy, false,
                arena_printf(p->arena,
                             is_away ? "%s is not connected; what it runs exclusively may go on "
                                       "until its lease ends"
                                     : "%s was told to end it and has not said that it did",
                             assignment_spec(copy)->agent));
    }
    return waiting;
}

/* A session of the same name was deleted, and what ran for it may still run: to whoever relies on
 * its being exclusive the two are one. */
static bool is_haunted(struct planner *p, const struct replica *replica)
{
    const struct model *model = p->in->model;

    dlist_each (&model->loose, struct assignment_entry, loose, it) {
        const struct assignment_spec *spec = assignment_spec(it);

        if (it->session == NULL && str_eq(spec->session, p->in->session->object->meta.name) &&
            str_eq(spec->slot, replica->name) && !copy_may_go(model, it, p->in->now)) {
            MARK("an exclusive replica waits for what a namesake still runs");
            look_at(p, copy_may_go_at(model, it, p->in->now));
            add_gap(p, WHY_LEASED, replica, NULL, false,
                    arena_printf(p->arena,
                                 "what the deleted session of this name ran on %s may still run",
                                 spec->agent));
            return true;
        }
    }
    return false;
}

static void fill(struct planner *p, const struct replica *replica, size_t leaving)
{
    struct agent_entry *agent;
    struct plan_step *step;
    const char *why = "";

    /* What never ran and cannot is not down: it must not hold up a change. */
    p->unavailable += leaving > 0;
    if (p->in->template == NULL || (leaving > 0 && p->spec->exclusive)) {
        return; /* said for the session, or for the copy that leaves */
    }
    if (p->spec->exclusive && !MUTANT(NAMESAKE_UNSEEN) && is_haunted(p, replica)) {
        return;
    }
    agent = finder_pick(&p->finder, replica, NULL, &why);
    if (agent == NULL && p->plan->tasks != NULL) { /* a gap only if no other one is under way */
        p->plan->tasks->waiting++;
        p->plan->tasks->no_room = why;
        return;
    }
    if (agent == NULL) {
        add_gap(p, WHY_NO_AGENT, replica, NULL, false, why);
        return;
    }
    step = add_step(p, PLAN_START, replica, NULL, "no agent runs it yet");
    step->agent = agent;
    step->failures_before = quorum_failures_of(tasks_quorum(p->plan->tasks), replica->name);
    p->unavailable += leaving == 0; /* until it is well, as the next plan will say */
    add_gap(p, WHY_STARTING, replica, NULL, true,
            arena_printf(p->arena, "placed on %s, which has not answered yet", agent_name(agent)));
}

/* Would it run exclusively while a copy other than this one may still run?  That happens when a
 * session that had two copies of a replica becomes exclusive. */
static bool is_crowded(struct planner *p, const struct replica *replica,
                       struct assignment_entry *copy)
{
    bool is_crowded = false;

    for (size_t i = 0; i < replica->copy_count && p->spec->exclusive; i++) {
        struct assignment_entry *other = replica->copies[i];

        if (other != copy && !copy_may_go(p->in->model, other, p->in->now)) {
            is_crowded = true;
            look_at(p, copy_may_go_at(p->in->model, other, p->in->now));
        }
    }
    if (is_crowded) {
        MARK("a replica that becomes exclusive waits for its other copies");
        add_gap(p, WHY_LEASED, replica, copy, false,
                "another copy of it may still run, and it is to run exclusively");
    }
    return is_crowded;
}

/* A gang does not replace or move one of it: it goes as a whole. */
static void break_up(struct planner *p, const char *reason)
{
    p->plan->broken = p->plan->broken == NULL ? reason : p->plan->broken;
}

static void replace(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                    bool keeps_copy, unsigned failures_before, const char *reason)
{
    const char *why = "";
    struct agent_entry *agent;
    struct plan_step *step;

    if (is_crowded(p, replica, copy)) {
        return;
    }
    break_up(p, reason);
    agent = finder_pick_instead(&p->finder, replica, copy, &why);
    if (agent == NULL) {
        add_gap(p, WHY_NO_AGENT, replica, copy, false,
                arena_printf(p->arena, "%s; %s", reason, why));
        return;
    }
    MARK("a copy is replaced");
    step = add_step(p, PLAN_REPLACE, replica, copy, reason);
    step->agent = agent;
    step->keeps_copy = keeps_copy;
    step->failures_before = failures_before;
    add_gap(p, WHY_STARTING, replica, copy, true,
            arena_printf(p->arena, "placed on %s: %s", agent_name(agent), reason));
}

static bool is_paused(struct planner *p, const struct replica *replica,
                      struct assignment_entry *copy)
{
    if (MUTANT(ROLLOUT_NOT_PAUSED)) {
        return false;
    }
    if (p->spec->rollout.pause) {
        MARK("a rollout is paused");
        add_gap(p, WHY_ROLLOUT_PAUSED, replica, copy, false,
                arena_printf(p->arena,
                             "on %s as before: the rollout is paused (spec.rollout.pause)",
                             assignment_spec(copy)->agent));
    }
    return p->spec->rollout.pause;
}

static bool has_newest_form(const struct planner *p, const struct assignment_entry *copy)
{
    return p->in->template != NULL &&
           str_eq(assignment_spec(copy)->template_digest, p->in->template->text);
}

/* A task keeps count of its failures wherever it goes, until it gets another form. */
static unsigned failures_carried(const struct planner *p, const struct assignment_entry *copy)
{
    return p->plan->tasks == NULL || !has_newest_form(p, copy) ? 0 : tasks_failures(copy);
}

static void move(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                 bool may_stay_meanwhile, const char *reason)
{
    const char *why = "";
    struct agent_entry *agent;
    struct plan_step *step;

    if (is_crowded(p, replica, copy)) {
        return;
    }
    agent = finder_pick(&p->finder, replica, copy->agent, &why);
    if (agent == copy->agent) {
        agent = NULL; /* what it holds now does not count as free there */
        why = reason;
    }
    if (agent != NULL || !may_stay_meanwhile) {
        break_up(p, reason);
    }
    if (agent == NULL) {
        add_gap(p, WHY_NO_AGENT, replica, copy, false,
                why == reason ? reason : arena_printf(p->arena, "%s; %s", reason, why));
        if (!may_stay_meanwhile) {
            MARK("a copy ends where it may not stay, with no other place");
            stop(p, replica, copy, reason);
        }
        return;
    }
    MARK("a copy moves to another agent");
    step = add_step(p, PLAN_MOVE, replica, copy, reason);
    step->agent = agent;
    step->failures_before = failures_carried(p, copy);
    add_gap(p, WHY_STARTING, replica, copy, true,
            arena_printf(p->arena, "moves from %s to %s: %s", agent_name(copy->agent),
                         agent_name(agent), reason));
}

/* Its agent would try for ever: the session says when that is enough. */
static bool is_hopeless(const struct planner *p, const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);

    return status->failures > 0 && p->spec->retry_max > 0 && !copy_is_task(p->in->model, copy) &&
           !copy_is_ok(copy) && !MUTANT(RETRIES_UNBOUNDED) &&
           status->observed_generation == copy->object->meta.generation &&
           copy_failures(copy) >= p->spec->retry_max;
}

static void give_up(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                    unsigned failures)
{
    const char *reason =
        arena_printf(p->arena, "given up after %u failure%s in a row, the last: %s", failures,
                     failures == 1 ? "" : "s", plan_failure_words(p->arena, copy));

    MARK("a copy that its agent tries for ever is given up");
    break_up(p, reason);
    p->plan->failed++;
    add_step(p, PLAN_STOP, replica, copy, reason)->gives_up = true;
    add_gap(p, WHY_GIVEN_UP, replica, copy, true, reason);
}

static void add_update(struct planner *p, const struct replica *replica,
                       struct assignment_entry *copy)
{
    bool in_place = copy_changes_in_place(p->in->model, copy, p->in->template);

    add_step(p, in_place ? PLAN_UPDATE : PLAN_RESTART, replica, copy,
             in_place ? "its policy changed" : "its template changed")
        ->agent = copy->agent;
    if (in_place) {
        MARK("a policy changes under what runs");
        p->costs[p->plan->step_count - 1] = false; /* a stricter one is not to wait for its turn */
    }
}

static void update(struct planner *p, const struct replica *replica, struct assignment_entry *copy)
{
    const char *name = assignment_spec(copy)->agent;
    struct resources more;
    enum place_refusal refusal = finder_judge_instead(&p->finder, copy, &more);
    bool fits = refusal == REFUSAL_COUNT;

    if ((p->spec->rollout.pause || !fits) && is_hopeless(p, copy)) {
        give_up(p, replica, copy, copy_failures(copy));
        /* It failed in its old form; nobody knows yet how the new one fares, once there is room. */
        p->plan->steps[p->plan->step_count - 1].is_outdated = !p->spec->rollout.pause;
        return;
    }
    if (is_paused(p, replica, copy) || is_crowded(p, replica, copy)) {
        return;
    }
    if (!fits) {
        MARK("a copy that grows finds no room where it is");
        struct str words = STR_EMPTY;

        explain_refusal(p->in->session, copy->agent, &p->finder.needs, refusal, 0, &words);
        move(p, replica, copy, true, arena_strdup(p->arena, words.data));
        str_fini(&words);
        return;
    }
    finder_take(&p->finder, copy->agent, &more);
    add_update(p, replica, copy);
    add_gap(p, WHY_STARTING, replica, copy, true,
            arena_printf(p->arena, "%s was told of the change and has not answered yet", name));
}

static void tend_failed(struct planner *p, const struct replica *replica,
                        struct assignment_entry *copy)
{
    const char *words = plan_failure_words(p->arena, copy);
    bool is_task = p->plan->tasks != NULL; /* and then this is not its last attempt */
    unsigned failures = is_task ? tasks_failures(copy) : copy_failures(copy);

    if (p->spec->workload.restart == RESTART_NEVER && !is_task) {
        p->plan->failed++;
        add_gap(p, WHY_FAILED, replica, copy, false,
                arena_printf(p->arena, "%s; it is not started again (restart: never)", words));
    } else if (p->is_fresh) {
        MARK("what failed is tried anew after a change");
        replace(p, replica, copy, false, 0, "the session changed since it failed");
    } else if (p->spec->retry_max > 0 && failures >= p->spec->retry_max && !is_task) {
        p->plan->failed++;
        add_gap(p, WHY_GIVEN_UP, replica, copy, false,
                arena_printf(p->arena, "given up after %u failure%s in a row, the last: %s",
                             failures, failures == 1 ? "" : "s", words));
    } else if (!mono_is_due(copy->retry_at, p->in->now)) {
        MARK("a failed copy waits for its next try");
        look_at(p, copy->retry_at);
        add_gap(p, WHY_BACK_OFF, replica, copy, false,
                arena_printf(p->arena, "%s; failure %u in a row, tried again after a pause", words,
                             failures));
    } else {
        replace(p, replica, copy, false, is_task ? failures_carried(p, copy) : failures, words);
    }
}

/* The controller has just started: till its agent had time to come back, its last word counts. */
static void tend_awaited(struct planner *p, const struct replica *replica,
                         struct assignment_entry *copy, bool is_current)
{
    int phase = assignment_status(copy)->phase;

    if (is_current && (phase == PHASE_RUNNING || phase == PHASE_SUSPENDED)) {
        p->plan->ready++;
    } else {
        add_gap(p, WHY_AGENT_AWAY, replica, copy, false,
                arena_printf(p->arena, "%s has not come back since the controller started",
                             assignment_spec(copy)->agent));
    }
}

static void tend_away(struct planner *p, const struct replica *replica,
                      struct assignment_entry *copy, bool is_current)
{
    const char *name = assignment_spec(copy)->agent;
    bool is_exclusive = assignment_is_exclusive(copy);
    struct mono due;
    char after[DURATION_TEXT_SIZE];

    duration_to_str(p->spec->replace_after_ms, after);
    due = copy->agent == NULL ? MONO_ZERO
                              : mono_after(copy->agent->away_since, p->spec->replace_after_ms);
    if (copy->agent != NULL && agent_is_awaited(p->in, copy->agent) &&
        (p->spec->every_agent || !mono_is_due(due, p->in->now))) {
        MARK("after a start the last word of an agent counts");
        tend_awaited(p, replica, copy, is_current);
        look_at(p, p->spec->every_agent ? p->in->awaited_until
                                        : mono_earlier(due, p->in->awaited_until));
        return;
    }
    if (!mono_is_due(due, p->in->now)) {
        MARK("a lost copy is waited for");
        look_at(p, due);
        add_gap(p, WHY_AGENT_AWAY, replica, copy, false,
                arena_printf(p->arena, "%s is not connected; replaced when it is away for %s", name,
                             after));
    } else if (is_exclusive && !lease_is_over(copy, p->in->now)) {
        MARK("a lost copy is not replaced before its lease is over");
        look_at(p, copy->lease_until);
        add_gap(p, WHY_LEASED, replica, copy, false,
                arena_printf(p->arena,
                             "%s is not connected; it may run there until its lease ends, and is "
                             "placed elsewhere then",
                             name));
    } else {
        replace(p, replica, copy, !is_exclusive && copy->agent != NULL && replica->live_count == 1,
                failures_carried(p, copy),
                copy->agent == NULL
                    ? arena_printf(p->arena, "%s is no longer there", name)
                    : arena_printf(p->arena, "%s is away for longer than %s", name, after));
    }
}

static void tend_given_up(struct planner *p, const struct replica *replica,
                          struct assignment_entry *copy, const char *words, int64_t generation)
{
    bool may_go = copy_may_go(p->in->model, copy, p->in->now);

    if (generation == p->in->session->object->meta.generation) {
        p->plan->failed++;
        add_gap(p, WHY_GIVEN_UP, replica, copy, false, words);
    } else if (!may_go && assignment_is_exclusive(copy)) {
        look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
        add_gap(p, WHY_LEASED, replica, copy, false,
                arena_printf(p->arena,
                             "it may run on %s until its lease ends, and is tried again "
                             "then",
                             assignment_spec(copy)->agent));
    } else {
        MARK("what was given up is tried anew");
        replace(p, replica, copy, false, 0, "the session changed since it was given up");
    }
}

/* May it go elsewhere once it is held back for long enough?  What is to run exclusively stays where
 * it has its lease. */
static bool may_move_held(const struct planner *p, const struct assignment_entry *copy)
{
    return p->plan->tasks != NULL && !p->spec->exclusive && !assignment_is_exclusive(copy) &&
           copy->held_since.ms != 0;
}

/* Elsewhere, if there is room; false: not now. */
static bool move_task(struct planner *p, const struct replica *replica,
                      struct assignment_entry *copy, unsigned moves, const char *reason)
{
    struct agent_entry *agent = finder_pick_other(&p->finder, replica, copy->agent);
    struct plan_step *step;

    if (agent == NULL) {
        p->plan->wants_other = true;
        return false;
    }
    step = add_step(p, PLAN_MOVE, replica, copy, reason);
    step->agent = agent;
    step->failures_before = failures_carried(p, copy);
    step->moves_before = moves;
    add_gap(p, WHY_STARTING, replica, copy, true,
            arena_printf(p->arena, "moves from %s to %s: %s", agent_name(copy->agent),
                         agent_name(agent), reason));
    return true;
}

/* A task that is held back and is not even in memory: its machine has only its checkpoint.  True
 * when it moves; else it stays as it is, and is well. */
static bool move_held(struct planner *p, const struct replica *replica,
                      struct assignment_entry *copy)
{
    int64_t held_ms = copy_held_ms(copy, p->spec->replace_after_ms);
    struct mono due = mono_after(copy->held_since, held_ms);
    const char *reason = assignment_status(copy)->reason;
    char after[DURATION_TEXT_SIZE];

    if (!mono_is_due(due, p->in->now)) {
        look_at(p, due);
        return false;
    }
    look_at(p, mono_after(p->in->now, HELD_LOOK_MS));
    if (p->moves_held) {
        p->plan->wants_other = true;
        return false;
    }
    duration_to_str(held_ms, after);
    reason = arena_printf(p->arena, "%s has held it back for longer than %s",
                          str_is_empty(reason) ? "its policy" : reason, after);
    p->moves_held = move_task(p, replica, copy, copy_moves(copy), reason);
    if (p->moves_held) {
        MARK("a task that is held back moves to another agent");
    }
    return p->moves_held;
}

/* One of a gang: all that are to go find room elsewhere, or all stay. */
static void leave_gang(struct planner *p, const struct replica *replica,
                       struct assignment_entry *copy, const char *reason)
{
    const char *why = "";

    p->leaves = reason;
    if (finder_pick(&p->finder, replica, copy->agent, &why) == NULL) {
        p->is_stuck = true;
        add_gap(p, WHY_NO_AGENT, replica, copy, false,
                arena_printf(p->arena, "%s; %s", reason, why));
    }
}

/* Its agent is drained: it goes elsewhere in its turn, and runs where it is until there is room. */
static void leave(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                  bool is_current)
{
    const char *reason = arena_printf(p->arena, "%s is being drained", agent_name(copy->agent));
    size_t steps = p->plan->step_count;

    p->plan->ready += is_current && copy_is_ok(copy);
    if (!is_current && p->spec->rollout.pause) { /* elsewhere it would run in its newest form */
        if (is_hopeless(p, copy)) {
            give_up(p, replica, copy, copy_failures(copy));
        } else {
            (void)is_paused(p, replica, copy);
        }
    } else if (p->plan->tasks != NULL) {
        (void)move_task(p, replica, copy, 0, reason);
    } else if (p->spec->gang.deadline_ms > 0) {
        leave_gang(p, replica, copy, reason);
    } else {
        move(p, replica, copy, true, reason);
    }
    if (MUTANT(DRAIN_AT_ONCE) && p->plan->step_count > steps) {
        p->costs[steps] = false;
    }
}

/* It is where it should be and was told the newest; it is just not well, or not yet. */
static void tend_coming(struct planner *p, const struct replica *replica,
                        struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);
    const char *name = assignment_spec(copy)->agent;

    if (status->phase == PHASE_PENDING ||
        status->observed_generation != copy->object->meta.generation) {
        add_gap(p, WHY_STARTING, replica, copy, false,
                arena_printf(p->arena, "%s was told and has not answered yet", name));
    } else if (p->in->is_unsettled && p->spec->exclusive) {
        add_gap(p, WHY_LEASED, replica, copy, false,
                "the store was restored: what ran exclusively before may do so until its lease "
                "ends, and nothing else does");
    } else if (is_hopeless(p, copy)) {
        give_up(p, replica, copy, copy_failures(copy));
    } else if (status->failures > 0) {
        add_gap(
            p, WHY_FAILING, replica, copy, false,
            arena_printf(p->arena, "%s; %s tries again", plan_failure_words(p->arena, copy), name));
    } else if (str_is_empty(status->reason)) {
        add_gap(p, WHY_STARTING, replica, copy, false,
                arena_printf(p->arena, "is about to start on %s", name));
    } else {
        add_gap(p, WHY_STARTING, replica, copy, false, plan_failure_words(p->arena, copy));
    }
}

static void tend(struct planner *p, const struct replica *replica, struct assignment_entry *copy)
{
    bool is_current = has_newest_form(p, copy);
    bool is_away = copy->agent == NULL || copy->agent->link == NULL;
    bool is_ok = copy_is_ok(copy);
    int64_t generation = 0;
    const char *given_up = copy_given_up(copy, &generation);

    p->unavailable += !is_ok;
    p->plan->updated += is_current;
    p->plan->succeeded += copy_is_done(copy);
    if (p->in->template == NULL || (is_ok && is_current && is_away)) {
        p->plan->ready += is_ok;
    } else if (given_up != NULL) {
        tend_given_up(p, replica, copy, given_up, generation);
    } else if (copy_has_failed(copy) && (is_current || is_away || p->spec->rollout.pause)) {
        tend_failed(p, replica, copy);
    } else if (is_away) {
        tend_away(p, replica, copy, is_current);
    } else if (!place_may_stay(p->in->session, copy->agent)) {
        if (p->spec->rollout.pause && is_hopeless(p, copy)) {
            give_up(p, replica, copy, copy_failures(copy));
        } else if (!is_paused(p, replica, copy)) {
            move(p, replica, copy, false,
                 arena_printf(p->arena, "the session no longer selects %s",
                              agent_name(copy->agent)));
        }
    } else if (copy_is_to_leave(copy, p->plan->tasks != NULL, is_current) &&
               !MUTANT(DRAIN_IGNORED)) {
        MARK("a copy is to leave an agent that is drained");
        leave(p, replica, copy, is_current);
    } else if (!is_current) {
        update(p, replica, copy);
    } else if (is_ok) {
        p->plan->ready += !may_move_held(p, copy) || !move_held(p, replica, copy);
    } else {
        tend_coming(p, replica, copy);
    }
}

/* Well, and not only because it was done in an earlier form before its agent went away. */
static bool is_well(const struct planner *p, const struct assignment_entry *copy)
{
    bool is_away = copy->agent == NULL || copy->agent->link == NULL;

    return copy_is_ok(copy) && (!is_away || has_newest_form(p, copy));
}

/* The copy that counts.  While none of several is well, older ones stay beside the youngest. */
static struct assignment_entry *settle(struct planner *p, const struct replica *replica)
{
    struct assignment_entry *keeper = NULL;
    int64_t generation;

    for (size_t i = replica->live_count; i-- > 0 && keeper == NULL;) {
        keeper = is_well(p, replica->copies[i]) ? replica->copies[i] : NULL;
    }
    for (size_t i = 0; i < replica->live_count; i++) {
        struct assignment_entry *copy = replica->copies[i];

        if (keeper != NULL && copy != keeper) {
            MARK("of two copies one is ended");
            stop(p, replica, copy,
                 arena_printf(p->arena, "another copy of it runs on %s",
                              assignment_spec(keeper)->agent));
            p->costs[p->plan->step_count - 1] = false;
        } else if (keeper == NULL && i + 1 < replica->live_count &&
                   (copy->agent == NULL || copy_has_failed(copy) ||
                    copy_given_up(copy, &generation) != NULL)) {
            MARK("a copy ends because its replacement is on its way");
            stop(p, replica, copy, "its replacement is on its way");
        }
    }
    return keeper != NULL || replica->live_count == 0 ? keeper
                                                      : replica->copies[replica->live_count - 1];
}

static void decide(struct planner *p, const struct replica *replica)
{
    size_t leaving = note_leaving(p, replica);
    struct assignment_entry *copy;

    if (replica->unwanted != NULL) {
        for (size_t i = 0; i < replica->live_count; i++) {
            stop(p, replica, replica->copies[i], replica->unwanted);
        }
        return;
    }
    if (replica->is_idle) {
        return;
    }
    p->plan->desired++;
    copy = settle(p, replica);
    if (copy == NULL) {
        fill(p, replica, leaving);
    } else {
        tend(p, replica, copy);
    }
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool is_fresh(const struct session_entry *session)
{
    const struct harvest_session *body = harvest_session_of(session->object);

    return body->status.observed_generation < session->object->meta.generation;
}

/* What is not wanted ends first; those that are down choose their places next: a change that waits
 * for them to be well must not hold the room that they need. */
static int turn_of(const struct replica *replica)
{
    return replica->unwanted != NULL ? 0 : replica_is_down(replica) ? 1 : 2;
}

static void decide_all(struct planner *p, const struct replicas *replicas)
{
    for (int turn = 0; turn <= 2; turn++) {
        for (size_t i = 0; i < replicas->count; i++) {
            if (turn_of(&replicas->items[i]) == turn) {
                decide(p, &replicas->items[i]);
            }
        }
    }
}

static void count_tasks(struct planner *p)
{
    struct plan *plan = p->plan;
    const struct tasks *tasks = plan->tasks;

    tasks_count(tasks, p->spec, plan);
    if (tasks->failed_count > 0) {
        add_gap(p, WHY_GIVEN_UP, NULL, NULL, false, tasks_words(p->arena, tasks, p->spec));
    }
    if (tasks->waiting > 0 && tasks->waiting == tasks->active) {
        add_gap(p, WHY_NO_AGENT, NULL, NULL, false,
                arena_printf(p->arena, "no task is under way: %s", tasks->no_room));
    }
}

/* Of rule 5 those as they stand after the last replica that found no agent. */
static void count_refused(struct planner *p)
{
    struct tally tally = p->finder.candidates.tally;

    if (p->finder.no_agent != NULL) {
        place_tally(&p->finder.candidates, &tally);
    }
    for (enum place_refusal why = 0; p->finder.has_candidates && why < REFUSAL_COUNT; why++) {
        p->plan->refused[place_rule(why)] += tally.lines[why].count;
    }
}

void plan_build(struct arena *arena, const struct plan_input *input, struct plan *ret_plan)
{
    struct planner p = {
        .arena = arena,
        .in = input,
        .spec = session_spec(input->session),
        .plan = ret_plan,
        .is_fresh = is_fresh(input->session),
    };
    struct replicas replicas;
    size_t live = 0, touched = 0;

    *ret_plan = (struct plan){.look_at = MONO_NEVER};
    ret_plan->tasks = tasks_read(arena, input);
    finder_init(&p.finder, arena, input, ret_plan->tasks);
    if (input->template == NULL && !object_is_deleting(input->session->object)) {
        add_gap(&p, WHY_POLICY_MISSING, NULL, NULL, false,
                arena_printf(arena,
                             "there is no HarvestPolicy \"%s\"; nothing is started or changed",
                             p.spec->policy));
    }
    replicas_list(arena, input, &p.finder.needs, ret_plan->tasks, &replicas);
    for (size_t i = 0; i < replicas.count; i++) {
        live += replicas.items[i].live_count;
    }
    decide_all(&p, &replicas);
    count_refused(&p);
    finder_fini(&p.finder);
    if (p.leaves != NULL && !p.is_stuck) {
        break_up(&p, p.leaves);
    }
    if (ret_plan->tasks != NULL) {
        count_tasks(&p);
    }
    waves_spread(ret_plan, p.costs, p.spec, p.unavailable);
    waves_wait(arena, ret_plan, p.spec);
    gang_decide(arena, input, ret_plan);
    for (size_t i = 0; i < ret_plan->step_count; i++) {
        touched += ret_plan->steps[i].copy != NULL;
    }
    ret_plan->unchanged = live - touched;
}
