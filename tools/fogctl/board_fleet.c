/* The view of agents. */
#include "schema/base/parse.h"
#include "tools/fogctl/board_inner.h"
#include "tools/fogctl/fogctl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BAR_WIDTH = 5 };
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
    board_put_text(cell, STYLE_BOLD, ((const struct scene_agent *)row)->name);
}

static void put_agent_state(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;

    board_put_state(cell, agent->state, agent->reason);
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
    char text[BOARD_TEXT_SIZE];

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
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.0f%s", celsius, pen_sign(cell->pen->look, "°C", " C"));
    put_reading(cell, agent, SENSOR_TEMPERATURE, above(celsius, 55, 75), (celsius - 20) / 80, text);
}

static void put_load(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double cores = (double)agent->cores_milli / 1000;
    double share = cores > 0 ? agent->of[SENSOR_LOAD] / cores : NAN;
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.1f", agent->of[SENSOR_LOAD]);
    put_reading(cell, agent, SENSOR_LOAD, above(share, 0.7, 1), share, text);
}

static void put_cores(const struct cell *cell, const void *row)
{
    char text[QUANTITY_TEXT_SIZE] = "";

    if (((const struct scene_agent *)row)->cores_milli > 0) {
        cores_to_str(((const struct scene_agent *)row)->cores_milli, text);
    }
    board_put_text(cell, STYLE_NONE, text);
}

static void put_others(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    double percent = agent->of[SENSOR_FOREIGN_CPU];
    char text[BOARD_TEXT_SIZE] = "-";

    if (agent->is_connected && !isnan(percent)) {
        (void)snprintf(text, sizeof(text), "%.0f%%", percent);
    }
    board_put_text(cell, STYLE_NONE, agent->is_connected ? text : "");
}

static void put_runs(const struct cell *cell, const void *row)
{
    const struct scene_agent *agent = row;
    char text[BOARD_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), agent->held > 0 ? "%zu, %zu held" : "%zu", agent->running,
                   agent->held);
    board_put_text(cell, STYLE_NONE, text);
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
    board_put_text(cell, STYLE_NONE, text.data);
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

static int by_number(double a, double b) /* the larger first; what is none last */
{
    a = isnan(a) ? -INFINITY : a;
    b = isnan(b) ? -INFINITY : b;
    return (a < b) - (a > b);
}

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

    return board_text_has(agent->name, search) || board_text_has(agent->labels, search) ||
           board_text_has(agent->reason, search) ||
           board_text_has(scene_state_words[agent->state], search);
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

const struct board_shape board_fleet = {
    .title = "Fleet",
    .kind = KIND_AGENT,
    .columns = agent_columns,
    .column_count = COUNT_OF(agent_columns),
    .sorts = {"name", "state", "battery", "temperature", "load", "work"},
    .compare = compare_agents,
    .name_of = agent_name,
    .is_shown = agent_is_shown,
    .matches = agent_matches,
    .rows_of = agents_of,
    .object_of = agent_object,
};
