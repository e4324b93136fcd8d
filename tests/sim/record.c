#include "tests/sim/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void record_init(struct record *record, struct record_tail *tail, uint64_t seed, bool is_printed)
{
    *record = (struct record){.tail = tail, .hash = 0xcbf29ce484222325u, .is_printed = is_printed};
    tail->seed = seed;
    tail->count = 0;
    tail->failure[0] = '\0';
}

void record_line(struct record *record, int64_t now_ms, const char *format, ...)
{
    char *line = record->tail->lines[record->tail->count % RECORD_LINES];
    va_list args;
    int used = snprintf(line, RECORD_LINE_SIZE, "%7" PRId64 ".%03d  ", now_ms / 1000,
                        (int)(now_ms % 1000));

    va_start(args, format);
    (void)vsnprintf(line + used, RECORD_LINE_SIZE - (size_t)used, format, args);
    va_end(args);
    record->tail->count++;
    for (const char *c = line; *c != '\0'; c++) { /* FNV-1a */
        record->hash = (record->hash ^ (unsigned char)*c) * 0x100000001b3u;
    }
    if (record->is_printed) {
        (void)puts(line);
    }
}
