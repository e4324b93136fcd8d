#include "tests/sim/rules.h"

#include "schema/json.h"
#include "tests/sim/judge.h"
#include "tests/sim/reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POLICIES   "/apis/fog/v1/harvestpolicies"
#define CHANGESETS "/apis/fog/v1/changesets?fieldManager=rules"
#define JSON_TYPE  "application/json"
#define MERGE_TYPE "application/merge-patch+json"

enum { PLANS_MAX = 100 };

struct asker {
    struct sim *sim;
    struct arena *arena;
    const char *check;
    char body[600];
};

static struct node *expect(struct asker *asker, int code, const char *method, const char *target,
                           const char *type, const char *body)
{
    struct answer_got got;

    if (asker->sim->has_failed) {
        return NULL;
    }
    got = judge_ask(asker->sim, asker->arena, method, target, type, body);
    if (got.code != code && !asker->sim->has_failed) {
        sim_fail(asker->sim, asker->check, "%s %s %.200s is answered %d and not %d: %.200s", method,
                 target, body == NULL ? "" : body, got.code, code, ref_text(got.root, "message"));
    }
    return got.root;
}

static const char *format_policy(struct asker *asker, const char *name, const char *meta)
{
    (void)snprintf(asker->body, sizeof(asker->body),
                   "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":"
                   "\"%s\"%s},\"spec\":{\"limits\":{\"cpuPercent\":50}}}",
                   name, meta);
    return asker->body;
}

static struct node *create(struct asker *asker, const char *name, const char *meta)
{
    return expect(asker, 201, "POST", POLICIES "?fieldManager=rules", JSON_TYPE,
                  format_policy(asker, name, meta));
}

static struct node *create_owned(struct asker *asker, const char *name, const struct node *owner)
{
    char meta[300];

    (void)snprintf(meta, sizeof(meta),
                   ",\"ownerReferences\":[{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\","
                   "\"name\":\"%s\",\"uid\":\"%s\"}]",
                   ref_text(owner, "metadata.name"), ref_text(owner, "metadata.uid"));
    return create(asker, name, meta);
}

/* --- preconditions -----------------------------------------------------------------------------
 */

/* The fleet may change while the plan is looked at; then it is refused, and made anew. */
static void delete_as_planned(struct asker *asker)
{
    int code = 409;

    for (int i = 0; i < PLANS_MAX && code == 409 && !asker->sim->has_failed; i++) {
        const struct node *plan = expect(asker, 200, "POST", CHANGESETS "&dryRun=All", JSON_TYPE,
                                         "{\"kind\":\"ChangeSet\",\"spec\":{\"changes\":[]}}");
        char body[200];

        (void)snprintf(body, sizeof(body),
                       "{\"kind\":\"ChangeSet\",\"spec\":{\"revision\":\"%s\",\"changes\":[{"
                       "\"verb\":\"delete\",\"kind\":\"HarvestPolicy\",\"name\":\"r-0\"}]}}",
                       ref_text(plan, "status.revision"));
        code = judge_ask(asker->sim, asker->arena, "POST", CHANGESETS, JSON_TYPE, body).code;
    }
    if (code != 200 && !asker->sim->has_failed) {
        sim_fail(asker->sim, "precondition", "a plan of this moment is answered %d", code);
    }
}

static void ask_preconditions(struct asker *asker)
{
    struct node *first;
    char meta[120], body[200];

    asker->check = "precondition";
    first = create(asker, "r-0", "");
    (void)expect(asker, 200, "PATCH", POLICIES "/r-0?fieldManager=rules", MERGE_TYPE,
                 "{\"metadata\":{\"labels\":{\"v\":\"2\"}}}");
    (void)snprintf(meta, sizeof(meta), ",\"resourceVersion\":\"%s\"",
                   ref_text(first, "metadata.resourceVersion"));
    (void)expect(asker, 409, "PUT", POLICIES "/r-0?fieldManager=rules", JSON_TYPE,
                 format_policy(asker, "r-0", meta));
    (void)snprintf(body, sizeof(body), "{\"preconditions\":{\"resourceVersion\":\"%s\"}}",
                   ref_text(first, "metadata.resourceVersion"));
    (void)expect(asker, 409, "DELETE", POLICIES "/r-0", JSON_TYPE, body);
    (void)expect(asker, 409, "DELETE", POLICIES "/r-0", JSON_TYPE,
                 "{\"preconditions\":{\"uid\":\"another\"}}");
    (void)expect(asker, 409, "POST", CHANGESETS, JSON_TYPE,
                 "{\"kind\":\"ChangeSet\",\"spec\":{\"revision\":\"1\",\"changes\":[{\"verb\":"
                 "\"delete\",\"kind\":\"HarvestPolicy\",\"name\":\"r-0\"}]}}");
    delete_as_planned(asker);
}

/* --- owners and finalizers ---------------------------------------------------------------------
 */

static void ask_owners(struct asker *asker)
{
    const struct node *owner, *left;

    asker->check = "owners";
    owner = create(asker, "r-0", "");
    (void)create_owned(asker, "r-1", owner);
    (void)expect(asker, 200, "DELETE", POLICIES "/r-0", JSON_TYPE, NULL);
    (void)expect(asker, 404, "GET", POLICIES "/r-1", NULL, NULL);

    owner = create(asker, "r-0", "");
    (void)create_owned(asker, "r-1", owner);
    (void)expect(asker, 200, "DELETE", POLICIES "/r-0?propagationPolicy=Orphan", JSON_TYPE, NULL);
    left = expect(asker, 200, "GET", POLICIES "/r-1", NULL, NULL);
    if (node_find_path(left, "metadata.ownerReferences") != NULL) {
        sim_fail(asker->sim, "owners", "\"r-1\" refers to an owner that is gone");
    }
    (void)expect(asker, 200, "DELETE", POLICIES "/r-1", JSON_TYPE, NULL);

    owner = create(asker, "r-0", "");
    (void)create_owned(asker, "r-1", owner);
    (void)expect(asker, 200, "POST", CHANGESETS, JSON_TYPE,
                 "{\"kind\":\"ChangeSet\",\"spec\":{\"changes\":[{\"verb\":\"delete\",\"kind\":"
                 "\"HarvestPolicy\",\"name\":\"r-0\"},{\"verb\":\"delete\",\"kind\":"
                 "\"HarvestPolicy\",\"name\":\"r-1\"}]}}");
}

static void ask_finalizers(struct asker *asker)
{
    const struct node *held;

    (void)create(asker, "r-2", ",\"finalizers\":[\"sim/hold\"]");
    (void)expect(asker, 200, "DELETE", POLICIES "/r-2", JSON_TYPE, NULL);
    held = expect(asker, 200, "GET", POLICIES "/r-2", NULL, NULL);
    if (!asker->sim->has_failed && ref_text(held, "metadata.deletionTimestamp")[0] == '\0') {
        sim_fail(asker->sim, "owners", "\"r-2\" is deleted and does not say so");
    }
    (void)expect(asker, 200, "PATCH", POLICIES "/r-2?fieldManager=rules", MERGE_TYPE,
                 "{\"metadata\":{\"finalizers\":null}}");
    (void)expect(asker, 404, "GET", POLICIES "/r-2", NULL, NULL);
}

void rules_ask(struct sim *sim, struct arena *arena)
{
    struct asker asker = {.sim = sim, .arena = arena};

    ask_preconditions(&asker);
    ask_owners(&asker);
    ask_finalizers(&asker);
}

/* --- what is in force --------------------------------------------------------------------------
 */

static bool is_same_spec(const struct node *object, const struct ref_object *known)
{
    _cleanup_(str_fini)
    struct str here = STR_EMPTY, there = STR_EMPTY;
    const struct node *told = node_find(object, "spec"), *kept = node_find(known->ledger, "spec");

    if (told == NULL || kept == NULL) {
        return told == kept;
    }
    json_emit(told, JSON_SORTED, &here);
    json_emit(kept, JSON_SORTED, &there);
    return str_eq(here.data, there.data);
}

static void compare(struct sim *sim, const char *kind, const struct node *object)
{
    const char *name = ref_text(object, "metadata.name");
    const struct ref_object *known = reference_find(sim->reference, kind, name);
    uint64_t revision = strtoull(ref_text(object, "metadata.resourceVersion"), NULL, 10);

    if (known == NULL) {
        sim_fail(sim, "current", "%s \"%s\" is told of and was never committed", kind, name);
    } else if (!str_eq(known->uid, ref_text(object, "metadata.uid")) ||
               known->revision != revision || !is_same_spec(object, known)) {
        sim_fail(sim, "current",
                 "%s \"%s\" is told of at %" PRIu64 " in another form than the "
                 "committed one of %" PRIu64,
                 kind, name, revision, known->revision);
    }
}

static size_t count_of(const struct sim *sim, const char *kind)
{
    size_t count = 0;

    map_each (&sim->reference->objects, it) {
        count += str_eq(((const struct ref_object *)it->value)->kind->name, kind);
    }
    return count;
}

void rules_ask_current(struct sim *sim)
{
    static const char *const asked[][2] = {{"HarvestPolicy", "harvestpolicies"},
                                           {"HarvestSession", "harvestsessions"},
                                           {"Agent", "agents"},
                                           {"Assignment", "assignments"}};
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(asked) && !sim->has_failed; i++) {
        char target[64];
        const struct node *items;
        uint64_t revision = sim->reference->revision;

        (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", asked[i][1]);
        items = node_find(judge_ask(sim, &arena, "GET", target, NULL, NULL).root, "items");
        if (items == NULL || revision != sim->reference->revision) {
            continue; /* something happened meanwhile */
        }
        for (size_t k = 0; k < items->list.count && !sim->has_failed; k++) {
            compare(sim, asked[i][0], items->list.items[k]);
        }
        if (!sim->has_failed && items->list.count != count_of(sim, asked[i][0])) {
            sim_fail(sim, "current", "%zu %s are told of, and %zu are there", items->list.count,
                     asked[i][1], count_of(sim, asked[i][0]));
        }
    }
    arena_fini(&arena);
}

/* --- policies ----------------------------------------------------------------------------------
 */

bool rules_change_policy(struct sim *sim)
{
    struct arena arena;
    struct asker asker = {.sim = sim, .arena = &arena, .check = "answers"};
    const struct node *items;
    bool has_changed = false;

    arena_init(&arena);
    items = node_find(
        judge_ask(sim, &arena, "GET", "/apis/fog/v1/harvestsessions", NULL, NULL).root, "items");
    for (size_t i = 0; items != NULL && i < items->list.count && !has_changed; i++) {
        const char *name = ref_text(items->list.items[i], "spec.policy");
        const struct ref_object *policy = reference_find(sim->reference, "HarvestPolicy", name);

        if (policy != NULL) {
            char target[400];
            int64_t percent = ref_int(policy->ledger, "spec.limits.cpuPercent", 0);

            (void)snprintf(target, sizeof(target), POLICIES "/%s?fieldManager=rules", name);
            (void)snprintf(asker.body, sizeof(asker.body),
                           "{\"spec\":{\"limits\":{\"cpuPercent\":%" PRId64 "}}}",
                           percent % 100 + 1);
            (void)expect(&asker, 200, "PATCH", target, MERGE_TYPE, asker.body);
            has_changed = true;
        }
    }
    arena_fini(&arena);
    return has_changed && !sim->has_failed;
}
