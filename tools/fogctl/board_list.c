/* Which rows of the fleet a view shows, in which order, and which of them are seen. */
#include "tools/fogctl/board_inner.h"

#include <stdlib.h>
#include <string.h>

void board_list_fini(struct board_list *list)
{
    vec_fini(list);
    str_fini(&list->selected);
}

struct sorting {
    const struct board_shape *shape;
    unsigned sort;
    uint64_t *compared;
};

static int compare(const void *a, const void *b, void *context)
{
    const struct sorting *sorting = context;

    (*sorting->compared)++;
    return sorting->shape->compare(sorting->sort, *(const void *const *)a, *(const void *const *)b);
}

/* Does the order hang on anything but which rows there are? */
static bool hangs_on_rows(const struct board *board, const struct board_list *list)
{
    return list->sort != 0 || board->search.length > 0 || list == &board->lists[BOARD_LOG];
}

static void collect(struct board *board, const struct board_shape *shape, struct board_list *list)
{
    list->count = 0;
    map_each (shape->rows_of(board->scene), it) {
        if (shape->is_shown(it->value) &&
            (board->search.length == 0 || shape->matches(it->value, board->search.data))) {
            vec_add(list, it->value);
        }
    }
}

/* The selected row is the one of that name; when it is gone, the one that has its place now. */
static void find_selected(const struct board_shape *shape, struct board_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(shape->name_of(list->items[i]), list->selected.data)) {
            list->at = i;
            return;
        }
    }
    list->at = list->at < list->count ? list->at : list->count == 0 ? 0 : list->count - 1;
}

void board_move(struct board *board, struct board_list *list, size_t at)
{
    const struct board_shape *shape = board_shapes[list - board->lists];

    list->at = at;
    str_clear(&list->selected);
    if (at < list->count) {
        str_add(&list->selected, shape->name_of(list->items[at]));
    }
}

struct board_list *board_list_now(struct board *board, enum board_view view)
{
    const struct board_shape *shape = board_shapes[view];
    struct board_list *list = &board->lists[view];
    const struct scene *scene = board->scene;
    struct sorting sorting = {shape, list->sort, &board->compared};

    if (!list->is_stale && list->membership == scene->membership[shape->kind] &&
        (list->changes == scene->changes[shape->kind] || !hangs_on_rows(board, list))) {
        return list;
    }
    collect(board, shape, list);
    if (list->count > 1) {
        qsort_r(list->items, list->count, sizeof(list->items[0]), compare, &sorting);
    }
    if (list->selected.length > 0) {
        find_selected(shape, list);
    } else { /* nobody has moved yet: the first one, whichever it is */
        list->at = 0;
    }
    list->membership = scene->membership[shape->kind];
    list->changes = scene->changes[shape->kind];
    list->is_stale = false;
    return list;
}
