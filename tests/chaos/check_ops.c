/* The operators' log against the ledger's rows: what was told is there, once; what was refused is
 * not; nothing is there that nobody asked for. */
#include "tests/chaos/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading -----------------------------------------------------------------------------------
 */

static bool is(const struct op *op, const char *verb)
{
    return strcmp(op->verb, verb) == 0;
}

bool op_is_read(const struct op *op)
{
    return is(op, "get") || is(op, "list");
}

struct op *op_find(const struct check *check, const char *id)
{
    const json_t *index = json_object_get(check->by_id, id);

    return index == NULL ? NULL : &check->ops[json_integer_value(index)];
}

static void take_invocation(struct check *check, json_t *line)
{
    struct op op = {.invoke = line, .t_end = INT64_MAX};

    op.id = text_of(line, "op");
    op.verb = text_of(line, "verb");
    op.t_invoke = json_integer_value(json_object_get(line, "t"));
    if (op_find(check, op.id) != NULL) {
        cannot("ops.jsonl: operation %s begins twice", op.id);
    }
    (void)json_object_set_new(check->by_id, op.id, json_integer((json_int_t)check->op_count));
    check->ops = grow(check->ops, check->op_count, sizeof(op));
    check->ops[check->op_count++] = op;
}

/* The same request must have the same answer, to the byte. */
static void take_repeat(struct check *check, const struct op *op, json_t *line)
{
    if (op->end == NULL ||
        !json_equal(json_object_get(op->end, "code"), json_object_get(line, "code")) ||
        strcmp(text_of(op->end, "body"), text_of(line, "body")) != 0) {
        violation(check, "same-answer", "%s was answered with %lld %s, and again with %lld %s",
                  op->id,
                  json_integer_value(op->end == NULL ? NULL : json_object_get(op->end, "code")),
                  op->end == NULL ? "" : text_of(op->end, "body"),
                  json_integer_value(json_object_get(line, "code")), text_of(line, "body"));
    }
    json_decref(line);
}

static void take_line(struct check *check, json_t *line, size_t number)
{
    const char *type = text_of(line, "type");
    struct op *op;

    if (line == NULL) {
        cannot("ops.jsonl:%zu: this is no JSON", number);
    }
    if (strcmp(type, "invoke") == 0) {
        take_invocation(check, line);
        return;
    }
    op = op_find(check, text_of(line, "op"));
    if (op == NULL) {
        cannot("ops.jsonl:%zu: the end of what never began", number);
    }
    if (strcmp(type, "repeat") == 0) {
        take_repeat(check, op, line);
        return;
    }
    op->end = line;
    op->t_end = json_integer_value(json_object_get(line, "t"));
    op->type = strcmp(type, "ok") == 0     ? END_OK
               : strcmp(type, "fail") == 0 ? END_FAIL
                                           : END_UNKNOWN;
    if (op->type == END_OK) {
        check->reads += op_is_read(op);
        check->writes += !op_is_read(op);
    }
}

void ops_read(struct check *check)
{
    check->by_id = json_object();
    check->keys = json_object();
    each_line(check->dir, "ops.jsonl", take_line, check);
}

/* --- each row was asked for --------------------------------------------------------------------
 */

static bool is_target(const struct op *op, const struct row *row)
{
    const json_t *objects = json_object_get(op->invoke, "objects"), *each;
    size_t i;

    if (objects == NULL) {
        return strcmp(text_of(op->invoke, "kind"), row->kind) == 0 &&
               strcmp(text_of(op->invoke, "name"), row->name) == 0;
    }
    json_array_foreach(objects, i, each)
    {
        if (strcmp(text_of(each, "kind"), row->kind) == 0 &&
            strcmp(text_of(each, "name"), row->name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_key(struct check *check, const struct op *op, const struct row *row)
{
    const char *key = text_of(op->invoke, "key");
    const char *owner = json_string_value(json_object_get(check->keys, key));

    if (owner == NULL) {
        (void)json_object_set_new(check->keys, key, json_string(op->id));
    } else if (strcmp(owner, op->id) != 0) {
        violation(check, "twice", "key %s was carried out for %s and, revision %" PRIu64 ", for %s",
                  key, owner, row->revision, op->id);
    }
}

/* `seen` has "id object" of every row before. */
static void check_row(struct check *check, const struct row *row, json_t *seen)
{
    struct op *op = op_find(check, row->why);
    char mark[1024];

    if (op == NULL || !is_target(op, row)) {
        violation(check, "unasked", "revision %" PRIu64 " of %s by \"%s\" because of \"%s\"",
                  row->revision, row->object, row->who, row->why);
        return;
    }
    if (op_is_read(op) || is(op, "dry-run") || op->type == END_FAIL) {
        violation(check, "refused", "%s (%s) was %s, yet it is revision %" PRIu64 " of %s", op->id,
                  op->verb, op->type == END_FAIL ? "refused" : "no write", row->revision,
                  row->object);
    }
    (void)snprintf(mark, sizeof(mark), "%s %s", op->id, row->object);
    if (json_object_get(seen, mark) != NULL) {
        violation(check, "twice", "%s (%s) is in the ledger again: revision %" PRIu64 " of %s",
                  op->id, op->verb, row->revision, row->object);
    }
    (void)json_object_set_new(seen, mark, json_true());
    if (row->verb != VERB_DELETE && !is(op, "delete") && !is(op, "rollback") &&
        strcmp(row->value, op->id) != 0) {
        violation(check, "unasked", "revision %" PRIu64 " of %s holds \"%s\", not what %s wrote",
                  row->revision, row->object, row->value, op->id);
    }
    check_key(check, op, row);
    op->first_row = op->first_row == 0 ? row->revision : op->first_row;
    op->last_row = row->revision;
}

void ops_check_rows(struct check *check)
{
    json_t *seen = json_object();

    for (size_t i = 0; i < check->row_count; i++) {
        if (ledger_is_operators(&check->rows[i])) {
            check_row(check, &check->rows[i], seen);
        }
    }
    json_decref(seen);
}

/* --- each answer is true -----------------------------------------------------------------------
 */

/* One object of an acknowledged write. */
static void check_written(struct check *check, struct op *op, const json_t *told, const char *kind,
                          const char *name)
{
    uint64_t revision = number_of(text_of(told, "rv"));
    const struct row *row = ledger_row(check, revision);

    if (row == NULL || strcmp(row->why, op->id) != 0 || strcmp(row->kind, kind) != 0 ||
        strcmp(row->name, name) != 0) {
        violation(check, "lost-write",
                  "%s (%s of %s/%s) was acknowledged as revision %" PRIu64 ", which is %s%s",
                  op->id, op->verb, kind, name, revision, row == NULL ? "nothing" : "of ",
                  row == NULL ? "" : row->why);
    } else if (!ledger_is_version(row, told)) {
        violation(check, "lost-write",
                  "%s was told \"%s\" of revision %" PRIu64 ", which has \"%s\", or another spec",
                  op->id, text_of(told, "value"), revision, row->value);
    }
    op->told = revision > op->told ? revision : op->told;
}

static void check_deleted(struct check *check, const struct op *op, const char *kind,
                          const char *name)
{
    char object[512];
    const struct row *row = NULL;

    (void)snprintf(object, sizeof(object), "%s/%s", kind, name);
    for (uint64_t at = op->first_row; row == NULL && at != 0 && at <= op->last_row; at++) {
        const struct row *each = ledger_row(check, at);

        row = each != NULL && each->verb == VERB_DELETE && strcmp(each->object, object) == 0 &&
                      strcmp(each->why, op->id) == 0
                  ? each
                  : NULL;
    }
    if (row == NULL) {
        violation(check, "lost-write", "%s (delete of %s) was acknowledged and has no row", op->id,
                  object);
    }
}

static json_t *metadata_part(const json_t *body, const char *key)
{
    return json_object_get(json_object_get(body, "metadata"), key);
}

/* What went back has spec, labels and annotations of then. */
static void check_restored(struct check *check, const struct op *op, const char *object,
                           uint64_t revision)
{
    uint64_t then = number_of(text_of(op->invoke, "toRevision"));
    const struct row *row = ledger_at(check, object, then);
    json_t *is, *was;

    if (row == NULL) {
        violation(check, "rollback",
                  "%s made revision %" PRIu64 " of %s, which was not there at %" PRIu64, op->id,
                  revision, object, then);
        return;
    }
    is = ledger_body(check, revision);
    was = ledger_body(check, row->revision);
    if (!json_equal(json_object_get(is, "spec"), json_object_get(was, "spec")) ||
        !json_equal(metadata_part(is, "labels"), metadata_part(was, "labels")) ||
        !json_equal(metadata_part(is, "annotations"), metadata_part(was, "annotations"))) {
        violation(check, "rollback",
                  "%s: revision %" PRIu64 " of %s differs from revision %" PRIu64, op->id, revision,
                  object, row->revision);
    }
    json_decref(is);
    json_decref(was);
}

static void check_item(struct check *check, struct op *op, const json_t *item)
{
    const char *result = text_of(item, "result"), *kind = text_of(item, "kind");
    const char *name = text_of(item, "name");
    uint64_t revision = number_of(text_of(item, "rv"));
    char object[512];

    (void)snprintf(object, sizeof(object), "%s/%s", kind, name);
    if (strcmp(result, "deleted") == 0) {
        check_deleted(check, op, kind, name);
    } else if (strcmp(result, "unchanged") != 0) {
        check_written(check, op, item, kind, name);
    } else if (!is(op, "rollback")) { /* each value is new */
        violation(check, "lost-write", "%s changed nothing of %s, it was told", op->id, object);
    }
    if (is(op, "rollback")) {
        const struct row *row = ledger_at(check, object, revision);

        check_restored(check, op, object, row == NULL ? 0 : row->revision);
    }
}

/* Each object of a change set is told of; of a rollback, what was there then. */
static void check_items(struct check *check, struct op *op, const json_t *items)
{
    const json_t *objects = json_object_get(op->invoke, "objects"), *each;
    size_t expected = json_array_size(objects), i;
    char object[512];

    if (is(op, "rollback")) {
        (void)snprintf(object, sizeof(object), "%s/%s", text_of(op->invoke, "kind"),
                       text_of(op->invoke, "name"));
        expected =
            ledger_at(check, object, number_of(text_of(op->invoke, "toRevision"))) != NULL ? 1 : 0;
    }
    if (json_array_size(items) != expected) {
        violation(check, "lost-write", "%s (%s of %zu objects) was told of %zu", op->id, op->verb,
                  expected, json_array_size(items));
    }
    json_array_foreach(items, i, each)
    {
        check_item(check, op, each);
    }
}

static void check_condition(struct check *check, const struct op *op)
{
    uint64_t from = number_of(text_of(op->invoke, "ifRevision"));
    char object[512];
    const struct row *row;

    if (from == 0 || op->first_row == 0) {
        return;
    }
    (void)snprintf(object, sizeof(object), "%s/%s", text_of(op->invoke, "kind"),
                   text_of(op->invoke, "name"));
    row = ledger_at(check, object, from);
    if (row == NULL || row->next != op->first_row) {
        violation(check, "condition",
                  "%s was made from revision %" PRIu64
                  " of %s, yet it follows another one as %" PRIu64,
                  op->id, from, object, op->first_row);
    }
}

static void check_answer(struct check *check, struct op *op)
{
    const json_t *items = json_object_get(op->end, "items");

    check_condition(check, op);
    if (op->type != END_OK || op_is_read(op) || is(op, "dry-run")) {
        return;
    }
    if (is(op, "delete")) {
        check_deleted(check, op, text_of(op->invoke, "kind"), text_of(op->invoke, "name"));
    } else if (items == NULL) {
        check_written(check, op, op->end, text_of(op->invoke, "kind"), text_of(op->invoke, "name"));
    } else {
        check_items(check, op, items);
    }
    op->told = op->last_row > op->told ? op->last_row : op->told;
}

void ops_check_answers(struct check *check)
{
    for (size_t i = 0; i < check->op_count; i++) {
        check_answer(check, &check->ops[i]);
    }
}
