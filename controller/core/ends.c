/* Entries of tasks that ended alike. */
#include "controller/core/ends.h"

#include "controller/core/copy.h"
#include "schema/indexes.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

enum {
    HEAD_BYTES = 64, /* of an entry in canonical JSON, beside its texts */
    /* Kept back for entries without an agent, and for the one that has nothing but indexes. */
    REASONS_BYTES = TASK_ENDS_BYTES_MAX / 4,
    LAST_BYTES = 2 * HEAD_BYTES,
};

static bool has_exit_code(const struct task_ends *entry)
{
    return shape_has(&task_ends_shape, entry, &entry->exit_code);
}

static bool are_alike(const struct task_ends *a, const struct task_ends *b)
{
    return str_eq(a->agent == NULL ? "" : a->agent, b->agent == NULL ? "" : b->agent) &&
           str_eq(a->reason == NULL ? "" : a->reason, b->reason == NULL ? "" : b->reason) &&
           has_exit_code(a) == has_exit_code(b) && a->exit_code == b->exit_code;
}

static size_t head_bytes(const struct task_ends *entry)
{
    return HEAD_BYTES + (entry->agent == NULL ? 0 : strlen(entry->agent)) +
           (entry->reason == NULL ? 0 : strlen(entry->reason));
}

static struct task_ends *append(struct ends *ends, struct arena *arena,
                                const struct task_ends *entry)
{
    ends->items = arena_grow(arena, ends->items, ends->count, sizeof(struct task_ends));
    ends->items[ends->count] = *entry;
    ends->bytes += head_bytes(entry);
    return &ends->items[ends->count++];
}

void ends_read(struct ends *ends, struct arena *arena, const struct tasks_status *status)
{
    *ends = (struct ends){0};
    for (size_t i = 0; i < status->ends.count; i++) {
        (void)append(ends, arena, &status->ends.items[i]);
    }
}

/* The entry for such an end; NULL when there is none and a new one would leave less than
 * `kept_bytes` of the room. */
static struct task_ends *entry_for(struct ends *ends, struct arena *arena,
                                   const struct task_ends *like, size_t kept_bytes)
{
    for (size_t i = 0; i < ends->count; i++) {
        if (are_alike(&ends->items[i], like)) {
            return &ends->items[i];
        }
    }
    if (ends->bytes + head_bytes(like) + kept_bytes > TASK_ENDS_BYTES_MAX) {
        return NULL;
    }
    return append(ends, arena, like);
}

static void add_index(struct task_ends *entry, struct arena *arena, size_t index)
{
    struct indexes set;
    struct str text = STR_EMPTY;

    indexes_init(&set, arena, TASKS_MAX);
    if (entry->indexes != NULL) {
        (void)indexes_from_str(entry->indexes, &set); /* validation lets nothing else in */
    }
    indexes_add(&set, index);
    indexes_to_str(&set, &text);
    shape_put(&task_ends_shape, entry, indexes, arena_strdup(arena, text.data));
    str_fini(&text);
}

void ends_add(struct ends *ends, struct arena *arena, size_t index,
              const struct assignment_entry *copy, bool has_failed)
{
    const struct assignment_status *status = assignment_status(copy);
    const struct shape *shape = &task_ends_shape;
    struct task_ends full = {.set = 0}, cause = {.set = 0}, nothing = {.set = 0}, *entry;

    if (has_failed && copy_is_done(copy)) { /* as others were, and too few of them agreed */
        shape_put(shape, &cause, reason, "NoQuorum");
    } else if (has_failed) {
        if (!str_is_empty(status->reason)) {
            shape_put(shape, &cause, reason, status->reason);
        }
        if (shape_has(&assignment_status_shape, status, &status->exit_code)) {
            shape_put(shape, &cause, exit_code, status->exit_code);
        }
    }
    full = cause;
    shape_put(shape, &full, agent, assignment_spec(copy)->agent);
    entry = entry_for(ends, arena, &full, REASONS_BYTES);
    entry = entry != NULL ? entry : entry_for(ends, arena, &cause, LAST_BYTES);
    entry = entry != NULL ? entry : entry_for(ends, arena, &nothing, 0);
    assert(entry != NULL); /* room is kept for the last */
    add_index(entry, arena, index);
}

void ends_state(const struct ends *ends, struct object *session, struct tasks_status *to)
{
    if (ends->count == 0) {
        return;
    }
    to->ends.items = arena_array(&session->arena, ends->count, sizeof(struct task_ends));
    to->ends.count = ends->count;
    for (size_t i = 0; i < ends->count; i++) {
        to->ends.items[i] = ends->items[i];
        to->ends.items[i].agent = object_strdup(session, ends->items[i].agent);
        to->ends.items[i].reason = object_strdup(session, ends->items[i].reason);
        to->ends.items[i].indexes = object_strdup(session, ends->items[i].indexes);
    }
    shape_mark(&tasks_status_shape, to, &to->ends);
}
