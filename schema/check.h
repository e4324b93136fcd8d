/* The second and third stage of validation; the first is schema/bind.h.
 *
 * semantic: rules that need more than one field or more than one object (references, what may not
 *           change); errors.
 * resource: can any agent hold it?  Warnings only: agents come and go.  (Asked of the planner,
 * because it alone knows what fits: controller/core.)
 */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

/* How to look up the objects that a reference may name; the caller's own set goes first. */
struct check_scope {
    bool (*has)(const void *context, const struct kind *kind, const char *name);
    const void *context;
};

/* Cross-field rules of the kind, references (when `scope` is not NULL), immutable fields (when
 * `before` is not NULL), the size limit of an object.  `root` is the tree the object was bound
 * from, for positions; may be NULL. */
void check_semantic(const struct object *object, const struct object *before,
                    const struct node *root, const struct check_scope *scope,
                    struct problems *problems);

/* For the rules of kinds: an error at the place of `path` in `root`, or of what would contain it.
 * The second names `list[index].member`. */
void check_problem(struct problems *problems, const struct node *root, enum problem_cause cause,
                   const char *path, const char *format, ...) _printf_(5, 6);
void check_problem_item(struct problems *problems, const struct node *root,
                        enum problem_cause cause, const char *list, size_t index,
                        const char *member, const char *format, ...) _printf_(7, 8);

/* The node at "spec.windows[0].from", or the deepest there is on the way; NULL for a NULL root. */
const struct node *check_locate(const struct node *root, const char *path);
