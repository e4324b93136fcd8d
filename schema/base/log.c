#include "schema/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 2048 };

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char line[LOG_LINE_MAX];
    struct timespec now;
    struct tm utc;
    size_t length;
    va_list args;

    if (level > threshold) {
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    length = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
    length += (size_t)snprintf(line + length, sizeof(line) - length,
                               ".%03ldZ %s: ", now.tv_nsec / 1000000, names[level]);
    va_start(args, format);
    (void)vsnprintf(line + length, sizeof(line) - length - 1, format, args);
    va_end(args);
    length = strlen(line);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' '; /* what an outsider wrote must not forge a line or steer a terminal */
        }
    }
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* a full or closed log must not stop the daemon */
    }
}
