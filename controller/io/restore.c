/* The order of things, so that a power cut at any moment leaves the old store or the new one, or a
 * directory that a controller refuses and a restore completes:
 *
 *     FILE ──copy, digest──▶ fog.db.new ──migrate, verify, raise its era, check──▶ synced
 *     fog.db, then its journal ──▶ before-N/          the database first: a store without its
 *     fog.db.new ──▶ fog.db                           journal would look sound and lack its end
 *
 * With fog.db away and what a running controller leaves still here, no start makes an empty one. */
#include "controller/io/restore.h"

#include "controller/core/stored.h"
#include "controller/io/check.h"
#include "controller/io/config.h"
#include "controller/io/measure.h"
#include "controller/io/store/store.h"
#include "schema/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE "fog.db"
#define NEW   "fog.db.new"

enum { CHUNK_BYTES = 64 << 10, BEFORE_MAX = 1000, NAME_SIZE = 300, FILES_MAX = 16 };

struct restoring {
    struct statedir *statedir; /* borrowed */
    char *path;                /* owned: of the new store */
    struct backup_trailer trailer;
    struct stored_state state; /* of the new store */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int fail(struct err *err, const char *what)
{
    return err_set(err, err_of_errno(), "%s: %s", what, strerror(errno));
}

static void remove_new(const struct restoring *restoring)
{
    static const char *const names[] = {NEW, NEW "-wal", NEW "-shm", NEW "-journal"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)unlinkat(restoring->statedir->dir_fd, names[i], 0);
    }
}

/* --- the copy ------------------------------------------------------------------------------------
 */

static int read_trailer(int fd, const char *file, struct backup_trailer *ret_trailer,
                        struct err *err)
{
    char text[BACKUP_TRAILER_SIZE];
    struct stat info;
    off_t at;

    if (fstat(fd, &info) < 0) {
        return fail(err, file);
    }
    at = info.st_size - BACKUP_TRAILER_SIZE;
    if (at < 0 || pread(fd, text, sizeof(text), at) != sizeof(text) ||
        !backup_trailer_from_text(text, ret_trailer) || ret_trailer->size_bytes != at) {
        return err_set(err, ERR_CORRUPT,
                       "\"%s\" is no backup, or not all of one: its last line does not say so",
                       file);
    }
    return 0;
}

static int write_all(int fd, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t written = write(fd, bytes, size_bytes);

        if (written < 0 && errno != EINTR) {
            return -1;
        }
        bytes += written > 0 ? written : 0;
        size_bytes -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int copy_bytes(int from, int to, const char *file, struct digester *digester,
                      int64_t size_bytes, struct err *err)
{
    _cleanup_free_ char *bytes = mem_alloc(CHUNK_BYTES);

    for (int64_t at = 0; at < size_bytes;) {
        int64_t left = size_bytes - at;
        ssize_t got = pread(from, bytes, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, at);

        if (got == 0) {
            return err_set(err, ERR_CORRUPT, "\"%s\" became shorter while it was read", file);
        }
        if (got < 0) {
            return fail(err, file);
        }
        if (write_all(to, bytes, (size_t)got) < 0) {
            return fail(err, NEW);
        }
        digester_add(digester, bytes, (size_t)got);
        at += got;
    }
    return fsync(to) < 0 ? fail(err, NEW) : 0;
}

static int copy_file(struct restoring *restoring, const char *file, struct err *err)
{
    _cleanup_(close_fd)
    int from = open(file, O_RDONLY | O_CLOEXEC);
    _cleanup_(close_fd)
    int to = -1;
    struct digester *digester;
    struct digest digest;
    int failed;

    if (from < 0) {
        return fail(err, file);
    }
    failed = read_trailer(from, file, &restoring->trailer, err);
    if (failed) {
        return failed;
    }
    to = openat(restoring->statedir->dir_fd, NEW,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        return fail(err, NEW);
    }
    digester = digester_new();
    failed = copy_bytes(from, to, file, digester, restoring->trailer.size_bytes, err);
    digester_end(digester, &digest);
    digester_free(digester);
    if (failed == 0 && !digest_eq(&digest, &restoring->trailer.digest)) {
        failed = err_set(err, ERR_CORRUPT, "\"%s\" is damaged: its digest is another", file);
    }
    return failed;
}

/* --- what it must be -----------------------------------------------------------------------------
 */

static int raise_era(struct restoring *restoring, uint64_t known_era, struct err *err)
{
    struct store_options options = {.path = restoring->path};
    struct store *store = NULL;
    int failed;

    if (getrandom(options.seed, sizeof(options.seed), 0) != sizeof(options.seed)) {
        return fail(err, "no randomness from the kernel");
    }
    failed = store_open(&options, &store, err); /* which verifies all of it */
    if (failed) {
        return failed;
    }
    failed = store_raise_era(store, known_era, measure_now_wall(), err);
    if (failed == 0) {
        failed = store_state(store, &restoring->state, err);
    }
    store_close(store);
    return failed;
}

static int check(struct restoring *restoring, struct err *err)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct stat info;

    if (fstatat(restoring->statedir->dir_fd, NEW "-wal", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_size > 0) {
        return err_set(err, ERR_IO, "%s: its journal could not be moved into it", NEW);
    }
    if (!str_eq(restoring->state.store_id, restoring->trailer.store_id)) {
        return err_set(err, ERR_CORRUPT, "the backup is of another store than it says");
    }
    if (check_store(restoring->path, 0, &text) > 0) {
        const char *wrong = strstr(text.data, "wrong: ");

        return err_set(err, ERR_CORRUPT, "the backup is not sound: %.*s", (int)strcspn(wrong, "\n"),
                       wrong);
    }
    return 0;
}

/* One that cannot be read is replaced: that is what backups are for. */
static int check_old(struct restoring *restoring, struct err *err)
{
    struct store_options options = {.path = restoring->statedir->store_path, .is_reader = true};
    struct stored_state old;
    struct store *store = NULL;
    struct err unsaid = ERR_NONE;
    bool is_known;

    if (store_open(&options, &store, &unsaid) < 0) {
        return 0;
    }
    is_known = store_state(store, &old, &unsaid) == 0;
    store_close(store);
    if (is_known && !str_eq(old.store_id, restoring->trailer.store_id)) {
        return err_set(err, ERR_REFUSED,
                       "the backup is of store %s, and here is store %s: give it a state directory "
                       "of its own",
                       restoring->trailer.store_id, old.store_id);
    }
    return 0;
}

/* --- the exchange --------------------------------------------------------------------------------
 */

static bool has(const struct statedir *statedir, const char *name)
{
    return faccessat(statedir->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The folder for what was there.  One that an earlier restore began to fill, and did not come to
 * its end, is gone on with: its database and what is left of the journal belong together. */
static int make_aside(const struct statedir *statedir, char name[static NAME_SIZE], struct err *err)
{
    int number = 1;

    for (; number < BEFORE_MAX; number++) {
        (void)snprintf(name, NAME_SIZE, "before-%d", number);
        if (!has(statedir, name)) {
            break;
        }
    }
    if (!has(statedir, STORE) && number > 1) {
        (void)snprintf(name, NAME_SIZE, "before-%d", number - 1);
        return 0;
    }
    return mkdirat(statedir->dir_fd, name, 0700) < 0 ? fail(err, name) : 0;
}

static int move_aside(const struct statedir *statedir, const char *file, const char *folder,
                      struct err *err)
{
    char to[2 * NAME_SIZE];

    (void)snprintf(to, sizeof(to), "%s/%s", folder, file);
    return renameat(statedir->dir_fd, file, statedir->dir_fd, to) < 0 && errno != ENOENT
               ? fail(err, file)
               : 0;
}

/* The names are taken down first, for the folder changes under the moves. */
static int move_journals(const struct statedir *statedir, const char *folder, struct err *err)
{
    char names[FILES_MAX][NAME_SIZE];
    size_t count = 0;
    int fd = openat(statedir->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int failed = 0;

    if (dir == NULL) {
        close_fd(&fd);
        return fail(err, "the state directory");
    }
    while (count < FILES_MAX && (entry = readdir(dir)) != NULL) {
        if (str_starts(entry->d_name, STORE "-")) {
            (void)snprintf(names[count++], NAME_SIZE, "%s", entry->d_name);
        }
    }
    (void)closedir(dir);
    for (size_t i = 0; i < count && failed == 0; i++) {
        failed = move_aside(statedir, names[i], folder, err);
    }
    return failed;
}

static int put_in_place(struct restoring *restoring, struct str *to, struct err *err)
{
    const struct statedir *statedir = restoring->statedir;
    char folder[NAME_SIZE] = "";
    bool has_old = has(statedir, STORE) || has(statedir, STORE "-wal");
    int failed = 0;

    if (has_old) {
        failed = make_aside(statedir, folder, err);
        if (failed == 0) {
            failed = move_aside(statedir, STORE, folder, err);
        }
        if (failed == 0 && fsync(statedir->dir_fd) < 0) {
            failed = fail(err, "the state directory");
        }
        if (failed == 0) {
            failed = move_journals(statedir, folder, err);
        }
    }
    if (failed == 0 && renameat(statedir->dir_fd, NEW, statedir->dir_fd, STORE) < 0) {
        failed = fail(err, NEW);
    }
    if (failed == 0 && fsync(statedir->dir_fd) < 0) {
        failed = fail(err, "the state directory");
    }
    if (failed) {
        return has_old && !has(statedir, STORE)
                   ? err_prefix(err, failed, "the store that was here is in \"%s\" now", folder)
                   : failed;
    }
    str_addf(to,
             "restored: store %s as of revision %" PRIu64 " of era %" PRIu64 "; its era is %" PRIu64
             " now\n",
             restoring->trailer.store_id, restoring->trailer.revision, restoring->trailer.era,
             restoring->state.era);
    if (has_old) {
        str_addf(to, "what was here before is in %s/%s\n", statedir->path, folder);
    }
    return 0;
}

static int restore_with(struct restoring *restoring, const char *file, struct str *to,
                        struct err *err)
{
    uint64_t known_era;
    int failed = statedir_read_number(restoring->statedir, "era", &known_era, err);

    if (failed == 0) {
        failed = copy_file(restoring, file, err);
    }
    if (failed == 0) {
        failed = check_old(restoring, err);
    }
    if (failed == 0) {
        failed = raise_era(restoring, known_era, err);
    }
    if (failed == 0) {
        failed = check(restoring, err);
    }
    return failed == 0 ? put_in_place(restoring, to, err) : failed;
}

int restore_store(struct statedir *statedir, const char *file, struct str *to, struct err *err)
{
    struct restoring restoring = {.statedir = statedir};
    struct str path = STR_EMPTY;
    int failed;

    str_addf(&path, "%s.new", statedir->store_path);
    restoring.path = str_take(&path);
    remove_new(&restoring); /* of one that was killed */
    failed = restore_with(&restoring, file, to, err);
    remove_new(&restoring);
    free(restoring.path);
    return failed;
}

int restore_state(const struct config *config)
{
    struct statedir statedir = {.dir_fd = -1, .lock_fd = -1};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;
    int failed;

    (void)umask(077);
    failed = statedir_open(&statedir, config->state, &err);
    if (failed == 0) {
        failed = restore_store(&statedir, config->from, &text, &err);
    }
    statedir_close(&statedir);
    if (failed) {
        (void)fprintf(stderr, "fog-controller: not restored: %s\n", err.text);
        return 1;
    }
    str_add(&text, "files of blobs are not part of a backup: they are in blobs/, and those that "
                   "are missing are uploaded again\n"
                   "start the controller as always; exclusive work waits for leases of before "
                   "(--lease-wait)\n");
    return fputs(text.data, stdout) < 0 || fflush(stdout) != 0 ? 1 : 0;
}
