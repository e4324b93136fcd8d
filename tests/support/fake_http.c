#include "tests/support/fake_http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct fake_answer *choose(const struct fake_http *http, int *given,
                                        const char *request)
{
    for (size_t i = 0; i < http->count; i++) {
        const struct fake_answer *answer = &http->answers[i];

        if (str_starts(request, answer->request) &&
            (answer->times == 0 || given[i] < answer->times)) {
            given[i]++;
            return answer;
        }
    }
    return NULL;
}

/* Head and body; false when the peer has closed. */
static bool read_request(int peer, struct str *request)
{
    size_t wanted = 0;

    for (;;) {
        char buffer[4096];
        const char *end = strstr(request->data, "\r\n\r\n");
        ssize_t got;

        if (end != NULL) {
            const char *length = strcasestr(request->data, "content-length:");

            wanted = (size_t)(end + 4 - request->data) +
                     (length == NULL || length > end ? 0 : strtoul(length + 15, NULL, 10));
            if (request->length >= wanted) {
                return true;
            }
        }
        got = recv(peer, buffer, sizeof(buffer), 0);
        if (got <= 0) {
            return false;
        }
        str_add_bytes(request, buffer, (size_t)got);
    }
}

static void answer(int peer, const struct fake_answer *answer)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    const char *body =
        answer == NULL ? "{\"kind\":\"Status\",\"message\":\"nothing\"}" : answer->body;

    str_addf(&text,
             "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n%s",
             answer == NULL ? 404 : answer->code, strlen(body), body);
    (void)send(peer, text.data, text.length, MSG_NOSIGNAL);
}

/* Until it is killed. */
static void serve(struct fake_http *http)
{
    int *given = mem_array(http->count + 1, sizeof(given[0]));

    for (;;) {
        int peer = accept(http->listener, NULL, NULL);
        struct str request = STR_EMPTY;

        if (peer >= 0 && read_request(peer, &request)) {
            const struct fake_answer *chosen = choose(http, given, request.data);

            fprintf(http->record, "%s\n===\n", request.data);
            (void)fflush(http->record);
            if (chosen == NULL || chosen->code != 0) {
                answer(peer, chosen);
            }
        }
        str_fini(&request);
        (void)close(peer);
    }
}

void fake_http_start(struct fake_http *http, const struct fake_answer *answers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listening, named;

    *http = (struct fake_http){.answers = answers, .count = count, .requests = STR_EMPTY};
    http->record = tmpfile();
    http->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)bind(http->listener, (struct sockaddr *)&address, sizeof(address));
    listening = listen(http->listener, 16);
    named = getsockname(http->listener, (struct sockaddr *)&address, &size);
    assert(listening == 0);
    assert(named == 0);
    (void)snprintf(http->address, sizeof(http->address), "127.0.0.1:%u", ntohs(address.sin_port));
    (void)fflush(NULL);
    http->server = fork();
    assert(http->server >= 0);
    if (http->server == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(http);
    }
    (void)close(http->listener);
}

void fake_http_stop(struct fake_http *http)
{
    char buffer[4096];
    size_t got;

    (void)kill(http->server, SIGKILL);
    (void)waitpid(http->server, NULL, 0);
    rewind(http->record);
    while ((got = fread(buffer, 1, sizeof(buffer), http->record)) > 0) {
        str_add_bytes(&http->requests, buffer, got);
    }
    (void)fclose(http->record);
}

void fake_http_fini(struct fake_http *http)
{
    str_fini(&http->requests);
}

size_t text_count(const char *text, const char *what)
{
    size_t count = 0;

    while ((text = strstr(text, what)) != NULL) {
        count++;
        text += strlen(what);
    }
    return count;
}
