/* Who is this, and what becomes of it: the handshake, and the Agent object that follows from it. */
#include "controller/core/link.h"

#include "controller/core/conflicts.h"
#include "controller/core/instance.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/emit.h"
#include "schema/limits.h"

#include <stdio.h>

void link_challenge(const struct ctl *ctl, const struct link *link,
                    struct wire_challenge *ret_challenge)
{
    const struct wire_versions speaks = wire_versions_of(ctl->options.speaks);

    *ret_challenge = (struct wire_challenge){
        .version_min = speaks.min,
        .version_max = speaks.max,
        .store_id = ctl->store_id,
        .era = (int64_t)ctl->era,
        .nonce = link->nonce,
        .controller = ctl->options.name,
    };
}

void link_refuse(struct ctl *ctl, struct link *link, const char *reason, const char *message,
                 int64_t retry_after_ms)
{
    struct wire_message refusal = {.type = WIRE_REFUSE};

    refusal.refuse.reason = reason;
    refusal.refuse.message = message;
    refusal.refuse.retry_after_ms = retry_after_ms;
    ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&refusal));
    ctl_hangup(ctl, link->id, arena_printf(&ctl->arena, "%s: %s", reason, message));
    link_set_state(link, LINK_CLOSING);
}

static bool is_genuine(struct ctl *ctl, const struct link *link, const struct wire_hello *hello)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    uint8_t public_key[KEY_SIZE], signature[SIGNATURE_SIZE];
    struct wire_challenge challenge;

    link_challenge(ctl, link, &challenge);
    wire_hello_signed_text(&challenge, hello, &text);
    return base64_from_str(hello->public_key, KEY_SIZE, public_key) &&
           base64_from_str(hello->signature, SIGNATURE_SIZE, signature) &&
           key_verify(public_key, text.data, text.length, signature);
}

/* The store's own end does not do for this: a copy that is written to soon gets there. */
static uint64_t obeyed_at_most(const struct ctl *ctl, const struct agent_entry *agent)
{
    uint64_t told = agent == NULL ? 0 : agent->told_revision;

    return told > ctl->untold_revision ? told : ctl->untold_revision;
}

/* What is wrong with a hello, in the order of checking; NULL when nothing is. */
static const char *refusal_of(struct ctl *ctl, const struct link *link,
                              const struct wire_hello *hello, char message[static ERR_TEXT_SIZE])
{
    const struct agent_entry *agent = model_agent(&ctl->model, hello->name);
    const struct wire_versions speaks = wire_versions_of(ctl->options.speaks);
    const char *why;

    if (hello->version < speaks.min || hello->version > speaks.max) {
        (void)snprintf(
            message, ERR_TEXT_SIZE,
            "the agent speaks version %lld, this controller %lld to %lld; upgrade the older",
            (long long)hello->version, (long long)speaks.min, (long long)speaks.max);
        MARK("an agent speaks another version");
        return "VersionMismatch";
    }
    if (!name_is_valid(hello->name, &why)) {
        (void)snprintf(message, ERR_TEXT_SIZE, "the agent's name %s", why);
        return "BadHello";
    }
    if (hello->epoch == INT64_MAX) {
        (void)snprintf(message, ERR_TEXT_SIZE, "no connection can be newer than epoch %lld",
                       (long long)hello->epoch);
        return "BadHello";
    }
    if (!is_genuine(ctl, link, hello)) {
        (void)snprintf(message, ERR_TEXT_SIZE, "the signature does not fit the key and the nonce");
        MARK("a signature is wrong");
        return "BadSignature";
    }
    if (!str_is_empty(hello->store_id) && !str_eq(hello->store_id, ctl->store_id)) {
        (void)snprintf(
            message, ERR_TEXT_SIZE,
            "the agent obeys another store (%s); give it a new state directory to move it",
            hello->store_id);
        return "ForeignStore";
    }
    if (hello->era > (int64_t)ctl->era) {
        (void)snprintf(
            message, ERR_TEXT_SIZE,
            "the agent has seen era %lld and this store is of era %llu: it is an old copy",
            (long long)hello->era, (unsigned long long)ctl->era);
        MARK("an older era is not obeyed");
        return "OldEra";
    }
    if (hello->era == (int64_t)ctl->era && hello->revision > obeyed_at_most(ctl, agent)) {
        (void)snprintf(
            message, ERR_TEXT_SIZE,
            "the agent obeyed revision %llu and this store told it of none above %llu: "
            "it is an older copy; if that is meant, start fog-controller with --restored "
            "once",
            (unsigned long long)hello->revision, (unsigned long long)obeyed_at_most(ctl, agent));
        MARK("an older copy of the store is not obeyed");
        return "OldCopy";
    }
    if (agent != NULL && !str_is_empty(agent_spec(agent)->public_key) &&
        !str_eq(agent_spec(agent)->public_key, hello->public_key)) {
        (void)snprintf(
            message, ERR_TEXT_SIZE,
            "the name \"%s\" belongs to another key; use another name, or delete the Agent",
            hello->name);
        return "NameTaken";
    }
    if (agent == NULL && ctl->model.objects[KIND_AGENT].count >= AGENTS_MAX) {
        (void)snprintf(message, ERR_TEXT_SIZE, "this controller has its %d agents", AGENTS_MAX);
        return "TooManyAgents";
    }
    return NULL;
}

/* The part of the Agent object that the agent itself declares: its key, and its labels under their
 * prefix. */
static struct node *declared_config(struct arena *arena, const struct wire_hello *hello)
{
    struct node *root = node_map(arena), *meta = node_map(arena), *spec = node_map(arena);
    struct node *labels = node_map(arena);

    for (size_t i = 0; i < hello->labels.count; i++) {
        const struct strpair *pair = &hello->labels.items[i];
        const char *key = arena_printf(arena, REPORTED_PREFIX "%s", pair->key);
        const char *why;

        if (label_key_is_valid(key, &why) && label_value_is_valid(pair->value, &why)) {
            node_set(arena, labels, key, node_str(arena, pair->value));
        }
    }
    node_set(arena, root, "apiVersion", node_str(arena, agent_kind.api_version));
    node_set(arena, root, "kind", node_str(arena, agent_kind.name));
    node_set(arena, meta, "name", node_str(arena, hello->name));
    if (labels->map.count > 0) {
        node_set(arena, meta, "labels", labels);
    }
    node_set(arena, root, "metadata", meta);
    node_set(arena, spec, "publicKey", node_str(arena, hello->public_key));
    node_set(arena, root, "spec", spec);
    return root;
}

struct manager link_manager(const struct ctl *ctl)
{
    return (struct manager){
        .name = AGENT_MANAGER, .source = SOURCE_DISCOVERY, .subresource = "", .now = ctl->wall};
}

struct object *link_declare(struct ctl *ctl, const struct node *declared,
                            char why[static ERR_TEXT_SIZE])
{
    const char *name = node_find_text(node_find(declared, "metadata"), "name");
    const char *who = arena_printf(&ctl->arena, "agent/%s", name);
    const struct write write = {ROW_LEDGER, who, AGENT_MANAGER, "hello"};
    const struct manager manager = link_manager(ctl);
    const struct object *live = model_find(&ctl->model, KIND_AGENT, name);
    struct apply_result result;
    struct problems problems;
    struct object *next;

    problems_init(&problems, &ctl->arena, NULL);
    (void)snprintf(why, ERR_TEXT_SIZE, "the Agent object would not be valid");
    apply_config(&ctl->arena, &agent_kind,
                 live == NULL ? NULL : emit_object(&ctl->arena, live, EMIT_ALL), declared, &manager,
                 false, &result);
    if (result.root == NULL) {
        return NULL;
    }
    next = bind_object(&agent_kind, result.root, BIND_QUIET, &problems);
    if (next == NULL) {
        return NULL;
    }
    check_semantic(next, live, NULL, NULL, &problems);
    if (problems.errors > 0) {
        object_unref(next);
        (void)snprintf(why, ERR_TEXT_SIZE, "the Agent object would not be valid: %s: %s",
                       problems.items[0].path, problems.items[0].message);
        return NULL;
    }
    (void)ctl_put(ctl, next, &write);
    conflicts_put(ctl, &agent_kind, name, SOURCE_DISCOVERY, result.conflicts,
                  result.conflict_count);
    return model_find(&ctl->model, KIND_AGENT, name);
}

static void declare_status(struct ctl *ctl, const struct object *object,
                           const struct wire_hello *hello)
{
    const char *who = arena_printf(&ctl->arena, "agent/%s", hello->name);
    const struct write write = {ROW_STATUS, who, "fog-agent", ""};
    struct object *next = object_edit(object);
    struct agent *agent = next->body;
    struct agent_status *status = &agent->status;

    shape_put(&capacity_shape, &status->capacity, cores, hello->capacity.cores);
    shape_put(&capacity_shape, &status->capacity, memory, hello->capacity.memory);
    shape_put(&capacity_shape, &status->capacity, disk, hello->capacity.disk);
    shape_mark(&agent_status_shape, status, &status->capacity);
    shape_put(&agent_status_shape, status, version, object_strdup(next, hello->program_version));
    shape_put(&agent_status_shape, status, platform, object_strdup(next, hello->platform));
    shape_put(&agent_status_shape, status, boot_id, object_strdup(next, hello->boot_id));
    shape_put(&agent_status_shape, status, paused, hello->paused);
    shape_put(&agent_status_shape, status, observed_generation, next->meta.generation);
    shape_mark(&agent_shape, agent, status);
    if (MUTANT(STATUS_TAKES_SPEC)) {
        shape_put(&agent_spec_shape, &agent->spec, unschedulable, false);
    }
    (void)ctl_put(ctl, next, &write);
}

int64_t link_heartbeat_ms(const struct ctl *ctl)
{
    int64_t scaled = (int64_t)ctl->links.count * HEARTBEAT_PER_AGENT_MS;

    if (scaled < ctl->options.heartbeat_min_ms) {
        return ctl->options.heartbeat_min_ms;
    }
    return scaled > HEARTBEAT_MAX_MS ? HEARTBEAT_MAX_MS : scaled;
}

static void welcome(struct ctl *ctl, struct link *link, const struct wire_hello *hello)
{
    struct wire_message message = {.type = WIRE_WELCOME};

    link->heartbeat_ms = link_heartbeat_ms(ctl);
    message.welcome.epoch = (int64_t)link->epoch;
    message.welcome.era = (int64_t)ctl->era;
    message.welcome.heartbeat_ms = link->heartbeat_ms;
    message.welcome.agent_uid = link->agent->object->meta.uid;
    message.welcome.period = agent_status(link->agent)->period.number;
    message.welcome.blobs_port = ctl->api_port;
    ctl_send(ctl, link->id, SEND_CONTROL, wire_encode(&message));
    if (BUGGIFY("hello-forgotten") ||
        !digest_from_str(hello->digest == NULL ? "" : hello->digest, &link->told)) {
        link->told = (struct digest){0}; /* an empty set */
    }
    link->needs_full = true; /* link_flush() sends it unless the digests agree */
    if (dlist_is_empty(&link->agent->untold_link)) {
        dlist_add(&ctl->model.untold, &link->agent->untold_link);
    }
}

/* Of the same instance the newer connection wins: the older is most likely half open.  One that was
 * heard a moment ago may be of a copy that was made with its memory, which only a person can tell.
 */
static void supersede(struct ctl *ctl, struct link *older)
{
    const struct object *object = older->agent->object;

    if (mono_since(older->heard_at, ctl->now) < older->heartbeat_ms) {
        ctl_event_record(ctl, object, "Warning", "Superseded",
                         "a second connection with its key took the place of one that was alive; "
                         "if this goes on, its state directory was copied to another machine");
    }
    MARK("a newer connection takes the place of an older one");
    older->agent = NULL;
    ctl_hangup(
        ctl, older->id,
        arena_printf(&ctl->arena, "superseded by a newer connection of \"%s\"", object->meta.name));
    link_set_state(older, LINK_CLOSING);
}

void link_hello(struct ctl *ctl, struct link *link, const struct wire_hello *hello)
{
    char message[ERR_TEXT_SIZE];
    const char *reason = refusal_of(ctl, link, hello, message);
    struct agent_entry *agent = model_agent(&ctl->model, hello->name);
    int64_t retry_ms = RECONNECT_MAX_MS;
    struct object *object;

    if (reason == NULL) {
        reason = instance_refusal(ctl, agent, hello, message, &retry_ms);
    }
    if (reason != NULL) {
        link_refuse(ctl, link, reason, message, retry_ms);
        return;
    }
    ctl_begin(ctl, false);
    link->declared = declared_config(&link->said, hello);
    object = link_declare(ctl, link->declared, message);
    if (object == NULL) {
        ctl_abort(ctl);
        link_refuse(ctl, link, "BadHello", message, RECONNECT_MAX_MS);
        return;
    }
    agent = model_agent(&ctl->model, hello->name);
    link->epoch = instance_take(ctl, agent, hello);
    declare_status(ctl, object, hello);
    if (agent->link != NULL) {
        supersede(ctl, agent->link);
    }
    ctl_commit(ctl);
    agent->link = link;
    agent->away_since = MONO_NEVER;
    agent->last_seen = ctl->wall;
    agent->has_readings = false;
    roster_update_readings(&ctl->model.roster, agent);
    link->agent = agent;
    link_set_state(link, LINK_WELCOMED);
    welcome(ctl, link, hello);
    reconcile_agent_up(ctl, agent);
}
