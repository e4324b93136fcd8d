/* The two threads of the store, for real: batches come back in order, groups are one transaction,
 * the first failure ends all that follows, and history is read beside it. */
#include "controller/io/writer.h"

#include "controller/io/reader.h"
#include "schema/limits.h"
#include "tests/sim/disk.h"
#include "tests/support/batches.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_SECONDS = 30, MANY = 200 };

struct world {
    char folder[64], path[96];
    struct disk *disk; /* NULL: a real one */
    struct store *store;
    struct writer *writer;
    struct reader *reader;
    uint64_t revision, seq;
    sem_t happened;        /* posted at every notification */
    pthread_mutex_t hold;  /* while locked by the test, the writer waits in its notification */
    unsigned notify_count; /* under `hold` */
};

static void on_written(void *context)
{
    struct world *world = context;

    (void)sem_post(&world->happened);
    pthread_mutex_lock(&world->hold);
    world->notify_count++;
    pthread_mutex_unlock(&world->hold);
}

static void on_read(void *context)
{
    (void)sem_post(&((struct world *)context)->happened);
}

static void wait_a_bit(struct world *world)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    assert_int_equal(sem_timedwait(&world->happened, &until), 0);
}

static void open_store(struct world *world)
{
    struct store_options options = {.path = world->path, .create = true};
    struct err err = ERR_NONE;

    options.vfs = world->disk == NULL ? NULL : disk_name(world->disk);
    if (store_open(&options, &world->store, &err) < 0) {
        print_error("%s\n", err.text);
        fail();
    }
}

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/fog-writer-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->path, sizeof(world->path), "%s/fog.db", world->folder);
    (void)sem_init(&world->happened, 0, 0);
    (void)pthread_mutex_init(&world->hold, NULL);
    open_store(world);
    world->writer = writer_new(world->store, on_written, world);
    *state = world;
    return 0;
}

static void stop(struct world *world)
{
    reader_free(TAKE(world->reader));
    writer_free(TAKE(world->writer));
    store_close(TAKE(world->store));
}

static int end(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    struct world *world = *state;

    stop(world);
    disk_free(world->disk);
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", world->path, tails[i]);
        (void)unlink(path);
    }
    (void)rmdir(world->folder);
    (void)sem_destroy(&world->happened);
    (void)pthread_mutex_destroy(&world->hold);
    free(world);
    return 0;
}

/* Everything again, on a simulated disk. */
static void given_simulated_disk(struct world *world)
{
    stop(world);
    disk_free(world->disk);
    world->disk = disk_new("writer-disk", 1);
    world->revision = 0;
    open_store(world);
    world->writer = writer_new(world->store, on_written, world);
}

static struct batch *batch_of(struct world *world, const char *body)
{
    struct batch *batch = batch_new(++world->seq);
    char name[32];

    (void)snprintf(name, sizeof(name), "s-%llu", (unsigned long long)++world->revision);
    (void)batch_add(batch, ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, name, world->revision,
                    body);
    return batch;
}

static struct batch *astray(struct world *world)
{
    struct batch *batch = batch_of(world, "x");

    batch->rows.items[0].revision = 1;
    return batch;
}

static struct writer_done next_done(struct world *world)
{
    struct writer_done done;

    while (!writer_next_done(world->writer, &done)) {
        wait_a_bit(world);
    }
    return done;
}

/* The next batch that comes back is this one, with this code. */
static void assert_done(struct world *world, uint64_t seq, int code)
{
    struct writer_done done = next_done(world);

    assert_non_null(done.batch);
    assert_int_equal(done.batch->seq, seq);
    assert_int_equal(done.code, code);
    assert_int_equal(done.err.code, code);
    batch_free(done.batch);
}

static uint64_t stored_revision(struct world *world)
{
    struct stored_state state;

    assert_int_equal(store_state(world->store, &state, NULL), 0);
    return state.revision;
}

static void batches_come_back_in_order_and_durable(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < MANY; i++) {
        writer_put(world->writer, batch_of(world, "x"));
    }
    for (uint64_t seq = 1; seq <= MANY; seq++) {
        assert_done(world, seq, 0);
    }
    stop(world);
    open_store(world);
    assert_int_equal(stored_revision(world), MANY);
}

static void what_waits_is_committed_together(void **state)
{
    struct world *world = *state;
    unsigned count;

    pthread_mutex_lock(&world->hold);
    writer_put(world->writer, batch_of(world, "x"));
    wait_a_bit(world); /* the first is committed, and its notification held up */
    for (int i = 1; i < MANY; i++) {
        writer_put(world->writer, batch_of(world, "x"));
    }
    pthread_mutex_unlock(&world->hold);
    for (uint64_t seq = 1; seq <= MANY; seq++) {
        assert_done(world, seq, 0);
    }
    writer_free(TAKE(world->writer));
    pthread_mutex_lock(&world->hold);
    count = world->notify_count;
    pthread_mutex_unlock(&world->hold);
    assert_int_equal(count, 2);
}

static void after_a_failure_nothing_more_is_committed(void **state)
{
    struct world *world = *state;

    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 1, 0);
    writer_put(world->writer, astray(world));
    assert_done(world, 2, ERR_INVALID);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 3, ERR_INVALID);
    writer_free(TAKE(world->writer));
    assert_int_equal(stored_revision(world), 1);
}

static void a_group_fails_as_one(void **state)
{
    struct world *world = *state;

    pthread_mutex_lock(&world->hold);
    writer_put(world->writer, batch_of(world, "x"));
    wait_a_bit(world);
    writer_put(world->writer, batch_of(world, "x"));
    writer_put(world->writer, astray(world));
    pthread_mutex_unlock(&world->hold);
    assert_done(world, 1, 0);
    assert_done(world, 2, ERR_INVALID);
    assert_done(world, 3, ERR_INVALID);
    writer_free(TAKE(world->writer));
    assert_int_equal(stored_revision(world), 1);
}

static void ending_commits_what_waits(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < MANY; i++) {
        writer_put(world->writer, batch_of(world, "x"));
    }
    stop(world);
    open_store(world);
    assert_int_equal(stored_revision(world), MANY);
}

static const struct store_keeping everything = {.before = {INT64_MAX}};

/* Many slices, and the commits that come meanwhile do not wait for all of them. */
static void old_history_goes_between_commits(void **state)
{
    struct world *world = *state;
    struct writer_done done;

    for (int i = 0; i < 2 * COMPACT_ROWS_MAX; i++) {
        writer_put(world->writer, batch_of(world, "x"));
    }
    for (uint64_t seq = 1; seq <= 2 * COMPACT_ROWS_MAX; seq++) {
        assert_done(world, seq, 0);
    }
    writer_keep(world->writer, &everything);
    writer_put(world->writer, batch_of(world, "x"));
    for (int i = 0; i < 2; i++) { /* in this order or the other */
        done = next_done(world);
        assert_int_equal(done.code, 0);
        assert_true(done.is_kept == (done.batch == NULL));
        if (done.is_kept) {
            assert_in_range(done.size.compacted, 2 * COMPACT_ROWS_MAX, 2 * COMPACT_ROWS_MAX + 1);
            assert_in_range(done.size.ledger_rows, 2 * COMPACT_ROWS_MAX, /* all is in force */
                            2 * COMPACT_ROWS_MAX + 1);
        }
        batch_free(done.batch);
    }
}

static void a_failure_to_compact_is_told_and_commits_go_on(void **state)
{
    struct world *world = *state;
    struct writer_done done;

    given_simulated_disk(world);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 1, 0);
    disk_set_full(world->disk, true);
    writer_keep(world->writer, &everything);
    done = next_done(world);
    assert_true(done.is_kept);
    assert_int_equal(done.code, ERR_FULL);
    assert_int_equal(done.err.code, ERR_FULL);
    disk_set_full(world->disk, false);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 2, 0);
    writer_keep(world->writer, &everything);
    done = next_done(world);
    assert_int_equal(done.code, 0);
    assert_int_equal(done.size.compacted, 2);
}

static void after_a_failed_commit_no_history_goes(void **state)
{
    struct world *world = *state;
    struct stored_state stored;

    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 1, 0);
    writer_put(world->writer, astray(world));
    assert_done(world, 2, ERR_INVALID);
    writer_keep(world->writer, &everything);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 3, ERR_INVALID);
    writer_free(TAKE(world->writer));
    assert_int_equal(store_state(world->store, &stored, NULL), 0);
    assert_int_equal(stored.compacted, 0);
}

static void a_full_disk_and_a_new_writer_after_it(void **state)
{
    struct world *world = *state;

    given_simulated_disk(world);
    disk_set_full(world->disk, true);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 1, ERR_FULL);
    writer_free(TAKE(world->writer));
    disk_set_full(world->disk, false);
    assert_int_equal(stored_revision(world), 0);
    world->revision = 0;
    world->writer = writer_new(world->store, on_written, world);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 2, 0);
}

/* More than the journal may hold: a checkpoint follows although nobody is idle. */
static struct batch *huge_batch(struct world *world)
{
    _cleanup_free_ char *body = mem_alloc(OBJECT_BYTES_MAX + 1);
    struct batch *batch = batch_new(++world->seq);

    memset(body, 'x', OBJECT_BYTES_MAX);
    while (batch->rows.count * OBJECT_BYTES_MAX <= (size_t)STORE_WAL_PAGES_MAX * 4096) {
        char name[32];

        (void)snprintf(name, sizeof(name), "s-%llu", (unsigned long long)++world->revision);
        body[0] = (char)('a' + world->revision % 26);
        body[1] = (char)('a' + world->revision / 26);
        (void)batch_add(batch, ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, name, world->revision,
                        body);
    }
    return batch;
}

static void a_failed_sync_of_a_checkpoint_is_told(void **state)
{
    struct world *world = *state;
    uint64_t syncs;

    given_simulated_disk(world);
    syncs = disk_counters(world->disk)->syncs;
    writer_put(world->writer, huge_batch(world));
    writer_free(TAKE(world->writer));
    assert_int_equal(store_wal_pages(world->store), 0);
    syncs = disk_counters(world->disk)->syncs - syncs; /* the last one was the checkpoint's */

    given_simulated_disk(world);
    disk_fail_sync_at(world->disk, syncs);
    writer_put(world->writer, huge_batch(world));
    assert_done(world, 2, 0);
    assert_null(next_done(world).batch);
    writer_put(world->writer, batch_of(world, "x"));
    assert_done(world, 3, ERR_SYNC);
}

static struct read_query last_changes(uint64_t ticket)
{
    return (struct read_query){.ticket = ticket, .type = READ_CHANGES, .upto = UINT32_MAX};
}

static void given_reader(struct world *world, struct store **ret_store)
{
    struct store_options options = {.path = world->path, .is_reader = true};

    assert_int_equal(store_open(&options, ret_store, NULL), 0);
    world->reader = reader_new(*ret_store, on_read, world);
}

static void history_is_read_while_batches_are_committed(void **state)
{
    struct world *world = *state;
    struct store *store = NULL;
    uint64_t seen = 0, answered = 0;

    given_reader(world, &store);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct read_query query = last_changes(i);

        writer_put(world->writer, batch_of(world, "x"));
        reader_put(world->reader, &query);
        assert_null(query.name);
    }
    while (answered < MANY) {
        struct read_result *result = reader_next_done(world->reader);

        if (result == NULL) {
            wait_a_bit(world);
            continue;
        }
        assert_int_equal(result->code, 0);
        assert_int_equal(result->ticket, ++answered);
        assert_int_equal(result->changes.count, result->covered);
        assert_true(result->covered >= seen); /* committed is never seen to go back */
        seen = result->covered;
        read_result_free(result);
    }
    reader_free(TAKE(world->reader));
    store_close(store);
}

static void a_reader_that_ends_drops_what_waits(void **state)
{
    struct world *world = *state;
    struct store *store = NULL;

    given_reader(world, &store);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct read_query query = last_changes(i);

        query.name = mem_strdup("s-1");
        query.kind = kind_get(KIND_HARVEST_SESSION);
        reader_put(world->reader, &query);
    }
    reader_free(TAKE(world->reader)); /* the sanitizer counts what is left behind */
    store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_come_back_in_order_and_durable),
        TEST(what_waits_is_committed_together),
        TEST(after_a_failure_nothing_more_is_committed),
        TEST(a_group_fails_as_one),
        TEST(ending_commits_what_waits),
        TEST(old_history_goes_between_commits),
        TEST(a_failure_to_compact_is_told_and_commits_go_on),
        TEST(after_a_failed_commit_no_history_goes),
        TEST(a_full_disk_and_a_new_writer_after_it),
        TEST(a_failed_sync_of_a_checkpoint_is_told),
        TEST(history_is_read_while_batches_are_committed),
        TEST(a_reader_that_ends_drops_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
