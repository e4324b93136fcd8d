/* Everything here goes through the directory's descriptor, so that a directory that is moved or
 * replaced while we run stays the one that was checked and locked. */
#include "controller/io/statedir.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int fail(struct err *err, const struct statedir *statedir, const char *what)
{
    return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_SYSTEM,
                   "state directory \"%s\": %s: %s", statedir->path, what, strerror(errno));
}

static int check_dir(const struct statedir *statedir, struct err *err)
{
    struct stat info;

    if (fstat(statedir->dir_fd, &info) < 0) {
        return fail(err, statedir, "cannot be looked at");
    }
    if (info.st_uid != geteuid()) {
        return err_set(err, ERR_REFUSED, "state directory \"%s\": belongs to somebody else",
                       statedir->path);
    }
    if ((info.st_mode & 077) != 0) {
        return err_set(err, ERR_REFUSED,
                       "state directory \"%s\": others may enter (mode %03o); chmod 700 it",
                       statedir->path, (unsigned)info.st_mode & 0777);
    }
    return 0;
}

static int lock_dir(struct statedir *statedir, struct err *err)
{
    char pid[32] = "";
    int length;

    statedir->lock_fd =
        openat(statedir->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (statedir->lock_fd < 0) {
        return fail(err, statedir, "cannot make \"lock\"");
    }
    if (flock(statedir->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (read(statedir->lock_fd, pid, sizeof(pid) - 1) <= 0) {
            pid[0] = '\0';
        }
        pid[strcspn(pid, "\n")] = '\0';
        return err_set(err, ERR_REFUSED, "state directory \"%s\": another controller runs here%s%s",
                       statedir->path, *pid != '\0' ? ", pid " : "", pid);
    }
    length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(statedir->lock_fd, 0) < 0 ||
        pwrite(statedir->lock_fd, pid, (size_t)length, 0) < 0) {
        return 0; /* the number is for people; the lock is what counts */
    }
    return 0;
}

int statedir_open(struct statedir *statedir, const char *path, struct err *err)
{
    _cleanup_(str_fini)
    struct str store_path = STR_EMPTY;
    int failed;

    *statedir = (struct statedir){.path = path, .dir_fd = -1, .lock_fd = -1};
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return fail(err, statedir, "cannot be made");
    }
    statedir->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (statedir->dir_fd < 0) {
        return fail(err, statedir, "cannot be opened");
    }
    failed = check_dir(statedir, err);
    if (failed == 0) {
        failed = lock_dir(statedir, err);
    }
    str_addf(&store_path, "%s/fog.db", path);
    statedir->store_path = str_take(&store_path);
    return failed;
}

void statedir_close(struct statedir *statedir)
{
    if (statedir->lock_fd >= 0) {
        (void)close(statedir->lock_fd); /* which unlocks */
    }
    if (statedir->dir_fd >= 0) {
        (void)close(statedir->dir_fd);
    }
    free(statedir->store_path);
    *statedir = (struct statedir){.dir_fd = -1, .lock_fd = -1};
}

/* --- the first store -----------------------------------------------------------------------------
 */

static bool has(const struct statedir *statedir, const char *name)
{
    return faccessat(statedir->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool statedir_may_make_store(const struct statedir *statedir)
{
    static const char *const companions[] = {"fog.db", "fog.db-wal", "ballast", "api.addr",
                                             "before-1"};

    if (has(statedir, "making")) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(companions); i++) {
        if (has(statedir, companions[i])) {
            return false;
        }
    }
    return true;
}

int statedir_begin_store(struct statedir *statedir, struct err *err)
{
    int fd = openat(statedir->dir_fd, "making", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return fail(err, statedir, "cannot make \"making\"");
    }
    (void)close(fd);
    if (fsync(statedir->dir_fd) < 0) {
        return fail(err, statedir, "cannot be synced");
    }
    return 0;
}

void statedir_end_store(struct statedir *statedir)
{
    (void)unlinkat(statedir->dir_fd, "making", 0); /* left over, it allows no more than it did */
}

/* --- room ----------------------------------------------------------------------------------------
 */

static bool has_room(const struct statedir *statedir, uint64_t size_bytes)
{
    struct statvfs room;

    return fstatvfs(statedir->dir_fd, &room) < 0 ||
           (uint64_t)room.f_bavail * room.f_frsize >= size_bytes;
}

int statedir_take_ballast(struct statedir *statedir, struct err *err)
{
    struct stat info;
    int fd, failed;

    if (fstatat(statedir->dir_fd, "ballast", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_size == BALLAST_BYTES) {
        return 0;
    }
    if (!has_room(statedir, BALLAST_BYTES + SPACE_SPARE_BYTES)) {
        errno = ENOSPC;
        return fail(err, statedir, "no room for \"ballast\"");
    }
    fd = openat(statedir->dir_fd, "ballast", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(err, statedir, "cannot make \"ballast\"");
    }
    failed = posix_fallocate(fd, 0, BALLAST_BYTES);
    (void)close(fd);
    if (failed != 0) {
        statedir_give_ballast(statedir);
        errno = failed;
        return fail(err, statedir, "no room for \"ballast\"");
    }
    return 0;
}

void statedir_give_ballast(struct statedir *statedir)
{
    (void)unlinkat(statedir->dir_fd, "ballast", 0);
    (void)fsync(statedir->dir_fd);
}

/* --- small files ---------------------------------------------------------------------------------
 */

int statedir_write(struct statedir *statedir, const char *name, const char *text, struct err *err)
{
    char temporary[64];
    int fd;

    (void)snprintf(temporary, sizeof(temporary), "%s.new", name);
    fd = openat(statedir->dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                0600);
    if (fd < 0) {
        return fail(err, statedir, name);
    }
    if (dprintf(fd, "%s\n", text) < 0 || fsync(fd) < 0) {
        (void)close(fd);
        return fail(err, statedir, name);
    }
    (void)close(fd);
    if (renameat(statedir->dir_fd, temporary, statedir->dir_fd, name) < 0 ||
        fsync(statedir->dir_fd) < 0) {
        return fail(err, statedir, name);
    }
    return 0;
}

int statedir_read_number(const struct statedir *statedir, const char *name, uint64_t *ret_value,
                         struct err *err)
{
    char text[32] = "";
    ssize_t size;
    int fd;

    *ret_value = 0;
    fd = openat(statedir->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? 0 : fail(err, statedir, name);
    }
    size = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    if (size < 0) {
        return fail(err, statedir, name);
    }
    text[strcspn(text, "\n")] = '\0';
    if (!u64_from_str(text, ret_value)) {
        return err_set(err, ERR_CORRUPT, "state directory \"%s\": \"%s\" holds no number",
                       statedir->path, name);
    }
    return 0;
}
