/* JSON to tree and tree to JSON.  The sole user of jansson.
 *
 * Strict RFC 8259: exact length, no duplicate keys (all are named, unless told otherwise), valid
 * UTF-8, depth at most TREE_DEPTH_MAX, integers within 64 bits (a whole number outside ±2^53 is
 * kept exact). */
#pragma once

#include "schema/base/str.h"
#include "schema/problem.h"
#include "schema/tree.h"

enum json_flags {
    JSON_PLAIN = 0,
    JSON_POSITIONS = 1 << 0, /* parse: fill in line and column; for files that people wrote */
    JSON_PRETTY = 1 << 1,    /* emit: indented by 2, newline at the end */
    JSON_SORTED = 1 << 2, /* emit: members in byte order of their keys: the canonical form with no
                             flag but this, which digests are taken of */
    JSON_LAST_WINS = 1 << 3, /* parse: of equal keys the last one holds, and the others are
                                warnings; not with POSITIONS */
};

int json_parse(struct arena *arena, const char *text, size_t size_bytes, unsigned flags,
               struct problems *problems, struct node **ret_node);
void json_emit(const struct node *node, unsigned flags, struct str *to);
void json_emit_str(const char *text, size_t length, struct str *to); /* one quoted string */
