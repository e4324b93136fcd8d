/* The plan of one session, replica by replica: gather the copies there are, decide for each replica
 * what is to become of it, then spread what costs availability over waves. */
#include "controller/core/plan.h"

#include "controller/core/copy.h"
#include "controller/core/gang.h"
#include "controller/core/planner.h"
#include "controller/core/replica.h"
#include "controller/core/tasks.h"
#include "controller/core/waves.h"
#include "schema/base/site.h"

/* --- one replica ------------------------------------------------------------------------------ */

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
        planner_look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
        planner_gap(p, is_away ? WHY_LEASED : WHY_STOPPING, replica, copy, false,
                    arena_printf(p->arena,
                                 is_away
                                     ? "%s is not connected; what it runs exclusively may go on "
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
            planner_look_at(p, copy_may_go_at(model, it, p->in->now));
            planner_gap(
                p, WHY_LEASED, replica, NULL, false,
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
        planner_gap(p, WHY_NO_AGENT, replica, NULL, false, why);
        return;
    }
    step = planner_step(p, PLAN_START, replica, NULL, "no agent runs it yet");
    step->agent = agent;
    step->failures_before = quorum_failures_of(tasks_quorum(p->plan->tasks), replica->name);
    p->unavailable += leaving == 0; /* until it is well, as the next plan will say */
    planner_gap(p, WHY_STARTING, replica, NULL, true,
                arena_printf(p->arena, "placed on %s, which has not answered yet",
                             agent->object->meta.name));
}

/* Well, and not only because it was done in an earlier form before its agent went away. */
static bool is_well(const struct planner *p, const struct assignment_entry *copy)
{
    bool is_away = copy->agent == NULL || copy->agent->link == NULL;

    return copy_is_ok(copy) && (!is_away || planner_has_newest_form(p, copy));
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
            planner_stop(p, replica, copy,
                         arena_printf(p->arena, "another copy of it runs on %s",
                                      assignment_spec(keeper)->agent));
            p->costs[p->plan->step_count - 1] = false;
        } else if (keeper == NULL && i + 1 < replica->live_count &&
                   (copy->agent == NULL || copy_has_failed(copy) ||
                    copy_given_up(copy, &generation) != NULL)) {
            MARK("a copy ends because its replacement is on its way");
            planner_stop(p, replica, copy, "its replacement is on its way");
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
            planner_stop(p, replica, replica->copies[i], replica->unwanted);
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
        plan_tend(p, replica, copy);
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
    int *turns = arena_array(p->arena, replicas->count + 1, sizeof(int));

    for (size_t i = 0; i < replicas->count; i++) {
        turns[i] = turn_of(&replicas->items[i]);
    }
    for (int turn = 0; turn <= 2; turn++) {
        for (size_t i = 0; i < replicas->count; i++) {
            if (turns[i] == turn) {
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
        planner_gap(p, WHY_GIVEN_UP, NULL, NULL, false, tasks_words(p->arena, tasks, p->spec));
    }
    if (tasks->waiting > 0 && tasks->waiting == tasks->active) {
        planner_gap(p, WHY_NO_AGENT, NULL, NULL, false,
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
        planner_gap(&p, WHY_POLICY_MISSING, NULL, NULL, false,
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
        planner_break_up(&p, p.leaves);
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
