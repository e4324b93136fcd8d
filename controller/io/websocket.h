/* WebSocket frames as a server reads and writes them (RFC 6455), from bytes as they come: no
 * socket, no clock, so that it can be fuzzed.
 *
 * Who watches has nothing to say: of a client's frames close, ping and pong are taken, whole and
 * masked as they must be, and everything else is refused at its first byte that shows it, before
 * anything of it is kept.  So a frame is never larger than a control frame, 125 bytes.
 *
 *     READING ──a whole frame──▶ WHOLE ──websocket_next()──▶ READING      anywhere ──▶ REFUSED */
#pragma once

#include "schema/base/str.h"

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0x0,
    WEBSOCKET_TEXT = 0x1,
    WEBSOCKET_BINARY = 0x2,
    WEBSOCKET_CLOSE = 0x8,
    WEBSOCKET_PING = 0x9,
    WEBSOCKET_PONG = 0xa,
};

/* Of a close frame: RFC 6455, 7.4, and its registry. */
enum websocket_code {
    WEBSOCKET_NO_CODE = 0,    /* it has none */
    WEBSOCKET_DONE = 1000,    /* all was said */
    WEBSOCKET_LEAVING = 1001, /* this controller ends */
    WEBSOCKET_PROTOCOL = 1002,
    WEBSOCKET_UNWANTED = 1003, /* data, of which none is taken */
    WEBSOCKET_NO_TEXT = 1007,  /* not UTF-8 */
    WEBSOCKET_RESTART = 1012,  /* the state is loaded again: come back */
    WEBSOCKET_LATER = 1013,    /* too slow, or too many: come back when there is time */
};

enum {
    WEBSOCKET_CONTROL_BYTES_MAX = 125,
    WEBSOCKET_HEAD_BYTES = 6, /* of a client's control frame: two, and the mask */
};

enum websocket_state { WEBSOCKET_READING, WEBSOCKET_WHOLE, WEBSOCKET_REFUSED };

struct websocket_parser {
    enum websocket_state state;
    uint8_t head[WEBSOCKET_HEAD_BYTES];
    size_t head_bytes;
    enum websocket_opcode opcode; /* when WHOLE, as the next three */
    uint8_t payload[WEBSOCKET_CONTROL_BYTES_MAX];
    size_t size_bytes;
    enum websocket_code close_code; /* of a CLOSE */
    size_t payload_bytes;           /* of it, that came */
    enum websocket_code refused_code;
    const char *refused; /* why, in words */
};

void websocket_init(struct websocket_parser *parser);
/* Takes bytes up to the end of one frame and returns how many; fewer than given only when WHOLE or
 * REFUSED.  Not to be called again before websocket_next(), nor after a refusal. */
size_t websocket_feed(struct websocket_parser *parser, const char *bytes, size_t size_bytes);
void websocket_next(struct websocket_parser *parser);

/* A whole frame for a client. */
struct blob *websocket_frame(enum websocket_opcode opcode, const void *bytes, size_t size_bytes);
/* NO_CODE: an empty one.  The reason is cut to what a frame can have. */
struct blob *websocket_close(enum websocket_code code, const char *reason);
