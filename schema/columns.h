/* The text of one column of a table of objects, as `get` prints it. */
#pragma once

#include "schema/base/arena.h"
#include "schema/object.h"

/* In `arena` or static; "" when absent.  Moments are written as their age at `now`;
 * "metadata.age" is the age of the object, and a struct that names an object is written
 * "harvestsession/render". */
const char *object_cell(struct arena *arena, const struct object *object,
                        const struct column *column, struct wall now);
