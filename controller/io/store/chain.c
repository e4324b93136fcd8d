/* The hash chain over the ledger.  Every field goes in behind its length, so that no two rows give
 * the same bytes; the body goes in as its keyed digest, so that it may be erased later, and so that
 * the chain tells nothing about it to those without the key. */
#include "controller/io/store/inner.h"

#include "schema/base/str.h"

#include <string.h>

static void add_u64(struct str *bytes, uint64_t value)
{
    uint8_t little[8];

    for (size_t i = 0; i < sizeof(little); i++) {
        little[i] = (uint8_t)(value >> (8 * i));
    }
    str_add_bytes(bytes, little, sizeof(little));
}

static void add_field(struct str *bytes, const void *field, size_t size_bytes)
{
    add_u64(bytes, size_bytes);
    str_add_bytes(bytes, field, size_bytes);
}

static void add_number(struct str *bytes, uint64_t value)
{
    add_u64(bytes, sizeof(value));
    add_u64(bytes, value);
}

static void add_text(struct str *bytes, const char *text)
{
    add_field(bytes, text, strlen(text));
}

void chain_link(const uint8_t key[static KEY_SIZE], const struct digest *previous,
                const struct chain_row *row, struct digest *ret_link)
{
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY;

    add_field(&bytes, previous->bytes, DIGEST_SIZE);
    add_number(&bytes, row->seq);
    add_number(&bytes, row->revision);
    add_number(&bytes, (uint64_t)row->at.ms);
    add_number(&bytes, (uint64_t)row->verb);
    add_text(&bytes, row->kind);
    add_text(&bytes, row->name);
    add_text(&bytes, row->uid);
    add_number(&bytes, (uint64_t)row->generation);
    add_text(&bytes, row->who);
    add_text(&bytes, row->manager);
    add_text(&bytes, row->why);
    add_field(&bytes, row->body_mac, row->body_mac == NULL ? 0 : DIGEST_SIZE);
    digest_keyed(key, bytes.data, bytes.length, ret_link);
}
