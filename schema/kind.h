/* How a kind is described: one table of fields, from which everything else comes.
 *
 * Parsing, defaults, validation, diff, canonical output, docs/KINDS.md and later OpenAPI and
 * `explain` walk these tables; nothing else knows a field's name or bounds.  A new field is one
 * struct member and one row.
 *
 * A described struct ("shape") begins with `uint64_t set;`: bit i says that the field of row i is
 * present, given or by default.  An absent field's member is zero and means nothing.  At most 64
 * rows a shape.
 *
 *     struct battery { uint64_t set; int64_t min_percent; bool require_charging; };
 *     static const struct field battery_fields[] = {
 *         {"minPercent", FIELD_INT, AT(struct battery, min_percent), .max = 100, .fallback = "50",
 *          .doc = "below this charge work is suspended"},
 *         …
 *     };
 *     const struct shape battery_shape = SHAPE(struct battery, battery_fields);
 */
#pragma once

#include "schema/base/mono.h"
#include "schema/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_BOOL,           /* bool */
    FIELD_INT,            /* int64_t */
    FIELD_INT_OR_PERCENT, /* int64_t, below 0 so many percent; text "3" or "25%" */
    FIELD_REAL,           /* double */
    FIELD_STR,            /* const char * */
    FIELD_NAME,           /* const char *: a name of an object, RFC 1123 subdomain */
    FIELD_ENUM,           /* int: index into `words` */
    FIELD_DURATION,       /* int64_t ms; text "5m" */
    FIELD_QUANTITY,       /* int64_t; text "512Mi" or a plain number */
    FIELD_CORES,    /* int64_t in thousandths of a processor core; text "2", "0.5" or "500m" */
    FIELD_TIME,     /* struct wall; text RFC 3339 */
    FIELD_REVISION, /* uint64_t; a decimal string, as resourceVersion is opaque to clients */
    FIELD_STRMAP,   /* struct strmap: text to text */
    FIELD_ANY,      /* struct node *: kept as it is (fieldsV1; the value of a requirement) */
    FIELD_STRUCT,   /* the struct itself, inline, described by `shape` */
    FIELD_LIST, /* LIST_OF(item): described by `item` (scalar types, FIELD_NAME, FIELD_ENUM) or by
                   `shape` */
};

/* The struct member of a FIELD_LIST; all have the layout of struct any_list. */
#define LIST_OF(type)                                                                              \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
    }

struct any_list {
    void *items;
    size_t count;
};

struct strpair {
    const char *key, *value;
};

struct strmap { /* sorted by key, keys unique */
    struct strpair *items;
    size_t count;
};

const char *strmap_find(const struct strmap *map, const char *key); /* NULL if absent */

enum field_flags {
    FIELD_REQUIRED = 1 << 0,  /* absent is an error; excludes `fallback` */
    FIELD_IMMUTABLE = 1 << 1, /* once set it stays */
    FIELD_IS_STATUS = 1 << 2, /* top level: written through /status only, kept in the status log */
    FIELD_SERVER = 1 << 3,    /* written by the server alone; a client's value is ignored */
    FIELD_SET = 1 << 4,       /* a list without order or doubles: owned item by item */
    FIELD_EXPLICIT =
        1 << 5, /* FIELD_STRUCT: stays absent when not given, its defaults apply only when it
                   is; without this flag an absent struct is filled with its defaults */
    FIELD_LABELS = 1 << 6, /* FIELD_STRMAP: keys and values obey the rules of labels */
};

struct shape;

struct field {
    const char *name; /* as in the text: lowerCamelCase */
    enum field_type type;
    size_t offset;
    const char *doc;      /* one sentence in lower case without full stop */
    const char *fallback; /* default, in the field's text form; NULL for none */
    int64_t min, max;     /* INT, DURATION (ms), QUANTITY, CORES: value; STR: length in bytes; LIST,
                             STRMAP: count; both 0: no bounds; `max` 0 with `min` > 0: no upper
                             bound */
    unsigned flags;       /* enum field_flags */
    const char *const *words;  /* FIELD_ENUM: NULL-terminated; index = value */
    const struct shape *shape; /* FIELD_STRUCT, FIELD_LIST of structs */
    enum field_type item;      /* FIELD_LIST of scalars, when `shape` is NULL */
    const char *map_key; /* FIELD_LIST of structs: items are owned one by one and told apart by this
                            field (x-kubernetes-list-type: map) */
    const char *reference; /* FIELD_NAME: the kind that must have an object of this name */
    /* FIELD_STR, its lists too: further form.  FIELD_STRMAP: form of the keys.  `why` is static and
     * ends a sentence that begins with the text: "is not …". */
    bool (*check_text)(const char *text, const char **ret_why);
    const char *since; /* version that brought it; NULL: 0.1 */
};

#define AT(type, member) offsetof(type, member)

struct shape {
    const char *name; /* for docs: "HarvestPolicy", "battery" */
    const struct field *fields;
    size_t count;
    size_t size_bytes; /* of the struct */
};

#define SHAPE(title, type, table)                                                                  \
    {                                                                                              \
        .name = (title), .fields = (table), .count = COUNT_OF(table), .size_bytes = sizeof(type)   \
    }

/* A column of `get`; the path leads to a scalar, "status.conditions[Ready].status" to a
 * condition's. */
struct column {
    const char *name;  /* "Last Seen"; printed in capitals */
    const char *path;  /* "spec.agent"; "metadata.age" is computed */
    unsigned priority; /* 0: always; 1: only with -o wide */
};

struct object;
struct problems;
struct check_scope;

enum kind_id {
    KIND_AGENT,
    KIND_HARVEST_POLICY,
    KIND_HARVEST_SESSION,
    KIND_ASSIGNMENT,
    KIND_EVENT,
    KIND_SOURCE,
    KIND_CONFLICT,
    KIND_ALERT_RULE,
    KIND_COUNT
};

struct kind {
    enum kind_id id;
    const char *name;               /* "HarvestSession" */
    const char *plural;             /* "harvestsessions": the resource in URLs */
    const char *singular;           /* "harvestsession" */
    const char *group;              /* "fog", or "" for core/v1 */
    const char *api_version;        /* "fog/v1", "v1" */
    const char *const *short_names; /* NULL-terminated; may be NULL */
    const char *const *categories;  /* NULL-terminated; may be NULL */
    const char *doc;                /* a paragraph */
    const struct shape
        *shape; /* the top-level fields beside apiVersion, kind, metadata: spec, status */
    const struct column *columns; /* after NAME and before AGE, which all have */
    size_t column_count;
    bool is_derived; /* made by the controller alone: operators may read and delete it */
    bool is_record;  /* derived, and not even to be deleted by operators */
    bool is_event;   /* lives in the status log only, bounded by EVENTS_MAX */
    /* Cross-field rules of one object; adds problems.  May be NULL. */
    void (*check)(const struct object *object, const struct node *root, struct problems *problems);
};

/* The table of kinds (schema/kinds/kinds.c), in order of enum kind_id. */
extern const struct kind *const kinds[KIND_COUNT];

const struct kind *kind_get(enum kind_id id);
const struct kind *kind_find(const char *api_version, const char *name); /* exact; NULL if none */
const struct kind *kind_find_plural(const char *group, const char *plural);
/* As a person types it: plural, singular, short name, Kind, any of them with ".fog"; case ignored.
 */
const struct kind *kind_find_word(const char *word);
/* The field of a shape by name, or NULL. */
const struct field *shape_find(const struct shape *shape, const char *name);

/* For those who fill in a struct of a shape: stores a value and says that it is present; an absent
 * one is zero.  `member` is the address of a member that has a row.
 *
 *     shape_put(&assignment_status_shape, status, restarts, 3);
 */
#define shape_put(shape, of, member, value)                                                        \
    do {                                                                                           \
        (of)->member = (value);                                                                    \
        shape_mark((shape), (of), &(of)->member);                                                  \
    } while (0)

void shape_mark(const struct shape *shape, void *of, const void *member);
void shape_remove(const struct shape *shape, void *of, const void *member); /* zeroes it, too */
bool shape_has(const struct shape *shape, const void *of, const void *member);

/* The bytes of a field's member, and of one item of a list. */
size_t field_size(const struct field *field);
size_t field_item_size(const struct field *field);
bool field_type_is_scalar(enum field_type type); /* BOOL … REVISION: has a text form */

static inline bool is_set(uint64_t set, unsigned row)
{
    return (set >> row & 1) != 0;
}
