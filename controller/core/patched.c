#include "controller/core/patched.h"

#include "schema/json_patch.h"
#include "schema/patch.h"

static struct failure failure_of(struct ctl *ctl, const struct err *err)
{
    switch (err->code) {
    case ERR_INVALID:
        return failure_make(&ctl->arena, 400, "BadRequest", "%s", err->text);
    case ERR_LIMIT:
        return failure_make(&ctl->arena, 413, "RequestEntityTooLarge", "%s", err->text);
    default:
        return failure_make(&ctl->arena, 422, "Invalid", "the patch cannot be carried out: %s",
                            err->text);
    }
}

bool patched(struct ctl *ctl, enum patch_form form, const struct node *target,
             const struct node *body, struct node **ret_result, struct failure *ret_failure)
{
    struct err err = ERR_NONE;

    if (form == PATCH_JSON) {
        if (json_patch(&ctl->arena, target, body, ret_result, &err) < 0) {
            *ret_failure = failure_of(ctl, &err);
            return false;
        }
        return true;
    }
    if (body == NULL || body->type != NODE_MAP) {
        *ret_failure = failure_make(&ctl->arena, 400, "BadRequest", "the body is not an object");
        return false;
    }
    *ret_result = patch_merge(&ctl->arena, target, body);
    return true;
}

static bool is_empty(const struct node *node, enum node_type type)
{
    return node->type == type && (type == NODE_MAP ? node->map.count : node->list.count) == 0;
}

/* One of the wrong type stays, to be refused. */
void patched_drop_empty(struct node *root)
{
    static const struct {
        const char *key;
        enum node_type type;
    } containers[] = {{"labels", NODE_MAP},
                      {"annotations", NODE_MAP},
                      {"finalizers", NODE_LIST},
                      {"ownerReferences", NODE_LIST}};
    struct node *meta = node_find(root, "metadata");

    for (size_t i = 0; i < COUNT_OF(containers); i++) {
        const struct node *value = node_find(meta, containers[i].key);

        if (value != NULL && is_empty(value, containers[i].type)) {
            (void)node_remove(meta, containers[i].key);
        }
    }
}
