/* The view of what happened: changes and events. */
#include "schema/base/parse.h"
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <string.h>

static void put_moment(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;
    char text[WALL_TEXT_SIZE] = "";
    const char *time;

    if (it->at.ms != 0) {
        wall_to_str(it->at, text);
    }
    time = strchr(text, 'T');
    if (time != NULL && cell->now.ms - it->at.ms >= 24 * 3600 * INT64_C(1000)) {
        text[time - text] = '\0'; /* the day will do */
        time = NULL;
    }
    board_put_text(cell, STYLE_FAINT, time != NULL ? time + 1 : text);
}

static void put_who(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;

    board_put_text(cell, it->is_change ? STYLE_BLUE : STYLE_NONE, it->who);
}

static void put_about(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;
    const struct kind *kind = kind_find("fog/v1", it->kind);
    struct str text = STR_EMPTY;

    str_addf(&text, "%s/%s", kind == NULL ? it->kind : kind_short(kind), it->name);
    board_put_text(cell, STYLE_BOLD, text.data);
    str_fini(&text);
}

static void put_what(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;

    board_put_text(cell, it->is_warning ? STYLE_YELLOW : STYLE_NONE, it->what);
}

static const struct board_column log_columns[] = {
    {"TIME", 10, 1, 0, put_moment},
    {"OBJECT", 20, 0, 0, put_about},
    {"WHO", 14, 2, 0, put_who},
    {"WHAT", 16, 0, BOARD_REST, put_what},
};

static const char *happened_name(const void *row)
{
    return ((const struct scene_happened *)row)->key;
}

static int compare_log(unsigned sort, const void *a, const void *b)
{
    (void)sort;
    return scene_compare_happened(&a, &b);
}

static bool happened_is_shown(const void *row)
{
    (void)row;
    return true;
}

static bool happened_matches(const void *row, const char *search)
{
    const struct scene_happened *it = row;

    return board_text_has(it->name, search) || board_text_has(it->what, search) ||
           board_text_has(it->who, search) || board_text_has(it->kind, search);
}

static const struct map *log_of(const struct scene *scene)
{
    return &scene->happened;
}

static const struct kind *happened_object(const void *row, const char **ret_name)
{
    const struct scene_happened *it = row;

    *ret_name = it->name;
    return kind_find("fog/v1", it->kind);
}

const struct board_shape board_log = {
    .title = "Log",
    .kind = KIND_EVENT,
    .columns = log_columns,
    .column_count = COUNT_OF(log_columns),
    .sorts = {"time"},
    .compare = compare_log,
    .name_of = happened_name,
    .is_shown = happened_is_shown,
    .matches = happened_matches,
    .rows_of = log_of,
    .object_of = happened_object,
};
