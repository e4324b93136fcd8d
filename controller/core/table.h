/* Tables: a list, an object or an event of a watch as rows of cells, for clients that print objects
 * of kinds they know nothing of.  The columns are those of `fogctl get` (schema/columns.h).
 *
 *     {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {…},
 *      "columnDefinitions": [{"name": "Name", "type": "string", "format": "name", …}],
 *      "rows": [{"cells": ["s1", "3", …, "5m"], "object": {…}}]}
 *
 * Cells are texts, as they are printed; ages are of the moment of the answer, or of the one in the
 * past that was asked for. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/target.h"

enum table_include { INCLUDE_METADATA, INCLUDE_OBJECT, INCLUDE_NONE };

struct table_form {
    const char *api_version; /* static; NULL: plain objects are wanted */
    enum table_include include;
    bool is_past;    /* of an object nothing is joined in that is known only now */
    struct wall now; /* that ages count to */
};

/* From `accept` (NULL: not said) and `includeObject`; false: the latter is none of the three. */
bool table_read(struct ctl *ctl, const char *accept, const struct target *target,
                struct table_form *ret_form, struct failure *ret_failure);

/* A table without rows; `meta` is taken.  Who was told the columns already may do without. */
struct node *table_node(struct ctl *ctl, const struct table_form *form, const struct kind *kind,
                        struct node *meta, bool has_columns);
/* A row for the object. */
void table_add(struct ctl *ctl, const struct table_form *form, struct node *table,
               const struct object *object);
/* A row without cells, for what is no object but has metadata: a bookmark. */
void table_add_bare(struct ctl *ctl, const struct table_form *form, const struct kind *kind,
                    struct node *table, struct node *bare);
