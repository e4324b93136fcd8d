/* One thread plays the shell: commits, reads and deliveries happen in the order the shell's would.
 */
#include "tests/support/api.h"

#include "schema/emit.h"
#include "schema/json.h"
#include "schema/problem.h"
#include "tests/support/quick_json.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BOOT_MS = 1000 * 1000, STEPS_MAX = 100000 };

/* --- the shell -------------------------------------------------------------------------------- */

static struct api_reply *reply_find(struct api *api, uint64_t id)
{
    for (size_t i = api->replies.count; i-- > 0;) {
        if (api->replies.items[i]->id == id) {
            return api->replies.items[i];
        }
    }
    return NULL;
}

static struct node *parse(struct api *api, const struct blob *bytes)
{
    struct problems problems;
    struct node *node = NULL;

    problems_init(&problems, &api->arena, NULL);
    if (json_parse(&api->arena, bytes->data, bytes->size_bytes, JSON_PLAIN, &problems, &node) < 0) {
        fail_msg("an answer is not JSON: %s: %s", problems.items[0].message, bytes->data);
    }
    return node;
}

static void take_answer(struct api *api, struct effect *effect)
{
    struct api_reply *reply = reply_find(api, effect->id);

    assert_non_null(reply);
    assert_int_equal(reply->code, 0); /* one answer for each request */
    reply->code = effect->answer.code;
    reply->is_stream = effect->answer.is_stream;
    reply->is_text = effect->answer.is_text;
    reply->retry_after_seconds = effect->answer.retry_after_seconds;
    reply->warning = TAKE(effect->answer.warning);
    reply->content_type = effect->answer.content_type;
    reply->etag = TAKE(effect->answer.etag);
    reply->has_ended = !reply->is_stream;
    if (effect->bytes != NULL) {
        str_add_bytes(&reply->body, effect->bytes->data, effect->bytes->size_bytes);
        if (!reply->is_text && !str_ends(reply->content_type, "protobuf")) {
            reply->json = parse(api, effect->bytes);
        }
    }
}

static void take_chunk(struct api *api, const struct effect *effect)
{
    struct api_reply *reply = reply_find(api, effect->id);

    assert_non_null(reply);
    assert_true(reply->is_stream);
    assert_false(reply->has_ended);
    str_add_bytes(&reply->body, effect->bytes->data, effect->bytes->size_bytes);
    if (!reply->is_text) {
        vec_add(&reply->events, parse(api, effect->bytes));
    }
}

static void raw_step(struct api *api, struct ctl_event *event)
{
    struct effects effects;

    effects_init(&effects);
    event->now = api->now;
    event->wall = api->wall;
    ctl_step(api->ctl, event, &effects);
    if (effects.batch != NULL) {
        vec_add(&api->batches, effects.batch);
        effects.batch = NULL;
    }
    gate_take(api->gate, &effects);
    effects_fini(&effects);
}

static void drained(struct api *api, uint64_t link)
{
    struct ctl_event event = {.type = CTL_LINK_DRAINED, .id = link};

    raw_step(api, &event);
}

static void take_notice(struct api *api, struct effect *effect)
{
    struct api_notice notice = {TAKE(effect->notify.rule), TAKE(effect->notify.id),
                                TAKE(effect->notify.to), NULL, false};

    notice.json = parse(api, effect->bytes);
    vec_add(&api->notices, notice);
}

static void perform(struct api *api, struct effect *effect)
{
    struct api_sent sent = {.link = effect->id};

    switch (effect->type) {
    case EFFECT_ANSWER:
        take_answer(api, effect);
        break;
    case EFFECT_CHUNK:
        take_chunk(api, effect);
        break;
    case EFFECT_END:
        assert_non_null(reply_find(api, effect->id));
        reply_find(api, effect->id)->has_ended = true;
        break;
    case EFFECT_SEND:
        sent.bytes = blob_ref(effect->bytes);
        vec_add(&api->sent, sent);
        if (!api->holds_drains) {
            drained(api, effect->id);
        }
        break;
    case EFFECT_HANGUP:
        sent.hangup = TAKE(effect->reason);
        vec_add(&api->sent, sent);
        break;
    case EFFECT_READ:
        vec_add(&api->reads, effect->read);
        effect->read = (struct read_query){0};
        break;
    case EFFECT_NOTIFY:
        take_notice(api, effect);
        break;
    }
}

static bool commit(struct api *api)
{
    struct ctl_event event = {.type = CTL_COMMITTED};
    struct err err = ERR_NONE;

    if (api->holds_commits || api->batches.count == 0) {
        return false;
    }
    if (store_commit(api->store, api->batches.items, api->batches.count, &err) < 0) {
        fail_msg("a commit failed: %s", err.text);
    }
    if (store_wal_pages(api->store) > STORE_WAL_PAGES_MAX &&
        store_checkpoint(api->store, &err) < 0) {
        fail_msg("a checkpoint failed: %s", err.text);
    }
    event.id = api->batches.items[api->batches.count - 1]->seq;
    api->commits += api->batches.count;
    vec_each (&api->batches, it) {
        api->commit_rows += (*it)->rows.count;
        batch_free(*it);
    }
    vec_clear(&api->batches);
    gate_committed(api->gate, event.id);
    raw_step(api, &event);
    return true;
}

static bool read_history(struct api *api)
{
    struct ctl_event event = {.type = CTL_READ_DONE};
    struct read_query query;
    struct read_result *result;

    if (api->holds_reads || api->reads.count == 0) {
        return false;
    }
    query = api->reads.items[0];
    memmove(api->reads.items, api->reads.items + 1, --api->reads.count * sizeof(query));
    result = store_read(api->store, &query);
    result->code = api->fails_reads ? ERR_IO : result->code;
    event.read = result;
    raw_step(api, &event);
    read_result_free(result);
    read_query_fini(&query);
    return true;
}

void api_settle(struct api *api)
{
    struct effect effect;

    for (size_t i = 0; i < STEPS_MAX; i++) {
        if (gate_next(api->gate, &effect)) {
            perform(api, &effect);
            effect_fini(&effect);
        } else if (!commit(api) && !read_history(api)) {
            return;
        }
    }
    fail_msg("the core never comes to rest");
}

void api_step(struct api *api, struct ctl_event *event)
{
    raw_step(api, event);
    api_settle(api);
}

void api_tick(struct api *api)
{
    for (size_t i = 0; i < STEPS_MAX; i++) {
        struct ctl_event event = {.type = CTL_TICK};

        api_step(api, &event);
        if (!mono_is_due(ctl_deadline(api->ctl), api->now)) {
            return;
        }
    }
    fail_msg("the core never comes to rest");
}

void api_advance(struct api *api, int64_t ms)
{
    struct mono end = mono_after(api->now, ms);

    while (mono_before(api->now, end)) {
        struct mono next = mono_earlier(ctl_deadline(api->ctl), end);

        if (mono_before(api->now, next)) {
            api->wall.ms += next.ms - api->now.ms;
            api->now = next;
        }
        api_tick(api);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static int load_object(void *context, const struct stored_change *change, struct err *err)
{
    return ctl_load_object(context, change, err);
}

static int load_content(void *context, const struct content *content, struct err *err)
{
    (void)err;
    ctl_load_content(context, content);
    return 0;
}

static int load_answer(void *context, const struct answer_row *answer, struct err *err)
{
    (void)err;
    ctl_load_answer(context, answer);
    return 0;
}

static void start(struct api *api)
{
    const struct ctl_options options = {.name = "fog", .version = "0.1", .seed = {3}};
    const struct store_options store = {
        .path = "/fog.db", .vfs = disk_name(api->disk), .create = true, .seed = {7}};
    struct store_loader loader = {load_object, load_content, load_answer, NULL};
    struct ctl_event event = {.type = CTL_START};
    struct stored_state state;
    struct err err = ERR_NONE;

    api->gate = gate_new();
    api->ctl = ctl_new(&options);
    loader.context = api->ctl;
    if (store_open(&store, &api->store, &err) < 0 || store_state(api->store, &state, &err) < 0) {
        fail_msg("the store does not open: %s", err.text);
    }
    ctl_load_state(api->ctl, &state);
    if (store_load(api->store, &loader, &err) < 0) {
        fail_msg("the store does not load: %s", err.text);
    }
    api_step(api, &event);
}

void api_init(struct api *api)
{
    *api = (struct api){.now = {BOOT_MS}, .wall = {INT64_C(1767225600000)}};
    arena_init(&api->arena);
    api->disk = disk_new("api-disk", 1);
    api->user_agent = "tester/1.0";
    api->user = "alice";
    start(api);
}

static void stop(struct api *api)
{
    vec_each (&api->batches, it) {
        batch_free(*it);
    }
    vec_clear(&api->batches);
    vec_each (&api->reads, it) {
        read_query_fini(it);
    }
    vec_clear(&api->reads);
    gate_free(TAKE(api->gate));
    ctl_free(TAKE(api->ctl));
}

void api_restart(struct api *api)
{
    stop(api);
    disk_process_crash(api->disk);
    store_close(TAKE(api->store));
    api_clear_sent(api);
    start(api);
}

void api_clear_sent(struct api *api)
{
    vec_each (&api->sent, it) {
        blob_unref(it->bytes);
        free(it->hangup);
    }
    vec_clear(&api->sent);
}

void api_fini(struct api *api)
{
    stop(api);
    store_close(TAKE(api->store));
    disk_free(TAKE(api->disk));
    api_clear_sent(api);
    vec_each (&api->replies, it) {
        free((*it)->warning);
        free((*it)->etag);
        str_fini(&(*it)->body);
        vec_fini(&(*it)->events);
        free(*it);
    }
    vec_fini(&api->replies);
    vec_fini(&api->batches);
    vec_fini(&api->reads);
    vec_fini(&api->sent);
    vec_each (&api->notices, it) {
        free(it->rule);
        free(it->id);
        free(it->to);
    }
    vec_fini(&api->notices);
    arena_fini(&api->arena);
}

/* --- requests --------------------------------------------------------------------------------- */

struct api_reply *api_call_raw(struct api *api, const char *method, const char *target,
                               const char *body, size_t size_bytes)
{
    const struct http_request http = {
        .method = method,
        .target = target,
        .content_type = api->content_type,
        .accept = api->accept,
        .user_agent = api->user_agent,
        .user = api->user,
        .cause = api->cause,
        .if_none_match = api->if_none_match,
        .idempotency_key = api->key,
        .body = body,
        .body_size_bytes = size_bytes,
    };
    struct api_reply *reply = MEM_NEW(struct api_reply);
    struct ctl_event event = {.type = CTL_HTTP, .id = ++api->next_id, .http = &http};

    str_init(&reply->body);
    reply->id = api->next_id;
    vec_add(&api->replies, reply);
    api_step(api, &event);
    return reply;
}

struct api_reply *api_call(struct api *api, const char *method, const char *target,
                           const char *body)
{
    struct str text = STR_EMPTY;
    struct api_reply *reply;

    for (; body != NULL && *body != '\0'; body++) {
        if (*body == '`') {
            str_add(&text, "\\\"");
        } else {
            str_add_char(&text, *body == '\'' ? '"' : *body);
        }
    }
    reply = api_call_raw(api, method, target, text.data, text.length);
    str_fini(&text);
    return reply;
}

struct node *api_expect_at(struct api *api, int code, const char *method, const char *target,
                           const char *body, const char *file, int line)
{
    struct api_reply *reply = api_call(api, method, target, body);

    if (reply->code != code) {
        print_error("%s %s: %d, not %d: %s\n", method, target, reply->code, code, reply->body.data);
        _fail(file, line);
    }
    return reply->json;
}

void api_gone(struct api *api, const struct api_reply *reply)
{
    struct ctl_event event = {.type = CTL_HTTP_GONE, .id = reply->id};

    api_step(api, &event);
}

/* --- looking ---------------------------------------------------------------------------------- */

const struct node *api_at(const struct node *root, const char *path)
{
    while (root != NULL && *path != '\0') {
        if (*path == '[') {
            char *end;
            unsigned long index = strtoul(path + 1, &end, 10);

            root = root->type == NODE_LIST && index < root->list.count ? root->list.items[index]
                                                                       : NULL;
            path = end + 1;
        } else {
            size_t length = strcspn(path, ".[");
            char key[128];

            assert_true(length < sizeof(key));
            memcpy(key, path, length);
            key[length] = '\0';
            root = node_find(root, key);
            path += length;
        }
        path += *path == '.';
    }
    return root;
}

const char *api_text(const struct node *root, const char *path)
{
    const char *text = node_text(api_at(root, path));

    return text == NULL ? "" : text;
}

int64_t api_int(const struct node *root, const char *path)
{
    const struct node *node = api_at(root, path);

    assert_non_null(node);
    assert_int_equal(node->type, NODE_INT);
    return node->integer;
}

uint64_t api_revision(struct api *api)
{
    return api->ctl->revision;
}

char *api_target(struct api *api, const char *format, ...)
{
    struct str text = STR_EMPTY;
    char buffer[2048], *copy;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(buffer, sizeof(buffer), format, args);
    va_end(args);
    str_add(&text, buffer);
    copy = arena_strdup(&api->arena, text.data);
    str_fini(&text);
    return copy;
}

struct node *api_get(struct api *api, const char *target)
{
    return api_expect(api, 200, "GET", target, NULL);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct entry *const *)a)->object->meta.name,
                  (*(struct entry *const *)b)->object->meta.name);
}

static void print_kind(const struct map *objects, struct str *to)
{
    struct entry **entries = mem_array(objects->count + 1, sizeof(struct entry *));
    size_t count = 0;

    map_each (objects, it) {
        entries[count++] = it->value;
    }
    qsort(entries, count, sizeof(entries[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        emit_object_json(entries[i]->object, EMIT_ALL, JSON_SORTED, to);
        str_add_char(to, '\n');
    }
    free(entries);
}

const char *api_fingerprint(struct api *api)
{
    const struct ctl *ctl = api->ctl;
    struct str text = STR_EMPTY;
    char *copy, random[2 * sizeof(ctl->rand) + 1];

    for (size_t i = 0; i < KIND_COUNT; i++) {
        print_kind(&ctl->model.objects[i], &text);
    }
    hex_to_str(&ctl->rand, sizeof(ctl->rand), random);
    str_addf(&text,
             "revision %" PRIu64 " desired %" PRIu64 " newest %" PRId64 " rand %s answers %zu "
             "ring %" PRIu64 " batches %" PRIu64 "\n",
             ctl->revision, ctl->desired_revision, ctl->newest.ms, random, ctl->answers.count,
             ctl->ring.next, ctl->batch_seq);
    copy = arena_strdup(&api->arena, text.data);
    str_fini(&text);
    return copy;
}

/* --- agents ----------------------------------------------------------------------------------- */

uint64_t api_link_up(struct api *api)
{
    struct ctl_event event = {.type = CTL_LINK_UP, .id = ++api->next_id};

    api_step(api, &event);
    return event.id;
}

void api_link_down(struct api *api, uint64_t link)
{
    struct ctl_event event = {.type = CTL_LINK_DOWN, .id = link};

    api_step(api, &event);
}

void api_say_text(struct api *api, uint64_t link, const char *text)
{
    struct ctl_event event = {.type = CTL_LINK_FRAME, .id = link};

    event.frame.bytes = text;
    event.frame.size_bytes = strlen(text);
    api_step(api, &event);
}

void api_say(struct api *api, uint64_t link, const struct wire_message *message)
{
    struct blob *bytes = wire_encode(message);
    struct ctl_event event = {.type = CTL_LINK_FRAME, .id = link};

    event.frame.bytes = bytes->data;
    event.frame.size_bytes = bytes->size_bytes;
    api_step(api, &event);
    blob_unref(bytes);
}

bool api_hear(struct api *api, uint64_t link, enum wire_type type, struct wire_message *ret)
{
    vec_each (&api->sent, it) {
        struct err err = ERR_NONE;

        if (it->link != link || it->bytes == NULL || it->is_taken) {
            continue;
        }
        if (wire_decode(&api->arena, it->bytes->data, it->bytes->size_bytes, false, ret, &err) <
            0) {
            fail_msg("an agent cannot read \"%s\": %s", it->bytes->data, err.text);
        }
        if (ret->type == type) {
            it->is_taken = true;
            return true;
        }
    }
    return false;
}

const char *api_hangup(struct api *api, uint64_t link)
{
    vec_each (&api->sent, it) {
        if (it->link == link && it->hangup != NULL) {
            return it->hangup;
        }
    }
    return NULL;
}

struct wire_hello api_hello(struct api *api, struct api_agent *agent)
{
    uint8_t public_key[KEY_SIZE];
    char text[KEY_TEXT_SIZE];
    struct wire_hello hello = {.version = WIRE_VERSION,
                               .name = agent->name,
                               .program_version = "0.1",
                               .platform = "linux/amd64",
                               .boot_id = "boot-1",
                               .capacity = {.cores = 4000, .memory = INT64_C(4) << 30},
                               .epoch = agent->epoch};

    key_public(agent->key, public_key);
    base64_to_str(public_key, sizeof(public_key), text);
    hello.public_key = arena_strdup(&api->arena, text);
    return hello;
}

void api_say_hello(struct api *api, struct api_agent *agent, struct wire_hello *hello)
{
    struct wire_message message = {.type = WIRE_HELLO}, challenge;
    struct str text = STR_EMPTY;
    uint8_t signature[SIGNATURE_SIZE];
    char signature_text[SIGNATURE_TEXT_SIZE];

    assert_true(api_hear(api, agent->link, WIRE_CHALLENGE, &challenge));
    wire_hello_signed_text(&challenge.challenge, hello, &text);
    key_sign(agent->key, text.data, text.length, signature);
    base64_to_str(signature, sizeof(signature), signature_text);
    hello->signature = signature_text;
    message.hello = *hello;
    api_say(api, agent->link, &message);
    hello->signature = NULL;
    str_fini(&text);
}

void api_connect(struct api *api, struct api_agent *agent)
{
    struct wire_hello hello;
    struct wire_message message;

    agent->link = api_link_up(api);
    hello = api_hello(api, agent);
    api_say_hello(api, agent, &hello);
    if (!api_hear(api, agent->link, WIRE_WELCOME, &message)) {
        fail_msg("agent \"%s\" is not welcome: %s", agent->name, api_hangup(api, agent->link));
    }
    agent->epoch = message.welcome.epoch;
    agent->heartbeat_ms = message.welcome.heartbeat_ms;
}
