#include "schema/base/digest.h"

#include "schema/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

void digest_full(const void *bytes, size_t size_bytes, uint8_t ret_bytes[static DIGEST_FULL_SIZE])
{
    unsigned length = 0;
    int ok = EVP_Digest(bytes, size_bytes, ret_bytes, &length, EVP_blake2b512(), NULL);

    assert(ok == 1);
    assert(length == DIGEST_FULL_SIZE);
}

void digest_of(const void *bytes, size_t size_bytes, struct digest *ret_digest)
{
    uint8_t full[DIGEST_FULL_SIZE];

    digest_full(bytes, size_bytes, full);
    memcpy(ret_digest->bytes, full, DIGEST_SIZE);
}

void digest_keyed(const uint8_t key[static KEY_SIZE], const void *bytes, size_t size_bytes,
                  struct digest *ret_digest)
{
    size_t size = DIGEST_SIZE, written = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "BLAKE2BMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    int ok = EVP_MAC_init(context, key, KEY_SIZE, params) &&
             EVP_MAC_update(context, bytes, size_bytes) &&
             EVP_MAC_final(context, ret_digest->bytes, &written, DIGEST_SIZE);

    assert(ok == 1);
    assert(written == DIGEST_SIZE);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

struct digester {
    EVP_MD_CTX *context; /* owned */
};

struct digester *digester_new(void)
{
    struct digester *digester = MEM_NEW(struct digester);
    int ok;

    digester->context = EVP_MD_CTX_new();
    ok = digester->context != NULL &&
         EVP_DigestInit_ex(digester->context, EVP_blake2b512(), NULL) == 1;
    assert(ok == 1);
    return digester;
}

void digester_add(struct digester *digester, const void *bytes, size_t size_bytes)
{
    int ok = EVP_DigestUpdate(digester->context, bytes, size_bytes);

    assert(ok == 1);
}

void digester_end(struct digester *digester, struct digest *ret_digest)
{
    uint8_t full[DIGEST_FULL_SIZE];
    int ok = EVP_DigestFinal_ex(digester->context, full, NULL);

    assert(ok == 1);
    memcpy(ret_digest->bytes, full, DIGEST_SIZE);
}

void digester_free(struct digester *digester)
{
    if (digester != NULL) {
        EVP_MD_CTX_free(digester->context);
        free(digester);
    }
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

bool digest_is_zero(const struct digest *digest)
{
    static const struct digest zero;

    return digest_eq(digest, &zero);
}

static const char digest_prefix[] = "blake2b:";

void digest_to_str(const struct digest *digest, char text[static DIGEST_TEXT_SIZE])
{
    memcpy(text, digest_prefix, sizeof(digest_prefix) - 1);
    hex_to_str(digest->bytes, DIGEST_SIZE, text + sizeof(digest_prefix) - 1);
}

bool digest_from_str(const char *text, struct digest *ret_digest)
{
    size_t prefix = sizeof(digest_prefix) - 1;

    return strncmp(text, digest_prefix, prefix) == 0 &&
           hex_from_str(text + prefix, DIGEST_SIZE, ret_digest->bytes);
}

static void combine(struct digest *set, const struct digest *member, bool add)
{
    uint64_t lanes[DIGEST_SIZE / 8], more[DIGEST_SIZE / 8];

    memcpy(lanes, set->bytes, DIGEST_SIZE);
    memcpy(more, member->bytes, DIGEST_SIZE);
    for (size_t i = 0; i < DIGEST_SIZE / 8; i++) {
        lanes[i] += add ? more[i] : 0 - more[i];
    }
    memcpy(set->bytes, lanes, DIGEST_SIZE);
}

void digest_set_add(struct digest *set, const struct digest *member)
{
    combine(set, member, true);
}

void digest_set_remove(struct digest *set, const struct digest *member)
{
    combine(set, member, false);
}

void key_public(const uint8_t seed[static KEY_SIZE], uint8_t ret_public[static KEY_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_SIZE);
    size_t size = KEY_SIZE;
    int ok = key != NULL && EVP_PKEY_get_raw_public_key(key, ret_public, &size);

    assert(ok == 1);
    EVP_PKEY_free(key);
}

void key_sign(const uint8_t seed[static KEY_SIZE], const void *bytes, size_t size_bytes,
              uint8_t ret_signature[static SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE_SIZE;
    int ok = key != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(context, ret_signature, &size, bytes, size_bytes) == 1;

    assert(ok == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* The points of low order, in every way to write them: under such a "key" one signature fits a good
 * part of all texts, so that anybody can sign.  The highest bit is the sign of x. */
static bool key_is_weak(const uint8_t public_key[static KEY_SIZE])
{
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p - 1 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p: 0 again */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1 */
    };
    uint8_t point[KEY_SIZE];
    char text[2 * KEY_SIZE + 1];
    bool is_weak = false;

    memcpy(point, public_key, KEY_SIZE);
    point[KEY_SIZE - 1] &= 0x7f;
    hex_to_str(point, KEY_SIZE, text);
    for (size_t i = 0; i < COUNT_OF(weak); i++) {
        is_weak |= strcmp(text, weak[i]) == 0;
    }
    return is_weak;
}

bool key_verify(const uint8_t public_key[static KEY_SIZE], const void *bytes, size_t size_bytes,
                const uint8_t signature[static SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool genuine = key != NULL && !key_is_weak(public_key) &&
                   EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestVerify(context, signature, SIGNATURE_SIZE, bytes, size_bytes) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return genuine;
}

void hex_to_str(const void *bytes, size_t size_bytes, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;

    for (size_t i = 0; i < size_bytes; i++) {
        *text++ = digits[b[i] >> 4];
        *text++ = digits[b[i] & 15];
    }
    *text = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_from_str(const char *text, size_t size_bytes, void *ret_bytes)
{
    uint8_t *b = ret_bytes;

    if (strlen(text) != 2 * size_bytes || strspn(text, "0123456789abcdef") != 2 * size_bytes) {
        return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        b[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    }
    return true;
}

void base64_to_str(const void *bytes, size_t size_bytes, char *text)
{
    (void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)size_bytes);
}

/* The largest text is the user and password of a request's head. */
enum { BASE64_GROUPS_MAX = 256 };

bool base64_from_str(const char *text, size_t size_bytes, void *ret_bytes)
{
    size_t groups = (size_bytes + 2) / 3;
    uint8_t decoded[3 * BASE64_GROUPS_MAX];
    char again[4 * BASE64_GROUPS_MAX + 1];

    assert(groups <= BASE64_GROUPS_MAX);
    if (strlen(text) != groups * 4 ||
        EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)(groups * 4)) < 0) {
        return false;
    }
    base64_to_str(decoded, size_bytes, again); /* one text per value: padding bits must be zero */
    if (strcmp(again, text) != 0) {
        return false;
    }
    memcpy(ret_bytes, decoded, size_bytes);
    return true;
}
