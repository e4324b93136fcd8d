/* A log that rotates by renaming, so that a reader who holds the old one open still ends it. */
#include "agent/shim/runlog.h"

#include "agent/shim/file.h"
#include "agent/shim/spec.h"
#include "schema/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void open_log(struct runlog *log)
{
    struct stat about;

    log->fd =
        openat(log->dir_fd, RUN_LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    log->size_bytes = log->fd >= 0 && fstat(log->fd, &about) == 0 ? (size_t)about.st_size : 0;
}

void runlog_init(struct runlog *log, int dir_fd)
{
    *log = (struct runlog){.dir_fd = dir_fd, .fd = -1};
    open_log(log);
}

void runlog_fini(struct runlog *log)
{
    file_close(&log->fd);
}

static void rotate(struct runlog *log)
{
    file_close(&log->fd);
    if (renameat(log->dir_fd, RUN_LOG, log->dir_fd, RUN_LOG_OLD) < 0) {
        (void)unlinkat(log->dir_fd, RUN_LOG, 0); /* the bound matters more than the old lines */
    }
    open_log(log);
}

/* One write of what fits. */
static size_t put(struct runlog *log, const char *bytes, size_t size_bytes)
{
    size_t room, take;
    ssize_t done;

    if (log->size_bytes >= LOG_FILE_BYTES_MAX) {
        rotate(log);
    }
    if (log->fd < 0) {
        open_log(log);
    }
    if (log->size_bytes >= LOG_FILE_BYTES_MAX) { /* could not be rotated */
        log->dropped_bytes += (int64_t)size_bytes;
        return size_bytes;
    }
    room = LOG_FILE_BYTES_MAX - log->size_bytes;
    take = size_bytes < room ? size_bytes : room;
    do {
        done = log->fd < 0 ? -1 : write(log->fd, bytes, take);
    } while (done < 0 && log->fd >= 0 && errno == EINTR);
    if (done <= 0) {
        log->dropped_bytes += (int64_t)take;
        return take;
    }
    log->size_bytes += (size_t)done;
    return (size_t)done;
}

void runlog_add(struct runlog *log, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        size_t done = put(log, bytes, size_bytes);

        bytes += done;
        size_bytes -= done;
    }
}
