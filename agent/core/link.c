/* The life of the link.
 *
 *            time to dial             up               hello sent              welcome
 *     Idle ──────────────→ Connecting ──→ Open ─────────────────→ Greeted ─────────────→ Welcomed
 *      ↑                       │           │ challenge             │                       │
 *      │ down (from anywhere)  │ too long  │ too long, foreign     │ too long, refused     │
 * silent, │                       ↓           ↓                       ↓                       ↓
 * nonsense └────────────────────────────────────── Closing ←────────────────────────────────────
 *
 * Dialling again waits longer each time, with jitter, so that a controller that comes back is not
 * met by all its agents at once; a link that proved well, by one heartbeat, forgets the past. */
#include "agent/core/link.h"

#include "agent/core/model.h"
#include "schema/base/site.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const link_state_words[] = {"Idle",     "Connecting", "Open", "Greeted",
                                        "Welcomed", "Closing",    NULL};

#define TO(state) (1u << (state))

/* Row: from; bits: to. */
static const unsigned moves[LINK_STATE_COUNT] = {
    [LINK_IDLE] = TO(LINK_CONNECTING),
    [LINK_CONNECTING] = TO(LINK_OPEN) | TO(LINK_CLOSING) | TO(LINK_IDLE),
    [LINK_OPEN] = TO(LINK_GREETED) | TO(LINK_CLOSING) | TO(LINK_IDLE),
    [LINK_GREETED] = TO(LINK_WELCOMED) | TO(LINK_CLOSING) | TO(LINK_IDLE),
    [LINK_WELCOMED] = TO(LINK_CLOSING) | TO(LINK_IDLE),
    [LINK_CLOSING] = TO(LINK_IDLE),
};

static void move(struct agt *agt, enum link_state to)
{
    assert(moves[agt->link.state] & TO(to));
    trace_add(&agt->trace, agt->now, "link: %s -> %s", link_state_words[agt->link.state],
              link_state_words[to]);
    agt->link.state = to;
}

bool link_is_welcomed(const struct agt *agt)
{
    return agt->link.state == LINK_WELCOMED;
}

static void hang_up(struct agt *agt, const char *reason)
{
    struct link *link = &agt->link;

    (void)snprintf(link->last_end, sizeof(link->last_end), "%s", reason);
    out_add(agt, AGT_HANGUP, OUT_AT_ONCE)->reason = out_text(agt, reason);
    link->deadline = MONO_NEVER;
    move(agt, LINK_CLOSING);
}

/* What was not said yet will be right. */
void link_declare_again(struct agt *agt)
{
    if (agt->link.state == LINK_GREETED || agt->link.state == LINK_WELCOMED) {
        MARK("an agent declares itself again");
        hang_up(agt, "the owner changed what this machine declares");
    }
}

/* --- dialling -----------------------------------------------------------------------------------
 */

static void schedule_dial(struct agt *agt)
{
    struct link *link = &agt->link;
    int64_t delay_ms = agt_back_off(agt, link->attempts, RECONNECT_MIN_MS, RECONNECT_MAX_MS);

    link->attempts++;
    if (BUGGIFY("dial-at-once")) {
        delay_ms = 0;
    }
    link->deadline = mono_later(mono_after(agt->now, delay_ms), link->not_before);
}

void link_on_start(struct agt *agt)
{
    agt->link.deadline = mono_after(agt->now, rand_between(&agt->rand, 0, RECONNECT_MIN_MS));
}

static void dial(struct agt *agt)
{
    (void)out_add(agt, AGT_CONNECT, OUT_AT_ONCE);
    agt->link.deadline = mono_after(agt->now, HANDSHAKE_MS);
    agt->link.not_before = MONO_ZERO;
    move(agt, LINK_CONNECTING);
}

void link_on_up(struct agt *agt)
{
    if (agt->link.state != LINK_CONNECTING) {
        return;
    }
    agt->link.bad = 0;
    agt->link.epoch = 0;
    agt->link.deadline = mono_after(agt->now, HANDSHAKE_MS);
    move(agt, LINK_OPEN);
}

void link_on_down(struct agt *agt)
{
    struct link *link = &agt->link;

    if (link->state == LINK_IDLE) {
        return;
    }
    if (link->state != LINK_CLOSING) {
        (void)snprintf(link->last_end, sizeof(link->last_end), "%s",
                       link->state == LINK_CONNECTING ? "the controller could not be reached"
                                                      : "the controller or the network ended it");
    }
    set_on_link_down(agt);
    lease_on_link_down(agt);
    logs_on_link_down(agt);
    move(agt, LINK_IDLE);
    schedule_dial(agt);
}

/* --- the handshake ------------------------------------------------------------------------------
 */

/* Why this controller must not be obeyed, or NULL. */
static const char *objection(struct agt *agt, const struct wire_challenge *challenge)
{
    const struct fence *fence = &agt->fence;
    struct arena *arena = &agt->out.effects->arena;
    const struct wire_versions speaks = wire_versions_of(agt->options.speaks);

    if (challenge->version_max < speaks.min || challenge->version_min > speaks.max) {
        return arena_printf(arena,
                            "the controller speaks versions %" PRId64 " to %" PRId64
                            " of the protocol, this agent %" PRId64 " to %" PRId64
                            ": update the older of them",
                            challenge->version_min, challenge->version_max, speaks.min, speaks.max);
    }
    if (!str_is_empty(agt->options.controller) &&
        !str_eq(agt->options.controller, challenge->controller)) {
        return arena_printf(arena, "the controller is \"%.64s\", and this agent serves \"%.64s\"",
                            challenge->controller, agt->options.controller);
    }
    if (fence->store_id[0] != '\0' && !str_eq(fence->store_id, challenge->store_id)) {
        return arena_printf(arena,
                            "the controller's store is %.64s, and this agent obeys store %.64s: "
                            "give the agent another state directory to make it change sides",
                            challenge->store_id, fence->store_id);
    }
    if (challenge->era < fence->era) {
        return arena_printf(arena,
                            "the controller's store is of era %" PRId64
                            ", and this agent saw era %" PRId64 ": an old copy is running",
                            challenge->era, fence->era);
    }
    return NULL;
}

static void fill_hello(const struct agt *agt, struct wire_hello *hello)
{
    const struct agt_options *options = &agt->options;

    hello->name = options->name;
    hello->public_key = agt->public_key;
    hello->program_version = options->version;
    hello->platform = options->platform;
    hello->boot_id = options->boot_id;
    hello->capacity = options->settings.capacity;
    hello->labels = options->settings.labels;
    hello->paused = agt->is_paused;
    hello->store_id = agt->fence.store_id;
    hello->era = agt->fence.era;
    hello->epoch = agt->fence.epoch;
    hello->revision = agt->set.saved_revision;
}

static void send_hello(struct agt *agt, const struct wire_challenge *challenge)
{
    struct wire_message message = {.type = WIRE_HELLO};
    struct wire_hello *hello = &message.hello;
    const struct wire_versions speaks = wire_versions_of(agt->options.speaks);
    uint8_t signature[SIGNATURE_SIZE];
    char signature_text[SIGNATURE_TEXT_SIZE], digest_text[DIGEST_TEXT_SIZE];
    _cleanup_(str_fini)
    struct str signed_text = STR_EMPTY;

    fill_hello(agt, hello);
    agt->link.said_paused = hello->paused;
    hello->version = challenge->version_max < speaks.max ? challenge->version_max : speaks.max;
    digest_to_str(&agt->set.saved_digest, digest_text);
    hello->digest = BUGGIFY("hello-without-digest") ? NULL : digest_text;
    wire_hello_signed_text(challenge, hello, &signed_text);
    key_sign(agt->options.key, signed_text.data, signed_text.length, signature);
    base64_to_str(signature, sizeof(signature), signature_text);
    hello->signature = signature_text;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_AT_ONCE);
}

static void on_challenge(struct agt *agt, const struct wire_challenge *challenge)
{
    const char *why_not = objection(agt, challenge);

    if (why_not != NULL) {
        hang_up(agt, why_not);
        return;
    }
    (void)snprintf(agt->link.store_id, sizeof(agt->link.store_id), "%s", challenge->store_id);
    agt->link.era = challenge->era;
    send_hello(agt, challenge);
    agt->link.deadline = mono_after(agt->now, HANDSHAKE_MS);
    move(agt, LINK_GREETED);
}

static void begin_session(struct agt *agt, const struct wire_welcome *welcome)
{
    struct link *link = &agt->link;

    link->epoch = welcome->epoch;
    link->heartbeat_ms = welcome->heartbeat_ms;
    link->blobs_port = (int)welcome->blobs_port;
    link->beat_seq = 0;
    link->beat_at = mono_after(agt->now, rand_between(&agt->rand, 1, welcome->heartbeat_ms));
    link->silent_at = mono_after(agt->now, HEARTBEATS_MISSED_MAX * welcome->heartbeat_ms);
    link->deadline = MONO_NEVER;
    link->last_end[0] = '\0';
    govern_on_welcome(agt);
    move(agt, LINK_WELCOMED);
}

/* A controller follows no claim beyond the bound, and leaves out one number at most. */
static bool is_beyond_all(const struct fence *fence, int64_t epoch)
{
    int64_t followed = fence->epoch > EPOCH_FOLLOWED_MAX ? fence->epoch : EPOCH_FOLLOWED_MAX;

    return epoch - 2 > followed;
}

static void on_welcome(struct agt *agt, const struct wire_welcome *welcome)
{
    struct fence *fence = &agt->fence;
    bool is_new_era = welcome->era > fence->era || fence->store_id[0] == '\0';
    bool is_gap = is_new_era || welcome->epoch != fence->epoch + 1;

    if (!is_new_era && (welcome->era < fence->era || welcome->epoch <= fence->epoch)) {
        MARK("an agent takes no number twice");
        agt->counters.stale_messages++;
        hang_up(agt, "the controller gave this connection a number that was used before: an old "
                     "copy of its store is running");
        return;
    }
    if (welcome->era != agt->link.era) { /* else one false number would shut the true store out */
        agt->counters.stale_messages++;
        hang_up(agt, "the controller welcomes in another era than it challenged in");
        return;
    }
    if (is_beyond_all(fence, welcome->epoch)) {
        agt->counters.stale_messages++;
        hang_up(agt, "the controller gave this connection a number that no other could follow");
        return;
    }
    (void)snprintf(fence->store_id, sizeof(fence->store_id), "%s", agt->link.store_id);
    if (is_new_era) {
        MARK("an agent begins a new era");
        agt->set.revision = 0;
    }
    fence->era = welcome->era;
    fence->epoch = welcome->epoch;
    agt->saver.is_due = true;
    begin_session(agt, welcome);
    lease_on_welcome(agt);
    fetch_on_welcome(agt);
    collect_on_welcome(agt);
    report_on_welcome(agt, is_gap);
    period_on_welcome(agt, welcome);
}

static void on_refuse(struct agt *agt, const struct wire_refuse *refuse)
{
    char reason[320];

    (void)snprintf(reason, sizeof(reason), "refused: %.60s: %.240s", refuse->reason,
                   refuse->message == NULL ? "no reason was given" : refuse->message);
    agt->link.not_before = mono_after(agt->now, refuse->retry_after_ms);
    MARK("an agent is refused");
    hang_up(agt, reason);
}

/* --- messages -----------------------------------------------------------------------------------
 */

static void on_heartbeat(struct agt *agt, const struct wire_heartbeat *heartbeat)
{
    agt->link.attempts = 0;
    if (heartbeat->interval_ms > 0) {
        agt->link.heartbeat_ms = heartbeat->interval_ms;
        agt->link.silent_at = mono_after(agt->now, HEARTBEATS_MISSED_MAX * heartbeat->interval_ms);
    }
    set_on_digest(agt, heartbeat->digest);
}

/* The epoch that a message carries, or that of the link when it carries none. */
static int64_t epoch_of(const struct agt *agt, const struct wire_message *message)
{
    switch (message->type) {
    case WIRE_ASSIGN:
        return message->assign.epoch;
    case WIRE_REPORTED:
        return message->reported.epoch;
    case WIRE_HEARTBEAT:
        return message->heartbeat.epoch;
    case WIRE_RENEWED:
        return message->renewed.epoch;
    case WIRE_CHALLENGE:
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_REFUSE:
    case WIRE_ACCEPTED:
    case WIRE_RESYNC:
    case WIRE_REPORT:
    case WIRE_RENEW:
    case WIRE_LOG_REQUEST:
    case WIRE_LOG_CANCEL:
    case WIRE_LOG_DATA:
    case WIRE_ERROR:
    case WIRE_TYPE_COUNT:
        break;
    }
    return agt->link.epoch;
}

static int not_now(const struct wire_message *message, struct err *err)
{
    return err_set(err, ERR_INVALID, "%s: is not expected now", wire_table[message->type].name);
}

static int on_session_message(struct agt *agt, const struct wire_message *message,
                              size_t size_bytes, struct err *err)
{
    if (epoch_of(agt, message) != agt->link.epoch) {
        MARK("an agent drops what is of an earlier connection");
        agt->counters.stale_messages++;
        return 0;
    }
    agt->link.silent_at = mono_after(agt->now, HEARTBEATS_MISSED_MAX * agt->link.heartbeat_ms);
    switch (message->type) {
    case WIRE_ASSIGN:
        return set_on_assign(agt, &message->assign, size_bytes, err);
    case WIRE_REPORTED:
        return report_on_reported(agt, &message->reported, err);
    case WIRE_HEARTBEAT:
        on_heartbeat(agt, &message->heartbeat);
        return 0;
    case WIRE_RENEWED:
        return lease_on_renewed(agt, &message->renewed, err);
    case WIRE_LOG_REQUEST:
        logs_on_request(agt, &message->log_request);
        return 0;
    case WIRE_LOG_CANCEL:
        logs_on_cancel(agt, &message->log_cancel);
        return 0;
    case WIRE_REFUSE:
        on_refuse(agt, &message->refuse);
        return 0;
    case WIRE_CHALLENGE:
    case WIRE_WELCOME:
    case WIRE_HELLO:
    case WIRE_ACCEPTED:
    case WIRE_RESYNC:
    case WIRE_REPORT:
    case WIRE_RENEW:
    case WIRE_LOG_DATA:
    case WIRE_ERROR:
    case WIRE_TYPE_COUNT:
        break;
    }
    return not_now(message, err);
}

static int on_message(struct agt *agt, const struct wire_message *message, size_t size_bytes,
                      struct err *err)
{
    if (message->type == WIRE_ERROR) {
        agt->counters.errors_heard++;
        return 0;
    }
    switch (agt->link.state) {
    case LINK_OPEN:
        if (message->type == WIRE_CHALLENGE) {
            on_challenge(agt, &message->challenge);
            return 0;
        }
        break;
    case LINK_GREETED:
        if (message->type == WIRE_WELCOME) {
            on_welcome(agt, &message->welcome);
            return 0;
        }
        break;
    case LINK_WELCOMED:
        return on_session_message(agt, message, size_bytes, err);
    case LINK_IDLE:
    case LINK_CONNECTING:
    case LINK_CLOSING:
    case LINK_STATE_COUNT:
        return 0;
    }
    if (message->type == WIRE_REFUSE) {
        on_refuse(agt, &message->refuse);
        return 0;
    }
    return not_now(message, err);
}

/* PROTOCOL.md, error: what is unknown or invalid is answered, counted, and too much of it ends the
 * link. */
static void on_bad_message(struct agt *agt, const char *type, const struct err *err)
{
    struct wire_message message = {.type = WIRE_ERROR,
                                   .error = {.about = type, .message = err->text}};

    agt->counters.bad_messages++;
    agt->link.bad++;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_AT_ONCE);
    if (agt->link.bad >= BAD_MESSAGES_MAX) {
        hang_up(agt, "the controller sent too many messages that make no sense");
    }
}

void link_on_frame(struct agt *agt, const char *bytes, size_t size_bytes)
{
    enum link_state state = agt->link.state;
    struct wire_message message;
    struct arena arena;
    struct err err = ERR_NONE;
    int r;

    if (state != LINK_OPEN && state != LINK_GREETED && state != LINK_WELCOMED) {
        return;
    }
    arena_init(&arena);
    r = wire_decode(&arena, bytes, size_bytes, false, &message, &err);
    if (r == 0) {
        r = on_message(agt, &message, size_bytes, &err);
    }
    if (r != 0) {
        on_bad_message(agt, wire_peek_type(&arena, bytes, size_bytes), &err);
    }
    arena_fini(&arena);
}

/* --- time ---------------------------------------------------------------------------------------
 */

static void send_heartbeat(struct agt *agt)
{
    struct link *link = &agt->link;
    struct wire_message message = {.type = WIRE_HEARTBEAT};
    struct wire_heartbeat *heartbeat = &message.heartbeat;
    char digest_text[DIGEST_TEXT_SIZE];

    map_each (&agt->set.works, entry) {
        const struct contribution one = work_contribution(work_of(entry));

        heartbeat->usage.cpu_ms += one.cpu_ms;
        heartbeat->usage.wall_ms += one.wall_ms;
        heartbeat->usage.memory_peak += one.memory_peak;
        heartbeat->usage.suspensions += one.suspensions;
    }
    govern_tell(agt, heartbeat);
    digest_to_str(&agt->set.saved_digest, digest_text);
    heartbeat->epoch = link->epoch;
    heartbeat->seq = ++link->beat_seq;
    heartbeat->digest = digest_text;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_AT_ONCE);
    link->beat_at = mono_after(agt->now, link->heartbeat_ms);
}

static void session_on_time(struct agt *agt)
{
    if (mono_is_due(agt->link.silent_at, agt->now) || BUGGIFY("controller-silent")) {
        MARK("a silent controller is left");
        hang_up(agt, "the controller was silent for three heartbeats");
    } else if (mono_is_due(agt->link.beat_at, agt->now)) {
        send_heartbeat(agt);
    }
}

void link_on_time(struct agt *agt)
{
    bool is_due = mono_is_due(agt->link.deadline, agt->now);

    switch (agt->link.state) {
    case LINK_IDLE:
        if (is_due) {
            dial(agt);
        }
        break;
    case LINK_CONNECTING:
    case LINK_OPEN:
    case LINK_GREETED:
        if (is_due || BUGGIFY("answer-late")) {
            MARK("a controller does not answer in time");
            hang_up(agt, "the controller did not answer in time");
        }
        break;
    case LINK_WELCOMED:
        session_on_time(agt);
        break;
    case LINK_CLOSING:
    case LINK_STATE_COUNT:
        break;
    }
}

struct mono link_deadline(const struct agt *agt)
{
    return link_is_welcomed(agt) ? mono_earlier(agt->link.beat_at, agt->link.silent_at)
                                 : agt->link.deadline;
}
