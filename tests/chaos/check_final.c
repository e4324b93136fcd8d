/* What the API says in the end: the same as the store's file, as the last writes, and as what runs.
 */
#include "tests/chaos/check.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLL_US = 200000, HISTORY_LIMIT = 1000, REQUEST_MS = 10000, PROBLEM_SIZE = 512 };

#define LIVE_NS ((int64_t)1500 * 1000 * 1000) /* who has beaten so lately is alive */

/* --- asking ------------------------------------------------------------------------------------
 */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    return fwrite(bytes, size, count, context);
}

static json_t *get(const struct check *check, const char *path)
{
    char url[1024], token[512], *text = NULL;
    size_t length = 0;
    FILE *into = open_memstream(&text, &length);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    json_t *answer = NULL;

    (void)snprintf(url, sizeof(url), "%s%s", check->url, path);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS);
    (void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, into);
    if (check->token != NULL) {
        (void)snprintf(token, sizeof(token), "Authorization: Bearer %s", check->token);
        headers = curl_slist_append(NULL, token);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void)fflush(into);
        answer = json_loadb(text, length, 0, NULL);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    (void)fclose(into);
    free(text);
    return answer;
}

/* --- convergence -------------------------------------------------------------------------------
 */

struct problems { /* of one look; told only when there is no further one */
    char (*items)[PROBLEM_SIZE];
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void problem(struct problems *problems,
                                                          const char *format, ...)
{
    va_list list;

    problems->items = grow(problems->items, problems->count, PROBLEM_SIZE);
    va_start(list, format);
    (void)vsnprintf(problems->items[problems->count++], PROBLEM_SIZE, format, list);
    va_end(list);
}

static int64_t integer_of(const json_t *object, const char *key, int64_t absent)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : absent;
}

static const json_t *condition_of(const json_t *session)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(json_object_get(session, "status"), "conditions"), i, each)
    {
        if (strcmp(text_of(each, "type"), "Converged") == 0) {
            return each;
        }
    }
    return NULL;
}

/* The word after --value of a command. */
static const char *value_of(const json_t *session)
{
    const json_t *spec = json_object_get(session, "spec");
    const json_t *command = json_object_get(json_object_get(spec, "workload"), "command"), *each;
    size_t i;

    json_array_foreach(command, i, each)
    {
        const char *next = json_string_value(json_array_get(command, i + 1));

        if (next != NULL && json_is_string(each) &&
            strcmp(json_string_value(each), "--value") == 0) {
            return next;
        }
    }
    return NULL;
}

static const struct process *live_process(const struct check *check, const char *uid, int64_t now)
{
    for (size_t i = check->process_count; i-- > 0;) {
        const struct process *process = &check->processes[i];

        if (!process->has_ended && process->t_last > now - LIVE_NS &&
            strcmp(process->uid, uid) == 0) {
            return process;
        }
    }
    return NULL;
}

/* Runs that were killed, or failed by themselves, are followed by a wait of minutes at most. */
static bool waits_after_failures(const json_t *assignment)
{
    const json_t *status = json_object_get(assignment, "status");

    return strcmp(text_of(status, "reason"), "BackOff") == 0 &&
           integer_of(status, "failures", 0) > 0;
}

/* Of one session: what is declared is what its assignments say, and what runs. */
static void look_at_work(const struct check *check, const json_t *session,
                         const json_t *assignments, int64_t now, struct problems *problems)
{
    const json_t *metadata = json_object_get(session, "metadata"), *each;
    const char *name = text_of(metadata, "name"), *value = value_of(session);
    int64_t desired = integer_of(json_object_get(session, "status"), "desired", -1), placed = 0;
    int64_t waiting = 0;
    size_t i;

    json_array_foreach(json_object_get(assignments, "items"), i, each)
    {
        const char *phase = text_of(json_object_get(each, "status"), "phase");
        const char *uid = text_of(json_object_get(each, "metadata"), "uid");
        const struct process *process = live_process(check, uid, now);

        if (strcmp(text_of(json_object_get(each, "spec"), "sessionUid"),
                   text_of(metadata, "uid")) != 0) {
            continue;
        }
        placed += strcmp(phase, "Running") == 0 || strcmp(phase, "Succeeded") == 0;
        waiting += waits_after_failures(each);
        if ((strcmp(phase, "Running") == 0) != (process != NULL) && value != NULL) {
            problem(problems, "assignment %s of %s is said to be %s, and %s", uid, name, phase,
                    process != NULL ? "a process lives" : "no process tells of itself");
        } else if (process != NULL && value != NULL && strcmp(process->value, value) != 0) {
            problem(problems, "assignment %s of %s runs \"%s\", declared is \"%s\"", uid, name,
                    process->value, value);
        }
    }
    if (waiting == 0 && strcmp(text_of(condition_of(session), "reason"), "Failing") == 0) {
        problem(problems, "session %s is said to be failing, and no replica of it is", name);
    }
    if (placed + waiting != desired) {
        problem(problems,
                "session %s: %" PRId64 " replicas run, are done or wait to be tried again, "
                "desired are %" PRId64,
                name, placed + waiting, desired);
    }
}

/* True when it has given up for a reason: no more is expected of it.  Of what is said to fail each
 * replica has to say so. */
static bool look_at_status(const json_t *session, size_t agents, struct problems *problems)
{
    const json_t *status = json_object_get(session, "status");
    const json_t *spec = json_object_get(session, "spec");
    const json_t *metadata = json_object_get(session, "metadata");
    const json_t *condition = condition_of(session);
    const char *name = text_of(metadata, "name");
    bool is_converged = strcmp(text_of(condition, "status"), "True") == 0;
    int64_t declared;

    if (integer_of(status, "observedGeneration", -1) != integer_of(metadata, "generation", 0)) {
        problem(problems, "session %s: its newest form was not looked at", name);
    }
    declared = json_is_true(json_object_get(spec, "everyAgent")) ? (int64_t)agents
                                                                 : integer_of(spec, "replicas", 1);
    if (integer_of(status, "desired", -1) != declared) {
        problem(problems, "session %s: desired is %" PRId64 ", declared %" PRId64, name,
                integer_of(status, "desired", -1), declared);
    }
    if (!is_converged && *text_of(condition, "reason") == '\0') {
        problem(problems, "session %s has not converged and does not say why", name);
    } else if (!is_converged && integer_of(status, "failed", 0) == 0 &&
               strcmp(text_of(condition, "reason"), "Failing") != 0) {
        problem(problems, "session %s has not converged: %s: %s", name,
                text_of(condition, "reason"), text_of(condition, "message"));
    }
    return !is_converged && integer_of(status, "failed", 0) > 0;
}

static void look_at_strays(const struct check *check, const json_t *assignments, int64_t now,
                           struct problems *problems)
{
    json_t *known = json_object();
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(assignments, "items"), i, each)
    {
        (void)json_object_set_new(known, text_of(json_object_get(each, "metadata"), "uid"),
                                  json_true());
    }
    for (i = 0; i < check->process_count; i++) {
        const struct process *process = &check->processes[i];

        if (!process->has_ended && process->t_last > now - LIVE_NS &&
            json_object_get(known, process->uid) == NULL) {
            problem(problems, "pid %" PRId64 " lives for assignment %s of %s, which is no more",
                    process->pid, process->uid, process->session);
        }
    }
    json_decref(known);
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void look(struct check *check, struct problems *problems)
{
    json_t *sessions = get(check, "/apis/fog/v1/harvestsessions");
    json_t *assignments = get(check, "/apis/fog/v1/assignments");
    json_t *agents = get(check, "/apis/fog/v1/agents");
    int64_t now = now_ns();
    const json_t *each;
    size_t i;

    if (sessions == NULL || assignments == NULL || agents == NULL) {
        problem(problems, "%s does not answer", check->url);
    } else {
        runs_read(check);
        json_array_foreach(json_object_get(sessions, "items"), i, each)
        {
            if (!look_at_status(each, json_array_size(json_object_get(agents, "items")),
                                problems)) {
                look_at_work(check, each, assignments, now, problems);
            }
        }
        look_at_strays(check, assignments, now, problems);
    }
    json_decref(sessions);
    json_decref(assignments);
    json_decref(agents);
}

void final_check(struct check *check)
{
    int64_t begin = now_ns();
    struct problems problems = {0};

    for (;;) {
        look(check, &problems);
        if (problems.count == 0 || now_ns() - begin > check->wait_ms * 1000000) {
            break;
        }
        problems.count = 0;
        free(problems.items);
        problems.items = NULL;
        (void)usleep(POLL_US);
    }
    for (size_t i = 0; i < problems.count; i++) {
        violation(check, "final", "%s", problems.items[i]);
    }
    if (problems.count == 0) {
        (void)printf("converged after %" PRId64 " ms\n", (now_ns() - begin) / 1000000);
    }
    free(problems.items);
}

/* --- history and objects -----------------------------------------------------------------------
 */

static const char *const verb_words[] = {"create", "update", "delete"};

static void compare_item(struct check *check, const json_t *item, const struct row *row)
{
    if (strcmp(text_of(item, "kind"), row->kind) != 0 ||
        strcmp(text_of(item, "name"), row->name) != 0 ||
        strcmp(text_of(item, "uid"), row->uid) != 0 ||
        strcmp(text_of(item, "who"), row->who) != 0 ||
        strcmp(text_of(item, "why"), row->why) != 0 ||
        strcmp(text_of(item, "verb"), verb_words[row->verb]) != 0) {
        violation(check, "history",
                  "revision %" PRIu64 " is %s of %s/%s for the API, %s of %s in the "
                  "file",
                  row->revision, text_of(item, "verb"), text_of(item, "kind"),
                  text_of(item, "name"), verb_words[row->verb], row->object);
    }
}

/* The newest row before `at` of an object, or of all that is declared; NULL: there is none. */
static const struct row *row_before(const struct check *check, const char *object, size_t at)
{
    while (at > 0) {
        const struct row *row = &check->rows[--at];

        if (object == NULL ? strcmp(row->kind, "Assignment") != 0
                           : strcmp(row->object, object) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Both are from the newest down; what is later than our copy is left out. */
static void compare_history(struct check *check, const char *path, const char *object)
{
    uint64_t newest = check->row_count == 0 ? 0 : check->rows[check->row_count - 1].revision;
    const struct row *row = row_before(check, object, check->row_count);
    json_t *history = get(check, path);
    const json_t *items = json_object_get(history, "items"), *each;
    size_t i;

    json_array_foreach(items, i, each)
    {
        uint64_t revision = number_of(text_of(each, "revision"));

        if (revision > newest) {
            continue;
        }
        if (row == NULL || row->revision != revision) {
            violation(check, "history", "%s has revision %" PRIu64 " where the file has %" PRIu64,
                      path, revision, row == NULL ? 0 : row->revision);
            row = NULL;
            break;
        }
        compare_item(check, each, row);
        row = row_before(check, object, (size_t)(row - check->rows));
    }
    if (row != NULL && json_array_size(items) < HISTORY_LIMIT) {
        violation(check, "history", "%s %s, the file has revision %" PRIu64 ", too", path,
                  history == NULL ? "has no answer" : "ends", row->revision);
    }
    json_decref(history);
}

/* Each object is as its newest row. */
static void compare_objects(struct check *check, const char *plural)
{
    char path[128];
    const json_t *each;
    json_t *list;
    size_t i;

    (void)snprintf(path, sizeof(path), "/apis/fog/v1/%s", plural);
    list = get(check, path);
    json_array_foreach(json_object_get(list, "items"), i, each)
    {
        const json_t *metadata = json_object_get(each, "metadata"), *was;
        const struct row *row;
        char object[512];
        json_t *body;

        (void)snprintf(object, sizeof(object), "%s/%s", text_of(each, "kind"),
                       text_of(metadata, "name"));
        row = ledger_at(check, object, UINT64_MAX);
        body = row == NULL ? NULL : ledger_body(check, row->revision);
        was = json_object_get(body, "metadata");
        if (body == NULL ||
            !json_equal(json_object_get(body, "spec"), json_object_get(each, "spec")) ||
            !json_equal(json_object_get(was, "annotations"),
                        json_object_get(metadata, "annotations")) ||
            !json_equal(json_object_get(was, "uid"), json_object_get(metadata, "uid"))) {
            violation(check, "final", "%s is not as its last write, revision %" PRIu64, object,
                      row == NULL ? 0 : row->revision);
        }
        json_decref(body);
    }
    json_decref(list);
}

static void compare_object_history(struct check *check, const char *plural, const struct row *row)
{
    char path[1024];

    (void)snprintf(path, sizeof(path), "/apis/fog/v1/%s/%s/history?limit=%d", plural, row->name,
                   HISTORY_LIMIT);
    compare_history(check, path, row->object);
}

/* Each object in the ledger is there, and so is its past. */
static void compare_presence(struct check *check)
{
    const char *object;
    json_t *index;

    json_object_foreach(check->newest, object, index)
    {
        const struct row *row = &check->rows[json_integer_value(index)];
        const char *plural =
            strcmp(row->kind, "HarvestSession") == 0 ? "harvestsessions" : "harvestpolicies";
        char path[1024];
        json_t *found;

        if (!ledger_is_operators(row)) {
            continue;
        }
        compare_object_history(check, plural, row);
        (void)snprintf(path, sizeof(path), "/apis/fog/v1/%s/%s", plural, row->name);
        found = get(check, path);
        if (found == NULL && row->verb != VERB_DELETE) {
            violation(check, "final",
                      "%s was last written as revision %" PRIu64 " and is not there", object,
                      row->revision);
        }
        json_decref(found);
    }
}

void final_check_history(struct check *check)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "/apis/fog/v1/history?limit=%d", HISTORY_LIMIT);
    compare_history(check, path, NULL);
    compare_objects(check, "harvestsessions");
    compare_objects(check, "harvestpolicies");
    compare_presence(check);
}
