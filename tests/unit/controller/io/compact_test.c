/* Compaction: from where history begins all of it can be told; of before there is what is in force,
 * what a newer row refers to and what an undo goes back to, and nothing else. */
#include "controller/io/store/store.h"

#include "schema/base/str.h"
#include "schema/limits.h"
#include "tests/sim/die.h"
#include "tests/sim/disk.h"
#include "tests/support/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#define FILE_NAME "/fog.db"

enum { EPOCH_MS = 1000000, REVISIONS_MAX = 2048, NAMES = 4 };

struct world {
    struct disk *disk;
    struct store *store;
    struct err err;
    uint64_t revision, seq;
    struct str found;
};

static int open_store(struct world *world)
{
    struct store_options options = {
        .path = FILE_NAME, .vfs = disk_name(world->disk), .create = true, .seed = {7}};

    world->store = NULL;
    return store_open(&options, &world->store, &world->err);
}

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    world->disk = disk_new("compact", 1);
    assert_int_equal(open_store(world), 0);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    disk_free(world->disk);
    str_fini(&world->found);
    free(world);
    return 0;
}

/* --- given ------------------------------------------------------------------------------------ */

static uint64_t put(struct world *world, enum row_log log, enum row_verb verb, enum kind_id kind,
                    const char *name, const char *body)
{
    struct batch *batch = batch_new(++world->seq);

    batch_add(batch, log, verb, kind, name, ++world->revision, body);
    assert_int_equal(store_commit(world->store, &batch, 1, &world->err), 0);
    batch_free(batch);
    return world->revision;
}

static uint64_t write_session(struct world *world, enum row_verb verb, const char *name,
                              const char *command, unsigned replicas)
{
    char body[128];

    (void)snprintf(body, sizeof(body), "{\"spec\":{\"replicas\":%u,\"workload\":\"%s\"}}", replicas,
                   command);
    return put(world, ROW_LEDGER, verb, KIND_HARVEST_SESSION, name, body);
}

static void write_status(struct world *world, const char *name)
{
    char body[48];

    (void)snprintf(body, sizeof(body), "{\"status\":{\"ready\":%llu}}",
                   (unsigned long long)world->revision);
    (void)put(world, ROW_STATUS, ROW_UPDATE, KIND_HARVEST_SESSION, name, body);
}

static void delete_session(struct world *world, const char *name)
{
    (void)put(world, ROW_LEDGER, ROW_DELETE, KIND_HARVEST_SESSION, name, NULL);
}

/* --- when ------------------------------------------------------------------------------------- */

/* All that was written up to this revision goes, as far as it may. */
static void compact_to(struct world *world, uint64_t revision)
{
    struct store_keeping keeping = {.before = {EPOCH_MS + (int64_t)revision + 1}};
    int r;

    while ((r = store_compact(world->store, &keeping, &world->err)) == 1) {}
    assert_int_equal(r, 0);
}

/* --- then ------------------------------------------------------------------------------------- */

static int64_t ask(struct world *world, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t number;

    assert_int_equal(sqlite3_open_v2(FILE_NAME, &db, SQLITE_OPEN_READONLY, disk_name(world->disk)),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

static void say(struct str *to, const struct stored_change *change)
{
    static const char *const verbs[] = {"create", "update", "delete"};
    const struct blob *blobs[] = {change->body, change->status, change->body_before};

    str_addf(to, "%llu %s %s", (unsigned long long)change->revision, verbs[change->verb],
             change->name);
    for (size_t i = 0; i < COUNT_OF(blobs); i++) {
        str_addf(to, " %s", blobs[i] == NULL ? "-" : blobs[i]->data);
    }
    str_add_char(to, '\n');
}

/* ERR_NOT_FOUND: it is gone. */
static int read_into(struct world *world, struct read_query query, struct str *to)
{
    struct read_result *result = store_read(world->store, &query);
    int code = result->code;

    str_clear(to);
    vec_each (&result->changes, change) {
        say(to, change);
    }
    read_result_free(result);
    return code;
}

static const char *read_all(struct world *world, struct read_query query)
{
    assert_int_equal(read_into(world, query, &world->found), 0);
    return world->found.data;
}

static void assert_verifies(struct world *world, uint64_t want)
{
    uint64_t rows = 0;
    int r = store_verify(world->store, &rows, &world->err);

    if (r < 0) {
        print_error("%s\n", world->err.text);
    }
    assert_int_equal(r, 0);
    assert_int_equal(rows, want);
}

#define SESSION kind_get(KIND_HARVEST_SESSION)

static char name_a[] = "a";

static struct read_query of_a(enum read_type type, uint64_t upto)
{
    return (struct read_query){.type = type, .kind = SESSION, .name = name_a, .upto = upto};
}

/* --- tests ------------------------------------------------------------------------------------ */

static void what_is_in_force_stays_and_what_it_replaced_goes(void **state)
{
    struct world *world = *state;
    struct stored_state is;

    (void)write_session(world, ROW_CREATE, "a", "one", 1); /* 1 */
    write_status(world, "a");
    (void)write_session(world, ROW_CREATE, "b", "one", 1); /* 3 */
    (void)write_session(world, ROW_UPDATE, "a", "one", 2);
    write_status(world, "a");
    delete_session(world, "b");                            /* 6 */
    (void)write_session(world, ROW_UPDATE, "a", "one", 3); /* 7 */
    compact_to(world, 6);
    assert_int_equal(store_state(world->store, &is, &world->err), 0);
    assert_int_equal(is.compacted, 6);
    assert_int_equal(is.revision, 7);
    assert_int_equal(ask(world, "SELECT count(*) FROM ledger"), 3); /* 1 begins its form */
    assert_int_equal(ask(world, "SELECT count(*) FROM status"), 1); /* the one in force */
    assert_int_equal(ask(world, "SELECT revision FROM status"), 5);
    assert_int_equal(ask(world, "SELECT count(*) FROM body"), 3);
    assert_verifies(world, 1);
}

static void a_moment_of_before_is_gone_and_one_of_after_is_not(void **state)
{
    struct world *world = *state;
    struct read_query changes = {.type = READ_CHANGES, .after = 2, .upto = 5};
    struct read_query moment = {.type = READ_STATE_AT, .upto = 2};

    for (unsigned i = 1; i <= 5; i++) {
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", "one", i);
    }
    compact_to(world, 3);
    assert_int_equal(read_into(world, changes, &world->found), ERR_NOT_FOUND);
    assert_int_equal(read_into(world, moment, &world->found), ERR_NOT_FOUND);
    changes.after = 3;
    changes.with_before = true;
    assert_string_equal(read_all(world, changes),
                        "4 update a {\"spec\":{\"replicas\":4,\"workload\":\"one\"}} - "
                        "{\"spec\":{\"replicas\":3,\"workload\":\"one\"}}\n"
                        "5 update a {\"spec\":{\"replicas\":5,\"workload\":\"one\"}} - "
                        "{\"spec\":{\"replicas\":4,\"workload\":\"one\"}}\n");
    moment.upto = 3;
    assert_string_equal(read_all(world, moment),
                        "3 update a {\"spec\":{\"replicas\":3,\"workload\":\"one\"}} - -\n");
}

/* As another connection saw them: where history begins is read in each snapshot. */
static void a_reader_is_told_at_once(void **state)
{
    struct world *world = *state;
    struct store_options options = {
        .path = FILE_NAME, .vfs = disk_name(world->disk), .is_reader = true};
    struct store *writer = world->store, *reader = NULL;
    struct read_query changes = {.type = READ_CHANGES, .after = 1, .upto = 3};

    for (unsigned i = 1; i <= 3; i++) {
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", "one", i);
    }
    assert_int_equal(store_open(&options, &reader, &world->err), 0);
    world->store = reader;
    assert_int_equal(read_into(world, changes, &world->found), 0);
    world->store = writer;
    compact_to(world, 2);
    world->store = reader;
    assert_int_equal(read_into(world, changes, &world->found), ERR_NOT_FOUND);
    world->store = writer;
    store_close(reader);
}

static void an_undo_finds_the_forms_of_before(void **state)
{
    struct world *world = *state;
    struct read_query form = of_a(READ_STATE_AT, 3);

    (void)write_session(world, ROW_CREATE, "a", "one", 1);
    (void)write_session(world, ROW_UPDATE, "a", "one", 2);
    (void)write_session(world, ROW_UPDATE, "a", "one", 3);
    (void)write_session(world, ROW_UPDATE, "a", "two", 3); /* 4 */
    (void)write_session(world, ROW_UPDATE, "a", "two", 4);
    compact_to(world, 5);
    assert_string_equal(read_all(world, of_a(READ_HISTORY, 0)),
                        "5 update a {\"spec\":{\"replicas\":4,\"workload\":\"two\"}} - -\n"
                        "4 update a {\"spec\":{\"replicas\":3,\"workload\":\"two\"}} - -\n"
                        "1 create a {\"spec\":{\"replicas\":1,\"workload\":\"one\"}} - -\n");
    assert_string_equal(read_all(world, of_a(READ_STATE_AT, 1)),
                        "1 create a {\"spec\":{\"replicas\":1,\"workload\":\"one\"}} - -\n");
    assert_int_equal(read_into(world, form, &world->found), ERR_NOT_FOUND); /* 3 replicas: gone */
    form.form_only = true;
    assert_string_equal(read_all(world, form),
                        "1 create a {\"spec\":{\"replicas\":1,\"workload\":\"one\"}} - -\n");
    assert_verifies(world, 0);
}

static void forms_are_kept_up_to_a_bound(void **state)
{
    struct world *world = *state;
    struct read_query form = of_a(READ_STATE_AT, 5);
    char command[16];

    for (unsigned i = 1; i <= HISTORY_FORMS_MAX + 5; i++) {
        (void)snprintf(command, sizeof(command), "form-%u", i);
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", command, 1);
        compact_to(world, i);
    }
    assert_int_equal(ask(world, "SELECT count(*) FROM ledger"), HISTORY_FORMS_MAX);
    assert_int_equal(ask(world, "SELECT min(revision) FROM ledger"), 6);
    form.form_only = true;
    assert_int_equal(read_into(world, form, &world->found), ERR_NOT_FOUND);
    assert_verifies(world, 0);
    delete_session(world, "a");
    compact_to(world, world->revision);
    assert_int_equal(ask(world, "SELECT count(*) FROM ledger"), 0);
    assert_int_equal(ask(world, "SELECT count(*) FROM body"), 0);
}

static void a_slice_is_bounded(void **state)
{
    struct world *world = *state;
    struct store_keeping keeping = {.before = {INT64_MAX}};
    struct store_size size;
    unsigned slices = 0;

    for (unsigned i = 1; i <= 2 * COMPACT_ROWS_MAX + 1; i++) {
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", "one", i);
    }
    while (store_compact(world->store, &keeping, &world->err) == 1) {
        assert_int_equal(store_measure(world->store, &size, &world->err), 0);
        slices++;
        assert_int_equal(size.compacted,
                         slices < 3 ? slices * COMPACT_ROWS_MAX : 2 * COMPACT_ROWS_MAX + 1);
    }
    assert_int_equal(slices, 3);
    assert_int_equal(size.ledger_rows, 2);
    assert_int_equal(size.status_rows, 0);
}

static void a_slice_is_bounded_in_bytes(void **state)
{
    enum { BODY = 100 * 1000, COUNT = 25 };
    struct world *world = *state;
    struct store_keeping keeping = {.before = {INT64_MAX}};
    char *body = mem_alloc(BODY + 1);
    unsigned slices = 0;

    memset(body, 'x', BODY);
    for (unsigned i = 1; i <= COUNT; i++) {
        body[i] = 'y'; /* each another one */
        (void)put(world, ROW_LEDGER, i == 1 ? ROW_CREATE : ROW_UPDATE, KIND_HARVEST_POLICY, "p",
                  body);
    }
    while (store_compact(world->store, &keeping, &world->err) == 1) {
        slices++;
    }
    assert_in_range(slices, 2, 3);
    assert_int_equal(ask(world, "SELECT count(*) FROM ledger"), 1);
    free(body);
}

static void a_file_that_is_mostly_unused_becomes_smaller(void **state)
{
    enum { BODY = 1000 * 1000, COUNT = 20 };
    struct world *world = *state;
    struct store_keeping keeping = {.before = {INT64_MAX}};
    char *body = mem_alloc(BODY + 1);
    int r;

    memset(body, 'x', BODY);
    for (unsigned i = 1; i <= COUNT; i++) {
        body[i] = 'y';
        (void)put(world, ROW_LEDGER, i == 1 ? ROW_CREATE : ROW_UPDATE, KIND_HARVEST_POLICY, "p",
                  body);
    }
    free(body);
    assert_true(ask(world, "PRAGMA page_count") > STORE_SPARE_PAGES);
    while ((r = store_compact(world->store, &keeping, &world->err)) == 1) {}
    assert_int_equal(r, 0);
    assert_true(ask(world, "PRAGMA page_count") <= STORE_SPARE_PAGES + 512);
    assert_verifies(world, 0);
}

static void a_large_store_gives_up_what_is_older_than_it_must_keep(void **state)
{
    struct world *world = *state;
    struct store_keeping keeping = {.before_when_large = {EPOCH_MS + 301}};
    struct store_size before, after;

    for (unsigned i = 1; i <= 400; i++) {
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", "one", i);
    }
    assert_int_equal(store_measure(world->store, &before, &world->err), 0);
    keeping.bytes_max = before.used_bytes;
    assert_int_equal(store_compact(world->store, &keeping, &world->err), 0);
    keeping.bytes_max = 1;
    while (store_compact(world->store, &keeping, &world->err) == 1) {}
    assert_int_equal(store_measure(world->store, &after, &world->err), 0);
    assert_int_equal(after.compacted, 300);
    assert_true(after.used_bytes < before.used_bytes);
}

/* A clock that was ahead has made all of it young. */
static void a_large_store_gives_up_what_has_an_old_revision(void **state)
{
    struct world *world = *state;
    struct store_keeping keeping = {.bytes_max = 1 << 30, .upto_when_large = 300};
    struct store_size after;

    for (unsigned i = 1; i <= 400; i++) {
        (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a", "one", i);
    }
    assert_int_equal(store_compact(world->store, &keeping, &world->err), 0);
    keeping.bytes_max = 1;
    while (store_compact(world->store, &keeping, &world->err) == 1) {}
    assert_int_equal(store_measure(world->store, &after, &world->err), 0);
    assert_int_equal(after.compacted, 300);
    assert_int_equal(after.newest_revision, 400);
    assert_verifies(world, 100);
}

static void all_may_be_old(void **state)
{
    struct world *world = *state;
    struct stored_state before, after;

    (void)write_session(world, ROW_CREATE, "a", "one", 1);
    write_status(world, "a");
    delete_session(world, "a");
    assert_int_equal(store_state(world->store, &before, &world->err), 0);
    compact_to(world, 3);
    assert_int_equal(ask(world, "SELECT count(*) FROM ledger"), 0);
    assert_int_equal(ask(world, "SELECT count(*) FROM status"), 0);
    store_close(TAKE(world->store));
    assert_int_equal(open_store(world), 0);
    assert_int_equal(store_state(world->store, &after, &world->err), 0);
    assert_int_equal(after.revision, before.revision);
    assert_int_equal(after.ledger_seq, before.ledger_seq);
    assert_int_equal(after.newest.ms, before.newest.ms);
    (void)write_session(world, ROW_CREATE, "a", "one", 1);
    assert_verifies(world, 1);
}

/* Its own row is gone, which says nothing about what was lost. */
static void where_history_begins_is_known_in_a_later_era(void **state)
{
    struct world *world = *state;
    struct read_query changes = {.type = READ_CHANGES, .after = 3, .upto = era_floor(2) + 9};

    (void)write_session(world, ROW_CREATE, "a", "one", 1);
    (void)write_session(world, ROW_CREATE, "b", "one", 1);
    delete_session(world, "a");
    compact_to(world, 3);
    assert_int_equal(store_raise_era(world->store, 1, (struct wall){0}, &world->err), 0);
    assert_int_equal(read_into(world, changes, &world->found), 0);
    changes.after = 4;
    assert_int_equal(read_into(world, changes, &world->found), ERR_NOT_FOUND);
}

/* What was reported since is no change of desired state, and who goes back means that. */
static void the_last_change_can_be_gone_back_to_under_its_own_number(void **state)
{
    struct world *world = *state;
    struct read_query moment = {.type = READ_STATE_AT, .upto = 2};

    (void)write_session(world, ROW_CREATE, "a", "one", 1);
    (void)write_session(world, ROW_UPDATE, "a", "one", 2);
    write_status(world, "a");
    write_status(world, "a");
    compact_to(world, 4);
    assert_string_equal(read_all(world, moment),
                        "2 update a {\"spec\":{\"replicas\":2,\"workload\":\"one\"}} - -\n");
    moment.upto = 1;
    assert_int_equal(read_into(world, moment, &world->found), ERR_NOT_FOUND);
}

static void a_content_goes_when_it_is_released(void **state)
{
    struct world *world = *state;
    struct batch *batch = batch_new(++world->seq);
    struct digest digest;

    batch_add_content(batch, "template");
    digest = batch->contents.items[0].digest;
    assert_int_equal(store_commit(world->store, &batch, 1, &world->err), 0);
    compact_to(world, 100);
    assert_int_equal(ask(world, "SELECT count(*) FROM body"), 1);
    batch_free(batch);
    batch = batch_new(++world->seq);
    vec_add(&batch->released_contents, digest);
    assert_int_equal(store_commit(world->store, &batch, 1, &world->err), 0);
    assert_int_equal(ask(world, "SELECT count(*) FROM body"), 0);
    batch_free(batch);
}

static void damage_before_history_begins_is_found(void **state)
{
    static const char *const damages[] = {
        "UPDATE body SET data = CAST('{}' AS BLOB) WHERE id = 1",
        "UPDATE ledger SET before = 0 WHERE revision = 3",
        "DELETE FROM status",
    };
    uint64_t rows;

    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct world *world = NULL;
        sqlite3 *db = NULL;

        assert_int_equal(begin((void **)&world), 0);
        (void)write_session(world, ROW_CREATE, "a", "one", 1);
        write_status(world, "a");
        (void)write_session(world, ROW_UPDATE, "a", "one", 2); /* 3: its row and status stay */
        compact_to(world, 2);
        assert_verifies(world, 1);
        store_close(TAKE(world->store));
        assert_int_equal(
            sqlite3_open_v2(FILE_NAME, &db, SQLITE_OPEN_READWRITE, disk_name(world->disk)),
            SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, damages[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(open_store(world), 0);
        assert_int_equal(store_verify(world->store, &rows, &world->err), ERR_CORRUPT);
        assert_int_equal(end((void **)&world), 0);
    }
    (void)state;
}

/* --- any history --------------------------------------------------------------------------------
 *
 * Written by dice, and told before it is compacted: what is asked for afterwards must be the same,
 * or be said to be gone. */

struct any {
    struct world *world;
    struct die die;
    bool exists[NAMES], has_event[NAMES];
};

static const char *const names[NAMES] = {"a", "b", "c", "d"};

static void act(struct any *any)
{
    static const char *const commands[] = {"one", "two"};
    struct world *world = any->world;
    size_t i = (size_t)die_below(&any->die, NAMES);
    const char *command = commands[die_below(&any->die, 2)];
    unsigned replicas = (unsigned)die_below(&any->die, 3);

    if (die_chance(&any->die, 100)) {
        enum row_verb verb = !any->has_event[i]           ? ROW_CREATE
                             : die_chance(&any->die, 300) ? ROW_DELETE
                                                          : ROW_UPDATE;

        any->has_event[i] = verb != ROW_DELETE;
        (void)put(world, ROW_STATUS, verb, KIND_EVENT, names[i], verb == ROW_DELETE ? NULL : "{}");
    } else if (!any->exists[i]) {
        any->exists[i] = true;
        (void)write_session(world, ROW_CREATE, names[i], command, replicas);
    } else if (die_chance(&any->die, 100)) {
        any->exists[i] = false;
        delete_session(world, names[i]);
    } else if (die_chance(&any->die, 500)) {
        write_status(world, names[i]);
    } else {
        (void)write_session(world, ROW_UPDATE, names[i], command, replicas);
    }
}

static void tell_changes(struct world *world, uint64_t after, struct str *to)
{
    assert_int_equal(read_into(world,
                               (struct read_query){.type = READ_CHANGES,
                                                   .after = after,
                                                   .upto = world->revision,
                                                   .with_before = true},
                               to),
                     0);
}

static void tell_moment(struct world *world, uint64_t upto, struct str *to)
{
    assert_int_equal(read_into(world, (struct read_query){.type = READ_STATE_AT, .upto = upto}, to),
                     0);
}

/* Ledger rows that must be there of before history begins: of what there was then its row, and the
 * rows that gave a session another form; status rows: those in force, or named by the first ledger
 * row that follows. */
static const char garbage[] =
    "WITH c AS (SELECT value AS at FROM meta WHERE name = 'compacted_revision') SELECT "
    "(SELECT count(*) FROM status s, c WHERE s.revision <= c.at AND NOT EXISTS (SELECT 1 FROM "
    " current k WHERE k.status = s.revision) AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.status "
    " = s.revision AND l.revision > c.at)) + "
    "(SELECT count(*) FROM ledger l, c WHERE l.revision <= c.at AND NOT l.begins_form AND EXISTS "
    " (SELECT 1 FROM ledger n WHERE n.kind = l.kind AND n.name = l.name AND n.revision > l.revision"
    "  AND n.revision <= c.at)) + "
    "(SELECT count(*) FROM body b WHERE NOT b.is_content AND NOT EXISTS (SELECT 1 FROM ledger l "
    " WHERE l.body = b.id))";

static void any_history_is_told_from_where_it_begins(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct any any = {0};
        struct str before = STR_EMPTY, moment = STR_EMPTY, after = STR_EMPTY;
        uint64_t horizon, later;

        assert_int_equal(begin((void **)&any.world), 0);
        die_init(&any.die, seed);
        for (unsigned round = 0; round < 4; round++) {
            for (unsigned i = 0; i < 40; i++) {
                act(&any);
            }
            horizon = any.world->revision - die_below(&any.die, 30);
            later = horizon + die_below(&any.die, any.world->revision - horizon + 1);
            tell_changes(any.world, horizon, &before);
            tell_moment(any.world, later, &moment);
            compact_to(any.world, horizon);
            tell_changes(any.world, horizon, &after);
            assert_string_equal(after.data, before.data);
            tell_moment(any.world, later, &after);
            assert_string_equal(after.data, moment.data);
            assert_int_equal(ask(any.world, garbage), 0);
        }
        assert_int_equal(store_verify(any.world->store, &later, &any.world->err), 0);
        str_fini(&before);
        str_fini(&moment);
        str_fini(&after);
        assert_int_equal(end((void **)&any.world), 0);
    }
    (void)state;
}

static void the_power_may_go_at_any_moment_of_it(void **state)
{
    struct die die;
    bool is_done = false;

    die_init(&die, 9);
    for (uint64_t cut = 1; !is_done; cut++) {
        struct store_keeping keeping = {.before = {EPOCH_MS + 31}};
        struct world *world = NULL;
        uint64_t rows = 0;

        assert_in_range(cut, 1, 400);
        assert_int_equal(begin((void **)&world), 0);
        for (unsigned i = 1; i <= 40; i++) {
            (void)write_session(world, i == 1 ? ROW_CREATE : ROW_UPDATE, "a",
                                i % 9 == 0 ? "one" : "two", i);
        }
        disk_cut_at(world->disk, cut);
        is_done = store_compact(world->store, &keeping, &world->err) == 1 &&
                  store_checkpoint(world->store, &world->err) == 0 && !disk_is_off(world->disk);
        if (!is_done) {
            store_close(TAKE(world->store));
            disk_power_cut(world->disk, &die);
            assert_int_equal(open_store(world), 0);
            assert_int_equal(store_verify(world->store, &rows, &world->err), 0);
            assert_true(rows == 40 || rows == 10);
        }
        disk_cut_at(world->disk, 0);
        assert_int_equal(end((void **)&world), 0);
    }
    (void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_in_force_stays_and_what_it_replaced_goes),
        TEST(a_moment_of_before_is_gone_and_one_of_after_is_not),
        TEST(a_reader_is_told_at_once),
        TEST(an_undo_finds_the_forms_of_before),
        TEST(forms_are_kept_up_to_a_bound),
        TEST(a_slice_is_bounded),
        TEST(a_slice_is_bounded_in_bytes),
        TEST(a_file_that_is_mostly_unused_becomes_smaller),
        TEST(a_large_store_gives_up_what_is_older_than_it_must_keep),
        TEST(a_large_store_gives_up_what_has_an_old_revision),
        TEST(all_may_be_old),
        TEST(where_history_begins_is_known_in_a_later_era),
        TEST(the_last_change_can_be_gone_back_to_under_its_own_number),
        TEST(a_content_goes_when_it_is_released),
        cmocka_unit_test(damage_before_history_begins_is_found),
        cmocka_unit_test(any_history_is_told_from_where_it_begins),
        cmocka_unit_test(the_power_may_go_at_any_moment_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
