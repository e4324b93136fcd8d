/* Tables of fields as schemas: a property for each row, with all that the row says. */
#include "schema/openapi.h"

#include "schema/bind.h"
#include "schema/forms.h"
#include "schema/limits.h"
#include "schema/object.h"
#include "schema/scalar.h"

#include <string.h>

static const char duration_pattern[] = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

static void set_text(struct arena *arena, struct node *to, const char *key, const char *text)
{
    if (text != NULL) {
        node_set(arena, to, key, node_str(arena, text));
    }
}

static void set_int(struct arena *arena, struct node *to, const char *key, int64_t value)
{
    node_set(arena, to, key, node_int(arena, value));
}

static struct node *typed(struct arena *arena, const char *type)
{
    struct node *node = node_map(arena);

    set_text(arena, node, "type", type);
    return node;
}

const char *openapi_version_of(const struct kind *kind)
{
    const char *slash = strchr(kind->api_version, '/');

    return slash == NULL ? kind->api_version : slash + 1;
}

const char *openapi_name(struct arena *arena, const struct kind *kind)
{
    return kind->group[0] == '\0'
               ? arena_printf(arena, "io.k8s.api.core.%s.%s", openapi_version_of(kind), kind->name)
               : arena_printf(arena, "%s.%s.%s", kind->group, openapi_version_of(kind), kind->name);
}

struct node *openapi_ref(struct arena *arena, enum openapi_version version, const char *name)
{
    struct node *node = node_map(arena);

    node_set(arena, node, "$ref",
             node_str(arena, arena_printf(arena,
                                          version == OPENAPI_V2 ? "#/definitions/%s"
                                                                : "#/components/schemas/%s",
                                          name)));
    return node;
}

struct node *openapi_group_version_kind(struct arena *arena, const char *group, const char *version,
                                        const char *kind)
{
    struct node *node = node_map(arena);

    set_text(arena, node, "group", group);
    set_text(arena, node, "version", version);
    set_text(arena, node, "kind", kind);
    return node;
}

static void mark_kind(struct arena *arena, struct node *schema, const char *group,
                      const char *version, const char *kind)
{
    struct node *list = node_list(arena);

    node_add(arena, list, openapi_group_version_kind(arena, group, version, kind));
    node_set(arena, schema, OPENAPI_KIND_MARK, list);
}

/* --- scalars ---------------------------------------------------------------------------------- */

/* What has a form of its own is a definition, by whose name clients call the type. */
static struct node *named(struct arena *arena, const char *name)
{
    struct node *node = node_map(arena), *all = node_list(arena);

    node_add(arena, all, openapi_ref(arena, OPENAPI_V3, name));
    node_set(arena, node, "allOf", all);
    return node;
}

/* Version 2 cannot say it; its readers let a number pass for a string. */
static struct node *number_or_text(struct arena *arena, enum openapi_version version,
                                   const char *name)
{
    return version == OPENAPI_V2 ? typed(arena, "string") : named(arena, name);
}

static void add_number_or_text(struct arena *arena, struct node *to, const char *name,
                               const char *type, const char *pattern)
{
    struct node *node = node_map(arena), *any = node_list(arena);
    struct node *number = typed(arena, type), *text = typed(arena, "string");

    set_int(arena, number, "minimum", 0);
    set_text(arena, text, "pattern", pattern);
    node_add(arena, any, number);
    node_add(arena, any, text);
    node_set(arena, node, "anyOf", any);
    node_set(arena, to, name, node);
}

static void add_words(struct arena *arena, struct node *schema, const char *const *words)
{
    struct node *list = node_list(arena);

    for (; *words != NULL; words++) {
        node_add(arena, list, node_str(arena, *words));
    }
    node_set(arena, schema, "enum", list);
}

static void add_bounds(struct arena *arena, struct node *node, const struct field *field)
{
    if (field->type != FIELD_LIST && (field->min != 0 || field->max != 0)) {
        set_int(arena, node, "minimum", field->min);
    }
    if (field->type != FIELD_LIST && field->max != 0 && field->max != INT64_MAX) {
        set_int(arena, node, "maximum", field->max);
    }
}

static struct node *number(struct arena *arena, const struct field *field)
{
    struct node *node = typed(arena, "integer");

    set_text(arena, node, "format", "int64");
    add_bounds(arena, node, field);
    return node;
}

static struct node *text(struct arena *arena, const struct field *field, enum field_type type)
{
    struct node *node = typed(arena, "string");
    bool is_bounded = field->type == FIELD_STR;

    if (type == FIELD_NAME) {
        set_text(arena, node, "pattern", form_pattern(name_is_valid));
        set_int(arena, node, "maxLength", NAME_BYTES_MAX);
        return node;
    }
    if (is_bounded && field->min != 0) {
        set_int(arena, node, "minLength", 1); /* the table counts bytes */
    }
    if (is_bounded && field->max != 0) {
        set_int(arena, node, "maxLength", field->max);
    }
    if (field->check_text != NULL) {
        set_text(arena, node, "pattern", form_pattern(field->check_text));
    }
    return node;
}

static struct node *formed(struct arena *arena, const char *format, const char *pattern)
{
    struct node *node = typed(arena, "string");

    set_text(arena, node, "format", format);
    set_text(arena, node, "pattern", pattern);
    return node;
}

static struct node *scalar(struct arena *arena, enum openapi_version version,
                           const struct field *field, enum field_type type)
{
    struct node *node;

    switch (type) {
    case FIELD_BOOL:
        return typed(arena, "boolean");
    case FIELD_INT:
        return number(arena, field);
    case FIELD_INT_OR_PERCENT:
        node = number_or_text(arena, version, OPENAPI_INT_OR_PERCENT);
        add_bounds(arena, node, field);
        set_text(arena, node, "format", "int-or-string");
        return node;
    case FIELD_QUANTITY:
        return number_or_text(arena, version, OPENAPI_QUANTITY);
    case FIELD_CORES:
        return number_or_text(arena, version, OPENAPI_CORES);
    case FIELD_REAL:
        return typed(arena, "number");
    case FIELD_STR:
    case FIELD_NAME:
        return text(arena, field, type);
    case FIELD_ENUM:
        node = typed(arena, "string");
        add_words(arena, node, field->words);
        return node;
    case FIELD_DURATION:
        return version == OPENAPI_V2 ? formed(arena, NULL, duration_pattern)
                                     : named(arena, OPENAPI_DURATION);
    case FIELD_TIME:
        return formed(arena, "date-time", NULL);
    case FIELD_REVISION:
        return formed(arena, NULL, "^[0-9]+$");
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    return node_map(arena);
}

/* --- what is made of them --------------------------------------------------------------------- */

static struct node *string_map(struct arena *arena, const struct field *field)
{
    struct node *node = typed(arena, "object"), *value = typed(arena, "string");

    if (field->flags & FIELD_LABELS) {
        set_int(arena, value, "maxLength", LABEL_VALUE_BYTES_MAX);
        set_text(arena, value, "pattern", form_pattern(label_value_is_valid));
    }
    node_set(arena, node, "additionalProperties", value);
    if (field->max != 0) {
        set_int(arena, node, "maxProperties", field->max);
    }
    return node;
}

static struct node *shape_schema(struct arena *arena, enum openapi_version version,
                                 const struct shape *shape);

static struct node *list_schema(struct arena *arena, enum openapi_version version,
                                const struct field *field)
{
    struct node *node = typed(arena, "array"), *keys = node_list(arena);

    node_set(arena, node, "items",
             field->shape != NULL ? shape_schema(arena, version, field->shape)
                                  : scalar(arena, version, field, field->item));
    if (field->min != 0) {
        set_int(arena, node, "minItems", field->min);
    }
    if (field->max != 0) {
        set_int(arena, node, "maxItems", field->max);
    }
    if (field->map_key != NULL) {
        node_add(arena, keys, node_str(arena, field->map_key));
        node_set(arena, node, "x-kubernetes-list-map-keys", keys);
    }
    set_text(arena, node, "x-kubernetes-list-type",
             field->map_key != NULL     ? "map"
             : field->flags & FIELD_SET ? "set"
                                        : "atomic");
    return node;
}

static struct node *default_of(struct arena *arena, const struct field *field)
{
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *text;
        int word;
        struct wall wall;
        uint64_t revision;
    } value;

    return scalar_from_text(arena, field, field->type, field->fallback, &value)
               ? scalar_to_node(arena, field, field->type, &value)
               : NULL;
}

/* Bounds of what is written as text, which no keyword has. */
static const char *text_bounds(struct arena *arena, const struct field *field)
{
    bool is_text = field->type == FIELD_DURATION || field->type == FIELD_QUANTITY ||
                   field->type == FIELD_CORES;
    bool has_high = field->max != 0 && field->max != INT64_MAX;
    const char *low, *high;

    if (!is_text || (field->min == 0 && !has_high)) {
        return "";
    }
    low = field->min == 0 ? "" : scalar_to_text(arena, field, field->type, &field->min);
    high = has_high ? scalar_to_text(arena, field, field->type, &field->max) : "";
    return field->min == 0 ? arena_printf(arena, "; up to %s", high)
           : has_high      ? arena_printf(arena, "; %s to %s", low, high)
                           : arena_printf(arena, "; %s or more", low);
}

static const char *description(struct arena *arena, const struct field *field)
{
    return arena_printf(arena, "%s%s%s%s%s%s", field->doc, text_bounds(arena, field),
                        field->flags & FIELD_IMMUTABLE ? "; stays once it is set" : "",
                        field->flags & FIELD_SERVER ? "; written by the server" : "",
                        field->reference != NULL ? "; name of a " : "",
                        field->reference != NULL ? field->reference : "");
}

static struct node *field_schema(struct arena *arena, enum openapi_version version,
                                 const struct field *field)
{
    struct node *node, *fallback;

    if (field->type == FIELD_STRMAP) {
        node = string_map(arena, field);
    } else if (field->type == FIELD_ANY) {
        node = node_map(arena);
        node_set(arena, node, "x-kubernetes-preserve-unknown-fields", node_bool(arena, true));
    } else if (field->type == FIELD_STRUCT) {
        node = shape_schema(arena, version, field->shape);
    } else if (field->type == FIELD_LIST) {
        node = list_schema(arena, version, field);
    } else {
        node = scalar(arena, version, field, field->type);
    }
    set_text(arena, node, "description", description(arena, field));
    fallback = field->fallback == NULL ? NULL : default_of(arena, field);
    if (fallback != NULL) {
        node_set(arena, node, "default", fallback);
    }
    if (field->flags & FIELD_SERVER) {
        node_set(arena, node, "readOnly", node_bool(arena, true));
    }
    return node;
}

/* Recursion goes as deep as the tables do. */
static struct node *shape_schema(struct arena *arena, enum openapi_version version,
                                 const struct shape *shape)
{
    struct node *node = typed(arena, "object"), *properties = node_map(arena);
    struct node *required = node_list(arena);

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];

        node_set(arena, properties, field->name, field_schema(arena, version, field));
        if (field->flags & FIELD_REQUIRED) {
            node_add(arena, required, node_str(arena, field->name));
        }
    }
    node_set(arena, node, "properties", properties);
    if (required->list.count > 0) {
        node_set(arena, node, "required", required);
    }
    return node;
}

/* --- definitions ------------------------------------------------------------------------------ */

static struct node *described(struct arena *arena, const char *type, const char *doc)
{
    struct node *node = typed(arena, type);

    set_text(arena, node, "description", doc);
    return node;
}

/* Beside a reference version 3 reads nothing. */
struct node *openapi_described_ref(struct arena *arena, enum openapi_version version,
                                   const char *name, const char *doc)
{
    struct node *ref = openapi_ref(arena, version, name), *node = ref, *all;

    if (version == OPENAPI_V3) {
        node = node_map(arena);
        all = node_list(arena);
        node_add(arena, all, ref);
        node_set(arena, node, "allOf", all);
    }
    set_text(arena, node, "description", doc);
    return node;
}

static void add_type_properties(struct arena *arena, struct node *properties)
{
    node_set(arena, properties, "apiVersion",
             described(arena, "string", "group and version of the kind, such as \"fog/v1\""));
    node_set(arena, properties, "kind", described(arena, "string", "what it is"));
}

/* An empty one, whose properties begin with apiVersion and kind. */
static struct node *definition(struct arena *arena, const char *doc, struct node **ret_properties)
{
    struct node *node = described(arena, "object", doc);

    *ret_properties = node_map(arena);
    add_type_properties(arena, *ret_properties);
    node_set(arena, node, "properties", *ret_properties);
    return node;
}

static void add_list(struct arena *arena, const struct kind *kind, enum openapi_version version,
                     struct node *to)
{
    struct node *properties, *required = node_list(arena), *items;
    struct node *node =
        definition(arena, arena_printf(arena, "A list of %ss.", kind->name), &properties);

    node_set(arena, properties, "metadata",
             openapi_described_ref(arena, version, OPENAPI_LIST_META,
                                   "the revision of the list, and what is left of it"));
    items = described(arena, "array", "the objects, by name");
    node_set(arena, items, "items", openapi_ref(arena, version, openapi_name(arena, kind)));
    node_set(arena, properties, "items", items);
    node_add(arena, required, node_str(arena, "items"));
    node_set(arena, node, "required", required);
    mark_kind(arena, node, kind->group, openapi_version_of(kind),
              arena_printf(arena, "%sList", kind->name));
    node_set(arena, to, arena_printf(arena, "%sList", openapi_name(arena, kind)), node);
}

void openapi_add_kind(struct arena *arena, const struct kind *kind, enum openapi_version version,
                      struct node *to)
{
    struct node *node = shape_schema(arena, version, kind->shape);
    struct node *properties = node_map(arena), *own = node_find(node, "properties");

    add_type_properties(arena, properties);
    node_set(arena, properties, "metadata",
             openapi_described_ref(arena, version, OPENAPI_META,
                                   "name, labels, owners and what else all objects have"));
    for (size_t i = 0; i < own->map.count; i++) {
        node_set(arena, properties, own->map.members[i].key, own->map.members[i].value);
    }
    node_set(arena, node, "properties", properties);
    set_text(arena, node, "description", kind->doc);
    mark_kind(arena, node, kind->group, openapi_version_of(kind), kind->name);
    node_set(arena, to, openapi_name(arena, kind), node);
    add_list(arena, kind, version, to);
}

static void add_meta(struct arena *arena, enum openapi_version version, struct node *to)
{
    struct node *node = shape_schema(arena, version, &meta_shape);
    struct node *properties = node_find(node, "properties");

    set_text(arena, node, "description", "What all objects have.");
    node_set(arena, properties, "namespace",
             described(arena, "string",
                       "no kind has namespaces: taken from clients that set it, and dropped"));
    node_set(arena, properties, "selfLink",
             described(arena, "string", "taken from clients that set it, and dropped"));
    node_set(arena, to, OPENAPI_META, node);
}

static void add_list_meta(struct arena *arena, struct node *to)
{
    struct node *node = described(arena, "object", "What all lists have.");
    struct node *properties = node_map(arena);

    node_set(arena, properties, "resourceVersion",
             described(arena, "string", "the store's revision that the list shows"));
    node_set(arena, properties, "continue",
             described(arena, "string", "given with the next request, it gets the next page"));
    node_set(arena, properties, "remainingItemCount",
             described(arena, "integer", "objects behind this page"));
    node_set(arena, node, "properties", properties);
    node_set(arena, to, OPENAPI_LIST_META, node);
}

static struct node *causes(struct arena *arena)
{
    static const char *const rows[][2] = {
        {"reason", "what is wrong, in one word"},
        {"message", "what is wrong, for a person"},
        {"field", "path of the field, such as \"spec.replicas\""},
    };
    struct node *list = described(arena, "array", "each thing that is wrong");
    struct node *item = typed(arena, "object"), *properties = node_map(arena);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        node_set(arena, properties, rows[i][0], described(arena, "string", rows[i][1]));
    }
    node_set(arena, item, "properties", properties);
    node_set(arena, list, "items", item);
    return list;
}

static void add_status(struct arena *arena, enum openapi_version version, struct node *to)
{
    static const char *const details_rows[][2] = {
        {"name", "name of the object"},
        {"group", "group of its kind"},
        {"kind", "its resource, or its kind when it is invalid"},
        {"uid", "uid of the object"},
    };
    struct node *properties, *details = described(arena, "object", "what it is about");
    struct node *node = definition(arena, "How a request ended.", &properties);
    struct node *below = node_map(arena);

    node_set(arena, properties, "metadata",
             openapi_described_ref(arena, version, OPENAPI_LIST_META, "empty"));
    node_set(arena, properties, "status", described(arena, "string", "Success or Failure"));
    node_set(arena, properties, "message",
             described(arena, "string", "what went wrong, for a person"));
    node_set(arena, properties, "reason",
             described(arena, "string", "what went wrong, in one word"));
    node_set(arena, properties, "code", described(arena, "integer", "of HTTP"));
    for (size_t i = 0; i < COUNT_OF(details_rows); i++) {
        node_set(arena, below, details_rows[i][0], described(arena, "string", details_rows[i][1]));
    }
    node_set(arena, below, "causes", causes(arena));
    node_set(arena, below, "retryAfterSeconds",
             described(arena, "integer", "when it may be tried again"));
    node_set(arena, details, "properties", below);
    node_set(arena, properties, "details", details);
    mark_kind(arena, node, "", "v1", "Status");
    node_set(arena, to, OPENAPI_STATUS, node);
}

static void add_delete_options(struct arena *arena, struct node *to)
{
    struct node *properties, *dry_run = described(arena, "array", "[\"All\"]: nothing is deleted");
    struct node *node = definition(arena, "How something is to be deleted.", &properties);
    struct node *conditions = described(arena, "object", "what the object must still be");
    struct node *below = node_map(arena);

    node_set(arena, dry_run, "items", typed(arena, "string"));
    node_set(arena, properties, "dryRun", dry_run);
    node_set(arena, properties, "gracePeriodSeconds",
             described(arena, "integer", "taken from clients that set it"));
    node_set(arena, properties, "orphanDependents",
             described(arena, "boolean", "as the propagationPolicy Orphan"));
    node_set(arena, properties, "propagationPolicy",
             described(arena, "string",
                       "what becomes of what it owns: Background, Foreground (the same here) or "
                       "Orphan"));
    node_set(arena, below, "uid", described(arena, "string", "its uid"));
    node_set(arena, below, "resourceVersion", described(arena, "string", "its revision"));
    node_set(arena, conditions, "properties", below);
    node_set(arena, properties, "preconditions", conditions);
    mark_kind(arena, node, "", "v1", "DeleteOptions");
    node_set(arena, to, OPENAPI_DELETE_OPTIONS, node);
}

static struct node *scale_part(struct arena *arena, const char *doc, const char *replicas)
{
    struct node *node = described(arena, "object", doc), *properties = node_map(arena);

    node_set(arena, properties, "replicas", described(arena, "integer", replicas));
    node_set(arena, node, "properties", properties);
    return node;
}

static void add_scale(struct arena *arena, enum openapi_version version, struct node *to)
{
    struct node *properties, *status;
    struct node *node = definition(arena, "How many replicas there are to be.", &properties);

    node_set(arena, properties, "metadata",
             openapi_described_ref(arena, version, OPENAPI_META, "of the object that is scaled"));
    node_set(arena, properties, "spec", scale_part(arena, "what is wanted", "how many"));
    status = scale_part(arena, "what is", "how many there are");
    node_set(arena, node_find(status, "properties"), "selector",
             described(arena, "string", "which objects are counted, as a label selector"));
    node_set(arena, properties, "status", status);
    mark_kind(arena, node, "autoscaling", "v1", "Scale");
    node_set(arena, to, OPENAPI_SCALE, node);
}

void openapi_add_common(struct arena *arena, enum openapi_version version, struct node *to)
{
    add_meta(arena, version, to);
    add_list_meta(arena, to);
    add_status(arena, version, to);
    add_delete_options(arena, to);
    add_scale(arena, version, to);
    if (version == OPENAPI_V3) {
        node_set(arena, to, OPENAPI_DURATION, formed(arena, NULL, duration_pattern));
        add_number_or_text(arena, to, OPENAPI_INT_OR_PERCENT, "integer",
                           "^(100|[1-9][0-9]?|0[0-9]?[1-9])%$");
        add_number_or_text(arena, to, OPENAPI_QUANTITY, "integer",
                           "^[0-9]+(\\.[0-9]+)?([kMGTP]|[KMGTP]i)?$");
        add_number_or_text(arena, to, OPENAPI_CORES, "number", "^([0-9]+m|[0-9]+(\\.[0-9]+)?)$");
    }
}
