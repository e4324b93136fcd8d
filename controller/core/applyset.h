/* Apply sets: what is applied together carries the set's name as the label fog/applyset, and what
 * carries it and is named no more can go in the same change set (prune).
 *
 * Membership is the label and nothing else, so no list has to be kept or allowed.  An object is in
 * one set at most: to take one from another set needs force.  Pruning leaves alone what another
 * source than the API owns something of. */
#pragma once

#include "controller/core/changeset.h"

#define APPLYSET_LABEL "fog/applyset"

/* Reads spec.applySet and spec.prune: labels what is applied, and adds what is to go.  The writes
 * of `set` have room for as many more as there are declared objects.  False: see set->failure. */
bool applyset_read(struct ctl *ctl, const struct node *spec, const struct write_request *defaults,
                   bool force, struct changeset *set);
/* How many writes it may add. */
size_t applyset_room(const struct ctl *ctl, const struct node *spec);

/* The verb of what it adds. */
bool write_prune(struct ctl *ctl, struct write_request *request);
