/* Leases, as both ends see them.  An agent counts a lease from asking for it, so what the two say
 * to each other tells until when each copy may run:
 *
 *     leased      no agent takes a lease to last longer than it may
 *     exclusive   the controller gives none while another copy of the replica has one, unless the
 *                 agent of that has said that it ended */
#pragma once

#include "schema/base/str.h"

#include <stdint.h>

struct machine;
struct node;
struct shim;
struct sim;

struct leases *leases_new(void);
void leases_free(struct leases *leases);

void leases_asked(const struct machine *machine, const struct node *renew);
void leases_reported(const struct machine *machine, const struct node *item);
void leases_given(struct sim *sim, const struct node *renewed);
/* The shim was told, at its beginning or later. */
void check_lease_end(const struct shim *shim, int64_t end_ms);
