/* Streams: answers that come line by line, from one or several places at once, until they end.  One
 * that breaks off may begin anew, after a pause, from where it had got to. */
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/http.h"

#include <stdio.h>
#include <unistd.h>

enum { AGAIN_MS = 500, POLL_MS = 1000, STALE_FAILURES = 4, WHOLE_TIMEOUT_MS = 10000 };

struct flow {
    struct fogctl *fogctl;
    struct stream *stream;
    CURL *curl; /* owned; NULL: between two tries, or over */
    struct curl_slist *headers;
    struct str rest;    /* of a line not yet whole, or of an answer that refuses */
    struct str warning; /* that the answer began with */
    int64_t again_at_ms;
    bool is_over;
    unsigned failures; /* without an answer between them */
    bool is_stale;     /* it was said that nothing new comes */
    int64_t heard_ms;  /* when something came last, or was asked */
};

/* --- what comes ------------------------------------------------------------------------------- */

static bool take_lines(struct flow *flow)
{
    struct stream *stream = flow->stream;
    size_t begin = 0;
    const char *newline;

    while ((newline = memchr(flow->rest.data + begin, '\n', flow->rest.length - begin)) != NULL) {
        size_t end = (size_t)(newline - flow->rest.data);

        if (!stream->line(stream->context, flow->rest.data + begin, end - begin)) {
            stream->has_stopped = true;
            return false;
        }
        begin = end + 1;
    }
    if (begin > 0) {
        memmove(flow->rest.data, flow->rest.data + begin, flow->rest.length - begin);
        flow->rest.length -= begin;
        flow->rest.data[flow->rest.length] = '\0';
    }
    return true;
}

static size_t on_stream(char *data, size_t size, size_t count, void *context)
{
    struct flow *flow = context;
    size_t length = size * count;
    long code = 0;

    flow->heard_ms = boot_ms();
    (void)curl_easy_getinfo(flow->curl, CURLINFO_RESPONSE_CODE, &code);
    if (flow->stream->by_bytes && code < 400) {
        flow->stream->has_stopped = !flow->stream->line(flow->stream->context, data, length);
        return flow->stream->has_stopped ? 0 : length;
    }
    if (flow->rest.length + length > HTTP_BODY_BYTES_MAX) {
        return 0;
    }
    str_add_bytes(&flow->rest, data, length);
    return code >= 400 || flow->stream->is_whole || take_lines(flow) ? length : 0;
}

/* An answer has begun, which may long have nothing to tell. */
static size_t on_head(char *data, size_t size, size_t count, void *context)
{
    struct flow *flow = context;
    long code = 0;

    flow->heard_ms = boot_ms();
    header_add_warning(data, size * count, &flow->warning);
    (void)curl_easy_getinfo(flow->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 200 && code < 400) {
        if (flow->stream->link != NULL) {
            flow->stream->link(flow->stream->context, LINK_UP);
        }
        fputs(flow->is_stale ? "the controller answers again\n" : "", stderr);
        flow->is_stale = false;
        flow->failures = 0;
    }
    return size * count;
}

/* --- one stream ------------------------------------------------------------------------------- */

static void flow_open(struct flow *flow, CURLM *multi)
{
    struct request request = {.method = "GET", .path = flow->stream->path};
    struct arena saved;

    flow->heard_ms = boot_ms();
    flow->curl = curl_easy_init();
    scratch_begin(flow->fogctl, &saved); /* libcurl keeps copies */
    http_prepare(flow->fogctl, flow->curl, &request, &flow->headers);
    scratch_end(flow->fogctl, &saved);
    if (flow->stream->is_whole) {
        curl_easy_setopt(flow->curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_TIMEOUT_MS);
    }
    curl_easy_setopt(flow->curl, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(flow->curl, CURLOPT_WRITEDATA, flow);
    curl_easy_setopt(flow->curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(flow->curl, CURLOPT_HEADERDATA, flow);
    curl_easy_setopt(flow->curl, CURLOPT_PRIVATE, flow);
    curl_easy_setopt(flow->curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(flow->curl, CURLOPT_TCP_KEEPIDLE, 30L);
    (void)curl_multi_add_handle(multi, flow->curl);
}

/* Said when the answer is over: what is told before it may go the same way. */
static void tell_warning(struct flow *flow)
{
    reply_warned(&(struct reply){.warning = flow->warning.data});
    str_clear(&flow->warning);
}

static void flow_close(struct flow *flow, CURLM *multi)
{
    if (flow->curl != NULL) {
        (void)curl_multi_remove_handle(multi, flow->curl);
        curl_easy_cleanup(flow->curl);
        curl_slist_free_all(flow->headers);
        flow->curl = NULL;
        flow->headers = NULL;
    }
}

/* Is told to whoever wants to know, else to the person. */
static void refused(struct flow *flow)
{
    struct fogctl *fogctl = flow->fogctl;
    struct arena saved;
    struct reply reply = {
        .code = flow->stream->code, .body = flow->rest.data, .size_bytes = flow->rest.length};
    struct problems problems;

    scratch_begin(fogctl, &saved);
    problems_init(&problems, &fogctl->arena, NULL);
    (void)json_parse(&fogctl->arena, reply.body, reply.size_bytes, JSON_PLAIN, &problems,
                     &reply.root);
    if (flow->stream->refused != NULL) {
        flow->stream->refused(flow->stream->context, &reply);
    } else {
        (void)reply_failed(&reply);
    }
    scratch_end(fogctl, &saved);
}

/* What was cut goes on soon; when it cannot, what was told is old. */
static void say_stale(struct flow *flow, CURLcode result)
{
    bool is_unanswered = flow->stream->code == 503 || flow->stream->code == 0;

    if (is_unanswered && flow->stream->link != NULL) {
        flow->stream->link(flow->stream->context, LINK_LOST);
        return;
    }
    if (flow->is_stale || !is_unanswered || ++flow->failures < STALE_FAILURES) {
        return;
    }
    flow->is_stale = true;
    fprintf(stderr,
            "the controller does not answer (%s), what was told may be out of date; trying again\n",
            result == CURLE_OK ? "it takes nothing now" : curl_easy_strerror(result));
}

/* An answer that was asked for again and again, in one piece. */
static void take_whole(struct flow *flow, CURLcode result)
{
    struct stream *stream = flow->stream;

    if (result == CURLE_OK && stream->code < 400 &&
        !stream->line(stream->context, flow->rest.data, flow->rest.length)) {
        stream->has_stopped = true;
    }
}

static void flow_again(struct flow *flow)
{
    struct stream *stream = flow->stream;

    stream->is_anew = false;
    stream->path = stream->rests ? NULL : stream->again(stream->context); /* asked when it is due */
    str_clear(&flow->rest);
}

static void flow_is_over(struct flow *flow, bool has_refused, CURLcode result)
{
    struct stream *stream = flow->stream;

    flow->is_over = true;
    stream->has_failed = has_refused || (result != CURLE_OK && !stream->has_stopped);
    if (stream->link != NULL && stream->has_failed) {
        stream->link(stream->context, LINK_REFUSED);
    }
    if (!stream->has_stopped && !stream->has_failed && flow->rest.length > 0 &&
        stream->code < 400) { /* a last line without an end */
        (void)stream->line(stream->context, flow->rest.data, flow->rest.length);
    }
    if (stream->code >= 400) {
        stream->has_failed = true;
        refused(flow);
    } else if (stream->has_failed && stream->code == 0) {
        (void)http_unreachable(flow->fogctl, curl_easy_strerror(result));
    } else if (stream->has_failed) {
        (void)fail("what came before stands above", "the stream broke off: %s",
                   curl_easy_strerror(result));
    }
}

/* The answer ended, well or not. */
static void flow_ended(struct flow *flow, CURLM *multi, CURLcode result)
{
    struct stream *stream = flow->stream;
    bool has_refused;

    stream->code = 0;
    (void)curl_easy_getinfo(flow->curl, CURLINFO_RESPONSE_CODE, &stream->code);
    has_refused = stream->code >= 400 && stream->code != 503 && stream->code != 429;
    flow_close(flow, multi);
    tell_warning(flow);
    if (stream->is_whole) {
        take_whole(flow, result);
    }
    if (has_refused && stream->refused != NULL) {
        refused(flow);
        has_refused = false;
    }
    if (!stream->has_stopped && !has_refused && stream->again != NULL) {
        say_stale(flow, result);
        flow_again(flow);
        flow->again_at_ms = boot_ms() + (stream->pause_ms > 0 ? stream->pause_ms : AGAIN_MS);
    } else {
        flow_is_over(flow, has_refused, result);
    }
    str_clear(&flow->rest);
}

/* The connection stands, and nothing comes: whoever is in between may have forgotten it. */
static void flow_check(struct flow *flow, CURLM *multi)
{
    struct stream *stream = flow->stream;
    char silence[DURATION_TEXT_SIZE];

    if (flow->curl == NULL || stream->silence_ms == 0 ||
        boot_ms() - flow->heard_ms < stream->silence_ms) {
        return;
    }
    if (stream->link != NULL) {
        stream->link(stream->context, LINK_LOST);
    } else if (!flow->is_stale) {
        age_to_str(stream->silence_ms, silence);
        fprintf(stderr,
                "nothing has come from the controller for %s, what was told may be out of date; "
                "connecting anew\n",
                silence);
        flow->is_stale = true;
    }
    flow_ended(flow, multi, CURLE_OPERATION_TIMEDOUT);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void open_due(struct flow *flows, size_t count, CURLM *multi)
{
    for (size_t i = 0; i < count; i++) {
        struct flow *flow = &flows[i];

        if (flow->stream->is_anew && !flow->is_over) {
            flow_close(flow, multi);
            flow_again(flow);
            flow->again_at_ms = boot_ms();
        }
        if (flow->is_over || flow->curl != NULL || flow->again_at_ms > boot_ms()) {
            continue;
        }
        if (flow->stream->path == NULL && flow->stream->rests) {
            flow->stream->path = flow->stream->again(flow->stream->context);
        }
        if (flow->stream->path != NULL) {
            flow_open(flow, multi);
        } else {
            flow->is_over = !flow->stream->rests;
        }
    }
}

/* Until one of those that are closed is due; those that rest are not waited for. */
static int64_t until_due_ms(const struct flow *flows, size_t count)
{
    int64_t wait_ms = POLL_MS;

    for (size_t i = 0; i < count; i++) {
        const struct flow *flow = &flows[i];
        int64_t left_ms = flow->again_at_ms - boot_ms();

        if (!flow->is_over && flow->curl == NULL && (left_ms > 0 || flow->stream->path != NULL)) {
            wait_ms = left_ms < 0 ? 0 : left_ms < wait_ms ? left_ms : wait_ms;
        }
    }
    return wait_ms;
}

static bool is_all_over(const struct flow *flows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!flows[i].is_over) {
            return false;
        }
    }
    return true;
}

static bool has_stop(const struct flow *flows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (flows[i].stream->has_stopped) {
            return true;
        }
    }
    return false;
}

/* Waits until something comes, or somebody has something to do. */
static void await_more(struct flow *flows, size_t count, CURLM *multi)
{
    int64_t wait_ms = until_due_ms(flows, count);
    struct curl_waitfd input = {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN};
    unsigned inputs = 0;
    bool is_anew = false;

    for (size_t i = 0; i < count; i++) {
        struct stream *stream = flows[i].stream;
        int64_t idle_ms = stream->turn == NULL ? wait_ms : stream->turn(stream->context);

        stream->has_stopped = stream->has_stopped || idle_ms < 0;
        is_anew = is_anew || stream->is_anew;
        inputs = inputs == 1 || stream->turn != NULL;
        wait_ms = idle_ms < wait_ms ? idle_ms : wait_ms;
    }
    if (wait_ms > 0 && !is_anew) {
        (void)curl_multi_poll(multi, &input, inputs, (int)wait_ms, NULL);
    }
}

static void run(struct flow *flows, size_t count, CURLM *multi)
{
    while (!is_all_over(flows, count) && !has_stop(flows, count)) {
        int running = 0, waiting = 0;
        CURLMsg *message;

        open_due(flows, count, multi);
        (void)curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &waiting)) != NULL) {
            CURLcode result = message->data.result;
            char *private = NULL;

            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
            flow_ended((struct flow *)(void *)private, multi, result);
        }
        for (size_t i = 0; i < count; i++) {
            flow_check(&flows[i], multi);
        }
        if (!is_all_over(flows, count) && !has_stop(flows, count)) {
            await_more(flows, count, multi);
        }
    }
}

bool http_streams(struct fogctl *fogctl, struct stream *streams, size_t count)
{
    CURLM *multi = curl_multi_init();
    struct flow *flows = mem_array(count, sizeof(flows[0]));
    bool is_fine = true;

    for (size_t i = 0; i < count; i++) {
        flows[i] = (struct flow){
            .fogctl = fogctl, .stream = &streams[i], .rest = STR_EMPTY, .warning = STR_EMPTY};
    }
    run(flows, count, multi);
    for (size_t i = 0; i < count; i++) {
        is_fine = is_fine && !streams[i].has_failed;
        flow_close(&flows[i], multi);
        str_fini(&flows[i].rest);
        str_fini(&flows[i].warning);
    }
    free(flows);
    (void)curl_multi_cleanup(multi);
    return is_fine;
}
