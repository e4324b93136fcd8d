/* Tables of objects, as `get` prints them and as the API answers who asks for a Table: the columns
 * of a kind, and the text of one cell. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "schema/object.h"

/* All columns of a kind, in order: NAME, its own, AGE.  Of an event its object says more than its
 * name: that comes last, and shown wide only, and there is no age beside "last seen". */
size_t kind_column_count(const struct kind *kind);
const struct column *kind_column(const struct kind *kind, size_t index);
bool column_is_name(const struct column *column);
/* Its cells are ages: what it leads to is a moment. */
bool column_is_age(const struct kind *kind, const struct column *column);
/* What it shows, as its field is described. */
const char *column_description(struct arena *arena, const struct kind *kind,
                               const struct column *column);
/* The head of the column on a screen: "LAST SEEN". */
void column_title(const struct column *column, struct str *to);

/* In `arena` or static; "" when absent.  Moments are written as their age at `now`;
 * "metadata.age" is the age of the object, and a struct that names an object is written
 * "harvestsession/render".  A sensor of an agent is never empty: "-" when the machine has no such
 * sensor, "unknown" when it tells nothing or has not been asked, "stale" when its agent is away.
 * Whether an agent is ready says, too, that it is cordoned. */
const char *object_cell(struct arena *arena, const struct object *object,
                        const struct column *column, struct wall now);
