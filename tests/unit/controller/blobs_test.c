/* Which blobs are needed, and which may go. */
#include "controller/core/blobs.h"

#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { KEEP_MS = 60 * 60 * 1000 };

#define DIGEST_A "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
#define DIGEST_B "blake2b:ca80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d2"

static struct api api;
static struct str seen;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    str_init(&seen);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    str_fini(&seen);
    api_fini(&api);
    return 0;
}

static void note(void *context, const struct blob_reference *reference)
{
    (void)context;
    str_addf(&seen, "%s:%.2s ", reference->kind, reference->digest + 8);
}

static const char *referenced(void)
{
    str_clear(&seen);
    ctl_each_blob(api.ctl, note, NULL);
    return seen.data;
}

static void put_session(const char *method, const char *target, const char *digest)
{
    (void)api_expect(
        &api, *method == 'P' && method[1] == 'O' ? 201 : 200, method, target,
        api_target(
            &api,
            "{'metadata': {'name': 's'}, 'spec': {'rollout': {'pause': true}, 'workload': {'command': "
            "['/bin/work'], 'artifacts': [{'path': 'in', 'digest': '%s'}]}}}",
            digest));
}

static void sessions_refer_to_their_artifacts(void **state)
{
    (void)state;
    assert_string_equal(referenced(), "");
    put_session("POST", SESSIONS, DIGEST_A);
    assert_string_equal(referenced(), "HarvestSession:ba ");
    put_session("PUT", SESSIONS "/s", DIGEST_B);
    assert_string_equal(referenced(), "HarvestSession:ca ");
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/s", NULL);
    assert_string_equal(referenced(), "");
}

static void so_do_assignments_also_of_an_earlier_spec(void **state)
{
    struct api_agent agent = {.name = "a", .key = {1}};

    (void)state;
    api_connect(&api, &agent);
    put_session("POST", SESSIONS, DIGEST_A);
    api_settle(&api);
    assert_string_equal(referenced(), "HarvestSession:ba Assignment:ba ");
    put_session("PUT", SESSIONS "/s", DIGEST_B);
    assert_string_equal(referenced(), "HarvestSession:ca Assignment:ba ");
}

static void garbage_is_unneeded_and_old_and_was_watched(void **state)
{
    static const struct {
        const char *why;
        bool is_referenced, is_in_use;
        int64_t age_ms, watched_ms; /* negative: never */
        bool is_garbage;
    } rows[] = {
        {"all holds", false, false, KEEP_MS, BLOB_WATCH_MS, true},
        {"much longer than needed", false, false, 100LL * KEEP_MS, KEEP_MS, true},
        {"1. referenced", true, false, 100LL * KEEP_MS, KEEP_MS, false},
        {"1. being read", false, true, 100LL * KEEP_MS, KEEP_MS, false},
        {"2. too young", false, false, KEEP_MS - 1, KEEP_MS, false},
        {"2. of the future: the clock went back", false, false, -5LL * KEEP_MS, KEEP_MS, false},
        {"3. not watched for long", false, false, 100LL * KEEP_MS, BLOB_WATCH_MS - 1, false},
        {"3. never found unneeded", false, false, 100LL * KEEP_MS, -1, false},
    };
    struct wall wall = {1800000000000};
    struct mono now = {INT64_C(1000) * KEEP_MS};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct blob_facts facts = {
            .is_referenced = rows[i].is_referenced,
            .is_in_use = rows[i].is_in_use,
            .used = {wall.ms - rows[i].age_ms},
            .unneeded_since =
                rows[i].watched_ms < 0 ? MONO_NEVER : (struct mono){now.ms - rows[i].watched_ms},
        };

        if (blob_is_garbage(&facts, wall, now, KEEP_MS) != rows[i].is_garbage) {
            fail_msg("%s", rows[i].why);
        }
    }
}

static void a_short_keep_is_a_short_watch(void **state)
{
    struct blob_facts facts = {.used = {1000}, .unneeded_since = {5000}};

    (void)state;
    assert_false(blob_is_garbage(&facts, (struct wall){2000}, (struct mono){5999}, 1000));
    assert_true(blob_is_garbage(&facts, (struct wall){2000}, (struct mono){6000}, 1000));
}

static void a_look_keeps_what_is_needed_young(void **state)
{
    struct blob_facts facts = {.used = {0}, .unneeded_since = MONO_NEVER};

    (void)state;
    assert_false(blob_look(&facts, true, (struct wall){250}, (struct mono){1}, 1000));
    assert_true(blob_look(&facts, true, (struct wall){251}, (struct mono){2}, 1000));
    assert_int_equal(facts.used.ms, 251);
    assert_true(mono_is_never(facts.unneeded_since));
    assert_true(blob_look(&facts, false, (struct wall){300}, (struct mono){3}, 1000));
    assert_int_equal(facts.used.ms, 300);
    assert_int_equal(facts.unneeded_since.ms, 3);
    assert_false(blob_look(&facts, false, (struct wall){900}, (struct mono){4}, 1000));
    assert_int_equal(facts.used.ms, 300);
    assert_int_equal(facts.unneeded_since.ms, 3);
}

static void who_asks_for_it_keeps_it_for_another_while(void **state)
{
    struct blob_facts facts = {.used = {0}, .unneeded_since = MONO_NEVER};

    (void)state;
    assert_false(blob_use(&facts, (struct wall){100}, (struct mono){1}, 1000));
    assert_true(mono_is_never(facts.unneeded_since));
    facts.unneeded_since = (struct mono){5};
    assert_true(blob_use(&facts, (struct wall){500}, (struct mono){9}, 1000));
    assert_int_equal(facts.used.ms, 500);
    assert_int_equal(facts.unneeded_since.ms, 9);
}

static void a_quota_is_for_all_together(void **state)
{
    (void)state;
    assert_true(blob_fits(0, 100, 100));
    assert_true(blob_fits(60, 40, 100));
    assert_false(blob_fits(60, 41, 100));
    assert_false(blob_fits(101, 0, 100)); /* it was larger once */
    assert_false(blob_fits(1, INT64_MAX, INT64_MAX));
}

/* A deletion of what refers to a blob may yet be undone. */
static void what_refers_to_it_is_certain_when_it_is_durable(void **state)
{
    (void)state;
    assert_true(ctl_blobs_are_settled(api.ctl));
    api.holds_commits = true;
    (void)api_call(&api, "POST", "/apis/fog/v1/harvestpolicies", "{'metadata': {'name': 'p'}}");
    assert_false(ctl_blobs_are_settled(api.ctl));
    api.holds_commits = false;
    api_settle(&api);
    assert_true(ctl_blobs_are_settled(api.ctl));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sessions_refer_to_their_artifacts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_do_assignments_also_of_an_earlier_spec, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_refers_to_it_is_certain_when_it_is_durable, set_up,
                                        tear_down),
        cmocka_unit_test(garbage_is_unneeded_and_old_and_was_watched),
        cmocka_unit_test(a_short_keep_is_a_short_watch),
        cmocka_unit_test(a_look_keeps_what_is_needed_young),
        cmocka_unit_test(who_asks_for_it_keeps_it_for_another_while),
        cmocka_unit_test(a_quota_is_for_all_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
