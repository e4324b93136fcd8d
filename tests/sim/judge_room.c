/* The rules of placing once more, read off the documents. */
#include "tests/sim/check_policy.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_match.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/shim.h"

struct room {
    int64_t cores, memory, disk;
};

static struct room room_at(const struct node *object, const char *path)
{
    const struct node *at = node_find_path(object, path);
    struct room room = {0};

    (void)cores_from_str(text_at(at, "cores"), &room.cores);
    (void)quantity_from_str(text_at(at, "memory"), &room.memory);
    (void)quantity_from_str(text_at(at, "disk"), &room.disk);
    return room;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t total;

    return __builtin_add_overflow(a, b, &total) ? INT64_MAX : total;
}

static const struct node *session_by_uid(struct world *world, const char *uid)
{
    for (size_t i = 0; i < world->sessions->list.count; i++) {
        if (str_eq(text_at(world->sessions->list.items[i], "metadata.uid"), uid)) {
            return world->sessions->list.items[i];
        }
    }
    return NULL;
}

/* Of its own tasks: what failed there makes room for the next try. */
static bool makes_way(const struct node *copy, const struct node *session)
{
    return judge_has_tasks(session) && is_of(copy, session) &&
           str_eq(text_at(copy, "status.phase"), "Failed");
}

static bool has_room_for(struct world *world, const struct node *session, const struct node *agent,
                         int64_t copies)
{
    struct room all = room_at(agent, "status.capacity"), used = {0};
    struct room needs = room_at(session, "spec.workload.resources");

    if (__builtin_mul_overflow(needs.cores, copies, &needs.cores) ||
        __builtin_mul_overflow(needs.memory, copies, &needs.memory) ||
        __builtin_mul_overflow(needs.disk, copies, &needs.disk)) {
        return false;
    }
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const struct node *owner = session_by_uid(world, text_at(assignment, "spec.sessionUid"));

        if (owner != NULL && str_eq(text_at(assignment, "spec.agent"), name_of(agent)) &&
            !makes_way(assignment, session)) {
            struct room one = room_at(owner, "spec.workload.resources");

            used.cores = sum(used.cores, one.cores);
            used.memory = sum(used.memory, one.memory);
            used.disk = sum(used.disk, one.disk);
        }
    }
    return (needs.cores == 0 || sum(used.cores, needs.cores) <= all.cores) &&
           (needs.memory == 0 || sum(used.memory, needs.memory) <= all.memory) &&
           (needs.disk == 0 || sum(used.disk, needs.disk) <= all.disk);
}

bool judge_has_room(struct world *world, const struct node *session, const struct node *agent)
{
    return has_room_for(world, session, agent, 1);
}

bool judge_is_healthy(const struct node *agent)
{
    const struct node *condition = condition_of(agent, "Healthy");

    return condition == NULL || !str_eq(node_find_text(condition, "reason"), "BreakerOpen");
}

const struct node *judge_copy_on(struct world *world, const struct node *session,
                                 const struct node *agent)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];

        if (is_of(assignment, session) &&
            str_eq(text_at(assignment, "spec.agent"), name_of(agent))) {
            return assignment;
        }
    }
    return NULL;
}

bool judge_is_held_back(struct world *world, const struct node *placed, const struct node *agent)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *copy = world->assignments->list.items[i];
        const struct node *session = session_by_uid(world, text_at(copy, "spec.sessionUid"));
        const struct shim *shim = judge_process_of(world, copy);

        if (session == NULL || !str_eq(text_at(copy, "spec.agent"), name_of(agent)) ||
            makes_way(copy, placed)) {
            continue;
        }
        if (shim != NULL
                ? !judge_is_new_form(world, shim, session)
                : !str_eq(node_find_text(condition_of(session, "Converged"), "status"), "True")) {
            return true;
        }
    }
    return false;
}

/* What runs on every agent waits there for its policy, and an older program has none. */
static bool would_hold(struct world *world, const struct node *session, struct machine *machine)
{
    const struct node *policy = find_named(world->policies, text_at(session, "spec.policy"));

    return policy != NULL && !flag_at(session, "spec.everyAgent") &&
           machine->release != RELEASE_OLDER &&
           check_may_not_begin(machine, node_find(policy, "spec"));
}

static bool would_run(struct world *world, const struct node *session, const struct node *agent)
{
    struct machine *machine = machine_of(world, name_of(agent));

    return machine != NULL && !machine->is_lost && !machine->is_owner_paused && takes_work(agent) &&
           judge_is_healthy(agent) && !would_hold(world, session, machine) &&
           judge_matches(session, agent) && judge_has_room(world, session, agent);
}

bool judge_may_move(struct world *world, const struct node *session, const struct node *copy)
{
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];

        if (!str_eq(name_of(agent), text_at(copy, "spec.agent")) &&
            would_run(world, session, agent)) {
            return true;
        }
    }
    return false;
}

bool judge_is_tried_again(struct world *world, const struct node *session, const struct node *copy)
{
    const struct node *agent = find_named(world->agents, text_at(copy, "spec.agent"));

    return judge_has_tasks(session) && str_eq(text_at(copy, "status.phase"), "Failed") &&
           agent != NULL && would_run(world, session, agent);
}

static bool could_take(struct world *world, const struct node *session, const struct node *agent)
{
    return would_run(world, session, agent) && !judge_is_held_back(world, session, agent) &&
           judge_tasks_may_ask(session, world->assignments, name_of(agent)) &&
           !(flag_at(session, "spec.everyAgent") && judge_copy_on(world, session, agent) != NULL);
}

/* Replicas that find room at once, up to `most`. */
static int64_t places_for(struct world *world, const struct node *session, int64_t most)
{
    int64_t places = 0;

    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];
        int64_t here = 0;

        while (could_take(world, session, agent) && places + here < most &&
               has_room_for(world, session, agent, here + 1)) {
            here++;
        }
        places += here;
    }
    return places;
}

const struct node *judge_taker(struct world *world, const struct node *session)
{
    int64_t replicas = int_at(session, "spec.replicas", 1);

    if (is_gang(session) && places_for(world, session, replicas) < replicas) {
        return NULL;
    }
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];

        if (could_take(world, session, agent)) {
            return agent;
        }
    }
    return NULL;
}
