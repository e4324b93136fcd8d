/* Lists of outputs. */
#include "controller/core/outputs.h"

#include "schema/base/str.h"

void outputs_copy(struct object *object, outputs_t *to, const outputs_t *from)
{
    outputs_t copy = {.count = from->count};

    if (from->count > 0) {
        copy.items = arena_array(&object->arena, from->count, sizeof(struct output_status));
    }
    for (size_t i = 0; i < from->count; i++) {
        copy.items[i] = from->items[i];
        copy.items[i].path = object_strdup(object, from->items[i].path);
        copy.items[i].digest = object_strdup(object, from->items[i].digest);
    }
    *to = copy;
}

void outputs_declared(struct arena *arena, const outputs_t *outputs,
                      const struct workload *workload, outputs_t *ret_declared)
{
    *ret_declared = (outputs_t){.count = 0};
    for (size_t i = 0; i < workload->outputs.count; i++) {
        for (size_t k = 0; k < outputs->count; k++) {
            if (str_eq(outputs->items[k].path, workload->outputs.items[i].path)) {
                ret_declared->items = arena_grow(arena, ret_declared->items, ret_declared->count,
                                                 sizeof(struct output_status));
                ret_declared->items[ret_declared->count++] = outputs->items[k];
                break;
            }
        }
    }
}
