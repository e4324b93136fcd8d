#include "tests/sim/restore.h"

#include "schema/limits.h"
#include "tests/sim/checks.h"
#include "tests/sim/controller.h"
#include "tests/sim/http.h"
#include "tests/sim/older.h"
#include "tests/sim/operators.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>

struct restores {
    void *copy; /* owned: bytes of the newest; NULL: none was made */
    size_t size_bytes;
    struct checks_mark mark; /* of what was in it */
    unsigned count;          /* of restores */
    bool has_rot;            /* the store is garbled, and was not opened since */
};

enum { RESTORES_MAX = 2, PAGE_BYTES = 4096, WAIT_LONGEST_PER_MILLE = 50 };

#define COPY "backup.db"

static sqlite3 *open_file(struct sim *sim, const char *name, int flags)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX, disk_name(sim->controller->disk)) !=
        SQLITE_OK) {
        (void)sqlite3_close(db);
        return NULL;
    }
    return db;
}

/* As `sqlite3 fog.db ".backup COPY"` does. */
static bool copy_store(struct sim *sim)
{
    sqlite3 *from = open_file(sim, "store.db", SQLITE_OPEN_READONLY);
    sqlite3 *to = open_file(sim, COPY, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3_backup *backup = NULL;
    bool is_done = false;

    if (from != NULL && to != NULL) {
        backup = sqlite3_backup_init(to, "main", from, "main");
    }
    if (backup != NULL) {
        is_done = sqlite3_backup_step(backup, -1) == SQLITE_DONE;
        is_done = sqlite3_backup_finish(backup) == SQLITE_OK && is_done;
    }
    (void)sqlite3_close(to);
    (void)sqlite3_close(from);
    return is_done;
}

static void back_up(struct sim *sim)
{
    struct restores *restores = sim->restores;
    struct controller *controller = sim->controller;

    if (!controller->is_up || controller->writer_code != 0 || controller->is_restored) {
        return;
    }
    if (copy_store(sim)) {
        free(restores->copy);
        restores->copy = disk_read_file(controller->disk, COPY, &restores->size_bytes);
        restores->mark = checks_mark(sim);
        sim_trace(sim, "operator: a backup at revision %" PRIu64, restores->mark.revision);
    }
    if (disk_is_off(controller->disk)) {
        controller_crash(sim, true);
        return;
    }
    disk_replace_file(controller->disk, COPY, NULL, 0);
    disk_replace_file(controller->disk, COPY "-journal", NULL, 0);
}

static void put_back(struct sim *sim, struct die *die)
{
    struct restores *restores = sim->restores;
    struct controller *controller = sim->controller;
    int64_t longest_ms = checks_longest_lease_ms(sim);

    sim_trace(sim, "operator: the backup at revision %" PRIu64 " is put back",
              restores->mark.revision);
    controller_crash(sim, false);
    http_forget_answers(sim);
    disk_replace_file(controller->disk, "store.db", restores->copy, restores->size_bytes);
    disk_replace_file(controller->disk, "store.db-wal", NULL, 0);
    disk_replace_file(controller->disk, "store.db-journal", NULL, 0);
    if (sim->faults.is_on[FAULT_UPGRADE] && die_chance(die, 500)) {
        store_becomes_older(sim);
    }
    controller->is_restored = true;
    controller->lease_wait_ms = die_chance(die, WAIT_LONGEST_PER_MILLE) ? LEASE_MAX_MS : longest_ms;
    checks_restored(sim, &restores->mark);
    operators_restored(sim, restores->mark.revision);
    restores->count++;
    restores->has_rot = false;
}

/* A page that was safe is not what it was.  The process ends with it, so that the next one looks at
 * everything. */
static void rot(struct sim *sim, struct die *die)
{
    struct disk *disk = sim->controller->disk;
    size_t size_bytes, page;
    uint64_t noise;
    uint8_t *bytes;

    controller_crash(sim, false);
    bytes = disk_read_file(disk, "store.db", &size_bytes);
    if (bytes == NULL || size_bytes < PAGE_BYTES) {
        free(bytes);
        return;
    }
    page = die_below(die, size_bytes / PAGE_BYTES);
    noise = die_u64(die);
    for (size_t i = 0; i < PAGE_BYTES; i++) {
        noise = noise * UINT64_C(6364136223846793005) + 1;
        bytes[page * PAGE_BYTES + i] = (uint8_t)(noise >> 56);
    }
    disk_replace_file(disk, "store.db", bytes, size_bytes);
    free(bytes);
    sim->restores->has_rot = true;
    sim_trace(sim, "controller: page %zu of its store is garbled", page + 1);
    faults_fired(sim, FAULT_DISK_ROT);
}

bool restore_explains(const struct sim *sim)
{
    return sim->restores->has_rot;
}

void restore_opened(struct sim *sim)
{
    sim->restores->has_rot = false;
}

void restore_mend(struct sim *sim)
{
    if (sim->restores->has_rot && sim->controller->has_power) {
        put_back(sim, &sim->dice.controller);
    }
}

void restore_strike(struct sim *sim, struct die *die, bool rots)
{
    bool may_restore = sim->restores->copy != NULL && sim->restores->count < RESTORES_MAX &&
                       sim->controller->has_power && !sim->controller->is_restored;

    if (may_restore && rots && !sim->restores->has_rot) {
        rot(sim, die);
    } else if (may_restore && !rots && die_chance(die, 500)) {
        put_back(sim, die);
        faults_fired(sim, FAULT_RESTORE);
    } else {
        back_up(sim);
    }
}

struct restores *restores_new(void)
{
    return MEM_NEW(struct restores);
}

void restores_free(struct restores *restores)
{
    free(restores->copy);
    free(restores);
}

int64_t restore_wait_ms(const struct sim *sim)
{
    int64_t wait_ms = sim->controller->lease_wait_ms;

    return sim->restores->count == 0 ? 0 : wait_ms + wait_ms / LEASE_DRIFT_SHARE + 5000;
}
