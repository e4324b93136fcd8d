/* The state directory: who may use it, who does, and how much room is left.
 *
 *     DIR/           0700, ours alone
 *     DIR/lock       held while a controller runs
 *     DIR/fog.db     the store
 *     DIR/making     exists while the first store of the directory is being made
 *     DIR/ballast    BALLAST_BYTES of nothing, given back when the disk is full: then there is room
 *                    to store that work was stopped
 *     DIR/before-N/  a store that a restore replaced; never removed by us
 *     DIR/era        the highest era that a store in here had: a copy that is put back is older
 *     DIR/blobs/     files of their own (controller/io/blob_files.h)
 *     DIR/api.addr   where the API listens, for tools and tests; agents.addr likewise
 */
#pragma once

#include "schema/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct statedir {
    const char *path; /* borrowed */
    char *store_path; /* owned */
    int dir_fd, lock_fd;
};

/* Makes the directory when absent.  ERR_REFUSED: not ours, open to others, or in use; a symlink
 * cannot be opened. */
int statedir_open(struct statedir *statedir, const char *path, struct err *err);
void statedir_close(struct statedir *statedir);

/* May a store be made?  When there is none, or when one was begun and not finished; an empty one
 * that is found otherwise was emptied, and one that is missing beside what only a running
 * controller leaves was lost: neither must be taken for a new beginning. */
bool statedir_may_make_store(const struct statedir *statedir);
int statedir_begin_store(struct statedir *statedir,
                         struct err *err); /* durable when it returns 0 */
void statedir_end_store(struct statedir *statedir);

/* ERR_FULL when there is no room for it and some beside it; nothing when it is there. */
int statedir_take_ballast(struct statedir *statedir, struct err *err);
void statedir_give_ballast(struct statedir *statedir);

/* 0 when there is no such file. */
int statedir_read_number(const struct statedir *statedir, const char *name, uint64_t *ret_value,
                         struct err *err);
/* Replaces DIR/NAME by this text and a newline, durably. */
int statedir_write(struct statedir *statedir, const char *name, const char *text, struct err *err);
