/* Small files in a folder held open: read whole, replaced whole. */
#pragma once

#include "schema/base/err.h"
#include "schema/base/str.h"

#include <dirent.h>

/* Replaces a file (mode 0600): temporary file, rename.  `durable` adds fsync of file and folder, so
 * that after a power cut it holds the old or the new bytes.  ERR_FULL, ERR_SYNC, ERR_IO. */
int file_replace(int dir_fd, const char *name, const void *bytes, size_t size_bytes, bool durable,
                 struct err *err);

/* Appends the whole file to `to`.  ERR_NOT_FOUND, ERR_LIMIT when larger than `size_max`,
 * ERR_REFUSED for anything but a regular file (a symlink too), ERR_IO. */
int file_read(int dir_fd, const char *name, size_t size_max, struct str *to, struct err *err);

/* The same for what is already open, from its current position; stops at size_max without error. */
int file_read_fd(int fd, size_t size_max, struct str *to);

/* Opens a folder inside a folder, making it (0700) when `make`; -1 with errno. */
int file_open_dir(int dir_fd, const char *name, bool make);

/* A stream over an open folder, which it takes over: where there can be none (NULL), `fd` is
 * closed. Below 0 it is none, too. */
DIR *file_list(int fd);

/* Removes a folder and all in it; symlinks are removed, not followed.  False when something is
 * left: it was nested too deep, or is not ours. */
bool file_remove_tree(int dir_fd, const char *name);

void file_close(int *fd); /* fits _cleanup_; negative does nothing */
