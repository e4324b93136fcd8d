/* Alert rules: when they fire, and that who shall know is told, once if possible and in any case.
 */
#include "controller/core/alerts.h"

#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define RULES "/apis/fog/v1/alertrules"
#define RULE  RULES "/many"
#define MANY  "fog_objects.harvestpolicies >= 2"

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    api_advance(&api, RECONNECT_MAX_MS + ALERT_INTERVAL_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

static void create(const char *spec)
{
    const char *body = arena_printf(
        &api.arena, "{'metadata': {'name': 'many'}, 'spec': {'expr': '" MANY "'%s}}", spec);

    (void)api_expect(&api, 201, "POST", RULES, body);
}

static void policy(const char *name)
{
    (void)api_expect(&api, 201, "POST", POLICIES,
                     arena_printf(&api.arena, "{'metadata': {'name': '%s'}}", name));
}

static void two_policies(void)
{
    policy("a");
    policy("b");
}

static void one_policy(void)
{
    (void)api_expect(&api, 200, "DELETE", POLICIES "/b", NULL);
}

static void evaluate(void)
{
    api_advance(&api, ALERT_INTERVAL_MS);
}

static const char *state_of(void)
{
    return api_text(api_get(&api, RULE), "status.state");
}

static int64_t notifications(void)
{
    return api_int(api_get(&api, RULE), "status.notifications");
}

static size_t unsent(void)
{
    const struct node *list = api_at(api_get(&api, RULE), "status.unsent");

    return list == NULL ? 0 : list->list.count;
}

static void answer_with(size_t index, bool is_taken, const char *why)
{
    struct api_notice *notice = &api.notices.items[index];
    const struct notified notified = {notice->rule, notice->id, notice->to, is_taken, why};

    api_step(&api, &(struct ctl_event){.type = CTL_NOTIFIED, .notified = &notified});
}

static void answer(size_t index, bool is_taken)
{
    answer_with(index, is_taken, is_taken ? NULL : "it refused");
}

static const char *not_delivered(void)
{
    return api_text(api_get(&api, RULE), "status.conditions[0].message");
}

static void a_rule_fires_and_is_resolved(void **state)
{
    (void)state;
    create(", 'cooldown': '0s', 'summary': 'too many', 'receivers': [{'log': {}}]");
    evaluate();
    assert_string_equal(state_of(), "");
    two_policies();
    evaluate();
    assert_string_equal(state_of(), "Firing");
    assert_string_equal(api_text(api_get(&api, RULE), "status.value"),
                        "fog_objects.harvestpolicies is 2");
    assert_int_equal(api.notices.count, 1);
    assert_string_equal(api_text(api.notices.items[0].json, "state"), "Firing");
    assert_string_equal(api_text(api.notices.items[0].json, "summary"), "too many");
    answer(0, true);
    assert_int_equal(unsent(), 0);
    one_policy();
    evaluate();
    assert_string_equal(state_of(), "Inactive");
    assert_int_equal(api.notices.count, 2);
    assert_string_equal(api_text(api.notices.items[1].json, "state"), "Resolved");
    assert_int_equal(notifications(), 2);
    assert_string_not_equal(api.notices.items[0].id, api.notices.items[1].id);
}

static void it_must_hold_for_as_long_as_for_says(void **state)
{
    (void)state;
    create(", 'for': '12s', 'receivers': [{'log': {}}]");
    two_policies();
    evaluate();
    assert_string_equal(state_of(), "Pending");
    evaluate();
    one_policy();
    evaluate();
    assert_string_equal(state_of(), "Inactive");
    policy("b");
    for (int i = 0; i < 3; i++) {
        evaluate();
        assert_string_equal(state_of(), "Pending");
    }
    evaluate();
    assert_string_equal(state_of(), "Firing");
    assert_int_equal(api.notices.count, 1);
}

static void what_was_resolved_cools_down_first(void **state)
{
    (void)state;
    create(", 'cooldown': '20s', 'receivers': [{'log': {}}]");
    two_policies();
    evaluate();
    one_policy();
    evaluate();
    policy("b");
    for (int i = 0; i < 3; i++) {
        evaluate();
        assert_string_equal(state_of(), "Pending");
    }
    evaluate();
    assert_string_equal(state_of(), "Firing");
    assert_int_equal(notifications(), 3);
}

static void what_nobody_took_is_sent_again(void **state)
{
    (void)state;
    create(", 'receivers': [{'log': {}}]");
    two_policies();
    evaluate();
    answer(0, false);
    assert_int_equal(unsent(), 1);
    assert_string_equal(api_text(api_get(&api, RULE), "status.conditions[0].reason"), "NotTaken");
    assert_non_null(strstr(not_delivered(), "it refused"));
    api_advance(&api, RESTART_MIN_MS);
    assert_int_equal(api.notices.count, 2);
    answer_with(1, false, "nobody listens"); /* the newest reason is told */
    assert_non_null(strstr(not_delivered(), "nobody listens"));
    assert_string_equal(api.notices.items[0].id, api.notices.items[1].id);
    api_advance(&api, ALERT_ANSWER_MS + RESTART_MAX_MS); /* nobody answers at all */
    assert_true(api.notices.count >= 3);
    answer(2, true);
    assert_int_equal(unsent(), 0);
    assert_string_equal(api_text(api_get(&api, RULE), "status.conditions[0].reason"), "Taken");
    answer(1, false); /* of an earlier try: it was taken */
    api_advance(&api, 2 * RESTART_MAX_MS);
    assert_int_equal(unsent(), 0);
    assert_int_equal(notifications(), 1);
}

static void it_is_told_after_a_restart_and_in_order(void **state)
{
    size_t before;

    (void)state;
    create(", 'cooldown': '0s', 'receivers': [{'log': {}}]");
    two_policies();
    evaluate();
    one_policy();
    evaluate();
    assert_int_equal(unsent(), 2);
    assert_int_equal(api.notices.count, 1); /* the second waits for the first */
    before = api.notices.count;
    api_restart(&api);
    api_settle(&api);
    api_tick(&api);
    assert_int_equal(api.notices.count, before + 1);
    assert_string_equal(api.notices.items[before].id, api.notices.items[0].id);
    answer(0, true); /* of the core before */
    assert_int_equal(api.notices.count, before + 2);
    assert_string_equal(api_text(api.notices.items[before + 1].json, "state"), "Resolved");
    answer(before + 1, true);
    assert_int_equal(unsent(), 0);
}

#define HOOK "https://example.org/hook"

static void each_receiver_is_told_and_tried_by_itself(void **state)
{
    size_t of_log;

    (void)state;
    create(", 'receivers': [{'log': {}}, {'webhook': {'url': '" HOOK "', 'timeout': '2s'}}]");
    two_policies();
    evaluate();
    assert_int_equal(api.notices.count, 2);
    assert_string_equal(api.notices.items[0].id, api.notices.items[1].id);
    of_log = str_eq(api.notices.items[0].to, "log") ? 0 : 1;
    assert_string_equal(api.notices.items[1 - of_log].to, HOOK);
    answer(of_log, true);
    answer(1 - of_log, false);
    assert_int_equal(unsent(), 1);
    api_advance(&api, 2 * RESTART_MAX_MS);
    assert_true(api.notices.count > 2);
    for (size_t i = 2; i < api.notices.count; i++) {
        assert_string_equal(api.notices.items[i].to, HOOK);
    }
    answer(api.notices.count - 1, true);
    assert_int_equal(unsent(), 0);
}

static void fire_many(const char *receiver, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)api_expect(&api, 201, "POST", RULES,
                         arena_printf(&api.arena,
                                      "{'metadata': {'name': '%s-%zu'}, 'spec': {'expr': '" MANY
                                      "', 'receivers': [{'%s': {%s}}]}}",
                                      receiver, i, receiver,
                                      str_eq(receiver, "log") ? "" : "'url': '" HOOK "'"));
    }
}

static void calls_that_hang_hold_up_no_line_of_the_log(void **state)
{
    size_t lines = 0;

    (void)state;
    fire_many("webhook", 2 * ALERT_SENDS_MAX);
    fire_many("log", 4);
    two_policies();
    evaluate();
    for (size_t i = 0; i < api.notices.count; i++) {
        lines += str_eq(api.notices.items[i].to, "log");
    }
    assert_int_equal(lines, 4);
    assert_int_equal(api.notices.count, ALERT_SENDS_MAX + lines);
}

static void a_receiver_is_one_thing_at_a_good_place(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "{'log': {}, 'webhook': {'url': '" HOOK "'}}",
        "{'webhook': {}}",
        "{'webhook': {'url': 'ftp://example.org/'}}",
        "{'webhook': {'url': 'http://example.org:99999/'}}",
        "{'webhook': {'url': 'http://example.org:0/'}}",
        "{'webhook': {'url': 'http://example.org:http/'}}",
        "{'webhook': {'url': 'https:///hook'}}",
        "{'webhook': {'url': 'https://name:word@example.org/'}}",
        "{'webhook': {'url': 'https://example.org/a b'}}",
        "{'webhook': {'url': 'https://example.org/#x'}}",
        "{'webhook': {'url': '" HOOK "', 'timeout': '1m'}}",
        "{'log': {}}, {'log': {'level': 'info'}}",
        "{'webhook': {'url': '" HOOK "'}}, {'webhook': {'url': '" HOOK "'}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        (void)api_expect(&api, 422, "POST", RULES,
                         arena_printf(&api.arena,
                                      "{'metadata': {'name': 'many'}, 'spec': {'expr': '" MANY
                                      "', 'receivers': [%s]}}",
                                      wrong[i]));
    }
}

static void why_says_what_it_is_and_who_is_not_told(void **state)
{
    const struct node *answer_why;

    (void)state;
    create(", 'cooldown': '0s', 'summary': 'too many', 'receivers': [{'log': {}}]");
    evaluate();
    assert_string_equal(api_text(api_get(&api, RULE "/why"), "chain[0].message"),
                        "too many: it has never fired");
    two_policies();
    evaluate();
    answer(0, false);
    answer_why = api_get(&api, RULE "/why");
    assert_string_equal(api_text(answer_why, "chain[0].is"), "Firing");
    assert_string_equal(api_text(answer_why, "inTheWay.reason"), "Firing");
    assert_string_equal(api_text(answer_why, "chain[1].reason"), "NotTaken");
    assert_string_not_equal(api_text(api_get(&api, RULE), "status.fired"), "");
    one_policy();
    evaluate();
    assert_string_not_equal(api_text(api_get(&api, RULE), "status.resolved"), "");
}

static void nothing_is_sent_before_it_is_durable(void **state)
{
    (void)state;
    create(", 'receivers': [{'log': {}}]");
    two_policies();
    api.holds_commits = true;
    evaluate();
    assert_int_equal(api.notices.count, 0);
    api.holds_commits = false;
    api_settle(&api);
    assert_int_equal(api.notices.count, 1);
}

static void who_is_no_receiver_any_more_is_told_nothing(void **state)
{
    (void)state;
    create(", 'receivers': [{'log': {}}]");
    two_policies();
    evaluate();
    answer(0, false);
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", RULE, "{'spec': {'receivers': []}}");
    api.content_type = NULL;
    evaluate();
    assert_int_equal(unsent(), 0);
    assert_string_equal(state_of(), "Firing");
}

static void a_full_disk_moves_nothing(void **state)
{
    (void)state;
    create(", 'receivers': [{'log': {}}]");
    two_policies();
    api_step(&api, &(struct ctl_event){.type = CTL_STORE_SPACE, .store_is_full = true});
    evaluate();
    assert_string_equal(state_of(), "");
    api_step(&api, &(struct ctl_event){.type = CTL_STORE_SPACE, .store_is_full = false});
    evaluate();
    assert_string_equal(state_of(), "Firing");
}

static void mistakes_are_refused_at_the_door(void **state)
{
    static const char *const specs[] = {
        "{'expr': 'fog_agents.gone > 1'}",
        "{'expr': 'fog_agent > 1'}",
        "{'expr': 'fog_agents > '}",
        "{'expr': 'fog_step_duration_seconds > 1'}",
        "{'for': '1m'}",
        "{'expr': 'fog_revision > 1', 'receivers': [{}]}",
        "{'expr': 'fog_revision > 1', 'receivers': [{'log': {}}, {'log': {'level': 'info'}}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        (void)api_expect(
            &api, 422, "POST", RULES,
            arena_printf(&api.arena, "{'metadata': {'name': 'x'}, 'spec': %s}", specs[i]));
    }
    (void)api_expect(&api, 201, "POST", RULES,
                     "{'metadata': {'name': 'x'}, 'spec': {'expr': 'fog_steps_total.http-gone > 5 "
                     "|| process_cpu_seconds_total > 2h || process_resident_memory_bytes > 1Gi'}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rule_fires_and_is_resolved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_must_hold_for_as_long_as_for_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_resolved_cools_down_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_took_is_sent_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_receiver_is_told_and_tried_by_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(calls_that_hang_hold_up_no_line_of_the_log, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_receiver_is_one_thing_at_a_good_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(why_says_what_it_is_and_who_is_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_told_after_a_restart_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_sent_before_it_is_durable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_no_receiver_any_more_is_told_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_moves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_are_refused_at_the_door, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
