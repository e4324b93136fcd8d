/* An agent as conditions see it: the value of each field of schema/kinds/agent_fields.h. */
#pragma once

#include "controller/core/model.h"
#include "schema/kinds/agent_fields.h"

struct agent_view {
    const struct object *object;
    const struct readings *readings; /* NULL: none were told */
    int64_t assignments;
    int64_t score;       /* of its reputation with harvest work */
    bool hides_volatile; /* what comes and goes counts as unknown */
};

static inline struct agent_view agent_view_of(const struct agent_entry *agent)
{
    return (struct agent_view){.object = agent->object,
                               .readings = agent_readings(agent),
                               .assignments = (int64_t)agent->assignment_count,
                               .score = agent_score(agent)};
}

/* For people: "30%", "1Gi", "none". */
void agent_view_to_str(const struct agent_view *view, size_t row, const char *key, struct str *to);

/* A where_get_f of a struct agent_view. */
struct where_value agent_view_get(const void *view, size_t row, const char *key);
