/* Recursion along the tables, texts for paths: nothing here is meant to be fast. */
#include "tests/support/flat.h"

#include "schema/base/str.h"
#include "schema/json.h"
#include "schema/object.h"
#include "schema/problem.h"

#include <assert.h>
#include <string.h>

/* --- paths ------------------------------------------------------------------------------------ */

bool flat_is_at_or_below(const char *path, const char *above)
{
    size_t length = strlen(above);

    return strncmp(path, above, length) == 0 && (path[length] == '\0' || path[length] == '\n');
}

bool flat_leads(const struct map *paths, const char *path)
{
    if (map_find(paths, path) != NULL) {
        return true;
    }
    map_each (paths, it) {
        if (flat_is_at_or_below(it->key, path)) {
            return true;
        }
    }
    return false;
}

const char *flat_above(struct arena *arena, const char *path)
{
    const char *end = strrchr(path, '\n');

    return end == NULL ? NULL : arena_strndup(arena, path, (size_t)(end - path));
}

bool flat_is_item(const char *path)
{
    const char *end = strrchr(path, '\n');

    return end != NULL && end[1] != 'f';
}

static const char *below(struct arena *arena, const char *path, const char *tag, const char *text)
{
    return arena_printf(arena, "%s%s%s%s", path, path[0] == '\0' ? "" : "\n", tag, text);
}

static const char *json_of(struct arena *arena, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    json_emit(node, JSON_SORTED, &text);
    return arena_strdup(arena, text.data);
}

const char *flat_path_text(struct arena *arena, const char *path)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    while (*path != '\0') {
        size_t length = strcspn(path, "\n");
        const char *element = arena_strndup(arena, path + 2, length - 2);

        if (path[0] == 'f') {
            str_addf(&text, ".%s", element);
        } else if (path[0] == 'v') {
            str_addf(&text, "[=%s]", element);
        } else { /* {"name":"raw"}: one key, which is a plain word */
            size_t key = strcspn(element + 2, "\"");

            str_addf(&text, "[%.*s=%.*s]", (int)key, element + 2, (int)(strlen(element) - key - 5),
                     element + key + 4);
        }
        path += length + (path[length] == '\n' ? 1 : 0);
    }
    return arena_strdup(arena, text.data);
}

/* --- listing ---------------------------------------------------------------------------------- */

static void list_value(struct flat *flat, struct arena *arena, const struct field *field,
                       const char *path, const struct node *value);

static void add_line(struct flat *flat, struct arena *arena, const struct field *field,
                     const char *path, const struct node *value)
{
    struct flat_line *line = ARENA_NEW(arena, struct flat_line);

    *line = (struct flat_line){path, value, field};
    if (map_find(&flat->by_path, path) == NULL) {
        (void)map_put(&flat->by_path, path, line);
    }
}

static void list_struct(struct flat *flat, struct arena *arena, const struct shape *shape,
                        const char *path, const struct node *map)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct node_member *member = &map->map.members[i];
        const struct field *field = shape_find(shape, member->key);

        if (field != NULL && (field->flags & FIELD_SERVER) == 0 &&
            member->value->type != NODE_NULL) {
            list_value(flat, arena, field, below(arena, path, "f:", member->key), member->value);
        }
    }
}

static void list_items(struct flat *flat, struct arena *arena, const struct field *field,
                       const char *path, const struct node *list)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *item = list->list.items[i];
        const char *at;

        if (field->map_key == NULL) {
            add_line(flat, arena, NULL, below(arena, path, "v:", json_of(arena, item)), NULL);
            continue;
        }
        at = arena_printf(arena, "{\"%s\":%s}", field->map_key,
                          json_of(arena, node_find(item, field->map_key)));
        at = below(arena, path, "k:", at);
        add_line(flat, arena, NULL, at, NULL);
        list_struct(flat, arena, field->shape, at, item);
    }
}

static bool is_map_without_members(const struct node *value)
{
    return value->type == NODE_MAP && value->map.count == 0;
}

static void list_value(struct flat *flat, struct arena *arena, const struct field *field,
                       const char *path, const struct node *value)
{
    size_t count = flat->by_path.count;

    if (field != NULL && field->type == FIELD_STRUCT && value->type == NODE_MAP) {
        list_struct(flat, arena, field->shape, path, value);
    } else if (field != NULL && field->type == FIELD_STRMAP && value->type == NODE_MAP) {
        for (size_t i = 0; i < value->map.count; i++) {
            if (value->map.members[i].value->type != NODE_NULL) {
                list_value(flat, arena, NULL, below(arena, path, "f:", value->map.members[i].key),
                           value->map.members[i].value);
            }
        }
    } else if (field != NULL && field->type == FIELD_LIST && value->type == NODE_LIST &&
               (field->map_key != NULL || (field->flags & FIELD_SET) != 0)) {
        list_items(flat, arena, field, path, value);
    }
    if (flat->by_path.count == count) { /* a value of its own, or an empty container */
        add_line(flat, arena, field, path, value);
    }
}

static void list_metadata(struct flat *flat, struct arena *arena, const struct node *metadata)
{
    static const char *const owned[] = {"labels", "annotations", "finalizers", "ownerReferences"};

    for (size_t i = 0; i < COUNT_OF(owned); i++) {
        const struct node *value = node_find(metadata, owned[i]);

        if (value != NULL && value->type != NODE_NULL) {
            list_value(flat, arena, shape_find(&meta_shape, owned[i]),
                       below(arena, "f:metadata", "f:", owned[i]), value);
        }
    }
}

void flat_init(struct flat *flat, struct arena *arena, const struct kind *kind, bool of_status,
               const struct node *root)
{
    map_init(&flat->by_path);
    if (root == NULL) {
        return;
    }
    if (!of_status) {
        list_metadata(flat, arena, node_find(root, "metadata"));
    }
    for (size_t i = 0; i < kind->shape->count; i++) {
        const struct field *field = &kind->shape->fields[i];
        const struct node *value = node_find(root, field->name);

        if (((field->flags & FIELD_IS_STATUS) != 0) == of_status && value != NULL &&
            value->type != NODE_NULL) {
            list_value(flat, arena, field, below(arena, "", "f:", field->name), value);
        }
    }
}

void flat_fini(struct flat *flat)
{
    map_fini(&flat->by_path);
}

/* --- changing --------------------------------------------------------------------------------- */

static struct node *parsed(struct arena *arena, const char *json)
{
    struct problems problems;
    struct node *node = NULL;

    problems_init(&problems, arena, NULL);
    (void)json_parse(arena, json, strlen(json), JSON_PLAIN, &problems, &node);
    assert(node != NULL);
    return node;
}

static bool is_meant(const struct node *item, const char *element, const struct node *wanted)
{
    return element[0] == 'v'
               ? node_eq(item, wanted)
               : node_eq(node_find(item, wanted->map.members[0].key), wanted->map.members[0].value);
}

/* The child of a container at one element of a path; made like `fresh` when it is not there. */
static struct node *child(struct arena *arena, struct node *container, const char *element,
                          struct node *fresh)
{
    struct node *wanted;

    if (element[0] == 'f') {
        struct node *found = node_find(container, element + 2);

        if (found == NULL && fresh != NULL) {
            node_set(arena, container, element + 2, fresh);
            found = node_find(container, element + 2);
        }
        return found;
    }
    wanted = parsed(arena, element + 2);
    for (size_t i = 0; i < container->list.count; i++) {
        if (is_meant(container->list.items[i], element, wanted)) {
            return container->list.items[i];
        }
    }
    if (fresh != NULL) {
        node_add(arena, container, wanted);
    }
    return fresh == NULL ? NULL : wanted;
}

void flat_put(struct arena *arena, struct node *root, const struct flat_line *line)
{
    const char *at = line->path;
    struct node *node = root;

    for (;;) {
        const char *end = strchr(at, '\n');
        const char *element =
            arena_strndup(arena, at, end == NULL ? strlen(at) : (size_t)(end - at));

        if (end == NULL && line->value != NULL) { /* a field: nothing else has a value */
            node_set(arena, node, element + 2, node_copy(arena, line->value));
            return;
        }
        node = child(arena, node, element,
                     end != NULL && end[1] != 'f' ? node_list(arena) : node_map(arena));
        if (end == NULL) {
            return;
        }
        at = end + 1;
    }
}

static void remove_item(struct node *list, const struct node *item)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->list.count; i++) {
        if (list->list.items[i] != item) {
            list->list.items[kept++] = list->list.items[i];
        }
    }
    list->list.count = kept;
}

void flat_take(struct arena *arena, struct node *root, const char *path)
{
    struct node *node = root;
    const char *at = path;

    while (node != NULL) {
        const char *end = strchr(at, '\n');
        const char *element =
            arena_strndup(arena, at, end == NULL ? strlen(at) : (size_t)(end - at));
        struct node *next = child(arena, node, element, NULL);

        if (end == NULL && element[0] == 'f') {
            (void)node_remove(node, element + 2);
            return;
        }
        if (end == NULL) {
            remove_item(node, next);
            return;
        }
        node = next;
        at = end + 1;
    }
}

/* --- FieldsV1 --------------------------------------------------------------------------------- */

static void read_fields(struct arena *arena, const char *path, const struct node *fields,
                        struct map *to)
{
    for (size_t i = 0; i < fields->map.count; i++) {
        const struct node_member *member = &fields->map.members[i];
        const char *at = member->key;

        if (str_eq(at, ".")) {
            (void)map_put(to, path, (void *)path);
            continue;
        }
        at = below(arena, path, "", at);
        if (is_map_without_members(member->value)) {
            (void)map_put(to, at, (void *)at);
        } else {
            read_fields(arena, at, member->value, to);
        }
    }
}

void flat_read_fields(struct arena *arena, const struct node *fields, struct map *to)
{
    read_fields(arena, "", fields, to);
}

/* --- drawing ---------------------------------------------------------------------------------- */

void flat_mix(struct arena *arena, struct rand *dice, const struct kind *kind, bool of_status,
              struct node *to, const struct node *from, unsigned per_mille)
{
    struct flat flat;

    flat_init(&flat, arena, kind, of_status, from);
    map_each (&flat.by_path, it) {
        if (rand_chance(dice, per_mille)) {
            flat_put(arena, to, it->value);
        }
    }
    flat_fini(&flat);
}

void flat_thin(struct arena *arena, struct rand *dice, const struct kind *kind, struct node *root,
               unsigned per_mille)
{
    struct flat flat;

    flat_init(&flat, arena, kind, false, root);
    map_each (&flat.by_path, it) {
        if (rand_chance(dice, per_mille)) {
            flat_take(arena, root, it->key);
        }
    }
    flat_fini(&flat);
}
