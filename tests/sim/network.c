#include "tests/sim/network.h"

#include "tests/sim/controller.h"
#include "tests/sim/liar.h"
#include "tests/sim/machine.h"
#include "tests/sim/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FAST_MS = 4,
    SLOW_MS = 1500,
    VERY_SLOW_MS = 5000,
    LOST_PER_MILLE = 30,
    REPEATED_PER_MILLE = 30,
    LIE_PER_MILLE = 100,
    SWAPPED_PER_MILLE = 30,
    DELAYED_PER_MILLE = 15,
    DELAYED_MAX_MS = 6000,
    DRAIN_LOOK_MS = 100,
    SOCKET_BYTES = 4096,   /* what the kernel takes from a writer whose reader is slow */
    OUTBOX_BYTES = 200000, /* LINK_BACKLOG_BYTES_MAX, in proportion to this small world */
};

struct network *network_new(struct sim *sim)
{
    struct network *network = MEM_NEW(struct network);

    for (size_t i = 0; i < MACHINES_MAX; i++) { /* one bad link among good ones is the usual case */
        struct die *die = &network->paths[i].die;

        tape_die(&sim->tape, die, "m%zu/net", i);
        network->paths[i].delay_max_ms = FAST_MS;
        if (sim->faults.is_on[FAULT_SLOW_NETWORK] && die_chance(die, 500)) {
            faults_fired(sim, FAULT_SLOW_NETWORK);
            network->paths[i].delay_max_ms =
                die_between(die, 50, die_chance(die, 300) ? VERY_SLOW_MS : SLOW_MS);
        }
    }
    return network;
}

static void stream_clear(struct stream *stream)
{
    for (size_t i = stream->head; i < stream->packets.count; i++) {
        blob_unref(stream->packets.items[i].bytes);
    }
    vec_clear(&stream->packets);
    stream->head = 0;
}

void network_free(struct network *network)
{
    vec_each (&network->conns, it) {
        struct conn *conn = *it;

        stream_clear(&conn->up);
        stream_clear(&conn->down);
        vec_fini(&conn->up.packets);
        vec_fini(&conn->down.packets);
        free(conn);
    }
    vec_fini(&network->conns);
    for (size_t i = 0; i < MACHINES_MAX; i++) {
        for (size_t k = 0; k < 2 * MEMORIES; k++) {
            blob_unref(network->paths[i].seen[k / MEMORIES][k % MEMORIES]);
        }
    }
    free(network);
}

static struct path *path_of(struct sim *sim, const struct machine *machine)
{
    return &sim->network->paths[machine->index];
}

static int64_t draw_delay(struct sim *sim, const struct conn *conn)
{
    int64_t max_ms = sim->faults.is_active ? path_of(sim, conn->machine)->delay_max_ms : FAST_MS;

    return die_between(&path_of(sim, conn->machine)->die, 0, max_ms);
}

/* --- streams ---------------------------------------------------------------------------------- */

static void arrive(struct sim *sim, void *who, uint64_t arg);

static void put(struct sim *sim, struct stream *stream, enum packet_type type, struct blob *bytes,
                int64_t delay_ms)
{
    struct packet packet = {.type = type, .bytes = bytes, .due_ms = sim_now(sim) + delay_ms};

    if (stream->is_closed || stream->conn->is_cut) {
        blob_unref(bytes);
        return;
    }
    if (packet.due_ms < stream->last_due_ms) {
        packet.due_ms = stream->last_due_ms;
    }
    stream->last_due_ms = packet.due_ms;
    stream->is_closed = type == PACKET_CLOSE;
    vec_add(&stream->packets, packet);
    schedule_at(&sim->schedule, packet.due_ms, arrive, stream, 0);
}

void network_put(struct sim *sim, struct stream *stream, struct blob *bytes, int64_t late_ms)
{
    put(sim, stream, PACKET_DATA, blob_ref(bytes), late_ms + draw_delay(sim, stream->conn));
}

static void remember(struct path *path, bool is_up, struct blob *bytes)
{
    struct blob **place = &path->seen[is_up][path->seen_count[is_up]++ % MEMORIES];

    blob_unref(*place);
    *place = blob_ref(bytes);
}

static struct blob *recall(struct path *path, bool is_up)
{
    unsigned count = path->seen_count[is_up] < MEMORIES ? path->seen_count[is_up] : MEMORIES;

    return path->seen[is_up][die_below(&path->die, count)];
}

void network_forget_frames(struct sim *sim, const struct machine *machine)
{
    struct path *path = path_of(sim, machine);

    for (int is_up = 0; is_up < 2; is_up++) {
        for (size_t i = 0; i < MEMORIES; i++) {
            blob_unref(path->seen[is_up][i]);
            path->seen[is_up][i] = NULL;
        }
        path->seen_count[is_up] = 0;
    }
}

bool network_is_idle_frame(const struct blob *bytes)
{
    return strncmp(bytes->data, "{\"type\":\"heartbeat\"", 19) == 0 ||
           strncmp(bytes->data, "{\"type\":\"renew", 14) == 0;
}

/* The two that were put last change places, unless the first is gone already. */
static void swap_last(struct stream *stream)
{
    size_t count = stream->packets.count;
    struct packet *last;
    struct blob *bytes;

    if (count - stream->head < 2) {
        return;
    }
    last = &stream->packets.items[count - 1];
    if (last[-1].type == PACKET_DATA && last->type == PACKET_DATA) {
        bytes = last->bytes;
        last->bytes = last[-1].bytes;
        last[-1].bytes = bytes;
    }
}

static int64_t draw_frame_delay(struct sim *sim, const struct conn *conn)
{
    int64_t delay_ms = draw_delay(sim, conn);

    if (faults_strike(sim, FAULT_DELAYS, DELAYED_PER_MILLE)) {
        delay_ms += die_between(&path_of(sim, conn->machine)->die, 200, DELAYED_MAX_MS);
    }
    return delay_ms;
}

/* A frame goes out, or is lost, or is followed by one that came before. */
static void put_frame(struct sim *sim, struct stream *stream, struct blob *bytes)
{
    struct path *path = path_of(sim, stream->conn->machine);

    sim->tallies.frames++;
    sim->network->frames_not_idle += !network_is_idle_frame(bytes);
    if (sim->plan != NULL && !plan_frame(sim, stream, bytes)) {
        return;
    }
    if (sim->faults.is_on[FAULT_CONTROLLER_LIES]) {
        liar_learns(stream->conn, bytes, stream->is_up);
    }
    if (faults_strike(sim, FAULT_LOSSY_NETWORK, LOST_PER_MILLE)) {
        sim->tallies.frames_lost++;
        return;
    }
    put(sim, stream, PACKET_DATA, blob_ref(bytes), draw_frame_delay(sim, stream->conn));
    if (faults_strike(sim, FAULT_REORDER, SWAPPED_PER_MILLE)) {
        swap_last(stream);
    }
    if (faults_strike(sim, FAULT_DUPLICATES, REPEATED_PER_MILLE)) {
        sim->tallies.frames_repeated++;
        put(sim, stream, PACKET_DATA, blob_ref(bytes), draw_delay(sim, stream->conn));
    }
    if (!sim->faults.is_on[FAULT_REPLAYS]) {
        return;
    }
    remember(path, stream->is_up, bytes);
    if (faults_strike(sim, FAULT_REPLAYS, REPEATED_PER_MILLE)) {
        sim->tallies.frames_repeated++;
        put(sim, stream, PACKET_DATA, blob_ref(recall(path, stream->is_up)),
            draw_delay(sim, stream->conn));
    }
}

static void put_lie(struct sim *sim, struct conn *conn)
{
    struct blob *bytes;

    if (!faults_strike(sim, FAULT_CONTROLLER_LIES, LIE_PER_MILLE)) {
        return;
    }
    bytes = liar_speaks(sim, conn, &sim->faults.dice[FAULT_CONTROLLER_LIES]);
    if (bytes != NULL) {
        put(sim, &conn->down, PACKET_DATA, bytes, draw_delay(sim, conn));
    }
}

/* --- arriving --------------------------------------------------------------------------------- */

/* Sent to an end that does not know the connection: its kernel says so. */
static void reset(struct sim *sim, struct stream *back)
{
    put(sim, back, PACKET_CLOSE, NULL, draw_delay(sim, back->conn));
}

static void agent_loses(struct sim *sim, struct conn *conn)
{
    conn->agent_has = false;
    if (!conn->agent_was_told) {
        conn->agent_was_told = true;
        machine_link_down(conn->machine, conn);
    }
    (void)sim;
}

static void controller_loses(struct sim *sim, struct conn *conn)
{
    if (conn->controller_has) {
        conn->controller_has = false;
        controller_link_down(sim, conn->id);
    }
}

static void arrive_down(struct sim *sim, struct conn *conn, const struct packet *packet)
{
    struct machine *machine = conn->machine;
    struct blob *heard;

    if (!conn->agent_has || conn->agent_life != machine->life) {
        if (packet->type != PACKET_CLOSE && machine->is_on) {
            reset(sim, &conn->up);
        }
        return;
    }
    switch (packet->type) {
    case PACKET_OPEN:
        machine_link_up(machine, conn);
        break;
    case PACKET_DATA:
        heard = release_heard(machine->release, packet->bytes);
        machine_frame(machine, conn, heard);
        blob_unref(heard);
        break;
    case PACKET_CLOSE:
        agent_loses(sim, conn);
        break;
    }
}

static void arrive_up(struct sim *sim, struct conn *conn, const struct packet *packet)
{
    struct blob *heard;

    if (!conn->controller_has || conn->controller_life != sim->controller->life) {
        if (packet->type != PACKET_CLOSE && sim->controller->has_power) {
            reset(sim, &conn->down);
        }
        return;
    }
    switch (packet->type) {
    case PACKET_OPEN:
        break;
    case PACKET_DATA:
        heard = release_heard(sim->controller->release, packet->bytes);
        controller_frame(sim, conn->id, heard);
        blob_unref(heard);
        break;
    case PACKET_CLOSE:
        controller_loses(sim, conn);
        break;
    }
}

/* A slow agent takes one message at a time, and then none for a while. */
static bool reads_later(struct sim *sim, const struct path *path, struct stream *stream)
{
    int64_t next_ms = stream->conn->read_at_ms + path->pace_ms;

    if (!sim->faults.is_active || path->slow_until_ms <= sim_now(sim)) {
        return false;
    }
    if (next_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, next_ms, arrive, stream, 0);
        return true;
    }
    stream->conn->read_at_ms = sim_now(sim);
    return false;
}

static void arrive(struct sim *sim, void *who, uint64_t arg)
{
    struct stream *stream = who;
    struct conn *conn = stream->conn;
    struct path *path = path_of(sim, conn->machine);
    int64_t stalled_until_ms =
        stream->is_up ? sim->controller->stalled_until_ms : conn->machine->stalled_until_ms;
    struct packet packet;

    (void)arg;
    if (stream->head == stream->packets.count ||
        stream->packets.items[stream->head].due_ms > sim_now(sim) ||
        (stream->is_up ? path->up_is_blocked : path->down_is_blocked)) {
        return;
    }
    if (stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, stalled_until_ms, arrive, stream, 0);
        return;
    }
    if (!stream->is_up && reads_later(sim, path, stream)) {
        return;
    }
    packet = stream->packets.items[stream->head++];
    if (stream->head == stream->packets.count) {
        stream->head = stream->packets.count = 0;
    }
    if (stream->is_up) {
        arrive_up(sim, conn, &packet);
    } else {
        arrive_down(sim, conn, &packet);
    }
    if (sim->plan != NULL && packet.bytes != NULL) {
        plan_arrived(sim, packet.bytes);
    }
    blob_unref(packet.bytes);
}

/* --- the agent's end -------------------------------------------------------------------------- */

static void refuse(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;

    (void)arg;
    if (conn->agent_has && conn->agent_life == conn->machine->life) {
        agent_loses(sim, conn);
    }
}

static void knock(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;
    struct controller *controller = sim->controller;
    struct path *path = path_of(sim, conn->machine);

    (void)arg;
    if (!conn->agent_has || conn->agent_life != conn->machine->life) {
        return; /* gave up meanwhile */
    }
    if (path->up_is_blocked || path->down_is_blocked || !controller->has_power) {
        schedule_after(&sim->schedule, die_between(&path->die, 200, 1000), knock, conn, 0);
    } else if (!controller->is_up) {
        schedule_after(&sim->schedule, draw_delay(sim, conn), refuse, conn, 0);
    } else if (controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, knock, conn, 0);
    } else {
        conn->controller_has = true;
        conn->controller_life = controller->life;
        put(sim, &conn->down, PACKET_OPEN, NULL, draw_delay(sim, conn));
        controller_link_up(sim, conn->id);
    }
}

struct conn *network_connect(struct sim *sim, struct machine *machine)
{
    struct conn *conn = MEM_NEW(struct conn);

    vec_add(&sim->network->conns, conn);
    conn->id = sim->network->conns.count;
    conn->machine = machine;
    conn->agent_life = machine->life;
    conn->agent_has = true;
    conn->up = (struct stream){.conn = conn, .is_up = true};
    conn->down = (struct stream){.conn = conn};
    schedule_after(&sim->schedule, draw_delay(sim, conn), knock, conn, 0);
    return conn;
}

static void agent_drained(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;

    (void)sim;
    (void)arg;
    conn->agent_drains = false;
    if (conn->agent_has && conn->agent_life == conn->machine->life) {
        machine_link_drained(conn->machine, conn);
    }
}

void network_agent_send(struct sim *sim, struct conn *conn, struct blob *bytes)
{
    if (!conn->agent_has) {
        return;
    }
    put_frame(sim, &conn->up, bytes);
    if (!conn->agent_drains) {
        conn->agent_drains = true;
        schedule_after(&sim->schedule, draw_delay(sim, conn), agent_drained, conn, 0);
    }
}

void network_agent_closes(struct sim *sim, struct conn *conn)
{
    conn->agent_has = false;
    put(sim, &conn->up, PACKET_CLOSE, NULL, draw_delay(sim, conn));
}

void network_agent_gone(struct sim *sim, struct machine *machine, bool with_power)
{
    vec_each (&sim->network->conns, it) {
        struct conn *conn = *it;

        if (conn->machine != machine || !conn->agent_has) {
            continue;
        }
        conn->agent_has = false;
        if (!with_power) {
            put(sim, &conn->up, PACKET_CLOSE, NULL, draw_delay(sim, conn));
        }
    }
}

/* --- the controller's end --------------------------------------------------------------------- */

static struct conn *find(struct sim *sim, uint64_t id)
{
    struct conn *conn =
        id - 1 < sim->network->conns.count ? sim->network->conns.items[id - 1] : NULL;

    return conn != NULL && conn->controller_has && conn->controller_life == sim->controller->life
               ? conn
               : NULL;
}

/* Sent and not taken: what the kernel does not hold waits in the controller's outbox. */
static size_t backlog_bytes(const struct stream *stream)
{
    size_t bytes = 0;

    for (size_t i = stream->head; i < stream->packets.count; i++) {
        const struct blob *blob = stream->packets.items[i].bytes;

        bytes += blob == NULL ? 0 : blob->size_bytes;
    }
    return bytes;
}

static void controller_drained(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;

    (void)arg;
    if (sim->controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, sim->controller->stalled_until_ms, controller_drained, conn, 0);
        return;
    }
    if (find(sim, conn->id) != NULL && backlog_bytes(&conn->down) > SOCKET_BYTES) {
        schedule_after(&sim->schedule, DRAIN_LOOK_MS, controller_drained, conn, 0);
        return;
    }
    conn->controller_drains = false;
    if (find(sim, conn->id) != NULL) {
        controller_link_drained(sim, conn->id);
    }
}

void network_controller_send(struct sim *sim, uint64_t id, struct blob *bytes)
{
    struct conn *conn = find(sim, id);

    if (conn == NULL || bytes->size_bytes == 0) {
        return;
    }
    put_frame(sim, &conn->down, bytes);
    put_lie(sim, conn);
    if (backlog_bytes(&conn->down) > OUTBOX_BYTES) {
        sim_trace(sim, "controller: agent %s takes too little", conn->machine->name);
        network_controller_closes(sim, id);
    }
    if (!conn->controller_drains) {
        conn->controller_drains = true;
        schedule_after(&sim->schedule, draw_delay(sim, conn), controller_drained, conn, 0);
    }
}

static void controller_closed(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;

    (void)arg;
    if (find(sim, conn->id) != NULL) {
        controller_loses(sim, conn);
    }
}

/* The core hears of the end a little later, sometimes much later: after a newer connection. */
void network_controller_closes(struct sim *sim, uint64_t id)
{
    struct conn *conn = find(sim, id);
    struct die *die;
    bool is_late;

    if (conn == NULL) {
        return;
    }
    die = &path_of(sim, conn->machine)->die;
    is_late = sim->faults.is_active && die_chance(die, 200);
    put(sim, &conn->down, PACKET_CLOSE, NULL, draw_delay(sim, conn));
    schedule_after(&sim->schedule, die_between(die, 0, is_late ? 8000 : 20), controller_closed,
                   conn, 0);
}

void network_controller_gone(struct sim *sim, bool with_power)
{
    vec_each (&sim->network->conns, it) {
        struct conn *conn = *it;

        if (!conn->controller_has) {
            continue;
        }
        conn->controller_has = false;
        if (!with_power) {
            put(sim, &conn->down, PACKET_CLOSE, NULL, draw_delay(sim, conn));
        }
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

static void agent_hears_cut(struct sim *sim, void *who, uint64_t arg)
{
    refuse(sim, who, arg);
}

void network_break(struct sim *sim, struct conn *conn, bool half_open)
{
    struct die *die = &path_of(sim, conn->machine)->die;
    uint64_t deaf = half_open ? die_below(die, 3) : 3; /* the agent, the controller, both */

    stream_clear(&conn->up);
    stream_clear(&conn->down);
    conn->is_cut = true;
    if (deaf == 1 || (deaf == 3 && die_chance(die, 800))) {
        schedule_after(&sim->schedule, die_between(die, 0, die_chance(die, 300) ? 30000 : 50),
                       agent_hears_cut, conn, 0);
    }
    if (deaf == 0 || (deaf == 3 && die_chance(die, 800))) {
        schedule_after(&sim->schedule, die_between(die, 0, die_chance(die, 300) ? 30000 : 50),
                       controller_closed, conn, 0);
    }
}

void network_cut(struct sim *sim, struct machine *machine, bool half_open)
{
    vec_each (&sim->network->conns, it) {
        struct conn *conn = *it;

        if (conn->machine == machine && !conn->is_cut && conn->agent_has && conn->controller_has) {
            sim->tallies.links_cut++;
            sim_trace(sim, "network: connection %" PRIu64 " of %s is cut", conn->id, machine->name);
            network_break(sim, conn, half_open);
        }
    }
}

void network_read_slowly(struct sim *sim, struct machine *machine, int64_t until_ms,
                         int64_t pace_ms)
{
    struct path *path = path_of(sim, machine);

    path->slow_until_ms = until_ms;
    path->pace_ms = pace_ms;
    sim_trace(sim, "network: %s reads slowly", machine->name);
}

void network_block(struct sim *sim, struct machine *machine, bool up, bool down)
{
    struct path *path = path_of(sim, machine);

    path->up_is_blocked = up;
    path->down_is_blocked = down;
    sim->tallies.partitions++;
    sim_trace(sim, "network: %s is cut off%s", machine->name,
              up && down ? ""
              : up       ? " on its way out"
                         : " on the way to it");
}

static void resume(struct sim *sim, struct stream *stream)
{
    struct die *die = &path_of(sim, stream->conn->machine)->die;
    int64_t due_ms = sim_now(sim) + die_between(die, 0, 300);

    for (size_t i = stream->head; i < stream->packets.count; i++) {
        struct packet *packet = &stream->packets.items[i];

        packet->due_ms = packet->due_ms < due_ms ? due_ms : packet->due_ms;
        due_ms = packet->due_ms;
        schedule_at(&sim->schedule, due_ms, arrive, stream, 0);
    }
    stream->last_due_ms = stream->last_due_ms < due_ms ? due_ms : stream->last_due_ms;
}

void network_unblock(struct sim *sim, struct machine *machine)
{
    struct path *path = path_of(sim, machine);

    if (!path->up_is_blocked && !path->down_is_blocked) {
        return;
    }
    path->up_is_blocked = path->down_is_blocked = false;
    sim_trace(sim, "network: %s is reachable again", machine->name);
    vec_each (&sim->network->conns, it) {
        if ((*it)->machine == machine) {
            resume(sim, &(*it)->up);
            resume(sim, &(*it)->down);
        }
    }
}
