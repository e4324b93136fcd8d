/* Source: what became of a place other than the API that declares objects. */
#pragma once

#include "schema/object.h"

struct config_status {
    uint64_t set;
    const char *digest; /* of what is in force */
    int64_t files, objects;
    int64_t refused; /* objects of it that are left deleted, or have a field that was left out */
    LIST_OF(const char *) problems; /* "fleet.yaml:7:19: error: …" of what is not in force */
    conditions_t conditions;
};

struct config_source { /* the body */
    uint64_t set;
    struct config_status status;
};

extern const struct shape config_source_shape, config_status_shape;
extern const struct kind source_kind;

static inline const struct config_source *source_of(const struct object *object)
{
    return object->kind == &source_kind ? object->body : NULL;
}
