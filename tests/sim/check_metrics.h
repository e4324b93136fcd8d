/* The check "metrics": what the page of metrics counts adds up with the objects there are, and no
 * clock runs on for a session that is as declared. */
#pragma once

struct sim;

/* After a step of the controller; looks at every few of them. */
void check_metrics(struct sim *sim, unsigned step);
