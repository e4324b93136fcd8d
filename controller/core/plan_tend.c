/* What is to become of a copy that counts: it stays, changes, moves, is replaced or given up. */
#include "controller/core/copy.h"
#include "controller/core/explain.h"
#include "controller/core/lease.h"
#include "controller/core/planner.h"
#include "controller/core/replica.h"
#include "controller/core/tasks.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/limits.h"

static const char *agent_name(const struct agent_entry *agent)
{
    return agent->object->meta.name;
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
            planner_look_at(p, copy_may_go_at(p->in->model, other, p->in->now));
        }
    }
    if (is_crowded) {
        MARK("a replica that becomes exclusive waits for its other copies");
        planner_gap(p, WHY_LEASED, replica, copy, false,
                    "another copy of it may still run, and it is to run exclusively");
    }
    return is_crowded;
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
    planner_break_up(p, reason);
    agent = finder_pick_instead(&p->finder, replica, copy, &why);
    if (agent == NULL) {
        planner_gap(p, WHY_NO_AGENT, replica, copy, false,
                    arena_printf(p->arena, "%s; %s", reason, why));
        return;
    }
    MARK("a copy is replaced");
    step = planner_step(p, PLAN_REPLACE, replica, copy, reason);
    step->agent = agent;
    step->keeps_copy = keeps_copy;
    step->failures_before = failures_before;
    planner_gap(p, WHY_STARTING, replica, copy, true,
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
        planner_gap(p, WHY_ROLLOUT_PAUSED, replica, copy, false,
                    arena_printf(p->arena,
                                 "on %s as before: the rollout is paused (spec.rollout.pause)",
                                 assignment_spec(copy)->agent));
    }
    return p->spec->rollout.pause;
}

/* A task keeps count of its failures wherever it goes, until it gets another form. */
static unsigned failures_carried(const struct planner *p, const struct assignment_entry *copy)
{
    return p->plan->tasks == NULL || !planner_has_newest_form(p, copy) ? 0 : tasks_failures(copy);
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
    const char *reason = plan_give_up_words(p->arena, copy, failures);

    MARK("a copy that its agent tries for ever is given up");
    planner_break_up(p, reason);
    p->plan->failed++;
    planner_step(p, PLAN_STOP, replica, copy, reason)->gives_up = true;
    planner_gap(p, WHY_GIVEN_UP, replica, copy, true, reason);
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
        planner_break_up(p, reason);
    }
    if (agent == NULL && may_stay_meanwhile && is_hopeless(p, copy)) {
        give_up(p, replica, copy, copy_failures(copy));
        p->plan->steps[p->plan->step_count - 1].is_outdated = !planner_has_newest_form(p, copy);
        return;
    }
    if (agent == NULL) {
        planner_gap(p, WHY_NO_AGENT, replica, copy, false,
                    why == reason ? reason : arena_printf(p->arena, "%s; %s", reason, why));
        if (!may_stay_meanwhile) {
            MARK("a copy ends where it may not stay, with no other place");
            planner_stop(p, replica, copy, reason);
        }
        return;
    }
    MARK("a copy moves to another agent");
    step = planner_step(p, PLAN_MOVE, replica, copy, reason);
    step->agent = agent;
    step->failures_before = failures_carried(p, copy);
    planner_gap(p, WHY_STARTING, replica, copy, true,
                arena_printf(p->arena, "moves from %s to %s: %s", agent_name(copy->agent),
                             agent_name(agent), reason));
}

static void add_update(struct planner *p, const struct replica *replica,
                       struct assignment_entry *copy)
{
    bool in_place = copy_changes_in_place(p->in->model, copy, p->in->template);

    planner_step(p, in_place ? PLAN_UPDATE : PLAN_RESTART, replica, copy,
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
    planner_gap(p, WHY_STARTING, replica, copy, true,
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
        planner_gap(p, WHY_FAILED, replica, copy, false,
                    arena_printf(p->arena, "%s; it is not started again (restart: never)", words));
    } else if (p->is_fresh) {
        MARK("what failed is tried anew after a change");
        replace(p, replica, copy, false, 0, "the session changed since it failed");
    } else if (p->spec->retry_max > 0 && failures >= p->spec->retry_max && !is_task) {
        p->plan->failed++;
        planner_gap(p, WHY_GIVEN_UP, replica, copy, false,
                    plan_give_up_words(p->arena, copy, failures));
    } else if (!mono_is_due(copy->retry_at, p->in->now)) {
        MARK("a failed copy waits for its next try");
        planner_look_at(p, copy->retry_at);
        planner_gap(p, WHY_BACK_OFF, replica, copy, false,
                    arena_printf(p->arena, "%s; failure %u in a row, tried again after a pause",
                                 words, failures));
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
        planner_gap(p, WHY_AGENT_AWAY, replica, copy, false,
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
        planner_look_at(p, p->spec->every_agent ? p->in->awaited_until
                                                : mono_earlier(due, p->in->awaited_until));
        return;
    }
    if (!mono_is_due(due, p->in->now)) {
        MARK("a lost copy is waited for");
        planner_look_at(p, due);
        planner_gap(p, WHY_AGENT_AWAY, replica, copy, false,
                    arena_printf(p->arena, "%s is not connected; replaced when it is away for %s",
                                 name, after));
    } else if (is_exclusive && !lease_is_over(copy, p->in->now)) {
        MARK("a lost copy is not replaced before its lease is over");
        planner_look_at(p, copy->lease_until);
        planner_gap(
            p, WHY_LEASED, replica, copy, false,
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
        planner_gap(p, WHY_GIVEN_UP, replica, copy, false, words);
    } else if (!may_go && assignment_is_exclusive(copy)) {
        planner_look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
        planner_gap(p, WHY_LEASED, replica, copy, false,
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
    step = planner_step(p, PLAN_MOVE, replica, copy, reason);
    step->agent = agent;
    step->failures_before = failures_carried(p, copy);
    step->moves_before = moves;
    planner_gap(p, WHY_STARTING, replica, copy, true,
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
        planner_look_at(p, due);
        return false;
    }
    planner_look_at(p, mono_after(p->in->now, HELD_LOOK_MS));
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
        planner_gap(p, WHY_NO_AGENT, replica, copy, false,
                    arena_printf(p->arena, "%s; %s", reason, why));
    }
}

/* Of a session of tasks.  What has an earlier form would never come to anything here: where it
 * would get the newest it is not, and it may be one that never ends. */
static void leave_tasks(struct planner *p, const struct replica *replica,
                        struct assignment_entry *copy, bool is_current, const char *reason)
{
    if (!move_task(p, replica, copy, 0, reason) && !is_current) {
        planner_stop(p, replica, copy,
                     arena_printf(p->arena, "it is of an earlier form, and %s", reason));
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
        leave_tasks(p, replica, copy, is_current, reason);
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
        planner_gap(p, WHY_STARTING, replica, copy, false,
                    arena_printf(p->arena, "%s was told and has not answered yet", name));
    } else if (p->in->is_unsettled && p->spec->exclusive) {
        planner_gap(p, WHY_LEASED, replica, copy, false,
                    "the store was restored: what ran exclusively before may do so until its lease "
                    "ends, and nothing else does");
    } else if (status->phase == PHASE_STARTING && str_eq(status->reason, "Drifted")) {
        planner_gap(p, WHY_DRIFTED, replica, copy, false, plan_failure_words(p->arena, copy));
    } else if (is_hopeless(p, copy)) {
        give_up(p, replica, copy, copy_failures(copy));
    } else if (status->failures > 0) {
        planner_gap(
            p, WHY_FAILING, replica, copy, false,
            arena_printf(p->arena, "%s; %s tries again", plan_failure_words(p->arena, copy), name));
    } else if (str_is_empty(status->reason)) {
        planner_gap(p, WHY_STARTING, replica, copy, false,
                    arena_printf(p->arena, "is about to start on %s", name));
    } else {
        planner_gap(p, WHY_STARTING, replica, copy, false, plan_failure_words(p->arena, copy));
    }
}

/* Another policy holds at once, also where it is to leave: it may find no other place for long, and
 * a task that has begun ends there. */
static bool is_only_governed_anew(const struct planner *p, const struct assignment_entry *copy,
                                  bool is_current)
{
    return !is_current && copy_changes_in_place(p->in->model, copy, p->in->template);
}

void plan_tend(struct planner *p, const struct replica *replica, struct assignment_entry *copy)
{
    bool is_current = planner_has_newest_form(p, copy);
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
    } else if (is_only_governed_anew(p, copy, is_current)) {
        update(p, replica, copy);
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
