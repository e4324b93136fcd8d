/* Journals of what is not durable yet, one for each file, named by its inode: they outlive the
 * program, as its page cache would.  Whoever cuts the power plays them back (chaos_power.c).
 *
 * A note is written before the deed: to undo what was not done does no harm.  All goes by system
 * call, for the functions of libc are what this library stands before. */
#include "tests/chaos/fault_undo.h"

#include "tests/chaos/fault_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A fault that silently is none proves nothing: then the program ends. */
enum { PATH_SIZE = 4096, PIECE_SIZE = 64 << 10, CODE_NO_NOTE = 125 };

static const char *folder, *prefix; /* NULL: nothing is noted */

void undo_begin(void)
{
    folder = getenv(FAULT_UNDO);
    prefix = getenv(FAULT_FSYNC_PREFIX);
}

/* A regular file in the folder itself. */
static bool is_noted(int fd, struct stat *ret_about)
{
    char link[64], path[PATH_SIZE];
    size_t length = prefix == NULL ? 0 : strlen(prefix);
    ssize_t got;

    if (folder == NULL || length == 0 || fstat(fd, ret_about) != 0 ||
        !S_ISREG(ret_about->st_mode)) {
        return false;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    got = readlink(link, path, sizeof(path) - 1);
    path[got < 0 ? 0 : got] = '\0';
    return strncmp(path, prefix, length) == 0 && path[length] == '/' &&
           strchr(path + length + 1, '/') == NULL;
}

static void journal_path(const struct stat *about, char *ret_path)
{
    (void)snprintf(ret_path, PATH_SIZE, "%s/%llu", folder, (unsigned long long)about->st_ino);
}

static void must_write(int fd, const void *bytes, size_t size)
{
    if (syscall(SYS_write, fd, bytes, size) != (long)size) {
        _exit(CODE_NO_NOTE);
    }
}

/* `fd` may be open for writing alone. */
static void copy(int journal, int fd, off64_t offset, off64_t size)
{
    char piece[PIECE_SIZE], path[64];
    int from;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    from = open(path, O_RDONLY | O_CLOEXEC);
    while (size > 0) {
        size_t want = size < PIECE_SIZE ? (size_t)size : PIECE_SIZE;
        long got = syscall(SYS_pread64, from, piece, want, offset);

        if (got <= 0) {
            _exit(CODE_NO_NOTE);
        }
        must_write(journal, piece, (size_t)got);
        offset += got;
        size -= got;
    }
    (void)close(from);
}

static void note(int fd, const struct stat *about, off64_t offset, off64_t end)
{
    struct fault_undo head = {.offset = offset, .size_before = about->st_size};
    char path[PATH_SIZE];
    int journal;

    journal_path(about, path);
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) {
        _exit(CODE_NO_NOTE);
    }
    end = end < about->st_size ? end : about->st_size;
    head.kept = end > offset ? end - offset : 0;
    must_write(journal, &head, sizeof(head));
    if (head.kept > 0) {
        copy(journal, fd, offset, head.kept);
    }
    (void)close(journal);
}

void undo_note_write(int fd, off64_t offset, size_t size)
{
    int before = errno;
    struct stat about;

    if (is_noted(fd, &about)) {
        if (offset < 0) {
            bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;

            offset = appends ? about.st_size : lseek64(fd, 0, SEEK_CUR);
        }
        note(fd, &about, offset, offset + (off64_t)size);
    }
    errno = before;
}

void undo_note_truncate(int fd, off64_t size)
{
    int before = errno;
    struct stat about;

    if (is_noted(fd, &about)) {
        note(fd, &about, size, about.st_size);
    }
    errno = before;
}

void undo_forget(int fd)
{
    int before = errno;
    struct stat about;
    char path[PATH_SIZE];

    if (is_noted(fd, &about)) {
        journal_path(&about, path);
        (void)unlink(path);
    }
    errno = before;
}
