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

/* What becomes of work that its agent keeps, when its policy changes. */
struct foreseen {
    enum policy_outcome is, becomes;
    enum policy_reason reason; /* what holds it then; when it goes on, what held it */
    char message[sizeof(((struct policy_verdict *)NULL)->message)]; /* "" when it goes on */
};

/* Would the change alone make a difference, as of the agent's last word?  False: no, or nobody
 * knows; either policy may be NULL.  What goes on does so after the dwells of the rules that held
 * it. */
bool foresee_change(const struct harvest_policy_spec *before,
                    const struct harvest_policy_spec *after, const struct assignment_entry *copy,
                    struct foreseen *ret_foreseen);
