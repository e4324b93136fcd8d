/* The views, column by column. */
#include "schema/base/parse.h"
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <math.h>
#include <stdio.h>
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

static void put_text(const struct cell *cell, enum style style, const char *text)
{
    pen_cell(cell->pen, style, text, cell->width);
}

static void put_state(const struct cell *cell, enum scene_state state, const char *reason)
{
    struct str text = STR_EMPTY;

    str_addf(&text, "%s %s%s%s", scene_state_sign(cell->pen->look, state), scene_state_words[state],
             reason[0] == '\0' ? "" : " ", reason);
    put_text(cell, scene_state_style(state), text.data);
    str_fini(&text);
}

static void put_age(const struct cell *cell, struct wall since)
{
    char text[DURATION_TEXT_SIZE] = "";

    if (since.ms != 0) {
        age_to_str(cell->now.ms > since.ms ? cell->now.ms - since.ms : 0, text);
    }
    put_text(cell, STYLE_NONE, text);
}

static int by_number(double a, double b) /* the larger first; what is none last */
{
    a = isnan(a) ? -INFINITY : a;
    b = isnan(b) ? -INFINITY : b;
    return (a < b) - (a > b);
}

static bool has(const char *text, const char *search)
{
    return text != NULL && strcasestr(text, search) != NULL;
}

/* --- agents ----------------------------------------------------------------------------------- */

enum { BAR_WIDTH = 5, TEXT_SIZE = 48 };
enum {
    AGENT_BY_NAME,
    AGENT_BY_STATE,
    AGENT_BY_BATTERY,
    AGENT_BY_HEAT,
    AGENT_BY_LOAD,
    AGENT_BY_WORK
};

static void put_agent_name(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_BOLD, ((const struct scene_agent *)row)->name);
}

static void put_agent_state(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;

    put_state(cell, agent->state, agent->reason);
}

/* A bar and a number; "-" for what the machine does not have, "?" for what tells nothing. */
static void put_reading(const struct cell *cell, const struct scene_agent *agent,
                        enum sensor sensor, enum style style, double share, const char *text)
{
    if (!agent->is_connected || agent->is_unknown[sensor] || isnan(agent->of[sensor])) {
        pen_blanks(cell->pen, BAR_WIDTH + 1);
        pen_cell(cell->pen, STYLE_FAINT,
                 !agent->is_connected        ? ""
                 : agent->is_unknown[sensor] ? "?"
                                             : "-",
                 cell->width - BAR_WIDTH - 1);
        return;
    }
    pen_bar(cell->pen, style, share, BAR_WIDTH);
    pen_blanks(cell->pen, 1);
    pen_cell(cell->pen, STYLE_NONE, text, cell->width - BAR_WIDTH - 1);
}

static enum style above(double value, double yellow, double red)
{
    return value >= red ? STYLE_RED : value >= yellow ? STYLE_YELLOW : STYLE_GREEN;
}

static void put_battery(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double percent = agent->of[SENSOR_BATTERY];
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.0f%%%s", percent,
                   agent->of[SENSOR_CHARGING] > 0 ? "+" : "");
    put_reading(cell, agent, SENSOR_BATTERY,
                percent < 20   ? STYLE_RED
                : percent < 40 ? STYLE_YELLOW
                               : STYLE_GREEN,
                percent / 100, text);
}

static void put_heat(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double celsius = agent->of[SENSOR_TEMPERATURE];
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.0f%s", celsius, pen_sign(cell->pen->look, "°C", " C"));
    put_reading(cell, agent, SENSOR_TEMPERATURE, above(celsius, 55, 75), (celsius - 20) / 80, text);
}

static void put_load(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double cores = (double)agent->cores_milli / 1000;
    double share = cores > 0 ? agent->of[SENSOR_LOAD] / cores : NAN;
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.1f", agent->of[SENSOR_LOAD]);
    put_reading(cell, agent, SENSOR_LOAD, above(share, 0.7, 1), share, text);
}

static void put_cores(const struct cell *cell, const void *row)
{
    char text[QUANTITY_TEXT_SIZE] = "";

    if (((const struct scene_agent *)row)->cores_milli > 0) {
        cores_to_str(((const struct scene_agent *)row)->cores_milli, text);
    }
    put_text(cell, STYLE_NONE, text);
}

static void put_others(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double percent = agent->of[SENSOR_FOREIGN_CPU];
    char text[TEXT_SIZE] = "-";

    if (agent->is_connected && !isnan(percent)) {
        (void)snprintf(text, sizeof(text), "%.0f%%", percent);
    }
    put_text(cell, STYLE_NONE, agent->is_connected ? text : "");
}

static void put_runs(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), agent->held > 0 ? "%zu, %zu held" : "%zu", agent->running,
                   agent->held);
    put_text(cell, STYLE_NONE, text);
}

static void put_agent_work(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < agent->work.count && text.length < cell->width; i++) {
        const struct scene_work *work = agent->work.items[i];

        str_addf(&text, "%s%s", i == 0 ? "" : " ", work->session->name);
        if (!str_eq(work->slot, agent->name)) {
            str_addf(&text, "/%s", work->slot);
        }
    }
    put_text(cell, STYLE_NONE, text.data);
    str_fini(&text);
}

static const struct board_column agent_columns[] = {
    {"NAME", 0, 0, 0, put_agent_name},
    {"STATE", 24, 0, 16, put_agent_state},
    {"BATTERY", 11, 1, 0, put_battery},
    {"HEAT", 10, 2, 0, put_heat},
    {"LOAD", 10, 3, 0, put_load},
    {"CORES", 5, 6, 0, put_cores},
    {"OTHERS", 6, 7, 0, put_others},
    {"RUNS", 9, 4, 0, put_runs},
    {"WORK", 12, 5, BOARD_REST, put_agent_work},
};

static int compare_agents(unsigned sort, const void *a, const void *b)
{
    const struct scene_agent *left = a, *right = b;
    int order = 0;

    switch (sort) {
    case AGENT_BY_STATE:
        order = (left->state > right->state) - (left->state < right->state);
        break;
    case AGENT_BY_BATTERY: /* the emptiest first */
        order = isnan(left->of[SENSOR_BATTERY]) || isnan(right->of[SENSOR_BATTERY])
                    ? by_number(left->of[SENSOR_BATTERY], right->of[SENSOR_BATTERY])
                    : by_number(right->of[SENSOR_BATTERY], left->of[SENSOR_BATTERY]);
        break;
    case AGENT_BY_HEAT:
        order = by_number(left->of[SENSOR_TEMPERATURE], right->of[SENSOR_TEMPERATURE]);
        break;
    case AGENT_BY_LOAD:
        order = by_number(left->of[SENSOR_LOAD], right->of[SENSOR_LOAD]);
        break;
    case AGENT_BY_WORK:
        order = by_number((double)left->work.count, (double)right->work.count);
        break;
    default:
        break;
    }
    return order != 0 ? order : strcmp(left->name, right->name);
}

static const char *agent_name(const void *row)
{
    return ((const struct scene_agent *)row)->name;
}

static bool agent_is_shown(const void *row)
{
    const struct scene_agent *agent = row;

    return agent->is_there && agent->is_chosen;
}

static bool agent_matches(const void *row, const char *search)
{
    const struct scene_agent *agent = row;

    return has(agent->name, search) || has(agent->labels, search) || has(agent->reason, search) ||
           has(scene_state_words[agent->state], search);
}

static const struct map *agents_of(const struct scene *scene)
{
    return &scene->agents;
}

static const struct kind *agent_object(const void *row, const char **ret_name)
{
    *ret_name = agent_name(row);
    return kind_get(KIND_AGENT);
}

/* --- sessions --------------------------------------------------------------------------------- */

enum { BY_NAME, BY_STATE, BY_AGENT };

static void put_session_name(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_BOLD, ((const struct scene_session *)row)->name);
}

static void put_session_state(const struct cell *cell, const void *row)
{
    const struct scene_session *session = row;
    enum scene_state state = scene_session_state(session);

    put_state(cell, state, state == SCENE_CONVERGED ? "" : session->reason);
}

static void put_ready(const struct cell *cell, const void *row)
{
    const struct scene_session *session = row;
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld/%lld", (long long)session->ready,
                   (long long)session->desired);
    if (session->done[0] != '\0') {
        (void)snprintf(text, sizeof(text), "%.30s done", session->done);
    }
    put_text(cell, STYLE_NONE, text);
}

static void put_updated(const struct cell *cell, const void *row)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)((const struct scene_session *)row)->updated);
    put_text(cell, STYLE_NONE, text);
}

static void put_held(const struct cell *cell, const void *row)
{
    char text[TEXT_SIZE];
    size_t held = scene_session_held(row);

    (void)snprintf(text, sizeof(text), "%zu", held);
    put_text(cell, held > 0 ? STYLE_YELLOW : STYLE_NONE, text);
}

static void put_class(const struct cell *cell, const void *row)
{
    enum divergence class = ((const struct scene_session *)row)->class;

    put_text(cell, STYLE_NONE, class < DIVERGENCE_COUNT ? divergence_words[class] : "");
}

static void put_since(const struct cell *cell, const void *row)
{
    put_age(cell, ((const struct scene_session *)row)->since);
}

static void put_session_message(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_NONE, ((const struct scene_session *)row)->message);
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

    return has(session->name, search) || has(session->reason, search) ||
           has(session->message, search) ||
           has(scene_state_words[scene_session_state(session)], search);
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

/* --- work ------------------------------------------------------------------------------------- */

static void put_work_name(const struct cell *cell, const void *row)
{
    const struct scene_work *work = row;
    struct str text = STR_EMPTY;

    str_addf(&text, "%s/%s", work->session->name, work->slot);
    put_text(cell, STYLE_BOLD, text.data);
    str_fini(&text);
}

static void put_work_agent(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->agent->name);
}

static void put_phase(const struct cell *cell, const void *row)
{
    const struct scene_work *work = row;
    enum scene_state state = scene_work_state(work);
    struct str text = STR_EMPTY;

    str_addf(&text, "%s %s", scene_state_sign(cell->pen->look, state),
             assignment_phase_words[work->phase]);
    put_text(cell, scene_state_style(state), text.data);
    str_fini(&text);
}

static void put_work_reason(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->reason);
}

static void put_restarts(const struct cell *cell, const void *row)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)((const struct scene_work *)row)->restarts);
    put_text(cell, STYLE_NONE, text);
}

static void put_work_message(const struct cell *cell, const void *row)
{
    put_text(cell, STYLE_NONE, ((const struct scene_work *)row)->message);
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

    return has(work->name, search) || has(work->agent->name, search) || has(work->reason, search) ||
           has(assignment_phase_words[work->phase], search);
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

/* --- the log ---------------------------------------------------------------------------------- */

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
    put_text(cell, STYLE_FAINT, time != NULL ? time + 1 : text);
}

static void put_who(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;

    put_text(cell, it->is_change ? STYLE_BLUE : STYLE_NONE, it->who);
}

static void put_about(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;
    const struct kind *kind = kind_find("fog/v1", it->kind);
    struct str text = STR_EMPTY;

    str_addf(&text, "%s/%s", kind == NULL ? it->kind : kind_short(kind), it->name);
    put_text(cell, STYLE_BOLD, text.data);
    str_fini(&text);
}

static void put_what(const struct cell *cell, const void *row)
{
    const struct scene_happened *it = row;

    put_text(cell, it->is_warning ? STYLE_YELLOW : STYLE_NONE, it->what);
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

static bool happened_matches(const void *row, const char *search)
{
    const struct scene_happened *it = row;

    return has(it->name, search) || has(it->what, search) || has(it->who, search) ||
           has(it->kind, search);
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

/* --- all of them ------------------------------------------------------------------------------ */

const struct board_shape board_shapes[BOARD_VIEW_COUNT] = {
    [BOARD_FLEET] = {"Fleet",
                     KIND_AGENT,
                     agent_columns,
                     COUNT_OF(agent_columns),
                     {"name", "state", "battery", "temperature", "load", "work"},
                     compare_agents,
                     agent_name,
                     agent_is_shown,
                     agent_matches,
                     agents_of,
                     agent_object},
    [BOARD_SESSIONS] = {"Sessions",
                        KIND_HARVEST_SESSION,
                        session_columns,
                        COUNT_OF(session_columns),
                        {"name", "state"},
                        compare_sessions,
                        session_name,
                        session_is_shown,
                        session_matches,
                        sessions_of,
                        session_object},
    [BOARD_WORK] = {"Work",
                    KIND_ASSIGNMENT,
                    work_columns,
                    COUNT_OF(work_columns),
                    {"name", "state", "agent"},
                    compare_work,
                    work_name,
                    work_is_shown,
                    work_matches,
                    work_of,
                    work_object},
    [BOARD_LOG] = {"Log",
                   KIND_EVENT,
                   log_columns,
                   COUNT_OF(log_columns),
                   {"time"},
                   compare_log,
                   happened_name,
                   work_is_shown,
                   happened_matches,
                   log_of,
                   happened_object},
};
