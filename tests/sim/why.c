#include "tests/sim/why.h"

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "tests/sim/judge.h"
#include "tests/sim/machine.h"
#include "tests/sim/shim.h"

#include <stdio.h>
#include <string.h>

struct asked {
    struct sim *sim;
    struct arena arena;
    const char *what; /* "harvestsession/s-1" */
    const struct node *object, *answer;
    const struct node *assignments; /* all of them */
    bool is_well;                   /* it says */
};

static const char *text_at(const struct node *root, const char *path)
{
    const char *text = node_text(node_find_path(root, path));

    return text == NULL ? "" : text;
}

static const struct node *condition_of(const struct node *object, const char *type)
{
    const struct node *conditions = node_find_path(object, "status.conditions");

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        if (str_eq(text_at(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

/* Of two with one key one is lost in the end. */
static const struct machine *machine_of(const struct asked *asked, const char *name)
{
    return machine_named(asked->sim, name);
}

static void wonder(const struct asked *asked, const char *words)
{
    sim_fail(asked->sim, "says-why", "%s says that it is %s, and %s", asked->what,
             asked->is_well ? "well" : "not well", words);
}

/* --- each kind -------------------------------------------------------------------------------- */

static bool is_held(const struct node *object)
{
    return str_eq(text_at(object, "status.phase"), "Suspended");
}

/* What holds its copies back, whose reasons the judge has found to be true, is in the way. */
static void check_held(const struct asked *asked)
{
    const char *in_the_way = text_at(asked->answer, "inTheWay.object");
    bool has_held = false;

    for (size_t i = 0; asked->assignments != NULL && i < asked->assignments->list.count; i++) {
        const struct node *it = asked->assignments->list.items[i];
        const struct machine *machine = machine_of(asked, text_at(it, "spec.agent"));

        if (machine == NULL || machine->is_lost || !is_held(it) ||
            !str_eq(text_at(it, "spec.sessionUid"), text_at(asked->object, "metadata.uid"))) {
            continue;
        }
        has_held = true;
        if (str_starts(in_the_way, "assignment/") &&
            str_eq(in_the_way + strlen("assignment/"), text_at(it, "metadata.name")) &&
            str_eq(text_at(asked->answer, "inTheWay.reason"), text_at(it, "status.reason"))) {
            return;
        }
    }
    if (has_held) {
        wonder(asked, "what holds it back is not in the way");
    }
}

static void check_session(const struct asked *asked)
{
    const struct node *condition = condition_of(asked->object, "Converged");
    const struct node *chain = node_find(asked->answer, "chain");
    const struct node *first =
        chain == NULL || chain->list.count == 0 ? NULL : chain->list.items[0];

    bool is_there = text_at(asked->object, "metadata.deletionTimestamp")[0] == '\0';

    if (asked->is_well != (is_there && str_eq(text_at(condition, "status"), "True"))) {
        wonder(asked, "its condition says something else");
    } else if (!str_eq(text_at(first, "object"), asked->what) ||
               !str_eq(text_at(first, "reason"), text_at(condition, "reason")) ||
               !str_eq(text_at(first, "message"), text_at(condition, "message"))) {
        wonder(asked, "it does not begin with its own condition");
    } else if (asked->is_well) {
        check_held(asked);
    }
}

static bool has_process(const struct machine *machine, const char *uid)
{
    vec_each (&machine->shims, it) {
        if ((*it)->has_process && str_eq((*it)->uid, uid)) {
            return true;
        }
    }
    return false;
}

/* What is held back is as declared, and may have been ended meanwhile.  Of a machine that is lost
 * nobody knows whether it still holds anything: that is not well, whatever it said last. */
static void check_assignment(const struct asked *asked)
{
    const struct machine *machine = machine_of(asked, text_at(asked->object, "spec.agent"));
    bool is_done = str_eq(text_at(asked->object, "status.phase"), "Succeeded");
    bool is_there = machine != NULL && !machine->is_lost;
    bool runs = is_there && has_process(machine, text_at(asked->object, "metadata.uid"));

    if (is_held(asked->object) && asked->is_well != is_there) {
        wonder(asked, is_there ? "it is held back as declared"
                               : "it is held back on a machine that is lost");
    } else if (is_held(asked->object) && is_there &&
               !str_eq(text_at(asked->answer, "inTheWay.reason"),
                       text_at(asked->object, "status.reason"))) {
        wonder(asked, "what holds it back is not in the way");
    } else if (!is_done && !is_held(asked->object) && asked->is_well != runs) {
        wonder(asked, runs ? "its process is there" : "no process of it is there");
    }
}

static bool is_true(const struct node *condition)
{
    return str_eq(text_at(condition, "status"), "True");
}

/* Where starts failed one piece of work is tried before the next; that is not well, either. */
static void check_agent(const struct asked *asked)
{
    const struct machine *machine = machine_of(asked, text_at(asked->object, "metadata.name"));
    bool is_there = machine != NULL && !machine->is_lost && machine->conn != NULL;
    bool is_ready = is_true(condition_of(asked->object, "Ready"));
    bool is_healthy = is_true(condition_of(asked->object, "Healthy"));
    const struct node *drained = condition_of(asked->object, "Drained");
    bool is_draining = drained != NULL && !is_true(drained);

    if (is_ready != is_there) {
        wonder(asked, is_there ? "it is connected" : "it is not connected");
    } else if (asked->is_well != (is_ready && is_healthy && !is_draining)) {
        wonder(asked, "its conditions say something else");
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Nothing is unknown: what is not so has a reason, a message, and something that would help. */
static bool is_worded(const struct node *link)
{
    return str_eq(text_at(link, "status"), "True") ||
           (text_at(link, "message")[0] != '\0' && text_at(link, "reason")[0] != '\0' &&
            text_at(link, "remedy")[0] != '\0');
}

static void check_words(const struct asked *asked)
{
    const struct node *chain = node_find(asked->answer, "chain");
    bool names_what_is_in_the_way = text_at(asked->answer, "inTheWay.object")[0] != '\0' &&
                                    text_at(asked->answer, "inTheWay.reason")[0] != '\0' &&
                                    text_at(asked->answer, "remedy")[0] != '\0';

    for (size_t i = 0; chain != NULL && i < chain->list.count; i++) {
        const struct node *link = chain->list.items[i];

        if (!is_worded(link)) {
            sim_fail(asked->sim, "says-why", "%s: %s: %s is %s without a reason in words",
                     asked->what, text_at(link, "object"), text_at(link, "condition"),
                     text_at(link, "status"));
        }
    }
    if (!asked->is_well && (chain == NULL || chain->list.count == 0 || !names_what_is_in_the_way)) {
        wonder(asked, "it does not say why, or what to do");
    } else if (is_held(asked->object) && !names_what_is_in_the_way) {
        wonder(asked, "it is held, and it does not say by what");
    }
}

static void ask_about(struct sim *sim, const char *plural, const char *singular,
                      const struct node *object, const struct node *assignments,
                      void (*check)(const struct asked *asked))
{
    struct asked asked = {.sim = sim, .object = object, .assignments = assignments};
    const struct node *converged;
    struct answer_got got;

    arena_init(&asked.arena);
    asked.what = arena_printf(&asked.arena, "%s/%s", singular, text_at(object, "metadata.name"));
    got = judge_ask(sim, &asked.arena, "GET",
                    arena_printf(&asked.arena, "/apis/fog/v1/%s/%s/why", plural,
                                 text_at(object, "metadata.name")),
                    NULL, NULL);
    converged = node_find(got.root, "converged");
    if (got.code == 200 && converged != NULL && converged->type == NODE_BOOL) {
        asked.answer = got.root;
        asked.is_well = converged->boolean;
        check(&asked);
        check_words(&asked);
    } else if (!sim->has_failed) {
        sim_fail(sim, "says-why", "%s is asked why, and answers %d", asked.what, got.code);
    }
    arena_fini(&asked.arena);
}

void why_ask(struct sim *sim)
{
    static const struct {
        const char *plural, *singular;
        void (*check)(const struct asked *asked);
    } asks[] = {{"harvestsessions", "harvestsession", check_session},
                {"assignments", "assignment", check_assignment},
                {"agents", "agent", check_agent}};

    for (size_t i = 0; i < COUNT_OF(asks) && !sim->has_failed; i++) {
        struct arena arena;
        char target[64];
        const struct node *items, *assignments;

        arena_init(&arena);
        assignments = node_find(
            judge_ask(sim, &arena, "GET", "/apis/fog/v1/assignments", NULL, NULL).root, "items");
        (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", asks[i].plural);
        items = node_find(judge_ask(sim, &arena, "GET", target, NULL, NULL).root, "items");
        for (size_t k = 0; items != NULL && k < items->list.count && !sim->has_failed; k++) {
            ask_about(sim, asks[i].plural, asks[i].singular, items->list.items[k], assignments,
                      asks[i].check);
        }
        arena_fini(&arena);
    }
}
