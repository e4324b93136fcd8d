/* Where a gang was held back, so that it is placed elsewhere next time.
 *
 * What holds work on a machine the controller does not always foresee: a rule of the owner's own, a
 * program that wants the machine for itself, a sensor that nobody told of.  A gang that is placed
 * on such a machine waits for it until its deadline; the machine that was best before is best
 * again, and so the gang would never run although others would run it.
 *
 * Such an agent is chosen after all others of the same worth, for as long as another try takes, and
 * twice as long each time that it held the gang again.  It is never refused: where there is no
 * other it may let the work run this time.  Who lets all run that it has of the gang is as good as
 * any other, though the gang waits for others in vain.  A gang that is complete forgets all of it,
 * and nobody remembers it after a start. */
#pragma once

#include "controller/core/model.h"

/* It held a member until the gang's deadline, which was so long. */
void gang_held_note(struct session_entry *session, const char *agent, int64_t deadline_ms,
                    struct mono now);
void gang_held_let(struct session_entry *session, const char *agent); /* it holds it no longer */
/* How often it did in a row, while it is to be chosen after others; else 0. */
unsigned gang_held_times(const struct session_entry *session, const char *agent, struct mono now);
void gang_held_forget(struct session_entry *session); /* also frees */
