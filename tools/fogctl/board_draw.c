/* The board as lines. */
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <string.h>

/* Above the rows: the head and the titles; below them: the keys. */
enum {
    HEAD_LINES = 4,
    TITLE_LINES = 1,
    FOOT_LINES = 1,
    MARK_WIDTH = 2,
    COLUMN_GAP = 1,
    LAST_SPARE = 20, /* of a line, for its last column before any other */
    LOG_PRINTED_MAX = 20
};

size_t board_rows_seen(const struct board *board)
{
    size_t around = board->mode == BOARD_DETAIL ? 1 + TITLE_LINES + FOOT_LINES
                                                : HEAD_LINES + TITLE_LINES + FOOT_LINES;

    return board->look.rows == 0 ? 0 : board->look.rows > around ? board->look.rows - around : 1;
}

/* --- columns ---------------------------------------------------------------------------------- */

struct columns { /* those that there is room for, in their order */
    const struct board_column *items[BOARD_COLUMNS_MAX];
    size_t widths[BOARD_COLUMNS_MAX];
    size_t count;
};

static size_t width_of(const struct board_column *column, const struct board_list *list)
{
    size_t width = column->width > 0 ? column->width : list->name_width;

    return width < strlen(column->title) ? strlen(column->title) : width;
}

/* All up to this rank. */
static size_t width_up_to(const struct board_shape *shape, const struct board_list *list,
                          unsigned rank)
{
    size_t width = MARK_WIDTH;

    for (size_t i = 0; i < shape->column_count; i++) {
        width +=
            shape->columns[i].rank <= rank ? width_of(&shape->columns[i], list) + COLUMN_GAP : 0;
    }
    return width - COLUMN_GAP;
}

static struct columns choose_columns(const struct board *board, const struct board_shape *shape,
                                     const struct board_list *list)
{
    struct columns columns = {.count = 0};
    size_t used = MARK_WIDTH, room = board->look.columns == 0 ? SIZE_MAX / 4 : board->look.columns;
    size_t spare; /* what no column needs */
    unsigned rank = 0;

    while (rank < BOARD_COLUMNS_MAX && width_up_to(shape, list, rank + 1) <= room) {
        rank++;
    }
    for (size_t i = 0; i < shape->column_count; i++) {
        const struct board_column *column = &shape->columns[i];

        if (column->rank <= rank) {
            columns.items[columns.count] = column;
            columns.widths[columns.count++] = width_of(column, list);
            used += width_of(column, list) + COLUMN_GAP;
        }
    }
    spare = room + COLUMN_GAP > used ? room + COLUMN_GAP - used : 0;
    for (size_t i = 0; i < columns.count; i++) {
        size_t kept = i + 1 < columns.count ? LAST_SPARE : 0,
               left = spare > kept ? spare - kept : 0;
        size_t more = columns.items[i]->spare < left ? columns.items[i]->spare : left;

        columns.widths[i] += more;
        spare -= more;
    }
    return columns;
}

static void put_titles(const struct board *board, const struct columns *columns, struct str *to)
{
    struct pen pen;

    pen_begin(&pen, &board->look, false, to);
    pen_blanks(&pen, MARK_WIDTH);
    for (size_t i = 0; i < columns->count; i++) {
        pen_blanks(&pen, i > 0 ? COLUMN_GAP : 0);
        pen_cell(&pen, STYLE_BOLD, columns->items[i]->title, columns->widths[i]);
    }
    pen_end(&pen);
}

static void put_row(struct board *board, const struct columns *columns, const void *row,
                    bool is_selected, struct wall now, struct str *to)
{
    struct pen pen;
    struct cell cell = {.pen = &pen, .board = board, .now = now};

    board->drawn++;
    pen_begin(&pen, &board->look, is_selected, to);
    pen_cell(&pen, STYLE_NONE, is_selected ? ">" : "", MARK_WIDTH);
    for (size_t i = 0; i < columns->count; i++) {
        pen_blanks(&pen, i > 0 ? COLUMN_GAP : 0);
        cell.width = columns->widths[i];
        columns->items[i]->put(&cell, row);
    }
    pen_end(&pen);
}

/* --- a view ----------------------------------------------------------------------------------- */

/* So that the selected one is seen. */
static void scroll(struct board_list *list, size_t seen)
{
    if (list->at < list->top) {
        list->top = list->at;
    } else if (list->at >= list->top + seen) {
        list->top = list->at - seen + 1;
    }
    if (list->top + seen > list->count) {
        list->top = list->count > seen ? list->count - seen : 0;
    }
}

/* Names as wide as those that were seen, so that columns stay where they are while one scrolls. */
static void widen_names(const struct board_shape *shape, struct board_list *list, size_t seen)
{
    for (size_t i = list->top; i < list->count && i < list->top + seen; i++) {
        size_t width = shape->kind == KIND_EVENT ? 0 : text_width(shape->name_of(list->items[i]));

        width = width > BOARD_NAME_MAX ? BOARD_NAME_MAX : width;
        list->name_width = width > list->name_width ? width : list->name_width;
    }
    list->name_width = list->name_width < BOARD_NAME_MIN ? BOARD_NAME_MIN : list->name_width;
}

static size_t narrowest_names(const struct board *board, size_t width)
{
    size_t third = board->look.columns / 3; /* on a narrow terminal the state is worth more */

    return board->look.columns == 0 || width <= third ? width
           : third > BOARD_NAME_MIN                   ? third
                                                      : BOARD_NAME_MIN;
}

static const char *nothing_to_show(const struct board *board, enum board_view view)
{
    return board->search.length > 0 ? "nothing that is searched for; Esc ends the search"
           : board->is_loading      ? "the controller is being asked"
           : view != BOARD_FLEET    ? "nothing yet"
           : board->labels.length > 0 || board->where.length > 0
               ? "no agent that is selected"
               : "no agents yet: each fog-agent that dials in is shown here";
}

/* Without end only the newest of the log are printed. */
static size_t rows_of(const struct board *board, enum board_view view,
                      const struct board_list *list)
{
    return board->look.rows > 0                                 ? board_rows_seen(board)
           : view == BOARD_LOG && list->count > LOG_PRINTED_MAX ? LOG_PRINTED_MAX
                                                                : list->count;
}

static size_t put_view(struct board *board, enum board_view view, struct wall now, struct str *to)
{
    const struct board_shape *shape = board_shapes[view];
    struct board_list *list = board_list_now(board, view);
    size_t seen = rows_of(board, view, list), lines = 0, wide;
    struct columns columns;
    struct pen pen;

    scroll(list, seen);
    widen_names(shape, list, seen);
    wide = list->name_width;
    list->name_width = narrowest_names(board, wide);
    columns = choose_columns(board, shape, list);
    list->name_width = wide;
    put_titles(board, &columns, to);
    for (size_t i = list->top; i < list->count && lines < seen; i++, lines++) {
        put_row(board, &columns, list->items[i], board->look.rows > 0 && i == list->at, now, to);
    }
    if (list->count == 0) {
        pen_begin(&pen, &board->look, false, to);
        pen_blanks(&pen, MARK_WIDTH);
        pen_put(&pen, STYLE_FAINT, nothing_to_show(board, view));
        pen_end(&pen);
        lines = 1;
    }
    return lines;
}

/* --- what a line is typed into, and the keys ---------------------------------------------------
 */

static const char *prompt_of(enum board_mode mode)
{
    switch (mode) {
    case BOARD_SEARCH:
        return "search: ";
    case BOARD_LABELS:
        return "labels of agents, as site=north: ";
    case BOARD_WHERE:
        return "condition, as sensors.battery < 40: ";
    case BOARD_LOOK:
    case BOARD_DETAIL:
    case BOARD_HELP:
        break;
    }
    return NULL;
}

static void put_foot(struct board *board, struct str *to)
{
    static const char keys[] = "Enter why   Tab 1-4 views   / search   s sort   l labels   w where"
                               "   ? help   q quit";
    const char *prompt = prompt_of(board->mode);
    struct pen pen;
    struct str line = STR_EMPTY;

    pen_begin(&pen, &board->look, false, &line);
    if (prompt != NULL) {
        pen_put(&pen, STYLE_BOLD, prompt);
        pen_put(&pen, STYLE_NONE, board->input.data);
        pen_put(&pen, STYLE_REVERSE, board->look.is_colored ? " " : "_");
    } else if (board->message.length > 0) {
        pen_put(&pen, STYLE_YELLOW, board->message.data);
    } else if (board->mode == BOARD_DETAIL) {
        pen_put(&pen, STYLE_FAINT, "Esc back   j k move   1-4 views   q quit");
    } else if (board->mode == BOARD_HELP) {
        pen_put(&pen, STYLE_FAINT, "j k move   any other key goes back");
    } else {
        pen_put(&pen, STYLE_FAINT,
                pen_left(&pen) < sizeof(keys) - 1
                    ? "Enter why   Tab views   / search   ? help   q quit"
                    : keys);
    }
    pen_end(&pen);
    str_add_bytes(to, line.data, line.length - 1); /* the last line has no end */
    str_fini(&line);
}

/* --- detail and help -------------------------------------------------------------------------- */

static void put_lines(struct board *board, const char *text, size_t *top, size_t seen,
                      size_t *ret_lines, struct str *to)
{
    struct str wrapped = STR_EMPTY;
    size_t total = 0, line = 0;

    lines_wrap(text, board->look.columns, &wrapped);
    for (const char *c = wrapped.data; *c != '\0'; c++) {
        total += *c == '\n';
    }
    if (*top + seen > total) {
        *top = total > seen ? total - seen : 0;
    }
    *ret_lines = 0;
    for (const char *at = wrapped.data; *at != '\0' && *ret_lines < seen; line++) {
        size_t length = strcspn(at, "\n");

        if (line >= *top) {
            str_add_bytes(to, at, length);
            str_add(to, board->look.is_colored ? "\033[0m\n" : "\n");
            (*ret_lines)++;
        }
        at += length + (at[length] == '\n');
    }
    str_fini(&wrapped);
}

static size_t put_detail(struct board *board, struct str *to)
{
    struct board_detail *detail = &board->detail;
    struct str title = STR_EMPTY;
    struct pen pen;
    size_t lines;

    str_addf(&title, "%s/%s", detail->kind->singular, detail->name.data);
    pen_begin(&pen, &board->look, false, to);
    pen_put(&pen, STYLE_REVERSE, title.data);
    pen_end(&pen);
    str_fini(&title);
    put_lines(board, detail->text.length > 0 ? detail->text.data : "asking the controller\n",
              &detail->top, board_rows_seen(board), &lines, to);
    return lines;
}

static const char *const help =
    "What is shown\n"
    "  1 Fleet, 2 Sessions, 3 Work (assignments), 4 Log (changes and events); Tab goes on\n"
    "  Enter: the selected object: why it is as it is, what would help, and all of it\n"
    "  Esc: back\n"
    "Which rows\n"
    "  /: search in all that a row says; Esc ends it\n"
    "  l: agents with these labels     w: agents of which this condition holds\n"
    "  s: the next order\n"
    "Moving\n"
    "  arrows or j k, Page Up and Down or b and space, Home and End or g and G\n"
    "  q: quit     Ctrl-Z: to the shell, until fg     Ctrl-L: draw anew\n"
    "States\n";

static size_t put_help(struct board *board, struct str *to)
{
    struct str text = STR_EMPTY;
    size_t lines;

    str_add(&text, help);
    for (size_t i = SCENE_STATE_COUNT; i-- > 0;) {
        str_addf(&text, "  %s %s: %s\n", scene_state_sign(&board->look, (enum scene_state)i),
                 scene_state_words[i], scene_state_meanings[i]);
    }
    put_lines(board, text.data, &board->help_top, board_rows_seen(board) + TITLE_LINES, &lines, to);
    str_fini(&text);
    return lines - (lines > 0 ? TITLE_LINES : 0);
}

/* --- all of it -------------------------------------------------------------------------------- */

void board_draw(struct board *board, struct wall now, struct mono mono_now, struct str *to)
{
    size_t lines, seen = board_rows_seen(board);
    bool is_colored = board->look.is_colored;

    if (board->mode == BOARD_DETAIL) {
        board_put_word(board, now, mono_now, to);
        lines = put_detail(board, to);
    } else if (board->mode == BOARD_HELP) {
        board_put_head(board, now, mono_now, to);
        lines = put_help(board, to);
    } else {
        board_put_head(board, now, mono_now, to);
        /* What is old loses its colour, as on the dashboard. */
        board->look.is_colored = is_colored && board_silence_ms(board, mono_now) < 0;
        lines = put_view(board, board->view, now, to);
        board->look.is_colored = is_colored;
    }
    for (; lines < seen; lines++) {
        str_add_char(to, '\n');
    }
    put_foot(board, to);
}

void board_print(struct board *board, struct wall now, struct mono mono_now, struct str *to)
{
    struct look look = board->look;
    struct str head = STR_EMPTY;

    board->look.rows = 0;
    board_put_head(board, now, mono_now, &head);
    str_add_bytes(to, head.data, head.length);
    str_fini(&head);
    for (size_t i = 0; i < BOARD_VIEW_COUNT; i++) {
        str_add_char(to, '\n');
        (void)put_view(board, (enum board_view)i, now, to);
    }
    board->look = look;
}

size_t board_seen(struct board *board, const char **names, size_t count_max)
{
    const struct board_list *list = board_list_now(board, BOARD_FLEET);
    size_t count = 0, seen = board_rows_seen(board);

    for (size_t i = list->top; i < list->count && i < list->top + seen && count < count_max; i++) {
        names[count++] = board_shapes[BOARD_FLEET]->name_of(list->items[i]);
    }
    return count;
}
