/* Files that a machine should not have in the place of a sensor's, or that may not be read. */
#include "schema/base/rand.h"
#include "schema/base/str.h"
#include "tests/support/sensors_bench.h"
#include "tests/support/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void what_is_no_small_file_tells_nothing(void **state)
{
    static const struct {
        const char *path;
        enum sensor sensor;
    } rows[] = {
        {BATTERY "capacity", SENSOR_BATTERY},
        {BATTERY "type", SENSOR_BATTERY},
        {"sys/class/thermal/thermal_zone0/temp", SENSOR_TEMPERATURE},
        {"proc/stat", SENSOR_FOREIGN_CPU},
        {"proc/meminfo", SENSOR_MEMORY_AVAILABLE},
        {"proc/pressure/memory", SENSOR_MEMORY_PRESSURE},
        {"proc/loadavg", SENSOR_LOAD},
    };
    struct bench *bench = *state;
    char *huge = mem_alloc(1 << 20);

    memset(huge, '7', 1 << 20);
    bench_become(bench, "laptop");
    bench_remove(bench, ZONE "temp");
    bench_remove(bench, "sys/class/hwmon");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bench_put_folder(bench, rows[i].path);
        bench_look(bench);
        bench_expect_unknown(bench, rows[i].sensor, "Is a directory");
        bench_put_pipe(bench, rows[i].path); /* must not be waited for */
        bench_look(bench);
        bench_expect_state(bench, rows[i].sensor, READING_UNKNOWN);
        bench_remove(bench, rows[i].path);
        tree_put(bench->root, rows[i].path, huge, 1 << 20);
        bench_look(bench);
        bench_expect_state(bench, rows[i].sensor, READING_UNKNOWN);
        tree_put(bench->root, rows[i].path, "1\0002\n", 4);
        bench_look(bench);
        bench_expect_state(bench, rows[i].sensor, READING_UNKNOWN);
    }
    free(huge);
}

/* Root reads everything, so this needs somebody else. */
static void what_may_not_be_read_is_unknown(void **state)
{
    static const char *const paths[] = {
        BATTERY "capacity",
        "proc/meminfo",
        "proc/stat",
        "dev/input/event1",
        "etc/NetworkManager/system-connections/home.nmconnection",
    };
    struct bench *bench = *state;
    char whole[TREE_PATH_SIZE];

    bench_become(bench, "laptop");
    bench_put(bench, "proc/stat", "cpu 1 2 3 4 5 6 7\n");
    bench_put_pipe(bench, "dev/input/event1");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        tree_path(bench->root, paths[i], whole);
        assert_int_equal(chmod(whole, 0), 0);
    }
    if (geteuid() == 0) {
        assert_int_equal(chmod(bench->root, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    bench_look(bench);
    bench_look_after(bench, 60 * 1000);
    if (geteuid() != getuid()) {
        assert_int_equal(seteuid(0), 0);
    }
    bench_expect_unknown(bench, SENSOR_BATTERY, "Permission denied");
    bench_expect_unknown(bench, SENSOR_MEMORY_AVAILABLE, "Permission denied");
    bench_expect_unknown(bench, SENSOR_FOREIGN_CPU, "Permission denied");
    bench_expect_unknown(bench, SENSOR_IDLE, "1 of 2 input devices in /dev/input cannot be opened");
    bench_expect_state(bench, SENSOR_METERED, READING_NONE); /* nobody knows that there is a flag */
    assert_non_null(strstr(sensors_note(bench->reader, SENSOR_METERED), "may not be read"));
}

static bool is_possible(enum sensor sensor, int64_t value)
{
    static const struct {
        int64_t min, max;
    } bounds[SENSOR_COUNT] = {
        [SENSOR_BATTERY] = {0, 100},
        [SENSOR_CHARGING] = {0, 1},
        [SENSOR_TEMPERATURE] = {-40000, 150000},
        [SENSOR_IDLE] = {0, INT64_MAX},
        [SENSOR_FOREIGN_CPU] = {0, 100000},
        [SENSOR_MEMORY_AVAILABLE] = {0, INT64_MAX},
        [SENSOR_MEMORY_PRESSURE] = {0, 100000},
        [SENSOR_METERED] = {0, 1},
        [SENSOR_LOAD] = {0, INT64_MAX},
    };

    return value >= bounds[sensor].min && value <= bounds[sensor].max;
}

/* Pieces of what stands in such files, in any order: now and then they make sense. */
static size_t make_garbage(struct rand *rand, char *to, size_t size_bytes)
{
    static const char *const pieces[] = {
        "-",
        "0",
        "9",
        "82",
        "9223372036854775807",
        ".",
        " ",
        "\n",
        "\t",
        "x",
        "cpu ",
        "kB\n",
        "=",
        "MemAvailable:",
        "\nMemAvailable: ",
        "some avg10=",
        "Battery\n",
        "Charging\n",
        "Mains\n",
        "fffffffffffffffe",
        "\xff\xfe",
        "uuid=",
        "metered=1\n",
        "00000000",
        "wlan0\t",
        "[",
        "\r",
    };
    size_t length = 0, count = rand_below(rand, 12);

    for (size_t i = 0; i < count && length < size_bytes - 32; i++) {
        const char *piece = pieces[rand_below(rand, COUNT_OF(pieces))];

        memcpy(to + length, piece, strlen(piece));
        length += strlen(piece);
    }
    if (rand_below(rand, 8) == 0) {
        to[length++] = '\0';
    }
    return length;
}

static void garbage_is_never_read_as_what_cannot_be(void **state)
{
    static const char *const paths[] = {
        BATTERY "type",
        BATTERY "capacity",
        BATTERY "status",
        BATTERY "energy_full",
        BATTERY "energy_now",
        BATTERY "present",
        MAINS "type",
        MAINS "online",
        ZONE "temp",
        "sys/class/hwmon/hwmon0/temp1_input",
        "sys/class/hwmon/hwmon0/name",
        "sys/class/input/event1/device/capabilities/key",
        "proc/stat",
        "proc/loadavg",
        "proc/meminfo",
        "proc/pressure/memory",
        "proc/net/route",
        "sys/class/net/wlan0/ifindex",
        "run/NetworkManager/devices/3",
        "etc/NetworkManager/system-connections/home.nmconnection",
    };
    struct bench *bench = *state;
    struct rand rand;
    char text[512];

    rand_init_u64(&rand, 7);
    bench_become(bench, "laptop");
    for (int i = 0; i < 400; i++) {
        const char *path = paths[rand_below(&rand, COUNT_OF(paths))];

        tree_put(bench->root, path, text, make_garbage(&rand, text, sizeof(text)));
        bench->own_ms += (int64_t)rand_below(&rand, 1000);
        bench_look(bench);
        for (int sensor = 0; sensor < SENSOR_COUNT; sensor++) {
            const struct reading *reading = &bench->readings.of[sensor];

            assert_true(reading->state != READING_KNOWN ||
                        is_possible((enum sensor)sensor, reading->value));
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_no_small_file_tells_nothing),
        CASE(what_may_not_be_read_is_unknown),
        CASE(garbage_is_never_read_as_what_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
