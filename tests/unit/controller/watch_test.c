/* Watches: every change that concerns the client, in order, each once; resumed by revision from
 * memory and from disk. */
#include "controller/core/watch.h"

#include "schema/limits.h"
#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

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

/* --- a small language ------------------------------------------------------------------------- */

static void put(const char *name, const char *labels, int percent)
{
    (void)api_call(&api, "POST", POLICIES, api_target(&api, "{'metadata': {'name': '%s'}}", name));
    (void)api_expect(&api, 200, "PUT", api_target(&api, POLICIES "/%s", name),
                     api_target(&api,
                                "{'metadata': {'name': '%s', 'labels': {%s}},"
                                "'spec': {'battery': {'minPercent': %d}}}",
                                name, labels, percent));
}

static void create(const char *name)
{
    (void)api_expect(&api, 201, "POST", POLICIES,
                     api_target(&api, "{'metadata': {'name': '%s'}}", name));
}

static void drop(const char *name)
{
    (void)api_expect(&api, 200, "DELETE", api_target(&api, POLICIES "/%s", name), NULL);
}

static struct api_reply *watch(const char *query)
{
    struct api_reply *reply =
        api_call(&api, "GET", api_target(&api, POLICIES "?watch=true%s", query), NULL);

    assert_int_equal(reply->code, 200);
    assert_true(reply->is_stream);
    return reply;
}

/* "ADDED a@1 MODIFIED a@2 …" */
static const char *events(const struct api_reply *reply)
{
    char *text = arena_strdup(&api.arena, "");

    vec_each (&reply->events, it) {
        text = arena_printf(&api.arena, "%s%s%s %s@%s", text, *text == '\0' ? "" : " ",
                            api_text(*it, "type"), api_text(*it, "object.metadata.name"),
                            api_text(*it, "object.metadata.resourceVersion"));
    }
    return text;
}

/* "ADDED BOOKMARK" */
static const char *types(const struct api_reply *reply)
{
    char *text = arena_strdup(&api.arena, "");

    vec_each (&reply->events, it) {
        text = arena_printf(&api.arena, "%s%s%s", text, *text == '\0' ? "" : " ",
                            api_text(*it, "type"));
    }
    return text;
}

static void expect_expired(const struct api_reply *reply)
{
    const struct node *last;

    assert_true(reply->events.count > 0);
    last = reply->events.items[reply->events.count - 1];
    assert_string_equal(api_text(last, "type"), "ERROR");
    assert_string_equal(api_text(last, "object.kind"), "Status");
    assert_string_equal(api_text(last, "object.reason"), "Expired");
    assert_int_equal(api_int(last, "object.code"), 410);
    assert_true(reply->has_ended);
}

/* --- beginning -------------------------------------------------------------------------------- */

static void a_watch_without_a_revision_begins_with_what_is_there(void **state)
{
    static const char *const queries[] = {"", "&resourceVersion=0", "&resourceVersion="};

    (void)state;
    create("a");
    create("b");
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        assert_string_equal(events(watch(queries[i])), "ADDED a@1 ADDED b@2");
    }
}

static void changes_follow(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    reply = watch("");
    create("b");
    put("a", "", 10);
    drop("a");
    assert_string_equal(events(reply), "ADDED a@1 ADDED b@2 MODIFIED a@3 DELETED a@4");
    assert_int_equal(api_int(reply->events.items[3], "object.spec.battery.minPercent"),
                     10); /* the last state */
    assert_string_equal(api_text(reply->events.items[3], "object.kind"), "HarvestPolicy");
    assert_false(reply->has_ended);
}

static void each_event_is_a_line(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    reply = watch("");
    assert_int_equal(reply->body.data[reply->body.length - 1], '\n');
}

static void a_write_that_changes_nothing_is_no_event(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    reply = watch("&resourceVersion=1");
    (void)api_expect(&api, 200, "PUT", POLICIES "/a", "{'metadata': {'name': 'a'}}");
    (void)api_expect(&api, 200, "PUT", POLICIES "/a?dryRun=All",
                     "{'metadata': {'name': 'a', 'labels': {'x': 'y'}}}");
    assert_string_equal(events(reply), "");
}

static void a_kind_is_watched_alone(void **state)
{
    struct api_reply *reply = watch("");

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    assert_string_equal(events(reply), "");
}

static void an_event_waits_until_its_change_is_durable(void **state)
{
    struct api_reply *reply = watch("");

    (void)state;
    api.holds_commits = true;
    (void)api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'a'}}");
    assert_string_equal(events(reply), "");
    api.holds_commits = false;
    api_settle(&api);
    assert_string_equal(events(reply), "ADDED a@1");
}

/* --- resuming --------------------------------------------------------------------------------- */

static void a_watch_resumes_after_a_revision(void **state)
{
    (void)state;
    create("a");
    create("b");
    put("a", "", 10);
    drop("b");
    assert_string_equal(events(watch("&resourceVersion=1")), "ADDED b@2 MODIFIED a@3 DELETED b@4");
    assert_string_equal(events(watch("&resourceVersion=3")), "DELETED b@4");
    assert_string_equal(events(watch("&resourceVersion=4")), "");
}

static void a_watch_resumes_across_a_restart(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    create("b");
    put("a", "", 10);
    drop("b");
    api_restart(&api);
    assert_string_equal(events(watch("&resourceVersion=1")), "ADDED b@2 MODIFIED a@3 DELETED b@4");
    reply = watch("&resourceVersion=3");
    create("c");
    assert_string_equal(events(reply), "DELETED b@4 ADDED c@5");
    assert_string_equal(events(watch("")), "ADDED a@3 ADDED c@5");
}

static void what_happens_while_history_is_read_comes_after_it(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    create("b");
    api_restart(&api);
    api.holds_reads = true;
    reply = watch("&resourceVersion=1");
    create("c");
    assert_string_equal(events(reply), "");
    api.holds_reads = false;
    api_settle(&api);
    create("d");
    assert_string_equal(events(reply), "ADDED b@2 ADDED c@3 ADDED d@4");
}

static void a_client_that_leaves_while_history_is_read_is_forgotten(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    create("b");
    api_restart(&api);
    api.holds_reads = true;
    reply = watch("&resourceVersion=1");
    api_gone(&api, reply);
    api.holds_reads = false;
    api_settle(&api);
    assert_string_equal(events(reply), "");
    assert_int_equal(api.ctl->watchers.count, 0);
}

static void a_revision_that_never_was_is_expired(void **state)
{
    static const char *const queries[] = {"&resourceVersion=99", "&resourceVersion=abc",
                                          "&resourceVersion=-1",
                                          "&resourceVersion=99999999999999999999999"};

    (void)state;
    create("a");
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct api_reply *reply = watch(queries[i]);

        assert_int_equal(reply->events.count, 1);
        expect_expired(reply);
    }
    assert_int_equal(api.ctl->watchers.count, 0);
}

static void a_revision_that_lies_ahead_is_not_called_old(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    reply = watch("&resourceVersion=99");
    expect_expired(reply);
    assert_string_equal(api_text(reply->events.items[0], "object.message"),
                        "too large resource version: 99 (1)");
}

static void a_revision_below_what_is_kept_is_expired(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    create("b");
    api.ctl->compacted = 2; /* as the store would say at a start */
    reply = watch("&resourceVersion=1");
    expect_expired(reply);
    assert_string_equal(api_text(reply->events.items[0], "object.message"),
                        "too old resource version: 1 (2)");
    assert_false(watch("&resourceVersion=2")->has_ended);
}

enum { RING = 64, MANY = 100 };

static void create_many(void)
{
    struct str changes = STR_EMPTY;

    str_add(&changes, "{'spec': {'changes': [");
    for (size_t i = 0; i < MANY; i++) {
        str_addf(&changes,
                 "%s{'verb': 'create', 'object': {'apiVersion': 'fog/v1', 'kind':"
                 "'HarvestPolicy', 'metadata': {'name': 'p%zu'}}}",
                 i == 0 ? "" : ",", i);
    }
    str_add(&changes, "]}}");
    (void)api_expect(&api, 200, "POST", CHANGESETS, changes.data);
    str_fini(&changes);
}

static void expect_rising(const struct api_reply *reply)
{
    uint64_t last = 0;

    vec_each (&reply->events, it) {
        uint64_t revision = strtoull(api_text(*it, "object.metadata.resourceVersion"), NULL, 10);

        assert_true(revision > last);
        last = revision;
    }
}

static void a_step_with_more_changes_than_memory_holds_loses_none(void **state)
{
    struct api_reply *reply, *late;

    (void)state;
    api.ctl->ring.size = RING;
    reply = watch("");
    create_many();
    (void)api_expect(&api, 200, "DELETE", POLICIES, NULL);
    assert_int_equal(reply->events.count, 2 * MANY);
    expect_rising(reply);
    assert_false(reply->has_ended);
    late = watch("&resourceVersion=1"); /* its past is on the disk alone */
    assert_int_equal(late->events.count, 2 * MANY - 1);
    expect_rising(late);
    create("more");
    assert_int_equal(reply->events.count, 2 * MANY + 1);
    assert_int_equal(late->events.count, 2 * MANY);
}

static void the_newest_changes_are_resumed_from_memory(void **state)
{
    struct api_reply *reply;

    (void)state;
    api.ctl->ring.size = RING;
    create_many();
    api.holds_reads = true;
    reply = watch(api_target(&api, "&resourceVersion=%d", MANY - RING));
    assert_int_equal(reply->events.count, RING);
    reply = watch(api_target(&api, "&resourceVersion=%d", MANY - RING - 1));
    assert_int_equal(reply->events.count, 0); /* one more than there is: it is read */
    assert_int_equal(api.reads.count, 1);
    api.holds_reads = false;
    api_settle(&api);
    assert_int_equal(reply->events.count, RING + 1);
}

/* --- selectors -------------------------------------------------------------------------------- */

static void beginning_and_ceasing_to_match_is_told(void **state)
{
    struct api_reply *by_label, *by_field, *by_name;

    (void)state;
    put("a", "'tier': 'gold'", 10);
    put("b", "", 10);
    by_label = watch("&labelSelector=tier%3Dgold");
    by_field = watch("&fieldSelector=spec.battery.minPercent%3D20");
    by_name = watch("&fieldSelector=metadata.name%3Db&resourceVersion=4");
    put("b", "'tier': 'gold'", 10);
    put("a", "", 20);
    put("b", "'tier': 'gold'", 20);
    drop("b");
    assert_string_equal(events(by_label),
                        "ADDED a@2 ADDED b@5 DELETED a@6 MODIFIED b@7 DELETED b@8");
    assert_null(
        api_at(by_label->events.items[2], "object.metadata.labels.tier")); /* the new form */
    assert_string_equal(events(by_field), "ADDED a@6 ADDED b@7 DELETED b@8");
    assert_string_equal(events(by_name), "MODIFIED b@5 MODIFIED b@7 DELETED b@8");
}

static void transitions_are_told_from_the_disk_too(void **state)
{
    (void)state;
    put("a", "'tier': 'gold'", 10);
    put("a", "", 10);
    put("a", "'tier': 'gold'", 10);
    drop("a");
    api_restart(&api);
    assert_string_equal(events(watch("&labelSelector=tier&resourceVersion=1")),
                        "ADDED a@2 DELETED a@3 ADDED a@4 DELETED a@5");
}

static void a_single_object_is_watched_until_it_is_gone(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    create("b");
    reply = watch("&fieldSelector=metadata.name%3Da&resourceVersion=0");
    drop("b");
    drop("a");
    assert_string_equal(events(reply), "ADDED a@1 DELETED a@4");
}

static void the_end_of_a_deletion_is_told(void **state)
{
    struct api_reply *reply = watch("");

    (void)state;
    (void)api_expect(&api, 201, "POST", POLICIES,
                     "{'metadata': {'name': 'a', 'finalizers': ['fog/x']}}");
    drop("a");
    (void)api_expect(&api, 200, "PUT", POLICIES "/a", "{'metadata': {'name': 'a'}}");
    assert_string_equal(events(reply), "ADDED a@1 MODIFIED a@2 DELETED a@3");
}

/* --- status and events ------------------------------------------------------------------------ */

static void a_change_of_the_status_is_told(void **state)
{
    struct api_reply *reply;
    const struct node *last;

    (void)state;
    reply = api_call(&api, "GET", SESSIONS "?watch=1", NULL);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    assert_true(reply->events.count >= 2); /* created, and why it does not run */
    last = reply->events.items[reply->events.count - 1];
    assert_string_equal(api_text(last, "type"), "MODIFIED");
    assert_string_not_equal(api_text(last, "object.status.conditions[0].message"), "");
    api_restart(&api);
    reply = api_call(&api, "GET", SESSIONS "?watch=1&resourceVersion=1", NULL);
    assert_true(reply->events.count >= 1);
    last = reply->events.items[reply->events.count - 1];
    assert_string_not_equal(api_text(last, "object.status.conditions[0].message"), "");
}

static void events_are_watched(void **state)
{
    struct api_agent agent = {.name = "edge-1", .key = {1}};
    struct api_reply *reply = api_call(&api, "GET", EVENTS "?limit=500&watch=true", NULL);

    (void)state;
    api_connect(&api, &agent);
    (void)api_expect(&api, 200, "DELETE", EVENTS, NULL);
    vec_each (&reply->events, it) {
        assert_string_equal(api_text(*it, "object.kind"), "Event");
        assert_string_equal(api_text(*it, "object.metadata.namespace"), "default");
    }
}

/* --- bookmarks and ends ----------------------------------------------------------------------- */

static void bookmarks_come_only_when_asked_for(void **state)
{
    struct api_reply *asked, *unasked;
    const struct node *bookmark;

    (void)state;
    create("a");
    asked = watch("&allowWatchBookmarks=true");
    unasked = watch("");
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    api_advance(&api, 61 * 1000);
    assert_int_equal(unasked->events.count, 1);
    assert_int_equal(asked->events.count, 2);
    bookmark = asked->events.items[1];
    quick_json_expect(bookmark,
                      api_target(&api,
                                 "{'type': 'BOOKMARK', 'object': {'kind': 'HarvestPolicy',"
                                 "'apiVersion': 'fog/v1', 'metadata': {'resourceVersion':"
                                 "'%" PRIu64 "'}}}",
                                 api_revision(&api)));
    api_advance(&api, 60 * 1000);
    assert_int_equal(asked->events.count, 3);
}

static void a_watch_that_goes_on_says_with_a_bookmark_that_it_has_caught_up(void **state)
{
    struct api_reply *recent, *old, *unasked;

    (void)state;
    create("a");
    create("b");
    recent = watch("&resourceVersion=1&allowWatchBookmarks=true");
    assert_string_equal(types(recent), "ADDED BOOKMARK");
    create("c");
    assert_string_equal(types(recent), "ADDED BOOKMARK ADDED");
    api_restart(&api);
    old = watch("&resourceVersion=0&allowWatchBookmarks=true");
    assert_string_equal(types(old), "ADDED ADDED ADDED");
    old = watch("&resourceVersion=1&allowWatchBookmarks=true");
    unasked = watch("&resourceVersion=1");
    assert_string_equal(types(old), "ADDED ADDED BOOKMARK");
    assert_string_equal(types(unasked), "ADDED ADDED");
    assert_string_equal(api_text(old->events.items[2], "object.metadata.resourceVersion"), "3");
}

static void the_end_of_the_initial_events_is_marked_when_asked_for(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("a");
    reply = watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                  "&allowWatchBookmarks=true");
    assert_int_equal(reply->events.count, 2);
    assert_string_equal(api_text(reply->events.items[0], "type"), "ADDED");
    assert_string_equal(api_text(reply->events.items[1], "type"), "BOOKMARK");
    quick_json_expect(api_at(reply->events.items[1], "object.metadata"),
                      "{'resourceVersion': '1', 'annotations':"
                      "{'k8s.io/initial-events-end': 'true'}}");
    create("b");
    assert_int_equal(reply->events.count, 3);
}

static void a_watch_ends_when_its_time_is_over(void **state)
{
    struct api_reply *reply = watch("&timeoutSeconds=5"), *endless = watch("&timeoutSeconds=0");

    (void)state;
    api_advance(&api, 4900);
    assert_false(reply->has_ended);
    create("a");
    api_advance(&api, 200);
    assert_true(reply->has_ended);
    create("b");
    assert_string_equal(events(reply), "ADDED a@1");
    api_advance(&api, INT64_C(10) * 24 * 3600 * 1000);
    assert_false(endless->has_ended);
}

static void a_time_that_is_no_number_is_refused(void **state)
{
    (void)state;
    (void)api_expect(&api, 400, "GET", POLICIES "?watch=true&timeoutSeconds=soon", NULL);
    assert_int_equal(api.ctl->watchers.count, 0);
}

static void a_client_that_left_is_told_nothing(void **state)
{
    struct api_reply *reply = watch("");

    (void)state;
    api_gone(&api, reply);
    create("a");
    assert_string_equal(events(reply), "");
    assert_int_equal(api.ctl->watchers.count, 0);
}

static void there_are_only_so_many_watches(void **state)
{
    const struct api_reply *reply;

    (void)state;
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        (void)watch("");
    }
    reply = api_call(&api, "GET", POLICIES "?watch=true", NULL);
    assert_int_equal(reply->code, 429);
    assert_int_equal(reply->retry_after_seconds, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_watch_without_a_revision_begins_with_what_is_there),
        CASE(changes_follow),
        CASE(each_event_is_a_line),
        CASE(a_write_that_changes_nothing_is_no_event),
        CASE(a_kind_is_watched_alone),
        CASE(an_event_waits_until_its_change_is_durable),
        CASE(a_watch_resumes_after_a_revision),
        CASE(a_watch_resumes_across_a_restart),
        CASE(what_happens_while_history_is_read_comes_after_it),
        CASE(a_client_that_leaves_while_history_is_read_is_forgotten),
        CASE(a_revision_that_never_was_is_expired),
        CASE(a_revision_that_lies_ahead_is_not_called_old),
        CASE(a_revision_below_what_is_kept_is_expired),
        CASE(a_step_with_more_changes_than_memory_holds_loses_none),
        CASE(the_newest_changes_are_resumed_from_memory),
        CASE(beginning_and_ceasing_to_match_is_told),
        CASE(transitions_are_told_from_the_disk_too),
        CASE(a_single_object_is_watched_until_it_is_gone),
        CASE(the_end_of_a_deletion_is_told),
        CASE(a_change_of_the_status_is_told),
        CASE(events_are_watched),
        CASE(bookmarks_come_only_when_asked_for),
        CASE(a_watch_that_goes_on_says_with_a_bookmark_that_it_has_caught_up),
        CASE(the_end_of_the_initial_events_is_marked_when_asked_for),
        CASE(a_watch_ends_when_its_time_is_over),
        CASE(a_time_that_is_no_number_is_refused),
        CASE(a_client_that_left_is_told_nothing),
        CASE(there_are_only_so_many_watches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
