/* The state directory: who may use it, who does, and how much room is left.
 *
 *     DIR/           0700, ours alone
 *     DIR/lock       held while a controller runs
 *     DIR/fog.db     the store
 *     DIR/ballast    BALLAST_BYTES of nothing, given back when the disk is full: then there is room
 *                    to store that work was stopped
 *     DIR/api.addr   where the API listens, for tools and tests; agents.addr likewise
 */
#pragma once

#include "schema/base/err.h"

#include <stdbool.h>

struct statedir {
    const char *path; /* borrowed */
    char *store_path; /* owned */
    int dir_fd, lock_fd;
};

/* Makes the directory when absent.  ERR_REFUSED: not ours, open to others, or in use. */
int statedir_open(struct statedir *statedir, const char *path, struct err *err);
void statedir_close(struct statedir *statedir);

/* ERR_FULL when there is no room for it and some beside it; nothing when it is there. */
int statedir_take_ballast(struct statedir *statedir, struct err *err);
void statedir_give_ballast(struct statedir *statedir);

/* Replaces DIR/NAME by this text and a newline. */
int statedir_write(struct statedir *statedir, const char *name, const char *text, struct err *err);
