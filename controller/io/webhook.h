/* Webhooks: a POST of JSON to a URL, on a thread of its own, so that nobody waits for a network.
 *
 * Taken is what was answered with 2xx in time.  Certificates are verified, redirects are not
 * followed.  At most WEBHOOKS_MAX are on their way, further ones are refused: who asks has a queue
 * of its own, and tries again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct webhooks;

struct webhook_call { /* all borrowed until webhooks_put() returns */
    const char *url, *id;
    const char *body;
    size_t body_size_bytes;
    int64_t timeout_ms;
    void *tag; /* comes back with the answer */
};

struct webhook_answer {
    void *tag;
    bool is_taken;
    char why[160]; /* when it was not */
};

/* `notify` is called on the thread when an answer is there, never after webhooks_close(). */
struct webhooks *webhooks_new(void (*notify)(void *context), void *context);
/* False: it is not sent. */
bool webhooks_put(struct webhooks *webhooks, const struct webhook_call *call);
bool webhooks_take(struct webhooks *webhooks, struct webhook_answer *ret_answer);
/* Waits for no receiver: what is on its way is given up. */
void webhooks_close(struct webhooks *webhooks);
