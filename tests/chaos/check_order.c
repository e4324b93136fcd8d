/* Is the order of revisions an order of real time?
 *
 * floor(t): the highest revision that an answer before t proves to be there.  What is asked for at
 * t sees at least that: a write gets a higher revision, a read tells of a state not below.
 * ceiling(t): the lowest revision of a write that was asked for only after t.  What was answered by
 * t cannot know it.  A read is right when some revision between the two has the object as it was
 * told. */
#include "tests/chaos/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
    int64_t t;
    uint64_t revision;
};

struct points { /* by time; `revision` the highest so far, or the lowest from here on */
    struct point *items;
    size_t count;
};

static int by_time(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    return (x->t > y->t) - (x->t < y->t);
}

static void sort(struct points *points)
{
    if (points->count > 0) {
        qsort(points->items, points->count, sizeof(points->items[0]), by_time);
    }
}

static void add(struct points *points, int64_t t, uint64_t revision)
{
    points->items = grow(points->items, points->count, sizeof(points->items[0]));
    points->items[points->count++] = (struct point){t, revision};
}

/* Number of points before t, or up to it. */
static size_t rank(const struct points *points, int64_t t, bool up_to)
{
    size_t low = 0, high = points->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (points->items[middle].t < t || (up_to && points->items[middle].t == t)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct bounds {
    struct points known, asked;
};

static uint64_t floor_at(const struct bounds *bounds, int64_t t)
{
    size_t count = rank(&bounds->known, t, false);

    return count == 0 ? 0 : bounds->known.items[count - 1].revision;
}

static uint64_t ceiling_at(const struct bounds *bounds, int64_t t)
{
    size_t first = rank(&bounds->asked, t, true);

    return first == bounds->asked.count ? UINT64_MAX : bounds->asked.items[first].revision;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Whoever knows of one row of a change set knows of all. */
static uint64_t end_of_set(const struct check *check, uint64_t revision)
{
    const struct row *row = revision == 0 ? NULL : ledger_row(check, revision);
    const struct op *op;

    while (row != NULL && row > check->rows && !ledger_is_operators(row)) {
        row--;
    }
    op = row == NULL ? NULL : op_find(check, row->why);
    return op == NULL ? revision : larger(revision, op->last_row);
}

static void make_bounds(struct check *check, struct bounds *bounds)
{
    struct points *known = &bounds->known, *asked = &bounds->asked;

    for (size_t i = 0; i < check->op_count; i++) {
        struct op *op = &check->ops[i];

        if (op_is_read(op) && op->type == END_OK) {
            op->told = number_of(text_of(op->end, "rv"));
        }
        if (op->type == END_OK && op->told > 0) {
            add(known, op->t_end, end_of_set(check, op->told));
        }
        if (op->first_row > 0) {
            add(asked, op->t_invoke, op->first_row);
        }
    }
    sort(known);
    sort(asked);
    for (size_t i = 1; i < known->count; i++) {
        known->items[i].revision = larger(known->items[i].revision, known->items[i - 1].revision);
    }
    for (size_t i = asked->count; i-- > 1;) {
        if (asked->items[i].revision < asked->items[i - 1].revision) {
            asked->items[i - 1].revision = asked->items[i].revision;
        }
    }
}

static void check_write(struct check *check, const struct op *op, uint64_t least)
{
    if (op->first_row != 0 && op->first_row <= least) {
        violation(check, "order",
                  "%s (%s) became revision %" PRIu64 ", but %" PRIu64
                  " was known before it was asked for",
                  op->id, op->verb, op->first_row, least);
    }
}

/* It was not there: some row after which it was not lies in the window. */
static bool was_absent(const struct check *check, const char *object, uint64_t least, uint64_t most)
{
    const json_t *first = json_object_get(check->first, object);
    size_t i = first == NULL ? SIZE_MAX : (size_t)json_integer_value(first);

    if (i == SIZE_MAX || least < check->rows[i].revision) {
        return true; /* never there, or not yet */
    }
    for (; i != SIZE_MAX; i = check->rows[i].next_index) {
        if (check->rows[i].verb == VERB_DELETE && check->rows[i].next > least &&
            check->rows[i].revision < most) {
            return true;
        }
    }
    return false;
}

static bool was_present(const struct check *check, const char *object, uint64_t least,
                        uint64_t most)
{
    const json_t *first = json_object_get(check->first, object);
    size_t i = first == NULL ? SIZE_MAX : (size_t)json_integer_value(first);

    for (; i != SIZE_MAX; i = check->rows[i].next_index) {
        if (check->rows[i].verb != VERB_DELETE && check->rows[i].next > least &&
            check->rows[i].revision < most) {
            return true;
        }
    }
    return false;
}

static void check_version(struct check *check, const struct op *op, const json_t *told,
                          const char *object, uint64_t least, uint64_t most)
{
    uint64_t revision = number_of(text_of(told, "rv"));
    const struct row *row = ledger_at(check, object, revision);

    if (row == NULL || !ledger_is_version(row, told)) {
        violation(check, "read",
                  "%s read \"%s\" of %s at %" PRIu64 ", where it was \"%s\", or another spec",
                  op->id, text_of(told, "value"), object, revision,
                  row == NULL ? "absent" : row->value);
    } else if (row->next <= least) {
        violation(check, "stale",
                  "%s read revision %" PRIu64 " of %s, followed by %" PRIu64 ", when %" PRIu64
                  " was known before it was asked for",
                  op->id, row->revision, object, row->next, least);
    }
    if (revision >= most) {
        violation(check, "future",
                  "%s read revision %" PRIu64 " of %s, but %" PRIu64
                  " was asked for after its answer",
                  op->id, revision, object, most);
    }
}

static void check_get(struct check *check, const struct op *op, uint64_t least, uint64_t most)
{
    char object[512];

    (void)snprintf(object, sizeof(object), "%s/%s", text_of(op->invoke, "kind"),
                   text_of(op->invoke, "name"));
    if (json_integer_value(json_object_get(op->end, "code")) != 404) {
        check_version(check, op, op->end, object, least, most);
    } else if (!was_absent(check, object, least, most)) {
        violation(check, "stale",
                  "%s did not find %s, which was there at all revisions from %" PRIu64
                  " to %" PRIu64,
                  op->id, object, least, most);
    }
}

/* A rollback to what is there already is a read. */
static void check_unchanged(struct check *check, const struct op *op, uint64_t least, uint64_t most)
{
    const json_t *each;
    char object[512];
    size_t i;

    json_array_foreach(json_object_get(op->end, "items"), i, each)
    {
        if (strcmp(text_of(each, "result"), "unchanged") == 0) {
            (void)snprintf(object, sizeof(object), "%s/%s", text_of(each, "kind"),
                           text_of(each, "name"));
            check_version(check, op, each, object, least, most);
        }
    }
}

/* Who is refused because of what is there, or is not, has read that. */
static void check_refusal(struct check *check, const struct op *op, uint64_t least, uint64_t most)
{
    bool is_create = strcmp(op->verb, "create") == 0;
    const char *wrong = NULL, *reason = text_of(op->end, "reason");
    char object[512];

    (void)snprintf(object, sizeof(object), "%s/%s", text_of(op->invoke, "kind"),
                   text_of(op->invoke, "name"));
    if (is_create && strcmp(reason, "AlreadyExists") == 0) {
        wrong = was_present(check, object, least, most) ? NULL : "not there";
    } else if (strcmp(reason, "NotFound") == 0 &&
               (strcmp(op->verb, "patch") == 0 || strcmp(op->verb, "delete") == 0 ||
                strcmp(op->verb, "replace") == 0)) {
        wrong = was_absent(check, object, least, most) ? NULL : "there";
    }
    if (wrong != NULL) {
        violation(check, "refused",
                  "%s (%s) was refused as %s, but %s was %s at all revisions from %" PRIu64
                  " to %" PRIu64,
                  op->id, op->verb, reason, object, wrong, least, most);
    }
}

static const json_t *find_item(const json_t *items, const char *name)
{
    const json_t *each;
    size_t i;

    json_array_foreach(items, i, each)
    {
        if (strcmp(text_of(each, "name"), name) == 0) {
            return each;
        }
    }
    return NULL;
}

/* A list is of one moment: all objects of its kind, as they were then. */
static void check_list(struct check *check, const struct op *op, uint64_t least, uint64_t most)
{
    const json_t *items = json_object_get(op->end, "items");
    const char *kind = text_of(op->invoke, "kind"), *object;
    size_t found = 0;
    json_t *index;

    if (op->told < least || op->told >= most) {
        violation(check, op->told < least ? "stale" : "future",
                  "%s lists revision %" PRIu64 ", which is not within %" PRIu64 " and %" PRIu64,
                  op->id, op->told, least, most);
    }
    if (end_of_set(check, op->told) != op->told) {
        violation(check, "read", "%s lists revision %" PRIu64 ", in the midst of a change set",
                  op->id, op->told);
    }
    json_object_foreach(check->newest, object, index)
    {
        const struct row *row = ledger_at(check, object, op->told);
        const json_t *item;

        if (row == NULL || strcmp(row->kind, kind) != 0 || !row->has_label) {
            continue;
        }
        item = find_item(items, row->name);
        found += item != NULL;
        if (item == NULL || !ledger_is_version(row, item)) {
            violation(check, "read",
                      "%s lists %s at %" PRIu64 " as \"%s\", where it was \"%s\", or another spec",
                      op->id, object, op->told, item == NULL ? "absent" : text_of(item, "value"),
                      row->value);
        }
    }
    if (found != json_array_size(items)) {
        violation(check, "read", "%s lists %zu objects at %" PRIu64 ", where there were %zu",
                  op->id, json_array_size(items), op->told, found);
    }
}

void ops_check_order(struct check *check)
{
    struct bounds bounds = {0};

    make_bounds(check, &bounds);
    for (size_t i = 0; i < check->op_count; i++) {
        const struct op *op = &check->ops[i];
        uint64_t least = floor_at(&bounds, op->t_invoke);
        uint64_t most = ceiling_at(&bounds, op->t_end);

        check_write(check, op, least);
        if (op->type == END_FAIL) {
            check_refusal(check, op, least, most);
        } else if (op->type == END_OK && strcmp(op->verb, "get") == 0) {
            check_get(check, op, least, most);
        } else if (op->type == END_OK && strcmp(op->verb, "list") == 0) {
            check_list(check, op, least, most);
        } else if (op->type == END_OK && strcmp(op->verb, "rollback") == 0) {
            check_unchanged(check, op, least, most);
        }
    }
    free(bounds.known.items);
    free(bounds.asked.items);
}
