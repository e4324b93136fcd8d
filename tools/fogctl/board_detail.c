/* One object: why it is as it is, the work that belongs to it, and all of it. */
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <string.h>

enum { WORK_LISTED_MAX = 50 };

/* Texts of others are told as they may be shown, and a terminal that knows ASCII alone gets no
 * more: of each other character a "?". */
static void add_fit(const struct board *board, const char *text, struct str *to)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (board->look.is_utf8 || ((unsigned char)*c & 0x80) == 0) {
            str_add_char(to, *c == '\t' ? ' ' : *c); /* nobody knows how wide a tab is */
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            str_add_char(to, '?');
        }
    }
}

static bool belongs_to(const struct scene_work *work, const struct board_detail *detail)
{
    return str_eq(detail->name.data, detail->kind->id == KIND_AGENT ? work->agent->name
                                     : detail->kind->id == KIND_HARVEST_SESSION
                                         ? work->session->name
                                         : NULL);
}

static void add_work_line(const struct board *board, const struct scene_work *work, struct str *to)
{
    struct look look = board->look;
    enum scene_state state = scene_work_state(work);
    struct str name = STR_EMPTY;
    struct pen pen;

    look.columns = 0;
    str_addf(&name, "%s/%s", work->session->name, work->slot);
    pen_begin(&pen, &look, false, to);
    pen_blanks(&pen, 2);
    pen_put(&pen, scene_state_style(state), scene_state_sign(&look, state));
    pen_blanks(&pen, 1);
    pen_put(&pen, STYLE_BOLD, name.data);
    pen_put(&pen, STYLE_NONE, " on ");
    pen_put(&pen, STYLE_NONE, work->agent->name);
    pen_put(&pen, STYLE_NONE, ": ");
    pen_put(&pen, STYLE_NONE, assignment_phase_words[work->phase]);
    if (work->reason[0] != '\0') {
        pen_put(&pen, STYLE_NONE, ", ");
        pen_put(&pen, STYLE_YELLOW, work->reason);
    }
    pen_end(&pen);
    str_fini(&name);
}

static void add_work(const struct board *board, struct str *to)
{
    size_t count = 0;

    map_each (&board->scene->work, it) {
        if (belongs_to(it->value, &board->detail) && count++ < WORK_LISTED_MAX) {
            str_add(to, count == 1 ? "\nwork\n" : "");
            add_work_line(board, it->value, to);
        }
    }
    if (count > WORK_LISTED_MAX) {
        str_addf(to, "  and %zu more: 3 is a view of all, / searches\n", count - WORK_LISTED_MAX);
    }
}

void board_tell(struct board *board, const struct kind *kind, const char *name, const char *why,
                const char *object)
{
    struct board_detail *detail = &board->detail;

    if (detail->kind != kind || !str_eq(detail->name.data, name)) {
        return;
    }
    str_clear(&detail->text);
    add_fit(board, why, &detail->text);
    add_work(board, &detail->text);
    if (object[0] != '\0') {
        str_add_char(&detail->text, '\n');
        add_fit(board, object, &detail->text);
    }
}
