/* Names, values and the evaluation of schema/where.h; schema/where_parse.c reads the text. */
#include "schema/where.h"

#include "schema/base/parse.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

/* --- names ------------------------------------------------------------------------------------ */

static bool is_key_of(const struct where_name *name, const char *text, const char **ret_key)
{
    size_t length = strlen(name->name);

    if ((name->flags & WHERE_GROUP) == 0 || !str_starts(text, name->name) || text[length] != '.' ||
        text[length + 1] == '\0') {
        return false;
    }
    *ret_key = text + length + 1;
    return true;
}

static bool find_bare(const struct where_names *names, const char *text, size_t *ret_row)
{
    /* Every dotted name is a field's; only a slash shows that it is a key after all. */
    if (text[0] == '\0' || (strchr(text, '.') != NULL && strchr(text, '/') == NULL)) {
        return false;
    }
    for (size_t i = 0; i < names->count; i++) {
        if ((names->rows[i].flags & WHERE_BARE) != 0) {
            *ret_row = i;
            return true;
        }
    }
    return false;
}

bool where_find(const struct where_names *names, const char *text, size_t *ret_row,
                const char **ret_key)
{
    for (size_t i = 0; i < names->count; i++) {
        bool is_group = (names->rows[i].flags & WHERE_GROUP) != 0;

        *ret_key = NULL;
        if ((!is_group && str_eq(names->rows[i].name, text)) ||
            is_key_of(&names->rows[i], text, ret_key)) {
            *ret_row = i;
            return true;
        }
    }
    *ret_key = text;
    return find_bare(names, text, ret_row);
}

static const char *tail_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot == NULL ? name : dot + 1;
}

static bool may_be_asked(const struct where_names *names, size_t row)
{
    return (names->rows[row].flags & names->needs) == names->needs;
}

static bool is_of_group(const char *name, const char *text)
{
    size_t length = (size_t)(tail_of(text) - text);

    return length > 0 && strncmp(name, text, length) == 0;
}

/* By what follows the last dot, among those that `group` begins alike (NULL: all): "battery" alone
 * means the sensor. */
static const char *closest_tail(const struct where_names *names, const char *text,
                                const char *group)
{
    const char *tails[WHERE_NAMES_MAX] = {0}, *closest;
    size_t rows[WHERE_NAMES_MAX], count = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (may_be_asked(names, i) && (group == NULL || is_of_group(names->rows[i].name, group))) {
            rows[count] = i;
            tails[count++] = tail_of(names->rows[i].name);
        }
    }
    closest = words_closest(tail_of(text), tails, count);
    for (size_t i = 0; closest != NULL && i < count; i++) {
        if (str_eq(tails[i], closest)) {
            return names->rows[rows[i]].name;
        }
    }
    return NULL;
}

const char *where_closest(const struct where_names *names, const char *text)
{
    const char *words[WHERE_NAMES_MAX], *closest;
    size_t count = 0;

    assert(names->count <= WHERE_NAMES_MAX);
    for (size_t i = 0; i < names->count; i++) {
        if (is_of_group(names->rows[i].name, text)) {
            return closest_tail(names, text, text);
        }
        if (may_be_asked(names, i) && !str_starts(text, names->rows[i].name)) {
            words[count++] = names->rows[i].name;
        }
    }
    closest = words_closest(text, words, count);
    return closest != NULL ? closest : closest_tail(names, text, NULL);
}

/* --- values ----------------------------------------------------------------------------------- */

static bool number_from_str(const char *text, bool may_be_percent, int64_t *ret_thousandths)
{
    char digits[WHERE_NUMBER_BYTES_MAX + 1];
    bool is_negative = text[0] == '-';
    size_t length = strlen(text += is_negative);

    if (length > 0 && may_be_percent && text[length - 1] == '%') {
        length--;
    }
    if (length == 0 || length > WHERE_NUMBER_BYTES_MAX || text[length - 1] < '0' ||
        text[length - 1] > '9') {
        return false;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (!cores_from_str(digits, ret_thousandths)) {
        return false;
    }
    *ret_thousandths = is_negative ? -*ret_thousandths : *ret_thousandths;
    return true;
}

static bool duration_or_seconds(const char *text, int64_t *ret_ms)
{
    return duration_from_str(text, ret_ms) || number_from_str(text, false, ret_ms);
}

static bool flag_from_str(const char *text, int64_t *ret_flag)
{
    *ret_flag = str_eq(text, "true") || str_eq(text, "True");
    return *ret_flag != 0 || str_eq(text, "false") || str_eq(text, "False");
}

bool where_value_from_str(const struct where_name *name, const char *text,
                          struct where_value *ret_value)
{
    struct where_value value = {.state = WHERE_KNOWN, .text = text};
    bool is_read = true;

    switch (name->type) {
    case WHERE_TEXT:
    case WHERE_VERSION:
        break;
    case WHERE_FLAG:
        is_read = flag_from_str(text, &value.number);
        break;
    case WHERE_NUMBER:
        is_read = number_from_str(text, (name->flags & WHERE_PERCENT) != 0, &value.number);
        break;
    case WHERE_BYTES:
        is_read = quantity_from_str(text, &value.number);
        break;
    case WHERE_CORES:
        is_read = cores_from_str(text, &value.number);
        break;
    case WHERE_DURATION:
        is_read = duration_or_seconds(text, &value.number);
        break;
    }
    if (is_read) {
        *ret_value = value;
    }
    return is_read;
}

const char *where_type_words(enum where_type type)
{
    switch (type) {
    case WHERE_TEXT:
        return "a text";
    case WHERE_VERSION:
        return "a version, such as 0.2.0";
    case WHERE_FLAG:
        return "true or false";
    case WHERE_NUMBER:
        return "a number with at most three decimals";
    case WHERE_BYTES:
        return "a quantity, such as 512Mi";
    case WHERE_CORES:
        return "a number of cores, such as 500m";
    case WHERE_DURATION:
        return "a duration, such as 5m, or a number of seconds";
    }
    return "a value";
}

bool where_type_has_order(enum where_type type)
{
    return type != WHERE_TEXT && type != WHERE_FLAG;
}

/* --- evaluation ------------------------------------------------------------------------------- */

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789");
}

/* Of any length. */
static int compare_digits(const char *a, size_t length_a, const char *b, size_t length_b)
{
    for (; length_a > 1 && *a == '0'; length_a--) {
        a++;
    }
    for (; length_b > 1 && *b == '0'; length_b--) {
        b++;
    }
    return length_a != length_b ? compare_numbers((int64_t)length_a, (int64_t)length_b)
                                : compare_numbers(memcmp(a, b, length_a), 0);
}

static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        size_t length_a = digits_of(a), length_b = digits_of(b);

        if (length_a > 0 && length_b > 0) {
            int order = compare_digits(a, length_a, b, length_b);

            if (order != 0) {
                return order;
            }
            a += length_a;
            b += length_b;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return compare_numbers(*a != '\0', *b != '\0');
}

static int order_of(enum where_type type, const struct where_value *have,
                    const struct where_value *value)
{
    switch (type) {
    case WHERE_TEXT:
        return compare_numbers(strcmp(have->text, value->text), 0);
    case WHERE_VERSION:
        return compare_versions(have->text, value->text);
    case WHERE_FLAG:
    case WHERE_NUMBER:
    case WHERE_BYTES:
    case WHERE_CORES:
    case WHERE_DURATION:
        break;
    }
    return compare_numbers(have->number, value->number);
}

static bool is_listed(const struct where_step *test, enum where_type type,
                      const struct where_value *have)
{
    for (size_t i = 0; i < test->count; i++) {
        if (order_of(type, have, &test->values[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_known_true(const struct where_step *test, enum where_type type,
                          const struct where_value *have)
{
    switch (test->compare) {
    case WHERE_EQ:
    case WHERE_IN:
        return is_listed(test, type, have);
    case WHERE_NE:
    case WHERE_NOT_IN:
        return !is_listed(test, type, have);
    case WHERE_GT:
        return order_of(type, have, &test->values[0]) > 0;
    case WHERE_GE:
        return order_of(type, have, &test->values[0]) >= 0;
    case WHERE_LT:
        return order_of(type, have, &test->values[0]) < 0;
    case WHERE_LE:
        return order_of(type, have, &test->values[0]) <= 0;
    case WHERE_EXISTS:
        return true;
    }
    return false;
}

enum where_truth where_test(const struct where_step *test, const struct where_name *name,
                            const struct where_value *have)
{
    switch (have->state) {
    case WHERE_KNOWN:
        return is_known_true(test, name->type, have) ? WHERE_TRUE : WHERE_FALSE;
    case WHERE_UNKNOWN:
        return WHERE_NEITHER;
    case WHERE_ABSENT:
        break;
    }
    if (test->compare == WHERE_EXISTS) {
        return WHERE_FALSE;
    }
    if ((name->flags & WHERE_TOTAL) == 0) {
        return WHERE_NEITHER;
    }
    return test->compare == WHERE_NE || test->compare == WHERE_NOT_IN ? WHERE_TRUE : WHERE_FALSE;
}

static enum where_truth both(enum where_truth a, enum where_truth b)
{
    if (a == WHERE_FALSE || b == WHERE_FALSE) {
        return WHERE_FALSE;
    }
    return a == WHERE_TRUE && b == WHERE_TRUE ? WHERE_TRUE : WHERE_NEITHER;
}

static enum where_truth opposite(enum where_truth a)
{
    return a == WHERE_NEITHER ? WHERE_NEITHER : a == WHERE_TRUE ? WHERE_FALSE : WHERE_TRUE;
}

enum where_truth where_eval(const struct where *where, where_get_f *get, const void *context)
{
    enum where_truth stack[WHERE_DEPTH_MAX + 1];
    size_t top = 0;

    for (size_t i = 0; i < where->count; i++) {
        const struct where_step *step = &where->steps[i];
        struct where_value have;

        switch (step->code) {
        case WHERE_TEST:
            assert(top <= WHERE_DEPTH_MAX);
            have = get(context, step->row, step->key);
            stack[top++] = where_test(step, &where->names->rows[step->row], &have);
            break;
        case WHERE_NOT:
            stack[top - 1] = opposite(stack[top - 1]);
            break;
        case WHERE_AND:
            top--;
            stack[top - 1] = both(stack[top - 1], stack[top]);
            break;
        case WHERE_OR:
            top--;
            stack[top - 1] = opposite(both(opposite(stack[top - 1]), opposite(stack[top])));
            break;
        }
    }
    return top == 0 ? WHERE_TRUE : stack[0];
}

void where_of_test(struct arena *arena, const struct where_names *names,
                   const struct where_step *test, struct where *ret_where)
{
    *ret_where = (struct where){
        .names = names,
        .steps = arena_copy(arena, test, sizeof(*test)),
        .count = 1,
        .depth = 1,
        .is_volatile = (names->rows[test->row].flags & WHERE_VOLATILE) != 0,
    };
}
