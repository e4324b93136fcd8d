/* Sensors, read from trees such as the kernel shows: a laptop's, a phone's, a server's
 * (tests/fixtures/sensors), and what becomes of a reading when its files go wrong. */
#include "agent/io/sensors.h"

#include "schema/base/str.h"
#include "tests/support/folder.h"
#include "tests/support/tree.h"

#include <fcntl.h>
#include <linux/input.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BATTERY "sys/class/power_supply/BAT0/"
#define MAINS   "sys/class/power_supply/AC/"
#define ZONE    "sys/class/thermal/thermal_zone1/"

enum { HOUR_MS = 60 * 60 * 1000 };

static const struct wall noon = {1795262400000}; /* 2026-11-21 12:00 */

struct bench {
    char root[FOLDER_PATH_SIZE];
    struct sensor_reader *reader;
    struct readings readings;
    int64_t now_ms, own_ms;
};

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->root);
    bench->now_ms = 3 * (int64_t)HOUR_MS;
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    sensors_close(bench->reader);
    folder_remove(bench->root);
    mem_free(state);
    return 0;
}

/* --- the tree -----------------------------------------------------------------------------------
 */

static void put(struct bench *bench, const char *path, const char *text)
{
    tree_put(bench->root, path, text, strlen(text));
}

static void put_folder(struct bench *bench, const char *path)
{
    tree_put_folder(bench->root, path);
}

static void put_pipe(struct bench *bench, const char *path)
{
    tree_put_pipe(bench->root, path);
}

static void take_away(struct bench *bench, const char *path)
{
    tree_remove(bench->root, path);
}

static void touch(struct bench *bench, const char *path, int64_t ago_ms)
{
    tree_touch(bench->root, path, (struct wall){noon.ms - ago_ms});
}

static void be_a(struct bench *bench, const char *machine)
{
    char from[TREE_PATH_SIZE];

    (void)snprintf(from, sizeof(from), "tests/fixtures/sensors/%s", machine);
    tree_copy(from, bench->root);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void look_after(struct bench *bench, int64_t ms)
{
    if (bench->reader == NULL) {
        assert_int_equal(sensors_open(bench->root, &bench->reader, NULL), 0);
    }
    bench->now_ms += ms;
    sensors_read(bench->reader, (struct mono){bench->now_ms},
                 (struct wall){noon.ms + bench->now_ms - 3 * (int64_t)HOUR_MS}, bench->own_ms,
                 &bench->readings);
}

static void look(struct bench *bench)
{
    look_after(bench, bench->reader == NULL ? 0 : 1000);
}

static void expect_state(struct bench *bench, enum sensor sensor, enum reading_state state)
{
    const struct reading *reading = &bench->readings.of[sensor];

    if (reading->state != state) {
        fail_msg("sensor %d: is in state %d, not %d: %s", (int)sensor, (int)reading->state,
                 (int)state, sensors_note(bench->reader, sensor));
    }
    assert_true(state == READING_NONE || reading->at.ms == bench->now_ms);
}

static void expect(struct bench *bench, enum sensor sensor, int64_t value)
{
    expect_state(bench, sensor, READING_KNOWN);
    assert_int_equal(bench->readings.of[sensor].value, value);
}

static void expect_unknown(struct bench *bench, enum sensor sensor, const char *why)
{
    expect_state(bench, sensor, READING_UNKNOWN);
    if (strstr(sensors_note(bench->reader, sensor), why) == NULL) {
        fail_msg("says \"%s\", not \"%s\"", sensors_note(bench->reader, sensor), why);
    }
}

/* --- machines -----------------------------------------------------------------------------------
 */

static void a_laptop_has_everything(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop");
    touch(bench, "dev/input/event0", 1000); /* the lid is not used for working */
    touch(bench, "dev/input/event1", 2 * HOUR_MS);
    touch(bench, "dev/input/event2", HOUR_MS);
    look(bench);
    expect(bench, SENSOR_BATTERY, 82); /* and not 15: that is the mouse's */
    expect(bench, SENSOR_CHARGING, 1);
    expect(bench, SENSOR_TEMPERATURE, 41500); /* and not 51.85 °C: asking disks wakes them */
    expect(bench, SENSOR_IDLE, HOUR_MS);
    expect(bench, SENSOR_MEMORY_AVAILABLE, (int64_t)9437184 * 1024);
    expect(bench, SENSOR_MEMORY_PRESSURE, 1530);
    expect(bench, SENSOR_METERED, 0);
    expect(bench, SENSOR_LOAD, 520);
    expect_unknown(bench, SENSOR_FOREIGN_CPU, "two looks");
}

static void a_phone_has_a_modem_and_no_mains(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "phone");
    touch(bench, "dev/input/event0", 1000);
    touch(bench, "dev/input/event1", HOUR_MS);
    look(bench);
    expect(bench, SENSOR_BATTERY, 64);
    expect(bench, SENSOR_CHARGING, 0);
    expect(bench, SENSOR_TEMPERATURE, 37000);
    expect(bench, SENSOR_IDLE, HOUR_MS);
    expect(bench, SENSOR_METERED, 1);
    expect_state(bench, SENSOR_MEMORY_PRESSURE, READING_NONE);
}

static void a_server_has_no_battery_and_no_user(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    look(bench);
    expect_state(bench, SENSOR_BATTERY, READING_NONE);
    expect_state(bench, SENSOR_CHARGING, READING_NONE);
    expect(bench, SENSOR_TEMPERATURE, 52125); /* nothing is connected where 127.5 °C stand */
    expect_state(bench, SENSOR_IDLE, READING_NONE);
    expect_state(bench, SENSOR_METERED, READING_NONE);
    expect(bench, SENSOR_MEMORY_PRESSURE, 0);
}

static void an_empty_tree_has_no_sensors(void **state)
{
    struct bench *bench = *state;

    look(bench);
    look(bench);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        expect_state(bench, (enum sensor)i, READING_NONE);
    }
}

static void a_root_that_is_not_there_is_refused(void **state)
{
    struct err err = ERR_NONE;
    struct sensor_reader *reader;

    (void)state;
    assert_int_equal(sensors_open("/nowhere/at/all", &reader, &err), ERR_NOT_FOUND);
}

static void this_machine_can_be_read(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(sensors_open("/", &bench->reader, NULL), 0);
    look(bench);
    look(bench);
    expect_state(bench, SENSOR_LOAD, READING_KNOWN);
    expect_state(bench, SENSOR_MEMORY_AVAILABLE, READING_KNOWN);
    assert_true(bench->readings.of[SENSOR_MEMORY_AVAILABLE].value > 1 << 20);
}

/* --- power --------------------------------------------------------------------------------------
 */

static void several_batteries_count_by_their_size(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop"); /* 82 % of 50 Wh */
    put(bench, "sys/class/power_supply/BAT1/type", "Battery\n");
    put(bench, "sys/class/power_supply/BAT1/capacity", "10\n");
    look(bench);
    expect(bench, SENSOR_BATTERY, 46); /* one size is not known: the mean */
    put(bench, "sys/class/power_supply/BAT1/energy_full", "25000000\n");
    look(bench);
    expect(bench, SENSOR_BATTERY, 58);
    put(bench, "sys/class/power_supply/BAT1/capacity", "full\n");
    look(bench);
    expect_unknown(bench, SENSOR_BATTERY, "BAT1/capacity");
    put(bench, "sys/class/power_supply/BAT1/present", "0\n"); /* an empty bay */
    look(bench);
    expect(bench, SENSOR_BATTERY, 82);
}

static void charge_follows_from_counters_where_it_is_not_told(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop");
    take_away(bench, BATTERY "capacity");
    put(bench, BATTERY "energy_now", "20000000\n");
    look(bench);
    expect(bench, SENSOR_BATTERY, 40);
    put(bench, BATTERY "energy_full", "0\n");
    look(bench);
    expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity");
    take_away(bench, BATTERY "energy_now");
    look(bench);
    expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity: No such file");
}

static void on_battery_is_believed_before_all_else(void **state)
{
    static const struct {
        const char *status, *mains;
        int64_t charging; /* -1: unknown */
    } rows[] = {
        {"Charging\n", "1\n", 1},
        {"Full\n", "1\n", 1},
        {"Not charging\n", "1\n", 1},
        {"Unknown\n", "1\n", 1},
        {"Unknown\n", "0\n", 0},
        {"Charging\n", "0\n", 0},
        {"Full\n", "0\n", 0},
        {"Discharging\n", "1\n", 0},
        {"Discharging\n", "0\n", 0},
        {"Discharging\n", NULL, 0},
        {"Charging\n", NULL, 1},
        {"Full\n", NULL, 1},
        {"Not charging\n", NULL, 1},
        {"Unknown\n", NULL, -1},
        {"", NULL, -1},
        {"\x01\x02garbage\n", NULL, -1},
        {"Unknown\n", "yes\n", -1},
    };
    struct bench *bench = *state;

    be_a(bench, "laptop");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put(bench, BATTERY "status", rows[i].status);
        take_away(bench, MAINS "online");
        if (rows[i].mains != NULL) {
            put(bench, MAINS "online", rows[i].mains);
        }
        look(bench);
        if (rows[i].charging < 0) {
            expect_state(bench, SENSOR_CHARGING, READING_UNKNOWN);
        } else {
            expect(bench, SENSOR_CHARGING, rows[i].charging);
        }
    }
}

static void an_unused_port_does_not_deny_what_the_battery_says(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "phone"); /* its usb is offline */
    put(bench, "sys/class/power_supply/battery/status", "Charging\n");
    look(bench);
    expect(bench, SENSOR_CHARGING, 1);
    put(bench, "sys/class/power_supply/battery/status", "Unknown\n");
    look(bench);
    expect(bench, SENSOR_CHARGING, 0);
}

static void a_charge_that_cannot_be_is_unknown(void **state)
{
    static const char *const values[] = {
        "-1\n", "111\n", "", "\n", "8x\n", "82 \n", "99999999999999999999\n"};
    struct bench *bench = *state;

    be_a(bench, "laptop");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        put(bench, BATTERY "capacity", values[i]);
        look(bench);
        expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity");
        expect(bench, SENSOR_CHARGING, 1);
    }
    put(bench, BATTERY "capacity", "103\n"); /* worn ones do say so */
    look(bench);
    expect(bench, SENSOR_BATTERY, 100);
}

static void a_battery_that_is_plugged_in_is_seen_at_once(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    look(bench);
    expect_state(bench, SENSOR_BATTERY, READING_NONE);
    put(bench, "sys/class/power_supply/ups0/type", "UPS\n");
    put(bench, "sys/class/power_supply/ups0/capacity", "97\n");
    put(bench, "sys/class/power_supply/ups0/status", "Discharging\n");
    look(bench);
    expect(bench, SENSOR_BATTERY, 97);
    expect(bench, SENSOR_CHARGING, 0);
}

static void a_battery_that_vanishes_leaves_a_doubt(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop");
    put(bench, MAINS "online", "0\n");
    look(bench);
    take_away(bench, "sys/class/power_supply/BAT0");
    look(bench);
    expect_unknown(bench, SENSOR_BATTERY, "not there any more");
    expect_state(bench, SENSOR_CHARGING, READING_UNKNOWN);
    put(bench, MAINS "online", "1\n"); /* it was taken out */
    look(bench);
    expect_state(bench, SENSOR_BATTERY, READING_NONE);
    take_away(bench, "sys/class/power_supply");
    look(bench);
    expect_state(bench, SENSOR_BATTERY, READING_UNKNOWN);
}

/* --- files that are none ------------------------------------------------------------------------
 */

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
    be_a(bench, "laptop");
    take_away(bench, ZONE "temp");
    take_away(bench, "sys/class/hwmon");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put_folder(bench, rows[i].path);
        look(bench);
        expect_unknown(bench, rows[i].sensor, "Is a directory");
        put_pipe(bench, rows[i].path); /* must not be waited for */
        look(bench);
        expect_state(bench, rows[i].sensor, READING_UNKNOWN);
        take_away(bench, rows[i].path);
        tree_put(bench->root, rows[i].path, huge, 1 << 20);
        look(bench);
        expect_state(bench, rows[i].sensor, READING_UNKNOWN);
        tree_put(bench->root, rows[i].path, "1\0002\n", 4);
        look(bench);
        expect_state(bench, rows[i].sensor, READING_UNKNOWN);
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

    be_a(bench, "laptop");
    put_pipe(bench, "dev/input/event1");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        tree_path(bench->root, paths[i], whole);
        assert_int_equal(chmod(whole, 0), 0);
    }
    if (geteuid() == 0) {
        assert_int_equal(chmod(bench->root, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    look(bench);
    look_after(bench, 60 * 1000);
    if (geteuid() != getuid()) {
        assert_int_equal(seteuid(0), 0);
    }
    expect_unknown(bench, SENSOR_BATTERY, "Permission denied");
    expect_unknown(bench, SENSOR_MEMORY_AVAILABLE, "Permission denied");
    expect_unknown(bench, SENSOR_FOREIGN_CPU, "Permission denied");
    expect_unknown(bench, SENSOR_IDLE, "1 of 2 input devices in /dev/input cannot be opened");
    expect_state(bench, SENSOR_METERED, READING_NONE); /* nobody knows that there is a flag */
    assert_non_null(strstr(sensors_note(bench->reader, SENSOR_METERED), "may not be read"));
}

/* --- heat ---------------------------------------------------------------------------------------
 */

static void impossible_temperatures_do_not_count(void **state)
{
    static const char *const values[] = {"-273000\n", "2147483647\n", "150001\n", "hot\n", ""};
    struct bench *bench = *state;

    be_a(bench, "laptop");
    take_away(bench, "sys/class/hwmon");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        put(bench, ZONE "temp", values[i]);
        put(bench, "sys/class/thermal/thermal_zone0/temp", "38000\n");
        look(bench);
        expect(bench, SENSOR_TEMPERATURE, 38000);
        put(bench, "sys/class/thermal/thermal_zone0/temp", values[i]);
        look(bench);
        expect_unknown(bench, SENSOR_TEMPERATURE, "temp");
    }
    put(bench, ZONE "temp", "150000\n");
    look(bench);
    expect(bench, SENSOR_TEMPERATURE, 150000);
    take_away(bench, "sys/class/thermal");
    look(bench);
    expect_unknown(bench, SENSOR_TEMPERATURE, "not there any more");
}

static void what_sleeps_or_is_broken_is_not_asked(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    put(bench, "sys/class/hwmon/hwmon2/name", "amdgpu\n");
    put(bench, "sys/class/hwmon/hwmon2/temp1_input", "81000\n");
    put(bench, "sys/class/hwmon/hwmon2/device/power/runtime_status", "active\n");
    look(bench);
    expect(bench, SENSOR_TEMPERATURE, 81000);
    put(bench, "sys/class/hwmon/hwmon2/device/power/runtime_status", "suspended\n");
    look(bench);
    expect(bench, SENSOR_TEMPERATURE, 52125);
    put(bench, "sys/class/hwmon/hwmon0/temp3_input", "90000\n");
    put(bench, "sys/class/hwmon/hwmon0/temp3_fault", "1\n");
    look(bench);
    expect(bench, SENSOR_TEMPERATURE, 52125);
}

/* --- processors ---------------------------------------------------------------------------------
 */

/* All processors did so much since boot, in hundredths of a second (as the kernel counts). */
static void put_times(struct bench *bench, int64_t busy, int64_t idle)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "cpu  %lld 0 0 %lld 0 0 0 500 0 0\ncpu0 1 2 3\n",
                   (long long)busy, (long long)idle);
    put(bench, "proc/stat", text);
}

static void our_own_use_is_not_foreign(void **state)
{
    struct bench *bench = *state;

    put_times(bench, 1000, 1000);
    bench->own_ms = 77000;
    look(bench);
    expect_state(bench, SENSOR_FOREIGN_CPU, READING_UNKNOWN);
    put_times(bench, 1100, 1100); /* one of two processors was busy for a second */
    bench->own_ms += 400;
    look(bench);
    expect(bench, SENSOR_FOREIGN_CPU, 30 * 1000);
    put_times(bench, 1200, 1200);
    bench->own_ms += 1600; /* it is told late: of two seconds together, not of the last one */
    look(bench);
    expect(bench, SENSOR_FOREIGN_CPU, 0);
    for (int i = 1; i <= 9; i++) {
        put_times(bench, 1200 + 200 * i, 1200);
        look(bench);
    }
    expect(bench, SENSOR_FOREIGN_CPU, (10 * 200 - 100 - 160) * 100 * 1000 / 2000);
}

static void a_rate_needs_two_looks_that_fit_together(void **state)
{
    struct bench *bench = *state;

    put_times(bench, 1000, 1000);
    look(bench);
    put_times(bench, 1010, 1190);
    look(bench);
    expect(bench, SENSOR_FOREIGN_CPU, 5 * 1000);
    bench->own_ms = 50000; /* more than there was: work of another agent was adopted */
    put_times(bench, 1020, 1380);
    look(bench);
    expect_unknown(bench, SENSOR_FOREIGN_CPU, "two looks");
    put_times(bench, 1030, 1570);
    look(bench);
    expect(bench, SENSOR_FOREIGN_CPU, 5 * 1000);
    bench->own_ms = 0; /* it was forgotten */
    look(bench);
    expect_state(bench, SENSOR_FOREIGN_CPU, READING_UNKNOWN);
    put_times(bench, 1040, 1760);
    look(bench);
    expect(bench, SENSOR_FOREIGN_CPU, 5 * 1000);
    look_after(bench, HOUR_MS); /* the machine slept */
    expect_state(bench, SENSOR_FOREIGN_CPU, READING_UNKNOWN);
    put(bench, "proc/stat", "cpu  1 2 3\n");
    look(bench);
    expect_unknown(bench, SENSOR_FOREIGN_CPU, "proc/stat");
}

/* --- people -------------------------------------------------------------------------------------
 */

static void send_event(struct bench *bench, const char *path, unsigned type)
{
    struct input_event event = {.type = (uint16_t)type, .code = 30, .value = 1};
    char whole[TREE_PATH_SIZE];
    int fd;

    tree_path(bench->root, path, whole);
    fd = open(whole, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, &event, sizeof(event)), sizeof(event));
    (void)close(fd);
}

static void keys_and_movements_are_use(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop");
    put_pipe(bench, "dev/input/event1");
    touch(bench, "dev/input/event2", HOUR_MS);
    look(bench);
    expect(bench, SENSOR_IDLE, 0); /* nobody watched it before */
    look_after(bench, 90 * 1000);
    expect(bench, SENSOR_IDLE, 90 * 1000);
    send_event(bench, "dev/input/event1", EV_KEY);
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
    look_after(bench, 5000);
    expect(bench, SENSOR_IDLE, 5000);
    send_event(bench, "dev/input/event1", EV_LED); /* the machine blinks by itself */
    look(bench);
    expect(bench, SENSOR_IDLE, 6000);
    send_event(bench, "dev/input/event1", EV_ABS);
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
}

static void the_sticks_of_a_game_pad_tremble(void **state)
{
    struct bench *bench = *state;

    put(bench, "sys/class/input/event7/device/capabilities/key", "7cdb000000000000 0 0 0 0\n");
    put_pipe(bench, "dev/input/event7");
    look(bench);
    look_after(bench, 5000);
    send_event(bench, "dev/input/event7", EV_ABS);
    look(bench);
    expect(bench, SENSOR_IDLE, 6000);
    send_event(bench, "dev/input/event7", EV_KEY);
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
}

static void a_time_stamp_that_changes_is_use(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "laptop");
    touch(bench, "dev/input/event1", 2 * HOUR_MS);
    touch(bench, "dev/input/event2", HOUR_MS);
    look(bench);
    look(bench);
    expect(bench, SENSOR_IDLE, HOUR_MS + 1000);
    touch(bench, "dev/input/event1", 24 * HOUR_MS); /* the clock was put back meanwhile */
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
    look(bench);
    expect(bench, SENSOR_IDLE, 1000);
}

static void a_keyboard_that_is_plugged_in_or_out_is_use(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    look(bench);
    expect_state(bench, SENSOR_IDLE, READING_NONE);
    put(bench, "dev/input/event5", "");
    look_after(bench, 11000); /* devices are looked for every ten seconds */
    expect(bench, SENSOR_IDLE, 0);
    look_after(bench, 11000);
    expect(bench, SENSOR_IDLE, 11000);
    take_away(bench, "dev/input/event5");
    look_after(bench, 11000);
    expect(bench, SENSOR_IDLE, 0);
    look_after(bench, 60 * 1000); /* it keeps in mind when somebody was there */
    expect(bench, SENSOR_IDLE, 60 * 1000);
}

static void terminals_count_by_their_input(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    put(bench, "dev/pts/0", "");
    touch(bench, "dev/pts/0", 40 * 1000);
    put(bench, "dev/pts/ptmx", "");
    put(bench, "dev/ttyS0", ""); /* a serial line, with a machine at its end */
    look(bench);
    expect(bench, SENSOR_IDLE, 40 * 1000);
    put(bench, "dev/pts/ptmx", "");
    put(bench, "dev/ttyS0", "");
    look(bench);
    expect(bench, SENSOR_IDLE, 41 * 1000);
    touch(bench, "dev/pts/0", 0);
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
    take_away(bench, "dev/pts/0"); /* logged out */
    look_after(bench, 5000);
    expect(bench, SENSOR_IDLE, 0);
    look_after(bench, 5000);
    expect(bench, SENSOR_IDLE, 5000);
}

static void consoles_alone_are_no_sensor(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "server");
    put(bench, "dev/tty1", "");
    touch(bench, "dev/tty1", HOUR_MS);
    look(bench);
    expect_state(bench, SENSOR_IDLE, READING_NONE);
    touch(bench, "dev/tty1", 0); /* somebody has come with a keyboard */
    look(bench);
    expect(bench, SENSOR_IDLE, 0);
}

/* --- the connection -----------------------------------------------------------------------------
 */

static void the_active_profile_says_what_is_metered(void **state)
{
    static const char profile[] = "etc/NetworkManager/system-connections/home.nmconnection";
    struct bench *bench = *state;

    be_a(bench, "laptop");
    look(bench);
    expect(bench, SENSOR_METERED, 0);
    put(bench, profile, "[connection]\nuuid=0f9c2b7e-6f0c-4b51-9d52-51a1c5a6f0aa\nmetered=1");
    look_after(bench, 10 * 1000);
    expect(bench, SENSOR_METERED, 1);
    put(bench, profile, "[connection]\nuuid=0f9c2b7e-6f0c-4b51-9d52-51a1c5a6f0aa\nmetered=0\n");
    look_after(bench, 10 * 1000);
    expect_state(bench, SENSOR_METERED, READING_NONE);
    put(bench, profile, "[connection]\nuuid=another\nmetered=1\n");
    put(bench, "run/NetworkManager/devices/3", "[device]\nconnection-uuid=another\n");
    look(bench); /* another profile: not from memory */
    expect(bench, SENSOR_METERED, 1);
    put(bench, "proc/net/route", "Iface Destination\n");
    look(bench);
    expect_state(bench, SENSOR_METERED, READING_NONE);
}

static void the_route_with_the_lowest_metric_counts(void **state)
{
    struct bench *bench = *state;

    be_a(bench, "phone");
    put(bench, "proc/net/route",
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "wwan0 00000000 0100000A 0003 0 0 700 00000000 0 0 0\n"
        "wlan0 00000000 0102A8C0 0003 0 0 600 00000000 0 0 0\n");
    look(bench);
    expect_state(bench, SENSOR_METERED, READING_NONE);
    take_away(bench, "proc/net/route");
    put(bench, "proc/net/ipv6_route",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "fe800000000000000000000000000001 000002bc 00000001 00000000 00000003    wwan0\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n");
    look(bench);
    expect(bench, SENSOR_METERED, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_laptop_has_everything),
        CASE(a_phone_has_a_modem_and_no_mains),
        CASE(a_server_has_no_battery_and_no_user),
        CASE(an_empty_tree_has_no_sensors),
        CASE(a_root_that_is_not_there_is_refused),
        CASE(this_machine_can_be_read),
        CASE(several_batteries_count_by_their_size),
        CASE(charge_follows_from_counters_where_it_is_not_told),
        CASE(on_battery_is_believed_before_all_else),
        CASE(an_unused_port_does_not_deny_what_the_battery_says),
        CASE(a_charge_that_cannot_be_is_unknown),
        CASE(a_battery_that_is_plugged_in_is_seen_at_once),
        CASE(a_battery_that_vanishes_leaves_a_doubt),
        CASE(what_is_no_small_file_tells_nothing),
        CASE(what_may_not_be_read_is_unknown),
        CASE(impossible_temperatures_do_not_count),
        CASE(what_sleeps_or_is_broken_is_not_asked),
        CASE(our_own_use_is_not_foreign),
        CASE(a_rate_needs_two_looks_that_fit_together),
        CASE(keys_and_movements_are_use),
        CASE(the_sticks_of_a_game_pad_tremble),
        CASE(a_time_stamp_that_changes_is_use),
        CASE(a_keyboard_that_is_plugged_in_or_out_is_use),
        CASE(terminals_count_by_their_input),
        CASE(consoles_alone_are_no_sensor),
        CASE(the_active_profile_says_what_is_metered),
        CASE(the_route_with_the_lowest_metric_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
