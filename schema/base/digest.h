/* Digests, signatures and their texts.  Everything here is OpenSSL's libcrypto; nothing here keeps
 * state, so the cores may call it.
 *
 * A digest is the first 256 bits of BLAKE2b-512 (RFC 7693) and is written "blake2b:" and 64 hex
 * digits; the full 512 bits serve where a key or a stream is needed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DIGEST_SIZE = 32,
    DIGEST_FULL_SIZE = 64,
    DIGEST_TEXT_SIZE = 8 + 2 * DIGEST_SIZE + 1,
    KEY_SIZE = 32,      /* Ed25519, RFC 8032: the private seed and the public key */
    KEY_TEXT_SIZE = 45, /* base64 of a public key, and the NUL */
    SIGNATURE_SIZE = 64,
    SIGNATURE_TEXT_SIZE = 89,
};

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

void digest_of(const void *bytes, size_t size_bytes, struct digest *ret_digest);
void digest_full(const void *bytes, size_t size_bytes, uint8_t ret_bytes[static DIGEST_FULL_SIZE]);
/* Keyed: BLAKE2b-256 in its MAC mode, with a 32-byte key. */
void digest_keyed(const uint8_t key[static KEY_SIZE], const void *bytes, size_t size_bytes,
                  struct digest *ret_digest);
/* The same as digest_of(), of bytes that come in pieces. */
struct digester;
struct digester *digester_new(void);
void digester_add(struct digester *digester, const void *bytes, size_t size_bytes);
/* Of all that was added; nothing may be added afterwards. */
void digester_end(struct digester *digester, struct digest *ret_digest);
void digester_free(struct digester *digester);

bool digest_eq(const struct digest *a, const struct digest *b);
bool digest_is_zero(const struct digest *digest);
void digest_to_str(const struct digest *digest, char text[static DIGEST_TEXT_SIZE]);
bool digest_from_str(const char *text, struct digest *ret_digest);

/* A set's digest is the sum of its members' digests, lane by lane (four 64-bit lanes, mod 2^64):
 * members may come and go in any order at a cost that does not depend on the size of the set. */
void digest_set_add(struct digest *set, const struct digest *member);
void digest_set_remove(struct digest *set, const struct digest *member);

void key_public(const uint8_t seed[static KEY_SIZE], uint8_t ret_public[static KEY_SIZE]);
void key_sign(const uint8_t seed[static KEY_SIZE], const void *bytes, size_t size_bytes,
              uint8_t ret_signature[static SIGNATURE_SIZE]);
/* Never under a key of low order, for which anybody could sign. */
bool key_verify(const uint8_t public_key[static KEY_SIZE], const void *bytes, size_t size_bytes,
                const uint8_t signature[static SIGNATURE_SIZE]);

void hex_to_str(const void *bytes, size_t size_bytes, char *text); /* 2 × size + NUL */
bool hex_from_str(const char *text, size_t size_bytes, void *ret_bytes);
void base64_to_str(const void *bytes, size_t size_bytes, char *text); /* 4 × ceil(size / 3) + NUL */
bool base64_from_str(const char *text, size_t size_bytes, void *ret_bytes); /* exactly size_bytes */
