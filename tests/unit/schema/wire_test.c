/* The codec of the agent link: samples of every message, and everything that is refused. */
#include "schema/wire/wire.h"

#include "schema/base/arena.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DIGEST "\"blake2b:" HEX "\""
#define KEY    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""
#define ASSIGNMENT                                                                                               \
    "{\"uid\":\"u-1\",\"name\":\"render-0-abcde\",\"session\":\"render\",\"sessionUid\":\"s-1\",\"slot\":\"0\"," \
    "\"generation\":3,\"leaseEpoch\":2,\"templateDigest\":" DIGEST ",\"template\":{\"workload\":{"               \
    "\"command\":[\"/bin/sleep\",\"60\"],\"environment\":{\"SEED\":\"7\"},\"restart\":\"always\","               \
    "\"resources\":{\"cores\":\"500m\",\"memory\":\"64Mi\"}},\"limits\":{\"pids\":16},"                          \
    "\"grace\":\"5s\",\"orphanAfter\":\"0s\",\"leaseDuration\":\"30s\"}}"

/* One of each type, with every field, in canonical form. */
static const char *const samples[WIRE_TYPE_COUNT] = {
    [WIRE_CHALLENGE] =
        "{\"type\":\"challenge\",\"versionMin\":1,\"versionMax\":2,\"storeId\":\"store-1\","
        "\"era\":4,\"nonce\":" KEY ",\"controller\":\"fog\"}",
    [WIRE_HELLO] =
        "{\"type\":\"hello\",\"version\":1,\"name\":\"edge-1\",\"publicKey\":" KEY ",\"signature\":"
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw=="
        "\",\"programVersion\":\"0.1\",\"platform\":\"linux/amd64\",\"bootId\":\"b-1\","
        "\"capacity\":{\"cores\":\"2\",\"memory\":\"1Gi\",\"disk\":\"8Gi\"},"
        "\"labels\":{\"site\":\"north\"},\"paused\":true,\"storeId\":\"store-1\",\"era\":4,"
        "\"epoch\":7,\"revision\":\"120\",\"digest\":" DIGEST "}",
    [WIRE_WELCOME] = "{\"type\":\"welcome\",\"epoch\":8,\"era\":4,\"heartbeat\":\"2s\","
                     "\"agentUid\":\"a-1\",\"period\":56,\"blobsPort\":7411}",
    [WIRE_REFUSE] = "{\"type\":\"refuse\",\"reason\":\"NameTaken\",\"message\":\"another machine "
                    "has that name\",\"retryAfter\":\"1m\"}",
    [WIRE_ASSIGN] = "{\"type\":\"assign\",\"era\":4,\"epoch\":8,\"revision\":\"121\",\"full\":true,"
                    "\"more\":true,\"base\":" DIGEST ",\"digest\":" DIGEST
                    ",\"assignments\":[" ASSIGNMENT "],\"removed\":[\"u-2\"]}",
    [WIRE_ACCEPTED] =
        "{\"type\":\"accepted\",\"epoch\":8,\"revision\":\"121\",\"digest\":" DIGEST "}",
    [WIRE_RESYNC] = "{\"type\":\"resync\",\"epoch\":8,\"digest\":" DIGEST "}",
    [WIRE_REPORT] =
        "{\"type\":\"report\",\"epoch\":8,\"seq\":\"1001\",\"paused\":true,\"items\":[{\"uid\":"
        "\"u-1\",\"generation\":3,\"leaseEpoch\":2,\"status\":{\"observedGeneration\":3,\"phase\":"
        "\"Running\",\"restarts\":1,\"reason\":\"BackOff\",\"contribution\":{\"cpu\":\"2s\"}}}],"
        "\"period\":{\"number\":57,\"shares\":[{\"sessionUid\":\"s-1\",\"cpu\":\"2s\",\"wall\":\"1m\"}]}}",
    [WIRE_REPORTED] = "{\"type\":\"reported\",\"epoch\":8,\"seq\":\"1001\",\"period\":57}",
    [WIRE_HEARTBEAT] = "{\"type\":\"heartbeat\",\"epoch\":8,\"seq\":\"5\",\"digest\":" DIGEST
                       ",\"interval\":\"10s\","
                       "\"usage\":{\"cpu\":\"2s\",\"wall\":\"3s\",\"memoryPeak\":\"1Mi\"},"
                       "\"sensors\":{\"charging\":true,\"unknown\":[\"idle\"]},\"utcOffset\":60,"
                       "\"clock\":\"2026-11-20T23:24:54Z\"}",
    [WIRE_RENEW] = "{\"type\":\"renew\",\"epoch\":8,\"seq\":\"6\",\"leases\":[{\"uid\":\"u-1\","
                   "\"leaseEpoch\":2}]}",
    [WIRE_RENEWED] = "{\"type\":\"renewed\",\"era\":4,\"epoch\":8,\"seq\":\"6\",\"leases\":["
                     "{\"uid\":\"u-1\",\"leaseEpoch\":2}]}",
    [WIRE_LOG_REQUEST] = "{\"type\":\"logRequest\",\"id\":\"9\",\"uid\":\"u-1\",\"tail\":-1,"
                         "\"follow\":true}",
    [WIRE_LOG_CANCEL] = "{\"type\":\"logCancel\",\"id\":\"9\"}",
    [WIRE_LOG_DATA] = "{\"type\":\"logData\",\"id\":\"9\",\"data\":\"h\xc3\xa9llo\\n\","
                      "\"dropped\":3,\"end\":true,\"error\":\"no such log\"}",
    [WIRE_ERROR] = "{\"type\":\"error\",\"about\":\"assign\",\"message\":\"assign: epoch: is "
                   "missing\"}",
};

struct world {
    struct arena arena;
    struct wire_message message;
    struct err err;
    struct node *tree; /* of the sample being changed */
};

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    arena_init(&world->arena);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    arena_fini(&world->arena);
    free(world);
    return 0;
}

static bool sent_by_agent(enum wire_type type)
{
    return wire_table[type].from_agent;
}

static int decode(struct world *world, const char *text, bool from_agent)
{
    world->err = ERR_NONE;
    return wire_decode(&world->arena, text, strlen(text), from_agent, &world->message, &world->err);
}

static void given_sample(struct world *world, enum wire_type type)
{
    struct problems problems;

    problems_init(&problems, &world->arena, NULL);
    assert_int_equal(json_parse(&world->arena, samples[type], strlen(samples[type]), JSON_PLAIN,
                                &problems, &world->tree),
                     0);
}

static int decode_tree(struct world *world, bool from_agent)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    json_emit(world->tree, JSON_PLAIN, &text);
    return decode(world, text.data, from_agent);
}

static void refused(struct world *world, int code, const char *why)
{
    assert_int_equal(world->err.code, code);
    if (strstr(world->err.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", world->err.text, why);
    }
}

static void every_message_survives_a_round_trip(void **state)
{
    struct world *world = *state;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        struct blob *blob;

        if (decode(world, samples[type], sent_by_agent(type)) != 0) {
            fail_msg("%s", world->err.text);
        }
        assert_int_equal(world->message.type, type);
        blob = wire_encode(&world->message);
        assert_string_equal(blob->data, samples[type]);
        blob_unref(blob);
    }
}

static void the_samples_show_every_field_of_their_message(void **state)
{
    struct world *world = *state;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        const struct shape *shape = wire_table[type].shape;

        given_sample(world, type);
        for (size_t i = 0; i < shape->count; i++) {
            if (node_find(world->tree, shape->fields[i].name) == NULL) {
                fail_msg("%s lacks %s", wire_table[type].name, shape->fields[i].name);
            }
        }
    }
}

static void a_message_without_set_bits_is_written_without_its_zeros(void **state)
{
    struct wire_message message = {.type = WIRE_REPORTED, .reported = {.epoch = 3, .seq = 0}};
    struct blob *blob = wire_encode(&message);

    (void)state;
    assert_string_equal(blob->data, "{\"type\":\"reported\",\"epoch\":3}");
    blob_unref(blob);
}

static void what_lies_below_a_list_is_marked_without_touching_the_callers(void **state)
{
    const struct wire_lease lease = {.uid = "u-1", .lease_epoch = 4};
    struct wire_message message = {.type = WIRE_RENEW, .renew = {.epoch = 3, .seq = 1}};
    struct blob *blob;

    (void)state;
    message.renew.leases.items = (struct wire_lease *)&lease;
    message.renew.leases.count = 1;
    blob = wire_encode(&message);
    assert_non_null(strstr(blob->data, "{\"uid\":\"u-1\",\"leaseEpoch\":4}"));
    assert_int_equal(lease.set, 0);
    blob_unref(blob);
}

static void a_copy_of_an_assignment_equals_it_and_owns_its_texts(void **state)
{
    struct world *world = *state;
    struct wire_assignment copy;
    struct arena arena;
    _cleanup_(str_fini)
    struct str before = STR_EMPTY, after = STR_EMPTY;

    assert_int_equal(decode(world, samples[WIRE_ASSIGN], false), 0);
    emit_shape_json(&wire_assignment_shape, &world->message.assign.assignments.items[0], &before);
    arena_init(&arena);
    wire_assignment_copy(&arena, &world->message.assign.assignments.items[0], &copy);
    arena_reset(&world->arena);
    emit_shape_json(&wire_assignment_shape, &copy, &after);
    assert_string_equal(after.data, before.data);
    arena_fini(&arena);
}

static void fields_of_a_newer_version_are_ignored(void **state)
{
    struct world *world = *state;

    assert_int_equal(decode(world, "{\"type\":\"logCancel\",\"id\":\"1\",\"newer\":{}}", false), 0);
}

static void what_is_no_message_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "\"hello\"", "{}", "{\"type\":1}", "{\"type\":null}",
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(decode(world, texts[i], true), ERR_INVALID);
    }
    assert_int_equal(decode(world, "{\"type\":\"reported\",\"type\":\"reported\"}", false),
                     ERR_INVALID);
}

static void an_unknown_type_is_refused_by_name(void **state)
{
    struct world *world = *state;

    assert_int_equal(decode(world, "{\"type\":\"reboot\"}", false), ERR_INVALID);
    refused(world, ERR_INVALID, "\"reboot\" is no type of message that a controller sends");
}

static void a_message_of_the_wrong_direction_is_refused(void **state)
{
    struct world *world = *state;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        if (wire_table[type].from_agent != wire_table[type].from_controller) {
            assert_int_equal(decode(world, samples[type], !sent_by_agent(type)), ERR_INVALID);
        }
    }
}

static void a_message_beyond_its_size_is_refused_unread(void **state)
{
    struct world *world = *state;
    char *text = mem_alloc(MESSAGE_BYTES_MAX + 2);

    memset(text, ' ', MESSAGE_BYTES_MAX + 1);
    memcpy(text, samples[WIRE_REPORTED], strlen(samples[WIRE_REPORTED]));
    assert_int_equal(decode(world, text, false), ERR_LIMIT);
    refused(world, ERR_LIMIT, "a message of 1048577 bytes");
    text[MESSAGE_BYTES_MAX] = '\0';
    assert_int_equal(decode(world, text, false), 0);
    free(text);
}

static void an_assignment_beyond_its_size_is_refused(void **state)
{
    struct world *world = *state;
    char *long_word = mem_alloc(ASSIGNMENT_BYTES_MAX + 1);
    struct node *item, *command;

    memset(long_word, 'x', ASSIGNMENT_BYTES_MAX);
    given_sample(world, WIRE_ASSIGN);
    item = node_find(world->tree, "assignments")->list.items[0];
    command = node_find_path(item, "template.workload.command");
    command->list.items[1] = node_str(&world->arena, long_word);
    assert_int_equal(decode_tree(world, false), ERR_LIMIT);
    refused(world, ERR_LIMIT, "assignments[0]: longer than");
    free(long_word);
}

static void versions_in_the_wrong_order_are_refused(void **state)
{
    struct world *world = *state;

    given_sample(world, WIRE_CHALLENGE);
    node_set(&world->arena, world->tree, "versionMin", node_int(&world->arena, 3));
    assert_int_equal(decode_tree(world, false), ERR_INVALID);
    refused(world, ERR_INVALID, "versionMax is below versionMin");
}

static void every_required_field_is_missed_by_name(void **state)
{
    struct world *world = *state;
    int tried = 0;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        const struct shape *shape = wire_table[type].shape;

        for (size_t i = 0; i < shape->count; i++) {
            if (shape->fields[i].flags & FIELD_REQUIRED) {
                given_sample(world, type);
                assert_true(node_remove(world->tree, shape->fields[i].name));
                assert_int_equal(decode_tree(world, sent_by_agent(type)), ERR_INVALID);
                refused(world, ERR_INVALID, shape->fields[i].name);
                tried++;
            }
        }
    }
    assert_true(tried > 20);
}

/* A value that breaks the row, or NULL when the row takes all of its type. */
static struct node *value_beyond(struct arena *arena, const struct field *field, unsigned way)
{
    char *text;

    switch (way) {
    case 0: /* another type */
        return field->type == FIELD_STR || field->type == FIELD_NAME ? node_int(arena, 1)
                                                                     : node_str(arena, "nonsense");
    case 1: /* below */
        return field->type == FIELD_INT ? node_int(arena, field->min - 1) : NULL;
    case 2: /* above */
        if (field->type == FIELD_INT && field->max < INT64_MAX) {
            return node_int(arena, field->max + 1);
        }
        if ((field->type != FIELD_STR && field->type != FIELD_NAME) || field->max > 100000) {
            return NULL;
        }
        text = arena_alloc(arena, (size_t)field->max + 302);
        memset(text, 'a', (size_t)field->max + (field->max == 0 ? 300 : 1));
        return node_str(arena, text);
    }
    return field->check_text != NULL ? node_str(arena, "no form \xc3\xa9") : NULL;
}

static void whatever_breaks_a_row_is_refused_by_name(void **state)
{
    struct world *world = *state;
    int tried = 0;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        const struct shape *shape = wire_table[type].shape;

        for (size_t i = 0; i < 4 * shape->count; i++) {
            const struct field *field = &shape->fields[i / 4];
            struct node *value = value_beyond(&world->arena, field, i % 4);

            if (value == NULL) {
                continue;
            }
            given_sample(world, type);
            node_set(&world->arena, world->tree, field->name, value);
            if (decode_tree(world, sent_by_agent(type)) != ERR_INVALID) {
                fail_msg("%s: %s: way %d was accepted", wire_table[type].name, field->name,
                         (int)(i % 4));
            }
            refused(world, ERR_INVALID, field->name);
            tried++;
        }
    }
    assert_true(tried > 100);
}

static void a_list_beyond_its_bound_is_refused(void **state)
{
    struct world *world = *state;

    for (int type = 0; type < WIRE_TYPE_COUNT; type++) {
        const struct shape *shape = wire_table[type].shape;

        for (size_t i = 0; i < shape->count; i++) {
            const struct field *field = &shape->fields[i];
            struct node *list;

            if (field->type != FIELD_LIST) {
                continue;
            }
            given_sample(world, type);
            list = node_find(world->tree, field->name);
            while (list->list.count <= (size_t)field->max) {
                node_add(&world->arena, list, list->list.items[0]);
            }
            assert_int_equal(decode_tree(world, sent_by_agent(type)), ERR_INVALID);
            refused(world, ERR_INVALID, field->name);
        }
    }
}

static void a_broken_template_is_refused_with_its_path(void **state)
{
    struct world *world = *state;
    struct node *item;

    given_sample(world, WIRE_ASSIGN);
    item = node_find(world->tree, "assignments")->list.items[0];
    (void)node_remove(node_find_path(item, "template.workload"), "command");
    assert_int_equal(decode_tree(world, false), ERR_INVALID);
    refused(world, ERR_INVALID, "assignments[0].template.workload.command");
}

static void the_type_of_a_refused_message_is_told_as_far_as_it_can_be_read(void **state)
{
    static const char *const texts[][2] = {
        {"{\"type\":\"assign\"}", "assign"},
        {"{\"type\":\"reboot\"}", "reboot"},
        {"{\"type\":7}", ""},
        {"nonsense", ""},
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_string_equal(wire_peek_type(&world->arena, texts[i][0], strlen(texts[i][0])),
                            texts[i][1]);
    }
}

static void the_signed_text_changes_with_everything_that_hello_claims(void **state)
{
    struct world *world = *state;
    const struct shape *shape = wire_table[WIRE_HELLO].shape;
    struct wire_challenge challenge;
    _cleanup_(str_fini)
    struct str all = STR_EMPTY;

    assert_int_equal(decode(world, samples[WIRE_CHALLENGE], false), 0);
    challenge = world->message.challenge;
    assert_int_equal(decode(world, samples[WIRE_HELLO], true), 0);
    wire_hello_signed_text(&challenge, &world->message.hello, &all);
    assert_true(str_starts(all.data, "fog.agent.v1 hello\nnonce \"AAEC"));
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        _cleanup_(str_fini)
        struct str less = STR_EMPTY;
        struct wire_hello hello = world->message.hello;
        size_t next = i + 1 < shape->count ? shape->fields[i + 1].offset : sizeof(hello);

        if (field->offset == AT(struct wire_hello, signature)) {
            continue;
        }
        memset((char *)&hello + field->offset, 0, next - field->offset);
        wire_hello_signed_text(&challenge, &hello, &less);
        if (strcmp(all.data, less.data) == 0) {
            fail_msg("%s is not signed", field->name);
        }
    }
}

static void a_name_cannot_pose_as_another_line_of_the_signed_text(void **state)
{
    struct wire_challenge challenge = {0};
    struct wire_hello hello = {.name = "edge-1\nkey \"x\""};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    wire_hello_signed_text(&challenge, &hello, &text);
    assert_non_null(strstr(text.data, "name \"edge-1\\nkey \\\"x\\\"\"\n"));
}

static void the_digest_of_an_assignment_changes_with_each_of_its_parts(void **state)
{
    struct digest digests[5];

    (void)state;
    wire_assignment_digest("u-1", 1, 2, "t", &digests[0]);
    wire_assignment_digest("u-2", 1, 2, "t", &digests[1]);
    wire_assignment_digest("u-1", 2, 2, "t", &digests[2]);
    wire_assignment_digest("u-1", 1, 3, "t", &digests[3]);
    wire_assignment_digest("u-1", 1, 2, "s", &digests[4]);
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(digest_eq(&digests[i], &digests[k]));
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_message_survives_a_round_trip),
        TEST(the_samples_show_every_field_of_their_message),
        TEST(a_message_without_set_bits_is_written_without_its_zeros),
        TEST(what_lies_below_a_list_is_marked_without_touching_the_callers),
        TEST(a_copy_of_an_assignment_equals_it_and_owns_its_texts),
        TEST(fields_of_a_newer_version_are_ignored),
        TEST(what_is_no_message_is_refused),
        TEST(an_unknown_type_is_refused_by_name),
        TEST(a_message_of_the_wrong_direction_is_refused),
        TEST(a_message_beyond_its_size_is_refused_unread),
        TEST(an_assignment_beyond_its_size_is_refused),
        TEST(versions_in_the_wrong_order_are_refused),
        TEST(every_required_field_is_missed_by_name),
        TEST(whatever_breaks_a_row_is_refused_by_name),
        TEST(a_list_beyond_its_bound_is_refused),
        TEST(a_broken_template_is_refused_with_its_path),
        TEST(the_type_of_a_refused_message_is_told_as_far_as_it_can_be_read),
        TEST(the_signed_text_changes_with_everything_that_hello_claims),
        TEST(a_name_cannot_pose_as_another_line_of_the_signed_text),
        TEST(the_digest_of_an_assignment_changes_with_each_of_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
