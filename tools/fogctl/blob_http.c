/* Exchanges whose bodies stream, progress, and patience. */
#include "schema/base/parse.h"
#include "schema/json.h"
#include "tools/fogctl/blob.h"
#include "tools/fogctl/http.h"

#include <errno.h>
#include <unistd.h>

enum {
    STALL_SECONDS = 30,
    REFUSAL_BYTES_MAX = 64 << 10,
    PAUSE_MS = 200,
    TELL_MS = 5000,
    SHOW_MS = 200
};

/* --- progress ------------------------------------------------------------------------------------
 */

void progress_begin(struct progress *progress, const char *name, int64_t total_bytes)
{
    *progress = (struct progress){.name = name,
                                  .total_bytes = total_bytes,
                                  .first_ms = boot_ms(),
                                  .is_shown = isatty(STDERR_FILENO) == 1};
}

static double mebibytes(int64_t bytes)
{
    return (double)bytes / (1 << 20);
}

void progress_set(struct progress *progress, int64_t done_bytes)
{
    int64_t now = boot_ms();
    double seconds = (double)(now - progress->first_ms) / 1000;

    if (progress->done_bytes == 0 && done_bytes > 0) {
        progress->first_bytes = done_bytes; /* what was there before says nothing about speed */
    }
    progress->done_bytes = done_bytes;
    if (!progress->is_shown || now - progress->shown_ms < SHOW_MS) {
        return;
    }
    progress->shown_ms = now;
    fputs("\r\033[K", stderr);
    text_put(stderr, progress->name);
    fprintf(stderr, "  %d%%  %.1f of %.1f MiB  %.1f MiB/s",
            progress->total_bytes == 0 ? 0 : (int)(done_bytes * 100 / progress->total_bytes),
            mebibytes(done_bytes), mebibytes(progress->total_bytes),
            seconds <= 0 ? 0 : mebibytes(done_bytes - progress->first_bytes) / seconds);
    (void)fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown && progress->shown_ms != 0) {
        fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}

/* --- exchanges -----------------------------------------------------------------------------------
 */

struct running {
    struct blob_exchange *exchange;
    CURL *curl;
    int64_t sent_bytes;
};

static size_t on_send(char *to, size_t size, size_t count, void *context)
{
    struct running *running = context;
    const struct blob_exchange *exchange = running->exchange;
    int64_t left = exchange->from_bytes - running->sent_bytes;
    size_t wanted = size * count;
    ssize_t got;

    wanted = left < (int64_t)wanted ? (size_t)left : wanted;
    if (wanted == 0) {
        return 0;
    }
    got = pread(exchange->from_fd, to, wanted, exchange->from + running->sent_bytes);
    if (got <= 0) {
        return CURL_READFUNC_ABORT; /* it has become shorter meanwhile, or cannot be read */
    }
    running->sent_bytes += got;
    if (exchange->progress != NULL) {
        progress_set(exchange->progress, exchange->from + running->sent_bytes);
    }
    return (size_t)got;
}

static size_t on_receive(char *data, size_t size, size_t count, void *context)
{
    struct running *running = context;
    struct blob_exchange *exchange = running->exchange;
    size_t length = size * count;
    long code = 0;

    (void)curl_easy_getinfo(running->curl, CURLINFO_RESPONSE_CODE, &code);
    if (exchange->take != NULL && (code == 200 || code == 206)) {
        exchange->code = code;
        return exchange->take(exchange->context, data, length) ? length : 0;
    }
    if (exchange->refusal.length + length > REFUSAL_BYTES_MAX) {
        return 0;
    }
    str_add_bytes(&exchange->refusal, data, length);
    return length;
}

/* The value of a header, when it is the one of that name; it lives in `line`. */
static const char *value_of(char *line, const char *name)
{
    size_t length = strlen(name);
    char *value;

    if (strncasecmp(line, name, length) != 0 || line[length] != ':') {
        return NULL;
    }
    value = line + length + 1;
    value += strspn(value, " \t");
    value[strcspn(value, "\r\n")] = '\0';
    return value;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct blob_exchange *exchange = ((struct running *)context)->exchange;
    size_t length = size * count;
    char line[256] = "";
    struct byte_range range;
    const char *value;
    int64_t total;

    if (length < sizeof(line)) {
        memcpy(line, data, length);
        line[length] = '\0';
    }
    value = value_of(line, "upload-offset");
    if (value != NULL) {
        (void)int_from_str(value, &exchange->upload_offset);
        return length;
    }
    value = value_of(line, "content-length");
    if (value != NULL) {
        (void)int_from_str(value, &exchange->size_bytes);
        return length;
    }
    value = value_of(line, "content-range");
    if (value != NULL && content_range_from_str(value, &range, &total)) {
        exchange->first = range.first;
    }
    return length;
}

static void prepare_body(CURL *curl, struct running *running)
{
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)running->exchange->from_bytes);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(curl, CURLOPT_READDATA, running);
}

void blob_exchange(struct fogctl *fogctl, struct blob_exchange *exchange)
{
    struct request request = {.method = exchange->method, .path = exchange->path};
    struct curl_slist *headers = NULL;
    CURL *curl = fogctl->curl == NULL ? curl_easy_init() : fogctl->curl;
    struct running running = {.exchange = exchange, .curl = curl};
    CURLcode code;

    if (request.path == NULL) {
        request.path = arena_printf(&fogctl->arena, "/blobs/v1/%s", exchange->digest);
    }
    blob_exchange_fini(exchange);
    exchange->code = exchange->upload_offset = exchange->first = 0;
    exchange->size_bytes = -1;
    exchange->failed = NULL;
    fogctl->curl = curl;
    curl_easy_reset(curl); /* keeps the connection */
    http_prepare(fogctl, curl, &request, &headers);
    if (exchange->header != NULL) {
        headers = curl_slist_append(headers, exchange->header);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    if (str_eq(exchange->method, "HEAD")) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (str_eq(exchange->method, "PUT")) {
        prepare_body(curl, &running);
    }
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     exchange->stall_seconds > 0 ? exchange->stall_seconds : (long)STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &running);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &running);
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->code);
    if (code != CURLE_OK) {
        exchange->failed = curl_easy_strerror(code);
    }
    curl_slist_free_all(headers);
}

void blob_exchange_fini(struct blob_exchange *exchange)
{
    if (exchange->refusal.data != NULL) {
        str_fini(&exchange->refusal);
    }
    str_init(&exchange->refusal);
}

int blob_exchange_failed(struct fogctl *fogctl, const struct blob_exchange *exchange)
{
    struct reply reply = {.code = exchange->code, .body = exchange->refusal.data};
    struct problems problems;

    if (exchange->failed != NULL) {
        return http_unreachable(fogctl, exchange->failed);
    }
    if (exchange->code == 404 && exchange->refusal.length == 0) {
        return fail(NULL, "%s is not stored there", exchange->digest);
    }
    problems_init(&problems, &fogctl->arena, NULL);
    (void)json_parse(&fogctl->arena, exchange->refusal.data, exchange->refusal.length, JSON_PLAIN,
                     &problems, &reply.root);
    return reply_failed(&reply);
}

/* --- patience ------------------------------------------------------------------------------------
 */

void patience_begin(struct patience *patience, int64_t retry_ms)
{
    *patience = (struct patience){.retry_ms = retry_ms, .give_up_ms = boot_ms() + retry_ms};
}

void patience_renew(struct patience *patience)
{
    patience->give_up_ms = boot_ms() + patience->retry_ms;
}

/* 409: the controller has not yet seen that our last attempt is over, or somebody else uploads the
 * same. */
static bool may_pass(const struct blob_exchange *exchange)
{
    return exchange->failed != NULL || exchange->code == 503 || exchange->code == 429 ||
           exchange->code == 409;
}

bool patience_has(struct patience *patience, const struct blob_exchange *exchange)
{
    int64_t now = boot_ms();

    if (!may_pass(exchange) || now >= patience->give_up_ms) {
        return false;
    }
    if (patience->told_ms == 0 || now - patience->told_ms >= TELL_MS) {
        patience->told_ms = now;
        if (exchange->failed != NULL) {
            fprintf(stderr, "the transfer broke off (%s), trying again for %lld s\n",
                    exchange->failed, (long long)(patience->give_up_ms - now + 999) / 1000);
        } else {
            fprintf(stderr, "the controller does not take it now (%ld), trying again for %lld s\n",
                    exchange->code, (long long)(patience->give_up_ms - now + 999) / 1000);
        }
    }
    pause_ms(PAUSE_MS);
    return true;
}

/* --- digests -------------------------------------------------------------------------------------
 */

bool blob_digest_file(int fd, int64_t size_bytes, struct digester *digester)
{
    _cleanup_free_ char *bytes = mem_alloc(BLOB_COPY_BYTES);

    for (int64_t at = 0; at < size_bytes;) {
        int64_t left = size_bytes - at;
        size_t wanted = left < BLOB_COPY_BYTES ? (size_t)left : BLOB_COPY_BYTES;
        ssize_t got = pread(fd, bytes, wanted, at);

        if (got <= 0) {
            errno = got == 0 ? 0 : errno;
            return false;
        }
        digester_add(digester, bytes, (size_t)got);
        at += got;
    }
    return true;
}

bool blob_digest_is(struct digester *digester, const char *digest)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest found;

    digester_end(digester, &found);
    digest_to_str(&found, text);
    return str_eq(text, digest);
}
