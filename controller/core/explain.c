/* Reasons as sentences. */
#include "controller/core/explain.h"

#include "controller/core/copy.h"
#include "controller/core/core.h"
#include "controller/core/foresee.h"
#include "controller/core/match.h"
#include "controller/core/plan.h"
#include "schema/base/parse.h"
#include "schema/emit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static void cores_to_words(int64_t cores, struct str *to)
{
    char text[QUANTITY_TEXT_SIZE];

    cores_to_str(cores < 0 ? 0 : cores, text);
    str_add(to, text);
}

/* What an agent has left of what it is refused for; nothing for other refusals. */
static void have_to_str(const struct session_entry *session, const struct agent_entry *agent,
                        const struct resources *free, enum place_refusal refusal, struct str *to)
{
    struct policy_verdict verdict;

    switch (refusal) {
    case REFUSED_CORES:
        cores_to_words(free->cores, to);
        break;
    case REFUSED_MEMORY:
        bytes_to_words(free->memory, to);
        break;
    case REFUSED_DISK:
        bytes_to_words(free->disk, to);
        break;
    case REFUSED_HELD:
        (void)foresee(&harvest_policy_of(session->policy->object)->spec, agent, false, &verdict);
        str_add(to, policy_reason_words[verdict.reason]);
        break;
    case REFUSED_SELECTOR:
    case REFUSED_REQUIREMENT:
    case REFUSED_AWAY:
    case REFUSED_PAUSED:
    case REFUSED_UNSCHEDULABLE:
    case REFUSED_BREAKER:
    case REFUSED_FULL:
    case REFUSED_PRESENT:
    case REFUSAL_COUNT:
        break;
    }
}

/* "lacks 512Mi free memory", or with more than one agent "lack …". */
static void refusal_to_str(const struct session_entry *session, const struct resources *needs,
                           enum place_refusal refusal, size_t demand, bool is_one, struct str *to)
{
    switch (refusal) {
    case REFUSED_SELECTOR:
        str_add(to, is_one ? "does not match the selector " : "do not match the selector ");
        selector_to_str(&session_spec(session)->selector, to);
        break;
    case REFUSED_REQUIREMENT:
        str_add(to, is_one ? "does not meet " : "do not meet ");
        demand_to_str(session, demand, to);
        break;
    case REFUSED_AWAY:
        str_add(to, is_one ? "is not connected" : "are not connected");
        break;
    case REFUSED_PAUSED:
        str_add(to, is_one ? "is paused by its owner" : "are paused by their owners");
        break;
    case REFUSED_UNSCHEDULABLE:
        str_add(to, is_one ? "is cordoned" : "are cordoned");
        break;
    case REFUSED_HELD:
        str_add(to, is_one ? "would only hold it back" : "would only hold it back");
        break;
    case REFUSED_BREAKER:
        str_add(to, is_one ? "rests after failed starts" : "rest after failed starts");
        break;
    case REFUSED_CORES:
        str_add(to, is_one ? "lacks " : "lack ");
        cores_to_words(needs->cores, to);
        str_add(to, needs->cores == 1000 ? " free core" : " free cores");
        break;
    case REFUSED_MEMORY:
    case REFUSED_DISK:
        str_add(to, is_one ? "lacks " : "lack ");
        bytes_to_words(refusal == REFUSED_MEMORY ? needs->memory : needs->disk, to);
        str_add(to, refusal == REFUSED_MEMORY ? " free memory" : " free disk");
        break;
    case REFUSED_FULL:
        str_add(to, is_one ? "holds as many assignments as it may"
                           : "hold as many assignments as they may");
        break;
    case REFUSED_PRESENT:
        str_add(to, is_one ? "runs it already" : "run it already");
        break;
    case REFUSAL_COUNT:
        str_add(to, is_one ? "can take it" : "can take it");
        break;
    }
}

void explain_refusal(const struct session_entry *session, const struct agent_entry *agent,
                     const struct resources *needs, enum place_refusal refusal, size_t demand,
                     struct str *to)
{
    struct resources free = place_free(agent);
    struct str have = STR_EMPTY;

    str_addf(to, "%s ", agent->object->meta.name);
    refusal_to_str(session, needs, refusal, demand, true, to);
    if (refusal == REFUSED_REQUIREMENT) {
        demand_have_to_str(session, demand, agent, &have);
    } else {
        have_to_str(session, agent, &free, refusal, &have);
    }
    if (have.length > 0) {
        str_addf(to, " (%s)", have.data);
    }
    str_fini(&have);
}

static void line_to_str(const struct session_entry *session, const struct resources *needs,
                        enum place_refusal refusal, size_t demand, const struct tally_line *line,
                        struct str *to)
{
    str_addf(to, "%zu ", line->count);
    refusal_to_str(session, needs, refusal, demand, line->count == 1, to);
    str_add(to, " (");
    for (size_t i = 0; i < line->count && i < TALLY_EXAMPLES; i++) {
        struct str have = STR_EMPTY;

        if (refusal == REFUSED_REQUIREMENT) {
            demand_have_to_str(session, demand, line->examples[i], &have);
        } else {
            have_to_str(session, line->examples[i], &line->free[i], refusal, &have);
        }
        str_addf(to, "%s%s%s%s", i == 0 ? "" : ", ", line->examples[i]->object->meta.name,
                 have.length > 0 ? " " : "", have.data);
        str_fini(&have);
    }
    str_add(to, line->count > TALLY_EXAMPLES ? ", …)" : ")");
}

static void tally_demands(const struct session_entry *session, const struct resources *needs,
                          const struct tally *tally, struct str *to)
{
    size_t begin = to->length;

    for (size_t i = 0; i < DEMANDS_MAX; i++) {
        if (tally->demands[i].count > 0) {
            str_add(to, to->length > begin ? ", " : "");
            line_to_str(session, needs, REFUSED_REQUIREMENT, i, &tally->demands[i], to);
        }
    }
}

void explain_tally(const struct session_entry *session, const struct resources *needs,
                   const struct tally *tally, struct str *to)
{
    size_t selected = tally->agents - tally->lines[REFUSED_SELECTOR].count;
    size_t matching = selected - tally->lines[REFUSED_REQUIREMENT].count;
    size_t begin;

    if (tally->agents == 0) {
        str_add(to, "no agent is known yet");
        return;
    }
    if (selected == 0) {
        str_addf(to, "none of %zu agent%s matches the selector ", tally->agents,
                 tally->agents == 1 ? "" : "s");
        selector_to_str(&session_spec(session)->selector, to);
        return;
    }
    if (matching == 0) {
        str_addf(to, "%zu agent%s the selector; ", selected,
                 selected == 1 ? " matches" : "s match");
        tally_demands(session, needs, tally, to);
        return;
    }
    str_addf(to, "%zu agent%s; ", matching, matching == 1 ? " matches" : "s match");
    begin = to->length;
    for (int refusal = REFUSED_AWAY; refusal < REFUSAL_COUNT; refusal++) {
        if (tally->lines[refusal].count > 0) {
            str_add(to, to->length > begin ? ", " : "");
            line_to_str(session, needs, (enum place_refusal)refusal, 0, &tally->lines[refusal], to);
        }
    }
    if (to->length == begin) {
        str_add(to, "all have been given a replica"); /* reached by the bound of probes alone */
    }
}

/* --- the resource stage of validation --------------------------------------------------------- */

/* Could the agent hold it if it held nothing else? */
static bool could_ever_hold(const struct agent_entry *agent, const struct resources *needs)
{
    const struct resources *capacity = &agent_status(agent)->capacity;

    return needs->cores <= capacity->cores && needs->memory <= capacity->memory &&
           needs->disk <= capacity->disk;
}

void check_resource(struct ctl *ctl, const struct object *object, struct problems *problems)
{
    struct session_entry session = {.object = (struct object *)object};
    const struct resources *needs = &session_spec(&session)->workload.resources;
    struct candidates candidates;
    struct str words = STR_EMPTY;
    size_t matching, holding = 0, selected;

    dlist_init(&session.assignments);
    demands_init(&session.demands, session_spec(&session));
    place_gather(&ctl->arena, &ctl->model, &session, needs, &candidates);
    selected = candidates.tally.agents - candidates.tally.lines[REFUSED_SELECTOR].count;
    matching = selected - candidates.tally.lines[REFUSED_REQUIREMENT].count;
    map_each (&ctl->model.objects[KIND_AGENT], it) {
        holding += place_may_stay(&session, it->value) && could_ever_hold(it->value, needs);
    }
    explain_tally(&session, needs, &candidates.tally, &words);
    if (candidates.tally.agents == 0) {
        /* The first manifest is often applied before the first agent comes. */
    } else if (selected == 0) {
        problem_add(problems, PROBLEM_WARNING, CAUSE_RESOURCE, NULL, "spec.selector", "%s",
                    words.data);
    } else if (matching == 0) {
        problem_add(problems, PROBLEM_WARNING, CAUSE_RESOURCE, NULL,
                    candidates.tally.demands[DEMAND_WHERE].count ==
                            candidates.tally.lines[REFUSED_REQUIREMENT].count
                        ? "spec.where"
                        : "spec.requirements",
                    "%s", words.data);
    } else if (holding == 0) {
        problem_add(problems, PROBLEM_WARNING, CAUSE_RESOURCE, NULL, "spec.workload.resources",
                    "%zu agent%s, but none is large enough, even when it is empty", matching,
                    matching == 1 ? " matches" : "s match");
    }
    str_fini(&words);
    demands_fini(&session.demands);
}
