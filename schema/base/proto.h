/* Protocol buffers as bytes: a writer, and a reader that trusts nothing.
 *
 * Neither knows a message: what a field means is its caller's affair.  A message inside another is
 * written into a text of its own first; the reader hands it out as bytes, for a reader of its own.
 *
 *     struct proto_reader reader = proto_reader_of(bytes, size_bytes);
 *     struct proto_field field;
 *     while (proto_next(&reader, &field)) { … }
 *     return !reader.is_bad; */
#pragma once

#include "schema/base/str.h"

enum proto_wire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

enum { PROTO_NUMBER_MAX = (1 << 29) - 1 };

void proto_add_uint(struct str *to, uint32_t number, uint64_t value);
void proto_add_double(struct str *to, uint32_t number, double value);
void proto_add_bytes(struct str *to, uint32_t number, const void *bytes, size_t size_bytes);
void proto_add_text(struct str *to, uint32_t number, const char *text); /* NULL: nothing */
void proto_add_message(struct str *to, uint32_t number, const struct str *message);

struct proto_field {
    uint32_t number; /* from 1 to PROTO_NUMBER_MAX */
    enum proto_wire wire;
    uint64_t value;    /* of VARINT, FIXED64, FIXED32 */
    const char *bytes; /* of BYTES; borrowed, no NUL behind them */
    size_t size_bytes;
};

struct proto_reader {
    const unsigned char *at; /* borrowed */
    size_t left;
    bool is_bad; /* what was read last is no field: cut off, or of no wire type */
};

struct proto_reader proto_reader_of(const void *bytes, size_t size_bytes);
/* False at the end, and when the rest cannot be read. */
bool proto_next(struct proto_reader *reader, struct proto_field *ret_field);
