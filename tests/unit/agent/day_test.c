/* A laptop's day under the agent's core, cut off from its controller: second by second it reads the
 * sensors, and work does at once what it is told.  Judged by how the laptop truly is: no second may
 * be spent against the policy for longer than the sensors take to be read again. */
#include "tests/support/agent_world.h"
#include "tests/support/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_S = 24 * 60 * 60, SECOND_MS = 1000, STALE_S = 30 };

struct life {
    struct agent_world *world;
    struct device device;
    const struct harvest_policy_spec *policy;
    int64_t run; /* 0: none */
    bool is_frozen;
    int64_t share; /* of the processors, in thousandths */
    int64_t ran_s, against_s, against_most_s, suspensions, evictions, starts;
};

static void obey_line(struct life *life, const char *line)
{
    const char *run = strstr(line, " run="), *cpu = strstr(line, " cpu=");

    if (str_starts(line, "spawn ")) {
        life->run = strtol(run + strlen(" run="), NULL, 10);
        life->is_frozen = false;
        life->starts++;
        world_started(life->world, "u1", life->run);
    } else if (str_starts(line, "suspend ")) {
        life->is_frozen = true;
        life->suspensions++;
    } else if (str_starts(line, "resume ")) {
        life->is_frozen = false;
    } else if (str_starts(line, "signal ")) {
        life->evictions++;
        world_exited(life->world, "u1", life->run, EXIT_STOPPED, 143);
        life->run = 0;
    }
    if (cpu != NULL && (str_starts(line, "spawn ") || str_starts(line, "limit "))) {
        life->share = strtol(cpu + strlen(" cpu="), NULL, 10);
    }
}

/* Obeying may lead to more. */
static void obey(struct life *life)
{
    while (life->world->page.length > 0) {
        _cleanup_(str_fini)
        struct str page = life->world->page;
        char *rest = page.data;

        str_init(&life->world->page);
        for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
            obey_line(life, line);
        }
    }
}

static void look(struct life *life)
{
    struct agent_world *world = life->world;
    struct agt_event readings = {.type = AGT_READINGS, .readings = {.now = &world->readings}};
    struct agt_event tick = {.type = AGT_TICK};
    bool runs;

    device_read(&life->device, (struct mono){world->now_ms}, &world->readings);
    world_event(world, &readings);
    obey(life);
    for (size_t i = 0; i < 4 && mono_is_due(agt_deadline(world->agt), (struct mono){world->now_ms});
         i++) {
        world_event(world, &tick);
        obey(life);
    }
    runs = life->run != 0 && !life->is_frozen;
    life->ran_s += runs;
    life->against_s = runs && device_forbids(&life->device, life->policy) ? life->against_s + 1 : 0;
    if (life->against_s > life->against_most_s) {
        life->against_most_s = life->against_s;
    }
}

/* The agent dies and is started again; the work is as it was. */
static void crash(struct life *life)
{
    world_reboot(life->world);
    if (life->run != 0) {
        world_found_running(life->world, "u1", life->run);
    }
    world_start(life->world);
    obey(life);
}

static void live_a_day(struct life *life, struct agent_world *world, uint64_t seed,
                       int64_t faults_s, int64_t crashes_s)
{
    struct wall midnight;
    struct rand rand;

    *life = (struct life){.world = world, .share = 1000};
    rand_init_u64(&rand, seed);
    assert_true(wall_from_str("2026-11-20T00:00:00Z", &midnight));
    device_init(&life->device, DEVICE_LAPTOP, seed, midnight);
    life->device.faults_s = faults_s;
    life->policy = world_policy(world, "{}");
    device_read(&life->device, (struct mono){world->now_ms}, &world->readings);
    world_read(world);
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .restart = RESTART_ALWAYS, .policy = life->policy));
    world_down(world);
    obey(life);
    for (int second = 0; second < DAY_S; second++) {
        bool runs = life->run != 0 && !life->is_frozen && !life->device.is_asleep;

        device_pass(&life->device, runs ? life->share * 100 : 0);
        world->now_ms += SECOND_MS;
        if (!life->device.is_asleep) {
            if (crashes_s > 0 && rand_below(&rand, (uint64_t)crashes_s) == 0) {
                crash(life);
            }
            look(life);
        }
    }
}

static void a_laptop_is_never_worked_against_its_policy(void **state)
{
    struct life life;

    live_a_day(&life, *state, 1, 0, 0);
    assert_int_equal(life.against_most_s, 0);
    assert_true(life.ran_s > 2 * 60 * 60);
    assert_true(life.suspensions > 5 && life.starts > 5);
}

static void an_agent_that_dies_every_few_minutes_changes_nothing_of_that(void **state)
{
    struct life life;

    live_a_day(&life, *state, 2, 0, 5 * 60);
    assert_int_equal(life.against_most_s, 0);
    assert_true(life.ran_s > 60 * 60);
}

static void sensors_that_fail_are_believed_for_as_long_as_a_reading_may_be_old(void **state)
{
    struct life life;

    live_a_day(&life, *state, 3, 10 * 60, 0);
    assert_in_range(life.against_most_s, 1, STALE_S + 1);
    assert_true(life.ran_s > 60 * 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_laptop_is_never_worked_against_its_policy),
        TEST(an_agent_that_dies_every_few_minutes_changes_nothing_of_that),
        TEST(sensors_that_fail_are_believed_for_as_long_as_a_reading_may_be_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
