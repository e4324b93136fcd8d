/* Writes, drawn and played in the model.  It gets documents and patches as they are sent. */
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_session.h"
#include "tests/support/owner_play.h"
#include "tests/support/plain_patch.h"
#include "tests/support/random_object.h"

/* --- drawing ---------------------------------------------------------------------------------- */

struct node *play_fresh(struct play *play)
{
    struct node *root = random_object_tree(&play->arena, &play->dice, play->kind, play->name);

    if (play->kind == &agent_kind) { /* its key is its own */
        (void)node_remove(node_find(root, "spec"), "publicKey");
    }
    (void)node_remove(node_find(root, "metadata"), "managedFields");
    (void)node_remove(node_find(root, "metadata"), "ownerReferences");
    if (rand_chance(&play->dice, 60)) {
        struct node *list = node_list(&play->arena);

        node_add(&play->arena, list, node_str(&play->arena, "fog/wait"));
        if (rand_chance(&play->dice, 500)) {
            node_add(&play->arena, list, node_str(&play->arena, "fog/more"));
        }
        node_set(&play->arena, node_find(root, "metadata"), "finalizers", list);
    }
    return root;
}

struct node *play_config(struct play *play, const struct node *said)
{
    struct node *config = node_copy(&play->arena, play->model.blank);
    size_t other = rand_below(&play->dice, PLAY_PEOPLE);

    if (rand_chance(&play->dice, 60)) {
        return config; /* says nothing */
    }
    if (said == NULL || rand_chance(&play->dice, 150)) {
        flat_mix(&play->arena, &play->dice, play->kind, false, config, play_fresh(play), 900);
    } else {
        flat_mix(&play->arena, &play->dice, play->kind, false, config, said, 850);
        flat_mix(&play->arena, &play->dice, play->kind, false, config, play_fresh(play), 100);
    }
    if (play->said[other] != NULL) {
        flat_mix(&play->arena, &play->dice, play->kind, false, config, play->said[other], 400);
    }
    return config;
}

const struct node *play_key(const struct node *root)
{
    return node_find_path(root, "spec.publicKey");
}

struct node *play_edited(struct play *play)
{
    struct node *next = node_copy(&play->arena, play->model.live);
    struct node *key = node_find_path(play->model.live, "spec.publicKey");

    if (rand_chance(&play->dice, 100)) {
        next = play_fresh(play);
    } else {
        flat_thin(&play->arena, &play->dice, play->kind, next, 80);
        flat_mix(&play->arena, &play->dice, play->kind, false, next, play_fresh(play), 80);
    }
    if (key != NULL) {
        if (node_find(next, "spec") == NULL) {
            node_set(&play->arena, next, "spec", node_map(&play->arena));
        }
        node_set(&play->arena, node_find(next, "spec"), "publicKey", key);
    }
    return next;
}

/* A PUT that says something of the owners, too. */
static void draw_owners(struct play *play, struct op *op)
{
    struct node *list = node_find_path(play->before, "metadata.managedFields");
    struct node *meta = node_find(op->body, "metadata");
    uint64_t what = rand_below(&play->dice, 100);

    op->owners = what < 3    ? OWNERS_FORGOTTEN
                 : what < 6  ? OWNERS_FEWER
                 : what < 50 ? OWNERS_ABSENT
                             : OWNERS_AS_THEY_ARE;
    if (op->owners == OWNERS_FEWER && (list == NULL || list->list.count < 2)) {
        op->owners = OWNERS_ABSENT;
    }
    if (op->owners == OWNERS_FORGOTTEN) {
        list = node_list(&play->arena);
        node_add(&play->arena, list, node_map(&play->arena));
    } else if (op->owners == OWNERS_FEWER) {
        list = node_copy(&play->arena, list);
        list->list.count--;
    } else if (op->owners == OWNERS_ABSENT) {
        return;
    }
    if (list != NULL && meta != NULL) {
        node_set(&play->arena, meta, "managedFields", list);
    }
}

struct node *play_merge_patch(struct play *play)
{
    static const char *const left_alone[] = {"apiVersion", "kind", "status"};
    static const char *const left_alone_below[] = {"name", "uid", "resourceVersion"};
    struct node *patch = draw_merge(&play->arena, &play->dice, play->model.live, play_fresh(play));
    struct node *meta = node_find(patch, "metadata");

    for (size_t i = 0; i < COUNT_OF(left_alone); i++) {
        (void)node_remove(patch, left_alone[i]);
    }
    for (size_t i = 0; meta != NULL && meta->type == NODE_MAP && i < COUNT_OF(left_alone_below);
         i++) {
        (void)node_remove(meta, left_alone_below[i]);
    }
    if (meta != NULL && meta->type != NODE_MAP) {
        (void)node_remove(patch, "metadata");
    }
    return patch;
}

static struct node *scale_patch(struct play *play)
{
    struct node *root = node_map(&play->arena), *spec = node_map(&play->arena);

    node_set(&play->arena, spec, "replicas",
             node_int(&play->arena, (int64_t)rand_below(&play->dice, 5)));
    node_set(&play->arena, root, "spec", spec);
    return root;
}

bool play_keeps_key(const struct play *play, const struct node *next)
{
    return play_key(play->model.live) == NULL ||
           node_eq(play_key(play->model.live), play_key(next));
}

/* A way to write an object that is there, but an apply. */
struct op play_draw_update(struct play *play)
{
    uint64_t what = rand_below(&play->dice, 100);
    const struct node *live = play->model.live;
    struct op op = {.type = OP_REPLACE};
    struct node *next = NULL;

    if (what < 10 && play->kind == &harvest_session_kind) {
        op = (struct op){OP_SCALE, scale_patch(play), OWNERS_ABSENT};
        return op;
    }
    if (what < 40) {
        op = (struct op){OP_MERGE, play_merge_patch(play), OWNERS_ABSENT};
        next = plain_merge(&play->arena, live, op.body);
    } else if (what < 70) {
        op = (struct op){OP_JSON_PATCH,
                         draw_json_patch(&play->arena, &play->dice, live, play_fresh(play)),
                         OWNERS_ABSENT};
        next = plain_json_patch(&play->arena, live, op.body);
    }
    if (op.type == OP_REPLACE || (next != NULL && !play_keeps_key(play, next))) {
        op.type = OP_REPLACE;
        op.body = play_edited(play);
        draw_owners(play, &op);
    }
    return op;
}

/* --- what must become of a write -------------------------------------------------------------- */

static void drop_empty(struct node *root)
{
    static const char *const names[] = {"labels", "annotations", "finalizers", "ownerReferences"};
    struct node *meta = node_find(root, "metadata");

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct node *value = node_find(meta, names[i]);

        if (value != NULL && ((value->type == NODE_MAP && value->map.count == 0) ||
                              (value->type == NODE_LIST && value->list.count == 0))) {
            (void)node_remove(meta, names[i]);
        }
    }
}

static int update_model(struct play *play, const struct op *op, const struct model_who *who,
                        struct node *next)
{
    struct node *owners = node_find_path(op->body, "metadata.managedFields");
    const struct node *status = node_find(play->model.live, "status");
    struct map claims;

    if (next == NULL) {
        return 422;
    }
    drop_empty(next);
    (void)node_remove(node_find(next, "metadata"), "managedFields");
    (void)node_remove(next, "status");
    if (status != NULL) {
        node_set(&play->arena, next, "status", node_copy(&play->arena, status));
    }
    next = play_judge_all(play, next);
    if (next == NULL) {
        return 422;
    }
    play_find_claims(play, &claims);
    if (op->type == OP_REPLACE && op->owners == OWNERS_FORGOTTEN) {
        owner_model_forget_owners(&play->model);
    } else if (op->type == OP_REPLACE && op->owners == OWNERS_FEWER) {
        owner_model_read_owners(&play->model, owners);
    }
    owner_model_update(&play->model, who, next, &claims, play_now(play));
    map_fini(&claims);
    return 200;
}

static int apply_to_model(struct play *play, struct node *config, const char *manager, bool force)
{
    struct model_who who = {manager, "", MANAGED_APPLY, SOURCE_API};
    bool is_new = play->model.live == NULL;

    play->model.conflict_count = 0;
    if (!play_is_fine(play, config)) {
        return 422;
    }
    switch (owner_model_apply(&play->model, &who, config, force, play_now(play), play_judge_all,
                              play)) {
    case MODEL_CONFLICT:
        return 409;
    case MODEL_INVALID:
        return 422;
    case MODEL_DONE:
        break;
    }
    return is_new ? 201 : 200;
}

/* The code that the write is answered with; the model is as it was when it is refused. */
int play_op(struct play *play, const struct op *op, const char *manager, bool force)
{
    const struct model_who who = {manager, "", MANAGED_UPDATE, SOURCE_API};
    struct arena *arena = &play->arena;
    const struct node *live = play->model.live;

    play->model.conflict_count = 0;
    switch (op->type) {
    case OP_APPLY:
        return apply_to_model(play, op->body, manager, force);
    case OP_CREATE:
        return live != NULL                                                      ? 409
               : update_model(play, op, &who, node_copy(arena, op->body)) == 200 ? 201
                                                                                 : 422;
    case OP_REPLACE:
        return live == NULL ? 404 : update_model(play, op, &who, node_copy(arena, op->body));
    case OP_MERGE:
    case OP_SCALE:
        return live == NULL ? 404
                            : update_model(play, op, &who, plain_merge(arena, live, op->body));
    case OP_JSON_PATCH:
        return live == NULL ? 404
                            : update_model(play, op, &who, plain_json_patch(arena, live, op->body));
    }
    return 0;
}
