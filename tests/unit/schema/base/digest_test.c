/* Digests and signatures against published values, and their texts. */
#include "schema/base/digest.h"

#include "schema/base/mem.h"
#include "schema/base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct digest digest_text(const char *text)
{
    struct digest digest;

    digest_of(text, strlen(text), &digest);
    return digest;
}

static void a_digest_is_half_of_blake2b_512(void **state)
{
    struct digest digest = digest_text("abc");
    char text[DIGEST_TEXT_SIZE];

    (void)state;
    digest_to_str(&digest, text);
    assert_string_equal(text,
                        "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1");
}

static void pieces_have_the_digest_of_the_whole(void **state)
{
    struct digester *digester = digester_new();
    struct digest digest, whole = digest_text("many pieces");

    (void)state;
    digester_add(digester, "many", 4);
    digester_add(digester, "", 0);
    digester_add(digester, " pieces", 7);
    digester_end(digester, &digest);
    digester_free(digester);
    assert_true(digest_eq(&digest, &whole));
}

static void a_keyed_digest_is_a_blake2b_256_mac(void **state)
{
    struct digest digest;
    uint8_t key[KEY_SIZE];
    char text[2 * DIGEST_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    digest_keyed(key, "abc", 3, &digest);
    hex_to_str(digest.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    key[0] = 1;
    digest_keyed(key, "abc", 3, &digest);
    hex_to_str(digest.bytes, DIGEST_SIZE, text);
    assert_string_not_equal(text,
                            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
}

static void a_digest_survives_its_text(void **state)
{
    struct digest digest = digest_text("x"), again = {0};
    char text[DIGEST_TEXT_SIZE];

    (void)state;
    digest_to_str(&digest, text);
    assert_true(digest_is_zero(&again));
    assert_true(digest_from_str(text, &again));
    assert_true(digest_eq(&digest, &again));
    assert_false(digest_is_zero(&again));
    assert_false(digest_from_str(text + 1, &again));
    text[DIGEST_TEXT_SIZE - 2] = 'G';
    assert_false(digest_from_str(text, &again));
    text[DIGEST_TEXT_SIZE - 2] = '\0';
    assert_false(digest_from_str(text, &again));
    assert_false(digest_from_str("", &again));
    assert_true(digest_eq(&digest, &again));
}

static void the_digest_of_a_set_knows_no_order(void **state)
{
    struct digest a = digest_text("a"), b = digest_text("b"), c = digest_text("c");
    struct digest abc = {0}, cab = {0};

    (void)state;
    digest_set_add(&abc, &a);
    digest_set_add(&abc, &b);
    digest_set_add(&abc, &c);
    digest_set_add(&cab, &c);
    digest_set_add(&cab, &a);
    assert_false(digest_eq(&abc, &cab));
    digest_set_add(&cab, &b);
    assert_true(digest_eq(&abc, &cab));
    digest_set_remove(&abc, &b);
    digest_set_remove(&abc, &a);
    assert_true(digest_eq(&abc, &c));
    digest_set_remove(&abc, &c);
    assert_true(digest_is_zero(&abc));
}

/* RFC 8032, 7.1, test 1. */
static const char rfc_seed[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char rfc_public[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char rfc_signature[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
    "6bd25bf5f0595bbe24655141438e7a100b";

static void signatures_are_those_of_ed25519(void **state)
{
    uint8_t seed[KEY_SIZE], public_key[KEY_SIZE], signature[SIGNATURE_SIZE];
    char text[2 * SIGNATURE_SIZE + 1];

    (void)state;
    assert_true(hex_from_str(rfc_seed, sizeof(seed), seed));
    key_public(seed, public_key);
    hex_to_str(public_key, sizeof(public_key), text);
    assert_string_equal(text, rfc_public);
    key_sign(seed, "", 0, signature);
    hex_to_str(signature, sizeof(signature), text);
    assert_string_equal(text, rfc_signature);
    assert_true(key_verify(public_key, "", 0, signature));
}

static void a_changed_byte_breaks_the_signature(void **state)
{
    uint8_t seed[KEY_SIZE] = {1}, public_key[KEY_SIZE], signature[SIGNATURE_SIZE];

    (void)state;
    key_public(seed, public_key);
    key_sign(seed, "nonce", 5, signature);
    assert_true(key_verify(public_key, "nonce", 5, signature));
    assert_false(key_verify(public_key, "noncf", 5, signature));
    assert_false(key_verify(public_key, "nonce", 4, signature));
    signature[10] ^= 1;
    assert_false(key_verify(public_key, "nonce", 5, signature));
    signature[10] ^= 1;
    public_key[0] ^= 1;
    assert_false(key_verify(public_key, "nonce", 5, signature));
    memset(public_key, 0xff, sizeof(public_key));
    assert_false(key_verify(public_key, "nonce", 5, signature));
}

/* S = 0 and R = A = the neutral point fit every text. */
static void nobody_signs_for_a_key_of_low_order(void **state)
{
    uint8_t public_key[KEY_SIZE] = {1}, signature[SIGNATURE_SIZE] = {1};

    (void)state;
    assert_false(key_verify(public_key, "any", 3, signature));
    public_key[KEY_SIZE - 1] = 0x80; /* the sign of x, which is zero */
    assert_false(key_verify(public_key, "any", 3, signature));
    memset(public_key, 0, sizeof(public_key));
    memset(signature, 0, sizeof(signature));
    for (char text = 'a'; text <= 'z'; text++) { /* an order of four: fits every fourth */
        assert_false(key_verify(public_key, &text, 1, signature));
    }
}

static void hex_is_exact(void **state)
{
    uint8_t bytes[2] = {7, 7};
    char text[5];

    (void)state;
    hex_to_str("\x00\xaf", 2, text);
    assert_string_equal(text, "00af");
    assert_false(hex_from_str("00a", 2, bytes));
    assert_false(hex_from_str("00aff", 2, bytes));
    assert_false(hex_from_str("00AF", 2, bytes));
    assert_false(hex_from_str("00ag", 2, bytes));
    assert_int_equal(bytes[0], 7);
    assert_true(hex_from_str("00af", 2, bytes));
    assert_int_equal(bytes[1], 0xaf);
}

static void base64_is_exact(void **state)
{
    uint8_t bytes[2] = {7, 7};

    (void)state;
    assert_false(base64_from_str("", 2, bytes));
    assert_false(base64_from_str("AK8", 2, bytes));
    assert_false(base64_from_str("AK9=", 2, bytes)); /* bits left over */
    assert_false(base64_from_str("AK==", 2, bytes)); /* one byte */
    assert_false(base64_from_str("AK8v", 2, bytes)); /* three bytes */
    assert_false(base64_from_str("A*8=", 2, bytes));
    assert_false(base64_from_str("AK8=AK8=", 2, bytes));
    assert_int_equal(bytes[0], 7);
    assert_true(base64_from_str("AK8=", 2, bytes));
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[1], 0xaf);
}

static void random_bytes_survive_their_texts(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 9);
    for (size_t size = 1; size <= 64; size++) {
        uint8_t bytes[64], again[64];
        char text[129];

        rand_secret(&rand, bytes, size);
        base64_to_str(bytes, size, text);
        assert_true(base64_from_str(text, size, again));
        assert_memory_equal(bytes, again, size);
        hex_to_str(bytes, size, text);
        assert_true(hex_from_str(text, size, again));
        assert_memory_equal(bytes, again, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_half_of_blake2b_512),
        cmocka_unit_test(pieces_have_the_digest_of_the_whole),
        cmocka_unit_test(a_keyed_digest_is_a_blake2b_256_mac),
        cmocka_unit_test(a_digest_survives_its_text),
        cmocka_unit_test(the_digest_of_a_set_knows_no_order),
        cmocka_unit_test(signatures_are_those_of_ed25519),
        cmocka_unit_test(a_changed_byte_breaks_the_signature),
        cmocka_unit_test(nobody_signs_for_a_key_of_low_order),
        cmocka_unit_test(hex_is_exact),
        cmocka_unit_test(base64_is_exact),
        cmocka_unit_test(random_bytes_survive_their_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
