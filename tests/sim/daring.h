/* Somebody who rolls out good and bad forms of a session of its own, now and then the next one
 * before it is known what came of the last, and leaves it to the controller to take back what is
 * bad (check_reverts.h). */
#pragma once

struct sim;

void daring_begin(struct sim *sim);
