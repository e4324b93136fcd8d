/* Random objects, made from the tables of their kinds: valid, different with each draw, the same
 * for the same seed. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/rand.h"
#include "schema/kind.h"
#include "schema/tree.h"

/* A whole document, as an operator could have written it, with a status where the kind has one.
 * All values are in canonical form.  A HarvestSession's policy, if any, is one of "policy-0" to
 * "policy-3". */
struct node *random_object_tree(struct arena *arena, struct rand *rand, const struct kind *kind,
                                const char *name);
