#include "tests/sim/liar.h"

#include "schema/base/arena.h"
#include "schema/wire/wire.h"
#include "tests/sim/machine.h"
#include "tests/sim/nonsense.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UIDS_MAX = 16, PAUSE_MAX_MS = 250, RETRY_MAX_MS = 10000, BEAT_MAX_MS = 7000 };

struct liar {
    struct die die;
    int64_t until_ms;
    struct arena arena; /* of the challenge */
    struct wire_challenge challenge;
    bool is_challenged, is_welcomed;
    int64_t epoch;
    char *uids[UIDS_MAX]; /* owned: what it was told to run */
    size_t uid_count;
};

/* --- words ------------------------------------------------------------------------------------ */

static void add_shims(struct nonsense *nonsense, const struct machine *machine)
{
    for (size_t i = 0; i < machine->shims.count && i < UIDS_MAX / 2; i++) {
        const struct shim *shim = machine->shims.items[machine->shims.count - 1 - i];

        nonsense_add_word(nonsense, shim->uid);
        nonsense_add_number(nonsense, shim->generation);
    }
}

static void begin(struct nonsense *nonsense, struct die *die, struct arena *arena,
                  const struct sim *sim)
{
    arena_init(arena);
    nonsense_init(nonsense, die, arena);
    for (size_t i = 0; i < sim->machine_count; i++) {
        add_shims(nonsense, sim->machines[i]);
    }
}

/* The member that says which connection a message is of; NULL when it has none. */
static int64_t *epoch_in(struct wire_message *message)
{
    switch (message->type) {
    case WIRE_WELCOME:
        return &message->welcome.epoch;
    case WIRE_ASSIGN:
        return &message->assign.epoch;
    case WIRE_ACCEPTED:
        return &message->accepted.epoch;
    case WIRE_RESYNC:
        return &message->resync.epoch;
    case WIRE_REPORT:
        return &message->report.epoch;
    case WIRE_REPORTED:
        return &message->reported.epoch;
    case WIRE_HEARTBEAT:
        return &message->heartbeat.epoch;
    case WIRE_RENEW:
        return &message->renew.epoch;
    case WIRE_RENEWED:
        return &message->renewed.epoch;
    case WIRE_CHALLENGE:
    case WIRE_HELLO:
    case WIRE_REFUSE:
    case WIRE_LOG_REQUEST:
    case WIRE_LOG_CANCEL:
    case WIRE_LOG_DATA:
    case WIRE_ERROR:
    case WIRE_TYPE_COUNT:
        break;
    }
    return NULL;
}

/* --- an agent that lies ----------------------------------------------------------------------- */

static bool is_foreign(const struct machine *machine, const char *uid)
{
    for (size_t i = 0; i < machine->sim->machine_count; i++) {
        const struct machine *other = machine->sim->machines[i];

        for (size_t k = 0; other != machine && k < other->shims.count; k++) {
            if (str_eq(other->shims.items[k]->uid, uid)) {
                return true;
            }
        }
    }
    return false;
}

/* Of what may be its own it says nothing that would end it. */
static void tame_report(struct machine *machine, struct wire_report *report)
{
    static const int phases[] = {PHASE_PENDING, PHASE_STARTING, PHASE_RUNNING, PHASE_SUSPENDED};
    struct die *die = &machine->liar->die;

    for (size_t i = 0; i < report->items.count; i++) {
        struct wire_report_item *item = &report->items.items[i];

        if (!is_foreign(machine, item->uid)) {
            item->status.phase = phases[die_below(die, COUNT_OF(phases))];
            item->status.failures = 0;
        }
    }
}

static void sign(const struct machine *machine, struct arena *arena, struct wire_hello *hello)
{
    const struct liar *liar = machine->liar;
    uint8_t public_key[KEY_SIZE], signature[SIGNATURE_SIZE];
    char *key_text = arena_array(arena, KEY_TEXT_SIZE, 1);
    char *signature_text = arena_array(arena, SIGNATURE_TEXT_SIZE, 1);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    key_public(machine->options.key, public_key);
    base64_to_str(public_key, sizeof(public_key), key_text);
    hello->public_key = key_text;
    wire_hello_signed_text(&liar->challenge, hello, &text);
    key_sign(machine->options.key, text.data, text.length, signature);
    base64_to_str(signature, sizeof(signature), signature_text);
    hello->signature = signature_text;
}

/* In most of it it is believed, or it would never get any further. */
static void dress_hello(const struct machine *machine, struct arena *arena,
                        struct wire_hello *hello)
{
    struct liar *liar = machine->liar;
    struct die *die = &liar->die;
    bool is_itself = !die_chance(die, 50);

    hello->name =
        is_itself ? machine->options.name : arena_printf(arena, "ghost-%zu", machine->index);
    if (!die_chance(die, 100)) {
        hello->version = WIRE_VERSION;
    }
    if (!die_chance(die, 100)) {
        hello->store_id = liar->challenge.store_id;
        hello->era = liar->challenge.era;
        hello->revision = die_below(die, 5);
    }
    if (die_chance(die, 700)) {
        hello->capacity = machine->options.settings.capacity;
    }
    if (!die_chance(die, 50)) {
        sign(machine, arena, hello);
    }
}

static enum wire_type choose(struct nonsense *nonsense, const struct liar *liar)
{
    enum wire_type type = nonsense_type(nonsense, true);

    if (liar->is_welcomed || die_chance(nonsense->die, 200)) {
        return type;
    }
    return WIRE_HELLO;
}

static void say_something(struct machine *machine)
{
    struct liar *liar = machine->liar;
    struct wire_message message;
    struct nonsense nonsense;
    struct arena arena;
    struct blob *bytes;
    enum wire_type type;

    begin(&nonsense, &liar->die, &arena, machine->sim);
    for (size_t i = 0; i < liar->uid_count; i++) {
        nonsense_add_word(&nonsense, liar->uids[i]);
    }
    type = choose(&nonsense, liar);
    if (nonsense_message(&nonsense, type, true, &message)) {
        int64_t *epoch = epoch_in(&message);

        if (epoch != NULL && liar->epoch > 0 && !die_chance(&liar->die, 150)) {
            *epoch = liar->epoch;
        }
        if (type == WIRE_HELLO) {
            dress_hello(machine, &arena, &message.hello);
        } else if (type == WIRE_REPORT) {
            tame_report(machine, &message.report);
        }
        bytes = wire_encode(&message);
        sim_trace(machine->sim, "%s lies: %.330s", machine->name, bytes->data);
        faults_fired(machine->sim, FAULT_AGENT_LIES);
        network_agent_send(machine->sim, machine->conn, bytes);
        blob_unref(bytes);
    }
    arena_fini(&arena);
}

static void on_lie_due(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;
    struct liar *liar = machine->liar;

    if (liar == NULL || arg != machine->life) {
        return;
    }
    if (!sim->faults.is_active || sim_now(sim) >= liar->until_ms) {
        liar_end(machine, false);
        machine_start(machine);
        return;
    }
    if (machine->conn == NULL) {
        machine->conn = network_connect(sim, machine);
    } else if (liar->is_challenged) {
        say_something(machine);
    }
    schedule_after(&sim->schedule, die_between(&liar->die, 1, PAUSE_MAX_MS), on_lie_due, machine,
                   machine->life);
}

void liar_begin(struct machine *machine, const struct die *die, int64_t ms)
{
    struct sim *sim = machine->sim;

    sim_trace(sim, "%s: a program that lies takes its agent's place", machine->name);
    machine_silence(machine);
    machine->liar = MEM_NEW(struct liar);
    machine->liar->die = *die;
    machine->liar->until_ms = sim_now(sim) + ms;
    arena_init(&machine->liar->arena);
    schedule_after(&sim->schedule, 1, on_lie_due, machine, machine->life);
}

void liar_end(struct machine *machine, bool with_power)
{
    struct liar *liar = TAKE(machine->liar);

    if (liar == NULL) {
        return;
    }
    network_agent_gone(machine->sim, machine, with_power);
    machine->conn = NULL;
    machine->life++;
    for (size_t i = 0; i < liar->uid_count; i++) {
        free(liar->uids[i]);
    }
    arena_fini(&liar->arena);
    free(liar);
}

static void take_uids(struct liar *liar, const struct wire_assign *assign)
{
    for (size_t i = 0; i < assign->assignments.count && liar->uid_count < UIDS_MAX; i++) {
        liar->uids[liar->uid_count++] = mem_strdup(assign->assignments.items[i].uid);
    }
}

void liar_hears(struct machine *machine, struct conn *conn, const struct blob *bytes)
{
    struct liar *liar = machine->liar;
    struct wire_message message;
    struct arena arena;

    if (machine->conn != conn) {
        return;
    }
    arena_init(&arena);
    if (wire_decode(&arena, bytes->data, bytes->size_bytes, false, &message, NULL) == 0) {
        if (message.type == WIRE_CHALLENGE && !liar->is_challenged) {
            liar->challenge = message.challenge;
            liar->challenge.store_id = arena_strdup(&liar->arena, message.challenge.store_id);
            liar->challenge.nonce = arena_strdup(&liar->arena, message.challenge.nonce);
            liar->challenge.controller = arena_strdup(&liar->arena, message.challenge.controller);
            liar->is_challenged = true;
        } else if (message.type == WIRE_WELCOME) {
            liar->is_welcomed = true;
            liar->epoch = message.welcome.epoch;
        } else if (message.type == WIRE_ASSIGN) {
            take_uids(liar, &message.assign);
        }
    }
    arena_fini(&arena);
}

void liar_loses(struct machine *machine, const struct conn *conn)
{
    if (machine->conn == conn) {
        machine->conn = NULL;
        machine->liar->is_challenged = machine->liar->is_welcomed = false;
        machine->liar->epoch = 0;
    }
}

/* --- a controller that lies ------------------------------------------------------------------- */

/* Of most messages there is nothing to learn; each begins with its type. */
static bool is_telling(const struct blob *bytes)
{
    static const char *const telling[] = {"challenge", "welcome", "assign", "report"};
    static const char head[] = "{\"type\":\"";
    const char *type = bytes->data + sizeof(head) - 1;

    if (!str_starts(bytes->data, head)) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(telling); i++) {
        size_t length = strlen(telling[i]);

        if (strncmp(type, telling[i], length) == 0 && type[length] == '"') {
            return true;
        }
    }
    return false;
}

void liar_learns(struct conn *conn, const struct blob *bytes, bool is_up)
{
    struct truths *truths = &conn->truths;
    struct wire_message message;
    struct arena arena;

    if (!is_telling(bytes)) {
        return;
    }
    arena_init(&arena);
    if (wire_decode(&arena, bytes->data, bytes->size_bytes, is_up, &message, NULL) == 0) {
        if (message.type == WIRE_CHALLENGE) {
            (void)snprintf(truths->store_id, sizeof(truths->store_id), "%s",
                           message.challenge.store_id);
            truths->era = message.challenge.era;
        } else if (message.type == WIRE_WELCOME) {
            truths->epoch = message.welcome.epoch;
        } else if (message.type == WIRE_ASSIGN) {
            truths->revision = message.assign.revision;
        } else if (message.type == WIRE_REPORT) {
            truths->reported = message.report.seq;
        }
    }
    arena_fini(&arena);
}

/* A right set under a revision that is still to come would be believed, and all true ones after it
 * not; a grant that was asked for would be, too. */
static void tame(const struct truths *truths, struct die *die, struct wire_message *message)
{
    const uint64_t never = UINT64_C(1) << 60;

    if (message->type == WIRE_ASSIGN && message->assign.revision > truths->revision) {
        message->assign.revision = truths->revision;
    } else if (message->type == WIRE_REPORTED) {
        message->reported.seq =
            truths->reported > 1 && die_chance(die, 500) ? truths->reported - 1 : never;
    } else if (message->type == WIRE_RENEWED) {
        for (size_t i = 0; i < message->renewed.leases.count; i++) {
            message->renewed.leases.items[i].lease_epoch |= (int64_t)never;
        }
    } else if (message->type == WIRE_REFUSE && message->refuse.retry_after_ms > RETRY_MAX_MS) {
        message->refuse.retry_after_ms = RETRY_MAX_MS;
    } else if (message->type == WIRE_CHALLENGE) {
        message->challenge.store_id = truths->store_id;
        message->challenge.era =
            message->challenge.era > truths->era ? truths->era : message->challenge.era;
    } else if (message->type == WIRE_WELCOME && message->welcome.heartbeat_ms > BEAT_MAX_MS) {
        message->welcome.heartbeat_ms = BEAT_MAX_MS;
    } else if (message->type == WIRE_HEARTBEAT && message->heartbeat.interval_ms > BEAT_MAX_MS) {
        message->heartbeat.interval_ms = BEAT_MAX_MS;
    }
}

struct blob *liar_speaks(struct sim *sim, const struct conn *conn, struct die *die)
{
    struct wire_message message;
    struct nonsense nonsense;
    struct arena arena;
    struct blob *bytes = NULL;
    enum wire_type type;

    if (conn->truths.store_id[0] == '\0') {
        return NULL;
    }
    begin(&nonsense, die, &arena, sim);
    nonsense_add_number(&nonsense, (int64_t)conn->truths.revision);
    type = nonsense_type(&nonsense, false);
    if (type == WIRE_WELCOME && conn->truths.epoch == 0) {
        type = WIRE_CHALLENGE; /* the first welcome is believed, whoever says it */
    }
    if (nonsense_message(&nonsense, type, false, &message)) {
        int64_t *epoch = epoch_in(&message);

        if (epoch != NULL && conn->truths.epoch > 0 && !die_chance(die, 150)) {
            *epoch = conn->truths.epoch;
        }
        if (type == WIRE_ASSIGN || type == WIRE_RENEWED) {
            int64_t *era = type == WIRE_ASSIGN ? &message.assign.era : &message.renewed.era;

            *era = die_chance(die, 800) ? conn->truths.era : *era;
        }
        tame(&conn->truths, die, &message);
        bytes = wire_encode(&message);
        sim_trace(sim, "controller lies on %" PRIu64 ": %.330s", conn->id, bytes->data);
    }
    arena_fini(&arena);
    return bytes;
}
