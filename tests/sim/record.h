/* The record of a run, its trace: one line for everything that happens.  All lines go into a hash,
 * by which two runs are compared; the last ones are kept, in memory that the caller provides and
 * that may outlive a crash. */
#pragma once

#include "schema/base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECORD_LINES = 80, RECORD_LINE_SIZE = 700 };

struct record_tail { /* plain data: may lie in memory shared between processes */
    uint64_t seed;
    uint64_t count; /* lines so far; the last RECORD_LINES of them are there */
    char lines[RECORD_LINES][RECORD_LINE_SIZE];
    char failure[1024]; /* "" while nothing failed */
};

struct record {
    struct record_tail *tail; /* borrowed */
    uint64_t hash;
    bool is_printed; /* every line, to standard output */
};

void record_init(struct record *record, struct record_tail *tail, uint64_t seed, bool is_printed);
void record_line(struct record *record, int64_t now_ms, const char *format, ...) _printf_(3, 4);
