#include "schema/columns.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/emit.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/event.h"
#include "schema/scalar.h"

#include <string.h>

static const struct column name_column = {.name = "Name", .path = "metadata.name"};
static const struct column name_wide_column = {
    .name = "Name", .path = "metadata.name", .priority = 1};
static const struct column age_column = {.name = "Age", .path = "metadata.age"};

size_t kind_column_count(const struct kind *kind)
{
    return kind->column_count + (kind->is_event ? 1 : 2);
}

const struct column *kind_column(const struct kind *kind, size_t index)
{
    size_t own = kind->is_event ? index : index - 1;

    if (index == 0 && !kind->is_event) {
        return &name_column;
    }
    if (own < kind->column_count) {
        return &kind->columns[own];
    }
    return kind->is_event ? &name_wide_column : &age_column;
}

bool column_is_name(const struct column *column)
{
    return str_eq(column->path, "metadata.name");
}

bool column_is_age(const struct kind *kind, const struct column *column)
{
    const struct field *field = emit_path_field(kind, column->path);

    return str_eq(column->path, "metadata.age") || (field != NULL && field->type == FIELD_TIME);
}

const char *column_description(struct arena *arena, const struct kind *kind,
                               const struct column *column)
{
    static const char conditions[] = "status.conditions[";
    const struct field *field = emit_path_field(kind, column->path);
    const char *type = column->path + strlen(conditions);

    if (column_is_name(column)) {
        return "name of the object";
    }
    if (str_eq(column->path, "metadata.age")) {
        return "how long ago it was made";
    }
    if (str_starts(column->path, conditions)) {
        return arena_printf(arena, "condition %.*s: %s", (int)strcspn(type, "]"), type,
                            field == NULL ? column->name : field->doc);
    }
    return field == NULL ? column->name : field->doc;
}

void column_title(const struct column *column, struct str *to)
{
    for (const char *c = column->name; *c != '\0'; c++) {
        str_add_char(to, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    }
}

static const char *age_text(struct arena *arena, struct wall moment, struct wall now)
{
    char text[DURATION_TEXT_SIZE];

    age_to_str(now.ms > moment.ms ? now.ms - moment.ms : 0, text);
    return arena_strdup(arena, text);
}

static const char *involved_text(struct arena *arena, const struct event *event)
{
    const struct kind *kind = kind_find(event->involved.api_version, event->involved.kind);

    if (event->involved.name == NULL) {
        return "";
    }
    return arena_printf(arena, "%s/%s", kind == NULL ? event->involved.kind : kind->singular,
                        event->involved.name);
}

/* --- sensors ---------------------------------------------------------------------------------- */

/* Cells hold no blanks: "41.5°C". */
static const char *without_blanks(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text), *to = copy;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != ' ') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return copy;
}

/* What a machine that is not there said last is not what is. */
static const char *sensor_text(struct arena *arena, const struct agent *agent, enum sensor sensor)
{
    const struct condition *ready = condition_find(&agent->status.conditions, "Ready");
    bool is_there = ready != NULL && ready->status == CONDITION_TRUE;
    struct readings readings;
    const struct reading *reading = &readings.of[sensor];
    char text[READING_TEXT_SIZE];

    if (!shape_has(&agent_status_shape, &agent->status, &agent->status.sensors)) {
        return "unknown";
    }
    readings_from_sensors(&agent->status.sensors, MONO_ZERO, &readings);
    if (reading->state == READING_NONE) {
        return "-";
    }
    if (!is_there) {
        return "stale";
    }
    if (reading->state == READING_KNOWN &&
        (sensor == SENSOR_CHARGING || sensor == SENSOR_METERED)) {
        return reading->value != 0 ? "true" : "false";
    }
    reading_to_str(sensor, reading, text);
    return without_blanks(arena, text);
}

/* "True,SchedulingDisabled": two things to be seen at one look. */
static const char *ready_text(struct arena *arena, const struct agent *agent, const char *ready)
{
    return !agent_spec_takes_work(&agent->spec)
               ? arena_printf(arena, "%s,SchedulingDisabled", ready)
               : ready;
}

/* The reading that a path leads to, or SENSOR_COUNT. */
static enum sensor sensor_of(const struct object *object, const char *path)
{
    static const char sensors[] = "status.sensors.";
    int sensor = agent_of(object) != NULL && str_starts(path, sensors)
                     ? words_index(sensor_words, path + strlen(sensors))
                     : -1;

    return sensor < 0 ? SENSOR_COUNT : (enum sensor)sensor;
}

const char *object_cell(struct arena *arena, const struct object *object,
                        const struct column *column, struct wall now)
{
    bool is_age = str_eq(column->path, "metadata.age");
    const char *path = is_age ? "metadata.creationTimestamp" : column->path;
    const char *text;
    enum sensor sensor = sensor_of(object, path);
    struct wall moment;

    if (sensor != SENSOR_COUNT) {
        return sensor_text(arena, agent_of(object), sensor);
    }
    if (str_eq(path, "involvedObject") && event_of(object) != NULL) {
        return involved_text(arena, event_of(object));
    }
    if (emit_path_moment(object, path, &moment)) {
        return age_text(arena, moment, now);
    }
    text = emit_path_text(arena, object, path);
    text = text == NULL ? "" : text;
    return agent_of(object) != NULL && str_eq(path, "status.conditions[Ready].status")
               ? ready_text(arena, agent_of(object), text)
               : text;
}
