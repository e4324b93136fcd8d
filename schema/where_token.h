/* The words and signs of schema/where.h, for its parser alone. */
#pragma once

#include "schema/where.h"

enum token_type {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_TEXT, /* in quotes */
    TOKEN_NOT,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_BRACKET,
    TOKEN_BRACKET_END,
    TOKEN_COMPARE,
    TOKEN_BAD /* was complained about */
};

struct token {
    enum token_type type;
    const char *text; /* in the arena: of a word, without quotes; of the others as written */
    enum where_compare compare;
    unsigned line, column;
};

struct scan {
    struct arena *arena;
    struct problems *problems;
    const char *at;
    unsigned line, column;
    struct token token; /* the next one */
};

void scan_begin(struct scan *scan, struct arena *arena, struct problems *problems,
                const char *text); /* takes no token yet */
void scan_next(struct scan *scan);
bool scan_is_word(const struct scan *scan, const char *word);

/* "the end", "\"in\"": what is next, for people. */
const char *scan_words(const struct scan *scan);
/* Complains that something else was expected, unless what is next was complained about already. */
void scan_expected(struct scan *scan, const char *what);
void scan_complain(struct scan *scan, const struct token *at, enum problem_cause cause,
                   const char *format, ...) _printf_(4, 5);
