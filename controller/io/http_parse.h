/* One HTTP/1.1 request from bytes as they come: no socket, no clock, so that it can be fuzzed.
 *
 * RFC 9112, read strictly: what two readers could frame differently is refused (both lengths, bare
 * line feeds, folded lines, spaces before a colon).  Bounds: HTTP_HEADER_BYTES_MAX for the head,
 * HTTP_BODY_BYTES_MAX for the body, known from Content-Length before anything is kept and counted
 * while chunks come.
 *
 *     HEAD ──┬── length ──▶ BODY ────────────────────────────┬──▶ DONE
 *            ├── chunked ─▶ CHUNK_SIZE ─▶ CHUNK_DATA ─▶ CHUNK_END ─┐
 *            │                  ▲   └── 0 ─▶ TRAILERS ──▶ DONE     │
 *            │                  └──────────────────────────────────┘
 *            └── neither ─▶ DONE                 anywhere ──▶ REFUSED
 */
#pragma once

#include "schema/base/str.h"
#include "schema/base/vec.h"

enum http_parse_state {
    HTTP_PARSE_HEAD,
    HTTP_PARSE_BODY,
    HTTP_PARSE_CHUNK_SIZE,
    HTTP_PARSE_CHUNK_DATA,
    HTTP_PARSE_CHUNK_END,
    HTTP_PARSE_TRAILERS,
    HTTP_PARSE_DONE,
    HTTP_PARSE_REFUSED,
};

struct http_header {
    const char *name, *value; /* borrowed from the head; the name in lower case */
};

/* Bodies that are not kept whole: the reader takes them out of `body` as they come. */
struct http_large {
    const char *prefix; /* of targets: "/blobs/"; NULL: there are none */
    int64_t body_bytes_max;
    const char *other_prefix; /* "/backup/", likewise */
};

struct http_parser {
    enum http_parse_state state;
    struct http_large large;     /* set by the owner, and kept */
    const char *method, *target; /* borrowed from the head; NULL until it is whole */
    bool is_http_1_0;
    bool is_keep_alive;    /* the client will send more on this connection */
    bool expects_continue; /* it waits for "100 Continue" before the body */
    bool is_large;         /* the target is below `large`: after the head, feeding stops once */
    int refused_code;      /* HTTP status when REFUSED */
    const char *refused;   /* why, in words; no text of the client's in it */
    struct str body;       /* decoded */
    struct str head;       /* cut into texts once whole */
    struct {
        VEC_OF(struct http_header);
    } headers;
    size_t remaining;  /* of the body, or of the chunk */
    size_t line_bytes; /* of the chunk line or the trailers so far */
    char line[24];     /* start of the chunk line: its digits */
    bool line_has_cr;  /* the last byte was CR */
};

void http_parser_init(struct http_parser *parser);
void http_parser_fini(struct http_parser *parser);
void http_parser_reset(struct http_parser *parser); /* for the next request */

/* Takes bytes up to the end of this request and returns how many; fewer than given only when DONE
 * or REFUSED, or at the end of the head of a large one.  Do not call again when DONE or REFUSED. */
size_t http_parser_feed(struct http_parser *parser, const char *bytes, size_t size_bytes);

bool http_parser_is_idle(const struct http_parser *parser);    /* nothing came yet */
bool http_parser_is_in_body(const struct http_parser *parser); /* the head is whole, more follows */
/* The first value of that name (lower case); NULL when absent or before the head is whole. */
const char *http_parser_header(const struct http_parser *parser, const char *name);
/* Whether a value that is a list, "keep-alive, Upgrade", has this word; NULL has none. */
bool http_list_has(const char *list, const char *word);
