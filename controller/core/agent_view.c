#include "controller/core/agent_view.h"

#include "controller/core/match.h"
#include "schema/base/parse.h"

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
    case AGENT_REPUTATION_HARVEST:
        return number(view->score * 1000);
    case AGENT_LABELS:
        return text_or_absent(strmap_find(&view->object->meta.labels, key));
    case AGENT_CONDITIONS:
        return condition(&status->conditions, key);
    }
    return absent;
}

enum { NUMBER_TEXT_SIZE = 64 }; /* of any of the forms */

static void number_to_str(const struct where_name *name, int64_t value, struct str *to)
{
    char text[NUMBER_TEXT_SIZE];

    switch (name->type) {
    case WHERE_FLAG:
        str_add(to, value != 0 ? "true" : "false");
        return;
    case WHERE_BYTES:
        bytes_to_words(value, to);
        return;
    case WHERE_CORES:
        cores_to_str(value, text);
        str_add(to, text);
        return;
    case WHERE_DURATION:
        duration_to_str(value, text);
        str_add(to, text);
        return;
    case WHERE_TEXT:
    case WHERE_VERSION:
    case WHERE_NUMBER:
        break;
    }
    real_to_str((double)value / 1000, text);
    str_addf(to, "%s%s", text, (name->flags & WHERE_PERCENT) != 0 ? "%" : "");
}

static void reading_to_words(const struct agent_view *view, enum sensor sensor, struct str *to)
{
    static const struct reading unknown = {.state = READING_UNKNOWN};
    char text[READING_TEXT_SIZE];

    reading_to_str(sensor, view->readings == NULL ? &unknown : &view->readings->of[sensor], text);
    str_add(to, text);
}

void agent_view_to_str(const struct agent_view *view, size_t row, const char *key, struct str *to)
{
    const struct where_name *name = &agent_where_names.rows[row];
    const struct where_value value = agent_view_get(view, row, key);

    if (agent_field_is_sensor(row)) {
        reading_to_words(view, (enum sensor)(row - AGENT_SENSORS), to);
        return;
    }
    switch (value.state) {
    case WHERE_ABSENT:
        str_add(to, "none");
        return;
    case WHERE_UNKNOWN:
        str_add(to, "unknown");
        return;
    case WHERE_KNOWN:
        break;
    }
    if (name->type == WHERE_TEXT || name->type == WHERE_VERSION) {
        str_add(to, str_is_empty(value.text) ? "\"\"" : value.text);
    } else {
        number_to_str(name, value.number, to);
    }
}
