/* Watchers that lose their connection at random, against what was really written.
 *
 * The journal is what the writes themselves were answered: each change of an agent with its
 * revision and what it looked like afterwards.  From it follows, for every selector, which events a
 * watcher must get in which order; each event that comes is held against the next that must.
 * Watchers are cut off in the midst of what they were sent and come back with the last revision
 * they saw, the controller restarts, history is compacted (then they list again, as an informer
 * does), reads of history hang for a while, one change set changes more than memory keeps.
 *
 * FOG_WATCH_CHANGES=100000 makes it longer (tests/nightly/watch.sh), FOG_WATCH_SEED another one. */
#include "controller/core/answer.h"
#include "schema/base/parse.h"
#include "schema/base/rand.h"
#include "schema/limits.h"
#include "tests/support/api.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    NAMES = 12,
    CHANGES = 2500,
    RING = 16,
    TIERS = 3,
    VERSIONS = 3,
    STEP_MS = 100,
};

static const char *const tiers[TIERS] = {"gold", "tin", ""};

struct told {
    uint64_t revision;
    int name;
    bool is_there; /* after it; false: it removes the agent */
    int tier;
    int version;         /* of its status, which selectors see */
    struct digest shown; /* the object as the write was answered; zero: it was not */
};

struct agent_now {
    bool is_there;
    int tier, version;
    uint64_t revision;
};

struct watcher_test {
    const char *query;
    int tier;                /* -1: any; TIERS: none at all */
    int version;             /* -1: any */
    int name;                /* -1: any */
    struct api_reply *reply; /* NULL: cut off */
    size_t taken;            /* of its events */
    size_t next;             /* in the journal: what comes after what was seen */
    uint64_t revision;       /* of the last that was seen */
    bool is_listing;         /* from sendInitialEvents, until their end */
    struct agent_now seen[NAMES];
};

static struct {
    struct api api;
    struct rand rand;
    struct {
        VEC_OF(struct told);
    } journal;
    struct agent_now now[NAMES];
    size_t cuts, restarts, compactions, expiries, relists, events, bursts, bookmarks, needless;
    uint64_t compacted;
} world;

static struct watcher_test watchers[] = {
    {.query = "", .tier = -1, .version = -1, .name = -1},
    {.query = "&allowWatchBookmarks=true", .tier = -1, .version = -1, .name = -1},
    {.query = "&labelSelector=tier%3Dgold", .tier = 0, .version = -1, .name = -1},
    {.query = "&labelSelector=!tier", .tier = 2, .version = -1, .name = -1},
    {.query = "&fieldSelector=status.version%3Dv1", .tier = -1, .version = 1, .name = -1},
    {.query = "&fieldSelector=status.version%3Dv2&labelSelector=tier%3Dtin&allowWatchBookmarks=1",
     .tier = 1,
     .version = 2,
     .name = -1},
    {.query = "&fieldSelector=metadata.name%3Da-3", .tier = -1, .version = -1, .name = 3},
};

static bool may(unsigned per_mille)
{
    return rand_chance(&world.rand, per_mille);
}

/* --- the journal ------------------------------------------------------------------------------ */

static uint64_t revision_of(const struct node *object)
{
    uint64_t revision = 0;

    assert_true(u64_from_str(api_text(object, "metadata.resourceVersion"), &revision));
    return revision;
}

/* Of what is stored; beside it an answer tells what is known at its moment. */
static void shown_of(const struct node *object, struct digest *ret_digest)
{
    const struct node *parts[] = {api_at(object, "metadata"), api_at(object, "spec"),
                                  api_at(object, "status.version"),
                                  api_at(object, "status.conditions")};
    struct digester *digester = digester_new();

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct blob *text = parts[i] == NULL ? blob_new("-", 1) : blob_of_node(parts[i]);

        digester_add(digester, text->data, text->size_bytes);
        blob_unref(text);
    }
    digester_end(digester, ret_digest);
    digester_free(digester);
}

static void note(int name, const struct agent_now *now, const struct node *object)
{
    struct told change = {now->revision, name, now->is_there, now->tier, now->version, {{0}}};

    if (object != NULL) {
        shown_of(object, &change.shown);
    }
    world.now[name] = *now;
    vec_add(&world.journal, change);
}

/* An answer to a write of one object; what changed nothing is no change. */
static void note_answer(int name, struct agent_now now, const struct node *object)
{
    now.revision = revision_of(object);
    if (now.revision != world.now[name].revision) {
        note(name, &now, object);
    }
}

static const char *labels_of(int tier)
{
    return tiers[tier][0] == '\0' ? "" : api_target(&world.api, "'tier': '%s'", tiers[tier]);
}

static void create(int name)
{
    struct agent_now now = {.is_there = true, .tier = (int)rand_below(&world.rand, TIERS)};

    note_answer(name, now,
                api_expect(&world.api, 201, "POST", AGENTS,
                           api_target(&world.api, "{'metadata': {'name': 'a-%d', 'labels': {%s}}}",
                                      name, labels_of(now.tier))));
}

static void change_labels(int name)
{
    struct agent_now now = world.now[name];

    now.tier = (int)rand_below(&world.rand, TIERS);
    note_answer(name, now,
                api_expect(&world.api, 200, "PUT", api_target(&world.api, AGENTS "/a-%d", name),
                           api_target(&world.api, "{'metadata': {'name': 'a-%d', 'labels': {%s}}}",
                                      name, labels_of(now.tier))));
}

static void change_status(int name)
{
    struct agent_now now = world.now[name];

    now.version = (int)rand_below(&world.rand, VERSIONS);
    note_answer(
        name, now,
        api_expect(&world.api, 200, "PUT", api_target(&world.api, AGENTS "/a-%d/status", name),
                   api_target(&world.api,
                              "{'metadata': {'name': 'a-%d'}, 'status': {'version': 'v%d'}}", name,
                              now.version)));
}

static void drop(int name)
{
    struct agent_now now = world.now[name];
    uint64_t was = api_revision(&world.api);

    (void)api_expect(&world.api, 200, "DELETE", api_target(&world.api, AGENTS "/a-%d", name), NULL);
    now.is_there = false;
    now.revision = was + 1; /* the first that it made; the answer does not say */
    note(name, &now, NULL);
}

/* More than memory keeps, in one step: all that are there go, and all come. */
static void burst(void)
{
    struct str changes = STR_EMPTY;
    const struct node *results;
    uint64_t was = api_revision(&world.api);
    size_t count = 0;
    int names[2 * NAMES];

    str_add(&changes, "{'spec': {'changes': [");
    for (int name = 0; name < NAMES; name++) {
        const char *verbs[] = {"delete", "apply"};

        for (size_t i = world.now[name].is_there ? 0 : 1; i < COUNT_OF(verbs); i++) {
            str_addf(&changes,
                     i == 0 ? "%s{'verb': 'delete', 'kind': 'Agent', 'name': 'a-%d'}"
                            : "%s{'verb': 'create', 'object': {'apiVersion': 'fog/v1', 'kind': "
                              "'Agent', 'metadata': {'name': 'a-%d'}}}",
                     count == 0 ? "" : ",", name);
            names[count++] = name;
        }
    }
    str_add(&changes, "]}}");
    results =
        api_at(api_expect(&world.api, 200, "POST", CHANGESETS, changes.data), "status.results");
    str_fini(&changes);
    for (size_t i = 0; i < count; i++) {
        const struct node *object = api_at(results->list.items[i], "object");
        struct agent_now now = {
            .is_there = str_eq(api_text(results->list.items[i], "result"), "created"), .tier = 2};

        if (!now.is_there) {
            now = world.now[names[i]];
            now.is_there = false;
        }
        now.revision = now.is_there ? revision_of(object) : was + i + 1;
        note(names[i], &now, now.is_there ? object : NULL);
    }
    world.bursts++;
}

static int number_in(const char *name)
{
    uint64_t number = NAMES;

    assert_true(u64_from_str(name + 2, &number) && number < NAMES);
    return (int)number;
}

static int by_revision(const void *a, const void *b)
{
    uint64_t one = revision_of(*(struct node *const *)a);
    uint64_t other = revision_of(*(struct node *const *)b);

    return one < other ? -1 : one > other;
}

/* What the controller itself made of it: at most one more version of each. */
static void note_what_followed(void)
{
    const struct node *items = api_at(api_get(&world.api, AGENTS), "items");

    qsort(items->list.items, items->list.count, sizeof(items->list.items[0]), by_revision);
    for (size_t i = 0; i < items->list.count; i++) {
        const struct node *object = items->list.items[i];
        int name = number_in(api_text(object, "metadata.name"));
        struct agent_now now = world.now[name];
        const char *version = api_text(object, "status.version");

        assert_true(now.is_there);
        now.version = *version == '\0' ? 0 : version[1] - '0';
        note_answer(name, now, object);
    }
}

/* --- what a watcher must get ------------------------------------------------------------------ */

static bool matches(const struct watcher_test *watcher, int name, bool is_there, int tier,
                    int version)
{
    return is_there && (watcher->name < 0 || watcher->name == name) &&
           (watcher->tier < 0 || watcher->tier == tier) &&
           (watcher->version < 0 || watcher->version == version);
}

/* The one before of the same agent: the watcher's own place says up to where it has seen. */
static const struct told *before(size_t index)
{
    for (size_t i = index; i-- > 0;) {
        if (world.journal.items[i].name == world.journal.items[index].name) {
            return &world.journal.items[i];
        }
    }
    return NULL;
}

static const char *type_of(const struct watcher_test *watcher, size_t index)
{
    const struct told *after = &world.journal.items[index], *was = before(index);
    bool did = was != NULL && matches(watcher, was->name, was->is_there, was->tier, was->version);
    bool does = matches(watcher, after->name, after->is_there, after->tier, after->version);

    return did && does ? "MODIFIED" : does ? "ADDED" : did ? "DELETED" : NULL;
}

static void take_into_view(struct watcher_test *watcher, const char *type,
                           const struct told *change)
{
    struct agent_now *seen = &watcher->seen[change->name];

    assert_int_equal(seen->is_there, !str_eq(type, "ADDED")); /* nothing twice, nothing left out */
    seen->is_there = !str_eq(type, "DELETED");
    seen->revision = change->revision;
}

/* The first status after where history begins: the one before it may be gone, and with it what a
 * selector made of it.  Then an end of what was never seen may come, which says nothing. */
static bool is_needless(const struct watcher_test *watcher, const struct node *event)
{
    uint64_t revision = revision_of(api_at(event, "object"));
    int name = number_in(api_text(event, "object.metadata.name"));

    if (watcher->version < 0 || watcher->seen[name].is_there ||
        !str_eq(api_text(event, "type"), "DELETED")) {
        return false;
    }
    for (size_t i = world.journal.count; i-- > 0;) { /* it may be told more than once */
        const struct told *was = before(i);

        if (world.journal.items[i].revision == revision) {
            return type_of(watcher, i) == NULL && was != NULL && was->revision <= world.compacted;
        }
    }
    return false;
}

/* For the same reason what is new may look as if it had been there. */
static bool is_as_good(const struct watcher_test *watcher, const char *type, const char *wanted)
{
    const struct told *was = before(watcher->next - 1);

    return str_eq(type, wanted) ||
           (watcher->version >= 0 && str_eq(type, "MODIFIED") && str_eq(wanted, "ADDED") &&
            was != NULL && was->revision <= world.compacted);
}

static void expect_event(struct watcher_test *watcher, const struct node *event)
{
    uint64_t revision = revision_of(api_at(event, "object"));
    const char *type = api_text(event, "type"), *wanted = NULL;
    const struct told *change;
    struct digest shown;
    char name[16];

    if (is_needless(watcher, event)) {
        world.needless++;
        return;
    }
    while (watcher->next < world.journal.count &&
           (wanted = type_of(watcher, watcher->next)) == NULL) {
        watcher->next++;
    }
    if (wanted == NULL) {
        fail_msg("\"%s\" gets %s of revision %" PRIu64 ", and nothing happened", watcher->query,
                 type, revision);
    }
    change = &world.journal.items[watcher->next++];
    (void)snprintf(name, sizeof(name), "a-%d", change->name);
    if (!is_as_good(watcher, type, wanted) || revision != change->revision ||
        !str_eq(name, api_text(event, "object.metadata.name"))) {
        fail_msg("\"%s\" gets %s of %s at %" PRIu64 ", not %s of %s at %" PRIu64, watcher->query,
                 type, api_text(event, "object.metadata.name"), revision, wanted, name,
                 change->revision);
    }
    if (!digest_is_zero(&change->shown)) {
        shown_of(api_at(event, "object"), &shown);
        if (!digest_eq(&shown, &change->shown)) {
            fail_msg("\"%s\" is shown something else of %s at %" PRIu64 " than who wrote it",
                     watcher->query, name, revision);
        }
    }
    take_into_view(watcher, wanted, change);
    watcher->revision = revision;
    world.events++;
}

/* What it says is that nothing up to there is still to come. */
static void expect_bookmark(struct watcher_test *watcher, const struct node *event)
{
    uint64_t revision = revision_of(api_at(event, "object"));

    for (; watcher->next < world.journal.count &&
           world.journal.items[watcher->next].revision <= revision;
         watcher->next++) {
        if (type_of(watcher, watcher->next) != NULL) {
            fail_msg("\"%s\": a bookmark at %" PRIu64 " comes before the change at %" PRIu64,
                     watcher->query, revision, world.journal.items[watcher->next].revision);
        }
    }
    watcher->revision = revision;
    world.bookmarks++;
}

/* --- listing anew, as an informer does -------------------------------------------------------- */

static void place_at(struct watcher_test *watcher, uint64_t revision)
{
    watcher->revision = revision;
    for (watcher->next = world.journal.count;
         watcher->next > 0 && world.journal.items[watcher->next - 1].revision > revision;
         watcher->next--) {}
}

static void view_from(struct watcher_test *watcher, const struct node *object)
{
    int name = number_in(api_text(object, "metadata.name"));

    assert_false(watcher->seen[name].is_there);
    watcher->seen[name] = (struct agent_now){.is_there = true, .revision = revision_of(object)};
}

static void check_view(const struct watcher_test *watcher)
{
    for (int name = 0; name < NAMES; name++) {
        const struct agent_now *now = &world.now[name], *seen = &watcher->seen[name];
        bool does = matches(watcher, name, now->is_there, now->tier, now->version);

        if (seen->is_there != does || (does && seen->revision != now->revision)) {
            fail_msg("\"%s\" believes a-%d %s at %" PRIu64 ", which is %s at %" PRIu64,
                     watcher->query, name, seen->is_there ? "there" : "gone", seen->revision,
                     does ? "there" : "gone", now->revision);
        }
    }
}

static void list(struct watcher_test *watcher)
{
    const struct node *answer =
        api_expect(&world.api, 200, "GET",
                   api_target(&world.api, AGENTS "?limit=500%s", watcher->query), NULL);
    const struct node *items = api_at(answer, "items");

    memset(watcher->seen, 0, sizeof(watcher->seen));
    for (size_t i = 0; i < items->list.count; i++) {
        view_from(watcher, items->list.items[i]);
    }
    place_at(watcher, revision_of(answer));
    check_view(watcher);
    world.relists++;
}

/* --- connections ------------------------------------------------------------------------------ */

/* Half a list is none: the next time it begins with one. */
static void lose(struct watcher_test *watcher)
{
    watcher->revision = watcher->is_listing ? 0 : watcher->revision;
    watcher->reply = NULL;
    watcher->is_listing = false;
}

static void cut(struct watcher_test *watcher)
{
    api_gone(&world.api, watcher->reply);
    lose(watcher);
    world.cuts++;
}

static void on_expired(struct watcher_test *watcher)
{
    if (watcher->revision >= world.compacted) {
        fail_msg("\"%s\" is told that %" PRIu64 " is too old, and history begins at %" PRIu64,
                 watcher->query, watcher->revision, world.compacted);
    }
    assert_true(watcher->reply->has_ended);
    watcher->reply = NULL;
    world.expiries++;
    list(watcher);
}

static void take_event(struct watcher_test *watcher, const struct node *event)
{
    const char *type = api_text(event, "type");

    if (str_eq(type, "ERROR")) {
        on_expired(watcher);
    } else if (str_eq(type, "BOOKMARK") && watcher->is_listing) {
        watcher->is_listing = false;
        place_at(watcher, revision_of(api_at(event, "object")));
    } else if (str_eq(type, "BOOKMARK")) {
        expect_bookmark(watcher, event);
    } else if (watcher->is_listing) {
        assert_string_equal(type, "ADDED");
        view_from(watcher, api_at(event, "object"));
    } else {
        expect_event(watcher, event);
    }
}

/* All that came, or only so much of it. */
static void take(struct watcher_test *watcher, size_t most)
{
    while (watcher->reply != NULL && watcher->taken < watcher->reply->events.count && most-- > 0) {
        take_event(watcher, watcher->reply->events.items[watcher->taken++]);
    }
}

static void expect_up_to_date(struct watcher_test *watcher)
{
    for (; watcher->next < world.journal.count; watcher->next++) {
        const char *type = type_of(watcher, watcher->next);

        if (type != NULL) {
            fail_msg("\"%s\" is not told %s at %" PRIu64, watcher->query, type,
                     world.journal.items[watcher->next].revision);
        }
    }
    check_view(watcher);
}

static void dial(struct watcher_test *watcher)
{
    bool lists = may(50);
    const char *from;

    if (watcher->revision == 0) {
        list(watcher);
    }
    from = lists ? api_target(&world.api, "&sendInitialEvents=true")
                 : api_target(&world.api, "&resourceVersion=%" PRIu64, watcher->revision);

    if (lists) {
        memset(watcher->seen, 0, sizeof(watcher->seen));
        watcher->is_listing = true;
    }
    watcher->taken = 0;
    watcher->reply =
        api_call(&world.api, "GET",
                 api_target(&world.api, AGENTS "?watch=true%s%s", watcher->query, from), NULL);
    assert_int_equal(watcher->reply->code, 200);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void change_something(void)
{
    int name = (int)rand_below(&world.rand, NAMES);

    if (may(8)) {
        burst();
    } else if (!world.now[name].is_there) {
        create(name);
    } else if (may(80)) {
        drop(name);
    } else if (may(400)) {
        change_labels(name);
    } else {
        change_status(name);
    }
    note_what_followed();
}

static void restart(void)
{
    for (size_t i = 0; i < COUNT_OF(watchers); i++) {
        take(&watchers[i], rand_below(&world.rand, 4));
        lose(&watchers[i]);
    }
    world.api.holds_reads = false;
    api_restart(&world.api);
    world.api.ctl->ring.size = RING;
    world.restarts++;
}

static void compact(void)
{
    struct store_keeping keeping = {
        .before = {world.api.wall.ms - rand_between(&world.rand, 0, 300 * STEP_MS)}};
    struct store_size size;
    struct err err;

    while (store_compact(world.api.store, &keeping, &err) == 1) {}
    assert_int_equal(store_measure(world.api.store, &size, &err), 0);
    world.compacted = size.compacted;
    if (may(800)) { /* else the core hears of it from a read that fails */
        api_step(&world.api, &(struct ctl_event){.type = CTL_COMPACTED, .id = size.compacted});
    }
    world.compactions++;
}

/* Of streams that are over nothing is needed any more, nor of what was looked at. */
static void forget_the_past(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < world.api.replies.count; i++) {
        struct api_reply *reply = world.api.replies.items[i];
        bool is_open = false;

        for (size_t k = 0; k < COUNT_OF(watchers); k++) {
            if (watchers[k].reply == reply) {
                is_open = true;
                watchers[k].taken = 0;
            }
        }
        vec_clear(&reply->events);
        str_clear(&reply->body);
        if (is_open) {
            world.api.replies.items[kept++] = reply;
            continue;
        }
        free(reply->warning);
        str_fini(&reply->body);
        vec_fini(&reply->events);
        free(reply);
    }
    world.api.replies.count = kept;
    arena_fini(&world.api.arena);
    arena_init(&world.api.arena);
}

static void connect_and_cut(void)
{
    for (size_t i = 0; i < COUNT_OF(watchers); i++) {
        struct watcher_test *watcher = &watchers[i];

        if (watcher->reply == NULL && may(250)) {
            dial(watcher);
        } else if (watcher->reply != NULL && may(60)) {
            take(watcher, rand_below(&world.rand, 3));
            if (watcher->reply != NULL) {
                cut(watcher);
            }
        }
    }
}

static void look(void)
{
    for (size_t i = 0; i < COUNT_OF(watchers); i++) {
        take(&watchers[i], SIZE_MAX);
        if (watchers[i].reply != NULL && !world.api.holds_reads) {
            expect_up_to_date(&watchers[i]);
        }
    }
}

static void turn(void)
{
    world.api.wall.ms += STEP_MS;
    world.api.now.ms += STEP_MS;
    change_something();
    connect_and_cut();
    if (may(3)) {
        restart();
    }
    if (may(10)) {
        compact();
    }
    if (may(10)) { /* bookmarks are due */
        world.api.now.ms += 61 * 1000;
        api_tick(&world.api);
        note_what_followed();
    }
    if (may(30)) {
        world.api.holds_reads = !world.api.holds_reads;
        api_settle(&world.api);
    }
    if (may(900)) { /* else several changes come at once */
        look();
    }
    if (world.journal.count % 64 == 0) {
        look();
        forget_the_past();
    }
}

static uint64_t from_environment(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    uint64_t number;

    return text != NULL && u64_from_str(text, &number) ? number : fallback;
}

static void nothing_is_missed_doubled_or_out_of_order(void **state)
{
    size_t changes = from_environment("FOG_WATCH_CHANGES", CHANGES);

    (void)state;
    rand_init_u64(&world.rand, from_environment("FOG_WATCH_SEED", 1));
    api_init(&world.api);
    world.api.ctl->ring.size = RING;
    create(0);
    note_what_followed();
    for (size_t i = 0; i < COUNT_OF(watchers); i++) {
        list(&watchers[i]);
    }
    while (world.journal.count < changes) {
        turn();
    }
    world.api.holds_reads = false;
    api_settle(&world.api);
    look();
    for (size_t i = 0; i < COUNT_OF(watchers); i++) {
        while (watchers[i].reply == NULL) { /* once more when it was too old */
            dial(&watchers[i]);
            take(&watchers[i], SIZE_MAX);
        }
        expect_up_to_date(&watchers[i]);
    }
    print_message("# %zu changes, %zu events: %zu cuts, %zu restarts, %zu compactions, %zu times "
                  "too old, %zu lists, %zu bursts, %zu bookmarks, %zu needless\n",
                  world.journal.count, world.events, world.cuts, world.restarts, world.compactions,
                  world.expiries, world.relists, world.bursts, world.bookmarks, world.needless);
    assert_true(world.events > changes && world.cuts > changes / 10 && world.restarts > 0 &&
                world.compactions > 0 && (world.expiries > 0 || changes < 10000) &&
                world.bursts > 0 && world.bookmarks > 0);
    vec_fini(&world.journal);
    api_fini(&world.api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_missed_doubled_or_out_of_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
