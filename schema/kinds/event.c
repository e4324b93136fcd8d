/* Event: its table. */
#include "schema/kinds/event.h"

#include "schema/forms.h"
#include "schema/limits.h"

static const struct field involved_fields[] = {
    {"kind", FIELD_STR, AT(struct involved_object, kind), .max = 63, .flags = FIELD_REQUIRED,
     .doc = "kind of the object"},
    {"namespace", FIELD_STR, AT(struct involved_object, namespace), .max = NAME_BYTES_MAX,
     .doc = "always absent: our objects have no namespace"},
    {"name", FIELD_STR, AT(struct involved_object, name), .max = NAME_BYTES_MAX,
     .flags = FIELD_REQUIRED, .doc = "name of the object"},
    {"uid", FIELD_STR, AT(struct involved_object, uid), .max = 63, .doc = "uid of the object"},
    {"apiVersion", FIELD_STR, AT(struct involved_object, api_version), .max = 63,
     .doc = "apiVersion of the object"},
    {"resourceVersion", FIELD_STR, AT(struct involved_object, resource_version), .max = 63,
     .doc = "version of the object that it happened to"},
    {"fieldPath", FIELD_STR, AT(struct involved_object, field_path), .max = WORK_PATH_BYTES_MAX,
     .doc = "the part of the object that is meant"},
};

static const struct field source_fields[] = {
    {"component", FIELD_STR, AT(struct event_source, component), .max = NAME_BYTES_MAX,
     .doc = "program that tells it"},
    {"host", FIELD_STR, AT(struct event_source, host), .max = NAME_BYTES_MAX,
     .doc = "machine it runs on"},
};

const struct shape involved_object_shape =
    SHAPE("involvedObject", struct involved_object, involved_fields);
const struct shape event_source_shape = SHAPE("source", struct event_source, source_fields);

static const struct field fields[] = {
    {"involvedObject", FIELD_STRUCT, AT(struct event, involved), .shape = &involved_object_shape,
     .flags = FIELD_REQUIRED, .doc = "the object it happened to"},
    {"reason", FIELD_STR, AT(struct event, reason), .max = 127, .check_text = form_is_reason,
     .doc = "what happened, in one word"},
    {"message", FIELD_STR, AT(struct event, message), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "what happened, in a sentence; of what happened again: the last time"},
    {"firstMessage", FIELD_STR, AT(struct event, first_message), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "what was said the first time, when that was something else"},
    {"source", FIELD_STRUCT, AT(struct event, source), .shape = &event_source_shape,
     .doc = "who tells it"},
    {"firstTimestamp", FIELD_TIME, AT(struct event, first), .doc = "when it first happened"},
    {"lastTimestamp", FIELD_TIME, AT(struct event, last), .doc = "when it last happened"},
    {"count", FIELD_INT, AT(struct event, count), .min = 1, .doc = "how often it happened"},
    {"type", FIELD_STR, AT(struct event, type), .fallback = "Normal",
     .check_text = form_is_event_type, .doc = "Normal, or Warning when somebody should look"},
    {"reportingComponent", FIELD_STR, AT(struct event, reporting_component), .max = NAME_BYTES_MAX,
     .doc = "program that tells it, as newer clients read it"},
    {"reportingInstance", FIELD_STR, AT(struct event, reporting_instance), .max = NAME_BYTES_MAX,
     .doc = "which one of several such programs"},
};

const struct shape event_shape = SHAPE("Event", struct event, fields);

static const struct column columns[] = {
    {"Last Seen", "lastTimestamp", 0}, {"Type", "type", 0},
    {"Reason", "reason", 0},           {"Object", "involvedObject", 0},
    {"Message", "message", 0},         {"Count", "count", 1},
    {"Source", "source.component", 1}, {"First Seen", "firstTimestamp", 1},
};

static const char *const short_names[] = {"ev", NULL};

const struct kind event_kind = {
    .id = KIND_EVENT,
    .name = "Event",
    .plural = "events",
    .singular = "event",
    .group = "",
    .api_version = "v1",
    .short_names = short_names,
    .doc = "Something about one object that is worth telling a person.  The same thing happening "
           "again raises the count; the oldest go first when there are too many.",
    .shape = &event_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .is_derived = true,
    .is_event = true,
};
