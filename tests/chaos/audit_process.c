/* Processes: those that are known by their ids, and those of workloads, which are found by where
 * they are: a run's folder is DIR/AGENT/work/UID/RUN, and who left it still has FOG_ASSIGNMENT and
 * a HOME below it in its environment. */
#include "tests/chaos/audit.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCESSES_MAX = 8192, DEPTH_MAX = 64, REQUEST_MS = 5000 };

struct seen {
    int64_t pid, parent;
    char state;
    bool is_shim, is_work;
    char agent[64], uid[64];
};

/* --- looking -----------------------------------------------------------------------------------
 */

static bool read_stat(int64_t pid, struct seen *seen)
{
    char path[64], *text, *after;
    size_t length;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    text = audit_read(path, &length);
    after = text == NULL ? NULL : strrchr(text, ')');
    if (after == NULL || strlen(after) < 5) {
        free(text);
        return false;
    }
    seen->pid = pid;
    seen->state = after[2];
    seen->parent = strtoll(after + 4, NULL, 10);
    free(text);
    return true;
}

/* DIR/AGENT/work/UID/… of a path; false for any other. */
static bool take_path(const char *dir, const char *path, struct seen *seen)
{
    size_t length = strlen(dir);
    const char *work, *end;

    if (strncmp(path, dir, length) != 0 || path[length] != '/') {
        return false;
    }
    path += length + 1;
    work = strstr(path, "/work/");
    if (work == NULL || memchr(path, '/', (size_t)(work - path)) != NULL ||
        (size_t)(work - path) >= sizeof(seen->agent)) {
        return false;
    }
    end = work + 6 + strcspn(work + 6, "/");
    if ((size_t)(end - work - 6) >= sizeof(seen->uid)) {
        return false;
    }
    memcpy(seen->agent, path, (size_t)(work - path));
    memcpy(seen->uid, work + 6, (size_t)(end - work - 6));
    return true;
}

static const char *variable_of(const char *environment, size_t length, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < length; i += strlen(environment + i) + 1) {
        if (strncmp(environment + i, name, size) == 0 && environment[i + size] == '=') {
            return environment + i + size + 1;
        }
    }
    return NULL;
}

/* True when it belongs to this run. */
static bool identify(const char *dir, struct seen *seen)
{
    char path[64], cwd[AUDIT_PATH_SIZE], *text;
    const char *home;
    size_t size;
    ssize_t length;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/cmdline", seen->pid);
    text = audit_read(path, &size);
    seen->is_shim = text != NULL && size > 14 && memcmp(text, "fog-agent\0shim", 14) == 0;
    free(text);
    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/cwd", seen->pid);
    length = readlink(path, cwd, sizeof(cwd) - 1);
    cwd[length < 0 ? 0 : length] = '\0';
    if (take_path(dir, cwd, seen)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/environ", seen->pid);
    text = audit_read(path, &size);
    home = text == NULL || variable_of(text, size, "FOG_ASSIGNMENT") == NULL
               ? NULL
               : variable_of(text, size, "HOME");
    seen->is_work = home != NULL && take_path(dir, home, seen);
    free(text);
    return seen->is_work;
}

static size_t list(const char *dir, struct seen *ret_seen)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;

    while (proc != NULL && count < PROCESSES_MAX && (entry = readdir(proc)) != NULL) {
        struct seen seen = {0};

        if (!isdigit((unsigned char)entry->d_name[0]) ||
            !read_stat(strtoll(entry->d_name, NULL, 10), &seen)) {
            continue;
        }
        seen.is_work = seen.state != 'Z' && identify(dir, &seen);
        ret_seen[count++] = seen;
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    return count;
}

static const struct seen *find(const struct seen *seen, size_t count, int64_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (seen[i].pid == pid) {
            return &seen[i];
        }
    }
    return NULL;
}

/* --- orphans -----------------------------------------------------------------------------------
 */

static bool has_shim_above(const struct seen *seen, size_t count, const struct seen *one)
{
    for (int depth = 0; one != NULL && depth < DEPTH_MAX; depth++) {
        if (one->is_shim) {
            return true;
        }
        one = find(seen, count, one->parent);
    }
    return false;
}

static bool is_in_state(const struct audit *audit, const struct seen *one)
{
    char path[AUDIT_PATH_SIZE], word[128], *text;
    size_t length;
    bool found;

    (void)snprintf(path, sizeof(path), "%s/%s/state.json", audit->dir, one->agent);
    (void)snprintf(word, sizeof(word), "\"uid\":\"%s\"", one->uid);
    text = audit_read(path, &length);
    found = text != NULL && strstr(text, word) != NULL;
    free(text);
    return found;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    return fwrite(bytes, size, count, context);
}

/* uid → true of all that the API knows; NULL when it does not answer. */
static json_t *known_assignments(const struct audit *audit)
{
    char url[1024], *text = NULL;
    size_t length = 0, i;
    FILE *into = open_memstream(&text, &length);
    CURL *curl = curl_easy_init();
    json_t *answer = NULL, *known = NULL, *each;

    (void)snprintf(url, sizeof(url), "%s/apis/fog/v1/assignments", audit->url);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS);
    (void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, into);
    if (curl_easy_perform(curl) == CURLE_OK && fflush(into) == 0) {
        answer = json_loadb(text, length, 0, NULL);
        known = json_object();
    }
    curl_easy_cleanup(curl);
    (void)fclose(into);
    free(text);
    json_array_foreach(json_object_get(answer, "items"), i, each)
    {
        const json_t *uid = json_object_get(json_object_get(each, "metadata"), "uid");

        (void)json_object_set_new(known, json_string_value(uid), json_true());
    }
    json_decref(answer);
    return known;
}

static void check_orphans(struct audit *audit, const struct seen *seen, size_t count)
{
    json_t *known = audit->url == NULL ? NULL : known_assignments(audit);
    json_t *shims = json_object();

    if (audit->url != NULL && known == NULL) {
        audit_problem(audit, "orphan", "%s does not tell its assignments", audit->url);
    }
    for (size_t i = 0; i < count; i++) {
        const struct seen *one = &seen[i];
        const char *what = one->is_shim ? "shim" : "workload";

        if (!one->is_work) {
            continue;
        }
        if (!is_in_state(audit, one)) {
            audit_problem(audit, "orphan", "%s pid %" PRId64 ": %s does not know assignment %s",
                          what, one->pid, one->agent, one->uid);
        } else if (!has_shim_above(seen, count, one)) {
            audit_problem(audit, "orphan", "workload pid %" PRId64 " of %s on %s has no shim",
                          one->pid, one->uid, one->agent);
        } else if (known != NULL && json_object_get(known, one->uid) == NULL) {
            audit_problem(audit, "orphan", "%s pid %" PRId64 " on %s: assignment %s is no more",
                          what, one->pid, one->agent, one->uid);
        }
        if (one->is_shim && json_object_get(shims, one->uid) != NULL) {
            audit_problem(audit, "orphan", "assignment %s has two shims, one is pid %" PRId64,
                          one->uid, one->pid);
        } else if (one->is_shim) {
            (void)json_object_set_new(shims, one->uid, json_true());
        }
    }
    json_decref(shims);
    json_decref(known);
}

static void check_zombies(struct audit *audit, const struct seen *seen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; seen[i].state == 'Z' && j < audit->program_count; j++) {
            if (seen[i].parent == audit->programs[j].pid) {
                audit_problem(audit, "zombie", "%s does not wait for pid %" PRId64,
                              audit->programs[j].name, seen[i].pid);
            }
        }
    }
}

/* --- what programs hold ------------------------------------------------------------------------
 */

static int64_t descriptors_of(int64_t pid)
{
    char path[64];
    DIR *folder;
    int64_t count = -2; /* . and .. */

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/fd", pid);
    folder = opendir(path);
    if (folder == NULL) {
        return -1;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

/* Its share of resident memory, in bytes. */
static int64_t memory_of(int64_t pid)
{
    char path[64], *text;
    const char *line;
    size_t length;
    int64_t kib;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/smaps_rollup", pid);
    text = audit_read(path, &length);
    line = text == NULL ? NULL : strstr(text, "\nPss:");
    kib = line == NULL ? 0 : strtoll(line + 5, NULL, 10);
    free(text);
    return kib * 1024;
}

static bool has_sanitizers(int64_t pid)
{
    char path[64], *text;
    size_t length;
    bool found;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/maps", pid);
    text = audit_read(path, &length);
    found = text != NULL && strstr(text, "libasan") != NULL;
    free(text);
    return found;
}

/* Each run of an agent has a folder and a connection to its shim. */
static int64_t shims_of(const struct seen *seen, size_t count, const char *agent)
{
    int64_t shims = 0;

    for (size_t i = 0; i < count; i++) {
        shims += seen[i].is_shim && strcmp(seen[i].agent, agent) == 0;
    }
    return shims;
}

static void check_holdings(struct audit *audit, const struct seen *seen, size_t count)
{
    char path[AUDIT_PATH_SIZE];
    json_t *baseline;

    (void)snprintf(path, sizeof(path), "%s/" AUDIT_BASELINE, audit->dir);
    baseline = json_load_file(path, 0, NULL);
    for (size_t i = 0; i < audit->program_count; i++) {
        const struct program *program = &audit->programs[i];
        const json_t *base = json_object_get(baseline, program->name);
        int64_t descriptors = descriptors_of(program->pid), memory = memory_of(program->pid);
        int64_t most_fds = json_integer_value(json_object_get(base, "descriptors"));
        int64_t most = json_integer_value(json_object_get(base, "memory"));

        if (base == NULL || descriptors < 0) {
            continue; /* not of the baseline, or it does not run */
        }
        most_fds += AUDIT_FD_SLACK + AUDIT_FDS_PER_RUN * shims_of(seen, count, program->name);
        most = most * AUDIT_MEMORY_FACTOR +
               (has_sanitizers(program->pid) ? AUDIT_MEMORY_ASAN : AUDIT_MEMORY_SLACK);
        if (descriptors > most_fds) {
            audit_problem(audit, "descriptors",
                          "%s (pid %" PRId64 ") holds %" PRId64 ", at most %" PRId64, program->name,
                          program->pid, descriptors, most_fds);
        }
        if (memory > most) {
            audit_problem(audit, "memory",
                          "%s (pid %" PRId64 ") has %" PRId64 " KiB, at most %" PRId64,
                          program->name, program->pid, memory / 1024, most / 1024);
        }
    }
    json_decref(baseline);
}

void audit_write_baseline(struct audit *audit)
{
    char path[AUDIT_PATH_SIZE];
    json_t *baseline = json_object();

    for (size_t i = 0; i < audit->program_count; i++) {
        int64_t pid = audit->programs[i].pid;

        (void)json_object_set_new(baseline, audit->programs[i].name,
                                  json_pack("{s:I, s:I}", "descriptors",
                                            (json_int_t)descriptors_of(pid), "memory",
                                            (json_int_t)memory_of(pid)));
    }
    (void)snprintf(path, sizeof(path), "%s/" AUDIT_BASELINE, audit->dir);
    if (json_dump_file(baseline, path, JSON_INDENT(1)) != 0) {
        perror(path);
        exit(2);
    }
    json_decref(baseline);
}

void audit_processes(struct audit *audit)
{
    static struct seen seen[PROCESSES_MAX];
    size_t count = list(audit->dir, seen);

    check_orphans(audit, seen, count);
    check_zombies(audit, seen, count);
    check_holdings(audit, seen, count);
}
