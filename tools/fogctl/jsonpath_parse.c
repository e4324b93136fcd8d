/* Reading templates: tools/fogctl/jsonpath.h. */
#include "schema/base/parse.h"
#include "tools/fogctl/jsonpath_inner.h"

#include <string.h>

struct reader {
    struct arena *arena;
    const char *text, *at;
    struct err *err;
};

static bool wrong(struct reader *r, const char *what)
{
    if (r->err->code == 0) {
        (void)err_set(r->err, ERR_INVALID, "column %zu: %s", (size_t)(r->at - r->text) + 1, what);
    }
    return false;
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t");
}

static bool take(struct reader *r, const char *word)
{
    if (!str_starts(r->at, word)) {
        return false;
    }
    r->at += strlen(word);
    return true;
}

/* --- words ------------------------------------------------------------------------------------ */

/* 'it\'s' or "a\tb"; false after having said what is wrong. */
static bool read_quoted(struct reader *r, const char **ret_text)
{
    char quote = *r->at++, *to = arena_alloc(r->arena, strlen(r->at) + 1);

    *ret_text = to;
    for (; *r->at != quote; r->at++) {
        char c = *r->at;

        if (c == '\0') {
            return wrong(r, "a quote is not closed");
        }
        if (c == '\\' && r->at[1] != '\0') {
            c = *++r->at;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        *to++ = c;
    }
    *to = '\0';
    r->at++;
    return true;
}

/* Up to what ends a name; a backslash takes the next character as it is. */
static bool read_name(struct reader *r, const char **ret_name)
{
    char *to = arena_alloc(r->arena, strlen(r->at) + 1);

    *ret_name = to;
    while (*r->at != '\0' && strchr(".[]{}()=!<>, \t*?@$'\"", *r->at) == NULL) {
        r->at += *r->at == '\\' && r->at[1] != '\0';
        *to++ = *r->at++;
    }
    *to = '\0';
    return *ret_name[0] != '\0' || wrong(r, "a name is expected");
}

static bool read_int(struct reader *r, int64_t *ret_value)
{
    size_t length = strspn(r->at, "-0123456789");

    if (length == 0 || !int_from_str(arena_strndup(r->arena, r->at, length), ret_value)) {
        return wrong(r, "a whole number is expected");
    }
    r->at += length;
    return true;
}

/* --- paths ------------------------------------------------------------------------------------ */

static struct step *add_step(struct reader *r, struct path *path, enum step_type type)
{
    struct step *step;

    if (path->count == JSONPATH_STEPS_MAX) {
        (void)wrong(r, "too many steps");
        return NULL;
    }
    path->steps = arena_grow(r->arena, path->steps, path->count, sizeof(struct step));
    step = &path->steps[path->count++];
    *step = (struct step){.type = type, .begin = INT64_MAX, .end = INT64_MAX, .stride = 1};
    return step;
}

static bool add_field(struct reader *r, struct path *path, const char *name)
{
    struct step *step = add_step(r, path, STEP_FIELD);

    if (step != NULL) {
        step->field = name;
    }
    return step != NULL;
}

/* 1:3:2, each of them optional. */
static bool read_slice(struct reader *r, struct step *step)
{
    int64_t *const numbers[] = {&step->begin, &step->end, &step->stride};

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (*r->at != ':' && *r->at != ']' && !read_int(r, numbers[i])) {
            return false;
        }
        if (!take(r, ":")) {
            break;
        }
    }
    return step->stride > 0 || wrong(r, "a slice goes forward");
}

static bool read_choice(struct reader *r, struct step *step)
{
    struct choice choice = {NULL, 0};

    skip_blanks(r);
    if (*r->at == '\'' || *r->at == '"' ? !read_quoted(r, &choice.field)
                                        : !read_int(r, &choice.index)) {
        return false;
    }
    skip_blanks(r);
    step->choices = arena_grow(r->arena, step->choices, step->choice_count, sizeof(struct choice));
    step->choices[step->choice_count++] = choice;
    return true;
}

static bool read_union(struct reader *r, struct step *step)
{
    do {
        if (!read_choice(r, step)) {
            return false;
        }
    } while (take(r, ","));
    return true;
}

static bool read_path(struct reader *r, struct path *path, bool is_of_filter);

/* true, null, 3, 1.5 */
static bool read_literal(struct reader *r, const struct node **ret_value)
{
    size_t length = strcspn(r->at, " \t)=!<>");
    const char *word = arena_strndup(r->arena, r->at, length);
    int64_t number;
    char *end;

    if (str_eq(word, "true") || str_eq(word, "false")) {
        *ret_value = node_bool(r->arena, word[0] == 't');
    } else if (str_eq(word, "null")) {
        *ret_value = node_null(r->arena);
    } else if (int_from_str(word, &number)) {
        *ret_value = node_int(r->arena, number);
    } else {
        double real = strtod(word, &end);

        if (length == 0 || *end != '\0' || !(real > -1e300 && real < 1e300)) {
            return wrong(r, "@.path, a number or a text in quotes is expected");
        }
        *ret_value = node_real(r->arena, real);
    }
    r->at += length;
    return true;
}

static bool read_operand(struct reader *r, struct operand *operand)
{
    const char *text;

    skip_blanks(r);
    if (*r->at == '\'' || *r->at == '"') {
        if (!read_quoted(r, &text)) {
            return false;
        }
        operand->value = node_str(r->arena, text);
    } else if (*r->at == '@' || *r->at == '$') {
        if (!read_path(r, &operand->path, true)) {
            return false;
        }
    } else if (!read_literal(r, &operand->value)) {
        return false;
    }
    skip_blanks(r);
    return true;
}

/* ?(@.a == "b") */
static bool read_filter(struct reader *r, struct step *step)
{
    static const char *const ops[] = {"==", "!=", "<=", "<", ">=", ">"};

    if (!take(r, "?(")) {
        return wrong(r, "a filter is ?(…)");
    }
    if (!read_operand(r, &step->left)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(ops) && step->op == COMPARE_THERE; i++) {
        if (take(r, ops[i])) {
            step->op = COMPARE_EQ + (enum compare_op)i;
        }
    }
    if (step->op != COMPARE_THERE && !read_operand(r, &step->right)) {
        return false;
    }
    return take(r, ")") || wrong(r, "==, !=, <, <=, >, >= or \")\" is expected");
}

/* After "[". */
static bool read_brackets(struct reader *r, struct path *path, bool is_of_filter)
{
    size_t word;
    struct step *step;
    bool is_fine;

    skip_blanks(r);
    word = strcspn(r->at, ",:]");
    if (*r->at == '?' && is_of_filter) {
        return wrong(r, "a filter within a filter");
    }
    if (take(r, "*")) {
        is_fine = add_step(r, path, STEP_ALL) != NULL;
    } else if (*r->at == '?') {
        step = add_step(r, path, STEP_FILTER);
        is_fine = step != NULL && read_filter(r, step);
    } else if (*r->at != '\'' && *r->at != '"' && r->at[word] == ':') {
        step = add_step(r, path, STEP_SLICE);
        is_fine = step != NULL && read_slice(r, step);
    } else {
        step = add_step(r, path, STEP_UNION);
        is_fine = step != NULL && read_union(r, step);
    }
    if (!is_fine) {
        return false;
    }
    skip_blanks(r);
    return take(r, "]") || wrong(r, "\"]\" is expected");
}

/* After a dot. */
static bool read_member(struct reader *r, struct path *path, bool is_of_filter)
{
    const char *name;

    if (is_of_filter && *r->at == '.') {
        return wrong(r, "\"..\" within a filter");
    }
    if (take(r, ".")) {
        if (add_step(r, path, STEP_DEEP) == NULL) {
            return false;
        }
        if (*r->at == '[') {
            return true;
        }
    }
    if (take(r, "*")) {
        return add_step(r, path, STEP_ALL) != NULL;
    }
    if (*r->at == '[' || strchr("} \t)", *r->at) != NULL) {
        return true; /* ".": the object itself */
    }
    return read_name(r, &name) && add_field(r, path, name);
}

static bool read_path(struct reader *r, struct path *path, bool is_of_filter)
{
    const char *name;

    *path = (struct path){0};
    if (take(r, "$")) {
        path->is_from_root = true;
    } else if (!take(r, "@") && *r->at != '.' && *r->at != '[') {
        if (!read_name(r, &name) || !add_field(r, path, name)) {
            return false;
        }
    }
    while (*r->at == '.' || *r->at == '[') {
        if (*r->at++ == '.' ? !read_member(r, path, is_of_filter)
                            : !read_brackets(r, path, is_of_filter)) {
            return false;
        }
    }
    return true;
}

/* --- parts ------------------------------------------------------------------------------------ */

struct ranges { /* those that are open */
    size_t at[JSONPATH_RANGES_MAX];
    size_t count;
};

static struct part *add_part(struct reader *r, struct jsonpath *path, enum part_type type)
{
    struct part *part;

    path->parts = arena_grow(r->arena, path->parts, path->count, sizeof(struct part));
    part = &path->parts[path->count++];
    *part = (struct part){.type = type};
    return part;
}

static bool open_range(struct reader *r, struct jsonpath *path, struct ranges *open)
{
    struct part *part = add_part(r, path, PART_RANGE);

    if (open->count == JSONPATH_RANGES_MAX) {
        return wrong(r, "too many ranges within one another");
    }
    open->at[open->count++] = path->count - 1;
    skip_blanks(r);
    return read_path(r, &part->path, false);
}

static bool close_range(struct reader *r, struct jsonpath *path, struct ranges *open)
{
    struct part *part;

    if (open->count == 0) {
        return wrong(r, "an end without a range");
    }
    part = add_part(r, path, PART_END);
    part->match = open->at[--open->count];
    path->parts[part->match].match = path->count - 1;
    return true;
}

static bool is_word(const struct reader *r, const char *word)
{
    return str_starts(r->at, word) && strchr(" \t}", r->at[strlen(word)]) != NULL;
}

/* After "{". */
static bool read_braces(struct reader *r, struct jsonpath *path, struct ranges *open)
{
    bool is_fine;

    skip_blanks(r);
    if (is_word(r, "range")) {
        r->at += strlen("range");
        is_fine = open_range(r, path, open);
    } else if (is_word(r, "end")) {
        r->at += strlen("end");
        is_fine = close_range(r, path, open);
    } else if (*r->at == '\'' || *r->at == '"') {
        is_fine = read_quoted(r, &add_part(r, path, PART_TEXT)->text);
    } else {
        is_fine = read_path(r, &add_part(r, path, PART_PATH)->path, false);
    }
    if (!is_fine) {
        return false;
    }
    skip_blanks(r);
    return take(r, "}") || wrong(r, "\"}\" is expected");
}

static bool read_parts(struct reader *r, struct jsonpath *path)
{
    struct ranges open = {.count = 0};

    while (*r->at != '\0') {
        size_t length = strcspn(r->at, "{");

        if (length > 0) {
            add_part(r, path, PART_TEXT)->text = arena_strndup(r->arena, r->at, length);
            r->at += length;
        } else {
            r->at++;
            if (!read_braces(r, path, &open)) {
                return false;
            }
        }
    }
    return open.count == 0 || wrong(r, "a range has no end");
}

static struct jsonpath *begin(struct arena *arena, const char *text, struct err *err)
{
    *err = ERR_NONE;
    if (strlen(text) > JSONPATH_TEXT_MAX) {
        (void)err_set(err, ERR_LIMIT, "the template has more than %d bytes", JSONPATH_TEXT_MAX);
        return NULL;
    }
    return ARENA_NEW(arena, struct jsonpath);
}

struct jsonpath *jsonpath_parse(struct arena *arena, const char *text, struct err *err)
{
    struct reader r = {arena, text, text, err};
    struct jsonpath *path = begin(arena, text, err);

    return path != NULL && read_parts(&r, path) ? path : NULL;
}

struct jsonpath *jsonpath_parse_path(struct arena *arena, const char *text, struct err *err)
{
    struct reader r = {arena, text, text, err};
    struct jsonpath *path = begin(arena, text, err);
    bool has_brace;

    if (path == NULL) {
        return NULL;
    }
    has_brace = take(&r, "{");
    skip_blanks(&r);
    if (!read_path(&r, &add_part(&r, path, PART_PATH)->path, false)) {
        return NULL;
    }
    skip_blanks(&r);
    if ((has_brace && !take(&r, "}")) || *r.at != '\0') {
        (void)wrong(&r, "this is no part of a path");
        return NULL;
    }
    return path;
}
