#include "tests/sim/release.h"

#include "schema/base/arena.h"
#include "schema/base/digest.h"
#include "schema/json.h"

#include <string.h>

enum { DEPTH_MAX = 8, NEXT_VERSION = WIRE_VERSION + 1 };

const char *const release_words[] = {"ours", "an older one", "a newer one",
                                     "one ahead of its time"};

/* What an older program does without.  Not in hello, whose signature is over all that it says.
 * What shall run an older controller says as ours does, as its digests are those of ours. */
static const struct {
    const char *type, *list, *within, *field;
} later[] = {
    {"welcome", NULL, NULL, "agentUid"},
    {"refuse", NULL, NULL, "message"},
    {"refuse", NULL, NULL, "retryAfter"},
    {"accepted", NULL, NULL, "digest"},
    {"heartbeat", NULL, NULL, "usage"},
    {"heartbeat", NULL, NULL, "interval"},
    {"report", "items", "status", "message"},
    {"report", "items", "status", "startTime"},
    {"report", "items", "status", "endTime"},
    {"report", "items", "status", "conditions"},
    {"error", NULL, NULL, "about"},
    {"heartbeat", NULL, NULL, "sensors"},
    {"heartbeat", NULL, NULL, "utcOffset"},
    {"heartbeat", NULL, NULL, "clock"},
    {"report", "items", NULL, "changes"},
    {"assign", "assignments", "template", "policy"},
    {"assign", "assignments", NULL, "sessionUid"},
    {"welcome", NULL, NULL, "period"},
    {"report", NULL, NULL, "period"},
    {"reported", NULL, NULL, "period"},
};

struct wire_versions release_speaks(enum release release)
{
    switch (release) {
    case RELEASE_OURS:
    case RELEASE_OLDER:
        break;
    case RELEASE_NEWER:
        return (struct wire_versions){WIRE_VERSION_MIN, NEXT_VERSION};
    case RELEASE_AHEAD:
        return (struct wire_versions){NEXT_VERSION, NEXT_VERSION};
    }
    return (struct wire_versions){0};
}

static struct node *parse(struct arena *arena, const char *text, size_t size_bytes)
{
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, text, size_bytes, JSON_PLAIN, &problems, &root) < 0) {
        return NULL;
    }
    return root->type == NODE_MAP ? root : NULL;
}

/* Of every type that there is, so that nobody relies on one. */
static void add_news(struct arena *arena, struct node *map)
{
    struct node *list = node_list(arena), *inner = node_map(arena);

    node_add(arena, list, node_int(arena, INT64_MAX));
    node_add(arena, list, node_null(arena));
    node_set(arena, inner, "epoch", node_str(arena, "not a number"));
    node_set(arena, map, "newList", list);
    node_set(arena, map, "newObject", inner);
    node_set(arena, map, "newWord", node_str(arena, "word"));
}

/* Along the table, which nests a few levels deep: maps of texts are somebody's own words. */
static void add_news_below(struct arena *arena, const struct shape *shape, struct node *map,
                           unsigned depth)
{
    for (size_t i = 0; i < shape->count && depth < DEPTH_MAX; i++) {
        const struct field *field = &shape->fields[i];
        struct node *value = node_find(map, field->name);

        if (value == NULL || field->shape == NULL) {
            continue;
        }
        if (value->type == NODE_MAP) {
            add_news_below(arena, field->shape, value, depth + 1);
        }
        for (size_t k = 0; value->type == NODE_LIST && k < value->list.count; k++) {
            add_news_below(arena, field->shape, value->list.items[k], depth + 1);
        }
    }
    add_news(arena, map);
}

static void drop(struct node *map, const char *within, const char *field)
{
    struct node *inner = within == NULL ? map : node_find(map, within);

    if (inner != NULL && inner->type == NODE_MAP) {
        (void)node_remove(inner, field);
    }
}

static void drop_later(struct node *root, bool is_heard)
{
    const char *type = node_find_text(root, "type");

    for (size_t i = 0; i < COUNT_OF(later); i++) {
        struct node *list = later[i].list == NULL ? NULL : node_find(root, later[i].list);

        if (!str_eq(type, later[i].type) || (str_eq(type, "assign") && !is_heard)) {
            continue;
        }
        if (later[i].list == NULL) {
            drop(root, later[i].within, later[i].field);
        }
        for (size_t k = 0; list != NULL && list->type == NODE_LIST && k < list->list.count; k++) {
            drop(list->list.items[k], later[i].within, later[i].field);
        }
    }
}

static struct blob *emit(const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    json_emit(root, JSON_PLAIN, &text);
    return blob_from_str(&text);
}

static const struct shape *shape_of(const struct node *root)
{
    const char *type = node_find_text(root, "type");

    for (int i = 0; i < WIRE_TYPE_COUNT; i++) {
        if (str_eq(type, wire_table[i].name)) {
            return wire_table[i].shape;
        }
    }
    return NULL;
}

static struct blob *change(enum release release, struct blob *bytes, bool is_heard)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    struct node *root;
    const struct shape *shape;

    if (release == RELEASE_OURS) {
        return blob_ref(bytes);
    }
    root = parse(&arena, bytes->data, bytes->size_bytes);
    shape = root == NULL ? NULL : shape_of(root);
    if (shape == NULL) {
        return blob_ref(bytes);
    }
    if (release == RELEASE_OLDER) {
        drop_later(root, is_heard);
    } else {
        add_news_below(&arena, shape, root, 0);
    }
    return emit(root);
}

struct blob *release_frame(enum release release, struct blob *bytes)
{
    return change(release, bytes, false);
}

struct blob *release_heard(enum release release, struct blob *bytes)
{
    return release == RELEASE_OLDER ? change(release, bytes, true) : blob_ref(bytes);
}

/* A line with the digest of all that follows it, and then an object. */
struct blob *release_state(enum release release, struct blob *bytes)
{
    const char *body = strchr(bytes->data, '\n');
    _cleanup_(arena_fini)
    struct arena arena = {0};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY, all = STR_EMPTY;
    struct node *root, *works;
    struct digest digest;
    char digest_text[DIGEST_TEXT_SIZE];

    root = body == NULL || release == RELEASE_OURS || release == RELEASE_OLDER
               ? NULL
               : parse(&arena, body + 1, bytes->size_bytes - (size_t)(body + 1 - bytes->data));
    if (root == NULL) {
        return blob_ref(bytes);
    }
    works = node_find(root, "works");
    for (size_t i = 0; works != NULL && i < works->list.count; i++) {
        add_news(&arena, works->list.items[i]);
    }
    add_news(&arena, root);
    json_emit(root, JSON_PLAIN, &text);
    digest_of(text.data, text.length, &digest);
    digest_to_str(&digest, digest_text);
    str_addf(&all, "%s\n", digest_text);
    str_add_bytes(&all, text.data, text.length);
    return blob_from_str(&all);
}
