/* Log lines, for the shells alone: schema and the cores return what happened instead.
 *
 * A line is lower case, says what happened and to whom, and ends in key=value pairs:
 *     log_warning("agent \"edge-1\" is silent, placing its work elsewhere in 4000 ms
 * agent=edge-1"); error: lost something; warning: went on without; info: an operator wants to know;
 * debug: a developer does.  What is secret is in no line.
 *
 * Lines go to standard error, one write each:
 *     2026-11-21T17:43:01.123Z warning: agent "edge-1" is silent, … agent=edge-1
 *     {"time":"2026-11-21T17:43:01.123Z","level":"warning","room":"controller/io/link","message":
 *      "agent \"edge-1\" is silent, …","fields":{"agent":"edge-1"}}        (in one line)
 *
 * They are bounded: in length, in how often the same one is written, and in how many there are
 * altogether; what was left out is counted, and told before the next line or at the end. */
#pragma once

#include "schema/base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

extern const char *const log_level_words[], *const log_format_words[]; /* NULL-terminated */

void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
void log_end(void); /* tells what is left to tell */
/* `file` as __FILE__ has it.  Any thread. */
void log_line(enum log_level level, const char *file, const char *format, ...) _printf_(3, 4);
/* A line that somebody counts on: written whatever the level, and never one too many; its sender
 * bounds how many there are.  False: it was not written. */
bool log_promised(enum log_level level, const char *file, const char *format, ...) _printf_(3, 4);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __FILE__, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __FILE__, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __FILE__, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __FILE__, __VA_ARGS__)
