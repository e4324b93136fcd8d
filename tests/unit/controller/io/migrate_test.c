/* Files of other versions: one of before is brought up to date with all its history and goes on, at
 * whatever moment the power goes meanwhile; one of a newer program is refused and left as it is.
 *
 * tests/golden/store/version_1 was written by a program of that version. */
#include "controller/io/store/store.h"

#include "schema/limits.h"
#include "tests/sim/disk.h"
#include "tests/support/api.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { VERSION = 4, LEDGER_ROWS = 18, CUTS_MAX = 400 };

#define FILE_NAME "/fog.db"

static const struct story version_1 = {"store", "version_1", "tests/golden/store/version_1"};

struct world {
    struct disk *disk;
    struct err err;
};

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    world->disk = disk_new("migrate", 1);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    disk_free(world->disk);
    free(world);
    return 0;
}

/* --- given ------------------------------------------------------------------------------------ */

static sqlite3 *connect_to(const struct disk *disk)
{
    sqlite3 *db = NULL;

    assert_int_equal(
        sqlite3_open_v2(FILE_NAME, &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        disk_name(disk)),
        SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s", error);
    }
}

/* Safe on the disk, as a file that was copied there. */
static void given_version_1(struct disk *disk)
{
    struct disk *elsewhere = disk_new("elsewhere", 3);
    char *text = story_read(&version_1, "store.sql");
    sqlite3 *db = connect_to(elsewhere);
    size_t size_bytes;
    void *bytes;

    run(db, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    bytes = disk_read_file(elsewhere, FILE_NAME, &size_bytes);
    disk_replace_file(disk, FILE_NAME, bytes, size_bytes);
    disk_replace_file(disk, FILE_NAME "-wal", NULL, 0);
    disk_free(elsewhere);
    free(bytes);
    free(text);
}

/* What a program of that version made of it: it says which era is settled. */
static void given_version_2(struct disk *disk)
{
    sqlite3 *db;

    given_version_1(disk);
    db = connect_to(disk);
    run(db, "INSERT INTO meta SELECT 'settled_era', value FROM meta WHERE name = 'era';"
            "PRAGMA user_version = 2;");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask(const struct disk *disk, const char *sql)
{
    sqlite3 *db = connect_to(disk);
    sqlite3_stmt *stmt = NULL;
    int64_t number;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

static int open_store(struct world *world, bool is_reader, struct store **ret_store)
{
    const struct store_options options = {.path = FILE_NAME,
                                          .vfs = disk_name(world->disk),
                                          .create = !is_reader,
                                          .is_reader = is_reader,
                                          .seed = {7}};

    *ret_store = NULL;
    return store_open(&options, ret_store, &world->err);
}

static void assert_is_up_to_date(struct store *store)
{
    struct stored_state state;
    struct err err = ERR_NONE;
    uint64_t rows = 0;

    assert_int_equal(store_state(store, &state, &err), 0);
    assert_int_equal(state.era, 2);
    assert_true(state.revision == era_floor(2)); /* above all that either era gave out */
    assert_int_equal(state.ledger_seq, LEDGER_ROWS);
    assert_false(state.is_unsettled);
    assert_int_equal(store_verify(store, &rows, &err), 0);
    assert_int_equal(rows, LEDGER_ROWS);
}

/* --- an older file ---------------------------------------------------------------------------- */

static void a_file_of_version_1_is_brought_up_to_date(void **state)
{
    struct world *world = *state;
    struct store *store;

    given_version_1(world->disk);
    assert_int_equal(ask(world->disk, "PRAGMA user_version"), 1);
    assert_int_equal(open_store(world, true, &store), ERR_UNAVAILABLE);
    assert_int_equal(open_store(world, false, &store), 0);
    assert_is_up_to_date(store);
    store_close(store);
    assert_int_equal(ask(world->disk, "PRAGMA user_version"), VERSION);
    assert_int_equal(ask(world->disk, "SELECT count(*) FROM status"), 70);
    assert_int_equal(ask(world->disk, "SELECT value FROM meta WHERE name = 'settled_era'"), 2);
}

static void a_file_of_version_2_is_brought_up_to_date(void **state)
{
    struct world *world = *state;
    struct store *store;

    given_version_2(world->disk);
    assert_int_equal(open_store(world, false, &store), 0);
    assert_is_up_to_date(store);
    store_close(store);
    assert_int_equal(ask(world->disk, "PRAGMA user_version"), VERSION);
    assert_int_equal(ask(world->disk, "SELECT count(*) FROM status"), 70);
    assert_int_equal(ask(world->disk, "SELECT value FROM meta WHERE name = 'compacted_at'"), 0);
}

/* Rows of before say less of themselves, and nothing is left of them for that. */
static void what_an_older_program_wrote_is_compacted_like_all_else(void **state)
{
    static const char garbage[] = "SELECT count(*) FROM status s WHERE NOT EXISTS (SELECT 1 FROM "
                                  "current k WHERE k.status = s.revision)";
    const struct store_keeping keeping = {.before = {INT64_MAX}};
    struct world *world = *state;
    struct store *store;
    uint64_t rows = 0;

    given_version_1(world->disk);
    assert_int_equal(open_store(world, false, &store), 0);
    while (store_compact(store, &keeping, &world->err) == 1) {}
    assert_int_equal(store_verify(store, &rows, &world->err), 0);
    assert_int_equal(rows, 0);
    store_close(store);
    assert_int_equal(ask(world->disk, garbage), 0);
    assert_true(ask(world->disk, "SELECT count(*) FROM status") > 0);
    assert_int_equal(ask(world->disk, "SELECT count(*) FROM ledger WHERE name = 'render'"), 2);
}

/* An era that was raised by a program of version 1 may have said so already. */
static void what_version_1_says_of_its_era_is_kept(void **state)
{
    struct world *world = *state;
    struct stored_state stored;
    struct store *store;
    sqlite3 *db;

    given_version_1(world->disk);
    db = connect_to(world->disk);
    run(db, "INSERT INTO meta VALUES ('settled_era', 1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(open_store(world, false, &store), 0);
    assert_int_equal(store_state(store, &stored, &world->err), 0);
    assert_true(stored.is_unsettled);
    store_close(store);
}

/* From version 2 on it must be said, for leases hang on it. */
static void a_file_that_does_not_say_which_era_is_settled_is_damaged(void **state)
{
    struct world *world = *state;
    struct stored_state stored;
    struct store *store;
    sqlite3 *db;

    given_version_1(world->disk);
    assert_int_equal(open_store(world, false, &store), 0);
    store_close(store);
    db = connect_to(world->disk);
    run(db, "DELETE FROM meta WHERE name = 'settled_era'");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(open_store(world, false, &store), 0);
    assert_int_equal(store_state(store, &stored, &world->err), ERR_CORRUPT);
    store_close(store);
}

static void the_power_may_go_at_any_moment_of_it(void **state)
{
    struct world *world = *state;
    struct store *store = NULL;
    struct die die;
    uint64_t cuts = 0;

    die_init(&die, 5);
    while (store == NULL && cuts < CUTS_MAX) {
        disk_free(world->disk);
        world->disk = disk_new("migrate", cuts);
        given_version_1(world->disk);
        disk_cut_at(world->disk, ++cuts);
        if (open_store(world, false, &store) == 0 && !disk_is_off(world->disk)) {
            break;
        }
        store_close(TAKE(store));
        disk_power_cut(world->disk, &die);
        assert_int_equal(open_store(world, false, &store), 0);
        assert_is_up_to_date(store);
        store_close(TAKE(store));
    }
    assert_non_null(store);
    assert_in_range(cuts, 10, CUTS_MAX - 1);
    disk_cut_at(world->disk, 0);
    store_close(store);
}

/* --- and what follows ------------------------------------------------------------------------- */

static void given_api(struct api *api)
{
    api_init(api);
    store_close(TAKE(api->store));
    given_version_1(api->disk);
    api_restart(api);
}

static void history_is_kept(void **state)
{
    const struct node *items;
    struct api api;

    (void)state;
    given_api(&api);
    items = api_at(api_get(&api, SESSIONS "/render/history"), "items");
    assert_int_equal(items->list.count, 2);
    items = api_at(api_get(&api, SESSIONS "/gone/history"), "items");
    assert_int_equal(items->list.count, 3); /* made, deleted, made again */
    assert_int_equal(api_int(api_get(&api, SESSIONS "/render"), "spec.replicas"), 1);
    (void)api_expect(&api, 200, "POST", ROLLBACKS, "{'spec': {'toRevision': '5'}}");
    assert_int_equal(api_int(api_get(&api, SESSIONS "/render"), "spec.replicas"), 2);
    assert_true(api_revision(&api) > era_floor(2));
    api_fini(&api);
}

static void say_running(struct api *api, struct api_agent *agent, const struct wire_assign *assign)
{
    struct wire_report_item items[8] = {{0}};
    struct wire_message message = {.type = WIRE_REPORT};

    assert_in_range(assign->assignments.count, 0, COUNT_OF(items));
    for (size_t i = 0; i < assign->assignments.count; i++) {
        const struct wire_assignment *it = &assign->assignments.items[i];

        items[i].uid = it->uid;
        items[i].generation = it->generation;
        items[i].lease_epoch = it->lease_epoch;
        items[i].status.phase = PHASE_RUNNING;
        items[i].status.observed_generation = it->generation;
    }
    message.report.epoch = agent->epoch;
    message.report.seq = ++agent->seq;
    message.report.items.items = items;
    message.report.items.count = assign->assignments.count;
    api_say(api, agent->link, &message);
}

/* What it is told to run it runs; the number of that. */
static size_t obey(struct api *api, struct api_agent *agent)
{
    struct wire_message message;
    size_t told = 0;

    while (api_hear(api, agent->link, WIRE_ASSIGN, &message)) {
        told += message.assign.assignments.count;
        say_running(api, agent, &message.assign);
    }
    return told;
}

static const char *converged(struct api *api, const char *session)
{
    return api_text(api_get(api, api_target(api, SESSIONS "/%s", session)),
                    "status.conditions[0].status");
}

static void its_agent_comes_back_and_all_is_as_declared(void **state)
{
    struct api_agent edge = {.name = "edge-1", .key = {1}};
    struct api api;

    (void)state;
    given_api(&api);
    api_advance(&api, 15000); /* leases of before have ended */
    api_connect(&api, &edge);
    assert_int_equal(obey(&api, &edge), 3);
    assert_string_equal(converged(&api, "lead"), "True");
    assert_string_equal(converged(&api, "render"), "True");
    (void)api_expect(&api, 200, "POST", ROLLBACKS, "{'spec': {'toRevision': '5'}}");
    assert_string_equal(converged(&api, "render"), "False");
    obey(&api, &edge);
    assert_string_equal(converged(&api, "render"), "True");
    api_fini(&api);
}

/* --- a newer file ----------------------------------------------------------------------------- */

static void assert_same(const void *before, size_t before_bytes, const struct disk *disk,
                        const char *name)
{
    size_t after_bytes = 0;
    _cleanup_free_ void *after = disk_read_file(disk, name, &after_bytes);

    assert_int_equal(after_bytes, before_bytes);
    assert_memory_equal(after, before, before_bytes);
}

/* Its last commits are still in its journal, as after a crash. */
static void a_file_of_a_newer_program_is_refused_and_left_as_it_is(void **state)
{
    struct world *world = *state;
    _cleanup_free_ void *file = NULL, *journal = NULL;
    size_t file_bytes, journal_bytes;
    struct store *store;
    sqlite3 *db;

    given_version_1(world->disk);
    assert_int_equal(open_store(world, false, &store), 0);
    store_close(store);
    db = connect_to(world->disk);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    run(db, "PRAGMA user_version = 5; CREATE TABLE news (id INTEGER PRIMARY KEY)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    file = disk_read_file(world->disk, FILE_NAME, &file_bytes);
    journal = disk_read_file(world->disk, FILE_NAME "-wal", &journal_bytes);
    assert_non_null(journal);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_store(world, i == 1, &store), ERR_REFUSED);
        assert_null(store);
        assert_string_equal(world->err.text, "store: the file has version 5, this program knows up "
                                             "to 4; run the newer program");
        assert_same(file, file_bytes, world->disk, FILE_NAME);
        assert_same(journal, journal_bytes, world->disk, FILE_NAME "-wal");
        assert_false(disk_has_file(world->disk, FILE_NAME "-wal-copy"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_version_1_is_brought_up_to_date),
        TEST(a_file_of_version_2_is_brought_up_to_date),
        TEST(what_an_older_program_wrote_is_compacted_like_all_else),
        TEST(what_version_1_says_of_its_era_is_kept),
        TEST(a_file_that_does_not_say_which_era_is_settled_is_damaged),
        TEST(the_power_may_go_at_any_moment_of_it),
        cmocka_unit_test(history_is_kept),
        cmocka_unit_test(its_agent_comes_back_and_all_is_as_declared),
        TEST(a_file_of_a_newer_program_is_refused_and_left_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
