/* JSON patches, RFC 6902: a list of operations, carried out one after the other; all, or none.
 * Pure: the result is a new tree in the arena, the inputs stay as they are.
 *
 * How much one patch may do is bounded (limits.h): its operations, the depth of what it makes, and
 * all that is searched, moved and copied on the way. */
#pragma once

#include "schema/base/err.h"
#include "schema/tree.h"

/* Fails with
 *   ERR_INVALID     it is no patch: no list, an operation of no such kind or without a member that
 *                   it needs, a path that is no JSON pointer
 *   ERR_NOT_FOUND   it cannot be carried out: a test fails, a path leads nowhere
 *   ERR_LIMIT       it is too much */
int json_patch(struct arena *arena, const struct node *target, const struct node *patch,
               struct node **ret_result, struct err *err);
