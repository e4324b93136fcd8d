#include "schema/base/rand.h"

#include "schema/base/digest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

/* splitmix64 (Steele, Lea and Flood, 2014): spreads a small seed over the whole state. */
static uint64_t spread(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rand_init(struct rand *rand, const uint8_t seed[static RAND_SEED_SIZE])
{
    uint64_t mix;

    *rand = (struct rand){0};
    memcpy(rand->key, seed, RAND_SEED_SIZE);
    memcpy(rand->state, seed, sizeof(rand->state));
    mix = rand->state[0];
    for (size_t i = 0; i < 4; i++) {
        rand->state[i] ^= spread(&mix);
    }
}

void rand_init_u64(struct rand *rand, uint64_t seed)
{
    uint8_t bytes[RAND_SEED_SIZE];
    uint64_t words[RAND_SEED_SIZE / 8];

    for (size_t i = 0; i < RAND_SEED_SIZE / 8; i++) {
        words[i] = spread(&seed);
    }
    memcpy(bytes, words, sizeof(bytes));
    rand_init(rand, bytes);
}

uint64_t rand_u64(struct rand *rand)
{
    uint64_t *s = rand->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rand_below(struct rand *rand, uint64_t bound)
{
    uint64_t over, draw;

    assert(bound > 0);
    over = (0 - bound) % bound; /* 2^64 mod bound: the draws below it would bias the result */
    do {
        draw = rand_u64(rand);
    } while (draw < over);
    return draw % bound;
}

bool rand_chance(struct rand *rand, unsigned per_mille)
{
    return rand_below(rand, 1000) < per_mille;
}

int64_t rand_between(struct rand *rand, int64_t low, int64_t high)
{
    assert(low <= high);
    return low + (int64_t)rand_below(rand, (uint64_t)(high - low) + 1);
}

void rand_secret(struct rand *rand, void *bytes, size_t size_bytes)
{
    uint8_t input[RAND_SEED_SIZE + sizeof(rand->drawn)];
    uint8_t output[DIGEST_FULL_SIZE];

    assert(size_bytes <= sizeof(output));
    memcpy(input, rand->key, RAND_SEED_SIZE);
    memcpy(input + RAND_SEED_SIZE, &rand->drawn, sizeof(rand->drawn));
    rand->drawn++;
    digest_full(input, sizeof(input), output);
    memcpy(bytes, output, size_bytes);
}

void rand_uid(struct rand *rand, char text[static UID_TEXT_SIZE])
{
    uint8_t b[16];

    rand_secret(rand, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, UID_TEXT_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}
