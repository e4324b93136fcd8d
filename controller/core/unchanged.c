#include "controller/core/unchanged.h"

#include <stddef.h>

static struct node *untimed_owners(struct arena *arena, const struct node *root)
{
    const struct node *owners = node_find_path(root, "metadata.managedFields");
    struct node *copy = owners == NULL ? NULL : node_copy(arena, owners);

    for (size_t i = 0; copy != NULL && copy->type == NODE_LIST && i < copy->list.count; i++) {
        (void)node_remove(copy->list.items[i], "time");
    }
    return copy;
}

static bool has_all(const struct node *list, const struct node *of)
{
    for (size_t i = 0; of != NULL && i < of->list.count; i++) {
        bool is_there = false;

        for (size_t j = 0; list != NULL && j < list->list.count && !is_there; j++) {
            is_there = node_eq(list->list.items[j], of->list.items[i]);
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

static struct node *without_owners(struct arena *arena, const struct node *root)
{
    struct node *copy = node_copy(arena, root);

    (void)node_remove(node_find(copy, "metadata"), "managedFields");
    return copy;
}

void unchanged_keep_times(struct arena *arena, struct node *root, const struct node *live)
{
    const struct node *then = untimed_owners(arena, root), *now = untimed_owners(arena, live);

    if (now != NULL && node_eq(without_owners(arena, root), without_owners(arena, live)) &&
        has_all(then, now) && has_all(now, then)) {
        node_set(arena, node_find(root, "metadata"), "managedFields",
                 node_copy(arena, node_find_path(live, "metadata.managedFields")));
    }
}
