/* Walks the tables and draws a value for each field; what the tables cannot say, the rules that
 * join several fields, is put right afterwards, kind by kind. */
#include "tests/support/random_object.h"

#include "schema/base/digest.h"
#include "schema/base/str.h"
#include "schema/limits.h"
#include "schema/object.h"
#include "schema/scalar.h"

#include <assert.h>
#include <string.h>

struct draw {
    struct arena *arena;
    struct rand *rand;
};

static const char *one_of(struct draw *draw, const char *const *texts, size_t count)
{
    return texts[rand_below(draw->rand, count)];
}

/* Texts that readers and writers of YAML and JSON like to get wrong. */
static const char *random_text(struct draw *draw)
{
    static const char *const texts[] = {
        "plain",      "two words", "yes",      "off",       "null", "~",   "1:30",
        "007",        "0x1f",      "1e3",      "3.0",       "-",    "- x", "a: b",
        "a #b",       "#",         "'",        "\"",        "\\",   "%d",  "é ü 漢",
        "two\nlines", "tab\there", "  padded", "trailing ", "{}",   "[x]", "*alias",
        "&anchor",    "!tag",      "|",        ">",         "@",    "`",   "2026-11-20",
    };

    return rand_chance(draw->rand, 500)
               ? arena_printf(draw->arena, "text-%d", (int)rand_below(draw->rand, 1000))
               : one_of(draw, texts, COUNT_OF(texts));
}

static const char *random_digest(struct draw *draw)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;

    rand_secret(draw->rand, digest.bytes, sizeof(digest.bytes));
    digest_to_str(&digest, text);
    return arena_strdup(draw->arena, text);
}

static const char *random_key(struct draw *draw)
{
    char text[KEY_TEXT_SIZE];
    unsigned char key[KEY_SIZE];

    rand_secret(draw->rand, key, sizeof(key));
    base64_to_str(key, sizeof(key), text);
    return arena_strdup(draw->arena, text);
}

/* A text of the form that the field asks for: candidates of all forms are drawn until one fits. */
static const char *random_formed_text(struct draw *draw, const struct field *field)
{
    for (unsigned i = 0; i < 1000; i++) {
        int number = (int)rand_below(draw->rand, 60);
        const char *const candidates[] = {
            arena_printf(draw->arena, "%02d:%02d", number % 24, number),
            arena_printf(draw->arena, "Reason%d", number),
            arena_printf(draw->arena, "data/part.%d", number),
            arena_printf(draw->arena, "VARIABLE_%d", number),
            arena_printf(draw->arena, "fog/word-%d", number),
            random_digest(draw),
            random_key(draw),
            "Normal",
            "Warning",
        };
        const char *text = one_of(draw, candidates, COUNT_OF(candidates));
        const char *why;

        if (field->check_text(text, &why)) {
            return text;
        }
    }
    assert(!"no candidate has the form that the field asks for");
    return NULL;
}

static const char *random_str(struct draw *draw, const struct field *field)
{
    return field->check_text != NULL && field->type != FIELD_STRMAP
               ? random_formed_text(draw, field)
               : random_text(draw);
}

static int64_t random_number(struct draw *draw, const struct field *field)
{
    static const int64_t high_max = (int64_t)1 << 31;
    int64_t high = field->max == 0 ? field->min + 1000 : field->max;

    if (rand_chance(draw->rand, 100)) {
        return field->min;
    }
    if (high > high_max) {
        high = high_max;
    }
    if (rand_chance(draw->rand, 100)) {
        return high;
    }
    return rand_between(draw->rand, field->min, high);
}

static struct node *random_scalar(struct draw *draw, const struct field *field,
                                  enum field_type type)
{
    union {
        bool boolean;
        int64_t number;
        double real;
        const char *text;
        int index;
        struct wall moment;
        uint64_t revision;
    } value = {0};

    switch (type) {
    case FIELD_BOOL:
        value.boolean = rand_chance(draw->rand, 500);
        break;
    case FIELD_INT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
        value.number = random_number(draw, field);
        break;
    case FIELD_REAL:
        value.real = (double)rand_below(draw->rand, 1000) / 8;
        break;
    case FIELD_STR:
        value.text = random_str(draw, field);
        break;
    case FIELD_NAME:
        value.text =
            arena_printf(draw->arena, "%s-%d", field->reference != NULL ? "policy" : "name.x",
                         (int)rand_below(draw->rand, 4));
        break;
    case FIELD_ENUM:
        while (field->words[value.index + 1] != NULL && rand_chance(draw->rand, 700)) {
            value.index++;
        }
        break;
    case FIELD_TIME:
        value.moment.ms = rand_between(draw->rand, 0, 4000000000) * 1000;
        break;
    case FIELD_REVISION:
        value.revision = rand_u64(draw->rand) >> 12;
        break;
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        assert(!"not a scalar");
    }
    return scalar_to_node(draw->arena, field, type, &value);
}

static struct node *random_strmap(struct draw *draw, const struct field *field)
{
    static const char *const keys[] = {"site", "fog/tier", "example.com/a.b_c", "zone", "Z9"};
    struct node *map = node_map(draw->arena);
    size_t count = rand_below(draw->rand, 4);

    for (size_t i = 0; i < count; i++) {
        const char *key = one_of(draw, keys, COUNT_OF(keys));
        const char *why;

        if (field->check_text != NULL && !field->check_text(key, &why)) {
            key = random_formed_text(draw, field);
        }
        node_set(draw->arena, map, key,
                 node_str(draw->arena, field->flags & FIELD_LABELS
                                           ? arena_printf(draw->arena, "v%d", (int)i)
                                           : random_text(draw)));
    }
    return map;
}

static struct node *random_fields(struct draw *draw, const struct shape *shape);

static bool holds(const struct field *field, const struct node *list, const struct node *item)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *other = list->list.items[i];

        if (field->map_key == NULL
                ? node_eq(other, item)
                : node_eq(node_find(other, field->map_key), node_find(item, field->map_key))) {
            return true;
        }
    }
    return false;
}

static struct node *random_list(struct draw *draw, const struct field *field)
{
    struct node *list = node_list(draw->arena);
    size_t count = (size_t)field->min + rand_below(draw->rand, 4);

    for (size_t i = 0; i < count; i++) {
        struct node *item = field->shape != NULL ? random_fields(draw, field->shape)
                                                 : random_scalar(draw, field, field->item);

        if ((field->map_key == NULL && !(field->flags & FIELD_SET)) || !holds(field, list, item)) {
            node_add(draw->arena, list, item);
        }
    }
    return list;
}

static struct node *random_value(struct draw *draw, const struct field *field)
{
    switch (field->type) {
    case FIELD_STRUCT:
        return random_fields(draw, field->shape);
    case FIELD_LIST:
        return random_list(draw, field);
    case FIELD_STRMAP:
        return random_strmap(draw, field);
    case FIELD_ANY:
        return node_int(draw->arena, (int64_t)rand_below(draw->rand, 100));
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_REAL:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
    case FIELD_REVISION:
        break;
    }
    return random_scalar(draw, field, field->type);
}

static struct node *random_fields(struct draw *draw, const struct shape *shape)
{
    struct node *map = node_map(draw->arena);

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];

        if ((field->flags & FIELD_REQUIRED) || rand_chance(draw->rand, 600)) {
            node_set(draw->arena, map, field->name, random_value(draw, field));
        }
    }
    return map;
}

/* --- rules that join fields ------------------------------------------------------------------- */

static void set_int(struct draw *draw, struct node *map, const char *key, int64_t value)
{
    node_set(draw->arena, map, key, node_int(draw->arena, value));
}

static void settle_policy(struct draw *draw, struct node *spec)
{
    struct node *battery = node_find(spec, "battery");
    struct node *thermal = node_find(spec, "thermal");
    struct node *windows = node_find(spec, "windows");

    if (battery != NULL) {
        int64_t low = rand_between(draw->rand, 0, 100);

        set_int(draw, battery, "minPercent", low);
        set_int(draw, battery, "resumePercent", rand_between(draw->rand, low, 100));
    }
    if (thermal != NULL) {
        int64_t suspend = rand_between(draw->rand, 30, 90);

        set_int(draw, thermal, "throttleCelsius", rand_between(draw->rand, 20, suspend));
        set_int(draw, thermal, "suspendCelsius", suspend);
        set_int(draw, thermal, "evictCelsius", rand_between(draw->rand, suspend, 120));
        set_int(draw, thermal, "resumeCelsius", rand_between(draw->rand, 10, suspend - 1));
    }
    for (size_t i = 0; windows != NULL && i < windows->list.count; i++) {
        struct node *window = windows->list.items[i];

        if (node_eq(node_find(window, "from"), node_find(window, "to"))) {
            node_set(draw->arena, window, "to", node_str(draw->arena, "24:00"));
        }
    }
}

static struct node *random_requirement(struct draw *draw)
{
    static const struct {
        const char *field, *op, *value;
        int64_t number;
    } rows[] = {
        {"capacity.memory", ">=", "16Mi", 0}, {"capacity.cores", ">", "100m", 0},
        {"capacity.disk", "!=", "1Gi", 0},    {"sensors.battery", "<=", NULL, 100},
        {"labels.site", "==", "north", 0},    {"platform", "in", "linux/amd64", 0},
        {"version", "notIn", "0.0.1", 0},     {"labels.fog/tier", "exists", NULL, -1},
    };
    size_t row = rand_below(draw->rand, COUNT_OF(rows));
    struct node *map = node_map(draw->arena);
    struct node *value = rows[row].value != NULL ? node_str(draw->arena, rows[row].value)
                                                 : node_int(draw->arena, rows[row].number);

    node_set(draw->arena, map, "field", node_str(draw->arena, rows[row].field));
    node_set(draw->arena, map, "op", node_str(draw->arena, rows[row].op));
    if (str_eq(rows[row].op, "in") || str_eq(rows[row].op, "notIn")) {
        struct node *list = node_list(draw->arena);

        node_add(draw->arena, list, value);
        value = list;
    }
    if (!str_eq(rows[row].op, "exists")) {
        node_set(draw->arena, map, "value", value);
    }
    return map;
}

static void settle_expression(struct draw *draw, struct node *expression)
{
    struct node *values = node_list(draw->arena);

    node_add(draw->arena, values, node_str(draw->arena, "north"));
    if (str_ends(node_find_text(expression, "operator"), "In")) {
        node_set(draw->arena, expression, "values", values);
    } else {
        (void)node_remove(expression, "values");
    }
}

static void settle_session(struct draw *draw, struct node *spec)
{
    const struct node *every = node_find(spec, "everyAgent");
    const struct node *command = node_find_path(spec, "workload.command");
    const struct node *expressions = node_find_path(spec, "selector.matchExpressions");
    struct node *requirements = node_find(spec, "requirements");

    if (every != NULL && every->boolean) {
        (void)node_remove(spec, "replicas");
    }
    command->list.items[0] = node_str(draw->arena, "/bin/true");
    for (size_t i = 0; requirements != NULL && i < requirements->list.count; i++) {
        requirements->list.items[i] = random_requirement(draw);
    }
    for (size_t i = 0; expressions != NULL && i < expressions->list.count; i++) {
        settle_expression(draw, expressions->list.items[i]);
    }
}

static struct node *random_meta(struct draw *draw, const char *name)
{
    struct node *meta = node_map(draw->arena);

    node_set(draw->arena, meta, "name", node_str(draw->arena, name));
    if (rand_chance(draw->rand, 500)) {
        node_set(draw->arena, meta, "labels",
                 random_strmap(draw, shape_find(&meta_shape, "labels")));
    }
    if (rand_chance(draw->rand, 300)) {
        node_set(draw->arena, meta, "annotations",
                 random_strmap(draw, shape_find(&meta_shape, "annotations")));
    }
    return meta;
}

struct node *random_object_tree(struct arena *arena, struct rand *rand, const struct kind *kind,
                                const char *name)
{
    struct draw draw = {arena, rand};
    struct node *root = node_map(arena);
    struct node *body = random_fields(&draw, kind->shape);
    struct node *spec = node_find(body, "spec");

    node_set(arena, root, "apiVersion", node_str(arena, kind->api_version));
    node_set(arena, root, "kind", node_str(arena, kind->name));
    node_set(arena, root, "metadata", random_meta(&draw, name));
    if (kind->id == KIND_HARVEST_POLICY && spec != NULL) {
        settle_policy(&draw, spec);
    }
    if (kind->id == KIND_HARVEST_SESSION) {
        settle_session(&draw, spec);
    }
    for (size_t i = 0; i < body->map.count; i++) {
        node_set(arena, root, body->map.members[i].key, body->map.members[i].value);
    }
    return root;
}
