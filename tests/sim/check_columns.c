#include "tests/sim/check_columns.h"

#include "controller/core/agent_view.h"
#include "controller/core/core.h"
#include "tests/sim/controller.h"

#include <assert.h>

enum { LOOK_EVERY = 7 };

static const char *const questions[] = {
    "sensors.battery >= 50 && !(sensors.idle < 5m)",
    "conditions.Ready || exists labels['reported/site']",
    "!(tier in (gold, a) || reported/site == a) && version > 0.0.9",
    "assignments > 1 || capacity.cores >= 2 && !unschedulable",
};

static void ask(struct sim *sim, struct arena *arena, const char *question)
{
    struct roster *roster = &sim->controller->ctl->model.roster;
    struct problems problems;
    const uint64_t *selected;
    struct where where;
    int ret;

    problems_init(&problems, arena, NULL);
    ret = where_parse(arena, &agent_where_names, question, &problems, &where);
    assert(ret == 0);
    selected = roster_select(roster, arena, &where);
    vec_each (&roster->agents, it) {
        const struct agent_view view = agent_view_of(*it);

        if (roster_has(selected, (*it)->row) != where_holds(&where, agent_view_get, &view)) {
            sim_fail(sim, "columns", "\"%s\" of %s", question, (*it)->object->meta.name);
        }
    }
}

void check_columns(struct sim *sim, unsigned step)
{
    _cleanup_(arena_fini)
    struct arena arena;
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;

    arena_init(&arena);
    if (step % LOOK_EVERY != 0) {
        return;
    }
    ask(sim, &arena, questions[step / LOOK_EVERY % COUNT_OF(questions)]);
    if (!roster_is_right(&sim->controller->ctl->model.roster, &words)) {
        sim_fail(sim, "columns", "%s is not as it was told", words.data);
    }
}
