/* What is not as declared says why, and what is says so.  Asked of a world at rest, of every
 * session, assignment and agent, and held against what can be seen of the machines:
 *
 *     says-why   a session's explanation begins with its own condition; a copy is called well when
 *                its process is there or its work is done, and only then, an agent when its machine
 *                is; and whatever is not well has a reason, words, and something that a person can
 *                do about it */
#pragma once

#include "tests/sim/sim.h"

void why_ask(struct sim *sim);
