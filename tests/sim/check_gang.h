/* Gangs, as they were committed:
 *
 *     gang    members begin only all in one batch, as many as the session asks for, and beside no
 *             other member that is in force; with them no more gangs are placed and not complete
 *             than the controller was told; and one is called complete only when all of it runs,
 *             or has ended well */
#pragma once

struct batch;
struct node;
struct row;
struct sim;

/* Before the row is taken into the reference. */
void check_gang_row(struct sim *sim, const struct row *row, const struct node *body);
/* After the batch was. */
void check_gangs(struct sim *sim, const struct batch *batch);
