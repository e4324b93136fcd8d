/* fog-chaos-audit DIR --pids FILE [--baseline] [--url URL] [--patience MS]
 *
 * --baseline notes what the programs hold now, in DIR/audit.json, for later audits to compare with.
 * Exit 0: nothing found; 1: problems, a line each; 2: it could not look. */
#include "tests/chaos/audit.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* An agent that lost its state gives what it finds the usual grace of ten seconds. */
enum { POLL_US = 100000, PATIENCE_MS = 15000 };

void audit_problem(struct audit *audit, const char *rule, const char *format, ...)
{
    char text[1024], *line;
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    for (char *c = strchr(text, '\n'); c != NULL; c = strchr(c, '\n')) {
        *c = ' '; /* a problem is a line */
    }
    audit->problems.items =
        realloc(audit->problems.items, (audit->problems.count + 1) * sizeof(char *));
    if (audit->problems.items == NULL || asprintf(&line, "%s: %s", rule, text) < 0) {
        abort();
    }
    audit->problems.items[audit->problems.count++] = line;
}

static void forget_problems(struct audit *audit)
{
    for (size_t i = 0; i < audit->problems.count; i++) {
        free(audit->problems.items[i]);
    }
    free(audit->problems.items);
    audit->problems.items = NULL;
    audit->problems.count = 0;
}

char *audit_read(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t length = 0, size = 0, got;

    if (file == NULL) {
        return NULL;
    }
    do {
        size += 64 << 10;
        text = realloc(text, size + 1);
        if (text == NULL) {
            abort();
        }
        got = fread(text + length, 1, size - length, file);
        length += got;
    } while (length == size && length < AUDIT_LOG_LINES_BYTES);
    (void)fclose(file);
    text[length] = '\0';
    *ret_length = length;
    return text;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_pids(struct audit *audit)
{
    FILE *file = fopen(audit->pids, "re");
    char line[256];

    if (file == NULL) {
        perror(audit->pids);
        exit(2);
    }
    while (audit->program_count < AUDIT_PROGRAMS_MAX && fgets(line, sizeof(line), file) != NULL) {
        struct program *program = &audit->programs[audit->program_count];
        size_t length = strcspn(line, " \n");

        if (line[length] != ' ' || length >= sizeof(program->name)) {
            continue;
        }
        memcpy(program->name, line, length);
        program->name[length] = '\0';
        program->pid = strtoll(line + length, NULL, 10);
        audit->program_count += program->pid > 0;
    }
    (void)fclose(file);
}

static bool take_options(int argc, char **argv, struct audit *audit)
{
    static const struct option options[] = {{"pids", required_argument, NULL, 'p'},
                                            {"baseline", no_argument, NULL, 'b'},
                                            {"url", required_argument, NULL, 'u'},
                                            {"patience", required_argument, NULL, 'w'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            audit->pids = optarg;
            break;
        case 'b':
            audit->is_baseline = true;
            break;
        case 'u':
            audit->url = optarg;
            break;
        case 'w':
            audit->patience_ms = strtoll(optarg, NULL, 10);
            break;
        default:
            return false;
        }
    }
    if (optind + 1 != argc || audit->pids == NULL) {
        return false;
    }
    audit->dir = realpath(argv[optind], NULL); /* as the kernel names it */
    if (audit->dir == NULL) {
        perror(argv[optind]);
        exit(2);
    }
    return true;
}

/* Until nothing is found, or nothing more is expected to settle. */
static void look_at_processes(struct audit *audit)
{
    int64_t begin = now_ms();

    for (;;) {
        audit_processes(audit);
        audit_groups(audit);
        if (audit->problems.count == 0 || now_ms() - begin >= audit->patience_ms) {
            return;
        }
        forget_problems(audit);
        (void)usleep(POLL_US);
    }
}

int main(int argc, char **argv)
{
    static struct audit audit = {.patience_ms = PATIENCE_MS};
    bool has_problems;

    if (!take_options(argc, argv, &audit)) {
        (void)fputs("usage: fog-chaos-audit DIR --pids FILE [--baseline] [--url URL]\n"
                    "           [--patience MS]\n",
                    stderr);
        return 2;
    }
    read_pids(&audit);
    if (audit.is_baseline) {
        audit_write_baseline(&audit);
    }
    look_at_processes(&audit);
    audit_integrity(&audit);
    audit_logs(&audit);
    for (size_t i = 0; i < audit.problems.count; i++) {
        (void)printf("AUDIT %s\n", audit.problems.items[i]);
    }
    has_problems = audit.problems.count > 0;
    free(audit.dir);
    forget_problems(&audit);
    for (size_t i = 0; i < audit.secret_count; i++) {
        free(audit.secrets[i]);
    }
    return has_problems;
}
