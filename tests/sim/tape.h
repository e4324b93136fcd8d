/* The decision tape: every draw of a simulated world, by streams with names.
 *
 * A world either draws from a seed or replays a recorded tape.  Both ways each draw goes into a
 * log, if there is one, in memory that may be shared with a parent process: when the world ends by
 * a crash, its tape is there all the same.  tape_file.h makes a tape from the log, and text from
 * the tape. */
#pragma once

#include "schema/base/map.h"
#include "schema/base/mem.h"
#include "schema/base/rand.h"
#include "schema/base/vec.h"
#include "tests/sim/die.h"

enum { TAPE_NAME_SIZE = 48, TAPE_STREAMS_MAX = 16384, TAPE_DRAWS_MAX = 4000000 };

struct tape_draw {
    uint32_t stream; /* index of its name */
    uint64_t value;
};

struct tape_log { /* plain data; a gigabyte of address space is not memory */
    uint32_t stream_count;
    bool is_full; /* there were more draws than there was room: cannot be replayed */
    uint64_t draw_count;
    char names[TAPE_STREAMS_MAX][TAPE_NAME_SIZE];
    struct tape_draw draws[TAPE_DRAWS_MAX];
};

struct tape_values {
    VEC_OF(uint64_t);
};

struct tape_stream {
    char name[TAPE_NAME_SIZE];
    uint32_t index;
    uint64_t drawn;                     /* so far */
    uint64_t happened;                  /* questions of tape_happens() so far */
    struct rand rand;                   /* not replayed */
    const struct tape_values *replayed; /* borrowed; NULL: there is nothing on the tape */
};

struct tape {
    uint64_t seed;
    const struct map *recorded; /* borrowed: name → struct tape_values; NULL: draw from the seed */
    struct tape_log *log;       /* borrowed; may be NULL */
    struct map streams;         /* name → struct tape_stream, owned */
};

/* `recorded`: replay this; the seed does not matter then.  `log` is begun anew. */
void tape_init(struct tape *tape, uint64_t seed, const struct map *recorded, struct tape_log *log);
void tape_fini(struct tape *tape);

/* The stream of that name; asked for again, the same stream goes on.  At most TAPE_NAME_SIZE - 1
 * characters without spaces. */
void tape_die(struct tape *tape, struct die *ret_die, const char *format, ...) _printf_(3, 4);
/* Is what could happen here, the n-th of its name, to happen?  Always, unless a tape without it is
 * replayed.  The die is for everything about it: it is that happening's own, NAME/n. */
bool tape_happens(struct tape *tape, struct die *ret_die, const char *format, ...) _printf_(3, 4);

/* For die.c. */
uint64_t tape_below(struct tape *tape, struct tape_stream *stream, uint64_t bound);
bool tape_chance(struct tape *tape, struct tape_stream *stream, unsigned per_mille);
uint64_t tape_noise(struct tape *tape, struct tape_stream *stream);
uint64_t tape_given(struct tape *tape, struct tape_stream *stream, uint64_t value);
