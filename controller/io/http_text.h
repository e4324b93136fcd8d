/* The texts of HTTP that need no connection: what a request says about its sender, and the head of
 * an answer. */
#pragma once

#include "controller/core/effect.h"
#include "controller/core/event.h"
#include "controller/io/http_parse.h"
#include "schema/limits.h"

enum { HTTP_USER_SIZE = NAME_BYTES_MAX + 1 };

/* A subprotocol that holds a token, which browsers cannot put into a header; as in Kubernetes. */
#define HTTP_BEARER_PROTOCOL "base64url.bearer.authorization.k8s.io."

/* A refusal by the shell itself, before or instead of the core's. */
struct http_refusal {
    int code;
    const char *message; /* static; no quotes in it */
};

/* Whether Host is a name that somebody else's page can have, and lead to our address: any but
 * localhost and what is below it.  A browser sends such a page's requests as those of one site. */
bool http_has_foreign_host(const struct http_parser *parser);
/* Whether a browser says that a page of another site than this one sends it. */
bool http_is_of_another_site(const struct http_parser *parser);

/* Fills the request from a whole one; its texts live in the parser, and in `user`.  Refuses texts
 * that are not UTF-8 or too long to be kept. */
struct http_refusal http_request_from(const struct http_parser *parser, char user[HTTP_USER_SIZE],
                                      struct http_request *ret_request);

/* What else a head says; the texts are ours, and hold nothing that ends a line. */
struct http_reply_extra {
    const char *content_type; /* NULL: as the rest of the reply says */
    const char *headers;      /* whole lines, each with its end */
};

struct http_reply {
    int code;
    struct http_reply_extra extra;
    bool is_stream;  /* of unknown length: chunked, or until the end of the connection */
    bool is_chunked; /* HTTP/1.1 */
    bool is_text;
    bool is_last;     /* the connection closes after it */
    bool is_measured; /* size_bytes is said although the body is not at hand */
    size_t size_bytes;
    int retry_after_seconds;
    const char *warning; /* NULL: none */
    const char *etag;    /* with its quotes; NULL: it may not be kept */
    struct wall now;
};

struct blob *http_reply_head(const struct http_reply *reply);
/* The body of a refusal: a Status object, as the core would answer. */
struct blob *http_refusal_body(const struct http_refusal *refusal);
