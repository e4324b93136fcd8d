/* Patches in the plainest form: a reference to compare those of the server with, and random ones.
 *
 * Written from RFC 6902 and RFC 7386 alone; shares nothing with schema/patch.h and
 * schema/json_patch.h but the trees. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/rand.h"
#include "schema/tree.h"

/* RFC 7386; the target is left as it is. */
struct node *plain_merge(struct arena *arena, const struct node *target, const struct node *patch);
/* RFC 6902; NULL when an operation cannot be carried out, or a test fails. */
struct node *plain_json_patch(struct arena *arena, const struct node *target,
                              const struct node *patch);

/* Something of `fresh` goes into `live`, and something of that goes. */
struct node *draw_merge(struct arena *arena, struct rand *dice, const struct node *live,
                        const struct node *fresh);
/* Some operations on `live`, with values of `fresh`; now and then one that cannot be carried out.
 */
struct node *draw_json_patch(struct arena *arena, struct rand *dice, const struct node *live,
                             const struct node *fresh);
