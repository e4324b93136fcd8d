/* Agents as verbs about agents alone name them: "edge-1", "agent/edge-1", or by what they are. */
#pragma once

#include "tools/fogctl/patches.h"

/* Returns an exit code, after having said what is wrong; that a selection finds nothing is said,
 * and done.  Each is named once. */
int agents_named(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                 const struct selection *selection, struct targets *ret_agents);
/* One more patch: may the agent get work?  If so, a drain is taken back as well. */
void agents_set_schedulable(struct patches *patches, const char *name, bool is_schedulable);
