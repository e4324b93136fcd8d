/* Writing: every change goes through here, so that it is numbered, stored, undone and told in one
 * way. */
#include "controller/core/core.h"

#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/diff.h"
#include "schema/divergence.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/remedy.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void ctl_begin(struct ctl *ctl, bool is_trial)
{
    assert(!ctl->in_transaction);
    assert(ctl->changes.count == 0);
    ctl->in_transaction = true;
    ctl->is_trial = ctl->model.is_trial = is_trial;
    ctl->revision_before = ctl->revision;
    ctl->newest_before = ctl->newest;
    ctl->rand_before = ctl->rand;
}

static void row_fini(struct row *row)
{
    free(row->name);
    free(row->uid);
    free(row->who);
    free(row->manager);
    free(row->why);
    blob_unref(row->body);
}

static void change_fini(struct ctl *ctl, struct change *change)
{
    free(change->name);
    object_unref(change->before);
    object_unref(change->after);
    object_unref(change->last);
    model_discard(&ctl->model, change->removed);
    row_fini(&change->row);
}

/* --- the ring of newest changes --------------------------------------------------------------- */

static void ring_event_fini(struct ring_event *event)
{
    object_unref(event->before);
    object_unref(event->after);
    *event = (struct ring_event){0};
}

static void ring_put(struct ctl *ctl, const struct change *change)
{
    struct ring *ring = &ctl->ring;
    struct ring_event *event = &ring->events[ring->next % ring->size];
    struct object *after = change->after == NULL ? change->last : change->after;

    if (ring->next - ring->first == ring->size) {
        MARK("the oldest change leaves the ring");
        ring->begins_after = event->revision;
        ring_event_fini(event);
        ring->first++;
    }
    *event = (struct ring_event){
        .revision = after->meta.revision,
        .before = change->before == NULL ? NULL : object_ref(change->before),
        .after = object_ref(after),
        .is_removal = change->after == NULL,
    };
    ring->next++;
}

void ring_fini(struct ring *ring)
{
    for (; ring->first < ring->next; ring->first++) {
        ring_event_fini(&ring->events[ring->first % ring->size]);
    }
    free(ring->events);
    ring->events = NULL;
}

/* --- ending ----------------------------------------------------------------------------------- */

static void end_transaction(struct ctl *ctl)
{
    vec_each (&ctl->changes, it) {
        change_fini(ctl, it);
    }
    vec_clear(&ctl->changes);
    ctl->in_transaction = ctl->is_trial = ctl->model.is_trial = false;
}

void ctl_commit(struct ctl *ctl)
{
    assert(ctl->in_transaction);
    assert(!ctl->is_trial);
    for (size_t i = 0; i < ctl->changes.count; i++) {
        struct change *change = &ctl->changes.items[i];

        vec_add(&ctl->batch->rows, change->row);
        if (change->row.log == ROW_LEDGER) {
            ctl->counters.rows_ledger++;
            ctl->desired_revision = change->row.revision;
        } else {
            ctl->counters.rows_status++;
        }
        if (change->removed != NULL && change->kind->id == KIND_AGENT) {
            link_forget_agent(ctl, (struct agent_entry *)change->removed);
        }
        ring_put(ctl, change);
        reconcile_mark(ctl, change);
        sources_mark(ctl, change);
        change->row = (struct row){0};
    }
    end_transaction(ctl);
}

void ctl_abort(struct ctl *ctl)
{
    assert(ctl->in_transaction);
    for (size_t i = ctl->changes.count; i-- > (size_t)MUTANT(UNDO_FORGETS_FIRST);) {
        struct change *change = &ctl->changes.items[i];

        if (change->removed != NULL) {
            MARK("a removal is undone");
            model_restore(&ctl->model, change->removed);
            change->removed = NULL;
        } else {
            struct object *before = change->before == NULL ? NULL : object_ref(change->before);
            struct entry *gone = model_set(&ctl->model, change->kind, change->name, before);

            model_discard(&ctl->model, gone);
        }
    }
    ctl->revision = ctl->revision_before;
    ctl->newest = ctl->newest_before;
    ctl->rand = ctl->rand_before;
    end_transaction(ctl);
}

/* --- writing ---------------------------------------------------------------------------------- */

static struct blob *body_of(const struct object *object, unsigned parts)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    emit_object_json(object, parts, JSON_SORTED, &text);
    return blob_from_str(&text);
}

/* The part of an object that a row keeps. */
static unsigned row_parts(const struct kind *kind, enum row_log log)
{
    if (log == ROW_LEDGER) {
        return EMIT_LEDGER;
    }
    return kind->is_event ? EMIT_ALL : EMIT_STATUS;
}

static bool is_same(const struct object *before, const struct object *next, unsigned parts)
{
    struct blob *a = body_of(before, parts), *b = body_of(next, parts);
    bool same = a->size_bytes == b->size_bytes && memcmp(a->data, b->data, a->size_bytes) == 0;

    blob_unref(a);
    blob_unref(b);
    return same;
}

static char *or_empty(const char *text)
{
    return mem_strdup(text == NULL ? "" : text);
}

static struct row make_row(struct ctl *ctl, const struct object *object, enum row_verb verb,
                           const struct write *write)
{
    if (ctl->wall.ms > ctl->newest.ms) {
        ctl->newest = ctl->wall;
    }
    return (struct row){
        .log = write->log,
        .verb = verb,
        .kind = object->kind,
        .name = mem_strdup(object->meta.name),
        .uid = mem_strdup(object->meta.uid),
        .revision = object->meta.revision,
        .generation = object->meta.generation,
        .at = ctl->newest,
        .who = or_empty(write->who),
        .manager = or_empty(write->manager),
        .why = or_empty(write->why),
    };
}

static void identify(struct ctl *ctl, struct object *next)
{
    if (str_is_empty(next->meta.uid)) {
        char uid[UID_TEXT_SIZE];

        rand_uid(&ctl->rand, uid);
        shape_put(&meta_shape, &next->meta, uid, object_strdup(next, uid));
    }
    /* Whole seconds, as the API writes them: what is read back equals what was written. */
    shape_put(&meta_shape, &next->meta, created, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    shape_put(&meta_shape, &next->meta, generation, 1);
}

static void keep_identity(struct object *next, const struct object *before)
{
    shape_put(&meta_shape, &next->meta, uid, object_strdup(next, before->meta.uid));
    shape_put(&meta_shape, &next->meta, created, before->meta.created);
    shape_put(&meta_shape, &next->meta, generation, before->meta.generation);
}

struct object *ctl_put(struct ctl *ctl, struct object *next, const struct write *write)
{
    struct object *before = model_find(&ctl->model, next->kind->id, next->meta.name);
    unsigned parts = row_parts(next->kind, write->log);
    struct change change = {.kind = next->kind};
    struct entry *removed;

    assert(ctl->in_transaction);
    assert(next->refs == 1);
    if (before == NULL) {
        identify(ctl, next);
    } else {
        keep_identity(next, before);
        shape_put(&meta_shape, &next->meta, revision, before->meta.revision);
        if (is_same(before, next, parts)) {
            MARK("a write changes nothing");
            object_unref(next);
            return before;
        }
        if (write->log == ROW_LEDGER && (!diff_is_empty(before, next, DIFF_SPEC) ||
                                         object_is_deleting(before) != object_is_deleting(next))) {
            next->meta.generation++;
        }
    }
    shape_put(&meta_shape, &next->meta, revision, ++ctl->revision);
    change.name = mem_strdup(next->meta.name);
    change.before = before == NULL ? NULL : object_ref(before);
    change.after = object_ref(next);
    if (!ctl->is_trial) {
        change.row = make_row(ctl, next, before == NULL ? ROW_CREATE : ROW_UPDATE, write);
        change.row.body = body_of(next, parts);
    }
    removed = model_set(&ctl->model, next->kind, next->meta.name, next);
    assert(removed == NULL);
    vec_add(&ctl->changes, change);
    return next;
}

void ctl_remove(struct ctl *ctl, const struct object *object, const struct write *write)
{
    struct object *before = model_find(&ctl->model, object->kind->id, object->meta.name);
    struct change change = {.kind = object->kind, .name = mem_strdup(object->meta.name)};

    assert(ctl->in_transaction);
    assert(before == object);
    change.before = object_ref(before);
    change.last = object_edit(before);
    shape_put(&meta_shape, &change.last->meta, revision, ++ctl->revision);
    if (!ctl->is_trial) {
        change.row = make_row(ctl, change.last, ROW_DELETE, write);
    }
    change.removed = model_set(&ctl->model, object->kind, change.name, NULL);
    vec_add(&ctl->changes, change);
}

void ctl_store_template(struct ctl *ctl, struct template_entry *entry)
{
    struct content content = {.digest = entry->digest};

    if (ctl->is_trial || entry->is_stored) {
        return;
    }
    if (!MUTANT(TEMPLATE_NOT_STORED)) {
        content.body = blob_ref(entry->body);
        vec_add(&ctl->batch->contents, content);
    }
    entry->is_stored = true;
}

/* --- conditions and events -------------------------------------------------------------------- */

/* Only of reasons that are known: other words may be about something else. */
static void set_class(struct condition *condition)
{
    enum divergence class =
        condition->status == CONDITION_TRUE || remedy_find(condition->reason) == NULL
            ? DIVERGENCE_COUNT
            : divergence_of(condition->reason);

    if (class == DIVERGENCE_COUNT) {
        shape_remove(&condition_shape, condition, &condition->class);
    } else {
        shape_put(&condition_shape, condition, class, divergence_words[class]);
    }
}

void condition_set(struct object *object, conditions_t *conditions, const char *type,
                   enum condition_status status, const char *reason, const char *message,
                   int64_t observed_generation, struct wall now)
{
    struct condition *condition = (struct condition *)condition_find(conditions, type);

    if (condition == NULL) {
        struct condition *items =
            arena_array(&object->arena, conditions->count + 1, sizeof(*items));

        if (conditions->count > 0) {
            memcpy(items, conditions->items, conditions->count * sizeof(*items));
        }
        conditions->items = items;
        condition = &items[conditions->count++];
        shape_put(&condition_shape, condition, type, object_strdup(object, type));
        condition->status = -1;
    }
    if (condition->status != (int)status) {
        struct wall second = {now.ms / 1000 * 1000};

        shape_put(&condition_shape, condition, since, second);
    }
    shape_put(&condition_shape, condition, status, (int)status);
    shape_put(&condition_shape, condition, reason, object_strdup(object, reason));
    shape_put(&condition_shape, condition, message, object_strdup(object, message));
    shape_put(&condition_shape, condition, observed_generation, observed_generation);
    set_class(condition);
}

void condition_drop(conditions_t *conditions, const char *type)
{
    size_t kept = 0;

    for (size_t i = 0; i < conditions->count; i++) {
        if (!str_eq(conditions->items[i].type, type)) {
            conditions->items[kept++] = conditions->items[i];
        }
    }
    conditions->count = kept;
}

static struct object *event_new(struct ctl *ctl, const struct object *about, const char *name,
                                const char *type, const char *reason, const char *message)
{
    struct object *object = object_new(&event_kind);
    struct event *event = object->body;
    struct involved_object *involved = &event->involved;

    shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
    shape_put(&involved_object_shape, involved, api_version,
              object_strdup(object, about->kind->api_version));
    shape_put(&involved_object_shape, involved, kind, object_strdup(object, about->kind->name));
    shape_put(&involved_object_shape, involved, name, object_strdup(object, about->meta.name));
    shape_put(&involved_object_shape, involved, uid, object_strdup(object, about->meta.uid));
    shape_mark(&event_shape, event, &event->involved);
    shape_put(&event_source_shape, &event->source, component,
              object_strdup(object, "fog-controller"));
    shape_mark(&event_shape, event, &event->source);
    shape_put(&event_shape, event, reason, object_strdup(object, reason));
    shape_put(&event_shape, event, message, object_strdup(object, message));
    shape_put(&event_shape, event, type, object_strdup(object, type));
    shape_put(&event_shape, event, first, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    shape_put(&event_shape, event, reporting_component, object_strdup(object, "fog-controller"));
    return object;
}

/* The oldest go first; the map is in order of creation. */
static void bound_events(struct ctl *ctl, const struct write *write)
{
    const struct map *events = &ctl->model.objects[KIND_EVENT];

    while (events->count > EVENTS_MAX) {
        struct entry *oldest = map_next(events, NULL)->value;

        ctl_remove(ctl, oldest->object, write);
    }
}

/* The same topic of the same object is the same event: its name says so. */
static void event_name(const struct object *about, const char *reason, const char *topic,
                       char name[static NAME_BYTES_MAX + 64])
{
    char key[2 * ERR_TEXT_SIZE];
    struct digest digest;
    int length = snprintf(key, sizeof(key), "%s\n%s\n%s", about->meta.uid, reason, topic);

    digest_of(key, (size_t)length < sizeof(key) ? (size_t)length : sizeof(key) - 1, &digest);
    length = snprintf(name, NAME_BYTES_MAX + 64, "%.*s.", NAME_BYTES_MAX - 20, about->meta.name);
    hex_to_str(digest.bytes, 8, name + length);
}

void ctl_event_repeat(struct ctl *ctl, const struct object *about, const char *type,
                      const char *reason, const char *topic, const char *message)
{
    const struct write write = {ROW_STATUS, "fog-controller", "", ""};
    char name[NAME_BYTES_MAX + 64];
    struct object *object;
    struct event *event;

    if (ctl->is_trial) {
        return;
    }
    event_name(about, reason, topic, name);
    object = model_find(&ctl->model, KIND_EVENT, name);
    object =
        object == NULL ? event_new(ctl, about, name, type, reason, message) : object_edit(object);
    event = object->body;
    if (event->first_message == NULL && !str_eq(event->message, message)) {
        shape_put(&event_shape, event, first_message, object_strdup(object, event->message));
    }
    shape_put(&event_shape, event, message, object_strdup(object, message));
    shape_put(&event_shape, event, count, event->count + 1);
    shape_put(&event_shape, event, last, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    (void)ctl_put(ctl, object, &write);
    bound_events(ctl, &write);
}

void ctl_event_record(struct ctl *ctl, const struct object *about, const char *type,
                      const char *reason, const char *format, ...)
{
    char message[ERR_TEXT_SIZE];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if ((size_t)length >= sizeof(message)) { /* no half character */
        message[utf8_valid_bytes(message, sizeof(message) - 1)] = '\0';
    }
    ctl_event_repeat(ctl, about, type, reason, message, message);
}
