#include "tests/sim/http.h"

#include "tests/sim/check_effects.h"
#include "tests/sim/controller.h"
#include "tests/sim/plan.h"
#include "tests/sim/reference.h"

#include <inttypes.h>
#include <string.h>

enum {
    HTTP_DELAY_MS = 5,
    LOST_PER_MILLE = 100,
    HANG_MS = 15000,
    BACKLOG_BYTES = 60000, /* WATCH_BACKLOG_BYTES_MAX, in proportion to this small world */
};

enum piece_type { PIECE_ANSWER, PIECE_HEAD, PIECE_CHUNK, PIECE_END, PIECE_BREAK };

struct piece {
    enum piece_type type;
    int code;
    struct blob *bytes; /* owned reference; may be NULL */
    int64_t due_ms;
};

struct exchange {
    uint64_t id;
    struct die die;              /* its user's */
    struct http_request request; /* texts in `arena` */
    struct arena arena;
    struct http_client client;
    bool client_listens, controller_has;
    struct {
        VEC_OF(struct piece);
    } pieces; /* on their way to the client */
    size_t head;
    int64_t last_due_ms;
    struct told told;     /* checked */
    size_t backlog_bytes; /* of chunks that the client has not taken */
    int64_t read_at_ms;
};

struct http {
    struct {
        VEC_OF(struct exchange *);
    } exchanges; /* owned, by id - 1; kept to the end */
    int64_t slow_until_ms, pace_ms;
};

struct http *http_new(void)
{
    return MEM_NEW(struct http);
}

void http_free(struct http *http)
{
    vec_each (&http->exchanges, it) {
        struct exchange *exchange = *it;

        for (size_t i = exchange->head; i < exchange->pieces.count; i++) {
            blob_unref(exchange->pieces.items[i].bytes);
        }
        vec_fini(&exchange->pieces);
        arena_fini(&exchange->arena);
        free(exchange);
    }
    vec_fini(&http->exchanges);
    free(http);
}

static struct exchange *find(struct sim *sim, uint64_t id)
{
    return id - 1 < sim->http->exchanges.count ? sim->http->exchanges.items[id - 1] : NULL;
}

static void hear_gone(struct sim *sim, void *who, uint64_t arg);

/* --- to the client ---------------------------------------------------------------------------- */

static void deliver(struct sim *sim, void *who, uint64_t arg);

static bool reads_later(struct sim *sim, struct exchange *exchange)
{
    const struct piece *piece = &exchange->pieces.items[exchange->head];
    const struct http *http = sim->http;
    int64_t next_ms = exchange->read_at_ms + http->pace_ms;

    if (piece->type == PIECE_CHUNK && sim->faults.is_active && http->slow_until_ms > sim_now(sim) &&
        next_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, next_ms, deliver, exchange, 0);
        return true;
    }
    exchange->read_at_ms = sim_now(sim);
    return false;
}

static void deliver(struct sim *sim, void *who, uint64_t arg)
{
    struct exchange *exchange = who;
    struct http_client *client = &exchange->client;
    struct piece piece;

    (void)arg;
    if (exchange->head == exchange->pieces.count || reads_later(sim, exchange)) {
        return;
    }
    piece = exchange->pieces.items[exchange->head++];
    if (exchange->client_listens) {
        exchange->client_listens =
            piece.type != PIECE_ANSWER && piece.type != PIECE_END && piece.type != PIECE_BREAK;
        switch (piece.type) {
        case PIECE_ANSWER:
        case PIECE_HEAD:
            client->answered(sim, client->who, piece.code, piece.bytes);
            break;
        case PIECE_CHUNK:
            exchange->backlog_bytes -= piece.bytes->size_bytes;
            client->chunk(sim, client->who, piece.bytes);
            break;
        case PIECE_END:
            client->ended(sim, client->who);
            break;
        case PIECE_BREAK:
            client->answered(sim, client->who, 0, NULL);
            break;
        }
    }
    blob_unref(piece.bytes);
}

static void put(struct sim *sim, struct exchange *exchange, enum piece_type type, int code,
                struct blob *bytes, int64_t delay_ms)
{
    struct piece piece = {
        .type = type, .code = code, .bytes = bytes, .due_ms = sim_now(sim) + delay_ms};

    if (piece.due_ms < exchange->last_due_ms) {
        piece.due_ms = exchange->last_due_ms;
    }
    exchange->last_due_ms = piece.due_ms;
    vec_add(&exchange->pieces, piece);
    schedule_at(&sim->schedule, piece.due_ms, deliver, exchange, 0);
}

static int64_t draw_delay(struct exchange *exchange)
{
    return die_between(&exchange->die, 0, HTTP_DELAY_MS);
}

static void break_off(struct sim *sim, struct exchange *exchange)
{
    bool hangs = die_chance(&exchange->die, 300);

    put(sim, exchange, PIECE_BREAK, 0, NULL,
        hangs ? die_between(&exchange->die, 1000, HANG_MS) : draw_delay(exchange));
}

static bool is_lost(struct sim *sim)
{
    return faults_strike(sim, FAULT_LOSSY_HTTP, LOST_PER_MILLE);
}

static void hear_cut(struct sim *sim, void *who, uint64_t arg)
{
    struct exchange *exchange = who;
    struct controller *controller = sim->controller;

    if (!controller->is_up || controller->life != arg) {
        return;
    }
    if (controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, hear_cut, exchange, arg);
        return;
    }
    controller_http_gone(sim, exchange->id);
}

/* The connection breaks; with a process that dies it does so of itself. */
static void cut(struct sim *sim, struct exchange *exchange)
{
    if (!sim->controller->is_dying) {
        exchange->controller_has = false;
        break_off(sim, exchange);
        schedule_after(&sim->schedule, draw_delay(exchange), hear_cut, exchange,
                       sim->controller->life);
    }
}

void http_answered(struct sim *sim, const struct effect *effect)
{
    struct exchange *exchange = find(sim, effect->id);
    struct blob *bytes = effect->bytes;
    int64_t late_ms;

    if (exchange == NULL || !exchange->controller_has) {
        return;
    }
    sim_trace(sim, "controller answers %" PRIu64 ": %d %.60s", effect->id, effect->answer.code,
              bytes == NULL ? "" : bytes->data);
    late_ms = sim->plan == NULL ? 0 : plan_http(sim, DEED_ANSWER);
    if (late_ms < 0) {
        cut(sim, exchange);
        return;
    }
    if (effect->answer.is_stream) {
        exchange->told.opened_at = sim->reference->revision;
        put(sim, exchange, PIECE_HEAD, effect->answer.code, NULL, draw_delay(exchange) + late_ms);
        if (bytes != NULL) {
            http_chunk(sim, effect->id, bytes);
        }
        return;
    }
    exchange->controller_has = false;
    if (bytes != NULL && strstr(exchange->request.target, "dryRun") == NULL) {
        check_told(sim, bytes);
    }
    if (is_lost(sim)) {
        break_off(sim, exchange);
        return;
    }
    put(sim, exchange, PIECE_ANSWER, effect->answer.code,
        bytes == NULL ? blob_new("", 0) : blob_ref(bytes), draw_delay(exchange) + late_ms);
}

static void put_chunk(struct sim *sim, struct exchange *exchange, struct blob *bytes)
{
    int64_t late_ms = sim->plan == NULL ? 0 : plan_http(sim, DEED_EVENT);

    if (late_ms == PLAN_TORN) {
        bytes = blob_new(bytes->data, bytes->size_bytes / 2);
    } else if (late_ms >= 0) {
        bytes = blob_ref(bytes);
    } else {
        bytes = NULL;
    }
    if (bytes != NULL) {
        exchange->backlog_bytes += bytes->size_bytes;
        put(sim, exchange, PIECE_CHUNK, 0, bytes,
            draw_delay(exchange) + (late_ms < 0 ? 0 : late_ms));
    }
    if (late_ms < 0) {
        cut(sim, exchange);
    } else if (exchange->backlog_bytes > BACKLOG_BYTES) { /* as the shell: it can resume */
        sim_trace(sim, "controller: the reader of %" PRIu64 " is too slow", exchange->id);
        put(sim, exchange, PIECE_BREAK, 0, NULL, draw_delay(exchange));
        schedule_after(&sim->schedule, 0, hear_gone, exchange, 0);
    }
}

void http_chunk(struct sim *sim, uint64_t id, struct blob *bytes)
{
    struct exchange *exchange = find(sim, id);

    if (exchange != NULL && exchange->controller_has) {
        check_told(sim, bytes);
        if (strstr(exchange->request.target, "watch=true") != NULL) {
            check_watched(sim, &exchange->told, bytes);
        }
        put_chunk(sim, exchange, bytes);
    }
}

void http_end(struct sim *sim, uint64_t id)
{
    struct exchange *exchange = find(sim, id);

    if (exchange != NULL && exchange->controller_has) {
        exchange->controller_has = false;
        put(sim, exchange, PIECE_END, 0, NULL, draw_delay(exchange));
    }
}

void http_controller_gone(struct sim *sim, bool with_power)
{
    (void)with_power;
    vec_each (&sim->http->exchanges, it) {
        if ((*it)->controller_has) {
            (*it)->controller_has = false;
            break_off(sim, *it);
        }
    }
}

void http_forget_answers(struct sim *sim)
{
    vec_each (&sim->http->exchanges, it) {
        for (size_t i = (*it)->head; i < (*it)->pieces.count; i++) {
            struct piece *piece = &(*it)->pieces.items[i];

            if (piece->type == PIECE_ANSWER) {
                piece->type = PIECE_BREAK;
                blob_unref(TAKE(piece->bytes));
            }
        }
    }
}

/* --- to the controller ------------------------------------------------------------------------ */

static void arrive(struct sim *sim, void *who, uint64_t arg)
{
    struct exchange *exchange = who;
    struct controller *controller = sim->controller;

    (void)arg;
    if (!controller->is_up) {
        break_off(sim, exchange);
    } else if (controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, arrive, exchange, 0);
    } else {
        sim_trace(sim, "controller is asked %" PRIu64 ": %s %s", exchange->id,
                  exchange->request.method, exchange->request.target);
        exchange->controller_has = true;
        controller_http(sim, exchange->id, &exchange->request);
    }
}

static void copy_request(struct exchange *exchange, const struct http_request *request)
{
    struct arena *arena = &exchange->arena;

    exchange->request = (struct http_request){
        .method = arena_strdup(arena, request->method),
        .target = arena_strdup(arena, request->target),
        .content_type = arena_strdup(arena, request->content_type),
        .accept = arena_strdup(arena, request->accept),
        .user_agent = arena_strdup(arena, request->user_agent),
        .user = arena_strdup(arena, request->user),
        .cause = arena_strdup(arena, request->cause),
        .idempotency_key = arena_strdup(arena, request->idempotency_key),
        .body = arena_strndup(arena, request->body == NULL ? "" : request->body,
                              request->body_size_bytes),
        .body_size_bytes = request->body_size_bytes,
    };
}

uint64_t http_send(struct sim *sim, const struct http_request *request,
                   const struct http_client *client)
{
    struct exchange *exchange = MEM_NEW(struct exchange);

    vec_add(&sim->http->exchanges, exchange);
    exchange->id = sim->http->exchanges.count;
    exchange->client = *client;
    exchange->client_listens = true;
    arena_init(&exchange->arena);
    copy_request(exchange, request);
    tape_die(&sim->tape, &exchange->die, "http/%s", request->user);
    sim->tallies.requests++;
    if (is_lost(sim)) {
        break_off(sim, exchange);
    } else {
        bool is_late = sim->faults.is_active && die_chance(&exchange->die, 30);

        schedule_after(&sim->schedule,
                       is_late ? die_between(&exchange->die, 0, 9000) : draw_delay(exchange),
                       arrive, exchange, 0);
    }
    return exchange->id;
}

static void hear_gone(struct sim *sim, void *who, uint64_t arg)
{
    struct exchange *exchange = who;

    (void)arg;
    if (exchange->controller_has && sim->controller->stalled_until_ms <= sim_now(sim)) {
        exchange->controller_has = false;
        controller_http_gone(sim, exchange->id);
    }
}

void http_close(struct sim *sim, uint64_t id)
{
    struct exchange *exchange = find(sim, id);

    exchange->client_listens = false;
    schedule_after(&sim->schedule, draw_delay(exchange), hear_gone, exchange, 0);
}

void http_read_slowly(struct sim *sim, int64_t until_ms, int64_t pace_ms)
{
    sim->http->slow_until_ms = until_ms;
    sim->http->pace_ms = pace_ms;
    sim_trace(sim, "network: readers of streams are slow");
}
