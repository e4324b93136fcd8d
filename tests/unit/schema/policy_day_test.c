/* A day in the life of machines, second by second: work runs on them as their policy says, warms
 * them and empties their batteries, and their owners notice nothing.
 *
 * Against the truth, not against what sensors told: while all sensors work, no second is spent
 * against a rule; when some fail, none for longer than a reading may be old. */
#include "schema/base/mem.h"
#include "schema/bind.h"
#include "schema/limits.h"
#include "schema/policy.h"
#include "tests/support/bound.h"
#include "tests/support/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_S = 24 * 60 * 60, STALE_S = 30, SECOND_MS = 1000 };

struct life {
    struct device device;
    struct harvest_policy_spec spec;
    struct readings readings;
    struct policy_input input;
    struct policy_state state;
    struct policy_verdict verdict;
    int64_t ran_s, against_s, against_most_s; /* in a row */
    int64_t changes, evictions, hottest;
    int64_t held_s[REASON_COUNT];
};

static struct harvest_policy_spec policy(const char *text)
{
    struct object *object =
        bound_object(arena_printf(&bound.arena, POLICY "%s", text), BIND_STRICT);
    struct harvest_policy_spec spec;

    bound_expect("");
    shape_copy(&bound.arena, &harvest_policy_spec_shape, &harvest_policy_of(object)->spec, &spec);
    object_unref(object);
    return spec;
}

static void ask(struct life *life)
{
    enum policy_outcome before = life->state.outcome;
    bool runs;

    device_read(&life->device, life->input.moment.now, &life->readings);
    policy_step(&life->input, &life->state, &life->verdict);
    runs = life->verdict.outcome <= POLICY_THROTTLE;
    life->changes += before != life->verdict.outcome;
    life->evictions += before != POLICY_EVICT && life->verdict.outcome == POLICY_EVICT;
    life->ran_s += runs;
    life->held_s[life->verdict.reason]++;
    life->against_s = runs && device_forbids(&life->device, &life->spec) ? life->against_s + 1 : 0;
    if (life->against_s > life->against_most_s) {
        life->against_most_s = life->against_s;
    }
    if (life->device.millis > life->hottest) {
        life->hottest = life->device.millis;
    }
    life->input.is_running = runs;
}

static void live_a_day(struct life *life, enum device_class class, uint64_t seed, const char *text,
                       int64_t faults_s)
{
    struct wall midnight;

    assert_true(wall_from_str("2026-11-20T00:00:00Z", &midnight));
    *life = (struct life){.spec = policy(text)};
    device_init(&life->device, class, seed, midnight);
    life->device.faults_s = faults_s;
    life->input.spec = &life->spec;
    life->input.readings = &life->readings;
    policy_begin(&life->state, life->input.moment.now, false);
    for (int second = 0; second < DAY_S; second++) {
        if (!life->device.is_asleep) {
            ask(life);
        }
        device_pass(&life->device, life->device.is_asleep   ? 0
                                   : life->input.is_running ? life->verdict.cpu_percent * 1000
                                                            : 0);
        life->input.moment.now.ms += SECOND_MS;
        life->input.moment.local = life->device.local;
    }
}

/* --- laptops ---------------------------------------------------------------------------------- */

static const char laptops[] = "  unknown: suspend\n"; /* the defaults */

static void a_laptop_works_and_nobody_notices(void **state)
{
    struct life life;

    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        live_a_day(&life, DEVICE_LAPTOP, seed, laptops, 0);
        assert_int_equal(life.against_most_s, 0);
        assert_true(life.hottest < 65 * 1000);
        assert_true(life.ran_s > 2 * 60 * 60);
        assert_true(life.changes < 100);
        assert_true(life.held_s[REASON_USER_ACTIVE] > 0);
        assert_true(life.held_s[REASON_ON_BATTERY] > 0);
        assert_true(life.held_s[REASON_FOREIGN_CPU] > 0);
        assert_int_equal(life.held_s[REASON_STALE_SENSOR], 0);
    }
}

static void sensors_that_fail_are_believed_no_longer_than_they_may_be(void **state)
{
    struct life life;

    (void)state;
    live_a_day(&life, DEVICE_LAPTOP, 3, laptops, 10 * 60);
    assert_in_range(life.against_most_s, 1, STALE_S + 1);
    assert_true(life.ran_s > 60 * 60);
    assert_true(life.held_s[REASON_STALE_SENSOR] > 0);
}

/* --- others ----------------------------------------------------------------------------------- */

static void a_phone_stays_cool_and_full(void **state)
{
    struct life life;

    (void)state;
    live_a_day(&life, DEVICE_PHONE, 4,
               "  battery: {minPercent: 80, resumePercent: 90}\n"
               "  thermal: {throttleCelsius: 38, suspendCelsius: 40, evictCelsius: 45,"
               " resumeCelsius: 36}\n"
               "  limits: {cpuPercent: 25}\n",
               0);
    assert_int_equal(life.against_most_s, 0);
    assert_true(life.ran_s > 60 * 60);
    assert_true(life.held_s[REASON_BATTERY_LOW] > 0);
}

static void a_server_works_on(void **state)
{
    struct life life;

    (void)state;
    live_a_day(&life, DEVICE_SERVER, 5,
               "  user: {startAfterIdle: 0s, continueAfterIdle: 0s}\n"
               "  thermal: {throttleCelsius: 75, suspendCelsius: 85, evictCelsius: 95,"
               " resumeCelsius: 70}\n"
               "  foreignCpu: {suspendPercent: 100}\n  network: {metered: true}\n"
               "  session: {cooldown: 0s}\n  unknown: ignore\n",
               10 * 60);
    assert_true(life.against_most_s <= STALE_S + 1);
    assert_true(life.ran_s > 23 * 60 * 60);
    assert_int_equal(life.evictions, 2); /* maxDuration: 8h */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_laptop_works_and_nobody_notices),
        TEST(sensors_that_fail_are_believed_no_longer_than_they_may_be),
        TEST(a_phone_stays_cool_and_full),
        TEST(a_server_works_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
