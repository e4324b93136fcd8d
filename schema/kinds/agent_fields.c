#include "schema/kinds/agent_fields.h"

#include "schema/bind.h"

#include <string.h>

#define SENSOR(which) [AGENT_SENSORS + SENSOR_##which]

enum { OF_WORK = AGENT_FIELD_OF_WORK, READING = AGENT_FIELD_OF_WORK | WHERE_VOLATILE };

static bool condition_type_is_valid(const char *key, const char **ret_why)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    *ret_why = "is not the type of a condition, such as Ready";
    return key[0] >= 'A' && key[0] <= 'Z' && strspn(key, letters) == strlen(key);
}

static const struct where_name rows[AGENT_FIELD_COUNT] = {
    [AGENT_NAME] = {"name", WHERE_TEXT, OF_WORK, "of the agent", NULL},
    [AGENT_PLATFORM] = {"platform", WHERE_TEXT, OF_WORK, "operating system and processor", NULL},
    [AGENT_VERSION] = {"version", WHERE_VERSION, OF_WORK, "of fog-agent", NULL},
    [AGENT_PAUSED] = {"paused", WHERE_FLAG, 0, "by its owner", NULL},
    [AGENT_UNSCHEDULABLE] = {"unschedulable", WHERE_FLAG, 0, "it gets no new work", NULL},
    [AGENT_ASSIGNMENTS] = {"assignments", WHERE_NUMBER, WHERE_VOLATILE, "placed on it", NULL},
    [AGENT_CORES] = {"capacity.cores", WHERE_CORES, OF_WORK, "processor cores", NULL},
    [AGENT_MEMORY] = {"capacity.memory", WHERE_BYTES, OF_WORK, "memory", NULL},
    [AGENT_DISK] = {"capacity.disk", WHERE_BYTES, OF_WORK, "room on disk", NULL},
    SENSOR(BATTERY) = {"sensors.battery", WHERE_NUMBER, READING | WHERE_PERCENT,
                       "percent of the charge", NULL},
    SENSOR(CHARGING) = {"sensors.charging", WHERE_FLAG, READING, "it runs on outside power", NULL},
    SENSOR(TEMPERATURE) = {"sensors.temperature", WHERE_NUMBER, READING, "degrees Celsius", NULL},
    SENSOR(IDLE) = {"sensors.idle", WHERE_DURATION, READING, "since somebody last used it", NULL},
    SENSOR(FOREIGN_CPU) = {"sensors.foreignCpu", WHERE_NUMBER, READING | WHERE_PERCENT,
                           "percent of its processors' time that others use", NULL},
    SENSOR(MEMORY_AVAILABLE) = {"sensors.memoryAvailable", WHERE_BYTES, READING,
                                "memory that could be had without swapping", NULL},
    SENSOR(MEMORY_PRESSURE) = {"sensors.memoryPressure", WHERE_NUMBER, READING | WHERE_PERCENT,
                               "percent of ten seconds in which something waited", NULL},
    SENSOR(METERED) = {"sensors.metered", WHERE_FLAG, READING, "its connection is paid by volume",
                       NULL},
    SENSOR(LOAD) = {"sensors.load", WHERE_NUMBER, READING, "load average of one minute", NULL},
    [AGENT_REPUTATION_HARVEST] = {"reputation.harvest", WHERE_NUMBER, READING | WHERE_PERCENT,
                                  "how far it can be relied upon; 50 of a new one", NULL},
    [AGENT_LABELS] = {"labels", WHERE_TEXT, OF_WORK | WHERE_GROUP | WHERE_BARE | WHERE_TOTAL,
                      "a label; a bare word is one, too", label_key_is_valid},
    [AGENT_CONDITIONS] = {"conditions", WHERE_FLAG, WHERE_GROUP,
                          "one of its conditions: Ready, Healthy", condition_type_is_valid},
};

const struct where_names agent_where_names = {rows, AGENT_FIELD_COUNT, 0, NULL};
const struct where_names session_where_names = {rows, AGENT_FIELD_COUNT, AGENT_FIELD_OF_WORK,
                                                "something that sessions may ask for"};
