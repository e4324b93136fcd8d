/* One version of one object: metadata, and a body bound to the kind's shape.
 *
 * A version never changes once made: the model, watchers, history and waiting answers share it by
 * counted references.  To change an object, make the next version: object_edit() copies, the caller
 * writes into the copy before anybody else sees it.  Not for sharing between threads. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/mono.h"
#include "schema/base/rand.h"
#include "schema/kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owner_reference {
    uint64_t set;
    const char *api_version, *kind, *name, *uid;
    bool controller, block_owner_deletion;
};

struct managed_field { /* one manager's ownership; see schema/apply.h */
    uint64_t set;
    const char *manager;
    int operation; /* enum managed_operation */
    const char *api_version;
    struct wall time;
    const char *fields_type; /* "FieldsV1" */
    const char *subresource; /* "" or "status" */
    const char *source;      /* "api", "directory" or "discovery"; absent means api */
    struct node *fields;     /* the path set, as JSON */
};

enum managed_operation { MANAGED_APPLY, MANAGED_UPDATE };

/* metadata; row i of meta_shape is bit i of `set`. */
struct meta {
    uint64_t set;
    const char *name;
    const char *generate_name;
    const char *uid;
    uint64_t revision; /* resourceVersion */
    int64_t generation;
    struct wall created; /* creationTimestamp */
    struct wall deleted; /* deletionTimestamp; zero when not being deleted */
    int64_t deletion_grace_seconds;
    struct strmap labels, annotations;
    LIST_OF(const char *) finalizers;
    LIST_OF(struct owner_reference) owners;
    LIST_OF(struct managed_field) managed_fields;
};

extern const struct shape meta_shape, owner_reference_shape, managed_field_shape;

/* A condition, as every status has them; a list-map on `type`. */
struct condition {
    uint64_t set;
    const char *type;
    int status; /* enum condition_status */
    int64_t observed_generation;
    struct wall since;   /* lastTransitionTime */
    const char *reason;  /* CamelCase, for programs */
    const char *message; /* for a person: what stands in the way and what would remove it */
    const char *class;   /* of what is not as declared: schema/divergence.h; NULL: nothing */
};

enum condition_status { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };

extern const struct shape condition_shape;
typedef LIST_OF(struct condition) conditions_t;

const struct condition *condition_find(const conditions_t *conditions, const char *type);

struct object {
    const struct kind *kind;
    struct meta meta;
    void *body;         /* the struct of kind->shape; in `arena` */
    struct arena arena; /* owned: everything the object points to */
    unsigned refs;
};

/* A fresh object with an empty body, one reference, owned by the caller. */
struct object *object_new(const struct kind *kind);
struct object *object_ref(struct object *object); /* given: one more reference */
void object_unref(struct object *object);         /* taken; NULL does nothing */
void object_unref_p(struct object **object);      /* fits _cleanup_ */
/* The next version, not yet seen by anybody: a deep copy with one reference. */
struct object *object_edit(const struct object *object);

/* A deep copy of a struct of any shape; everything it points to comes to live in `arena`. */
void shape_copy(struct arena *arena, const struct shape *shape, const void *from, void *to);

bool object_is_deleting(const struct object *object);

/* Copies that live in the object's arena, for writing into a version being made. */
const char *object_strdup(struct object *object, const char *text);
void object_set_label(struct object *object, const char *key, const char *value); /* NULL removes */
void object_set_annotation(struct object *object, const char *key, const char *value);
