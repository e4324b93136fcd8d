/* The config directory, watched: what it says is told when it has settled.
 *
 * Whoever copies a folder writes it piece by piece.  A state is told when it was found twice,
 * names, times and bytes, CONFIGDIR_SETTLE_MS apart; while it keeps changing nothing is told.  That
 * cannot tell a pause in the middle of copying from the end of it: to be sure, exchange the folder
 * as a whole, behind a link. */
#pragma once

#include "controller/core/directory.h"

#include <uv.h>

struct configdir;

struct configdir_handlers {
    /* What it says, or that it cannot be read; only when that is news.  Borrowed for the call. */
    void (*say)(void *context, const struct directory *directory);
    void *context;
};

/* `path` is borrowed. */
struct configdir *configdir_open(uv_loop_t *loop, const char *path,
                                 const struct configdir_handlers *handlers);
void configdir_repeat(struct configdir *configdir); /* says what it said last again, if anything */
/* The memory may be freed when the loop has run until no handle is left. */
void configdir_close(struct configdir *configdir); /* NULL does nothing */
void configdir_free(struct configdir *configdir);
