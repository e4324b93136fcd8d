/* One thread, one curl_multi.  Calls go over and answers come back under the mutex; all that curl
 * knows belongs to the thread.  Closing marks, wakes and joins, which is a matter of milliseconds;
 * if it is not, whoever is last frees all of it. */
#include "controller/io/webhook.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "schema/limits.h"
#include "schema/version.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 1000, CLOSE_S = 2, ID_HEADER_SIZE = ALERT_ID_BYTES_MAX + 32 };

struct call { /* owned by whoever has it: the queue, then the thread */
    char *url, *id, *body;
    size_t body_size_bytes;
    int64_t timeout_ms;
    void *tag;
    CURL *curl;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

struct webhooks {
    void (*notify)(void *context);
    void *context;
    CURLM *multi;
    pthread_t thread;
    struct {
        VEC_OF(struct call *);
    } begun; /* owned; the thread's alone */

    pthread_mutex_t mutex; /* over everything below */
    struct {
        VEC_OF(struct call *);
    } waiting; /* owned */
    struct {
        VEC_OF(struct webhook_answer);
    } answers;
    size_t on_way; /* put and not answered */
    bool is_closed;
    bool has_ended, is_left; /* the thread has; nobody waits for that any more */
};

static void call_free(struct call *call)
{
    if (call->curl != NULL) {
        curl_easy_cleanup(call->curl);
    }
    curl_slist_free_all(call->headers);
    free(call->url);
    free(call->id);
    free(call->body);
    free(call);
}

/* --- on the thread ---------------------------------------------------------------------------- */

static void answer(struct webhooks *webhooks, const struct call *call, bool is_taken,
                   const char *why)
{
    struct webhook_answer answer = {.tag = call->tag, .is_taken = is_taken};

    (void)snprintf(answer.why, sizeof(answer.why), "%s", is_taken ? "" : why);
    for (char *c = answer.why; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
    pthread_mutex_lock(&webhooks->mutex);
    webhooks->on_way--;
    if (!webhooks->is_closed) {
        vec_add(&webhooks->answers, answer);
        webhooks->notify(webhooks->context); /* within the mutex: nobody closes meanwhile */
    }
    pthread_mutex_unlock(&webhooks->mutex);
}

/* What it says beside its code is of no interest. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* What is here is called directly, beside what the environment says of that, which the option would
 * put out of force. */
static void set_direct(CURL *curl)
{
    const char *lower = getenv("no_proxy"), *said = lower != NULL ? lower : getenv("NO_PROXY");
    _cleanup_(str_fini)
    struct str direct = STR_EMPTY;

    if (str_eq(said, "*")) { /* all, and only when it stands alone */
        str_add(&direct, said);
    } else {
        str_addf(&direct, "127.0.0.1,localhost,::1,%s", said == NULL ? "" : said);
    }
    curl_easy_setopt(curl, CURLOPT_NOPROXY, direct.data);
}

static void set_up(struct call *call)
{
    CURL *curl = call->curl;
    char id[ID_HEADER_SIZE];

    (void)snprintf(id, sizeof(id), "Idempotency-Key: %s", call->id);
    call->headers = curl_slist_append(NULL, "Content-Type: application/json");
    call->headers = curl_slist_append(call->headers, id);
    call->headers = curl_slist_append(call->headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a name may be looked up for long */
    set_direct(curl);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fog-controller/" FOG_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size_bytes);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)WEBHOOK_ANSWER_BYTES_MAX);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
}

static void begin(struct webhooks *webhooks, struct call *call)
{
    call->curl = curl_easy_init();
    if (call->curl == NULL) {
        answer(webhooks, call, false, "no memory");
        call_free(call);
        return;
    }
    set_up(call);
    vec_add(&webhooks->begun, call);
    (void)curl_multi_add_handle(webhooks->multi, call->curl);
}

/* False when all is over. */
static bool begin_all(struct webhooks *webhooks)
{
    bool goes_on;

    do {
        struct call *call = NULL;

        pthread_mutex_lock(&webhooks->mutex);
        goes_on = !webhooks->is_closed;
        if (goes_on && webhooks->waiting.count > 0) {
            call = webhooks->waiting.items[0];
            vec_remove(&webhooks->waiting, 0);
        }
        pthread_mutex_unlock(&webhooks->mutex);
        if (call == NULL) {
            break;
        }
        begin(webhooks, call);
    } while (true);
    return goes_on;
}

static void end(struct webhooks *webhooks, struct call *call, CURLcode result)
{
    char why[sizeof(((struct webhook_answer *)0)->why)] = "";
    long code = 0;
    bool is_taken;

    (void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &code);
    /* A code of success counts although the rest of the answer was too long, or did not come. */
    is_taken = code >= 200 && code < 300;
    if (code >= 300 && code < 400) {
        (void)snprintf(why, sizeof(why), "HTTP %ld: redirects are not followed", code);
    } else if (code != 0) {
        (void)snprintf(why, sizeof(why), "HTTP %ld", code);
    } else {
        (void)snprintf(why, sizeof(why), "%.150s",
                       call->error[0] != '\0' ? call->error : curl_easy_strerror(result));
    }
    (void)curl_multi_remove_handle(webhooks->multi, call->curl);
    for (size_t i = webhooks->begun.count; i-- > 0;) {
        if (webhooks->begun.items[i] == call) {
            vec_remove(&webhooks->begun, i);
        }
    }
    answer(webhooks, call, is_taken, why);
    call_free(call);
}

static void end_those_over(struct webhooks *webhooks)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(webhooks->multi, &left)) != NULL) {
        struct call *call = NULL;

        if (message->msg == CURLMSG_DONE) {
            CURLcode result = message->data.result;

            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
            end(webhooks, call, result);
        }
    }
}

/* What curl still has is given up. */
static void drop_begun(struct webhooks *webhooks)
{
    vec_each (&webhooks->begun, it) {
        (void)curl_multi_remove_handle(webhooks->multi, (*it)->curl);
        call_free(*it);
    }
    vec_fini(&webhooks->begun);
}

static void free_all(struct webhooks *webhooks)
{
    (void)curl_multi_cleanup(webhooks->multi);
    vec_each (&webhooks->waiting, it) {
        call_free(*it);
    }
    vec_fini(&webhooks->waiting);
    vec_fini(&webhooks->answers);
    (void)pthread_mutex_destroy(&webhooks->mutex);
    free(webhooks);
}

static void *run(void *context)
{
    struct webhooks *webhooks = context;
    bool is_left;
    int running;

    while (begin_all(webhooks)) {
        (void)curl_multi_perform(webhooks->multi, &running);
        end_those_over(webhooks);
        (void)curl_multi_poll(webhooks->multi, NULL, 0, POLL_MS, NULL);
    }
    drop_begun(webhooks);
    pthread_mutex_lock(&webhooks->mutex);
    webhooks->has_ended = true;
    is_left = webhooks->is_left;
    pthread_mutex_unlock(&webhooks->mutex);
    if (is_left) {
        free_all(webhooks);
    }
    return NULL;
}

/* --- on the loop ------------------------------------------------------------------------------ */

struct webhooks *webhooks_new(void (*notify)(void *context), void *context)
{
    struct webhooks *webhooks = MEM_NEW(struct webhooks);
    int rc;

    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    webhooks->notify = notify;
    webhooks->context = context;
    webhooks->multi = curl_multi_init();
    assert(webhooks->multi != NULL);
    (void)pthread_mutex_init(&webhooks->mutex, NULL);
    rc = pthread_create(&webhooks->thread, NULL, run, webhooks);
    assert(rc == 0); /* as with the writer's */
    return webhooks;
}

bool webhooks_put(struct webhooks *webhooks, const struct webhook_call *call)
{
    struct call *mine = NULL;

    pthread_mutex_lock(&webhooks->mutex);
    if (webhooks->on_way < WEBHOOKS_MAX) {
        mine = MEM_NEW(struct call);
        mine->url = mem_strdup(call->url);
        mine->id = mem_strdup(call->id);
        mine->body = mem_strndup(call->body, call->body_size_bytes);
        mine->body_size_bytes = call->body_size_bytes;
        mine->timeout_ms = call->timeout_ms;
        mine->tag = call->tag;
        webhooks->on_way++;
        vec_add(&webhooks->waiting, mine);
        (void)curl_multi_wakeup(webhooks->multi);
    }
    pthread_mutex_unlock(&webhooks->mutex);
    return mine != NULL;
}

bool webhooks_take(struct webhooks *webhooks, struct webhook_answer *ret_answer)
{
    bool has_any;

    pthread_mutex_lock(&webhooks->mutex);
    has_any = webhooks->answers.count > 0;
    if (has_any) {
        *ret_answer = webhooks->answers.items[0];
        vec_remove(&webhooks->answers, 0);
    }
    pthread_mutex_unlock(&webhooks->mutex);
    return has_any;
}

/* True when it ends in time. */
static bool join(struct webhooks *webhooks)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLOSE_S;
    return pthread_timedjoin_np(webhooks->thread, NULL, &until) == 0;
}

void webhooks_close(struct webhooks *webhooks)
{
    bool has_ended;

    pthread_mutex_lock(&webhooks->mutex);
    webhooks->is_closed = true;
    (void)curl_multi_wakeup(webhooks->multi);
    pthread_mutex_unlock(&webhooks->mutex);
    if (join(webhooks)) {
        free_all(webhooks);
        return;
    }
    (void)pthread_detach(webhooks->thread);
    pthread_mutex_lock(&webhooks->mutex);
    has_ended = webhooks->has_ended;
    webhooks->is_left = true;
    pthread_mutex_unlock(&webhooks->mutex);
    if (has_ended) {
        free_all(webhooks);
    }
}
