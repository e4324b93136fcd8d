/* Messages of agents, after the handshake, and what is told to them.
 *
 * Fencing: a message that names another connection epoch than this connection's is of an earlier
 * life; it is counted and dropped.  Nothing is composed for an agent whose last assign is still on
 * its way: what changes meanwhile is told in one message later. */
#include "controller/core/link.h"

#include "controller/core/instance.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCAN_MS = 500, ID_TEXT_SIZE = 24 };

static void id_to_str(uint64_t id, char text[static ID_TEXT_SIZE])
{
    (void)snprintf(text, ID_TEXT_SIZE, "%" PRIu64, id);
}

struct link *link_find(const struct ctl *ctl, uint64_t id)
{
    char text[ID_TEXT_SIZE];

    id_to_str(id, text);
    return map_find(&ctl->links, text);
}

void link_set_state(struct link *link, enum link_state state)
{
    static const bool may[3][3] = {
        [LINK_CHALLENGED] = {[LINK_WELCOMED] = true, [LINK_CLOSING] = true},
        [LINK_WELCOMED] = {[LINK_CLOSING] = true},
    };

    assert(may[link->state][state]);
    link->state = state;
}

/* --- opening and closing ---------------------------------------------------------------------- */

void on_link_up(struct ctl *ctl, uint64_t id)
{
    struct link *link = MEM_NEW(struct link);
    struct wire_message message = {.type = WIRE_CHALLENGE};
    uint8_t nonce[KEY_SIZE];
    char text[ID_TEXT_SIZE];

    link->id = id;
    link->opened_at = link->heard_at = ctl->now;
    dlist_init(&link->logs);
    arena_init(&link->said);
    rand_secret(&ctl->rand, nonce, sizeof(nonce));
    base64_to_str(nonce, sizeof(nonce), link->nonce);
    id_to_str(id, text);
    (void)map_put(&ctl->links, text, link);
    link_challenge(ctl, link, &message.challenge);
    ctl_send_now(ctl, id, SEND_CONTROL, wire_encode(&message));
    ctl->heartbeat_at = mono_earlier(ctl->heartbeat_at, mono_after(ctl->now, SCAN_MS));
}

static void link_free(struct link *link)
{
    arena_fini(&link->said);
    free(link);
}

/* What is not from the workload stands on a line of its own. */
static void tell_aside(struct ctl *ctl, struct log_stream *stream, const char *text)
{
    _cleanup_(str_fini)
    struct str line = STR_EMPTY;

    str_addf(&line, "%s%s\n", stream->is_mid_line ? "\n" : "", text);
    ctl_chunk(ctl, stream->http_id, blob_from_str(&line));
    stream->is_mid_line = false;
}

/* `why` NULL: nobody is told. */
static void end_logs(struct ctl *ctl, struct link *link, const char *why)
{
    dlist_each (&link->logs, struct log_stream, of_link, it) {
        if (why != NULL) {
            tell_aside(ctl, it, why);
            ctl_end(ctl, it->http_id);
        }
        dlist_remove(&it->of_link);
        free(it);
    }
}

static const char away_from_logs[] =
    "error: the connection to the agent was lost; its logs are kept there";

/* The agent is away from now on, if this was its connection. */
static void part(struct ctl *ctl, struct link *link)
{
    struct agent_entry *agent = link->agent;

    end_logs(ctl, link, away_from_logs);
    link->agent = NULL;
    if (agent == NULL) {
        return;
    }
    assert(agent->link == link);
    agent->link = NULL;
    agent->away_since = ctl->now;
    roster_update_readings(&ctl->model.roster, agent);
    reconcile_agent_down(ctl, agent);
}

void on_link_down(struct ctl *ctl, uint64_t id)
{
    struct link *link = link_find(ctl, id);
    char text[ID_TEXT_SIZE];

    if (link == NULL) {
        return;
    }
    part(ctl, link);
    id_to_str(id, text);
    (void)map_remove(&ctl->links, text);
    link_free(link);
}

static void drop(struct ctl *ctl, struct link *link, const char *reason)
{
    if (link->state == LINK_CLOSING) {
        return;
    }
    ctl_hangup(ctl, link->id, reason);
    link_set_state(link, LINK_CLOSING);
    part(ctl, link);
}

void link_forget_agent(struct ctl *ctl, struct agent_entry *agent)
{
    struct link *link = agent->link;

    if (link == NULL) {
        return;
    }
    agent->link = NULL;
    MARK("an agent is deleted while it is connected");
    link->agent = NULL;
    end_logs(ctl, link, away_from_logs);
    ctl_hangup(ctl, link->id, "its Agent object was deleted");
    link_set_state(link, LINK_CLOSING);
}

void link_fini(struct ctl *ctl)
{
    map_each (&ctl->links, it) {
        end_logs(ctl, it->value, NULL);
        link_free(it->value);
    }
    map_clear(&ctl->links);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static struct mono deadline_of(const struct link *link)
{
    switch (link->state) {
    case LINK_CHALLENGED:
        return mono_after(link->opened_at, HELLO_MS);
    case LINK_WELCOMED:
        return mono_after(link->heard_at, link->heartbeat_ms * HEARTBEATS_MISSED_MAX);
    case LINK_CLOSING:
        return MONO_NEVER;
    }
    return MONO_NEVER;
}

/* One walk over all links at most every SCAN_MS: cheaper than a timer per link that is moved with
 * each message.  While there are links the core wakes at least every shortest heartbeat, so that a
 * longer pause can only be a stall of its own (see notice_stall()). */
void link_tick(struct ctl *ctl)
{
    struct mono next = MONO_NEVER;

    if (!mono_is_due(ctl->heartbeat_at, ctl->now)) {
        return;
    }
    map_each (&ctl->links, it) {
        struct link *link = it->value;
        struct mono deadline = mono_later(deadline_of(link), ctl->grace_until);

        if (mono_is_due(deadline, ctl->now) ||
            (link->state == LINK_WELCOMED && BUGGIFY("link-silent"))) {
            drop(ctl, link, link->state == LINK_WELCOMED ? "no heartbeat" : "no hello in time");
        } else {
            next = mono_earlier(next, deadline);
        }
    }
    if (!mono_is_never(next)) {
        next = mono_later(next, mono_after(ctl->now, SCAN_MS));
        next = mono_earlier(next, mono_after(ctl->now, ctl->options.heartbeat_min_ms));
    }
    ctl->heartbeat_at = next;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void fill_assignment(struct ctl *ctl, struct assignment_entry *assignment,
                            struct wire_assignment *to)
{
    const struct assignment_spec *spec = assignment_spec(assignment);
    const struct template_entry *resolved = model_template_find(&ctl->model, spec->template_digest);

    assert(resolved != NULL);
    assignment->is_told = true;
    to->uid = assignment->object->meta.uid;
    to->name = assignment->object->meta.name;
    to->session = spec->session;
    to->session_uid = spec->session_uid;
    to->slot = spec->slot;
    to->generation = assignment->object->meta.generation;
    to->lease_epoch = spec->lease_epoch;
    to->template_digest = spec->template_digest;
    to->template = *resolved->template;
}

/* What goes out in one or several messages. */
struct telling {
    struct wire_assignment *assignments;
    size_t assignment_count;
    const char **removed;
    size_t removed_count;
};

static void collect_all(struct ctl *ctl, struct agent_entry *agent, struct telling *telling)
{
    telling->assignments =
        arena_array(&ctl->arena, agent->assignment_count + 1, sizeof(telling->assignments[0]));
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        ctl->counters.assignments_examined++;
        if (it->is_in_set) {
            fill_assignment(ctl, it, &telling->assignments[telling->assignment_count++]);
        }
    }
}

static void collect_untold(struct ctl *ctl, struct agent_entry *agent, struct telling *telling)
{
    telling->assignments =
        arena_array(&ctl->arena, agent->untold.count + 1, sizeof(telling->assignments[0]));
    telling->removed =
        arena_array(&ctl->arena, agent->untold.count + 1, sizeof(telling->removed[0]));
    vec_each (&agent->untold, it) {
        struct assignment_entry *assignment = model_assignment_by_uid(&ctl->model, *it);

        ctl->counters.assignments_examined++;
        if (assignment != NULL && assignment->agent == agent && assignment->is_in_set) {
            fill_assignment(ctl, assignment, &telling->assignments[telling->assignment_count++]);
        } else {
            telling->removed[telling->removed_count++] = *it;
        }
    }
}

/* How many of the next assignments fit in one message. */
static size_t fitting(struct ctl *ctl, const struct telling *telling, size_t from)
{
    size_t bytes = 0, count = 0;

    for (; from + count < telling->assignment_count && count < MESSAGE_ASSIGNMENTS_MAX; count++) {
        const struct wire_assignment *next = &telling->assignments[from + count];

        bytes += model_template_find(&ctl->model, next->template_digest)->body->size_bytes + 1024;
        if (count > 0 && (bytes > MESSAGE_BYTES_MAX / 2 || BUGGIFY("assign-split"))) {
            break;
        }
    }
    return count;
}

static void tell(struct ctl *ctl, struct link *link, struct telling *telling, bool full)
{
    char base[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
    size_t told = 0, unmade = 0;

    digest_to_str(&link->told, base);
    digest_to_str(&link->agent->set, digest);
    do {
        struct wire_message message = {.type = WIRE_ASSIGN};
        struct wire_assign *assign = &message.assign;
        size_t removed = telling->removed_count - unmade;

        if (removed > MESSAGE_ASSIGNMENTS_MAX) {
            removed = MESSAGE_ASSIGNMENTS_MAX;
        }
        assign->era = (int64_t)ctl->era;
        assign->epoch = (int64_t)link->epoch;
        assign->revision = ctl->revision;
        assign->full = full;
        assign->base = base;
        assign->digest = digest;
        assign->assignments.items = telling->assignments + told;
        assign->assignments.count = fitting(ctl, telling, told);
        told += assign->assignments.count;
        assign->removed.items = telling->removed == NULL ? NULL : telling->removed + unmade;
        assign->removed.count = removed;
        unmade += removed;
        assign->more = told < telling->assignment_count || unmade < telling->removed_count;
        ctl->counters.assign_messages_sent++;
        ctl_send(ctl, link->id, SEND_ASSIGNMENT, wire_encode(&message));
    } while (told < telling->assignment_count || unmade < telling->removed_count);
    link->agent->told_revision = ctl->revision;
    link->told = link->agent->set;
    link->has_backlog = true;
    link->needs_full = false;
}

static void forget_untold(struct agent_entry *agent)
{
    vec_each (&agent->untold, it) {
        free(*it);
    }
    vec_clear(&agent->untold);
    dlist_remove(&agent->untold_link);
}

static void tell_agent(struct ctl *ctl, struct agent_entry *agent)
{
    struct link *link = agent->link;
    struct telling telling = {0};

    if (link != NULL && link->has_backlog) {
        MARK("what changes waits for a message under way");
        return; /* one merged message when it has drained */
    }
    if (link != NULL && (link->needs_full || agent->untold.count > MESSAGE_ASSIGNMENTS_MAX ||
                         BUGGIFY("assign-whole"))) {
        if (!digest_eq(&link->told, &agent->set)) {
            collect_all(ctl, agent, &telling);
            tell(ctl, link, &telling, true);
        }
        link->needs_full = false;
    } else if (link != NULL && !digest_eq(&link->told, &agent->set)) {
        collect_untold(ctl, agent, &telling);
        tell(ctl, link, &telling, false);
    }
    forget_untold(agent); /* who is away is told everything on return */
}

void link_flush(struct ctl *ctl)
{
    dlist_each (&ctl->model.untold, struct agent_entry, untold_link, it) {
        tell_agent(ctl, it);
    }
}

void on_link_drained(struct ctl *ctl, uint64_t id)
{
    struct link *link = link_find(ctl, id);

    if (link != NULL) {
        link->has_backlog = false;
    }
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void complain(struct ctl *ctl, struct link *link, const char *about, const char *what)
{
    struct wire_message message = {.type = WIRE_ERROR};

    ctl->counters.bad_messages++;
    message.error.about = about;
    message.error.message = what;
    ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&message));
    if (++link->bad_messages >= BAD_MESSAGES_MAX) {
        MARK("too much nonsense ends a link");
        drop(ctl, link, "too many bad messages");
    }
}

static void take_report(struct ctl *ctl, struct agent_entry *agent,
                        const struct wire_report *report)
{
    if (agent_status(agent)->paused != report->paused) {
        const struct write write = {ROW_STATUS,
                                    arena_printf(&ctl->arena, "agent/%s", agent->object->meta.name),
                                    "fog-agent", "its owner's word"};
        struct object *next = object_edit(agent->object);
        struct agent *body = next->body;

        shape_put(&agent_status_shape, &body->status, paused, report->paused);
        shape_mark(&agent_shape, body, &body->status);
        ctl_begin(ctl, false);
        (void)ctl_put(ctl, next, &write);
        ctl_commit(ctl);
    }
    for (size_t i = 0; i < report->items.count; i++) {
        const struct wire_report_item *item = &report->items.items[i];
        struct assignment_entry *assignment = model_assignment_by_uid(&ctl->model, item->uid);

        if (assignment == NULL || assignment->agent != agent ||
            item->lease_epoch < assignment_spec(assignment)->lease_epoch ||
            item->generation > assignment->object->meta.generation) {
            MARK("a report on what is not its agent's is passed over");
            ctl->counters
                .stale_messages++; /* of work that is no longer, or never was, this agent's */
            continue;
        }
        reconcile_report(ctl, agent, assignment, item);
    }
    reconcile_period(ctl, agent, &report->period);
}

/* Taken in, and durable before the answer.  One that is not newer than the last was taken in
 * already: its answer is given again. */
static void on_report(struct ctl *ctl, struct link *link, const struct wire_report *report)
{
    struct wire_message answer = {.type = WIRE_REPORTED};

    if (report->seq > link->report_seq || MUTANT(OLD_REPORT_TAKEN) ||
        (MUTANT(EPOCH_UNCHECKED) && (uint64_t)report->epoch != link->epoch)) {
        take_report(ctl, link->agent, report);
        link->report_seq = report->seq;
    } else {
        MARK("a report that came before is answered again");
        ctl->counters.stale_messages++;
    }
    answer.reported.epoch = (int64_t)link->epoch;
    answer.reported.seq = report->seq;
    answer.reported.period = agent_status(link->agent)->period.number;
    if (!BUGGIFY("report-unanswered")) {
        ctl_send(ctl, link->id, SEND_CONTROL, wire_encode(&answer));
    }
}

static void tell_all_again(struct ctl *ctl, struct link *link)
{
    MARK("an agent is told everything again");
    link->needs_full = true;
    if (dlist_is_empty(&link->agent->untold_link)) {
        dlist_add(&ctl->model.untold, &link->agent->untold_link);
    }
}

static void on_resync(struct ctl *ctl, struct link *link, const struct wire_resync *resync)
{
    if (!digest_from_str(resync->digest == NULL ? "" : resync->digest, &link->told)) {
        link->told = (struct digest){0};
    }
    tell_all_again(ctl, link);
}

/* Windows open by the machine's own clock, also when it is wrong, or ours is.  What an older agent
 * has nobody knows better than we do. */
static struct wall local_time(const struct ctl *ctl, const struct agent_entry *agent)
{
    int64_t utc_ms = agent->has_clock ? ctl->now.ms + agent->clock_ahead_ms : ctl->wall.ms;

    return (struct wall){utc_ms + agent->utc_offset_ms};
}

/* Kept while it is connected, the newest alone.  Without any they are about as before. */
static void take_sensors(struct ctl *ctl, struct agent_entry *agent,
                         const struct wire_heartbeat *heartbeat)
{
    struct reading *idle = &agent->readings.of[SENSOR_IDLE];

    agent->read_at = (struct policy_moment){ctl->now, local_time(ctl, agent)};
    if (heartbeat->sensors.set != 0) {
        readings_from_sensors(&heartbeat->sensors, ctl->now, &agent->readings);
        agent->utc_offset_ms = heartbeat->utc_offset_minutes * 60 * 1000;
        agent->has_clock = heartbeat->clock.ms != 0;
        agent->clock_ahead_ms = heartbeat->clock.ms - ctl->now.ms;
        agent->read_at.local = local_time(ctl, agent);
        agent->has_readings = true;
        reconcile_readings(ctl, agent);
        return;
    }
    if (idle->state == READING_KNOWN) { /* that somebody came would have been told */
        idle->value += mono_since(idle->at, ctl->now);
    }
    for (size_t i = 0; i < SENSOR_COUNT && agent->has_readings; i++) {
        agent->readings.of[i].at = ctl->now;
    }
}

static void on_heartbeat(struct ctl *ctl, struct link *link, const struct wire_heartbeat *heartbeat)
{
    struct wire_message answer = {.type = WIRE_HEARTBEAT};
    int64_t interval = link_heartbeat_ms(ctl);
    char digest[DIGEST_TEXT_SIZE] = "";

    if (BUGGIFY("assign-again")) {
        link->told = (struct digest){0};
        tell_all_again(ctl, link);
    }
    if (!link->has_backlog && !link->needs_full) {
        digest_to_str(&link->told, digest);
    }
    link->agent->last_seen = ctl->wall;
    take_sensors(ctl, link->agent, heartbeat);
    if (!MUTANT(COLUMN_NOT_KEPT)) {
        roster_update_readings(&ctl->model.roster, link->agent);
    }
    if (interval != link->heartbeat_ms) {
        link->heartbeat_ms = interval;
        answer.heartbeat.interval_ms = interval;
    }
    answer.heartbeat.epoch = (int64_t)link->epoch;
    answer.heartbeat.seq = heartbeat->seq;
    answer.heartbeat.digest = digest;
    ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&answer));
}

static void on_renew(struct ctl *ctl, struct link *link, const struct wire_renew *renew)
{
    struct wire_message answer = {.type = WIRE_RENEWED};
    struct wire_lease *granted =
        arena_array(&ctl->arena, renew->leases.count + 1, sizeof(*granted));
    size_t count = 0;

    for (size_t i = 0; i < renew->leases.count; i++) {
        const struct wire_lease *lease = &renew->leases.items[i];

        if (!BUGGIFY("lease-refused") &&
            reconcile_lease(ctl, link->agent, lease->uid, lease->lease_epoch)) {
            granted[count++] = *lease;
        }
    }
    answer.renewed.era = (int64_t)ctl->era;
    answer.renewed.epoch = (int64_t)link->epoch;
    answer.renewed.seq = renew->seq;
    answer.renewed.leases.items = granted;
    answer.renewed.leases.count = count;
    ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&answer));
}

static void pass_on(struct ctl *ctl, struct log_stream *stream, const struct wire_log_data *data)
{
    size_t size = data->data == NULL ? 0 : strlen(data->data);

    if (data->dropped > 0) {
        tell_aside(
            ctl, stream,
            arena_printf(&ctl->arena, "(%" PRId64 " lines are missing here)", data->dropped));
    }
    if (size > 0) {
        ctl_chunk(ctl, stream->http_id, blob_new(data->data, size));
        stream->is_mid_line = data->data[size - 1] != '\n';
    }
    if (!str_is_empty(data->error)) {
        tell_aside(ctl, stream, arena_printf(&ctl->arena, "error: %s", data->error));
    }
}

static void on_log_data(struct ctl *ctl, struct link *link, const struct wire_log_data *data)
{
    dlist_each (&link->logs, struct log_stream, of_link, it) {
        if (it->id != data->id) {
            continue;
        }
        pass_on(ctl, it, data);
        if (data->end || !str_is_empty(data->error)) {
            ctl_end(ctl, it->http_id);
            dlist_remove(&it->of_link);
            free(it);
        }
        return;
    }
}

/* The epoch that a message claims, or the link's own for those that carry none. */
static uint64_t epoch_of(const struct link *link, const struct wire_message *message)
{
    switch (message->type) {
    case WIRE_ACCEPTED:
        return (uint64_t)message->accepted.epoch;
    case WIRE_RESYNC:
        return (uint64_t)message->resync.epoch;
    case WIRE_REPORT:
        return (uint64_t)message->report.epoch;
    case WIRE_HEARTBEAT:
        return (uint64_t)message->heartbeat.epoch;
    case WIRE_RENEW:
        return (uint64_t)message->renew.epoch;
    case WIRE_LOG_DATA:
    case WIRE_ERROR:
    case WIRE_HELLO:
    case WIRE_CHALLENGE:
    case WIRE_WELCOME:
    case WIRE_REFUSE:
    case WIRE_ASSIGN:
    case WIRE_REPORTED:
    case WIRE_RENEWED:
    case WIRE_LOG_REQUEST:
    case WIRE_LOG_CANCEL:
    case WIRE_TYPE_COUNT:
        break;
    }
    return link->epoch;
}

static bool carries_epoch(const struct wire_message *message)
{
    return message->type == WIRE_REPORT || message->type == WIRE_RENEW ||
           message->type == WIRE_HEARTBEAT;
}

static void hear(struct ctl *ctl, struct link *link, const struct wire_message *message)
{
    switch (message->type) {
    case WIRE_ACCEPTED:
        break; /* that it is on the agent's disk matters to the agent; what comes of it is reported
                */
    case WIRE_RESYNC:
        on_resync(ctl, link, &message->resync);
        break;
    case WIRE_REPORT:
        on_report(ctl, link, &message->report);
        break;
    case WIRE_HEARTBEAT:
        on_heartbeat(ctl, link, &message->heartbeat);
        break;
    case WIRE_RENEW:
        on_renew(ctl, link, &message->renew);
        break;
    case WIRE_LOG_DATA:
        on_log_data(ctl, link, &message->log_data);
        break;
    case WIRE_ERROR: /* we sent what it does not understand; answering would never end */
        ctl->counters.bad_messages++;
        if (str_eq(message->error.about, wire_table[WIRE_LOG_REQUEST].name)) {
            end_logs(ctl, link, "error: the agent does not understand that logs are asked for");
        }
        break;
    case WIRE_HELLO:
        complain(ctl, link, "hello", "hello was said already");
        break;
    case WIRE_CHALLENGE:
    case WIRE_WELCOME:
    case WIRE_REFUSE:
    case WIRE_ASSIGN:
    case WIRE_REPORTED:
    case WIRE_RENEWED:
    case WIRE_LOG_REQUEST:
    case WIRE_LOG_CANCEL:
    case WIRE_TYPE_COUNT:
        assert(false); /* wire_decode() refused them: they are the controller's to say */
    }
}

void on_link_frame(struct ctl *ctl, uint64_t id, const char *bytes, size_t size_bytes)
{
    struct link *link = link_find(ctl, id);
    struct wire_message message;
    struct err err = ERR_NONE;

    if (link == NULL || link->state == LINK_CLOSING) {
        return;
    }
    link->heard_at = ctl->now;
    if (wire_decode(&ctl->arena, bytes, size_bytes, true, &message, &err) < 0) {
        complain(ctl, link, wire_peek_type(&ctl->arena, bytes, size_bytes), err.text);
        return;
    }
    if (link->state == LINK_CHALLENGED) {
        if (message.type == WIRE_HELLO) {
            link_hello(ctl, link, &message.hello);
        } else {
            complain(ctl, link, wire_table[message.type].name, "say hello first");
        }
        return;
    }
    if (epoch_of(link, &message) != link->epoch && !MUTANT(EPOCH_UNCHECKED)) {
        MARK("a message of an earlier connection is dropped");
        ctl->counters.stale_messages++;
        return;
    }
    if (carries_epoch(&message)) {
        instance_proves(link->agent, link->epoch);
    }
    hear(ctl, link, &message);
}

/* --- logs ------------------------------------------------------------------------------------- */

int link_log_open(struct ctl *ctl, uint64_t http_id, const struct assignment_entry *assignment,
                  int64_t tail, bool follow, struct err *err)
{
    struct link *link = assignment->agent == NULL ? NULL : assignment->agent->link;
    struct wire_message message = {.type = WIRE_LOG_REQUEST};
    struct log_stream *stream;
    size_t count = 0;

    if (link == NULL) {
        return err_set(err, ERR_UNAVAILABLE,
                       "agent \"%s\" is not connected; its logs are kept there",
                       assignment_spec(assignment)->agent);
    }
    dlist_each (&link->logs, struct log_stream, of_link, it) {
        count += it != NULL;
    }
    if (count >= LOG_STREAMS_MAX) {
        return err_set(err, ERR_LIMIT, "%d logs of agent \"%s\" are being read already",
                       LOG_STREAMS_MAX, assignment_spec(assignment)->agent);
    }
    stream = MEM_NEW(struct log_stream);
    stream->id = ++ctl->next_log_stream;
    stream->http_id = http_id;
    dlist_init(&stream->of_link);
    dlist_add(&link->logs, &stream->of_link);
    message.log_request.id = stream->id;
    message.log_request.uid = assignment->object->meta.uid;
    message.log_request.tail = tail;
    message.log_request.follow = follow;
    ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&message));
    return 0;
}

void link_log_close(struct ctl *ctl, uint64_t http_id)
{
    map_each (&ctl->links, entry) {
        struct link *link = entry->value;

        dlist_each (&link->logs, struct log_stream, of_link, it) {
            if (it->http_id == http_id) {
                struct wire_message message = {.type = WIRE_LOG_CANCEL};

                message.log_cancel.id = it->id;
                ctl_send_now(ctl, link->id, SEND_CONTROL, wire_encode(&message));
                dlist_remove(&it->of_link);
                free(it);
                return;
            }
        }
    }
}
