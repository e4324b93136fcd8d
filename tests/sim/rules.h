/* Questions about rules that a client can rely on, asked once nothing goes wrong any more:
 *
 *     precondition   a write or removal that names an outdated version or plan is refused
 *     owners         what is owned goes with its owner, unless that is asked otherwise; a finalizer
 *                    holds what is deleted until it is taken off
 *     current        what a list tells is what the committed rows say, and nothing else */
#pragma once

#include <stdbool.h>

struct arena;
struct sim;

void rules_ask(struct sim *sim, struct arena *arena);
void rules_ask_current(struct sim *sim);
/* Changes a policy that some session has; false when there is none.  The judge sees what comes of
 * it. */
bool rules_change_policy(struct sim *sim);
