/* Merge patches.  Maps that are merged wait in a list until their turn, so that neither the stack
 * nor the order of the members depends on how deep a patch is; a map's members are looked up
 * through an index, so that a wide patch stays linear. */
#include "schema/patch.h"

#include "schema/base/map.h"

#include <assert.h>

/* A map to come out of `target` (NULL: not a map there) and `patch`, members still missing. */
struct merge {
    struct merge *next;
    const struct node *target, *patch;
    struct node *result;
};

struct merging {
    struct arena *arena;
    struct merge *waiting; /* at most one for each map of the patch */
};

static void add_member(struct arena *arena, struct node *map, const struct node_member *like,
                       struct node *value)
{
    struct node_member *member = node_append(arena, map, like->key, value);

    member->line = like->line;
    member->column = like->column;
}

static struct node *merge_value(struct merging *merging, const struct node *target,
                                const struct node *patch)
{
    struct merge *merge;

    if (patch->type != NODE_MAP) {
        return node_copy(merging->arena, patch);
    }
    merge = ARENA_NEW(merging->arena, struct merge);
    *merge = (struct merge){
        .next = merging->waiting,
        .target = target != NULL && target->type == NODE_MAP ? target : NULL,
        .patch = patch,
        .result = node_map(merging->arena),
    };
    merge->result->line = patch->line;
    merge->result->column = patch->column;
    merging->waiting = merge;
    return merge->result;
}

static void merge_members(struct merging *merging, const struct merge *merge)
{
    _cleanup_(map_fini)
    struct map changes = {0};
    const struct node *target = merge->target, *patch = merge->patch;

    map_init(&changes);
    for (size_t i = 0; i < patch->map.count; i++) {
        (void)map_put(&changes, patch->map.members[i].key, patch->map.members[i].value);
    }
    for (size_t i = 0; target != NULL && i < target->map.count; i++) {
        const struct node_member *member = &target->map.members[i];
        const struct node *change = map_remove(&changes, member->key);

        if (change == NULL) {
            add_member(merging->arena, merge->result, member,
                       node_copy(merging->arena, member->value));
        } else if (change->type != NODE_NULL) {
            add_member(merging->arena, merge->result, member,
                       merge_value(merging, member->value, change));
        }
    }
    for (size_t i = 0; i < patch->map.count; i++) {
        const struct node_member *member = &patch->map.members[i];

        if (member->value->type != NODE_NULL && map_find(&changes, member->key) != NULL) {
            add_member(merging->arena, merge->result, member,
                       merge_value(merging, NULL, member->value));
        }
    }
}

struct node *patch_merge(struct arena *arena, const struct node *target, const struct node *patch)
{
    struct merging merging = {.arena = arena};
    struct node *result;

    assert(patch != NULL);
    result = merge_value(&merging, target, patch);
    while (merging.waiting != NULL) {
        const struct merge *merge = merging.waiting;

        merging.waiting = merge->next;
        merge_members(&merging, merge);
    }
    return result;
}
