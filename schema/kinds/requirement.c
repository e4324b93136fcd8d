#include "schema/kinds/requirement.h"

#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/kinds/agent_fields.h"
#include "schema/kinds/rules.h"

#include <string.h>

const char *const requirement_words[] = {"==", "!=", ">",     ">=",     "<",
                                         "<=", "in", "notIn", "exists", NULL};

static const char list[] = "spec.requirements";

/* The field of a requirement: as in an expression, but no bare word is a label.  NULL: none. */
static const struct where_name *field_of(const struct requirement *requirement, size_t *ret_row,
                                         const char **ret_key)
{
    const struct where_name *name;
    const char *why;

    if (!where_find(&session_where_names, requirement->field, ret_row, ret_key) ||
        *ret_key == requirement->field) {
        return NULL;
    }
    name = &session_where_names.rows[*ret_row];
    if ((name->flags & session_where_names.needs) == 0 ||
        (*ret_key != NULL && !name->check_key(*ret_key, &why))) {
        return NULL;
    }
    return name;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool real_to_number(double real, int64_t unit, int64_t *ret_number)
{
    if (!(real > -1e12 && real < 1e12)) {
        return false;
    }
    *ret_number = (int64_t)(real * (double)unit + (real < 0 ? -0.5 : 0.5));
    return true;
}

static bool value_of_number(const struct where_name *name, const struct node *node,
                            int64_t *ret_number)
{
    int64_t unit = name->type == WHERE_BYTES ? 1 : 1000;

    return node->type == NODE_INT ? !__builtin_mul_overflow(node->integer, unit, ret_number)
                                  : real_to_number(node->real, unit, ret_number);
}

/* False: it has not the form of the field. */
static bool value_of(const struct where_name *name, const struct node *node,
                     struct where_value *ret_value)
{
    bool may_be_negative = name->type == WHERE_NUMBER || name->type == WHERE_DURATION;

    *ret_value = (struct where_value){.state = WHERE_KNOWN};
    switch (node->type) {
    case NODE_STR:
        return (name->type != WHERE_NUMBER || str_ends(node->str.text, "%")) &&
               name->type != WHERE_FLAG && where_value_from_str(name, node->str.text, ret_value);
    case NODE_BOOL:
        ret_value->number = node->boolean;
        return name->type == WHERE_FLAG;
    case NODE_INT:
        return name->type >= WHERE_NUMBER && (may_be_negative || node->integer >= 0) &&
               value_of_number(name, node, &ret_value->number);
    case NODE_REAL:
        return name->type >= WHERE_NUMBER && name->type != WHERE_BYTES &&
               (may_be_negative || node->real >= 0) &&
               value_of_number(name, node, &ret_value->number);
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    return false;
}

static bool op_takes_list(int op)
{
    return op == OP_IN || op == OP_NOT_IN;
}

static bool op_is_order(int op)
{
    return op == OP_GT || op == OP_GE || op == OP_LT || op == OP_LE;
}

bool requirement_to_test(struct arena *arena, const struct requirement *requirement,
                         struct where_step *ret_test)
{
    static const enum where_compare compares[] = {
        [OP_EQ] = WHERE_EQ, [OP_NE] = WHERE_NE,         [OP_GT] = WHERE_GT,
        [OP_GE] = WHERE_GE, [OP_LT] = WHERE_LT,         [OP_LE] = WHERE_LE,
        [OP_IN] = WHERE_IN, [OP_NOT_IN] = WHERE_NOT_IN, [OP_EXISTS] = WHERE_EXISTS};
    const struct node *node = requirement->value;
    struct where_step test = {.code = WHERE_TEST, .compare = compares[requirement->op]};
    const struct where_name *name = field_of(requirement, &test.row, &test.key);
    bool is_list = op_takes_list(requirement->op);
    struct where_value *values;

    if (name == NULL || (requirement->op == OP_EXISTS) != (node == NULL) ||
        (op_is_order(requirement->op) && !where_type_has_order(name->type)) ||
        (node != NULL && is_list != (node->type == NODE_LIST))) {
        return false;
    }
    test.count = node == NULL ? 0 : is_list ? node->list.count : 1;
    values = arena_array(arena, test.count + 1, sizeof(*values));
    for (size_t i = 0; i < test.count; i++) {
        if (!value_of(name, is_list ? node->list.items[i] : node, &values[i])) {
            return false;
        }
    }
    test.values = values;
    *ret_test = test;
    return true;
}

/* --- rules ------------------------------------------------------------------------------------ */

static void check_value(const struct requirement *requirement, const struct where_name *name,
                        const struct node *root, size_t index, struct problems *problems)
{
    const struct node *value = requirement->value;
    bool wants_list = op_takes_list(requirement->op);
    struct where_value ignored;

    if (wants_list && (value->type != NODE_LIST || value->list.count == 0)) {
        check_problem_item(problems, root, CAUSE_TYPE, list, index, "value",
                           "is not a list with at least one value, as \"%s\" wants",
                           requirement_words[requirement->op]);
        return;
    }
    for (size_t i = 0; i < (wants_list ? value->list.count : 1); i++) {
        if (!value_of(name, wants_list ? value->list.items[i] : value, &ignored)) {
            check_problem_item(problems, root, CAUSE_TYPE, list, index, "value",
                               "is not %s, as \"%s\" wants", where_type_words(name->type),
                               requirement->field);
            return;
        }
    }
}

static void check_field(const struct requirement *requirement, const struct node *root,
                        size_t index, struct problems *problems)
{
    const char *closest = where_closest(&session_where_names, requirement->field);

    check_problem_item(problems, root, CAUSE_NOT_SUPPORTED, list, index, "field",
                       "\"%s\" is not one of capacity.NAME, sensors.NAME, reputation.NAME, "
                       "labels.KEY, name, platform, version%s%s%s",
                       requirement->field, closest == NULL ? "" : "; did you mean ",
                       closest == NULL ? "" : closest, closest == NULL ? "" : "?");
}

/* Rule 4: a requirement names something an agent has, and sessions may ask for.
 * Rule 5: exists takes no value, everything else does.
 * Rule 6: texts have no order.
 * Rule 7: the value has the form of the field. */
void requirement_check(const struct requirement *requirement, const struct node *root, size_t index,
                       struct problems *problems)
{
    const char *key;
    size_t row;
    const struct where_name *name = field_of(requirement, &row, &key);

    if (name == NULL) {
        check_field(requirement, root, index, problems);
        return;
    }
    if (requirement->op == OP_EXISTS) {
        if (requirement->value != NULL) {
            check_problem_item(problems, root, CAUSE_FORBIDDEN, list, index, "value",
                               "\"exists\" takes no value");
        }
        return;
    }
    if (requirement->value == NULL) {
        check_problem_item(problems, root, CAUSE_REQUIRED, list, index, "value",
                           "\"%s\" needs a value", requirement_words[requirement->op]);
        return;
    }
    if (op_is_order(requirement->op) && !where_type_has_order(name->type)) {
        check_problem_item(problems, root, CAUSE_NOT_SUPPORTED, list, index, "op",
                           "\"%s\" compares numbers, and \"%s\" is %s",
                           requirement_words[requirement->op], requirement->field,
                           name->type == WHERE_TEXT ? "a text" : "true or false");
        return;
    }
    check_value(requirement, name, root, index, problems);
}

void session_where_check(const char *text, const struct node *root, struct problems *problems)
{
    rule_where(text, &session_where_names, "spec.where", root, problems);
}
