#include "tests/sim/generate.h"

#include "schema/base/digest.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/forms.h"
#include "schema/limits.h"
#include "schema/object.h"
#include "schema/scalar.h"
#include "tests/sim/judge_match.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    ITEMS_MAX = 4,        /* of a list or map, but for the rare full one */
    FULL_PER_MILLE = 10,  /* lists and texts as long as they may be */
    FULL_ITEMS_MAX = 300, /* of which length they still may be full */
    NUMBER_MAX = 1 << 30, /* where a table has no upper bound */
};

static const char *one_of(struct die *die, const char *const *texts, size_t count)
{
    return texts[die_below(die, count)];
}

#define ONE_OF(die, texts) one_of((die), (texts), COUNT_OF(texts))

/* --- texts ------------------------------------------------------------------------------------ */

/* What readers and writers of YAML and JSON like to get wrong. */
static const char *hard_text(struct die *die)
{
    static const char *const texts[] = {
        "",       "two words", "yes",     "off",        "null",   "~",      "1:30",
        "007",    "0x1f",      "1e3",     "-",          "- x",    "a: b",   "a #b",
        "'",      "\"",        "\\",      "%d",         "é ü 漢", "😀",      "a\u0301",
        "x\ny\n", "tab\there", "  ahead", "behind   ",  "{}",     "[x]",    "*alias",
        "&a",     "!tag",      "|",       ">",          "\x01",   "\x7f",   "---",
        "=",      "<<",        ".inf",    "2026-11-20", "\u200b", "\u2028", "${HOME}",
    };

    return ONE_OF(die, texts);
}

static const char *long_text(struct generator *generator, size_t length)
{
    char *text = arena_alloc(generator->arena, length + 1);

    memset(text, 'x', length);
    return text;
}

static const char *free_text(struct generator *generator, const struct field *field)
{
    struct die *die = generator->die;
    bool is_bounded = field->type == FIELD_STR && field->max > 0;
    const char *text;

    if (is_bounded && !generator->is_moderate && die_chance(die, FULL_PER_MILLE)) {
        return long_text(generator, (size_t)(field->max - (int64_t)die_below(die, 2)));
    }
    text = die_chance(die, 400) ? hard_text(die)
                                : arena_printf(generator->arena, "t-%d", (int)die_below(die, 500));
    return is_bounded && (int64_t)strlen(text) > field->max ? "t" : text;
}

static const char *clock_text(struct generator *generator, bool is_end)
{
    static const char *const edges[] = {"00:00", "00:01", "23:58", "23:59"};
    struct die *die = generator->die;

    if (is_end && die_chance(die, 200)) {
        return "24:00";
    }
    return die_chance(die, 400) ? ONE_OF(die, edges)
                                : arena_printf(generator->arena, "%02d:%02d",
                                               (int)die_below(die, 24), (int)die_below(die, 60));
}

static const char *digest_text(struct generator *generator)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;
    uint64_t draw = die_u64(generator->die);

    digest_of(&draw, sizeof(draw), &digest);
    digest_to_str(&digest, text);
    return arena_strdup(generator->arena, text);
}

static const char *key_text(struct generator *generator)
{
    char text[KEY_TEXT_SIZE];
    unsigned char key[KEY_SIZE] = {(unsigned char)(1 + die_below(generator->die, 255))};

    base64_to_str(key, sizeof(key), text);
    return arena_strdup(generator->arena, text);
}

static const char *label_key(struct generator *generator)
{
    static const char *const keys[] = {"tier", "fog/zone", "example.com/a.b_c", "Z9", "a-b"};

    return die_chance(generator->die, 700)
               ? ONE_OF(generator->die, keys)
               : arena_printf(generator->arena, "k%d", (int)die_below(generator->die, 200));
}

static const char *label_value(struct generator *generator)
{
    static const char *const values[] = {"", "gold", "silver", "a.b_c-d", "Z", "0"};

    return die_chance(generator->die, 100) ? long_text(generator, LABEL_VALUE_BYTES_MAX)
                                           : ONE_OF(generator->die, values);
}

/* A text of the form that `check` asks for. */
static const char *formed_text(struct generator *generator,
                               bool (*check)(const char *, const char **))
{
    struct arena *arena = generator->arena;
    int number = (int)die_below(generator->die, 60);

    if (check == form_is_digest) {
        return digest_text(generator);
    } else if (check == form_is_public_key) {
        return key_text(generator);
    } else if (check == form_is_path) {
        return arena_printf(arena, number % 2 ? "data/part.%d" : "é %d", number);
    } else if (check == form_is_clock || check == form_is_clock_end) {
        return clock_text(generator, check == form_is_clock_end);
    } else if (check == form_is_environment) {
        return arena_printf(arena, number % 2 ? "VARIABLE_%d" : "_v%d", number);
    } else if (check == form_is_reason) {
        return arena_printf(arena, "Reason%d", number);
    } else if (check == form_is_indexes) {
        return arena_printf(arena, number % 2 ? "%d" : "0,2-5,%d", number + 7);
    } else if (check == form_is_url) {
        return arena_printf(generator->arena, "https://r-%" PRIu64 "/hook?x=%%20",
                            die_below(generator->die, 9));
    } else if (check == form_is_event_type) {
        return number % 2 ? "Normal" : "Warning";
    } else if (check == label_key_is_valid) {
        return label_key(generator);
    } else if (check == label_value_is_valid) {
        return label_value(generator);
    }
    assert(!"a form that the generator knows how to write");
    return NULL;
}

static const char *text_of(struct generator *generator, const struct field *field)
{
    return field->check_text != NULL && field->type != FIELD_STRMAP
               ? formed_text(generator, field->check_text)
               : free_text(generator, field);
}

/* --- scalars ---------------------------------------------------------------------------------- */

static int64_t number_of(struct generator *generator, const struct field *field)
{
    struct die *die = generator->die;
    int64_t high = field->max == 0 ? field->min + NUMBER_MAX : field->max;
    int64_t near = high - field->min > 200 ? field->min + 200 : high;

    switch (die_below(die, 12)) {
    case 0:
        return field->min;
    case 1:
        return field->min < high ? field->min + 1 : high;
    case 2:
        return field->min < high ? high - 1 : high;
    case 3:
        return high;
    case 4:
    case 5:
        return die_between(die, field->min, high > NUMBER_MAX ? NUMBER_MAX : high);
    default:
        return die_between(die, field->min, near);
    }
}

/* The same value, as another person would write it. */
static struct node *other_writing(struct generator *generator, const struct field *field,
                                  enum field_type type, int64_t value)
{
    struct arena *arena = generator->arena;

    if (type == FIELD_DURATION && value % 1000 == 0) {
        return node_str(arena, arena_printf(arena, "%llds", (long long)value / 1000));
    } else if (type == FIELD_DURATION) {
        return node_str(arena, arena_printf(arena, "%lldms", (long long)value));
    } else if (type == FIELD_QUANTITY) {
        return node_int(arena, value);
    } else if (type == FIELD_CORES && value % 1000 == 0) {
        return node_int(arena, value / 1000);
    } else if (type == FIELD_CORES) {
        return node_str(arena, arena_printf(arena, "%lldm", (long long)value));
    }
    return scalar_to_node(arena, field, type, &value);
}

static const char *name_of(struct generator *generator, const struct field *field)
{
    size_t count = 0;

    if (field->reference == NULL || generator->references == NULL) {
        return arena_printf(generator->arena, "name.x-%d", (int)die_below(generator->die, 4));
    }
    while (generator->references[count] != NULL) {
        count++;
    }
    return generator->references[die_below(generator->die, count)];
}

static size_t word_count(const struct field *field)
{
    size_t count = 0;

    while (field->words[count] != NULL) {
        count++;
    }
    return count;
}

static struct node *generate_scalar(struct generator *generator, const struct field *field,
                                    enum field_type type)
{
    struct arena *arena = generator->arena;
    struct die *die = generator->die;
    struct wall moment;
    uint64_t revision;
    int64_t number;

    switch (type) {
    case FIELD_BOOL:
        return node_bool(arena, die_chance(die, 500));
    case FIELD_REAL:
        return node_real(arena, (double)die_below(die, 1000) / 8);
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
        number = number_of(generator, field);
        return !generator->is_canonical && die_chance(die, 250)
                   ? other_writing(generator, field, type, number)
                   : scalar_to_node(arena, field, type, &number);
    case FIELD_STR:
        return node_str(arena, text_of(generator, field));
    case FIELD_NAME:
        return node_str(arena, name_of(generator, field));
    case FIELD_ENUM:
        return node_str(arena, field->words[die_below(die, word_count(field))]);
    case FIELD_TIME:
        moment.ms = die_between(die, 0, 4000000000) * 1000;
        return scalar_to_node(arena, field, type, &moment);
    case FIELD_REVISION:
        revision = die_below(die, 100000);
        return scalar_to_node(arena, field, type, &revision);
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    assert(!"not a scalar");
    return NULL;
}

/* --- what holds others ------------------------------------------------------------------------ */

static size_t count_of(struct generator *generator, const struct field *field)
{
    struct die *die = generator->die;
    size_t low = (size_t)field->min;

    if (!generator->is_moderate && field->max > 0 && field->max <= FULL_ITEMS_MAX &&
        die_chance(die, FULL_PER_MILLE)) {
        return (size_t)field->max - die_below(die, 2);
    }
    return low + die_below(die, ITEMS_MAX);
}

static struct node *generate_strmap(struct generator *generator, const struct field *field)
{
    struct arena *arena = generator->arena;
    struct node *map = node_map(arena);
    size_t count = count_of(generator, field);

    for (size_t i = 0; i < count; i++) {
        bool is_labels = field->flags & FIELD_LABELS;
        const char *key = is_labels || field->check_text == NULL
                              ? label_key(generator)
                              : formed_text(generator, field->check_text);

        if (count > ITEMS_MAX + (size_t)field->min) { /* a full one: all keys differ */
            key = arena_printf(arena, "k%zu", i);
        }
        node_set(arena, map, key,
                 node_str(arena, is_labels ? label_value(generator) : free_text(generator, field)));
    }
    return map;
}

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

static struct node *generate_list(struct generator *generator, const struct field *field)
{
    struct node *list = node_list(generator->arena);
    size_t count = count_of(generator, field);
    bool is_unique = field->map_key != NULL || (field->flags & FIELD_SET);

    for (size_t i = 0; i < count; i++) {
        struct node *item = field->shape != NULL ? generate_shape(generator, field->shape)
                                                 : generate_scalar(generator, field, field->item);

        if (!is_unique || !holds(field, list, item)) {
            node_add(generator->arena, list, item);
        }
    }
    return list;
}

static struct node *generate_value(struct generator *generator, const struct field *field)
{
    switch (field->type) {
    case FIELD_STRUCT:
        return generate_shape(generator, field->shape);
    case FIELD_LIST:
        return generate_list(generator, field);
    case FIELD_STRMAP:
        return generate_strmap(generator, field);
    case FIELD_ANY:
        return node_int(generator->arena, (int64_t)die_below(generator->die, 100));
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
        break;
    }
    return generate_scalar(generator, field, field->type);
}

static bool is_drawn(struct generator *generator, const struct field *field)
{
    if (!generator->is_whole && (field->flags & (FIELD_IS_STATUS | FIELD_SERVER))) {
        return false;
    }
    if (field->reference != NULL && generator->references == NULL) {
        return (field->flags & FIELD_REQUIRED) != 0;
    }
    return (field->flags & FIELD_REQUIRED) ||
           die_chance(generator->die, generator->present_per_mille);
}

struct node *generate_shape(struct generator *generator, const struct shape *shape)
{
    struct node *map = node_map(generator->arena);

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];

        if (is_drawn(generator, field)) {
            node_set(generator->arena, map, field->name, generate_value(generator, field));
        }
    }
    return map;
}

/* --- rules that join fields ------------------------------------------------------------------- */

struct bounded {
    const char *key;
    int64_t low, high;
};

static void set_int(struct generator *generator, struct node *map, const char *key, int64_t value)
{
    node_set(generator->arena, map, key, node_int(generator->arena, value));
}

/* One alone, where the defaults of the others allow it. */
static void keep_one(struct generator *generator, struct node *map, const struct bounded *one,
                     size_t count)
{
    size_t kept = die_below(generator->die, count);

    for (size_t i = 0; i < count; i++) {
        (void)node_remove(map, one[i].key);
    }
    set_int(generator, map, one[kept].key,
            die_between(generator->die, one[kept].low, one[kept].high));
}

static void settle_battery(struct generator *generator, struct node *battery)
{
    static const struct bounded alone[] = {{"minPercent", 0, 60}, {"resumePercent", 50, 100}};
    struct die *die = generator->die;
    int64_t low =
        die_chance(die, 300) ? 100 * (int64_t)die_below(die, 2) : die_between(die, 0, 100);

    set_int(generator, battery, "minPercent", low);
    set_int(generator, battery, "resumePercent",
            die_chance(die, 200) ? low : die_between(die, low, 100));
    if (die_chance(die, 300)) {
        keep_one(generator, battery, alone, COUNT_OF(alone));
    }
}

static void settle_thermal(struct generator *generator, struct node *thermal)
{
    static const struct bounded alone[] = {{"throttleCelsius", 1, 55},
                                           {"suspendCelsius", 45, 65},
                                           {"evictCelsius", 55, 150},
                                           {"resumeCelsius", 1, 54}};
    struct die *die = generator->die;
    int64_t suspend = die_chance(die, 200) ? 150 : die_between(die, 2, 150);

    set_int(generator, thermal, "throttleCelsius", die_between(die, 1, suspend));
    set_int(generator, thermal, "suspendCelsius", suspend);
    set_int(generator, thermal, "evictCelsius", die_between(die, suspend, 150));
    set_int(generator, thermal, "resumeCelsius",
            die_chance(die, 200) ? suspend - 1 : die_between(die, 1, suspend - 1));
    if (die_chance(die, 300)) {
        keep_one(generator, thermal, alone, COUNT_OF(alone));
    }
}

static void settle_policy(struct generator *generator, struct node *spec)
{
    struct node *battery = node_find(spec, "battery"), *thermal = node_find(spec, "thermal");
    struct node *windows = node_find(spec, "windows");

    if (battery != NULL) {
        settle_battery(generator, battery);
    }
    if (thermal != NULL) {
        settle_thermal(generator, thermal);
    }
    for (size_t i = 0; windows != NULL && i < windows->list.count; i++) {
        struct node *window = windows->list.items[i];

        if (node_eq(node_find(window, "from"), node_find(window, "to"))) {
            node_set(generator->arena, window, "to", node_str(generator->arena, "24:00"));
        }
    }
}

static struct node *requirement_value(struct generator *generator, const char *field)
{
    static const char *const sites[] = {"a", "b", "gold", ""};
    static const char *const versions[] = {"0.1", "0.0.9", "0.10"};
    struct arena *arena = generator->arena;
    struct die *die = generator->die;

    if (str_eq(field, "capacity.cores")) {
        return die_chance(die, 500) ? node_int(arena, die_between(die, 0, 6))
                                    : node_str(arena, "2500m");
    } else if (str_eq(field, "capacity.memory") || str_eq(field, "capacity.disk")) {
        return die_chance(die, 500) ? node_str(arena, "2Gi") : node_int(arena, 1 << 30);
    } else if (str_eq(field, "platform")) {
        return node_str(arena, die_chance(die, 700) ? "linux/amd64" : "plan9/mips");
    } else if (str_eq(field, "version")) {
        return node_str(arena, ONE_OF(die, versions));
    } else if (str_starts(field, "sensors.")) {
        return node_real(arena, 20.5);
    }
    return node_str(arena, ONE_OF(die, sites));
}

static struct node *generate_requirement(struct generator *generator)
{
    static const char *const fields[] = {"capacity.cores", "capacity.memory",      "capacity.disk",
                                         "labels.tier",    "labels.reported/site", "platform",
                                         "version",        "sensors.battery"};
    static const char *const orders[] = {">", ">=", "<", "<="};
    static const char *const equals[] = {"==", "!=", "in", "notIn", "exists"};
    struct arena *arena = generator->arena;
    struct node *map = node_map(arena), *value;
    const char *field = ONE_OF(generator->die, fields), *op = ONE_OF(generator->die, equals);

    if ((str_starts(field, "capacity.") || str_starts(field, "sensors.")) &&
        die_chance(generator->die, 700)) {
        op = ONE_OF(generator->die, orders);
    }
    node_set(arena, map, "field", node_str(arena, field));
    node_set(arena, map, "op", node_str(arena, op));
    value = requirement_value(generator, field);
    if (str_eq(op, "in") || str_eq(op, "notIn")) {
        struct node *list = node_list(arena);

        node_add(arena, list, value);
        node_add(arena, list, requirement_value(generator, field));
        value = list;
    }
    if (!str_eq(op, "exists")) {
        node_set(arena, map, "value", value);
    }
    return map;
}

static void settle_tasks(struct generator *generator, struct node *spec)
{
    struct node *workload = node_find(spec, "workload");
    const struct node *outputs = node_find(workload, "outputs");

    (void)node_remove(spec, "replicas");
    (void)node_remove(spec, "everyAgent");
    if (outputs == NULL || outputs->list.count == 0) {
        (void)node_remove(node_find(spec, "tasks"), "quorum");
    } else { /* what waits to be compared is told of, too */
        set_int(generator, node_find(spec, "tasks"), "parallelism",
                die_between(generator->die, 1, 6));
        set_int(generator, node_find(spec, "tasks"), "retries", die_between(generator->die, 0, 9));
    }
    if (node_find(workload, "outputs") != NULL) { /* all of them are to be told of */
        set_int(generator, node_find(spec, "tasks"), "count", die_between(generator->die, 1, 8));
    }
    if (str_eq(node_find_text(workload, "restart"), "always")) {
        node_set(generator->arena, workload, "restart", node_str(generator->arena, "never"));
    }
}

static void settle_gang(struct generator *generator, struct node *spec)
{
    struct node *workload = node_find(spec, "workload");
    const struct node *replicas = node_find(spec, "replicas");

    (void)node_remove(spec, "everyAgent");
    if (replicas != NULL && replicas->integer > GANG_MEMBERS_MAX) {
        set_int(generator, spec, "replicas", die_between(generator->die, 0, GANG_MEMBERS_MAX));
    }
    if (str_eq(node_find_text(workload, "restart"), "never")) {
        node_set(generator->arena, workload, "restart", node_str(generator->arena, "onFailure"));
    }
}

static void settle_session(struct generator *generator, struct node *spec)
{
    static const char *const wheres[] = {JUDGE_WHERE_CORES, JUDGE_WHERE_SITE, JUDGE_WHERE_VERSION,
                                         JUDGE_WHERE_MEMORY};
    struct arena *arena = generator->arena;
    const struct node *every = node_find(spec, "everyAgent");
    const struct node *command = node_find_path(spec, "workload.command");
    const struct node *expressions = node_find_path(spec, "selector.matchExpressions");
    struct node *requirements = node_find(spec, "requirements");

    if (every != NULL && every->boolean) {
        (void)node_remove(spec, "replicas");
    }
    if (node_find(spec, "tasks") != NULL) {
        settle_tasks(generator, spec);
        (void)node_remove(spec, "gang");
    } else if (node_find(spec, "gang") != NULL) {
        settle_gang(generator, spec);
    }
    if (node_text(command->list.items[0])[0] == '\0') {
        command->list.items[0] = node_str(arena, "x");
    }
    for (size_t i = 0; requirements != NULL && i < requirements->list.count; i++) {
        requirements->list.items[i] = generate_requirement(generator);
    }
    if (node_find(spec, "where") != NULL) {
        node_set(arena, spec, "where", node_str(arena, ONE_OF(generator->die, wheres)));
    }
    for (size_t i = 0; expressions != NULL && i < expressions->list.count; i++) {
        struct node *expression = expressions->list.items[i];
        struct node *values = node_find(expression, "values");

        if (!str_ends(node_find_text(expression, "operator"), "In")) {
            (void)node_remove(expression, "values");
        } else if (values == NULL || values->list.count == 0) {
            values = node_list(arena);
            node_add(arena, values, node_str(arena, "gold"));
            node_set(arena, expression, "values", values);
        }
    }
}

/* There is one receiver to be told of so far, and nobody is told twice. */
static void settle_rule(struct generator *generator, struct node *spec)
{
    static const char *const conditions[] = {
        "fog_agents.away > 0", "fog_revision >= 7",
        "fog_agents['connected'] < 2 && fog_sessions.false > 1"};
    struct arena *arena = generator->arena;
    const struct node *receivers = node_find(spec, "receivers");
    struct node *list = node_list(arena), *one;

    node_set(arena, spec, "expr", node_str(arena, ONE_OF(generator->die, conditions)));
    if (receivers != NULL && receivers->list.count > 0) {
        one = receivers->list.items[0];
        if (node_find(one, "webhook") == NULL && node_find(one, "log") == NULL) {
            node_set(arena, one, "log", node_map(arena));
        } else if (node_find(one, "webhook") != NULL && node_find(one, "log") != NULL) {
            (void)node_remove(one, die_chance(generator->die, 500) ? "log" : "webhook");
        }
        node_add(arena, list, one);
        node_set(arena, spec, "receivers", list);
    }
}

static struct node *generate_meta(struct generator *generator, const char *name)
{
    static const char *const members[] = {"labels", "annotations"};
    struct node *meta = node_map(generator->arena);

    node_set(generator->arena, meta, "name", node_str(generator->arena, name));
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (die_chance(generator->die, generator->present_per_mille / 2)) {
            node_set(generator->arena, meta, members[i],
                     generate_strmap(generator, shape_find(&meta_shape, members[i])));
        }
    }
    return meta;
}

struct node *generate_object(struct generator *generator, const struct kind *kind, const char *name)
{
    struct arena *arena = generator->arena;
    struct node *root = node_map(arena), *body, *spec;

    node_set(arena, root, "apiVersion", node_str(arena, kind->api_version));
    node_set(arena, root, "kind", node_str(arena, kind->name));
    node_set(arena, root, "metadata", generate_meta(generator, name));
    body = generate_shape(generator, kind->shape);
    spec = node_find(body, "spec");
    if (kind->id == KIND_HARVEST_POLICY && spec != NULL) {
        settle_policy(generator, spec);
    } else if (kind->id == KIND_HARVEST_SESSION) {
        settle_session(generator, spec);
    } else if (kind->id == KIND_ALERT_RULE && spec != NULL) {
        settle_rule(generator, spec);
    }
    for (size_t i = 0; i < body->map.count; i++) {
        node_set(arena, root, body->map.members[i].key, body->map.members[i].value);
    }
    return root;
}
