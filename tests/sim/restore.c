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
};

enum { RESTORES_MAX = 2, WAIT_LONGEST_PER_MILLE = 50 };

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
    faults_fired(sim, FAULT_RESTORE);
}

void restore_strike(struct sim *sim, struct die *die)
{
    bool may_restore = sim->restores->copy != NULL && sim->restores->count < RESTORES_MAX &&
                       sim->controller->has_power && !sim->controller->is_restored;

    if (may_restore && die_chance(die, 500)) {
        put_back(sim, die);
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
