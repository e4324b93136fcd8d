/* Node to scalar: every way in which a value can be of the wrong type, out of bounds or out of
 * form, each with a message that says what would be right. */
#include "schema/binder.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/limits.h"
#include "schema/scalar.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { QUOTED_BYTES_MAX = 64 };

const char *binder_quoted(struct binder *binder, const char *text)
{
    struct arena *arena = binder->problems->arena;
    size_t length = strlen(text);

    if (length <= QUOTED_BYTES_MAX) {
        return arena_printf(arena, "\"%s\"", text);
    }
    length = QUOTED_BYTES_MAX;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    return arena_printf(arena, "\"%.*s…\"", (int)length, text);
}

static const char *wanted(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
        return "true or false";
    case FIELD_INT:
        return "a whole number";
    case FIELD_INT_OR_PERCENT:
        return "a whole number, or a percentage from \"1%\" to \"100%\"";
    case FIELD_REAL:
        return "a number";
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_REVISION:
        return "a string";
    case FIELD_DURATION:
        return "a duration, such as \"5m\" or \"1h30m\"";
    case FIELD_QUANTITY:
        return "a quantity, such as \"512Mi\"";
    case FIELD_CORES:
        return "a number of cores, such as \"2\" or \"500m\"";
    case FIELD_TIME:
        return "a time, such as \"2026-11-20T23:24:54Z\"";
    case FIELD_STRMAP:
    case FIELD_STRUCT:
        return "an object";
    case FIELD_ANY:
        return "a value";
    case FIELD_LIST:
        return "a list";
    }
    return "a value";
}

static const char *found(const struct node *node, bool is_text_wanted)
{
    switch (node->type) {
    case NODE_NULL:
        return "nothing";
    case NODE_BOOL:
        return node->boolean ? "true" : "false";
    case NODE_INT:
        return "a number";
    case NODE_REAL:
        return is_text_wanted ? "a number" : "a fraction";
    case NODE_STR:
        return "a string";
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "an object";
    }
    return "a value";
}

static bool is_textual(enum field_type type)
{
    return type == FIELD_STR || type == FIELD_NAME || type == FIELD_ENUM ||
           type == FIELD_REVISION || type == FIELD_TIME;
}

static void wrong_type(struct binder *binder, enum field_type type, const struct node *node,
                       const struct place *place)
{
    bool is_plain = node->type == NODE_BOOL || node->type == NODE_INT || node->type == NODE_REAL;

    if (node->type == NODE_STR && !is_textual(type)) {
        binder_problem(binder, CAUSE_TYPE, node, place, "%s is not %s",
                       binder_quoted(binder, node->str.text), wanted(type));
    } else if (is_plain && is_textual(type)) {
        binder_problem(binder, CAUSE_TYPE, node, place, "must be %s, not %s: quote it",
                       wanted(type), found(node, true));
    } else {
        binder_problem(binder, CAUSE_TYPE, node, place, "must be %s, not %s", wanted(type),
                       found(node, false));
    }
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool number_from_node(struct binder *binder, const struct field *field, enum field_type type,
                             const struct node *node, int64_t *ret_value)
{
    if (type == FIELD_INT_OR_PERCENT) {
        if (node->type == NODE_STR) {
            return int_or_percent_from_str(node->str.text, ret_value) && *ret_value < 0;
        }
        *ret_value = node->type == NODE_INT ? node->integer : -1;
        return *ret_value >= 0;
    }
    if (node->type == NODE_STR && type != FIELD_INT) {
        return scalar_from_text(binder->arena, field, type, node->str.text, ret_value);
    }
    if (node->type == NODE_INT &&
        (type == FIELD_INT || (type == FIELD_QUANTITY && node->integer >= 0))) {
        *ret_value = node->integer;
        return true;
    }
    if (type != FIELD_CORES) {
        return false;
    }
    if (node->type == NODE_INT && node->integer >= 0 && node->integer <= INT64_MAX / 1000) {
        *ret_value = node->integer * 1000;
        return true;
    }
    if (node->type == NODE_REAL && node->real >= 0 && node->real <= CORES_MAX) {
        double millis = node->real * 1000;

        *ret_value = (int64_t)(millis + 0.5);
        return millis - (double)*ret_value < 1e-6 && (double)*ret_value - millis < 1e-6;
    }
    return false;
}

static const char *number_text(struct binder *binder, const struct field *field,
                               enum field_type type, int64_t value)
{
    return scalar_to_text(binder->problems->arena, field, type, &value);
}

static void bind_number(struct binder *binder, const struct field *field, enum field_type type,
                        const struct node *node, const struct place *place, int64_t *ret_value)
{
    int64_t value;

    if (!number_from_node(binder, field, type, node, &value)) {
        if (node->type == NODE_INT && node->integer < 0 && type != FIELD_DURATION) {
            binder_problem(binder, CAUSE_INVALID, node, place, "%" PRId64 " is below 0",
                           node->integer);
        } else {
            wrong_type(binder, type, node, place);
        }
        return;
    }
    if (type == FIELD_INT_OR_PERCENT && value < 0) {
        *ret_value = value; /* of 1 to 100 percent each is within any bounds */
        return;
    }
    if (binder_checks(binder) && (field->min != 0 || field->max != 0)) {
        if (value < field->min) {
            binder_problem(binder, CAUSE_INVALID, node, place, "%s is below %s",
                           number_text(binder, field, type, value),
                           number_text(binder, field, type, field->min));
            return;
        }
        if (value > field->max && field->max != 0) {
            binder_problem(binder, CAUSE_INVALID, node, place, "%s is above %s",
                           number_text(binder, field, type, value),
                           number_text(binder, field, type, field->max));
            return;
        }
    }
    *ret_value = value;
}

/* --- texts ------------------------------------------------------------------------------------ */

static void bind_enum(struct binder *binder, const struct field *field, const struct node *node,
                      const struct place *place, int *ret_value)
{
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;
    int index = words_index(field->words, node->str.text);
    const char *closest;
    size_t count = 0;

    if (index >= 0) {
        *ret_value = index;
        return;
    }
    for (; field->words[count] != NULL; count++) {
        str_addf(&words, "%s%s", count == 0 ? "" : ", ", field->words[count]);
    }
    closest = words_closest(node->str.text, field->words, count);
    if (closest != NULL) {
        str_addf(&words, " (did you mean \"%s\"?)", closest);
    }
    binder_problem(binder, CAUSE_NOT_SUPPORTED, node, place, "%s is not one of %s",
                   binder_quoted(binder, node->str.text), words.data);
}

static void bind_text(struct binder *binder, const struct field *field, enum field_type type,
                      const struct node *node, const struct place *place, const char **ret_text)
{
    const char *text = node->str.text;
    int64_t length = (int64_t)node->str.length;
    const char *why;

    if (strlen(text) != node->str.length) {
        binder_problem(binder, CAUSE_INVALID, node, place, "holds a NUL character");
        return;
    }
    if (binder_checks(binder)) {
        /* The bounds of a list's field are those of its count. */
        bool is_bounded = field->type != FIELD_LIST && field->type != FIELD_STRMAP;

        if (is_bounded && length < field->min) {
            binder_problem(binder, CAUSE_INVALID, node, place,
                           "is %" PRId64 " bytes long, at least %" PRId64 " are needed", length,
                           field->min);
            return;
        }
        if (is_bounded && field->max != 0 && length > field->max) {
            binder_problem(binder, CAUSE_INVALID, node, place,
                           "is %" PRId64 " bytes long, at most %" PRId64 " are allowed", length,
                           field->max);
            return;
        }
        if ((type == FIELD_NAME && !name_is_valid(text, &why)) ||
            (type == FIELD_STR && field->check_text != NULL && field->type != FIELD_STRMAP &&
             !field->check_text(text, &why))) {
            binder_problem(binder, CAUSE_INVALID, node, place, "%s %s", binder_quoted(binder, text),
                           why);
            return;
        }
    }
    *ret_text = arena_strdup(binder->arena, text);
}

static void bind_textual(struct binder *binder, const struct field *field, enum field_type type,
                         const struct node *node, const struct place *place, void *ret_member)
{
    if (node->type == NODE_STR && node->ambiguous) {
        binder_problem(binder, CAUSE_INVALID, node, place,
                       "YAML readers disagree about what %s is: quote it",
                       binder_quoted(binder, node->str.text));
    } else if (node->type != NODE_STR) {
        wrong_type(binder, type, node, place);
    } else if (type == FIELD_ENUM) {
        bind_enum(binder, field, node, place, ret_member);
    } else if (type == FIELD_STR || type == FIELD_NAME) {
        bind_text(binder, field, type, node, place, ret_member);
    } else if (!scalar_from_text(binder->arena, field, type, node->str.text, ret_member)) {
        binder_problem(binder, CAUSE_INVALID, node, place, "%s is not %s",
                       binder_quoted(binder, node->str.text),
                       type == FIELD_REVISION ? "a revision: a whole number as a string"
                                              : wanted(type));
    }
}

void bind_scalar(struct binder *binder, const struct field *field, enum field_type type,
                 const struct node *node, const struct place *place, void *ret_member)
{
    switch (type) {
    case FIELD_BOOL:
        if (node->type == NODE_BOOL) {
            *(bool *)ret_member = node->boolean;
        } else {
            wrong_type(binder, type, node, place);
        }
        return;
    case FIELD_REAL:
        if (node->type == NODE_REAL || node->type == NODE_INT) {
            *(double *)ret_member = node->type == NODE_REAL ? node->real : (double)node->integer;
        } else {
            wrong_type(binder, type, node, place);
        }
        return;
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
        bind_number(binder, field, type, node, place, ret_member);
        return;
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_TIME:
    case FIELD_REVISION:
        bind_textual(binder, field, type, node, place, ret_member);
        return;
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    assert(!"not a scalar");
}

/* Walks with a stack of its own: one cursor for each level of nesting. */
bool bind_is_unambiguous(struct binder *binder, const struct node *node, const struct place *place)
{
    struct {
        const struct node *node;
        size_t next;
    } stack[ANY_DEPTH_MAX];
    size_t depth = 0;

    stack[depth++] = (__typeof__(stack[0])){node, 0};
    while (depth > 0) {
        const struct node *top = stack[depth - 1].node;
        size_t next = stack[depth - 1].next++;
        const struct node *child = NULL;

        if (top->type == NODE_STR && top->ambiguous) {
            binder_problem(binder, CAUSE_INVALID, top, place,
                           "YAML readers disagree about what %s is: quote it",
                           binder_quoted(binder, top->str.text));
            return false;
        }
        if (top->type == NODE_LIST && next < top->list.count) {
            child = top->list.items[next];
        } else if (top->type == NODE_MAP && next < top->map.count) {
            child = top->map.members[next].value;
        }
        if (child == NULL) {
            depth--;
            continue;
        }
        if (depth == COUNT_OF(stack)) {
            binder_problem(binder, CAUSE_INVALID, child, place,
                           "values may be nested %d deep at the most", ANY_DEPTH_MAX);
            return false;
        }
        stack[depth++] = (__typeof__(stack[0])){child, 0};
    }
    return true;
}
