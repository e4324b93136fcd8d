/* A path walked step by step: the kernel resolves one name at a time. */
#include "agent/io/below.h"

#include "agent/shim/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The next step of a path into `name`, and what follows it; NULL: the path is none of ours. */
static const char *next_step(const char *path, char name[static NAME_MAX + 1])
{
    size_t length = strcspn(path, "/");

    if (length == 0 || length > NAME_MAX) {
        errno = EINVAL;
        return NULL;
    }
    memcpy(name, path, length);
    name[length] = '\0';
    if (str_eq(name, "..")) {
        errno = EINVAL;
        return NULL;
    }
    return path + length;
}

/* Closes the folder, and leaves errno as it was. */
static void leave(int *fd)
{
    int number = errno;

    file_close(fd);
    errno = number;
}

int below_open(int folder_fd, const char *path, int flags, bool makes)
{
    int at_fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next_fd;
    char name[NAME_MAX + 1];

    while (at_fd >= 0 && (path = next_step(path, name)) != NULL) {
        bool is_last = *path == '\0';

        next_fd = is_last ? openat(at_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0700)
                          : file_open_dir(at_fd, name, makes);
        leave(&at_fd);
        if (is_last) {
            return next_fd;
        }
        at_fd = next_fd;
        path++;
    }
    leave(&at_fd);
    return -1;
}
