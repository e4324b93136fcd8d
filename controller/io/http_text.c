/* Straight-line text; every bound is checked before anything is copied. */
#include "controller/io/http_text.h"

#include "schema/base/digest.h"
#include "schema/base/utf8.h"

#include <arpa/inet.h>
#include <strings.h>

enum { BASIC_BYTES_MAX = 768 }; /* user and password */

/* --- who asks ------------------------------------------------------------------------------------
 */

/* A stranger's page has a name, and may lead it to our address once it is loaded: with a dot, or
 * without where others of the network answer for names.  An address is led nowhere, and nobody is
 * asked for localhost. */
static bool host_is_foreign(const char *host)
{
    char name[NAME_BYTES_MAX + 1];
    unsigned char bytes[sizeof(struct in6_addr)];
    size_t length = strcspn(host, ":");

    if (*host == '[' || length >= sizeof(name)) {
        return *host != '[';
    }
    memcpy(name, host, length);
    name[length] = '\0';
    return inet_pton(AF_INET, name, bytes) != 1 && strcasecmp(name, "localhost") != 0 &&
           !str_ends(name, ".localhost");
}

bool http_is_of_another_site(const struct http_parser *parser)
{
    const char *host = http_parser_header(parser, "host");
    const char *origin = http_parser_header(parser, "origin");

    return origin != NULL &&
           (host == NULL || !str_starts(origin, "http://") || strcasecmp(origin + 7, host) != 0);
}

bool http_has_foreign_host(const struct http_parser *parser)
{
    const char *host = http_parser_header(parser, "host");

    return host != NULL && host_is_foreign(host);
}

/* "Basic base64(user:password)" → user. */
static bool user_from_basic(const char *text, char user[HTTP_USER_SIZE])
{
    char decoded[BASIC_BYTES_MAX + 1] = "";
    size_t length = strlen(text), size = length / 4 * 3;

    if (length == 0 || length % 4 != 0 || size > BASIC_BYTES_MAX) {
        return false;
    }
    size -= (size_t)(text[length - 1] == '=') + (size_t)(text[length - 2] == '=');
    if (!base64_from_str(text, size, decoded)) {
        return false;
    }
    length = strcspn(decoded, ":");
    if (length >= HTTP_USER_SIZE) {
        return false;
    }
    memcpy(user, decoded, length);
    user[length] = '\0';
    return true;
}

/* "base64url.bearer.authorization.k8s.io.TOKEN, …" → TOKEN, which is base64 for URLs without its
 * padding; true when there is none. */
static bool user_from_protocol(const char *offered, char user[HTTP_USER_SIZE])
{
    const char *token = offered == NULL ? NULL : strstr(offered, HTTP_BEARER_PROTOCOL);
    char text[HTTP_USER_SIZE / 3 * 4 + 8];
    size_t length;

    if (token == NULL) {
        return true;
    }
    token += strlen(HTTP_BEARER_PROTOCOL);
    length = strcspn(token, " \t,");
    if (length % 4 == 1 || length * 3 / 4 >= HTTP_USER_SIZE) {
        return false;
    }
    for (size_t i = 0; i < (length + 3) / 4 * 4; i++) {
        text[i] = (char)(i >= length       ? '='
                         : token[i] == '-' ? '+'
                         : token[i] == '_' ? '/'
                                           : token[i]);
    }
    text[(length + 3) / 4 * 4] = '\0';
    user[length * 3 / 4] = '\0';
    return base64_from_str(text, length * 3 / 4, user);
}

static bool find_user(const struct http_parser *parser, char user[HTTP_USER_SIZE])
{
    const char *authorization = http_parser_header(parser, "authorization");
    const char *named = http_parser_header(parser, "fog-user");

    if (authorization != NULL && strncasecmp(authorization, "Basic ", 6) == 0) {
        return user_from_basic(authorization + 6, user);
    }
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0) {
        named = authorization + 7;
    }
    if (named == NULL) {
        user[0] = '\0';
        return user_from_protocol(http_parser_header(parser, "sec-websocket-protocol"), user);
    }
    if (strlen(named) >= HTTP_USER_SIZE) {
        user[0] = '\0';
        return false;
    }
    memcpy(user, named, strlen(named) + 1);
    return true;
}

static bool is_kept_text(const char *text, size_t size_max)
{
    size_t size = text == NULL ? 0 : strlen(text);

    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return size <= size_max && (size == 0 || utf8_valid_bytes(text, size) == size);
}

struct http_refusal http_request_from(const struct http_parser *parser, char user[HTTP_USER_SIZE],
                                      struct http_request *ret_request)
{
    struct http_request request = {
        .method = parser->method,
        .target = parser->target,
        .content_type = http_parser_header(parser, "content-type"),
        .accept = http_parser_header(parser, "accept"),
        .user_agent = http_parser_header(parser, "user-agent"),
        .if_none_match = http_parser_header(parser, "if-none-match"),
        .cause = http_parser_header(parser, "fog-change-cause"),
        .idempotency_key = http_parser_header(parser, "idempotency-key"),
        .body = parser->body.data,
        .body_size_bytes = parser->body.length,
    };

    if (!find_user(parser, user) || !is_kept_text(user, NAME_BYTES_MAX)) {
        return (struct http_refusal){400, "the user name is no text of at most 253 bytes"};
    }
    request.user = *user == '\0' ? NULL : user;
    if (!is_kept_text(request.content_type, HTTP_HEADER_BYTES_MAX) ||
        !is_kept_text(request.accept, HTTP_HEADER_BYTES_MAX) ||
        !is_kept_text(request.user_agent, HTTP_HEADER_BYTES_MAX) ||
        !is_kept_text(request.cause, HTTP_HEADER_BYTES_MAX)) {
        return (struct http_refusal){400, "a header that is kept is not UTF-8"};
    }
    if (!is_kept_text(request.idempotency_key, IDEMPOTENCY_KEY_BYTES_MAX)) {
        return (struct http_refusal){400, "Idempotency-Key is no text of at most 128 bytes"};
    }
    *ret_request = request;
    return (struct http_refusal){0};
}

/* --- what is answered ----------------------------------------------------------------------------
 */

static const struct reason {
    int code;
    const char *phrase; /* of HTTP */
    const char *reason; /* of a Status; NULL: the shell never refuses with it */
} reasons[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {206, "Partial Content", NULL},
    {304, "Not Modified", NULL},
    {307, "Temporary Redirect", NULL},
    {400, "Bad Request", "BadRequest"},
    {401, "Unauthorized", NULL},
    {403, "Forbidden", "Forbidden"},
    {404, "Not Found", "NotFound"},
    {405, "Method Not Allowed", "MethodNotAllowed"},
    {406, "Not Acceptable", NULL},
    {408, "Request Timeout", "Timeout"},
    {409, "Conflict", "Conflict"},
    {410, "Gone", NULL},
    {411, "Length Required", "BadRequest"},
    {412, "Precondition Failed", NULL},
    {413, "Content Too Large", "RequestEntityTooLarge"},
    {415, "Unsupported Media Type", NULL},
    {416, "Range Not Satisfiable", "RangeNotSatisfiable"},
    {417, "Expectation Failed", "BadRequest"},
    {422, "Unprocessable Content", "Invalid"},
    {426, "Upgrade Required", "BadRequest"},
    {429, "Too Many Requests", "TooManyRequests"},
    {431, "Request Header Fields Too Large", "BadRequest"},
    {500, "Internal Server Error", "InternalError"},
    {501, "Not Implemented", "BadRequest"},
    {503, "Service Unavailable", "ServiceUnavailable"},
    {504, "Gateway Timeout", NULL},
    {505, "HTTP Version Not Supported", "BadRequest"},
    {507, "Insufficient Storage", "InsufficientStorage"},
};

static const struct reason *find_reason(int code)
{
    static const struct reason unnamed = {0, "", NULL};

    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].code == code) {
            return &reasons[i];
        }
    }
    return &unnamed;
}

/* What came from elsewhere may not end the line it stands in. */
static void add_line_text(struct str *to, const char *text)
{
    for (; *text != '\0'; text++) {
        str_add_char(to, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
    }
}

static void add_date(struct str *to, struct wall now)
{
    time_t seconds = (time_t)(now.ms / 1000);
    char text[64];
    struct tm utc;

    if (gmtime_r(&seconds, &utc) != NULL &&
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0) {
        str_addf(to, "Date: %s\r\n", text);
    }
}

struct blob *http_reply_head(const struct http_reply *reply)
{
    _cleanup_(str_fini)
    struct str head = STR_EMPTY;
    bool has_body = reply->code != 204 && reply->code != 304;

    str_addf(&head, "HTTP/1.1 %d %s\r\n", reply->code, find_reason(reply->code)->phrase);
    add_date(&head, reply->now);
    if (has_body) {
        str_addf(&head, "Content-Type: %s\r\n",
                 reply->extra.content_type != NULL ? reply->extra.content_type
                 : reply->is_text                  ? "text/plain; charset=utf-8"
                                                   : "application/json");
    }
    if (reply->etag != NULL) {
        str_addf(&head, "Cache-Control: no-cache\r\nETag: %s\r\nVary: Accept\r\n", reply->etag);
    } else {
        str_add(&head, "Cache-Control: no-store\r\n");
    }
    str_add(&head, "X-Content-Type-Options: nosniff\r\n");
    if (reply->is_stream && reply->is_chunked) {
        str_add(&head, "Transfer-Encoding: chunked\r\n");
    } else if (has_body && !reply->is_stream) {
        str_addf(&head, "Content-Length: %zu\r\n", reply->size_bytes);
    }
    if (reply->extra.headers != NULL) {
        str_add(&head, reply->extra.headers);
    }
    if (reply->retry_after_seconds > 0) {
        str_addf(&head, "Retry-After: %d\r\n", reply->retry_after_seconds);
    }
    if (reply->warning != NULL) {
        str_add(&head, "Warning: ");
        add_line_text(&head, reply->warning);
        str_add(&head, "\r\n");
    }
    if (reply->is_last) {
        str_add(&head, "Connection: close\r\n");
    }
    str_add(&head, "\r\n");
    return blob_from_str(&head);
}

struct blob *http_refusal_body(const struct http_refusal *refusal)
{
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;

    str_addf(&body,
             "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
             "\"message\":\"%s\",\"reason\":\"%s\",\"code\":%d}\n",
             refusal->message, find_reason(refusal->code)->reason, refusal->code);
    return blob_from_str(&body);
}
