/* Selectors look at labels, requirements at labels and at what the agent says of itself.  A value
 * was checked against its field's form when the session was accepted; one that cannot be read any
 * more is unmet. */
#include "controller/core/match.h"

#include "schema/base/parse.h"
#include "schema/scalar.h"

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

enum value_form {
    VALUE_NONE,
    VALUE_UNKNOWN, /* a sensor that tells nothing */
    VALUE_TEXT,
    VALUE_VERSION,
    VALUE_BYTES,
    VALUE_CORES,
    VALUE_FLAG,
    VALUE_THOUSANDTHS,
    VALUE_DURATION, /* milliseconds; a number without a unit means seconds */
};

struct value { /* what an agent has of a field */
    enum value_form form;
    const char *text;
    int64_t number;
};

static struct value capacity_value(const struct resources *capacity, const char *name)
{
    if (str_eq(name, "cores") && shape_has(&capacity_shape, capacity, &capacity->cores)) {
        return (struct value){VALUE_CORES, NULL, capacity->cores};
    }
    if (str_eq(name, "memory") && shape_has(&capacity_shape, capacity, &capacity->memory)) {
        return (struct value){VALUE_BYTES, NULL, capacity->memory};
    }
    if (str_eq(name, "disk") && shape_has(&capacity_shape, capacity, &capacity->disk)) {
        return (struct value){VALUE_BYTES, NULL, capacity->disk};
    }
    return (struct value){VALUE_NONE, NULL, 0};
}

static struct value text_value(enum value_form form, const char *text)
{
    return (struct value){str_is_empty(text) ? VALUE_NONE : form, text, 0};
}

static enum value_form sensor_form(enum sensor sensor)
{
    switch (sensor) {
    case SENSOR_BATTERY:
    case SENSOR_TEMPERATURE:
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
    case SENSOR_LOAD:
        return VALUE_THOUSANDTHS;
    case SENSOR_CHARGING:
    case SENSOR_METERED:
        return VALUE_FLAG;
    case SENSOR_IDLE:
        return VALUE_DURATION;
    case SENSOR_MEMORY_AVAILABLE:
        return VALUE_BYTES;
    case SENSOR_COUNT:
        break;
    }
    return VALUE_NONE;
}

static const struct reading *reading_of(const char *field, const struct readings *readings)
{
    int sensor = readings == NULL || !str_starts(field, "sensors.")
                     ? -1
                     : words_index(sensor_words, field + strlen("sensors."));

    return sensor < 0 ? NULL : &readings->of[sensor];
}

static struct value sensor_value(const char *field, const struct readings *readings)
{
    const struct reading *reading = reading_of(field, readings);
    enum sensor sensor = reading == NULL ? SENSOR_COUNT : (enum sensor)(reading - readings->of);

    if (reading == NULL || reading->state == READING_NONE) {
        return (struct value){VALUE_NONE, NULL, 0};
    }
    if (reading->state == READING_UNKNOWN) {
        return (struct value){VALUE_UNKNOWN, NULL, 0};
    }
    return (struct value){sensor_form(sensor), NULL,
                          sensor == SENSOR_BATTERY ? reading->value * 1000 : reading->value};
}

static struct value value_of(const char *field, const struct object *agent,
                             const struct readings *readings)
{
    const struct agent_status *status = &agent_of(agent)->status;

    if (str_starts(field, "capacity.")) {
        return capacity_value(&status->capacity, field + strlen("capacity."));
    }
    if (str_starts(field, "labels.")) {
        const char *value = strmap_find(&agent->meta.labels, field + strlen("labels."));

        return (struct value){value == NULL ? VALUE_NONE : VALUE_TEXT, value, 0};
    }
    if (str_eq(field, "platform")) {
        return text_value(VALUE_TEXT, status->platform);
    }
    if (str_eq(field, "version")) {
        return text_value(VALUE_VERSION, status->version);
    }
    return sensor_value(field, readings);
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

static bool number_of(const struct node *value, enum value_form form, int64_t *ret_number)
{
    int64_t unit = form == VALUE_BYTES ? 1 : 1000;

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
        return form == VALUE_CORES      ? cores_from_str(value->str.text, ret_number)
               : form == VALUE_DURATION ? duration_from_str(value->str.text, ret_number)
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
static bool compare(const struct value *have, const struct node *value, int *ret_order)
{
    int64_t number;

    switch (have->form) {
    case VALUE_NONE:
    case VALUE_UNKNOWN:
        return false;
    case VALUE_FLAG:
        *ret_order = have->number != value->boolean;
        return value->type == NODE_BOOL;
    case VALUE_TEXT:
    case VALUE_VERSION:
        if (value->type != NODE_STR) {
            return false;
        }
        *ret_order = have->form == VALUE_VERSION ? compare_versions(have->text, value->str.text)
                                                 : strcmp(have->text, value->str.text);
        return true;
    case VALUE_BYTES:
    case VALUE_CORES:
    case VALUE_THOUSANDTHS:
    case VALUE_DURATION:
        if (!number_of(value, have->form, &number)) {
            return false;
        }
        *ret_order = compare_numbers(have->number, number);
        return true;
    }
    return false;
}

static bool is_in_list(const struct value *have, const struct node *list)
{
    int order;

    if (list == NULL || list->type != NODE_LIST) {
        return false;
    }
    for (size_t i = 0; i < list->list.count; i++) {
        if (compare(have, list->list.items[i], &order) && order == 0) {
            return true;
        }
    }
    return false;
}

bool match_requirement(const struct requirement *requirement, const struct object *agent,
                       const struct readings *readings)
{
    struct value have = value_of(requirement->field, agent, readings);
    bool is_label = str_starts(requirement->field, "labels.");
    bool comparable;
    int order = 0;

    if (have.form == VALUE_NONE || have.form == VALUE_UNKNOWN) {
        return is_label && (requirement->op == OP_NE || requirement->op == OP_NOT_IN);
    }
    comparable = requirement->value != NULL && compare(&have, requirement->value, &order);
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
        return is_in_list(&have, requirement->value);
    case OP_NOT_IN:
        return !is_in_list(&have, requirement->value);
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
                             const struct readings *readings, struct str *to)
{
    struct value have = value_of(requirement->field, agent, readings);
    const struct reading *reading = reading_of(requirement->field, readings);
    char text[QUANTITY_TEXT_SIZE], reading_text[READING_TEXT_SIZE];

    if (reading != NULL) {
        reading_to_str((enum sensor)(reading - readings->of), reading, reading_text);
        str_add(to, reading_text);
        return;
    }
    switch (have.form) {
    case VALUE_NONE:
    case VALUE_UNKNOWN:
    case VALUE_FLAG:
    case VALUE_THOUSANDTHS:
    case VALUE_DURATION:
        str_add(to, "none");
        break;
    case VALUE_TEXT:
    case VALUE_VERSION:
        str_add(to, str_is_empty(have.text) ? "\"\"" : have.text);
        break;
    case VALUE_BYTES:
        bytes_to_words(have.number, to);
        break;
    case VALUE_CORES:
        cores_to_str(have.number, text);
        str_add(to, text);
        break;
    }
}
