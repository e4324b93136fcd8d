/* The neutral tree between text and objects: what YAML and JSON have in common, with positions.
 *
 * Nodes live in an arena and are plain data; all texts in them are NUL-terminated and live in the
 * same arena.  Maps keep the order of the text.  No function here recurses: depth is bounded by
 * TREE_DEPTH_MAX, which the parsers enforce and node_copy() asserts. */
#pragma once

#include "schema/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_type { NODE_NULL, NODE_BOOL, NODE_INT, NODE_REAL, NODE_STR, NODE_LIST, NODE_MAP };

struct node;

struct node_member {
    const char *key;
    struct node *value;
    unsigned line, column; /* of the key; 0 when unknown */
};

struct node {
    enum node_type type;
    unsigned line, column; /* where the value begins, from 1; 0 when unknown */
    bool quoted;           /* a string that was quoted or a block in YAML, or came from JSON */
    bool block;            /* a string that was a block in YAML: its text begins on a line below */
    bool ambiguous; /* an unquoted YAML scalar that YAML 1.1 and 1.2 read differently (on, no, 1:30,
                       0o7, 010): type is NODE_STR; a reader must refuse it */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            const char *text;
            size_t length; /* the text may hold NULs; `text[length]` is NUL */
        } str;
        struct {
            struct node **items;
            size_t count;
        } list;
        struct {
            struct node_member *members;
            size_t count;
        } map;
    };
};

struct node *node_null(struct arena *arena);
struct node *node_bool(struct arena *arena, bool boolean);
struct node *node_int(struct arena *arena, int64_t integer);
struct node *node_real(struct arena *arena, double real);     /* finite */
struct node *node_str(struct arena *arena, const char *text); /* copied; NULL gives NODE_NULL */
struct node *node_strn(struct arena *arena, const char *text, size_t length);
struct node *node_str_borrowed(struct arena *arena, const char *text /* lives as long */,
                               size_t length); /* quoted, as all strings of JSON */
struct node *node_list(struct arena *arena);
struct node *node_map(struct arena *arena);

void node_add(struct arena *arena, struct node *list, struct node *item);
/* Sets or replaces; a new key goes last.  The key is copied. */
void node_set(struct arena *arena, struct node *map, const char *key, struct node *value);
bool node_remove(struct node *map, const char *key); /* false when absent */
/* As node_set() of a key known to be new, without looking for it: for building large maps.  The
 * member is borrowed until the next one is added. */
struct node_member *node_append(struct arena *arena, struct node *map, const char *key,
                                struct node *value);
struct node_member *node_append_borrowed(struct arena *arena, struct node *map,
                                         const char *key /* lives as long */, struct node *value);
/* The members in byte order of their keys, equal keys (only a parser sees such) in order of the
 * text; an array given to the caller to free(). */
const struct node_member **node_sorted_members(const struct node *map);

/* Searches; NULL when absent or when `map` is NULL or no map. */
struct node *node_find(const struct node *map, const char *key);
struct node *node_find_path(const struct node *root,
                            const char *dotted); /* maps only: "spec.ports" */
const char *node_text(const struct node *node);  /* NULL unless a string */
const char *node_find_text(const struct node *map, const char *key);
bool node_find_int(const struct node *map, const char *key, int64_t *ret_value);
const char *node_type_to_str(enum node_type type); /* "string", "object", … as JSON Schema says */

struct node *node_copy(struct arena *arena, const struct node *node); /* deep, with positions */
/* Deep; the order of map members does not count, that of list items does; 1 and 1.0 are equal. */
bool node_eq(const struct node *a, const struct node *b); /* NULL equals only NULL */
