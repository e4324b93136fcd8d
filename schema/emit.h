/* Object to tree: the inverse of schema/bind.h.  Fields come in table order, absent ones not at
 * all; bind(emit(x)) equals x. */
#pragma once

#include "schema/base/str.h"
#include "schema/object.h"

enum emit_parts {
    EMIT_TYPE = 1 << 0,    /* apiVersion and kind */
    EMIT_META = 1 << 1,    /* metadata without managedFields and resourceVersion */
    EMIT_MANAGED = 1 << 2, /* metadata.managedFields */
    EMIT_SPEC = 1 << 3,    /* the fields that are not status */
    EMIT_STATUS = 1 << 4,
    EMIT_REVISION = 1 << 5, /* metadata.resourceVersion */
    EMIT_ALL = EMIT_TYPE | EMIT_META | EMIT_MANAGED | EMIT_SPEC | EMIT_STATUS | EMIT_REVISION,
    /* What the ledger keeps as an object's body: all that an operator or a decision wrote, and
     * nothing that changes with each commit (resourceVersion and status are columns and rows of
     * their own). */
    EMIT_LEDGER = EMIT_TYPE | EMIT_META | EMIT_MANAGED | EMIT_SPEC,
};

struct node *emit_object(struct arena *arena, const struct object *object, unsigned parts);
struct node *emit_shape(struct arena *arena, const struct shape *shape, const void *from);
void emit_object_json(const struct object *object, unsigned parts, unsigned json_flags,
                      struct str *to);
/* The canonical JSON (sorted keys) of any shape, as digests are taken of it. */
void emit_shape_json(const struct shape *shape, const void *from, struct str *to);

/* The text of one scalar below an object, for columns, field selectors and requirements:
 * "spec.agent", "status.conditions[Ready].status", "metadata.name".  NULL when absent; in `arena`.
 */
const char *emit_path_text(struct arena *arena, const struct object *object, const char *path);
/* The moment that a path leads to; false when absent or something else. */
bool emit_path_moment(const struct object *object, const char *path, struct wall *ret_moment);
/* The field that a path may lead to in an object of the kind; NULL when there is none such. */
const struct field *emit_path_field(const struct kind *kind, const char *path);
