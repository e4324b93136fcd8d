/* Label and field selectors: what each operator selects, and what is refused. */
#include "controller/core/selector.h"

#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/kinds/event.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* --- labels ----------------------------------------------------------------------------------- */

/* Of an object with the labels tier=gold, site=north, fog/old="". */
static bool selects(const char *text)
{
    struct strpair pairs[] = {{"fog/old", ""}, {"site", "north"}, {"tier", "gold"}};
    const struct strmap labels = {pairs, COUNT_OF(pairs)};
    struct selector selector;
    struct err err = ERR_NONE;

    if (selector_parse_labels(&arena, text, &selector, &err) < 0) {
        fail_msg("refused: %s: %s", text, err.text);
    }
    return selector_matches_labels(&selector, &labels);
}

static void every_operator_on_labels(void **state)
{
    static const struct {
        const char *text;
        bool selects;
    } cases[] = {
        {NULL, true},
        {"", true},
        {"  ", true},
        {"tier=gold", true},
        {"tier==gold", true},
        {" tier = gold ", true},
        {"tier=silver", false},
        {"tier!=silver", true},
        {"tier!=gold", false},
        {"absent!=gold", true}, /* as in Kubernetes: without the label it differs */
        {"absent=", false},
        {"fog/old=", true},
        {"tier in (gold,silver)", true},
        {"tier in (gold)", true},
        {"tier in(gold)", true},
        {"tier in ( silver , bronze )", false},
        {"absent in (gold)", false},
        {"tier notin (silver)", true},
        {"tier notin (gold,silver)", false},
        {"absent notin (gold)", true},
        {"tier", true},
        {"absent", false},
        {"fog/old", true},
        {"!absent", true},
        {"!tier", false},
        {"! absent", true},
        {"tier=gold,site=north", true},
        {"tier=gold,site=south", false},
        {"tier in (gold,silver),site,!absent,site!=south", true},
        {"in", false}, /* a label may be called so */
        {"notin", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (selects(cases[i].text) != cases[i].selects) {
            fail_msg("\"%s\" selects wrongly", cases[i].text);
        }
    }
}

static void bad_label_selectors_are_refused(void **state)
{
    static const char *const bad[] = {",",
                                      "tier=gold,",
                                      ",tier",
                                      "tier=gold,,site",
                                      "=gold",
                                      "tier in",
                                      "tier in gold",
                                      "tier in (gold",
                                      "tier in gold)",
                                      "tier notin",
                                      "tier=a b",
                                      "tier gold",
                                      "!tier=gold",
                                      "tier>5",
                                      "ti er",
                                      "-tier=gold",
                                      "tier=-gold",
                                      "tier=go/ld",
                                      "a/b/c=d",
                                      "tier in (gold))",
                                      "tier=(gold)",
                                      "tier in (a)(b)",
                                      "!",
                                      "tier=ä"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct selector selector;
        struct err err = ERR_NONE;

        if (selector_parse_labels(&arena, bad[i], &selector, &err) == 0) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_true(err.text[0] != '\0');
    }
}

static const char *repeat(const char *first, const char *next, size_t count, const char *last)
{
    struct str text = STR_EMPTY;
    char *copy;

    str_add(&text, first);
    for (size_t i = 1; i < count; i++) {
        str_add(&text, next);
    }
    str_add(&text, last);
    copy = arena_strdup(&arena, text.data);
    str_fini(&text);
    return copy;
}

static void terms_and_values_have_a_bound(void **state)
{
    struct selector selector;
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(
        selector_parse_labels(&arena, repeat("a", ",a", TERMS_MAX, ""), &selector, &err), 0);
    assert_int_equal(
        selector_parse_labels(&arena, repeat("a", ",a", TERMS_MAX + 1, ""), &selector, &err),
        ERR_LIMIT);
    assert_int_equal(selector_parse_labels(&arena, repeat("a in (b", ",b", TERM_VALUES_MAX, ")"),
                                           &selector, &err),
                     0);
    assert_int_equal(selector_parse_labels(&arena,
                                           repeat("a in (b", ",b", TERM_VALUES_MAX + 1, ")"),
                                           &selector, &err),
                     ERR_LIMIT);
}

/* --- fields ----------------------------------------------------------------------------------- */

static bool picks(const struct kind *kind, const char *object_text, const char *text)
{
    struct problems problems;
    struct object *object;
    struct selector selector;
    struct err err = ERR_NONE;
    bool does;

    problems_init(&problems, &arena, NULL);
    object = bind_object(kind, quick_json(&arena, object_text), BIND_TRUSTED, &problems);
    assert_non_null(object);
    if (selector_parse_fields(&arena, kind, text, &selector, &err) < 0) {
        fail_msg("refused: %s: %s", text, err.text);
    }
    does = selector_matches_fields(&arena, &selector, object);
    object_unref(object);
    return does;
}

#define SESSION                                                                                    \
    "{'metadata': {'name': 'render', 'uid': 'u-1'}, 'spec': {'policy': 'quiet', 'replicas': 3,"    \
    "'workload': {'command': ['x']}}}"

static void fields_are_compared_as_text(void **state)
{
    static const struct {
        const char *text;
        bool picks;
    } cases[] = {
        {"", true},
        {"metadata.name=render", true},
        {"metadata.name==render", true},
        {"metadata.name=other", false},
        {"metadata.name!=other", true},
        {"metadata.namespace=", true},
        {"metadata.namespace=default", false},
        {"metadata.uid=u-1", true},
        {"metadata.uid=u-2", false},
        {"spec.policy=quiet", true},
        {"spec.replicas=3", true},
        {"spec.replicas=03", false},
        {"spec.everyAgent=false", true}, /* by default */
        {"status.ready=", true},         /* absent */
        {"spec.grace=10s,spec.policy=quiet", true},
        {"spec.policy=quiet,metadata.name=other", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (picks(&harvest_session_kind, SESSION, cases[i].text) != cases[i].picks) {
            fail_msg("\"%s\" picks wrongly", cases[i].text);
        }
    }
}

#define EVENT                                                                                      \
    "{'metadata': {'name': 'e'}, 'involvedObject': {'kind': 'Agent', 'name': 'a', 'uid': 'u'},"    \
    "'reason': 'Lost', 'type': 'Warning'}"

static void events_are_found_as_describe_asks_for_them(void **state)
{
    (void)state;
    assert_true(picks(&event_kind, EVENT,
                      "involvedObject.uid=u,involvedObject.name=a,involvedObject.namespace=,"
                      "involvedObject.kind=Agent"));
    assert_true(picks(&event_kind, EVENT, "type=Warning,reason=Lost"));
    assert_true(picks(&event_kind, EVENT, "metadata.namespace=default,metadata.name=e"));
    assert_false(picks(&event_kind, EVENT, "involvedObject.namespace=default"));
    assert_false(picks(&event_kind, EVENT, "involvedObject.uid=v"));
}

static void bad_field_selectors_are_refused(void **state)
{
    static const char *const bad[] = {"metadata.labels=x",
                                      "spec.bogus=1",
                                      "bogus=1",
                                      "spec=1",
                                      "spec.workload.command=x",
                                      "spec.workload.environment=x",
                                      "spec.workload.command.x=1",
                                      "metadata.name in (a,b)",
                                      "metadata.name notin (a)",
                                      "metadata.name",
                                      "!metadata.name",
                                      "=x",
                                      "metadata.name=x,",
                                      "namespace=x",
                                      "spec.requirements[0].field=x"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct selector selector;
        struct err err = ERR_NONE;

        if (selector_parse_fields(&arena, &harvest_session_kind, bad[i], &selector, &err) == 0) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_operator_on_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_label_selectors_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(terms_and_values_have_a_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_are_compared_as_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_found_as_describe_asks_for_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bad_field_selectors_are_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
