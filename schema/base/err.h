/* What went wrong with the world, and in whose words.
 *
 * Functions that can fail return 0 or one of these; those whose failure a person must act on take a
 * `struct err *` last, and each level puts its own words in front:
 *
 *     apply: session "render": field "replicas": 99 is above 64
 *
 * Bugs are asserted, not returned; no memory ends the process (base/mem.h). */
#pragma once

#include "schema/base/mem.h"

enum err_code {
    ERR_INVALID = -1, /* the input is wrong; the same input will always be wrong */
    ERR_NOT_FOUND = -2,
    ERR_EXISTS = -3,
    ERR_CONFLICT = -4,     /* somebody else was faster; read again and retry */
    ERR_LIMIT = -5,        /* a bound of schema/limits.h would be exceeded */
    ERR_FULL = -6,         /* no space left where it should be stored */
    ERR_IO = -7,           /* reading or writing failed */
    ERR_SYNC = -8,         /* fsync failed: what is on the disk is unknown; end the process */
    ERR_CORRUPT = -9,      /* what was read cannot be what was written */
    ERR_REFUSED = -10,     /* not allowed, or not by this one */
    ERR_UNAVAILABLE = -11, /* not now; later perhaps */
    ERR_TIMEOUT = -12,
    ERR_SYSTEM = -13, /* a system call failed in a way not named above */
};

/* What errno says of a file that could not be opened, written or renamed.  A macro: only rooms that
 * see <errno.h> may ask. */
#define err_of_errno()                                                                             \
    (errno == ENOSPC || errno == EDQUOT ? ERR_FULL : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO)

enum { ERR_TEXT_SIZE = 1024 };

struct err {
    int code;                 /* 0 or an ERR_ */
    char text[ERR_TEXT_SIZE]; /* one line, lower case, no full stop; cut off with "…" when too long
                               */
};

#define ERR_NONE ((struct err){0})

/* Both return the code, so that a failing call is one line; `err` may be NULL. */
int err_set(struct err *err, int code, const char *format, ...) _printf_(3, 4);
int err_prefix(struct err *err, int code, const char *format, ...) _printf_(3, 4);
const char *err_to_str(int code); /* "not found" */
