/* Accounting periods, held against what the shims really used:
 *
 *     periods      a period that was told of or taken in never changes; each is taken in once, in
 *                  its order, and the sum that is kept is that of all; for no session more is
 *                  counted than its work ran.  In the end, where no machine lost anything, what was
 *                  counted and what its agent has still to tell is all of it */
#pragma once

#include <stdint.h>

struct machine;
struct node;
struct row;
struct sim;

struct accounts *accounts_new(void);
void accounts_free(struct accounts *accounts);

/* An agent sends a report. */
void check_period_said(struct machine *machine, const struct node *report);
/* A row was committed, and is not in the reference yet. */
void check_period_row(struct sim *sim, const struct row *row, const struct node *body);
/* One that is not in the reference yet is found in a store: its commit failed, and is durable. What
 * was before it may not be known. */
void check_period_found(struct sim *sim, const struct row *row, const struct node *body);
/* How many rows took a period in: that happens by the hour, whatever else does. */
uint64_t accounts_rows(const struct sim *sim);
/* The world is at rest. */
void check_accounts(struct sim *sim);
