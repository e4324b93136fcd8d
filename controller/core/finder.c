/* The room that the steps of one plan share: controller/core/finder.h. */
#include "controller/core/finder.h"

#include "controller/core/copy.h"
#include "controller/core/explain.h"
#include "controller/core/gang_held.h"
#include "controller/core/replica.h"
#include "controller/core/tasks.h"
#include "schema/base/str.h"

static const char *agent_name(const struct agent_entry *agent)
{
    return agent->object->meta.name;
}

void finder_init(struct finder *finder, struct arena *arena, const struct plan_input *input,
                 const struct tasks *tasks)
{
    *finder = (struct finder){.arena = arena, .in = input, .tasks = tasks};
    map_init(&finder->taken);
    if (input->template != NULL) {
        finder->needs = template_resources(input->template->template);
    }
}

void finder_fini(struct finder *finder)
{
    map_fini(&finder->taken);
}

/* --- why there is none ------------------------------------------------------------------------ */

static const char *why_no_agent(struct finder *finder)
{
    struct str words = STR_EMPTY;
    struct tally tally;

    if (finder->no_agent == NULL) {
        place_tally(&finder->candidates, &tally);
        explain_tally(finder->in->session, &finder->needs, &tally, &words);
        finder->no_agent = arena_strdup(finder->arena, words.data);
        str_fini(&words);
    }
    return finder->no_agent;
}

static const char *why_not_home(struct finder *finder, const struct agent_entry *home,
                                enum place_refusal refusal, size_t demand)
{
    struct str words = STR_EMPTY;
    const char *message;

    explain_refusal(finder->in->session, home, &finder->needs, refusal, demand, &words);
    message = arena_strdup(finder->arena, words.data);
    str_fini(&words);
    return message;
}

/* --- room ------------------------------------------------------------------------------------- */

static void note_taken(struct finder *finder, const struct agent_entry *agent,
                       const struct resources *more)
{
    struct resources *taken = map_find(&finder->taken, agent_name(agent));

    if (taken == NULL) {
        taken = ARENA_NEW(finder->arena, struct resources);
        (void)map_put(&finder->taken, agent_name(agent), taken);
    }
    taken->cores += more->cores;
    taken->memory += more->memory;
    taken->disk += more->disk;
}

void finder_take(struct finder *finder, const struct agent_entry *agent,
                 const struct resources *more)
{
    note_taken(finder, agent, more);
    if (finder->has_candidates) {
        place_take(&finder->candidates, agent, more);
    }
}

enum place_refusal finder_judge_instead(const struct finder *finder,
                                        const struct assignment_entry *copy,
                                        struct resources *ret_more)
{
    return place_judge_instead(copy, &finder->needs,
                               map_find(&finder->taken, agent_name(copy->agent)), ret_more);
}

static void gather(struct finder *finder)
{
    const struct plan_input *in = finder->in;

    place_gather(finder->arena, in->model, in->session, &finder->needs, &finder->candidates);
    in->counters->agents_examined += finder->candidates.tally.agents;
    finder->has_candidates = true;
    for (size_t i = 0; i < finder->candidates.count; i++) {
        struct candidate *it = &finder->candidates.items[i];

        it->held_times = gang_held_times(in->session, agent_name(it->agent), in->now);
    }
    map_each (&finder->taken, it) {
        place_take(&finder->candidates, model_agent(in->model, it->key), it->value);
    }
}

struct agent_entry *finder_pick(struct finder *finder, const struct replica *replica,
                                const struct agent_entry *avoid, const char **ret_why)
{
    struct agent_entry *agent;

    if (session_spec(finder->in->session)->every_agent) {
        size_t demand = 0;
        enum place_refusal refusal =
            place_judge(finder->in->session, replica->home, &finder->needs, &demand);

        if (refusal == REFUSAL_COUNT || refusal == REFUSED_PRESENT) {
            return replica->home;
        }
        *ret_why = why_not_home(finder, replica->home, refusal, demand);
        return NULL;
    }
    if (!finder->has_candidates) {
        gather(finder);
    }
    agent = finder->no_agent != NULL ? NULL
                                     : quorum_pick(tasks_quorum(finder->tasks), replica->name,
                                                   &finder->candidates, avoid);
    if (agent == NULL) {
        *ret_why = quorum_wait_words(finder->arena, tasks_quorum(finder->tasks), replica->name);
        *ret_why = *ret_why == NULL ? why_no_agent(finder) : *ret_why;
    } else {
        note_taken(finder, agent, &finder->needs);
    }
    return agent;
}

/* On every agent: at home or nowhere.  It is a start like any other: an agent that shrank keeps
 * what it has, and gets nothing new that does not fit. */
static bool fits_at_home(struct finder *finder, const struct assignment_entry *copy)
{
    const struct resources *needs = &finder->needs, *used = &copy->used;
    const struct resources more = {.cores = needs->cores - used->cores,
                                   .memory = needs->memory - used->memory,
                                   .disk = needs->disk - used->disk};
    const struct resources *taken = map_find(&finder->taken, agent_name(copy->agent));
    size_t demand;
    enum place_refusal refusal = place_judge(finder->in->session, copy->agent, needs, &demand);

    if (refusal == REFUSED_FULL || place_rule(refusal) != 5 ||
        place_judge_again(copy, needs, taken) != REFUSAL_COUNT) {
        return false;
    }
    finder_take(finder, copy->agent, &more);
    return true;
}

struct agent_entry *finder_pick_instead(struct finder *finder, const struct replica *replica,
                                        const struct assignment_entry *copy, const char **ret_why)
{
    const struct resources *used = &copy->used;
    const struct resources back = {
        .cores = -used->cores, .memory = -used->memory, .disk = -used->disk};
    struct agent_entry *agent = finder_pick(finder, replica, copy->agent, ret_why);

    if (agent != NULL || copy->agent == NULL || !copy_has_failed(copy)) {
        return agent;
    }
    if (session_spec(finder->in->session)->every_agent) {
        return fits_at_home(finder, copy) ? copy->agent : NULL;
    }
    finder_take(finder, copy->agent, &back);
    agent = quorum_pick(tasks_quorum(finder->tasks), replica->name, &finder->candidates, NULL);
    if (agent == NULL) {
        finder_take(finder, copy->agent, used);
        return NULL;
    }
    note_taken(finder, agent, &finder->needs);
    return agent;
}

struct agent_entry *finder_pick_other(struct finder *finder, const struct replica *replica,
                                      struct agent_entry *from)
{
    const char *why;
    struct agent_entry *agent = finder_pick(finder, replica, from, &why);
    const struct resources back = {.cores = -finder->needs.cores,
                                   .memory = -finder->needs.memory,
                                   .disk = -finder->needs.disk};

    if (agent != from || agent == NULL) {
        return agent;
    }
    finder_take(finder, from, &back);
    return NULL;
}
