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

void patched_drop_empty(struct node *root)
{
    static const char *const keys[] = {"labels", "annotations", "finalizers", "ownerReferences"};
    struct node *meta = node_find(root, "metadata");

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct node *value = node_find(meta, keys[i]);

        if (value != NULL && ((value->type == NODE_MAP && value->map.count == 0) ||
                              (value->type == NODE_LIST && value->list.count == 0))) {
            (void)node_remove(meta, keys[i]);
        }
    }
}
