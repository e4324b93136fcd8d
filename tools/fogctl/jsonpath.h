/* JSONPath templates as kubectl takes them: text, and expressions in braces.
 *
 *     {.metadata.name}  {.items[*].spec.agent}  {['a.b']}  {.a\.b}  {..name}  {.list[-1]}
 *     {.list[0:2]}  {.list[0,2]}  {.list[?(@.type=="Ready")].status}  {"text\n"}
 *     {range .items[*]}{.metadata.name}{"\t"}{$.kind}{end}
 *
 * "$" is the whole, "@" and a leading dot what a range or filter is at.  What a path leads to is
 * written with a blank between; maps and lists as JSON; what is not there as nothing.  Pure; no
 * recursion, and every amount is bounded. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/err.h"
#include "schema/base/str.h"
#include "schema/tree.h"

enum {
    JSONPATH_TEXT_MAX = 4096,     /* bytes of a template */
    JSONPATH_STEPS_MAX = 64,      /* of one path */
    JSONPATH_RANGES_MAX = 8,      /* within one another */
    JSONPATH_NODES_MAX = 200000,  /* that one path leads to, on any of its steps */
    JSONPATH_TURNS_MAX = 1000000, /* of all ranges together */
    JSONPATH_OUTPUT_MAX = 1 << 26,
};

struct jsonpath; /* in the arena */

struct found {
    const struct node **items; /* in the arena; nodes are borrowed */
    size_t count;
};

/* NULL: `err` says what is wrong in which column. */
struct jsonpath *jsonpath_parse(struct arena *arena, const char *text, struct err *err);
/* Adds what the template makes of it.  Below 0 when a bound is passed. */
int jsonpath_run(const struct jsonpath *path, struct arena *arena, const struct node *root,
                 struct str *to, struct err *err);
/* A path alone, also without braces or the leading dot ("metadata.name"): what it leads to. */
struct jsonpath *jsonpath_parse_path(struct arena *arena, const char *text, struct err *err);
int jsonpath_find(const struct jsonpath *path, struct arena *arena, const struct node *root,
                  struct found *ret_found, struct err *err);
void jsonpath_value(const struct node *node, struct str *to); /* as a template writes it */
