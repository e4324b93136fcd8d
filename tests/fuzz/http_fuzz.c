/* Requests: the way bytes are cut changes nothing, what is refused has a status and a reason, and
 * no bound is passed. */
#include "controller/io/http_parse.h"
#include "schema/limits.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

/* Feeds one request in pieces of at most `piece` bytes; returns how many bytes it took. */
static size_t feed(struct http_parser *parser, const char *bytes, size_t size_bytes, size_t piece)
{
    size_t used = 0, taken = 1;

    while (used < size_bytes && taken > 0 && parser->state < HTTP_PARSE_DONE) {
        size_t left = size_bytes - used;
        taken = http_parser_feed(parser, bytes + used, left < piece ? left : piece);
        assert(taken <= left);
        used += taken;
    }
    assert(used == size_bytes || parser->state >= HTTP_PARSE_DONE);
    return used;
}

static void check(const struct http_parser *parser)
{
    assert(parser->head.length <= HTTP_HEADER_BYTES_MAX);
    assert(parser->body.length <= HTTP_BODY_BYTES_MAX);
    assert(parser->headers.count <= HTTP_HEADERS_MAX);
    if (parser->state == HTTP_PARSE_REFUSED) {
        assert(parser->refused_code >= 400);
        assert(parser->refused != NULL);
    } else if (parser->state == HTTP_PARSE_DONE) {
        assert(*parser->method != '\0');
        assert(*parser->target == '/' || *parser->target == '*');
        assert(parser->is_http_1_0 || http_parser_header(parser, "host") != NULL);
    }
}

void fuzz_http(const uint8_t *bytes, size_t size_bytes)
{
    const char *text = (const char *)bytes;
    struct http_parser whole, cut;
    size_t done = 0, used;

    http_parser_init(&whole);
    http_parser_init(&cut);
    do { /* one request after another, as on a connection */
        used = feed(&whole, text + done, size_bytes - done, size_bytes);
        assert(feed(&cut, text + done, size_bytes - done, 1 + done % 7) == used);
        check(&whole);
        assert(whole.state == cut.state);
        assert(whole.refused_code == cut.refused_code);
        assert(whole.body.length == cut.body.length);
        assert(memcmp(whole.body.data, cut.body.data, whole.body.length) == 0);
        done += used;
        if (whole.state != HTTP_PARSE_DONE) {
            break;
        }
        http_parser_reset(&whole);
        http_parser_reset(&cut);
    } while (done < size_bytes);
    http_parser_fini(&whole);
    http_parser_fini(&cut);
}
