/* What every agent said of every task, remembered for ever. */
#include "tests/sim/check_quorum.h"

#include "schema/base/arena.h"
#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/indexes.h"
#include "schema/kinds/assignment.h"
#include "schema/limits.h"
#include "tests/sim/reference.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>

struct word {
    const char *uid, *template, *outputs, *agent;
    int64_t index;
};

struct quorums {
    struct arena arena;
    struct word *words;
    size_t count;
};

struct quorums *quorums_new(void)
{
    return MEM_NEW(struct quorums);
}

void quorums_free(struct quorums *quorums)
{
    arena_fini(&quorums->arena);
    free(quorums);
}

static const char *outputs_text(struct sim *sim, const struct node *outputs, const char *template)
{
    struct arena *arena = &sim->quorums->arena;
    const char *text = "";

    for (size_t i = 0; outputs != NULL && i < outputs->list.count; i++) {
        const char *path = ref_text(outputs->list.items[i], "path");

        if (template == NULL || ref_declares(sim->reference, template, path)) {
            text = arena_printf(arena, "%s%s=%s\n", text, path,
                                ref_text(outputs->list.items[i], "digest"));
        }
    }
    return text;
}

static void learn(struct sim *sim, const struct word *word)
{
    struct quorums *quorums = sim->quorums;

    for (size_t i = 0; i < quorums->count; i++) {
        const struct word *it = &quorums->words[i];

        if (it->index == word->index && str_eq(it->uid, word->uid) &&
            str_eq(it->template, word->template) && str_eq(it->outputs, word->outputs) &&
            str_eq(it->agent, word->agent)) {
            return;
        }
    }
    quorums->words =
        arena_grow(&quorums->arena, quorums->words, quorums->count, sizeof(struct word));
    quorums->words[quorums->count] = *word;
    quorums->words[quorums->count].uid = arena_strdup(&quorums->arena, word->uid);
    quorums->words[quorums->count].template = arena_strdup(&quorums->arena, word->template);
    quorums->words[quorums->count++].agent = arena_strdup(&quorums->arena, word->agent);
}

void check_quorum_hears(struct sim *sim, const struct kind *kind, const char *name)
{
    const struct ref_object *copy = reference_find(sim->reference, kind->name, name);
    struct word word = {.uid = NULL};

    if (kind == &assignment_kind && copy != NULL &&
        str_eq(ref_text(copy->status, "phase"), "Succeeded") &&
        ref_int(copy->status, "observedGeneration", -1) == copy->generation &&
        int_from_str(ref_text(copy->ledger, "spec.slot"), &word.index)) {
        word.uid = ref_text(copy->ledger, "spec.sessionUid");
        word.template = ref_text(copy->ledger, "spec.template");
        word.agent = ref_text(copy->ledger, "spec.agent");
        word.outputs = outputs_text(sim, node_find(copy->status, "outputs"), word.template);
        learn(sim, &word);
    }
}

static int64_t valid_of(const struct node *status, const char *agent)
{
    const struct node *voters = node_find_path(status, "tasks.voters");

    for (size_t i = 0; voters != NULL && i < voters->list.count; i++) {
        if (str_eq(ref_text(voters->list.items[i], "agent"), agent)) {
            return ref_int(voters->list.items[i], "valid", 0);
        }
    }
    return 0;
}

static bool says(const struct word *word, const char *uid, int64_t index, const char *outputs)
{
    return word->index == index && str_eq(word->uid, uid) && str_eq(word->outputs, outputs);
}

static bool is_agreed(const struct quorums *quorums, const char *uid, int64_t index,
                      const char *outputs, int64_t wanted, const struct node *before)
{
    for (size_t i = 0; i < quorums->count; i++) {
        const struct word *word = &quorums->words[i];
        int64_t agents = 0;

        if (!says(word, uid, index, outputs)) {
            continue;
        }
        for (size_t k = 0; k < quorums->count; k++) {
            agents += says(&quorums->words[k], uid, index, outputs) &&
                      str_eq(quorums->words[k].template, word->template);
        }
        if (agents >= wanted || valid_of(before, word->agent) >= 10) {
            return true;
        }
    }
    return false;
}

static const struct node *outputs_of(const struct node *status, int64_t index)
{
    const struct node *results = node_find_path(status, "tasks.results");

    for (size_t i = 0; results != NULL && i < results->list.count; i++) {
        if (ref_int(results->list.items[i], "index", -1) == index) {
            return node_find(results->list.items[i], "outputs");
        }
    }
    return NULL;
}

/* Of each agent, how much more it is trusted than before: at most once for every new task. */
static void check_trust(struct sim *sim, const struct row *row, const struct node *before,
                        const struct node *now, const struct indexes *new)
{
    const struct node *voters = node_find_path(now, "tasks.voters");

    for (size_t i = 0; voters != NULL && i < voters->list.count; i++) {
        const char *agent = ref_text(voters->list.items[i], "agent");
        int64_t most = valid_of(before, agent);

        for (int64_t k = 0; k < TASKS_MAX; k++) {
            const char *outputs =
                !indexes_has(new, (size_t)k) ? NULL : outputs_text(sim, outputs_of(now, k), NULL);
            bool has_agreed = false;

            for (size_t j = 0; outputs != NULL && j < sim->quorums->count; j++) {
                has_agreed = has_agreed || (says(&sim->quorums->words[j], row->uid, k, outputs) &&
                                            str_eq(sim->quorums->words[j].agent, agent));
            }
            most += has_agreed;
        }
        if (ref_int(voters->list.items[i], "valid", 0) > most) {
            sim_fail(sim, "tasks", "%s: %s is trusted for more than it agreed", row->name, agent);
        }
    }
}

void check_quorum(struct sim *sim, const struct row *row, const struct node *now,
                  const struct ref_object *session)
{
    int64_t wanted = ref_int(session->ledger, "spec.tasks.quorum", 1);
    struct arena *arena = &sim->quorums->arena;
    struct indexes old, new, fresh;

    if (wanted <= 1) {
        return;
    }
    indexes_init(&old, arena, TASKS_MAX);
    indexes_init(&new, arena, TASKS_MAX);
    indexes_init(&fresh, arena, TASKS_MAX);
    (void)indexes_from_str(ref_text(session->status, "tasks.completedIndexes"), &old);
    (void)indexes_from_str(ref_text(now, "tasks.completedIndexes"), &new);
    for (int64_t i = 0; i < TASKS_MAX && !sim->has_failed; i++) {
        if (!indexes_has(&new, (size_t)i) || indexes_has(&old, (size_t)i)) {
            continue;
        }
        indexes_add(&fresh, (size_t)i);
        if (!is_agreed(sim->quorums, row->uid, i, outputs_text(sim, outputs_of(now, i), NULL),
                       wanted, session->status)) {
            sim_fail(sim, "tasks",
                     "%s: task %" PRId64 " is done, and %" PRId64 " agents have not agreed",
                     row->name, i, wanted);
        }
    }
    check_trust(sim, row, session->status, now, &fresh);
}

bool check_quorum_knows(const struct ref_object *copy, const struct ref_object *session)
{
    const struct node *opinions = node_find_path(session->status, "tasks.opinions");
    int64_t index = -1;

    if (ref_int(session->ledger, "spec.tasks.quorum", 1) <= 1) {
        return false;
    }
    (void)int_from_str(ref_text(copy->ledger, "spec.slot"), &index);
    for (size_t i = 0; opinions != NULL && i < opinions->list.count; i++) {
        if (ref_int(opinions->list.items[i], "index", -1) == index &&
            str_eq(ref_text(opinions->list.items[i], "agent"),
                   ref_text(copy->ledger, "spec.agent"))) {
            return true;
        }
    }
    return !str_eq(ref_text(session->status, "tasks.opinionsOf"),
                   ref_text(copy->ledger, "spec.template"));
}
