/* Tables: columns as wide as their widest cell, three spaces between, nothing behind the last. */
#include "schema/bind.h"
#include "schema/columns.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <stdlib.h>

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

static void print_row(FILE *to, const struct table *table, const char *const *cells)
{
    size_t last = table->columns; /* nothing stands behind the last cell with a text */

    while (last > 0 && str_is_empty(cells[last - 1])) {
        last--;
    }
    fprintf(to, "%*s", (int)table->indent, "");
    for (size_t column = 0; column < last; column++) {
        size_t width = text_width(cells[column]);

        text_put(to, cells[column]);
        for (; column + 1 < last && width < table->widths[column] + 3; width++) {
            putc(' ', to);
        }
    }
    putc('\n', to);
}

void table_print_to(FILE *to, struct table *table, size_t first_row)
{
    size_t rows = table->cells.count / table->columns;

    for (size_t i = first_row * table->columns; i < rows * table->columns; i++) {
        size_t width = text_width(table->cells.items[i]);

        if (width > table->widths[i % table->columns]) {
            table->widths[i % table->columns] = width;
        }
    }
    for (size_t row = first_row; row < rows; row++) {
        print_row(to, table, table->cells.items + row * table->columns);
    }
}

void table_print(struct table *table, size_t first_row)
{
    table_print_to(stdout, table, first_row);
}

static bool is_shown(const struct column *column, bool wide)
{
    return wide || column->priority == 0;
}

size_t kind_columns(const struct kind *kind, bool wide)
{
    size_t count = 0;

    for (size_t i = 0; i < kind_column_count(kind); i++) {
        count += is_shown(kind_column(kind, i), wide);
    }
    return count;
}

static void add_title(struct fogctl *fogctl, struct table *table, const struct column *column)
{
    _cleanup_(str_fini)
    struct str title = STR_EMPTY;

    column_title(column, &title);
    vec_add(&table->cells, arena_strdup(&fogctl->arena, title.data));
}

void table_head(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide)
{
    for (size_t i = 0; i < kind_column_count(kind); i++) {
        if (is_shown(kind_column(kind, i), wide)) {
            add_title(fogctl, table, kind_column(kind, i));
        }
    }
}

static struct object *bound(struct fogctl *fogctl, const struct kind *kind, const struct node *node)
{
    struct problems problems;

    problems_init(&problems, &fogctl->arena, NULL);
    return bind_object(kind, node, BIND_TRUSTED | BIND_NO_REQUIRED, &problems);
}

/* Without an object: of a newer controller, perhaps; its name is better than nothing. */
static const char *cell_of(struct fogctl *fogctl, const struct column *column,
                           const struct node *node, const struct object *object, const char *prefix)
{
    if (column_is_name(column)) {
        return arena_printf(&fogctl->arena, "%s%s", prefix,
                            text_of(node_find(node, "metadata"), "name"));
    }
    return object == NULL
               ? "?"
               : arena_strdup(&fogctl->arena, object_cell(&fogctl->arena, object, column,
                                                          (struct wall){moment_ms(fogctl)}));
}

void table_row(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide,
               const struct node *node, const char *prefix)
{
    struct object *object = bound(fogctl, kind, node);

    for (size_t i = 0; i < kind_column_count(kind); i++) {
        const struct column *column = kind_column(kind, i);

        if (is_shown(column, wide)) {
            vec_add(&table->cells, cell_of(fogctl, column, node, object, prefix));
        }
    }
    object_unref(object);
}

static int by_last_seen(const void *a, const void *b)
{
    const char *left = node_find_text(*(struct node *const *)a, "lastTimestamp");
    const char *right = node_find_text(*(struct node *const *)b, "lastTimestamp");

    return strcmp(left == NULL ? "" : left, right == NULL ? "" : right);
}

void events_sort(struct node *events)
{
    if (list_count(events) > 0) {
        qsort(events->list.items, events->list.count, sizeof(events->list.items[0]), by_last_seen);
    }
}

void events_table(struct fogctl *fogctl, struct table *table, const struct node *events)
{
    const struct kind *kind = kind_get(KIND_EVENT);

    table_init(table, kind_columns(kind, false));
    table_head(fogctl, table, kind, false);
    for (size_t i = 0; i < list_count(events); i++) {
        table_row(fogctl, table, kind, false, events->list.items[i], "");
    }
}
