#include "controller/core/agent_view.h"

static const struct where_value absent = {.state = WHERE_ABSENT};

static struct where_value number(int64_t value)
{
    return (struct where_value){.state = WHERE_KNOWN, .number = value};
}

static struct where_value text_or_absent(const char *text)
{
    return (struct where_value){text == NULL ? WHERE_ABSENT : WHERE_KNOWN, text, 0};
}

static struct where_value capacity(const struct resources *resources, const int64_t *member)
{
    return shape_has(&capacity_shape, resources, member) ? number(*member) : absent;
}

/* Away, or not told yet: nobody knows whether it has such a sensor. */
static struct where_value reading(const struct readings *readings, enum sensor sensor)
{
    const struct reading *it = readings == NULL ? NULL : &readings->of[sensor];

    if (it == NULL || it->state == READING_UNKNOWN) {
        return (struct where_value){.state = WHERE_UNKNOWN};
    }
    if (it->state == READING_NONE) {
        return absent;
    }
    return number(sensor == SENSOR_BATTERY ? it->value * 1000 : it->value);
}

static struct where_value condition(const conditions_t *conditions, const char *type)
{
    const struct condition *it = condition_find(conditions, type);

    if (it == NULL) {
        return absent;
    }
    return it->status == CONDITION_UNKNOWN ? (struct where_value){.state = WHERE_UNKNOWN}
                                           : number(it->status == CONDITION_TRUE);
}

static const char *non_empty(const char *text)
{
    return str_is_empty(text) ? NULL : text;
}

struct where_value agent_view_get(const void *context, size_t row, const char *key)
{
    const struct agent_view *view = context;
    const struct agent *agent = agent_of(view->object);
    const struct agent_status *status = &agent->status;

    if (view->hides_volatile && (agent_where_names.rows[row].flags & WHERE_VOLATILE) != 0) {
        return (struct where_value){.state = WHERE_UNKNOWN};
    }
    if (agent_field_is_sensor(row)) {
        return reading(view->readings, (enum sensor)(row - AGENT_SENSORS));
    }
    switch ((unsigned)row) {
    case AGENT_NAME:
        return text_or_absent(view->object->meta.name);
    case AGENT_PLATFORM:
        return text_or_absent(non_empty(status->platform));
    case AGENT_VERSION:
        return text_or_absent(non_empty(status->version));
    case AGENT_PAUSED:
        return number(status->paused);
    case AGENT_UNSCHEDULABLE:
        return number(agent->spec.unschedulable);
    case AGENT_ASSIGNMENTS:
        return number(view->assignments * 1000);
    case AGENT_CORES:
        return capacity(&status->capacity, &status->capacity.cores);
    case AGENT_MEMORY:
        return capacity(&status->capacity, &status->capacity.memory);
    case AGENT_DISK:
        return capacity(&status->capacity, &status->capacity.disk);
    case AGENT_LABELS:
        return text_or_absent(strmap_find(&view->object->meta.labels, key));
    case AGENT_CONDITIONS:
        return condition(&status->conditions, key);
    }
    return absent;
}
