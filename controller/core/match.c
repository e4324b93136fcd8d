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
