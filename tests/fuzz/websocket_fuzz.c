/* Frames of a client: the way bytes are cut changes nothing, only control frames come through, each
 * as it was masked, and what is sent back has the length it says. */
#include "controller/io/websocket.h"
#include "schema/base/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

/* One frame in pieces of at most `piece` bytes; returns how many bytes it took. */
static size_t feed(struct websocket_parser *parser, const char *bytes, size_t size_bytes,
                   size_t piece)
{
    size_t used = 0;

    while (used < size_bytes && parser->state == WEBSOCKET_READING) {
        size_t left = size_bytes - used, taken;

        taken = websocket_feed(parser, bytes + used, left < piece ? left : piece);
        assert(taken > 0 && taken <= left);
        used += taken;
    }
    return used;
}

static void check_answer(const struct websocket_parser *parser)
{
    struct blob *pong = websocket_frame(WEBSOCKET_PONG, parser->payload, parser->size_bytes);
    struct blob *close = websocket_close(parser->close_code, "");

    assert(pong->size_bytes == 2 + parser->size_bytes);
    assert((uint8_t)pong->data[1] == parser->size_bytes);
    assert(close->size_bytes == (parser->close_code == WEBSOCKET_NO_CODE ? 2 : 4));
    blob_unref(pong);
    blob_unref(close);
}

static void check_whole(const struct websocket_parser *parser, const uint8_t *bytes, size_t used)
{
    assert(parser->opcode >= WEBSOCKET_CLOSE && parser->opcode <= WEBSOCKET_PONG);
    assert(parser->size_bytes <= WEBSOCKET_CONTROL_BYTES_MAX);
    assert(used == WEBSOCKET_HEAD_BYTES + parser->size_bytes);
    assert(bytes[0] == (0x80 | (unsigned)parser->opcode));
    for (size_t i = 0; i < parser->size_bytes; i++) {
        assert(parser->payload[i] == (bytes[WEBSOCKET_HEAD_BYTES + i] ^ bytes[2 + i % 4]));
    }
    if (parser->opcode == WEBSOCKET_CLOSE && parser->size_bytes > 0) {
        size_t reason = parser->size_bytes - 2;

        assert(parser->size_bytes >= 2 && parser->close_code >= 1000 && parser->close_code < 5000);
        assert(utf8_valid_bytes((const char *)parser->payload + 2, reason) == reason);
    } else {
        assert(parser->close_code == WEBSOCKET_NO_CODE);
    }
    check_answer(parser);
}

void fuzz_websocket(const uint8_t *bytes, size_t size_bytes)
{
    const char *text = (const char *)bytes;
    struct websocket_parser whole, cut;
    size_t done = 0, used;

    websocket_init(&whole);
    websocket_init(&cut);
    while (done < size_bytes) {
        used = feed(&whole, text + done, size_bytes - done, size_bytes);
        assert(feed(&cut, text + done, size_bytes - done, 1 + done % 7) == used);
        assert(whole.state == cut.state && whole.refused_code == cut.refused_code);
        assert(whole.payload_bytes == cut.payload_bytes && whole.close_code == cut.close_code);
        assert(memcmp(whole.payload, cut.payload, sizeof(whole.payload)) == 0);
        if (whole.state == WEBSOCKET_REFUSED) {
            assert(whole.refused != NULL && whole.refused_code >= WEBSOCKET_PROTOCOL);
            return;
        }
        if (whole.state == WEBSOCKET_WHOLE) {
            check_whole(&whole, bytes + done, used);
            websocket_next(&whole);
            websocket_next(&cut);
        }
        done += used;
    }
}
