/* The text of one column of a table of objects, as `get` prints it. */
#pragma once

#include "schema/base/arena.h"
#include "schema/object.h"

/* In `arena` or static; "" when absent.  Moments are written as their age at `now`;
 * "metadata.age" is the age of the object, and a struct that names an object is written
 * "harvestsession/render".  A sensor of an agent is never empty: "-" when the machine has no such
 * sensor, "unknown" when it tells nothing or has not been asked, "stale" when its agent is away.
 * Whether an agent is ready says, too, that it is cordoned. */
const char *object_cell(struct arena *arena, const struct object *object,
                        const struct column *column, struct wall now);
