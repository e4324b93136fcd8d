#include "controller/core/table.h"

#include "controller/core/media.h"
#include "schema/bind.h"
#include "schema/columns.h"

bool table_read(struct ctl *ctl, const char *accept, const struct target *target,
                struct table_form *ret_form, struct failure *ret_failure)
{
    const char *include = target_param(target, "includeObject");

    *ret_form = (struct table_form){.api_version = media_table(accept), .now = ctl->wall};
    if (str_eq(target_param(target, "as"), "Table")) { /* a page cannot say what it accepts */
        ret_form->api_version = "meta.k8s.io/v1";
    }
    if (str_eq(include, "Object")) {
        ret_form->include = INCLUDE_OBJECT;
    } else if (str_eq(include, "None")) {
        ret_form->include = INCLUDE_NONE;
    } else if (!str_is_empty(include) && !str_eq(include, "Metadata")) {
        *ret_failure =
            failure_make(&ctl->arena, 400, "BadRequest",
                         "includeObject: \"%s\" is none of Object, Metadata, None", include);
        return false;
    }
    return true;
}

static struct node *definition(struct arena *arena, const struct kind *kind,
                               const struct column *column)
{
    struct node *node = node_map(arena);
    bool is_age = column_is_age(kind, column);

    node_set(arena, node, "name", node_str(arena, column->name));
    node_set(arena, node, "type", node_str(arena, is_age ? "date" : "string"));
    node_set(arena, node, "format", node_str(arena, column_is_name(column) ? "name" : ""));
    node_set(arena, node, "description", node_str(arena, column_description(arena, kind, column)));
    node_set(arena, node, "priority", node_int(arena, column->priority));
    return node;
}

struct node *table_node(struct ctl *ctl, const struct table_form *form, const struct kind *kind,
                        struct node *meta, bool has_columns)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *columns = node_list(arena);

    for (size_t i = 0; has_columns && i < kind_column_count(kind); i++) {
        node_add(arena, columns, definition(arena, kind, kind_column(kind, i)));
    }
    node_set(arena, root, "kind", node_str(arena, "Table"));
    node_set(arena, root, "apiVersion", node_str(arena, form->api_version));
    node_set(arena, root, "metadata", meta);
    node_set(arena, root, "columnDefinitions", columns);
    node_set(arena, root, "rows", node_list(arena));
    return root;
}

/* Without kind and apiVersion clients could read none of the table. */
static struct node *only_metadata(struct arena *arena, const struct table_form *form,
                                  const struct node *object)
{
    struct node *root = node_map(arena);

    node_set(arena, root, "kind", node_str(arena, "PartialObjectMetadata"));
    node_set(arena, root, "apiVersion", node_str(arena, form->api_version));
    node_set(arena, root, "metadata", node_find(object, "metadata"));
    return root;
}

static void add_row(struct arena *arena, const struct table_form *form, struct node *table,
                    struct node *cells, struct node *object)
{
    struct node *row = node_map(arena);

    node_set(arena, row, "cells", cells);
    switch (form->include) {
    case INCLUDE_METADATA:
        node_set(arena, row, "object", only_metadata(arena, form, object));
        break;
    case INCLUDE_OBJECT:
        node_set(arena, row, "object", object);
        break;
    case INCLUDE_NONE:
        break;
    }
    node_add(arena, node_find(table, "rows"), row);
}

/* What is only known now stands in cells, too; a reference for the caller. */
static struct object *as_it_is_now(struct ctl *ctl, const struct object *object,
                                   const struct node *node)
{
    struct problems problems;
    struct object *joined = NULL;

    if (object->kind == &agent_kind || object->kind == &assignment_kind) {
        problems_init(&problems, &ctl->arena, NULL);
        joined = bind_object(object->kind, node, BIND_TRUSTED | BIND_NO_REQUIRED, &problems);
    }
    return joined != NULL ? joined : object_ref((struct object *)object);
}

void table_add(struct ctl *ctl, const struct table_form *form, struct node *table,
               const struct object *object)
{
    struct arena *arena = &ctl->arena;
    struct node *node =
        form->is_past ? answer_stored_object(arena, object) : answer_object(ctl, arena, object);
    struct node *cells = node_list(arena);
    struct object *now =
        form->is_past ? object_ref((struct object *)object) : as_it_is_now(ctl, object, node);

    for (size_t i = 0; i < kind_column_count(object->kind); i++) {
        const struct column *column = kind_column(object->kind, i);

        node_add(arena, cells, node_str(arena, object_cell(arena, now, column, form->now)));
    }
    add_row(arena, form, table, cells, node);
    object_unref(now);
}

void table_add_bare(struct ctl *ctl, const struct table_form *form, const struct kind *kind,
                    struct node *table, struct node *bare)
{
    struct node *cells = node_list(&ctl->arena);

    for (size_t i = 0; i < kind_column_count(kind); i++) {
        node_add(&ctl->arena, cells, node_null(&ctl->arena));
    }
    add_row(&ctl->arena, form, table, cells, bare);
}
