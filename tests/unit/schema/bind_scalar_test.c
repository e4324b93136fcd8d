/* What the schema stage refuses of single values. */
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- scalars ---------------------------------------------------------------------------------- */

static void a_number_out_of_bounds_is_refused(void **state)
{
    (void)state;
    bound_refused(POLICY "  battery:\n    minPercent: 120\n    resumePercent: -1\n",
                  "m.yaml:6:17: error: spec.battery.minPercent: 120 is above 100\n"
                  "m.yaml:7:20: error: spec.battery.resumePercent: -1 is below 0\n");
    bound_refused(POLICY "  limits: {pids: 0}\n",
                  "m.yaml:5:18: error: spec.limits.pids: 0 is below 1\n");
    bound_refused(SESSION "  leaseDuration: 2s\n",
                  "m.yaml:7:18: error: spec.leaseDuration: 2s is below 3s\n");
    bound_refused(SESSION "  leaseDuration: 1h1s\n",
                  "m.yaml:7:18: error: spec.leaseDuration: 1h1s is above 1h\n");
    bound_refused(SESSION "  replaceAfter: 999ms\n",
                  "m.yaml:7:17: error: spec.replaceAfter: 999ms is below 1s\n");
    bound_refused(SESSION "  grace: 11m\n", "m.yaml:7:10: error: spec.grace: 11m is above 10m\n");
    bound_refused(SESSION "  replicas: -1\n", "m.yaml:7:13: error: spec.replicas: -1 is below 0\n");
    bound_refused(SESSION "    resources: {cores: 1025, memory: -1}\n",
                  "m.yaml:7:24: error: spec.workload.resources.cores: 1025 is above 1024\n"
                  "m.yaml:7:38: error: spec.workload.resources.memory: -1 is below 0\n");
    bound_accepted(SESSION "  leaseDuration: 1h\n  orphanAfter: 0s\n  grace: 0s\n  replicas: 0\n");
}

static void a_duration_needs_units(void **state)
{
    (void)state;
    bound_refused(SESSION "  grace: 10\n",
                  "m.yaml:7:10: error: spec.grace: must be a duration, such as "
                  "\"5m\" or \"1h30m\", not a number\n");
    bound_refused(SESSION "  grace: 10 s\n", "m.yaml:7:10: error: spec.grace: \"10 s\" is not a "
                                             "duration, such as \"5m\" or \"1h30m\"\n");
}

static void a_quantity_and_cores_have_their_forms(void **state)
{
    (void)state;
    bound_refused(
        SESSION "    resources: {memory: 5 GB, cores: many}\n",
        "m.yaml:7:25: error: spec.workload.resources.memory: \"5 GB\" is not a quantity, such "
        "as \"512Mi\"\n"
        "m.yaml:7:38: error: spec.workload.resources.cores: \"many\" is not a number of "
        "cores, such as \"2\" or \"500m\"\n");
    bound_refused(
        SESSION "    resources: {memory: 1.5, cores: 0.0001}\n",
        "m.yaml:7:25: error: spec.workload.resources.memory: must be a quantity, such as "
        "\"512Mi\", not a fraction\n"
        "m.yaml:7:37: error: spec.workload.resources.cores: must be a number of cores, such "
        "as \"2\" or \"500m\", not a fraction\n");
}

static void cores_are_numbers_or_texts(void **state)
{
    static const struct {
        const char *text;
        int64_t millis;
    } rows[] = {{"2", 2000}, {"0.5", 500}, {"500m", 500}, {"\"2\"", 2000}, {"0.001", 1}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *yaml =
            arena_printf(&bound.arena, SESSION "    resources: {cores: %s}\n", rows[i].text);
        _cleanup_(object_unref_p)
        struct object *object = bound_object(yaml, BIND_STRICT);

        bound_expect("");
        assert_int_equal(harvest_session_of(object)->spec.workload.resources.cores, rows[i].millis);
    }
}

static void a_word_that_is_no_choice_is_refused_with_all_choices(void **state)
{
    (void)state;
    bound_refused(SESSION "    restart: onFailur\n",
                  "m.yaml:7:14: error: spec.workload.restart: \"onFailur\" is not one of never, "
                  "onFailure, always (did you mean \"onFailure\"?)\n");
    bound_refused(SESSION "    restart: sometimes\n",
                  "m.yaml:7:14: error: spec.workload.restart: \"sometimes\" is not one of never, "
                  "onFailure, always\n");
}

static void a_time_and_a_revision_have_their_forms(void **state)
{
    (void)state;
    bound_refused(
        AGENT "  creationTimestamp: \"yesterday\"\n  resourceVersion: \"-1\"\n",
        "m.yaml:5:22: error: metadata.creationTimestamp: \"yesterday\" is not a time, such as "
        "\"2026-11-20T23:24:54Z\"\n"
        "m.yaml:6:20: error: metadata.resourceVersion: \"-1\" is not a revision: a whole "
        "number as a string\n");
}

static void a_text_that_is_too_long_is_refused(void **state)
{
    char uid[65];
    const char *yaml;

    (void)state;
    memset(uid, 'x', sizeof(uid) - 1);
    uid[64] = '\0';
    yaml = arena_printf(&bound.arena, AGENT "  uid: %s\n", uid);
    bound_refused(yaml,
                  "m.yaml:5:8: error: metadata.uid: is 64 bytes long, at most 63 are allowed\n");
    bound_accepted(arena_printf(&bound.arena, AGENT "  uid: %s\n", uid + 1));
}

/* --- forms ------------------------------------------------------------------------------------ */

static void a_text_out_of_form_is_refused(void **state)
{
    (void)state;
    bound_refused(
        POLICY "  windows: [{from: \"25:00\", to: \"7:00\"}]\n",
        "m.yaml:5:20: error: spec.windows[0].from: \"25:00\" is not a time of day from "
        "\"00:00\" to \"23:59\"\n"
        "m.yaml:5:33: error: spec.windows[0].to: \"7:00\" is not a time of day from \"00:00\" "
        "to \"24:00\"\n");
    bound_refused(SESSION "    artifacts: [{digest: abc, path: x}]\n",
                  "m.yaml:7:26: error: spec.workload.artifacts[0].digest: \"abc\" is not a digest: "
                  "\"blake2b:\" and 64 hex digits\n");
    bound_refused("apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a}\nspec: {publicKey: abc}\n",
                  "m.yaml:4:19: error: spec.publicKey: \"abc\" is not a public key: 32 bytes in "
                  "base64\n");
    bound_accepted(POLICY "  windows: [{from: \"00:00\", to: \"24:00\"}]\n");
}

static void a_path_stays_inside_the_working_directory(void **state)
{
    static const struct {
        const char *path, *why;
    } rows[] = {
        {"/etc/passwd", "is absolute; paths are relative to the working directory"},
        {"../x", "leads outside through \"..\""},
        {"a/../../x", "leads outside through \"..\""},
        {"a/..", "leads outside through \"..\""},
        {"a//b", "has an empty part or a \".\""},
        {"a/", "has an empty part or a \".\""},
        {"./a", "has an empty part or a \".\""},
        {"", "is empty"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bound_refused(
            arena_printf(&bound.arena, SESSION "    outputs: [{path: \"%s\"}]\n", rows[i].path),
            arena_printf(&bound.arena,
                         "m.yaml:7:22: error: spec.workload.outputs[0].path: \"%s\" %s\n",
                         rows[i].path, rows[i].why));
    }
    bound_accepted(SESSION "    outputs: [{path: a/b..c/.d}]\n");
}

static void the_name_of_a_variable_has_a_form(void **state)
{
    (void)state;
    bound_refused(
        SESSION "    environment: {1A: x, A-B: x, FOG_X: x, \"\": x}\n",
        "m.yaml:7:19: error: spec.workload.environment: key \"1A\" is not the name of a "
        "variable: it begins with a letter or \"_\"\n"
        "m.yaml:7:26: error: spec.workload.environment: key \"A-B\" is not the name of a "
        "variable: letters, digits and \"_\" only\n"
        "m.yaml:7:34: error: spec.workload.environment: key \"FOG_X\" begins with FOG_, which "
        "the agent keeps for itself\n"
        "m.yaml:7:44: error: spec.workload.environment: key \"\" is not the name of a "
        "variable: it begins with a letter or \"_\"\n");
}

static void a_name_is_a_subdomain(void **state)
{
    static const char why[] = "is not a name: lower case letters, digits, \"-\" and \".\", and a "
                              "letter or digit at both ends of each part";
    static const char *const bad[] = {"Upper", "a_b",  "-a",   "a-",  "a..b", ".a",
                                      "a.",    "a.-b", "a-.b", "a b", "é",    "a/b"};
    char name[NAME_BYTES_MAX + 2];
    const char *reason;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        bound_refused(arena_printf(&bound.arena,
                                   "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n",
                                   bad[i]),
                      arena_printf(&bound.arena, "m.yaml:3:18: error: metadata.name: \"%s\" %s\n",
                                   bad[i], why));
    }
    memset(name, 'a', sizeof(name));
    name[NAME_BYTES_MAX + 1] = '\0';
    assert_false(name_is_valid(name, &reason));
    assert_string_equal(reason, "is longer than 253 characters");
    assert_true(name_is_valid(name + 1, &reason));
    assert_false(name_is_valid("", &reason));
    assert_string_equal(reason, "is empty");
    assert_true(name_is_valid("a-1.b-2.3", &reason));
}

static void labels_have_their_forms(void **state)
{
    char word[LABEL_VALUE_BYTES_MAX + 2];
    const char *why;

    (void)state;
    bound_refused(
        AGENT "  labels: {-a: x, b: -y, c/: z, /d: z, E.x/e: z}\n",
        "m.yaml:5:12: error: metadata.labels: key \"-a\" may hold letters, digits, \"-\", "
        "\"_\" and \".\" only, and begins and ends with a letter or digit\n"
        "m.yaml:5:22: error: metadata.labels.b: \"-y\" may hold letters, digits, \"-\", "
        "\"_\" and \".\" only, and begins and ends with a letter or digit\n"
        "m.yaml:5:26: error: metadata.labels: key \"c/\" has nothing behind the \"/\"\n"
        "m.yaml:5:33: error: metadata.labels: key \"/d\" has a prefix that is not a domain "
        "name\n"
        "m.yaml:5:40: error: metadata.labels: key \"E.x/e\" has a prefix that is not a domain "
        "name\n");
    memset(word, 'a', sizeof(word));
    word[LABEL_VALUE_BYTES_MAX + 1] = '\0';
    assert_false(label_value_is_valid(word, &why));
    assert_string_equal(why, "is longer than 63 characters");
    assert_true(label_value_is_valid(word + 1, &why));
    assert_true(label_value_is_valid("", &why));
    assert_false(label_key_is_valid("", &why));
    bound_accepted(AGENT "  labels: {a.b-c_D: \"\", fog/tier: X-1, example.com/a: \"7\"}\n");
}

static void the_keys_of_annotations_have_the_form_of_labels(void **state)
{
    (void)state;
    bound_refused(AGENT "  annotations: {a b: x}\n",
                  "m.yaml:5:17: error: metadata.annotations: key \"a b\" may hold letters, digits, "
                  "\"-\", \"_\" and \".\" only, and begins and ends with a letter or digit\n");
    bound_accepted(AGENT "  annotations: {a.b/c: \"anything at all: {}\\n\"}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_out_of_bounds_is_refused),
        TEST(a_duration_needs_units),
        TEST(a_quantity_and_cores_have_their_forms),
        TEST(cores_are_numbers_or_texts),
        TEST(a_word_that_is_no_choice_is_refused_with_all_choices),
        TEST(a_time_and_a_revision_have_their_forms),
        TEST(a_text_that_is_too_long_is_refused),
        TEST(a_text_out_of_form_is_refused),
        TEST(a_path_stays_inside_the_working_directory),
        TEST(the_name_of_a_variable_has_a_form),
        TEST(a_name_is_a_subdomain),
        TEST(labels_have_their_forms),
        TEST(the_keys_of_annotations_have_the_form_of_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
