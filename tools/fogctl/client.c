/* HTTP through libcurl: requests with whole answers.  One connection serves all of a run. */
#include "schema/base/rand.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/http.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { CONNECT_TIMEOUT_MS = 5000, CALL_TIMEOUT_MS = 60000, RETRY_MS = 200, TELL_MS = 5000 };

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

void header_add_warning(const char *line, size_t length, struct str *to)
{
    static const char name[] = "warning:";

    if (length > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0) {
        str_add_bytes(to, line + sizeof(name), length - sizeof(name));
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct collecting *collecting = context;

    header_add_warning(data, size * count, &collecting->warning);
    return size * count;
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

/* A header is one line: what would end it becomes a blank. */
static struct curl_slist *add_header(struct fogctl *fogctl, struct curl_slist *list,
                                     const char *name, const char *value)
{
    char *line;

    if (value == NULL) {
        return list;
    }
    line = arena_printf(&fogctl->arena, "%s: %s", name, value);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    return curl_slist_append(list, line);
}

void http_prepare(struct fogctl *fogctl, CURL *curl, const struct request *request,
                  struct curl_slist **ret_headers)
{
    const char *type = request->content_type == NULL ? "application/json" : request->content_type;
    struct curl_slist *headers = add_header(fogctl, NULL, "Fog-User", fogctl->user);

    headers = add_header(fogctl, headers, "Fog-Change-Cause", fogctl->cause);
    headers = add_header(fogctl, headers, "Idempotency-Key", request->idempotency_key);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_printf(&fogctl->arena, "%s%s", fogctl->server, request->path));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fogctl/" FOG_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (request->body != NULL) {
        headers = add_header(fogctl, headers, "Content-Type", type);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    *ret_headers = headers;
}

static CURLcode call_once(struct fogctl *fogctl, const struct request *request,
                          struct collecting *collecting, long timeout_ms, long *ret_code)
{
    struct curl_slist *headers = NULL;
    CURL *curl = fogctl->curl == NULL ? curl_easy_init() : fogctl->curl;
    CURLcode code;

    fogctl->curl = curl;
    curl_easy_reset(curl); /* keeps the connection */
    http_prepare(fogctl, curl, request, &headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, collecting);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, collecting);
    code = curl_easy_perform(curl);
    *ret_code = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_code);
    curl_slist_free_all(headers);
    return code;
}

void http_close(struct fogctl *fogctl)
{
    curl_easy_cleanup(fogctl->curl);
    fogctl->curl = NULL;
}

int http_unreachable(const struct fogctl *fogctl, const char *why)
{
    return fail("is fog-controller running, and is this its address? (--server, FOGCTL_SERVER)",
                "the controller at %s cannot be reached: %s", fogctl->server, why);
}

int64_t boot_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t moment_ms(const struct fogctl *fogctl)
{
    return fogctl->at_ms > 0 ? fogctl->at_ms : now_ms();
}

int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_ms(int64_t ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&pause, NULL);
}

/* Asking again helps only against what passes. */
static bool is_final(CURLcode code, long status)
{
    return code == CURLE_OK ? status != 503 && status != 429
                            : code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
                                  code == CURLE_WRITE_ERROR;
}

/* A read gives up at its deadline.  A write is given its time: what it does may take as long. */
static long timeout_of(const struct request *request, int64_t give_up_ms)
{
    int64_t left_ms = give_up_ms - boot_ms();

    if (request->timeout_ms > 0) {
        return (long)request->timeout_ms;
    }
    return request->body != NULL || request->retry_ms == 0 || left_ms > CALL_TIMEOUT_MS
               ? (long)CALL_TIMEOUT_MS
           : left_ms < RETRY_MS ? (long)RETRY_MS
                                : (long)left_ms;
}

/* Says at once, and then every few seconds, that and why it goes on trying. */
static void tell(CURLcode code, long status, int64_t left_ms, int64_t *told_ms)
{
    int64_t now = boot_ms();

    if (*told_ms != 0 && now - *told_ms < TELL_MS) {
        return;
    }
    if (code == CURLE_OK) {
        fprintf(stderr, "the controller takes nothing now (%ld), trying again for %lld s\n", status,
                (long long)(left_ms + 999) / 1000);
    } else {
        fprintf(stderr, "the controller does not answer (%s), trying again for %lld s\n",
                curl_easy_strerror(code), (long long)(left_ms + 999) / 1000);
    }
    *told_ms = now;
}

/* A request with a key may be sent again: the controller gives its first answer a second time. */
static CURLcode call_until_answered(struct fogctl *fogctl, const struct request *request,
                                    struct collecting *collecting, long *ret_code)
{
    int64_t give_up = boot_ms() + request->retry_ms, told_ms = 0;

    assert(request->retry_ms == 0 || request->body == NULL || request->idempotency_key != NULL);
    for (;;) {
        CURLcode code =
            call_once(fogctl, request, collecting, timeout_of(request, give_up), ret_code);

        if (is_final(code, *ret_code) || request->retry_ms == 0 || boot_ms() >= give_up) {
            return code;
        }
        tell(code, *ret_code, give_up - boot_ms(), &told_ms);
        str_clear(&collecting->body);
        str_clear(&collecting->warning);
        pause_ms(RETRY_MS);
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
        (void)http_unreachable(fogctl, curl_easy_strerror(code));
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

/* Each is `299 - "text"`, with quotes and backslashes escaped. */
void reply_warned(const struct reply *reply)
{
    bool is_inside = false;
    struct str text = STR_EMPTY;

    for (const char *c = reply->warning == NULL ? "" : reply->warning; *c != '\0'; c++) {
        if (is_inside && *c == '\\' && c[1] != '\0') {
            str_add_char(&text, *++c);
        } else if (*c == '"') {
            str_add(&text, is_inside ? "\n" : "warning: ");
            is_inside = !is_inside;
        } else if (is_inside) {
            str_add_char(&text, *c);
        }
    }
    text_put_lines(stderr, text.data);
    str_fini(&text);
}

int reply_failed(const struct reply *reply)
{
    const char *message = node_find_text(reply->root, "message");
    const char *reason = node_find_text(reply->root, "reason");

    if (message == NULL) {
        return fail("is this the address of a fog-controller?",
                    "the controller answered %ld: %.200s", reply->code,
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
    if (reply.code != 200 || reply.root == NULL || reply.root->type != NODE_MAP) {
        (void)reply_failed(&reply);
        return NULL;
    }
    reply_warned(&reply);
    return reply.root;
}

void scratch_begin(struct fogctl *fogctl, struct arena *ret_saved)
{
    *ret_saved = fogctl->arena;
    arena_init(&fogctl->arena);
}

void scratch_end(struct fogctl *fogctl, struct arena *saved)
{
    arena_fini(&fogctl->arena);
    fogctl->arena = *saved;
}
