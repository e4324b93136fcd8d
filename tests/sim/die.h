/* Where the simulator's chance comes from: a die is one stream of draws that follow from a seed.
 *
 * Everything in tests/sim/ that is left to chance goes through here and nowhere else; what the
 * production's cores draw follows from seeds that were drawn here. */
#pragma once

#include "schema/base/rand.h"

struct die {
    struct rand rand;
};

void die_init(struct die *die, uint64_t seed);
uint64_t die_u64(struct die *die);
uint64_t die_below(struct die *die, uint64_t bound); /* 0 … bound-1; bound > 0 */
bool die_chance(struct die *die, unsigned per_mille);
int64_t die_between(struct die *die, int64_t low, int64_t high); /* both included */
