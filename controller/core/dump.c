#include "controller/core/dump.h"

#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdlib.h>

struct lines {
    VEC_OF(struct blob *); /* owned references */
    size_t bytes;
    struct str next; /* being written */
};

static void end_line(struct lines *lines)
{
    str_add_char(&lines->next, '\n');
    lines->bytes += lines->next.length;
    vec_add(lines, blob_from_str(&lines->next));
    str_clear(&lines->next);
}

static void add_head(struct ctl *ctl, struct lines *lines)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *meta = node_map(arena);

    node_set(arena, meta, "resourceVersion",
             node_str(arena, arena_printf(arena, "%" PRIu64, ctl->revision)));
    node_set(arena, meta, "storeId", node_str(arena, ctl->store_id));
    node_set(arena, meta, "era", node_int(arena, (int64_t)ctl->era));
    node_set(arena, root, "kind", node_str(arena, "State"));
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "metadata", meta);
    json_emit(root, JSON_SORTED, &lines->next);
    end_line(lines);
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *left = a, *const *right = b;

    return strcmp((*left)->meta.name, (*right)->meta.name);
}

/* False when it is too much. */
static bool add_kind(struct ctl *ctl, enum kind_id kind, struct lines *lines)
{
    const struct map *all = &ctl->model.objects[kind];
    const struct object **objects = arena_array(&ctl->arena, all->count + 1, sizeof(objects[0]));
    size_t count = 0;

    map_each (all, it) {
        objects[count++] = ((const struct entry *)it->value)->object;
    }
    qsort(objects, count, sizeof(objects[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        emit_object_json(objects[i], EMIT_ALL, JSON_SORTED, &lines->next);
        end_line(lines);
        if (lines->bytes > STATE_DUMP_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

static void send(struct ctl *ctl, uint64_t id, struct lines *lines)
{
    struct effect head = {.id = id};

    head.answer.code = 200;
    head.answer.is_stream = true;
    ctl_answer_full(ctl, &head);
    vec_each (lines, it) {
        ctl_chunk(ctl, id, TAKE(*it));
    }
    ctl_end(ctl, id);
}

void dump_answer(struct ctl *ctl, struct request *request)
{
    struct lines lines = {.next = STR_EMPTY};
    bool fits = true;

    add_head(ctl, &lines);
    for (enum kind_id kind = 0; kind < KIND_COUNT && fits; kind++) {
        fits = add_kind(ctl, kind, &lines);
    }
    if (fits) {
        send(ctl, request->id, &lines);
    } else {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                                    "the state has more than %d MiB: list kind by kind",
                                    STATE_DUMP_BYTES_MAX >> 20));
    }
    vec_each (&lines, it) {
        blob_unref(*it);
    }
    vec_fini(&lines);
    str_fini(&lines.next);
}
