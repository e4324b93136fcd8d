/* Who says what of an object when sources of different rank do: operators, and agents of
 * themselves. */
#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct api api;
static struct api_agent edge;

static int set_up(void **state)
{
    (void)state;
    edge = (struct api_agent){.name = "edge-1", .key = {1}};
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- small language ----------------------------------------------------------------------------
 */

/* The agent comes, or comes back, and says where it stands. */
static void say_site(const char *site)
{
    struct strpair label = {"site", site};
    struct wire_hello hello;
    struct wire_message welcome;

    if (edge.link != 0) {
        api_link_down(&api, edge.link);
    }
    edge.link = api_link_up(&api);
    hello = api_hello(&api, &edge);
    hello.labels.items = &label;
    hello.labels.count = 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(api_hear(&api, edge.link, WIRE_WELCOME, &welcome));
    edge.epoch = welcome.welcome.epoch;
}

static void patch_agent(const char *patch)
{
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", AGENTS "/edge-1", patch);
    api.content_type = NULL;
}

static const char *site(void)
{
    return api_text(api_at(api_get(&api, AGENTS "/edge-1"), "metadata.labels"), "reported/site");
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void an_agent_says_where_it_stands_as_often_as_it_likes(void **state)
{
    (void)state;
    say_site("north");
    say_site("south");
    assert_string_equal(site(), "south");
}

static void what_an_operator_says_of_an_agent_stands(void **state)
{
    (void)state;
    say_site("north");
    patch_agent("{'metadata': {'labels': {'reported/site': 'cellar'}}}");
    say_site("south");
    assert_string_equal(site(), "cellar");
}

static void what_an_operator_took_from_an_agent_stays_away(void **state)
{
    (void)state;
    say_site("north");
    patch_agent("{'metadata': {'labels': {'reported/site': null}}}");
    assert_string_equal(site(), "");
    say_site("south");
    assert_string_equal(site(), "");
    patch_agent("{'metadata': {'labels': {'reported/site': 'cellar'}}}");
    assert_string_equal(site(), "cellar");
}

static void what_nobody_else_says_leaves_nothing_behind(void **state)
{
    const char *owners;

    (void)state;
    say_site("north");
    patch_agent("{'metadata': {'labels': {'mine': 'x'}}}");
    patch_agent("{'metadata': {'labels': {'mine': null, 'other': 'y'}}}");
    owners = api_call(&api, "GET", AGENTS "/edge-1", NULL)->body.data;
    assert_non_null(strstr(owners, "f:other"));
    assert_null(strstr(owners, "f:mine"));
}

static void a_rollback_is_not_undone_by_an_agent(void **state)
{
    uint64_t then;
    struct node *answer;

    (void)state;
    say_site("north");
    then = api_revision(&api);
    say_site("south");
    for (int i = 0; i < 2; i++) {
        answer = api_expect(
            &api, 200, "POST", ROLLBACKS,
            api_target(&api, "{'spec': {'toRevision': '%llu', 'kind': 'Agent', 'name': 'edge-1'}}",
                       (unsigned long long)then));
        assert_string_equal(api_text(answer, "status.results[0].result"),
                            i == 0 ? "configured" : "unchanged");
        assert_string_equal(site(), "north");
    }
    say_site("south");
    assert_string_equal(site(), "north");
    assert_int_equal(strlen(api_text(api_get(&api, AGENTS "/edge-1"), "spec.publicKey")), 44);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_agent_says_where_it_stands_as_often_as_it_likes),
        TEST(what_an_operator_says_of_an_agent_stands),
        TEST(what_an_operator_took_from_an_agent_stays_away),
        TEST(what_nobody_else_says_leaves_nothing_behind),
        TEST(a_rollback_is_not_undone_by_an_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
