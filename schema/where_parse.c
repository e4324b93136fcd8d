/* The text of schema/where.h → its program.
 *
 * Operators wait on a stack of their own until what binds less tightly comes (the shunting yard),
 * so nothing recurses.  The parser is in one of two states:
 *
 *     operand   a test, "!" or "(" is due      test, ")"   → operator
 *     operator  "&&", "||", ")" or the end is  "&&", "||"  → operand
 *
 * After a mistake it goes on behind the next "&&", "||" or ")", to find the others. */
#include "schema/base/err.h"
#include "schema/limits.h"
#include "schema/where_token.h"

#include <assert.h>
#include <string.h>

enum waiting { WAITING_OPEN, WAITING_NOT, WAITING_AND, WAITING_OR };

struct waits { /* an operator on its stack */
    enum waiting what;
    unsigned line, column;
};

struct parser {
    struct scan scan;
    const struct where_names *names;
    struct waits waits[WHERE_DEPTH_MAX];
    size_t waiting;
    struct where_step *steps; /* in the arena */
    size_t count, depth, depth_max;
    bool is_volatile, is_too_long;
    size_t errors; /* of others, before */
};

/* --- the program ------------------------------------------------------------------------------ */

static void emit(struct parser *parser, const struct where_step *step)
{
    if (parser->count == WHERE_STEPS_MAX) {
        parser->is_too_long = true;
        return;
    }
    parser->steps = arena_grow(parser->scan.arena, parser->steps, parser->count, sizeof(*step));
    parser->steps[parser->count++] = *step;
    if (step->code == WHERE_TEST) {
        parser->depth++;
        parser->depth_max = parser->depth > parser->depth_max ? parser->depth : parser->depth_max;
    } else if (step->code != WHERE_NOT && parser->depth > 1) {
        parser->depth--;
    }
}

/* Emits what waits and binds as tightly as `loosest`, down to an open parenthesis. */
static void emit_waiting(struct parser *parser, enum waiting loosest)
{
    while (parser->waiting > 0 && parser->waits[parser->waiting - 1].what != WAITING_OPEN &&
           parser->waits[parser->waiting - 1].what <= loosest) {
        static const enum where_code codes[] = {
            [WAITING_NOT] = WHERE_NOT, [WAITING_AND] = WHERE_AND, [WAITING_OR] = WHERE_OR};
        struct where_step step = {.code = codes[parser->waits[--parser->waiting].what]};

        emit(parser, &step);
    }
}

static void push(struct parser *parser, enum waiting what)
{
    if (parser->waiting == WHERE_DEPTH_MAX) {
        if (!parser->is_too_long) {
            scan_complain(&parser->scan, &parser->scan.token, CAUSE_INVALID,
                          "more than %d operators are open here", WHERE_DEPTH_MAX);
        }
        parser->is_too_long = true;
        return;
    }
    parser->waits[parser->waiting++] =
        (struct waits){what, parser->scan.token.line, parser->scan.token.column};
}

/* --- fields ----------------------------------------------------------------------------------- */

struct named { /* a field as it was written */
    struct token at;
    const struct where_name *name; /* NULL: complained about */
    size_t row;
    const char *key;
    bool is_bare;
};

static void complain_of_name(struct parser *parser, const struct named *named)
{
    const char *closest = where_closest(parser->names, named->at.text);

    if (closest != NULL && str_eq(closest, named->at.text)) {
        scan_complain(&parser->scan, &named->at, CAUSE_NOT_SUPPORTED,
                      "\"%.100s\" has several values; say which, as in %s.NAME", named->at.text,
                      closest);
    } else if (closest != NULL) {
        scan_complain(&parser->scan, &named->at, CAUSE_NOT_SUPPORTED,
                      "there is no \"%.100s\"; did you mean %s?", named->at.text, closest);
    } else {
        scan_complain(&parser->scan, &named->at, CAUSE_NOT_SUPPORTED, "there is no \"%.100s\"",
                      named->at.text);
    }
}

/* The key in brackets after the name of a group. */
static bool take_bracket(struct parser *parser, const char **ret_key)
{
    scan_next(&parser->scan);
    if (parser->scan.token.type != TOKEN_TEXT && parser->scan.token.type != TOKEN_WORD) {
        scan_expected(&parser->scan, "a key in quotes");
        return false;
    }
    *ret_key = parser->scan.token.text;
    scan_next(&parser->scan);
    if (parser->scan.token.type != TOKEN_BRACKET_END) {
        scan_expected(&parser->scan, "\"]\"");
        return false;
    }
    scan_next(&parser->scan);
    return true;
}

static bool find_group(const struct parser *parser, const char *text, size_t *ret_row)
{
    for (size_t i = 0; i < parser->names->count; i++) {
        if ((parser->names->rows[i].flags & WHERE_GROUP) != 0 &&
            str_eq(parser->names->rows[i].name, text)) {
            *ret_row = i;
            return true;
        }
    }
    return false;
}

static void check_named(struct parser *parser, struct named *named)
{
    const struct where_name *name = &parser->names->rows[named->row];
    const char *why;

    if (named->key != NULL && name->check_key != NULL && !name->check_key(named->key, &why)) {
        scan_complain(&parser->scan, &named->at, CAUSE_INVALID, "\"%.300s\" %s", named->key, why);
    } else if ((name->flags & parser->names->needs) != parser->names->needs) {
        scan_complain(&parser->scan, &named->at, CAUSE_NOT_SUPPORTED, "\"%s\" is not %s",
                      name->name, parser->names->needed);
    } else {
        named->name = name;
        parser->is_volatile = parser->is_volatile || (name->flags & WHERE_VOLATILE) != 0;
    }
}

/* False: the sentence cannot go on. */
static bool take_field(struct parser *parser, struct named *ret_named)
{
    *ret_named = (struct named){.at = parser->scan.token};
    if (parser->scan.token.type != TOKEN_WORD) {
        scan_expected(&parser->scan, "a field");
        return false;
    }
    scan_next(&parser->scan);
    if (parser->scan.token.type == TOKEN_BRACKET) {
        if (!find_group(parser, ret_named->at.text, &ret_named->row)) {
            complain_of_name(parser, ret_named);
            return false;
        }
        if (!take_bracket(parser, &ret_named->key)) {
            return false;
        }
        check_named(parser, ret_named);
    } else if (where_find(parser->names, ret_named->at.text, &ret_named->row, &ret_named->key)) {
        ret_named->is_bare = ret_named->key == ret_named->at.text;
        check_named(parser, ret_named);
    } else {
        complain_of_name(parser, ret_named);
    }
    return true;
}

/* --- tests ------------------------------------------------------------------------------------ */

/* What is compared is a text, and a number was meant: of another field, perhaps. */
static void complain_of_order(struct parser *parser, const struct named *named,
                              const struct token *sign)
{
    const char *closest = named->is_bare ? where_closest(parser->names, named->at.text) : NULL;
    const char *what = named->name->type == WHERE_FLAG ? "is true or false"
                       : named->is_bare                ? "is a label, whose values are texts"
                                                       : "is a text";

    scan_complain(&parser->scan, sign, CAUSE_NOT_SUPPORTED,
                  "\"%s\" compares numbers, and %.100s %s%s%s%s", sign->text, named->at.text, what,
                  closest == NULL ? "" : "; did you mean ", closest == NULL ? "" : closest,
                  closest == NULL ? "" : "?");
}

static bool take_value(struct parser *parser, const struct named *named,
                       struct where_value *ret_value)
{
    *ret_value = (struct where_value){.state = WHERE_KNOWN, .text = parser->scan.token.text};
    if (parser->scan.token.type != TOKEN_WORD && parser->scan.token.type != TOKEN_TEXT) {
        scan_expected(&parser->scan, "a value");
        return false;
    }
    if (named->name != NULL &&
        !where_value_from_str(named->name, parser->scan.token.text, ret_value)) {
        scan_complain(&parser->scan, &parser->scan.token, CAUSE_TYPE,
                      "\"%.60s\" is not %s, as %.100s wants", parser->scan.token.text,
                      where_type_words(named->name->type), named->at.text);
    }
    scan_next(&parser->scan);
    return true;
}

static bool take_list(struct parser *parser, const struct named *named, struct where_step *test)
{
    struct where_value *values = NULL, value;

    if (parser->scan.token.type != TOKEN_OPEN) {
        scan_expected(&parser->scan, "\"(\" and values");
        return false;
    }
    do {
        scan_next(&parser->scan);
        if (!take_value(parser, named, &value)) {
            return false;
        }
        if (test->count == WHERE_VALUES_MAX) {
            scan_complain(&parser->scan, &named->at, CAUSE_INVALID, "more than %d values",
                          WHERE_VALUES_MAX);
            return false;
        }
        values = arena_grow(parser->scan.arena, values, test->count, sizeof(value));
        values[test->count++] = value;
        test->values = values;
    } while (parser->scan.token.type == TOKEN_COMMA);
    if (parser->scan.token.type != TOKEN_CLOSE) {
        scan_expected(&parser->scan, "\",\" or \")\"");
        return false;
    }
    scan_next(&parser->scan);
    return true;
}

static bool take_one(struct parser *parser, const struct named *named, struct where_step *test)
{
    const struct token sign = parser->scan.token;
    struct where_value value;
    bool is_order = sign.compare != WHERE_EQ && sign.compare != WHERE_NE;

    scan_next(&parser->scan);
    test->compare = sign.compare;
    if (named->name != NULL && is_order && !where_type_has_order(named->name->type)) {
        complain_of_order(parser, named, &sign);
        return take_value(parser, &(struct named){.at = named->at}, &value);
    }
    if (!take_value(parser, named, &value)) {
        return false;
    }
    test->values = arena_copy(parser->scan.arena, &value, sizeof(value));
    test->count = 1;
    return true;
}

static bool take_alone(struct parser *parser, const struct named *named, struct where_step *test)
{
    static const struct where_value yes = {.state = WHERE_KNOWN, .text = "true", .number = 1};

    if (named->name != NULL && named->name->type != WHERE_FLAG) {
        scan_complain(&parser->scan, &named->at, CAUSE_SYNTAX,
                      "%.100s is compared with nothing; is it there? \"exists %.100s\"",
                      named->at.text, named->at.text);
    }
    test->compare = WHERE_EQ;
    test->values = &yes;
    test->count = 1;
    return true;
}

static bool take_comparison(struct parser *parser, const struct named *named,
                            struct where_step *test)
{
    if (scan_is_word(&parser->scan, "in") || scan_is_word(&parser->scan, "notin") ||
        scan_is_word(&parser->scan, "notIn")) {
        test->compare = scan_is_word(&parser->scan, "in") ? WHERE_IN : WHERE_NOT_IN;
        scan_next(&parser->scan);
        return take_list(parser, named, test);
    }
    if (parser->scan.token.type == TOKEN_COMPARE) {
        return take_one(parser, named, test);
    }
    return take_alone(parser, named, test);
}

static bool take_test(struct parser *parser)
{
    struct where_step test = {.code = WHERE_TEST, .compare = WHERE_EXISTS};
    struct named named;
    bool is_fine;

    if (scan_is_word(&parser->scan, "exists")) {
        scan_next(&parser->scan);
        is_fine = take_field(parser, &named);
    } else {
        is_fine = take_field(parser, &named) && take_comparison(parser, &named, &test);
    }
    if (is_fine && named.name != NULL) {
        test.row = named.row;
        test.key = named.key;
        emit(parser, &test);
    }
    return is_fine;
}

/* --- operators -------------------------------------------------------------------------------- */

/* Behind a mistake: to where an operator may stand. */
static void recover(struct parser *parser)
{
    while (parser->scan.token.type != TOKEN_END && parser->scan.token.type != TOKEN_AND &&
           parser->scan.token.type != TOKEN_OR && parser->scan.token.type != TOKEN_CLOSE) {
        scan_next(&parser->scan);
    }
}

static void negate(struct parser *parser)
{
    if (parser->waiting > 0 && parser->waits[parser->waiting - 1].what == WAITING_NOT) {
        parser->waiting--; /* twice is not at all */
    } else {
        push(parser, WAITING_NOT);
    }
    scan_next(&parser->scan);
}

/* False: another operand is due. */
static bool on_operand(struct parser *parser)
{
    if (parser->scan.token.type == TOKEN_NOT) {
        negate(parser);
        return false;
    }
    if (parser->scan.token.type == TOKEN_OPEN) {
        push(parser, WAITING_OPEN);
        scan_next(&parser->scan);
        return false;
    }
    if (!take_test(parser)) {
        recover(parser);
    }
    return true;
}

static void close_one(struct parser *parser)
{
    emit_waiting(parser, WAITING_OR);
    if (parser->waiting == 0) {
        scan_complain(&parser->scan, &parser->scan.token, CAUSE_SYNTAX, "\")\" closes nothing");
    } else {
        parser->waiting--;
    }
    scan_next(&parser->scan);
}

static void on_unexpected(struct parser *parser)
{
    const char *meant =
        scan_is_word(&parser->scan, "and") || scan_is_word(&parser->scan, "AND") ? "&&"
        : scan_is_word(&parser->scan, "or") || scan_is_word(&parser->scan, "OR") ? "||"
        : parser->scan.token.type == TOKEN_COMMA                                 ? "&&"
                                                                                 : NULL;

    if (meant == NULL) {
        scan_expected(&parser->scan, "\"&&\" or \"||\"");
    } else {
        scan_complain(&parser->scan, &parser->scan.token, CAUSE_SYNTAX,
                      "%s is no operator; did you mean \"%s\"?", scan_words(&parser->scan), meant);
    }
    scan_next(&parser->scan);
    recover(parser);
}

/* True: another operator is due. */
static bool on_operator(struct parser *parser)
{
    switch (parser->scan.token.type) {
    case TOKEN_AND:
        emit_waiting(parser, WAITING_AND);
        push(parser, WAITING_AND);
        scan_next(&parser->scan);
        return false;
    case TOKEN_OR:
        emit_waiting(parser, WAITING_OR);
        push(parser, WAITING_OR);
        scan_next(&parser->scan);
        return false;
    case TOKEN_CLOSE:
        close_one(parser);
        return true;
    case TOKEN_END:
    case TOKEN_WORD:
    case TOKEN_TEXT:
    case TOKEN_NOT:
    case TOKEN_OPEN:
    case TOKEN_COMMA:
    case TOKEN_BRACKET:
    case TOKEN_BRACKET_END:
    case TOKEN_COMPARE:
    case TOKEN_BAD:
        break;
    }
    on_unexpected(parser);
    return true;
}

static void parse_all(struct parser *parser)
{
    bool is_operator_due = false;

    scan_next(&parser->scan);
    while ((parser->scan.token.type != TOKEN_END || !is_operator_due) && !parser->is_too_long) {
        if (parser->scan.token.type == TOKEN_END) {
            scan_expected(&parser->scan, "a field");
            is_operator_due = true;
        } else {
            is_operator_due = is_operator_due ? on_operator(parser) : on_operand(parser);
        }
    }
    emit_waiting(parser, WAITING_OR);
    for (size_t i = 0; i < parser->waiting && !parser->is_too_long; i++) {
        if (parser->waits[i].what == WAITING_OPEN) {
            problem_add_at(parser->scan.problems, PROBLEM_ERROR, CAUSE_SYNTAX,
                           parser->waits[i].line, parser->waits[i].column, "",
                           "\"(\" is never closed");
        }
    }
    if (parser->is_too_long && parser->scan.problems->errors == parser->errors) {
        scan_complain(&parser->scan, &parser->scan.token, CAUSE_INVALID,
                      "more than %d tests and operators", WHERE_STEPS_MAX);
    }
}

int where_parse(struct arena *arena, const struct where_names *names, const char *text,
                struct problems *problems, struct where *ret_where)
{
    struct parser parser = {.names = names, .errors = problems->errors};

    if (strlen(text) > WHERE_BYTES_MAX) {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_INVALID, 1, 1, "",
                       "the expression has %zu bytes, at most %d are allowed", strlen(text),
                       WHERE_BYTES_MAX);
        return ERR_INVALID;
    }
    scan_begin(&parser.scan, arena, problems, text);
    parse_all(&parser);
    if (problems->errors > parser.errors) {
        return ERR_INVALID;
    }
    assert(parser.depth == 1);
    *ret_where = (struct where){.names = names,
                                .steps = parser.steps,
                                .count = parser.count,
                                .depth = parser.depth_max,
                                .is_volatile = parser.is_volatile};
    return 0;
}

const char *where_problems_text(struct arena *arena, const struct problems *problems)
{
    const char *text = "";

    for (size_t i = 0; i < problems->count && i < WHERE_PROBLEMS_SHOWN; i++) {
        const struct problem *problem = &problems->items[i];

        text = problem->line > 1
                   ? arena_printf(arena, "%s%sline %u, column %u: %s", text, i == 0 ? "" : "; ",
                                  problem->line, problem->column, problem->message)
                   : arena_printf(arena, "%s%scolumn %u: %s", text, i == 0 ? "" : "; ",
                                  problem->column, problem->message);
    }
    return text;
}
