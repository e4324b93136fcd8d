/* The state as it was. */
#include "controller/core/past.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/limits.h"
#include "tests/support/api.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define STATE "/apis/fog/v1/state"

static struct api api;
static struct api_agent edge = {.name = "edge", .key = {7}};

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

static void put_policy(int code, const char *name, const char *labels, int percent)
{
    api.content_type = "application/apply-patch+yaml";
    (void)api_expect(&api, code, "PATCH", api_target(&api, POLICIES "/%s?fieldManager=me", name),
                     api_target(&api,
                                "{'metadata': {'labels': {%s}}, 'spec': {'battery': {'minPercent': "
                                "%d}}}",
                                labels, percent));
    api.content_type = NULL;
    api_advance(&api, 10000);
}

static void put_session(const char *name, int replicas)
{
    api.content_type = "application/apply-patch+yaml";
    assert_in_range(api_call(&api, "PATCH", api_target(&api, SESSIONS "/%s?fieldManager=me", name),
                             api_target(&api, "{'spec': {'replicas': %d, " WORK "}}", replicas))
                        ->code,
                    200, 201);
    api.content_type = NULL;
    api_advance(&api, 10000);
}

static void drop(const char *target)
{
    (void)api_expect(&api, 200, "DELETE", target, NULL);
    api_advance(&api, 10000);
}

static int64_t percent_of(const char *name, const char *query)
{
    return api_int(api_get(&api, api_target(&api, POLICIES "/%s%s", name, query)),
                   "spec.battery.minPercent");
}

static int64_t percent_at(const char *query)
{
    return percent_of("p", query);
}

static const char *message(int code, const char *target)
{
    return api_text(api_expect(&api, code, "GET", target, NULL), "message");
}

static uint64_t compact(int64_t kept_ms)
{
    struct store_keeping keeping = {.before = {api.wall.ms - kept_ms}};
    struct store_size size;
    struct err err;

    while (store_compact(api.store, &keeping, &err) == 1) {}
    assert_int_equal(store_measure(api.store, &size, &err), 0);
    api_step(&api, &(struct ctl_event){.type = CTL_COMPACTED, .id = size.compacted});
    return size.compacted;
}

/* --- all of it -------------------------------------------------------------------------------- */

enum { MOMENTS_MAX = 16 };

static struct {
    uint64_t revision;
    struct wall at;
    char *dump;
} moments[MOMENTS_MAX];
static size_t moment_count;

/* Of events only the newest words are kept. */
static char *without_events(const char *dump)
{
    struct str text = STR_EMPTY;
    char *copy;

    while (*dump != '\0') {
        size_t length = strcspn(dump, "\n") + 1;

        if (!str_starts(dump, "{\"apiVersion\":\"v1\"")) {
            str_add_bytes(&text, dump, length);
        }
        dump += length;
    }
    copy = str_take(&text);
    str_fini(&text);
    return copy;
}

static void remember(void)
{
    const struct api_reply *reply = api_call(&api, "GET", STATE, NULL);

    moments[moment_count].revision = api_revision(&api);
    moments[moment_count].at = api.wall;
    moments[moment_count++].dump = without_events(reply->body.data);
    api_advance(&api, 1000);
}

static void expect_dump(const char *target, const char *want)
{
    const struct api_reply *reply = api_call(&api, "GET", target, NULL);

    char *dump = without_events(reply->body.data);

    assert_int_equal(reply->code, 200);
    assert_string_equal(dump, want);
    assert_null(reply->warning);
    free(dump);
}

static void live_through_something(void)
{
    remember();
    put_policy(201, "p", "", 10);
    put_session("wide", 2);
    remember();
    api_connect(&api, &edge);
    api_advance(&api, 5000);
    remember();
    put_session("wide", 1);
    put_policy(200, "p", "'x': 'y'", 20);
    remember();
    api_link_down(&api, edge.link);
    api_advance(&api, 600000);
    remember();
    drop(POLICIES "/p");
    drop(SESSIONS "/wide");
    remember();
    put_policy(201, "p", "", 30);
    api_connect(&api, &edge);
    drop(EVENTS);
    remember();
}

static void the_state_of_every_revision_is_byte_for_byte_what_it_was(void **state)
{
    (void)state;
    moment_count = 0;
    live_through_something();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < moment_count; i++) {
            char at[WALL_TEXT_SIZE];

            wall_to_str(moments[i].at, at);
            if (moments[i].revision > 0) {
                expect_dump(api_target(&api, STATE "?atRevision=%" PRIu64, moments[i].revision),
                            moments[i].dump);
            }
            expect_dump(api_target(&api, STATE "?atTime=%s", at), moments[i].dump);
        }
        api_restart(&api);
    }
    for (size_t i = 0; i < moment_count; i++) {
        free(moments[i].dump);
    }
}

static bool is_read_short(struct site *site)
{
    return strcmp(site->name, "read-past-short") == 0;
}

static void the_answer_is_the_same_however_it_is_cut_into_chunks(void **state)
{
    const struct node *list;

    (void)state;
    for (int i = 0; i < 30; i++) {
        put_policy(201, api_target(&api, "p%02d", i), "", i);
    }
    site_ask = is_read_short;
    list = api_get(&api, POLICIES "?atTime=10s");
    assert_int_equal(api_at(list, "items")->list.count, 30);
    assert_string_equal(api_text(list, "items[29].metadata.name"), "p29");
    list = api_get(&api, POLICIES "?atTime=151s");
    assert_int_equal(api_at(list, "items")->list.count, 15);
    list = api_get(&api, POLICIES "?atTime=10s&limit=29");
    assert_int_equal(api_at(list, "items")->list.count, 29);
    list = api_get(&api,
                   api_target(&api, POLICIES "?continue=%s", api_text(list, "metadata.continue")));
    assert_int_equal(api_at(list, "items")->list.count, 1);
    assert_null(api_at(list, "metadata.continue"));
    assert_int_equal(percent_of("p07", "?atTime=10s"), 7);
    site_ask = NULL;
}

/* --- one -------------------------------------------------------------------------------------- */

static void an_object_is_as_it_was_also_when_it_was_made_again(void **state)
{
    const struct node *then;
    char *uid;

    (void)state;
    put_policy(201, "p", "", 10);
    put_policy(200, "p", "", 20);
    then = api_get(&api, POLICIES "/p");
    uid = mem_strdup(api_text(then, "metadata.uid"));
    drop(POLICIES "/p");
    put_policy(201, "p", "", 30);
    assert_int_equal(percent_at(""), 30);
    assert_int_equal(percent_at("?atRevision=4"), 30);
    assert_int_equal(percent_at("?atRevision=2"), 20);
    assert_int_equal(percent_at("?atRevision=1"), 10);
    assert_int_equal(percent_at("?atTime=35s"), 10);
    assert_int_equal(percent_at("?atTime=25s"), 20);
    then = api_get(&api, POLICIES "/p?atRevision=2");
    assert_string_equal(api_text(then, "metadata.uid"), uid);
    assert_string_equal(api_text(then, "metadata.resourceVersion"), "2");
    assert_string_equal(message(404, POLICIES "/p?atRevision=3"),
                        "harvestpolicies.fog \"p\" not found at revision 3");
    assert_string_equal(message(404, POLICIES "/q?atTime=15s"),
                        "harvestpolicies.fog \"q\" not found at revision 3");
    free(uid);
}

static void status_is_that_of_then(void **state)
{
    uint64_t revision;

    (void)state;
    put_session("wide", 1);
    revision = api_revision(&api);
    api_connect(&api, &edge);
    api_advance(&api, 5000);
    assert_string_equal(
        api_text(
            api_get(&api, api_target(&api, SESSIONS "/wide/status?atRevision=%" PRIu64, revision)),
            "status.conditions[0].reason"),
        "NoAgent");
    assert_non_null(api_at(api_get(&api, AGENTS "/edge?atTime=0s"), "status.capacity"));
}

static void history_ends_at_the_moment(void **state)
{
    (void)state;
    put_policy(201, "p", "", 10);
    put_policy(200, "p", "", 20);
    put_policy(201, "q", "", 20);
    assert_int_equal(
        api_at(api_get(&api, "/apis/fog/v1/history?atRevision=2"), "items")->list.count, 2);
    assert_int_equal(api_at(api_get(&api, POLICIES "/p/history?atTime=25s"), "items")->list.count,
                     1);
    assert_int_equal(
        api_at(api_get(&api, "/apis/fog/v1/history?atTime=2026-01-01T00:00:00Z"), "items")
            ->list.count,
        1);
    assert_int_equal(api_at(api_get(&api, "/apis/fog/v1/history?atTime=1h"), "items")->list.count,
                     0);
}

static void an_event_is_there_when_it_was_not_told_anew(void **state)
{
    uint64_t revision;

    (void)state;
    put_session("wide", 1);
    revision = api_revision(&api);
    put_policy(201, "p", "", 10);
    assert_int_equal(
        api_at(api_get(&api, api_target(&api, EVENTS "?atRevision=%" PRIu64, revision)), "items")
            ->list.count,
        1);
    assert_int_equal(api_at(api_get(&api, EVENTS "?atRevision=1"), "items")->list.count, 0);
    drop(EVENTS);
    assert_int_equal(
        api_at(api_get(&api, api_target(&api, EVENTS "?atRevision=%" PRIu64, revision)), "items")
            ->list.count,
        0);
}

/* --- many ------------------------------------------------------------------------------------- */

static void all_pages_are_of_one_revision(void **state)
{
    const struct node *page;

    (void)state;
    for (int i = 0; i < 5; i++) {
        put_policy(201, api_target(&api, "p%d", i), i % 2 == 0 ? "'odd': 'no'" : "", i);
    }
    page = api_get(&api, POLICIES "?limit=2&atTime=0s");
    assert_string_equal(api_text(page, "metadata.resourceVersion"), "5");
    drop(POLICIES "/p3");
    api_advance(&api, 60000);
    page = api_get(&api, api_target(&api, POLICIES "?limit=2&atTime=0s&continue=%s",
                                    api_text(page, "metadata.continue")));
    assert_string_equal(api_text(page, "metadata.resourceVersion"), "5");
    assert_string_equal(api_text(page, "items[1].metadata.name"), "p3");
    page = api_get(&api, api_target(&api, POLICIES "?limit=2&continue=%s",
                                    api_text(page, "metadata.continue")));
    assert_int_equal(api_at(page, "items")->list.count, 1);
    assert_null(api_at(page, "metadata.continue"));
    page = api_get(&api, POLICIES "?atRevision=5&labelSelector=odd%3Dno");
    assert_int_equal(api_at(page, "items")->list.count, 3);
    page = api_get(&api, POLICIES "?atRevision=5&fieldSelector=metadata.name%3Dp3");
    assert_int_equal(api_at(page, "items")->list.count, 1);
}

static void agents_can_be_asked_for_by_what_was_stored(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    api_advance(&api, 5000);
    assert_int_equal(
        api_at(api_get(&api, AGENTS "?atTime=1s&where=name%3D%3Dedge"), "items")->list.count, 1);
    assert_int_equal(
        api_at(api_get(&api, AGENTS "?atTime=1s&where=unschedulable"), "items")->list.count, 0);
    assert_string_equal(
        message(400, AGENTS "?atTime=1s&where=sensors.battery%3E4"),
        "where: of the past it can ask for what was stored alone: no readings, reputation or "
        "assignments");
    assert_string_equal(message(400, POLICIES "?atTime=1s&where=name%3D%3Dx"),
                        "where: only agents can be asked for by a condition");
}

/* --- what is not there ------------------------------------------------------------------------ */

static void what_was_compacted_is_gone_and_the_oldest_is_named(void **state)
{
    uint64_t oldest;

    (void)state;
    put_policy(201, "p", "", 10);
    put_policy(200, "p", "", 20);
    put_policy(200, "p", "", 30);
    put_policy(200, "p", "", 40);
    oldest = compact(25000);
    assert_int_equal(oldest, 2);
    assert_string_equal(message(410, POLICIES "/p?atRevision=1"),
                        "that revision has been compacted: the oldest one that is kept is 2 of "
                        "2026-01-01T00:00:10Z");
    (void)message(410, STATE "?atTime=35s");
    (void)message(410, POLICIES "?atTime=2020-01-01T00:00:00Z");
    (void)message(410, "/apis/fog/v1/history?atTime=35s");
    assert_int_equal(percent_at("?atRevision=2"), 20);
    assert_int_equal(percent_at("?atTime=25s"), 20);
    assert_int_equal(percent_at("?atTime=15s"), 30);
}

static void status_that_was_compacted_is_told_of(void **state)
{
    const struct api_reply *reply;
    uint64_t then;

    (void)state;
    put_policy(201, "p", "", 10);
    put_session("wide", 1); /* its status says that there is no agent */
    put_policy(200, "p", "", 20);
    then = api_revision(&api);
    reply = api_call(&api, "GET", api_target(&api, SESSIONS "?atRevision=%" PRIu64, then), NULL);
    assert_null(reply->warning);
    api_connect(&api, &edge);
    api_advance(&api, 20000);
    assert_true(compact(22000) <= then);
    reply = api_call(&api, "GET", api_target(&api, SESSIONS "?atRevision=%" PRIu64, then), NULL);
    assert_int_equal(reply->code, 200);
    assert_string_equal(reply->warning,
                        api_target(&api,
                                   "299 - \"the status of 1 object as of revision %" PRIu64
                                   " has been compacted\"",
                                   then));
    assert_null(api_at(reply->json, "items[0].status"));
    reply = api_call(&api, "GET", api_target(&api, STATE "?atRevision=%" PRIu64, then), NULL);
    assert_non_null(reply->warning);
}

/* The next status of that name is another object's and follows nothing, so it could not tell of a
 * loss: but the row of its end names its last status, and that stays as long as it can be asked
 * for.
 */
static void the_last_status_of_an_object_whose_name_was_made_anew_stays(void **state)
{
    const struct api_reply *reply;
    uint64_t then;

    (void)state;
    put_session("wide", 1);
    put_policy(201, "p", "", 10);
    then = api_revision(&api);
    drop(SESSIONS "/wide");
    put_session("wide", 1);
    reply = api_call(&api, "GET", api_target(&api, SESSIONS "?atRevision=%" PRIu64, then), NULL);
    assert_non_null(api_at(reply->json, "items[0].status"));
    assert_null(reply->warning);
    assert_int_equal(compact(25000), then);
    reply = api_call(&api, "GET", api_target(&api, SESSIONS "?atRevision=%" PRIu64, then), NULL);
    assert_non_null(api_at(reply->json, "items[0].status"));
    assert_null(reply->warning);
}

/* A copy that was taken after revision 2 is put back an hour later, and life goes on. */
static void lose_an_hour(void)
{
    struct err err;

    put_policy(201, "p", "", 10);
    put_policy(200, "p", "", 20); /* of 00:00:10 */
    api_advance(&api, 3600000);
    assert_int_equal(store_raise_era(api.store, 0, api.wall, &err), 0);
    api_advance(&api, 60000);
    api_restart(&api);
    put_policy(200, "p", "", 30);
    put_policy(200, "p", "", 40);
}

#define LOST                                                                                       \
    "what was written after revision 2 of 2026-01-01T00:00:10Z was lost when a copy was put back " \
    "by 2026-01-01T01:00:20Z, which began era 2"

static void a_moment_that_a_restore_lost_is_told_of(void **state)
{
    static const char *const lists[] = {POLICIES "?atTime=2026-01-01T00:30:00Z",
                                        POLICIES "?as=Table&atTime=2026-01-01T00:30:00Z",
                                        POLICIES "/p?atTime=2026-01-01T00:30:00Z",
                                        POLICIES "/p/history?atTime=2026-01-01T00:30:00Z",
                                        "/apis/fog/v1/history?atTime=2026-01-01T00:30:00Z",
                                        STATE "?atTime=2026-01-01T00:30:00Z"};
    static const char *const whole[] = {POLICIES "?atTime=2026-01-01T00:00:05Z",
                                        POLICIES "?atTime=2026-01-01T00:00:10Z",
                                        POLICIES "?atTime=2026-01-01T01:00:30Z", /* put back */
                                        POLICIES "?atTime=1s",
                                        POLICIES "?atRevision=2",
                                        STATE "?atRevision=1099511627777"};

    (void)state;
    lose_an_hour();
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct api_reply *reply = api_call(&api, "GET", lists[i], NULL);

        assert_int_equal(reply->code, 200);
        assert_string_equal(reply->warning, "299 - \"" LOST ": this is as of revision 2\"");
    }
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        const struct api_reply *reply = api_call(&api, "GET", whole[i], NULL);

        assert_int_equal(reply->code, 200);
        assert_null(reply->warning);
    }
    assert_int_equal(percent_at("?atTime=2026-01-01T00:30:00Z"), 20);
    assert_int_equal(percent_at("?atTime=2026-01-01T01:00:30Z"), 20);
    assert_int_equal(percent_at("?atTime=15s"), 30);
    assert_string_equal(message(404, POLICIES "/q?atTime=2026-01-01T00:30:00Z"),
                        "harvestpolicies.fog \"q\" not found at revision 2, and what was written "
                        "since then was lost");
}

static void a_revision_that_a_restore_lost_is_gone_and_the_loss_is_named(void **state)
{
    (void)state;
    lose_an_hour();
    assert_string_equal(message(410, POLICIES "/p?atRevision=3"), "that revision is lost: " LOST);
    assert_string_equal(message(410, STATE "?atRevision=1099511627775"),
                        "that revision is lost: " LOST);
    assert_string_equal(message(410, "/apis/fog/v1/history?atRevision=3"),
                        "that revision is lost: " LOST);
    assert_string_equal(
        api_text(api_expect(&api, 410, "POST", ROLLBACKS, "{'spec': {'toRevision': '3'}}"),
                 "message"),
        "that revision is lost: " LOST);
    assert_int_equal(percent_at("?atRevision=1099511627776"), 20); /* what the era began with */
}

/* Programs of before wrote down neither where the copy ended nor when it was put back. */
static void what_an_older_program_lost_is_read_from_the_rows(void **state)
{
    const struct api_reply *reply;

    (void)state;
    lose_an_hour();
    assert_int_equal(store_exec(api.store, "DELETE FROM meta WHERE name LIKE 'lost_%'", NULL), 0);
    reply = api_call(&api, "GET", POLICIES "?atTime=2026-01-01T00:30:00Z", NULL);
    assert_int_equal(reply->code, 200);
    assert_non_null(strstr(reply->warning, "after revision 2 of 2026-01-01T00:00:10Z was lost when "
                                           "a copy was put back by 2026-01-01T01:01:20Z"));
    assert_null(api_call(&api, "GET", POLICIES "?atTime=2026-01-01T00:00:05Z", NULL)->warning);
    assert_null(api_call(&api, "GET", POLICIES "?atTime=1s", NULL)->warning);
    assert_non_null(strstr(message(410, POLICIES "/p?atRevision=3"), "after revision 2 of"));
}

#define ONLY_READ "atRevision, atTime: only what is read can be of the past"
#define OF_NOW    "atRevision, atTime: this is of now, and has no past"

static void what_cannot_be_of_the_past_is_refused(void **state)
{
    static const struct {
        const char *method, *target, *message;
    } wrong[] = {
        {"GET", POLICIES "?atRevision=9", "atRevision: 9 lies ahead; the fleet is at 1"},
        {"GET", POLICIES "?atTime=2199-01-01T00:00:00Z", "atTime: 2199-01-01T00:00:00Z lies ahead"},
        {"GET", POLICIES "?atTime=soon",
         "atTime: \"soon\" is neither a time, such as 2026-11-22T10:00:00Z, nor how long ago, "
         "such as 10m"},
        {"GET", POLICIES "?atRevision=x", "atRevision: \"x\" is no revision"},
        {"GET", POLICIES "?atRevision=0", "atRevision: \"0\" is no revision"},
        {"GET", POLICIES "?atRevision=1&atTime=1s", "atRevision and atTime: one of the two"},
        {"GET", POLICIES "?atRevision=1&watch=true", ONLY_READ},
        {"DELETE", POLICIES "?atTime=1s", ONLY_READ},
        {"GET", POLICIES "/p/why?atTime=1s", "why is of now: what it tells was not stored"},
        {"GET", ASSIGNMENTS "/p/log?atTime=1s", "log is of now: what it tells was not stored"},
        {"GET", "/apis/fog/v1/reconcilelog?atTime=1s",
         "the reconcile log is of now: it is not stored"},
        {"GET", POLICIES "?atRevision=1&continue=61",
         "continue: \"61\" is not from an answer about the past"},
        {"GET", POLICIES "?atRevision=1&continue=40312f",
         "continue: \"40312f\" is not from an answer about the past"},
        {"GET", POLICIES "?continue=4032",
         "continue: \"4032\" is not from an answer about the "
         "past"},
        {"GET", POLICIES "?atRevision=1&continue=40322f61", "continue: it is of revision 2"},
        {"GET", POLICIES "?continue=40302f61", /* "@0/a" */
         "continue: \"40302f61\" is not from an answer about the past"},
        {"GET", POLICIES "?continue=40392f61", "continue: 9 lies ahead; the fleet is at 1"},
        {"GET", POLICIES "?atRevision=1&labelSelector=a%20b", NULL},
        {"GET", POLICIES "?atRevision=1&limit=x", "limit: a number is expected"},
        {"GET", POLICIES "?atRevision=", "atRevision: \"\" is no revision"},
        {"GET", POLICIES "?atTime=", NULL},
        {"GET", SESSIONS "/p/scale?atTime=1s", "scale is of now: what it tells was not stored"},
        {"GET", "/metrics?atTime=1s", OF_NOW},
        {"GET", "/version?atTime=1s", OF_NOW},
        {"GET", "/healthz?atRevision=1", OF_NOW},
        {"GET", "/apis/fog/v1?atRevision=1", OF_NOW},
        {"GET", "/openapi/v2?atTime=1s", OF_NOW},
        {"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?atTime=1s", NULL},
        {"POST", CHANGESETS "?atTime=1s", ONLY_READ},
        {"POST", ROLLBACKS "?atTime=1s", ONLY_READ},
        {"POST", POLICIES "?atRevision=1", ONLY_READ},
        {"PUT", POLICIES "/p?atTime=1s", ONLY_READ},
        {"PATCH", POLICIES "/p?atTime=1s", ONLY_READ},
    };

    (void)state;
    put_policy(201, "p", "", 10);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct node *answer = api_expect(&api, 400, wrong[i].method, wrong[i].target, NULL);

        if (wrong[i].message != NULL) {
            assert_string_equal(api_text(answer, "message"), wrong[i].message);
        }
    }
    assert_string_equal(message(404, POLICIES "/p/none?atTime=1s"),
                        "the server could not find the requested resource");
    (void)api_get(&api, POLICIES "/p");
    (void)api_get(&api, POLICIES "/p?continue=40312f61"); /* what is no list has no pages */
}

static void only_so_many_are_under_way(void **state)
{
    struct api_reply *first[PASTS_MAX], *one_more;

    (void)state;
    put_policy(201, "p", "", 10);
    api.holds_reads = true;
    for (size_t i = 0; i < PASTS_MAX; i++) {
        first[i] = api_call(&api, "GET", POLICIES "?atRevision=1", NULL);
    }
    one_more = api_call(&api, "GET", POLICIES "?atRevision=1", NULL);
    assert_int_equal(one_more->code, 429);
    assert_int_equal(one_more->retry_after_seconds, 1);
    api_gone(&api, first[0]);
    api.holds_reads = false;
    api_settle(&api);
    assert_int_equal(first[0]->code, 0);
    assert_int_equal(first[1]->code, 200);
    assert_int_equal(api.ctl->pasts, 0);
    assert_int_equal(api.ctl->pasts_bytes, 0);
    assert_int_equal(percent_at("?atRevision=1"), 10);
}

/* Thirty bodies of a hundred bytes would fit; thirty objects do not. */
static void what_is_held_is_counted_as_it_lies_in_memory(void **state)
{
    const size_t taken = PASTS_BYTES_MAX - PAST_OBJECT_BYTES - 20000;
    struct api_reply *reply;

    (void)state;
    for (int i = 0; i < 30; i++) {
        put_policy(201, api_target(&api, "p%02d", i), "", i);
    }
    api.ctl->pasts_bytes = taken;
    reply = api_call(&api, "GET", POLICIES "?atTime=1s", NULL);
    assert_int_equal(reply->code, 429);
    assert_int_equal(reply->retry_after_seconds, 1);
    assert_int_equal(api.ctl->pasts_bytes, taken);
    assert_int_equal(api_call(&api, "GET", POLICIES "?atTime=1s&limit=1", NULL)->code, 200);
    assert_int_equal(api.ctl->pasts_bytes, taken);
    api.ctl->pasts_bytes = PASTS_BYTES_MAX - 100;
    assert_int_equal(api_call(&api, "GET", STATE "?atTime=1s", NULL)->code, 429);
    api.ctl->pasts_bytes = 0;
}

static void what_is_asked_for_wrongly_is_refused_before_anything_is_read(void **state)
{
    (void)state;
    put_policy(201, "p", "", 10);
    api.holds_reads = true;
    assert_string_equal(message(400, POLICIES "?atRevision=1&as=Table&includeObject=All"),
                        "includeObject: \"All\" is none of Object, Metadata, None");
    (void)message(400, POLICIES "/p?atRevision=1&includeObject=All");
    api.holds_reads = false;
    assert_int_equal(api.ctl->pasts, 0);
}

static void a_read_that_fails_is_told(void **state)
{
    (void)state;
    put_policy(201, "p", "", 10);
    api.fails_reads = true;
    (void)message(500, STATE "?atRevision=1");
    api.fails_reads = false;
    assert_int_equal(api.ctl->pasts, 0);
}

/* --- what it costs ---------------------------------------------------------------------------- */

static void no_read_of_the_past_goes_through_a_table(void **state)
{
    static const enum stmt_id ids[] = {STMT_READ_PAST, STMT_READ_PAST_EVENTS, STMT_MOMENT_LEDGER,
                                       STMT_MOMENT_STATUS};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        sqlite3_stmt *stmt = NULL, *plan = NULL;
        char *sql;

        assert_int_equal(stmt_get(api.store, ids[i], &stmt, NULL), 0);
        sql = api_target(&api, "EXPLAIN QUERY PLAN %s", sqlite3_sql(stmt));
        assert_int_equal(sqlite3_prepare_v2(api.store->db, sql, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(plan, 3);

            assert_null(strstr(line, "SCAN ledger"));
            assert_null(strstr(line, "SCAN status"));
            assert_null(strstr(line, "SCAN body"));
            assert_null(strstr(line, "AUTOMATIC"));
            assert_null(strstr(line, "TEMP B-TREE"));
        }
        (void)sqlite3_finalize(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_state_of_every_revision_is_byte_for_byte_what_it_was),
        TEST(the_answer_is_the_same_however_it_is_cut_into_chunks),
        TEST(an_object_is_as_it_was_also_when_it_was_made_again),
        TEST(status_is_that_of_then),
        TEST(history_ends_at_the_moment),
        TEST(an_event_is_there_when_it_was_not_told_anew),
        TEST(all_pages_are_of_one_revision),
        TEST(agents_can_be_asked_for_by_what_was_stored),
        TEST(what_was_compacted_is_gone_and_the_oldest_is_named),
        TEST(status_that_was_compacted_is_told_of),
        TEST(the_last_status_of_an_object_whose_name_was_made_anew_stays),
        TEST(a_moment_that_a_restore_lost_is_told_of),
        TEST(a_revision_that_a_restore_lost_is_gone_and_the_loss_is_named),
        TEST(what_an_older_program_lost_is_read_from_the_rows),
        TEST(what_cannot_be_of_the_past_is_refused),
        TEST(only_so_many_are_under_way),
        TEST(what_is_held_is_counted_as_it_lies_in_memory),
        TEST(what_is_asked_for_wrongly_is_refused_before_anything_is_read),
        TEST(a_read_that_fails_is_told),
        TEST(no_read_of_the_past_goes_through_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
