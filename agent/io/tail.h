/* Where the last lines of a text begin, and bytes made fit to be read as text. */
#pragma once

#include "schema/base/str.h"

#include <stdint.h>
#include <sys/types.h>

/* Where the last `lines` of a file of `size` bytes begin: at a line's start.  A last line without a
 * newline counts.  `*ret_missing` is how many lines the file is short of. */
off_t tail_offset(int fd, off_t size, int64_t lines, int64_t *ret_missing);

/* Appends bytes as valid UTF-8 without NUL, what is neither replaced by U+FFFD, until `size_max`
 * bytes are in `to`; returns how many were used.  A character cut off at the end is left for later
 * unless `last`. */
size_t tail_clean(const char *bytes, size_t size_bytes, bool last, size_t size_max, struct str *to);
