/* Randomness from a seed: the same seed gives the same draws on every machine.
 *
 * The cores own one each, seeded by the shell from the kernel (or by the simulator from its own).
 * rand_u64() and its kin are xoshiro256** (Blackman and Vigna, 2018) and fit for jitter and
 * choices; rand_secret() hashes (key, counter) with BLAKE2b and is fit for nonces and uids. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAND_SEED_SIZE = 32, UID_TEXT_SIZE = 37 };

struct rand {
    uint64_t state[4];
    uint8_t key[RAND_SEED_SIZE];
    uint64_t drawn;
};

void rand_init(struct rand *rand, const uint8_t seed[static RAND_SEED_SIZE]);
void rand_init_u64(struct rand *rand, uint64_t seed); /* for tests and the simulator */
uint64_t rand_u64(struct rand *rand);
uint64_t rand_below(struct rand *rand, uint64_t bound); /* 0 … bound-1, unbiased; bound > 0 */
bool rand_chance(struct rand *rand, unsigned per_mille);
int64_t rand_between(struct rand *rand, int64_t low, int64_t high);  /* both included */
void rand_secret(struct rand *rand, void *bytes, size_t size_bytes); /* at most 64 bytes a call */
void rand_uid(struct rand *rand, char text[static UID_TEXT_SIZE]);   /* a UUID of version 4 */
