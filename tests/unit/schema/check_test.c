/* What the semantic stage refuses: rules that join fields, references, what may not change. */
#include "schema/check.h"

#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/limits.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "blake2b:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_1  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_2  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void checked(const char *yaml, const char *expected)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object(yaml, BIND_STRICT);

    bound_expect("");
    assert_non_null(object);
    check_semantic(object, NULL, bound_tree(yaml), NULL, &bound.problems);
    bound_expect(expected);
}

static void changed(const char *before_yaml, const char *after_yaml, const char *expected)
{
    _cleanup_(object_unref_p)
    struct object *before = bound_object(before_yaml, BIND_STRICT);
    _cleanup_(object_unref_p)
    struct object *after = bound_object(after_yaml, BIND_STRICT);

    bound_expect("");
    check_semantic(after, before, bound_tree(after_yaml), NULL, &bound.problems);
    bound_expect(expected);
}

/* --- policies --------------------------------------------------------------------------------- */

static void a_battery_resumes_at_a_charge_at_which_it_would_not_stop(void **state)
{
    (void)state;
    checked(POLICY "  battery: {minPercent: 50, resumePercent: 49}\n",
            "m.yaml:5:44: error: spec.battery.resumePercent: 49 is below minPercent, which is "
            "50\n");
    checked(POLICY "  battery: {minPercent: 61}\n",
            "m.yaml:5:12: error: spec.battery.resumePercent: 60 is below minPercent, which is "
            "61\n");
    checked(POLICY "  battery: {minPercent: 50, resumePercent: 50}\n", "");
}

static void heat_has_its_steps_in_order(void **state)
{
    (void)state;
    checked(POLICY "  thermal: {throttleCelsius: 56}\n",
            "m.yaml:5:30: error: spec.thermal.throttleCelsius: 56 is above suspendCelsius, which "
            "is 55\n");
    checked(POLICY "  thermal: {evictCelsius: 54}\n",
            "m.yaml:5:12: error: spec.thermal.suspendCelsius: 55 is above evictCelsius, which is "
            "54\n");
    checked(POLICY "  thermal: {resumeCelsius: 55}\n",
            "m.yaml:5:28: error: spec.thermal.resumeCelsius: 55 is not below suspendCelsius, "
            "which is 55\n");
    checked(POLICY "  thermal: {throttleCelsius: 55, evictCelsius: 55, resumeCelsius: 54}\n", "");
}

static void a_window_has_a_length(void **state)
{
    (void)state;
    checked(POLICY "  windows: [{from: \"01:00\", to: \"02:00\"}, "
                   "{from: \"01:00\", to: \"01:00\"}]\n",
            "m.yaml:5:63: error: spec.windows[1].to: equals from; for a whole day say \"00:00\" "
            "to \"24:00\"\n");
}

/* --- sessions --------------------------------------------------------------------------------- */

static void replicas_and_every_agent_exclude_each_other(void **state)
{
    (void)state;
    checked(SESSION "  replicas: 2\n  everyAgent: true\n",
            "m.yaml:7:13: error: spec.replicas: excludes everyAgent: true; give one of the two\n");
    checked(SESSION "  everyAgent: true\n", "");
    checked(SESSION "  replicas: 2\n  everyAgent: false\n", "");
}

static void tasks_exclude_other_ways_to_be_many(void **state)
{
    (void)state;
    checked(SESSION "  tasks: {count: 3}\n", "");
    checked(SESSION "  tasks: {count: 3}\n  replicas: 2\n",
            "m.yaml:8:13: error: spec.replicas: excludes tasks; tasks.parallelism says how many "
            "run at once\n");
    checked(SESSION "  tasks: {count: 3}\n  everyAgent: true\n",
            "m.yaml:8:15: error: spec.everyAgent: excludes tasks; give one of the two\n");
}

static void a_task_ends_once(void **state)
{
    static const char head[] = "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n";

    (void)state;
    checked(arena_printf(&bound.arena, "%s%s", head,
                         "spec: {tasks: {count: 1}, workload: {command: [x], restart: always}}\n"),
            "m.yaml:4:61: error: spec.workload.restart: is \"always\", and a task ends once; "
            "tasks.retries says how often one that failed is tried again\n");
    checked(arena_printf(&bound.arena, "%s%s", head,
                         "spec: {tasks: {count: 1}, workload: {command: [x], restart: never}}\n"),
            "");
}

static void outputs_of_all_tasks_can_be_told_of(void **state)
{
    static const char format[] = "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
                                 "spec: {tasks: {count: %d}, workload: {command: [x], outputs: "
                                 "[{path: result.bin}]}}\n";

    (void)state;
    checked(arena_printf(&bound.arena, format, 819), ""); /* 160 KiB by 200 */
    checked(arena_printf(&bound.arena, format, 820),
            "m.yaml:4:23: error: spec.tasks.count: is too large for tasks with these outputs: at "
            "most 819 can be told of\n");
}

static void a_quorum_has_outputs_to_compare(void **state)
{
    (void)state;
    checked(SESSION "  tasks: {count: 3, quorum: 1}\n", ""); /* each is taken as it comes */
    checked(SESSION "  tasks: {count: 3, quorum: 2}\n",
            "m.yaml:7:29: error: spec.tasks.quorum: compares outputs, and spec.workload.outputs "
            "declares none\n");
}

static void what_waits_for_a_quorum_fits_into_the_session(void **state)
{
    static const char format[] =
        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
        "spec: {tasks: {count: %d, parallelism: %d, retries: 6, quorum: 2}, "
        "workload: {command: [x], outputs: [{path: result.bin}]}}\n";

    (void)state;
    checked(arena_printf(&bound.arena, format, 491, 20), ""); /* 96 KiB by 200, 160 by 8 */
    checked(arena_printf(&bound.arena, format, 492, 20),
            "m.yaml:4:23: error: spec.tasks.count: is too large for tasks with these outputs: at "
            "most 491 can be told of\n");
    checked(arena_printf(&bound.arena, format, 491, 21),
            "m.yaml:4:41: error: spec.tasks.parallelism: is too large with this quorum: "
            "parallelism × (quorum + retries) may be 160\n");
}

static void a_file_lies_below_no_other(void **state)
{
    static const char format[] =
        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec:\n  workload:\n"
        "    command: [x]\n    artifacts:\n    - {digest: \"" DIGEST "\", path: %s}\n"
        "    - {digest: \"" DIGEST "\", path: %s}\n    outputs: [{path: %s}, {path: %s}]\n";

    (void)state;
    checked(arena_printf(&bound.arena, format, "a", "a.b", "o/p", "o/q"), "");
    checked(arena_printf(&bound.arena, format, "a", "o/a", "o", "a/b"), ""); /* two lists */
    checked(arena_printf(&bound.arena, format, "a", "a/b/c", "o", "o/p"),
            "m.yaml:9:98: error: spec.workload.artifacts[1].path: lies below \"a\", which is a "
            "file\n"
            "m.yaml:10:33: error: spec.workload.outputs[1].path: lies below \"o\", which is a "
            "file\n");
    checked(arena_printf(&bound.arena, format, "a/b", "a", "o/p", "p"),
            "m.yaml:9:98: error: spec.workload.artifacts[1].path: is a file, and \"a/b\" lies "
            "below it\n");
}

static void a_command_has_a_program_and_an_end(void **state)
{
    char word[COMMAND_BYTES_MAX - 1];

    (void)state;
    checked("apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
            "spec: {workload: {command: [\"\", x]}}\n",
            "m.yaml:4:29: error: spec.workload.command[0]: is empty; the first word is the "
            "program\n");
    memset(word, 'x', sizeof(word));
    word[COMMAND_BYTES_MAX - 2] = '\0';
    checked(arena_printf(&bound.arena,
                         "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
                         "spec: {workload: {command: [x, %s]}}\n",
                         word),
            "m.yaml:4:28: error: spec.workload.command: is 65537 bytes long, at most 65536 are "
            "allowed\n");
    checked(arena_printf(&bound.arena,
                         "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
                         "spec: {workload: {command: [x, %s]}}\n",
                         word + 1),
            "");
}

static void operators_of_selectors_take_values_or_none(void **state)
{
    (void)state;
    checked(SESSION "  selector:\n    matchExpressions:\n"
                    "    - {key: a, operator: In}\n"
                    "    - {key: a, operator: NotIn, values: []}\n"
                    "    - {key: a, operator: Exists, values: [x]}\n"
                    "    - {key: a, operator: DoesNotExist, values: [x]}\n",
            "m.yaml:9:7: error: spec.selector.matchExpressions[0].values: \"In\" needs at least "
            "one value\n"
            "m.yaml:10:41: error: spec.selector.matchExpressions[1].values: \"NotIn\" needs at "
            "least one value\n"
            "m.yaml:11:42: error: spec.selector.matchExpressions[2].values: \"Exists\" takes no "
            "values\n"
            "m.yaml:12:48: error: spec.selector.matchExpressions[3].values: \"DoesNotExist\" "
            "takes no values\n");
    checked(SESSION "  selector:\n    matchExpressions:\n"
                    "    - {key: a, operator: In, values: [x]}\n"
                    "    - {key: a, operator: Exists}\n",
            "");
}

static void requires(const char *requirement, const char *expected)
{
    const char *line =
        str_is_empty(expected) ? "" : arena_printf(&bound.arena, "m.yaml:7:%s\n", expected);

    checked(arena_printf(&bound.arena, SESSION "  requirements: [{%s}]\n", requirement), line);
}

static void a_requirement_names_what_an_agent_has(void **state)
{
    static const struct {
        const char *field, *meant;
    } unknown[] = {
        {"capacity.gpu", ""},     {"capacity.core", "; did you mean capacity.cores?"},
        {"labels.", ""},          {"labels.-x", ""},
        {"sensors.A B", ""},      {"memory", "; did you mean capacity.memory?"},
        {"colour", ""},           {"paused", ""},
        {"conditions.Ready", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        requires(arena_printf(&bound.arena, "field: %s, op: exists", unknown[i].field),
                 arena_printf(&bound.arena,
                              "26: error: spec.requirements[0].field: \"%s\" is not one of "
                              "capacity.NAME, sensors.NAME, reputation.NAME, labels.KEY, name, "
                              "platform, version%s",
                              unknown[i].field, unknown[i].meant));
    }
    requires("field: labels.example.com/x, op: exists", "");
    requires("field: sensors.battery, op: exists", "");
}

static void asks(const char *where, const char *expected)
{
    const char *lines = str_is_empty(expected) ? "" : arena_printf(&bound.arena, "%s\n", expected);

    checked(arena_printf(&bound.arena, SESSION "  where: %s\n", where), lines);
}

static void a_mistake_in_where_has_its_column_in_the_file(void **state)
{
    (void)state;
    asks("sensors.battery >= 40 && region in (north, east)", "");
    asks(
        "sensors.batery >= 40",
        "m.yaml:7:10: error: spec.where: column 1 of it: there is no \"sensors.batery\"; did you mean "
        "sensors.battery?");
    asks(
        "region == x && sensors.load > much",
        "m.yaml:7:40: error: spec.where: column 31 of it: \"much\" is not a number with at most three "
        "decimals, as sensors.load wants");
    asks("'region == x && ('",
         "m.yaml:7:26: error: spec.where: column 16 of it: \"(\" is never closed\n"
         "m.yaml:7:27: error: spec.where: column 17 of it: a field was expected, not the end");
    asks(
        "|\n    region == x &&\n    load > 3\n",
        "m.yaml:7:10: error: spec.where: line 2, column 6 of it: \">\" compares numbers, and load is a "
        "label, whose values are texts; did you mean sensors.load?");
    asks("unschedulable",
         "m.yaml:7:10: error: spec.where: column 1 of it: \"unschedulable\" is not "
         "something that sessions may ask for");
}

static void a_requirement_has_a_value_of_the_fields_form(void **state)
{
    (void)state;
    requires("field: platform, op: exists, value: x",
             "55: error: spec.requirements[0].value: \"exists\" takes no value");
    requires("field: platform, op: \"==\"",
             "18: error: spec.requirements[0].value: \"==\" needs a value");
    requires("field: platform, op: \">\", value: x",
             "40: error: spec.requirements[0].op: \">\" compares numbers, and \"platform\" is a "
             "text");
    requires("field: platform, op: in, value: x",
             "51: error: spec.requirements[0].value: is not a list with at least one value, as "
             "\"in\" wants");
    requires("field: platform, op: notIn, value: []",
             "54: error: spec.requirements[0].value: is not a list with at least one value, as "
             "\"notIn\" wants");
    requires("field: platform, op: in, value: [x, 7]",
             "51: error: spec.requirements[0].value: is not a text, as \"platform\" wants");
    requires("field: capacity.memory, op: \">=\", value: lots",
             "60: error: spec.requirements[0].value: is not a quantity, such as 512Mi, as "
             "\"capacity.memory\" wants");
    requires("field: capacity.cores, op: \">=\", value: -1",
             "59: error: spec.requirements[0].value: is not a number of cores, such as 500m, "
             "as \"capacity.cores\" wants");
    requires(
        "field: sensors.battery, op: \">=\", value: \"40\"",
        "60: error: spec.requirements[0].value: is not a number with at most three decimals, as "
        "\"sensors.battery\" wants");
    requires("field: capacity.memory, op: \">=\", value: 2Gi", "");
    requires("field: sensors.battery, op: \">=\", value: 40%", "");
    requires("field: version, op: \">=\", value: 0.2.0", "");
    requires("field: reputation.harvest, op: \">=\", value: 80", "");
    requires("field: name, op: in, value: [edge-1]", "");
    requires("field: capacity.cores, op: \">=\", value: 0.5", "");
    requires("field: sensors.temperature, op: \"<\", value: 40.5", "");
    requires("field: labels.site, op: in, value: [a, b]", "");
}

/* --- any kind --------------------------------------------------------------------------------- */

static void names_that_become_part_of_others_are_shorter(void **state)
{
    char name[WORK_NAME_BYTES_MAX + 2];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[WORK_NAME_BYTES_MAX + 1] = '\0';
    checked(
        arena_printf(&bound.arena, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n", name),
        "m.yaml:3:18: error: metadata.name: is longer than 120 characters, which is the most "
        "for this kind\n");
    checked(arena_printf(&bound.arena, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n",
                         name + 1),
            "");
}

static bool has_laptops(const void *context, const struct kind *kind, const char *name)
{
    assert_ptr_equal(context, &bound);
    assert_ptr_equal(kind, &harvest_policy_kind);
    return str_eq(name, "laptops");
}

static void a_reference_names_an_object_that_exists(void **state)
{
    static const struct check_scope scope = {has_laptops, &bound};
    static const char *const yamls[] = {SESSION "  policy: laptops\n", SESSION "  policy: desks\n",
                                        SESSION};
    static const char *const expected[] = {
        "", "m.yaml:7:11: error: spec.policy: there is no HarvestPolicy \"desks\"\n", ""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(yamls); i++) {
        _cleanup_(object_unref_p)
        struct object *object = bound_object(yamls[i], BIND_STRICT);

        check_semantic(object, NULL, bound_tree(yamls[i]), &scope, &bound.problems);
        bound_expect(expected[i]);
    }
}

static void what_is_immutable_stays_once_it_is_set(void **state)
{
    static const char none[] = "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a}\n";
    static const char one[] = "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a}\n"
                              "spec: {publicKey: \"" KEY_1 "\"}\n";
    static const char two[] = "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a}\n"
                              "spec: {publicKey: \"" KEY_2 "\"}\n";

    (void)state;
    changed(none, one, "");
    changed(one, one, "");
    changed(one, two,
            "m.yaml:4:19: error: spec.publicKey: cannot be changed once it is set; it is \"" KEY_1
            "\"\n");
    changed(one, none,
            "m.yaml:1:1: error: spec.publicKey: cannot be changed once it is set; it is \"" KEY_1
            "\"\n");
}

#define ASSIGNMENT(agent, session, uid, slot, epoch)                                               \
    "apiVersion: fog/v1\nkind: Assignment\nmetadata: {name: x}\nspec:\n  agent: " agent            \
    "\n  session: " session "\n  sessionUid: " uid "\n  slot: " slot "\n  template: " DIGEST       \
    "\n  leaseEpoch: " epoch "\n"

static void an_assignment_keeps_its_agent_and_its_session(void **state)
{
    (void)state;
    changed(ASSIGNMENT("a", "s", "u", "\"0\"", "1"), ASSIGNMENT("b", "t", "v", "\"1\"", "2"),
            "m.yaml:5:10: error: spec.agent: cannot be changed once it is set; it is \"a\"\n"
            "m.yaml:6:12: error: spec.session: cannot be changed once it is set; it is \"s\"\n"
            "m.yaml:7:15: error: spec.sessionUid: cannot be changed once it is set; it is \"u\"\n"
            "m.yaml:8:9: error: spec.slot: cannot be changed once it is set; it is \"0\"\n");
    changed(ASSIGNMENT("a", "s", "u", "\"0\"", "1"), ASSIGNMENT("a", "s", "u", "\"0\"", "2"), "");
}

/* The errors of such a session with so many bytes beside it, and the first of them. */
static size_t errors_with(const char *spec, size_t padding, char message[static 256])
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;
    size_t before = bound.problems.errors; /* of other sessions */

    str_add(&yaml, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata:\n  name: s\n"
                   "  annotations:\n    text: ");
    for (size_t i = 0; i < padding; i++) {
        str_add_char(&yaml, 'x');
    }
    str_addf(&yaml, "\nspec:\n  workload: {command: [/x]}\n%s", spec);
    {
        _cleanup_(object_unref_p)
        struct object *object = bound_object(yaml.data, BIND_STRICT);

        check_semantic(object, NULL, bound_tree(yaml.data), NULL, &bound.problems);
    }
    (void)snprintf(
        message, 256, "%s",
        bound.problems.count == 0 ? "" : bound.problems.items[bound.problems.count - 1].message);
    return bound.problems.errors - before;
}

/* Beside what its status may become it is an object that may be written. */
static void a_session_leaves_room_for_its_status(void **state)
{
    static const struct {
        const char *spec;
        size_t status_bytes;
    } sessions[] = {
        {"  replicas: 3\n", SESSION_STATUS_BYTES},
        {"  tasks: {count: 10000}\n",
         SESSION_STATUS_BYTES + TASK_ENDS_BYTES_MAX + TASKS_MAX * TASK_INDEX_BYTES},
    };
    enum { BESIDE = 2048 }; /* all but the annotation */
    char message[256];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        size_t most = OBJECT_BYTES_MAX - sessions[i].status_bytes;

        assert_int_equal(errors_with(sessions[i].spec, most - BESIDE, message), 0);
        assert_int_equal(errors_with(sessions[i].spec, most, message), 1);
        assert_non_null(strstr(message, "what its status will tell of it may take"));
    }
}

static void an_object_has_a_size(void **state)
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;

    (void)state;
    str_add(&yaml, SESSION "    environment:\n      A: ");
    for (size_t i = 0; i < OBJECT_BYTES_MAX; i++) {
        str_add_char(&yaml, 'x');
    }
    str_add(&yaml, "\n");
    {
        _cleanup_(object_unref_p)
        struct object *object = bound_object(yaml.data, BIND_STRICT);

        check_semantic(object, NULL, bound_tree(yaml.data), NULL, &bound.problems);
        assert_int_equal(bound.problems.errors, 1);
        assert_non_null(strstr(bound.problems.items[0].message, "at most 262144 are allowed"));
    }
}

static void annotations_have_a_size_together(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object(AGENT, BIND_STRICT);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    for (size_t i = 0; i < ANNOTATIONS_BYTES_MAX / 2; i++) {
        str_add_char(&text, 'x');
    }
    object_set_annotation(object, "a", text.data);
    object_set_annotation(object, "b", text.data);
    check_semantic(object, NULL, NULL, NULL, &bound.problems);
    assert_int_equal(bound.problems.errors, 2);
    assert_string_equal(bound.problems.items[0].path, "metadata.annotations");
    assert_string_equal(bound.problems.items[0].message,
                        "are 262146 bytes long together, at most 262144 are allowed");
}

static void a_place_is_the_deepest_that_exists(void **state)
{
    const struct node *root = bound_tree("a: {b: [x, {c: y}]}\n");
    static const struct {
        const char *path;
        unsigned column;
    } rows[] = {{"", 1},         {"a", 4},         {"a.b", 8},
                {"a.b[0]", 9},   {"a.b[1].c", 16}, {"a.b[1].d", 12},
                {"a.b[2].c", 8}, {"a.x.y", 4},     {"a[0]", 4},
                {"a.b.c", 8},    {"a.b[", 9},      {"a.b[99999999999999999999]", 8}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(check_locate(root, rows[i].path)->column, rows[i].column);
    }
    assert_null(check_locate(NULL, "a"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_battery_resumes_at_a_charge_at_which_it_would_not_stop),
        TEST(heat_has_its_steps_in_order),
        TEST(a_window_has_a_length),
        TEST(replicas_and_every_agent_exclude_each_other),
        TEST(tasks_exclude_other_ways_to_be_many),
        TEST(a_task_ends_once),
        TEST(outputs_of_all_tasks_can_be_told_of),
        TEST(a_quorum_has_outputs_to_compare),
        TEST(what_waits_for_a_quorum_fits_into_the_session),
        TEST(a_file_lies_below_no_other),
        TEST(a_command_has_a_program_and_an_end),
        TEST(operators_of_selectors_take_values_or_none),
        TEST(a_requirement_names_what_an_agent_has),
        TEST(a_mistake_in_where_has_its_column_in_the_file),
        TEST(a_requirement_has_a_value_of_the_fields_form),
        TEST(a_mistake_in_where_has_its_column_in_the_file),
        TEST(names_that_become_part_of_others_are_shorter),
        TEST(a_reference_names_an_object_that_exists),
        TEST(what_is_immutable_stays_once_it_is_set),
        TEST(an_assignment_keeps_its_agent_and_its_session),
        TEST(an_object_has_a_size),
        TEST(a_session_leaves_room_for_its_status),
        TEST(annotations_have_a_size_together),
        TEST(a_place_is_the_deepest_that_exists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
