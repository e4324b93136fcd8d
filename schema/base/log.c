#include "schema/base/log.h"

#include "schema/base/log_text.h"
#include "schema/base/utf8.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic(enum log_level) threshold = LOG_LEVEL_INFO; /* any thread reads them */
static _Atomic(enum log_format) form = LOG_FORMAT_TEXT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* over what follows */
static struct log_limit limit;

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_set_format(enum log_format format)
{
    form = format;
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A full or closed log must not stop the daemon. */
static bool write_line(const struct log_entry *entry)
{
    char line[LOG_LINE_SIZE];
    size_t length = log_to_str(form, entry, line);

    return write(STDERR_FILENO, line, length) == (ssize_t)length;
}

static void tell_left_out(int64_t now_ms, bool all)
{
    char message[LOG_MESSAGE_SIZE];
    struct log_entry entry = {
        .wall_ms = read_clock(CLOCK_REALTIME), .file = __FILE__, .message = message};

    while (log_left_out(&limit, now_ms, all, &entry.level, message)) {
        (void)write_line(&entry);
    }
}

void log_end(void)
{
    (void)pthread_mutex_lock(&mutex);
    tell_left_out(read_clock(CLOCK_MONOTONIC), true);
    (void)pthread_mutex_unlock(&mutex);
}

/* What did not fit ends in "…". */
static void cut(char message[static LOG_MESSAGE_SIZE])
{
    static const char mark[] = "…";
    size_t kept = utf8_valid_bytes(message, LOG_MESSAGE_SIZE - sizeof(mark));

    memcpy(message + kept, mark, sizeof(mark));
}

_printf_(2, 0) static void format_message(char message[static LOG_MESSAGE_SIZE], const char *format,
                                          va_list args)
{
    if (vsnprintf(message, LOG_MESSAGE_SIZE, format, args) >= LOG_MESSAGE_SIZE) {
        cut(message);
    }
}

void log_line(enum log_level level, const char *file, const char *format, ...)
{
    char message[LOG_MESSAGE_SIZE];
    struct log_entry entry = {.level = level, .file = file, .message = message};
    int64_t now_ms;
    va_list args;

    if (level > threshold) {
        return;
    }
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    entry.wall_ms = read_clock(CLOCK_REALTIME);
    now_ms = read_clock(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&mutex);
    tell_left_out(now_ms, false);
    if (log_may(&limit, now_ms, &entry)) {
        (void)write_line(&entry);
    }
    (void)pthread_mutex_unlock(&mutex);
}

bool log_promised(enum log_level level, const char *file, const char *format, ...)
{
    char message[LOG_MESSAGE_SIZE];
    struct log_entry entry = {
        .level = level, .wall_ms = read_clock(CLOCK_REALTIME), .file = file, .message = message};
    va_list args;
    bool is_written;

    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    (void)pthread_mutex_lock(&mutex);
    is_written = write_line(&entry);
    (void)pthread_mutex_unlock(&mutex);
    return is_written;
}
