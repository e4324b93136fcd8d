/* Examining a store: all that is wrong is told, not the first thing only, and the file stays as it
 * is. */
#include "controller/io/check.h"

#include "tests/support/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

struct world {
    char folder[64], path[96];
    struct str text;
};

static void commit_row(struct store *store, enum row_verb verb, const char *name, uint64_t revision,
                       const char *body)
{
    struct batch *batch = batch_new(revision);
    struct err err = ERR_NONE;

    batch_add(batch, ROW_LEDGER, verb, KIND_HARVEST_SESSION, name, revision, body);
    assert_int_equal(store_commit(store, &batch, 1, &err), 0);
    batch_free(batch);
}

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);
    struct store_options options = {.create = true, .seed = {7}};
    struct err err = ERR_NONE;
    struct store *store;

    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/fog-check-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->path, sizeof(world->path), "%s/fog.db", world->folder);
    str_init(&world->text);
    options.path = world->path;
    assert_int_equal(store_open(&options, &store, &err), 0);
    commit_row(store, ROW_CREATE, "a", 1, "a1");
    commit_row(store, ROW_CREATE, "b", 2, "b1");
    commit_row(store, ROW_UPDATE, "a", 3, "a2");
    commit_row(store, ROW_DELETE, "b", 4, NULL);
    store_close(store);
    *state = world;
    return 0;
}

static int end(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    struct world *world = *state;

    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", world->path, tails[i]);
        (void)unlink(path);
    }
    (void)rmdir(world->folder);
    str_fini(&world->text);
    free(world);
    return 0;
}

static void sql(struct world *world, const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static bool says(const struct world *world, const char *what)
{
    return strstr(world->text.data, what) != NULL;
}

static void ignore(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static void ignore_count(void *context, const char *what, uint64_t count)
{
    (void)context;
    (void)what;
    (void)count;
}

static void a_sound_store_has_no_findings_and_its_counts(void **state)
{
    struct world *world = *state;
    struct store_options options = {.path = world->path, .is_reader = true};
    struct store_examiner examiner = {.found = ignore, .counted = ignore_count};
    struct err err = ERR_NONE;
    struct store *store;

    assert_int_equal(store_open(&options, &store, &err), 0);
    assert_int_equal(store_examine(store, &examiner, &err), 0);
    store_close(store);
    assert_int_equal(examiner.findings, 0);
    (void)check_store(world->path, 0, &world->text);
    assert_true(says(world, "ledger rows              4\n"));
    assert_true(says(world, "HarvestSession           1\n"));
    assert_true(says(world, "revision                 4\n"));
}

static void every_finding_is_told(void **state)
{
    struct world *world = *state;

    sql(world, "UPDATE ledger SET who = 'mallory' WHERE revision IN (1, 3);"
               "UPDATE body SET data = x'00' WHERE data = CAST('b1' AS BLOB);"
               "UPDATE current SET ledger = 2");
    assert_true(check_store(world->path, 0, &world->text) >= 4);
    assert_true(says(world, "wrong: store: ledger revision 1: the chain is broken\n"));
    assert_true(says(world, "wrong: store: ledger revision 3: the chain is broken\n"));
    assert_true(says(world, "wrong: store: ledger revision 2: the body does not match its digest"));
    assert_true(says(world, "wrong: store: 1 objects in force have no ledger row\n"));
    assert_false(says(world, "revision 4:")); /* a sound row after a bad one is none */
}

static void what_no_core_can_be_made_of_is_a_finding(void **state)
{
    struct world *world = *state;

    assert_int_equal(check_store(world->path, 0, &world->text), 1); /* "a2" is no session */
    assert_true(says(world, "wrong: "));
}

static void an_earlier_era_than_was_seen_is_a_finding(void **state)
{
    struct world *world = *state;

    (void)check_store(world->path, 2, &world->text);
    assert_true(says(world, "it is an older copy"));
}

static void what_is_no_store_is_a_finding(void **state)
{
    struct world *world = *state;

    assert_int_equal(check_store("/dev/null", 0, &world->text), 1);
    sql(world, "PRAGMA application_id = 1");
    assert_int_equal(check_store(world->path, 0, &world->text), 1);
    assert_true(says(world, "another program's database"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_store_has_no_findings_and_its_counts, begin, end),
        cmocka_unit_test_setup_teardown(every_finding_is_told, begin, end),
        cmocka_unit_test_setup_teardown(what_no_core_can_be_made_of_is_a_finding, begin, end),
        cmocka_unit_test_setup_teardown(an_earlier_era_than_was_seen_is_a_finding, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_store_is_a_finding, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
