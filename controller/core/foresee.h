/* What policies would make of work, foreseen from what agents told last: for placing, and for
 * plans, which say so.  The agents decide. */
#pragma once

#include "controller/core/model.h"
#include "schema/policy.h"

/* Would this policy, or a pause by the owner, hold it on this agent, as of the agent's last
 * heartbeat?  False: it would run, or nobody knows: without a policy (NULL), or when the agent is
 * away or has not told its readings; *ret_verdict is written in any case.  `goes_on`: it runs there
 * already, under another policy perhaps; else it starts.  How old a reading may be is for the agent
 * to say, which has newer ones.  A rule of the owner's own may hold it all the same. */
bool foresee(const struct harvest_policy_spec *policy, const struct agent_entry *agent,
             bool goes_on, struct policy_verdict *ret_verdict);
