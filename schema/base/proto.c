/* The wire format of protocol buffers: tags, varints and lengths. */
#include "schema/base/proto.h"

#include <assert.h>
#include <string.h>

enum { VARINT_BYTES_MAX = 10, WIRE_BITS = 3 };

static void add_varint(struct str *to, uint64_t value)
{
    while (value >= 0x80) {
        str_add_char(to, (char)(value | 0x80));
        value >>= 7;
    }
    str_add_char(to, (char)value);
}

static void add_tag(struct str *to, uint32_t number, enum proto_wire wire)
{
    assert(number > 0);
    assert(number <= PROTO_NUMBER_MAX);
    add_varint(to, (uint64_t)number << WIRE_BITS | wire);
}

static void add_little_endian(struct str *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        str_add_char(to, (char)(value >> 8 * i));
    }
}

void proto_add_uint(struct str *to, uint32_t number, uint64_t value)
{
    add_tag(to, number, PROTO_VARINT);
    add_varint(to, value);
}

void proto_add_double(struct str *to, uint32_t number, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    add_tag(to, number, PROTO_FIXED64);
    add_little_endian(to, bits, sizeof(bits));
}

void proto_add_bytes(struct str *to, uint32_t number, const void *bytes, size_t size_bytes)
{
    add_tag(to, number, PROTO_BYTES);
    add_varint(to, size_bytes);
    str_add_bytes(to, bytes, size_bytes);
}

void proto_add_text(struct str *to, uint32_t number, const char *text)
{
    if (text != NULL) {
        proto_add_bytes(to, number, text, strlen(text));
    }
}

void proto_add_message(struct str *to, uint32_t number, const struct str *message)
{
    proto_add_bytes(to, number, message->data, message->length);
}

struct proto_reader proto_reader_of(const void *bytes, size_t size_bytes)
{
    return (struct proto_reader){.at = bytes, .left = size_bytes};
}

static bool take_varint(struct proto_reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < VARINT_BYTES_MAX && i < reader->left; i++) {
        uint64_t part = reader->at[i] & 0x7f;

        if (i == VARINT_BYTES_MAX - 1 && part > 1) {
            return false; /* beyond 64 bits */
        }
        value |= part << 7 * i;
        if (reader->at[i] < 0x80) {
            reader->at += i + 1;
            reader->left -= i + 1;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_fixed(struct proto_reader *reader, size_t size, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (reader->left < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)reader->at[i] << 8 * i;
    }
    reader->at += size;
    reader->left -= size;
    *ret_value = value;
    return true;
}

static bool take_bytes(struct proto_reader *reader, struct proto_field *field)
{
    uint64_t length;

    if (!take_varint(reader, &length) || length > reader->left) {
        return false;
    }
    field->bytes = (const char *)reader->at;
    field->size_bytes = (size_t)length;
    reader->at += length;
    reader->left -= (size_t)length;
    return true;
}

static bool take_value(struct proto_reader *reader, struct proto_field *field)
{
    switch (field->wire) {
    case PROTO_VARINT:
        return take_varint(reader, &field->value);
    case PROTO_FIXED64:
        return take_fixed(reader, sizeof(uint64_t), &field->value);
    case PROTO_FIXED32:
        return take_fixed(reader, sizeof(uint32_t), &field->value);
    case PROTO_BYTES:
        return take_bytes(reader, field);
    }
    return false; /* groups, and what never was a wire type */
}

bool proto_next(struct proto_reader *reader, struct proto_field *ret_field)
{
    struct proto_field field = {0};
    uint64_t tag;

    if (reader->is_bad || reader->left == 0) {
        return false;
    }
    reader->is_bad = true;
    if (!take_varint(reader, &tag) || tag >> WIRE_BITS == 0 ||
        tag >> WIRE_BITS > PROTO_NUMBER_MAX) {
        return false;
    }
    field.number = (uint32_t)(tag >> WIRE_BITS);
    field.wire = (enum proto_wire)(tag & 7);
    if (!take_value(reader, &field)) {
        return false;
    }
    reader->is_bad = false;
    *ret_field = field;
    return true;
}
