/* What the type of an option says of a text. */
#include "schema/base/parse.h"
#include "schema/option.h"

#include <inttypes.h>
#include <string.h>

static bool is_within(const struct option *option, int64_t value)
{
    return value >= option->min && (option->max == 0 || value <= option->max);
}

static bool read_number(const struct option *option, const char *value, int64_t *ret_number)
{
    int64_t number = 0;
    bool is_one = option->type == OPTION_NUMBER     ? int_from_str(value, &number)
                  : option->type == OPTION_DURATION ? duration_from_str(value, &number)
                  : option->type == OPTION_QUANTITY ? quantity_from_str(value, &number)
                                                    : cores_from_str(value, &number);

    if (!is_one || !is_within(option, number)) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_switch(const char *value, bool *ret_on)
{
    *ret_on = str_eq(value, "true") || str_eq(value, "1");
    return *ret_on || str_eq(value, "false") || str_eq(value, "0");
}

static bool read_word(const struct option *option, const char *value, int *ret_index)
{
    for (int i = 0; option->words[i] != NULL; i++) {
        if (str_eq(option->words[i], value)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

bool option_put(const struct option *option, void *config, struct arena *arena, const char *value)
{
    void *member = (char *)config + option->offset;
    char *text = arena_strdup(arena, value);

    switch (option->type) {
    case OPTION_SWITCH:
        return read_switch(text, member);
    case OPTION_NUMBER:
    case OPTION_DURATION:
    case OPTION_QUANTITY:
    case OPTION_CORES:
        return read_number(option, text, member);
    case OPTION_WORD:
        return read_word(option, text, member);
    case OPTION_TEXT:
        *(const char **)member = text;
        return (text[0] != '\0' || (option->flags & OPTION_MAY_BE_EMPTY) != 0) &&
               (option->take == NULL || option->take(config, arena, arena_strdup(arena, value)));
    case OPTION_TAKEN:
        return option->take(config, arena, text);
    }
    return false;
}

static void number_to_str(const struct option *option, int64_t number,
                          char text[static OPTION_VALUE_SIZE])
{
    if (option->type == OPTION_DURATION) {
        duration_to_str(number, text);
    } else if (option->type == OPTION_QUANTITY) {
        quantity_to_str(number, text);
    } else if (option->type == OPTION_CORES) {
        cores_to_str(number, text);
    } else {
        (void)snprintf(text, OPTION_VALUE_SIZE, "%" PRId64, number);
    }
}

static void expect_number(const struct option *option, struct str *to)
{
    char bound[OPTION_VALUE_SIZE];

    str_add(to, option->type == OPTION_DURATION   ? "a duration, as 30s,"
                : option->type == OPTION_QUANTITY ? "a size, as 4Gi,"
                : option->type == OPTION_CORES    ? "a number of cores, as 1.5,"
                                                  : "a number");
    number_to_str(option, option->min, bound);
    str_addf(to, " from %s", bound);
    if (option->max > 0) {
        number_to_str(option, option->max, bound);
        str_addf(to, " to %s", bound);
    }
}

void option_expects(const struct option *option, struct str *to)
{
    if (option->expected != NULL) {
        str_add(to, option->expected);
        return;
    }
    switch (option->type) {
    case OPTION_SWITCH:
        str_add(to, "true or false");
        return;
    case OPTION_NUMBER:
    case OPTION_DURATION:
    case OPTION_QUANTITY:
    case OPTION_CORES:
        expect_number(option, to);
        return;
    case OPTION_WORD:
        for (int i = 0; option->words[i] != NULL; i++) {
            str_addf(to, "%s%s",
                     i == 0                         ? ""
                     : option->words[i + 1] == NULL ? " or "
                                                    : ", ",
                     option->words[i]);
        }
        return;
    case OPTION_TEXT:
    case OPTION_TAKEN:
        str_add(to, "such a value");
        return;
    }
}

const char *option_canonical(const struct option *option, struct arena *arena, const char *value)
{
    char text[OPTION_VALUE_SIZE];
    int64_t number;
    bool is_on;

    switch (option->type) {
    case OPTION_SWITCH:
        return read_switch(value, &is_on) ? is_on ? "true" : "false" : value;
    case OPTION_NUMBER:
    case OPTION_DURATION:
    case OPTION_QUANTITY:
    case OPTION_CORES:
        if (!read_number(option, value, &number)) {
            return value;
        }
        number_to_str(option, number, text);
        return arena_strdup(arena, text);
    case OPTION_WORD:
    case OPTION_TEXT:
    case OPTION_TAKEN:
        break;
    }
    return value;
}

void option_name_variable(const struct option_table *table, const struct option *option,
                          struct str *to)
{
    str_add(to, table->prefix);
    for (const char *c = option->name; *c != '\0'; c++) {
        str_add_char(to, (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
    }
}
