/* Peers that are who they say they are and talk nonsense: every message obeys its table.
 *
 * On an agent's machine a program with the agent's key takes the agent's place for a while; what
 * runs there goes on.  It may say anything, except that work of its own has ended: nobody but it
 * could know better.  A controller that talks nonsense does so between its true messages.  It may
 * say anything that an agent can find to be wrong: no grant that was not given, no end of work by
 * a right digest, no number that is only known to be too high because it is true later. */
#pragma once

#include "tests/sim/die.h"
#include "tests/sim/network.h"

struct machine;

/* The agent's process ends; it starts again when the time is over, or the faults are. */
void liar_begin(struct machine *machine, const struct die *die, int64_t ms);
/* Its machine has no power any more, or it is time. */
void liar_end(struct machine *machine, bool with_power);
void liar_hears(struct machine *machine, struct conn *conn, const struct blob *bytes);
void liar_loses(struct machine *machine, const struct conn *conn);

/* What was truly said on a connection: nonsense is held against it. */
void liar_learns(struct conn *conn, const struct blob *bytes, bool is_up);
/* What the controller says beside it; given.  NULL: nothing comes to mind. */
struct blob *liar_speaks(struct sim *sim, const struct conn *conn, struct die *die);
