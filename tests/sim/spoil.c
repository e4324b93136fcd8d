/* One thing wrong with a document that was fine.  What can be wrong with a field follows from its
 * row in the table; what can be wrong between fields is listed by hand, as the rules are. */
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/forms.h"
#include "schema/limits.h"
#include "schema/object.h"
#include "tests/sim/generate.h"

#include <assert.h>
#include <string.h>

enum { RULE_PER_MILLE = 250, FULL_MAX = 300, WAYS_MAX = 12 };

/* Where a value is, or could be: a member of `map`, or item `index` of `list`. */
struct place {
    const struct field *field;
    enum field_type type; /* of the value: the field's, or of one item */
    struct node *map, *list;
    size_t index;
    const char *path;
};

struct search {
    struct generator *generator;
    struct place chosen;
    uint64_t seen;
};

/* --- where ------------------------------------------------------------------------------------ */

/* Each place that is seen is chosen with the same chance, without counting them first. */
static void see(struct search *search, struct place place)
{
    search->seen++;
    if (die_below(search->generator->die, search->seen) == 0) {
        search->chosen = place;
    }
}

static void see_fields(struct search *search, const struct shape *shape, struct node *map,
                       const char *path);

static void see_items(struct search *search, const struct field *field, struct node *list,
                      const char *path)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const char *item = arena_printf(search->generator->arena, "%s[%zu]", path, i);

        if (field->shape != NULL) {
            see_fields(search, field->shape, list->list.items[i], item);
        } else {
            see(search,
                (struct place){
                    .field = field, .type = field->item, .list = list, .index = i, .path = item});
        }
    }
}

static void see_fields(struct search *search, const struct shape *shape, struct node *map,
                       const char *path)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        struct node *value = node_find(map, field->name);
        const char *inner = arena_printf(search->generator->arena, "%s%s%s", path,
                                         *path == '\0' ? "" : ".", field->name);

        if ((field->flags & (FIELD_IS_STATUS | FIELD_SERVER)) || field->type == FIELD_ANY) {
            continue;
        }
        see(search, (struct place){.field = field, .type = field->type, .map = map, .path = inner});
        if (value != NULL && field->type == FIELD_STRUCT) {
            see_fields(search, field->shape, value, inner);
        } else if (value != NULL && field->type == FIELD_LIST) {
            see_items(search, field, value, inner);
        }
    }
}

/* --- what ------------------------------------------------------------------------------------- */

enum way {
    WAY_TYPE,
    WAY_MISSING,
    WAY_LOW,
    WAY_HIGH,
    WAY_WORD,
    WAY_LONG,
    WAY_FORM,
    WAY_MANY,
    WAY_FEW,
    WAY_TWICE,
    WAY_KEY,
    WAY_VALUE,
};

static const char *const way_words[] = {
    "of a wrong type",   "missing",     "below its bound", "above its bound",
    "none of the words", "too long",    "of a wrong form", "too many",
    "too few",           "there twice", "with a bad key",  "with a bad value",
};

static bool is_number(enum field_type type)
{
    return type == FIELD_INT || type == FIELD_INT_OR_PERCENT || type == FIELD_DURATION ||
           type == FIELD_QUANTITY || type == FIELD_CORES;
}

static bool is_unique(const struct field *field)
{
    return field->map_key != NULL || (field->flags & FIELD_SET);
}

static bool can(const struct place *place, enum way way)
{
    const struct field *field = place->field;
    bool is_item = place->list != NULL, is_held = place->type == FIELD_STRMAP;
    const struct node *value = is_item ? NULL : node_find(place->map, field->name);

    switch (way) {
    case WAY_TYPE:
        return true;
    case WAY_MISSING:
        return !is_item && (field->flags & FIELD_REQUIRED) && value != NULL;
    case WAY_LOW:
        return is_number(place->type) && !is_item && (field->min != 0 || field->max != 0);
    case WAY_HIGH:
        return is_number(place->type) && !is_item && field->max != 0 && field->max < INT64_MAX;
    case WAY_WORD:
        return place->type == FIELD_ENUM;
    case WAY_LONG:
        return place->type == FIELD_STR && !is_item && field->max != 0;
    case WAY_FORM:
        return place->type == FIELD_NAME || (place->type == FIELD_STR && field->check_text != NULL);
    case WAY_MANY:
        return (place->type == FIELD_LIST || is_held) && field->max > 0 && field->max <= FULL_MAX;
    case WAY_FEW:
        return place->type == FIELD_LIST && field->min > 0;
    case WAY_TWICE:
        return place->type == FIELD_LIST && is_unique(field) && value != NULL &&
               value->list.count > 0 && value->list.count < (size_t)field->max;
    case WAY_KEY:
        return is_held && ((field->flags & FIELD_LABELS) || field->check_text != NULL);
    case WAY_VALUE:
        return is_held;
    }
    return false;
}

static struct node *wrong_type(struct arena *arena, enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
        return node_str(arena, "yes");
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_STRUCT:
        return node_str(arena, "lots");
    case FIELD_DURATION:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_TIME:
    case FIELD_REVISION:
        return node_int(arena, 7);
    case FIELD_LIST:
        return node_map(arena);
    case FIELD_STRMAP:
    case FIELD_ANY:
        break;
    }
    return node_list(arena);
}

static struct node *number_node(struct arena *arena, enum field_type type, int64_t value)
{
    switch (type) {
    case FIELD_DURATION:
        return node_str(arena, arena_printf(arena, "%lldms", (long long)value));
    case FIELD_CORES:
        return node_str(arena, arena_printf(arena, "%lldm", (long long)value));
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_QUANTITY:
    case FIELD_TIME:
    case FIELD_REVISION:
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    return node_int(arena, value);
}

static void put(struct generator *generator, const struct place *place, struct node *value)
{
    if (place->list != NULL) {
        place->list->list.items[place->index] = value;
    } else {
        node_set(generator->arena, place->map, place->field->name, value);
    }
}

/* The value that is there, or an empty one of its type. */
static struct node *value_at(struct generator *generator, const struct place *place)
{
    struct node *value = node_find(place->map, place->field->name);

    if (value == NULL) {
        value =
            place->type == FIELD_LIST ? node_list(generator->arena) : node_map(generator->arena);
        put(generator, place, value);
    }
    return value;
}

/* One more entry is all that is wrong then, and not that there are too many. */
static struct node *value_with_room(struct generator *generator, const struct place *place)
{
    struct node *value = value_at(generator, place);

    if (place->field->max > 0 && value->map.count >= (size_t)place->field->max) {
        value = node_map(generator->arena);
        put(generator, place, value);
    }
    return value;
}

static void crowd(struct generator *generator, const struct place *place)
{
    struct arena *arena = generator->arena;
    struct node *value = value_at(generator, place);
    bool is_map = place->type == FIELD_STRMAP;

    for (int64_t i = 0; i <= place->field->max; i++) {
        if (is_map) {
            node_set(arena, value, arena_printf(arena, "K%lld", (long long)i), node_str(arena, ""));
        } else {
            node_add(arena, value, node_str(arena, "x"));
        }
    }
}

static void lengthen(struct generator *generator, const struct place *place)
{
    size_t length = (size_t)place->field->max + 1;
    char *text = arena_alloc(generator->arena, length + 1);

    memset(text, 'a', length);
    put(generator, place, node_str(generator->arena, text));
}

static const char *spoil_place(struct generator *generator, struct place *place, enum way way)
{
    struct arena *arena = generator->arena;
    const struct field *field = place->field;
    struct node *value;

    switch (way) {
    case WAY_TYPE:
        put(generator, place, wrong_type(arena, place->type));
        break;
    case WAY_MISSING:
        (void)node_remove(place->map, field->name);
        break;
    case WAY_LOW:
        put(generator, place, number_node(arena, place->type, field->min - 1));
        break;
    case WAY_HIGH:
        put(generator, place, number_node(arena, place->type, field->max + 1));
        break;
    case WAY_WORD:
        put(generator, place, node_str(arena, "Neither"));
        break;
    case WAY_LONG:
        lengthen(generator, place);
        break;
    case WAY_FORM: /* no form has this one, and no name */
        put(generator, place, node_str(arena, "/Not a form/../"));
        break;
    case WAY_MANY:
        crowd(generator, place);
        break;
    case WAY_FEW:
        put(generator, place, node_list(arena));
        break;
    case WAY_TWICE:
        value = value_at(generator, place);
        node_add(arena, value, node_copy(arena, value->list.items[0]));
        place->path = arena_printf(arena, "%s[%zu]", place->path, value->list.count - 1);
        break;
    case WAY_KEY:
        node_set(arena, value_with_room(generator, place), "not a key/", node_str(arena, ""));
        break;
    case WAY_VALUE:
        node_set(arena, value_with_room(generator, place), "KEY", node_int(arena, 7));
        place->path = arena_printf(arena, "%s.KEY", place->path);
        break;
    }
    return way_words[way];
}

/* --- between fields --------------------------------------------------------------------------- */

struct rule {
    enum kind_id kind;
    const char *container; /* what the values below are set in */
    const char *item;      /* of a list there: one item, as "key=value;…"; NULL: no list */
    const char *set;       /* "key=number;…" */
    const char *path, *words;
};

static const struct rule rules[] = {
    {KIND_HARVEST_POLICY, "battery", NULL, "minPercent=50;resumePercent=49",
     "spec.battery.resumePercent", "a battery that goes on below where it stops"},
    {KIND_HARVEST_POLICY, "thermal", NULL,
     "throttleCelsius=61;suspendCelsius=60;evictCelsius=70;resumeCelsius=40",
     "spec.thermal.throttleCelsius", "heat that suspends before it slows down"},
    {KIND_HARVEST_POLICY, "thermal", NULL,
     "throttleCelsius=50;suspendCelsius=71;evictCelsius=70;resumeCelsius=40",
     "spec.thermal.suspendCelsius", "heat that ends before it suspends"},
    {KIND_HARVEST_POLICY, "thermal", NULL,
     "throttleCelsius=50;suspendCelsius=60;evictCelsius=70;resumeCelsius=60",
     "spec.thermal.resumeCelsius", "work that goes on as hot as it was suspended"},
    {KIND_HARVEST_POLICY, "windows", "from=08:00;to=08:00", NULL, "spec.windows[0].to",
     "a window without a length"},
    {KIND_HARVEST_SESSION, "", NULL, "replicas=1;everyAgent", "spec.replicas",
     "replicas together with everyAgent"},
    {KIND_HARVEST_SESSION, "", NULL, "where:paused", "spec.where",
     "a condition on what sessions may not ask for"},
    {KIND_HARVEST_SESSION, "", NULL, "policy:no-such", "spec.policy", "a policy that is not there"},
    {KIND_HARVEST_SESSION, "requirements", "field=colour;op===", NULL, "spec.requirements[0].field",
     "a requirement on what no agent has"},
    {KIND_HARVEST_SESSION, "requirements", "field=platform;op=exists;value=x", NULL,
     "spec.requirements[0].value", "exists with a value"},
    {KIND_HARVEST_SESSION, "requirements", "field=capacity.cores;op=>=", NULL,
     "spec.requirements[0].value", "a requirement without a value"},
    {KIND_HARVEST_SESSION, "requirements", "field=platform;op=>;value=x", NULL,
     "spec.requirements[0].op", "texts in an order"},
    {KIND_HARVEST_SESSION, "requirements", "field=capacity.memory;op=>;value=lots", NULL,
     "spec.requirements[0].value", "a value of another form than its field"},
    {KIND_HARVEST_SESSION, "requirements", "field=platform;op=in;value=x", NULL,
     "spec.requirements[0].value", "in without a list"},
    {KIND_HARVEST_SESSION, "selector.matchExpressions", "key=tier;operator=In", NULL,
     "spec.selector.matchExpressions[0].values", "In without values"},
};

static struct node *map_at(struct arena *arena, struct node *map, const char *key, size_t length)
{
    const char *name = arena_strndup(arena, key, length);
    struct node *inner = node_find(map, name);

    if (inner == NULL) {
        inner = node_map(arena);
        node_set(arena, map, name, inner);
    }
    return inner;
}

/* "key=text;…"; with numbers "key=50", a bare key is true, and "key:text" a text in any case. */
static void set_members(struct arena *arena, struct node *map, const char *members, bool are_texts)
{
    while (*members != '\0') {
        size_t length = strcspn(members, ";"), name = strcspn(members, "=:;");
        const char *key = arena_strndup(arena, members, name);
        const char *text =
            name == length ? NULL : arena_strndup(arena, members + name + 1, length - name - 1);

        if (text == NULL) {
            node_set(arena, map, key, node_bool(arena, true));
        } else if (are_texts || members[name] == ':') {
            node_set(arena, map, key, node_str(arena, text));
        } else {
            node_set(arena, map, key, node_int(arena, strtoll(text, NULL, 10)));
        }
        members += length + (members[length] == ';');
    }
}

static void break_rule(struct arena *arena, const struct rule *rule, struct node *root)
{
    struct node *map = map_at(arena, root, "spec", 4);
    const char *at = rule->container;

    if (rule->item == NULL) {
        map = *at == '\0' ? map : map_at(arena, map, at, strlen(at));
        set_members(arena, map, rule->set, false);
    } else {
        struct node *list = node_list(arena), *item = node_map(arena);
        size_t outer = strcspn(at, ".");

        if (at[outer] == '.') {
            map = map_at(arena, map, at, outer);
            at += outer + 1;
        }
        set_members(arena, item, rule->item, true);
        node_add(arena, list, item);
        node_set(arena, map, at, list);
    }
}

static const char *spoil_rule(struct generator *generator, const struct kind *kind,
                              struct node *root, const char **ret_path)
{
    const struct rule *chosen = NULL;
    uint64_t seen = 0;

    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (rules[i].kind == kind->id && die_below(generator->die, ++seen) == 0) {
            chosen = &rules[i];
        }
    }
    if (chosen == NULL) {
        return NULL;
    }
    break_rule(generator->arena, chosen, root);
    *ret_path = chosen->path;
    return chosen->words;
}

const char *generate_spoil(struct generator *generator, const struct kind *kind, struct node *root,
                           const char **ret_path)
{
    struct search search = {.generator = generator};
    struct node *meta = node_find(root, "metadata");
    enum way ways[WAYS_MAX];
    size_t count = 0;
    const char *words;

    if (die_chance(generator->die, RULE_PER_MILLE)) {
        words = spoil_rule(generator, kind, root, ret_path);
        if (words != NULL) {
            return words;
        }
    }
    see_fields(&search, kind->shape, root, "");
    if (die_chance(generator->die, 150)) {
        see(&search, (struct place){.field = shape_find(&meta_shape, "labels"),
                                    .type = FIELD_STRMAP,
                                    .map = meta,
                                    .path = "metadata.labels"});
    }
    for (int way = 0; way < WAYS_MAX; way++) {
        if (can(&search.chosen, (enum way)way)) {
            ways[count++] = (enum way)way;
        }
    }
    words = spoil_place(generator, &search.chosen, ways[die_below(generator->die, count)]);
    *ret_path = search.chosen.path;
    return words;
}
