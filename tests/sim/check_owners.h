/* Who owns which field, read from the rows that were committed and from what was answered:
 *
 *     owned      what a write changes its manager owns then, and nobody else does; what it leaves
 *                as it is whoever owned it owns still; what an apply names no more, and nobody else
 *                owns, is gone.  What a manager was told that it applied is there, and its own. Who
 *                reads an object is shown the owners that are stored
 *     conflict   an apply takes nothing that another manager owns, unless by force, and never
 *                removes it; a refusal names each field, and who owns it
 *     selected   a rollback of some objects writes nothing else
 *
 * managedFields are read by a walk of its own, of fields alone ("f:…"): what is in items of lists
 * is compared in a unit test (tests/unit/controller/ownership_model_test.c). */
#pragma once

#include "schema/tree.h"

struct reference;
struct ref_object;
struct row;
struct sent;
struct sim;

/* Before a row is taken into the reference; when it is. */
void check_owners_row(struct sim *sim, const struct row *row, const struct node *now,
                      const struct ref_object *before);
void check_owners_learn(struct reference *reference, const struct row *row, const struct node *now);

/* What somebody was answered: to a write that was carried out, to one that was refused with 409;
 * and an object that was read. */
void check_owners_answer(struct sim *sim, const struct sent *sent, const struct node *root);
void check_owners_refusal(struct sim *sim, const struct sent *sent, const struct node *root);
void check_owners_read(struct sim *sim, const struct node *object);
