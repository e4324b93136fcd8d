/* What policies would make of work, foreseen from what agents told last: for plans, which say so
 * and do not act on it.  The agents decide. */
#pragma once

#include "controller/core/ctl.h"
#include "controller/core/model.h"
#include "schema/policy.h"

/* Would it be held on this agent now?  False: it would run, or nobody knows: without a policy, or
 * when the agent has not told its readings.  `goes_on`: it runs there already, under another policy
 * perhaps; else it starts.  A rule of the owner's own may hold it all the same. */
bool foresee(const struct ctl *ctl, const struct agent_entry *agent,
             const struct template_entry *template, bool goes_on,
             struct policy_verdict *ret_verdict);
