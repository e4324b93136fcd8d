/* The simulated disk: what was synced survives, what was not may do anything. */
#include "tests/sim/disk.h"

#include "schema/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { SEEDS = 200, BLOCK = 1024 };

struct world {
    struct disk *disk;
    struct die die;
};

static void begin_seed(struct world *world, uint64_t seed)
{
    world->disk = disk_new("test-disk", seed);
    die_init(&world->die, seed);
}

static void end_seed(struct world *world)
{
    disk_free(TAKE(world->disk));
}

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    begin_seed(world, 1);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    end_seed(world);
    free(world);
    return 0;
}

static sqlite3_file *open_as(struct world *world, const char *name, int type)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(disk_name(world->disk));
    sqlite3_file *file = mem_alloc((size_t)vfs->szOsFile);
    int rc = vfs->xOpen(vfs, name, file, type | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

    assert_int_equal(rc, SQLITE_OK);
    return file;
}

static sqlite3_file *open_file(struct world *world, const char *name)
{
    return open_as(world, name, SQLITE_OPEN_MAIN_DB);
}

/* A file whose first sync also makes names safe. */
static sqlite3_file *open_journal(struct world *world, const char *name)
{
    return open_as(world, name, SQLITE_OPEN_MAIN_JOURNAL);
}

static void close_file(sqlite3_file *file)
{
    (void)file->pMethods->xClose(file);
    free(file);
}

static int write_block(sqlite3_file *file, size_t index, char filler)
{
    char block[BLOCK];

    memset(block, filler, sizeof(block));
    return file->pMethods->xWrite(file, block, BLOCK, (sqlite3_int64)(index * BLOCK));
}

static int sync_file(sqlite3_file *file)
{
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static void remove_file(struct world *world, const char *name, bool is_safe)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(disk_name(world->disk));

    assert_int_equal(vfs->xDelete(vfs, name, is_safe), SQLITE_OK);
}

/* How many bytes of a block have this value. */
static size_t count_in_block(sqlite3_file *file, size_t index, char filler)
{
    char block[BLOCK] = {0};
    size_t count = 0;

    (void)file->pMethods->xRead(file, block, BLOCK, (sqlite3_int64)(index * BLOCK));
    for (size_t i = 0; i < BLOCK; i++) {
        count += block[i] == filler;
    }
    return count;
}

/* A file "f", whose name is safe, of two blocks of 'a' that are safe. */
static sqlite3_file *given_safe_file(struct world *world)
{
    sqlite3_file *file = open_journal(world, "f");

    assert_int_equal(write_block(file, 0, 'a'), SQLITE_OK);
    assert_int_equal(write_block(file, 1, 'a'), SQLITE_OK);
    assert_int_equal(sync_file(file), SQLITE_OK);
    return file;
}

static void cut_and_reopen(struct world *world, sqlite3_file **file)
{
    disk_power_cut(world->disk, &world->die);
    close_file(*file);
    *file = open_file(world, "f");
}

static void what_was_synced_survives_every_cut(void **state)
{
    struct world *world = *state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sqlite3_file *file;

        end_seed(world);
        begin_seed(world, seed);
        file = given_safe_file(world);
        assert_int_equal(write_block(file, 1, 'b'), SQLITE_OK);
        cut_and_reopen(world, &file);
        assert_int_equal(count_in_block(file, 0, 'a'), BLOCK);
        close_file(file);
    }
}

static void what_was_not_synced_is_kept_dropped_torn_or_garbled(void **state)
{
    struct world *world = *state;
    size_t kept = 0, dropped = 0, mixed = 0, garbled = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sqlite3_file *file;
        size_t old, new;

        end_seed(world);
        begin_seed(world, seed);
        file = given_safe_file(world);
        assert_int_equal(write_block(file, 1, 'b'), SQLITE_OK);
        assert_int_equal(count_in_block(file, 1, 'b'), BLOCK);
        cut_and_reopen(world, &file);
        old = count_in_block(file, 1, 'a');
        new = count_in_block(file, 1, 'b');
        kept += new == BLOCK;
        dropped += old == BLOCK;
        mixed += old > 0 && new > 0 && old % 512 != 0;
        garbled += old + new < BLOCK - 256;
        close_file(file);
    }
    assert_true(kept > SEEDS / 10);
    assert_true(dropped > SEEDS / 10);
    assert_true(mixed > 0);
    assert_true(garbled > 0);
}

static void a_name_is_safe_after_a_journal_was_synced(void **state)
{
    struct world *world = *state;
    size_t lost = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sqlite3_file *file, *journal;

        end_seed(world);
        begin_seed(world, seed);
        file = open_file(world, "f");
        assert_int_equal(write_block(file, 0, 'a'), SQLITE_OK);
        assert_int_equal(sync_file(file), SQLITE_OK);
        disk_power_cut(world->disk, &world->die);
        lost += !disk_has_file(world->disk, "f");
        close_file(file);

        file = open_file(world, "f");
        journal = open_journal(world, "j");
        assert_int_equal(sync_file(journal), SQLITE_OK);
        disk_power_cut(world->disk, &world->die);
        assert_true(disk_has_file(world->disk, "f"));
        assert_true(disk_has_file(world->disk, "j"));
        close_file(file);
        close_file(journal);
    }
    assert_true(lost > SEEDS / 10);
}

static void a_removed_file_may_come_back(void **state)
{
    struct world *world = *state;
    size_t back = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        end_seed(world);
        begin_seed(world, seed);
        close_file(given_safe_file(world));
        remove_file(world, "f", false);
        assert_false(disk_has_file(world->disk, "f"));
        disk_power_cut(world->disk, &world->die);
        back += disk_has_file(world->disk, "f");
        if (disk_has_file(world->disk, "f")) {
            remove_file(world, "f", true);
            disk_power_cut(world->disk, &world->die);
            assert_false(disk_has_file(world->disk, "f"));
        }
    }
    assert_true(back > SEEDS / 10 && back < SEEDS);
}

static void a_truncation_may_be_undone(void **state)
{
    struct world *world = *state;
    size_t undone = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sqlite3_int64 size = 0;
        sqlite3_file *file;

        end_seed(world);
        begin_seed(world, seed);
        file = given_safe_file(world);
        assert_int_equal(file->pMethods->xTruncate(file, 100), SQLITE_OK);
        cut_and_reopen(world, &file);
        assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        assert_true(size == 100 || size == (sqlite3_int64)2 * BLOCK);
        undone += size != 100;
        close_file(file);
    }
    assert_true(undone > SEEDS / 10 && undone < SEEDS);
}

static void a_rename_happens_whole_or_not_at_all(void **state)
{
    struct world *world = *state;
    size_t done = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        end_seed(world);
        begin_seed(world, seed);
        close_file(given_safe_file(world));
        assert_true(disk_rename(world->disk, "f", "g"));
        disk_power_cut(world->disk, &world->die);
        assert_true(disk_has_file(world->disk, "f") != disk_has_file(world->disk, "g"));
        done += disk_has_file(world->disk, "g");
    }
    assert_true(done > SEEDS / 10 && done < SEEDS);
}

static void open_files_are_dead_after_a_cut_and_after_a_crash(void **state)
{
    struct world *world = *state;
    sqlite3_file *file = given_safe_file(world);
    char byte;

    disk_process_crash(world->disk);
    assert_int_not_equal(write_block(file, 0, 'x'), SQLITE_OK);
    assert_int_not_equal(sync_file(file), SQLITE_OK);
    assert_int_not_equal(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_OK);
    close_file(file);
    file = open_file(world, "f");
    assert_int_equal(write_block(file, 1, 'b'), SQLITE_OK);
    disk_process_crash(world->disk);
    close_file(file);
    file = open_file(world, "f");
    assert_int_equal(count_in_block(file, 1, 'b'), BLOCK); /* a crash loses nothing */
    disk_power_cut(world->disk, &world->die);
    assert_int_not_equal(write_block(file, 0, 'x'), SQLITE_OK);
    close_file(file);
}

static void a_planned_cut_stops_everything_until_power_returns(void **state)
{
    struct world *world = *state;
    sqlite3_file *file = given_safe_file(world);

    disk_cut_at(world->disk, 2);
    assert_int_equal(write_block(file, 0, 'b'), SQLITE_OK);
    assert_int_not_equal(write_block(file, 1, 'b'), SQLITE_OK);
    assert_true(disk_is_off(world->disk));
    assert_int_not_equal(sync_file(file), SQLITE_OK);
    disk_power_cut(world->disk, &world->die);
    assert_false(disk_is_off(world->disk));
    close_file(file);
}

static void a_full_disk_takes_overwrites_but_nothing_new(void **state)
{
    struct world *world = *state;
    sqlite3_file *file = given_safe_file(world);

    disk_set_full(world->disk, true);
    assert_int_equal(write_block(file, 1, 'b'), SQLITE_OK);
    assert_int_equal(write_block(file, 2, 'b'), SQLITE_FULL);
    disk_set_full(world->disk, false);
    assert_int_equal(write_block(file, 2, 'b'), SQLITE_OK);
    close_file(file);
}

static void faults_strike_once_where_they_were_planned(void **state)
{
    struct world *world = *state;
    sqlite3_file *file = given_safe_file(world);

    disk_fail_at(world->disk, 2);
    assert_int_equal(write_block(file, 0, 'b'), SQLITE_OK);
    assert_int_equal(write_block(file, 0, 'c'), SQLITE_IOERR_WRITE);
    assert_int_equal(count_in_block(file, 0, 'b'), BLOCK);
    assert_int_equal(write_block(file, 0, 'c'), SQLITE_OK);
    assert_int_equal(disk_counters(world->disk)->faults, 1);
    close_file(file);
}

static void what_a_failed_sync_lost_no_later_sync_brings_back(void **state)
{
    struct world *world = *state;
    size_t lost = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sqlite3_file *file;

        end_seed(world);
        begin_seed(world, seed);
        file = given_safe_file(world);
        assert_int_equal(write_block(file, 1, 'b'), SQLITE_OK);
        disk_fail_sync_at(world->disk, 1);
        assert_int_equal(sync_file(file), SQLITE_IOERR_FSYNC);
        assert_int_equal(sync_file(file), SQLITE_OK);
        assert_int_equal(count_in_block(file, 1, 'b'), BLOCK); /* still seen, like a page cache */
        cut_and_reopen(world, &file);
        lost += count_in_block(file, 1, 'b') != BLOCK;
        close_file(file);
    }
    assert_true(lost > SEEDS / 4 && lost < SEEDS);
}

static void must(sqlite3 *db, const char *sql)
{
    char *text = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK) {
        print_error("%s: %s\n", sql, text);
        fail();
    }
}

static sqlite3 *open_database(struct world *world)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2("d.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     disk_name(world->disk)),
                     SQLITE_OK);
    return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return value;
}

static void connections_share_the_journal_and_keep_out_of_each_others_way(void **state)
{
    struct world *world = *state;
    sqlite3 *one = open_database(world), *two;

    must(one, "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    two = open_database(world);
    must(two, "BEGIN");
    assert_int_equal(number(two, "SELECT count(*) FROM t"), 1);
    must(one, "INSERT INTO t VALUES (2)");
    assert_int_equal(number(two, "SELECT count(*) FROM t"), 1); /* its snapshot */
    must(two, "COMMIT");
    assert_int_equal(number(two, "SELECT count(*) FROM t"), 2);
    must(one, "BEGIN IMMEDIATE");
    assert_int_equal(sqlite3_exec(two, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    must(one, "COMMIT");
    must(two, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(sqlite3_close(one), SQLITE_OK);
    assert_int_equal(sqlite3_close(two), SQLITE_OK);
    assert_false(disk_has_file(world->disk, "d.db-wal"));
}

static void time_and_chance_come_from_the_disk(void **state)
{
    struct world *world = *state;
    int64_t draws[2];

    for (int i = 0; i < 2; i++) {
        sqlite3 *db;

        end_seed(world);
        begin_seed(world, 7);
        disk_set_wall(world->disk, (struct wall){5000});
        db = open_database(world);
        assert_int_equal(number(db, "SELECT unixepoch('now')"), 5);
        draws[i] = number(db, "SELECT random()");
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
    }
    assert_int_equal(draws[0], draws[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_synced_survives_every_cut),
        TEST(what_was_not_synced_is_kept_dropped_torn_or_garbled),
        TEST(a_name_is_safe_after_a_journal_was_synced),
        TEST(a_removed_file_may_come_back),
        TEST(a_truncation_may_be_undone),
        TEST(a_rename_happens_whole_or_not_at_all),
        TEST(open_files_are_dead_after_a_cut_and_after_a_crash),
        TEST(a_planned_cut_stops_everything_until_power_returns),
        TEST(a_full_disk_takes_overwrites_but_nothing_new),
        TEST(faults_strike_once_where_they_were_planned),
        TEST(what_a_failed_sync_lost_no_later_sync_brings_back),
        TEST(connections_share_the_journal_and_keep_out_of_each_others_way),
        TEST(time_and_chance_come_from_the_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
