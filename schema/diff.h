/* The differences between two versions of an object, field by field, in table order.
 *
 * Pure; diff(a, a) is empty.  Either side may be NULL (created, deleted).  Structs and text maps
 * are compared member by member, list-maps item by item by their key, whatever their order; sets as
 * wholes, whatever their order; other lists as wholes.  A member that is absent and one that is
 * empty differ. */
#pragma once

#include "schema/object.h"

enum diff_op { DIFF_ADD, DIFF_REMOVE, DIFF_CHANGE };

struct difference {
    enum diff_op op;
    const char *path;          /* "spec.workload.environment.SEED", "spec.ports[name=web].target" */
    const struct node *before; /* NULL when added */
    const struct node *after;  /* NULL when removed */
};

struct differences {
    struct difference *items; /* in the arena */
    size_t count;
};

enum diff_parts {
    DIFF_META = 1 << 0, /* labels, annotations */
    DIFF_SPEC = 1 << 1,
    DIFF_STATUS = 1 << 2,
};

void diff_objects(struct arena *arena, const struct object *before, const struct object *after,
                  unsigned parts, struct differences *ret_differences);
/* Is there any difference in these parts?  Makes no trees, and allocates nothing but what node_eq()
 * needs for members of any type. */
bool diff_is_empty(const struct object *before, const struct object *after, unsigned parts);
