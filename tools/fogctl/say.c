/* How fogctl speaks to a person: errors, colours, and texts of others that a terminal may be shown.
 *
 * What comes from objects, logs and answers was written by somebody else.  Control characters in it
 * could move the cursor, change a title or hide text; none reaches a terminal. */
#include "schema/base/parse.h"
#include "tools/fogctl/fogctl.h"

#include <stdarg.h>
#include <stdio.h>

/* --- characters ------------------------------------------------------------------------------- */

/* The code point that begins at `text` and its length in bytes; what is no UTF-8 is read byte by
 * byte, as U+FFFD. */
static uint32_t decode(const char *text, size_t *ret_length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t more = bytes[0] < 0x80    ? 0
                  : bytes[0] >= 0xf0 ? 3
                  : bytes[0] >= 0xe0 ? 2
                  : bytes[0] >= 0xc2 ? 1
                                     : 4;
    uint32_t code = more == 0 ? bytes[0] : bytes[0] & (0x3fu >> more);

    *ret_length = 1;
    for (size_t i = 1; i <= more; i++) {
        if (more == 4 || bytes[0] > 0xf4 || (bytes[i] & 0xc0) != 0x80) {
            return 0xfffd;
        }
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    *ret_length = more + 1;
    return code;
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Controls of both sets, and marks that reorder the text around them. */
static bool is_unfit(uint32_t code)
{
    static const struct range unfit[] = {
        {0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

    return is_in(code, unfit, COUNT_OF(unfit));
}

/* Columns of a terminal that a character takes. */
static size_t columns_of(uint32_t code)
{
    static const struct range none[] = {
        {0x300, 0x36f}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
    static const struct range two[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x4dbf},   {0x4e00, 0xa4cf},
        {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
        {0x20000, 0x3fffd},
    };

    return is_in(code, none, COUNT_OF(none)) ? 0 : is_in(code, two, COUNT_OF(two)) ? 2 : 1;
}

size_t text_width(const char *text)
{
    size_t width = 0, length;

    for (; *text != '\0'; text += length) {
        uint32_t code = decode(text, &length);

        width += is_unfit(code) ? 1 : columns_of(code);
    }
    return width;
}

static void add_shown(struct str *to, const char *text, const char *kept)
{
    size_t length;

    for (; *text != '\0'; text += length) {
        uint32_t code = decode(text, &length);

        if (code < 0x80 && strchr(kept, (int)code) != NULL) {
            str_add_char(to, *text);
        } else if (is_unfit(code)) {
            str_add_char(to, '?');
        } else if (code == 0xfffd) {
            str_add(to, "\xef\xbf\xbd");
        } else {
            str_add_bytes(to, text, length);
        }
    }
}

static bool is_colored; /* what is said of errors */

void say_in_color(bool value)
{
    is_colored = value;
}

size_t text_add_fitting(struct str *to, const char *text, size_t columns, bool is_ascii)
{
    size_t width = 0, length, before_last = to->length, before_width = 0;

    for (; *text != '\0'; text += length) {
        uint32_t code = decode(text, &length);
        size_t more = is_unfit(code) || (is_ascii && code >= 0x80) ? 1 : columns_of(code);

        if (width + more > columns) {
            break;
        }
        if (more > 0) {
            before_last = to->length;
            before_width = width;
        }
        if (is_unfit(code) || (is_ascii && code >= 0x80)) {
            str_add_char(to, '?');
        } else {
            str_add_bytes(to, code == 0xfffd ? "\xef\xbf\xbd" : text, code == 0xfffd ? 3 : length);
        }
        width += more;
    }
    if (*text != '\0' && columns > 0) {
        to->length = before_last;
        str_add(to, is_ascii ? "~" : "…");
        width = before_width + 1;
    }
    return width;
}

void text_put(FILE *to, const char *text)
{
    _cleanup_(str_fini)
    struct str shown = STR_EMPTY;

    add_shown(&shown, text == NULL ? "" : text, "");
    fputs(shown.data, to);
}

void text_put_lines(FILE *to, const char *text)
{
    _cleanup_(str_fini)
    struct str shown = STR_EMPTY;

    add_shown(&shown, text == NULL ? "" : text, "\n\t");
    fputs(shown.data, to);
}

static void put_part(FILE *to, const char *text, size_t length)
{
    _cleanup_free_ char *part = strndup(text, length);

    text_put_lines(to, part);
}

/* "FILE:LINE:COLUMN: error: …", line by line: the word is as in any other error. */
void text_put_problems(FILE *to, const char *text)
{
    static const char word[] = ": error: ";

    while (*text != '\0') {
        const char *end = strchrnul(text, '\n'), *at = strstr(text, word);

        end += *end == '\n';
        if (is_colored && at != NULL && at < end) {
            put_part(to, text, (size_t)(at - text));
            fputs(": \033[31merror:\033[0m ", to);
            text = at + sizeof(word) - 1;
        }
        put_part(to, text, (size_t)(end - text));
        text = end;
    }
}

const char *text_shown(struct fogctl *fogctl, const char *text)
{
    _cleanup_(str_fini)
    struct str shown = STR_EMPTY;

    add_shown(&shown, text == NULL ? "" : text, "");
    return arena_strdup(&fogctl->arena, shown.data);
}

/* --- errors ----------------------------------------------------------------------------------- */

_printf_(1, 0) static void put_error(const char *format, va_list args)
{
    _cleanup_free_ char *text = NULL;

    (void)fflush(stdout);
    if (vasprintf(&text, format, args) < 0) {
        abort(); /* no memory */
    }
    fputs(is_colored ? "\033[31merror:\033[0m " : "error: ", stderr);
    text_put(stderr, text);
    fputc('\n', stderr);
}

int fail(const char *what_to_do, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_error(format, args);
    va_end(args);
    if (what_to_do != NULL) {
        fputs("  ", stderr);
        text_put(stderr, what_to_do);
        fputc('\n', stderr);
    }
    return EXIT_FAILED;
}

int usage_error(const struct verb *verb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_error(format, args);
    va_end(args);
    fprintf(stderr, "  usage: fogctl %s\n", verb->usage);
    return EXIT_USAGE;
}

enum { WORDS_MAX = 32, WORD_SIZE = 32 };

/* "status | can-i VERB | bash|zsh": status, can-i, bash, zsh; what is to be filled in is none. */
static size_t first_words(const struct verb *verb, char words[WORDS_MAX][WORD_SIZE])
{
    const char *at = verb->usage + strlen(verb->name);
    size_t count = 0;

    while (count < WORDS_MAX) {
        size_t length;

        at += strspn(at, " |");
        length = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
        if (length > 0 && length < WORD_SIZE && at[0] != '-' && strchr(" |", at[length]) != NULL) {
            (void)snprintf(words[count++], WORD_SIZE, "%.*s", (int)length, at);
        }
        if (at[length] == '|') {
            at += length;
            continue;
        }
        at = strstr(at, " | ");
        if (at == NULL) {
            break;
        }
    }
    return count;
}

bool word_is_near(const struct verb *verb, const char *word)
{
    char words[WORDS_MAX][WORD_SIZE];
    const char *candidates[WORDS_MAX], *close;
    size_t count = first_words(verb, words);

    for (size_t i = 0; i < count; i++) {
        candidates[i] = words[i];
    }
    close = word == NULL ? NULL : words_closest(word, candidates, count);
    close = str_eq(close, word) ? NULL : close;
    if (close != NULL) {
        (void)usage_error(verb, "there is no \"%s %s\"; did you mean \"%s %s\"?", verb->name, word,
                          verb->name, close);
    }
    return close != NULL;
}

/* --- colour ----------------------------------------------------------------------------------- */

const char *paint(const struct fogctl *fogctl, const char *color)
{
    static const struct {
        const char *name, *code;
    } colors[] = {{"off", "\033[0m"},     {"red", "\033[31m"},  {"green", "\033[32m"},
                  {"yellow", "\033[33m"}, {"blue", "\033[36m"}, {"bold", "\033[1m"}};

    for (size_t i = 0; fogctl->color && i < COUNT_OF(colors); i++) {
        if (str_eq(colors[i].name, color)) {
            return colors[i].code;
        }
    }
    return "";
}
