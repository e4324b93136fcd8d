/* Tables: columns as wide as their widest cell, two spaces between, nothing behind the last. */
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

/* Characters, not bytes: continuation bytes take no room. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

/* What comes from objects must not steer a terminal. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        putchar(c < ' ' || c == 0x7f ? '?' : c);
    }
}

void table_print(struct table *table, size_t first_row)
{
    size_t rows = table->cells.count / table->columns;

    for (size_t i = first_row * table->columns; i < rows * table->columns; i++) {
        size_t width = width_of(table->cells.items[i]);

        if (width > table->widths[i % table->columns]) {
            table->widths[i % table->columns] = width;
        }
    }
    for (size_t row = first_row; row < rows; row++) {
        for (size_t column = 0; column < table->columns; column++) {
            const char *cell = table->cells.items[row * table->columns + column];
            size_t width = width_of(cell);

            put_cell(cell);
            for (; column + 1 < table->columns && width < table->widths[column] + 3; width++) {
                putchar(' ');
            }
        }
        putchar('\n');
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

void table_row(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide,
               const struct node *node, const char *prefix)
{
    struct problems problems;
    struct object *object;

    problems_init(&problems, &fogctl->arena, NULL);
    object = bind_object(kind, node, BIND_TRUSTED | BIND_NO_REQUIRED, &problems);
    if (object == NULL) {
        return;
    }
    vec_add(&table->cells, arena_printf(&fogctl->arena, "%s%s", prefix, object->meta.name));
    for (size_t i = 0; i < kind->column_count; i++) {
        if (is_shown(&kind->columns[i], wide)) {
            const char *cell =
                object_cell(&fogctl->arena, object, &kind->columns[i], (struct wall){now_ms()});

            vec_add(&table->cells, arena_strdup(&fogctl->arena, cell == NULL ? "" : cell));
        }
    }
    vec_add(&table->cells, age_of(fogctl, object));
    object_unref(object);
}
