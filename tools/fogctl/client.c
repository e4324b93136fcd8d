/* HTTP through libcurl: whole answers, and streams. */
#include "schema/base/rand.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/fogctl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { CONNECT_TIMEOUT_MS = 5000, CALL_TIMEOUT_MS = 60000, RETRY_MS = 200 };

struct collecting {
    struct str body;
    struct str warning;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct collecting *collecting = context;

    if (collecting->body.length + size * count > HTTP_BODY_BYTES_MAX) {
        return 0;
    }
    str_add_bytes(&collecting->body, data, size * count);
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    static const char name[] = "warning:";
    struct collecting *collecting = context;
    size_t length = size * count;

    if (length > sizeof(name) && strncasecmp(data, name, sizeof(name) - 1) == 0) {
        str_addf(&collecting->warning, "%.*s", (int)(length - sizeof(name)), data + sizeof(name));
    }
    return length;
}

const char *url_escape(struct fogctl *fogctl, const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    const char *copy = arena_strdup(&fogctl->arena, escaped);

    curl_free(escaped);
    return copy;
}

const char *fresh_key(struct fogctl *fogctl)
{
    uint8_t seed[RAND_SEED_SIZE];
    char uid[UID_TEXT_SIZE];
    struct rand rand;

    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        abort(); /* the kernel always has this much */
    }
    rand_init(&rand, seed);
    rand_uid(&rand, uid);
    return arena_strdup(&fogctl->arena, uid);
}

static struct curl_slist *add_header(struct fogctl *fogctl, struct curl_slist *list,
                                     const char *name, const char *value)
{
    return value == NULL
               ? list
               : curl_slist_append(list, arena_printf(&fogctl->arena, "%s: %s", name, value));
}

static CURL *prepare(struct fogctl *fogctl, const struct request *request,
                     struct curl_slist **headers)
{
    CURL *curl = curl_easy_init();
    const char *type = request->content_type == NULL ? "application/json" : request->content_type;

    *headers = add_header(fogctl, NULL, "Fog-User", fogctl->user);
    *headers = add_header(fogctl, *headers, "Fog-Change-Cause", fogctl->cause);
    *headers = add_header(fogctl, *headers, "Idempotency-Key", request->idempotency_key);
    *headers = curl_slist_append(*headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_printf(&fogctl->arena, "%s%s", fogctl->server, request->path));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fogctl/" FOG_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (request->body != NULL) {
        *headers = add_header(fogctl, *headers, "Content-Type", type);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
    return curl;
}

static CURLcode call_once(struct fogctl *fogctl, const struct request *request,
                          struct collecting *collecting, long *ret_code)
{
    struct curl_slist *headers = NULL;
    CURL *curl = prepare(fogctl, request, &headers);
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, collecting);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, collecting);
    code = curl_easy_perform(curl);
    *ret_code = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_code);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return code;
}

static int unreachable(const struct fogctl *fogctl, CURLcode code)
{
    return fail("is fog-controller running, and is this its address? (--server, FOGCTL_SERVER)",
                "the controller at %s cannot be reached: %s", fogctl->server,
                curl_easy_strerror(code));
}

static int64_t boot_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A request with a key may be sent again: the controller gives its first answer a second time. */
static CURLcode call_until_answered(struct fogctl *fogctl, const struct request *request,
                                    struct collecting *collecting, long *ret_code)
{
    int64_t give_up = boot_ms() + request->retry_ms;
    bool has_told = false;

    for (;;) {
        CURLcode code = call_once(fogctl, request, collecting, ret_code);
        bool is_final = code == CURLE_OK && *ret_code != 503 && *ret_code != 429;
        const struct timespec pause = {0, RETRY_MS * 1000000L};

        if (is_final || request->idempotency_key == NULL || boot_ms() >= give_up) {
            return code;
        }
        if (!has_told) {
            fprintf(stderr, "the controller does not answer yet, trying again for %lld s\n",
                    (long long)(request->retry_ms / 1000));
            has_told = true;
        }
        str_clear(&collecting->body);
        (void)nanosleep(&pause, NULL);
    }
}

bool http_call(struct fogctl *fogctl, const struct request *request, struct reply *ret_reply)
{
    struct collecting collecting = {STR_EMPTY, STR_EMPTY};
    struct problems problems;
    CURLcode code;

    *ret_reply = (struct reply){0};
    code = call_until_answered(fogctl, request, &collecting, &ret_reply->code);
    if (code != CURLE_OK) {
        fogctl->is_unreachable = true;
        (void)unreachable(fogctl, code);
    } else {
        problems_init(&problems, &fogctl->arena, NULL);
        ret_reply->body =
            arena_strndup(&fogctl->arena, collecting.body.data, collecting.body.length);
        ret_reply->size_bytes = collecting.body.length;
        if (collecting.warning.length > 0) {
            ret_reply->warning = arena_strdup(&fogctl->arena, collecting.warning.data);
        }
        (void)json_parse(&fogctl->arena, ret_reply->body, ret_reply->size_bytes, JSON_PLAIN,
                         &problems, &ret_reply->root);
    }
    str_fini(&collecting.body);
    str_fini(&collecting.warning);
    return code == CURLE_OK;
}

int reply_failed(const struct reply *reply)
{
    const char *message = node_find_text(reply->root, "message");
    const char *reason = node_find_text(reply->root, "reason");

    if (message == NULL) {
        return fail(NULL, "the controller answered %ld: %.200s", reply->code,
                    reply->body == NULL ? "" : reply->body);
    }
    return fail(NULL, "%s%s%s%s", message, reason == NULL ? "" : " (", reason == NULL ? "" : reason,
                reason == NULL ? "" : ")");
}

struct node *http_get(struct fogctl *fogctl, const char *path)
{
    struct reply reply;

    if (!http_call(fogctl, &(struct request){.method = "GET", .path = path}, &reply)) {
        return NULL;
    }
    if (reply.code != 200 || reply.root == NULL) {
        (void)reply_failed(&reply);
        return NULL;
    }
    return reply.root;
}

/* --- streams ---------------------------------------------------------------------------------- */

struct streaming {
    struct str rest; /* of a line not yet whole */
    bool by_line, has_stopped;
    bool (*line)(void *context, const char *text, size_t length);
    void *context;
};

static size_t on_stream(char *data, size_t size, size_t count, void *context)
{
    struct streaming *streaming = context;
    size_t length = size * count, begin = 0;
    const char *newline;

    if (!streaming->by_line) {
        streaming->has_stopped = !streaming->line(streaming->context, data, length);
        return streaming->has_stopped ? 0 : length;
    }
    str_add_bytes(&streaming->rest, data, length);
    while ((newline = memchr(streaming->rest.data + begin, '\n', streaming->rest.length - begin)) !=
           NULL) {
        size_t end = (size_t)(newline - streaming->rest.data);

        if (!streaming->line(streaming->context, streaming->rest.data + begin, end - begin)) {
            streaming->has_stopped = true;
            return 0;
        }
        begin = end + 1;
    }
    if (begin > 0) {
        struct str rest = STR_EMPTY;

        str_add_bytes(&rest, streaming->rest.data + begin, streaming->rest.length - begin);
        str_fini(&streaming->rest);
        streaming->rest = rest;
    }
    return length;
}

int http_stream(struct fogctl *fogctl, const char *path, bool by_line,
                bool (*line)(void *context, const char *text, size_t length), void *context,
                int64_t timeout_ms, long *ret_code)
{
    struct streaming streaming = {STR_EMPTY, by_line, false, line, context};
    struct curl_slist *headers = NULL;
    CURL *curl = prepare(fogctl, &(struct request){.method = "GET", .path = path}, &headers);
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &streaming);
    if (timeout_ms > 0) {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    }
    code = curl_easy_perform(curl);
    *ret_code = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_code);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    str_fini(&streaming.rest);
    return code == CURLE_OK || streaming.has_stopped ? 0 : ERR_UNAVAILABLE;
}
