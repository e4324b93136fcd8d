/* Carrying out templates: step by step, from one set of nodes to the next. */
#include "tools/fogctl/jsonpath.h"

#include "schema/json.h"
#include "tools/fogctl/jsonpath_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct runner {
    struct arena *arena;
    const struct node *root;
    struct err *err;
    size_t turns;
};

static int add(struct runner *runner, struct found *found, const struct node *node)
{
    if (found->count == JSONPATH_NODES_MAX) {
        return err_set(runner->err, ERR_LIMIT, "a path leads to more than %d places",
                       JSONPATH_NODES_MAX);
    }
    found->items = arena_grow(runner->arena, found->items, found->count, sizeof(struct node *));
    found->items[found->count++] = node;
    return 0;
}

static size_t child_count(const struct node *node)
{
    return node->type == NODE_LIST  ? node->list.count
           : node->type == NODE_MAP ? node->map.count
                                    : 0;
}

static const struct node *child_at(const struct node *node, size_t index)
{
    return node->type == NODE_LIST ? node->list.items[index] : node->map.members[index].value;
}

/* --- steps ------------------------------------------------------------------------------------ */

static int add_all(struct runner *runner, const struct node *node, struct found *to)
{
    for (size_t i = 0; i < child_count(node); i++) {
        if (add(runner, to, child_at(node, i)) < 0) {
            return ERR_LIMIT;
        }
    }
    return 0;
}

/* Itself and everything below, parents first: what is added is looked at in its turn. */
static int add_deep(struct runner *runner, const struct node *node, struct found *to)
{
    size_t at = to->count;
    int result = add(runner, to, node);

    for (; result == 0 && at < to->count; at++) {
        result = add_all(runner, to->items[at], to);
    }
    return result;
}

static int64_t within(int64_t index, int64_t count)
{
    index = index < 0 ? index + count : index;
    return index < 0 ? 0 : index > count ? count : index;
}

static int add_slice(struct runner *runner, const struct step *step, const struct node *node,
                     struct found *to)
{
    int64_t count, begin, end;

    if (node->type != NODE_LIST) {
        return 0;
    }
    count = (int64_t)node->list.count;
    begin = step->begin == INT64_MAX ? 0 : within(step->begin, count);
    end = step->end == INT64_MAX ? count : within(step->end, count);
    while (begin < end) {
        if (add(runner, to, node->list.items[begin]) < 0) {
            return ERR_LIMIT;
        }
        begin = step->stride >= end - begin ? end : begin + step->stride;
    }
    return 0;
}

static const struct node *chosen(const struct choice *choice, const struct node *node)
{
    int64_t count = node->type == NODE_LIST ? (int64_t)node->list.count : 0;
    int64_t index = choice->index < 0 ? choice->index + count : choice->index;

    if (choice->field != NULL) {
        return node_find(node, choice->field);
    }
    return index >= 0 && index < count ? node->list.items[index] : NULL;
}

static int add_union(struct runner *runner, const struct step *step, const struct node *node,
                     struct found *to)
{
    for (size_t i = 0; i < step->choice_count; i++) {
        const struct node *it = chosen(&step->choices[i], node);

        if (it != NULL && add(runner, to, it) < 0) {
            return ERR_LIMIT;
        }
    }
    return 0;
}

/* --- filters ---------------------------------------------------------------------------------- */

/* Within a filter a path has no filters: one walk, without another below it. */
static const struct node *first_of(const struct runner *runner, const struct operand *operand,
                                   const struct node *at)
{
    const struct node *node = operand->path.is_from_root ? runner->root : at;

    if (operand->value != NULL) {
        return operand->value;
    }
    for (size_t i = 0; i < operand->path.count && node != NULL; i++) {
        const struct step *step = &operand->path.steps[i];

        switch (step->type) {
        case STEP_FIELD:
            node = node_find(node, step->field);
            break;
        case STEP_UNION:
            node = chosen(&step->choices[0], node);
            break;
        case STEP_ALL:
        case STEP_SLICE:
            node = child_count(node) > 0 ? child_at(node, 0) : NULL;
            break;
        case STEP_DEEP:
        case STEP_FILTER:
            break;
        }
    }
    return node;
}

static bool number_of(const struct node *node, double *ret_number)
{
    *ret_number = node->type == NODE_INT ? (double)node->integer : node->real;
    return node->type == NODE_INT || node->type == NODE_REAL;
}

/* False: they cannot be ordered. */
static bool order_of(const struct node *a, const struct node *b, int *ret_order)
{
    double left, right;

    if (a->type == NODE_STR && b->type == NODE_STR) {
        *ret_order = strcmp(a->str.text, b->str.text);
        return true;
    }
    if (!number_of(a, &left) || !number_of(b, &right)) {
        return false;
    }
    *ret_order = left < right ? -1 : left > right;
    return true;
}

static bool holds(const struct runner *runner, const struct step *step, const struct node *at)
{
    const struct node *left = first_of(runner, &step->left, at);
    const struct node *right =
        step->op == COMPARE_THERE ? NULL : first_of(runner, &step->right, at);
    bool is_ordered;
    int order = 0;

    if (step->op == COMPARE_THERE || left == NULL || right == NULL) {
        return step->op == COMPARE_THERE && left != NULL;
    }
    is_ordered = order_of(left, right, &order);
    switch (step->op) {
    case COMPARE_EQ:
        return node_eq(left, right);
    case COMPARE_NE:
        return !node_eq(left, right);
    case COMPARE_LE:
        return is_ordered && order <= 0;
    case COMPARE_LT:
        return is_ordered && order < 0;
    case COMPARE_GE:
        return is_ordered && order >= 0;
    case COMPARE_GT:
        return is_ordered && order > 0;
    case COMPARE_THERE:
        break;
    }
    return false;
}

static int add_filtered(struct runner *runner, const struct step *step, const struct node *node,
                        struct found *to)
{
    for (size_t i = 0; i < child_count(node); i++) {
        if (holds(runner, step, child_at(node, i)) && add(runner, to, child_at(node, i)) < 0) {
            return ERR_LIMIT;
        }
    }
    return 0;
}

/* --- paths ------------------------------------------------------------------------------------ */

static int take_step(struct runner *runner, const struct step *step, const struct node *node,
                     struct found *to)
{
    const struct node *field;

    switch (step->type) {
    case STEP_FIELD:
        field = node_find(node, step->field);
        return field == NULL ? 0 : add(runner, to, field);
    case STEP_ALL:
        return add_all(runner, node, to);
    case STEP_DEEP:
        return add_deep(runner, node, to);
    case STEP_SLICE:
        return add_slice(runner, step, node, to);
    case STEP_UNION:
        return add_union(runner, step, node, to);
    case STEP_FILTER:
        return add_filtered(runner, step, node, to);
    }
    return 0;
}

static int walk(struct runner *runner, const struct path *path, const struct node *at,
                struct found *ret_found)
{
    struct found from = {0};

    if (add(runner, &from, path->is_from_root ? runner->root : at) < 0) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < path->count; i++) {
        struct found to = {0};

        for (size_t k = 0; k < from.count; k++) {
            if (take_step(runner, &path->steps[i], from.items[k], &to) < 0) {
                return ERR_LIMIT;
            }
        }
        from = to;
    }
    *ret_found = from;
    return 0;
}

void jsonpath_value(const struct node *node, struct str *to)
{
    if (node->type == NODE_STR) {
        str_add_bytes(to, node->str.text, node->str.length);
    } else {
        json_emit(node, JSON_PLAIN, to);
    }
}

/* --- templates -------------------------------------------------------------------------------- */

struct turn { /* of a range */
    struct found found;
    size_t at;
    const struct node *outside; /* what was looked at before it */
};

static int put_path(struct runner *runner, const struct path *path, const struct node *at,
                    struct str *to)
{
    struct found found;

    if (walk(runner, path, at, &found) < 0) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < found.count; i++) {
        str_add(to, i > 0 ? " " : "");
        jsonpath_value(found.items[i], to);
    }
    return to->length <= JSONPATH_OUTPUT_MAX
               ? 0
               : err_set(runner->err, ERR_LIMIT, "more than %d bytes come of it",
                         JSONPATH_OUTPUT_MAX);
}

int jsonpath_run(const struct jsonpath *path, struct arena *arena, const struct node *root,
                 struct str *to, struct err *err)
{
    struct runner runner = {arena, root, err, 0};
    struct turn turns[JSONPATH_RANGES_MAX];
    size_t depth = 0;
    const struct node *at = root;

    *err = ERR_NONE;
    for (size_t i = 0; i < path->count; i++) {
        const struct part *part = &path->parts[i];
        struct turn *turn = depth == 0 ? NULL : &turns[depth - 1];

        if (part->type == PART_TEXT) {
            str_add(to, part->text);
        } else if (part->type == PART_PATH) {
            if (put_path(&runner, &part->path, at, to) < 0) {
                return ERR_LIMIT;
            }
        } else if (part->type == PART_RANGE) {
            assert(depth < JSONPATH_RANGES_MAX);
            turn = &turns[depth];
            *turn = (struct turn){.outside = at};
            if (walk(&runner, &part->path, at, &turn->found) < 0) {
                return ERR_LIMIT;
            }
            if (turn->found.count == 0) {
                i = part->match;
            } else {
                depth++;
                at = turn->found.items[0];
            }
        } else if (++turn->at < turn->found.count) {
            if (++runner.turns > JSONPATH_TURNS_MAX) {
                return err_set(err, ERR_LIMIT, "its ranges go round too often");
            }
            at = turn->found.items[turn->at];
            i = part->match;
        } else {
            at = turn->outside;
            depth--;
        }
    }
    return 0;
}

int jsonpath_find(const struct jsonpath *path, struct arena *arena, const struct node *root,
                  struct found *ret_found, struct err *err)
{
    struct runner runner = {arena, root, err, 0};

    *err = ERR_NONE;
    assert(path->count == 1);
    return walk(&runner, &path->parts[0].path, root, ret_found);
}
