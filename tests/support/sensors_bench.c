#include "tests/support/sensors_bench.h"

#include "schema/base/str.h"
#include "tests/support/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct wall noon = {1795262400000}; /* 2026-11-21 12:00 */

int bench_make(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->root);
    bench->now_ms = 3 * (int64_t)HOUR_MS;
    *state = bench;
    return 0;
}

int bench_drop(void **state)
{
    struct bench *bench = *state;

    sensors_close(bench->reader);
    folder_remove(bench->root);
    mem_free(state);
    return 0;
}

/* --- the tree -----------------------------------------------------------------------------------
 */

void bench_put(struct bench *bench, const char *path, const char *text)
{
    tree_put(bench->root, path, text, strlen(text));
}

void bench_put_folder(struct bench *bench, const char *path)
{
    tree_put_folder(bench->root, path);
}

void bench_put_pipe(struct bench *bench, const char *path)
{
    tree_put_pipe(bench->root, path);
}

void bench_remove(struct bench *bench, const char *path)
{
    tree_remove(bench->root, path);
}

void bench_touch(struct bench *bench, const char *path, int64_t ago_ms)
{
    tree_touch(bench->root, path, (struct wall){noon.ms - ago_ms});
}

void bench_become(struct bench *bench, const char *machine)
{
    char from[TREE_PATH_SIZE];

    (void)snprintf(from, sizeof(from), "tests/fixtures/sensors/%s", machine);
    tree_copy(from, bench->root);
}

/* --- reading ------------------------------------------------------------------------------------
 */

void bench_look_after(struct bench *bench, int64_t ms)
{
    if (bench->reader == NULL) {
        assert_int_equal(sensors_open(bench->root, &bench->reader, NULL), 0);
    }
    bench->now_ms += ms;
    sensors_read(bench->reader, (struct mono){bench->now_ms},
                 (struct wall){noon.ms + bench->now_ms - 3 * (int64_t)HOUR_MS}, bench->own_ms,
                 &bench->readings);
}

void bench_look(struct bench *bench)
{
    bench_look_after(bench, bench->reader == NULL ? 0 : 1000);
}

void bench_expect_state(struct bench *bench, enum sensor sensor, enum reading_state state)
{
    const struct reading *reading = &bench->readings.of[sensor];

    if (reading->state != state) {
        fail_msg("sensor %d: is in state %d, not %d: %s", (int)sensor, (int)reading->state,
                 (int)state, sensors_note(bench->reader, sensor));
    }
    assert_true(state == READING_NONE || reading->at.ms == bench->now_ms);
}

void bench_expect(struct bench *bench, enum sensor sensor, int64_t value)
{
    bench_expect_state(bench, sensor, READING_KNOWN);
    assert_int_equal(bench->readings.of[sensor].value, value);
}

void bench_expect_unknown(struct bench *bench, enum sensor sensor, const char *why)
{
    bench_expect_state(bench, sensor, READING_UNKNOWN);
    if (strstr(sensors_note(bench->reader, sensor), why) == NULL) {
        fail_msg("says \"%s\", not \"%s\"", sensors_note(bench->reader, sensor), why);
    }
}
