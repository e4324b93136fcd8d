/* A YAML stream cut into its documents by lines, before libyaml sees them.
 *
 * A line that begins with "---" or "..." ends the document before it, wherever it stands: YAML
 * allows it in no scalar and no collection.  So each document can be read by itself, and an error
 * in one does not reach the next. */
#pragma once

#include "schema/problem.h"

#include <stddef.h>

struct yaml_slicer {
    const char *text; /* borrowed */
    size_t size_bytes, at;
    unsigned line; /* of what comes next, from 1 */
    unsigned count;
};

struct yaml_slice {
    const char *text; /* borrowed: whole lines */
    size_t size_bytes;
    unsigned line; /* of the first byte */
    int ret;       /* 0, or ERR_INVALID or ERR_LIMIT when problems were added: do not read on */
};

void yaml_slicer_init(struct yaml_slicer *slicer, const char *text, size_t size_bytes);

/* The next document; false at the end.  Comments and blank lines alone are none.  Checks sizes,
 * characters and directives. */
bool yaml_slicer_next(struct yaml_slicer *slicer, struct problems *problems,
                      struct yaml_slice *ret_slice);
