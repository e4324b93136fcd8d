/* The view of sessions. */
#include "schema/base/parse.h"
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <string.h>

enum { BY_NAME, BY_STATE };

static void put_age(const struct cell *cell, struct wall since)
{
    char text[DURATION_TEXT_SIZE] = "";

    if (since.ms != 0) {
        age_to_str(cell->now.ms > since.ms ? cell->now.ms - since.ms : 0, text);
    }
    board_put_text(cell, STYLE_NONE, text);
}

static void put_session_name(const struct cell *cell, const void *row)
{
    board_put_text(cell, STYLE_BOLD, ((const struct scene_session *)row)->name);
}

static void put_session_state(const struct cell *cell, const void *row)
{
    const struct scene_session *session = row;
    enum scene_state state = scene_session_state(session);

    board_put_state(cell, state, state == SCENE_CONVERGED ? "" : session->reason);
}

static void put_ready(const struct cell *cell, const void *row)
{
    const struct scene_session *session = row;
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld/%lld", (long long)session->ready,
                   (long long)session->desired);
    if (session->done[0] != '\0') {
        (void)snprintf(text, sizeof(text), "%.30s done", session->done);
    }
    board_put_text(cell, STYLE_NONE, text);
}

static void put_updated(const struct cell *cell, const void *row)
{
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)((const struct scene_session *)row)->updated);
    board_put_text(cell, STYLE_NONE, text);
}

static void put_held(const struct cell *cell, const void *row)
{
    char text[BOARD_TEXT_SIZE];
    size_t held = scene_session_held(row);

    (void)snprintf(text, sizeof(text), "%zu", held);
    board_put_text(cell, held > 0 ? STYLE_YELLOW : STYLE_NONE, text);
}

static void put_class(const struct cell *cell, const void *row)
{
    enum divergence class = ((const struct scene_session *)row)->class;

    board_put_text(cell, STYLE_NONE, class < DIVERGENCE_COUNT ? divergence_words[class] : "");
}

static void put_since(const struct cell *cell, const void *row)
{
    put_age(cell, ((const struct scene_session *)row)->since);
}

static void put_session_message(const struct cell *cell, const void *row)
{
    board_put_text(cell, STYLE_NONE, ((const struct scene_session *)row)->message);
}

static const struct board_column session_columns[] = {
    {"NAME", 0, 0, 0, put_session_name}, {"STATE", 24, 0, 0, put_session_state},
    {"READY", 13, 1, 0, put_ready},      {"UPDATED", 7, 5, 0, put_updated},
    {"HELD", 4, 2, 0, put_held},         {"CLASS", 13, 6, 0, put_class},
    {"SINCE", 6, 4, 0, put_since},       {"BECAUSE", 16, 3, BOARD_REST, put_session_message},
};

static const char *session_name(const void *row)
{
    return ((const struct scene_session *)row)->name;
}

static int compare_sessions(unsigned sort, const void *a, const void *b)
{
    int left = (int)scene_session_state(a), right = (int)scene_session_state(b);

    return sort == BY_STATE && left != right ? left - right
                                             : strcmp(session_name(a), session_name(b));
}

static bool session_is_shown(const void *row)
{
    return ((const struct scene_session *)row)->is_there;
}

static bool session_matches(const void *row, const char *search)
{
    const struct scene_session *session = row;

    return board_text_has(session->name, search) || board_text_has(session->reason, search) ||
           board_text_has(session->message, search) ||
           board_text_has(scene_state_words[scene_session_state(session)], search);
}

static const struct map *sessions_of(const struct scene *scene)
{
    return &scene->sessions;
}

static const struct kind *session_object(const void *row, const char **ret_name)
{
    *ret_name = session_name(row);
    return kind_get(KIND_HARVEST_SESSION);
}

const struct board_shape board_sessions = {
    .title = "Sessions",
    .kind = KIND_HARVEST_SESSION,
    .columns = session_columns,
    .column_count = COUNT_OF(session_columns),
    .sorts = {"name", "state"},
    .compare = compare_sessions,
    .name_of = session_name,
    .is_shown = session_is_shown,
    .matches = session_matches,
    .rows_of = sessions_of,
    .object_of = session_object,
};
