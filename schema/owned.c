/* What in a document has owners: where each member stands, and the listing of paths. */
#include "schema/owned.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/json.h"
#include "schema/object.h"

#include <assert.h>
#include <stdint.h>

enum field_form field_form(const struct field *field)
{
    if (field == NULL) {
        return FORM_LEAF;
    }
    switch (field->type) {
    case FIELD_STRUCT:
        return FORM_STRUCT;
    case FIELD_STRMAP:
        return FORM_STRMAP;
    case FIELD_LIST:
        return field->map_key != NULL            ? FORM_ITEMS
               : (field->flags & FIELD_SET) != 0 ? FORM_SET
                                                 : FORM_LEAF;
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
    case FIELD_REVISION:
    case FIELD_ANY:
        return FORM_LEAF;
    }
    assert(false);
    return FORM_LEAF;
}

enum field_form field_form_of(const struct field *field, const struct node *value)
{
    enum field_form form = field_form(field);
    bool fits = form == FORM_STRUCT || form == FORM_STRMAP ? value->type == NODE_MAP
                                                           : value->type == NODE_LIST;

    return fits ? form : FORM_LEAF;
}

/* --- the top of a document ---------------------------------------------------------------------
 */

static const struct field metadata_field = {
    .name = "metadata", .type = FIELD_STRUCT, .shape = &meta_shape};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (str_eq(name, *names)) {
            return true;
        }
    }
    return false;
}

static enum standing metadata_standing(const char *name, bool status)
{
    static const char *const owned[] = {"labels", "annotations", "finalizers", "ownerReferences",
                                        NULL};
    static const char *const given[] = {"name", "namespace",       "generateName",
                                        "uid",  "resourceVersion", NULL};

    if (is_one_of(name, given)) {
        return STANDS_CONFIG;
    }
    return is_one_of(name, owned) && !status ? STANDS_OWNED : STANDS_LIVE;
}

static enum standing top_standing(struct owned_scope scope, const char *name,
                                  const struct field **ret_field)
{
    const struct field *field = shape_find(scope.kind->shape, name);

    if (str_eq(name, "metadata")) {
        *ret_field = &metadata_field;
        return STANDS_OWNED;
    }
    if (str_eq(name, "apiVersion") || str_eq(name, "kind")) {
        return STANDS_CONFIG;
    }
    if (field == NULL) {
        return STANDS_UNKNOWN;
    }
    *ret_field = field;
    return ((field->flags & FIELD_IS_STATUS) != 0) == scope.status ? STANDS_OWNED : STANDS_LIVE;
}

enum standing owned_member(struct owned_scope scope, const struct field *container,
                           const char *name, const struct field **ret_field)
{
    *ret_field = NULL;
    if (container == NULL) {
        return top_standing(scope, name, ret_field);
    }
    if (container->type == FIELD_STRMAP) {
        return STANDS_OWNED;
    }
    *ret_field = shape_find(container->shape, name);
    if (*ret_field == NULL) {
        return STANDS_UNKNOWN;
    }
    if (container == &metadata_field) {
        return metadata_standing(name, scope.status);
    }
    return ((*ret_field)->flags & FIELD_SERVER) != 0 ? STANDS_LIVE : STANDS_OWNED;
}

/* --- elements of paths -------------------------------------------------------------------------
 */

bool owned_item_element(const struct field *field, const struct node *item, struct str *to)
{
    const struct node *value = item;

    str_clear(to);
    if (field->map_key == NULL) {
        str_add(to, "v:");
        json_emit(item, JSON_SORTED, to);
        return true;
    }
    value = node_find(item, field->map_key);
    if (value == NULL) {
        return false;
    }
    str_add(to, "k:{");
    json_emit_str(field->map_key, strlen(field->map_key), to);
    str_add_char(to, ':');
    json_emit(value, JSON_SORTED, to);
    str_add_char(to, '}');
    return true;
}

/* --- listing paths -----------------------------------------------------------------------------
 */

struct listing {
    struct arena *arena;
    struct owned_scope scope;
    struct str key; /* of the value being looked at */
    struct fieldset set;
};

static void list_value(struct listing *listing, const struct field *field,
                       const struct node *value);

static void add_path(struct listing *listing, const struct field *field, const struct node *value)
{
    const struct field_path path = {
        .key = listing->key.data, .length = listing->key.length, .value = value, .field = field};

    fieldset_add(listing->arena, &listing->set, &path);
}

static void list_map(struct listing *listing, const struct field *container, const struct node *map)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct node_member *member = &map->map.members[i];
        const struct field *field;
        size_t mark;

        if (member->value->type != NODE_NULL &&
            owned_member(listing->scope, container, member->key, &field) == STANDS_OWNED) {
            mark = path_push(&listing->key, "f:", member->key);
            list_value(listing, field, member->value);
            path_pop(&listing->key, mark);
        }
    }
}

/* A list-map or a set.  Items without a key have no path; schema/bind.h refuses them. */
static void list_items(struct listing *listing, const struct field *field, const struct node *list)
{
    _cleanup_(str_fini)
    struct str element = STR_EMPTY;

    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *item = list->list.items[i];
        size_t mark;

        if (!owned_item_element(field, item, &element)) {
            continue;
        }
        mark = path_push(&listing->key, "", element.data);
        add_path(listing, NULL, NULL);
        if (field->map_key != NULL) {
            list_map(listing, field, item);
        }
        path_pop(&listing->key, mark);
    }
}

static void list_value(struct listing *listing, const struct field *field, const struct node *value)
{
    size_t before = listing->set.count;

    switch (field_form_of(field, value)) {
    case FORM_STRUCT:
    case FORM_STRMAP:
        list_map(listing, field, value);
        break;
    case FORM_ITEMS:
    case FORM_SET:
        list_items(listing, field, value);
        break;
    case FORM_LEAF:
        break;
    }
    /* An empty container is a leaf of its own; metadata without owners is nothing. */
    if (listing->set.count == before && field != &metadata_field) {
        add_path(listing, field, value);
    }
}

struct fieldset owned_paths(struct arena *arena, struct owned_scope scope, const struct node *root)
{
    struct listing listing = {.arena = arena, .scope = scope, .key = STR_EMPTY};

    if (root != NULL && root->type == NODE_MAP) {
        list_map(&listing, NULL, root);
    }
    fieldset_settle(arena, &listing.set);
    str_fini(&listing.key);
    return listing.set;
}

/* --- comparing values --------------------------------------------------------------------------
 */

typedef bool (*number_fn)(const char *text, int64_t *ret_value);

static bool wall_ms_from_str(const char *text, int64_t *ret_ms)
{
    struct wall moment;
    bool ok = wall_from_str(text, &moment);

    if (ok) {
        *ret_ms = moment.ms;
    }
    return ok;
}

/* How a text of this type becomes a number; NULL for types whose texts mean just themselves. */
static number_fn number_reader(enum field_type type)
{
    switch (type) {
    case FIELD_DURATION:
        return duration_from_str;
    case FIELD_QUANTITY:
        return quantity_from_str;
    case FIELD_CORES:
        return cores_from_str;
    case FIELD_TIME:
        return wall_ms_from_str;
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_REVISION:
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        return NULL;
    }
    assert(false);
    return NULL;
}

static bool read_number(number_fn reader, const struct node *node, int64_t *ret_value)
{
    char digits[QUANTITY_TEXT_SIZE];

    if (node->type == NODE_INT) {
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)node->integer);
        return reader(digits, ret_value);
    }
    return node->type == NODE_STR && reader(node->str.text, ret_value);
}

bool field_value_eq(const struct field *field, const struct node *a, const struct node *b)
{
    number_fn reader = field == NULL ? NULL : number_reader(field->type);
    int64_t a_number, b_number;

    if (node_eq(a, b)) {
        return true;
    }
    return reader != NULL && read_number(reader, a, &a_number) &&
           read_number(reader, b, &b_number) && a_number == b_number;
}

struct fieldset owned_changes(struct arena *arena, const struct fieldset *before,
                              const struct fieldset *after)
{
    struct fieldset changed = {0};

    for (size_t i = 0; i < after->count; i++) {
        const struct field_path *new = &after->paths[i];
        const struct field_path *old = fieldset_find(before, new->key, new->length);

        if (old == NULL || (old->value != NULL && new->value != NULL &&
                            !field_value_eq(new->field, old->value, new->value))) {
            fieldset_add(arena, &changed, new);
        }
    }
    return changed;
}
