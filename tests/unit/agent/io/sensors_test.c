/* Sensors, read from trees such as the kernel shows: a laptop's, a phone's, a server's
 * (tests/fixtures/sensors), and what becomes of a reading when it changes. */
#include "agent/io/sensors.h"

#include "schema/base/str.h"
#include "tests/support/sensors_bench.h"
#include "tests/support/tree.h"

#include <fcntl.h>
#include <linux/input.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* --- machines -----------------------------------------------------------------------------------
 */

static void a_laptop_has_everything(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_touch(bench, "dev/input/event0", 1000); /* the lid is not used for working */
    bench_touch(bench, "dev/input/event1", 2 * HOUR_MS);
    bench_touch(bench, "dev/input/event2", HOUR_MS);
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 82); /* and not 15: that is the mouse's */
    bench_expect(bench, SENSOR_CHARGING, 1);
    bench_expect(bench, SENSOR_TEMPERATURE, 41500); /* and not 51.85 °C: asking disks wakes them */
    bench_expect(bench, SENSOR_IDLE, HOUR_MS);
    bench_expect(bench, SENSOR_MEMORY_AVAILABLE, (int64_t)9437184 * 1024);
    bench_expect(bench, SENSOR_MEMORY_PRESSURE, 1530);
    bench_expect(bench, SENSOR_METERED, 0);
    bench_expect(bench, SENSOR_LOAD, 520);
    bench_expect_state(bench, SENSOR_FOREIGN_CPU, READING_NONE); /* time does not pass in a tree */
}

static void a_phone_has_a_modem_and_no_mains(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "phone");
    bench_touch(bench, "dev/input/event0", 1000);
    bench_touch(bench, "dev/input/event1", HOUR_MS);
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 64);
    bench_expect(bench, SENSOR_CHARGING, 0);
    bench_expect(bench, SENSOR_TEMPERATURE, 37000);
    bench_expect(bench, SENSOR_IDLE, HOUR_MS);
    bench_expect(bench, SENSOR_METERED, 1);
    bench_expect_state(bench, SENSOR_MEMORY_PRESSURE, READING_NONE);
}

static void a_server_has_no_battery_and_no_user(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_BATTERY, READING_NONE);
    bench_expect_state(bench, SENSOR_CHARGING, READING_NONE);
    bench_expect(bench, SENSOR_TEMPERATURE, 52125); /* nothing is connected where 127.5 °C stand */
    bench_expect_state(bench, SENSOR_IDLE, READING_NONE);
    bench_expect_state(bench, SENSOR_METERED, READING_NONE);
    bench_expect(bench, SENSOR_MEMORY_PRESSURE, 0);
}

static void an_empty_tree_has_no_sensors(void **state)
{
    struct bench *bench = *state;

    bench_look(bench);
    bench_look(bench);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        bench_expect_state(bench, (enum sensor)i, READING_NONE);
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
    bench_look(bench);
    bench_look(bench);
    bench_expect_state(bench, SENSOR_LOAD, READING_KNOWN);
    bench_expect_state(bench, SENSOR_MEMORY_AVAILABLE, READING_KNOWN);
    assert_true(bench->readings.of[SENSOR_MEMORY_AVAILABLE].value > 1 << 20);
}

/* --- power --------------------------------------------------------------------------------------
 */

static void several_batteries_count_by_their_size(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop"); /* 82 % of 50 Wh */
    bench_put(bench, "sys/class/power_supply/BAT1/type", "Battery\n");
    bench_put(bench, "sys/class/power_supply/BAT1/capacity", "10\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 46); /* one size is not known: the mean */
    bench_put(bench, "sys/class/power_supply/BAT1/energy_full", "25000000\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 58);
    bench_put(bench, "sys/class/power_supply/BAT1/capacity", "full\n");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_BATTERY, "BAT1/capacity");
    bench_put(bench, "sys/class/power_supply/BAT1/present", "0\n"); /* an empty bay */
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 82);
}

static void charge_follows_from_counters_where_it_is_not_told(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_remove(bench, BATTERY "capacity");
    bench_put(bench, BATTERY "energy_now", "20000000\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 40);
    bench_put(bench, BATTERY "energy_full", "0\n");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity");
    bench_remove(bench, BATTERY "energy_now");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity: No such file");
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

    bench_become(bench, "laptop");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bench_put(bench, BATTERY "status", rows[i].status);
        bench_remove(bench, MAINS "online");
        if (rows[i].mains != NULL) {
            bench_put(bench, MAINS "online", rows[i].mains);
        }
        bench_look(bench);
        if (rows[i].charging < 0) {
            bench_expect_state(bench, SENSOR_CHARGING, READING_UNKNOWN);
        } else {
            bench_expect(bench, SENSOR_CHARGING, rows[i].charging);
        }
    }
}

static void an_unused_port_does_not_deny_what_the_battery_says(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "phone"); /* its usb is offline */
    bench_put(bench, "sys/class/power_supply/battery/status", "Charging\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_CHARGING, 1);
    bench_put(bench, "sys/class/power_supply/battery/status", "Unknown\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_CHARGING, 0);
}

static void a_charge_that_cannot_be_is_unknown(void **state)
{
    static const char *const values[] = {
        "-1\n", "111\n", "", "\n", "8x\n", "82 \n", "99999999999999999999\n"};
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        bench_put(bench, BATTERY "capacity", values[i]);
        bench_look(bench);
        bench_expect_unknown(bench, SENSOR_BATTERY, "BAT0/capacity");
        bench_expect(bench, SENSOR_CHARGING, 1);
    }
    bench_put(bench, BATTERY "capacity", "103\n"); /* worn ones do say so */
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 100);
}

static void a_battery_that_is_plugged_in_is_seen_at_once(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_BATTERY, READING_NONE);
    bench_put(bench, "sys/class/power_supply/ups0/type", "UPS\n");
    bench_put(bench, "sys/class/power_supply/ups0/capacity", "97\n");
    bench_put(bench, "sys/class/power_supply/ups0/status", "Discharging\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_BATTERY, 97);
    bench_expect(bench, SENSOR_CHARGING, 0);
}

static void a_battery_that_vanishes_leaves_a_doubt(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_put(bench, MAINS "online", "0\n");
    bench_look(bench);
    bench_remove(bench, "sys/class/power_supply/BAT0");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_BATTERY, "not there any more");
    bench_expect_state(bench, SENSOR_CHARGING, READING_UNKNOWN);
    bench_put(bench, MAINS "online", "1\n"); /* it was taken out */
    bench_look(bench);
    bench_expect_state(bench, SENSOR_BATTERY, READING_NONE);
    bench_remove(bench, "sys/class/power_supply");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_BATTERY, READING_UNKNOWN);
}

/* --- heat ---------------------------------------------------------------------------------------
 */

static void impossible_temperatures_do_not_count(void **state)
{
    static const char *const values[] = {"-273000\n", "2147483647\n", "150001\n", "hot\n", ""};
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_remove(bench, "sys/class/hwmon");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        bench_put(bench, ZONE "temp", values[i]);
        bench_put(bench, "sys/class/thermal/thermal_zone0/temp", "38000\n");
        bench_look(bench);
        bench_expect(bench, SENSOR_TEMPERATURE, 38000);
        bench_put(bench, "sys/class/thermal/thermal_zone0/temp", values[i]);
        bench_look(bench);
        bench_expect_unknown(bench, SENSOR_TEMPERATURE, "temp");
    }
    bench_put(bench, ZONE "temp", "150000\n");
    bench_put(bench, "sys/class/thermal/thermal_zone0/temp", "38000\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 150000);
    bench_remove(bench, "sys/class/thermal");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_TEMPERATURE, "not there any more");
}

static void a_sensor_that_fails_may_be_the_hottest(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_put(bench, "sys/class/hwmon/hwmon2/name", "amdgpu\n");
    bench_put(bench, "sys/class/hwmon/hwmon2/temp1_input", "81000\n");
    bench_put(bench, "sys/class/hwmon/hwmon2/temp2_input", "hot\n"); /* it never could be read */
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 81000);
    bench_put(bench, "sys/class/hwmon/hwmon2/temp1_input", "-273000\n");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_TEMPERATURE, "amdgpu/temp1_input");
    bench_put(bench, "sys/class/hwmon/hwmon2/temp1_input", "40000\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 52125);
    bench_remove(bench, "sys/class/hwmon/hwmon2"); /* unplugged */
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 52125);
}

static void what_sleeps_or_is_broken_is_not_asked(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_put(bench, "sys/class/hwmon/hwmon2/name", "amdgpu\n");
    bench_put(bench, "sys/class/hwmon/hwmon2/temp1_input", "81000\n");
    bench_put(bench, "sys/class/hwmon/hwmon2/device/power/runtime_status", "active\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 81000);
    bench_put(bench, "sys/class/hwmon/hwmon2/device/power/runtime_status", "suspended\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 52125);
    bench_put(bench, "sys/class/hwmon/hwmon0/temp3_input", "90000\n");
    bench_put(bench, "sys/class/hwmon/hwmon0/temp3_fault", "1\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_TEMPERATURE, 52125);
}

/* --- processors ---------------------------------------------------------------------------------
 */

/* All processors did so much since boot, in hundredths of a second (as the kernel counts). */
static void put_times(struct bench *bench, int64_t busy, int64_t idle)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "cpu  %lld 0 0 %lld 0 0 0 500 0 0\ncpu0 1 2 3\n",
                   (long long)busy, (long long)idle);
    bench_put(bench, "proc/stat", text);
}

static void our_own_use_is_not_foreign(void **state)
{
    struct bench *bench = *state;

    put_times(bench, 1000, 1000);
    bench->own_ms = 77000;
    bench_look(bench);
    bench_expect_state(bench, SENSOR_FOREIGN_CPU, READING_UNKNOWN);
    put_times(bench, 1100, 1100); /* one of two processors was busy for a second */
    bench->own_ms += 400;
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 3 * 1000); /* 30 % of one second in ten */
    put_times(bench, 1200, 1200);
    bench->own_ms += 1600; /* it is told late: of two seconds together, not of the last one */
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 0);
    for (int i = 1; i <= 9; i++) {
        put_times(bench, 1200 + 200 * i, 1200);
        bench_look(bench);
    }
    bench_expect(bench, SENSOR_FOREIGN_CPU, (10 * 200 - 100 - 160) * 100 * 1000 / 2000);
}

static void what_is_adopted_or_forgotten_is_no_use_of_now(void **state)
{
    struct bench *bench = *state;

    put_times(bench, 1000, 1000);
    bench_look(bench);
    put_times(bench, 1010, 1190);
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 500);
    bench->own_ms = 50000; /* more than there was: work of an agent before us */
    put_times(bench, 1110, 1290);
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 0);
    bench->own_ms += 400; /* of 1000 in which others used 600 */
    put_times(bench, 1210, 1390);
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 3 * 1000);
    bench->own_ms = 0; /* forgotten: taken to have used another 400 */
    put_times(bench, 1310, 1490);
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 6 * 1000);
    put_times(bench, 1410, 1590); /* and 0 after that */
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, (3000 - 800) * 100 * 1000 / 20000);
}

static void where_nothing_of_ours_runs_a_second_is_enough(void **state)
{
    struct bench *bench = *state;

    bench->own_ms = SENSORS_NO_WORK;
    put_times(bench, 1000, 1000);
    bench_look(bench);
    put_times(bench, 1100, 1100);
    bench_look(bench);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 50 * 1000);
}

static void a_rate_needs_two_looks_however_far_apart(void **state)
{
    struct bench *bench = *state;

    put_times(bench, 1000, 1000);
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_FOREIGN_CPU, "two looks");
    put_times(bench, 1020, 1380);
    bench_look_after(bench, 30 * 1000);
    bench_expect(bench, SENSOR_FOREIGN_CPU, 5 * 1000);
    put_times(bench, 1070, 1430);
    bench_look_after(bench, HOUR_MS); /* it slept, all but a second */
    bench_expect(bench, SENSOR_FOREIGN_CPU, 50 * 1000);
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_FOREIGN_CPU, "two looks"); /* the counters stand still */
    put_times(bench, 10, 10);
    bench_look(bench);
    bench_expect_state(bench, SENSOR_FOREIGN_CPU, READING_UNKNOWN); /* or went back */
    bench_put(bench, "proc/stat", "cpu  1 2 3\n");
    bench_look(bench);
    bench_expect_unknown(bench, SENSOR_FOREIGN_CPU, "proc/stat");
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

    bench_become(bench, "laptop");
    bench_put_pipe(bench, "dev/input/event1");
    bench_touch(bench, "dev/input/event2", HOUR_MS);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0); /* nobody watched it before */
    bench_look_after(bench, 90 * 1000);
    bench_expect(bench, SENSOR_IDLE, 90 * 1000);
    send_event(bench, "dev/input/event1", EV_KEY);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look_after(bench, 5000);
    bench_expect(bench, SENSOR_IDLE, 5000);
    send_event(bench, "dev/input/event1", EV_LED); /* the machine blinks by itself */
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 6000);
    send_event(bench, "dev/input/event1", EV_ABS);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
}

static void the_sticks_of_a_game_pad_tremble(void **state)
{
    struct bench *bench = *state;

    bench_put(bench, "sys/class/input/event7/device/capabilities/key",
              "7cdb000000000000 0 0 0 0\n");
    bench_put_pipe(bench, "dev/input/event7");
    bench_look(bench);
    bench_look_after(bench, 5000);
    send_event(bench, "dev/input/event7", EV_ABS);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 6000);
    send_event(bench, "dev/input/event7", EV_KEY);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
}

static void a_time_stamp_that_changes_is_use(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_touch(bench, "dev/input/event1", 2 * HOUR_MS);
    bench_touch(bench, "dev/input/event2", HOUR_MS);
    bench_look(bench);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, HOUR_MS + 1000);
    bench_touch(bench, "dev/input/event1", 24 * HOUR_MS); /* the clock was put back meanwhile */
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 1000);
}

static void a_keyboard_that_is_plugged_in_or_out_is_use(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_IDLE, READING_NONE);
    bench_put(bench, "dev/input/event5", "");
    bench_look_after(bench, 11000); /* devices are looked for every ten seconds */
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look_after(bench, 11000);
    bench_expect(bench, SENSOR_IDLE, 11000);
    bench_remove(bench, "dev/input/event5");
    bench_look_after(bench, 11000);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look_after(bench, 60 * 1000); /* it keeps in mind when somebody was there */
    bench_expect(bench, SENSOR_IDLE, 60 * 1000);
}

/* As in a container, or a service that has a /dev of its own. */
static void a_keyboard_without_a_node_makes_blind(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_remove(bench, "dev/input");
    bench_put(bench, "dev/pts/0", "");
    bench_touch(bench, "dev/pts/0", 20 * 1000);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 20 * 1000); /* somebody was there just now */
    bench_look_after(bench, 11 * 1000);
    bench_expect_unknown(bench, SENSOR_IDLE, "2 of 2 input devices");
    bench_put_pipe(bench, "dev/input/event1");
    bench_put(bench, "dev/input/event2", "");
    bench_touch(bench, "dev/input/event2", 0);
    bench_look_after(bench, 11 * 1000);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look_after(bench, 60 * 1000);
    bench_expect(bench, SENSOR_IDLE, 60 * 1000);
}

static void terminals_count_by_their_input(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_put(bench, "dev/pts/0", "");
    bench_touch(bench, "dev/pts/0", 40 * 1000);
    bench_put(bench, "dev/pts/ptmx", "");
    bench_put(bench, "dev/ttyS0", ""); /* a serial line, with a machine at its end */
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 40 * 1000);
    bench_put(bench, "dev/pts/ptmx", "");
    bench_put(bench, "dev/ttyS0", "");
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 41 * 1000);
    bench_touch(bench, "dev/pts/0", 0);
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_remove(bench, "dev/pts/0"); /* logged out */
    bench_look_after(bench, 5000);
    bench_expect(bench, SENSOR_IDLE, 0);
    bench_look_after(bench, 5000);
    bench_expect(bench, SENSOR_IDLE, 5000);
}

static void consoles_alone_are_no_sensor(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "server");
    bench_put(bench, "dev/tty1", "");
    bench_touch(bench, "dev/tty1", HOUR_MS);
    bench_look(bench);
    bench_expect_state(bench, SENSOR_IDLE, READING_NONE);
    bench_touch(bench, "dev/tty1", 0); /* somebody has come with a keyboard */
    bench_look(bench);
    bench_expect(bench, SENSOR_IDLE, 0);
}

/* --- the connection -----------------------------------------------------------------------------
 */

static void the_active_profile_says_what_is_metered(void **state)
{
    static const char profile[] = "etc/NetworkManager/system-connections/home.nmconnection";
    struct bench *bench = *state;

    bench_become(bench, "laptop");
    bench_look(bench);
    bench_expect(bench, SENSOR_METERED, 0);
    bench_put(bench, profile, "[connection]\nuuid=0f9c2b7e-6f0c-4b51-9d52-51a1c5a6f0aa\nmetered=1");
    bench_look_after(bench, 10 * 1000);
    bench_expect(bench, SENSOR_METERED, 1);
    bench_put(bench, profile,
              "[connection]\nuuid=0f9c2b7e-6f0c-4b51-9d52-51a1c5a6f0aa\nmetered=0\n");
    bench_look_after(bench, 10 * 1000);
    bench_expect_state(bench, SENSOR_METERED, READING_NONE);
    bench_put(bench, profile, "[connection]\nuuid=another\nmetered=1\n");
    bench_put(bench, "run/NetworkManager/devices/3", "[device]\nconnection-uuid=another\n");
    bench_look(bench); /* another profile: not from memory */
    bench_expect(bench, SENSOR_METERED, 1);
    bench_put(bench, "proc/net/route", "Iface Destination\n");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_METERED, READING_NONE);
}

static void the_route_with_the_lowest_metric_counts(void **state)
{
    struct bench *bench = *state;

    bench_become(bench, "phone");
    bench_put(bench, "proc/net/route",
              "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
              "wlan0 00000000 0102A8C0 0003 0 0 600 00000000 0 0 0\n"
              "wwan0 00000000 0100000A 0003 0 0 700 00000000 0 0 0\n");
    bench_look(bench);
    bench_expect_state(bench, SENSOR_METERED, READING_NONE);
    bench_remove(bench, "proc/net/route");
    bench_put(bench, "proc/net/ipv6_route",
              "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
              "fe800000000000000000000000000001 000002bc 00000001 00000000 00000003    wwan0\n"
              "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
              "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n");
    bench_look(bench);
    bench_expect(bench, SENSOR_METERED, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

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
        CASE(impossible_temperatures_do_not_count),
        CASE(a_sensor_that_fails_may_be_the_hottest),
        CASE(what_sleeps_or_is_broken_is_not_asked),
        CASE(our_own_use_is_not_foreign),
        CASE(what_is_adopted_or_forgotten_is_no_use_of_now),
        CASE(where_nothing_of_ours_runs_a_second_is_enough),
        CASE(a_rate_needs_two_looks_however_far_apart),
        CASE(keys_and_movements_are_use),
        CASE(the_sticks_of_a_game_pad_tremble),
        CASE(a_time_stamp_that_changes_is_use),
        CASE(a_keyboard_that_is_plugged_in_or_out_is_use),
        CASE(a_keyboard_without_a_node_makes_blind),
        CASE(terminals_count_by_their_input),
        CASE(consoles_alone_are_no_sensor),
        CASE(the_active_profile_says_what_is_metered),
        CASE(the_route_with_the_lowest_metric_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
