/* Alert rules in the simulated world: people write them, receivers take what they are told, refuse
 * it, or do so and are not heard; and the check
 *
 *     alerts       each firing and each end has a notification for each receiver, stored with it;
 *                  what is struck out was taken; what the core heard to be taken is not sent again;
 *                  nothing is sent that was not stored */
#pragma once

#include "controller/core/effect.h"
#include "tests/sim/reference.h"

struct alerts_world *alerts_world_new(void);
void alerts_world_free(struct alerts_world *alerts);
void alerts_begin(struct sim *sim);
void alerts_end(struct sim *sim); /* no rules are left */

/* From the controller. */
void alerts_told(struct sim *sim, const struct effect *effect);
/* A row was committed, and is not in the reference yet: `before` is what was there, or NULL. */
void alerts_row(struct sim *sim, const struct row *row, const struct node *body,
                const struct ref_object *before);
/* One that is not in the reference yet is found in a store: its commit failed, and is durable. */
void alerts_found(struct sim *sim, const struct row *row, const struct node *body);
