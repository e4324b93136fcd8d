/* A disk that fails on demand, for real programs: preloaded, it looks at the folder $FAULTS at each
 * call.
 *
 *     $FAULTS/full   there is no space beside the ballast: writes fail while that is there
 *     $FAULTS/sync   what is written is not kept: fsync and fdatasync fail */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static bool is_on(const char *fault)
{
    const char *folder = getenv("FAULTS");
    char path[512];

    if (folder == NULL) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", folder, fault);
    return access(path, F_OK) == 0;
}

static bool is_full(void)
{
    return is_on("full") && is_on("state/ballast");
}

static int fail(int code)
{
    errno = code;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return is_full() ? fail(ENOSPC) : REAL(pwrite)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return is_full() ? fail(ENOSPC) : REAL(pwrite64)(fd, bytes, size, offset);
}

int fstatvfs(int fd, struct statvfs *ret_room)
{
    int failed = REAL(fstatvfs)(fd, ret_room);

    if (failed == 0 && is_on("full")) {
        ret_room->f_bavail = 0;
    }
    return failed;
}

int fsync(int fd)
{
    return is_on("sync") ? fail(EIO) : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return is_on("sync") ? fail(EIO) : REAL(fdatasync)(fd);
}
