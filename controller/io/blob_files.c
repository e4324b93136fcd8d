/* Names are made from digests that were checked, never from what came over a wire, and everything
 * goes through the descriptor of the folder. */
#include "controller/io/blob_files.h"

#include "schema/base/log.h"
#include "schema/base/str.h"
#include "schema/blobs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int fail(struct err *err, const char *what)
{
    int code = err_of_errno();

    return err_set(err, code, "blobs: %s: %s", what, strerror(errno));
}

/* --- the folders ---------------------------------------------------------------------------------
 */

static int open_folder(int parent_fd, const char *name, int *ret_fd, struct err *err)
{
    if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST) {
        return fail(err, "a folder cannot be made");
    }
    *ret_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*ret_fd < 0) {
        return fail(err, "a folder cannot be opened");
    }
    return 0;
}

static int make_folders(struct blob_files *files, struct err *err)
{
    int failed = 0;

    if (files->dir_fd < 0) {
        failed = open_folder(files->state_fd, "blobs", &files->dir_fd, err);
    }
    if (failed == 0 && files->incoming_fd < 0) {
        failed = open_folder(files->dir_fd, "incoming", &files->incoming_fd, err);
    }
    if (failed == 0 && (fsync(files->dir_fd) < 0 || fsync(files->state_fd) < 0)) {
        failed = fail(err, "a folder cannot be synced");
    }
    return failed;
}

/* A stream over a folder of its own, so that closing it leaves ours open. */
static DIR *list_folder(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL && fd >= 0) {
        (void)close(fd);
    }
    return dir;
}

static int clear_incoming(const struct blob_files *files, struct err *err)
{
    DIR *dir = list_folder(files->incoming_fd, ".");
    const struct dirent *entry;

    if (dir == NULL) {
        return fail(err, "unfinished uploads cannot be listed");
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)unlinkat(files->incoming_fd, entry->d_name, 0);
        }
    }
    (void)closedir(dir);
    return 0;
}

int blob_files_open(struct blob_files *files, int state_fd, struct err *err)
{
    int failed;

    *files = (struct blob_files){.state_fd = state_fd, .dir_fd = -1, .incoming_fd = -1};
    failed = make_folders(files, err);
    if (failed == ERR_FULL) {
        log_warning("%s, taking no blobs until there is room", err->text);
        return 0;
    }
    return failed ? failed : clear_incoming(files, err);
}

void blob_files_close(struct blob_files *files)
{
    if (files->incoming_fd >= 0) {
        (void)close(files->incoming_fd);
    }
    if (files->dir_fd >= 0) {
        (void)close(files->dir_fd);
    }
    files->dir_fd = files->incoming_fd = -1;
}

static struct wall wall_of(const struct timespec *moment)
{
    return (struct wall){(int64_t)moment->tv_sec * 1000 + moment->tv_nsec / 1000000};
}

/* Returns how many were visited. */
static size_t each_of_folder(DIR *dir, const char *folder, size_t count_max,
                             void (*visit)(void *context, const struct blob_file *file),
                             void *context)
{
    const struct dirent *entry;
    size_t count = 0;

    while (count < count_max && (entry = readdir(dir)) != NULL) {
        struct blob_file file;
        struct stat info;

        if (!blob_digest_from_path(folder, entry->d_name, file.digest) ||
            fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(info.st_mode)) {
            continue;
        }
        file.size_bytes = info.st_size;
        file.created = wall_of(&info.st_mtim);
        file.used = wall_of(&info.st_atim);
        visit(context, &file);
        count++;
    }
    return count;
}

int blob_files_each(const struct blob_files *files, size_t count_max,
                    void (*visit)(void *context, const struct blob_file *file), void *context,
                    struct err *err)
{
    size_t count = 0;

    for (unsigned i = 0; files->dir_fd >= 0 && i < 256; i++) {
        char folder[BLOB_FOLDER_SIZE];
        DIR *dir;

        (void)snprintf(folder, sizeof(folder), "%02x", i);
        dir = list_folder(files->dir_fd, folder);
        if (dir == NULL && errno != ENOENT) {
            return fail(err, "a folder cannot be listed");
        }
        if (dir != NULL) {
            count += each_of_folder(dir, folder, count_max - count, visit, context);
            (void)closedir(dir);
        }
    }
    return 0;
}

int64_t blob_files_room(const struct blob_files *files)
{
    struct statvfs room;

    return fstatvfs(files->state_fd, &room) < 0 ? INT64_MAX
                                                : (int64_t)(room.f_bavail * room.f_frsize);
}

/* --- uploads -------------------------------------------------------------------------------------
 */

int blob_files_begin(struct blob_files *files, const char *digest, bool goes_on, int *ret_fd)
{
    struct err err = ERR_NONE;

    if (files->incoming_fd < 0 && make_folders(files, &err) < 0) {
        return err.code;
    }
    *ret_fd = openat(files->incoming_fd, blob_hex(digest),
                     O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (goes_on ? 0 : O_CREAT | O_TRUNC), 0600);
    return *ret_fd < 0 ? err_of_errno() : 0;
}

int blob_files_write(int fd, const void *bytes, size_t size_bytes, int64_t offset)
{
    const char *from = bytes;

    while (size_bytes > 0) {
        ssize_t written = pwrite(fd, from, size_bytes, offset);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written == 0 ? ERR_IO : err_of_errno();
        }
        from += written;
        offset += written;
        size_bytes -= (size_t)written;
    }
    return 0;
}

/* The times are set here, for the file system may be mounted so that it keeps no access times. */
static int sync_file(int fd)
{
    static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};

    return futimens(fd, now) < 0 || fsync(fd) < 0 ? err_of_errno() : 0;
}

int blob_files_publish(const struct blob_files *files, int fd, const char *digest)
{
    struct err err = ERR_NONE;
    char path[BLOB_PATH_SIZE], folder[BLOB_FOLDER_SIZE] = {0};
    int folder_fd, failed;
    bool is_blob = blob_path_from_digest(digest, path);

    assert(is_blob);
    memcpy(folder, path, 2);
    failed = sync_file(fd);
    if (failed == 0) {
        failed = open_folder(files->dir_fd, folder, &folder_fd, &err);
    }
    if (failed) {
        return failed;
    }
    if (fsync(files->dir_fd) < 0 ||
        renameat(files->incoming_fd, blob_hex(digest), files->dir_fd, path) < 0) {
        failed = err_of_errno();
    } else if (fsync(folder_fd) < 0) {
        failed = err_of_errno();
        (void)unlinkat(files->dir_fd, path, 0); /* nobody was told of it */
    }
    (void)close(folder_fd);
    return failed;
}

void blob_files_drop(const struct blob_files *files, const char *digest)
{
    (void)unlinkat(files->incoming_fd, blob_hex(digest), 0);
}

/* --- blobs ---------------------------------------------------------------------------------------
 */

int blob_files_find(const struct blob_files *files, const char *digest, int *ret_fd)
{
    char path[BLOB_PATH_SIZE];

    if (!blob_path_from_digest(digest, path)) {
        return ERR_NOT_FOUND;
    }
    /* Reading is not using: O_NOATIME, which the owner of a file may ask for. */
    *ret_fd = openat(files->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    return *ret_fd < 0 ? err_of_errno() : 0;
}

int blob_files_check(const struct blob_files *files, const char *digest, int64_t size_bytes)
{
    char path[BLOB_PATH_SIZE];
    struct stat info;

    if (!blob_path_from_digest(digest, path)) {
        return ERR_NOT_FOUND;
    }
    if (fstatat(files->dir_fd, path, &info, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_of_errno();
    }
    return S_ISREG(info.st_mode) && info.st_size == size_bytes ? 0 : ERR_CORRUPT;
}

int blob_files_read(int fd, void *bytes, size_t size_bytes, int64_t offset)
{
    char *to = bytes;

    while (size_bytes > 0) {
        ssize_t got = pread(fd, to, size_bytes, offset);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? ERR_CORRUPT : ERR_IO;
        }
        to += got;
        offset += got;
        size_bytes -= (size_t)got;
    }
    return 0;
}

int blob_files_remove(const struct blob_files *files, const char *digest)
{
    char path[BLOB_PATH_SIZE];

    if (!blob_path_from_digest(digest, path)) {
        return ERR_NOT_FOUND;
    }
    if (unlinkat(files->dir_fd, path, 0) < 0 && errno != ENOENT) {
        return err_of_errno();
    }
    return 0; /* a removal that a power cut takes back is found again by the next look */
}

void blob_files_touch(const struct blob_files *files, const char *digest, struct wall used)
{
    const struct timespec times[2] = {
        {.tv_sec = used.ms / 1000, .tv_nsec = used.ms % 1000 * 1000000}, {.tv_nsec = UTIME_OMIT}};
    char path[BLOB_PATH_SIZE];

    if (blob_path_from_digest(digest, path)) {
        (void)utimensat(files->dir_fd, path, times, AT_SYMLINK_NOFOLLOW);
    }
}
