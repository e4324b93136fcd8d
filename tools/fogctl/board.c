#include "tools/fogctl/board.h"

#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <string.h>

void board_init(struct board *board, struct scene *scene, const struct look *look)
{
    *board = (struct board){.scene = scene,
                            .look = *look,
                            .server = "",
                            .input = STR_EMPTY,
                            .search = STR_EMPTY,
                            .labels = STR_EMPTY,
                            .where = STR_EMPTY,
                            .message = STR_EMPTY,
                            .quiet_ms = INT64_MAX};
    board->detail.name = board->detail.text = STR_EMPTY;
    for (size_t i = 0; i < BOARD_VIEW_COUNT; i++) {
        board->lists[i].selected = STR_EMPTY;
        board->lists[i].is_stale = true;
    }
}

void board_fini(struct board *board)
{
    str_fini(&board->input);
    str_fini(&board->search);
    str_fini(&board->labels);
    str_fini(&board->where);
    str_fini(&board->message);
    str_fini(&board->detail.name);
    str_fini(&board->detail.text);
    for (size_t i = 0; i < BOARD_VIEW_COUNT; i++) {
        board_list_fini(&board->lists[i]);
    }
}

static void set_text(struct str *to, const char *text)
{
    str_clear(to);
    str_add(to, text);
}

void board_say(struct board *board, const char *message)
{
    set_text(&board->message, message);
}

bool board_sort(struct board *board, enum board_view view, const char *text)
{
    for (unsigned i = 0; board_shapes[view]->sorts[i] != NULL; i++) {
        if (str_eq(board_shapes[view]->sorts[i], text)) {
            board->lists[view].sort = i;
            board->lists[view].is_stale = true;
            return true;
        }
    }
    return false;
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum board_wish go_to(struct board *board, enum board_view view)
{
    board->view = view;
    board->mode = BOARD_LOOK;
    return view == BOARD_LOG ? WISH_LOG : WISH_NOTHING;
}

static void begin_typing(struct board *board, enum board_mode mode, const char *text)
{
    board->mode = mode;
    set_text(&board->input, text);
}

/* Every key that is typed narrows what is seen. */
static void search_now(struct board *board)
{
    set_text(&board->search, board->input.data);
    for (size_t i = 0; i < BOARD_VIEW_COUNT; i++) {
        board->lists[i].is_stale = true;
    }
}

static enum board_wish end_typing(struct board *board)
{
    enum board_mode mode = board->mode;
    struct str *to = mode == BOARD_LABELS ? &board->labels : &board->where;
    bool is_other = !str_eq(to->data, board->input.data);

    board->mode = BOARD_LOOK;
    if (mode == BOARD_SEARCH || !is_other) {
        return WISH_NOTHING;
    }
    set_text(to, board->input.data);
    return WISH_SELECTION;
}

static void erase_last(struct str *text)
{
    while (text->length > 0 && ((unsigned char)text->data[text->length - 1] & 0xc0) == 0x80) {
        text->length--;
    }
    text->length -= text->length > 0;
    if (text->capacity > 0) {
        text->data[text->length] = '\0';
    }
}

static enum board_wish key_typed(struct board *board, const struct key *key)
{
    if (key->name == KEY_ENTER) {
        return end_typing(board);
    }
    if (key->name == KEY_ESCAPE) {
        str_clear(&board->input);
        if (board->mode == BOARD_SEARCH) {
            search_now(board);
        }
        board->mode = BOARD_LOOK;
        return WISH_NOTHING;
    }
    if (key->name == KEY_TEXT) {
        str_add(&board->input, key->text);
    } else if (key->name == KEY_ERASE) {
        erase_last(&board->input);
    } else if (key->name == KEY_CLEAR) {
        str_clear(&board->input);
    }
    if (board->mode == BOARD_SEARCH) {
        search_now(board);
    }
    return WISH_NOTHING;
}

static enum board_wish open_detail(struct board *board)
{
    struct board_list *list = board_list_now(board, board->view);
    const struct board_shape *shape = board_shapes[board->view];
    const char *name = "";

    if (list->count == 0) {
        return WISH_NOTHING;
    }
    board->detail.kind = shape->object_of(list->items[list->at], &name);
    if (board->detail.kind == NULL) {
        board_say(board, "of that there is no more to tell");
        return WISH_NOTHING;
    }
    set_text(&board->detail.name, name);
    str_clear(&board->detail.text);
    board->detail.top = 0;
    board->mode = BOARD_DETAIL;
    return WISH_DETAIL;
}

static void next_sort(struct board *board)
{
    struct board_list *list = &board->lists[board->view];

    list->sort++;
    list->sort = board_shapes[board->view]->sorts[list->sort] == NULL ? 0 : list->sort;
    list->is_stale = true;
    list->at = list->top = 0;
    str_clear(&list->selected);
}

/* False: it moves nothing. */
static bool key_moves(struct board *board, const struct key *key)
{
    struct board_list *list = board_list_now(board, board->view);
    size_t page = board_rows_seen(board), last = list->count == 0 ? 0 : list->count - 1;
    size_t at = list->at;

    if (key->name == KEY_UP || str_eq(key->text, "k")) {
        at -= at > 0;
    } else if (key->name == KEY_DOWN || str_eq(key->text, "j")) {
        at++;
    } else if (key->name == KEY_PAGE_UP || str_eq(key->text, "b")) {
        at = at > page ? at - page : 0;
    } else if (key->name == KEY_PAGE_DOWN || str_eq(key->text, " ")) {
        at += page;
    } else if (key->name == KEY_HOME || str_eq(key->text, "g")) {
        at = 0;
    } else if (key->name == KEY_END || str_eq(key->text, "G")) {
        at = last;
    } else {
        return false;
    }
    board_move(board, list, at > last ? last : at);
    return true;
}

static enum board_wish key_while_looking(struct board *board, const struct key *key)
{
    const char *text = key->text;

    if (key->name == KEY_TAB || key->name == KEY_BACK_TAB) {
        size_t step = key->name == KEY_TAB ? 1 : BOARD_VIEW_COUNT - 1;

        return go_to(board, (enum board_view)((board->view + step) % BOARD_VIEW_COUNT));
    }
    if (key->name == KEY_ENTER || key->name == KEY_RIGHT) {
        return open_detail(board);
    }
    if (key->name == KEY_ESCAPE && board->search.length > 0) {
        str_clear(&board->input);
        search_now(board);
    } else if (text[0] >= '1' && text[0] < '1' + BOARD_VIEW_COUNT) {
        return go_to(board, (enum board_view)(text[0] - '1'));
    } else if (str_eq(text, "/")) {
        begin_typing(board, BOARD_SEARCH, board->search.data);
    } else if (str_eq(text, "l")) {
        begin_typing(board, BOARD_LABELS, board->labels.data);
    } else if (str_eq(text, "w")) {
        begin_typing(board, BOARD_WHERE, board->where.data);
    } else if (str_eq(text, "s")) {
        next_sort(board);
    } else if (str_eq(text, "?") || str_eq(text, "h")) {
        board->mode = BOARD_HELP;
        board->help_top = 0;
    } else {
        (void)key_moves(board, key);
    }
    return WISH_NOTHING;
}

/* Lines that are too many for the screen; where they end is known when they are drawn.  False: it
 * moves nothing. */
static bool key_scrolls(struct board *board, const struct key *key, size_t *top)
{
    size_t page = board_rows_seen(board);

    if (key->name == KEY_UP || str_eq(key->text, "k")) {
        *top -= *top > 0;
    } else if (key->name == KEY_DOWN || str_eq(key->text, "j")) {
        (*top)++;
    } else if (key->name == KEY_PAGE_UP || str_eq(key->text, "b")) {
        *top = *top > page ? *top - page : 0;
    } else if (key->name == KEY_PAGE_DOWN || str_eq(key->text, " ")) {
        *top += page;
    } else if (key->name == KEY_HOME || str_eq(key->text, "g")) {
        *top = 0;
    } else if (key->name == KEY_END || str_eq(key->text, "G")) {
        *top = SIZE_MAX / 2;
    } else {
        return false;
    }
    return true;
}

static void key_in_detail(struct board *board, const struct key *key)
{
    if (key->name == KEY_ESCAPE || key->name == KEY_LEFT || key->name == KEY_ERASE) {
        board->mode = BOARD_LOOK;
    } else {
        (void)key_scrolls(board, key, &board->detail.top);
    }
}

enum board_wish board_key(struct board *board, const struct key *key)
{
    bool is_view = key->name == KEY_TAB || key->name == KEY_BACK_TAB ||
                   (key->text[0] >= '1' && key->text[0] < '1' + BOARD_VIEW_COUNT);

    str_clear(&board->message);
    if (board->mode == BOARD_SEARCH || board->mode == BOARD_LABELS || board->mode == BOARD_WHERE) {
        return key_typed(board, key);
    }
    if (board->mode == BOARD_HELP && !is_view) {
        board->mode = key_scrolls(board, key, &board->help_top) ? BOARD_HELP : BOARD_LOOK;
        return WISH_NOTHING;
    }
    if (str_eq(key->text, "q") || str_eq(key->text, "Q")) {
        return WISH_QUIT;
    }
    if (board->mode == BOARD_DETAIL && !is_view) {
        key_in_detail(board, key);
        return WISH_NOTHING;
    }
    return key_while_looking(board, key);
}
