/* The codec of the agent link: struct ↔ tree ↔ text, all by the table. */
#include "schema/wire/wire.h"

#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* All messages begin at the same place in the union. */
static void *body_of(struct wire_message *message)
{
    return &message->challenge;
}

static bool is_zero(const struct field *field, const void *member)
{
    switch (field->type) {
    case FIELD_BOOL:
        return !*(const bool *)member;
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
        return *(const int64_t *)member == 0;
    case FIELD_REAL:
        return *(const double *)member == 0;
    case FIELD_STR:
    case FIELD_NAME:
        return str_is_empty(*(const char *const *)member);
    case FIELD_ENUM:
        return *(const int *)member == 0;
    case FIELD_TIME:
        return ((const struct wall *)member)->ms == 0;
    case FIELD_REVISION:
        return *(const uint64_t *)member == 0;
    case FIELD_STRMAP:
        return ((const struct strmap *)member)->count == 0;
    case FIELD_ANY:
        return *(struct node *const *)member == NULL;
    case FIELD_STRUCT:
        return *(const uint64_t *)member == 0;
    case FIELD_LIST:
        return ((const struct any_list *)member)->count == 0;
    }
    return true;
}

/* Recursion goes as deep as the tables do, never as deep as data. */
void wire_mark_present(struct arena *arena, const struct shape *shape, void *of)
{
    uint64_t *set = of;

    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        void *member = (char *)of + field->offset;

        if (field->type == FIELD_STRUCT) {
            wire_mark_present(arena, field->shape, member);
        }
        if (field->type == FIELD_LIST && field->shape != NULL) {
            struct any_list *list = member;
            size_t size = field->shape->size_bytes;
            char *items = arena_array(arena, list->count, size);

            for (size_t k = 0; k < list->count; k++) {
                memcpy(items + k * size, (const char *)list->items + k * size, size);
                wire_mark_present(arena, field->shape, items + k * size);
            }
            list->items = items;
        }
        if (!is_zero(field, member)) {
            *set |= UINT64_C(1) << i;
        }
    }
}

struct blob *wire_encode(const struct wire_message *message)
{
    const struct wire_entry *entry = &wire_table[message->type];
    struct wire_message copy = *message;
    struct arena arena;
    struct node *body, *root;
    struct blob *blob;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    assert(message->type < WIRE_TYPE_COUNT);
    arena_init(&arena);
    wire_mark_present(&arena, entry->shape, body_of(&copy));
    body = emit_shape(&arena, entry->shape, body_of(&copy));
    root = node_map(&arena);
    node_set(&arena, root, "type", node_str(&arena, entry->name));
    for (size_t i = 0; i < body->map.count; i++) {
        node_set(&arena, root, body->map.members[i].key, body->map.members[i].value);
    }
    json_emit(root, JSON_PLAIN, &text);
    blob = blob_from_str(&text);
    arena_fini(&arena);
    return blob;
}

static int first_problem(const struct problems *problems, const char *type, struct err *err)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        if (problem->severity == PROBLEM_ERROR) {
            return err_set(err, ERR_INVALID, "%s%s%s%s%s", type, *type == '\0' ? "" : ": ",
                           problem->path, *problem->path == '\0' ? "" : ": ", problem->message);
        }
    }
    return err_set(err, ERR_INVALID, "%s: is not valid", type);
}

static enum wire_type type_find(const char *name, bool from_agent)
{
    for (size_t i = 0; i < WIRE_TYPE_COUNT; i++) {
        if (str_eq(wire_table[i].name, name)) {
            bool may = from_agent ? wire_table[i].from_agent : wire_table[i].from_controller;

            return may ? (enum wire_type)i : WIRE_TYPE_COUNT;
        }
    }
    return WIRE_TYPE_COUNT;
}

/* One assignment has its own bound, which only a message longer than it can break. */
static int check_assignments(struct arena *arena, const struct wire_assign *assign, struct err *err)
{
    for (size_t i = 0; i < assign->assignments.count; i++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;

        json_emit(emit_shape(arena, &wire_assignment_shape, &assign->assignments.items[i]),
                  JSON_PLAIN, &text);
        if (text.length > ASSIGNMENT_BYTES_MAX) {
            return err_set(err, ERR_LIMIT, "assign: assignments[%zu]: longer than %d bytes", i,
                           ASSIGNMENT_BYTES_MAX);
        }
    }
    return 0;
}

/* What a row cannot say. */
static int check_message(struct arena *arena, const struct wire_message *message, size_t size_bytes,
                         struct err *err)
{
    if (message->type == WIRE_CHALLENGE &&
        message->challenge.version_max < message->challenge.version_min) {
        return err_set(err, ERR_INVALID, "challenge: versionMax is below versionMin");
    }
    if (message->type == WIRE_ASSIGN && size_bytes > ASSIGNMENT_BYTES_MAX) {
        return check_assignments(arena, &message->assign, err);
    }
    return 0;
}

int wire_decode(struct arena *arena, const char *bytes, size_t size_bytes, bool from_agent,
                struct wire_message *ret_message, struct err *err)
{
    struct wire_message message = {0};
    struct problems problems;
    struct node *root;
    const char *name;
    int r;

    if (size_bytes > MESSAGE_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "a message of %zu bytes; at most %d are read", size_bytes,
                       MESSAGE_BYTES_MAX);
    }
    problems_init(&problems, arena, NULL);
    if (json_parse(arena, bytes, size_bytes, JSON_PLAIN, &problems, &root) != 0) {
        return first_problem(&problems, "", err);
    }
    name = node_find_text(root, "type");
    if (name == NULL) {
        return err_set(err, ERR_INVALID, "no message: an object with a \"type\" is expected");
    }
    message.type = type_find(name, from_agent);
    if (message.type == WIRE_TYPE_COUNT) {
        return err_set(err, ERR_INVALID, "\"%.64s\" is no type of message that %s sends", name,
                       from_agent ? "an agent" : "a controller");
    }
    if (!bind_shape(arena, wire_table[message.type].shape, root, "", BIND_QUIET | BIND_NO_DEFAULTS,
                    &problems, body_of(&message))) {
        return first_problem(&problems, name, err);
    }
    r = check_message(arena, &message, size_bytes, err);
    if (r != 0) {
        return r;
    }
    *ret_message = message;
    return 0;
}

const char *wire_peek_type(struct arena *arena, const char *bytes, size_t size_bytes)
{
    struct problems problems;
    struct node *root;
    const char *name = NULL;

    problems_init(&problems, arena, NULL);
    if (size_bytes <= MESSAGE_BYTES_MAX &&
        json_parse(arena, bytes, size_bytes, JSON_PLAIN, &problems, &root) == 0) {
        name = node_find_text(root, "type");
    }
    return name == NULL || strlen(name) > WIRE_WORD_BYTES_MAX ? "" : name;
}

void wire_template_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE])
{
    struct template marked = *resolved;
    _cleanup_(arena_fini)
    struct arena arena;

    arena_init(&arena);
    wire_mark_present(&arena, &template_shape, &marked);
    template_digest(&marked, ret_text);
}

void wire_assignment_copy(struct arena *arena, const struct wire_assignment *from,
                          struct wire_assignment *to)
{
    struct wire_assignment marked = *from;
    struct problems problems;
    struct arena scratch;
    bool ok;

    arena_init(&scratch);
    problems_init(&problems, &scratch, NULL);
    wire_mark_present(&scratch, &wire_assignment_shape, &marked);
    ok = bind_shape(arena, &wire_assignment_shape,
                    emit_shape(&scratch, &wire_assignment_shape, &marked), "",
                    BIND_TRUSTED | BIND_NO_DEFAULTS | BIND_NO_REQUIRED, &problems, to);
    assert(ok);
    arena_fini(&scratch);
}

static void add_text(struct str *to, const char *key, const char *text)
{
    str_addf(to, "%s ", key);
    json_emit_str(text == NULL ? "" : text, text == NULL ? 0 : strlen(text), to);
    str_add_char(to, '\n');
}

static void add_int(struct str *to, const char *key, int64_t value)
{
    str_addf(to, "%s %" PRId64 "\n", key, value);
}

/* The order and the words are part of the protocol: docs/PROTOCOL.md, "What hello signs". */
void wire_hello_signed_text(const struct wire_challenge *challenge, const struct wire_hello *hello,
                            struct str *to)
{
    str_add(to, WIRE_SUBPROTOCOL " hello\n");
    add_text(to, "nonce", challenge->nonce);
    add_text(to, "store", challenge->store_id);
    add_int(to, "era", challenge->era);
    add_text(to, "controller", challenge->controller);
    add_int(to, "version", hello->version);
    add_text(to, "name", hello->name);
    add_text(to, "key", hello->public_key);
    add_text(to, "program", hello->program_version);
    add_text(to, "platform", hello->platform);
    add_text(to, "boot", hello->boot_id);
    add_int(to, "cores", hello->capacity.cores);
    add_int(to, "memory", hello->capacity.memory);
    add_int(to, "disk", hello->capacity.disk);
    for (size_t i = 0; i < hello->labels.count; i++) {
        add_text(to, "label", hello->labels.items[i].key);
        add_text(to, "is", hello->labels.items[i].value);
    }
    add_int(to, "paused", hello->paused);
    add_text(to, "obeys", hello->store_id);
    add_int(to, "seenEra", hello->era);
    add_int(to, "seenEpoch", hello->epoch);
    str_addf(to, "revision %" PRIu64 "\n", hello->revision);
    add_text(to, "digest", hello->digest);
}

void wire_assignment_digest(const char *uid, int64_t generation, int64_t lease_epoch,
                            const char *template_digest, struct digest *ret_digest)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    str_addf(&text, "%s\n%" PRId64 "\n%" PRId64 "\n%s\n", uid, generation, lease_epoch,
             template_digest);
    digest_of(text.data, text.length, ret_digest);
}
