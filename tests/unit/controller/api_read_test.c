/* Reads: one object, lists, pages, selectors, subresources, and whatever is not there. */
#include "tests/support/api.h"

#include "schema/limits.h"

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

static void create(const char *name, const char *labels)
{
    (void)api_expect(
        &api, 201, "POST", POLICIES,
        api_target(&api, "{'metadata': {'name': '%s', 'labels': {%s}}}", name, labels));
}

static void refused(const char *method, const char *target, int code, const char *reason,
                    const char *message)
{
    const struct node *status = api_expect(&api, code, method, target, NULL);

    assert_string_equal(api_text(status, "kind"), "Status");
    assert_string_equal(api_text(status, "reason"), reason);
    if (strstr(api_text(status, "message"), message) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", message, api_text(status, "message"));
    }
}

/* Names of a list, with commas. */
static const char *names(const struct node *list)
{
    const struct node *items = api_at(list, "items");
    char *text = arena_strdup(&api.arena, "");

    assert_non_null(items);
    for (size_t i = 0; i < items->list.count; i++) {
        text = arena_printf(&api.arena, "%s%s%s", text, i == 0 ? "" : ",",
                            api_text(items->list.items[i], "metadata.name"));
    }
    return text;
}

static void an_object_is_read_whole(void **state)
{
    const struct node *policy;

    (void)state;
    create("p", "'a': 'b'");
    policy = api_get(&api, POLICIES "/p");
    assert_string_equal(api_text(policy, "kind"), "HarvestPolicy");
    assert_string_equal(api_text(policy, "apiVersion"), "fog/v1");
    assert_string_equal(api_text(policy, "metadata.labels.a"), "b");
    assert_string_equal(api_text(policy, "metadata.resourceVersion"), "1");
    assert_string_equal(api_text(policy, "metadata.managedFields[0].manager"), "tester");
    assert_true(node_eq(policy, api_get(&api, POLICIES "/p?pretty=true&timeout=5s&hash=x")));
}

static void an_empty_list_has_items(void **state)
{
    const struct node *list = api_get(&api, SESSIONS);

    (void)state;
    assert_string_equal(api_text(list, "kind"), "HarvestSessionList");
    assert_string_equal(api_text(list, "apiVersion"), "fog/v1");
    assert_string_equal(api_text(list, "metadata.resourceVersion"), "0");
    assert_int_equal(api_at(list, "items")->type, NODE_LIST);
    assert_int_equal(api_at(list, "items")->list.count, 0);
}

static void a_list_is_sorted_by_name(void **state)
{
    const struct node *list;

    (void)state;
    create("c", "");
    create("a", "");
    create("b", "");
    list = api_get(&api, POLICIES "?resourceVersion=0");
    assert_string_equal(names(list), "a,b,c");
    assert_string_equal(api_text(list, "items[0].kind"), "HarvestPolicy");
    assert_string_equal(api_text(list, "metadata.resourceVersion"), "3");
    assert_null(api_at(list, "metadata.continue"));
}

static void a_list_comes_in_pages(void **state)
{
    const struct node *page;

    (void)state;
    create("a", "");
    create("b", "");
    create("c", "");
    create("d", "");
    create("e", "");
    page = api_get(&api, POLICIES "?limit=2");
    assert_string_equal(names(page), "a,b");
    assert_int_equal(api_int(page, "metadata.remainingItemCount"), 3);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/b", NULL); /* the token outlives its object */
    create("bb", "");
    page = api_get(&api, api_target(&api, POLICIES "?limit=2&continue=%s",
                                    api_text(page, "metadata.continue")));
    assert_string_equal(names(page), "bb,c");
    api_restart(&api);
    page = api_get(&api, api_target(&api, POLICIES "?limit=2&continue=%s",
                                    api_text(page, "metadata.continue")));
    assert_string_equal(names(page), "d,e");
    assert_null(api_at(page, "metadata.continue"));
    assert_string_equal(names(api_get(&api, POLICIES "?limit=5")), "a,bb,c,d,e");
    assert_string_equal(names(api_get(&api, POLICIES "?limit=0")), "a,bb,c,d,e");
    assert_string_equal(names(api_get(&api, POLICIES "?limit=")), "a,bb,c,d,e");
}

static void pages_go_with_selectors(void **state)
{
    const struct node *page;

    (void)state;
    create("a", "'x': '1'");
    create("b", "");
    create("c", "'x': '1'");
    create("d", "'x': '1'");
    page = api_get(&api, POLICIES "?limit=2&labelSelector=x");
    assert_string_equal(names(page), "a,c");
    assert_int_equal(api_int(page, "metadata.remainingItemCount"), 1);
}

static void bad_pages_are_refused(void **state)
{
    (void)state;
    refused("GET", POLICIES "?limit=many", 400, "BadRequest", "limit");
    refused("GET", POLICIES "?limit=-1", 400, "BadRequest", "limit");
    refused("GET", POLICIES "?continue=zz", 400, "BadRequest", "continue");
    refused("GET", POLICIES "?continue=6", 400, "BadRequest", "continue");
    assert_string_equal(names(api_get(&api, POLICIES "?limit=99999999999")), "");
}

static void selectors_narrow_a_list(void **state)
{
    static const struct {
        const char *query, *names;
    } cases[] = {
        {"labelSelector=tier%3Dgold", "a,b"},
        {"labelSelector=tier%3D%3Dgold,site%3Dnorth", "a"},
        {"labelSelector=tier!%3Dgold", "c,d"},
        {"labelSelector=tier+in+(gold,silver)", "a,b,c"},
        {"labelSelector=tier%20notin%20(gold)", "c,d"},
        {"labelSelector=site", "a"},
        {"labelSelector=!tier", "d"},
        {"labelSelector=", "a,b,c,d"},
        {"fieldSelector=metadata.name%3Db", "b"},
        {"fieldSelector=metadata.name!%3Db", "a,c,d"},
        {"fieldSelector=metadata.namespace%3D,metadata.name%3Dc", "c"},
        {"fieldSelector=metadata.name%3Db&labelSelector=tier%3Dsilver", ""},
        {"fieldSelector=spec.battery.minPercent%3D50", "a,b,c,d"},
    };

    (void)state;
    create("a", "'tier': 'gold', 'site': 'north'");
    create("b", "'tier': 'gold'");
    create("c", "'tier': 'silver'");
    create("d", "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *found = names(api_get(&api, api_target(&api, POLICIES "?%s", cases[i].query)));

        if (strcmp(found, cases[i].names) != 0) {
            fail_msg("%s selects %s", cases[i].query, found);
        }
    }
}

static void bad_selectors_are_refused(void **state)
{
    (void)state;
    refused("GET", POLICIES "?labelSelector=tier+in+gold", 400, "BadRequest", "(");
    refused("GET", POLICIES "?labelSelector=a%3Db%3Dc", 400, "BadRequest", "b=c");
    refused("GET", POLICIES "?labelSelector=%26", 400, "BadRequest", "&");
    refused("GET", POLICIES "?fieldSelector=spec.bogus%3D1", 400, "BadRequest", "spec.bogus");
    refused("GET", POLICIES "?fieldSelector=metadata.name", 400, "BadRequest", "metadata.name");
    refused("GET", POLICIES "?watch=1&labelSelector=,", 400, "BadRequest", "label key");
}

static void unknown_paths_are_not_found(void **state)
{
    static const char *const paths[] = {"/",
                                        "/nowhere",
                                        "/apis/fog/v2/agents",
                                        "/apis/cloud/v1/agents",
                                        "/apis/fog/v1/toasters",
                                        "/apis/fog/v1/events",
                                        "/apis/fog/v1/agents/a/bogus",
                                        "/apis/fog/v1/agents/a/log",
                                        "/apis/fog/v1/agents/a/status/x",
                                        "/apis/fog/v1/harvestpolicies/p/status",
                                        "/apis/fog/v1/namespaces/default/agents",
                                        "/api/v1/pods",
                                        "/api/v1/namespaces",
                                        "/api/v1/namespaces/default",
                                        "/api/v1/namespaces/default/pods",
                                        "/api/v1/namespaces/default/events/e/x/y"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        refused("GET", paths[i], 404, "NotFound",
                "the server could not find the requested resource");
    }
}

static void objects_that_are_not_there(void **state)
{
    const struct node *status = api_expect(&api, 404, "GET", AGENTS "/a", NULL);

    (void)state;
    assert_string_equal(api_text(status, "message"), "agents.fog \"a\" not found");
    assert_string_equal(api_text(status, "details.kind"), "agents");
    refused("GET", SESSIONS "/s/why", 404, "NotFound", "s");
    refused("GET", ASSIGNMENTS "/x/log", 404, "NotFound", "x");
    refused("GET", EVENTS "/x", 404, "NotFound", "events \"x\" not found");
    refused("GET", AGENTS "/%E2%82%AC", 404, "NotFound", "€");
}

static void unknown_methods_are_refused(void **state)
{
    static const struct {
        const char *method, *target;
    } cases[] = {
        {"PUT", POLICIES},
        {"PATCH", POLICIES},
        {"POST", POLICIES "/p"},
        {"BREW", POLICIES "/p"},
        {"HEAD", POLICIES},
        {"DELETE", SESSIONS "/s/status"},
        {"POST", SESSIONS "/s/status"},
        {"PUT", SESSIONS "/s/why"},
        {"DELETE", SESSIONS "/s/history"},
        {"GET", CHANGESETS},
        {"DELETE", CHANGESETS},
        {"GET", ROLLBACKS},
        {"POST", "/apis/fog/v1/history"},
        {"POST", "/version"},
        {"DELETE", "/apis"},
        {"POST", "/healthz"},
        {"PUT", "/apis/fog/v1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        refused(cases[i].method, cases[i].target, 405, "MethodNotAllowed", cases[i].method);
    }
}

static void agents_are_asked_for_by_a_condition(void **state)
{
    const struct node *status;

    (void)state;
    (void)api_expect(&api, 201, "POST", AGENTS,
                     "{'metadata': {'name': 'a', 'labels': {'region': 'north'}}}");
    (void)api_expect(&api, 201, "POST", AGENTS,
                     "{'metadata': {'name': 'b', 'labels': {'region': 'south'}}, "
                     "'spec': {'unschedulable': true}}");
    (void)api_expect(&api, 201, "POST", AGENTS, "{'metadata': {'name': 'c'}}");
    assert_string_equal(names(api_get(&api, AGENTS "?where=region+in+(north,south)")), "a,b");
    assert_string_equal(names(api_get(&api, AGENTS "?where=region+!%3D+north")), "b,c");
    assert_string_equal(
        names(api_get(&api, AGENTS "?where=region+!%3D+north&labelSelector=region")), "b");
    assert_string_equal(names(api_get(&api, AGENTS "?where=unschedulable+%7C%7C+name%3D%3Da")),
                        "a,b");
    /* Nobody has said a word of its battery. */
    assert_string_equal(names(api_get(&api, AGENTS "?where=!(sensors.battery+>+5)")), "");
    assert_int_equal(
        api_int(api_get(&api, AGENTS "?where=name!%3Dx&limit=1"), "metadata.remainingItemCount"),
        2);
    status = api_expect(&api, 400, "GET", AGENTS "?where=batery+>+4+%7C%7C+%7E", NULL);
    assert_string_equal(
        api_text(status, "message"),
        "where: column 8: \">\" compares numbers, and batery is a label, whose values "
        "are texts; did you mean sensors.battery?; column 15: \"~\" has no meaning "
        "here; a text with it needs quotes");
    assert_string_equal(api_text(status, "details.causes[1].field"), "where");
    refused("GET", AGENTS "?where=", 400, "BadRequest", "a field was expected");
    refused("GET", AGENTS "?where=name&watch=true", 400, "BadRequest", "readings change");
    refused("GET", POLICIES "?where=name", 400, "BadRequest", "only agents");
    /* What is deleted obeys it, and nothing goes by mistake. */
    refused("DELETE", AGENTS "?where=nam", 400, "BadRequest", "where: column 1");
    (void)api_expect(&api, 200, "DELETE", AGENTS "?where=region%3D%3Dsouth", NULL);
    assert_string_equal(names(api_get(&api, AGENTS)), "a,c");
}

static void malformed_urls_are_refused(void **state)
{
    static const char *const targets[] = {"",
                                          "agents",
                                          POLICIES "/%",
                                          POLICIES "/%zz",
                                          POLICIES "?labelSelector=%",
                                          "/a%00b",
                                          "/%ff",
                                          "/1/2/3/4/5/6/7/8/9",
                                          POLICIES "?fieldManager=%c3"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        refused("GET", targets[i], 400, "BadRequest", "the URL is malformed");
    }
}

static void events_are_read_on_all_their_paths(void **state)
{
    (void)state;
    assert_string_equal(api_text(api_get(&api, EVENTS), "kind"), "EventList");
    assert_string_equal(api_text(api_get(&api, EVENTS), "apiVersion"), "v1");
    (void)api_get(&api, "/api/v1/namespaces/default/events?limit=500");
    (void)api_get(&api, "/api/v1/namespaces/anything/events"
                        "?fieldSelector=involvedObject.name%3Dx,involvedObject.namespace%3D,"
                        "involvedObject.kind%3DAgent,involvedObject.uid%3Du&limit=500");
}

static void why_is_answered_for_what_is_there(void **state)
{
    const struct node *why;

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    why = api_get(&api, SESSIONS "/s/why");
    assert_int_equal(api_at(why, "converged")->type, NODE_BOOL);
}

static void a_log_needs_numbers_and_an_agent(void **state)
{
    (void)state;
    refused("GET", ASSIGNMENTS "/none/log?tailLines=x", 404, "NotFound", "none");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_object_is_read_whole),           CASE(an_empty_list_has_items),
        CASE(a_list_is_sorted_by_name),          CASE(a_list_comes_in_pages),
        CASE(pages_go_with_selectors),           CASE(bad_pages_are_refused),
        CASE(selectors_narrow_a_list),           CASE(bad_selectors_are_refused),
        CASE(unknown_paths_are_not_found),       CASE(objects_that_are_not_there),
        CASE(unknown_methods_are_refused),       CASE(agents_are_asked_for_by_a_condition),
        CASE(malformed_urls_are_refused),        CASE(events_are_read_on_all_their_paths),
        CASE(why_is_answered_for_what_is_there), CASE(a_log_needs_numbers_and_an_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
