/* fog-chaos-work: what the agents of a chaos run are told to run.  It leaves a trace of its life.
 *
 *     fog-chaos-work --runs FILE [--beat MS] [--for MS [--code N]] [--crash MS] [--ignore-term]
 *                    [--late MS] [--value TEXT]
 *
 * Each line of FILE is one write to a file opened with O_APPEND, so that lines of many processes do
 * not mix:
 *
 *     {"t": ns, "event": "start", "session": …, "replica": slot, "uid": assignment, "run": n,
 *      "epoch": lease epoch, "pid": n, "value": TEXT}
 *
 * `t` is CLOCK_MONOTONIC, the same for all processes of a machine, whatever their wall clocks say.
 * A "beat" comes every 200 ms (--beat), an "end" (with "code") last, unless the end was a crash or
 * a kill.  On TERM it ends with 0 at once, after --late MS, or not at all (--ignore-term).  --for
 * ends it with --code after a time, --crash by a signal of its own.  --value goes into its lines:
 * what tells the forms of a session apart.
 *
 * What cannot be written down would be missing as evidence: then it ends with 99. */
#include "schema/base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BEAT_MS = 200, LINE_SIZE = 1024, CODE_USAGE = 98, CODE_NO_TRACE = 99 };

static const char *opt_runs, *opt_value = "";
static int64_t opt_beat_ms = BEAT_MS, opt_for_ms = -1, opt_crash_ms = -1, opt_late_ms, opt_code;
static int opt_ignore_term;

static volatile sig_atomic_t was_told_to_end;

static void on_term(int number)
{
    (void)number;
    was_told_to_end = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? "" : value;
}

static void note(int fd, const char *event, int code)
{
    char line[LINE_SIZE], tail[32] = "";
    int length;

    if (code >= 0) {
        (void)snprintf(tail, sizeof(tail), ",\"code\":%d", code);
    }
    length = snprintf(line, sizeof(line),
                      "{\"t\":%" PRId64 ",\"event\":\"%s\",\"session\":\"%s\",\"replica\":\"%s\","
                      "\"uid\":\"%s\",\"run\":%s,\"epoch\":%s,\"pid\":%d,\"value\":\"%s\"%s}\n",
                      now_ns(), event, variable("FOG_SESSION"), variable("FOG_SLOT"),
                      variable("FOG_ASSIGNMENT"),
                      *variable("FOG_RUN") == '\0' ? "0" : variable("FOG_RUN"),
                      *variable("FOG_LEASE_EPOCH") == '\0' ? "0" : variable("FOG_LEASE_EPOCH"),
                      (int)getpid(), opt_value, tail);
    if (length >= (int)sizeof(line) || write(fd, line, (size_t)length) != length) {
        _exit(CODE_NO_TRACE);
    }
}

/* Until then, or until a signal comes. */
static void doze_until(int64_t until_ns)
{
    struct timespec until = {(time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Beats until `until`, or until told to end when that is listened to. */
static void live(int fd, int64_t until_ns, bool listens)
{
    int64_t beat = now_ns();

    while (now_ns() < until_ns && !(listens && was_told_to_end)) {
        if (now_ns() >= beat) {
            note(fd, "beat", -1);
            beat = now_ns() + opt_beat_ms * 1000000;
        }
        doze_until(earlier(beat, until_ns));
    }
}

static bool take_number(const char *text, int64_t *ret_value)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > INT32_MAX) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool take_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"runs", required_argument, NULL, 'r'},
        {"beat", required_argument, NULL, 'b'},
        {"for", required_argument, NULL, 'f'},
        {"code", required_argument, NULL, 'c'},
        {"crash", required_argument, NULL, 'x'},
        {"late", required_argument, NULL, 'l'},
        {"value", required_argument, NULL, 'v'},
        {"ignore-term", no_argument, &opt_ignore_term, 1},
        {NULL, 0, NULL, 0},
    };
    bool good = true;
    int option;

    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int64_t *number = option == 'b'   ? &opt_beat_ms
                          : option == 'f' ? &opt_for_ms
                          : option == 'c' ? &opt_code
                          : option == 'x' ? &opt_crash_ms
                          : option == 'l' ? &opt_late_ms
                                          : NULL;

        if (number != NULL) {
            good = take_number(optarg, number);
        } else if (option == 'r') {
            opt_runs = optarg;
        } else if (option == 'v') {
            opt_value = optarg;
        }
        good = good && option != '?';
    }
    return good && opt_runs != NULL && optind == argc && opt_beat_ms > 0;
}

static int64_t after(int64_t now, int64_t ms)
{
    return ms < 0 ? INT64_MAX : now + ms * 1000000;
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_term};
    int64_t born = now_ns(), end, crash;
    int fd;

    if (!take_options(argc, argv)) {
        (void)fputs("usage: fog-chaos-work --runs FILE [--beat MS] [--for MS [--code N]]\n"
                    "           [--crash MS] [--ignore-term] [--late MS] [--value TEXT]\n",
                    stderr);
        return CODE_USAGE;
    }
    fd = open(opt_runs, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        (void)fprintf(stderr, "cannot open \"%s\": %s\n", opt_runs, strerror(errno));
        return CODE_NO_TRACE;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    note(fd, "start", -1);
    end = after(born, opt_for_ms);
    crash = after(born, opt_crash_ms);
    live(fd, earlier(end, crash), !opt_ignore_term);
    if (now_ns() >= crash && !(was_told_to_end && !opt_ignore_term)) {
        (void)kill(getpid(), SIGKILL);
    }
    if (was_told_to_end && !opt_ignore_term) {
        live(fd, after(now_ns(), opt_late_ms), false);
        opt_code = 0;
    }
    note(fd, "end", (int)opt_code);
    return (int)opt_code;
}
