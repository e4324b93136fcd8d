/* docs/KINDS.md: one chapter for each kind, one row for each field. */
#include "schema/docs.h"

#include "schema/base/arena.h"
#include "schema/columns.h"
#include "schema/kind.h"
#include "schema/object.h"
#include "schema/scalar.h"

#include <assert.h>
#include <string.h>

/* In a table of Markdown, "|" would end the cell. */
static void add_cell(struct str *to, const char *text)
{
    for (; *text != '\0'; text++) {
        str_add(to, *text == '|' ? "\\|" : (char[]){*text, '\0'});
    }
}

static const char *type_words(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
        return "true or false";
    case FIELD_INT:
        return "whole number";
    case FIELD_INT_OR_PERCENT:
        return "whole number or percentage";
    case FIELD_REAL:
        return "number";
    case FIELD_STR:
        return "text";
    case FIELD_NAME:
        return "name";
    case FIELD_ENUM:
        return "word";
    case FIELD_DURATION:
        return "duration";
    case FIELD_QUANTITY:
        return "quantity";
    case FIELD_CORES:
        return "cores";
    case FIELD_TIME:
        return "time";
    case FIELD_REVISION:
        return "revision";
    case FIELD_STRMAP:
        return "map of texts";
    case FIELD_ANY:
        return "any value";
    case FIELD_STRUCT:
        return "object";
    case FIELD_LIST:
        return "list";
    }
    return "any value";
}

static void add_type(struct str *to, const struct field *field)
{
    if (field->type == FIELD_ENUM) {
        for (size_t i = 0; field->words[i] != NULL; i++) {
            str_addf(to, "%s`%s`", i == 0 ? "" : ", ", field->words[i]);
        }
    } else if (field->type == FIELD_LIST && field->shape != NULL) {
        str_add(to, "list of objects");
    } else if (field->type == FIELD_LIST && field->item == FIELD_ENUM) {
        str_add(to, "list of ");
        for (size_t i = 0; field->words[i] != NULL; i++) {
            str_addf(to, "%s`%s`", i == 0 ? "" : ", ", field->words[i]);
        }
    } else if (field->type == FIELD_LIST) {
        str_addf(to, "list of %ss", type_words(field->item));
    } else if (field->type == FIELD_NAME && field->reference != NULL) {
        str_addf(to, "name of a %s", field->reference);
    } else {
        str_add(to, type_words(field->type));
    }
}

static bool is_number(const struct field *field)
{
    return field->type == FIELD_INT || field->type == FIELD_INT_OR_PERCENT ||
           field->type == FIELD_DURATION || field->type == FIELD_QUANTITY ||
           field->type == FIELD_CORES;
}

static void add_bound(struct str *to, struct arena *arena, const struct field *field, int64_t bound)
{
    if (is_number(field)) {
        str_add(to, scalar_to_text(arena, field, field->type, &bound));
    } else {
        str_addf(to, "%lld", (long long)bound);
    }
}

static void add_bounds(struct str *to, struct arena *arena, const struct field *field)
{
    bool has_low = field->min != 0 || (field->type == FIELD_INT && field->max != 0);
    bool has_high = field->max != 0 && field->max != INT64_MAX;

    if (has_low) {
        add_bound(to, arena, field, field->min);
        str_add(to, has_high ? " to " : " or more");
    } else if (has_high) {
        str_add(to, "up to ");
    }
    if (has_high) {
        add_bound(to, arena, field, field->max);
    }
    if ((has_low || has_high) && !is_number(field)) {
        str_add(to, field->type == FIELD_STR || field->type == FIELD_NAME ? " bytes" : " entries");
    }
}

static void add_default(struct str *to, const struct field *field, enum docs_absent absent)
{
    if (field->flags & FIELD_REQUIRED) {
        str_add(to, "**required**");
    } else if (field->fallback != NULL && absent == DOCS_ABSENT_IS_DEFAULT) {
        str_addf(to, "`%s`", field->fallback);
    }
}

static void add_remarks(struct str *to, const struct field *field)
{
    if (field->flags & FIELD_IMMUTABLE) {
        str_add(to, "; stays once it is set");
    }
    if (field->flags & FIELD_SERVER) {
        str_add(to, "; written by the server");
    }
    if (field->map_key != NULL) {
        str_addf(to, "; each `%s` once", field->map_key);
    } else if (field->flags & FIELD_SET) {
        str_add(to, "; each value once");
    }
    if (field->since != NULL) {
        str_addf(to, "; since %s", field->since);
    }
}

/* Recursion goes as deep as the tables do. */
static void add_rows(struct str *to, struct arena *arena, const struct shape *shape,
                     const char *prefix, enum docs_absent absent)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const char *path = arena_printf(arena, "%s%s", prefix, field->name);

        assert(field->doc != NULL);
        str_addf(to, "| `%s` | ", path);
        add_type(to, field);
        str_add(to, " | ");
        add_bounds(to, arena, field);
        str_add(to, " | ");
        add_default(to, field, absent);
        str_add(to, " | ");
        add_cell(to, field->doc);
        add_remarks(to, field);
        str_add(to, " |\n");
        if (field->shape != NULL) {
            const char *below =
                arena_printf(arena, "%s%s.", path, field->type == FIELD_LIST ? "[]" : "");

            add_rows(to, arena, field->shape, below, absent);
        }
    }
}

void docs_table(struct str *to, const struct shape *shape, const char *prefix,
                enum docs_absent absent)
{
    _cleanup_(arena_fini)
    struct arena arena;

    arena_init(&arena);
    str_addf(to, "| field | type | bounds | %s | meaning |\n|---|---|---|---|---|\n",
             absent == DOCS_ABSENT_IS_DEFAULT ? "default" : "required");
    add_rows(to, &arena, shape, prefix, absent);
}

static void add_words(struct str *to, const char *title, const char *const *words)
{
    if (words == NULL) {
        return;
    }
    str_addf(to, ", %s ", title);
    for (size_t i = 0; words[i] != NULL; i++) {
        str_addf(to, "%s`%s`", i == 0 ? "" : " ", words[i]);
    }
}

static void add_columns(struct str *to, const struct kind *kind, unsigned priority,
                        const char *title)
{
    bool is_first = true;

    for (size_t i = 0; i < kind_column_count(kind); i++) {
        if (kind_column(kind, i)->priority == priority) {
            str_add(to, is_first ? title : ", ");
            column_title(kind_column(kind, i), to);
            is_first = false;
        }
    }
}

static void add_kind(struct str *to, const struct kind *kind)
{
    str_addf(to, "\n## %s\n\n%s\n\n", kind->name, kind->doc);
    str_addf(to, "`apiVersion: %s`, resource `%s`", kind->api_version, kind->plural);
    add_words(to, "short", kind->short_names);
    add_words(to, "listed under", kind->categories);
    str_addf(to, "; %s.\n\n",
             kind->is_derived ? "made by the controller" : "declared by operators");
    docs_table(to, kind->shape, "", DOCS_ABSENT_IS_DEFAULT);
    add_columns(to, kind, 0, "\n`get` shows ");
    add_columns(to, kind, 1, "; with `-o wide` also ");
    str_add(to, ".\n");
}

void docs_forms(struct str *to)
{
    str_add(
        to,
        "| type | how it is written |\n|---|---|\n"
        "| duration | `5m`, `1h30m`, `1500ms`: units d, h, m, s, ms, the larger first |\n"
        "| quantity | `512Mi`, `2G` or a plain number: k M G T P are powers of 1000, Ki Mi Gi Ti "
        "Pi of 1024 |\n"
        "| cores | `2`, `0.5` or `500m`, which is half a core |\n"
        "| time | `2026-11-20T23:24:54Z` |\n"
        "| name | lower case letters, digits, `-` and `.`, at most 253 |\n"
        "| revision | a whole number as a string |\n");
}

void docs_kinds(struct str *to)
{
    str_add(
        to,
        "# Kinds\n\n"
        "Generated from the tables of fields in `schema/` by `gendocs kinds`; a test compares.\n\n"
        "Every object has `apiVersion`, `kind`, `metadata` and what its kind adds.  What is not\n"
        "required may be left out, and `null` counts as left out.  A field that is not listed "
        "here\nis refused, or warned about where a client asks for that.\n\n");
    docs_forms(to);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        add_kind(to, kinds[i]);
    }
    str_add(to, "\n## Metadata\n\nThe same for every kind.\n\n");
    docs_table(to, &meta_shape, "metadata.", DOCS_ABSENT_IS_DEFAULT);
}
