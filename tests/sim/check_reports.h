/* What agents said of their work, in its order, and what the controller makes of it:
 *
 *     never-back   what is stored of an assignment follows what its agent said, and never returns
 *                  to what came before */
#pragma once

#include <stdint.h>

struct node;
struct row;
struct sim;

struct reports *reports_new(void);
void reports_free(struct reports *reports);

void reports_said(struct sim *sim, uint64_t seq, const struct node *item);
/* A row of an agent's word was committed; `status` is the part of that name. */
void check_reported(struct sim *sim, const struct row *row, const struct node *status);
