#include "tests/sim/declared.h"

#include "schema/json.h"
#include "tests/sim/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const plurals[] = {"harvestpolicies", "harvestsessions", "agents"};

struct node *declared_of(struct arena *arena, const struct node *object)
{
    struct node *root = node_map(arena), *meta = node_map(arena);
    const struct node *labels = node_find_path(object, "metadata.labels");
    const struct node *notes = node_find_path(object, "metadata.annotations");

    node_set(arena, root, "apiVersion", node_copy(arena, node_find(object, "apiVersion")));
    node_set(arena, root, "kind", node_copy(arena, node_find(object, "kind")));
    node_set(arena, meta, "name", node_copy(arena, node_find_path(object, "metadata.name")));
    if (labels != NULL) {
        node_set(arena, meta, "labels", node_copy(arena, labels));
    }
    node_set(arena, root, "metadata", meta);
    if (notes != NULL) {
        node_set(arena, meta, "annotations", node_copy(arena, notes));
    }
    if (node_find(object, "spec") != NULL) {
        node_set(arena, root, "spec", node_copy(arena, node_find(object, "spec")));
    }
    return root;
}

static void forget_reported(struct arena *arena, struct node *meta)
{
    const struct node *labels = node_find(meta, "labels");
    struct node *kept = node_map(arena);

    for (size_t i = 0; labels != NULL && i < labels->map.count; i++) {
        if (!str_starts(labels->map.members[i].key, "reported/")) {
            node_set(arena, kept, labels->map.members[i].key, labels->map.members[i].value);
        }
    }
    node_set(arena, meta, "labels", kept);
}

static void print_list(struct sim *sim, const char *plural, bool with_reported, struct str *to)
{
    struct arena arena;
    char target[64];
    struct answer_got got;
    const struct node *items;

    arena_init(&arena);
    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", plural);
    got = judge_ask(sim, &arena, "GET", target, NULL, NULL);
    items = node_find(got.root, "items");
    for (size_t k = 0; items != NULL && k < items->list.count; k++) {
        struct node *one = declared_of(&arena, items->list.items[k]);

        if (!with_reported) {
            forget_reported(&arena, node_find(one, "metadata"));
        }
        json_emit(one, JSON_SORTED, to);
        str_add_char(to, '\n');
    }
    arena_fini(&arena);
}

void declared_print(struct sim *sim, size_t count, struct str *to)
{
    for (size_t i = 0; i < count; i++) {
        print_list(sim, plurals[i], true, to);
    }
}

void declared_print_agents(struct sim *sim, struct str *to)
{
    print_list(sim, "agents", false, to);
}

/* --- replicas --------------------------------------------------------------------------------- */

static bool is_as_declared(const struct node *session)
{
    const struct node *conditions = node_find_path(session, "status.conditions");
    const struct node *every = node_find_path(session, "spec.everyAgent");

    if ((every != NULL && every->type == NODE_BOOL && every->boolean) ||
        node_find_path(session, "spec.tasks") != NULL) {
        return false; /* which there are depends on what else there is, and on what was */
    }
    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        const struct node *it = conditions->list.items[i];

        if (str_eq(node_find_text(it, "type"), "Converged")) {
            return str_eq(node_find_text(it, "status"), "True");
        }
    }
    return false;
}

static const struct node *items_of(struct sim *sim, struct arena *arena, const char *target)
{
    return node_find(judge_ask(sim, arena, "GET", target, NULL, NULL).root, "items");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_slots(const struct node *assignments, struct arena *arena, const char *uid,
                        struct str *to)
{
    const char **slots = arena_array(arena, assignments->list.count + 1, sizeof(slots[0]));
    size_t count = 0;

    for (size_t i = 0; i < assignments->list.count; i++) {
        const struct node *it = assignments->list.items[i];

        if (str_eq(node_text(node_find_path(it, "spec.sessionUid")), uid) &&
            node_find_path(it, "metadata.deletionTimestamp") == NULL) {
            slots[count++] = node_text(node_find_path(it, "spec.slot"));
        }
    }
    qsort(slots, count, sizeof(slots[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !str_eq(slots[i], slots[i - 1])) { /* one on a lost machine stays */
            str_addf(to, "%s, ", slots[i]);
        }
    }
}

void declared_print_replicas(struct sim *sim, struct str *to)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    const struct node *sessions = items_of(sim, &arena, "/apis/fog/v1/harvestsessions");
    const struct node *assignments = items_of(sim, &arena, "/apis/fog/v1/assignments");

    for (size_t i = 0; sessions != NULL && assignments != NULL && i < sessions->list.count; i++) {
        const struct node *meta = node_find(sessions->list.items[i], "metadata");

        if (is_as_declared(sessions->list.items[i])) {
            str_addf(to, "%s: ", node_find_text(meta, "name"));
            print_slots(assignments, &arena, node_find_text(meta, "uid"), to);
            str_add(to, "\n");
        }
    }
}
