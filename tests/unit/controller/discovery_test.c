/* Discovery, version and health: what clients build on. */
#include "tests/support/api.h"

#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

static const struct node *resource(const struct node *list, const char *name)
{
    const struct node *resources = api_at(list, "resources");

    for (size_t i = 0; i < resources->list.count; i++) {
        if (str_eq(api_text(resources->list.items[i], "name"), name)) {
            return resources->list.items[i];
        }
    }
    return NULL;
}

static void groups_and_versions_are_listed(void **state)
{
    (void)state;
    quick_json_expect(api_get(&api, "/api?timeout=32s"),
                      "{'kind': 'APIVersions', 'versions': ['v1'],"
                      "'serverAddressByClientCIDRs': []}");
    quick_json_expect(api_get(&api, "/apis?timeout=32s"),
                      "{'kind': 'APIGroupList', 'apiVersion': 'v1', 'groups': [{'name': 'fog',"
                      "'versions': [{'groupVersion': 'fog/v1', 'version': 'v1'}],"
                      "'preferredVersion': {'groupVersion': 'fog/v1', 'version': 'v1'}}]}");
    assert_string_equal(api_text(api_get(&api, "/apis/fog"), "kind"), "APIGroup");
}

static void every_kind_is_a_resource_with_verbs(void **state)
{
    const struct node *list = api_get(&api, "/apis/fog/v1");

    (void)state;
    assert_string_equal(api_text(list, "kind"), "APIResourceList");
    assert_string_equal(api_text(list, "groupVersion"), "fog/v1");
    quick_json_expect(resource(list, "harvestsessions"),
                      "{'name': 'harvestsessions', 'singularName': 'harvestsession',"
                      "'namespaced': false, 'kind': 'HarvestSession', 'verbs': ['create', 'delete',"
                      "'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],"
                      "'shortNames': ['hs'], 'categories': ['all', 'fog']}");
    quick_json_expect(api_at(resource(list, "assignments"), "verbs"),
                      "['delete', 'deletecollection', 'get', 'list', 'watch']");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct node *listed = resource(
            kinds[i]->group[0] == '\0' ? api_get(&api, "/api/v1") : list, kinds[i]->plural);

        assert_non_null(listed);
        assert_string_equal(api_text(listed, "kind"), kinds[i]->name);
        assert_true(api_at(listed, "verbs")->list.count > 0);
    }
}

static void subresources_come_after_their_resource(void **state)
{
    const struct node *resources = api_at(api_get(&api, "/apis/fog/v1"), "resources");
    bool seen = false;

    (void)state;
    for (size_t i = 0; i < resources->list.count; i++) {
        const char *name = api_text(resources->list.items[i], "name");

        seen |= str_eq(name, "harvestsessions");
        assert_true(seen || !str_starts(name, "harvestsessions/"));
    }
    assert_non_null(resource(api_get(&api, "/apis/fog/v1"), "agents/status"));
    assert_null(resource(api_get(&api, "/apis/fog/v1"), "harvestpolicies/status"));
    quick_json_expect(
        api_at(resource(api_get(&api, "/apis/fog/v1"), "harvestpolicies/plan"), "verbs"),
        "['create']");
    assert_null(resource(api_get(&api, "/apis/fog/v1"), "assignments/plan"));
    quick_json_expect(api_at(resource(api_get(&api, "/apis/fog/v1"), "assignments/log"), "verbs"),
                      "['get']");
}

static void events_are_in_the_core_group(void **state)
{
    const struct node *list = api_get(&api, "/api/v1");

    (void)state;
    assert_string_equal(api_text(list, "groupVersion"), "v1");
    assert_string_equal(api_text(list, "resources[0].name"), "events");
    assert_non_null(resource(list, "events/why"));
    assert_true(api_at(resource(list, "events"), "namespaced")->boolean);
}

static void the_version_is_one_that_clients_compare(void **state)
{
    const struct node *version = api_get(&api, "/version");

    (void)state;
    assert_string_equal(api_text(version, "major"), "1");
    assert_string_equal(api_text(version, "gitVersion"), "v1.30.0+fog-0.1");
    assert_string_equal(api_text(version, "fogVersion"), "0.1");
    assert_int_equal(strlen(api_text(version, "storeId")), 36);
    assert_int_equal(api_int(version, "era"), 1);
}

static void health_is_text_and_waits_for_nothing(void **state)
{
    static const char *const paths[] = {"/healthz", "/livez", "/readyz"};

    (void)state;
    api.holds_commits = true;
    (void)api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct api_reply *reply = api_call(&api, "GET", paths[i], NULL);

        assert_int_equal(reply->code, 200);
        assert_true(reply->is_text);
        assert_string_equal(reply->body.data, "ok");
    }
    assert_int_equal(api_call(&api, "GET", "/version", NULL)->code, 0);
    api.holds_commits = false;
    api_settle(&api);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(groups_and_versions_are_listed),          CASE(every_kind_is_a_resource_with_verbs),
        CASE(subresources_come_after_their_resource),  CASE(events_are_in_the_core_group),
        CASE(the_version_is_one_that_clients_compare), CASE(health_is_text_and_waits_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
