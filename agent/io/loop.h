/* The shell around the core: what happens becomes an event, the core's effects are performed in
 * order, and one timer follows its deadline. */
#pragma once

#include "agent/io/cache.h"
#include "agent/io/config.h"

struct loop;

/* `config` and `cache` are borrowed; the cache is locked.  Loads the state, finds running shims and
 * starts the core. */
int loop_new(const struct config *config, struct cache *cache, struct loop **ret_loop,
             struct err *err);
void loop_run(struct loop *loop); /* until SIGTERM or SIGINT */
void loop_free(struct loop *loop);
