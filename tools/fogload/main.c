/* fogload: one process that is many agents, to see what a controller bears.
 *
 *     fog-controller --state /tmp/load --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 &
 *     fogload --state /tmp/load --agents 1000 --sessions 3 --quiet 60
 *
 * Each agent is the production core of fog-agent on a WebSocket of its own: hello, signature,
 * digests, reports and heartbeats are real.  Everything around the core is simulated: no process is
 * started (a spawn is answered by "started" at once) and nothing is written to disk.
 *
 * It connects all agents, waits until all are welcomed, creates sessions that run on every agent,
 * waits until all assignments run and all reports are acknowledged, then listens for a while to
 * what a quiet fleet costs.  Exit 0 when every stage was reached in time.
 *
 * A quiet fleet begins to move with SIGUSR1, and rests again with the next: so many agents a second
 * are paused or resumed by their owners (--owners), so many have other readings to tell
 * (--readings). */
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tools/fogload/fogload.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUIET_AFTER_MS = 3000 }; /* without a report or an assignment the fleet counts as quiet */

static void complain(const char *what)
{
    (void)fprintf(stderr, "fogload: %s\n", what);
    exit(2);
}

/* --- the stages ----------------------------------------------------------------------------------
 */

static bool all_are_welcomed(const struct load *load)
{
    return load->welcomed == load->agent_count;
}

static bool all_is_running(const struct load *load)
{
    return load->running == load->agent_count * load->session_count;
}

/* Nothing but heartbeats for a while: all reports are acknowledged, nothing is to be done. */
static bool is_settled(const struct load *load)
{
    return mono_since(load->news_at, now_mono()) >= QUIET_AFTER_MS;
}

static bool run_until(struct load *load, const char *name, bool (*is_done)(const struct load *),
                      size_t count)
{
    struct gauge before = measure(load), after;

    while (!is_done(load)) {
        if (mono_since(before.at, now_mono()) > load->timeout_ms) {
            (void)printf("%s: not reached: welcomed %zu running %zu\n", name, load->welcomed,
                         load->running);
            return false;
        }
        load_turn(load);
    }
    after = measure(load);
    if (is_done == is_settled) {
        after.at = mono_later(load->news_at, before.at); /* when it began to be quiet */
    }
    print_stage(name, count, &before, &after);
    return true;
}

/* One request and its status code; the controller does not need us to answer. */
static int post(const struct load *load, const char *path, const char *body)
{
    _cleanup_(str_fini)
    struct str request = STR_EMPTY;
    char answer[64] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t got = 0;
    ssize_t more = 1;

    str_addf(&request,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             path, strlen(body), body);
    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&load->api_address, sizeof(load->api_address)) < 0 ||
        send(fd, request.data, request.length, MSG_NOSIGNAL) != (ssize_t)request.length) {
        complain("the API does not answer");
    }
    while (got < 12 && more > 0) {
        more = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
        got += more > 0 ? (size_t)more : 0;
    }
    (void)close(fd);
    return (int)strtol(answer + (got >= 12 ? 9 : got), NULL, 10);
}

static bool create_sessions(struct load *load)
{
    for (size_t i = 0; i < load->session_count; i++) {
        char body[512];
        int code;

        (void)snprintf(body, sizeof(body),
                       "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":"
                       "{\"name\":\"%s-%zu\"},\"spec\":{\"everyAgent\":true,\"workload\":"
                       "{\"command\":[\"/bin/sleep\",\"infinity\"]}}}",
                       load->prefix, i);
        code = post(load, "/apis/fog/v1/harvestsessions", body);
        if (code != 201 && code != 409) {
            (void)printf("session %zu was answered with %d\n", i, code);
            return false;
        }
    }
    return true;
}

static void stay_quiet(struct load *load)
{
    struct gauge before = measure(load), after;

    while (mono_since(before.at, now_mono()) < load->quiet_ms) {
        load_turn(load);
        stir_turn(load);
    }
    after = measure(load);
    print_stage("quiet", load->welcomed, &before, &after);
    (void)printf(
        "quiet: %llu heartbeats and %llu other messages came in\n",
        (unsigned long long)(after.counts.in[WIRE_HEARTBEAT] - before.counts.in[WIRE_HEARTBEAT]),
        (unsigned long long)(after.counts.in_all - before.counts.in_all -
                             (after.counts.in[WIRE_HEARTBEAT] - before.counts.in[WIRE_HEARTBEAT])));
}

/* --- options -------------------------------------------------------------------------------------
 */

static void read_address(const char *state, const char *name, struct sockaddr_in *ret_address)
{
    char path[512], text[128];
    char *colon;

    (void)snprintf(path, sizeof(path), "%s/%s", state, name);
    read_text(path, text, sizeof(text));
    colon = strrchr(text, ':');
    if (colon == NULL) {
        complain("no controller runs in that state directory");
    }
    *colon = '\0';
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10))};
    if (inet_pton(AF_INET, text, &ret_address->sin_addr) != 1) {
        complain("the controller does not listen on IPv4");
    }
}

static int64_t number(const char *text, int64_t max)
{
    int64_t value = 0;

    if (text == NULL || !int_from_str(text, &value) || value < 0 || value > max) {
        complain("usage: fogload --state DIR [--agents N] [--sessions K] [--quiet SECONDS] "
                 "[--timeout SECONDS] [--prefix NAME] [--owners N] [--readings N]");
    }
    return value;
}

static void read_options(struct load *load, int count, char **words)
{
    const char *state = NULL;
    char path[512], text[32];

    for (int i = 1; i < count; i += 2) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;

        if (str_eq(words[i], "--state") && value != NULL) {
            state = value;
        } else if (str_eq(words[i], "--prefix") && value != NULL) {
            load->prefix = value;
        } else if (str_eq(words[i], "--agents")) {
            load->agent_count = (size_t)number(value, AGENTS_MAX);
        } else if (str_eq(words[i], "--sessions")) {
            load->session_count = (size_t)number(value, ASSIGNMENTS_PER_AGENT_MAX);
        } else if (str_eq(words[i], "--quiet")) {
            load->quiet_ms = number(value, 86400) * 1000;
        } else if (str_eq(words[i], "--owners")) {
            load->stir.owners = number(value, AGENTS_MAX);
        } else if (str_eq(words[i], "--readings")) {
            load->stir.readings = number(value, AGENTS_MAX);
        } else if (str_eq(words[i], "--timeout")) {
            load->timeout_ms = number(value, 86400) * 1000;
        } else {
            (void)number(NULL, 0);
        }
    }
    if (state == NULL || load->agent_count == 0) {
        (void)number(NULL, 0);
    }
    read_address(state, "agents.addr", &load->link_address);
    read_address(state, "api.addr", &load->api_address);
    (void)snprintf(path, sizeof(path), "%s/lock", state);
    read_text(path, text, sizeof(text));
    load->controller_pid = strtol(text, NULL, 10);
}

int main(int count, char **words)
{
    struct load load = {.agent_count = 1000,
                        .session_count = 3,
                        .quiet_ms = 30000,
                        .timeout_ms = 120000,
                        .prefix = "load"};
    struct rlimit files = {0, 0};
    bool is_good;

    read_options(&load, count, words);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)printf("%zu agents; their workloads are simulated: no process is started\n",
                 load.agent_count);
    stir_begin();
    load_begin(&load);
    is_good = run_until(&load, "welcomed", all_are_welcomed, load.agent_count) &&
              create_sessions(&load) &&
              run_until(&load, "running", all_is_running, load.agent_count * load.session_count) &&
              run_until(&load, "settled", is_settled, load.agent_count);
    if (is_good) {
        stay_quiet(&load);
    }
    print_counts(&load);
    load_end(&load);
    return is_good ? 0 : 1;
}
