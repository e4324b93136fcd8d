/* Rollouts with a deadline, row by row as they were committed:
 *
 *     reverts   the controller changes a session only to take back a change that its words say is
 *               to be taken back, after its deadline, that was never good, and that is no such
 *               change itself; the session then has the form of the generation that was good last,
 *               as history has it, and is otherwise as it was.  At rest nothing is left that
 *               should have been taken back */
#pragma once

#include "tests/sim/reference.h"

struct reverts;

struct reverts *reverts_new(void);
void reverts_free(struct reverts *reverts);

/* Before the row is taken into the reference.  `body` is NULL for a removal. */
void check_revert_row(struct sim *sim, const struct row *row, const struct node *body,
                      const struct ref_object *before);
/* Rows were lost with a restore. */
void reverts_restored(struct sim *sim);
/* How often something was taken back in this world. */
size_t reverts_count(const struct sim *sim);
/* Waits until no deadline is to come; true when it had to. */
bool reverts_await(struct sim *sim);
void check_reverts(struct sim *sim); /* at rest */
