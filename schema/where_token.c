/* Words and signs, with the line and column where each begins. */
#include "schema/where_token.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scan_complain(struct scan *scan, const struct token *at, enum problem_cause cause,
                   const char *format, ...)
{
    char message[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    problem_add_at(scan->problems, PROBLEM_ERROR, cause, at->line, at->column, "", "%s", message);
}

void scan_begin(struct scan *scan, struct arena *arena, struct problems *problems, const char *text)
{
    *scan = (struct scan){.arena = arena, .problems = problems, .at = text, .line = 1, .column = 1};
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._/%:-+", c) != NULL);
}

/* Columns count characters, lines end with line feeds. */
static void step_over(struct scan *scan, size_t bytes)
{
    for (; bytes > 0; bytes--, scan->at++) {
        if (*scan->at == '\n') {
            scan->line++;
            scan->column = 1;
        } else if (((unsigned char)*scan->at & 0xc0) != 0x80) {
            scan->column++;
        }
    }
}

static void take_quoted(struct scan *scan)
{
    const char *begin = scan->at + 1, *end = strchr(begin, *scan->at);

    if (end == NULL) {
        scan_complain(scan, &scan->token, CAUSE_SYNTAX, "a quote is never closed");
        scan->token.type = TOKEN_BAD;
        step_over(scan, strlen(scan->at));
        return;
    }
    scan->token.type = TOKEN_TEXT;
    scan->token.text = arena_strndup(scan->arena, begin, (size_t)(end - begin));
    step_over(scan, (size_t)(end - scan->at) + 1);
}

static const struct {
    const char *text;
    enum token_type type;
    enum where_compare compare;
} signs[] = {
    /* Those that begin others come after them. */
    {"&&", TOKEN_AND, 0},
    {"||", TOKEN_OR, 0},
    {"==", TOKEN_COMPARE, WHERE_EQ},
    {"=", TOKEN_COMPARE, WHERE_EQ},
    {"!=", TOKEN_COMPARE, WHERE_NE},
    {"<=", TOKEN_COMPARE, WHERE_LE},
    {"<", TOKEN_COMPARE, WHERE_LT},
    {">=", TOKEN_COMPARE, WHERE_GE},
    {">", TOKEN_COMPARE, WHERE_GT},
    {"!", TOKEN_NOT, 0},
    {"(", TOKEN_OPEN, 0},
    {")", TOKEN_CLOSE, 0},
    {",", TOKEN_COMMA, 0},
    {"[", TOKEN_BRACKET, 0},
    {"]", TOKEN_BRACKET_END, 0},
};

static void take_sign(struct scan *scan)
{
    size_t length = 1;

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (str_starts(scan->at, signs[i].text)) {
            scan->token.type = signs[i].type;
            scan->token.compare = signs[i].compare;
            scan->token.text = signs[i].text;
            step_over(scan, strlen(signs[i].text));
            return;
        }
    }
    scan->token.type = TOKEN_BAD;
    if (*scan->at == '&' || *scan->at == '|') {
        scan_complain(scan, &scan->token, CAUSE_SYNTAX,
                      "\"%c\" stands alone; did you mean \"%c%c\"?", *scan->at, *scan->at,
                      *scan->at);
    } else if ((unsigned char)*scan->at < ' ' || *scan->at == 0x7f) {
        scan_complain(scan, &scan->token, CAUSE_SYNTAX, "a control character");
    } else {
        while (((unsigned char)scan->at[length] & 0xc0) == 0x80) {
            length++;
        }
        scan_complain(scan, &scan->token, CAUSE_SYNTAX,
                      "\"%.*s\" has no meaning here; a text with it needs quotes", (int)length,
                      scan->at);
    }
    step_over(scan, length);
}

void scan_next(struct scan *scan)
{
    size_t length = 0;

    step_over(scan, strspn(scan->at, " \t\r\n"));
    scan->token = (struct token){.text = "", .line = scan->line, .column = scan->column};
    if (*scan->at == '\0') {
        return;
    }
    if (*scan->at == '\'' || *scan->at == '"') {
        take_quoted(scan);
        return;
    }
    while (is_word_char(scan->at[length])) {
        length++;
    }
    if (length == 0) {
        take_sign(scan);
        return;
    }
    scan->token.type = TOKEN_WORD;
    scan->token.text = arena_strndup(scan->arena, scan->at, length);
    step_over(scan, length);
}

const char *scan_words(const struct scan *scan)
{
    const struct token *token = &scan->token;

    switch (token->type) {
    case TOKEN_END:
        return "the end";
    case TOKEN_WORD:
        return arena_printf(scan->arena, "\"%.60s\"", token->text);
    case TOKEN_TEXT:
        return "a text in quotes";
    case TOKEN_NOT:
    case TOKEN_AND:
    case TOKEN_OR:
    case TOKEN_OPEN:
    case TOKEN_CLOSE:
    case TOKEN_COMMA:
    case TOKEN_BRACKET:
    case TOKEN_BRACKET_END:
    case TOKEN_COMPARE:
        return arena_printf(scan->arena, "\"%s\"", token->text);
    case TOKEN_BAD:
        break;
    }
    return "that";
}

void scan_expected(struct scan *scan, const char *what)
{
    if (scan->token.type != TOKEN_BAD) {
        scan_complain(scan, &scan->token, CAUSE_SYNTAX, "%s was expected, not %s", what,
                      scan_words(scan));
    }
}

bool scan_is_word(const struct scan *scan, const char *word)
{
    return scan->token.type == TOKEN_WORD && str_eq(scan->token.text, word);
}
