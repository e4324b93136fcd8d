#include "controller/core/demands.h"

#include "controller/core/agent_view.h"
#include "controller/core/match.h"
#include "schema/base/utf8.h"
#include "schema/kinds/requirement.h"

#include <string.h>

enum { HAVE_FIELDS_SHOWN = 4, WHERE_BYTES_SHOWN = 200 };

static void init_requirement(struct demands *demands, struct demand *demand,
                             const struct requirement *requirement)
{
    struct where_step test;

    demand->is_readable = requirement_to_test(&demands->arena, requirement, &test);
    if (demand->is_readable) {
        where_of_test(&demands->arena, &session_where_names, &test, &demand->where);
        demands->are_volatile |= demand->where.is_volatile;
    }
}

static void init_where(struct demands *demands, const char *text)
{
    struct problems problems;

    problems_init(&problems, &demands->arena, NULL);
    demands->has_where = true;
    demands->where.is_readable = where_parse(&demands->arena, &session_where_names, text, &problems,
                                             &demands->where.where) == 0;
    demands->are_volatile |= demands->where.is_readable && demands->where.where.is_volatile;
}

void demands_init(struct demands *demands, const struct harvest_session_spec *spec)
{
    *demands = (struct demands){0};
    arena_init(&demands->arena);
    if (spec->requirements.count > 0) {
        demands->items =
            arena_array(&demands->arena, spec->requirements.count, sizeof(demands->items[0]));
        demands->count = spec->requirements.count;
    }
    for (size_t i = 0; i < demands->count; i++) {
        init_requirement(demands, &demands->items[i], &spec->requirements.items[i]);
    }
    if (spec->where != NULL) {
        init_where(demands, spec->where);
    }
}

void demands_fini(struct demands *demands)
{
    arena_fini(&demands->arena);
    *demands = (struct demands){0};
}

static bool is_met(const struct demand *demand, const struct agent_view *view)
{
    return demand->is_readable && where_holds(&demand->where, agent_view_get, view);
}

bool demands_are_met(const struct demands *demands, const struct agent_entry *agent,
                     size_t *ret_demand)
{
    const struct agent_view view = agent_view_of(agent);

    for (size_t i = 0; i < demands->count; i++) {
        if (!is_met(&demands->items[i], &view)) {
            *ret_demand = i;
            return false;
        }
    }
    *ret_demand = DEMAND_WHERE;
    return !demands->has_where || is_met(&demands->where, &view);
}

static bool lets_stay(const struct demand *demand, struct agent_view view)
{
    if (!demand->is_readable || !demand->where.is_volatile) {
        return is_met(demand, &view);
    }
    view.hides_volatile = true;
    return where_eval(&demand->where, agent_view_get, &view) != WHERE_FALSE;
}

bool demands_let_stay(const struct demands *demands, const struct agent_entry *agent)
{
    const struct agent_view view = agent_view_of(agent);

    for (size_t i = 0; i < demands->count; i++) {
        if (!lets_stay(&demands->items[i], view)) {
            return false;
        }
    }
    return !demands->has_where || lets_stay(&demands->where, view);
}

/* --- for people ------------------------------------------------------------------------------- */

/* A person may have written it over many lines. */
static void expression_to_str(const char *text, struct str *to)
{
    size_t length = strlen(text), begin = to->length;

    str_add_bytes(to, text,
                  length <= WHERE_BYTES_SHOWN ? length : utf8_valid_bytes(text, WHERE_BYTES_SHOWN));
    for (size_t i = begin; i < to->length; i++) {
        to->data[i] = (unsigned char)to->data[i] < ' ' ? ' ' : to->data[i];
    }
    str_add(to, length <= WHERE_BYTES_SHOWN ? "" : "…");
}

void demand_to_str(const struct session_entry *session, size_t demand, struct str *to)
{
    const struct harvest_session_spec *spec = session_spec(session);

    if (demand == DEMAND_WHERE) {
        expression_to_str(spec->where, to);
    } else {
        requirement_to_str(&spec->requirements.items[demand], to);
    }
}

static bool is_repeated(const struct where *where, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (where->steps[i].code == WHERE_TEST && where->steps[i].row == where->steps[index].row &&
            str_eq(where->steps[i].key, where->steps[index].key)) {
            return true;
        }
    }
    return false;
}

/* "sensors.battery 30 % and region none": each field once, the first few. */
static void all_to_str(const struct where *where, const struct agent_view *view, struct str *to)
{
    size_t shown = 0;

    for (size_t i = 0; i < where->count; i++) {
        const struct where_step *step = &where->steps[i];

        if (step->code != WHERE_TEST || is_repeated(where, i)) {
            continue;
        }
        if (++shown > HAVE_FIELDS_SHOWN) {
            str_add(to, " …");
            return;
        }
        str_addf(to, "%s%s ", shown == 1 ? "" : " and ",
                 step->key != NULL ? step->key : where->names->rows[step->row].name);
        agent_view_to_str(view, step->row, step->key, to);
    }
}

void demand_have_to_str(const struct session_entry *session, size_t demand,
                        const struct agent_entry *agent, struct str *to)
{
    const struct demands *demands = &session->demands;
    const struct agent_view view = agent_view_of(agent);
    const struct demand *it = demand == DEMAND_WHERE ? &demands->where : &demands->items[demand];

    if (!it->is_readable) {
        str_add(to, "cannot be read");
    } else if (demand == DEMAND_WHERE) {
        all_to_str(&it->where, &view, to);
    } else {
        agent_view_to_str(&view, it->where.steps[0].row, it->where.steps[0].key, to);
    }
}
