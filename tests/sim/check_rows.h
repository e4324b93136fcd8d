/* Was the controller allowed to write this?  Every row that is committed is held against the rows
 * before it (reference.h), in words of its own:
 *
 *     authorised    the reconciler makes an assignment only where the session's own words allow it:
 *                   it is there and is not being deleted, asks for this slot, selects this agent,
 *                   which takes work; a paused rollout changes nothing; nobody but operators and
 *                   agents declares anything, but for check_reverts.h; a row names the uid of what
 * is there caps          nothing is stored that is larger than an object may be capacity      what
 * agents are given fits into what they have rollout       no more replicas are taken down than may
 * be down at once precondition  a write that named a version was made upon that version spent
 * contributions only grow never-back    nor does the generation that a status speaks of go back */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/stored.h"

struct sim;

void check_rows(struct sim *sim, const struct batch *batch); /* was committed; takes the rows in */
/* The store that starts has this one: for those that have to know of what a commit wrote that
 * failed.  Before the reference takes it in. */
void check_found(struct sim *sim, const struct stored_change *change);

/* A write under this key, which is also its change cause, may only be made upon this revision of
 * the object, or, without a name, of desired state. */
void check_expect(struct sim *sim, const char *key, const char *name, uint64_t revision);
