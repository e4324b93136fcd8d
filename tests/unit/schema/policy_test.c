/* One rule of the policy at a time, with its numbers and its words. */
#include "schema/policy.h"

#include "tests/support/bound.h"
#include "tests/support/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A laptop that nobody uses, plugged in, full and cool. */
#define FINE                                                                                       \
    "battery=90 charging=1 temperature=35 idle=1h foreignCpu=2 memoryAvailable=4Gi "               \
    "memoryPressure=0 metered=0 load=0.1"
#define DEFAULTS POLICY "  unknown: suspend\n"
#define IGNORING POLICY "  unknown: ignore\n"

static void work_runs_where_nothing_speaks_against_it(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_says("");
    assert_int_equal(trace.verdict.cpu_percent, 50);
    assert_int_equal(trace.verdict.grace_ms, 30000);
    assert_int_equal(trace.verdict.sensor, SENSOR_COUNT);
}

static void a_machine_without_sensors_passes_their_rules(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, "");
    trace_at("0s", "", "Run");
    trace_at("1h", "", "Run");
}

static void a_low_battery_holds_until_it_is_well_above(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "battery=50", "Run");
    trace_at("10s", "battery=49", "Suspend BatteryLow");
    trace_says("battery 49 % is below 50 %; goes on at 60 %");
    assert_int_equal(trace.verdict.sensor, SENSOR_BATTERY);
    assert_int_equal(trace.verdict.reading.value, 49);
    trace_at("20s", "battery=59", "Suspend BatteryLow");
    trace_says("battery 59 % was below 50 %; goes on at 60 %");
    trace_at("30s", "battery=60", "Run");
    trace_at("40s", "battery=50", "Run");
}

static void a_laptop_is_plugged_in(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "charging=0", "Suspend OnBattery");
    trace_says("runs on its battery; goes on when it is plugged in");
    trace_at("1s", "charging=1", "Run");
    trace_at("2s", "charging=0 battery=3", "Suspend OnBattery");
    trace_policy(POLICY "  battery: {requireCharging: false}\n");
    trace_at("3s", "", "Suspend BatteryLow");
    trace_at("4s", "battery=60", "Run");
}

static void a_battery_whose_charging_is_not_told_is_not_known_to_be_charged(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "charging=-", "Suspend StaleSensor");
    trace_says("charging tells nothing, so nobody knows; goes on when it does");
    trace_at("1s", "battery=?", "Suspend StaleSensor");
    assert_int_equal(trace.verdict.sensor, SENSOR_CHARGING);
    trace_at("2s", "battery=-", "Run");
    trace_at("3s", "charging=?", "Suspend StaleSensor");
    trace_policy(IGNORING);
    trace_at("14s", "", "Run");
}

static void heat_slows_down_suspends_and_ends(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=44.9", "Run");
    trace_at("1s", "temperature=45", "Throttle 50 Overheated");
    trace_says("45 °C; slowed down to 50 % of the processors until 5m at 42 °C or less");
    trace_at("2s", "temperature=50", "Throttle 31 Overheated");
    trace_at("3s", "temperature=54.9", "Throttle 12 Overheated");
    trace_at("4s", "temperature=55", "Suspend Overheated");
    trace_says("55 °C is not below 55 °C; goes on after 5m at 42 °C or less");
    trace_at("5s", "temperature=64.9", "Suspend Overheated");
    trace_at("6s", "temperature=65", "Evict Overheated");
    trace_says("65 °C is not below 65 °C; goes on after 5m at 42 °C or less");
    assert_int_equal(trace.verdict.cpu_percent, 12);
}

static void what_was_hot_waits_until_it_has_been_cool_for_long(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=56", "Suspend Overheated");
    trace_at("10s", "temperature=43", "Suspend Overheated");
    trace_says("43 °C is below 55 °C; goes on after 5m at 42 °C or less");
    trace_at("20s", "temperature=42", "Suspend HeatWait");
    trace_at("80s", "", "Suspend HeatWait");
    trace_says("42 °C, not above 42 °C for 1m now; goes on after 5m of that");
    trace_at("90s", "temperature=42.1", "Suspend Overheated");
    trace_at("100s", "temperature=41", "Suspend HeatWait");
    trace_at("399s", "", "Suspend HeatWait");
    trace_at("400s", "", "Run");
}

static void slow_work_is_fast_again_when_it_has_been_cool_for_long(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=48", "Throttle 38 Overheated");
    trace_at("1s", "temperature=43", "Throttle 50 Overheated");
    trace_at("2s", "temperature=42", "Throttle 50 Overheated");
    trace_at("301s", "", "Throttle 50 Overheated");
    trace_at("302s", "", "Run");
}

static void the_one_in_front_of_the_machine_goes_first(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "idle=4m59s", "Suspend UserActive");
    trace_says("somebody used it 4m59s ago; starts after 5m without");
    trace_at("1s", "", "Run");
    trace_at("10s", "idle=0s", "Suspend UserActive");
    trace_says("somebody used it 0s ago; goes on after 2m without");
    trace_at("129s", "", "Suspend UserActive");
    trace_at("130s", "", "Run");
}

static void others_have_the_processors_first(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "foreignCpu=25", "Run");
    trace_at("1s", "foreignCpu=25.1", "Suspend ForeignCpu");
    trace_says("others use 25.1 % of the processors; goes on after 20s with at most 25 %");
    trace_at("10s", "foreignCpu=3", "Suspend ForeignCpu");
    trace_at("29s", "", "Suspend ForeignCpu");
    trace_at("30s", "", "Run");
}

static void memory_is_given_back_when_it_is_short(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "memoryPressure=10.1", "Suspend MemoryPressure");
    trace_at("1s", "memoryPressure=10 memoryAvailable=256Mi", "Suspend MemoryPressure");
    trace_at("301s", "", "Run");
    trace_at("302s", "memoryPressure=10.1", "Evict MemoryPressure");
    trace_says("something waits for memory 10.1 % of the time, more than 10 %; goes on after 5m "
               "below");
    trace_at("303s", "memoryPressure=0", "Evict MemoryPressure");
    trace_says("memory was short; goes on after 5m in which there is enough");
    trace_at("603s", "", "Run");
    trace_at("604s", "memoryAvailable=255Mi", "Evict MemoryPressure");
    trace_says("255Mi of memory are left, less than 256Mi; goes on after 5m above");
}

static void volume_is_not_spent(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "metered=1", "Suspend Metered");
    trace_policy(POLICY "  network: {metered: true}\n");
    trace_at("1s", "", "Run");
}

static void the_owners_word_needs_no_policy(void **state)
{
    (void)state;
    trace_begin(NULL, "battery=3 charging=0 temperature=90");
    trace_at("0s", "", "Run");
    assert_int_equal(trace.verdict.cpu_percent, 100);
    trace_at("1s", "paused=1", "Suspend OwnerPaused");
    trace_says("the machine's owner has paused it; goes on after fog-agent resume");
    trace_at("2h", "program=game", "Suspend OwnerPaused");
    trace_at("3h", "paused=0", "Suspend ExclusiveProgram");
    trace_says("\"game\" has the machine for itself; goes on when it has ended");
    trace_at("4h", "program=", "Run");
}

/* Also the longest of them, in whole characters. */
static void words_fit(void **state)
{
    char program[161];

    (void)state;
    for (size_t i = 0; i < 160; i += 2) {
        memcpy(program + i, "é", 3);
    }
    trace_begin(DEFAULTS, FINE " running=1");
    trace_at("0s", "", "Run");
    trace_at("1s", arena_printf(&bound.arena, "program=%s", program), "Suspend ExclusiveProgram");
    trace_at("10m1s", "", "Evict ExclusiveProgram");
    trace_says("\"ééééééééééééééééééééééééééééé"
               "é\" has the machine for itself; goes on when it has ended; ended after 10m of "
               "being held");
}

static void long_work_rests(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxDuration: 1h, cooldown: 10m}\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("59m59s", "", "Run");
    trace_at("1h", "running=1", "Evict MaxDuration");
    trace_says("ran for 1h, as long as it may; starts again after a rest of 10m");
    trace_at("1h20s", "", "Evict MaxDuration");
    trace_at("1h21s", "running=told", "Evict Cooldown");
    trace_says("rests for 10m after it ran for 1h; starts in 10m");
    trace_at("1h10m20s", "", "Evict Cooldown");
    trace_at("1h10m21s", "", "Run");
    trace_at("2h10m20s", "", "Run");
}

static void a_rest_in_between_counts(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxDuration: 1h, cooldown: 5m}\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("50m", "paused=1", "Suspend OwnerPaused");
    trace_at("54m", "paused=0", "Run");
    trace_at("1h3m59s", "", "Run");
    trace_at("1h4m", "", "Evict MaxDuration");
    trace_at("1h10m", "", "Run");
    trace_at("2h", "paused=1", "Suspend OwnerPaused");
    trace_at("2h5m1s", "paused=0", "Run");
    trace_at("3h4m", "", "Run");
}

static void what_is_held_for_long_gives_its_memory_back(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_at("1m", "paused=1", "Suspend OwnerPaused");
    trace_at("10m59s", "", "Suspend OwnerPaused");
    trace_at("11m", "", "Evict OwnerPaused");
    trace_says("the machine's owner has paused it; goes on after fog-agent resume; ended after 10m "
               "of being held");
    trace_at("20m", "paused=0 program=game", "Evict ExclusiveProgram");
    trace_at("21m", "program=", "Run");
}

static void what_was_ended_starts_as_what_is_new(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_at("1m", "idle=0s charging=0", "Suspend OnBattery");
    trace_at("20m", "", "Evict OnBattery");
    trace_at("21m", "charging=1 idle=3m", "Evict UserActive");
    trace_says("somebody used it 3m ago; starts after 5m without");
    trace_at("23m", "", "Run");
}

static void what_never_started_is_only_held(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=90 memoryPressure=50", "Suspend Overheated");
    trace_at("1h", "", "Suspend Overheated");
}

static void what_was_let_run_may_be_there_though_nobody_told(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE " running=0");
    trace_at("0s", "", "Run");
    trace_at("1s", "paused=1", "Suspend OwnerPaused");
    trace_at("10m1s", "", "Evict OwnerPaused");
}

static void what_is_not_there_is_held_for_as_long_as_it_takes(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "running=1", "Run");
    trace_at("1s", "running=0 there=0", "Run");
    trace_at("2s", "paused=1 memoryPressure=50", "Suspend OwnerPaused");
    trace_at("1h", "", "Suspend OwnerPaused");
    trace_at("1h1s", "there=1", "Evict MemoryPressure");
    trace_at("1h2s", "there=0", "Evict MemoryPressure");
    trace_at("3h", "", "Evict MemoryPressure");
    trace_at("3h1s", "paused=0 memoryPressure=0", "Evict MemoryPressure");
    trace_at("4h", "", "Run");
}

static void what_ended_by_itself_starts_as_what_is_new(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "running=1", "Run");
    trace_at("1m", "idle=3m", "Run");
    trace_at("1m1s", "running=0 there=0", "Suspend UserActive");
    trace_says("somebody used it 3m1s ago; starts after 5m without");
    trace_at("3m", "", "Run");
}

static void what_is_being_ended_has_not_started_anew(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_at("1m", "paused=1", "Suspend OwnerPaused");
    trace_at("11m", "running=1", "Evict OwnerPaused");
    trace_at("11m10s", "paused=0 idle=3m", "Evict UserActive");
    trace_at("11m30s", "running=told", "Evict UserActive");
    trace_at("13m10s", "", "Run");
}

static void what_was_found_frozen_has_the_stricter_thresholds_to_meet(void **state)
{
    (void)state;
    trace_begin_held(DEFAULTS, FINE);
    trace_at("0s", "battery=55 idle=2m", "Suspend HeatWait");
    trace_at("299s", "", "Suspend HeatWait");
    trace_at("300s", "", "Suspend BatteryLow");
    trace_at("301s", "battery=60", "Run");
    trace_begin_held(POLICY "  thermal: {dwell: 0s}\n  foreignCpu: {dwell: 0s}\n"
                            "  memory: {dwell: 0s}\n",
                     FINE);
    trace_at("0s", "idle=2m", "Run"); /* it goes on, and does not start */
    trace_begin_held(DEFAULTS, FINE);
    trace_at("0s", "temperature=50", "Suspend Overheated");
    trace_at("10m", "", "Evict Overheated");
}

static void a_change_of_the_policy_counts_at_once(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=50", "Throttle 31 Overheated");
    trace_policy(POLICY
                 "  thermal: {throttleCelsius: 30, suspendCelsius: 40, resumeCelsius: 30}\n");
    trace_at("1s", "", "Suspend Overheated");
    trace_policy(POLICY "  thermal: {throttleCelsius: 90, suspendCelsius: 95, evictCelsius: 99,"
                        " resumeCelsius: 80, dwell: 0s}\n");
    trace_at("2s", "", "Run");
    trace_policy(NULL);
    trace_at("3s", "paused=1", "Suspend OwnerPaused");
}

/* From the first check to the last; every pair is there at once. */
static void of_several_reasons_the_first_is_told(void **state)
{
    static const char *const rows[][3] = {
        {"temperature=60", "Overheated", "temperature=30"},
        {"paused=1", "OwnerPaused", "paused=0"},
        {"program=game", "ExclusiveProgram", "program="},
        {"charging=0", "OnBattery", "charging=1"},
        {"battery=1", "BatteryLow", "battery=90"},
        {"idle=0s", "UserActive", "idle=1h"},
        {"local=2026-11-20T12:00:00Z", "OutsideWindow", "local=2026-11-20T23:00:00Z"},
        {"foreignCpu=80", "ForeignCpu", "foreignCpu=0"},
        {"memoryPressure=80", "MemoryPressure", "memoryPressure=0"},
        {"metered=1", "Metered", "metered=0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t k = 0; k < COUNT_OF(rows); k++) {
            const char *reason = rows[i < k ? i : k][1];

            trace_begin(POLICY "  windows: [{from: \"22:00\", to: \"07:00\"}]\n",
                        FINE " local=2026-11-20T23:00:00Z");
            trace_at("0s", rows[k][0], arena_printf(&bound.arena, "Suspend %s", rows[k][1]));
            trace_at("1s", rows[i][0], arena_printf(&bound.arena, "Suspend %s", reason));
        }
    }
}

/* Heat as long as it has not been cool for long, and a rest after all others. */
static void waiting_has_its_place_among_the_reasons(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxDuration: 1m}\n", FINE);
    trace_at("0s", "", "Run");
    trace_at("1m", "", "Evict MaxDuration");
    trace_at("61s", "metered=1", "Evict Metered");
    trace_at("62s", "paused=1", "Evict OwnerPaused");
    trace_at("63s", "temperature=60", "Evict Overheated");
    trace_at("64s", "temperature=30", "Evict HeatWait");
    trace_at("7m", "", "Evict OwnerPaused");
    trace_at("8m", "paused=0 metered=0", "Evict Cooldown");
}

static void what_ends_work_is_told_before_what_holds_it(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_at("1s", "idle=0s", "Suspend UserActive");
    assert_int_equal(trace.state.since.ms, trace.input.moment.now.ms);
    trace_at("2s", "memoryPressure=80", "Evict MemoryPressure");
    trace_at("3s", "memoryPressure=0", "Evict UserActive");
    assert_int_equal(trace.state.since.ms, trace.input.moment.now.ms);
    trace_at("4s", "", "Evict UserActive");
    assert_int_equal(trace.state.since.ms, trace.input.moment.now.ms - 1000);
}

/* All rules off but those that are said. */
#define LENIENT(text)                                                                              \
    POLICY "  user: {startAfterIdle: 0s, continueAfterIdle: 0s}\n"                                 \
           "  foreignCpu: {suspendPercent: 100}\n  memory: {evictPercent: 100, minAvailable: 0}\n" \
           "  network: {metered: true}\n  session: {staleSensor: 1h}\n" text

static void the_owners_own_rules_hold_beside_any_policy(void **state)
{
    (void)state;
    trace_begin(LENIENT("  battery: {minPercent: 10, resumePercent: 10}\n"), FINE);
    trace_owner(LENIENT("  battery: {minPercent: 70, resumePercent: 80}\n"
                        "  limits: {cpuPercent: 20}\n"
                        "  thermal: {throttleCelsius: 40, suspendCelsius: 70, resumeCelsius: 39}\n"
                        "  windows: [{from: \"22:00\", to: \"07:00\"}]\n"));
    trace_at("0s", "local=2026-11-20T23:00:00Z", "Run");
    assert_int_equal(trace.verdict.cpu_percent, 20);
    trace_at("1s", "battery=69", "Suspend BatteryLow");
    trace_says("battery 69 % is below 70 %; goes on at 80 %; a rule of the owner's");
    assert_true(trace.verdict.is_owners);
    assert_true(trace.verdict.owner_forbids);
    trace_at("2s", "battery=5", "Suspend BatteryLow");
    trace_at("3s", "battery=79", "Suspend BatteryLow");
    trace_at("4s", "battery=80", "Run");
    trace_at("5s", "paused=1", "Suspend OwnerPaused");
    assert_false(trace.verdict.is_owners);
    assert_true(trace.verdict.owner_forbids);
    trace_at("6s", "paused=0 local=2026-11-20T12:00:00Z", "Suspend OutsideWindow");
    trace_says("Fri 12:00 is outside the windows; the next opens Fri 22:00, local time; a rule of "
               "the owner's");
    /* The stricter of two outcomes, and both shares of the processors. */
    trace_at("7s", "local=2026-11-20T23:00:00Z temperature=46", "Throttle 17 Overheated");
    trace_at("8s", "temperature=56", "Suspend Overheated");
    assert_false(trace.verdict.is_owners);
    assert_false(trace.verdict.owner_forbids);
    trace_at("9s", "temperature=66 battery=69", "Evict Overheated");
    assert_false(trace.verdict.is_owners); /* and is against it all the same */
    assert_true(trace.verdict.owner_forbids);
}

static void the_owners_own_rules_need_no_policy(void **state)
{
    (void)state;
    trace_begin(NULL, FINE);
    trace_owner(LENIENT("  battery: {minPercent: 70, resumePercent: 80}\n"));
    trace_at("0s", "", "Run");
    assert_int_equal(trace.verdict.cpu_percent, 50);
    trace_at("1s", "battery=69", "Suspend BatteryLow");
    trace_at("10m1s", "", "Evict BatteryLow");
    assert_int_equal(trace.verdict.grace_ms, 30000);
    trace_at("11m", "battery=80", "Run");
}

static void what_was_found_frozen_meets_the_owners_stricter_thresholds_too(void **state)
{
    (void)state;
    trace_begin_held(NULL, FINE);
    trace_owner(LENIENT("  battery: {minPercent: 70, resumePercent: 80}\n"
                        "  thermal: {dwell: 0s}\n"));
    trace_at("0s", "battery=79", "Suspend BatteryLow");
    trace_at("1s", "battery=80", "Run");
}

static void who_has_no_rule_about_heat_need_not_know_it(void **state)
{
    struct harvest_policy_spec owner;

    (void)state;
    trace_begin(NULL, FINE);
    trace_owner(LENIENT(""));
    owner = *trace.input.owner_spec;
    owner.thermal = (struct thermal_policy){.throttle_celsius = CELSIUS_NEVER,
                                            .suspend_celsius = CELSIUS_NEVER,
                                            .evict_celsius = CELSIUS_NEVER,
                                            .resume_celsius = CELSIUS_NEVER};
    trace.input.owner_spec = &owner;
    trace_at("0s", "temperature=?", "Run");
    trace_at("1s", "temperature=150", "Run");
    trace_owner(LENIENT(""));
    trace_at("2s", "temperature=?", "Suspend StaleSensor");
}

static void how_long_work_runs_the_policy_says_where_there_is_one(void **state)
{
    (void)state;
    trace_begin(POLICY "  session: {maxDuration: 2h, cooldown: 10m}\n", FINE);
    trace_owner(POLICY "  session: {maxDuration: 1h, cooldown: 1m}\n");
    trace_at("0s", "", "Run");
    trace_at("1h30m", "", "Run");
    trace_at("2h", "", "Evict MaxDuration");
    trace_at("2h5m", "", "Evict Cooldown");
    trace_at("2h10m1s", "", "Run");
    trace_policy(NULL);
    trace_at("3h10m1s", "", "Evict MaxDuration");
}

static void without_a_policy_nothing_comes_nearer_to_being_let_go(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "temperature=60", "Suspend Overheated");
    trace_at("10s", "temperature=30", "Suspend HeatWait");
    trace_policy(NULL);
    trace_at("10m", "", "Run");
    trace_policy(DEFAULTS);
    trace_at("11m", "", "Suspend HeatWait");
    trace_at("15m1s", "", "Run");
}

static void what_the_owner_ended_starts_as_what_is_new(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_owner(LENIENT("  battery: {minPercent: 70, resumePercent: 80}\n"));
    trace_at("0s", "", "Run");
    trace_at("1s", "battery=69", "Suspend BatteryLow");
    trace_at("10m1s", "", "Evict BatteryLow");
    trace_at("11m", "battery=80 idle=3m", "Evict UserActive");
    trace_at("13m", "", "Run");
}

static void a_prediction_is_that_of_a_start(void **state)
{
    (void)state;
    trace_begin(DEFAULTS, FINE);
    trace_at("0s", "", "Run");
    trace_at("10s", "idle=0s", "Suspend UserActive");
    trace_at("3m", "", "Run");
    trace_predicts("Suspend UserActive");
    trace_at("4m", "temperature=70", "Evict Overheated");
    trace_predicts("Suspend Overheated");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(work_runs_where_nothing_speaks_against_it),
        TEST(a_machine_without_sensors_passes_their_rules),
        TEST(a_low_battery_holds_until_it_is_well_above),
        TEST(a_laptop_is_plugged_in),
        TEST(a_battery_whose_charging_is_not_told_is_not_known_to_be_charged),
        TEST(heat_slows_down_suspends_and_ends),
        TEST(what_was_hot_waits_until_it_has_been_cool_for_long),
        TEST(slow_work_is_fast_again_when_it_has_been_cool_for_long),
        TEST(the_one_in_front_of_the_machine_goes_first),
        TEST(others_have_the_processors_first),
        TEST(memory_is_given_back_when_it_is_short),
        TEST(volume_is_not_spent),
        TEST(the_owners_word_needs_no_policy),
        TEST(words_fit),
        TEST(long_work_rests),
        TEST(a_rest_in_between_counts),
        TEST(what_is_held_for_long_gives_its_memory_back),
        TEST(what_was_ended_starts_as_what_is_new),
        TEST(what_never_started_is_only_held),
        TEST(what_was_let_run_may_be_there_though_nobody_told),
        TEST(what_is_not_there_is_held_for_as_long_as_it_takes),
        TEST(what_ended_by_itself_starts_as_what_is_new),
        TEST(what_is_being_ended_has_not_started_anew),
        TEST(what_was_found_frozen_has_the_stricter_thresholds_to_meet),
        TEST(a_change_of_the_policy_counts_at_once),
        TEST(of_several_reasons_the_first_is_told),
        TEST(waiting_has_its_place_among_the_reasons),
        TEST(what_ends_work_is_told_before_what_holds_it),
        TEST(the_owners_own_rules_hold_beside_any_policy),
        TEST(the_owners_own_rules_need_no_policy),
        TEST(what_was_found_frozen_meets_the_owners_stricter_thresholds_too),
        TEST(who_has_no_rule_about_heat_need_not_know_it),
        TEST(how_long_work_runs_the_policy_says_where_there_is_one),
        TEST(without_a_policy_nothing_comes_nearer_to_being_let_go),
        TEST(what_the_owner_ended_starts_as_what_is_new),
        TEST(a_prediction_is_that_of_a_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
