#include "tests/sim/older.h"

#include "tests/sim/controller.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define STORE "store.db"
#define COPY  "other.db"

struct bytes {
    void *data; /* owned; NULL: none */
    size_t size;
};

static void bytes_fini(struct bytes *bytes)
{
    free(bytes->data);
}

static struct bytes read_file(const struct disk *disk, const char *name)
{
    struct bytes bytes = {0};

    bytes.data = disk_read_file(disk, name, &bytes.size);
    return bytes;
}

static bool bytes_eq(const struct bytes *a, const struct bytes *b)
{
    return a->data != NULL && b->data != NULL && a->size == b->size &&
           memcmp(a->data, b->data, a->size) == 0;
}

static bool run(const struct disk *disk, const char *sql)
{
    sqlite3 *db = NULL;
    bool is_done = sqlite3_open_v2(COPY, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   disk_name(disk)) == SQLITE_OK &&
                   sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;

    (void)sqlite3_close(db);
    return is_done;
}

/* What the file is after this; none when something failed, or when a journal belongs to it. */
static struct bytes edit(struct disk *disk, const char *sql)
{
    static const char *const names[] = {COPY, COPY "-wal", COPY "-journal"};
    uint64_t faults = disk_counters(disk)->faults;
    struct bytes bytes = {0};

    if (disk_is_off(disk) || disk_has_file(disk, STORE "-wal") || !disk_has_file(disk, STORE)) {
        return bytes;
    }
    bytes = read_file(disk, STORE);
    disk_replace_file(disk, COPY, bytes.data, bytes.size);
    free(TAKE(bytes.data));
    if (run(disk, sql) && !disk_is_off(disk) && disk_counters(disk)->faults == faults) {
        bytes = read_file(disk, COPY);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        disk_replace_file(disk, names[i], NULL, 0);
    }
    return bytes;
}

/* None of before compacted anything: in a store in which something was, the sum is too large, and
 * it stays as it is. */
void store_becomes_older(struct sim *sim)
{
    struct disk *disk = sim->controller->disk;
    _cleanup_(bytes_fini)
    struct bytes older = edit(disk, "BEGIN;"
                                    "DELETE FROM meta WHERE name = 'settled_era'"
                                    "  AND value = (SELECT value FROM meta WHERE name = 'era');"
                                    "SELECT abs(-9223372036854775807 - (value > 0)) FROM meta "
                                    "  WHERE name = 'compacted_revision';"
                                    "DELETE FROM meta WHERE name IN ('compacted_at', "
                                    "  'compacted_change');"
                                    "DROP INDEX ledger_body;"
                                    "DROP INDEX status_object;"
                                    "ALTER TABLE ledger DROP COLUMN begins_form;"
                                    "ALTER TABLE status DROP COLUMN before;"
                                    "PRAGMA user_version = 1;"
                                    "COMMIT;");

    if (older.data != NULL) {
        sim_trace(sim, "operator: the store is one of version 1");
        disk_replace_file(disk, STORE, older.data, older.size);
    }
}

void store_tries_newer(struct sim *sim)
{
    struct disk *disk = sim->controller->disk;
    _cleanup_(bytes_fini)
    struct bytes ours = read_file(disk, STORE), after = {0};
    _cleanup_(bytes_fini)
    struct bytes newer = edit(disk, "PRAGMA user_version = 1000;");
    const struct store_options options = {.path = STORE, .vfs = disk_name(disk), .create = true};
    uint64_t faults = disk_counters(disk)->faults;
    struct store *store = NULL;
    struct err err = ERR_NONE;
    int code;

    if (newer.data == NULL) {
        return;
    }
    sim_trace(sim, "operator: ours is tried on the store of a newer program");
    disk_replace_file(disk, STORE, newer.data, newer.size);
    code = store_open(&options, &store, &err);
    after = read_file(disk, STORE);
    if (disk_counters(disk)->faults == faults && !disk_is_off(disk) &&
        (code != ERR_REFUSED || !bytes_eq(&after, &newer))) {
        sim_fail(sim, "newer-store", "the store of a newer program is opened, or changed: %s",
                 err.text);
    }
    store_close(store);
    disk_replace_file(disk, STORE, ours.data, ours.size);
    disk_replace_file(disk, STORE "-wal", NULL, 0);
}
