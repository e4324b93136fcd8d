/* The check "columns": what the controller keeps of its agents field by field is what their objects
 * and readings say, and a condition over the columns holds of whom it holds one by one. */
#pragma once

struct sim;

/* After a step of the controller; looks at every few of them. */
void check_columns(struct sim *sim, unsigned step);
