/* The production's generator under a name of its own; with a tape, the tape's. */
#include "tests/sim/die.h"

#include "tests/sim/tape.h"

#include <assert.h>

void die_init(struct die *die, uint64_t seed)
{
    *die = (struct die){.tape = NULL};
    rand_init_u64(&die->rand, seed);
}

uint64_t die_below(struct die *die, uint64_t bound)
{
    assert(bound > 0);
    return die->tape == NULL ? rand_below(&die->rand, bound)
                             : tape_below(die->tape, die->stream, bound);
}

bool die_chance(struct die *die, unsigned per_mille)
{
    return die->tape == NULL ? rand_chance(&die->rand, per_mille)
                             : tape_chance(die->tape, die->stream, per_mille);
}

int64_t die_between(struct die *die, int64_t low, int64_t high)
{
    assert(low <= high);
    return low + (int64_t)die_below(die, (uint64_t)(high - low) + 1);
}

uint64_t die_u64(struct die *die)
{
    return die->tape == NULL ? rand_u64(&die->rand) : tape_noise(die->tape, die->stream);
}

uint64_t die_given(struct die *die, uint64_t value)
{
    return die->tape == NULL ? value : tape_given(die->tape, die->stream, value);
}
