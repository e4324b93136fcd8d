/* The store on a disk that loses power, fills up and fails: every group of batches that
 * store_commit() acknowledged is there afterwards, and the one it did not acknowledge is there
 * whole or not at all.
 *
 * It must fail for the mutant SYNC_NORMAL (docs/MUTANTS.md). */
#include "controller/io/store/store.h"

#include "tests/sim/disk.h"
#include "tests/sim/mutants.h"
#include "tests/support/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 300, FAULT_SEEDS = 100, CUTS = 3, NAMES = 6, ROWS_MAX = 4096, GROUP_ROWS_MAX = 12 };

/* What the store should hold.  Bodies follow from revisions, so rows are small. */
struct fact {
    enum row_log log;
    enum row_verb verb;
    unsigned name;
    uint64_t ledger, status; /* revisions in force with this row */
};

struct model {
    struct fact facts[ROWS_MAX]; /* of revision 1, 2, … */
    uint64_t revision, groups;
    bool exists[NAMES];
    uint64_t ledger[NAMES], status[NAMES];
};

struct world {
    uint64_t seed;
    struct disk *disk;
    struct die die;
    struct store *store;
    struct model acknowledged, tried;
    uint64_t batch_seq;
    uint64_t commits, lost_to_faults; /* shows that the faults really struck */
};

/* --- the model ------------------------------------------------------------------------------ */

static void body_of(uint64_t revision, struct str *ret_body)
{
    uint64_t filler = revision % 10 == 0 ? revision * 977 % 6000 : revision * 31 % 200;
    char letters[6000];

    memset(letters, (char)('a' + revision % 26), filler);
    str_clear(ret_body);
    str_addf(ret_body, "body of revision %llu ", (unsigned long long)revision);
    str_add_bytes(ret_body, letters, filler);
}

static void name_of(unsigned index, char text[static 16])
{
    (void)snprintf(text, 16, "session-%u", index);
}

static enum row_verb draw_verb(struct die *die, bool exists)
{
    if (!exists) {
        return ROW_CREATE;
    }
    return die_chance(die, 200) ? ROW_DELETE : ROW_UPDATE;
}

/* One more row, in the model and in the batch. */
static void add_row(struct world *world, struct model *model, struct batch *batch)
{
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;
    unsigned name = (unsigned)die_below(&world->die, NAMES);
    bool is_status = model->exists[name] && die_chance(&world->die, 400);
    enum row_verb verb = is_status ? ROW_UPDATE : draw_verb(&world->die, model->exists[name]);
    uint64_t revision = ++model->revision;
    struct fact *fact = &model->facts[revision - 1];
    char text[16];

    assert_true(revision <= ROWS_MAX);
    *fact = (struct fact){is_status ? ROW_STATUS : ROW_LEDGER, verb, name, model->ledger[name],
                          model->status[name]};
    if (is_status) {
        model->status[name] = fact->status = revision;
    } else if (verb != ROW_DELETE) {
        fact->status = verb == ROW_CREATE ? 0 : fact->status;
        model->ledger[name] = fact->ledger = revision;
        model->status[name] = fact->status;
    }
    model->exists[name] = verb != ROW_DELETE;
    body_of(revision, &body);
    name_of(name, text);
    (void)batch_add(batch, fact->log, verb, KIND_HARVEST_SESSION, text, revision,
                    verb == ROW_DELETE ? NULL : body.data);
}

/* --- acts ----------------------------------------------------------------------------------- */

static int open_store(struct world *world, struct err *err)
{
    struct store_options options = {
        .path = "fog.db", .vfs = disk_name(world->disk), .create = true, .seed = {1}};

    return store_open(&options, &world->store, err);
}

/* A group of one to three batches.  The model `tried` runs ahead; `acknowledged` follows. */
static int commit_group(struct world *world, struct err *err)
{
    struct batch *batches[3];
    size_t count = (size_t)die_between(&world->die, 1, COUNT_OF(batches));
    char key[32];
    int r;

    for (size_t i = 0; i < count; i++) {
        batches[i] = batch_new(++world->batch_seq);
        for (uint64_t rows = die_below(&world->die, GROUP_ROWS_MAX / 3) + 1; rows > 0; rows--) {
            add_row(world, &world->tried, batches[i]);
        }
    }
    (void)snprintf(key, sizeof(key), "group-%llu", (unsigned long long)++world->tried.groups);
    batch_add_answer(batches[0], key, 200, "answer");
    r = store_commit(world->store, batches, count, err);
    for (size_t i = 0; i < count; i++) {
        batch_free(batches[i]);
    }
    if (r == 0) {
        world->acknowledged = world->tried;
        world->commits++;
    }
    return r;
}

static int act(struct world *world, struct err *err)
{
    uint64_t draw = die_below(&world->die, 100);

    if (draw < 80) {
        return commit_group(world, err);
    }
    if (draw < 92) {
        return store_checkpoint(world->store, err);
    }
    store_close(TAKE(world->store));
    return open_store(world, err);
}

/* --- then ----------------------------------------------------------------------------------- */

static void die(const struct world *world, const char *what, const struct err *err)
{
    print_error("seed %llu: %s (%s)\n", (unsigned long long)world->seed, what,
                err == NULL ? "" : err->text);
    fail();
}

static void check_text(struct world *world, const struct blob *blob, uint64_t revision)
{
    _cleanup_(str_fini)
    struct str want = STR_EMPTY;

    if (revision == 0) {
        if (blob != NULL) {
            die(world, "a text where there was none", NULL);
        }
        return;
    }
    body_of(revision, &want);
    if (blob == NULL || blob->size_bytes != want.length ||
        memcmp(blob->data, want.data, want.length) != 0) {
        die(world, "a text is not what was written", NULL);
    }
}

static void check_change(struct world *world, const struct stored_change *change)
{
    const struct fact *fact = &world->acknowledged.facts[change->revision - 1];
    char name[16];

    name_of(fact->name, name);
    if (change->log != fact->log || change->verb != fact->verb || !str_eq(change->name, name)) {
        die(world, "a row is not what was written", NULL);
    }
    check_text(world, change->body, fact->ledger);
    check_text(world, change->status, fact->status);
}

static void check_history(struct world *world)
{
    struct read_query query = {.type = READ_CHANGES, .limit = 100};
    bool complete = false;

    query.upto = world->acknowledged.revision;
    while (!complete) {
        struct read_result *result = store_read(world->store, &query);

        if (result->code != 0 || result->covered < query.after + result->changes.count) {
            die(world, "history is not readable", NULL);
        }
        vec_each (&result->changes, change) {
            if (change->revision != ++query.after) {
                die(world, "a row is missing", NULL);
            }
            check_change(world, change);
        }
        complete = result->complete;
        read_result_free(result);
    }
    if (query.after != query.upto) {
        die(world, "rows are missing", NULL);
    }
}

/* The same through a connection that only reads, beside the one that writes. */
static void check_reader(struct world *world)
{
    struct store_options options = {
        .path = "fog.db", .vfs = disk_name(world->disk), .is_reader = true};
    struct store *writer = world->store;
    struct err err = ERR_NONE;

    if (store_open(&options, &world->store, &err) < 0) {
        die(world, "opening to read failed", &err);
    }
    check_history(world);
    store_close(world->store);
    world->store = writer;
}

struct tally {
    struct world *world;
    uint64_t objects, answers;
};

static int tally_object(void *context, const struct stored_change *change, struct err *err)
{
    struct tally *tally = context;
    const struct model *model = &tally->world->acknowledged;
    unsigned name = (unsigned)(change->name[strlen("session-")] - '0');

    (void)err;
    if (name >= NAMES || !model->exists[name]) {
        die(tally->world, "an object that should not be", NULL);
    }
    check_text(tally->world, change->body, model->ledger[name]);
    check_text(tally->world, change->status, model->status[name]);
    tally->objects++;
    return 0;
}

static int tally_content(void *context, const struct content *content, struct err *err)
{
    (void)context, (void)content, (void)err;
    return 0;
}

static int tally_answer(void *context, const struct answer_row *answer, struct err *err)
{
    (void)answer, (void)err;
    ((struct tally *)context)->answers++;
    return 0;
}

static void check_current(struct world *world)
{
    struct tally tally = {.world = world};
    struct store_loader loader = {tally_object, tally_content, tally_answer, &tally};
    struct err err = ERR_NONE;
    uint64_t want = 0;

    if (store_load(world->store, &loader, &err) < 0) {
        die(world, "loading failed", &err);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        want += world->acknowledged.exists[i];
    }
    if (tally.objects != want || tally.answers != world->acknowledged.groups) {
        die(world, "objects or answers are missing", NULL);
    }
}

/* The store holds what was acknowledged, or also what was tried last; `may_be_tried` says whether
 * that can be.  From here on that is what was acknowledged. */
static void check_store(struct world *world, bool may_be_tried)
{
    struct stored_state state;
    struct err err = ERR_NONE;
    uint64_t rows;

    if (store_state(world->store, &state, &err) < 0) {
        die(world, "no state", &err);
    }
    if (state.revision == world->tried.revision && may_be_tried) {
        world->acknowledged = world->tried;
    }
    if (state.revision < world->acknowledged.revision) {
        die(world, "an acknowledged commit was lost", NULL);
    }
    if (state.revision != world->acknowledged.revision) {
        die(world, "a commit is there in part", NULL);
    }
    world->tried = world->acknowledged;
    if (store_verify(world->store, &rows, &err) < 0) {
        die(world, "verifying failed", &err);
    }
    check_history(world);
    if (world->seed % 10 == 0) {
        check_reader(world);
    }
    check_current(world);
}

/* --- the loop ------------------------------------------------------------------------------- */

static void begin_seed(struct world *world, uint64_t seed)
{
    *world = (struct world){.seed = seed};
    world->disk = disk_new("power-disk", seed);
    die_init(&world->die, seed);
}

static int begin(void **state)
{
    *state = MEM_NEW(struct world);
    return 0;
}

static void end_seed(struct world *world)
{
    store_close(TAKE(world->store));
    disk_free(TAKE(world->disk));
}

static int end(void **state)
{
    end_seed(*state);
    free(*state);
    return 0;
}

/* Power comes back; may go again while the store is being opened. */
static void restore_power(struct world *world)
{
    struct err err = ERR_NONE;
    int r = -1;

    for (int tries = 0; r < 0 && tries < 10; tries++) {
        store_close(TAKE(world->store));
        disk_power_cut(world->disk, &world->die);
        disk_cut_at(world->disk,
                    tries < 2 && die_chance(&world->die, 300) ? die_below(&world->die, 12) + 1 : 0);
        r = open_store(world, &err);
        if (r < 0 && !disk_is_off(world->disk)) {
            die(world, "opening failed", &err);
        }
    }
    if (r < 0) {
        die(world, "never opened", &err);
    }
    disk_cut_at(world->disk, 0);
}

static void acknowledged_commits_survive_power_cuts(void **state)
{
    struct world *world = *state;
    uint64_t commits = 0, cuts = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin_seed(world, seed);
        for (int cut = 0; cut < CUTS; cut++) {
            struct err err = ERR_NONE;
            int r;

            disk_cut_at(world->disk, die_below(&world->die, 250) + 1);
            r = world->store == NULL ? open_store(world, &err) : 0;
            while (r == 0) {
                r = act(world, &err);
            }
            if (!disk_is_off(world->disk)) {
                die(world, "failed with the power on", &err);
            }
            restore_power(world);
            check_store(world, true);
        }
        commits += world->commits;
        cuts += disk_counters(world->disk)->power_cuts;
        end_seed(world);
    }
    assert_true(commits > (uint64_t)SEEDS * CUTS);
    assert_true(cuts > (uint64_t)SEEDS * CUTS);
}

static void open_or_die(struct world *world)
{
    struct err err = ERR_NONE;

    if (open_store(world, &err) < 0) {
        die(world, "opening failed", &err);
    }
}

/* Runs until something fails or the acts are used up. */
static int run(struct world *world, struct err *err)
{
    int r = 0;

    for (int acts = 0; r == 0 && acts < 15; acts++) {
        r = commit_group(world, err);
        if (r == 0 && die_chance(&world->die, 100)) {
            r = store_checkpoint(world->store, err);
        }
    }
    return r;
}

static void after_an_io_error_the_store_goes_on_from_what_the_disk_holds(void **state)
{
    struct world *world = *state;
    uint64_t struck = 0;

    for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
        struct err err = ERR_NONE;
        int r;

        begin_seed(world, seed);
        open_or_die(world);
        disk_fail_at(world->disk, die_below(&world->die, 150) + 1);
        r = run(world, &err);
        struck += r < 0;
        if (r == ERR_SYNC) { /* the caller ends its process */
            restore_power(world);
        } else if (r < 0 && r != ERR_IO) {
            die(world, "an IO error under another name", &err);
        }
        disk_fail_at(world->disk, 0);
        check_store(world, true);
        if (run(world, &err) < 0) {
            die(world, "does not go on", &err);
        }
        restore_power(world);
        check_store(world, false);
        end_seed(world);
    }
    assert_true(struck > FAULT_SEEDS / 2);
}

static void a_full_disk_refuses_whole_commits_and_goes_on_when_there_is_room(void **state)
{
    struct world *world = *state;

    for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
        struct err err = ERR_NONE;
        int r = 0;

        begin_seed(world, seed);
        open_or_die(world);
        for (uint64_t before = die_below(&world->die, 10); before > 0; before--) {
            assert_int_equal(commit_group(world, &err), 0);
        }
        disk_set_full(world->disk, true);
        for (int acts = 0; r == 0 && acts < 400; acts++) {
            r = commit_group(world, &err);
        }
        if (r != ERR_FULL) {
            die(world, "not called full", &err);
        }
        check_store(world, false); /* nothing of it was written */
        disk_set_full(world->disk, false);
        if (run(world, &err) < 0) {
            die(world, "does not go on", &err);
        }
        restore_power(world);
        check_store(world, false);
        end_seed(world);
    }
}

static void after_a_failed_sync_nothing_more_is_acknowledged(void **state)
{
    struct world *world = *state;
    uint64_t struck = 0;

    for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
        struct err err = ERR_NONE;
        int r;

        begin_seed(world, seed);
        open_or_die(world);
        disk_fail_sync_at(world->disk, die_below(&world->die, 20) + 1);
        r = run(world, &err);
        if (r < 0) {
            struct model tried = world->tried;

            struck++;
            assert_int_equal(r, ERR_SYNC);
            assert_int_equal(commit_group(world, &err), ERR_SYNC);
            world->tried = tried;
        }
        restore_power(world);
        check_store(world, true);
        end_seed(world);
    }
    assert_true(struck > FAULT_SEEDS / 2);
}

/* The page cache still shows what the disk never got, and the next start builds on it. */
static void what_follows_a_failed_sync_survives_a_power_cut(void **state)
{
    struct world *world = *state;
    uint64_t struck = 0;

    for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
        struct err err = ERR_NONE;

        begin_seed(world, seed);
        open_or_die(world);
        disk_fail_sync_at(world->disk, die_below(&world->die, 20) + 1);
        struck += run(world, &err) < 0;
        disk_fail_sync_at(world->disk, 0);
        disk_process_crash(world->disk);
        store_close(TAKE(world->store));
        open_or_die(world);
        check_store(world, true);
        assert_int_equal(run(world, &err), 0);
        restore_power(world);
        check_store(world, false);
        end_seed(world);
    }
    assert_true(struck > FAULT_SEEDS / 2);
}

/* SQLite tells of the last sync of a statement only at its end, after the line that it returns. */
static void an_opening_in_which_a_sync_failed_has_failed(void **state)
{
    enum { SYNCS = 12 };
    struct world *world = *state;
    uint64_t struck = 0;

    for (uint64_t sync = 1; sync <= SYNCS; sync++) {
        struct err err = ERR_NONE;
        uint64_t before;

        begin_seed(world, sync);
        before = disk_counters(world->disk)->faults;
        disk_fail_sync_at(world->disk, sync);
        if (open_store(world, &err) == 0) {
            assert_int_equal(disk_counters(world->disk)->faults, before);
        } else {
            struck++;
            disk_fail_sync_at(world->disk, 0);
            disk_process_crash(world->disk);
            open_or_die(world);
        }
        disk_fail_sync_at(world->disk, 0);
        assert_int_equal(commit_group(world, &err), 0);
        restore_power(world);
        check_store(world, false);
        end_seed(world);
    }
    assert_true(struck >= 3);
}

static void a_crash_of_the_process_loses_nothing(void **state)
{
    struct world *world = *state;

    for (uint64_t seed = 1; seed <= FAULT_SEEDS / 4; seed++) {
        begin_seed(world, seed);
        open_or_die(world);
        for (int crash = 0; crash < CUTS; crash++) {
            struct err err = ERR_NONE;

            assert_int_equal(run(world, &err), 0);
            disk_process_crash(world->disk);
            store_close(TAKE(world->store));
            open_or_die(world);
            check_store(world, false);
        }
        end_seed(world);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(acknowledged_commits_survive_power_cuts),
        TEST(after_an_io_error_the_store_goes_on_from_what_the_disk_holds),
        TEST(a_full_disk_refuses_whole_commits_and_goes_on_when_there_is_room),
        TEST(after_a_failed_sync_nothing_more_is_acknowledged),
        TEST(what_follows_a_failed_sync_survives_a_power_cut),
        TEST(an_opening_in_which_a_sync_failed_has_failed),
        TEST(a_crash_of_the_process_loses_nothing),
    };

    mutants_choose_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
