/* Windows, changes of the clock, machines that slept, and readings that grow old. */
#include "schema/base/rand.h"
#include "schema/policy.h"
#include "schema/policy_parts.h"

#include "tests/support/bound.h"
#include "tests/support/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60, WEEK_MINUTES = 7 * DAY_MINUTES };

#define WINDOWS(text) POLICY "  windows: [" text "]\n"
#define FINE          "battery=90 charging=1 temperature=35 idle=1h foreignCpu=2 metered=0"
#define NIGHTS        "{days: [mon, tue, wed, thu, fri], from: \"22:00\", to: \"07:00\"}"

static struct wall moment(const char *text)
{
    struct wall wall;

    assert_true(wall_from_str(text, &wall));
    return wall;
}

/* --- windows ---------------------------------------------------------------------------------- */

static void a_window_is_open_from_its_first_minute_until_its_last(void **state)
{
    static const struct {
        const char *windows, *local;
        bool is_open;
    } rows[] = {
        {"{from: \"09:00\", to: \"17:00\"}", "2026-11-20T08:59:59Z", false},
        {"{from: \"09:00\", to: \"17:00\"}", "2026-11-20T09:00:00Z", true},
        {"{from: \"09:00\", to: \"17:00\"}", "2026-11-20T16:59:59.999Z", true},
        {"{from: \"09:00\", to: \"17:00\"}", "2026-11-20T17:00:00Z", false},
        /* The whole of a day, and until midnight in either way of saying it. */
        {"{days: [fri], from: \"00:00\", to: \"24:00\"}", "2026-11-19T23:59:59Z", false},
        {"{days: [fri], from: \"00:00\", to: \"24:00\"}", "2026-11-20T00:00:00Z", true},
        {"{days: [fri], from: \"00:00\", to: \"24:00\"}", "2026-11-20T23:59:59Z", true},
        {"{days: [fri], from: \"00:00\", to: \"24:00\"}", "2026-11-21T00:00:00Z", false},
        {"{days: [fri], from: \"22:00\", to: \"24:00\"}", "2026-11-20T23:59:59Z", true},
        {"{days: [fri], from: \"22:00\", to: \"00:00\"}", "2026-11-20T23:59:59Z", true},
        {"{days: [fri], from: \"22:00\", to: \"00:00\"}", "2026-11-21T00:00:00Z", false},
        /* The day is the one on which it opens: Friday's night ends on Saturday. */
        {NIGHTS, "2026-11-20T21:59:59Z", false},
        {NIGHTS, "2026-11-20T22:00:00Z", true},
        {NIGHTS, "2026-11-21T06:59:59Z", true},
        {NIGHTS, "2026-11-21T07:00:00Z", false},
        {NIGHTS, "2026-11-21T22:00:00Z", false},
        {NIGHTS, "2026-11-23T06:59:59Z", false}, /* Monday morning belongs to Sunday */
        {NIGHTS, "2026-11-23T22:00:00Z", true},
        /* Over the ends of months and years, and before 1970. */
        {"{days: [thu], from: \"23:00\", to: \"01:00\"}", "2027-01-01T00:30:00Z", true},
        {"{days: [fri], from: \"23:00\", to: \"01:00\"}", "2027-01-01T00:30:00Z", false},
        {"{days: [thu], from: \"00:00\", to: \"24:00\"}", "1970-01-01T00:00:00Z", true},
        {"{days: [wed], from: \"22:00\", to: \"01:00\"}", "1969-12-31T23:59:59Z", true},
        {"{days: [tue], from: \"22:00\", to: \"01:00\"}", "1969-12-31T00:59:59Z", true},
        /* Any of several. */
        {"{from: \"01:00\", to: \"02:00\"}, {from: \"03:00\", to: \"04:00\"}",
         "2026-11-20T03:30:00Z", true},
        {"{from: \"01:00\", to: \"02:00\"}, {from: \"03:00\", to: \"04:00\"}",
         "2026-11-20T02:30:00Z", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        trace_begin(arena_printf(&bound.arena, WINDOWS("%s"), rows[i].windows), "");
        if (policy_window_is_open(trace.input.spec, moment(rows[i].local)) != rows[i].is_open) {
            fail_msg("%s at %s", rows[i].windows, rows[i].local);
        }
    }
    trace_begin(POLICY "  windows: []\n", "");
    assert_true(policy_window_is_open(trace.input.spec, moment("2026-11-20T03:30:00Z")));
}

/* Another way to the same answer: the minutes of a week, painted. */
static void paint(const struct harvest_policy_spec *spec, bool *week)
{
    memset(week, 0, WEEK_MINUTES);
    for (size_t i = 0; i < spec->windows.count; i++) {
        const struct policy_window *window = &spec->windows.items[i];
        int from = ((window->from[0] - '0') * 10 + window->from[1] - '0') * 60 +
                   (window->from[3] - '0') * 10 + window->from[4] - '0';
        int to = ((window->to[0] - '0') * 10 + window->to[1] - '0') * 60 +
                 (window->to[3] - '0') * 10 + window->to[4] - '0';

        for (int day = 0; day < 7; day++) {
            bool is_listed = window->days.count == 0;

            for (size_t k = 0; k < window->days.count; k++) {
                is_listed = is_listed || window->days.items[k] == day;
            }
            for (int m = from; is_listed && m < (to > from ? to : to + DAY_MINUTES); m++) {
                week[(day * DAY_MINUTES + m) % WEEK_MINUTES] = true;
            }
        }
    }
}

static const char *random_windows(struct rand *rand)
{
    static const char *const days[] = {"", "days: [mon], ", "days: [sun, mon], ", "days: [sat], ",
                                       "days: [tue, thu, fri], "};
    const char *text = "";

    for (int64_t i = rand_between(rand, 1, 4); i > 0; i--) {
        unsigned from = (unsigned)rand_below(rand, DAY_MINUTES);
        unsigned to = (unsigned)rand_below(rand, DAY_MINUTES + 1);

        to = to == from ? from + 1 : to;
        text = arena_printf(&bound.arena, "%s%s{%sfrom: \"%02u:%02u\", to: \"%02u:%02u\"}", text,
                            *text == '\0' ? "" : ", ", days[rand_below(rand, COUNT_OF(days))],
                            from / 60, from % 60, to / 60, to % 60);
    }
    return text;
}

static void windows_are_as_painted_on_a_week(void **state)
{
    static bool week[WEEK_MINUTES];
    struct wall monday = moment("2026-11-16T00:00:00Z");
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 12);
    for (int round = 0; round < 30; round++) {
        trace_begin(arena_printf(&bound.arena, WINDOWS("%s"), random_windows(&rand)), "");
        paint(trace.input.spec, week);
        for (int m = 0; m < WEEK_MINUTES; m++) {
            struct wall local = {monday.ms + (int64_t)m * MINUTE_MS +
                                 (int64_t)rand_below(&rand, MINUTE_MS)};

            assert_int_equal(policy_window_is_open(trace.input.spec, local), week[m]);
            if (!week[m] && rand_chance(&rand, 20)) {
                int next = m;

                while (!week[next % WEEK_MINUTES]) {
                    next++;
                }
                assert_int_equal(policy_window_next(trace.input.spec, local).ms,
                                 monday.ms + (int64_t)next * MINUTE_MS);
            }
        }
    }
}

/* --- changes of the clock --------------------------------------------------------------------- */

/* Central Europe: an hour ahead of UTC, two in summer, which began and ends at 01:00 UTC. */
static struct wall berlin(struct wall utc)
{
    bool is_summer =
        utc.ms >= moment("2026-03-29T01:00:00Z").ms && utc.ms < moment("2026-10-25T01:00:00Z").ms;

    return (struct wall){utc.ms + (is_summer ? 120 : 60) * MINUTE_MS};
}

/* Minutes for which it is open there within the 24 hours from noon UTC of a day on. */
static int open_minutes(const char *windows, const char *noon)
{
    int count = 0;

    trace_begin(arena_printf(&bound.arena, WINDOWS("%s"), windows), "");
    for (int m = 0; m < DAY_MINUTES; m++) {
        struct wall utc = {moment(noon).ms + (int64_t)m * MINUTE_MS};

        count += policy_window_is_open(trace.input.spec, berlin(utc));
    }
    return count;
}

#define BEFORE_SPRING "2026-03-28T12:00:00Z"
#define BEFORE_AUTUMN "2026-10-24T12:00:00Z"
#define ANY_DAY       "2026-06-10T12:00:00Z"

static void an_hour_that_does_not_come_opens_nothing(void **state)
{
    (void)state;
    assert_int_equal(open_minutes("{from: \"02:15\", to: \"02:45\"}", ANY_DAY), 30);
    assert_int_equal(open_minutes("{from: \"02:15\", to: \"02:45\"}", BEFORE_SPRING), 0);
    assert_int_equal(open_minutes("{from: \"01:30\", to: \"03:30\"}", BEFORE_SPRING), 60);
    assert_int_equal(open_minutes("{from: \"22:00\", to: \"07:00\"}", BEFORE_SPRING), 8 * 60);
    /* A window that begins within the gap is open from its end on. */
    assert_int_equal(open_minutes("{from: \"02:30\", to: \"04:00\"}", BEFORE_SPRING), 60);
}

static void an_hour_that_comes_twice_is_open_twice(void **state)
{
    (void)state;
    assert_int_equal(open_minutes("{from: \"02:15\", to: \"02:45\"}", BEFORE_AUTUMN), 60);
    assert_int_equal(open_minutes("{from: \"01:30\", to: \"03:30\"}", BEFORE_AUTUMN), 180);
    assert_int_equal(open_minutes("{from: \"22:00\", to: \"07:00\"}", BEFORE_AUTUMN), 10 * 60);
    assert_int_equal(open_minutes("{from: \"02:30\", to: \"04:00\"}", BEFORE_AUTUMN), 120);
}

/* Dwells and rests count boot time, which does not know of clocks on walls. */
static void a_clock_that_is_set_moves_windows_and_no_dwell(void **state)
{
    (void)state;
    trace_begin(WINDOWS("{from: \"22:00\", to: \"07:00\"}"), FINE " local=2026-10-25T02:30:00Z");
    trace_at("0s", "temperature=60", "Suspend Overheated");
    trace_at("10s", "temperature=40", "Suspend HeatWait");
    trace_at("60s", "local=2036-10-25T03:00:00Z", "Suspend HeatWait");
    trace_at("120s", "local=2026-10-25T02:00:00Z", "Suspend HeatWait");
    trace_at("309s", "", "Suspend HeatWait");
    trace_at("310s", "", "Run");
    trace_at("311s", "local=2026-10-25T12:00:00Z", "Suspend OutsideWindow");
}

/* --- sleep ------------------------------------------------------------------------------------ */

static void what_was_read_before_the_machine_slept_is_old(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: suspend\n", FINE);
    trace_at("0s", "", "Run");
    trace_slept("8h", "", "Suspend StaleSensor");
    trace_says("temperature was last read 8h ago, more than 30s; goes on when it is read");
    trace_at("8h1s", "", "Suspend StaleSensor");
    trace_at("8h11s", "", "Run");
    trace_begin(POLICY "  unknown: suspend\n", FINE);
    trace_at("0s", "", "Run");
    trace_slept("30s", "", "Run");
    trace_slept("31s", "", "Suspend StaleSensor");
}

static void sleep_counts_for_dwells(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxSuspend: 7d}\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("1s", "temperature=60", "Suspend Overheated");
    trace_at("10s", "temperature=40", "Suspend HeatWait");
    trace_slept("1h", FINE, "Run");
    /* Unless it woke with old readings, which say nothing of how cool it was. */
    trace_at("2h", "temperature=60", "Suspend Overheated");
    trace_at("2h10s", "temperature=40", "Suspend HeatWait");
    trace_slept("3h", "", "Suspend StaleSensor");
    trace_at("3h1s", "", "Suspend HeatWait");
    trace_at("3h5m1s", "", "Run");
}

static void sleep_counts_for_what_was_held(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: ignore\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("1s", "idle=0s", "Suspend UserActive");
    trace_slept("1h", "idle=0s", "Evict UserActive");
}

static void a_night_of_sleep_is_no_night_of_work(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxDuration: 1h, staleSensor: 30s}\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("30m", "", "Run");
    trace_slept("9h30m", FINE, "Run");
    assert_int_equal(trace.state.ran_ms, (30 * 60 + 30) * 1000);
    trace_at("9h59m29s", "", "Run");
    trace_at("9h59m30s", "", "Evict MaxDuration");
}

/* --- readings that tell nothing --------------------------------------------------------------- */

static void what_is_not_known_has_the_place_of_its_sensor(void **state)
{
    static const struct {
        const char *words;
        enum sensor sensor;
    } rows[] = {
        {"temperature=?", SENSOR_TEMPERATURE},
        {"charging=?", SENSOR_CHARGING},
        {"battery=?", SENSOR_BATTERY},
        {"idle=?", SENSOR_IDLE},
        {"foreignCpu=?", SENSOR_FOREIGN_CPU},
        {"memoryPressure=?", SENSOR_MEMORY_PRESSURE},
        {"memoryAvailable=?", SENSOR_MEMORY_AVAILABLE},
        {"metered=?", SENSOR_METERED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        trace_begin(POLICY "  unknown: suspend\n", FINE);
        trace_at("0s", rows[i].words, "Suspend StaleSensor");
        assert_int_equal(trace.verdict.sensor, rows[i].sensor);
        assert_int_equal(trace.verdict.reading.state, READING_UNKNOWN);
        /* All that come later are unknown as well: the first is told. */
        for (size_t k = i; k < COUNT_OF(rows); k++) {
            trace.readings.of[rows[k].sensor].state = READING_UNKNOWN;
        }
        trace_at("1s", "", "Suspend StaleSensor");
        assert_int_equal(trace.verdict.sensor, rows[i].sensor);
        trace_policy(POLICY "  unknown: ignore\n");
        trace_at("2s", "", "Run");
    }
    trace_begin(POLICY "  unknown: suspend\n", FINE);
    trace_at("0s", "load=?", "Run"); /* which no rule asks for */
}

/* Work that ran does not flutter with a sensor that fails now and then; work that waits may start.
 */
static void a_sensor_that_failed_is_watched_for_a_while(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: suspend\n", FINE);
    trace_at("0s", "idle=? metered=?", "Suspend StaleSensor");
    trace_at("1s", "idle=1h metered=0", "Run");
    trace_at("2s", "metered=?", "Suspend StaleSensor");
    trace_at("3s", "metered=0", "Suspend StaleSensor");
    trace_says("metered told nothing until 0s ago; goes on after 10s");
    assert_int_equal(trace.verdict.sensor, SENSOR_METERED);
    trace_at("12s", "", "Suspend StaleSensor");
    trace_at("13s", "", "Run");
    for (int64_t i = 0; i < 50; i++) {
        const char *at = arena_printf(&bound.arena, "%dms", (int)(14000 + i * 2000));
        const char *again = arena_printf(&bound.arena, "%dms", (int)(15000 + i * 2000));

        trace_at(at, "battery=?", "Suspend StaleSensor");
        trace_at(again, "battery=90", "Suspend StaleSensor");
    }
    assert_int_equal(trace.changes, 5);
    trace_at("2m", "foreignCpu=80", "Suspend ForeignCpu");
}

static void a_reading_from_the_future_tells_nothing(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: suspend\n", FINE);
    trace.readings.of[SENSOR_BATTERY].at.ms += 3600 * 1000;
    trace_slept("1s", "", "Suspend StaleSensor");
    trace_says("battery tells nothing, so nobody knows; goes on when it does");
}

static void rules_that_are_off_ask_for_nothing(void **state)
{
    (void)state;
    trace_begin(POLICY "  battery: {minPercent: 0, requireCharging: false}\n"
                       "  user: {startAfterIdle: 0s, continueAfterIdle: 0s}\n"
                       "  foreignCpu: {suspendPercent: 100}\n"
                       "  memory: {evictPercent: 100, minAvailable: 0}\n"
                       "  network: {metered: true}\n",
                "battery=? charging=? idle=? foreignCpu=? memoryPressure=? memoryAvailable=? "
                "metered=?");
    trace_at("0s", "", "Run");
    trace_at("1s",
             "battery=0 charging=0 idle=0s foreignCpu=100 memoryPressure=100 "
             "memoryAvailable=0 metered=1",
             "Run");
}

static void the_unknown_is_ignored_for_what_runs_and_not_for_what_was_held(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: ignore\n", FINE);
    trace_at("0s", "temperature=?", "Run");
    trace_at("10s", "temperature=60", "Suspend Overheated");
    trace_at("20s", "temperature=?", "Suspend HeatWait");
    trace_says("was hot, and its sensor tells nothing for 0s; goes on after 5m of that");
    trace_at("319s", "", "Suspend HeatWait");
    trace_at("320s", "", "Run");
    /* A rule without a dwell waits for as long as a reading may be old. */
    trace_at("330s", "battery=10", "Suspend BatteryLow");
    trace_at("340s", "battery=?", "Suspend BatteryLow");
    trace_says("the battery was low, and tells nothing now; goes on at 60 %");
    trace_at("369s", "", "Suspend BatteryLow");
    trace_at("370s", "", "Run");
    trace_at("380s", "foreignCpu=80", "Suspend ForeignCpu");
    trace_at("390s", "foreignCpu=?", "Suspend ForeignCpu");
    trace_at("420s", "", "Run");
    trace_at("430s", "memoryPressure=80", "Evict MemoryPressure");
    trace_at("440s", "memoryPressure=? memoryAvailable=?", "Evict MemoryPressure");
    trace_at("740s", "", "Run");
    trace_begin(POLICY "  memory: {dwell: 0s}\n  unknown: ignore\n", "memoryAvailable=1Gi");
    trace_at("0s", "", "Run");
    trace_at("1s", "memoryAvailable=1Mi", "Evict MemoryPressure");
    trace_at("2s", "memoryAvailable=?", "Evict MemoryPressure");
    trace_at("31s", "", "Evict MemoryPressure");
    trace_at("32s", "", "Run");
}

/* For as long as nobody knows, nothing has been good. */
static void the_unknown_is_no_part_of_a_dwell(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxSuspend: 7d}\n", FINE " memoryPressure=0");
    trace_at("0s", "", "Run");
    trace_at("1s", "temperature=60 foreignCpu=80 memoryPressure=80", "Evict MemoryPressure");
    trace_at("10s", "temperature=? foreignCpu=? memoryPressure=?", "Evict StaleSensor");
    trace_at("1h", "temperature=30 foreignCpu=0 memoryPressure=0", "Evict HeatWait");
    trace_at("1h4m59s", "", "Evict HeatWait");
    trace_at("1h5m", "", "Run");
    trace_at("2h", "foreignCpu=80", "Suspend ForeignCpu");
    trace_at("2h1s", "foreignCpu=?", "Suspend StaleSensor");
    trace_at("2h1m", "foreignCpu=0", "Suspend ForeignCpu");
    trace_at("2h1m20s", "", "Run");
    trace_at("3h", "memoryPressure=80", "Evict MemoryPressure");
    trace_at("3h1s", "memoryPressure=?", "Evict StaleSensor");
    trace_at("4h", "memoryPressure=0", "Evict MemoryPressure");
    trace_at("4h5m", "", "Run");
}

static void a_slowed_machine_that_tells_nothing_is_slowed_most(void **state)
{
    (void)state;
    trace_begin(POLICY "  unknown: ignore\n", FINE);
    trace_at("0s", "temperature=46", "Throttle 46 Overheated");
    trace_at("10s", "temperature=?", "Throttle 12 Overheated");
    trace_at("310s", "", "Run");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_window_is_open_from_its_first_minute_until_its_last),
        TEST(windows_are_as_painted_on_a_week),
        TEST(an_hour_that_does_not_come_opens_nothing),
        TEST(an_hour_that_comes_twice_is_open_twice),
        TEST(a_clock_that_is_set_moves_windows_and_no_dwell),
        TEST(what_was_read_before_the_machine_slept_is_old),
        TEST(sleep_counts_for_dwells),
        TEST(sleep_counts_for_what_was_held),
        TEST(a_night_of_sleep_is_no_night_of_work),
        TEST(what_is_not_known_has_the_place_of_its_sensor),
        TEST(a_sensor_that_failed_is_watched_for_a_while),
        TEST(a_reading_from_the_future_tells_nothing),
        TEST(rules_that_are_off_ask_for_nothing),
        TEST(the_unknown_is_ignored_for_what_runs_and_not_for_what_was_held),
        TEST(the_unknown_is_no_part_of_a_dwell),
        TEST(a_slowed_machine_that_tells_nothing_is_slowed_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
