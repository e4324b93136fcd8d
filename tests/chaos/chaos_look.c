/* What can be seen of the world: its processes, the API, the proxy's counts. */
#include "tests/chaos/chaos_world.h"

#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

enum { ASK_MS = 3000, LINE_SIZE = 64 << 10, POLL_MS = 40, QUIET_MS = 400 };

/* --- processes ----------------------------------------------------------------------------------
 */

static size_t read_small(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, ret_text, size - 1);

    if (fd >= 0) {
        (void)close(fd);
    }
    ret_text[length < 0 ? 0 : length] = '\0';
    return length < 0 ? 0 : (size_t)length;
}

static pid_t parent_of(int64_t pid)
{
    char path[64], text[512];
    const char *after;
    char *end;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    (void)read_small(path, text, sizeof(text));
    after = strrchr(text, ')');
    if (after == NULL || strlen(after) < 5) {
        return 0;
    }
    return (pid_t)strtol(after + 4, &end, 10); /* ") S 123" */
}

/* Shims and workloads are in a folder of their agent's; -1: neither. */
static int edge_of(const struct world *world, int64_t pid)
{
    char path[64], cwd[4096];
    ssize_t length;
    int64_t number;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/cwd", pid);
    length = readlink(path, cwd, sizeof(cwd) - 1);
    if (length <= 0) {
        return -1;
    }
    cwd[length] = '\0';
    if (!str_starts(cwd, world->dir) || !str_starts(cwd + strlen(world->dir), "/edge-")) {
        return -1;
    }
    length = (ssize_t)strlen(world->dir) + (ssize_t)strlen("/edge-");
    cwd[length + (ssize_t)strcspn(cwd + length, "/")] = '\0';
    return int_from_str(cwd + length, &number) ? (int)number - 1 : -1;
}

static bool is_shim(int64_t pid)
{
    char path[64], text[64];
    size_t length;

    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/cmdline", pid);
    length = read_small(path, text, sizeof(text));
    return length > 14 && memcmp(text, "fog-agent\0shim", 14) == 0;
}

int world_find(struct world *world, int edge, struct found *ret_found, int max)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    while (proc != NULL && count < max && (entry = readdir(proc)) != NULL) {
        int64_t pid;
        int of;

        if (!int_from_str(entry->d_name, &pid) || (of = edge_of(world, pid)) < 0 ||
            (edge >= 0 && of != edge)) {
            continue;
        }
        ret_found[count] = (struct found){
            .pid = (pid_t)pid, .parent = parent_of(pid), .edge = of, .is_shim = is_shim(pid)};
        ret_found[count].is_leader = !ret_found[count].is_shim && is_shim(ret_found[count].parent);
        count++;
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    return count;
}

void world_freeze(struct world *world, pid_t pid, bool is_frozen)
{
    char path[2 * PROGRAM_PATH_SIZE], line[128];
    struct timespec now;
    int length, fd;

    (void)snprintf(path, sizeof(path), "%s/runs.jsonl", world->dir);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (!is_frozen) {
        (void)kill(pid, SIGCONT);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    length = snprintf(line, sizeof(line), "{\"t\":%" PRId64 ",\"event\":\"%s\",\"pid\":%d}\n",
                      (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, is_frozen ? "stop" : "cont",
                      (int)pid);
    if (is_frozen) {
        (void)kill(pid, SIGSTOP);
    }
    if (fd >= 0) {
        (void)!write(fd, line, (size_t)length);
        (void)close(fd);
    }
}

/* --- the API ------------------------------------------------------------------------------------
 */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    str_add_bytes(context, bytes, size * count);
    return size * count;
}

static bool ask(struct world *world, const char *url, const char *path, struct str *text)
{
    char full[512];
    CURL *curl = curl_easy_init();
    long code = 0;

    (void)snprintf(full, sizeof(full), "%s%s", url == NULL ? world->api : url, path);
    (void)curl_easy_setopt(curl, CURLOPT_URL, full);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ASK_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, text);
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    }
    curl_easy_cleanup(curl);
    return code == 200;
}

json_t *world_get(struct world *world, const char *url, const char *path)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    return ask(world, url, path, &text) ? json_loadb(text.data, text.length, 0, NULL) : NULL;
}

bool world_answers(struct world *world, const char *url)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    return ask(world, url, "/readyz", &text);
}

static const json_t *condition_of(const json_t *object, const char *type)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(json_object_get(object, "status"), "conditions"), i, each)
    {
        if (str_eq(json_string_value(json_object_get(each, "type")), type)) {
            return each;
        }
    }
    return NULL;
}

static bool is_true(const json_t *condition)
{
    return str_eq(json_string_value(json_object_get(condition, "status")), "True");
}

static const char *name_of(const json_t *object)
{
    return json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
}

/* What has such a reason waits for a time of its own or for an operator, not for the fleet. */
static bool is_settled(const json_t *session)
{
    static const char *const reasons[] = {"BackOff", "Failing", "Failed", "GivenUp",
                                          "PolicyMissing"};
    const json_t *condition = condition_of(session, "Converged");
    const json_t *meta = json_object_get(session, "metadata");
    const char *reason = json_string_value(json_object_get(condition, "reason"));

    if (json_object_get(meta, "deletionTimestamp") != NULL ||
        json_integer_value(json_object_get(meta, "generation")) !=
            json_integer_value(
                json_object_get(json_object_get(session, "status"), "observedGeneration"))) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (str_eq(reason, reasons[i])) {
            return true;
        }
    }
    return is_true(condition);
}

static bool all_are(const json_t *list, const char *what, bool (*is)(const json_t *), char *ret_why,
                    int size)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(list, "items"), i, each)
    {
        if (!is(each)) {
            if (ret_why != NULL) {
                char *status = json_dumps(json_object_get(each, "status"), JSON_COMPACT);

                (void)snprintf(ret_why, (size_t)size, "%s %s: %s", what, name_of(each),
                               status == NULL ? "no status" : status);
                free(status);
            }
            return false;
        }
    }
    return true;
}

static const json_t *last_seen(const json_t *agent)
{
    return json_object_get(json_object_get(agent, "status"), "lastSeen");
}

/* A controller that starts believes its store until an agent was silent for too long; since its
 * start it has seen whom it says when. */
static bool is_ready(const json_t *agent)
{
    return is_true(condition_of(agent, "Ready")) && last_seen(agent) != NULL;
}

static bool judge(const struct world *world, const json_t *agents, const json_t *sessions,
                  char *ret_why, int size)
{
    size_t count = json_array_size(json_object_get(agents, "items"));

    if (sessions == NULL) {
        if (ret_why != NULL) {
            (void)snprintf(ret_why, (size_t)size, "the API does not answer");
        }
        return false;
    }
    if (count != (size_t)world->agents) {
        if (ret_why != NULL) {
            (void)snprintf(ret_why, (size_t)size, "there are %zu agents", count);
        }
        return false;
    }
    return all_are(agents, "agent", is_ready, ret_why, size) &&
           all_are(sessions, "session", is_settled, ret_why, size);
}

/* Also gives the list of agents, owned; NULL: no answer. */
static bool look(struct world *world, json_t **ret_agents, char *ret_why, int size)
{
    json_t *agents = world_get(world, NULL, "/apis/fog/v1/agents"), *sessions;
    bool is_good;

    sessions = agents == NULL ? NULL : world_get(world, NULL, "/apis/fog/v1/harvestsessions");
    is_good = judge(world, agents, sessions, ret_why, size);
    json_decref(sessions);
    *ret_agents = agents;
    return is_good;
}

bool world_has_converged(struct world *world, char *ret_why, int size)
{
    json_t *agents;
    bool is_good = look(world, &agents, ret_why, size);

    json_decref(agents);
    return is_good;
}

/* Each agent was heard of between two looks: none is taken for connected that no longer is. */
static bool all_were_heard(const json_t *before, const json_t *after)
{
    const json_t *each, *was;
    size_t i, j;

    json_array_foreach(json_object_get(after, "items"), i, each)
    {
        json_array_foreach(json_object_get(before, "items"), j, was)
        {
            if (str_eq(name_of(was), name_of(each)) &&
                json_equal(last_seen(was), last_seen(each))) {
                return false;
            }
        }
    }
    return true;
}

struct wait {
    json_t *first;    /* owned: agents as they were at the first look */
    int64_t since_ms; /* when all was good, on end; -1 */
    bool was_all_heard;
    char why[2048];
};

static bool is_over(struct world *world, struct wait *wait)
{
    json_t *agents;

    if (!look(world, &agents, wait->why, sizeof(wait->why))) {
        wait->since_ms = -1;
    } else if (wait->since_ms < 0) {
        wait->since_ms = chaos_now_ms();
    }
    wait->first = wait->first == NULL ? json_incref(agents) : wait->first;
    if (wait->since_ms >= 0 && !wait->was_all_heard) {
        wait->was_all_heard = all_were_heard(wait->first, agents);
        (void)snprintf(wait->why, sizeof(wait->why), "an agent is silent");
    }
    json_decref(agents);
    return wait->since_ms >= 0 && wait->was_all_heard &&
           chaos_now_ms() >= wait->since_ms + QUIET_MS;
}

int64_t world_await_converged(struct world *world, int64_t ms)
{
    struct wait wait = {.since_ms = -1};
    int64_t began_ms = chaos_now_ms();
    bool is_good = false;

    while (!is_good && !chaos_ends && chaos_now_ms() < began_ms + ms) {
        is_good = is_over(world, &wait);
        (void)usleep(POLL_MS * 1000);
    }
    json_decref(wait.first);
    if (!is_good && !chaos_ends) {
        world_complain(world, "not converged %" PRId64 " ms after the faults: %s", ms, wait.why);
    }
    return is_good ? wait.since_ms - began_ms : -1;
}

/* --- the proxy ----------------------------------------------------------------------------------
 */

static json_t *read_answer(struct world *world)
{
    static char line[LINE_SIZE];
    size_t length = 0;

    while (length < sizeof(line) - 1 && read(world->proxy.output_fd, line + length, 1) == 1) {
        if (line[length] == '\n') {
            return json_loadb(line, length, 0, NULL);
        }
        length++;
    }
    return NULL;
}

json_t *world_proxy(struct world *world, const char *format, ...)
{
    char line[1024];
    va_list rest;
    int length;
    json_t *answer;

    va_start(rest, format);
    length = vsnprintf(line, sizeof(line) - 1, format, rest);
    va_end(rest);
    line[length++] = '\n';
    if (write(world->proxy.input_fd, line, (size_t)length) != length) {
        return NULL;
    }
    answer = read_answer(world);
    if (!json_is_true(json_object_get(answer, "ok"))) {
        world_complain(world, "the proxy refused %.*s", length - 1, line);
    }
    return answer;
}

int64_t world_proxy_count(struct world *world, const char *link, const char *class)
{
    json_t *answer = world_proxy(world, "{\"do\":\"stats\"}");
    const json_t *each;
    int64_t sum = 0;
    size_t i;

    json_array_foreach(json_object_get(answer, "links"), i, each)
    {
        if (!str_eq(link, "*") && !str_eq(link, json_string_value(json_object_get(each, "name")))) {
            continue;
        }
        sum += class == NULL
                   ? json_integer_value(json_object_get(each, "up")) +
                         json_integer_value(json_object_get(each, "down"))
                   : json_integer_value(json_object_get(json_object_get(each, "fired"), class));
    }
    json_decref(answer);
    return sum;
}
