/* What BOINC and HTCondor document of their own behaviour, row by row, by policies of ours that say
 * the same.  Where ours differs on purpose, the row says how; why: docs/decisions/0012-policies.md.
 */
#include "schema/policy.h"

#include "tests/support/bound.h"
#include "tests/support/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- BOINC ------------------------------------------------------------------------------------ */

/* Its defaults, as far as they can be said in whole degrees: above 40 °C is from 41 °C on. */
#define BOINC(battery, user, session, windows)                                                     \
    POLICY "  battery: {minPercent: 90, resumePercent: 90, requireCharging: " battery "}\n"        \
           "  thermal: {throttleCelsius: 41, suspendCelsius: 41, evictCelsius: 150,"               \
           " resumeCelsius: 40, dwell: 300s}\n"                                                    \
           "  user: {startAfterIdle: " user ", continueAfterIdle: " user "}\n"                     \
           "  foreignCpu: {suspendPercent: 25, dwell: 20s}\n"                                      \
           "  memory: {evictPercent: 100, minAvailable: 0}\n"                                      \
           "  limits: {cpuPercent: 100}\n"                                                         \
           "  network: {metered: true}\n"                                                          \
           "  session: {maxDuration: 7d, maxSuspend: 7d, staleSensor: 30s" session "}\n" windows
#define BOINC_DEFAULTS BOINC("true", "0s", "", "")
#define PHONE          "battery=100 charging=1 temperature=30 idle=1h foreignCpu=0"

static void boinc_suspends_below_the_charge_it_was_told(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "battery=90", "Run");
    trace_at("10s", "battery=89", "Suspend BatteryLow");
    trace_at("20s", "battery=50", "Suspend BatteryLow");
    /* There it goes on 300 s later; here at a charge that can be told apart. */
    trace_at("30s", "battery=90", "Run");
}

static void boinc_does_not_run_on_batteries(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "charging=0", "Suspend OnBattery");
    trace_at("10s", "charging=1", "Run");
    trace_begin(BOINC("false", "0s", "", ""), PHONE);
    trace_at("0s", "charging=0", "Run");
}

static void boinc_waits_300_seconds_after_the_last_time_it_was_hot(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "temperature=40", "Run");
    trace_at("10s", "temperature=41", "Suspend Overheated");
    trace_at("60s", "temperature=39", "Suspend HeatWait");
    trace_at("300s", "temperature=45", "Suspend Overheated");
    trace_at("310s", "temperature=40", "Suspend HeatWait");
    trace_at("609s", "", "Suspend HeatWait");
    trace_at("610s", "", "Run");
}

static void boinc_runs_while_somebody_works_unless_told_otherwise(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "idle=0s", "Run");
    trace_begin(BOINC("true", "3m", "", ""), PHONE);
    trace_at("0s", "idle=2m59s", "Suspend UserActive");
    trace_at("1s", "", "Run");
    trace_at("60s", "idle=0s", "Suspend UserActive");
    trace_at("100s", "idle=0s", "Suspend UserActive");
    trace_at("279s", "", "Suspend UserActive");
    trace_at("280s", "", "Run");
}

static void boinc_makes_room_for_other_programs_for_20_seconds_at_least(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "foreignCpu=25", "Run");
    trace_at("10s", "foreignCpu=26", "Suspend ForeignCpu");
    trace_at("20s", "foreignCpu=5", "Suspend ForeignCpu");
    trace_at("30s", "foreignCpu=60", "Suspend ForeignCpu");
    trace_at("40s", "foreignCpu=25", "Suspend ForeignCpu");
    trace_at("59s", "", "Suspend ForeignCpu");
    trace_at("60s", "", "Run");
    trace_begin(POLICY "  foreignCpu: {suspendPercent: 100}\n", "foreignCpu=100");
    trace_at("0s", "", "Run");
}

static void boinc_stops_when_nothing_was_read_for_30_seconds(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "", "Run");
    trace_at("10s", "temperature=!", "Run");
    trace_at("39s", "", "Run"); /* read at 9 s */
    trace_at("40s", "", "Suspend StaleSensor");
    trace_says("temperature was last read 31s ago, more than 30s; goes on when it is read");
    trace_at("50s", "temperature=30", "Suspend StaleSensor");
    trace_at("60s", "", "Run");
}

static void boinc_keeps_to_its_hours(void **state)
{
    (void)state;
    trace_begin(BOINC("true", "0s", "", "  windows: [{from: \"09:00\", to: \"17:00\"}]\n"),
                "local=2026-11-20T08:59:58Z");
    trace_at("1s", "", "Suspend OutsideWindow");
    trace_says("Fri 08:59 is outside the windows; the next opens Fri 09:00, local time");
    trace_at("2s", "", "Run");
    trace_at("3s", "local=2026-11-20T16:59:59Z", "Run");
    trace_at("4s", "", "Suspend OutsideWindow");
    trace_says("Fri 17:00 is outside the windows; the next opens Sat 09:00, local time");
}

static void boincs_hours_may_cross_midnight(void **state)
{
    (void)state;
    trace_begin(BOINC("true", "0s", "", "  windows: [{from: \"22:00\", to: \"07:00\"}]\n"),
                "local=2026-11-20T21:59:59Z");
    trace_at("0s", "", "Suspend OutsideWindow");
    trace_at("1s", "", "Run");
    trace_at("2h1s", "", "Run");
    trace_at("9h", "", "Run");
    trace_at("9h1s", "", "Suspend OutsideWindow");
}

static void boincs_hours_may_differ_by_weekday(void **state)
{
    (void)state;
    trace_begin(BOINC("true", "0s", "",
                      "  windows: [{days: [sat, sun], from: \"00:00\", to: \"24:00\"},"
                      " {days: [mon, tue, wed, thu, fri], from: \"20:00\", to: \"22:00\"}]\n"),
                "local=2026-11-20T19:59:59Z"); /* a Friday */
    trace_at("0s", "", "Suspend OutsideWindow");
    trace_at("1s", "", "Run");
    trace_at("2h1s", "", "Suspend OutsideWindow");
    trace_at("4h", "", "Suspend OutsideWindow");
    trace_at("4h1s", "", "Run");
    trace_at("5h", "local=2026-11-22T23:59:59Z", "Run");
    trace_at("5h1s", "", "Suspend OutsideWindow");
}

static void boinc_makes_way_for_exclusive_programs_and_its_owner(void **state)
{
    (void)state;
    trace_begin(BOINC_DEFAULTS, PHONE);
    trace_at("0s", "program=game", "Suspend ExclusiveProgram");
    trace_at("1s", "program=", "Run");
    trace_at("2s", "paused=1", "Suspend OwnerPaused");
    trace_at("3s", "paused=0", "Run");
}

/* --- HTCondor --------------------------------------------------------------------------------- */

/* Its desktop: starts after 15 minutes without a key, suspends at one, goes on after 5 minutes,
 * ends what was suspended for 10.  Load is others' alone.  A load that is too high for two minutes
 * there suspends here at once. */
#define CONDOR                                                                                     \
    POLICY "  user: {startAfterIdle: 15m, continueAfterIdle: 5m}\n"                                \
           "  foreignCpu: {suspendPercent: 50, dwell: 10s}\n"                                      \
           "  session: {maxDuration: 7d, cooldown: 0s, maxSuspend: 10m, grace: 10m}\n"             \
           "  unknown: ignore\n"
#define DESKTOP "idle=0s foreignCpu=0"

static void condor_starts_after_15_minutes_without_a_key(void **state)
{
    (void)state;
    trace_begin(CONDOR, DESKTOP);
    trace_at("0s", "", "Suspend UserActive");
    trace_says("somebody used it 0s ago; starts after 15m without");
    trace_at("14m59s", "", "Suspend UserActive");
    trace_at("15m", "", "Run");
}

static void condor_suspends_at_a_key_and_goes_on_after_5_minutes(void **state)
{
    (void)state;
    trace_begin(CONDOR, "idle=15m foreignCpu=0");
    trace_at("0s", "", "Run");
    trace_at("1h", "idle=0s", "Suspend UserActive");
    trace_at("1h2m", "idle=0s", "Suspend UserActive");
    trace_at("1h6m59s", "", "Suspend UserActive");
    trace_at("1h7m", "", "Run");
}

static void condor_ends_what_was_suspended_for_10_minutes(void **state)
{
    (void)state;
    trace_begin(CONDOR, "idle=15m foreignCpu=0");
    trace_at("0s", "", "Run");
    trace_at("1h", "idle=0s", "Suspend UserActive");
    trace_at("1h4m", "idle=0s", "Suspend UserActive");
    trace_at("1h8m", "idle=0s", "Suspend UserActive");
    trace_at("1h9m59s", "", "Suspend UserActive");
    trace_at("1h10m", "", "Evict UserActive");
    assert_int_equal(trace.verdict.grace_ms, 10 * 60 * 1000);
    /* What was ended is matched anew: 15 minutes again. */
    trace_at("1h22m59s", "", "Evict UserActive");
    trace_at("1h23m", "", "Run");
}

static void condor_does_not_count_its_own_load(void **state)
{
    (void)state;
    trace_begin(CONDOR, "idle=1h foreignCpu=0");
    trace_at("0s", "load=8", "Run");
    trace_at("1s", "foreignCpu=51", "Suspend ForeignCpu");
    trace_at("2s", "foreignCpu=30", "Suspend ForeignCpu");
    trace_at("11s", "", "Suspend ForeignCpu");
    trace_at("12s", "", "Run");
}

static void condor_needs_both_to_go_on(void **state)
{
    (void)state;
    trace_begin(CONDOR, "idle=1h foreignCpu=0");
    trace_at("0s", "", "Run");
    trace_at("1m", "idle=0s foreignCpu=80", "Suspend UserActive");
    trace_at("6m", "", "Suspend ForeignCpu");
    trace_at("6m1s", "foreignCpu=10", "Suspend ForeignCpu");
    trace_at("6m11s", "", "Run");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(boinc_suspends_below_the_charge_it_was_told),
        TEST(boinc_does_not_run_on_batteries),
        TEST(boinc_waits_300_seconds_after_the_last_time_it_was_hot),
        TEST(boinc_runs_while_somebody_works_unless_told_otherwise),
        TEST(boinc_makes_room_for_other_programs_for_20_seconds_at_least),
        TEST(boinc_stops_when_nothing_was_read_for_30_seconds),
        TEST(boinc_keeps_to_its_hours),
        TEST(boincs_hours_may_cross_midnight),
        TEST(boincs_hours_may_differ_by_weekday),
        TEST(boinc_makes_way_for_exclusive_programs_and_its_owner),
        TEST(condor_starts_after_15_minutes_without_a_key),
        TEST(condor_suspends_at_a_key_and_goes_on_after_5_minutes),
        TEST(condor_ends_what_was_suspended_for_10_minutes),
        TEST(condor_does_not_count_its_own_load),
        TEST(condor_needs_both_to_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
