/* See the header for why nothing here is believed. */
#include "agent/io/blob_cache.h"

#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "schema/base/vec.h"
#include "schema/blobs.h"
#include "schema/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int blob_cache_open(struct blob_cache *cache, int state_fd, int64_t quota_bytes, struct err *err)
{
    *cache = (struct blob_cache){.incoming_fd = -1, .quota_bytes = quota_bytes};
    cache->dir_fd = file_open_dir(state_fd, "blobs", true);
    if (cache->dir_fd >= 0) {
        cache->incoming_fd = file_open_dir(cache->dir_fd, "incoming", true);
    }
    return cache->incoming_fd < 0
               ? err_set(err, err_of_errno(), "the folder of blobs: %s", strerror(errno))
               : 0;
}

void blob_cache_close(struct blob_cache *cache)
{
    file_close(&cache->incoming_fd);
    file_close(&cache->dir_fd);
}

/* --- using --------------------------------------------------------------------------------------
 */

static int write_all(int fd, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t written = write(fd, bytes, size_bytes);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return err_of_errno();
        }
        bytes += written;
        size_bytes -= (size_t)written;
    }
    return 0;
}

static int copy_through(int from_fd, int to_fd, struct digester *digester)
{
    _cleanup_free_ char *bytes = mem_alloc(BLOB_PIECE_BYTES);
    ssize_t got;

    while ((got = read(from_fd, bytes, BLOB_PIECE_BYTES)) > 0) {
        int failed = write_all(to_fd, bytes, (size_t)got);

        if (failed) {
            return failed;
        }
        digester_add(digester, bytes, (size_t)got);
    }
    return got < 0 ? ERR_IO : 0;
}

int blob_cache_copy(const struct blob_cache *cache, const char *digest, int to_fd)
{
    static const struct timespec used[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    char path[BLOB_PATH_SIZE], text[DIGEST_TEXT_SIZE];
    struct digester *digester;
    struct digest found;
    int from_fd, failed;

    if (!blob_path_from_digest(digest, path)) {
        return ERR_INVALID;
    }
    from_fd = openat(cache->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from_fd < 0) {
        return errno == ELOOP ? ERR_NOT_FOUND : err_of_errno();
    }
    digester = digester_new();
    failed = copy_through(from_fd, to_fd, digester);
    digester_end(digester, &found);
    digester_free(digester);
    digest_to_str(&found, text);
    if (failed == 0 && !str_eq(text, digest)) {
        (void)unlinkat(cache->dir_fd, path, 0);
        failed = ERR_CORRUPT;
    }
    (void)futimens(from_fd, used); /* its times are when it was used, for pruning */
    (void)close(from_fd);
    return failed;
}

/* --- filling ------------------------------------------------------------------------------------
 */

int blob_cache_begin(const struct blob_cache *cache, const char *digest, int *ret_fd,
                     int64_t *ret_size_bytes)
{
    char path[BLOB_PATH_SIZE];
    struct stat about;

    if (!blob_path_from_digest(digest, path)) {
        return ERR_INVALID;
    }
    *ret_fd = openat(cache->incoming_fd, blob_hex(digest),
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret_fd < 0 || fstat(*ret_fd, &about) < 0) {
        return err_of_errno();
    }
    *ret_size_bytes = about.st_size;
    return 0;
}

int blob_cache_finish(const struct blob_cache *cache, const char *digest)
{
    char path[BLOB_PATH_SIZE], folder[BLOB_FOLDER_SIZE] = {0};
    int folder_fd;

    if (!blob_path_from_digest(digest, path)) {
        return ERR_INVALID;
    }
    memcpy(folder, path, 2);
    folder_fd = file_open_dir(cache->dir_fd, folder, true);
    if (folder_fd < 0) {
        return err_of_errno();
    }
    file_close(&folder_fd);
    return renameat(cache->incoming_fd, blob_hex(digest), cache->dir_fd, path) < 0 ? err_of_errno()
                                                                                   : 0;
}

void blob_cache_drop(const struct blob_cache *cache, const char *digest)
{
    (void)unlinkat(cache->incoming_fd, blob_hex(digest), 0);
}

/* --- pruning ------------------------------------------------------------------------------------
 */

struct cached {
    char folder[BLOB_FOLDER_SIZE];
    char name[2 * DIGEST_SIZE];
    int64_t size_bytes, used_s;
};

struct all_cached {
    VEC_OF(struct cached);
};

static void add_folder(int dir_fd, const char *folder, struct all_cached *all)
{
    int fd = file_open_dir(dir_fd, folder, false);
    DIR *dir = file_list(fd);
    const struct dirent *entry;

    while (dir != NULL && all->count < BLOBS_MAX && (entry = readdir(dir)) != NULL) {
        struct cached cached;
        struct stat about;

        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof(cached.name) ||
            fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) < 0) {
            continue;
        }
        (void)snprintf(cached.folder, sizeof(cached.folder), "%s", folder);
        memcpy(cached.name, entry->d_name, strlen(entry->d_name) + 1);
        cached.size_bytes = about.st_size;
        cached.used_s = about.st_mtime;
        vec_add(all, cached);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

/* Parts that nobody went on with. */
static void drop_old_parts(const struct blob_cache *cache)
{
    int64_t now_s = clock_wall().ms / 1000;
    int fd = openat(cache->incoming_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = file_list(fd);
    const struct dirent *entry;
    struct stat about;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.' &&
            fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            now_s - about.st_mtime >= BLOB_PARTIAL_MS / 1000) {
            (void)unlinkat(fd, entry->d_name, 0);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static int by_use(const void *a, const void *b)
{
    const struct cached *left = a, *right = b;

    return (left->used_s > right->used_s) - (left->used_s < right->used_s);
}

void blob_cache_prune(const struct blob_cache *cache)
{
    struct all_cached all = {.count = 0};
    int64_t bytes = 0;

    drop_old_parts(cache);
    for (unsigned i = 0; i < 256; i++) {
        char folder[BLOB_FOLDER_SIZE];

        (void)snprintf(folder, sizeof(folder), "%02x", i);
        add_folder(cache->dir_fd, folder, &all);
    }
    vec_each (&all, cached) {
        bytes += cached->size_bytes;
    }
    if (bytes > cache->quota_bytes) {
        qsort(all.items, all.count, sizeof(all.items[0]), by_use);
    }
    for (size_t i = 0; i < all.count && bytes > cache->quota_bytes; i++) {
        char path[BLOB_FOLDER_SIZE + 2 * DIGEST_SIZE + 1];

        (void)snprintf(path, sizeof(path), "%s/%s", all.items[i].folder, all.items[i].name);
        if (unlinkat(cache->dir_fd, path, 0) == 0) {
            bytes -= all.items[i].size_bytes;
        }
    }
    vec_fini(&all);
}
