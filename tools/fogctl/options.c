/* Options from a table: long and short, with values behind "=" or in the next word, anywhere among
 * the words; "--" ends them. */
#include "schema/base/parse.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <string.h>

struct reading {
    const struct option_row *rows;
    size_t count;
    int argc, at;
    char **argv;
};

static bool store(const struct option_row *row, const char *value)
{
    int64_t number;

    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)row->to = value == NULL || str_eq(value, "true");
        return true;
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
        if (!duration_from_str(value, &number)) {
            (void)fail(NULL, "--%s: \"%s\" is not a duration, as 30s or 5m is", row->name, value);
            return false;
        }
        *(int64_t *)row->to = number;
        return true;
    }
    return false;
}

static bool unknown(const struct reading *reading, const char *word)
{
    const char *names[64];
    const char *close;
    size_t count = reading->count < COUNT_OF(names) ? reading->count : COUNT_OF(names);
    char advice[128] = "--help lists the options";

    for (size_t i = 0; i < count; i++) {
        names[i] = reading->rows[i].name;
    }
    close = str_starts(word, "--") ? words_closest(word + 2, names, count) : NULL;
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
    return unknown(reading, word);
}

static bool read_short(struct reading *reading, const char *word)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct option_row *row = &reading->rows[i];

        if (row->letter == word[1]) {
            const char *rest = word[2] == '\0' ? NULL : word[2] == '=' ? word + 3 : word + 2;

            if (row->type == OPTION_FLAG && rest != NULL) {
                return unknown(reading, word);
            }
            return take_value(reading, row, rest);
        }
    }
    return unknown(reading, word);
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
        if (str_starts(word, "--")) {
            if (!read_long(&reading, word)) {
                return false;
            }
        } else if (word[0] == '-' && word[1] != '\0') {
            if (!read_short(&reading, word)) {
                return false;
            }
        } else {
            vec_add(words, word);
        }
    }
    return true;
}
