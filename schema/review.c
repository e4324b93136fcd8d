/* One table of texts for both forms: where each stands in a review. */
#include "schema/review.h"

#include "schema/base/proto.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"

#include <stddef.h>
#include <string.h>

static const char magic[] = {'k', '8', 's', '\0'};

enum part { PART_RESOURCE, PART_PATH, PART_RULES };

static const struct text_row {
    enum part part;
    uint32_t number; /* in the message of its part */
    const char *name;
    size_t offset;
} text_rows[] = {
    {PART_RESOURCE, 1, "namespace", offsetof(struct review, namespace)},
    {PART_RESOURCE, 2, "verb", offsetof(struct review, verb)},
    {PART_RESOURCE, 3, "group", offsetof(struct review, group)},
    {PART_RESOURCE, 4, "version", offsetof(struct review, version)},
    {PART_RESOURCE, 5, "resource", offsetof(struct review, resource)},
    {PART_RESOURCE, 6, "subresource", offsetof(struct review, subresource)},
    {PART_RESOURCE, 7, "name", offsetof(struct review, name)},
    {PART_PATH, 1, "path", offsetof(struct review, path)},
    {PART_PATH, 2, "verb", offsetof(struct review, path_verb)},
    {PART_RULES, 1, "namespace", offsetof(struct review, namespace)},
};

static const char **text_of(struct review *review, const struct text_row *row)
{
    return (const char **)((char *)review + row->offset);
}

static const char *const *text_in(const struct review *review, const struct text_row *row)
{
    return (const char *const *)((const char *)review + row->offset);
}

const char *review_kind(enum review_type type)
{
    static const char *const names[] = {
        [REVIEW_ACCESS] = "SelfSubjectAccessReview",
        [REVIEW_RULES] = "SelfSubjectRulesReview",
        [REVIEW_SELF] = "SelfSubjectReview",
    };

    return names[type];
}

const char *review_api_version(enum review_type type)
{
    return type == REVIEW_SELF ? "authentication.k8s.io/v1" : "authorization.k8s.io/v1";
}

static bool no(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

/* All texts of a part that is there are texts: absent ones are empty. */
static void begin_part(struct review *review, enum part part)
{
    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        if (text_rows[i].part == part && *text_of(review, &text_rows[i]) == NULL) {
            *text_of(review, &text_rows[i]) = "";
        }
    }
}

static struct review review_begin(enum review_type type)
{
    struct review review = {.type = type};

    if (type == REVIEW_RULES) {
        begin_part(&review, PART_RULES);
    }
    return review;
}

static bool take_text(struct arena *arena, const char *bytes, size_t size_bytes,
                      const char **ret_text, const char **ret_why)
{
    if (size_bytes > REVIEW_TEXT_BYTES_MAX) {
        return no(ret_why, "a text in it is longer than 1024 bytes");
    }
    if (memchr(bytes, '\0', size_bytes) != NULL ||
        utf8_valid_bytes(bytes, size_bytes) != size_bytes) {
        return no(ret_why, "a text in it is not UTF-8");
    }
    *ret_text = arena_strndup(arena, bytes, size_bytes);
    return true;
}

static bool check(const struct review *review, const char **ret_why)
{
    if (review->type != REVIEW_ACCESS) {
        return true;
    }
    return (review->verb == NULL) != (review->path == NULL) ||
           no(ret_why, "spec must have exactly one of resourceAttributes and "
                       "nonResourceAttributes");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static bool part_from_node(struct arena *arena, const struct node *node, enum part part,
                           struct review *review, const char **ret_why)
{
    if (node == NULL || node->type == NODE_NULL) {
        return true;
    }
    if (node->type != NODE_MAP) {
        return no(ret_why, "what it asks must be an object");
    }
    begin_part(review, part);
    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        const struct node *text =
            text_rows[i].part == part ? node_find(node, text_rows[i].name) : NULL;

        if (text == NULL || text->type == NODE_NULL) {
            continue;
        }
        if (text->type != NODE_STR) {
            return no(ret_why, "what it asks must be strings");
        }
        if (!take_text(arena, text->str.text, text->str.length, text_of(review, &text_rows[i]),
                       ret_why)) {
            return false;
        }
    }
    return true;
}

static bool is_type(const struct node *node, const char *key, const char *expected)
{
    const struct node *found = node_find(node, key);

    return found == NULL || str_eq(node_text(found), expected);
}

bool review_from_node(struct arena *arena, enum review_type type, const struct node *node,
                      struct review *ret_review, const char **ret_why)
{
    struct review review = review_begin(type);
    const struct node *spec = node_find(node, "spec");

    if (node == NULL || node->type != NODE_MAP) {
        return no(ret_why, "it must be an object");
    }
    if (!is_type(node, "kind", review_kind(type)) ||
        !is_type(node, "apiVersion", review_api_version(type))) {
        return no(ret_why, "its kind is not the one of the URL");
    }
    if (type == REVIEW_ACCESS && (!part_from_node(arena, node_find(spec, "resourceAttributes"),
                                                  PART_RESOURCE, &review, ret_why) ||
                                  !part_from_node(arena, node_find(spec, "nonResourceAttributes"),
                                                  PART_PATH, &review, ret_why))) {
        return false;
    }
    if (type == REVIEW_RULES && !part_from_node(arena, spec, PART_RULES, &review, ret_why)) {
        return false;
    }
    if (!check(&review, ret_why)) {
        return false;
    }
    *ret_review = review;
    return true;
}

static struct node *part_to_node(struct arena *arena, const struct review *review, enum part part)
{
    struct node *node = node_map(arena);

    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        const char *text = *text_in(review, &text_rows[i]);

        if (text_rows[i].part == part && !str_is_empty(text)) {
            node_set(arena, node, text_rows[i].name, node_str(arena, text));
        }
    }
    return node;
}

struct node *review_to_node(struct arena *arena, const struct review *review)
{
    struct node *root = node_map(arena), *spec;

    node_set(arena, root, "kind", node_str(arena, review_kind(review->type)));
    node_set(arena, root, "apiVersion", node_str(arena, review_api_version(review->type)));
    node_set(arena, root, "metadata", node_map(arena));
    if (review->type == REVIEW_RULES) {
        node_set(arena, root, "spec", part_to_node(arena, review, PART_RULES));
    } else if (review->type == REVIEW_ACCESS) {
        spec = node_map(arena);
        node_set(arena, spec, review->path != NULL ? "nonResourceAttributes" : "resourceAttributes",
                 part_to_node(arena, review, review->path != NULL ? PART_PATH : PART_RESOURCE));
        node_set(arena, root, "spec", spec);
    }
    return root;
}

/* --- protocol buffers ------------------------------------------------------------------------- */

/* Of a message each field's last value counts, as the format has it; what has no row, and what is
 * of another wire type than it should be, is passed over. */
static bool part_from_proto(struct arena *arena, struct proto_field message, enum part part,
                            struct review *review, const char **ret_why)
{
    struct proto_reader reader = proto_reader_of(message.bytes, message.size_bytes);
    struct proto_field field;

    begin_part(review, part);
    while (proto_next(&reader, &field)) {
        for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
            if (text_rows[i].part == part && text_rows[i].number == field.number &&
                field.wire == PROTO_BYTES &&
                !take_text(arena, field.bytes, field.size_bytes, text_of(review, &text_rows[i]),
                           ret_why)) {
                return false;
            }
        }
    }
    return !reader.is_bad || no(ret_why, "it is cut off, or is no protocol buffer");
}

static bool spec_from_proto(struct arena *arena, struct proto_field message, struct review *review,
                            const char **ret_why)
{
    struct proto_reader reader = proto_reader_of(message.bytes, message.size_bytes);
    struct proto_field field;

    if (review->type == REVIEW_RULES) {
        return part_from_proto(arena, message, PART_RULES, review, ret_why);
    }
    while (review->type == REVIEW_ACCESS && proto_next(&reader, &field)) {
        if (field.wire == PROTO_BYTES && (field.number == 1 || field.number == 2) &&
            !part_from_proto(arena, field, field.number == 1 ? PART_RESOURCE : PART_PATH, review,
                             ret_why)) {
            return false;
        }
    }
    return !reader.is_bad || no(ret_why, "it is cut off, or is no protocol buffer");
}

static bool type_is(struct arena *arena, struct proto_field message, enum review_type type,
                    const char **ret_why)
{
    struct proto_reader reader = proto_reader_of(message.bytes, message.size_bytes);
    const char *expected[] = {review_api_version(type), review_kind(type)};
    struct proto_field field;

    while (proto_next(&reader, &field)) {
        const char *text;

        if (field.wire != PROTO_BYTES || field.number < 1 || field.number > 2) {
            continue;
        }
        if (!take_text(arena, field.bytes, field.size_bytes, &text, ret_why)) {
            return false;
        }
        if (!str_eq(text, expected[field.number - 1])) {
            return no(ret_why, "its kind is not the one of the URL");
        }
    }
    return !reader.is_bad || no(ret_why, "it is cut off, or is no protocol buffer");
}

static bool object_from_proto(struct arena *arena, struct proto_field message,
                              struct review *review, const char **ret_why)
{
    struct proto_reader reader = proto_reader_of(message.bytes, message.size_bytes);
    struct proto_field field;

    while (proto_next(&reader, &field)) {
        if (field.number == 2 && field.wire == PROTO_BYTES &&
            !spec_from_proto(arena, field, review, ret_why)) {
            return false;
        }
    }
    return !reader.is_bad || no(ret_why, "it is cut off, or is no protocol buffer");
}

bool review_from_proto(struct arena *arena, enum review_type type, const void *bytes,
                       size_t size_bytes, struct review *ret_review, const char **ret_why)
{
    struct review review = review_begin(type);
    struct proto_reader reader;
    struct proto_field field;

    if (size_bytes > REVIEW_BYTES_MAX) {
        return no(ret_why, "it is longer than 64 KiB");
    }
    if (size_bytes < sizeof(magic) || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return no(ret_why, "it does not begin with \"k8s\" and a NUL");
    }
    reader = proto_reader_of((const char *)bytes + sizeof(magic), size_bytes - sizeof(magic));
    while (proto_next(&reader, &field)) {
        if (field.wire == PROTO_BYTES &&
            ((field.number == 1 && !type_is(arena, field, type, ret_why)) ||
             (field.number == 2 && !object_from_proto(arena, field, &review, ret_why)))) {
            return false;
        }
    }
    if (reader.is_bad) {
        return no(ret_why, "it is cut off, or is no protocol buffer");
    }
    if (!check(&review, ret_why)) {
        return false;
    }
    *ret_review = review;
    return true;
}

static void part_to_proto(const struct review *review, enum part part, struct str *to)
{
    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        const char *text = *text_in(review, &text_rows[i]);

        if (text_rows[i].part == part && !str_is_empty(text)) {
            proto_add_text(to, text_rows[i].number, text);
        }
    }
}

void review_to_proto(const struct review *review, struct str *to)
{
    _cleanup_(str_fini)
    struct str part = STR_EMPTY;
    _cleanup_(str_fini)
    struct str spec = STR_EMPTY;
    _cleanup_(str_fini)
    struct str object = STR_EMPTY;
    _cleanup_(str_fini)
    struct str type = STR_EMPTY;

    if (review->type == REVIEW_RULES) {
        part_to_proto(review, PART_RULES, &spec);
    } else if (review->type == REVIEW_ACCESS) {
        part_to_proto(review, review->path != NULL ? PART_PATH : PART_RESOURCE, &part);
        proto_add_message(&spec, review->path != NULL ? 2 : 1, &part);
    }
    proto_add_message(&object, 2, &spec);
    proto_add_text(&type, 1, review_api_version(review->type));
    proto_add_text(&type, 2, review_kind(review->type));
    str_add_bytes(to, magic, sizeof(magic));
    proto_add_message(to, 1, &type);
    proto_add_message(to, 2, &object);
}
