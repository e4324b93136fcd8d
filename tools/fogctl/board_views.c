/* What all views have: signs and colours of states, and cells. */
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <string.h>

const char *scene_state_sign(const struct look *look, enum scene_state state)
{
    static const char *const signs[SCENE_STATE_COUNT][2] = {
        [SCENE_SILENT] = {"○", "-"},     [SCENE_DIVERGED] = {"▲", "!"},
        [SCENE_CONVERGING] = {"◐", "~"}, [SCENE_CORDONED] = {"⊘", "x"},
        [SCENE_SUSPENDED] = {"‖", "z"},  [SCENE_IDLE] = {"·", "."},
        [SCENE_CONVERGED] = {"●", "+"},
    };

    return pen_sign(look, signs[state][0], signs[state][1]);
}

enum style scene_state_style(enum scene_state state)
{
    static const enum style styles[SCENE_STATE_COUNT] = {
        [SCENE_SILENT] = STYLE_RED,       [SCENE_DIVERGED] = STYLE_RED,
        [SCENE_CONVERGING] = STYLE_BLUE,  [SCENE_CORDONED] = STYLE_VIOLET,
        [SCENE_SUSPENDED] = STYLE_YELLOW, [SCENE_IDLE] = STYLE_FAINT,
        [SCENE_CONVERGED] = STYLE_GREEN,
    };

    return styles[state];
}

void board_put_text(const struct cell *cell, enum style style, const char *text)
{
    pen_cell(cell->pen, style, text, cell->width);
}

void board_put_state(const struct cell *cell, enum scene_state state, const char *reason)
{
    struct str text = STR_EMPTY;

    str_addf(&text, "%s %s%s%s", scene_state_sign(cell->pen->look, state), scene_state_words[state],
             reason[0] == '\0' ? "" : " ", reason);
    board_put_text(cell, scene_state_style(state), text.data);
    str_fini(&text);
}

bool board_text_has(const char *text, const char *search)
{
    return text != NULL && strcasestr(text, search) != NULL;
}

const struct board_shape *const board_shapes[BOARD_VIEW_COUNT] = {
    [BOARD_FLEET] = &board_fleet,
    [BOARD_SESSIONS] = &board_sessions,
    [BOARD_WORK] = &board_work,
    [BOARD_LOG] = &board_log,
};
