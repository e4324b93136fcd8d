#include "controller/core/dump.h"

#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdlib.h>

static void end_line(struct dump *dump)
{
    str_add_char(&dump->next, '\n');
    dump->bytes += dump->next.length;
    vec_add(&dump->lines, blob_from_str(&dump->next));
    str_clear(&dump->next);
}

/* A dump that was cut is known by its last line. */
static const char end_kind[] = "StateEnd";

void dump_begin(struct ctl *ctl, uint64_t revision, struct wall at, struct dump *dump)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *meta = node_map(arena);
    uint64_t era = era_of_revision(revision);
    char time[WALL_TEXT_SIZE];

    node_set(arena, meta, "resourceVersion",
             node_str(arena, arena_printf(arena, "%" PRIu64, revision)));
    if (at.ms > 0) {
        wall_to_str(at, time);
        node_set(arena, meta, "time", node_str(arena, time));
    }
    node_set(arena, meta, "endsWith", node_str(arena, end_kind));
    node_set(arena, meta, "storeId", node_str(arena, ctl->store_id));
    node_set(arena, meta, "era", node_int(arena, (int64_t)era));
    node_set(arena, root, "kind", node_str(arena, "State"));
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "metadata", meta);
    json_emit(root, JSON_SORTED, &dump->next);
    end_line(dump);
}

void dump_add(struct dump *dump, const struct object *object)
{
    emit_object_json(object, EMIT_ALL, JSON_SORTED, &dump->next);
    end_line(dump);
}

void dump_end(struct dump *dump)
{
    str_addf(&dump->next, "{\"apiVersion\":\"fog/v1\",\"kind\":\"%s\"}", end_kind);
    end_line(dump);
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *left = a, *const *right = b;

    return strcmp((*left)->meta.name, (*right)->meta.name);
}

/* False when it is too much. */
static bool add_kind(struct ctl *ctl, enum kind_id kind, struct dump *dump)
{
    const struct map *all = &ctl->model.objects[kind];
    const struct object **objects = arena_array(&ctl->arena, all->count + 1, sizeof(objects[0]));
    size_t count = 0;

    map_each (all, it) {
        objects[count++] = ((const struct entry *)it->value)->object;
    }
    qsort(objects, count, sizeof(objects[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        dump_add(dump, objects[i]);
        if (dump->bytes > STATE_DUMP_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

void dump_send(struct ctl *ctl, uint64_t id, const struct problems *problems, struct dump *dump)
{
    struct effect head = {.id = id};

    head.answer.code = 200;
    head.answer.is_stream = true;
    head.answer.warning = problems == NULL ? NULL : answer_warnings(problems);
    ctl_answer_full(ctl, &head);
    vec_each (&dump->lines, it) {
        ctl_chunk(ctl, id, TAKE(*it));
    }
    ctl_end(ctl, id);
}

void dump_fini(struct dump *dump)
{
    vec_each (&dump->lines, it) {
        blob_unref(*it);
    }
    vec_fini(&dump->lines);
    str_fini(&dump->next);
}

void dump_answer(struct ctl *ctl, struct request *request)
{
    struct dump dump = {0};
    bool fits = true;

    dump_begin(ctl, ctl->revision, ctl->newest, &dump);
    for (enum kind_id kind = 0; kind < KIND_COUNT && fits; kind++) {
        fits = add_kind(ctl, kind, &dump);
    }
    if (fits) {
        dump_end(&dump);
        dump_send(ctl, request->id, NULL, &dump);
    } else {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                                    "the state has more than %d MiB: list kind by kind",
                                    STATE_DUMP_BYTES_MAX >> 20));
    }
    dump_fini(&dump);
}
