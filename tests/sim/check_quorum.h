/* Whose results were taken, read with eyes of its own:
 *
 *     tasks   no task with a quorum is counted as done before so many different agents told the
 *             same digests, or one did that was trusted; nobody is trusted for less than agreeing
 */
#pragma once

#include <stdbool.h>

struct kind;
struct node;
struct ref_object;
struct row;
struct sim;

struct quorums *quorums_new(void);
void quorums_free(struct quorums *quorums);

/* After any row was taken into the reference, also one that is found after a start: of an
 * assignment that succeeded, what its agent said is kept. */
void check_quorum_hears(struct sim *sim, const struct kind *kind, const char *name);
/* Before a row of a session's status is taken into the reference. */
void check_quorum(struct sim *sim, const struct row *row, const struct node *now,
                  const struct ref_object *session);
/* May this copy go, of which no end was written down? */
bool check_quorum_knows(const struct ref_object *copy, const struct ref_object *session);
