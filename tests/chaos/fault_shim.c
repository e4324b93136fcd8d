/* A disk that fails and a wall clock that is wrong, on demand, for real programs: preloaded
 * (fault_shim.h says with which variables), it stands before the functions of libc.
 *
 * The clock is asked by system call, not through the next library: sanitizers read it before the
 * dynamic linker can look anything up. */
#include "tests/chaos/fault_shim.h"

#include "tests/chaos/fault_undo.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

enum { PATH_SIZE = 4096 };

static int fail(int code)
{
    errno = code;
    return -1;
}

/* --- the disk ----------------------------------------------------------------------------------
 */

static bool is_there(const char *variable)
{
    const char *path = getenv(variable);
    int before = errno;
    bool found = path != NULL && access(path, F_OK) == 0;

    errno = before;
    return found;
}

static bool is_full(void)
{
    return is_there(FAULT_DISK_FULL) &&
           (getenv(FAULT_DISK_BALLAST) == NULL || is_there(FAULT_DISK_BALLAST));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    if (is_full()) {
        return fail(ENOSPC);
    }
    undo_note_write(fd, offset, size);
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite64(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    undo_note_write(fd, -1, size);
    return syscall(SYS_write, fd, bytes, size);
}

int ftruncate64(int fd, off64_t size)
{
    undo_note_truncate(fd, size);
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int fstatvfs(int fd, struct statvfs *ret_room)
{
    int failed = REAL(fstatvfs)(fd, ret_room);

    if (failed == 0 && is_there(FAULT_DISK_FULL)) {
        ret_room->f_bavail = 0;
    }
    return failed;
}

/* Below the prefix, or wherever when there is none. */
static bool is_meant(int fd)
{
    const char *prefix = getenv(FAULT_FSYNC_PREFIX);
    char link[64], path[PATH_SIZE];
    ssize_t length;

    if (prefix == NULL) {
        return true;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = '\0';
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* The number in the file that a variable names, 0 for an empty one; -1: there is none. */
static long number_of(const char *variable)
{
    const char *path = getenv(variable);
    char text[32] = "";
    ssize_t length;
    int fd;

    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    length = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    return length > 0 ? strtol(text, NULL, 10) : 0;
}

static void tell(const char *mark)
{
    char path[PATH_SIZE];
    int fd;

    (void)snprintf(path, sizeof(path), "%s.done", getenv(FAULT_FSYNC_DELAY));
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)!write(fd, mark, 1);
        (void)close(fd);
    }
}

static void delay(void)
{
    long delay_ms = number_of(FAULT_FSYNC_DELAY);

    if (delay_ms > 0) {
        tell("(");
        (void)usleep((useconds_t)delay_ms * 1000);
        tell(")");
    }
}

static bool sync_fails(int fd)
{
    static atomic_long seen;
    long spared;

    if (!is_meant(fd)) {
        return false;
    }
    delay();
    spared = number_of(FAULT_FSYNC_FAIL);
    if (spared < 0) {
        atomic_store(&seen, 0);
        return false;
    }
    return atomic_fetch_add(&seen, 1) >= spared;
}

int fsync(int fd)
{
    int failed = sync_fails(fd) ? fail(EIO) : (int)syscall(SYS_fsync, fd);

    if (failed == 0) {
        undo_forget(fd);
    }
    return failed;
}

int fdatasync(int fd)
{
    int failed = sync_fails(fd) ? fail(EIO) : (int)syscall(SYS_fdatasync, fd);

    if (failed == 0) {
        undo_forget(fd);
    }
    return failed;
}

/* --- the wall clock ----------------------------------------------------------------------------
 */

__attribute__((constructor)) static void begin(void)
{
    undo_begin();
}

static const volatile int64_t *offset_ms; /* NULL: the clock is right */

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv(FAULT_CLOCK_OFFSET);
    struct stat about;
    void *map = MAP_FAILED;
    int fd;

    if (path == NULL) {
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size >= (off_t)sizeof(int64_t)) {
        map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (map == MAP_FAILED) {
        (void)fprintf(stderr, "libfogfault: %s=%s is no file of eight bytes\n", FAULT_CLOCK_OFFSET,
                      path);
        _exit(125); /* a fault that silently is none proves nothing */
    }
    offset_ms = map;
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, ret_time);
    int64_t ms;

    if (failed != 0 || offset_ms == NULL ||
        (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) {
        return failed;
    }
    ms = *offset_ms;
    ret_time->tv_sec += ms / 1000;
    ret_time->tv_nsec += ms % 1000 * 1000000;
    if (ret_time->tv_nsec < 0) {
        ret_time->tv_sec--;
        ret_time->tv_nsec += 1000000000;
    } else if (ret_time->tv_nsec >= 1000000000) {
        ret_time->tv_sec++;
        ret_time->tv_nsec -= 1000000000;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    ret_time->tv_sec = now.tv_sec;
    ret_time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret_time)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL) {
        *ret_time = now.tv_sec;
    }
    return now.tv_sec;
}
