/* What the parts of a planner share: taking down what is decided.  controller/core/planner.h. */
#include "controller/core/planner.h"

#include "controller/core/copy.h"
#include "controller/core/replica.h"

void planner_look_at(struct planner *p, struct mono moment)
{
    p->plan->look_at = mono_earlier(p->plan->look_at, moment);
}

void planner_gap(struct planner *p, enum why why, const struct replica *replica,
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

struct plan_step *planner_step(struct planner *p, enum plan_action action,
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
        planner_look_at(p, copy_may_go_at(p->in->model, copy, p->in->now));
    }
    return step;
}

void planner_stop(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                  const char *reason)
{
    (void)planner_step(p, PLAN_STOP, replica, copy, reason);
    if (!copy_may_go(p->in->model, copy, p->in->now)) {
        planner_gap(p, WHY_STOPPING, replica, copy, true,
                    arena_printf(p->arena, "ends on %s: %s", assignment_spec(copy)->agent, reason));
    }
}

void planner_break_up(struct planner *p, const char *reason)
{
    p->plan->broken = p->plan->broken == NULL ? reason : p->plan->broken;
}

bool planner_has_newest_form(const struct planner *p, const struct assignment_entry *copy)
{
    return p->in->template != NULL &&
           str_eq(assignment_spec(copy)->template_digest, p->in->template->text);
}
