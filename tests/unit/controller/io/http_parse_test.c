/* The request parser: what it takes, what it refuses and with which status, its bounds, and that
 * the way bytes are cut on their way changes nothing. */
#include "controller/io/http_parse.h"

#include "schema/base/rand.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEAD "POST /apis/fog/v1/harvestsessions?dryRun=All HTTP/1.1\r\nHost: fog\r\n"

/* Feeds in pieces of at most `piece` bytes; returns how many were taken. */
static size_t feed(struct http_parser *parser, const char *bytes, size_t size_bytes, size_t piece)
{
    size_t used = 0;

    while (used < size_bytes && parser->state < HTTP_PARSE_DONE) {
        size_t left = size_bytes - used;
        used += http_parser_feed(parser, bytes + used, left < piece ? left : piece);
    }
    return used;
}

/* Given these bytes, whole or cut into single ones, the parser refuses with this status. */
static void refused(const char *bytes, size_t size_bytes, int code)
{
    for (int i = 0; i < 2; i++) {
        struct http_parser parser;
        http_parser_init(&parser);
        (void)feed(&parser, bytes, size_bytes, i == 0 ? size_bytes : 1);
        if (parser.state != HTTP_PARSE_REFUSED || parser.refused_code != code) {
            fail_msg("state %d, code %d instead of %d: %.200s", parser.state, parser.refused_code,
                     code, bytes);
        }
        assert_non_null(parser.refused);
        http_parser_fini(&parser);
    }
}

#define REFUSED(code, text) refused(text, sizeof(text) - 1, code)

static struct http_parser taken(const char *text)
{
    struct http_parser parser;

    http_parser_init(&parser);
    assert_int_equal(feed(&parser, text, strlen(text), strlen(text)), strlen(text));
    assert_int_equal(parser.state, HTTP_PARSE_DONE);
    return parser;
}

static void a_request_without_a_body_is_done_at_the_empty_line(void **state)
{
    (void)state;
    struct http_parser parser =
        taken("GET /version HTTP/1.1\r\nHost: x\r\nUser-Agent:  kubectl \t\r\nEmpty:\r\n\r\n");

    assert_string_equal(parser.method, "GET");
    assert_string_equal(parser.target, "/version");
    assert_string_equal(http_parser_header(&parser, "user-agent"), "kubectl");
    assert_string_equal(http_parser_header(&parser, "empty"), "");
    assert_null(http_parser_header(&parser, "accept"));
    assert_true(parser.is_keep_alive);
    http_parser_fini(&parser);
}

static void bodies_come_by_length_or_by_chunks(void **state)
{
    (void)state;
    struct http_parser sized = taken(HEAD "Content-Length: 5\r\n\r\nhello");
    struct http_parser chunked = taken(HEAD "Transfer-Encoding: Chunked\r\n\r\n"
                                            "3;note=\"a b\"\r\nhel\r\n02\r\nlo\r\n0\r\n"
                                            "Checksum: 1\r\n\r\n");

    assert_string_equal(sized.body.data, "hello");
    assert_string_equal(chunked.body.data, "hello");
    http_parser_fini(&sized);
    http_parser_fini(&chunked);
}

static void bytes_of_the_next_request_are_left_alone(void **state)
{
    (void)state;
    const char *two = "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_parser parser;
    size_t used;

    http_parser_init(&parser);
    used = http_parser_feed(&parser, two, strlen(two));
    assert_string_equal(parser.target, "/a");
    assert_true(str_starts(two + used, "GET /b"));
    http_parser_reset(&parser);
    assert_true(http_parser_is_idle(&parser));
    used += http_parser_feed(&parser, two + used, strlen(two) - used);
    assert_string_equal(parser.target, "/b");
    assert_int_equal(used, strlen(two));
    http_parser_fini(&parser);
}

static void connections_stay_open_unless_asked_to_close(void **state)
{
    (void)state;
    struct http_parser closing =
        taken("GET / HTTP/1.1\r\nHost: x\r\nConnection: te, CLOSE\r\n\r\n");
    struct http_parser old = taken("GET http://h/x HTTP/1.0\r\n\r\n");
    struct http_parser waiting = taken(HEAD "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");

    assert_false(closing.is_keep_alive);
    assert_false(old.is_keep_alive);
    assert_string_equal(old.target, "/x");
    assert_true(waiting.expects_continue);
    http_parser_fini(&closing);
    http_parser_fini(&old);
    http_parser_fini(&waiting);
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    REFUSED(400, "GET\r\n\r\n");
    REFUSED(400, "GET /\r\n\r\n");
    REFUSED(400, " / HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GE(T / HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET a HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET http://host HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET / FTP/1.1\r\nHost: x\r\n\r\n");
    REFUSED(505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n");
    REFUSED(505, "GET / HTTP/1.2\r\nHost: x\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n");
}

static void what_readers_could_frame_differently_is_refused(void **state)
{
    (void)state;
    REFUSED(400, "GET / HTTP/1.1\nHost: x\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n");
    REFUSED(400, "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    REFUSED(400, HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: -1\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: +1\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: 1, 1\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: 0x1\r\n\r\n");
    REFUSED(400, HEAD "Content-Length: 18446744073709551616\r\n\r\n");
    REFUSED(501, HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n");
    REFUSED(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    REFUSED(417, HEAD "Expect: the-unexpected\r\n\r\n");
}

#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void broken_chunks_are_refused(void **state)
{
    (void)state;
    REFUSED(400, CHUNKED "\r\n");
    REFUSED(400, CHUNKED "g\r\n");
    REFUSED(400, CHUNKED "-1\r\n");
    REFUSED(400, CHUNKED "0x1\r\n");
    REFUSED(400, CHUNKED "1\nA\r\n");
    REFUSED(400, CHUNKED "1\rA");
    REFUSED(400, CHUNKED "1\r\nAB\r\n");
    REFUSED(400, CHUNKED "1\r\nA\rB");
    REFUSED(400, CHUNKED "00000000000000001\r\nA");
    REFUSED(413, CHUNKED "fffffffffffffff\r\nA");
    REFUSED(400, CHUNKED "0\r\nA\n");
    REFUSED(400, CHUNKED "0\r\nA\rB");
}

/* A text of this many bytes: the head, then filling up to the size, then the tail. */
static char *filled(const char *head, const char *tail, size_t size_bytes)
{
    char *text = mem_alloc(size_bytes + 1);
    size_t head_bytes = strlen(head), tail_bytes = strlen(tail);

    memset(text, 'f', size_bytes);
    memcpy(text, head, head_bytes);
    memcpy(text + size_bytes - tail_bytes, tail, tail_bytes);
    return text;
}

static void a_head_may_have_8_kib_and_no_more(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        size_t size = (size_t)(HTTP_HEADER_BYTES_MAX + more);
        _cleanup_free_ char *text = filled(HEAD "A: ", "\r\n\r\n", size);

        if (more > 0) {
            refused(text, size, 431);
        } else {
            struct http_parser parser = taken(text);
            http_parser_fini(&parser);
        }
    }
}

static void a_request_may_have_100_headers_and_no_more(void **state)
{
    (void)state;
    for (int count = 99; count <= 101; count++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;

        str_add(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
        for (int i = 1; i < count; i++) {
            str_add(&text, "A: b\r\n");
        }
        str_add(&text, "\r\n");
        if (count > HTTP_HEADERS_MAX) {
            refused(text.data, text.length, 431);
        } else {
            struct http_parser parser = taken(text.data);
            http_parser_fini(&parser);
        }
    }
}

static void a_length_is_refused_before_its_body_is_kept(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct http_parser parser;

    REFUSED(413, HEAD "Content-Length: 33554433\r\n\r\n");
    http_parser_init(&parser);
    str_add(&text, HEAD "Content-Length: 33554432\r\n\r\nx");
    assert_int_equal(http_parser_feed(&parser, text.data, text.length), text.length);
    assert_int_equal(parser.state, HTTP_PARSE_BODY);
    assert_true(parser.body.capacity <= 4096);
    http_parser_fini(&parser);
}

static void chunks_are_counted_against_the_limit(void **state)
{
    (void)state;
    for (int more = 0; more <= 1; more++) {
        struct http_parser parser;
        _cleanup_free_ char *chunk = filled("1000000\r\n", "\r\n", 9 + (16 << 20) + 2);
        const char *last = more ? "1\r\n" : "0\r\n\r\n";

        http_parser_init(&parser);
        assert_int_equal(feed(&parser, CHUNKED, strlen(CHUNKED), 4096), strlen(CHUNKED));
        (void)feed(&parser, chunk, strlen(chunk), 65536);
        (void)feed(&parser, chunk, strlen(chunk), 65536);
        assert_int_equal(parser.body.length, HTTP_BODY_BYTES_MAX);
        (void)feed(&parser, last, strlen(last), 65536);
        assert_int_equal(parser.state, more ? HTTP_PARSE_REFUSED : HTTP_PARSE_DONE);
        assert_int_equal(parser.refused_code, more ? 413 : 0);
        http_parser_fini(&parser);
    }
}

static void chunk_lines_and_trailers_are_bounded(void **state)
{
    (void)state;
    _cleanup_free_ char *line = filled(CHUNKED "1;", "\r\nA\r\n0\r\n\r\n", 400);
    _cleanup_free_ char *trailer = filled(CHUNKED "0\r\n", "\r\n\r\n", 9000);

    refused(line, 400, 400);
    refused(trailer, 9000, 431);
}

static void the_way_bytes_are_cut_changes_nothing(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        CHUNKED "3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: r\r\n\r\n",
        HEAD "Content-Length: 7\r\nAccept: */*\r\n\r\n1234567",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    };
    static const char spice[] = "\r\n: ;0aF\0\x80,";
    struct rand rand;

    rand_init_u64(&rand, 7);
    for (int round = 0; round < 20000; round++) {
        const char *seed = seeds[rand_below(&rand, COUNT_OF(seeds))];
        size_t size = strlen(seed);
        _cleanup_free_ char *text = mem_strdup(seed);
        struct http_parser whole, cut;

        for (uint64_t n = rand_below(&rand, 4); n > 0; n--) {
            text[rand_below(&rand, size)] = spice[rand_below(&rand, sizeof(spice))];
        }
        http_parser_init(&whole);
        http_parser_init(&cut);
        size_t used = feed(&whole, text, size, size);
        assert_int_equal(feed(&cut, text, size, 1 + rand_below(&rand, 5)), used);
        assert_int_equal(whole.state, cut.state);
        assert_int_equal(whole.refused_code, cut.refused_code);
        assert_int_equal(whole.body.length, cut.body.length);
        assert_memory_equal(whole.body.data, cut.body.data, whole.body.length);
        http_parser_fini(&whole);
        http_parser_fini(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_a_body_is_done_at_the_empty_line),
        cmocka_unit_test(bodies_come_by_length_or_by_chunks),
        cmocka_unit_test(bytes_of_the_next_request_are_left_alone),
        cmocka_unit_test(connections_stay_open_unless_asked_to_close),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(what_readers_could_frame_differently_is_refused),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(a_head_may_have_8_kib_and_no_more),
        cmocka_unit_test(a_request_may_have_100_headers_and_no_more),
        cmocka_unit_test(a_length_is_refused_before_its_body_is_kept),
        cmocka_unit_test(chunks_are_counted_against_the_limit),
        cmocka_unit_test(chunk_lines_and_trailers_are_bounded),
        cmocka_unit_test(the_way_bytes_are_cut_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
