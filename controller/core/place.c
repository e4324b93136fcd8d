/* The rules of controller/core/place.h, under their numbers.
 *
 * Rules 1 to 4 do not depend on which replica is placed: one walk over the agents gathers those
 * they allow, and each pick then looks at those alone. */
#include "controller/core/place.h"

#include "controller/core/foresee.h"
#include "controller/core/match.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

unsigned place_rule(enum place_refusal refusal)
{
    switch (refusal) {
    case REFUSED_SELECTOR:
        return 1;
    case REFUSED_REQUIREMENT:
        return 2;
    case REFUSED_AWAY:
    case REFUSED_PAUSED:
    case REFUSED_UNSCHEDULABLE:
    case REFUSED_HELD:
        return 3;
    case REFUSED_BREAKER:
        return 4;
    case REFUSED_CORES:
    case REFUSED_MEMORY:
    case REFUSED_DISK:
    case REFUSED_FULL:
        return 5;
    case REFUSED_PRESENT:
        return 6;
    case REFUSAL_COUNT:
        break;
    }
    return 0;
}

static bool breaker_allows(const struct agent_entry *agent)
{
    switch (agent->breaker.state) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        return false;
    case BREAKER_HALF_OPEN:
        return agent->breaker.probe[0] == '\0';
    }
    return false;
}

static size_t count_of_session(const struct session_entry *session, const struct agent_entry *agent)
{
    size_t count = 0;

    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        count += it->session == session;
    }
    return count;
}

struct resources place_free(const struct agent_entry *agent)
{
    const struct resources *capacity = &agent_status(agent)->capacity;

    return (struct resources){
        .cores = capacity->cores - agent->used.cores,
        .memory = capacity->memory - agent->used.memory,
        .disk = capacity->disk - agent->used.disk,
    };
}

/* 5.  What is not needed always fits, also on an agent that holds too much already. */
static enum place_refusal judge_capacity(const struct resources *free,
                                         const struct resources *needs, size_t places)
{
    if (needs->cores > 0 && needs->cores > free->cores) {
        return REFUSED_CORES;
    }
    if (needs->memory > 0 && needs->memory > free->memory) {
        return REFUSED_MEMORY;
    }
    if (needs->disk > 0 && needs->disk > free->disk) {
        return REFUSED_DISK;
    }
    return places == 0 ? REFUSED_FULL : REFUSAL_COUNT;
}

static size_t places_of(const struct agent_entry *agent)
{
    return agent->assignment_count >= ASSIGNMENTS_PER_AGENT_MAX
               ? 0
               : ASSIGNMENTS_PER_AGENT_MAX - agent->assignment_count;
}

bool place_heeds_readings(const struct session_entry *session)
{
    return session->demands.are_volatile ||
           (session->policy != NULL && !session_spec(session)->every_agent);
}

/* What shall run on every agent waits there for its policy; of what runs on some nobody is asked
 * who would only hold it back. */
static bool is_held(const struct session_entry *session, const struct agent_entry *agent)
{
    struct policy_verdict verdict;

    return session->policy != NULL && !session_spec(session)->every_agent &&
           foresee(&harvest_policy_of(session->policy->object)->spec, agent, false, &verdict);
}

/* 1 to 4. */
static enum place_refusal judge_agent(const struct session_entry *session,
                                      const struct agent_entry *agent, size_t *ret_demand)
{
    const struct harvest_session_spec *spec = session_spec(session);

    /* 1 */
    if (!match_selector(&spec->selector, &agent->object->meta.labels) &&
        !MUTANT(SELECTOR_IGNORED)) {
        return REFUSED_SELECTOR;
    }
    /* 2 */
    if (!demands_are_met(&session->demands, agent, ret_demand)) {
        return REFUSED_REQUIREMENT;
    }
    /* 3 */
    if (agent->link == NULL) {
        return REFUSED_AWAY;
    }
    if (agent_status(agent)->paused) {
        return REFUSED_PAUSED;
    }
    if (!agent_spec_takes_work(agent_spec(agent)) && !MUTANT(PLACE_ON_CORDONED)) {
        return REFUSED_UNSCHEDULABLE;
    }
    if (is_held(session, agent)) {
        return REFUSED_HELD;
    }
    /* 4 */
    return breaker_allows(agent) ? REFUSAL_COUNT : REFUSED_BREAKER;
}

enum place_refusal place_judge(const struct session_entry *session, const struct agent_entry *agent,
                               const struct resources *needs, size_t *ret_demand)
{
    enum place_refusal refusal = judge_agent(session, agent, ret_demand);
    struct resources free = place_free(agent);

    if (refusal != REFUSAL_COUNT) {
        return refusal;
    }
    /* 5 */
    refusal = judge_capacity(&free, needs, places_of(agent));
    if (refusal != REFUSAL_COUNT) {
        return refusal;
    }
    /* 6 */
    return session_spec(session)->every_agent && place_is_present(session, agent) ? REFUSED_PRESENT
                                                                                  : REFUSAL_COUNT;
}

bool place_is_present(const struct session_entry *session, const struct agent_entry *agent)
{
    return count_of_session(session, agent) > 0;
}

bool place_could_take(const struct session_entry *session, const struct agent_entry *agent)
{
    size_t demand;

    return place_judge(session, agent, &session_spec(session)->workload.resources, &demand) ==
           REFUSAL_COUNT;
}

bool place_may_stay(const struct session_entry *session, const struct agent_entry *agent)
{
    return match_selector(&session_spec(session)->selector, &agent->object->meta.labels) &&
           demands_let_stay(&session->demands, agent);
}

static int64_t more_of(int64_t needs, int64_t used)
{
    return needs > used ? needs - used : 0;
}

enum place_refusal place_judge_instead(const struct assignment_entry *assignment,
                                       const struct resources *needs, const struct resources *taken,
                                       struct resources *ret_more)
{
    struct resources free = place_free(assignment->agent);

    /* Only what grows can make it misfit: an agent that shrank keeps what it has. */
    *ret_more = (struct resources){.cores = more_of(needs->cores, assignment->used.cores),
                                   .memory = more_of(needs->memory, assignment->used.memory),
                                   .disk = more_of(needs->disk, assignment->used.disk)};
    if (taken != NULL) {
        free.cores -= taken->cores;
        free.memory -= taken->memory;
        free.disk -= taken->disk;
    }
    return judge_capacity(&free, ret_more, 1);
}

enum place_refusal place_judge_again(const struct assignment_entry *ended,
                                     const struct resources *needs, const struct resources *taken)
{
    struct resources free = place_free(ended->agent);

    free.cores += ended->used.cores - (taken == NULL ? 0 : taken->cores);
    free.memory += ended->used.memory - (taken == NULL ? 0 : taken->memory);
    free.disk += ended->used.disk - (taken == NULL ? 0 : taken->disk);
    return judge_capacity(&free, needs, 1);
}

/* --- gathering and picking -------------------------------------------------------------------- */

static void count_line(struct tally_line *line, const struct agent_entry *agent,
                       const struct resources *free)
{
    if (line->count < TALLY_EXAMPLES) {
        line->examples[line->count] = agent;
        line->free[line->count] = *free;
    }
    line->count++;
}

static void count_refusal(struct tally *tally, enum place_refusal refusal, size_t demand,
                          const struct agent_entry *agent, const struct resources *free)
{
    count_line(&tally->lines[refusal], agent, free);
    if (refusal == REFUSED_REQUIREMENT) {
        count_line(&tally->demands[demand], agent, free);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct agent_entry *const *left = a, *const *right = b;

    return strcmp((*left)->object->meta.name, (*right)->object->meta.name);
}

static struct agent_entry **agents_by_name(struct arena *arena, const struct model *model,
                                           size_t *ret_count)
{
    const struct map *map = &model->objects[KIND_AGENT];
    struct agent_entry **agents = arena_array(arena, map->count + 1, sizeof(struct agent_entry *));
    size_t count = 0;

    map_each (map, it) {
        agents[count++] = it->value;
    }
    qsort(agents, count, sizeof(struct agent_entry *), compare_names);
    *ret_count = count;
    return agents;
}

void place_gather(struct arena *arena, const struct model *model,
                  const struct session_entry *session, const struct resources *needs,
                  struct candidates *ret_candidates)
{
    size_t count, demand = 0;
    struct agent_entry **agents = agents_by_name(arena, model, &count);
    bool is_probe_alone = session_spec(session)->gang.deadline_ms == 0; /* a gang comes whole */

    *ret_candidates = (struct candidates){.needs = *needs};
    ret_candidates->items = arena_array(arena, count + 1, sizeof(struct candidate));
    ret_candidates->tally.agents = count;
    for (size_t i = 0; i < count; i++) {
        enum place_refusal refusal = judge_agent(session, agents[i], &demand);
        struct resources free = place_free(agents[i]);

        if (refusal != REFUSAL_COUNT) {
            count_refusal(&ret_candidates->tally, refusal, demand, agents[i], &free);
            continue;
        }
        ret_candidates->items[ret_candidates->count++] = (struct candidate){
            .agent = agents[i],
            .free = free,
            .places = is_probe_alone && agents[i]->breaker.state == BREAKER_HALF_OPEN
                          ? 1
                          : places_of(agents[i]),
            .of_session = count_of_session(session, agents[i]),
        };
    }
}

void place_tally(const struct candidates *candidates, struct tally *ret_tally)
{
    *ret_tally = candidates->tally;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *it = &candidates->items[i];
        enum place_refusal refusal = judge_capacity(&it->free, &candidates->needs, it->places);

        if (refusal != REFUSAL_COUNT) {
            count_refusal(ret_tally, refusal, 0, it->agent, &it->free);
        }
    }
}

/* (free - needs) / capacity of one against the other, without dividing. */
static int compare_share(const struct candidate *a, const struct candidate *b,
                         const struct resources *needs)
{
    __int128 capacity_a = agent_status(a->agent)->capacity.cores;
    __int128 capacity_b = agent_status(b->agent)->capacity.cores;
    __int128 left = (a->free.cores - needs->cores) * (capacity_b < 1 ? 1 : capacity_b);
    __int128 right = (b->free.cores - needs->cores) * (capacity_a < 1 ? 1 : capacity_a);

    return left > right ? -1 : left < right;
}

int place_compare(const struct candidate *a, const struct candidate *b,
                  const struct resources *needs)
{
    int order;

    /* b */
    if (a->is_avoided != b->is_avoided) {
        return a->is_avoided ? 1 : -1;
    }
    /* c */
    if (a->held_times != b->held_times) {
        return a->held_times < b->held_times ? -1 : 1;
    }
    /* d */
    if (a->agent->breaker.failures != b->agent->breaker.failures) {
        return a->agent->breaker.failures < b->agent->breaker.failures ? -1 : 1;
    }
    /* e */
    if (a->of_session != b->of_session) {
        return a->of_session < b->of_session ? -1 : 1;
    }
    /* f */
    order = compare_share(a, b, needs);
    /* g */
    return order != 0 ? order : strcmp(a->agent->object->meta.name, b->agent->object->meta.name);
}

void place_take(struct candidates *candidates, const struct agent_entry *agent,
                const struct resources *more)
{
    size_t low = 0, high = candidates->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_names(&candidates->items[middle].agent, &agent) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < candidates->count && candidates->items[low].agent == agent) {
        candidates->items[low].free.cores -= more->cores;
        candidates->items[low].free.memory -= more->memory;
        candidates->items[low].free.disk -= more->disk;
    }
}

size_t place_bar(struct candidates *candidates,
                 bool (*is_barred)(const void *context, const char *agent), const void *context)
{
    size_t count = 0;

    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *it = &candidates->items[i];

        it->is_barred = is_barred != NULL && is_barred(context, it->agent->object->meta.name);
        count += it->is_barred;
    }
    return count;
}

struct agent_entry *place_pick(struct candidates *candidates, const struct agent_entry *avoid)
{
    const struct resources *needs = &candidates->needs;
    struct candidate *best = NULL;

    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *it = &candidates->items[i];

        it->is_avoided = it->agent == avoid;
        if (!it->is_barred && judge_capacity(&it->free, needs, it->places) == REFUSAL_COUNT &&
            (best == NULL || place_compare(it, best, needs) < 0)) {
            best = it;
        }
    }
    if (best == NULL) {
        return NULL;
    }
    if (!MUTANT(ROOM_TAKEN_TWICE)) {
        best->free.cores -= needs->cores;
        best->free.memory -= needs->memory;
        best->free.disk -= needs->disk;
    }
    best->places--;
    best->of_session++;
    return best->agent;
}
