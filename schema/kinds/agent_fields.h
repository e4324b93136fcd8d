/* What can be asked of an agent by name: with `--where`, and by sessions, in `requirements` and
 * `where`.  Their values are told by controller/core/agent_view.h. */
#pragma once

#include "schema/readings.h"
#include "schema/where.h"

enum agent_field {
    AGENT_NAME,
    AGENT_PLATFORM,
    AGENT_VERSION,
    AGENT_PAUSED,
    AGENT_UNSCHEDULABLE,
    AGENT_ASSIGNMENTS,
    AGENT_CORES,
    AGENT_MEMORY,
    AGENT_DISK,
    AGENT_SENSORS, /* + enum sensor */
    AGENT_REPUTATION_HARVEST = AGENT_SENSORS + SENSOR_COUNT,
    AGENT_LABELS,
    AGENT_CONDITIONS,
    AGENT_FIELD_COUNT
};

/* Sessions may ask for it: it says something about the machine, and not about what work is there.
 */
#define AGENT_FIELD_OF_WORK WHERE_OWN

extern const struct where_names agent_where_names;   /* all of them */
extern const struct where_names session_where_names; /* the same rows, those for sessions alone */

static inline bool agent_field_is_sensor(size_t row)
{
    return row >= AGENT_SENSORS && row < AGENT_SENSORS + SENSOR_COUNT;
}
