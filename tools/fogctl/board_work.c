/* The view of work: assignments. */
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <string.h>

enum { BY_NAME, BY_STATE, BY_AGENT };

static void put_work_name(const struct cell *cell, const void *row)
{
    const struct scene_work *work = row;
    struct str text = STR_EMPTY;

    str_addf(&text, "%s/%s", work->session->name, work->slot);
    board_put_text(cell, STYLE_BOLD, text.data);
    str_fini(&text);
}

static void put_work_agent(const struct cell *cell, const void *row)
{
    board_put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->agent->name);
}

static void put_phase(const struct cell *cell, const void *row)
{
    const struct scene_work *work = row;
    enum scene_state state = scene_work_state(work);
    struct str text = STR_EMPTY;

    str_addf(&text, "%s %s", scene_state_sign(cell->pen->look, state),
             assignment_phase_words[work->phase]);
    board_put_text(cell, scene_state_style(state), text.data);
    str_fini(&text);
}

static void put_work_reason(const struct cell *cell, const void *row)
{
    board_put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->reason);
}

static void put_restarts(const struct cell *cell, const void *row)
{
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)((const struct scene_work *)row)->restarts);
    board_put_text(cell, STYLE_NONE, text);
}

static void put_work_message(const struct cell *cell, const void *row)
{
    board_put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->message);
}

static const struct board_column work_columns[] = {
    {"NAME", 0, 0, 0, put_work_name},    {"AGENT", 14, 1, 0, put_work_agent},
    {"PHASE", 12, 0, 0, put_phase},      {"REASON", 16, 2, 0, put_work_reason},
    {"RESTARTS", 8, 4, 0, put_restarts}, {"BECAUSE", 16, 3, BOARD_REST, put_work_message},
};

static const char *work_name(const void *row)
{
    return ((const struct scene_work *)row)->name;
}

static int compare_work(unsigned sort, const void *a, const void *b)
{
    const struct scene_work *left = a, *right = b;
    int order = sort == BY_STATE   ? (int)scene_work_state(left) - (int)scene_work_state(right)
                : sort == BY_AGENT ? strcmp(left->agent->name, right->agent->name)
                                   : 0;

    return order != 0 ? order : strcmp(left->name, right->name);
}

static bool work_is_shown(const void *row)
{
    (void)row;
    return true;
}

static bool work_matches(const void *row, const char *search)
{
    const struct scene_work *work = row;

    return board_text_has(work->name, search) || board_text_has(work->agent->name, search) ||
           board_text_has(work->reason, search) ||
           board_text_has(assignment_phase_words[work->phase], search);
}

static const struct map *work_of(const struct scene *scene)
{
    return &scene->work;
}

static const struct kind *work_object(const void *row, const char **ret_name)
{
    *ret_name = work_name(row);
    return kind_get(KIND_ASSIGNMENT);
}

const struct board_shape board_work = {
    .title = "Work",
    .kind = KIND_ASSIGNMENT,
    .columns = work_columns,
    .column_count = COUNT_OF(work_columns),
    .sorts = {"name", "state", "agent"},
    .compare = compare_work,
    .name_of = work_name,
    .is_shown = work_is_shown,
    .matches = work_matches,
    .rows_of = work_of,
    .object_of = work_object,
};
