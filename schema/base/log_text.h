/* What a log line looks like, and whether it is one too many: the part of schema/base/log.h that
 * needs neither a clock nor a file. */
#pragma once

#include "schema/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOG_MESSAGE_SIZE = 2048,
    LOG_LINE_SIZE = 4096, /* with what stands around it, and escapes */
    LOG_WINDOW_MS = 10 * 1000,
    LOG_SAME_MAX = 5,    /* of one line in a window */
    LOG_ALL_MAX = 5000,  /* of all lines in a window */
    LOG_REMEMBERED = 64, /* lines that are told apart */
};

struct log_entry {
    enum log_level level;
    int64_t wall_ms;
    const char *file, *message;
};

/* One line with its newline, cut short with "…" where it is too long; returns its length. */
size_t log_to_str(enum log_format format, const struct log_entry *entry,
                  char to[static LOG_LINE_SIZE]);

struct log_same { /* one line that was written lately */
    uint64_t hash;
    int64_t since_ms;
    uint64_t seen; /* in the window; beyond LOG_SAME_MAX they were left out */
    enum log_level level;
    char begin[64]; /* of the message, to know it by */
};

struct log_limit { /* zeroed: nothing was written yet */
    struct log_same same[LOG_REMEMBERED];
    int64_t since_ms;
    uint64_t all;
};

/* `now_ms` never goes back. */
bool log_may(struct log_limit *limit, int64_t now_ms, const struct log_entry *entry);
/* What was left out in windows that are over (`all`: in any): a message to write, and true; to be
 * called until it is false. */
bool log_left_out(struct log_limit *limit, int64_t now_ms, bool all, enum log_level *ret_level,
                  char message[static LOG_MESSAGE_SIZE]);
