/* Where a workload ends is where it ends without a fault: what is declared is the same, and of each
 * session as many replicas are wanted, run, are done and are given up. */
#include "tests/sim/plan.h"

#include "schema/json.h"
#include "tests/sim/judge.h"

static void copy(struct arena *arena, struct node *to, const struct node *from, const char *key)
{
    const struct node *node = node_find(from, key);

    if (node != NULL) {
        node_set(arena, to, key, node_copy(arena, node));
    }
}

static struct node *ending_of(struct arena *arena, const struct node *object)
{
    static const char *const counts[] = {"desired", "ready", "updated", "succeeded", "failed"};
    struct node *root = node_map(arena), *status = node_map(arena);

    copy(arena, root, node_find(object, "metadata"), "name");
    copy(arena, root, node_find(object, "metadata"), "labels");
    copy(arena, root, object, "spec");
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        copy(arena, status, node_find(object, "status"), counts[i]);
    }
    node_set(arena, root, "status", status);
    return root;
}

static void print_ending(struct sim *sim, struct str *to)
{
    static const char *const targets[] = {"/apis/fog/v1/agents", "/apis/fog/v1/harvestpolicies",
                                          "/apis/fog/v1/harvestsessions"};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        const struct node *items =
            node_find(judge_ask(sim, &arena, "GET", targets[i], NULL, NULL).root, "items");

        for (size_t k = 0; items != NULL && k < items->list.count; k++) {
            json_emit(ending_of(&arena, items->list.items[k]), JSON_SORTED, to);
            str_add_char(to, '\n');
        }
    }
    arena_fini(&arena);
}

void plan_compare(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    size_t at = 0;

    str_clear(&run->ending);
    print_ending(sim, &run->ending);
    if (run->expected == NULL || sim->has_failed || str_eq(run->expected, run->ending.data)) {
        return;
    }
    while (run->expected[at] == run->ending.data[at]) {
        at++;
    }
    at = at > 100 ? at - 100 : 0;
    sim_fail(sim, "differential", "without a fault it ends with …%.200s, now with …%.200s",
             run->expected + at, run->ending.data + at);
}
