/* YAML to tree and tree to YAML.  The sole user of libyaml.
 *
 * The dialect is the safe half of YAML 1.2's core schema: what YAML 1.1 and 1.2 read differently is
 * marked `ambiguous` in the tree and refused where it is used; anchors, aliases, merge keys, tags
 * and directives other than %YAML are refused here, as are duplicate keys and non-string keys.
 * Every refusal has line and column.
 *
 * Where it differs from the letter of YAML 1.2, and why:
 *
 * - A line inside a document may not begin with "%", even in a scalar: it looks like a directive,
 *   and libyaml takes time with the square of their count.
 * - U+0085, U+2028 and U+2029 must be escaped: YAML 1.1 ends a line there, YAML 1.2 does not.  A
 *   byte order mark may stand at the beginning of the stream only.
 * - A plain scalar longer than a line, a quoted one and a flow collection may go on at the
 *   indentation of their parent, as every reader based on libyaml allows. */
#pragma once

#include "schema/base/str.h"
#include "schema/problem.h"
#include "schema/tree.h"

struct documents {
    struct node **items; /* in the arena; empty documents are left out */
    size_t count;
};

/* Parses all documents of a stream.  Goes on with the next document after an error in one where
 * that is possible; a document with an error is not returned.  Returns 0, or ERR_INVALID or
 * ERR_LIMIT when it added errors.  Any input up to the limits is answered in linear time. */
int yaml_parse(struct arena *arena, const char *text, size_t size_bytes, struct problems *problems,
               struct documents *ret_documents);

/* Writes one document in block style, 2 spaces, keys in tree order, without "---".  Strings are
 * quoted exactly when a YAML 1.1 or 1.2 reader would otherwise read something else; yaml_parse() of
 * the result equals the tree. */
void yaml_emit(const struct node *node, struct str *to);
