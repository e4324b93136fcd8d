/* Selectors look at labels, requirements at labels and at what the agent says of itself.  A value
 * was checked against its field's form when the session was accepted; one that cannot be read any
 * more is unmet. */
#include "controller/core/match.h"

#include "schema/base/parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const struct match_expression *expression, const char *value)
{
    for (size_t i = 0; i < expression->values.count; i++) {
        if (str_eq(expression->values.items[i], value)) {
            return true;
        }
    }
    return false;
}

static bool match_expression(const struct match_expression *expression, const char *value)
{
    switch ((enum expression_op)expression->op) {
    case SELECT_IN:
        return value != NULL && is_one_of(expression, value);
    case SELECT_NOT_IN:
        return value == NULL || !is_one_of(expression, value);
    case SELECT_EXISTS:
        return value != NULL;
    case SELECT_DOES_NOT_EXIST:
        return value == NULL;
    }
    return false;
}

bool match_selector(const struct label_selector *selector, const struct strmap *labels)
{
    for (size_t i = 0; i < selector->match_labels.count; i++) {
        const struct strpair *pair = &selector->match_labels.items[i];
        const char *value = strmap_find(labels, pair->key);

        if (value == NULL || !str_eq(value, pair->value)) {
            return false;
        }
    }
    for (size_t i = 0; i < selector->match_expressions.count; i++) {
        const struct match_expression *expression = &selector->match_expressions.items[i];

        if (!match_expression(expression, strmap_find(labels, expression->key))) {
            return false;
        }
    }
    return true;
}

/* --- requirements ----------------------------------------------------------------------------- */

enum reading_form { READING_NONE, READING_TEXT, READING_VERSION, READING_BYTES, READING_CORES };

struct reading { /* what an agent has of a field */
    enum reading_form form;
    const char *text;
    int64_t number;
};

static struct reading capacity_reading(const struct resources *capacity, const char *name)
{
    if (str_eq(name, "cores") && shape_has(&capacity_shape, capacity, &capacity->cores)) {
        return (struct reading){READING_CORES, NULL, capacity->cores};
    }
    if (str_eq(name, "memory") && shape_has(&capacity_shape, capacity, &capacity->memory)) {
        return (struct reading){READING_BYTES, NULL, capacity->memory};
    }
    if (str_eq(name, "disk") && shape_has(&capacity_shape, capacity, &capacity->disk)) {
        return (struct reading){READING_BYTES, NULL, capacity->disk};
    }
    return (struct reading){READING_NONE, NULL, 0};
}

static struct reading text_reading(enum reading_form form, const char *text)
{
    return (struct reading){str_is_empty(text) ? READING_NONE : form, text, 0};
}

static struct reading reading_of(const char *field, const struct object *agent)
{
    const struct agent_status *status = &agent_of(agent)->status;

    if (str_starts(field, "capacity.")) {
        return capacity_reading(&status->capacity, field + strlen("capacity."));
    }
    if (str_starts(field, "labels.")) {
        const char *value = strmap_find(&agent->meta.labels, field + strlen("labels."));

        return (struct reading){value == NULL ? READING_NONE : READING_TEXT, value, 0};
    }
    if (str_eq(field, "platform")) {
        return text_reading(READING_TEXT, status->platform);
    }
    if (str_eq(field, "version")) {
        return text_reading(READING_VERSION, status->version);
    }
    return (struct reading){READING_NONE, NULL, 0};
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* "0.10.0" is above "0.9.1": runs of digits count as numbers. */
static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        size_t digits_a = strspn(a, "0123456789"), digits_b = strspn(b, "0123456789");

        if (digits_a > 0 && digits_b > 0) {
            unsigned long long number_a = strtoull(a, NULL, 10), number_b = strtoull(b, NULL, 10);

            if (number_a != number_b) {
                return number_a < number_b ? -1 : 1;
            }
            a += digits_a;
            b += digits_b;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return compare_numbers(*a != '\0', *b != '\0');
}

static bool number_of(const struct node *value, enum reading_form form, int64_t *ret_number)
{
    int64_t unit = form == READING_CORES ? 1000 : 1;

    switch (value->type) {
    case NODE_INT:
        return !__builtin_mul_overflow(value->integer, unit, ret_number);
    case NODE_REAL:
        if (!(value->real > -1e15 && value->real < 1e15)) {
            return false;
        }
        *ret_number = (int64_t)(value->real * (double)unit);
        return true;
    case NODE_STR:
        return form == READING_CORES ? cores_from_str(value->str.text, ret_number)
                                     : quantity_from_str(value->str.text, ret_number);
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    return false;
}

/* How the reading lies to one value; false when they cannot be compared. */
static bool compare(const struct reading *reading, const struct node *value, int *ret_order)
{
    int64_t number;

    switch (reading->form) {
    case READING_NONE:
        return false;
    case READING_TEXT:
    case READING_VERSION:
        if (value->type != NODE_STR) {
            return false;
        }
        *ret_order = reading->form == READING_VERSION
                         ? compare_versions(reading->text, value->str.text)
                         : strcmp(reading->text, value->str.text);
        return true;
    case READING_BYTES:
    case READING_CORES:
        if (!number_of(value, reading->form, &number)) {
            return false;
        }
        *ret_order = compare_numbers(reading->number, number);
        return true;
    }
    return false;
}

static bool is_in_list(const struct reading *reading, const struct node *list)
{
    int order;

    if (list == NULL || list->type != NODE_LIST) {
        return false;
    }
    for (size_t i = 0; i < list->list.count; i++) {
        if (compare(reading, list->list.items[i], &order) && order == 0) {
            return true;
        }
    }
    return false;
}

bool match_requirement(const struct requirement *requirement, const struct object *agent)
{
    struct reading reading = reading_of(requirement->field, agent);
    bool is_label = str_starts(requirement->field, "labels.");
    bool comparable;
    int order = 0;

    if (reading.form == READING_NONE) {
        return is_label && (requirement->op == OP_NE || requirement->op == OP_NOT_IN);
    }
    comparable = requirement->value != NULL && compare(&reading, requirement->value, &order);
    switch ((enum requirement_op)requirement->op) {
    case OP_EQ:
        return comparable && order == 0;
    case OP_NE:
        return comparable && order != 0;
    case OP_GT:
        return comparable && order > 0;
    case OP_GE:
        return comparable && order >= 0;
    case OP_LT:
        return comparable && order < 0;
    case OP_LE:
        return comparable && order <= 0;
    case OP_IN:
        return is_in_list(&reading, requirement->value);
    case OP_NOT_IN:
        return !is_in_list(&reading, requirement->value);
    case OP_EXISTS:
        return true;
    }
    return false;
}

bool requirement_is_on_reading(const struct requirement *requirement)
{
    return str_starts(requirement->field, "sensors.");
}

/* --- for people ------------------------------------------------------------------------------- */

static void add_separator(struct str *to, size_t length_before, const char *separator)
{
    if (to->length > length_before) {
        str_add(to, separator);
    }
}

static void expression_to_str(const struct match_expression *expression, struct str *to)
{
    static const char *const words[] = {" in (", " not in (", " is there", " is not there"};
    size_t begin;

    str_addf(to, "%s%s", expression->key, words[expression->op]);
    if (expression->op == SELECT_EXISTS || expression->op == SELECT_DOES_NOT_EXIST) {
        return;
    }
    begin = to->length;
    for (size_t i = 0; i < expression->values.count; i++) {
        add_separator(to, begin, ", ");
        str_add(to, expression->values.items[i]);
    }
    str_add(to, ")");
}

void selector_to_str(const struct label_selector *selector, struct str *to)
{
    size_t begin = to->length;

    for (size_t i = 0; i < selector->match_labels.count; i++) {
        add_separator(to, begin, ", ");
        str_addf(to, "%s=%s", selector->match_labels.items[i].key,
                 selector->match_labels.items[i].value);
    }
    for (size_t i = 0; i < selector->match_expressions.count; i++) {
        add_separator(to, begin, ", ");
        expression_to_str(&selector->match_expressions.items[i], to);
    }
}

static void scalar_to_str(const struct node *value, struct str *to)
{
    switch (value->type) {
    case NODE_STR:
        str_add(to, value->str.text);
        return;
    case NODE_INT:
        str_addf(to, "%" PRId64, value->integer);
        return;
    case NODE_REAL:
        str_addf(to, "%g", value->real);
        return;
    case NODE_BOOL:
        str_add(to, value->boolean ? "true" : "false");
        return;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    str_add(to, "?");
}

void requirement_to_str(const struct requirement *requirement, struct str *to)
{
    static const char *const words[] = {"==", "!=", ">", ">=", "<", "<=", "in", "not in", "exists"};
    const struct node *value = requirement->value;
    size_t begin;

    str_addf(to, "%s %s", requirement->field, words[requirement->op]);
    if (value == NULL) {
        return;
    }
    str_add(to, " ");
    if (value->type != NODE_LIST) {
        scalar_to_str(value, to);
        return;
    }
    str_add(to, "(");
    begin = to->length;
    for (size_t i = 0; i < value->list.count; i++) {
        add_separator(to, begin, ", ");
        scalar_to_str(value->list.items[i], to);
    }
    str_add(to, ")");
}

void bytes_to_words(int64_t bytes, struct str *to)
{
    static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
    int64_t whole = bytes, tenths = 0;
    size_t unit = 0;

    while (whole >= 1024 && unit + 1 < COUNT_OF(units)) {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit++;
    }
    if (whole < 10 && tenths > 0) {
        str_addf(to, "%" PRId64 ".%" PRId64 "%s", whole, tenths, units[unit]);
    } else {
        str_addf(to, "%" PRId64 "%s", whole, units[unit]);
    }
}

void requirement_have_to_str(const struct requirement *requirement, const struct object *agent,
                             struct str *to)
{
    struct reading reading = reading_of(requirement->field, agent);
    char text[QUANTITY_TEXT_SIZE];

    switch (reading.form) {
    case READING_NONE:
        str_add(to, "none");
        break;
    case READING_TEXT:
    case READING_VERSION:
        str_add(to, str_is_empty(reading.text) ? "\"\"" : reading.text);
        break;
    case READING_BYTES:
        bytes_to_words(reading.number, to);
        break;
    case READING_CORES:
        cores_to_str(reading.number, text);
        str_add(to, text);
        break;
    }
}
