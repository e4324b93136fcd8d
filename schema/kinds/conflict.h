/* Conflict: something that a source says of an object and a higher one does not let it say. */
#pragma once

#include "schema/base/str.h"
#include "schema/object.h"

/* In the place of a field: the whole object was deleted, and stays so. */
#define CONFLICT_DELETED "(deleted)"

struct conflict_spec {
    uint64_t set;
    const char *object;       /* "harvestsession/render" */
    const char *field;        /* ".spec.replicas", or CONFLICT_DELETED */
    const char *owner;        /* the manager who owns it, or the person who deleted the object */
    const char *owner_source; /* "api", "directory" */
    const char *refused;      /* "directory", "discovery" */
};

struct conflict { /* the body */
    uint64_t set;
    struct conflict_spec spec;
};

extern const struct shape conflict_shape, conflict_spec_shape;
extern const struct kind conflict_kind;

static inline const struct conflict *conflict_of(const struct object *object)
{
    return object->kind == &conflict_kind ? object->body : NULL;
}

static inline bool conflict_is_tombstone(const struct object *conflict)
{
    return str_eq(conflict_of(conflict)->spec.field, CONFLICT_DELETED);
}
