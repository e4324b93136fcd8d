/* explain and api-resources: what there is, as a person reads it. */
#include "tests/unit/fogctl/run.h"

#define DISCOVERY                                                                                  \
    {"GET /api ", 200, "{\"versions\":[\"v1\"]}", 0},                                              \
        {"GET /api/v1 ", 200,                                                                      \
         "{\"resources\":[{\"name\":\"events\",\"singularName\":\"event\",\"kind\":\"Event\","     \
         "\"namespaced\":true,\"verbs\":[\"get\",\"list\"],\"shortNames\":[\"ev\"]}]}",            \
         0},                                                                                       \
        {"GET /apis ", 200,                                                                        \
         "{\"groups\":[{\"name\":\"fog\",\"preferredVersion\":{\"groupVersion\":\"fog/v1\"}}]}",   \
         0},                                                                                       \
    {                                                                                              \
        "GET /apis/fog/v1 ", 200,                                                                  \
            "{\"resources\":[{\"name\":\"boats\",\"singularName\":\"boat\",\"kind\":\"Boat\","     \
            "\"namespaced\":false,\"verbs\":[\"create\",\"get\"],\"shortNames\":[\"b\",\"bo\"],"   \
            "\"categories\":[\"all\"]},"                                                           \
            "{\"name\":\"boats/status\",\"kind\":\"Boat\",\"verbs\":[\"get\"]}]}",                 \
            0                                                                                      \
    }

#define SPEC                                                                                        \
    "{\"type\":\"object\",\"description\":\"what it shall be\",\"required\":[\"sail\"],"            \
    "\"properties\":{"                                                                              \
    "\"sail\":{\"type\":\"string\",\"enum\":[\"red\",\"white\"],\"default\":\"red\","               \
    "\"description\":\"colour of the sail, which is seen from far away and so has to be chosen "    \
    "with some care\"},"                                                                            \
    "\"crew\":{\"type\":\"array\",\"maxItems\":3,\"description\":\"who sails it\","                 \
    "\"items\":{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{"                       \
    "\"name\":{\"type\":\"string\",\"description\":\"of one\"},"                                    \
    "\"age\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":120,\"description\":\"in years\"}}}}," \
    "\"load\":{\"allOf\":[{\"$ref\":\"#/components/schemas/fog.v1.Quantity\"}],"                    \
    "\"description\":\"what it\\u001b[31m carries\"},"                                              \
    "\"names\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"               \
    "\"free\":{}}}"

#define DOCUMENT                                                                                   \
    {                                                                                              \
        "GET /openapi/v3/apis/fog/v1 ", 200,                                                       \
            "{\"openapi\":\"3.0.0\",\"components\":{\"schemas\":{"                                 \
            "\"fog.v1.Quantity\":{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]},"      \
            "\"fog.v1.Boat\":{\"type\":\"object\",\"description\":\"A thing that floats.\","       \
            "\"x-kubernetes-group-version-kind\":[{\"group\":\"fog\",\"version\":\"v1\","          \
            "\"kind\":\"Boat\"}],\"properties\":{\"spec\":" SPEC "}}}}}",                          \
            0                                                                                      \
    }

static void a_kind_is_explained_from_what_the_controller_says(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, DOCUMENT);
    run("explain boats");
    EXITS(0);
    assert_string_equal(world.did.out.data, "KIND:     Boat\nVERSION:  fog/v1\n\n"
                                            "DESCRIPTION:\n    A thing that floats.\n\n"
                                            "FIELDS:\n  spec  <object>\n    what it shall be\n\n");
    run("explain b.spec");
    EXITS(0);
    OUT("FIELD:    spec  <object>\n");
    OUT("  sail  <string> -required-\n    enum: red, white\n    default: red\n"
        "    colour of the sail, which is seen from far away and so has to be chosen with\n"
        "    some care\n\n");
    OUT("  crew  <[]object>\n    limits: at most 3 items\n    who sails it\n");
    OUT("  load  <Quantity>\n    what it?[31m carries\n");
    OUT("  names  <map[string]string>\n");
    OUT("  free  <any>\n");
}

static void a_path_leads_through_lists_to_a_field(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, DOCUMENT);
    run("explain Boat.spec.crew.age");
    EXITS(0);
    OUT("FIELD:    age  <integer>\n\nDESCRIPTION:\n    limits: 1 to 120\n    in years\n");
    run("explain boat.spec.crew -o json");
    EXITS(0);
    OUT("\"maxItems\": 3");
}

static void everything_below_is_shown_when_asked_for(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, DOCUMENT);
    run("explain boat --recursive");
    EXITS(0);
    OUT("FIELDS:\n"
        "  spec  <object>\n"
        "    sail  <string> -required-\n"
        "    crew  <[]object>\n"
        "      name  <string> -required-\n"
        "      age  <integer>\n"
        "    load  <Quantity>\n"
        "    names  <map[string]string>\n"
        "    free  <any>\n");
}

static void what_is_not_there_leads_to_what_may_be_meant(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, DOCUMENT);
    run("explain boat.spec.sial");
    EXITS(1);
    assert_string_equal(world.did.err.data, "error: Boat has no field \"sial\" in boat.spec\n"
                                            "  did you mean \"sail\"?\n");
    run("explain boat.spec.engine");
    EXITS(1);
    ERR("  fogctl explain boat.spec lists what there is\n");
    run("explain boat.spec.sail.hue");
    EXITS(1);
    ERR("Boat has no field \"hue\" in boat.spec.sail");
    run("explain baots");
    EXITS(1);
    ERR("error: the controller has no kind \"baots\"\n  did you mean \"boats\"?\n");
    run("explain");
    EXITS(2);
    run("explain boat -o wide");
    EXITS(2);
}

static void references_that_lead_nowhere_or_in_circles_are_borne(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, {"GET /openapi/v3/apis/fog/v1 ", 200,
                        "{\"components\":{\"schemas\":{\"a\":{\"$ref\":\"#/components/schemas/a\"},"
                        "\"boat\":{\"x-kubernetes-group-version-kind\":[{\"group\":\"fog\","
                        "\"kind\":\"Boat\"}],\"properties\":{"
                        "\"one\":{\"$ref\":\"#/components/schemas/a\"},"
                        "\"two\":{\"$ref\":\"#/components/schemas/nowhere\"},"
                        "\"me\":{\"$ref\":\"#/components/schemas/boat\"}}}}}}",
                        0});
    run("explain boat");
    EXITS(0);
    OUT("  one  <a>\n");
    run("explain boat --recursive");
    EXITS(0);
    run("explain boat.me.me.me");
    EXITS(0);
    OUT("FIELD:    me  <boat>\n");
}

/* --- api-resources ---------------------------------------------------------------------------- */

static void resources_are_a_table_names_or_json(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY);
    run("api-resources");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "NAME     SHORTNAMES   APIVERSION   NAMESPACED   KIND\n"
                        "events   ev           v1           true         Event\n"
                        "boats    b,bo         fog/v1       false        Boat\n");
    run("api-resources -o wide --no-headers --api-group fog");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "boats   b,bo   fog/v1   false   Boat   create,get   all\n");
    run("api-resources -o name");
    assert_string_equal(world.did.out.data, "events\nboats.fog\n");
    run("api-resources -o name --verbs get,create");
    assert_string_equal(world.did.out.data, "boats.fog\n");
    run("api-resources -o name --verbs list --categories all");
    assert_string_equal(world.did.out.data, "");
    run("api-resources -o json --categories all");
    EXITS(0);
    OUT("\"name\": \"boats\"");
    run("api-resources -o yaml");
    EXITS(2);
    run("api-resources boats");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kind_is_explained_from_what_the_controller_says),
        TEST(a_path_leads_through_lists_to_a_field),
        TEST(everything_below_is_shown_when_asked_for),
        TEST(what_is_not_there_leads_to_what_may_be_meant),
        TEST(references_that_lead_nowhere_or_in_circles_are_borne),
        TEST(resources_are_a_table_names_or_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
