/* May an agent run a session?  Read off the documents, as the API gives them, by what docs/KINDS.md
 * promises; shares no code with the planner. */
#pragma once

#include "schema/tree.h"

#include <stdbool.h>

/* spec.selector and spec.requirements of `session`, asked of the labels and the status of `agent`.
 * Room is another question. */
bool judge_matches(const struct node *session, const struct node *agent);
/* May what runs there already stay?  What sensors say counts only when work is placed. */
bool judge_may_stay(const struct node *session, const struct node *agent);
