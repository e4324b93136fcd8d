/* An answer of `why` in words: the chain from what is declared to what is so, what stands in the
 * way first, and what would remove it.  The controller finds the chain; what is decided here is how
 * a person reads it. */
#pragma once

#include "tools/fogctl/fogctl.h"

/* Is all as declared, and nothing held? */
bool why_is_clear(const struct node *answer);
/* Several lines; `title` is of the object, "agent.fog/edge-1". */
void why_put(struct fogctl *fogctl, FILE *to, const char *title, const struct node *answer);
