/* What people see of compaction: what is gone is said to be, and what they may need is there. */
#include "controller/core/history.h"

#include "schema/limits.h"

#include "tests/support/api.h"

#include <inttypes.h>
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

/* All that was written more than a second ago; the core hears of it with `tells` only. */
static uint64_t compact(bool tells)
{
    struct store_keeping keeping = {.before = {api.wall.ms - 1000}};
    struct store_size size;
    struct err err;

    while (store_compact(api.store, &keeping, &err) == 1) {}
    assert_int_equal(store_measure(api.store, &size, &err), 0);
    if (tells) {
        api_step(&api, &(struct ctl_event){.type = CTL_COMPACTED, .id = size.compacted});
    }
    return size.compacted;
}

static uint64_t apply_session(const char *command, int replicas)
{
    struct api_reply *reply;

    api.content_type = "application/apply-patch+yaml";
    reply = api_call(&api, "PATCH", SESSIONS "/render?fieldManager=fogctl",
                     api_target(&api,
                                "{'metadata': {'name': 'render'}, 'spec': {'replicas': %d, "
                                "'workload': {'command': ['%s']}}}",
                                replicas, command));
    api.content_type = NULL;
    assert_in_range(reply->code, 200, 201);
    api_advance(&api, 10000);
    return strtoull(api_text(api_get(&api, SESSIONS "/render"), "metadata.resourceVersion"), NULL,
                    10);
}

static void roll_back(int code, const char *spec, uint64_t revision)
{
    (void)api_expect(&api, code, "POST", ROLLBACKS,
                     api_target(&api, "{'spec': {'toRevision': '%" PRIu64 "'%s}}", revision, spec));
}

static void what_is_gone_is_said_to_be(void **state)
{
    uint64_t first = (apply_session("/bin/one", 1), 1), horizon;
    const struct node *answer;
    struct api_reply *watch;

    (void)state;
    (void)apply_session("/bin/one", 2);
    (void)apply_session("/bin/one", 3);
    horizon = compact(true);
    assert_true(horizon > first);
    answer = api_expect(&api, 410, "POST", ROLLBACKS,
                        api_target(&api, "{'spec': {'toRevision': '%" PRIu64 "'}}", first));
    assert_string_equal(api_text(answer, "reason"), "Expired");
    assert_string_equal(api_text(answer, "message"),
                        api_target(&api,
                                   "that revision has been compacted: the oldest one that is kept "
                                   "is %" PRIu64 " of 2026-01-01T00:00:20Z",
                                   horizon));
    watch =
        api_call(&api, "GET",
                 api_target(&api, SESSIONS "?watch=true&resourceVersion=%" PRIu64, first), NULL);
    assert_true(watch->has_ended);
    assert_int_equal(api_int(watch->events.items[0], "object.code"), 410);
    assert_string_equal(
        api_text(watch->events.items[0], "object.message"),
        api_target(&api, "too old resource version: %" PRIu64 " (%" PRIu64 ")", first, horizon));
    roll_back(200, "", horizon);
}

static void history_says_from_where_it_is_whole(void **state)
{
    const struct node *answer;
    uint64_t horizon;

    (void)state;
    (void)apply_session("/bin/one", 1);
    assert_null(api_at(api_expect(&api, 200, "GET", "/apis/fog/v1/history", NULL), "metadata"));
    horizon = compact(true);
    answer = api_expect(&api, 200, "GET", "/apis/fog/v1/history", NULL);
    assert_int_equal(api_at(answer, "items")->list.count, 0);
    assert_string_equal(api_text(answer, "metadata.compactedRevision"),
                        api_target(&api, "%" PRIu64, horizon));
    answer = api_expect(&api, 200, "GET", SESSIONS "/render/history", NULL);
    assert_int_equal(api_at(answer, "items")->list.count, 1); /* what is in force */
}

/* The store moves on first; the core that has not heard says the same. */
static void a_core_that_was_not_told_yet_says_so_too(void **state)
{
    struct api_reply *watch;
    uint64_t horizon;

    (void)state;
    (void)apply_session("/bin/one", 1);
    (void)apply_session("/bin/one", 2);
    api_restart(&api); /* so that nothing is left in memory for watchers */
    horizon = compact(false);
    watch = api_call(&api, "GET", SESSIONS "?watch=true&resourceVersion=1", NULL);
    assert_true(watch->has_ended);
    assert_string_equal(api_text(watch->events.items[watch->events.count - 1], "object.message"),
                        api_target(&api, "too old resource version: 1 (%" PRIu64 ")", horizon));
    assert_true(api.ctl->compacted == horizon);
}

static void who_watches_hears_all_the_same(void **state)
{
    struct api_reply *watch;

    (void)state;
    (void)apply_session("/bin/one", 1);
    watch = api_call(&api, "GET", SESSIONS "?watch=true&resourceVersion=1", NULL);
    (void)compact(true);
    assert_false(watch->has_ended);
    (void)apply_session("/bin/one", 2);
    assert_false(watch->has_ended);
    assert_int_equal(api_int(watch->events.items[watch->events.count - 1], "object.spec.replicas"),
                     2);
}

static const char *command_now(void)
{
    return api_text(api_get(&api, SESSIONS "/render"), "spec.workload.command[0]");
}

static void an_undo_goes_back_to_a_form_of_before(void **state)
{
    const struct node *items;
    uint64_t horizon;

    (void)state;
    (void)apply_session("/bin/one", 1);
    for (int i = 2; i < 8; i++) {
        (void)apply_session("/bin/two", i);
    }
    horizon = compact(true);
    items = api_at(api_expect(&api, 200, "GET", SESSIONS "/render/history", NULL), "items");
    assert_int_equal(items->list.count, 3);
    assert_true(api_at(items->list.items[2], "newForm")->boolean);
    assert_true(api_at(items->list.items[1], "newForm")->boolean);
    assert_false(api_at(items->list.items[0], "newForm")->boolean);
    roll_back(200, ", 'kind': 'HarvestSession', 'name': 'render', 'formOnly': true",
              strtoull(api_text(items->list.items[2], "revision"), NULL, 10));
    assert_string_equal(command_now(), "/bin/one");
    assert_int_equal(api_int(api_get(&api, SESSIONS "/render"), "spec.replicas"), 7);
    api_restart(&api);
    assert_true(api.ctl->compacted == horizon);
    assert_string_equal(command_now(), "/bin/one");
}

static int count_object(void *context, const struct stored_change *change, struct err *err)
{
    (void)context, (void)change, (void)err;
    return 0;
}

static int count_content(void *context, const struct content *content, struct err *err)
{
    (void)content, (void)err;
    ++*(size_t *)context;
    return 0;
}

static int count_answer(void *context, const struct answer_row *answer, struct err *err)
{
    (void)context, (void)answer, (void)err;
    return 0;
}

/* Each change of what it runs makes a template, and only one is in use. */
static void templates_that_nothing_names_leave_the_store(void **state)
{
    struct api_agent edge = {.name = "edge-1", .key = {1}};
    size_t contents = 0;
    struct store_loader loader = {count_object, count_content, count_answer, &contents};
    struct store_size size;
    struct err err;

    (void)state;
    api_connect(&api, &edge);
    for (int i = 0; i < 3 * TEMPLATES_SPARE; i++) {
        (void)apply_session(api_target(&api, "/bin/form-%d", i), 1);
    }
    assert_int_equal(store_load(api.store, &loader, &err), 0);
    assert_in_range(contents, 1, TEMPLATES_SPARE + 2);
    (void)compact(true);
    assert_int_equal(store_measure(api.store, &size, &err), 0);
    assert_in_range(size.ledger_rows, 1, 2 * HISTORY_FORMS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_gone_is_said_to_be),
        TEST(history_says_from_where_it_is_whole),
        TEST(a_core_that_was_not_told_yet_says_so_too),
        TEST(who_watches_hears_all_the_same),
        TEST(an_undo_goes_back_to_a_form_of_before),
        TEST(templates_that_nothing_names_leave_the_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
