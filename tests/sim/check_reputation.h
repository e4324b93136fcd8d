/* The check "reputation": no agent is said to have done, well or badly, more than its machines have
 * begun, and its score is one that so many outcomes can give. */
#pragma once

#include "schema/tree.h"

struct sim;

/* A status of the agent was committed: the body of its row. */
void check_reputation(struct sim *sim, const char *agent, const struct node *body);
