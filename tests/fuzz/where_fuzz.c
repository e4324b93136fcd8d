/* Conditions: what is read is a program that its stack holds; what is refused has a place in the
 * text. */
#include "schema/base/err.h"
#include "schema/bind.h"
#include "schema/limits.h"
#include "schema/where.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static const struct where_name rows[] = {
    {"sensors.battery", WHERE_NUMBER, WHERE_PERCENT | WHERE_VOLATILE, "", NULL},
    {"sensors.charging", WHERE_FLAG, WHERE_VOLATILE, "", NULL},
    {"sensors.idle", WHERE_DURATION, WHERE_VOLATILE, "", NULL},
    {"capacity.memory", WHERE_BYTES, 0, "", NULL},
    {"capacity.cores", WHERE_CORES, 0, "", NULL},
    {"version", WHERE_VERSION, 0, "", NULL},
    {"labels", WHERE_TEXT, WHERE_GROUP | WHERE_BARE | WHERE_TOTAL, "", label_key_is_valid},
    {"conditions", WHERE_TEXT, WHERE_GROUP, "", NULL},
};

static const struct where_names names = {rows, COUNT_OF(rows), 0, NULL};

/* Everything there is, something else for each field. */
static struct where_value get(const void *context, size_t row, const char *key)
{
    const unsigned *salt = context;

    assert(row < COUNT_OF(rows));
    assert((key != NULL) == ((rows[row].flags & WHERE_GROUP) != 0));
    return (struct where_value){(enum where_state)((*salt + row) % 3), "0.9.x", (int64_t)row * 500};
}

static void check_places(const struct problems *problems, size_t size_bytes)
{
    for (size_t i = 0; i < problems->count; i++) {
        assert(problems->items[i].line > 0);
        assert(problems->items[i].line <= size_bytes + 1);
        assert(problems->items[i].column > 0);
        assert(problems->items[i].column <= size_bytes + 1);
    }
}

void fuzz_where(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct problems problems;
    struct where where;
    const char *text;
    int ret;

    arena_init(&arena);
    text = arena_strndup(&arena, (const char *)bytes, size_bytes);
    problems_init(&problems, &arena, NULL);
    ret = where_parse(&arena, &names, text, &problems, &where);
    assert(ret == 0 || ret == ERR_INVALID);
    assert((ret == 0) == (problems.errors == 0));
    check_places(&problems, size_bytes);
    assert((ret == 0) == (where_problems_text(&arena, &problems)[0] == '\0'));
    if (ret < 0) {
        return;
    }
    assert(where.count > 0);
    assert(where.count <= WHERE_STEPS_MAX);
    assert(where.depth <= WHERE_DEPTH_MAX + 1);
    for (unsigned salt = 0; salt < 3; salt++) {
        enum where_truth truth = where_eval(&where, get, &salt);

        assert(truth == WHERE_TRUE || truth == WHERE_FALSE || truth == WHERE_NEITHER);
    }
}
