/* The state machine of one request: see the drawing in the header.
 *
 * The head is collected whole and then cut in place; the body is copied out chunk by chunk.  Every
 * refusal names the status to answer; after one the connection cannot be used again, because nobody
 * knows where the next request begins. */
#include "controller/io/http_parse.h"

#include "schema/base/parse.h"
#include "schema/limits.h"

#include <strings.h>

void http_parser_init(struct http_parser *parser)
{
    *parser = (struct http_parser){.state = HTTP_PARSE_HEAD};
    str_init(&parser->head);
    str_init(&parser->body);
}

void http_parser_fini(struct http_parser *parser)
{
    str_fini(&parser->head);
    str_fini(&parser->body);
    vec_fini(&parser->headers);
}

void http_parser_reset(struct http_parser *parser)
{
    struct http_large large = parser->large;

    http_parser_fini(parser); /* a connection that waits holds no memory of its last request */
    http_parser_init(parser);
    parser->large = large;
}

bool http_parser_is_idle(const struct http_parser *parser)
{
    return parser->state == HTTP_PARSE_HEAD && parser->head.length == 0;
}

bool http_parser_is_in_body(const struct http_parser *parser)
{
    return parser->state > HTTP_PARSE_HEAD && parser->state < HTTP_PARSE_DONE;
}

const char *http_parser_header(const struct http_parser *parser, const char *name)
{
    vec_each (&parser->headers, header) {
        if (str_eq(header->name, name)) {
            return header->value;
        }
    }
    return NULL;
}

static bool refuse(struct http_parser *parser, int code, const char *why)
{
    parser->state = HTTP_PARSE_REFUSED;
    parser->refused_code = code;
    parser->refused = why;
    return false;
}

/* --- the head ------------------------------------------------------------------------------------
 */

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_value_char(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Cuts the text at its first CRLF; NULL when it has none.  Returns what follows. */
static char *cut_line(char *text)
{
    char *end = strstr(text, "\r\n");

    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    return end + 2;
}

/* "http://host/path" is what a client sends to a proxy; for us it is "/path". */
static char *origin_form(char *target)
{
    char *path;

    if (strncasecmp(target, "http://", 7) != 0) {
        return target;
    }
    path = strchr(target + 7, '/');
    return path == NULL ? NULL : path;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_version(const char *text)
{
    return strlen(text) == 8 && str_starts(text, "HTTP/") && is_digit(text[5]) && text[6] == '.' &&
           is_digit(text[7]);
}

static bool parse_request_line(struct http_parser *parser, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');

    if (version == NULL) {
        return refuse(parser, 400, "the request line is not METHOD TARGET VERSION");
    }
    *target++ = '\0';
    *version++ = '\0';
    if (*line == '\0' || strlen(line) > HTTP_METHOD_BYTES_MAX) {
        return refuse(parser, 400, "the method is not a word of 1 to 16 letters");
    }
    for (const char *c = line; *c != '\0'; c++) {
        if (!is_token_char(*c)) {
            return refuse(parser, 400, "the method is not a word of 1 to 16 letters");
        }
    }
    for (const char *c = target; *c != '\0'; c++) {
        if (*c <= 0x20 || *c >= 0x7f) {
            return refuse(parser, 400, "the target has a byte that must be percent-encoded");
        }
    }
    target = origin_form(target);
    if (target == NULL || (*target != '/' && !str_eq(target, "*"))) {
        return refuse(parser, 400, "the target does not begin with a slash");
    }
    parser->method = line;
    parser->target = target;
    if (!is_version(version)) {
        return refuse(parser, 400, "the version is not HTTP/1.1");
    }
    if (!str_eq(version, "HTTP/1.1") && !str_eq(version, "HTTP/1.0")) {
        return refuse(parser, 505, "only HTTP/1.1 is spoken here");
    }
    parser->is_http_1_0 = str_eq(version, "HTTP/1.0");
    return true;
}

static bool parse_header(struct http_parser *parser, char *line)
{
    char *colon = strchr(line, ':');
    char *value, *end;

    if (colon == NULL || colon == line) {
        return refuse(parser, 400, "a header line is not NAME: VALUE");
    }
    for (char *c = line; c < colon; c++) {
        if (!is_token_char(*c)) {
            return refuse(parser, 400, "a header name has a character that none may have");
        }
        *c = lower(*c);
    }
    *colon = '\0';
    value = colon + 1;
    for (const char *c = value; *c != '\0'; c++) {
        if (!is_value_char(*c)) {
            return refuse(parser, 400, "a header value has a control character");
        }
    }
    value += strspn(value, " \t");
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) {
        *--end = '\0';
    }
    if (parser->headers.count == HTTP_HEADERS_MAX) {
        return refuse(parser, 431, "more than 100 headers");
    }
    vec_add(&parser->headers, ((struct http_header){.name = line, .value = value}));
    return true;
}

static size_t count_header(const struct http_parser *parser, const char *name)
{
    size_t count = 0;

    vec_each (&parser->headers, header) {
        count += str_eq(header->name, name);
    }
    return count;
}

bool http_list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, " \t,");
        if (item == length && strncasecmp(list, word, length) == 0) {
            return true;
        }
        list += item;
    }
    return false;
}

static bool is_below(const char *target, const char *prefix)
{
    return prefix != NULL && str_starts(target, prefix);
}

/* RFC 9112, 6: how long the body is, or that nobody can tell. */
static bool frame_body(struct http_parser *parser)
{
    const char *coding = http_parser_header(parser, "transfer-encoding");
    const char *length = http_parser_header(parser, "content-length");
    uint64_t size_bytes = 0;

    parser->is_large = is_below(parser->target, parser->large.prefix) ||
                       is_below(parser->target, parser->large.other_prefix);
    if (count_header(parser, "content-length") > 1 ||
        count_header(parser, "transfer-encoding") > 1 || (coding != NULL && length != NULL)) {
        return refuse(parser, 400, "the length of the body is given twice");
    }
    if (coding != NULL) {
        if (parser->is_large) {
            return refuse(parser, 411, "what is kept in a file must say its length first");
        }
        if (parser->is_http_1_0) {
            return refuse(parser, 400, "HTTP/1.0 knows no Transfer-Encoding");
        }
        if (strcasecmp(coding, "chunked") != 0) {
            return refuse(parser, 501, "the only Transfer-Encoding known here is chunked");
        }
        parser->state = HTTP_PARSE_CHUNK_SIZE;
        return true;
    }
    if (length != NULL && !u64_from_str(length, &size_bytes)) {
        return refuse(parser, 400, "Content-Length is not a number");
    }
    if (parser->is_large && size_bytes > (uint64_t)parser->large.body_bytes_max) {
        return refuse(parser, 413, "the body is larger than any blob may be");
    }
    if (!parser->is_large && size_bytes > HTTP_BODY_BYTES_MAX) {
        return refuse(parser, 413, "the body is larger than 32 MiB");
    }
    parser->remaining = (size_t)size_bytes;
    parser->state = size_bytes == 0 ? HTTP_PARSE_DONE : HTTP_PARSE_BODY;
    return true;
}

static void parse_head(struct http_parser *parser)
{
    char *line = parser->head.data;
    char *next;
    const char *expect;

    if (strlen(line) != parser->head.length) {
        (void)refuse(parser, 400, "the head has a NUL byte");
        return;
    }
    next = cut_line(line);
    if (!parse_request_line(parser, line)) {
        return;
    }
    while (*next != '\0' && !str_starts(next, "\r\n")) {
        line = next;
        next = cut_line(line);
        if (!parse_header(parser, line)) {
            return;
        }
    }
    if (count_header(parser, "host") > 1 ||
        (!parser->is_http_1_0 && count_header(parser, "host") == 0)) {
        (void)refuse(parser, 400, "there must be one Host header");
        return;
    }
    parser->is_keep_alive =
        !parser->is_http_1_0 && !http_list_has(http_parser_header(parser, "connection"), "close");
    if (!frame_body(parser)) {
        return;
    }
    expect = http_parser_header(parser, "expect");
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
        (void)refuse(parser, 417, "the only expectation known here is 100-continue");
        return;
    }
    parser->expects_continue = expect != NULL && !parser->is_http_1_0;
}

static size_t feed_head(struct http_parser *parser, const char *bytes, size_t size_bytes)
{
    struct str *head = &parser->head;
    size_t skipped = 0, before, taken, from;
    const char *end;

    /* RFC 9112, 2.2: empty lines before a request are passed over. */
    while (head->length == 0 && skipped < size_bytes &&
           (bytes[skipped] == '\r' || bytes[skipped] == '\n')) {
        skipped++;
    }
    before = head->length;
    taken = size_bytes - skipped;
    if (taken > HTTP_HEADER_BYTES_MAX - before) {
        taken = HTTP_HEADER_BYTES_MAX - before;
    }
    if (taken == 0) {
        return skipped;
    }
    str_add_bytes(head, bytes + skipped, taken);
    from = before < 3 ? 0 : before - 3;
    end = memmem(head->data + from, head->length - from, "\r\n\r\n", 4);
    if (end == NULL) {
        if (head->length == HTTP_HEADER_BYTES_MAX) {
            (void)refuse(parser, 431, "the head is larger than 8 KiB");
        }
        return skipped + taken;
    }
    taken = (size_t)(end + 4 - head->data) - before;
    head->length = before + taken;
    head->data[head->length] = '\0';
    parse_head(parser);
    return skipped + taken;
}

/* --- the body ------------------------------------------------------------------------------------
 */

static size_t feed_data(struct http_parser *parser, const char *bytes, size_t size_bytes,
                        enum http_parse_state next)
{
    size_t taken = size_bytes < parser->remaining ? size_bytes : parser->remaining;

    str_add_bytes(&parser->body, bytes, taken);
    parser->remaining -= taken;
    if (parser->remaining == 0) {
        parser->state = next;
    }
    return taken;
}

/* Hexadecimal digits, then the end of the line or an extension. */
static bool chunk_size_from_str(const char *line, size_t *ret_size)
{
    size_t size = 0, digits = 0;

    for (; digits < 16; digits++) {
        char c = lower(line[digits]);
        if (c >= '0' && c <= '9') {
            size = size * 16 + (size_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            size = size * 16 + (size_t)(c - 'a' + 10);
        } else {
            break;
        }
    }
    if (digits == 0 || digits == 16 || strchr(" \t;", line[digits]) == NULL) {
        return false; /* strchr also finds the NUL at the end of the line */
    }
    *ret_size = size;
    return true;
}

static void begin_chunk(struct http_parser *parser)
{
    size_t size = 0;

    if (!chunk_size_from_str(parser->line, &size)) {
        (void)refuse(parser, 400, "the size of a chunk is not a hexadecimal number");
        return;
    }
    if (size > HTTP_BODY_BYTES_MAX - parser->body.length) {
        (void)refuse(parser, 413, "the body is larger than 32 MiB");
        return;
    }
    parser->remaining = size;
    parser->state = size == 0 ? HTTP_PARSE_TRAILERS : HTTP_PARSE_CHUNK_DATA;
}

static size_t feed_chunk_size(struct http_parser *parser, const char *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (parser->line_has_cr) {
            if (bytes[i] != '\n') {
                (void)refuse(parser, 400, "a chunk line does not end in CR LF");
                return i + 1;
            }
            parser->line_has_cr = false;
            parser->line_bytes = 0;
            begin_chunk(parser);
            memset(parser->line, 0, sizeof(parser->line));
            return i + 1;
        }
        if (bytes[i] == '\r') {
            parser->line_has_cr = true;
            continue;
        }
        if (!is_value_char(bytes[i]) || parser->line_bytes == HTTP_CHUNK_LINE_BYTES_MAX) {
            (void)refuse(parser, 400, "a chunk line is not a size, or longer than 256 bytes");
            return i + 1;
        }
        if (parser->line_bytes < sizeof(parser->line) - 1) {
            parser->line[parser->line_bytes] = bytes[i];
        }
        parser->line_bytes++;
    }
    return size_bytes;
}

static size_t feed_chunk_end(struct http_parser *parser, char byte)
{
    if (byte != (parser->line_has_cr ? '\n' : '\r')) {
        (void)refuse(parser, 400, "a chunk does not end in CR LF");
        return 1;
    }
    if (parser->line_has_cr) {
        parser->state = HTTP_PARSE_CHUNK_SIZE;
    }
    parser->line_has_cr = !parser->line_has_cr;
    return 1;
}

/* Trailers are read past; `remaining` counts the bytes of the line under way, `line_bytes` all. */
static size_t feed_trailers(struct http_parser *parser, char byte)
{
    if (++parser->line_bytes > HTTP_HEADER_BYTES_MAX) {
        (void)refuse(parser, 431, "the trailers are larger than 8 KiB");
    } else if (parser->line_has_cr) {
        if (byte != '\n') {
            (void)refuse(parser, 400, "a trailer line does not end in CR LF");
        } else if (parser->remaining == 0) {
            parser->state = HTTP_PARSE_DONE;
        }
        parser->line_has_cr = false;
        parser->remaining = 0;
    } else if (byte == '\r') {
        parser->line_has_cr = true;
    } else if (!is_value_char(byte)) {
        (void)refuse(parser, 400, "a trailer has a control character");
    } else {
        parser->remaining++;
    }
    return 1;
}

size_t http_parser_feed(struct http_parser *parser, const char *bytes, size_t size_bytes)
{
    size_t used = 0;

    assert(parser->state < HTTP_PARSE_DONE);
    while (used < size_bytes) {
        const char *at = bytes + used;
        size_t left = size_bytes - used;

        switch (parser->state) {
        case HTTP_PARSE_HEAD:
            used += feed_head(parser, at, left);
            if (parser->state != HTTP_PARSE_HEAD && parser->is_large) {
                return used;
            }
            break;
        case HTTP_PARSE_BODY:
            used += feed_data(parser, at, left, HTTP_PARSE_DONE);
            break;
        case HTTP_PARSE_CHUNK_SIZE:
            used += feed_chunk_size(parser, at, left);
            break;
        case HTTP_PARSE_CHUNK_DATA:
            used += feed_data(parser, at, left, HTTP_PARSE_CHUNK_END);
            break;
        case HTTP_PARSE_CHUNK_END:
            used += feed_chunk_end(parser, *at);
            break;
        case HTTP_PARSE_TRAILERS:
            used += feed_trailers(parser, *at);
            break;
        case HTTP_PARSE_DONE:
        case HTTP_PARSE_REFUSED:
            return used;
        }
    }
    return used;
}
