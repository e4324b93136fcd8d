/* A client that lists once and then watches for ever, resuming where it was cut off:
 *
 *     watch   every change comes in order and once, and what it adds up to is what a list gives */
#pragma once

#include "tests/sim/sim.h"

struct watcher_client *watcher_new(void);
void watcher_free(struct watcher_client *watcher);
void watcher_begin(struct sim *sim);
void watcher_check(struct sim *sim); /* at the end, when nothing happens any more */
