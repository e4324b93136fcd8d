/* Sets of field paths.  Keys sort as bytes with NUL as the smallest, so a path stands directly
 * before all that is below it: the array is the tree, walked from its root. */
#include "schema/fieldset.h"

#include "schema/json.h"
#include "schema/limits.h"
#include "schema/problem.h"

#include <assert.h>
#include <stdint.h>

static int compare_keys(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_paths(const struct field_path *a, const struct field_path *b)
{
    return compare_keys(a->key, a->length, b->key, b->length);
}

static bool is_at_or_below(const struct field_path *path, const char *key, size_t length)
{
    return path->length >= length && memcmp(path->key, key, length) == 0 &&
           (path->length == length || length == 0 || path->key[length] == '\0');
}

size_t path_push(struct str *key, const char *tag, const char *text)
{
    size_t mark = key->length;

    if (mark > 0) {
        str_add_char(key, '\0');
    }
    str_add(key, tag);
    str_add(key, text);
    return mark;
}

void path_pop(struct str *key, size_t mark)
{
    if (key->length > mark) {
        key->length = mark;
        key->data[mark] = '\0';
    }
}

/* --- building ----------------------------------------------------------------------------------
 */

static void append(struct arena *arena, struct fieldset *set, const struct field_path *path)
{
    set->paths = arena_grow(arena, set->paths, set->count, sizeof(*set->paths));
    set->paths[set->count++] = *path;
}

void fieldset_add(struct arena *arena, struct fieldset *set, const struct field_path *path)
{
    struct field_path copy = *path;

    copy.key = arena_strndup(arena, path->key, path->length);
    append(arena, set, &copy);
}

/* Merges the sorted runs from[low…middle) and from[middle…high) into `to`. */
static void merge_runs(const struct field_path *from, struct field_path *to, size_t low,
                       size_t middle, size_t high)
{
    size_t a = low, b = middle;

    for (size_t i = low; i < high; i++) {
        bool take_a = a < middle && (b >= high || compare_paths(&from[a], &from[b]) <= 0);

        to[i] = take_a ? from[a++] : from[b++];
    }
}

static void sort_paths(struct arena *arena, struct fieldset *set)
{
    size_t count = set->count;
    struct field_path *from = set->paths;
    struct field_path *to = arena_array(arena, count, sizeof(*to));

    for (size_t run = 1; run < count; run *= 2) {
        struct field_path *merged = to;

        for (size_t low = 0; low < count; low += 2 * run) {
            size_t middle = low + run < count ? low + run : count;
            size_t high = low + 2 * run < count ? low + 2 * run : count;

            merge_runs(from, to, low, middle, high);
        }
        to = from;
        from = merged;
    }
    set->paths = from;
}

static bool is_settled(const struct fieldset *set)
{
    for (size_t i = 1; i < set->count; i++) {
        if (compare_paths(&set->paths[i - 1], &set->paths[i]) >= 0) {
            return false;
        }
    }
    return true;
}

void fieldset_settle(struct arena *arena, struct fieldset *set)
{
    size_t kept = 0;

    if (is_settled(set)) {
        return;
    }
    sort_paths(arena, set);
    for (size_t i = 0; i < set->count; i++) {
        if (kept == 0 || compare_paths(&set->paths[kept - 1], &set->paths[i]) != 0) {
            set->paths[kept++] = set->paths[i];
        }
    }
    set->count = kept;
}

/* --- questions ---------------------------------------------------------------------------------
 */

/* The first path that is not before the key. */
static size_t lower_bound(const struct fieldset *set, const char *key, size_t length)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct field_path *path = &set->paths[middle];

        if (compare_keys(path->key, path->length, key, length) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct field_path *fieldset_find(const struct fieldset *set, const char *key, size_t length)
{
    size_t at = lower_bound(set, key, length);
    const struct field_path *path = at < set->count ? &set->paths[at] : NULL;

    return path != NULL && compare_keys(path->key, path->length, key, length) == 0 ? path : NULL;
}

bool fieldset_reaches(const struct fieldset *set, const char *key, size_t length)
{
    size_t at = lower_bound(set, key, length);

    return at < set->count && is_at_or_below(&set->paths[at], key, length);
}

bool fieldset_eq(const struct fieldset *a, const struct fieldset *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (compare_paths(&a->paths[i], &b->paths[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* --- two sets ----------------------------------------------------------------------------------
 */

enum keep { KEEP_ONLY_A = 1 << 0, KEEP_BOTH = 1 << 1, KEEP_ONLY_B = 1 << 2 };

static struct fieldset combine(struct arena *arena, const struct fieldset *a,
                               const struct fieldset *b, unsigned keep)
{
    struct fieldset result = {0};
    size_t i = 0, j = 0;

    while (i < a->count || j < b->count) {
        int order = i == a->count   ? 1
                    : j == b->count ? -1
                                    : compare_paths(&a->paths[i], &b->paths[j]);
        const struct field_path *path = order <= 0 ? &a->paths[i] : &b->paths[j];
        unsigned side = order == 0 ? KEEP_BOTH : order < 0 ? KEEP_ONLY_A : KEEP_ONLY_B;

        if ((keep & side) != 0) {
            append(arena, &result, path);
        }
        i += order <= 0 ? 1 : 0;
        j += order >= 0 ? 1 : 0;
    }
    return result;
}

struct fieldset fieldset_union(struct arena *arena, const struct fieldset *a,
                               const struct fieldset *b)
{
    return combine(arena, a, b, KEEP_ONLY_A | KEEP_BOTH | KEEP_ONLY_B);
}

struct fieldset fieldset_minus(struct arena *arena, const struct fieldset *a,
                               const struct fieldset *b)
{
    return combine(arena, a, b, KEEP_ONLY_A);
}

struct fieldset fieldset_both(struct arena *arena, const struct fieldset *a,
                              const struct fieldset *b)
{
    return combine(arena, a, b, KEEP_BOTH);
}

/* --- FieldsV1 ----------------------------------------------------------------------------------
 */

static struct node *add_map(struct arena *arena, struct node *map, const char *key)
{
    return node_append(arena, map, key, node_map(arena))->value;
}

struct node *fieldset_to_node(struct arena *arena, const struct fieldset *set)
{
    struct {
        size_t length; /* of the key of this map */
        struct node *map;
    } open[TREE_DEPTH_MAX + 1] = {{0, node_map(arena)}};
    size_t depth = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct field_path *path = &set->paths[i];
        size_t at;

        while (!is_at_or_below(path, set->paths[i == 0 ? 0 : i - 1].key, open[depth].length)) {
            depth--;
        }
        at = open[depth].length + (depth > 0 ? 1 : 0);
        while (at <= path->length) {
            const char *element = path->key + at;
            struct node *map = add_map(arena, open[depth].map, element);

            assert(depth < TREE_DEPTH_MAX);
            at += strlen(element);
            open[++depth].length = at++;
            open[depth].map = map;
        }
        if (i + 1 < set->count && is_at_or_below(&set->paths[i + 1], path->key, path->length)) {
            (void)add_map(arena, open[depth].map, ".");
        }
    }
    return open[0].map;
}

/* `{"name": "raw"}` to `{"name":"raw"}`: whoever wrote it, the same item has the same key. */
static bool add_json(struct arena *arena, const char *text, struct str *to)
{
    struct problems problems;
    struct node *node;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, text, strlen(text), JSON_PLAIN, &problems, &node) != 0) {
        return false;
    }
    json_emit(node, JSON_SORTED, to);
    return true;
}

static bool add_element(struct arena *arena, const char *element, struct str *to)
{
    if (str_starts(element, "f:") || str_starts(element, "i:")) {
        (void)path_push(to, "", element);
        return true;
    }
    if (str_starts(element, "k:") || str_starts(element, "v:")) {
        (void)path_push(to, element[0] == 'k' ? "k:" : "v:", "");
        return add_json(arena, element + 2, to);
    }
    return false;
}

static void append_key(struct arena *arena, struct fieldset *set, const struct str *key)
{
    fieldset_add(arena, set, &(struct field_path){.key = key->data, .length = key->length});
}

bool fieldset_from_node(struct arena *arena, const struct node *node, struct fieldset *ret_set)
{
    _cleanup_(str_fini)
    struct str key = STR_EMPTY;
    struct {
        const struct node *map;
        size_t next, length;
    } open[TREE_DEPTH_MAX] = {{node, 0, 0}};
    struct fieldset set = {0};
    size_t depth = 1;

    if (node == NULL || node->type != NODE_MAP) {
        return false;
    }
    while (depth > 0) {
        const struct node *map = open[depth - 1].map;
        const struct node_member *member;

        path_pop(&key, open[depth - 1].length);
        if (open[depth - 1].next == map->map.count) {
            depth--;
            continue;
        }
        member = &map->map.members[open[depth - 1].next++];
        if (member->value->type != NODE_MAP) {
            return false;
        }
        if (!str_eq(member->key, ".") && !add_element(arena, member->key, &key)) {
            return false;
        }
        if (member->value->map.count == 0) {
            if (key.length > 0) {
                append_key(arena, &set, &key);
            }
            continue;
        }
        if (depth == TREE_DEPTH_MAX || str_eq(member->key, ".")) {
            return false;
        }
        open[depth].map = member->value;
        open[depth].next = 0;
        open[depth++].length = key.length;
    }
    fieldset_settle(arena, &set);
    *ret_set = set;
    return true;
}

/* --- for people --------------------------------------------------------------------------------
 */

static void add_key_text(struct arena *arena, const char *json, struct str *to)
{
    struct problems problems;
    struct node *node;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, json, strlen(json), JSON_PLAIN, &problems, &node) != 0 ||
        node->type != NODE_MAP) {
        str_add(to, json);
        return;
    }
    for (size_t i = 0; i < node->map.count; i++) {
        str_addf(to, "%s%s=", i > 0 ? "," : "", node->map.members[i].key);
        json_emit(node->map.members[i].value, JSON_SORTED, to);
    }
}

const char *field_path_to_text(struct arena *arena, const struct field_path *path)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t at = 0; at < path->length; at += strlen(path->key + at) + 1) {
        const char *element = path->key + at;

        if (str_starts(element, "f:")) {
            str_addf(&text, ".%s", element + 2);
        } else if (str_starts(element, "k:")) {
            str_add_char(&text, '[');
            add_key_text(arena, element + 2, &text);
            str_add_char(&text, ']');
        } else {
            str_addf(&text, "[%s%s]", str_starts(element, "v:") ? "=" : "", element + 2);
        }
    }
    return arena_strdup(arena, text.data);
}
