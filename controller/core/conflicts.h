/* Conflicts: what a source says of an object and a higher one does not let it say, as objects that
 * people can read; and tombstones, which are the conflict about a whole object that an operator
 * deleted.
 *
 * A conflict about a field follows from what is there and what the sources say, and is brought in
 * line with that whenever one of them changed.  A tombstone is a decision: it stays until it is
 * lifted. */
#pragma once

#include "controller/core/core.h"
#include "schema/apply.h"

/* Inside a transaction: the conflicts of this object with this source become those of the list
 * (which may have other items than left-out ones), and the object's condition says so.  The object
 * need not be there. */
void conflicts_put(struct ctl *ctl, const struct kind *kind, const char *name, enum source refused,
                   const struct apply_conflict *list, size_t count);

/* Inside a transaction, as a part of this write.  Before a removal: lower sources leave the object
 * deleted. */
void conflicts_bury(struct ctl *ctl, const struct object *object, const struct write *write);
bool conflicts_is_buried(const struct ctl *ctl, const struct kind *kind, const char *name);
/* False when there was nothing to lift. */
bool conflicts_lift(struct ctl *ctl, const struct kind *kind, const char *name,
                    const struct write *write);

size_t conflicts_count(const struct ctl *ctl, enum source refused);
/* Has this object any? */
bool conflicts_has(const struct ctl *ctl, const struct kind *kind, const char *name);
