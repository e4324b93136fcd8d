/* What the reconciler's own rooms share; its doors are in controller/core/core.h. */
#pragma once

#include "controller/core/core.h"
#include "controller/core/plan.h"

/* What a session's replicas run, with everything decided; NULL while its policy is missing. */
struct template_entry *reconcile_template(struct ctl *ctl, const struct session_entry *session);
/* The plan of one session as things stand now; how much work that was, in copies examined. */
size_t reconcile_plan_session(struct ctl *ctl, struct session_entry *session,
                              struct template_entry *template, struct plan *ret_plan);
/* The agent's Ready and Healthy conditions, written when they differ (agent_state.c). */
void agent_state_write(struct ctl *ctl, struct agent_entry *agent);
/* An agent's word on an assignment, as it was before that, feeds its breaker; true when more may be
 * placed there now. */
bool agent_state_feed(struct ctl *ctl, struct agent_entry *agent, const struct object *assignment,
                      const struct assignment_status *after);
/* Breakers whose wait is over let a probe through; calls `changed` for each of their agents.
 * Returns when to look again. */
struct mono agent_state_tick(struct ctl *ctl,
                             void (*changed)(struct ctl *ctl, struct agent_entry *agent));
/* Marks those that may be drained now although nothing happened. */
void agent_state_drained(struct ctl *ctl);
void agent_state_mark(struct ctl *ctl, struct agent_entry *agent);

/* The agent may have room for somebody who wants one. */
void mark_offer(struct ctl *ctl, struct agent_entry *agent);
/* The sessions that have a copy on the agent. */
void mark_on_agent(struct ctl *ctl, struct agent_entry *agent);
/* Are the steps of the next wave carried out in the same step, after this one's? */
bool reconcile_turn_is_next(const struct ctl *ctl, const struct plan *plan);
/* Would an agent that comes, or room that is left, change the plan? */
bool reconcile_wants_agent(const struct session_entry *session, const struct plan *plan);
bool reconcile_lacks_agent(const struct plan *plan);
/* What a trial asks as mark.c does.  Of a session that wants an agent: could it be this one, for
 * what it has there or for more; for more alone?  Of an agent's versions: may what runs there, or
 * could, be affected?  Of an assignment's (`before` may be NULL): may it leave room? */
bool mark_is_taker(const struct session_entry *session, const struct agent_entry *agent);
bool mark_finds_room(const struct session_entry *session, const struct agent_entry *agent);
bool mark_agents_differ(const struct object *before, const struct object *after);
bool mark_may_leave_room(const struct object *before, const struct object *after);
