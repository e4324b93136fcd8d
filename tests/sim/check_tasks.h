/* Sessions of tasks, row by row as they were committed:
 *
 *     tasks   a task is counted once, and only after a run of it ended so; it stays counted, and is
 *             never started again; what ended well is written down before it goes; no more are
 *             under way, and none is tried more often, than the session says */
#pragma once

struct node;
struct row;
struct sim;

/* Before the row is taken into the reference.  `body` is NULL for a removal. */
void check_tasks(struct sim *sim, const struct row *row, const struct node *body);
