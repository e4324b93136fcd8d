#include "controller/core/watch.h"

#include "controller/core/query.h"
#include "controller/core/reads.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_TEXT_SIZE = 24, HISTORY_CHUNK = 500 };

static struct watcher *watcher_find(const struct ctl *ctl, uint64_t id)
{
    char text[ID_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRIu64, id);
    return map_find(&ctl->watchers, text);
}

static void watcher_free(struct watcher *watcher)
{
    arena_fini(&watcher->arena);
    free(watcher);
}

void watch_close(struct ctl *ctl, uint64_t id)
{
    char text[ID_TEXT_SIZE];
    struct watcher *watcher;

    (void)snprintf(text, sizeof(text), "%" PRIu64, id);
    watcher = map_remove(&ctl->watchers, text);
    if (watcher != NULL) {
        watcher_free(watcher);
    }
}

void watch_fini(struct ctl *ctl)
{
    map_each (&ctl->watchers, it) {
        watcher_free(it->value);
    }
    map_clear(&ctl->watchers);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell_node(struct ctl *ctl, const struct watcher *watcher, const char *type,
                      struct node *object)
{
    struct node *event = node_map(&ctl->arena);

    node_set(&ctl->arena, event, "type", node_str(&ctl->arena, type));
    node_set(&ctl->arena, event, "object", object);
    ctl->counters.watch_events++;
    ctl_chunk(ctl, watcher->id, blob_of_node(event));
}

/* A table of its own, still without a row: of the columns the first one tells. */
static struct node *table_of_event(struct ctl *ctl, struct watcher *watcher, uint64_t revision)
{
    struct node *meta = node_map(&ctl->arena);
    bool has_columns = !watcher->knows_columns;

    watcher->knows_columns = true;
    node_set(&ctl->arena, meta, "resourceVersion",
             node_str(&ctl->arena, arena_printf(&ctl->arena, "%" PRIu64, revision)));
    return table_node(ctl, &watcher->form, watcher->kind, meta, has_columns);
}

static void tell_object(struct ctl *ctl, struct watcher *watcher, const char *type,
                        const struct object *object)
{
    struct node *table;

    if (watcher->form.api_version == NULL) {
        tell_node(ctl, watcher, type, answer_object(ctl, &ctl->arena, object));
        return;
    }
    table = table_of_event(ctl, watcher, object->meta.revision);
    table_add(ctl, &watcher->form, table, object);
    tell_node(ctl, watcher, type, table);
}

static bool matches(struct ctl *ctl, const struct watcher *watcher, const struct object *object)
{
    return object != NULL && object->kind == watcher->kind &&
           selector_matches_labels(&watcher->labels, &object->meta.labels) &&
           selector_matches_fields(&ctl->arena, &watcher->fields, object);
}

/* Beginning to match is an ADDED, ceasing to is a DELETED. */
static void tell_change(struct ctl *ctl, struct watcher *watcher, const struct object *before,
                        const struct object *after, bool is_removal)
{
    bool did = matches(ctl, watcher, before);
    bool does = (!is_removal || MUTANT(WATCH_MISSES_DELETES)) && matches(ctl, watcher, after);
    const char *type = did && does ? "MODIFIED" : does ? "ADDED" : did ? "DELETED" : NULL;

    if (after->meta.revision > watcher->revision) {
        watcher->revision = after->meta.revision;
    }
    if (type != NULL) {
        tell_object(ctl, watcher, type, after);
    }
}

static void tell_bookmark(struct ctl *ctl, struct watcher *watcher, uint64_t revision,
                          bool ends_initial)
{
    struct arena *arena = &ctl->arena;
    struct node *object = node_map(arena), *meta = node_map(arena);

    node_set(arena, object, "kind", node_str(arena, watcher->kind->name));
    node_set(arena, object, "apiVersion", node_str(arena, watcher->kind->api_version));
    node_set(arena, meta, "resourceVersion",
             node_str(arena, arena_printf(arena, "%" PRIu64, revision)));
    if (ends_initial) {
        struct node *annotations = node_map(arena);

        node_set(arena, annotations, "k8s.io/initial-events-end", node_str(arena, "true"));
        node_set(arena, meta, "annotations", annotations);
    }
    node_set(arena, object, "metadata", meta);
    if (watcher->form.api_version != NULL) {
        struct node *table = table_of_event(ctl, watcher, revision);

        table_add_bare(ctl, &watcher->form, watcher->kind, table, object);
        object = table;
    }
    tell_node(ctl, watcher, "BOOKMARK", object);
}

static void end_expired(struct ctl *ctl, struct watcher *watcher, uint64_t wanted)
{
    bool lies_ahead = wanted > ctl->revision; /* of before a restore, or of another store */
    struct failure failure = failure_make(
        &ctl->arena, 410, "Expired", "too %s resource version: %" PRIu64 " (%" PRIu64 ")",
        lies_ahead ? "large" : "old", wanted, lies_ahead ? ctl->revision : ctl->compacted);

    MARK("a watch is too old to go on");
    tell_node(ctl, watcher, "ERROR", failure_to_node(&ctl->arena, &failure));
    ctl_end(ctl, watcher->id);
    watch_close(ctl, watcher->id);
}

/* --- catching up ------------------------------------------------------------------------------ */

/* The position of the first event after a revision: the ring is in order of revisions. */
static uint64_t ring_after(const struct ring *ring, uint64_t revision)
{
    uint64_t low = ring->first, high = ring->next;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (ring->events[middle % ring->size].revision <= revision) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void go_on_from(struct ctl *ctl, struct watcher *watcher, uint64_t revision)
{
    struct read_query query = {.type = READ_CHANGES, .kind = watcher->kind, .with_before = true};

    watcher->revision = revision;
    if (revision >= ctl->ring.begins_after) {
        watcher->is_live = true;
        watcher->position = ring_after(&ctl->ring, revision - MUTANT(WATCH_REPEATS));
        return;
    }
    MARK("a watch reads on from history");
    query.after = revision;
    query.upto = ctl->revision;
    query.limit = HISTORY_CHUNK;
    query.reader = watcher->id;
    reads_expect(ctl, ctl_read(ctl, &query), READ_FOR_WATCH, watcher->id, NULL);
}

/* The version before.  Of an event only the newest count is kept, and selectors see no other. */
static struct object *object_before(const struct stored_change *change)
{
    struct stored_change before = *change;

    if (change->verb == ROW_CREATE || (change->body_before == NULL && change->log == ROW_LEDGER)) {
        return NULL;
    }
    if (change->log == ROW_LEDGER) {
        before.body = change->body_before;
    } else if (!change->kind->is_event && !change->is_status_gone) {
        before.status = change->status_before;
    }
    return stored_object(&before, NULL);
}

/* All that is known of a removed event: the status log forgets its body. */
static struct object *tombstone(const struct stored_change *change)
{
    struct object *object = object_new(change->kind);

    shape_put(&meta_shape, &object->meta, name, object_strdup(object, change->name));
    shape_put(&meta_shape, &object->meta, uid, object_strdup(object, change->uid));
    shape_put(&meta_shape, &object->meta, revision, change->revision);
    return object;
}

/* The status before was compacted.  Had it been what selected the object, who saw it must hear that
 * it ceased to; who never saw it ignores that it is gone.  All but the status was as it is. */
static bool may_have_matched(struct ctl *ctl, const struct watcher *watcher,
                             const struct stored_change *change, const struct object *after)
{
    struct term terms[TERMS_MAX];
    struct selector rest = {.terms = terms};

    for (size_t i = 0; i < watcher->fields.count; i++) {
        if (!str_starts(watcher->fields.terms[i].key, "status.")) {
            terms[rest.count++] = watcher->fields.terms[i];
        }
    }
    return change->log == ROW_STATUS && change->is_status_gone &&
           rest.count < watcher->fields.count &&
           selector_matches_labels(&watcher->labels, &after->meta.labels) &&
           selector_matches_fields(&ctl->arena, &rest, after);
}

static void tell_stored(struct ctl *ctl, struct watcher *watcher,
                        const struct stored_change *change)
{
    struct object *after = stored_object(change, NULL), *before = object_before(change);

    if (after == NULL && change->verb == ROW_DELETE) {
        after = tombstone(change); /* who never saw it ignores that it is gone */
        watcher->revision = change->revision;
        tell_object(ctl, watcher, "DELETED", after);
    } else if (after != NULL && may_have_matched(ctl, watcher, change, after) &&
               !matches(ctl, watcher, after)) {
        watcher->revision = change->revision;
        tell_object(ctl, watcher, "DELETED", after);
    } else if (after != NULL) {
        tell_change(ctl, watcher, before, after, change->verb == ROW_DELETE);
    }
    object_unref(after);
    object_unref(before);
}

void watch_read_done(struct ctl *ctl, uint64_t id, const struct read_result *result)
{
    struct watcher *watcher = watcher_find(ctl, id);

    if (watcher == NULL) {
        return;
    }
    if (result->code != 0) {
        on_compacted(ctl, result->compacted);
        end_expired(ctl, watcher, watcher->revision);
        return;
    }
    vec_each (&result->changes, it) {
        tell_stored(ctl, watcher, it);
    }
    go_on_from(ctl, watcher, result->covered);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void tell_all(struct ctl *ctl, struct watcher *watcher)
{
    map_each (&ctl->model.objects[watcher->kind->id], it) {
        const struct object *object = ((struct entry *)it->value)->object;

        if (matches(ctl, watcher, object)) {
            tell_object(ctl, watcher, "ADDED", object);
        }
    }
    watcher->is_live = true;
    watcher->position = ctl->ring.next;
    watcher->revision = ctl->revision;
}

static bool read_selectors(struct ctl *ctl, struct watcher *watcher, const struct target *target,
                           struct failure *ret_failure)
{
    struct err err = ERR_NONE;

    if (query_refuses_watch(ctl, target, ret_failure)) {
        return false;
    }
    if (selector_parse_labels(&watcher->arena, target_param(target, "labelSelector"),
                              &watcher->labels, &err) == 0 &&
        selector_parse_fields(&watcher->arena, watcher->kind, target_param(target, "fieldSelector"),
                              &watcher->fields, &err) == 0) {
        return true;
    }
    *ret_failure = failure_make(&ctl->arena, 400, "BadRequest", "%s", err.text);
    return false;
}

static bool read_times(struct ctl *ctl, struct watcher *watcher, const struct target *target,
                       struct failure *ret_failure)
{
    uint64_t timeout;

    if (!target_number(target, "timeoutSeconds", 0, &timeout)) {
        *ret_failure =
            failure_make(&ctl->arena, 400, "BadRequest", "timeoutSeconds: \"%s\" is no number",
                         target_param(target, "timeoutSeconds"));
        return false;
    }
    watcher->wants_bookmarks = target_flag(target, "allowWatchBookmarks");
    watcher->ends_at = timeout == 0 || timeout > INT32_MAX
                           ? MONO_NEVER
                           : mono_after(ctl->now, (int64_t)timeout * 1000);
    watcher->bookmark_at =
        watcher->wants_bookmarks ? mono_after(ctl->now, WATCH_BOOKMARK_MS) : MONO_NEVER;
    return true;
}

static bool has_room(struct ctl *ctl, struct failure *ret_failure)
{
    if (ctl->watchers.count < WATCHERS_MAX) {
        return true;
    }
    *ret_failure = failure_make(&ctl->arena, 429, "TooManyRequests", "there are %d watches already",
                                WATCHERS_MAX);
    ret_failure->retry_after_seconds = 1;
    return false;
}

static void begin(struct ctl *ctl, struct watcher *watcher, const struct target *target)
{
    const char *text = target_param(target, "resourceVersion");
    bool wants_initial = target_flag(target, "sendInitialEvents");
    uint64_t revision = 0;

    if (wants_initial || str_is_empty(text) || str_eq(text, "0")) {
        tell_all(ctl, watcher);
        if (wants_initial) {
            tell_bookmark(ctl, watcher, ctl->revision, true);
        }
        return;
    }
    if (!u64_from_str(text, &revision) || revision > ctl->revision || revision < ctl->compacted ||
        BUGGIFY("watch-expired")) {
        end_expired(ctl, watcher, revision);
        return;
    }
    watcher->owes_bookmark = watcher->wants_bookmarks;
    go_on_from(ctl, watcher, revision);
}

void watch_open(struct ctl *ctl, const struct request *request)
{
    const struct target *target = &request->target;
    struct watcher *watcher = MEM_NEW(struct watcher);
    struct effect head = {.id = request->id};
    struct failure failure;
    char text[ID_TEXT_SIZE];

    watcher->id = request->id;
    watcher->kind = request->kind;
    if (!read_times(ctl, watcher, target, &failure) || !has_room(ctl, &failure) ||
        !read_selectors(ctl, watcher, target, &failure) ||
        !table_read(ctl, request->http->accept, target, &watcher->form, &failure)) {
        answer_failure(ctl, request->id, &failure);
        watcher_free(watcher);
        return;
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64, request->id);
    (void)map_put(&ctl->watchers, text, watcher);
    head.answer.code = 200;
    head.answer.is_stream = true;
    ctl_answer_full(ctl, &head);
    begin(ctl, watcher, target);
}

/* --- every step ------------------------------------------------------------------------------- */

static void flush(struct ctl *ctl, struct watcher *watcher)
{
    assert(watcher->position >= ctl->ring.first);
    for (; watcher->position < ctl->ring.next; watcher->position++) {
        if (MUTANT(WATCH_SKIPS) && watcher->position % 16 == 0) {
            continue;
        }
        if (MUTANT(WATCH_IN_PIECES) && watcher->position % 4 == 1 && ctl->derived_rows > 0) {
            break;
        }
        const struct ring_event *event = &ctl->ring.events[watcher->position % ctl->ring.size];

        if (event->after->kind == watcher->kind) {
            tell_change(ctl, watcher, event->before, event->after, event->is_removal);
        }
        watcher->revision =
            event->revision; /* whatever it was about: this far nothing was missed */
    }
}

void watch_flush(struct ctl *ctl)
{
    map_each (&ctl->watchers, it) {
        struct watcher *watcher = it->value;

        if (watcher->is_live && watcher->position < ctl->ring.first) {
            MARK("a watch falls behind in one step");
            watcher->is_live = false; /* one step changed more than the ring holds */
            go_on_from(ctl, watcher, watcher->revision);
        }
        if (watcher->is_live) {
            flush(ctl, watcher);
        }
        if (watcher->is_live && watcher->owes_bookmark) {
            watcher->owes_bookmark = false;
            tell_bookmark(ctl, watcher, ctl->revision, false);
        }
        if (mono_is_due(watcher->bookmark_at, ctl->now)) {
            if (watcher->is_live) {
                tell_bookmark(ctl, watcher, ctl->revision, false);
            }
            watcher->bookmark_at = mono_after(ctl->now, WATCH_BOOKMARK_MS);
        }
        if (mono_is_due(watcher->ends_at, ctl->now)) {
            ctl_end(ctl, watcher->id);
            watch_close(ctl, watcher->id);
        }
    }
}

struct mono watch_deadline(const struct ctl *ctl)
{
    struct mono soonest = MONO_NEVER;

    map_each (&ctl->watchers, it) {
        const struct watcher *watcher = it->value;

        soonest = mono_earlier(soonest, mono_earlier(watcher->ends_at, watcher->bookmark_at));
    }
    return soonest;
}
