/* A stream is cut where something strikes: the nearest of the places that were drawn for the rules
 * that are on.  Up to there bytes are queued as they are. */
#include "tests/chaos/proxy_stream.h"

#include "schema/base/digest.h"
#include "schema/base/str.h"

#include <assert.h>

enum {
    JITTER_BLOCK_BYTES = 256,
    EVERY_DEFAULT = 4096,
    GARBAGE_BYTES = 64,
    GARBAGE_BYTES_MAX = 4096
};

static const char *const names[FAULTS] = {
    [FAULT_BLACKHOLE] = "blackhole",   [FAULT_CHOP] = "chop",         [FAULT_CORRUPT] = "corrupt",
    [FAULT_DELAY] = "delay",           [FAULT_FREEZE] = "freeze",     [FAULT_GARBAGE] = "garbage",
    [FAULT_HALF_CLOSE] = "half-close", [FAULT_REFUSE] = "refuse",     [FAULT_RESET] = "reset",
    [FAULT_STALL] = "stall",           [FAULT_THROTTLE] = "throttle",
};

/* Those that strike at a place in the stream. */
static const enum fault striking[] = {FAULT_STALL,   FAULT_RESET,   FAULT_HALF_CLOSE,
                                      FAULT_GARBAGE, FAULT_CORRUPT, FAULT_CHOP};

const char *fault_to_str(enum fault fault)
{
    return names[fault];
}

bool fault_from_str(const char *text, enum fault *ret_fault)
{
    for (size_t i = 0; i < FAULTS; i++) {
        if (str_eq(text, names[i])) {
            *ret_fault = (enum fault)i;
            return true;
        }
    }
    return false;
}

static uint64_t mix(uint64_t seed, uint64_t with)
{
    uint64_t x = (seed ^ with) * 0x9e3779b97f4a7c15u;

    return x ^ (x >> 29);
}

void stream_init(struct stream *stream, struct way *way, uint64_t seed, const char *name,
                 uint64_t number, int direction)
{
    *stream = (struct stream){.way = way, .seed = seed};
    for (const char *c = name; *c != '\0'; c++) {
        stream->seed = mix(stream->seed, (unsigned char)*c);
    }
    stream->seed = mix(mix(stream->seed, number), (uint64_t)direction + 1);
    for (size_t i = 0; i < FAULTS; i++) {
        rand_init_u64(&stream->next[i].rand, mix(stream->seed, i + 100));
    }
    dlist_init(&stream->pieces);
}

static void drop_pieces(struct stream *stream)
{
    dlist_each (&stream->pieces, struct piece, link, it) {
        dlist_remove(&it->link);
        free(it);
    }
    stream->waiting_bytes = 0;
}

void stream_fini(struct stream *stream)
{
    drop_pieces(stream);
}

struct piece *stream_first(const struct stream *stream)
{
    return dlist_is_empty(&stream->pieces) ? NULL
                                           : dlist_owner(stream->pieces.next, struct piece, link);
}

void stream_sent(struct stream *stream, size_t size)
{
    struct piece *piece = stream_first(stream);

    assert(piece != NULL);
    assert(size <= piece->size - piece->sent);
    piece->sent += size;
    stream->waiting_bytes -= size;
    stream->way->bytes += size;
    if (piece->sent == piece->size) {
        dlist_remove(&piece->link);
        free(piece);
    }
}

void stream_end(struct stream *stream)
{
    stream->is_ending = true;
}

/* --- what strikes -------------------------------------------------------------------------------
 */

static uint64_t gap(struct stream *stream, enum fault fault)
{
    const struct rule *rule = &stream->way->rules[fault];
    int64_t most = fault == FAULT_CHOP ? (rule->size > 0 ? rule->size : 1)
                                       : 2 * (rule->every > 0 ? rule->every : EVERY_DEFAULT);

    return (uint64_t)rand_between(&stream->next[fault].rand, 1, most);
}

/* Draws anew for rules that were switched on since the last look. */
static void look_at_rules(struct stream *stream)
{
    for (size_t i = 0; i < COUNT_OF(striking); i++) {
        enum fault fault = striking[i];
        const struct rule *rule = &stream->way->rules[fault];

        if (rule->is_on && stream->next[fault].order != rule->order) {
            stream->next[fault].order = rule->order;
            stream->next[fault].at = stream->offset + gap(stream, fault);
        }
    }
}

static bool find_next(const struct stream *stream, uint64_t before, enum fault *ret_fault)
{
    bool found = false;

    for (size_t i = 0; i < COUNT_OF(striking); i++) {
        enum fault fault = striking[i];

        if (stream->way->rules[fault].is_on && stream->next[fault].at < before) {
            before = stream->next[fault].at;
            *ret_fault = fault;
            found = true;
        }
    }
    return found;
}

static int64_t lateness(struct stream *stream)
{
    const struct rule *rule = &stream->way->rules[FAULT_DELAY];
    struct rand rand;
    int64_t ms;

    if (!rule->is_on) {
        return 0;
    }
    rand_init_u64(&rand, mix(stream->seed, stream->offset / JITTER_BLOCK_BYTES + 1000));
    ms = rule->ms +
         (rule->jitter_ms > 0 ? rand_between(&rand, -rule->jitter_ms, rule->jitter_ms) : 0);
    stream->way->fired[FAULT_DELAY]++;
    return ms > 0 ? ms : 0;
}

static void queue(struct stream *stream, const char *bytes, size_t size, int64_t now_ms)
{
    struct piece *piece = mem_alloc(sizeof(*piece) + size);
    int64_t due_ms = now_ms + lateness(stream);

    memcpy(piece->bytes, bytes, size);
    piece->size = size;
    stream->due_ms = piece->due_ms = due_ms > stream->due_ms ? due_ms : stream->due_ms;
    stream->waiting_bytes += size;
    dlist_init(&piece->link);
    dlist_add(&stream->pieces, &piece->link);
}

static void queue_garbage(struct stream *stream, int64_t now_ms)
{
    struct rand *rand = &stream->next[FAULT_GARBAGE].rand;
    int64_t size = stream->way->rules[FAULT_GARBAGE].size;
    char bytes[GARBAGE_BYTES_MAX];

    size = size < 1 ? GARBAGE_BYTES : size > GARBAGE_BYTES_MAX ? GARBAGE_BYTES_MAX : size;
    for (int64_t i = 0; i < size; i++) {
        bytes[i] = (char)rand_below(rand, 256);
    }
    queue(stream, bytes, (size_t)size, now_ms);
}

static char draw_bit(struct stream *stream)
{
    int64_t bit = stream->way->rules[FAULT_CORRUPT].size;

    return (char)(1 << (bit >= 1 && bit <= 8
                            ? bit - 1
                            : (int64_t)rand_below(&stream->next[FAULT_CORRUPT].rand, 8)));
}

/* At the byte that comes next; `ret_flip` is XORed to it. */
static void strike(struct stream *stream, enum fault fault, int64_t now_ms, char *ret_flip)
{
    int64_t base_ms = now_ms > stream->due_ms ? now_ms : stream->due_ms;

    stream->way->fired[fault]++;
    stream->next[fault].at = stream->offset + gap(stream, fault);
    if (fault == FAULT_STALL) {
        stream->due_ms = base_ms + stream->way->rules[FAULT_STALL].ms;
    } else if (fault == FAULT_RESET) {
        stream->is_reset = stream->is_lost = true;
    } else if (fault == FAULT_HALF_CLOSE) {
        stream->is_ending = stream->is_lost = true;
    } else if (fault == FAULT_GARBAGE) {
        queue_garbage(stream, now_ms);
    } else if (fault == FAULT_CORRUPT) {
        *ret_flip = (char)(*ret_flip ^ draw_bit(stream));
    }
}

/* Up to the end of the block that has one lateness. */
static uint64_t block_end(const struct stream *stream)
{
    return stream->way->rules[FAULT_DELAY].is_on
               ? (stream->offset / JITTER_BLOCK_BYTES + 1) * JITTER_BLOCK_BYTES
               : UINT64_MAX;
}

static bool swallow(struct stream *stream, size_t size)
{
    if (stream->way->rules[FAULT_BLACKHOLE].is_on && size > 0) {
        stream->way->fired[FAULT_BLACKHOLE]++;
        stream->is_lost = true;
    }
    if (stream->is_lost) {
        stream->offset += size;
    }
    return stream->is_lost;
}

void stream_feed(struct stream *stream, const char *bytes, size_t size, int64_t now_ms)
{
    uint64_t end = stream->offset + size;
    enum fault fault = FAULT_CHOP;

    if (swallow(stream, size)) {
        return;
    }
    look_at_rules(stream);
    while (stream->offset < end) {
        uint64_t until = block_end(stream);
        const char *from = bytes + (size - (end - stream->offset));
        char flip = 0, flipped;

        while (!stream->is_lost && find_next(stream, stream->offset + 1, &fault)) {
            strike(stream, fault, now_ms, &flip);
        }
        if (stream->is_lost) {
            stream->offset = end;
            return;
        }
        until = until < end ? until : end;
        until = flip != 0 ? stream->offset + 1 : until;
        if (find_next(stream, until, &fault)) {
            until = stream->next[fault].at;
        }
        flipped = (char)(*from ^ flip);
        queue(stream, flip != 0 ? &flipped : from, until - stream->offset, now_ms);
        stream->offset = until;
    }
}
