/* Tables: columns as wide as their widest cell, three spaces between, nothing behind the last. */
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/columns.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>

void table_init(struct table *table, size_t columns)
{
    *table = (struct table){.columns = columns};
    table->widths = mem_array(columns, sizeof(table->widths[0]));
}

void table_fini(struct table *table)
{
    vec_fini(&table->cells);
    free(table->widths);
}

static void print_row(const struct table *table, const char *const *cells)
{
    size_t last = table->columns; /* nothing stands behind the last cell with a text */

    while (last > 0 && str_is_empty(cells[last - 1])) {
        last--;
    }
    printf("%*s", (int)table->indent, "");
    for (size_t column = 0; column < last; column++) {
        size_t width = text_width(cells[column]);

        text_put(stdout, cells[column]);
        for (; column + 1 < last && width < table->widths[column] + 3; width++) {
            putchar(' ');
        }
    }
    putchar('\n');
}

void table_print(struct table *table, size_t first_row)
{
    size_t rows = table->cells.count / table->columns;

    for (size_t i = first_row * table->columns; i < rows * table->columns; i++) {
        size_t width = text_width(table->cells.items[i]);

        if (width > table->widths[i % table->columns]) {
            table->widths[i % table->columns] = width;
        }
    }
    for (size_t row = first_row; row < rows; row++) {
        print_row(table, table->cells.items + row * table->columns);
    }
}

static bool is_shown(const struct column *column, bool wide)
{
    return wide || column->priority == 0;
}

size_t kind_columns(const struct kind *kind, bool wide)
{
    size_t count = 2; /* NAME and AGE */

    for (size_t i = 0; i < kind->column_count; i++) {
        count += is_shown(&kind->columns[i], wide);
    }
    return count;
}

void table_head(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide)
{
    (void)fogctl;
    vec_add(&table->cells, "NAME");
    for (size_t i = 0; i < kind->column_count; i++) {
        if (is_shown(&kind->columns[i], wide)) {
            vec_add(&table->cells, kind->columns[i].name);
        }
    }
    vec_add(&table->cells, "AGE");
}

static const char *age_of(struct fogctl *fogctl, const struct object *object)
{
    char text[DURATION_TEXT_SIZE] = "";

    if (object->meta.created.ms > 0) {
        age_to_str(now_ms() - object->meta.created.ms, text);
    }
    return arena_strdup(&fogctl->arena, text);
}

static void add_cells(struct fogctl *fogctl, struct table *table, const struct kind *kind,
                      bool wide, const struct object *object)
{
    for (size_t i = 0; i < kind->column_count; i++) {
        if (is_shown(&kind->columns[i], wide)) {
            const char *cell =
                object_cell(&fogctl->arena, object, &kind->columns[i], (struct wall){now_ms()});

            vec_add(&table->cells, arena_strdup(&fogctl->arena, cell == NULL ? "" : cell));
        }
    }
}

static struct object *bound(struct fogctl *fogctl, const struct kind *kind, const struct node *node)
{
    struct problems problems;

    problems_init(&problems, &fogctl->arena, NULL);
    return bind_object(kind, node, BIND_TRUSTED | BIND_NO_REQUIRED, &problems);
}

void table_row(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide,
               const struct node *node, const char *prefix)
{
    struct object *object = bound(fogctl, kind, node);
    const char *name = text_of(node_find(node, "metadata"), "name");

    vec_add(&table->cells, arena_printf(&fogctl->arena, "%s%s", prefix, name));
    if (object == NULL) { /* of a newer controller, perhaps: its name is better than nothing */
        while (table->cells.count % table->columns != 0) {
            vec_add(&table->cells, "?");
        }
        return;
    }
    add_cells(fogctl, table, kind, wide, object);
    vec_add(&table->cells, age_of(fogctl, object));
    object_unref(object);
}

void events_table(struct fogctl *fogctl, struct table *table, const struct node *events)
{
    const struct kind *kind = kind_get(KIND_EVENT);

    table_init(table, kind_columns(kind, false) - 2);
    for (size_t i = 0; i < kind->column_count; i++) {
        if (is_shown(&kind->columns[i], false)) {
            vec_add(&table->cells, kind->columns[i].name);
        }
    }
    for (size_t i = 0; i < list_count(events); i++) {
        struct object *object = bound(fogctl, kind, events->list.items[i]);

        if (object != NULL) {
            add_cells(fogctl, table, kind, false, object);
            object_unref(object);
        }
    }
}
