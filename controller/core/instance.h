/* Which machine speaks for an agent?  The one that shows its key; but a state directory can be
 * copied, key and all, and then two machines do.
 *
 * An agent is an instance: one boot of one machine with one state directory, named by the boot id
 * of its hello.  Another instance, or one whose state is older than what was heard already, may be
 * the same machine after a boot or a restored backup, or a second machine beside it: nobody can
 * tell at first.  So it has to wait
 *
 *   1. while the instance before it is heard,
 *   2. until every lease that was granted to that one is over.
 *
 * Then it takes the place.  Whoever was let in last is stored with the Agent before it is told
 * anything, so that this holds across restarts of the controller too. */
#pragma once

#include "controller/core/core.h"
#include "schema/wire/wire.h"

/* A hello that is genuine.  NULL: it may come in.  Else the reason of the refusal, in one word,
 * with a sentence, and how long to stay away.  `agent` is NULL when there is none of that name; one
 * that was deleted may have left leases behind, and then everybody is another instance. */
const char *instance_refusal(struct ctl *ctl, struct agent_entry *agent,
                             const struct wire_hello *hello, char message[static ERR_TEXT_SIZE],
                             int64_t *ret_retry_ms);
/* It is let in: before its Agent is written anew, and within that transaction.  Returns the number
 * of the connection that begins, above all that were given or shown before; for another instance
 * one is left out, by which it knows that somebody else spoke for it meanwhile. */
uint64_t instance_take(struct ctl *ctl, struct agent_entry *agent, const struct wire_hello *hello);
/* A message that carried this epoch came: the agent has it on its disk, or as good as. */
void instance_proves(struct agent_entry *agent, uint64_t epoch);
