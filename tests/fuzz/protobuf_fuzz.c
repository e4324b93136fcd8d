/* Protocol buffers: access reviews, and the reader beneath them.  What is read survives being
 * written again, in both forms; a reader moves on with each field and never beyond the end. */
#include "schema/base/proto.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"
#include "schema/review.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static bool text_eq(const char *a, const char *b)
{
    assert((a == NULL) == (b == NULL));
    return a == NULL || strcmp(a, b) == 0;
}

static void expect_equal(const struct review *a, const struct review *b)
{
    assert(a->type == b->type);
    assert(text_eq(a->namespace, b->namespace));
    assert(text_eq(a->verb, b->verb));
    assert(text_eq(a->group, b->group));
    assert(text_eq(a->version, b->version));
    assert(text_eq(a->resource, b->resource));
    assert(text_eq(a->subresource, b->subresource));
    assert(text_eq(a->name, b->name));
    assert(text_eq(a->path, b->path));
    assert(text_eq(a->path_verb, b->path_verb));
}

static void expect_bounded(const char *text)
{
    if (text != NULL) {
        assert(strlen(text) <= REVIEW_TEXT_BYTES_MAX);
        assert(utf8_valid_bytes(text, strlen(text)) == strlen(text));
    }
}

static void read_review(enum review_type type, const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct review review, again;
    const char *why = NULL;
    bool is_good;

    arena_init(&arena);
    if (!review_from_proto(&arena, type, bytes, size_bytes, &review, &why)) {
        assert(why != NULL);
        return;
    }
    expect_bounded(review.verb);
    expect_bounded(review.resource);
    expect_bounded(review.path);
    review_to_proto(&review, &text);
    is_good = review_from_proto(&arena, type, text.data, text.length, &again, &why);
    assert(is_good);
    expect_equal(&review, &again);
    is_good = review_from_node(&arena, type, review_to_node(&arena, &review), &again, &why);
    assert(is_good);
    expect_equal(&review, &again);
}

static void read_fields(const uint8_t *bytes, size_t size_bytes)
{
    struct proto_reader reader = proto_reader_of(bytes, size_bytes);
    struct proto_field field;
    size_t left = reader.left;

    while (proto_next(&reader, &field)) {
        assert(reader.left < left);
        assert(reader.at + reader.left == bytes + size_bytes);
        assert(field.number > 0);
        left = reader.left;
        if (field.wire == PROTO_BYTES && field.size_bytes > 0) {
            assert((const uint8_t *)field.bytes >= bytes);
            assert((const uint8_t *)field.bytes + field.size_bytes <= bytes + size_bytes);
        }
    }
    assert(reader.is_bad || reader.left == 0);
}

/* The first byte says which review; the others are what came. */
void fuzz_protobuf(const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes == 0) {
        return;
    }
    read_fields(bytes + 1, size_bytes - 1);
    read_review((enum review_type)(bytes[0] % 3), bytes + 1, size_bytes - 1);
}
