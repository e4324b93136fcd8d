/* The store and the core that was loaded from it: what start-up makes, and what is thrown away and
 * made again when a commit failed. */
#pragma once

#include "controller/core/ctl.h"
#include "controller/io/config.h"
#include "controller/io/statedir.h"
#include "controller/io/store/store.h"

struct engine {
    const struct config *config; /* borrowed */
    struct statedir *statedir;   /* borrowed */
    struct store *store;         /* owned, as all below; the writer's */
    struct store *history;       /* read-only; the reader's */
    struct ctl *ctl;
    bool is_full;       /* there is no room for a ballast */
    bool knows_restore; /* the era was raised */
};

/* On a full disk the ballast is given back and opening is tried once more.  A store that was
 * restored gets its new era here, once in the life of a zeroed engine: agents that saw more than it
 * has obey it again, and forget what they were told since the copy was made. */
int engine_open(struct engine *engine, const struct config *config, struct statedir *statedir,
                struct err *err);
void engine_close(struct engine *engine);

/* Everything that is in force, into a core that knows nothing yet. */
int engine_load(struct store *store, struct ctl *ctl, const struct stored_state *state,
                struct err *err);
