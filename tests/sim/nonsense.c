/* A tree is made as the table of the type says, written as JSON and decoded like any message, so
 * that what comes out is what the table allows and nothing else. */
#include "tests/sim/nonsense.h"

#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 6, ITEMS_MAX = 3, PRESENT_PER_MILLE = 700, TRIES = 4 };

/* At least one for every form of text that the tables ask for. */
static const char *const odd_words[] = {
    "",
    "ghost",
    "a.b",
    "Nonsense",
    "00000000-0000-4000-8000-000000000000",
    "blake2b:0000000000000000000000000000000000000000000000000000000000000000",
    "blake2b:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
     "AA=="),
    "a sentence, with a comma and \xc3\xa4",
    "WORD",
};

static const int64_t odd_numbers[] = {
    0, 1, 2, 1000, INT32_MAX, (INT64_C(1) << 53) - 1, INT64_C(1) << 53, INT64_MAX - 1, INT64_MAX};

void nonsense_init(struct nonsense *nonsense, struct die *die, struct arena *arena)
{
    *nonsense = (struct nonsense){.die = die, .arena = arena};
    for (size_t i = 0; i < COUNT_OF(odd_words); i++) {
        nonsense_add_word(nonsense, odd_words[i]);
    }
    for (size_t i = 0; i < COUNT_OF(odd_numbers); i++) {
        nonsense_add_number(nonsense, odd_numbers[i]);
    }
}

void nonsense_add_word(struct nonsense *nonsense, const char *word)
{
    if (word != NULL && nonsense->word_count < NONSENSE_WORDS_MAX) {
        nonsense->words[nonsense->word_count++] = word;
    }
}

void nonsense_add_number(struct nonsense *nonsense, int64_t number)
{
    if (nonsense->number_count < NONSENSE_NUMBERS_MAX) {
        nonsense->numbers[nonsense->number_count++] = number;
    }
}

const char *nonsense_word(struct nonsense *nonsense)
{
    return nonsense->words[die_below(nonsense->die, nonsense->word_count)];
}

static int64_t number_within(struct nonsense *nonsense, int64_t min, int64_t max)
{
    int64_t number = nonsense->numbers[die_below(nonsense->die, nonsense->number_count)];

    if (max == 0 && min >= 0) {
        max = INT64_MAX;
    }
    if (number < min) {
        return min;
    }
    return number > max ? max : number;
}

static bool fits(const struct field *field, enum field_type type, const char *word)
{
    int64_t length = (int64_t)strlen(word);
    bool is_item = field->type == FIELD_LIST; /* whose bounds are about how many there are */
    const char *why;

    if (type == FIELD_NAME) {
        return name_is_valid(word, &why);
    }
    if (!is_item && (length < field->min || (field->max > 0 && length > field->max))) {
        return false;
    }
    return field->check_text == NULL || field->check_text(word, &why);
}

static const char *word_for(struct nonsense *nonsense, const struct field *field,
                            enum field_type type)
{
    size_t from = die_below(nonsense->die, nonsense->word_count);

    for (size_t i = 0; i < nonsense->word_count; i++) {
        const char *word = nonsense->words[(from + i) % nonsense->word_count];

        if (fits(field, type, word)) {
            return word;
        }
    }
    return "ghost";
}

static struct node *labels_for(struct nonsense *nonsense)
{
    struct node *map = node_map(nonsense->arena);

    if (die_chance(nonsense->die, 500)) {
        node_set(nonsense->arena, map, "site",
                 node_str(nonsense->arena, die_chance(nonsense->die, 500) ? "a" : "nowhere"));
    }
    if (die_chance(nonsense->die, 500)) {
        node_set(nonsense->arena, map, "NOISE", node_str(nonsense->arena, "1"));
    }
    return map;
}

static struct node *scalar_for(struct nonsense *nonsense, const struct field *field,
                               enum field_type type)
{
    struct arena *arena = nonsense->arena;
    struct wall moment = {number_within(nonsense, 0, INT64_C(4102444800000))};
    int64_t number = number_within(nonsense, field->min, field->max);
    size_t words = 0;
    char text[64];

    switch (type) {
    case FIELD_BOOL:
        return node_bool(arena, die_chance(nonsense->die, 500));
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
        return node_int(arena, number);
    case FIELD_REAL:
        return node_real(arena, (double)number);
    case FIELD_STR:
    case FIELD_NAME:
        return node_str(arena, word_for(nonsense, field, type));
    case FIELD_ENUM:
        while (field->words[words] != NULL) {
            words++;
        }
        return node_str(arena, field->words[die_below(nonsense->die, words)]);
    case FIELD_DURATION:
        duration_to_str(number, text);
        return node_str(arena, text);
    case FIELD_QUANTITY:
        quantity_to_str(number, text);
        return node_str(arena, text);
    case FIELD_CORES:
        cores_to_str(number, text);
        return node_str(arena, text);
    case FIELD_TIME:
        wall_to_str(moment, text);
        return node_str(arena, text);
    case FIELD_REVISION:
        (void)snprintf(text, sizeof(text), "%" PRId64, number);
        return node_str(arena, text);
    case FIELD_STRMAP:
        return labels_for(nonsense);
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    return node_null(arena);
}

/* The tables are ours and nest a few levels deep. */
static struct node *struct_for(struct nonsense *nonsense, const struct shape *shape,
                               unsigned depth);

static struct node *list_for(struct nonsense *nonsense, const struct field *field, unsigned depth)
{
    struct node *list = node_list(nonsense->arena);
    int64_t most = field->max > 0 && field->max < ITEMS_MAX ? field->max : ITEMS_MAX;
    int64_t count = die_between(nonsense->die, field->min, most);

    for (int64_t i = 0; i < count; i++) {
        node_add(nonsense->arena, list,
                 field->shape != NULL ? struct_for(nonsense, field->shape, depth + 1)
                                      : scalar_for(nonsense, field, field->item));
    }
    return list;
}

static struct node *struct_for(struct nonsense *nonsense, const struct shape *shape, unsigned depth)
{
    struct node *map = node_map(nonsense->arena);

    for (size_t i = 0; i < shape->count && depth < DEPTH_MAX; i++) {
        const struct field *field = &shape->fields[i];
        struct node *value;

        if ((field->flags & FIELD_REQUIRED) == 0 && !die_chance(nonsense->die, PRESENT_PER_MILLE)) {
            continue;
        }
        if (field->type == FIELD_STRUCT) {
            value = struct_for(nonsense, field->shape, depth + 1);
        } else if (field->type == FIELD_LIST) {
            value = list_for(nonsense, field, depth);
        } else {
            value = scalar_for(nonsense, field, field->type);
        }
        node_set(nonsense->arena, map, field->name, value);
    }
    return map;
}

bool nonsense_message(struct nonsense *nonsense, enum wire_type type, bool from_agent,
                      struct wire_message *ret_message)
{
    for (unsigned i = 0; i < TRIES; i++) {
        struct node *root = struct_for(nonsense, wire_table[type].shape, 0);
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;

        node_set(nonsense->arena, root, "type", node_str(nonsense->arena, wire_table[type].name));
        json_emit(root, JSON_PLAIN, &text);
        if (wire_decode(nonsense->arena, text.data, text.length, from_agent, ret_message, NULL) ==
            0) {
            return true;
        }
    }
    return false;
}

enum wire_type nonsense_type(struct nonsense *nonsense, bool from_agent)
{
    enum wire_type type = WIRE_ERROR;
    uint64_t seen = 0;

    for (int i = 0; i < WIRE_TYPE_COUNT; i++) {
        bool may = from_agent ? wire_table[i].from_agent : wire_table[i].from_controller;

        if (may && die_below(nonsense->die, ++seen) == 0) {
            type = (enum wire_type)i;
        }
    }
    return type;
}
