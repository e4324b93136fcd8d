#include "agent/io/config_file.h"

#include "agent/shim/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 10 };

int config_file_read(const char *path, struct str *to, struct err *err)
{
    _cleanup_(file_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0) {
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                       "cannot read \"%s\": %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_BYTES_MAX) {
        return err_set(err, ERR_REFUSED, "\"%s\" is not a file of at most %d KiB", path,
                       FILE_BYTES_MAX >> 10);
    }
    if ((about.st_mode & S_IWOTH) != 0) { /* who can write to it has the owner's word */
        return err_set(err, ERR_REFUSED, "\"%s\" may be written by anybody: chmod o-w", path);
    }
    if (file_read_fd(fd, FILE_BYTES_MAX, to) < 0 || strlen(to->data) != to->length) {
        return err_set(err, ERR_INVALID, "\"%s\" cannot be read, or is no text", path);
    }
    return 0;
}
