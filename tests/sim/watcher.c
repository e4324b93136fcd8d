#include "tests/sim/watcher.h"

#include "schema/base/map.h"
#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "tests/sim/http.h"
#include "tests/sim/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 700, TRIES_MAX = 30 };

#define PATH "/apis/fog/v1/harvestsessions"

struct watcher_client {
    struct map objects; /* name → text of the resourceVersion, owned */
    uint64_t revision;  /* seen up to here */
    bool has_listed;
    struct str line; /* of the stream, as far as it came */
};

struct watcher_client *watcher_new(void)
{
    struct watcher_client *watcher = MEM_NEW(struct watcher_client);

    map_init(&watcher->objects);
    str_init(&watcher->line);
    return watcher;
}

static void forget_all(struct watcher_client *watcher)
{
    map_each (&watcher->objects, it) {
        free(it->value);
    }
    map_clear(&watcher->objects);
}

void watcher_free(struct watcher_client *watcher)
{
    forget_all(watcher);
    map_fini(&watcher->objects);
    str_fini(&watcher->line);
    free(watcher);
}

static void ask(struct sim *sim, void *who, uint64_t arg);

static void ask_again(struct sim *sim)
{
    schedule_after(&sim->schedule, die_between(&sim->dice.operators, 1, AGAIN_MS), ask, NULL, 0);
}

static struct node *parse(struct arena *arena, const char *text, size_t size_bytes)
{
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    return json_parse(arena, text, size_bytes, JSON_PLAIN, &problems, &root) < 0 ? NULL : root;
}

static uint64_t revision_of(const struct node *object)
{
    const char *text = node_text(node_find_path(object, "metadata.resourceVersion"));
    uint64_t revision = 0;

    if (text != NULL) {
        (void)u64_from_str(text, &revision);
    }
    return revision;
}

static void keep(struct watcher_client *watcher, const struct node *object)
{
    const char *name = node_text(node_find_path(object, "metadata.name"));
    const char *revision = node_text(node_find_path(object, "metadata.resourceVersion"));

    free(map_put(&watcher->objects, name, mem_strdup(revision)));
}

/* --- the list --------------------------------------------------------------------------------- */

static void listed(struct sim *sim, void *who, int code, const struct blob *body)
{
    struct watcher_client *watcher = sim->watcher;
    struct arena arena;
    const struct node *root, *items;

    (void)who;
    if (code != 200) {
        ask_again(sim);
        return;
    }
    arena_init(&arena);
    root = parse(&arena, body->data, body->size_bytes);
    items = node_find(root, "items");
    forget_all(watcher);
    for (size_t i = 0; items != NULL && i < items->list.count; i++) {
        keep(watcher, items->list.items[i]);
    }
    watcher->revision = revision_of(root);
    watcher->has_listed = watcher->revision > 0; /* to watch from 0 has a meaning of its own */
    arena_fini(&arena);
    ask_again(sim);
}

/* --- the stream ------------------------------------------------------------------------------- */

static void take_event(struct sim *sim, const struct node *event)
{
    struct watcher_client *watcher = sim->watcher;
    const char *type = node_find_text(event, "type");
    const struct node *object = node_find(event, "object");
    const char *name = node_text(node_find_path(object, "metadata.name"));
    uint64_t revision = revision_of(object);

    if (str_eq(type, "ERROR")) { /* too old: begin anew */
        watcher->has_listed = false;
        return;
    }
    if (revision < watcher->revision ||
        (revision == watcher->revision && !str_eq(type, "BOOKMARK"))) {
        sim_fail(sim, "watch", "%s of \"%s\" at revision %" PRIu64 " comes after %" PRIu64, type,
                 name == NULL ? "" : name, revision, watcher->revision);
        return;
    }
    watcher->revision = revision;
    if (str_eq(type, "DELETED")) {
        if (map_find(&watcher->objects, name) == NULL) {
            sim_fail(sim, "watch", "\"%s\" is deleted that was never there", name);
        }
        free(map_remove(&watcher->objects, name));
    } else if (str_eq(type, "ADDED") || str_eq(type, "MODIFIED")) {
        keep(watcher, object);
    }
}

static void take_line(struct sim *sim, const char *line, size_t length)
{
    struct arena arena;
    const struct node *event;

    arena_init(&arena);
    event = parse(&arena, line, length);
    if (event == NULL) {
        sim_fail(sim, "watch", "a line is no JSON: %.100s", line);
    } else {
        take_event(sim, event);
    }
    arena_fini(&arena);
}

static void on_chunk(struct sim *sim, void *who, const struct blob *bytes)
{
    struct str *line = &sim->watcher->line;
    const char *at, *end;

    (void)who;
    str_add_bytes(line, bytes->data, bytes->size_bytes);
    at = line->data;
    while (!sim->has_failed && (end = strchr(at, '\n')) != NULL) {
        take_line(sim, at, (size_t)(end - at));
        at = end + 1;
    }
    if (at != line->data) {
        struct str rest = STR_EMPTY;

        str_add(&rest, at);
        str_fini(line);
        *line = rest;
    }
}

static void on_end(struct sim *sim, void *who)
{
    (void)who;
    str_clear(&sim->watcher->line); /* a line that was cut off counts for nothing */
    ask_again(sim);
}

static void opened(struct sim *sim, void *who, int code, const struct blob *body)
{
    (void)who;
    (void)body;
    if (code == 410) {
        sim->watcher->has_listed = false;
    }
    if (code != 200) {
        str_clear(&sim->watcher->line);
        ask_again(sim);
    }
}

static void ask(struct sim *sim, void *who, uint64_t arg)
{
    struct watcher_client *watcher = sim->watcher;
    struct http_client list = {.answered = listed};
    struct http_client watch = {.answered = opened, .chunk = on_chunk, .ended = on_end};
    struct http_request request = {.method = "GET", .target = PATH, .user_agent = "watcher/0.1"};
    char target[160];

    (void)who;
    (void)arg;
    if (!watcher->has_listed) {
        (void)http_send(sim, &request, &list);
        return;
    }
    (void)snprintf(target, sizeof(target),
                   PATH "?watch=true&allowWatchBookmarks=true&resourceVersion=%" PRIu64,
                   watcher->revision);
    request.target = target;
    (void)http_send(sim, &request, &watch);
}

void watcher_begin(struct sim *sim)
{
    ask_again(sim);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Compares with a list; what differs comes out in words. */
static bool is_up_to_date(struct sim *sim, char why[static 200])
{
    struct watcher_client *watcher = sim->watcher;
    struct arena arena;
    const struct node *items;

    arena_init(&arena);
    items = node_find(judge_ask(sim, &arena, "GET", PATH, NULL, NULL).root, "items");
    (void)snprintf(why, 200, "%s", items == NULL ? "there is no list" : "");
    for (size_t i = 0; items != NULL && i < items->list.count && why[0] == '\0'; i++) {
        const struct node *meta = node_find(items->list.items[i], "metadata");
        const char *name = node_find_text(meta, "name");
        const char *revision = node_find_text(meta, "resourceVersion");
        const char *seen = map_find(&watcher->objects, name);

        if (!str_eq(seen, revision)) {
            (void)snprintf(why, 200, "\"%s\" is at revision %s and was seen at %s", name, revision,
                           seen == NULL ? "none" : seen);
        }
    }
    if (why[0] == '\0' && items->list.count != watcher->objects.count) {
        (void)snprintf(why, 200, "%zu objects are there and %zu were seen", items->list.count,
                       watcher->objects.count);
    }
    arena_fini(&arena);
    return why[0] == '\0';
}

void watcher_check(struct sim *sim)
{
    char why[200] = "";
    bool is_fine = false;

    for (int tries = 0; tries < TRIES_MAX && !is_fine && !sim->has_failed; tries++) {
        sim_pass(sim, 1000); /* what happens last may still be on its way */
        is_fine = is_up_to_date(sim, why);
    }
    if (!is_fine) {
        sim_fail(sim, "watch", "%s", why);
    }
}
