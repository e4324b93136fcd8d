/* Messages of the agent link, of either side: what is read survives being written, and what is
 * refused says why. */
#include "schema/base/arena.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static void read_again(struct arena *arena, const struct wire_message *message, bool from_agent)
{
    struct blob *first = wire_encode(message);
    struct wire_message again;

    /* Quantities and the like may be written longer than they were read. */
    if (first->size_bytes <= MESSAGE_BYTES_MAX) {
        int ret = wire_decode(arena, first->data, first->size_bytes, from_agent, &again, NULL);
        struct blob *second;

        assert(ret == 0);
        assert(again.type == message->type);
        second = wire_encode(&again);
        assert(second->size_bytes == first->size_bytes);
        assert(memcmp(second->data, first->data, first->size_bytes) == 0);
        blob_unref(second);
    }
    blob_unref(first);
}

static void read_as(const uint8_t *bytes, size_t size_bytes, bool from_agent)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct wire_message message;
    struct err err = ERR_NONE;
    int ret;

    arena_init(&arena);
    ret = wire_decode(&arena, (const char *)bytes, size_bytes, from_agent, &message, &err);
    if (ret != 0) {
        assert(ret == ERR_INVALID || ret == ERR_LIMIT);
        assert(err.text[0] != '\0');
        assert(wire_peek_type(&arena, (const char *)bytes, size_bytes) != NULL);
        return;
    }
    assert(str_eq(wire_peek_type(&arena, (const char *)bytes, size_bytes),
                  wire_table[message.type].name));
    read_again(&arena, &message, from_agent);
}

void fuzz_wire(const uint8_t *bytes, size_t size_bytes)
{
    read_as(bytes, size_bytes, true);
    read_as(bytes, size_bytes, false);
}
