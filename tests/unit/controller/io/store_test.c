/* The store: what is committed is found again, in every way it may be asked for; what is astray or
 * damaged is refused. */
#include "controller/io/store/store.h"

#include "schema/limits.h"

#include "tests/support/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

struct world {
    char folder[64], path[96];
    struct store *store;
    struct err err;
    struct str found; /* what a load or a read gave, as lines */
    uint64_t revision, seq;
};

static int open_store(struct world *world)
{
    struct store_options options = {.path = world->path, .create = true, .seed = {7}};

    return store_open(&options, &world->store, &world->err);
}

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/fog-store-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->path, sizeof(world->path), "%s/fog.db", world->folder);
    str_init(&world->found);
    assert_int_equal(open_store(world), 0);
    *state = world;
    return 0;
}

static void remove_files(struct world *world)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", world->path, tails[i]);
        (void)unlink(path);
    }
}

static int end(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    remove_files(world);
    (void)rmdir(world->folder);
    str_fini(&world->found);
    free(world);
    return 0;
}

static void reopen(struct world *world)
{
    store_close(TAKE(world->store));
    assert_int_equal(open_store(world), 0);
}

/* --- given --------------------------------------------------------------------------------------
 */

static struct batch *batch_of(struct world *world)
{
    return batch_new(++world->seq);
}

static int commit(struct world *world, struct batch *batch)
{
    int r = store_commit(world->store, &batch, 1, &world->err);

    batch_free(batch);
    return r;
}

static int put(struct world *world, enum row_log log, enum row_verb verb, enum kind_id kind,
               const char *name, const char *body)
{
    struct batch *batch = batch_of(world);

    batch_add(batch, log, verb, kind, name, ++world->revision, body);
    return commit(world, batch);
}

#define LEDGER(verb, name, body)                                                                   \
    assert_int_equal(put(world, ROW_LEDGER, (verb), KIND_HARVEST_SESSION, (name), (body)), 0)
#define STATUS(name, body)                                                                         \
    assert_int_equal(put(world, ROW_STATUS, ROW_UPDATE, KIND_HARVEST_SESSION, (name), (body)), 0)
#define EVENT(verb, name, body)                                                                    \
    assert_int_equal(put(world, ROW_STATUS, (verb), KIND_EVENT, (name), (body)), 0)

/* Two objects with a past: revisions 1 to 6. */
static void given_history(struct world *world)
{
    LEDGER(ROW_CREATE, "a", "a1");
    STATUS("a", "sa1");
    LEDGER(ROW_CREATE, "b", "b1");
    LEDGER(ROW_UPDATE, "a", "a2");
    STATUS("a", "sa2");
    LEDGER(ROW_DELETE, "b", NULL);
}

/* SQL behind the store's back. */
static void sql(struct world *world, const char *text)
{
    sqlite3 *db = NULL;

    store_close(TAKE(world->store));
    assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- then ---------------------------------------------------------------------------------------
 */

static const char *text_of(const struct blob *blob)
{
    return blob == NULL ? "-" : blob->data;
}

static void say(struct world *world, const struct stored_change *change)
{
    static const char *const verbs[] = {"create", "update", "delete"};

    str_addf(&world->found, "%llu %s %s %s %s %s %s\n", (unsigned long long)change->revision,
             change->log == ROW_LEDGER ? "ledger" : "status", verbs[change->verb], change->name,
             text_of(change->body), text_of(change->status), text_of(change->body_before));
}

static int found_object(void *context, const struct stored_change *change, struct err *err)
{
    struct world *world = context;

    (void)err;
    str_addf(&world->found, "%s %s %s %s %s seq=%llu ledger=%llu status=%llu who=%s\n",
             change->kind->name, change->name, change->uid, text_of(change->body),
             text_of(change->status), (unsigned long long)change->ledger_seq,
             (unsigned long long)change->ledger_revision,
             (unsigned long long)change->status_revision, change->who);
    return 0;
}

static int found_content(void *context, const struct content *content, struct err *err)
{
    (void)err;
    str_addf(&((struct world *)context)->found, "content %s\n", text_of(content->body));
    return 0;
}

static int found_answer(void *context, const struct answer_row *answer, struct err *err)
{
    struct digest want;

    (void)err;
    digest_of(answer->key, strlen(answer->key), &want);
    str_addf(&((struct world *)context)->found, "answer %s %d %s%s\n", answer->key, answer->code,
             text_of(answer->body), digest_eq(&want, &answer->request) ? "" : " WRONG");
    return 0;
}

static void assert_found(struct world *world, const char *want)
{
    assert_string_equal(world->found.data, want);
    str_clear(&world->found);
}

static void assert_loads(struct world *world, const char *want)
{
    struct store_loader loader = {found_object, found_content, found_answer, world};

    assert_int_equal(store_load(world->store, &loader, &world->err), 0);
    assert_found(world, want);
}

static struct stored_state state_of(struct world *world)
{
    struct stored_state state;

    assert_int_equal(store_state(world->store, &state, &world->err), 0);
    return state;
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

static struct read_result *read_lines(struct world *world, struct read_query query)
{
    struct read_result *result = store_read(world->store, &query);

    str_clear(&world->found);
    vec_each (&result->changes, change) {
        say(world, change);
    }
    return result;
}

static void assert_reads(struct world *world, struct read_query query, const char *want,
                         uint64_t covered, bool complete)
{
    struct read_result *result = read_lines(world, query);

    assert_int_equal(result->code, 0);
    assert_int_equal(result->covered, covered);
    assert_int_equal(result->complete, complete);
    read_result_free(result);
    assert_found(world, want);
}

#define SESSION kind_get(KIND_HARVEST_SESSION)

static char name_a[] = "a", name_absent[] = "absent";

/* --- tests --------------------------------------------------------------------------------------
 */

static void a_new_store_has_an_identity_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct stored_state is = state_of(world);

    assert_int_equal(strlen(is.store_id), UID_TEXT_SIZE - 1);
    assert_int_equal(is.era, 1);
    assert_int_equal(is.revision, 0);
    assert_int_equal(is.ledger_seq, 0);
    assert_loads(world, "");
    assert_verifies(world, 0);
}

static void what_is_committed_is_found_after_opening_again(void **state)
{
    struct world *world = *state;
    struct stored_state before, after;

    given_history(world);
    before = state_of(world);
    reopen(world);
    after = state_of(world);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(after.revision, 6);
    assert_int_equal(after.ledger_seq, 4);
    assert_int_equal(after.newest.ms, 1000006);
    assert_loads(world, "HarvestSession a uid-of-a a2 sa2 seq=3 ledger=4 status=5 who=alice\n");
    assert_verifies(world, 4);
}

static void a_recreated_object_starts_without_status(void **state)
{
    struct world *world = *state;

    given_history(world);
    LEDGER(ROW_DELETE, "a", NULL);
    LEDGER(ROW_CREATE, "a", "a3");
    assert_loads(world, "HarvestSession a uid-of-a a3 - seq=6 ledger=8 status=0 who=alice\n");
    assert_verifies(world, 6);
}

static void contents_and_answers_are_kept_until_forgotten(void **state)
{
    struct world *world = *state;
    struct batch *batch = batch_of(world);

    batch_add_content(batch, "template");
    batch_add_content(batch, "template");
    batch_add_answer(batch, "k1", 201, "first");
    batch_add_answer(batch, "k2", 409, "second");
    assert_int_equal(commit(world, batch), 0);
    batch = batch_of(world);
    batch_forget_answer(batch, "k1");
    batch_forget_answer(batch, "never-there");
    assert_int_equal(commit(world, batch), 0);
    reopen(world);
    assert_loads(world, "content template\nanswer k2 409 second\n");
}

static void a_ledger_body_can_become_a_content(void **state)
{
    struct world *world = *state;
    struct batch *batch = batch_of(world);

    LEDGER(ROW_CREATE, "a", "same");
    batch_add_content(batch, "same");
    assert_int_equal(commit(world, batch), 0);
    LEDGER(ROW_UPDATE, "a", "other");
    LEDGER(ROW_UPDATE, "a", "same");
    assert_loads(world, "content same\n"
                        "HarvestSession a uid-of-a same - seq=3 ledger=3 status=0 who=alice\n");
    assert_verifies(world, 3);
}

static void of_an_event_the_newest_row_remains_and_goes_with_it(void **state)
{
    struct world *world = *state;
    struct read_query all = {.type = READ_CHANGES, .upto = 3};

    EVENT(ROW_CREATE, "e", "e1");
    EVENT(ROW_UPDATE, "e", "e2");
    assert_loads(world, "Event e uid-of-e - e2 seq=0 ledger=0 status=2 who=alice\n");
    EVENT(ROW_DELETE, "e", NULL);
    assert_loads(world, "");
    reopen(world);
    assert_int_equal(state_of(world).revision, 3);
    assert_reads(world, all, "3 status delete e - - -\n", 3, true);
    EVENT(ROW_CREATE, "e", "e4");
    assert_verifies(world, 0);
}

static void several_batches_are_one_transaction(void **state)
{
    struct world *world = *state;
    struct batch *batches[2] = {batch_of(world), batch_of(world)};

    batch_add(batches[0], ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, "a", 1, "a1");
    batch_add(batches[1], ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, "a", 2, "a1");
    assert_int_equal(store_commit(world->store, batches, 2, &world->err), ERR_INVALID);
    assert_loads(world, "");
    free(batches[1]->rows.items[0].name);
    batches[1]->rows.items[0].name = mem_strdup("b");
    assert_int_equal(store_commit(world->store, batches, 2, &world->err), 0);
    assert_int_equal(state_of(world).ledger_seq, 2);
    batch_free(batches[0]);
    batch_free(batches[1]);
}

static void rows_that_are_astray_are_refused(void **state)
{
    static const struct {
        const char *why;
        enum row_log log;
        enum row_verb verb;
        enum kind_id kind;
        const char *name;
        uint64_t revision;
        const char *body;
    } rows[] = {
        {"revision", ROW_LEDGER, ROW_UPDATE, KIND_HARVEST_SESSION, "a", 6, "x"},
        {"revision", ROW_STATUS, ROW_UPDATE, KIND_HARVEST_SESSION, "a", 5, "x"},
        {"exists already", ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, "a", 7, "x"},
        {"does not exist", ROW_LEDGER, ROW_UPDATE, KIND_HARVEST_SESSION, "b", 7, "x"},
        {"does not exist", ROW_LEDGER, ROW_DELETE, KIND_HARVEST_SESSION, "b", 7, NULL},
        {"does not exist", ROW_STATUS, ROW_UPDATE, KIND_HARVEST_SESSION, "b", 7, "x"},
        {"not alone", ROW_STATUS, ROW_DELETE, KIND_HARVEST_SESSION, "a", 7, NULL},
        {"status log alone", ROW_LEDGER, ROW_CREATE, KIND_EVENT, "e", 7, "x"},
        {"does not exist", ROW_STATUS, ROW_UPDATE, KIND_EVENT, "e", 7, "x"},
        {"a body belongs", ROW_LEDGER, ROW_UPDATE, KIND_HARVEST_SESSION, "a", 7, NULL},
        {"a body belongs", ROW_LEDGER, ROW_DELETE, KIND_HARVEST_SESSION, "a", 7, "x"},
    };
    struct world *world = *state;

    given_history(world);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct batch *batch = batch_of(world);

        batch_add(batch, rows[i].log, rows[i].verb, rows[i].kind, rows[i].name, rows[i].revision,
                  rows[i].body);
        assert_int_equal(commit(world, batch), ERR_INVALID);
        assert_non_null(strstr(world->err.text, rows[i].why));
    }
    assert_verifies(world, 4);
    assert_int_equal(state_of(world).revision, 6);
}

static void time_that_goes_back_is_refused(void **state)
{
    struct world *world = *state;
    struct batch *batch = batch_of(world);

    given_history(world);
    batch_add(batch, ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, "c", 7, "c1")->at.ms = 1000005;
    assert_int_equal(commit(world, batch), ERR_INVALID);
    batch = batch_of(world);
    batch_add(batch, ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, "c", 7, "c1")->at.ms = 1000006;
    assert_int_equal(commit(world, batch), 0);
}

static void a_content_that_does_not_match_its_digest_is_refused(void **state)
{
    struct world *world = *state;
    struct batch *batch = batch_of(world);

    batch_add_content(batch, "template");
    batch->contents.items[0].digest.bytes[0] ^= 1;
    assert_int_equal(commit(world, batch), ERR_INVALID);
}

static void changes_come_merged_with_what_was_in_force(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_CHANGES, .upto = 6, .with_before = true};

    given_history(world);
    assert_reads(world, query,
                 "1 ledger create a a1 - -\n"
                 "2 status update a a1 sa1 a1\n"
                 "3 ledger create b b1 - -\n"
                 "4 ledger update a a2 sa1 a1\n"
                 "5 status update a a2 sa2 a2\n"
                 "6 ledger delete b b1 - b1\n",
                 6, true);
    query.with_before = false;
    query.after = 3;
    assert_reads(world, query,
                 "4 ledger update a a2 sa1 -\n"
                 "5 status update a a2 sa2 -\n"
                 "6 ledger delete b b1 - -\n",
                 6, true);
}

static void changes_come_in_chunks_that_say_what_they_cover(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_CHANGES, .upto = 6, .limit = 2};

    given_history(world);
    assert_reads(world, query, "1 ledger create a a1 - -\n2 status update a a1 sa1 -\n", 2, false);
    query.after = 2;
    query.name = name_a;
    query.kind = SESSION;
    assert_reads(world, query, "4 ledger update a a2 sa1 -\n5 status update a a2 sa2 -\n", 6, true);
    query.name = NULL;
    query.kind = kind_get(KIND_AGENT);
    assert_reads(world, query, "", 6, true);
}

static void a_read_promises_nothing_beyond_what_is_committed(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_CHANGES, .after = 5, .upto = 100};

    given_history(world);
    assert_reads(world, query, "6 ledger delete b b1 - -\n", 6, false);
    query.after = 50;
    assert_reads(world, query, "", 50, false); /* nor does it go back */
}

static void a_chunk_is_bounded_in_bytes(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_CHANGES, .upto = 40, .limit = 1000};
    _cleanup_free_ char *body = mem_alloc((256 << 10) + 1);
    struct read_result *result;

    memset(body, 'x', 256 << 10);
    LEDGER(ROW_CREATE, "a", body);
    for (int i = 1; i < 40; i++) {
        body[i] = 'y';
        LEDGER(ROW_UPDATE, "a", body);
    }
    result = store_read(world->store, &query);
    assert_int_equal(result->changes.count, READ_CHUNK_BYTES_MAX >> 18);
    assert_int_equal(result->covered, READ_CHUNK_BYTES_MAX >> 18);
    assert_false(result->complete);
    read_result_free(result);
}

static void history_of_an_object_is_newest_first(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_HISTORY, .kind = SESSION, .name = name_a};

    given_history(world);
    query.with_before = true;
    assert_reads(world, query, "4 ledger update a a2 sa1 a1\n1 ledger create a a1 - -\n", 6, true);
    query.limit = 1;
    assert_reads(world, query, "4 ledger update a a2 sa1 a1\n", 4, false);
    query.upto = 3;
    assert_reads(world, query, "1 ledger create a a1 - -\n", 3, true);
    query.name = name_absent;
    assert_reads(world, query, "", 3, true);
}

static void the_state_of_a_moment_leaves_out_what_was_deleted(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_STATE_AT, .upto = 3};

    given_history(world);
    assert_reads(world, query, "1 ledger create a a1 - -\n3 ledger create b b1 - -\n", 3, true);
    query.upto = 6;
    assert_reads(world, query, "4 ledger update a a2 - -\n", 6, true);
    query.upto = 0;
    assert_reads(world, query, "", 0, true);
}

static void below_the_compaction_point_there_is_no_history(void **state)
{
    struct world *world = *state;
    struct read_query query = {.type = READ_CHANGES, .after = 2, .upto = 6};
    struct read_result *result;

    given_history(world);
    sql(world, "UPDATE meta SET value = 3 WHERE name = 'compacted_revision';"
               "UPDATE meta SET value = 2 WHERE name = 'compacted_seq';"
               "UPDATE meta SET value = (SELECT link FROM ledger WHERE revision = 3) "
               "WHERE name = 'compacted_link'");
    assert_int_equal(open_store(world), 0);
    result = read_lines(world, query);
    assert_int_equal(result->code, ERR_NOT_FOUND);
    assert_int_equal(result->changes.count, 0);
    read_result_free(result);
    query.after = 3;
    result = read_lines(world, query);
    assert_int_equal(result->code, 0);
    assert_int_equal(result->changes.count, 3);
    read_result_free(result);
    assert_int_equal(state_of(world).compacted, 3);
    assert_verifies(world, 2);
}

static void a_reader_sees_commits_and_writes_nothing(void **state)
{
    struct world *world = *state;
    struct store_options options = {.path = world->path, .is_reader = true};
    struct store *writer = world->store;
    struct read_query query = {.type = READ_HISTORY, .kind = SESSION, .name = name_a};

    given_history(world);
    assert_int_equal(store_open(&options, &world->store, &world->err), 0);
    assert_int_equal(state_of(world).revision, 6);
    assert_reads(world, query, "4 ledger update a a2 sa1 -\n1 ledger create a a1 - -\n", 6, true);
    assert_verifies(world, 4);
    store_close(world->store);
    world->store = writer;
    LEDGER(ROW_UPDATE, "a", "a3");
}

static void damage_is_found(void **state)
{
    static const struct {
        const char *why, *sql;
    } damages[] = {
        {"chain is broken", "UPDATE ledger SET who = 'mallory' WHERE revision = 4"},
        {"chain is broken", "UPDATE ledger SET at = at + 1 WHERE revision = 3"},
        {"gap", "DELETE FROM ledger WHERE revision = 1"},
        {"does not match its digest", "UPDATE body SET data = x'00' WHERE data = CAST('a2' AS "
                                      "BLOB)"},
        {"no ledger row", "UPDATE current SET ledger = 3"},
        {"no status row", "UPDATE current SET status = 77"},
        {"not in force", "DELETE FROM current"},
        {"both logs", "UPDATE status SET revision = 4 WHERE revision = 2"},
        {"time goes back", "UPDATE status SET at = 1 WHERE revision = 5"},
        {"not theirs", "UPDATE ledger SET before = 3 WHERE revision = 4"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        uint64_t rows;

        store_close(TAKE(world->store));
        remove_files(world);
        world->revision = 0;
        assert_int_equal(open_store(world), 0);
        given_history(world);
        sql(world, damages[i].sql);
        if (open_store(world) == 0) { /* after a clean end the opening looks at the end alone */
            assert_int_equal(store_verify(world->store, &rows, &world->err), ERR_CORRUPT);
        }
        assert_int_equal(world->err.code, ERR_CORRUPT);
        assert_non_null(strstr(world->err.text, damages[i].why));
    }
}

static void after_an_unclean_end_all_is_verified_at_opening(void **state)
{
    struct world *world = *state;

    given_history(world);
    sql(world, "UPDATE ledger SET who = 'mallory' WHERE revision = 1");
    assert_int_equal(open_store(world), 0); /* ended cleanly: nobody looks there */
    sql(world, "UPDATE meta SET value = 0 WHERE name = 'clean'");
    assert_int_equal(open_store(world), ERR_CORRUPT);
}

static void an_erased_body_does_not_break_the_chain(void **state)
{
    struct world *world = *state;

    given_history(world);
    sql(world, "UPDATE body SET data = NULL WHERE data = CAST('a1' AS BLOB)");
    assert_int_equal(open_store(world), 0);
    assert_verifies(world, 4);
    LEDGER(ROW_UPDATE, "a", "a1"); /* what is written again is there again */
    assert_loads(world, "HarvestSession a uid-of-a a1 sa2 seq=5 ledger=7 status=5 who=alice\n");
}

static void files_that_are_not_ours_or_too_new_are_refused(void **state)
{
    struct world *world = *state;
    struct store_options absent = {.path = "/nonexistent/fog.db"};

    sql(world, "PRAGMA user_version = 1000");
    assert_int_equal(open_store(world), ERR_REFUSED);
    sql(world, "PRAGMA user_version = 1; PRAGMA application_id = 5");
    assert_int_equal(open_store(world), ERR_REFUSED);
    assert_int_equal(truncate(world->path, 5000), 0);
    assert_int_equal(open_store(world), ERR_CORRUPT);
    assert_int_equal(store_open(&absent, &world->store, &world->err), ERR_NOT_FOUND);
    assert_null(world->store);
}

static void the_era_rises_and_stays(void **state)
{
    struct world *world = *state;

    given_history(world);
    assert_false(state_of(world).is_unsettled);
    assert_int_equal(store_raise_era(world->store, 0, (struct wall){0}, &world->err), 0);
    reopen(world);
    assert_int_equal(state_of(world).era, 2);
    assert_int_equal(store_raise_era(world->store, 6, (struct wall){0}, &world->err), 0);
    assert_int_equal(state_of(world).era, 7);
    assert_int_equal(store_raise_era(world->store, ERAS_MAX, (struct wall){0}, &world->err),
                     ERR_LIMIT);
}

/* What the lost part gave out is never given out again, nor taken for something else. */
static void each_era_has_revisions_of_its_own(void **state)
{
    struct world *world = *state;
    struct read_query lost = {.type = READ_CHANGES, .after = 7, .upto = era_floor(2) + 9};
    struct read_query moment = {.type = READ_STATE_AT, .upto = 9};
    struct read_result *result;

    given_history(world);
    assert_int_equal(store_raise_era(world->store, 0, (struct wall){0}, &world->err), 0);
    assert_true(state_of(world).revision == era_floor(2));
    world->revision = era_floor(2);
    LEDGER(ROW_CREATE, "c", "c1");
    reopen(world);
    assert_true(state_of(world).revision == era_floor(2) + 1);
    result = read_lines(world, lost);
    assert_int_equal(result->code, ERR_NOT_FOUND);
    read_result_free(result);
    result = read_lines(world, moment);
    assert_int_equal(result->code, ERR_NOT_FOUND);
    read_result_free(result);
    lost.after = 6; /* the last of the copy */
    result = read_lines(world, lost);
    assert_int_equal(result->code, 0);
    assert_int_equal(result->changes.count, 1);
    assert_true(result->covered == era_floor(2) + 1);
    read_result_free(result);
    assert_verifies(world, 5);
}

/* The era between was never seen by this copy, nor was what followed it in the first one. */
static void a_copy_that_is_put_back_twice_lost_all_that_followed_it(void **state)
{
    struct world *world = *state;
    struct read_query moment = {.type = READ_STATE_AT, .upto = era_floor(2)};
    struct read_result *result;

    given_history(world);
    assert_int_equal(store_raise_era(world->store, 2, (struct wall){5000000}, &world->err), 0);
    world->revision = era_floor(3);
    LEDGER(ROW_CREATE, "c", "c1");
    for (uint64_t i = 0; i < 2; i++) {
        moment.upto = era_floor(2) + i;
        result = read_lines(world, moment);
        assert_int_equal(result->code, ERR_NOT_FOUND);
        assert_int_equal(result->lost.era, 3);
        assert_int_equal(result->lost.last, 6);
        assert_int_equal(result->lost.to.ms, 5000000);
        read_result_free(result);
    }
    moment.upto = era_floor(3);
    result = read_lines(world, moment);
    assert_int_equal(result->code, 0);
    read_result_free(result);
}

/* An event that was told anew took its old row along. */
static void the_end_of_a_copy_is_known_when_its_last_row_is_gone(void **state)
{
    struct world *world = *state;
    struct read_query changes = {.type = READ_CHANGES, .upto = era_floor(2) + 9};
    struct read_result *result;

    given_history(world);
    EVENT(ROW_CREATE, "e", "e1");
    changes.after = world->revision;
    assert_int_equal(store_raise_era(world->store, 0, (struct wall){0}, &world->err), 0);
    world->revision = era_floor(2);
    EVENT(ROW_UPDATE, "e", "e2");
    result = read_lines(world, changes);
    assert_int_equal(result->code, 0);
    assert_int_equal(result->changes.count, 1);
    read_result_free(result);
    changes.after++;
    result = read_lines(world, changes);
    assert_int_equal(result->code, ERR_NOT_FOUND);
    read_result_free(result);
}

static void an_era_is_unsettled_until_a_batch_settles_it(void **state)
{
    struct world *world = *state;
    struct batch *batch;

    assert_int_equal(store_raise_era(world->store, 0, (struct wall){0}, &world->err), 0);
    assert_true(state_of(world).is_unsettled);
    assert_int_equal(store_raise_era(world->store, 0, (struct wall){0}, &world->err), 0);
    reopen(world);
    assert_true(state_of(world).is_unsettled);
    batch = batch_of(world);
    batch->settles_era = true;
    assert_int_equal(commit(world, batch), 0);
    assert_false(state_of(world).is_unsettled);
    reopen(world);
    assert_false(state_of(world).is_unsettled);
}

static void a_checkpoint_empties_the_journal(void **state)
{
    struct world *world = *state;

    given_history(world);
    assert_true(store_wal_pages(world->store) > 0);
    assert_int_equal(store_checkpoint(world->store, &world->err), 0);
    assert_int_equal(store_wal_pages(world->store), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_has_an_identity_and_nothing_else),
        TEST(what_is_committed_is_found_after_opening_again),
        TEST(a_recreated_object_starts_without_status),
        TEST(contents_and_answers_are_kept_until_forgotten),
        TEST(a_ledger_body_can_become_a_content),
        TEST(of_an_event_the_newest_row_remains_and_goes_with_it),
        TEST(several_batches_are_one_transaction),
        TEST(rows_that_are_astray_are_refused),
        TEST(time_that_goes_back_is_refused),
        TEST(a_content_that_does_not_match_its_digest_is_refused),
        TEST(changes_come_merged_with_what_was_in_force),
        TEST(changes_come_in_chunks_that_say_what_they_cover),
        TEST(a_read_promises_nothing_beyond_what_is_committed),
        TEST(a_chunk_is_bounded_in_bytes),
        TEST(history_of_an_object_is_newest_first),
        TEST(the_state_of_a_moment_leaves_out_what_was_deleted),
        TEST(below_the_compaction_point_there_is_no_history),
        TEST(a_reader_sees_commits_and_writes_nothing),
        TEST(damage_is_found),
        TEST(after_an_unclean_end_all_is_verified_at_opening),
        TEST(an_erased_body_does_not_break_the_chain),
        TEST(files_that_are_not_ours_or_too_new_are_refused),
        TEST(the_era_rises_and_stays),
        TEST(each_era_has_revisions_of_its_own),
        TEST(a_copy_that_is_put_back_twice_lost_all_that_followed_it),
        TEST(the_end_of_a_copy_is_known_when_its_last_row_is_gone),
        TEST(an_era_is_unsettled_until_a_batch_settles_it),
        TEST(a_checkpoint_empties_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
