/* Which replicas there are: what the session asks for, and what is left of what it asked for
 * before. */
#include "controller/core/replica.h"

#include "controller/core/copy.h"
#include "controller/core/tasks.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct lister {
    struct arena *arena;
    const struct plan_input *in;
    const struct harvest_session_spec *spec;
    const struct resources *needs;
    struct replicas *to;
};

bool agent_is_awaited(const struct plan_input *input, const struct agent_entry *agent)
{
    return agent->link == NULL && !agent->is_known && mono_before(input->now, input->awaited_until);
}

bool slot_number(const char *slot, int64_t *ret_number)
{
    bool is_canonical = slot[0] != '0' || slot[1] == '\0';

    return is_canonical && int_from_str(slot, ret_number) && *ret_number >= 0;
}

static int compare_slots(const char *a, const char *b)
{
    int64_t left, right;
    bool is_left = slot_number(a, &left), is_right = slot_number(b, &right);

    if (is_left && is_right) {
        return left < right ? -1 : left > right;
    }
    if (is_left != is_right) {
        return is_left ? -1 : 1;
    }
    return strcmp(a, b);
}

static bool is_away(const struct assignment_entry *copy)
{
    return copy->agent == NULL || copy->agent->link == NULL;
}

/* Leaving ones last; before them the youngest, as far as the clock can be trusted, of those that
 * can be asked. */
static int compare_copies(const void *a, const void *b)
{
    const struct assignment_entry *left = *(struct assignment_entry *const *)a;
    const struct assignment_entry *right = *(struct assignment_entry *const *)b;
    const struct meta *meta_left = &left->object->meta, *meta_right = &right->object->meta;
    int order = compare_slots(assignment_spec(left)->slot, assignment_spec(right)->slot);

    if (order != 0) {
        return order;
    }
    if (object_is_deleting(left->object) != object_is_deleting(right->object)) {
        return object_is_deleting(left->object) ? 1 : -1;
    }
    if (is_away(left) != is_away(right)) {
        return is_away(left) ? -1 : 1;
    }
    if (meta_left->created.ms != meta_right->created.ms) {
        return meta_left->created.ms < meta_right->created.ms ? -1 : 1;
    }
    return strcmp(meta_left->name, meta_right->name);
}

/* Most are there in this order already: they were made in it.  The others are sorted by themselves
 * and put between them, from the end. */
static void sort_copies(struct arena *arena, struct assignment_entry **copies, size_t count)
{
    struct assignment_entry **strays =
        arena_array(arena, count + 1, sizeof(struct assignment_entry *));
    size_t kept = 0, stray_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && compare_copies(&copies[kept - 1], &copies[i]) > 0) {
            strays[stray_count++] = copies[i];
        } else {
            copies[kept++] = copies[i];
        }
    }
    qsort(strays, stray_count, sizeof(struct assignment_entry *), compare_copies);
    for (size_t to = count; stray_count > 0;) {
        if (kept > 0 && compare_copies(&copies[kept - 1], &strays[stray_count - 1]) > 0) {
            copies[--to] = copies[--kept];
        } else {
            copies[--to] = strays[--stray_count];
        }
    }
}

static struct assignment_entry **sorted_copies(struct lister *l, size_t *ret_count)
{
    struct session_entry *session = l->in->session;
    struct assignment_entry **copies =
        arena_array(l->arena, session->assignment_count + 1, sizeof(struct assignment_entry *));
    size_t count = 0;

    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        assert(count < session->assignment_count);
        copies[count++] = it;
    }
    l->in->counters->assignments_examined += count;
    sort_copies(l->arena, copies, count);
    *ret_count = count;
    return copies;
}

struct replica *replicas_add(struct arena *arena, struct replicas *replicas, const char *name)
{
    struct replica *replica;

    replicas->items = arena_grow(arena, replicas->items, replicas->count, sizeof(struct replica));
    replica = &replicas->items[replicas->count++];
    *replica = (struct replica){.name = name};
    return replica;
}

static struct replica *add_replica(struct lister *l, const char *name)
{
    return replicas_add(l->arena, l->to, name);
}

/* The copies from `first` on that are of one slot. */
size_t replica_run_length(struct assignment_entry **first, size_t count)
{
    const char *slot = assignment_spec(first[0])->slot;
    size_t length = 1;

    while (length < count && str_eq(assignment_spec(first[length])->slot, slot)) {
        length++;
    }
    return length;
}

void replica_give(struct replica *replica, struct assignment_entry **first, size_t count)
{
    replica->copies = first;
    replica->copy_count = count;
    while (replica->live_count < count && !object_is_deleting(first[replica->live_count]->object)) {
        replica->live_count++;
    }
}

static void list_numbered(struct lister *l, struct assignment_entry **copies, size_t count)
{
    bool is_ending = object_is_deleting(l->in->session->object);
    int64_t wanted = is_ending ? 0 : harvest_session_replicas(l->spec);
    int64_t number;

    wanted -= MUTANT(ONE_REPLICA_LESS) && wanted > 2;
    for (int64_t i = 0; i < wanted; i++) {
        (void)add_replica(l, arena_printf(l->arena, "%" PRId64, i));
    }
    for (size_t i = 0; i < count;) {
        const char *slot = assignment_spec(copies[i])->slot;
        size_t length = replica_run_length(&copies[i], count - i);
        struct replica *replica;

        if (slot_number(slot, &number) && number < wanted) {
            replica = &l->to->items[number];
        } else {
            replica = add_replica(l, slot);
            replica->unwanted =
                is_ending ? "the session is being deleted"
                          : arena_printf(l->arena, "the session asks for %" PRId64 " replica%s now",
                                         wanted, wanted == 1 ? "" : "s");
        }
        replica_give(replica, &copies[i], length);
        i += length;
    }
}

/* What ended for good has no process, and would begin again on an agent that has work once more. */
static bool has_ended(const struct lister *l, const struct assignment_entry *copy)
{
    return copy_is_done(copy) ||
           (copy_has_failed(copy) && l->spec->workload.restart == RESTART_NEVER);
}

static bool is_drained(const struct lister *l, const struct replica *replica)
{
    bool has_ended_all = replica->live_count > 0;

    for (size_t i = 0; i < replica->live_count; i++) {
        has_ended_all = has_ended_all && has_ended(l, replica->copies[i]);
    }
    return agent_spec(replica->home)->drain != DRAIN_NEVER && !has_ended_all &&
           !MUTANT(DRAIN_IGNORED);
}

static const char *unwanted_at(struct lister *l, const struct replica *replica)
{
    if (object_is_deleting(l->in->session->object)) {
        return "the session is being deleted";
    }
    if (replica->home == NULL) {
        return "its agent is no longer there";
    }
    if (!place_may_stay(l->in->session, replica->home)) {
        return arena_printf(l->arena, "the session no longer selects %s", replica->name);
    }
    if (is_drained(l, replica)) {
        MARK("what runs on every agent ends on one that is drained");
        return arena_printf(l->arena, "%s is being drained", replica->name);
    }
    return NULL;
}

static void scan_agents(struct lister *l)
{
    const struct map *agents = &l->in->model->objects[KIND_AGENT];

    l->in->counters->agents_examined += agents->count;
    map_each (agents, it) {
        struct agent_entry *agent = it->value;
        size_t demand;

        switch (place_judge(l->in->session, agent, l->needs, &demand)) {
        case REFUSED_SELECTOR:
        case REFUSED_REQUIREMENT:
        case REFUSED_AWAY:
        case REFUSED_PAUSED:
        case REFUSED_UNSCHEDULABLE:
        case REFUSED_HELD:
        case REFUSED_PRESENT:
            break; /* not wanted there, or there already */
        case REFUSED_BREAKER:
        case REFUSED_CORES:
        case REFUSED_MEMORY:
        case REFUSED_DISK:
        case REFUSED_FULL:
        case REFUSAL_COUNT:
            if (!place_is_present(l->in->session, agent)) {
                add_replica(l, agent->object->meta.name)->home = agent;
            }
            break;
        }
    }
}

static int compare_replicas(const void *a, const void *b)
{
    const struct replica *left = a, *right = b;

    return compare_slots(left->name, right->name);
}

void replicas_sort(struct replicas *replicas)
{
    if (replicas->count > 0) {
        qsort(replicas->items, replicas->count, sizeof(struct replica), compare_replicas);
    }
}

static void list_every_agent(struct lister *l, struct assignment_entry **copies, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t length = replica_run_length(&copies[i], count - i);
        struct replica *replica = add_replica(l, assignment_spec(copies[i])->slot);

        replica_give(replica, &copies[i], length);
        replica->home = model_agent(l->in->model, replica->name);
        replica->unwanted = unwanted_at(l, replica);
        replica->is_idle = replica->unwanted == NULL && replica->home->link == NULL &&
                           (replica->live_count == 0 || !agent_is_awaited(l->in, replica->home));
        i += length;
    }
    if (l->in->session->is_scan_due && l->in->template != NULL &&
        !object_is_deleting(l->in->session->object)) {
        scan_agents(l);
        replicas_sort(l->to);
    }
}

void replicas_list(struct arena *arena, const struct plan_input *input,
                   const struct resources *needs, struct tasks *tasks,
                   struct replicas *ret_replicas)
{
    struct lister lister = {arena, input, session_spec(input->session), needs, ret_replicas};
    struct assignment_entry **copies;
    size_t count;

    *ret_replicas = (struct replicas){0};
    copies = sorted_copies(&lister, &count);
    if (tasks != NULL) {
        tasks_list(tasks, arena, input, copies, count, ret_replicas);
    } else if (lister.spec->every_agent) {
        list_every_agent(&lister, copies, count);
    } else {
        list_numbered(&lister, copies, count);
    }
}

bool replica_is_down(const struct replica *replica)
{
    for (size_t i = 0; i < replica->live_count; i++) {
        if (copy_is_ok(replica->copies[i])) {
            return false;
        }
    }
    return true;
}
