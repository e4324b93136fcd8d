/* For tests of reading: YAML in, an object or the exact list of problems out.  One test at a time.
 */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

/* Documents that end where the test goes on, below spec or metadata: after 4 lines, or after 6 that
 * end in a workload. */
#define POLICY "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\nspec:\n"
#define AGENT  "apiVersion: fog/v1\nkind: Agent\nmetadata:\n  name: a\n"
#define SESSION                                                                                    \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec:\n"                       \
    "  workload:\n    command: [run]\n"

extern struct bound {
    struct arena arena;
    struct problems problems; /* of the file "m.yaml"; in the arena */
} bound;

int bound_begin(void **state); /* setup and teardown of each test */
int bound_end(void **state);

struct node *bound_tree(const char *yaml); /* of one document, which must be fine */
struct object *bound_object(const char *yaml, unsigned flags); /* given; problems stay */
/* Are these the problems so far, sorted and printed?  Then they are forgotten. */
void bound_expect(const char *expected);
void bound_refused(const char *yaml, const char *expected); /* strictly, with these problems */
void bound_accepted(const char *yaml);
