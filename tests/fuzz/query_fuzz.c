/* URLs with their query and selectors, and what is said of the form of an answer: what is read is
 * whole and within its bounds, and selectors that contradict each other never agree. */
#include "controller/core/media.h"
#include "controller/core/selector.h"
#include "controller/core/target.h"
#include "schema/base/utf8.h"
#include "schema/bind.h"
#include "schema/json.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static const char session_text[] =
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","
    "\"labels\":{\"a\":\"1\",\"b/c\":\"2\",\"empty\":\"\"}},\"spec\":{\"replicas\":3,"
    "\"workload\":{\"command\":[\"/bin/work\"]}}}";

static struct object *session(struct arena *arena)
{
    struct node *node = NULL;
    struct problems problems;
    struct object *object;

    problems_init(&problems, arena, NULL);
    (void)json_parse(arena, session_text, strlen(session_text), JSON_PLAIN, &problems, &node);
    object = bind_object(kind_get(KIND_HARVEST_SESSION), node, 0, &problems);
    assert(object != NULL);
    return object;
}

static void check_terms(const struct selector *selector)
{
    assert(selector->count <= TERMS_MAX);
    for (size_t i = 0; i < selector->count; i++) {
        const struct term *term = &selector->terms[i];

        assert(term->key != NULL);
        assert(term->value_count <= TERM_VALUES_MAX);
        for (size_t j = 0; j < term->value_count; j++) {
            assert(term->values[j] != NULL);
        }
    }
}

static enum term_op opposite(enum term_op op)
{
    switch (op) {
    case TERM_EQ:
        return TERM_NE;
    case TERM_NE:
        return TERM_EQ;
    case TERM_IN:
        return TERM_NOT_IN;
    case TERM_NOT_IN:
        return TERM_IN;
    case TERM_EXISTS:
        return TERM_ABSENT;
    case TERM_ABSENT:
        return TERM_EXISTS;
    }
    return op;
}

/* A term holds or its opposite does, and all hold when each does. */
static void check_labels(const struct selector *selector, const struct object *object)
{
    bool all = true;

    for (size_t i = 0; i < selector->count; i++) {
        struct term one = selector->terms[i], other = one;
        const struct selector is = {&one, 1}, is_not = {&other, 1};
        bool holds = selector_matches_labels(&is, &object->meta.labels);

        other.op = opposite(one.op);
        assert(holds != selector_matches_labels(&is_not, &object->meta.labels));
        all = all && holds;
    }
    assert(all == selector_matches_labels(selector, &object->meta.labels));
}

static void check_selectors(struct arena *arena, const char *text)
{
    struct object *object = session(arena);
    struct selector selector;
    struct err err = ERR_NONE;

    if (selector_parse_labels(arena, text, &selector, &err) == 0) {
        check_terms(&selector);
        check_labels(&selector, object);
    } else {
        assert(err.text[0] != '\0');
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (selector_parse_fields(arena, kind_get((enum kind_id)i), text, &selector, NULL) == 0) {
            check_terms(&selector);
            if (i == KIND_HARVEST_SESSION) {
                (void)selector_matches_fields(arena, &selector, object);
            }
        }
    }
    object_unref(object);
}

static void check_text(const char *text)
{
    assert(text != NULL);
    assert(utf8_valid_bytes(text, strlen(text)) == strlen(text));
}

static void check_target(struct arena *arena, const struct target *target)
{
    uint64_t number;

    assert(target->segment_count <= TARGET_SEGMENTS_MAX);
    assert(target->param_count <= TARGET_PARAMS_MAX);
    for (size_t i = 0; i < target->segment_count; i++) {
        check_text(target->segments[i]);
        assert(*target->segments[i] != '\0');
    }
    for (size_t i = 0; i < target->param_count; i++) {
        const struct strpair *pair = &target->params[i];

        check_text(pair->key);
        check_text(pair->value);
        assert(target_param(target, pair->key) != NULL);
        (void)target_flag(target, pair->key);
        (void)target_number(target, pair->key, 7, &number);
        check_selectors(arena, pair->value);
    }
    (void)target_is(target, "/apis/fog/v1/{plural}");
}

void fuzz_query(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct target target;
    const char *text, *table;

    arena_init(&arena);
    text = arena_strndup(&arena, (const char *)bytes, size_bytes);
    if (target_parse(&arena, text, &target)) {
        assert(text[0] == '/');
        check_target(&arena, &target);
    }
    check_selectors(&arena, text);
    table = media_table(text);
    assert(table == NULL || strcmp(table, "meta.k8s.io/v1") == 0 ||
           strcmp(table, "meta.k8s.io/v1beta1") == 0);
}
