/* What a start does with a copy of the journal that an unclean end left behind. */
#include "controller/io/store/store.h"

#include "schema/base/digest.h"
#include "tests/support/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOURNAL_MAX = 60000 }; /* less than what the check takes at a time */

static char folder[64];

static const char *path_of(const char *ending)
{
    static char path[96];

    (void)snprintf(path, sizeof(path), "%s/fog.db%s", folder, ending);
    return path;
}

static struct store *open_store(void)
{
    struct store_options options = {.path = path_of(""), .create = true, .seed = {7}};
    struct store *store = NULL;
    struct err err;

    assert_int_equal(store_open(&options, &store, &err), 0);
    return store;
}

static void put(struct store *store, uint64_t revision, const char *name)
{
    struct batch *batch = batch_new(revision);
    struct err err;

    batch_add(batch, ROW_LEDGER, ROW_CREATE, KIND_HARVEST_SESSION, name, revision, "body");
    assert_int_equal(store_commit(store, &batch, 1, &err), 0);
    batch_free(batch);
}

/* As it is now, as a start that was cut off would have copied it. */
static void copy_journal(void)
{
    static uint8_t bytes[DIGEST_SIZE + JOURNAL_MAX];
    struct digest check;
    FILE *from = fopen(path_of("-wal"), "rb"), *to = fopen(path_of("-wal-copy"), "wb");
    size_t size;

    assert_non_null(from);
    assert_non_null(to);
    size = fread(bytes + DIGEST_SIZE, 1, JOURNAL_MAX, from);
    assert_true(size > 0 && size < JOURNAL_MAX);
    digest_of(bytes, DIGEST_SIZE + size, &check);
    assert_int_equal(fwrite(bytes + DIGEST_SIZE, 1, size, to), size);
    assert_int_equal(fwrite(check.bytes, 1, DIGEST_SIZE, to), DIGEST_SIZE);
    assert_int_equal(fclose(from) + fclose(to), 0);
}

static uint64_t newest(struct store *store)
{
    struct stored_state state;
    struct err err;

    assert_int_equal(store_state(store, &state, &err), 0);
    return state.revision;
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/fog-settle-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-wal-copy"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        (void)unlink(path_of(endings[i]));
    }
    return rmdir(folder);
}

/* Who puts another database in place removes the journal of the old one, and knows of no copy. */
static void a_copy_without_its_journal_does_not_count(void **state)
{
    struct store *store = open_store();

    (void)state;
    store_close(store); /* the journal begins anew */
    store = open_store();
    put(store, 1, "a");
    copy_journal();
    put(store, 2, "b");
    store_close(store);
    assert_int_not_equal(access(path_of("-wal"), F_OK), 0);
    store = open_store();
    assert_int_equal(newest(store), 2);
    assert_int_not_equal(access(path_of("-wal-copy"), F_OK), 0);
    store_close(store);
}

/* A journal whose store is gone is not touched, and it is the store that is missed. */
static void a_store_that_was_lost_is_named(void **state)
{
    struct store_options options = {.seed = {7}};
    FILE *journal = fopen(path_of("-wal"), "wb");
    struct store *store = NULL;
    struct err err;

    (void)state;
    assert_non_null(journal);
    assert_int_equal(fputs("frames", journal) < 0 || fclose(journal) != 0, 0);
    options.path = path_of("");
    assert_int_equal(store_open(&options, &store, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "there is no"));
    assert_int_equal(access(path_of("-wal"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_copy_without_its_journal_does_not_count, begin, end),
        cmocka_unit_test_setup_teardown(a_store_that_was_lost_is_named, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
