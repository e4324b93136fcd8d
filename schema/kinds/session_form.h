/* The form of a session: what its replicas run and under which rules, as against how many of them
 * there are and where.  A change of the form is carried out as a rollout; going back to an earlier
 * form leaves the rest of the session as it is. */
#pragma once

#include "schema/object.h"
#include "schema/tree.h"

/* Is this member of the spec ("workload") a part of the form? */
bool session_form_has(const char *member);
/* Do two versions of a session have the same form? */
bool session_form_eq(struct arena *arena, const struct object *a, const struct object *b);
/* The same of two specs, as they are emitted. */
bool session_form_eq_spec(const struct node *a, const struct node *b);
/* Gives `root`, a tree of a session, the form of `then`. */
void session_form_put(struct arena *arena, struct node *root, const struct object *then);
