#include "tests/sim/ways.h"

#include "schema/json.h"
#include "tests/sim/declared.h"
#include "tests/sim/judge.h"
#include "tests/sim/manifests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MANAGER "?fieldManager=ways"

enum { FIRST_MAX_MS = 20000, AFTER_MS = 100 };

struct ways {
    struct str at_a, at_b; /* what was declared */
    struct str replicas;   /* of what was as declared, after B */
    uint64_t revision;     /* of A */
    bool has_b;
};

struct ways *ways_new(void)
{
    struct ways *ways = MEM_NEW(struct ways);

    str_init(&ways->at_a);
    str_init(&ways->at_b);
    str_init(&ways->replicas);
    return ways;
}

void ways_free(struct ways *ways)
{
    str_fini(&ways->at_a);
    str_fini(&ways->at_b);
    str_fini(&ways->replicas);
    free(ways);
}

/* --- what is asked for ------------------------------------------------------------------------ */

static uint64_t post(struct sim *sim, const char *target, const char *body)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    struct answer_got got = judge_ask(sim, &arena, "POST", target, "application/json", body);
    const char *text = node_text(node_find_path(got.root, "status.revision"));

    if (got.code != 200 && !sim->has_failed) {
        const char *message = node_find_text(got.root, "message");

        sim_fail(sim, "answers", "%s is answered %d %s", target, got.code,
                 message == NULL ? "" : message);
    }
    sim_pass(sim, AFTER_MS);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static void add_apply(const struct node *manifest, struct str *to)
{
    str_add(to, str_ends(to->data, "[") ? "" : ",");
    str_add(to, "{\"verb\":\"apply\",\"object\":");
    json_emit(manifest, JSON_PLAIN, to);
    str_add(to, "}");
}

/* Everything there is a name for, so that A leaves nothing that B does not speak of. */
/* Nothing is taken back by itself: what comes first could be good or not in time. */
static struct node *kept(struct node *session)
{
    struct node *rollout = node_find_path(session, "spec.rollout");

    if (rollout != NULL) {
        (void)node_remove(rollout, "onFailure");
    }
    return session;
}

static uint64_t apply_all(struct sim *sim, const char *stream, unsigned version)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;
    struct die die;

    tape_die(&sim->tape, &die, "ways/%s", stream);
    str_add(&body, "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"changes\":[");
    for (unsigned i = 0; i < POLICY_NAMES; i++) {
        add_apply(manifest_policy(&arena, &die, i), &body);
    }
    for (unsigned i = 0; i < SESSION_NAMES; i++) {
        add_apply(kept(manifest_session(&arena, &die, i, version + i)), &body);
    }
    str_add(&body, "]}}");
    sim_trace(sim, "apply %s", body.data);
    return post(sim, "/apis/fog/v1/changesets" MANAGER, body.data);
}

void ways_first(struct sim *sim, struct ways *ways)
{
    struct die die;

    ways->revision = apply_all(sim, "a", 1);
    declared_print(sim, DECLARED_WORK, &ways->at_a);
    tape_die(&sim->tape, &die, "ways/time");
    sim_pass(sim, (int64_t)die_below(&die, FIRST_MAX_MS));
}

void ways_then(struct sim *sim, struct ways *ways)
{
    (void)ways;
    (void)apply_all(sim, "b", 1 + SESSION_NAMES);
}

/* --- what came of it -------------------------------------------------------------------------- */

static void compare(struct sim *sim, const char *checker, const char *what, const char *before,
                    const char *now)
{
    size_t at = 0;

    if (sim->has_failed || str_eq(before, now)) {
        return;
    }
    while (before[at] == now[at] && before[at] != '\0') {
        at++;
    }
    at = at > 80 ? at - 80 : 0;
    sim_fail(sim, checker, "%s …%.200s, and now …%.200s", what, before + at, now + at);
}

static const char *line_of(const char *lines, const char *name)
{
    for (const char *line = lines; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        if (str_starts(line, name)) {
            return line;
        }
    }
    return NULL;
}

/* Sessions that are as declared in both worlds; the others the judge has looked at. */
static void compare_replicas(struct sim *sim, const char *before, const char *now)
{
    for (const char *line = before; *line != '\0' && !sim->has_failed;
         line = strchr(line, '\n') + 1) {
        char name[64];
        const char *other;

        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, ":") + 1, line);
        other = line_of(now, name);
        if (other != NULL && (strcspn(line, "\n") != strcspn(other, "\n") ||
                              memcmp(line, other, strcspn(line, "\n")) != 0)) {
            sim_fail(sim, "fresh", "after A and B there are the replicas %.*s, after B alone %.*s",
                     (int)strcspn(line, "\n"), line, (int)strcspn(other, "\n"), other);
        }
    }
}

void ways_compare(struct sim *sim, struct ways *ways)
{
    _cleanup_(str_fini)
    struct str declared = STR_EMPTY, replicas = STR_EMPTY;

    declared_print(sim, DECLARED_WORK, &declared);
    declared_print_replicas(sim, &replicas);
    if (ways->has_b) {
        compare(sim, "fresh", "after A and B there was", ways->at_b.data, declared.data);
        compare_replicas(sim, ways->replicas.length == 0 ? "" : ways->replicas.data,
                         replicas.length == 0 ? "" : replicas.data);
    }
    str_clear(&ways->at_b);
    str_clear(&ways->replicas);
    str_add(&ways->at_b, declared.data);
    str_add_bytes(&ways->replicas, replicas.data, replicas.length);
    ways->has_b = true;
}

void ways_back(struct sim *sim, const struct ways *ways)
{
    _cleanup_(str_fini)
    struct str declared = STR_EMPTY;
    char body[160];

    (void)snprintf(
        body, sizeof(body),
        "{\"kind\":\"Rollback\",\"apiVersion\":\"fog/v1\",\"spec\":{\"toRevision\":\"%" PRIu64
        "\",\"prune\":true}}",
        ways->revision);
    (void)post(sim, "/apis/fog/v1/rollbacks" MANAGER, body);
    declared_print(sim, DECLARED_WORK, &declared);
    compare(sim, "rollback", "at A there was", ways->at_a.data, declared.data);
}
