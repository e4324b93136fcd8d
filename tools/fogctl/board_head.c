/* What stands above all views: where the controller is, how new all of it is, and how many are in
 * which state. */
#include "schema/base/parse.h"
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 3 };

/* A part of a line, when there is room for all of it. */
static void put_part(struct pen *pen, enum style style, const char *text)
{
    size_t gap = pen->column == 0 ? 0 : GAP;
    struct str shown = STR_EMPTY;
    size_t width = text_add_fitting(&shown, text, SIZE_MAX / 2, !pen->look->is_utf8);

    if (width + gap <= pen_left(pen)) {
        pen_blanks(pen, gap);
        pen_put(pen, style, text);
    }
    str_fini(&shown);
}

static const char *without_scheme(const char *server)
{
    const char *at = strstr(server, "://");

    return at == NULL ? server : at + 3;
}

int64_t board_silence_ms(const struct board *board, struct mono now)
{
    int64_t passed_ms = mono_since(board->heard, now);

    return board->is_lost || passed_ms > board->quiet_ms ? passed_ms : -1;
}

static void put_controller(struct pen *pen, const struct scene_controller *controller)
{
    struct str text = STR_EMPTY;

    if (!str_is_empty(controller->version)) {
        str_addf(&text, "controller %s", controller->version);
    }
    if (!isnan(controller->cpu_percent)) {
        str_addf(&text, "%s%.0f%% of a core", text.length > 0 ? ", " : "", controller->cpu_percent);
    }
    if (!isnan(controller->memory_bytes)) {
        str_addf(&text, "%s%.0fMi", text.length > 0 ? ", " : "",
                 controller->memory_bytes / (1 << 20));
    }
    if (text.length > 0) {
        put_part(pen, STYLE_NONE, text.data);
    }
    str_fini(&text);
}

void board_put_word(struct board *board, struct wall now, struct mono mono_now, struct str *to)
{
    int64_t silent_ms = board_silence_ms(board, mono_now);
    char moment[WALL_TEXT_SIZE], text[96];
    struct pen pen;

    pen_begin(&pen, &board->look, false, to);
    put_part(&pen, STYLE_BOLD, "fog");
    if (silent_ms >= 0) {
        (void)snprintf(text, sizeof(text), "no word from the controller for %lld s",
                       (long long)(silent_ms / 1000));
        put_part(&pen, STYLE_RED, text);
    }
    put_part(&pen, STYLE_NONE, without_scheme(board->server));
    (void)snprintf(text, sizeof(text), "revision %llu", (unsigned long long)board->scene->revision);
    put_part(&pen, STYLE_NONE, text);
    if (silent_ms < 0) {
        wall_to_str(now, moment);
        put_part(&pen, STYLE_NONE, strchr(moment, 'T') == NULL ? moment : strchr(moment, 'T') + 1);
    }
    put_controller(&pen, &board->scene->controller);
    pen_end(&pen);
}

/* --- how many --------------------------------------------------------------------------------- */

/* Each state that some are in: with its word, or when that would be too long, its sign alone. */
static void add_states(const struct board *board, bool with_words, struct pen *pen)
{
    const struct scene *scene = board->scene;
    struct str text = STR_EMPTY;

    for (size_t i = SCENE_STATE_COUNT; i-- > 0;) {
        if (scene->agents_by_state[i] > 0) {
            str_clear(&text);
            str_addf(&text, "%s %zu%s%s", scene_state_sign(pen->look, (enum scene_state)i),
                     scene->agents_by_state[i], with_words ? " " : "",
                     with_words ? scene_state_words[i] : "");
            put_part(pen, scene_state_style((enum scene_state)i), text.data);
        }
    }
    str_fini(&text);
}

static size_t states_width(const struct board *board)
{
    size_t width = 0;

    for (size_t i = 0; i < SCENE_STATE_COUNT; i++) {
        size_t count = board->scene->agents_by_state[i];

        for (; count > 0; count /= 10) {
            width++;
        }
        width += board->scene->agents_by_state[i] > 0 ? strlen(scene_state_words[i]) + 3 + GAP : 0;
    }
    return width;
}

static void put_agents(const struct board *board, struct str *to)
{
    const struct scene *scene = board->scene;
    struct str text = STR_EMPTY;
    struct pen pen;

    pen_begin(&pen, &board->look, false, to);
    str_addf(&text, "%zu agent%s", scene->agents_count, scene->agents_count == 1 ? "" : "s");
    put_part(&pen, STYLE_BOLD, text.data);
    add_states(board, states_width(board) <= pen_left(&pen), &pen);
    if (scene->agents_away > scene->agents_by_state[SCENE_SILENT]) {
        str_clear(&text);
        str_addf(&text, "%zu away", scene->agents_away);
        put_part(&pen, STYLE_RED, text.data);
    }
    if (scene->agents_cordoned > scene->agents_by_state[SCENE_CORDONED]) {
        str_clear(&text);
        str_addf(&text, "%zu cordoned", scene->agents_cordoned);
        put_part(&pen, STYLE_BLUE, text.data);
    }
    pen_end(&pen);
    str_fini(&text);
}

static void add_classes(const struct scene *scene, struct str *to)
{
    bool is_first = true;

    for (size_t i = 0; i < DIVERGENCE_COUNT; i++) {
        if (scene->sessions_by_class[i] > 0) {
            str_addf(to, "%s%s %zu", is_first ? ": " : ", ", divergence_words[i],
                     scene->sessions_by_class[i]);
            is_first = false;
        }
    }
}

static void put_sessions(const struct board *board, struct str *to)
{
    const struct scene *scene = board->scene;
    size_t not = scene->sessions_count - scene->sessions_converged;
    struct str text = STR_EMPTY;
    struct pen pen;

    pen_begin(&pen, &board->look, false, to);
    str_addf(&text, "%zu session%s", scene->sessions_count, scene->sessions_count == 1 ? "" : "s");
    put_part(&pen, STYLE_BOLD, text.data);
    str_clear(&text);
    str_addf(&text, "%zu converged", scene->sessions_converged);
    if (scene->sessions_held > 0) {
        str_addf(&text, " (%zu held back)", scene->sessions_held);
    }
    put_part(&pen, scene->sessions_held > 0 ? STYLE_YELLOW : STYLE_GREEN, text.data);
    if (not > 0) {
        str_clear(&text);
        str_addf(&text, "%zu not", not );
        add_classes(scene, &text);
        put_part(&pen, STYLE_RED, text.data);
    }
    for (size_t i = 0; i < SCENE_PHASE_COUNT; i++) {
        if (scene->work_by_phase[i] > 0) {
            str_clear(&text);
            str_addf(&text, "%zu %s", scene->work_by_phase[i], assignment_phase_words[i]);
            put_part(&pen, STYLE_NONE, text.data);
        }
    }
    pen_end(&pen);
    str_fini(&text);
}

/* --- which view, of which rows ---------------------------------------------------------------- */

static void put_selection(const struct board *board, struct pen *pen)
{
    const struct board_shape *shape = board_shapes[board->view];
    struct str text = STR_EMPTY;

    if (board->search.length > 0) {
        str_addf(&text, "/%s", board->search.data);
        put_part(pen, STYLE_YELLOW, text.data);
    }
    if (board->labels.length > 0) {
        str_clear(&text);
        str_addf(&text, "labels %s", board->labels.data);
        put_part(pen, STYLE_YELLOW, text.data);
    }
    if (board->where.length > 0) {
        str_clear(&text);
        str_addf(&text, "where %s", board->where.data);
        put_part(pen, STYLE_YELLOW, text.data);
    }
    str_clear(&text);
    str_addf(&text, "by %s", shape->sorts[board->lists[board->view].sort]);
    put_part(pen, STYLE_FAINT, text.data);
    str_fini(&text);
}

static void put_tabs(const struct board *board, struct str *to)
{
    struct str text = STR_EMPTY;
    struct pen pen;

    pen_begin(&pen, &board->look, false, to);
    for (size_t i = 0; i < BOARD_VIEW_COUNT; i++) {
        bool is_it = i == board->view;

        str_clear(&text);
        str_addf(&text, is_it ? "[%zu %s]" : " %zu %s ", i + 1, board_shapes[i]->title);
        pen_put(&pen, is_it ? STYLE_REVERSE : STYLE_NONE, text.data);
    }
    put_selection(board, &pen);
    pen_end(&pen);
    str_fini(&text);
}

void board_put_head(struct board *board, struct wall now, struct mono mono_now, struct str *to)
{
    board_put_word(board, now, mono_now, to);
    put_agents(board, to);
    put_sessions(board, to);
    if (board->look.rows > 0) {
        put_tabs(board, to);
    }
}
