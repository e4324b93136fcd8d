#include "tests/sim/keeping.h"

#include "schema/base/str.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "tests/sim/checks.h"
#include "tests/sim/controller.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    KEPT_PER_MILLE = 600, /* worlds in which anything goes */
    KEEP_MIN_MS = 200,
    KEEP_MAX_MS = 8 * 1000,
    LOOK_MIN_MS = 50,
    LOOK_MAX_MS = 3000,
    TELL_MAX_MS = 300,
    SLICES_MAX = 6,
    CHECK_IN = 4, /* a check for so many slices: it walks all there ever was */
};

struct keeping {
    struct die die;
    bool is_on;
    int64_t keep_ms;
    uint64_t horizon;
    unsigned slices;
};

struct keeping *keeping_new(struct sim *sim)
{
    struct keeping *keeping = MEM_NEW(struct keeping);

    tape_die(&sim->tape, &keeping->die, "keeping");
    keeping->is_on = die_chance(&keeping->die, KEPT_PER_MILLE);
    keeping->keep_ms = die_between(&keeping->die, KEEP_MIN_MS, KEEP_MAX_MS);
    return keeping;
}

void keeping_free(struct keeping *keeping)
{
    free(keeping);
}

uint64_t keeping_horizon(const struct sim *sim)
{
    return sim->keeping->horizon;
}

void keeping_started(struct sim *sim, const struct stored_state *state)
{
    if (state->compacted < sim->keeping->horizon) {
        sim_fail(sim, "kept",
                 "history begins after revision %" PRIu64 ", and began after %" PRIu64 " before",
                 state->compacted, sim->keeping->horizon);
    }
    sim->keeping->horizon = state->compacted;
}

void keeping_restored(struct sim *sim)
{
    sim->keeping->horizon = 0;
}

/* --- what must be there ------------------------------------------------------------------------
 */

/* Of one object, from the rows up to the horizon. */
struct expected {
    uint64_t revision; /* of the row in force */
    uint64_t forms[HISTORY_FORMS_MAX];
    size_t form_count; /* ever; the newest are in `forms`, in a ring */
    struct digest form;
    const char *name;
};

struct look {
    struct sim *sim;
    struct arena arena;
    struct map expected; /* "Kind/name" → struct expected, in the arena */
    uint64_t rows_after; /* of the ledger, after the horizon */
};

static void expect_row(struct look *look, const struct checks_row *row)
{
    const char *key = arena_printf(&look->arena, "%s/%s", row->kind->name, row->name);
    struct expected *expected = map_find(&look->expected, key);

    if (row->verb == ROW_DELETE) {
        (void)map_remove(&look->expected, key);
        return;
    }
    if (expected == NULL) {
        expected = ARENA_NEW(&look->arena, struct expected);
        (void)map_put(&look->expected, key, expected);
    }
    if (row->kind == &harvest_session_kind &&
        (row->verb == ROW_CREATE || !digest_eq(&row->form, &expected->form))) {
        expected->forms[expected->form_count++ % HISTORY_FORMS_MAX] = row->revision;
        expected->form = row->form;
        expected->name = row->name;
    }
    expected->revision = row->revision;
}

static void expect_all(struct look *look)
{
    struct checks_row row;

    for (size_t i = 0; checks_row(look->sim, i, &row); i++) {
        if (row.revision <= look->sim->keeping->horizon) {
            expect_row(look, &row);
        } else {
            look->rows_after++;
        }
    }
}

static size_t kept_forms(const struct expected *expected)
{
    return expected->form_count < HISTORY_FORMS_MAX ? expected->form_count : HISTORY_FORMS_MAX;
}

/* NULL: a fault of the disk; the look is over. */
static struct read_result *read_history(struct look *look, const struct read_query *query)
{
    struct controller *controller = look->sim->controller;
    uint64_t faults = disk_counters(controller->disk)->faults;
    struct read_result *result = store_read(controller->history, query);

    if (result->code == 0) {
        return result;
    }
    if (disk_counters(controller->disk)->faults == faults && !disk_is_off(controller->disk)) {
        sim_fail(look->sim, "kept", "history after %" PRIu64 " cannot be read: %s",
                 keeping_horizon(look->sim), err_to_str(result->code));
    }
    read_result_free(result);
    return NULL;
}

/* The state as of the horizon is that of the rows. */
static bool look_at_state(struct look *look)
{
    struct read_query query = {.type = READ_STATE_AT, .upto = keeping_horizon(look->sim)};
    struct read_result *result = read_history(look, &query);

    if (result == NULL) {
        return false;
    }
    vec_each (&result->changes, it) {
        const char *key = arena_printf(&look->arena, "%s/%s", it->kind->name, it->name);
        const struct expected *expected = map_find(&look->expected, key);

        if (expected == NULL || expected->revision != it->revision) {
            sim_fail(look->sim, "kept",
                     "%s is of revision %" PRIu64 " at %" PRIu64 ", and was of %" PRIu64, key,
                     it->revision, query.upto, expected == NULL ? 0 : expected->revision);
        }
    }
    if (result->changes.count != look->expected.count) {
        sim_fail(look->sim, "kept", "%zu objects are there at %" PRIu64 ", and %zu were",
                 result->changes.count, query.upto, look->expected.count);
    }
    read_result_free(result);
    return !look->sim->has_failed;
}

static bool has_row(const struct read_result *result, uint64_t revision)
{
    vec_each (&result->changes, it) {
        if (it->revision == revision && it->body != NULL) {
            return true;
        }
    }
    return false;
}

/* An undo finds the forms of before. */
static bool look_at_forms(struct look *look, const struct expected *expected)
{
    struct read_query query = {.type = READ_HISTORY, .kind = &harvest_session_kind};
    struct read_result *result;

    query.name = mem_strdup(expected->name);
    result = read_history(look, &query);
    free(query.name);
    for (size_t i = 0; result != NULL && i < kept_forms(expected); i++) {
        if (!has_row(result, expected->forms[i]) && result->complete) {
            sim_fail(look->sim, "kept", "%s had another form from %" PRIu64 " on, which is gone",
                     expected->name, expected->forms[i]);
        }
    }
    read_result_free(result);
    return result != NULL && !look->sim->has_failed;
}

static void look_at_size(struct look *look)
{
    struct controller *controller = look->sim->controller;
    uint64_t faults = disk_counters(controller->disk)->faults, want = look->rows_after;
    struct store_size size = {0};
    struct err err;

    map_each (&look->expected, it) {
        const struct expected *expected = it->value;
        bool is_form = false;

        for (size_t i = 0; i < kept_forms(expected); i++) {
            is_form |= expected->forms[i] == expected->revision;
        }
        want += kept_forms(expected) + !is_form;
    }
    if (store_measure(controller->store, &size, &err) == 0 && size.ledger_rows != want &&
        disk_counters(controller->disk)->faults == faults) {
        sim_fail(look->sim, "kept", "the ledger has %" PRIu64 " rows, and %" PRIu64 " are needed",
                 size.ledger_rows, want);
    }
}

void keeping_check(struct sim *sim)
{
    struct look look = {.sim = sim};
    bool goes_on;

    if (sim->keeping->horizon == 0 || sim->controller->history == NULL) {
        return;
    }
    arena_init(&look.arena);
    map_init(&look.expected);
    expect_all(&look);
    goes_on = look_at_state(&look);
    map_each (&look.expected, it) {
        const struct expected *expected = it->value;

        if (goes_on && expected->form_count > 0) {
            goes_on = look_at_forms(&look, expected);
        }
    }
    if (goes_on) {
        look_at_size(&look);
    }
    map_clear(&look.expected);
    map_fini(&look.expected);
    arena_fini(&look.arena);
}

/* --- the slices --------------------------------------------------------------------------------
 */

static void on_tell(struct sim *sim, void *who, uint64_t arg)
{
    if ((unsigned)(uintptr_t)who == sim->controller->life && sim->controller->is_up) {
        controller_tell_compacted(sim, arg);
    }
}

/* What was young enough is not gone with this slice; of one before it the clock said otherwise, if
 * it was ahead then. */
static void check_age(struct sim *sim, struct wall before, uint64_t horizon_before)
{
    struct checks_row row;

    for (size_t i = checks_rows(sim); i-- > 0 && checks_row(sim, i, &row);) {
        if (row.at.ms < before.ms) {
            return;
        }
        if (row.revision <= sim->keeping->horizon && row.revision > horizon_before) {
            sim_fail(sim, "kept", "revision %" PRIu64 " is gone, and not old enough", row.revision);
        }
    }
}

/* True: there is more to do at once. */
static bool slice(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct keeping *keeping = sim->keeping;
    struct store_keeping asked = {.before = {controller_wall(sim).ms - keeping->keep_ms}};
    struct store_size size = {.compacted = keeping->horizon};
    struct err err = ERR_NONE;
    uint64_t horizon_before = keeping->horizon;
    int code;

    disk_set_wall(controller->disk, controller_wall(sim));
    code = store_compact(controller->store, &asked, &err);
    if (disk_is_off(controller->disk) || code == ERR_SYNC) {
        controller_crash(sim, disk_is_off(controller->disk));
        return false;
    }
    if (code < 0) {
        check_commit_error(sim, code, &err);
        return false;
    }
    if (code == 0 || store_measure(controller->store, &size, &err) < 0) {
        return false;
    }
    sim_trace(sim, "controller: history begins after revision %" PRIu64, size.compacted);
    keeping->horizon = size.compacted;
    check_age(sim, asked.before, horizon_before);
    if (++keeping->slices % CHECK_IN == 0) {
        keeping_check(sim);
    }
    schedule_after(&sim->schedule, die_between(&keeping->die, 0, TELL_MAX_MS), on_tell,
                   (void *)(uintptr_t)controller->life, size.compacted);
    return !sim->has_failed;
}

static void on_look(struct sim *sim, void *who, uint64_t arg)
{
    struct keeping *keeping = sim->keeping;
    struct controller *controller = sim->controller;
    uint64_t slices = 1 + die_below(&keeping->die, SLICES_MAX);

    (void)who, (void)arg;
    if (!sim->faults.is_active) {
        return;
    }
    while (controller->is_up && controller->writer_code == 0 && slices-- > 0 && slice(sim)) {}
    schedule_after(&sim->schedule, die_between(&keeping->die, LOOK_MIN_MS, LOOK_MAX_MS), on_look,
                   NULL, 0);
}

void keeping_begin(struct sim *sim)
{
    if (sim->keeping->is_on && sim->plan == NULL) {
        on_look(sim, NULL, 0);
    }
}
