/* fog-chaos-audit: looks a run over between two steps.  A line for each problem:
 *
 *     integrity    the store's file is whole, by SQLite's own checks and of one moment; an agent's
 *                  state has its digest; the journal is within bounds
 *     orphan       each workload has a shim above it, and each shim an agent's state that knows it;
 *                  an assignment has one shim; with --url, the API knows the assignment, too
 *     group        no control group of a run is left without anybody in it
 *     zombie       who ended was waited for
 *     descriptors  no program holds more than at the baseline, AUDIT_FD_SLACK and two for each run
 *     memory       nor more than AUDIT_MEMORY_FACTOR times as much and AUDIT_MEMORY_SLACK
 *     secret       no key, and no line of DIR/secrets, is in a log, in history, or in an answer
 *     log          no assertion and no sanitizer has spoken
 *
 * What may settle is looked at again until `patience_ms` is over: a workload that is just ending is
 * no orphan. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUDIT_FD_SLACK = 40, /* operators and watchers come and go */
    AUDIT_FDS_PER_RUN = 2,
    AUDIT_MEMORY_FACTOR = 3,
    AUDIT_PROGRAMS_MAX = 64,
    AUDIT_SECRETS_MAX = 256,
    AUDIT_PATH_SIZE = 4096,
};

/* The controller keeps its newest 8,192 changes for watchers, some 60 MiB of ours. */
#define AUDIT_MEMORY_SLACK    ((int64_t)112 << 20)
#define AUDIT_MEMORY_ASAN     ((int64_t)1 << 30) /* sanitizers keep freed memory */
#define AUDIT_JOURNAL_SIZE    ((int64_t)64 << 20)
#define AUDIT_BASELINE        "audit.json"
#define AUDIT_LOG_LINES_BYTES ((size_t)1 << 30)

struct program { /* of the file of pids: "NAME PID" */
    char name[64];
    int64_t pid;
};

struct audit {
    char *dir; /* owned */
    const char *pids, *url;
    bool is_baseline;
    int64_t patience_ms;
    struct program programs[AUDIT_PROGRAMS_MAX];
    size_t program_count;
    char *secrets[AUDIT_SECRETS_MAX]; /* owned */
    size_t secret_count;
    struct {
        char **items; /* owned */
        size_t count;
    } problems;
};

__attribute__((format(printf, 3, 4))) void audit_problem(struct audit *audit, const char *rule,
                                                         const char *format, ...);
/* Whole, with a NUL behind; NULL when it cannot be read. */
char *audit_read(const char *path, size_t *ret_length);

/* audit_process.c: what may settle. */
void audit_processes(struct audit *audit);
void audit_write_baseline(struct audit *audit);

/* audit_groups.c: what may settle. */
void audit_groups(struct audit *audit);

/* audit_files.c */
void audit_integrity(struct audit *audit);
void audit_logs(struct audit *audit); /* secrets, and words of alarm */
