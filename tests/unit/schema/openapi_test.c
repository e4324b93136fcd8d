/* OpenAPI: every field of every kind is there, every reference leads somewhere, and old readers get
 * what they can bear. */
#include "schema/openapi.h"

#include "schema/base/proto.h"
#include "schema/bind.h"
#include "schema/forms.h"
#include "schema/object.h"
#include "tests/support/quick_json.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct node *v2, *v3;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    v2 = openapi_v2(&arena);
    v3 = openapi_v3(&arena, "apis/fog/v1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static const struct node *definition(const struct node *document, const char *name)
{
    const struct node *all = node_find(document, "definitions");

    return node_find(all != NULL ? all : node_find_path(document, "components.schemas"), name);
}

static const struct node *property(const struct node *schema, const char *dotted)
{
    while (schema != NULL && *dotted != '\0') {
        size_t length = strcspn(dotted, ".");

        schema = node_find(node_find(schema, "properties"), arena_strndup(&arena, dotted, length));
        if (schema != NULL && node_find(schema, "items") != NULL) {
            schema = node_find(schema, "items");
        }
        dotted += length + (dotted[length] == '.' ? 1 : 0);
    }
    return schema;
}

static void expect_shape(const struct node *schema, const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const struct node *found = node_find(node_find(schema, "properties"), field->name);

        assert_non_null(found);
        assert_true(str_starts(node_find_text(found, "description"), field->doc));
        assert_int_equal(node_find(found, "default") != NULL, field->fallback != NULL);
        if (field->shape != NULL) {
            expect_shape(field->type == FIELD_LIST ? node_find(found, "items") : found,
                         field->shape);
        }
    }
}

static void every_field_of_every_kind_is_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *name = openapi_name(&arena, kinds[i]);
        const struct node *document =
            kinds[i]->group[0] == '\0' ? openapi_v3(&arena, "api/v1") : v3;

        expect_shape(definition(v2, name), kinds[i]->shape);
        expect_shape(definition(document, name), kinds[i]->shape);
        assert_non_null(definition(v2, arena_printf(&arena, "%sList", name)));
    }
    expect_shape(definition(v2, OPENAPI_META), &meta_shape);
    expect_shape(definition(v3, OPENAPI_META), &meta_shape);
}

static void a_row_says_all_that_its_field_says(void **state)
{
    const struct node *session = definition(v3, "fog.v1.HarvestSession");

    (void)state;
    quick_json_expect(property(session, "spec.tasks.quorum"),
                      "{'type': 'integer', 'format': 'int64', 'minimum': 1, 'maximum': 16,"
                      "'description': 'results of different agents that must agree in every output "
                      "before the task is done; absent or 1: each is taken as it comes'}");
    quick_json_expect(node_find(property(session, "spec.rollout.onFailure"), "enum"),
                      "['pause', 'revert']");
    quick_json_expect(node_find(property(session, "spec.rollout.onFailure"), "default"), "'pause'");
    quick_json_expect(node_find(property(session, "spec.rollout.maxUnavailable"), "default"), "1");
    quick_json_expect(node_find(property(session, "spec"), "required"), "['workload']");
    quick_json_expect(node_find(property(session, "spec.workload.resources.memory"), "allOf"),
                      "[{'$ref': '#/components/schemas/fog.v1.Quantity'}]");
    quick_json_expect(
        node_find(node_find_path(property(session, "spec.workload"), "properties.artifacts"),
                  "x-kubernetes-list-map-keys"),
        "['path']");
    quick_json_expect(node_find(session, OPENAPI_KIND_MARK),
                      "[{'group': 'fog', 'version': 'v1', 'kind': 'HarvestSession'}]");
}

/* Older readers give up on a whole document for one such thing. */
static void expect_bearable(const struct node *document, const struct node *node)
{
    const char *ref = node_find_text(node, "$ref"), *type = node_find_text(node, "type");
    static const char *const types[] = {"object", "array",   "string",
                                        "number", "integer", "boolean"};
    bool is_known = type == NULL;

    if (ref != NULL) {
        assert_true(str_starts(ref, "#/definitions/"));
        assert_non_null(definition(document, ref + strlen("#/definitions/")));
        assert_null(type);
        assert_null(node_find(node, "properties"));
    }
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        is_known |= str_eq(type, types[i]);
    }
    assert_true(is_known);
    assert_int_equal(str_eq(type, "array"), node_find(node, "items") != NULL);
    assert_null(node_find(node, "anyOf"));
    assert_null(node_find(node, "allOf"));
}

static void walk(const struct node *document, const struct node *schema)
{
    const struct node *properties = node_find(schema, "properties");

    expect_bearable(document, schema);
    for (size_t i = 0; properties != NULL && i < properties->map.count; i++) {
        walk(document, properties->map.members[i].value);
    }
    if (node_find(schema, "items") != NULL) {
        walk(document, node_find(schema, "items"));
    }
    if (node_find(schema, "additionalProperties") != NULL) {
        walk(document, node_find(schema, "additionalProperties"));
    }
}

static void version_2_has_nothing_that_old_readers_refuse(void **state)
{
    const struct node *all = node_find(v2, "definitions");

    (void)state;
    for (size_t i = 0; i < all->map.count; i++) {
        walk(v2, all->map.members[i].value);
    }
}

/* Without this the older clients believe that the server knows no dry run, and the newer ones that
 * it knows no validation. */
static void every_kind_has_a_patch_with_dry_run_and_validation(void **state)
{
    const struct node *documents[] = {v2, v3};

    (void)state;
    for (size_t i = 0; i < KIND_COUNT * COUNT_OF(documents); i++) {
        const struct kind *kind = kinds[i / COUNT_OF(documents)];
        const struct node *patch =
            node_find(node_find(node_find(documents[i % COUNT_OF(documents)], "paths"),
                                arena_printf(&arena, "/apis/fog/v1/%s/{name}", kind->plural)),
                      "patch");
        const struct node *list = node_find(patch, "parameters");
        unsigned seen = 0;

        if (kind->group[0] == '\0') {
            continue;
        }
        assert_non_null(patch);
        for (size_t j = 0; j < list->list.count; j++) {
            const char *name = node_find_text(list->list.items[j], "name");

            seen |= str_eq(name, "dryRun") ? 1U : 0U;
            seen |= str_eq(name, "fieldValidation") ? 2U : 0U;
        }
        assert_int_equal(seen, 3);
        assert_string_equal(node_find_text(node_find(patch, OPENAPI_KIND_MARK), "kind"),
                            kind->name);
    }
}

static bool takes(const struct node *document, const char *path, const char *name)
{
    const struct node *get = node_find(node_find(node_find(document, "paths"), path), "get");
    const struct node *list = node_find(get, "parameters");

    assert_non_null(get);
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        if (str_eq(node_find_text(list->list.items[i], "name"), name)) {
            return true;
        }
    }
    return false;
}

static void what_is_read_says_what_it_can_be_asked_for(void **state)
{
    static const struct {
        const char *path, *taken[5], *not_taken;
    } cases[] = {
        {"/apis/fog/v1/agents",
         {"atRevision", "atTime", "includeObject", "where", "as"},
         "tailLines"},
        {"/apis/fog/v1/harvestsessions/{name}",
         {"atRevision", "atTime", "includeObject", "as"},
         "where"},
        {"/apis/fog/v1/agents/{name}/status", {"atRevision", "includeObject"}, "limit"},
        {"/apis/fog/v1/harvestsessions/{name}/scale", {NULL}, "atRevision"},
        {"/apis/fog/v1/agents/{name}/history", {"atRevision", "atTime", "limit"}, "continue"},
        {"/apis/fog/v1/agents/{name}/why", {NULL}, "atTime"},
        {"/apis/fog/v1/assignments/{name}/log", {"tailLines", "follow"}, "atTime"},
        {"/apis/fog/v1/history", {"limit", "atRevision"}, "continue"},
        {"/apis/fog/v1/state", {"atRevision", "atTime"}, "limit"},
        {"/apis/fog/v1/reconcilelog", {"limit"}, "atTime"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t j = 0; j < COUNT_OF(cases[i].taken) && cases[i].taken[j] != NULL; j++) {
            assert_true(takes(v2, cases[i].path, cases[i].taken[j]));
            assert_true(takes(v3, cases[i].path, cases[i].taken[j]));
        }
        assert_false(takes(v2, cases[i].path, cases[i].not_taken));
        assert_false(takes(v3, cases[i].path, cases[i].not_taken));
    }
}

/* --- protocol buffers ------------------------------------------------------------------------- */

/* The first field of that number whose field 1 is the text, or the first of all when it is NULL. */
static bool find(struct proto_field in, uint32_t number, const char *name, struct proto_field *ret)
{
    struct proto_reader reader = proto_reader_of(in.bytes, in.size_bytes);

    while (proto_next(&reader, ret)) {
        struct proto_reader inner = proto_reader_of(ret->bytes, ret->size_bytes);
        struct proto_field key;

        if (ret->number != number) {
            continue;
        }
        if (name == NULL ||
            (proto_next(&inner, &key) && key.number == 1 && key.size_bytes == strlen(name) &&
             memcmp(key.bytes, name, key.size_bytes) == 0)) {
            return true;
        }
    }
    assert_false(reader.is_bad);
    return false;
}

static void expect_text(struct proto_field in, uint32_t number, const char *expected)
{
    struct proto_field field;

    assert_true(find(in, number, NULL, &field));
    assert_int_equal(field.size_bytes, strlen(expected));
    assert_memory_equal(field.bytes, expected, field.size_bytes);
}

static void the_bytes_say_what_the_document_says(void **state)
{
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY;
    struct proto_field at, extension;

    (void)state;
    openapi_to_proto(v2, &bytes);
    at = (struct proto_field){.bytes = bytes.data, .size_bytes = bytes.length};
    expect_text(at, 1, "2.0");
    assert_true(find(at, 9, NULL, &at));
    assert_true(find(at, 1, "fog.v1.HarvestPolicy", &at));
    assert_true(find(at, 2, NULL, &at)); /* the schema */
    expect_text(at, 4, kind_get(KIND_HARVEST_POLICY)->doc);
    assert_true(find(at, 31, OPENAPI_KIND_MARK, &extension));
    assert_true(find(extension, 2, NULL, &extension));
    expect_text(extension, 2,
                "[{\"group\":\"fog\",\"version\":\"v1\",\"kind\":\"HarvestPolicy\"}]");
    assert_true(find(at, 25, NULL, &at));
    assert_true(find(at, 1, "metadata", &at));
    assert_true(find(at, 2, NULL, &at));
    expect_text(at, 1, "#/definitions/" OPENAPI_META);
}

static void patterns_agree_with_the_forms_they_stand_for(void **state)
{
    static const struct {
        bool (*form)(const char *text, const char **ret_why);
        const char *good[3], *bad[3];
    } cases[] = {
        {name_is_valid, {"a", "a-1.b", "0"}, {"A", "a-", "a..b"}},
        {label_key_is_valid, {"a", "b.c/D_e", "x-y"}, {"/a", "a/b/c", "-a"}},
        {label_value_is_valid, {"", "A.b", "x"}, {"-a", "a b", "_"}},
        {form_is_clock, {"00:00", "23:59", "09:10"}, {"24:00", "9:10", "12:60"}},
        {form_is_clock_end, {"24:00", "23:59", "00:00"}, {"24:01", "9:10", "25:00"}},
        {form_is_reason, {"A", "BatteryLow", "x1"}, {"", "1a", "a b"}},
        {form_is_event_type, {"Normal", "Warning", "Normal"}, {"normal", "", "Error"}},
        {form_is_url,
         {"http://a", "https://a:1/b?c", "http://[::1]/"},
         {"a", "ftp://a", "http://"}},
        {form_is_indexes, {"", "0-57,60", "3"}, {"a", "1,", "-1"}},
        {form_is_path, {"a", "a/b", "a.b"}, {"", "/a", "a//b"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *pattern = form_pattern(cases[i].form), *why;
        regex_t regex;

        assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
        for (size_t j = 0; j < 3; j++) {
            assert_true(cases[i].form(cases[i].good[j], &why));
            assert_int_equal(regexec(&regex, cases[i].good[j], 0, NULL, 0), 0);
            assert_false(cases[i].form(cases[i].bad[j], &why));
            assert_int_equal(regexec(&regex, cases[i].bad[j], 0, NULL, 0), REG_NOMATCH);
        }
        regfree(&regex);
    }
    assert_null(form_pattern(NULL));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_field_of_every_kind_is_described),
        CASE(a_row_says_all_that_its_field_says),
        CASE(version_2_has_nothing_that_old_readers_refuse),
        CASE(every_kind_has_a_patch_with_dry_run_and_validation),
        CASE(what_is_read_says_what_it_can_be_asked_for),
        CASE(the_bytes_say_what_the_document_says),
        cmocka_unit_test(patterns_agree_with_the_forms_they_stand_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
