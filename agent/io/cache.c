/* Everything goes through descriptors of the directory that was checked, so that what was checked
 * is what is used. */
#include "agent/io/cache.h"

#include "agent/shim/file.h"
#include "schema/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define LOCK_FILE   "lock"
#define KEY_FILE    "identity.key"
#define STATE_FILE  "state.json"
#define PAUSED_FILE "paused"
#define WORK_FOLDER "work"

enum { KEY_FILE_SIZE = 2 * KEY_SIZE + 1, NUMBER_SIZE = 24 };

/* --- opening ------------------------------------------------------------------------------------
 */

/* Makes the folders above and the folder itself, those that are missing. */
static int make_folders(const char *path, struct err *err)
{
    _cleanup_free_ char *copy = mem_strdup(path);

    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
            return err_set(err, ERR_IO, "cannot make \"%s\": %s", copy, strerror(errno));
        }
        *slash = '/';
    }
    if (mkdir(copy, 0700) < 0 && errno != EEXIST) {
        return err_set(err, ERR_IO, "cannot make \"%s\": %s", copy, strerror(errno));
    }
    return 0;
}

static int check_private(const struct stat *about, const char *what, mode_t mode, struct err *err)
{
    if (about->st_uid != geteuid()) {
        return err_set(err, ERR_REFUSED, "%s belongs to another user (%u): chown it", what,
                       (unsigned)about->st_uid);
    }
    if ((about->st_mode & 07777) != mode) {
        return err_set(err, ERR_REFUSED, "%s has mode %04o: chmod it to %04o", what,
                       (unsigned)about->st_mode & 07777, (unsigned)mode);
    }
    return 0;
}

int cache_open(struct cache *cache, const char *path, struct err *err)
{
    struct stat about;
    int result;

    *cache = (struct cache){.dir_fd = -1, .work_fd = -1, .lock_fd = -1};
    result = make_folders(path, err);
    if (result < 0) {
        return result;
    }
    cache->path = mem_strdup(path);
    cache->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cache->dir_fd < 0) {
        bool odd = errno == ELOOP || errno == ENOTDIR;

        return err_set(err, ERR_REFUSED, "cannot open state directory \"%s\": %s", path,
                       odd ? "it is a symlink or no directory" : strerror(errno));
    }
    if (fstat(cache->dir_fd, &about) < 0) {
        return err_set(err, ERR_IO, "cannot look at \"%s\": %s", path, strerror(errno));
    }
    result = check_private(&about, "the state directory", 0700, err);
    if (result < 0) {
        return err_prefix(err, result, "\"%s\"", path);
    }
    cache->work_fd = file_open_dir(cache->dir_fd, WORK_FOLDER, true);
    if (cache->work_fd < 0) {
        return err_set(err, ERR_IO, "cannot open \"%s/%s\": %s", path, WORK_FOLDER,
                       strerror(errno));
    }
    return 0;
}

void cache_fini(struct cache *cache)
{
    blob_unref(cache->saved);
    cache->saved = NULL;
    mem_free(&cache->path);
    file_close(&cache->work_fd);
    file_close(&cache->dir_fd);
    file_close(&cache->lock_fd);
}

int cache_lock(struct cache *cache, struct err *err)
{
    cache->lock_fd =
        openat(cache->dir_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (cache->lock_fd < 0) {
        return err_set(err, ERR_IO, "cannot open the lock of \"%s\": %s", cache->path,
                       strerror(errno));
    }
    if (flock(cache->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        file_close(&cache->lock_fd);
        return err_set(err, ERR_UNAVAILABLE, "another agent uses \"%s\"", cache->path);
    }
    if (fsync(cache->dir_fd) < 0) {
        file_close(&cache->lock_fd);
        return err_set(err, ERR_SYNC, "cannot sync \"%s\": %s", cache->path, strerror(errno));
    }
    return 0;
}

/* --- the key ------------------------------------------------------------------------------------
 */

static int make_key(struct cache *cache, uint8_t ret_seed[static KEY_SIZE], struct err *err)
{
    uint8_t seed[KEY_SIZE];
    char text[KEY_FILE_SIZE + 1];
    int result;

    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        return err_set(err, ERR_SYSTEM, "no randomness for a key: %s", strerror(errno));
    }
    hex_to_str(seed, sizeof(seed), text);
    text[KEY_FILE_SIZE - 1] = '\n';
    text[KEY_FILE_SIZE] = '\0';
    result = file_replace(cache->dir_fd, KEY_FILE, text, KEY_FILE_SIZE, true, err);
    if (result == 0) {
        memcpy(ret_seed, seed, KEY_SIZE);
    }
    explicit_bzero(seed, sizeof(seed));
    explicit_bzero(text, sizeof(text));
    return result;
}

static int read_key(struct cache *cache, uint8_t ret_seed[static KEY_SIZE], struct err *err)
{
    _cleanup_(file_close)
    int fd = -1;
    char text[KEY_FILE_SIZE + 1];
    struct stat about;
    int result;
    bool good;

    fd = openat(cache->dir_fd, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return ERR_NOT_FOUND;
    }
    if (fd < 0) {
        return err_set(err, ERR_REFUSED, "cannot open it: %s",
                       errno == ELOOP ? "it is a symlink" : strerror(errno));
    }
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        return err_set(err, ERR_REFUSED, "it is no regular file");
    }
    result = check_private(&about, "it", 0600, err);
    if (result < 0) {
        return result;
    }
    good = read(fd, text, sizeof(text)) == KEY_FILE_SIZE && text[KEY_FILE_SIZE - 1] == '\n';
    text[KEY_FILE_SIZE - 1] = '\0';
    good = good && hex_from_str(text, KEY_SIZE, ret_seed);
    explicit_bzero(text, sizeof(text));
    return good ? 0
                : err_set(err, ERR_CORRUPT,
                          "it holds no key: restore it, or delete it to get a new identity");
}

int cache_get_key(struct cache *cache, uint8_t ret_seed[static KEY_SIZE], struct err *err)
{
    int result = read_key(cache, ret_seed, err);

    if (result == ERR_NOT_FOUND) {
        result = make_key(cache, ret_seed, err);
    }
    return result < 0 ? err_prefix(err, result, "key \"%s/%s\"", cache->path, KEY_FILE) : 0;
}

void cache_name_instance(const struct cache *cache, const char *boot_id,
                         char text[static INSTANCE_SIZE])
{
    char place[2 * NUMBER_SIZE], digest_text[DIGEST_TEXT_SIZE];
    struct digest digest;
    struct stat about;

    if (fstat(cache->dir_fd, &about) < 0) {
        about = (struct stat){.st_ino = 0};
    }
    (void)snprintf(place, sizeof(place), "%llu %llu", (unsigned long long)about.st_dev,
                   (unsigned long long)about.st_ino);
    digest_of(place, strlen(place), &digest);
    digest_to_str(&digest, digest_text);
    (void)snprintf(text, INSTANCE_SIZE, "%.40s/%.16s", boot_id, strchr(digest_text, ':') + 1);
}

/* --- the state ----------------------------------------------------------------------------------
 */

static void remember(struct cache *cache, struct blob *bytes)
{
    struct blob *before = cache->saved;

    cache->saved = blob_ref(bytes);
    blob_unref(before);
    if (fstatat(cache->dir_fd, STATE_FILE, &cache->file, AT_SYMLINK_NOFOLLOW) < 0) {
        cache->file = (struct stat){.st_ino = 0};
    }
}

int cache_load(struct cache *cache, struct blob **ret_bytes, struct err *err)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int result = file_read(cache->dir_fd, STATE_FILE, STATE_BYTES_MAX, &text, err);

    if (result < 0) {
        return result;
    }
    *ret_bytes = blob_from_str(&text);
    remember(cache, *ret_bytes);
    return 0;
}

int cache_save(struct cache *cache, struct blob *bytes, struct err *err)
{
    int result = file_replace(cache->dir_fd, STATE_FILE, bytes->data, bytes->size_bytes, true, err);

    if (result == 0) {
        remember(cache, bytes);
    }
    return result;
}

void cache_set_aside(struct cache *cache)
{
    (void)renameat(cache->dir_fd, STATE_FILE, cache->dir_fd, STATE_FILE ".broken");
    blob_unref(cache->saved);
    cache->saved = NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool cache_heal(struct cache *cache)
{
    struct stat now;

    if (cache->saved == NULL) {
        return false;
    }
    if (fstatat(cache->dir_fd, STATE_FILE, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same_file(&now, &cache->file)) {
        return false;
    }
    return cache_save(cache, cache->saved, NULL) == 0;
}

/* --- the owner's word ---------------------------------------------------------------------------
 */

bool cache_is_paused(const struct cache *cache)
{
    return faccessat(cache->dir_fd, PAUSED_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int cache_set_paused(struct cache *cache, bool paused, struct err *err)
{
    static const char text[] = "paused by the owner; `fog-agent resume` takes this away\n";

    if (paused) {
        return file_replace(cache->dir_fd, PAUSED_FILE, text, sizeof(text) - 1, true, err);
    }
    if (unlinkat(cache->dir_fd, PAUSED_FILE, 0) < 0 && errno != ENOENT) {
        return err_set(err, ERR_IO, "cannot remove \"%s\": %s", PAUSED_FILE, strerror(errno));
    }
    if (fsync(cache->dir_fd) < 0) {
        return err_set(err, ERR_SYNC, "cannot sync the state directory: %s", strerror(errno));
    }
    return 0;
}
