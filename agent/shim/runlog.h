/* What a workload says, kept in a bounded log: `log` and, one rotation older, `log.1`, each at most
 * LOG_FILE_BYTES_MAX.  What cannot be written (a full disk) is dropped: a workload never waits for
 * its log. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct runlog {
    int dir_fd; /* borrowed */
    int fd;     /* -1 when it could not be opened; tried again with the next bytes */
    size_t size_bytes;
    int64_t dropped_bytes;
};

void runlog_init(struct runlog *log, int dir_fd); /* goes on with a log that is there */
void runlog_fini(struct runlog *log);
void runlog_add(struct runlog *log, const char *bytes, size_t size_bytes);
