/* Log lines, for the shells alone: schema and the cores return what happened instead.
 *
 * A line is lower case, says what happened and to whom, and ends in key=value pairs:
 *     log_warning("agent \"edge-1\" is silent, placing its work elsewhere in 4000 ms
 * agent=edge-1"); error: lost something; warning: went on without; info: an operator wants to know;
 * debug: a developer does.  Lines go to standard error, one write each, with time and level in
 * front. */
#pragma once

#include "schema/base/mem.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *format, ...) _printf_(2, 3);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
