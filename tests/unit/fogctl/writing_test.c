/* What all verbs that write have in common: tools/fogctl/writing.h. */
#include "tests/unit/fogctl/run.h"

#define OBJECT(name)                                                                               \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"Agent\",\"metadata\":{\"name\":\"" name                 \
    "\",\"managedFields\":[]},\"spec\":{\"unschedulable\":true}}"
#define RESULT(name, result)                                                                       \
    "{\"kind\":\"Agent\",\"name\":\"" name "\",\"result\":\"" result                               \
    "\",\"object\":" OBJECT(name) "}"
#define PLAN "{\"summary\":{\"start\":1}}"
#define ANSWER(results)                                                                            \
    "{\"kind\":\"ChangeSet\",\"status\":{\"revision\":\"7\",\"results\":[" results                 \
    "],\"plan\":" PLAN "}}"

static void the_object_is_printed_as_it_is_then(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ANSWER(RESULT("a", "configured")), 0});
    run("cordon a -o json");
    EXITS(0);
    OUT("\"unschedulable\": true");
    assert_null(strstr(world.did.out.data, "managedFields"));
    assert_null(strstr(world.did.out.data, "cordoned"));
    run("cordon a -o jsonpath={.metadata.name}");
    EXITS(0);
    assert_string_equal(world.did.out.data, "a");
    run("cordon a -o yaml --dry-run");
    EXITS(0);
    assert_true(str_starts(world.did.out.data, "apiVersion: fog/v1\nkind: Agent\n"));
    assert_null(strstr(world.did.out.data, "Plan"));
}

static void several_objects_are_a_list(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ANSWER(RESULT("a", "configured") "," RESULT("b", "unchanged")), 0});
    run("cordon a b -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "agent.fog/a\nagent.fog/b\n");
    run("cordon a b -o json");
    EXITS(0);
    OUT("\"kind\": \"List\"");
}

static void the_whole_answer_has_outcome_and_plan(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ANSWER(RESULT("a", "configured")), 0});
    run("cordon a --dry-run -o changeset");
    EXITS(0);
    OUT("\"kind\": \"ChangeSet\"");
    OUT("\"result\": \"configured\"");
    OUT("\"start\": 1");
}

static void of_what_was_deleted_its_name_is_left(void **state)
{
    (void)state;
    ANSWERS(
        {"GET ", 200, "{\"metadata\":{\"uid\":\"u\"}}", 0},
        {"POST ", 200, ANSWER("{\"kind\":\"Agent\",\"name\":\"a\",\"result\":\"deleted\"}"), 0});
    run("delete agent/a --no-wait -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "agent.fog/a\n");
}

static void who_owns_the_fields_is_sent_along(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ANSWER(RESULT("a", "configured")), 0});
    run("cordon a");
    EXITS(0);
    run("cordon a --field-manager=night\\watch&force=true");
    EXITS(0);
    assert_non_null(strstr(requests(), "changesets?fieldManager=fogctl "));
    assert_non_null(
        strstr(world.http.requests.data, "changesets?fieldManager=night%5Cwatch%26force%3Dtrue "));
}

static void what_it_cannot_print_is_told_before_anything_is_sent(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ANSWER(""), 0});
    run("cordon a -o wide");
    EXITS(2);
    ERR("not wide");
    run("cordon a -o jsno");
    EXITS(2);
    ERR("did you mean -o json?");
    run("cordon a -o jsonpath={.a");
    EXITS(2);
    run("cordon a --field-manager=");
    EXITS(2);
    assert_int_equal(text_count(requests(), "POST "), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_object_is_printed_as_it_is_then),
        TEST(several_objects_are_a_list),
        TEST(the_whole_answer_has_outcome_and_plan),
        TEST(of_what_was_deleted_its_name_is_left),
        TEST(who_owns_the_fields_is_sent_along),
        TEST(what_it_cannot_print_is_told_before_anything_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
