/* The last moves of the state machines, one line each, for `fog-agent status` and for tests. */
#pragma once

#include "schema/base/mem.h"
#include "schema/base/mono.h"

#include <stddef.h>

enum { TRACE_LINES = 32, TRACE_LINE_SIZE = 160 };

struct trace {
    char lines[TRACE_LINES][TRACE_LINE_SIZE]; /* a ring */
    size_t count;                             /* ever written */
};

void trace_add(struct trace *trace, struct mono now, const char *format, ...) _printf_(3, 4);
/* The index-th of those that are kept, oldest first; NULL behind the last. */
const char *trace_line(const struct trace *trace, size_t index);
