/* Where the simulator's chance comes from.
 *
 * Everything in tests/sim/ that is left to chance goes through a die and nowhere else; what the
 * production's cores draw follows from seeds that were drawn here.
 *
 * A die is a stream of draws.  In a simulated world it has a name on the world's tape (tape.h):
 * what it draws follows from the seed, the name and how many draws came before under that name,
 * from nothing else, so that a draw more or less in one stream leaves all others as they were.
 * Replayed, the n-th draw of a stream is the n-th on the tape; beyond the tape's end it is the
 * quiet one: "no", the lowest number.  So the lowest number should be the one that troubles least.
 *
 * Give everything that could be left out of the story a stream of its own: each machine, each
 * path, each strike of a fault (tape_happens()), each operation of an operator. */
#pragma once

#include "schema/base/rand.h"

struct tape;
struct tape_stream;

struct die {                    /* may be copied: a copy is the same die */
    struct rand rand;           /* of a die without a tape */
    struct tape *tape;          /* borrowed; NULL: none */
    struct tape_stream *stream; /* borrowed from the tape */
};

/* Stands alone: neither recorded nor replayed. */
void die_init(struct die *die, uint64_t seed);

uint64_t die_below(struct die *die, uint64_t bound); /* 0 … bound-1; bound > 0 */
bool die_chance(struct die *die, unsigned per_mille);
int64_t die_between(struct die *die, int64_t low, int64_t high); /* both included */
/* For seeds and noise: no value is quieter than another, so that beyond a tape's end it is made
 * from the stream's name. */
uint64_t die_u64(struct die *die);
/* What was chosen from outside (by an option, by the seed's number) and is put on the tape like a
 * draw.  Returns what counts: the value, or the tape's. */
uint64_t die_given(struct die *die, uint64_t value);
