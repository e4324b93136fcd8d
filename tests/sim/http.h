/* Operators' connections to the API: requests on their way, answers on theirs, either of which may
 * be lost. */
#pragma once

#include "controller/core/ctl.h"
#include "tests/sim/sim.h"

/* What a client hears, in order; nothing after `answered` with code 0, or after `ended`. */
struct http_client {
    /* A whole answer, or the head of a stream (`body` NULL).  Code 0: the connection broke, and
     * nothing is known. */
    void (*answered)(struct sim *sim, void *who, int code, const struct blob *body);
    void (*chunk)(struct sim *sim, void *who, const struct blob *bytes); /* NULL: no streams */
    void (*ended)(struct sim *sim, void *who);
    void *who; /* borrowed, to the end */
};

/* Sends a copy of the request; returns the number of the exchange. */
uint64_t http_send(struct sim *sim, const struct http_request *request,
                   const struct http_client *client);
/* The client closes: it hears nothing more of this exchange. */
void http_close(struct sim *sim, uint64_t id);

/* Answers that are on their way get lost. */
void http_forget_answers(struct sim *sim);

/* From the controller. */
void http_answered(struct sim *sim, const struct effect *effect);
void http_chunk(struct sim *sim, uint64_t id, struct blob *bytes /* borrowed */);
void http_end(struct sim *sim, uint64_t id);
void http_controller_gone(struct sim *sim, bool with_power);

/* For a while clients of streams take a piece at a time. */
void http_read_slowly(struct sim *sim, int64_t until_ms, int64_t pace_ms);

struct http *http_new(void);
void http_free(struct http *http);
