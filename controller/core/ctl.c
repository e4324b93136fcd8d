/* The door.  ctl_step() is the map of the program: what can happen, who writes it down, and the one
 * place where things are decided and told. */
#include "controller/core/ctl.h"

#include "controller/core/alerts.h"
#include "controller/core/core.h"
#include "controller/core/gang.h"
#include "controller/core/openapi.h"
#include "controller/core/reads.h"
#include "controller/core/reconcile_log.h"
#include "controller/core/watch.h"

#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>

struct ctl *ctl_new(const struct ctl_options *options)
{
    struct ctl *ctl = MEM_NEW(struct ctl);

    ctl->options = *options;
    ctl->options.name = mem_strdup(options->name);
    ctl->options.version = mem_strdup(options->version);
    if (ctl->options.heartbeat_min_ms == 0) {
        ctl->options.heartbeat_min_ms = HEARTBEAT_MIN_MS;
    }
    if (ctl->options.lease_wait_ms == 0) {
        ctl->options.lease_wait_ms = LEASE_MAX_MS;
    }
    rand_init(&ctl->rand, options->seed);
    model_init(&ctl->model);
    gang_set_bursts(ctl, options->bursts_max);
    arena_init(&ctl->arena);
    ctl->ring.size = BUGGIFY("ring-tiny") ? 4 : WATCH_RING_EVENTS;
    ctl->ring.events = mem_array(ctl->ring.size, sizeof(ctl->ring.events[0]));
    map_init(&ctl->links);
    map_init(&ctl->watchers);
    map_init(&ctl->reads);
    map_init(&ctl->answers);
    ctl->heartbeat_at = MONO_NEVER;
    ctl->retry_step_at = MONO_NEVER;
    ctl->grace_until = MONO_ZERO;
    ctl->sources = sources_new();
    ctl->openapi = openapi_new();
    ctl->alerts = alerts_new();
    ctl->reconcile_log = MEM_NEW(struct reconcile_log);
    return ctl;
}

void ctl_free(struct ctl *ctl)
{
    if (ctl == NULL) {
        return;
    }
    assert(!ctl->in_transaction);
    link_fini(ctl);
    sources_free(ctl->sources);
    openapi_free(ctl->openapi);
    alerts_free(ctl->alerts);
    reconcile_log_fini(ctl->reconcile_log);
    free(ctl->reconcile_log);
    watch_fini(ctl);
    changeset_fini(ctl);
    reads_fini(ctl);
    map_fini(&ctl->links);
    map_fini(&ctl->watchers);
    map_fini(&ctl->reads);
    map_fini(&ctl->answers);
    ring_fini(&ctl->ring);
    model_fini(&ctl->model);
    batch_free(ctl->batch);
    vec_fini(&ctl->changes);
    arena_fini(&ctl->arena);
    free((char *)ctl->options.name);
    free((char *)ctl->options.version);
    free(ctl);
}

const struct ctl_counters *ctl_counters(const struct ctl *ctl)
{
    return &ctl->counters;
}

/* --- loading ---------------------------------------------------------------------------------- */

void ctl_load_state(struct ctl *ctl, const struct stored_state *state)
{
    memcpy(ctl->store_id, state->store_id, sizeof(ctl->store_id));
    ctl->era = state->era;
    ctl->is_unsettled = state->is_unsettled;
    ctl->revision = state->revision;
    ctl->desired_revision = state->revision;
    ctl->untold_revision = state->revision;
    ctl->compacted = state->compacted;
    ctl->newest = state->newest;
    ctl->ring.begins_after = state->revision;
}

/* An object as it was stored: the ledger's body, and beside it the status.  NULL with `err` when it
 * cannot be read. */
struct object *stored_object(const struct stored_change *change, struct err *err)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    const struct blob *first = change->body != NULL ? change->body : change->status;
    struct problems problems;
    struct node *root = NULL, *status = NULL;
    struct object *object;

    problems_init(&problems, &arena, NULL);
    if (first == NULL ||
        json_parse(&arena, first->data, first->size_bytes, JSON_PLAIN, &problems, &root) < 0 ||
        (change->body != NULL && change->status != NULL &&
         json_parse(&arena, change->status->data, change->status->size_bytes, JSON_PLAIN, &problems,
                    &status) < 0)) {
        (void)err_set(err, ERR_CORRUPT, "%s \"%s\": its stored body is not JSON",
                      change->kind->singular, change->name);
        return NULL;
    }
    if (status != NULL) {
        node_set(&arena, root, "status",
                 node_find(status, "status") != NULL ? node_find(status, "status") : status);
    }
    object = bind_object(change->kind, root, BIND_TRUSTED, &problems);
    if (object == NULL) {
        (void)err_set(err, ERR_CORRUPT, "%s \"%s\": its stored body is not one: %s",
                      change->kind->singular, change->name,
                      problems.count > 0 ? problems.items[0].message : "unknown reason");
        return NULL;
    }
    shape_put(&meta_shape, &object->meta, uid, object_strdup(object, change->uid));
    shape_put(&meta_shape, &object->meta, generation, change->generation);
    shape_put(&meta_shape, &object->meta, revision, change->revision);
    return object;
}

int ctl_load_object(struct ctl *ctl, const struct stored_change *change, struct err *err)
{
    struct object *object = stored_object(change, err);

    if (object == NULL) {
        return ERR_CORRUPT;
    }
    if (change->status_revision > object->meta.revision) {
        object->meta.revision = change->status_revision;
    }
    (void)model_set(&ctl->model, object->kind, object->meta.name, object);
    return 0;
}

void ctl_load_content(struct ctl *ctl, const struct content *content)
{
    model_template_load(&ctl->model, &content->digest, content->body)->is_stored = true;
}

void ctl_load_answer(struct ctl *ctl, const struct answer_row *answer)
{
    changeset_load_answer(ctl, answer);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void add_effect(struct ctl *ctl, const struct effect *effect)
{
    vec_add(ctl->effects, *effect);
}

/* What tells about state waits for the batch of this step, whether or not it will turn out to be
 * empty: then finish_step() puts the newest real batch in its place. */
static uint64_t after_this_step(const struct ctl *ctl)
{
    return ctl->batch->seq;
}

void ctl_answer_full(struct ctl *ctl, struct effect *effect)
{
    metrics_count(&ctl->metrics, METRIC_ANSWERS, (size_t)(effect->answer.code / 100 - 2));
    effect->type = EFFECT_ANSWER;
    effect->after = after_this_step(ctl);
    add_effect(ctl, effect);
    *effect = (struct effect){0};
}

void ctl_answer(struct ctl *ctl, uint64_t id, int code, struct blob *body)
{
    struct effect effect = {.id = id, .bytes = body, .answer = {.code = code}};

    ctl_answer_full(ctl, &effect);
}

void ctl_chunk(struct ctl *ctl, uint64_t id, struct blob *bytes)
{
    add_effect(ctl, &(struct effect){EFFECT_CHUNK, after_this_step(ctl), id, bytes, {{0}}});
}

void ctl_end(struct ctl *ctl, uint64_t id)
{
    add_effect(ctl, &(struct effect){EFFECT_END, after_this_step(ctl), id, NULL, {{0}}});
}

static void send(struct ctl *ctl, uint64_t after, uint64_t link, enum send_priority priority,
                 struct blob *bytes)
{
    struct effect effect = {.type = EFFECT_SEND, .after = after, .id = link, .bytes = bytes};

    effect.priority = priority;
    ctl->counters.messages_sent++;
    add_effect(ctl, &effect);
}

void ctl_send(struct ctl *ctl, uint64_t link, enum send_priority priority, struct blob *bytes)
{
    send(ctl, after_this_step(ctl), link, priority, bytes);
}

void ctl_send_now(struct ctl *ctl, uint64_t link, enum send_priority priority, struct blob *bytes)
{
    send(ctl, 0, link, priority, bytes);
}

void ctl_hangup(struct ctl *ctl, uint64_t link, const char *reason)
{
    struct effect effect = {.type = EFFECT_HANGUP, .id = link};

    effect.reason = mem_strdup(reason);
    add_effect(ctl, &effect);
}

uint64_t ctl_read(struct ctl *ctl, struct read_query *query)
{
    struct effect effect = {.type = EFFECT_READ, .after = after_this_step(ctl)};

    query->ticket = ++ctl->next_ticket;
    effect.read = *query;
    *query = (struct read_query){0};
    add_effect(ctl, &effect);
    return effect.read.ticket;
}

void on_compacted(struct ctl *ctl, uint64_t revision)
{
    if (revision > ctl->compacted) {
        ctl->compacted = revision;
    }
}

/* --- the step --------------------------------------------------------------------------------- */

static void handle(struct ctl *ctl, const struct ctl_event *event)
{
    switch (event->type) {
    case CTL_START:
        ctl->started_at = event->now;
        ctl->has_started = true;
        ctl->api_port = event->api_port;
        map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
            model_mark_session(&ctl->model, it->value);
        }
        map_each (&ctl->model.objects[KIND_AGENT], it) {
            struct agent_entry *agent = it->value;

            agent->away_since = event->now; /* nobody is connected yet */
            reconcile_agent_down(ctl, agent);
        }
        break;
    case CTL_TICK:
        break;
    case CTL_HTTP:
        ctl->counters.requests++;
        on_operator(ctl, event->id, event->http);
        break;
    case CTL_HTTP_GONE:
        on_operator_gone(ctl, event->id);
        break;
    case CTL_LINK_UP:
        on_link_up(ctl, event->id);
        break;
    case CTL_LINK_FRAME:
        ctl->counters.frames++;
        on_link_frame(ctl, event->id, event->frame.bytes, event->frame.size_bytes);
        break;
    case CTL_LINK_DRAINED:
        on_link_drained(ctl, event->id);
        break;
    case CTL_LINK_DOWN:
        on_link_down(ctl, event->id);
        break;
    case CTL_COMMITTED:
        assert(event->id > ctl->committed);
        ctl->committed = event->id;
        break;
    case CTL_READ_DONE:
        on_read_done(ctl, event->read);
        break;
    case CTL_DIRECTORY:
        on_directory(ctl, event->directory);
        break;
    case CTL_STORE_SPACE:
        if (!ctl->store_is_full) {
            ctl->full_since = event->wall;
        }
        ctl->store_is_full = event->store_is_full;
        break;
    case CTL_OPTIONS:
        gang_set_bursts(ctl, event->bursts_max);
        break;
    case CTL_NOTIFIED:
        on_notified(ctl, event->notified);
        break;
    case CTL_COMPACTED:
        on_compacted(ctl, event->id);
        break;
    }
}

/* A step that stored nothing uses up no batch number: what it tells waits for the one before. */
static void finish_step(struct ctl *ctl)
{
    struct batch *batch = TAKE(ctl->batch);

    if (!batch_is_empty(batch)) {
        ctl->counters.batches++;
        ctl->batch_seq = batch->seq;
        ctl->effects->batch = batch;
        return;
    }
    vec_each (ctl->effects, it) {
        if (it->after == batch->seq) {
            it->after = batch->seq - 1;
        }
    }
    batch_free(batch);
}

/* After the process itself stood still, what its peers sent in the meantime is still to be read:
 * nobody is declared silent before there was time for that.  A stall of less than two heartbeats
 * hides at most two, and three must be missing. */
static void notice_stall(struct ctl *ctl, struct mono now)
{
    if (ctl->has_started && mono_since(ctl->now, now) > 2 * ctl->options.heartbeat_min_ms) {
        MARK("the controller stood still");
        ctl->grace_until = mono_after(now, ctl->options.heartbeat_min_ms);
    }
}

void ctl_step(struct ctl *ctl, const struct ctl_event *event, struct effects *effects)
{
    assert(effects->count == 0);
    assert(effects->batch == NULL);
    assert(ctl->has_started || event->type == CTL_START);
    notice_stall(ctl, event->now);
    ctl->now = event->now;
    ctl->wall = event->wall;
    ctl->effects = effects;
    ctl->batch = batch_new(ctl->batch_seq + 1);
    ctl->derived_rows = 0;
    ctl->retry_step_at = MONO_NEVER;
    ctl->told = event->told;
    ctl->counters.steps++;
    metrics_count(&ctl->metrics, METRIC_STEPS, (size_t)event->type);

    reconcile_log_begin(ctl, event);
    handle(ctl, event);
    link_tick(ctl);
    sources_settle(ctl);
    model_mark_due(&ctl->model, ctl->now);
    reconcile(ctl);
    alerts_settle(ctl);
    watch_flush(ctl);
    link_flush(ctl);
    model_sweep_templates(&ctl->model, ctl->batch);

    assert(!ctl->in_transaction);
    finish_step(ctl);
    reconcile_log_end(ctl, event);
    ctl->effects = NULL;
    ctl->told = NULL;
    arena_reset(&ctl->arena);
}

struct mono ctl_deadline(const struct ctl *ctl)
{
    struct mono soonest = mono_earlier(ctl->heartbeat_at, ctl->retry_step_at);

    soonest = mono_earlier(soonest, watch_deadline(ctl));
    soonest = mono_earlier(soonest, sources_deadline(ctl));
    soonest = mono_earlier(soonest, alerts_deadline(ctl));
    return mono_earlier(soonest, model_next_look(&ctl->model));
}
