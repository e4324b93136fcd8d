/* Event (core/v1): something worth telling a person, about one object; repeated ones are counted.
 */
#pragma once

#include "schema/object.h"

struct involved_object {
    uint64_t set;
    const char *api_version, *kind, *name, *namespace, *uid, *resource_version, *field_path;
};

struct event_source {
    uint64_t set;
    const char *component, *host;
};

struct event { /* the body */
    uint64_t set;
    struct involved_object involved;
    const char *reason;        /* CamelCase */
    const char *message;       /* of the last time */
    const char *first_message; /* of the first, when it was another; NULL: it was not */
    struct event_source source;
    struct wall first, last; /* firstTimestamp, lastTimestamp */
    int64_t count;
    const char *type; /* "Normal" or "Warning" */
    const char *reporting_component, *reporting_instance;
};

extern const struct shape event_shape, involved_object_shape, event_source_shape;
extern const struct kind event_kind;

static inline const struct event *event_of(const struct object *object)
{
    return object->kind == &event_kind ? object->body : NULL;
}
