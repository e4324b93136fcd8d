/* What the fault proxy does to the bytes of one direction of one connection.  Pure: bytes go in
 * with the time at which they came, pieces come out with the time at which they are due.
 *
 * Where a fault strikes is drawn in bytes, not in reads: the same bytes with the same seed and
 * rules fare the same, however the kernel cut them. */
#pragma once

#include "schema/base/dlist.h"
#include "schema/base/rand.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault {                  /* alphabetical */
             FAULT_BLACKHOLE, /* swallowed; a stream that lost bytes once never gets any again */
             FAULT_CHOP,      /* cut into pieces of at most `size` bytes, each a write of its own */
             FAULT_CORRUPT,   /* a bit flips, once in `every` bytes */
             FAULT_DELAY,     /* late by `ms`, more or less `jitter_ms`, in order */
             FAULT_FREEZE,    /* nothing is read or written, the sockets stay */
             FAULT_GARBAGE,   /* up to `size` bytes that nobody sent, once in `every` bytes */
             FAULT_HALF_CLOSE, /* the receiver sees the end, once in `every` bytes; the other way
                                  goes on */
             FAULT_REFUSE,     /* of connections: reset when they come */
             FAULT_RESET, /* both sides are reset, once in `every` bytes; 0: at once, all there are
                           */
             FAULT_STALL, /* nothing for `ms`, once in `every` bytes */
             FAULT_THROTTLE, /* `size` bytes a second */
};
enum { FAULTS = FAULT_THROTTLE + 1 };

const char *fault_to_str(enum fault fault);
bool fault_from_str(const char *text, enum fault *ret_fault);

struct rule {
    bool is_on;
    int64_t ms, jitter_ms, every, size;
    uint64_t order; /* set anew each time it is switched on, so that streams notice */
};

/* One direction of a link: what shall befall its streams, and how often it did. */
struct way {
    struct rule rules[FAULTS];
    uint64_t fired[FAULTS];
    uint64_t bytes; /* that were let through */
};

struct piece {
    struct dlist link;
    int64_t due_ms;
    size_t size, sent;
    char bytes[];
};

struct stream {
    struct way *way; /* borrowed */
    uint64_t seed;
    struct {
        struct rand rand;
        uint64_t order; /* of the rule that was drawn for */
        uint64_t at;    /* the byte before which it strikes next */
    } next[FAULTS];
    uint64_t offset; /* bytes that came in */
    int64_t due_ms;  /* of the last piece: none overtakes */
    struct dlist pieces;
    size_t waiting_bytes;
    bool is_lost;   /* swallows the rest */
    bool is_ending; /* the receiver shall see the end when the pieces are through */
    bool is_reset;  /* both sides shall be reset */
};

/* `way` is borrowed; `name`, `number` and `direction` tell the streams of a run apart. */
void stream_init(struct stream *stream, struct way *way, uint64_t seed, const char *name,
                 uint64_t number, int direction);
void stream_fini(struct stream *stream);
void stream_feed(struct stream *stream, const char *bytes, size_t size, int64_t now_ms);
void stream_end(struct stream *stream); /* its sender has no more */

/* The first piece that waits, or NULL; and that `size` bytes of it are gone. */
struct piece *stream_first(const struct stream *stream);
void stream_sent(struct stream *stream, size_t size);
