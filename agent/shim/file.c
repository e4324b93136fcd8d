/* Files replaced whole and read whole.  The temporary file has a fixed name: each file has one
 * writer, and a left-over of a crash is simply overwritten. */
#include "agent/shim/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH = 128, NAME_SIZE = 256 };

void file_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

DIR *file_list(int fd)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        file_close(&fd);
    }
    return dir;
}

static int write_all(int fd, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t done = write(fd, bytes, size_bytes);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_FULL : ERR_IO;
        }
        bytes += done;
        size_bytes -= (size_t)done;
    }
    return 0;
}

static int write_temporary(int dir_fd, const char *name, const void *bytes, size_t size_bytes,
                           bool durable, struct err *err)
{
    _cleanup_(file_close)
    int fd = -1;
    int result;

    fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                       "cannot create \"%s\": %s", name, strerror(errno));
    }
    result = write_all(fd, bytes, size_bytes);
    if (result < 0) {
        return err_set(err, result, "cannot write \"%s\": %s", name, strerror(errno));
    }
    if (durable && fsync(fd) < 0) {
        return err_set(err, ERR_SYNC, "cannot sync \"%s\": %s", name, strerror(errno));
    }
    return 0;
}

int file_replace(int dir_fd, const char *name, const void *bytes, size_t size_bytes, bool durable,
                 struct err *err)
{
    char temporary[NAME_SIZE];
    int result;

    (void)snprintf(temporary, sizeof(temporary), "%s.new", name);
    result = write_temporary(dir_fd, temporary, bytes, size_bytes, durable, err);
    if (result < 0) {
        (void)unlinkat(dir_fd, temporary, 0); /* the space may be what is missing */
        return result;
    }
    if (renameat(dir_fd, temporary, dir_fd, name) < 0) {
        return err_set(err, ERR_IO, "cannot rename \"%s\": %s", temporary, strerror(errno));
    }
    if (durable && fsync(dir_fd) < 0) {
        return err_set(err, ERR_SYNC, "cannot sync the folder of \"%s\": %s", name,
                       strerror(errno));
    }
    return 0;
}

int file_read_fd(int fd, size_t size_max, struct str *to)
{
    char buffer[16 << 10];

    while (size_max > 0) {
        size_t want = size_max < sizeof(buffer) ? size_max : sizeof(buffer);
        ssize_t got = read(fd, buffer, want);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_IO;
        }
        if (got == 0) {
            return 0;
        }
        str_add_bytes(to, buffer, (size_t)got);
        size_max -= (size_t)got;
    }
    return 0;
}

int file_read(int dir_fd, const char *name, size_t size_max, struct str *to, struct err *err)
{
    _cleanup_(file_close)
    int fd = -1;
    struct stat about;

    fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) {
        return err_set(err, ERR_NOT_FOUND, "\"%s\" does not exist", name);
    }
    if (fd < 0) {
        return err_set(err, errno == ELOOP ? ERR_REFUSED : ERR_IO, "cannot open \"%s\": %s", name,
                       strerror(errno));
    }
    if (fstat(fd, &about) < 0) {
        return err_set(err, ERR_IO, "cannot look at \"%s\": %s", name, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return err_set(err, ERR_REFUSED, "\"%s\" is not a regular file", name);
    }
    if (about.st_size > (off_t)size_max) {
        return err_set(err, ERR_LIMIT, "\"%s\" is larger than %zu bytes", name, size_max);
    }
    if (file_read_fd(fd, size_max, to) < 0) {
        return err_set(err, ERR_IO, "cannot read \"%s\": %s", name, strerror(errno));
    }
    return 0;
}

int file_open_dir(int dir_fd, const char *name, bool make)
{
    if (make && mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST) {
        return -1;
    }
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folders from the outermost to the one being emptied. */
struct descent {
    DIR *dirs[TREE_DEPTH];
    char names[TREE_DEPTH][NAME_SIZE];
    size_t depth;
};

static bool descend(struct descent *descent, int dir_fd, const char *name)
{
    int fd = -1;

    if (descent->depth == TREE_DEPTH) {
        return false;
    }
    fd = file_open_dir(dir_fd, name, false);
    if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0700, 0) == 0) {
        fd = file_open_dir(dir_fd, name, false); /* a workload may have locked itself out */
    }
    if (fd < 0) {
        return false;
    }
    (void)fchmod(fd, 0700);
    descent->dirs[descent->depth] = fdopendir(fd);
    assert(descent->dirs[descent->depth] != NULL);
    (void)snprintf(descent->names[descent->depth], NAME_SIZE, "%s", name);
    descent->depth++;
    return true;
}

/* Leaves the innermost folder, which should be empty, and removes it. */
static bool ascend(struct descent *descent, int root_fd)
{
    int parent_fd;

    descent->depth--;
    (void)closedir(descent->dirs[descent->depth]);
    parent_fd = descent->depth == 0 ? root_fd : dirfd(descent->dirs[descent->depth - 1]);
    return unlinkat(parent_fd, descent->names[descent->depth], AT_REMOVEDIR) == 0;
}

bool file_remove_tree(int dir_fd, const char *name)
{
    struct descent descent = {.depth = 0};
    bool whole = descend(&descent, dir_fd, name);

    while (descent.depth > 0) {
        DIR *dir = descent.dirs[descent.depth - 1];
        const struct dirent *entry = readdir(dir);

        if (entry == NULL) {
            whole = ascend(&descent, dir_fd) && whole;
        } else if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        } else if (unlinkat(dirfd(dir), entry->d_name, 0) == 0) {
            continue;
        } else if (!whole || !descend(&descent, dirfd(dir), entry->d_name)) {
            whole = false; /* leaves the rest; unwinds without removing what is not empty */
        }
    }
    return whole;
}
