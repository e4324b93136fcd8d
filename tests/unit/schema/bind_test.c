/* What the schema stage refuses of a document, and where it says the mistake is. */
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "schema/yaml.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- documents and their kinds ---------------------------------------------------------------- */

static void a_document_that_is_no_object_is_refused(void **state)
{
    (void)state;
    assert_null(bind_kind(bound_tree("- a\n"), &bound.problems));
    bound_expect("m.yaml:1:1: error: must be an object with apiVersion, kind and metadata\n");
    assert_null(bind_object(&agent_kind, bound_tree("- a\n"), 0, &bound.problems));
    bound_expect("m.yaml:1:1: error: must be an object\n");
}

static void a_document_without_a_kind_is_refused(void **state)
{
    (void)state;
    bound_refused("metadata: {name: a}\n", "m.yaml:1:1: error: apiVersion: is required\n"
                                           "m.yaml:1:1: error: kind: is required\n");
    bound_refused("apiVersion: [x]\nkind: 7\n", "m.yaml:1:13: error: apiVersion: must be a string\n"
                                                "m.yaml:2:7: error: kind: must be a string\n");
}

static void an_unknown_kind_is_refused_with_the_closest(void **state)
{
    (void)state;
    bound_refused("apiVersion: fog/v1\nkind: HarvestSesion\n",
                  "m.yaml:2:7: error: kind: there is no kind \"HarvestSesion\"; did you mean "
                  "\"HarvestSession\"?\n");
    bound_refused("apiVersion: fog/v1\nkind: Deployment\n",
                  "m.yaml:2:7: error: kind: there is no kind \"Deployment\"\n");
}

static void a_kind_of_another_version_is_refused(void **state)
{
    (void)state;
    bound_refused("apiVersion: fog/v2\nkind: Agent\n",
                  "m.yaml:1:13: error: apiVersion: Agent is in \"fog/v1\", not in \"fog/v2\"\n");
    bound_refused("apiVersion: fog/v1\nkind: Event\n",
                  "m.yaml:1:13: error: apiVersion: Event is in \"v1\", not in \"fog/v1\"\n");
}

static void a_document_of_another_kind_than_expected_is_refused(void **state)
{
    (void)state;
    assert_null(bind_object(&agent_kind, bound_tree(POLICY "  {}\n"), 0, &bound.problems));
    bound_expect("m.yaml:2:7: error: kind: must be \"Agent\" here\n");
}

/* --- fields that are there and should not be, or the other way round -------------------------- */

static void an_unknown_field_is_refused_where_its_key_is(void **state)
{
    (void)state;
    bound_refused(POLICY "  battery:\n    minPercnt: 5\n",
                  "m.yaml:6:5: error: spec.battery.minPercnt: unknown field; did you mean "
                  "\"minPercent\"?\n");
    bound_refused(POLICY "  colour: red\n", "m.yaml:5:3: error: spec.colour: unknown field\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a, label: {}}\nstate: {}\n",
                  "m.yaml:3:21: error: metadata.label: unknown field; did you mean \"labels\"?\n"
                  "m.yaml:4:1: error: state: unknown field; did you mean \"status\"?\n");
}

static void an_unknown_field_is_a_warning_unless_strict(void **state)
{
    static const char yaml[] = POLICY "  colour: red\n";
    _cleanup_(object_unref_p)
    struct object *loose = bound_object(yaml, 0);

    (void)state;
    assert_non_null(loose);
    bound_expect("m.yaml:5:3: warning: spec.colour: unknown field\n");
}

static void an_unknown_field_is_dropped_in_silence_when_told_so(void **state)
{
    static const char yaml[] = POLICY "  colour: red\n";
    _cleanup_(object_unref_p)
    struct object *quiet = bound_object(yaml, BIND_QUIET);
    _cleanup_(object_unref_p)
    struct object *trusted = bound_object(yaml, BIND_TRUSTED);

    (void)state;
    assert_non_null(quiet);
    assert_non_null(trusted);
    bound_expect("");
}

static void a_missing_field_is_reported_where_it_would_be(void **state)
{
    (void)state;
    bound_refused("apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n",
                  "m.yaml:1:1: error: spec: is required\n");
    bound_refused(
        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec:\n  replicas: 1\n",
        "m.yaml:5:3: error: spec.workload: is required\n");
    bound_refused(POLICY "  windows: [{from: \"22:00\"}]\n",
                  "m.yaml:5:13: error: spec.windows[0].to: is required\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\n",
                  "m.yaml:1:1: error: metadata.name: is required\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata: {labels: {}}\n",
                  "m.yaml:3:11: error: metadata.name: is required\n");
}

static void null_counts_as_left_out(void **state)
{
    (void)state;
    bound_accepted(POLICY "  battery:\n  unknown: ~\n");
    bound_refused("apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec: null\n",
                  "m.yaml:1:1: error: spec: is required\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata:\n",
                  "m.yaml:1:1: error: metadata.name: is required\n");
}

static void a_partial_object_needs_nothing(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object("apiVersion: fog/v1\nkind: HarvestSession\n",
                                         BIND_NO_REQUIRED | BIND_NO_DEFAULTS);

    (void)state;
    bound_expect("");
    assert_int_equal(harvest_session_of(object)->set, 0);
}

static void a_namespace_is_accepted_and_dropped(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object(
        "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a, namespace: default}\n", BIND_STRICT);

    (void)state;
    bound_expect("");
    assert_null(node_find_path(emit_object(&bound.arena, object, EMIT_ALL), "metadata.namespace"));
}

/* --- types ------------------------------------------------------------------------------------ */

static void a_value_of_the_wrong_type_is_refused(void **state)
{
    (void)state;
    bound_refused(POLICY "  battery: 5\n", "m.yaml:5:12: error: spec.battery: must be an object\n");
    bound_refused(POLICY "  battery: {minPercent: \"5\"}\n",
                  "m.yaml:5:25: error: spec.battery.minPercent: \"5\" is not a whole number\n");
    bound_refused(
        POLICY "  battery: {minPercent: 5.5}\n",
        "m.yaml:5:25: error: spec.battery.minPercent: must be a whole number, not a fraction\n");
    bound_refused(
        POLICY "  battery: {minPercent: [5]}\n",
        "m.yaml:5:25: error: spec.battery.minPercent: must be a whole number, not a list\n");
    bound_refused(POLICY "  battery: {requireCharging: 1}\n",
                  "m.yaml:5:30: error: spec.battery.requireCharging: must be true or false, not a "
                  "number\n");
    bound_refused(POLICY "  windows: {from: 1}\n",
                  "m.yaml:5:12: error: spec.windows: must be a list\n");
    bound_refused(POLICY "  windows: [now]\n",
                  "m.yaml:5:13: error: spec.windows[0]: must be an object\n");
    bound_refused(
        AGENT "  labels: [a]\n",
        "m.yaml:5:11: error: metadata.labels: must be an object of strings, not a list\n");
    bound_refused(AGENT "  labels: a\n",
                  "m.yaml:5:11: error: metadata.labels: must be an object of "
                  "strings, not a single value\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata: [a]\n",
                  "m.yaml:3:11: error: metadata: must be an object\n");
    bound_refused(
        SESSION "    environment: {A: {}}\n",
        "m.yaml:7:22: error: spec.workload.environment.A: must be a string, not an object\n");
    bound_refused(
        SESSION "    environment: {A: }\n",
        "m.yaml:7:22: error: spec.workload.environment.A: must be a string, not nothing\n");
}

static void a_number_where_a_string_belongs_is_to_be_quoted(void **state)
{
    (void)state;
    bound_refused(
        SESSION "    environment: {SEED: 7}\n",
        "m.yaml:7:25: error: spec.workload.environment.SEED: must be a string, not a number: "
        "quote it\n");
    bound_refused(SESSION "    environment: {FLAG: true}\n",
                  "m.yaml:7:25: error: spec.workload.environment.FLAG: must be a string, not true: "
                  "quote it\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata: {name: 7}\n",
                  "m.yaml:3:18: error: metadata.name: must be a string, not a number: quote it\n");
    bound_refused(
        "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a, resourceVersion: 7}\n",
        "m.yaml:3:38: error: metadata.resourceVersion: must be a string, not a number: quote "
        "it\n");
}

static void what_readers_of_yaml_disagree_about_is_to_be_quoted(void **state)
{
    (void)state;
    bound_refused(
        SESSION "    environment: {A: on, B: 1:30, C: 010}\n",
        "m.yaml:7:22: error: spec.workload.environment.A: YAML readers disagree about what "
        "\"on\" is: quote it\n"
        "m.yaml:7:29: error: spec.workload.environment.B: YAML readers disagree about what "
        "\"1:30\" is: quote it\n"
        "m.yaml:7:38: error: spec.workload.environment.C: YAML readers disagree about what "
        "\"010\" is: quote it\n");
    bound_refused(
        POLICY "  windows: [{from: 22:00, to: \"07:00\"}]\n",
        "m.yaml:5:20: error: spec.windows[0].from: YAML readers disagree about what \"22:00\" "
        "is: quote it\n");
    bound_refused(
        SESSION "    restart: no\n",
        "m.yaml:7:14: error: spec.workload.restart: YAML readers disagree about what \"no\" "
        "is: quote it\n");
    bound_refused(
        POLICY "  battery: {requireCharging: yes}\n",
        "m.yaml:5:30: error: spec.battery.requireCharging: \"yes\" is not true or false\n");
    bound_refused(
        SESSION "  requirements: [{field: labels.a, op: in, value: [x, off]}]\n",
        "m.yaml:7:55: error: spec.requirements[0].value: YAML readers disagree about what "
        "\"off\" is: quote it\n");
    bound_accepted(SESSION "    environment: {A: \"on\", B: '1:30', C: \"010\"}\n");
}

static void a_text_with_a_nul_is_refused(void **state)
{
    (void)state;
    bound_refused(SESSION "    environment: {A: \"a\\0b\"}\n",
                  "m.yaml:7:22: error: spec.workload.environment.A: holds a NUL character\n");
}

/* What is kept as it is, is wrapped in lists and answers, which must stay readable. */
static void a_value_nested_too_deep_is_refused(void **state)
{
    struct str yaml = STR_EMPTY;

    (void)state;
    for (int depth = ANY_DEPTH_MAX; depth <= ANY_DEPTH_MAX + 1; depth++) {
        str_clear(&yaml);
        str_add(&yaml, SESSION "  requirements: [{field: labels.a, op: in, value: ");
        for (int i = 1; i < depth; i++) {
            str_add_char(&yaml, '[');
        }
        str_add(&yaml, "x");
        for (int i = 1; i < depth; i++) {
            str_add_char(&yaml, ']');
        }
        str_add(&yaml, "}]\n");
        object_unref(bound_object(yaml.data, BIND_STRICT));
    }
    bound_expect("m.yaml:7:83: error: spec.requirements[0].value: values may be nested 32 deep at "
                 "the most\n");
    str_fini(&yaml);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void a_list_with_too_many_or_too_few_items_is_refused(void **state)
{
    (void)state;
    bound_refused(
        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
        "spec: {workload: {command: []}}\n",
        "m.yaml:4:28: error: spec.workload.command: has 0 entries, at least 1 is needed\n");
    bound_refused(
        POLICY "  windows: [{from: \"01:00\", to: \"02:00\", "
               "days: [mon, tue, wed, thu, fri, sat, sun, mon]}]\n",
        "m.yaml:5:48: error: spec.windows[0].days: has 8 entries, at most 7 are allowed\n");
}

static void a_map_with_too_many_entries_is_refused(void **state)
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;

    (void)state;
    str_add(&yaml, AGENT "  labels:\n");
    for (int i = 0; i < LABELS_MAX; i++) {
        str_addf(&yaml, "    l%d: x\n", i);
    }
    bound_accepted(yaml.data);
    str_add(&yaml, "    more: x\n");
    bound_refused(yaml.data, "m.yaml:6:5: error: metadata.labels: has 65 entries, at most 64 are "
                             "allowed\n");
}

static void what_must_be_there_once_is_refused_the_second_time(void **state)
{
    (void)state;
    bound_refused(POLICY "  windows: [{from: \"01:00\", to: \"02:00\", days: [mon, tue, mon]}]\n",
                  "m.yaml:5:59: error: spec.windows[0].days[2]: value \"mon\" is there twice\n");
    bound_refused(
        SESSION "    outputs:\n    - path: a\n    - path: b\n    - path: a\n",
        "m.yaml:10:7: error: spec.workload.outputs[2]: a second item whose path is \"a\"\n");
}

/* --- all at once, and what comes out ---------------------------------------------------------- */

static void all_problems_are_reported_at_once(void **state)
{
    (void)state;
    bound_refused(
        "apiVersion: fog/v1\n"
        "kind: HarvestSession\n"
        "metadata:\n"
        "  name: Bad\n"
        "spec:\n"
        "  replica: 2\n"
        "  policy: [x]\n"
        "  workload:\n"
        "    restart: maybe\n"
        "    resources: {memory: lots}\n"
        "  rollout: {maxUnavailable: 0}\n",
        "m.yaml:4:9: error: metadata.name: \"Bad\" is not a name: lower case letters, digits, "
        "\"-\" and \".\", and a letter or digit at both ends of each part\n"
        "m.yaml:6:3: error: spec.replica: unknown field; did you mean \"replicas\"?\n"
        "m.yaml:7:11: error: spec.policy: must be a string, not a list\n"
        "m.yaml:9:5: error: spec.workload.command: is required\n"
        "m.yaml:9:14: error: spec.workload.restart: \"maybe\" is not one of never, onFailure, "
        "always\n"
        "m.yaml:10:25: error: spec.workload.resources.memory: \"lots\" is not a quantity, "
        "such as \"512Mi\"\n"
        "m.yaml:11:29: error: spec.rollout.maxUnavailable: 0 is below 1\n");
}

#define ROLLS(most)                                                                                \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec:\n"                       \
    "  workload: {command: [/bin/x]}\n"                                                            \
    "  rollout: {maxUnavailable: " most "}\n"
#define MOST(what)     "m.yaml:6:29: error: spec.rollout.maxUnavailable: " what "\n"
#define NOT_MOST(what) MOST(what " is not a whole number, or a percentage from \"1%\" to \"100%\"")

static void a_number_or_a_percentage_is_one_of_the_two(void **state)
{
    _cleanup_(object_unref_p)
    struct object *session = bound_object(ROLLS("25%"), BIND_STRICT);

    (void)state;
    bound_expect("");
    assert_int_equal(harvest_session_of(session)->spec.rollout.max_unavailable, -25);
    assert_string_equal(node_text(node_find_path(emit_object(&bound.arena, session, EMIT_SPEC),
                                                 "spec.rollout.maxUnavailable")),
                        "25%");
    assert_null(bound_object(ROLLS("0%"), BIND_STRICT));
    bound_expect(NOT_MOST("\"0%\""));
    assert_null(bound_object(ROLLS("'3'"), BIND_STRICT));
    bound_expect(NOT_MOST("\"3\""));
    assert_null(bound_object(ROLLS("-3"), BIND_STRICT));
    bound_expect(MOST("-3 is below 0"));
    assert_null(bound_object(ROLLS("10001"), BIND_STRICT));
    bound_expect(MOST("10001 is above 10000"));
}

static void a_long_value_is_cut_in_the_message(void **state)
{
    char word[200];

    (void)state;
    memset(word, 'a', sizeof(word));
    word[199] = '\0';
    bound_refused(
        arena_printf(&bound.arena, SESSION "    restart: %s\n", word),
        arena_printf(&bound.arena,
                     "m.yaml:7:14: error: spec.workload.restart: \"%.64s…\" is not one of "
                     "never, onFailure, always\n",
                     word));
}

static void what_is_left_out_gets_its_default(void **state)
{
    _cleanup_(object_unref_p)
    struct object *session = bound_object(SESSION, BIND_STRICT);
    _cleanup_(object_unref_p)
    struct object *policy =
        bound_object("apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\n", BIND_STRICT);
    const struct harvest_session_spec *spec = &harvest_session_of(session)->spec;
    const struct harvest_policy_spec *rules = &harvest_policy_of(policy)->spec;

    (void)state;
    bound_expect("");
    assert_int_equal(harvest_session_replicas(spec), 1);
    assert_int_equal(spec->lease_ms, 30000);
    assert_int_equal(spec->replace_after_ms, 30000);
    assert_int_equal(spec->orphan_after_ms, 600000);
    assert_int_equal(spec->grace_ms, 10000);
    assert_int_equal(spec->retry_max, 5);
    assert_int_equal(spec->rollout.max_unavailable, 1);
    assert_false(spec->rollout.pause);
    assert_int_equal(spec->workload.restart, RESTART_ON_FAILURE);
    assert_int_equal(spec->workload.resources.cores, 100);
    assert_int_equal(rules->battery.min_percent, 50);
    assert_int_equal(rules->battery.resume_percent, 60);
    assert_true(rules->battery.require_charging);
    assert_int_equal(rules->thermal.suspend_celsius, 55);
    assert_int_equal(rules->limits.cpu_percent, 50);
    assert_int_equal(rules->unknown, UNKNOWN_SUSPEND);
}

static void what_has_no_default_stays_absent(void **state)
{
    _cleanup_(object_unref_p)
    struct object *session = bound_object(SESSION, BIND_STRICT);
    const struct node *root = emit_object(&bound.arena, session, EMIT_ALL);

    (void)state;
    assert_null(node_find(root, "status"));
    assert_null(node_find_path(root, "spec.selector"));
    assert_null(node_find_path(root, "spec.replicas"));
    assert_null(node_find_path(root, "spec.workload.resources.memory"));
}

static void defaults_are_left_out_when_told_so(void **state)
{
    _cleanup_(object_unref_p)
    struct object *session = bound_object(SESSION, BIND_STRICT | BIND_NO_DEFAULTS);

    (void)state;
    assert_true(node_eq(emit_object(&bound.arena, session, EMIT_ALL), bound_tree(SESSION)));
}

static void a_trusted_object_is_not_measured(void **state)
{
    static const char yaml[] = POLICY "  battery: {minPercent: 120}\n";
    _cleanup_(object_unref_p)
    struct object *object = bound_object(yaml, BIND_TRUSTED);

    (void)state;
    bound_expect("");
    assert_int_equal(harvest_policy_of(object)->spec.battery.min_percent, 120);
    assert_null(bound_object(POLICY "  battery: {minPercent: much}\n", BIND_TRUSTED));
    bound_expect("m.yaml:5:25: error: spec.battery.minPercent: \"much\" is not a whole number\n");
}

static void a_shape_is_bound_below_a_path(void **state)
{
    struct limits_policy limits;

    (void)state;
    assert_true(bind_shape(&bound.arena, &limits_policy_shape, bound_tree("pids: 7\n"), "limits",
                           BIND_STRICT, &bound.problems, &limits));
    assert_int_equal(limits.pids, 7);
    assert_int_equal(limits.cpu_percent, 50);
    assert_false(bind_shape(&bound.arena, &limits_policy_shape, bound_tree("pids: 0\n"), "limits",
                            BIND_STRICT, &bound.problems, &limits));
    assert_false(bind_shape(&bound.arena, &limits_policy_shape, bound_tree("7\n"), "limits",
                            BIND_STRICT, &bound.problems, &limits));
    bound_expect("m.yaml:1:1: error: limits: must be an object\n"
                 "m.yaml:1:7: error: limits.pids: 0 is below 1\n");
}

static void defaults_can_be_had_without_a_tree(void **state)
{
    struct limits_policy limits;

    (void)state;
    bind_defaults(&bound.arena, &limits_policy_shape, &limits);
    assert_int_equal(limits.memory_percent, 30);
    assert_true(shape_has(&limits_policy_shape, &limits, &limits.memory_percent));
}

static void the_object_outlives_the_tree(void **state)
{
    struct arena short_lived;
    _cleanup_(object_unref_p)
    struct object *object = NULL;

    (void)state;
    arena_init(&short_lived);
    problems_init(&bound.problems, &short_lived, NULL);
    {
        struct documents documents;
        static const char yaml[] =
            SESSION "    environment: {A: x}\n  requirements: [{field: labels.a, op: in, "
                    "value: [x]}]\n";

        assert_int_equal(yaml_parse(&short_lived, yaml, strlen(yaml), &bound.problems, &documents),
                         0);
        object = bind_object(&harvest_session_kind, documents.items[0], 0, &bound.problems);
    }
    arena_fini(&short_lived);
    problems_init(&bound.problems, &bound.arena, NULL);
    assert_string_equal(
        harvest_session_of(object)->spec.requirements.items[0].value->list.items[0]->str.text, "x");
    assert_string_equal(strmap_find(&harvest_session_of(object)->spec.workload.environment, "A"),
                        "x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_document_that_is_no_object_is_refused),
        TEST(a_document_without_a_kind_is_refused),
        TEST(an_unknown_kind_is_refused_with_the_closest),
        TEST(a_kind_of_another_version_is_refused),
        TEST(a_document_of_another_kind_than_expected_is_refused),
        TEST(an_unknown_field_is_refused_where_its_key_is),
        TEST(an_unknown_field_is_a_warning_unless_strict),
        TEST(an_unknown_field_is_dropped_in_silence_when_told_so),
        TEST(a_missing_field_is_reported_where_it_would_be),
        TEST(null_counts_as_left_out),
        TEST(a_partial_object_needs_nothing),
        TEST(a_namespace_is_accepted_and_dropped),
        TEST(a_value_of_the_wrong_type_is_refused),
        TEST(a_number_where_a_string_belongs_is_to_be_quoted),
        TEST(what_readers_of_yaml_disagree_about_is_to_be_quoted),
        TEST(a_text_with_a_nul_is_refused),
        TEST(a_value_nested_too_deep_is_refused),
        TEST(a_list_with_too_many_or_too_few_items_is_refused),
        TEST(a_map_with_too_many_entries_is_refused),
        TEST(what_must_be_there_once_is_refused_the_second_time),
        TEST(all_problems_are_reported_at_once),
        TEST(a_number_or_a_percentage_is_one_of_the_two),
        TEST(a_long_value_is_cut_in_the_message),
        TEST(what_is_left_out_gets_its_default),
        TEST(what_has_no_default_stays_absent),
        TEST(defaults_are_left_out_when_told_so),
        TEST(a_trusted_object_is_not_measured),
        TEST(a_shape_is_bound_below_a_path),
        TEST(defaults_can_be_had_without_a_tree),
        TEST(the_object_outlives_the_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
