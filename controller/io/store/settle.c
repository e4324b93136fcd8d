/* Making sure, before anything is built on it, that what the journal holds is on the disk.
 *
 * After a failed fsync the kernel takes the pages for clean: a later fsync succeeds and writes
 * nothing, while the next start still reads the lost bytes from the page cache.  Commits would then
 * follow frames that the disk never got, and a power cut would take them all, acknowledged ones
 * too.  So a journal that an unclean end left behind is written once more, byte for byte, and
 * synced.
 *
 * Writing over safe bytes puts them at risk if the power goes meanwhile, so a copy comes first:
 *
 *     copy and its check → sync → journal over itself → sync → copy away
 *
 * A whole copy found at the start therefore counts, a partial one does not; nor does one without a
 * journal, which somebody removed to put another database in place. */
#include "controller/io/store/inner.h"

#include "schema/base/digest.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 << 10 };

struct copying {
    sqlite3_vfs *vfs;
    char *journal_name, *copy_name;      /* owned */
    sqlite3_file *journal, *copy;        /* owned; open when pMethods is set */
    uint8_t buffer[DIGEST_SIZE + CHUNK]; /* the check so far, and the bytes it goes on with */
};

static void close_file(sqlite3_file *file)
{
    if (file != NULL && file->pMethods != NULL) {
        (void)file->pMethods->xClose(file);
        file->pMethods = NULL;
    }
}

static void copying_free(struct copying **copying)
{
    close_file((*copying)->journal);
    close_file((*copying)->copy);
    free((*copying)->journal);
    free((*copying)->copy);
    free((*copying)->journal_name);
    free((*copying)->copy_name);
    free(*copying);
}

/* SQLite's own names for files end in two NULs more, where it looks for parameters. */
static char *make_name(const char *path, const char *ending)
{
    size_t length = strlen(path) + strlen(ending);
    char *name = mem_alloc(length + 4);

    memcpy(name, path, strlen(path));
    memcpy(name + strlen(path), ending, strlen(ending));
    return name;
}

static bool is_there(struct copying *copying, const char *name)
{
    int is_there = 0;

    return copying->vfs->xAccess(copying->vfs, name, SQLITE_ACCESS_EXISTS, &is_there) ==
               SQLITE_OK &&
           is_there;
}

static int open_file(struct copying *copying, const char *name, int flags, sqlite3_file *file)
{
    int out;

    file->pMethods = NULL;
    return copying->vfs->xOpen(copying->vfs, name, file, SQLITE_OPEN_READWRITE | flags, &out);
}

/* Copies `size` bytes; the check over them comes out in front of the buffer, unless `to` is the
 * same file: then there is nothing to check.  `to` may be NULL. */
static int copy_bytes(struct copying *copying, sqlite3_file *from, sqlite3_file *to,
                      sqlite3_int64 size)
{
    uint8_t *bytes = copying->buffer + DIGEST_SIZE;
    struct digest check = {{0}};
    int rc = SQLITE_OK;

    for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK; at += CHUNK) {
        int count = size - at < CHUNK ? (int)(size - at) : CHUNK;

        rc = from->pMethods->xRead(from, bytes, count, at);
        if (rc == SQLITE_OK && to != NULL) {
            rc = to->pMethods->xWrite(to, bytes, count, at);
        }
        if (to != from) {
            memcpy(copying->buffer, check.bytes, DIGEST_SIZE);
            digest_of(copying->buffer, DIGEST_SIZE + (size_t)count, &check);
        }
    }
    memcpy(copying->buffer, check.bytes, DIGEST_SIZE);
    return rc;
}

static int sync_file(sqlite3_file *file)
{
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/* Is the copy whole?  Then *ret_size is that of the journal in it. */
static int judge_copy(struct copying *copying, bool *ret_is_whole, sqlite3_int64 *ret_size)
{
    sqlite3_file *copy = copying->copy;
    uint8_t said[DIGEST_SIZE];
    sqlite3_int64 size;
    int rc = copy->pMethods->xFileSize(copy, &size);

    *ret_is_whole = false;
    *ret_size = size - DIGEST_SIZE;
    if (rc != SQLITE_OK || size <= DIGEST_SIZE) {
        return rc;
    }
    rc = copy->pMethods->xRead(copy, said, DIGEST_SIZE, *ret_size);
    if (rc == SQLITE_OK) {
        rc = copy_bytes(copying, copy, NULL, *ret_size);
    }
    *ret_is_whole = rc == SQLITE_OK && memcmp(said, copying->buffer, DIGEST_SIZE) == 0;
    return rc;
}

/* A copy is there: the journal's last rewriting did not end. */
static int restore(struct copying *copying)
{
    sqlite3_int64 size;
    bool is_whole = false;
    int rc = SQLITE_OK;

    if (is_there(copying, copying->journal_name)) {
        rc = open_file(copying, copying->copy_name, SQLITE_OPEN_SUPER_JOURNAL, copying->copy);
    }
    if (rc == SQLITE_OK && copying->copy->pMethods != NULL) {
        rc = judge_copy(copying, &is_whole, &size);
    }
    if (rc == SQLITE_OK && is_whole) {
        sqlite3_file *journal = copying->journal;

        rc = open_file(copying, copying->journal_name, SQLITE_OPEN_WAL, journal);
        if (rc == SQLITE_OK) {
            rc = copy_bytes(copying, copying->copy, journal, size);
        }
        if (rc == SQLITE_OK) {
            rc = sync_file(journal);
        }
        close_file(journal);
    }
    close_file(copying->copy);
    return rc == SQLITE_OK ? copying->vfs->xDelete(copying->vfs, copying->copy_name, 1) : rc;
}

static int make_copy(struct copying *copying, sqlite3_int64 size)
{
    sqlite3_file *copy = copying->copy;
    int rc = open_file(copying, copying->copy_name, SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_CREATE,
                       copy);

    if (rc == SQLITE_OK) {
        rc = copy_bytes(copying, copying->journal, copy, size);
    }
    if (rc == SQLITE_OK) {
        rc = copy->pMethods->xWrite(copy, copying->buffer, DIGEST_SIZE, size);
    }
    if (rc == SQLITE_OK) {
        rc = sync_file(copy);
    }
    close_file(copy);
    if (rc != SQLITE_OK) { /* not safe, so nobody may take it for a copy */
        (void)copying->vfs->xDelete(copying->vfs, copying->copy_name, 0);
    }
    return rc;
}

static int rewrite(struct copying *copying)
{
    sqlite3_file *journal = copying->journal;
    sqlite3_int64 size = 0;
    int rc = open_file(copying, copying->journal_name, SQLITE_OPEN_WAL, journal);

    if (rc == SQLITE_OK) {
        rc = journal->pMethods->xFileSize(journal, &size);
    }
    if (rc != SQLITE_OK || size == 0) {
        return rc;
    }
    rc = make_copy(copying, size);
    if (rc == SQLITE_OK) {
        rc = copy_bytes(copying, journal, journal, size);
    }
    if (rc == SQLITE_OK) {
        rc = sync_file(journal);
    }
    return rc == SQLITE_OK ? copying->vfs->xDelete(copying->vfs, copying->copy_name, 1) : rc;
}

int store_settle(const struct store_options *options, struct err *err)
{
    _cleanup_(copying_free)
    struct copying *copying = MEM_NEW(struct copying);
    int rc = SQLITE_OK;

    copying->vfs = sqlite3_vfs_find(options->vfs);
    if (copying->vfs == NULL) {
        return err_set(err, ERR_IO, "store: there is no VFS \"%s\"", options->vfs);
    }
    copying->journal = mem_alloc((size_t)copying->vfs->szOsFile);
    copying->copy = mem_alloc((size_t)copying->vfs->szOsFile);
    copying->journal_name = make_name(options->path, "-wal");
    copying->copy_name = make_name(options->path, "-wal-copy");
    if (!is_there(copying, options->path)) {
        return 0; /* there is nothing that it could be a journal of: whoever opens that says so */
    }
    if (is_there(copying, copying->copy_name)) {
        rc = restore(copying);
    }
    if (rc == SQLITE_OK && is_there(copying, copying->journal_name)) {
        rc = rewrite(copying);
    }
    return rc == SQLITE_OK ? 0
                           : err_set(err, store_code_of(rc), "store: settling the journal: %s",
                                     sqlite3_errstr(rc));
}
