#include "controller/core/selector.h"

#include "schema/bind.h"
#include "schema/emit.h"

#include <ctype.h>
#include <string.h>

struct scan {
    struct arena *arena;
    const char *at;
};

static void skip_space(struct scan *scan)
{
    scan->at += strspn(scan->at, " \t");
}

/* A key, a value or an operator's word; may be empty. */
static const char *word(struct scan *scan, const char *stop)
{
    size_t length;
    const char *text;

    skip_space(scan);
    length = strcspn(scan->at, stop);
    while (length > 0 && (scan->at[length - 1] == ' ' || scan->at[length - 1] == '\t')) {
        length--;
    }
    text = arena_strndup(scan->arena, scan->at, length);
    scan->at += strcspn(scan->at, stop);
    skip_space(scan);
    return text;
}

static bool take(struct scan *scan, const char *token)
{
    size_t length = strlen(token);

    skip_space(scan);
    if (strncmp(scan->at, token, length) != 0) {
        return false;
    }
    scan->at += length;
    return true;
}

static int parse_values(struct scan *scan, struct term *term, struct err *err)
{
    if (!take(scan, "(")) {
        return err_set(err, ERR_INVALID, "\"(\" expected after in or notin");
    }
    term->values = arena_array(scan->arena, TERM_VALUES_MAX, sizeof(term->values[0]));
    do {
        if (term->value_count == TERM_VALUES_MAX) {
            return err_set(err, ERR_LIMIT, "more than %d values", TERM_VALUES_MAX);
        }
        term->values[term->value_count++] = word(scan, ",)");
    } while (take(scan, ","));
    return take(scan, ")") ? 0 : err_set(err, ERR_INVALID, "\")\" expected after the values");
}

static void one_value(struct scan *scan, struct term *term, enum term_op op)
{
    term->op = op;
    term->values = arena_array(scan->arena, 1, sizeof(term->values[0]));
    term->values[0] = word(scan, ",");
    term->value_count = 1;
}

static int parse_term(struct scan *scan, struct term *term, struct err *err)
{
    bool negated = take(scan, "!");

    term->key = word(scan, "=!,( \t");
    if (negated) {
        term->op = TERM_ABSENT;
    } else if (take(scan, "==") || take(scan, "=")) {
        one_value(scan, term, TERM_EQ);
    } else if (take(scan, "!=")) {
        one_value(scan, term, TERM_NE);
    } else if (take(scan, "in ") || take(scan, "in(")) {
        scan->at -= scan->at[-1] == '(';
        term->op = TERM_IN;
        return parse_values(scan, term, err);
    } else if (take(scan, "notin ") || take(scan, "notin(")) {
        scan->at -= scan->at[-1] == '(';
        term->op = TERM_NOT_IN;
        return parse_values(scan, term, err);
    } else {
        term->op = TERM_EXISTS;
    }
    return 0;
}

static int parse(struct arena *arena, const char *text, struct selector *selector, struct err *err)
{
    struct scan scan = {arena, text == NULL ? "" : text};
    int code;

    *selector = (struct selector){0};
    skip_space(&scan);
    if (*scan.at == '\0') {
        return 0;
    }
    selector->terms = arena_array(arena, TERMS_MAX, sizeof(selector->terms[0]));
    do {
        if (selector->count == TERMS_MAX) {
            return err_set(err, ERR_LIMIT, "more than %d terms", TERMS_MAX);
        }
        code = parse_term(&scan, &selector->terms[selector->count++], err);
        if (code < 0) {
            return code;
        }
    } while (take(&scan, ","));
    skip_space(&scan);
    return *scan.at == '\0' ? 0 : err_set(err, ERR_INVALID, "unexpected \"%.20s\"", scan.at);
}

int selector_parse_labels(struct arena *arena, const char *text, struct selector *ret_selector,
                          struct err *err)
{
    int code = parse(arena, text, ret_selector, err);

    for (size_t i = 0; code == 0 && i < ret_selector->count; i++) {
        const struct term *term = &ret_selector->terms[i];
        const char *why;

        if (!label_key_is_valid(term->key, &why)) {
            return err_set(err, ERR_INVALID, "label key \"%s\" %s", term->key, why);
        }
        for (size_t j = 0; j < term->value_count; j++) {
            if (!label_value_is_valid(term->values[j], &why)) {
                return err_set(err, ERR_INVALID, "label value \"%s\" %s", term->values[j], why);
            }
        }
    }
    return code;
}

static bool has_field(const struct kind *kind, const char *path)
{
    const struct shape *shape = kind->shape;

    if (str_eq(path, "metadata.name") || str_eq(path, "metadata.namespace") ||
        str_eq(path, "metadata.uid")) {
        return true;
    }
    while (shape != NULL) {
        size_t length = strcspn(path, ".");
        char name[64];
        const struct field *field;

        if (length >= sizeof(name)) {
            return false;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        field = shape_find(shape, name);
        if (field == NULL) {
            return kind->is_event && str_starts(path, "namespace");
        }
        if (path[length] == '\0') {
            return field_type_is_scalar(field->type);
        }
        path += length + 1;
        shape = field->type == FIELD_STRUCT ? field->shape : NULL;
    }
    return false;
}

int selector_parse_fields(struct arena *arena, const struct kind *kind, const char *text,
                          struct selector *ret_selector, struct err *err)
{
    int code = parse(arena, text, ret_selector, err);

    for (size_t i = 0; code == 0 && i < ret_selector->count; i++) {
        const struct term *term = &ret_selector->terms[i];

        if ((term->op != TERM_EQ && term->op != TERM_NE) || !has_field(kind, term->key)) {
            return err_set(
                err, ERR_INVALID,
                "field selectors take FIELD=VALUE and FIELD!=VALUE on fields of %s, not \"%s\"",
                kind->name, term->key);
        }
    }
    return code;
}

static bool holds(const struct term *term, const char *value)
{
    bool listed = false;

    for (size_t i = 0; i < term->value_count && !listed; i++) {
        listed = value != NULL && strcmp(term->values[i], value) == 0;
    }
    switch (term->op) {
    case TERM_EQ:
    case TERM_IN:
        return listed;
    case TERM_NE:
    case TERM_NOT_IN:
        return !listed;
    case TERM_EXISTS:
        return value != NULL;
    case TERM_ABSENT:
        return value == NULL;
    }
    return false;
}

bool selector_matches_labels(const struct selector *selector, const struct strmap *labels)
{
    for (size_t i = 0; i < selector->count; i++) {
        if (!holds(&selector->terms[i], strmap_find(labels, selector->terms[i].key))) {
            return false;
        }
    }
    return true;
}

bool selector_matches_fields(struct arena *scratch, const struct selector *selector,
                             const struct object *object)
{
    for (size_t i = 0; i < selector->count; i++) {
        const struct term *term = &selector->terms[i];
        const char *value;

        if (str_eq(term->key, "metadata.name")) {
            value = object->meta.name;
        } else if (str_eq(term->key, "metadata.namespace")) {
            value = object->kind->is_event ? "default" : "";
        } else {
            value = emit_path_text(scratch, object, term->key);
        }
        /* An empty value in the selector matches an absent field. */
        if (!holds(term, value == NULL ? "" : value)) {
            return false;
        }
    }
    return true;
}
