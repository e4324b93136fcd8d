/* Who outranks whom, read from the rows that were committed:
 *
 *     rank    no write of the config directory or of an agent's hello changes, puts back or removes
 * a field that a higher source owned before, or removes an object that has such a field buried what
 * an operator deletes of the directory leaves a tombstone, and the directory makes nothing that has
 * one whole   what is wrong, missing or empty changes nothing; what is in force is there, field by
 *             field, but for what is told as a conflict */
#pragma once

#include "schema/tree.h"

#include <stdbool.h>

struct batch;
struct directory;
struct ref_object;
struct row;
struct sim;

/* Before a row is taken into the reference. */
void check_sources_row(struct sim *sim, const struct row *row, const struct node *now,
                       const struct ref_object *before);
/* After the controller was told of the directory; `batch` is what the step stored, NULL: nothing.
 */
void check_directory(struct sim *sim, const struct directory *directory, bool is_fine,
                     const struct batch *batch);
/* Is what the directory said last in force, as the controller tells it?  `at_rest`: it must be. */
void check_folder(struct sim *sim, bool at_rest);
