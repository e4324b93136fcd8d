#include "tests/sim/epilogue.h"

#include "controller/core/ctl.h"
#include "schema/json.h"
#include "tests/sim/check_reverts.h"
#include "tests/sim/controller.h"
#include "tests/sim/declared.h"
#include "tests/sim/judge.h"
#include "tests/sim/manifests.h"
#include "tests/sim/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TRIES_MAX = 3 };

#define CHANGESETS "/apis/fog/v1/changesets?fieldManager=epilogue"
#define SET_BEGIN                                                                                  \
    "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"force\":true,\"changes\":["
#define SET_END "]}}"

static struct node *post(struct sim *sim, struct arena *arena, const char *target, const char *body)
{
    struct answer_got got = judge_ask(sim, arena, "POST", target, "application/json", body);

    if (got.code != 200 && !sim->has_failed) {
        const char *message = node_find_text(got.root, "message");

        sim_fail(sim, "answers", "at the end %s is answered %d %s", target, got.code,
                 message == NULL ? "" : message);
    }
    return got.root;
}

static void add_apply(const struct node *manifest, struct str *to)
{
    str_add(to, "{\"verb\":\"apply\",\"object\":");
    json_emit(manifest, JSON_PLAIN, to);
    str_add(to, "}");
}

static struct node *renamed(struct arena *arena, struct node *manifest, const char *name)
{
    node_set(arena, node_find(manifest, "metadata"), "name", node_str(arena, name));
    return manifest;
}

/* --- identical -------------------------------------------------------------------------------- */

static void add_changes(const char *declared_lines, struct str *to)
{
    str_add(to, SET_BEGIN);
    for (const char *line = declared_lines; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        str_add(to, line == declared_lines ? "{\"verb\":\"apply\",\"object\":"
                                           : ",{\"verb\":\"apply\",\"object\":");
        str_add_bytes(to, line, length);
        str_add_char(to, '}');
        line += length + 1;
    }
    str_add(to, SET_END);
}

static bool is_all_unchanged(const struct node *answer)
{
    const struct node *results = node_find_path(answer, "status.results");

    for (size_t i = 0; results != NULL && i < results->list.count; i++) {
        if (!str_eq(node_find_text(results->list.items[i], "result"), "unchanged")) {
            return false;
        }
    }
    return results != NULL;
}

struct again { /* what came of the same apply */
    const struct node *answer;
    uint64_t batches, assigns; /* made since */
};

static struct again apply_again(struct sim *sim, struct arena *arena, const struct str *body)
{
    uint64_t batches = controller_batches(sim), assigns = controller_assigns(sim);
    struct again again = {.answer = post(sim, arena, CHANGESETS, body->data)};

    sim_pass(sim, 100);
    again.batches = controller_batches(sim) - batches;
    again.assigns = controller_assigns(sim) - assigns;
    return again;
}

/* Returns the revision of desired state at rest; 0 when something failed.  What failed may be tried
 * again at the same time, and that is a change, too; not three times in a row, unless it is a gang
 * that fails by itself, one member after the other and for ever. */
static uint64_t check_identical(struct sim *sim, struct arena *arena)
{
    _cleanup_(str_fini)
    struct str lines = STR_EMPTY, body = STR_EMPTY;
    struct again first, second;

    declared_print(sim, 2, &lines);
    add_changes(lines.data, &body);
    second = apply_again(sim, arena, &body); /* its fields have another owner now */
    for (int i = 0; i < TRIES_MAX && !sim->has_failed; i++) {
        const char *revision;

        first = second;
        second = apply_again(sim, arena, &body);
        revision = node_text(node_find_path(second.answer, "status.revision"));
        if (!is_all_unchanged(second.answer)) {
            break;
        }
        if (second.batches == 0 && second.assigns == 0 &&
            str_eq(revision, node_text(node_find_path(first.answer, "status.revision")))) {
            return strtoull(revision, NULL, 10);
        }
    }
    if (!sim->has_failed && is_all_unchanged(second.answer) && judge_is_restless(sim)) {
        return strtoull(node_text(node_find_path(second.answer, "status.revision")), NULL, 10);
    }
    if (!sim->has_failed) {
        sim_fail(sim, "identical",
                 "the same apply again makes %" PRIu64 " batches and %" PRIu64 " messages",
                 second.batches, second.assigns);
    }
    return 0;
}

/* --- rollback --------------------------------------------------------------------------------- */

/* Changes some sessions, makes some, and removes one if it is there. */
static void add_other_changes(struct sim *sim, struct arena *arena, const char *before,
                              struct str *to)
{
    char gone[16];

    (void)snprintf(gone, sizeof(gone), "s-%" PRIu64, sim->seed % SESSION_NAMES);
    str_add(to, SET_BEGIN);
    for (unsigned i = 1; i < SESSION_NAMES; i++) {
        str_addf(to,
                 "{\"verb\":\"apply\",\"object\":{\"apiVersion\":\"fog/v1\",\"kind\":"
                 "\"HarvestSession\",\"metadata\":{\"name\":\"s-%" PRIu64
                 "\",\"labels\":{\"late\":\"%u\"}},\"spec\":{\"grace\":\"%us\",\"workload\":"
                 "{\"command\":[\"serve\",\"late\"]}}}},",
                 (sim->seed + i) % SESSION_NAMES, i, i);
    }
    add_apply(renamed(arena, manifest_policy(arena, &sim->dice.operators, 0), "q-9"), to);
    if (strstr(before, gone) != NULL) {
        str_addf(to, ",{\"verb\":\"delete\",\"kind\":\"HarvestSession\",\"name\":\"%s\"}", gone);
    }
    str_add(to, SET_END);
}

static void check_rollback(struct sim *sim, struct arena *arena, uint64_t revision)
{
    _cleanup_(str_fini)
    struct str before = STR_EMPTY, after = STR_EMPTY, body = STR_EMPTY;
    char rollback[160];
    size_t reverts;

    declared_print(sim, 3, &before);
    add_other_changes(sim, arena, before.data, &body);
    (void)post(sim, arena, CHANGESETS, body.data);
    sim_pass(sim, (int64_t)die_below(&sim->dice.operators, 3000));
    (void)snprintf(
        rollback, sizeof(rollback),
        "{\"kind\":\"Rollback\",\"apiVersion\":\"fog/v1\",\"spec\":{\"toRevision\":\"%" PRIu64
        "\",\"prune\":true}}",
        revision);
    reverts = reverts_count(sim);
    (void)post(sim, arena, "/apis/fog/v1/rollbacks?fieldManager=epilogue", rollback);
    sim_pass(sim, 100);
    declared_print(sim, 3, &after);
    if (reverts_count(sim) > reverts) {
        return; /* what it went back to was bad, and was taken back itself */
    }
    if (!sim->has_failed && !str_eq(before.data, after.data)) {
        size_t at = 0;

        while (before.data[at] == after.data[at]) {
            at++;
        }
        at = at > 60 ? at - 60 : 0;
        sim_fail(sim, "rollback", "to %" PRIu64 " it was …%.150s and is …%.150s", revision,
                 before.data + at, after.data + at);
    }
}

/* --- fresh ------------------------------------------------------------------------------------ */

/* Under names that nobody has a share in, as on an empty fleet. */
static void add_ab(struct sim *sim, struct arena *arena, struct str *to)
{
    struct die *die = &sim->dice.operators;

    str_add(to, SET_BEGIN);
    for (unsigned i = 0; i < 2; i++) {
        struct node *session = manifest_session(arena, die, 100 + i, i);
        struct node *spec = node_find(session, "spec");

        if (node_find(spec, "policy") != NULL) {
            node_set(arena, spec, "policy", node_str(arena, die_chance(die, 500) ? "q-0" : "q-1"));
        }
        str_add(to, i > 0 ? "," : "");
        add_apply(session, to);
        str_add(to, ",");
        add_apply(renamed(arena, manifest_policy(arena, die, i), i == 0 ? "q-0" : "q-1"), to);
    }
    str_add(to, SET_END);
}

/* Asks a core that has no world around it. */
static struct node *ask_alone(struct ctl *ctl, struct arena *arena, const char *method,
                              const char *target, const char *body)
{
    struct http_request request = {.method = method,
                                   .target = target,
                                   .content_type = "application/json",
                                   .user = "judge",
                                   .body = body,
                                   .body_size_bytes = strlen(body)};
    struct ctl_event event = {.type = CTL_HTTP, .id = 1, .http = &request, .now = {1000}};
    struct effects effects;
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    effects_init(&effects);
    ctl_step(ctl, &event, &effects);
    vec_each (&effects, it) {
        if (it->type == EFFECT_ANSWER && it->bytes != NULL) {
            (void)json_parse(arena, it->bytes->data, it->bytes->size_bytes, JSON_PLAIN, &problems,
                             &root);
        }
    }
    effects_fini(&effects);
    return root;
}

static struct ctl *begin_alone(void)
{
    struct ctl_options options = {.name = "fog", .version = "0.1"};
    struct stored_state state = {.store_id = "alone", .era = 1};
    struct ctl_event start = {.type = CTL_START, .now = {1000}};
    struct ctl *ctl = ctl_new(&options);
    struct effects effects;

    ctl_load_state(ctl, &state);
    effects_init(&effects);
    ctl_step(ctl, &start, &effects);
    effects_fini(&effects);
    return ctl;
}

static void compare_objects(struct sim *sim, struct arena *arena, struct ctl *alone,
                            const char *target)
{
    _cleanup_(str_fini)
    struct str here = STR_EMPTY, there = STR_EMPTY;

    json_emit(declared_of(arena, judge_ask(sim, arena, "GET", target, NULL, NULL).root),
              JSON_SORTED, &here);
    json_emit(declared_of(arena, ask_alone(alone, arena, "GET", target, "")), JSON_SORTED, &there);
    if (!sim->has_failed && !str_eq(here.data, there.data)) {
        sim_fail(sim, "fresh", "after A and B %.300s, after B alone %.300s", here.data, there.data);
    }
}

static void check_fresh(struct sim *sim, struct arena *arena)
{
    static const char *const targets[] = {
        "/apis/fog/v1/harvestsessions/s-100", "/apis/fog/v1/harvestsessions/s-101",
        "/apis/fog/v1/harvestpolicies/q-0", "/apis/fog/v1/harvestpolicies/q-1"};
    _cleanup_(str_fini)
    struct str a = STR_EMPTY, b = STR_EMPTY;
    struct ctl *alone = begin_alone();

    add_ab(sim, arena, &a);
    add_ab(sim, arena, &b);
    (void)post(sim, arena, CHANGESETS, a.data);
    (void)post(sim, arena, CHANGESETS, b.data);
    (void)ask_alone(alone, arena, "POST", CHANGESETS, b.data);
    for (size_t i = 0; i < COUNT_OF(targets) && !sim->has_failed; i++) {
        compare_objects(sim, arena, alone, targets[i]);
    }
    ctl_free(alone);
}

void epilogue(struct sim *sim)
{
    struct arena arena;
    uint64_t revision;

    arena_init(&arena);
    revision = check_identical(sim, &arena);
    if (revision > 0) {
        check_rollback(sim, &arena, revision);
    }
    if (!sim->has_failed) {
        check_fresh(sim, &arena);
    }
    rules_ask(sim, &arena);
    arena_fini(&arena);
}
