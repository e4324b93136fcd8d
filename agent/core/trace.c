/* A ring of lines. */
#include "agent/core/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void trace_add(struct trace *trace, struct mono now, const char *format, ...)
{
    char *line = trace->lines[trace->count % TRACE_LINES];
    int used = snprintf(line, TRACE_LINE_SIZE, "%" PRId64 " ", now.ms);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line + used, TRACE_LINE_SIZE - (size_t)used, format, args);
    va_end(args);
    trace->count++;
}

const char *trace_line(const struct trace *trace, size_t index)
{
    size_t kept = trace->count < TRACE_LINES ? trace->count : TRACE_LINES;

    return index < kept ? trace->lines[(trace->count - kept + index) % TRACE_LINES] : NULL;
}
