/* The production's generator, under a name of its own. */
#include "tests/sim/die.h"

void die_init(struct die *die, uint64_t seed)
{
    rand_init_u64(&die->rand, seed);
}

uint64_t die_u64(struct die *die)
{
    return rand_u64(&die->rand);
}

uint64_t die_below(struct die *die, uint64_t bound)
{
    return rand_below(&die->rand, bound);
}

bool die_chance(struct die *die, unsigned per_mille)
{
    return rand_chance(&die->rand, per_mille);
}

int64_t die_between(struct die *die, int64_t low, int64_t high)
{
    return rand_between(&die->rand, low, high);
}
