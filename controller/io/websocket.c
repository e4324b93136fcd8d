/* One byte after another: the first two say what a frame is, and are looked at as soon as they are
 * there; what they promise is then collected and unmasked. */
#include "controller/io/websocket.h"

#include "schema/base/utf8.h"

#include <assert.h>
#include <string.h>

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    MASK_BYTES = 4,
    HEAD_BYTES_MAX = 10, /* of a frame of ours */
};

void websocket_init(struct websocket_parser *parser)
{
    *parser = (struct websocket_parser){.state = WEBSOCKET_READING};
}

void websocket_next(struct websocket_parser *parser)
{
    assert(parser->state == WEBSOCKET_WHOLE);
    websocket_init(parser);
}

static void refuse(struct websocket_parser *parser, enum websocket_code code, const char *why)
{
    parser->state = WEBSOCKET_REFUSED;
    parser->refused_code = code;
    parser->refused = why;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void take_first_byte(struct websocket_parser *parser, uint8_t byte)
{
    int opcode = byte & OPCODE;

    parser->opcode = (enum websocket_opcode)opcode;
    if ((byte & RESERVED) != 0) {
        refuse(parser, WEBSOCKET_PROTOCOL, "a reserved bit is set, and no extension was agreed on");
    } else if (opcode == WEBSOCKET_TEXT || opcode == WEBSOCKET_BINARY) {
        refuse(parser, WEBSOCKET_UNWANTED, "who watches sends close, ping and pong alone");
    } else if (opcode == WEBSOCKET_CONTINUATION) {
        refuse(parser, WEBSOCKET_PROTOCOL, "there is nothing to continue");
    } else if (opcode < WEBSOCKET_CLOSE || opcode > WEBSOCKET_PONG) {
        refuse(parser, WEBSOCKET_PROTOCOL, "no frame has this opcode");
    } else if ((byte & FIN) == 0) {
        refuse(parser, WEBSOCKET_PROTOCOL, "a control frame is in pieces");
    }
}

static void take_second_byte(struct websocket_parser *parser, uint8_t byte)
{
    parser->size_bytes = byte & LENGTH;
    if ((byte & MASKED) == 0) {
        refuse(parser, WEBSOCKET_PROTOCOL, "a client's frame must be masked");
    } else if (parser->size_bytes > WEBSOCKET_CONTROL_BYTES_MAX) {
        refuse(parser, WEBSOCKET_PROTOCOL, "a control frame has more than 125 bytes");
    }
}

/* Those that a peer may send: 1004 to 1006 and 1015 are for what was never sent. */
static bool is_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void end_close(struct websocket_parser *parser)
{
    unsigned code = (unsigned)parser->payload[0] << 8 | parser->payload[1];
    size_t reason_bytes;

    if (parser->size_bytes == 0) {
        return;
    }
    if (parser->size_bytes == 1 || !is_code(code)) {
        refuse(parser, WEBSOCKET_PROTOCOL, "a close frame has no code that one may have");
        return;
    }
    reason_bytes = parser->size_bytes - 2;
    if (utf8_valid_bytes((const char *)parser->payload + 2, reason_bytes) != reason_bytes) {
        refuse(parser, WEBSOCKET_NO_TEXT, "the reason of a close frame is not UTF-8");
        return;
    }
    parser->close_code = (enum websocket_code)code;
}

static void end_frame(struct websocket_parser *parser)
{
    parser->state = WEBSOCKET_WHOLE;
    if (parser->opcode == WEBSOCKET_CLOSE) {
        end_close(parser);
    }
}

static void take_head(struct websocket_parser *parser, uint8_t byte)
{
    parser->head[parser->head_bytes++] = byte;
    if (parser->head_bytes == 1) {
        take_first_byte(parser, byte);
    } else if (parser->head_bytes == 2) {
        take_second_byte(parser, byte);
    } else if (parser->head_bytes == WEBSOCKET_HEAD_BYTES && parser->size_bytes == 0) {
        end_frame(parser);
    }
}

size_t websocket_feed(struct websocket_parser *parser, const char *bytes, size_t size_bytes)
{
    size_t used = 0;

    while (used < size_bytes && parser->state == WEBSOCKET_READING) {
        uint8_t byte = (uint8_t)bytes[used++];

        if (parser->head_bytes < WEBSOCKET_HEAD_BYTES) {
            take_head(parser, byte);
            continue;
        }
        parser->payload[parser->payload_bytes] =
            byte ^ parser->head[2 + parser->payload_bytes % MASK_BYTES];
        parser->payload_bytes++;
        if (parser->payload_bytes == parser->size_bytes) {
            end_frame(parser);
        }
    }
    return used;
}

/* --- writing ---------------------------------------------------------------------------------- */

static size_t write_head(enum websocket_opcode opcode, size_t size_bytes, uint8_t *head)
{
    size_t length_bytes = size_bytes <= WEBSOCKET_CONTROL_BYTES_MAX ? 0
                          : size_bytes <= UINT16_MAX                ? 2
                                                                    : 8;

    head[0] = (uint8_t)(FIN | (unsigned)opcode);
    head[1] = (uint8_t)(length_bytes == 0 ? size_bytes : length_bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < length_bytes; i++) {
        head[2 + i] = (uint8_t)(size_bytes >> 8 * (length_bytes - 1 - i));
    }
    return 2 + length_bytes;
}

struct blob *websocket_frame(enum websocket_opcode opcode, const void *bytes, size_t size_bytes)
{
    uint8_t head[HEAD_BYTES_MAX];
    size_t head_bytes = write_head(opcode, size_bytes, head);
    struct blob *frame = mem_alloc(sizeof(*frame) + head_bytes + size_bytes + 1);

    frame->refs = 1;
    frame->size_bytes = head_bytes + size_bytes;
    memcpy(frame->data, head, head_bytes);
    if (size_bytes > 0) {
        memcpy(frame->data + head_bytes, bytes, size_bytes);
    }
    frame->data[frame->size_bytes] = '\0';
    return frame;
}

struct blob *websocket_close(enum websocket_code code, const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_BYTES_MAX];
    size_t length = strlen(reason), room = sizeof(payload) - 2;

    if (code == WEBSOCKET_NO_CODE) {
        return websocket_frame(WEBSOCKET_CLOSE, NULL, 0);
    }
    length = utf8_valid_bytes(reason, length < room ? length : room);
    payload[0] = (uint8_t)((unsigned)code >> 8);
    payload[1] = (uint8_t)code;
    memcpy(payload + 2, reason, length);
    return websocket_frame(WEBSOCKET_CLOSE, payload, 2 + length);
}
