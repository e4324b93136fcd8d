/* Tables: what kubectl prints of lists, objects and watches. */
#include "controller/core/table.h"

#include "schema/columns.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TABLE                                                                                      \
    "application/json;as=Table;v=v1;g=meta.k8s.io,"                                                \
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

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

static void create(const char *name, const char *labels)
{
    (void)api_expect(
        &api, 201, "POST", POLICIES,
        api_target(&api, "{'metadata': {'name': '%s', 'labels': {%s}}}", name, labels));
}

static struct node *table(const char *target)
{
    struct node *answer;

    api.accept = TABLE;
    answer = api_expect(&api, 200, "GET", target, NULL);
    api.accept = NULL;
    assert_string_equal(api_text(answer, "kind"), "Table");
    assert_string_equal(api_text(answer, "apiVersion"), "meta.k8s.io/v1");
    return answer;
}

static size_t count(const struct node *root, const char *path)
{
    const struct node *list = api_at(root, path);

    assert_non_null(list);
    assert_int_equal(list->type, NODE_LIST);
    return list->list.count;
}

static struct api_reply *watch(const char *query)
{
    struct api_reply *reply;

    api.accept = TABLE;
    reply = api_call(&api, "GET", api_target(&api, POLICIES "?watch=true%s", query), NULL);
    api.accept = NULL;
    assert_int_equal(reply->code, 200);
    assert_true(reply->is_stream);
    return reply;
}

/* The cell in the first row under the column of that name. */
static const char *cell(const struct node *answer, const char *name)
{
    for (size_t i = 0; i < count(answer, "columnDefinitions"); i++) {
        if (str_eq(api_text(answer, api_target(&api, "columnDefinitions[%zu].name", i)), name)) {
            return api_text(answer, api_target(&api, "rows[0].cells[%zu]", i));
        }
    }
    fail_msg("there is no column %s", name);
    return "";
}

/* --- lists ------------------------------------------------------------------------------------ */

static void every_row_has_a_cell_for_each_column(void **state)
{
    static const char *const resources[] = {AGENTS, POLICIES, SESSIONS, ASSIGNMENTS, EVENTS};
    struct api_agent agent = {.name = "a1", .key = {1}};

    (void)state;
    create("p", "");
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    api_connect(&api, &agent);
    for (size_t i = 0; i < COUNT_OF(resources); i++) {
        const struct node *answer = table(resources[i]);
        size_t columns = count(answer, "columnDefinitions"), rows = count(answer, "rows");

        assert_true(columns > 2);
        assert_true(rows > 0);
        for (size_t row = 0; row < rows; row++) {
            assert_int_equal(count(answer, api_target(&api, "rows[%zu].cells", row)), columns);
        }
    }
}

static void the_columns_of_a_kind_are_those_of_fogctl(void **state)
{
    const struct node *answer = table(SESSIONS);
    const struct kind *kind = kind_get(KIND_HARVEST_SESSION);

    (void)state;
    assert_int_equal(count(answer, "columnDefinitions"), kind_column_count(kind));
    for (size_t i = 0; i < count(answer, "columnDefinitions"); i++) {
        const char *text =
            api_text(answer, api_target(&api, "columnDefinitions[%zu].description", i));

        assert_non_null(strchr(text, ' ')); /* words, and no path */
        assert_null(strstr(text, "status."));
    }
    for (size_t i = 0; i < kind_column_count(kind); i++) {
        const struct node *column = api_at(answer, api_target(&api, "columnDefinitions[%zu]", i));

        assert_string_equal(api_text(column, "name"), kind_column(kind, i)->name);
        assert_int_equal(api_int(column, "priority"), kind_column(kind, i)->priority);
    }
    assert_string_equal(api_text(answer, "columnDefinitions[0].name"), "Name");
    assert_string_equal(api_text(answer, "columnDefinitions[0].format"), "name");
}

static void ages_are_written_by_the_server(void **state)
{
    const struct node *answer;
    size_t last;

    (void)state;
    create("p", "");
    api_advance(&api, 5 * 60 * 1000);
    answer = table(POLICIES);
    last = count(answer, "columnDefinitions") - 1;
    assert_string_equal(cell(answer, "Age"), "5m");
    assert_string_equal(api_text(answer, api_target(&api, "columnDefinitions[%zu].type", last)),
                        "date");
}

static void an_empty_list_has_columns_and_no_rows(void **state)
{
    const struct node *answer = table(POLICIES);

    (void)state;
    assert_int_equal(count(answer, "rows"), 0);
    assert_true(count(answer, "columnDefinitions") > 0);
    assert_string_equal(api_text(answer, "metadata.resourceVersion"),
                        api_target(&api, "%llu", (unsigned long long)api_revision(&api)));
}

static void a_table_comes_in_pages_and_obeys_selectors(void **state)
{
    const struct node *answer;

    (void)state;
    create("a", "'x': '1'");
    create("b", "'x': '1'");
    create("c", "'x': '2'");
    answer = table(POLICIES "?limit=1&labelSelector=x%3D1");
    assert_int_equal(count(answer, "rows"), 1);
    assert_int_equal(api_int(answer, "metadata.remainingItemCount"), 1);
    answer = table(api_target(&api, POLICIES "?limit=1&labelSelector=x%%3D1&continue=%s",
                              api_text(answer, "metadata.continue")));
    assert_string_equal(cell(answer, "Name"), "b");
    assert_null(api_at(answer, "metadata.continue"));
}

static void a_row_brings_the_metadata_of_its_object(void **state)
{
    const struct node *answer;

    (void)state;
    create("p", "'x': '1'");
    answer = table(POLICIES);
    assert_string_equal(api_text(answer, "rows[0].object.kind"), "PartialObjectMetadata");
    assert_string_equal(api_text(answer, "rows[0].object.apiVersion"), "meta.k8s.io/v1");
    assert_string_equal(api_text(answer, "rows[0].object.metadata.labels.x"), "1");
    assert_null(api_at(answer, "rows[0].object.spec"));
}

static void a_row_brings_what_of_its_object_was_asked_for(void **state)
{
    const struct node *answer;

    (void)state;
    create("p", "");
    answer = table(POLICIES "?includeObject=Object");
    assert_string_equal(api_text(answer, "rows[0].object.kind"), "HarvestPolicy");
    assert_int_equal(api_int(answer, "rows[0].object.spec.battery.minPercent"), 50);
    assert_null(api_at(table(POLICIES "?includeObject=None"), "rows[0].object"));
    assert_string_equal(api_text(table(POLICIES "?includeObject=Metadata"), "rows[0].object.kind"),
                        "PartialObjectMetadata");
    (void)api_expect(&api, 400, "GET", POLICIES "?includeObject=Everything", NULL);
}

static void the_older_version_is_answered_in_kind(void **state)
{
    const struct node *answer;

    (void)state;
    create("p", "");
    api.accept = "application/json;as=Table;v=v1beta1;g=meta.k8s.io";
    answer = api_expect(&api, 200, "GET", POLICIES, NULL);
    assert_string_equal(api_text(answer, "apiVersion"), "meta.k8s.io/v1beta1");
    assert_string_equal(api_text(answer, "rows[0].object.apiVersion"), "meta.k8s.io/v1beta1");
}

/* --- one object ------------------------------------------------------------------------------- */

static void one_object_is_a_table_of_one_row(void **state)
{
    const struct node *answer;

    (void)state;
    create("p", "");
    create("q", "");
    answer = table(POLICIES "/p");
    assert_int_equal(count(answer, "rows"), 1);
    assert_string_equal(cell(answer, "Name"), "p");
    assert_string_equal(cell(answer, "Battery%"), "50");
    assert_string_equal(api_text(answer, "metadata.resourceVersion"),
                        api_text(answer, "rows[0].object.metadata.resourceVersion"));
}

static void what_is_only_known_now_stands_in_cells(void **state)
{
    struct api_agent agent = {.name = "a1", .key = {1}};

    (void)state;
    api_connect(&api, &agent);
    assert_string_equal(cell(table(AGENTS "/a1"), "Assignments"), "0");
    assert_string_equal(cell(table(AGENTS "/a1"), "Last Seen"), "0s");
}

static void what_is_not_there_is_a_status_and_no_table(void **state)
{
    (void)state;
    api.accept = TABLE;
    assert_string_equal(api_text(api_expect(&api, 404, "GET", POLICIES "/p", NULL), "kind"),
                        "Status");
}

static void a_write_is_answered_with_the_object(void **state)
{
    (void)state;
    api.accept = TABLE;
    assert_string_equal(
        api_text(api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'name': 'p'}}"), "kind"),
        "HarvestPolicy");
}

/* --- events ----------------------------------------------------------------------------------- */

static void events_begin_with_when_they_were_last_seen(void **state)
{
    static const char *const names[] = {"Last Seen", "Type", "Reason", "Object", "Message"};
    const struct node *answer;

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    api_tick(&api);
    answer = table("/api/v1/namespaces/default/events");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct node *column = api_at(answer, api_target(&api, "columnDefinitions[%zu]", i));

        assert_string_equal(api_text(column, "name"), names[i]);
        assert_int_equal(api_int(column, "priority"), 0);
    }
    assert_string_equal(cell(answer, "Object"), "harvestsession/s");
    assert_string_equal(api_text(answer, "rows[0].object.metadata.namespace"), "default");
    assert_int_equal(strlen(cell(answer, "Name")) > 0, 1);
}

/* --- watches ---------------------------------------------------------------------------------- */

static void a_watch_tells_tables_of_one_row(void **state)
{
    struct api_reply *reply;

    (void)state;
    create("p", "");
    reply = watch("&resourceVersion=0");
    create("q", "");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    assert_int_equal(reply->events.count, 3);
    assert_string_equal(api_text(reply->events.items[0], "type"), "ADDED");
    assert_string_equal(cell(node_find(reply->events.items[0], "object"), "Name"), "p");
    for (size_t i = 0; i < reply->events.count; i++) {
        const struct node *object = node_find(reply->events.items[i], "object");

        assert_string_equal(api_text(object, "kind"), "Table");
        assert_int_equal(count(object, "rows"), 1);
        assert_int_equal(count(object, "columnDefinitions") > 0, i == 0);
        assert_string_equal(api_text(object, "metadata.resourceVersion"),
                            api_text(object, "rows[0].object.metadata.resourceVersion"));
    }
    assert_string_equal(api_text(reply->events.items[2], "type"), "DELETED");
    assert_string_equal(api_text(reply->events.items[2], "object.rows[0].cells[0]"), "p");
}

static void a_bookmark_among_tables_is_a_table(void **state)
{
    const struct api_reply *reply;
    const struct node *event;

    (void)state;
    create("p", "");
    reply = watch("&sendInitialEvents=true&allowWatchBookmarks=true");
    assert_int_equal(reply->events.count, 2);
    event = reply->events.items[1];
    assert_string_equal(api_text(event, "type"), "BOOKMARK");
    assert_string_equal(api_text(event, "object.kind"), "Table");
    assert_string_equal(api_text(event, "object.metadata.resourceVersion"),
                        api_target(&api, "%llu", (unsigned long long)api_revision(&api)));
    assert_string_equal(node_find_text(api_at(event, "object.rows[0].object.metadata.annotations"),
                                       "k8s.io/initial-events-end"),
                        "true");
}

static void the_end_of_a_watch_that_is_too_old_is_no_table(void **state)
{
    const struct api_reply *reply = watch("&resourceVersion=99999");

    (void)state;
    assert_int_equal(reply->events.count, 1);
    assert_string_equal(api_text(reply->events.items[0], "object.kind"), "Status");
    assert_int_equal(api_int(reply->events.items[0], "object.code"), 410);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_has_a_cell_for_each_column),
        TEST(the_columns_of_a_kind_are_those_of_fogctl),
        TEST(ages_are_written_by_the_server),
        TEST(an_empty_list_has_columns_and_no_rows),
        TEST(a_table_comes_in_pages_and_obeys_selectors),
        TEST(a_row_brings_the_metadata_of_its_object),
        TEST(a_row_brings_what_of_its_object_was_asked_for),
        TEST(the_older_version_is_answered_in_kind),
        TEST(one_object_is_a_table_of_one_row),
        TEST(what_is_only_known_now_stands_in_cells),
        TEST(what_is_not_there_is_a_status_and_no_table),
        TEST(a_write_is_answered_with_the_object),
        TEST(events_begin_with_when_they_were_last_seen),
        TEST(a_watch_tells_tables_of_one_row),
        TEST(a_bookmark_among_tables_is_a_table),
        TEST(the_end_of_a_watch_that_is_too_old_is_no_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
