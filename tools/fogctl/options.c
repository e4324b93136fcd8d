/* Options from a table: long and short, with values behind "=" or in the next word, anywhere among
 * the words; "--" ends them. */
#include "schema/base/parse.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/foreign.h"

#include <stdio.h>
#include <string.h>

struct reading {
    const struct option_row *rows;
    size_t count;
    int argc, at;
    char **argv;
};

static bool store_flag(const struct option_row *row, const char *value)
{
    bool is_true = value == NULL || str_eq(value, "true");

    if (!is_true && !str_eq(value, "false")) {
        (void)fail(NULL, "--%s is true or false, not \"%s\"", row->name, value);
        return false;
    }
    *(bool *)row->to = is_true;
    return true;
}

static bool store(const struct option_row *row, const char *value)
{
    int64_t number;

    switch (row->type) {
    case OPTION_FLAG:
        return store_flag(row, value);
    case OPTION_TEXT:
        *(const char **)row->to = value;
        return true;
    case OPTION_LIST:
        vec_add((struct texts *)row->to, value);
        return true;
    case OPTION_INT:
        if (!int_from_str(value, &number)) {
            (void)fail(NULL, "--%s: \"%s\" is not a number", row->name, value);
            return false;
        }
        *(int64_t *)row->to = number;
        return true;
    case OPTION_DURATION:
        if (!duration_from_str(str_eq(value, "0") ? "0s" : value, &number)) {
            (void)fail(NULL, "--%s: \"%s\" is not a duration, as 30s or 5m is", row->name, value);
            return false;
        }
        *(int64_t *)row->to = number;
        return true;
    }
    return false;
}

static bool unknown(const struct reading *reading, const char *word, const char *name,
                    size_t length)
{
    const char *names[64];
    size_t count = reading->count < COUNT_OF(names) ? reading->count : COUNT_OF(names);
    char typed[64], advice[128] = "--help lists the options";
    const char *close, *instead;

    for (size_t i = 0; i < count; i++) {
        names[i] = reading->rows[i].name;
    }
    (void)snprintf(typed, sizeof(typed), "%.*s", (int)length, name);
    instead = foreign_option(typed);
    if (instead != NULL) {
        (void)fail(instead, "unknown option \"%s\"", word);
        return false;
    }
    close = length > 1 ? words_closest(typed, names, count) : NULL;
    if (close != NULL) {
        (void)snprintf(advice, sizeof(advice), "did you mean --%s?", close);
    }
    (void)fail(advice, "unknown option \"%s\"", word);
    return false;
}

static bool take_value(struct reading *reading, const struct option_row *row,
                       const char *inline_value)
{
    if (inline_value != NULL || row->type == OPTION_FLAG) {
        return store(row, inline_value);
    }
    if (row->when_bare != NULL) {
        return store(row, row->when_bare);
    }
    if (reading->at + 1 >= reading->argc) {
        (void)fail(NULL, "--%s needs a value: %s", row->name, row->value);
        return false;
    }
    return store(row, reading->argv[++reading->at]);
}

static bool read_long(struct reading *reading, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;

    for (size_t i = 0; i < reading->count; i++) {
        const struct option_row *row = &reading->rows[i];

        if (strlen(row->name) == length && strncmp(row->name, word + 2, length) == 0) {
            return take_value(reading, row, value);
        }
    }
    return unknown(reading, word, word + 2, length);
}

static const struct option_row *find_letter(const struct reading *reading, char letter)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (reading->rows[i].letter == letter) {
            return &reading->rows[i];
        }
    }
    return NULL;
}

/* -w, -wA: flags may stand together; -fx, -f=x, -f x: the first that takes a value takes the rest.
 */
static bool read_short(struct reading *reading, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option_row *row = find_letter(reading, *letter);
        const char *rest = letter[1] == '\0' ? NULL : letter[1] == '=' ? letter + 2 : letter + 1;

        if (row == NULL) {
            return unknown(reading, word, word + 1, strlen(word + 1));
        }
        if (row->type != OPTION_FLAG || (rest != NULL && letter[1] == '=')) {
            return take_value(reading, row, rest);
        }
        if (!store(row, NULL)) {
            return false;
        }
    }
    return true;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

bool options_read(const struct option_row *rows, size_t count, int argc, char **argv,
                  struct texts *words)
{
    struct reading reading = {rows, count, argc, 0, argv};

    for (; reading.at < argc; reading.at++) {
        const char *word = argv[reading.at];

        if (str_eq(word, "--")) {
            for (reading.at++; reading.at < argc; reading.at++) {
                vec_add(words, argv[reading.at]);
            }
            return true;
        }
        if (!is_option(word)) {
            vec_add(words, word);
        } else if (str_starts(word, "--") ? !read_long(&reading, word)
                                          : !read_short(&reading, word)) {
            return false;
        }
    }
    return true;
}

bool options_read_first(const struct option_row *rows, size_t count, int argc, char **argv,
                        int *ret_at)
{
    struct reading reading = {rows, count, argc, 0, argv};

    for (; reading.at < argc && is_option(argv[reading.at]); reading.at++) {
        const char *word = argv[reading.at];

        if (str_starts(word, "--") ? !read_long(&reading, word) : !read_short(&reading, word)) {
            return false;
        }
    }
    *ret_at = reading.at;
    return true;
}

bool is_dry_run_known(const char *value, bool with_client)
{
    return value == NULL || str_eq(value, "server") || str_eq(value, "none") ||
           (with_client && str_eq(value, "client"));
}
