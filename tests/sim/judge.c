#include "tests/sim/judge.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/sim/check_policy.h"
#include "tests/sim/controller.h"
#include "tests/sim/http.h"
#include "tests/sim/judge_match.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/restore.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ASK_STEP_MS = 5, ASK_MAX_MS = 20000, LOOKS_MAX = 5 };

/* --- asking ----------------------------------------------------------------------------------- */

struct asking {
    bool is_done;
    int code;
    struct blob *body; /* owned */
};

static void on_answer(struct sim *sim, void *who, int code, const struct blob *body)
{
    struct asking *asking = who;

    (void)sim;
    asking->is_done = true;
    asking->code = code;
    asking->body = body == NULL ? NULL : blob_new(body->data, body->size_bytes);
}

struct answer_got judge_send(struct sim *sim, struct arena *arena,
                             const struct http_request *request)
{
    struct asking asking = {.code = 0};
    struct http_client client = {.answered = on_answer, .who = &asking};
    struct answer_got got = {.code = 0};
    uint64_t id = http_send(sim, request, &client);
    struct problems problems;

    for (int64_t waited_ms = 0; !asking.is_done && !sim->has_failed && waited_ms < ASK_MAX_MS;
         waited_ms += ASK_STEP_MS) {
        sim_pass(sim, ASK_STEP_MS);
    }
    if (!asking.is_done) {
        http_close(sim, id); /* `asking` ends with this call */
        return got;
    }
    got.code = asking.code;
    problems_init(&problems, arena, NULL);
    if (asking.body != NULL && asking.body->size_bytes > 0 &&
        json_parse(arena, asking.body->data, asking.body->size_bytes, JSON_PLAIN, &problems,
                   &got.root) < 0) {
        sim_fail(sim, "answers", "%s is answered with what is no JSON: %.100s", request->target,
                 asking.body->data);
    }
    blob_unref(asking.body);
    return got;
}

struct answer_got judge_ask(struct sim *sim, struct arena *arena, const char *method,
                            const char *target, const char *content_type, const char *body)
{
    struct http_request request = {.method = method,
                                   .target = target,
                                   .content_type = content_type,
                                   .accept = "application/json",
                                   .user_agent = "judge/0.1",
                                   .user = "judge",
                                   .body = body,
                                   .body_size_bytes = body == NULL ? 0 : strlen(body)};

    return judge_send(sim, arena, &request);
}

struct world {
    struct sim *sim;
    struct arena arena;
    const struct node *sessions, *assignments, *agents, *policies; /* lists */
    struct str *why;
};

static const struct node *list_of(struct world *world, const char *plural)
{
    char target[64];
    struct answer_got got;

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", plural);
    got = judge_ask(world->sim, &world->arena, "GET", target, NULL, NULL);
    return got.code == 200 ? node_find(got.root, "items") : NULL;
}

/* All four as of one moment, or false. */
static bool look(struct world *world)
{
    world->sessions = list_of(world, "harvestsessions");
    world->assignments = list_of(world, "assignments");
    world->agents = list_of(world, "agents");
    world->policies = list_of(world, "harvestpolicies");
    return world->sessions != NULL && world->assignments != NULL && world->agents != NULL &&
           world->policies != NULL;
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *text_at(const struct node *object, const char *path)
{
    const char *text = node_text(node_find_path(object, path));

    return text == NULL ? "" : text;
}

static const char *name_of(const struct node *object)
{
    return text_at(object, "metadata.name");
}

static bool flag_at(const struct node *object, const char *path)
{
    const struct node *node = node_find_path(object, path);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

static int64_t int_at(const struct node *object, const char *path, int64_t fallback)
{
    const struct node *node = node_find_path(object, path);

    return node != NULL && node->type == NODE_INT ? node->integer : fallback;
}

static int64_t duration_at(const struct node *object, const char *path, int64_t fallback_ms)
{
    int64_t ms;

    return duration_from_str(text_at(object, path), &ms) ? ms : fallback_ms;
}

static const struct node *find_named(const struct node *list, const char *name)
{
    for (size_t i = 0; i < list->list.count; i++) {
        if (str_eq(name_of(list->list.items[i]), name)) {
            return list->list.items[i];
        }
    }
    return NULL;
}

static const struct node *condition_of(const struct node *object, const char *type)
{
    const struct node *conditions = node_find_path(object, "status.conditions");

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

static bool object(struct world *world, const char *format, ...) _printf_(2, 3);

/* "I object": adds a reason, once; always false. */
static bool object(struct world *world, const char *format, ...)
{
    char text[400];
    va_list args;

    if (world->why->length == 0) {
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        str_add(world->why, text);
    }
    return false;
}

/* --- what there is ---------------------------------------------------------------------------- */

static bool is_of(const struct node *assignment, const struct node *session)
{
    return str_eq(text_at(assignment, "spec.sessionUid"), text_at(session, "metadata.uid"));
}

static bool is_leaving(const struct node *assignment)
{
    return text_at(assignment, "metadata.deletionTimestamp")[0] != '\0';
}

static struct machine *machine_of(struct world *world, const char *name)
{
    return machine_named(world->sim, name);
}

static const struct shim *process_of(struct world *world, const struct node *assignment)
{
    struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));
    const char *uid = text_at(assignment, "metadata.uid");

    if (machine != NULL) {
        vec_each (&machine->shims, it) {
            if ((*it)->has_process && str_eq((*it)->uid, uid)) {
                return *it;
            }
        }
    }
    return NULL;
}

/* A policy that is missing changes nothing. */
static bool has_limits_of(const struct world *world, const struct shim *shim,
                          const struct node *session)
{
    const struct node *policy = find_named(world->policies, text_at(session, "spec.policy"));
    int64_t share =
        policy == NULL ? 0 : judge_share(shim, int_at(policy, "spec.limits.cpuPercent", 0));

    return policy == NULL ||
           (shim->cpu_limit - share >= 0 && shim->cpu_limit - share <= 1 &&
            shim->memory_percent == int_at(policy, "spec.limits.memoryPercent", 0));
}

static bool is_new_form(struct world *world, const struct shim *shim, const struct node *session)
{
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *command = "";

    for (size_t i = 0; i < words->list.count; i++) {
        command = arena_printf(&world->arena, "%s%s%s", command, i > 0 ? " " : "",
                               node_text(words->list.items[i]));
    }
    return str_eq(shim->command, command) &&
           str_eq(shim->version, text_at(session, "spec.workload.environment.VERSION")) &&
           has_limits_of(world, shim, session);
}

/* Every process belongs to an assignment that wants it, there. */
static bool nothing_else_runs(struct world *world)
{
    for (size_t i = 0; i < world->sim->machine_count; i++) {
        vec_each (&world->sim->machines[i]->shims, it) {
            const struct shim *shim = *it;
            bool is_wanted = false;

            for (size_t k = 0; shim->has_process && k < world->assignments->list.count; k++) {
                const struct node *assignment = world->assignments->list.items[k];

                is_wanted = is_wanted || (str_eq(text_at(assignment, "metadata.uid"), shim->uid) &&
                                          str_eq(text_at(assignment, "spec.agent"),
                                                 shim->machine->options.name) &&
                                          !is_leaving(assignment));
            }
            if (shim->has_process && shim->is_frozen && !shim->machine->is_owner_paused) {
                return object(world, "%s/%s stands still on %s, and nobody paused it",
                              shim->session, shim->slot, shim->machine->name);
            }
            if (shim->has_process && !is_wanted) {
                return object(world, "%s/%s runs on %s, and no assignment wants it there",
                              shim->session, shim->slot, shim->machine->name);
            }
        }
    }
    return true;
}

/* --- who could take a replica ----------------------------------------------------------------- */

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

/* Is there room beside what is placed on it?  What each one needs is read off its session.  What is
 * not needed fits in any case. */
static bool has_room(struct world *world, const struct node *session, const struct node *agent)
{
    struct room all = room_at(agent, "status.capacity"), used = {0};
    struct room needs = room_at(session, "spec.workload.resources");

    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const struct node *owner = session_by_uid(world, text_at(assignment, "spec.sessionUid"));

        if (owner != NULL && str_eq(text_at(assignment, "spec.agent"), name_of(agent))) {
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

static bool is_healthy(const struct node *agent)
{
    const struct node *condition = condition_of(agent, "Healthy");

    return condition == NULL || !str_eq(node_find_text(condition, "reason"), "BreakerOpen");
}

/* The copy of a session on an agent; NULL when there is none. */
static const struct node *copy_on(struct world *world, const struct node *session,
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

/* What was placed there in an old form needs what nobody can read off its session. */
static bool is_held_back(struct world *world, const struct node *agent)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *copy = world->assignments->list.items[i];
        const struct node *session = session_by_uid(world, text_at(copy, "spec.sessionUid"));
        const struct shim *shim = process_of(world, copy);

        if (session == NULL || !str_eq(text_at(copy, "spec.agent"), name_of(agent))) {
            continue;
        }
        if (shim != NULL
                ? !is_new_form(world, shim, session)
                : !str_eq(node_find_text(condition_of(session, "Converged"), "status"), "True")) {
            return true;
        }
    }
    return false;
}

/* What runs on every agent waits there for its policy. */
static bool would_hold(struct world *world, const struct node *session, struct machine *machine)
{
    const struct node *policy = find_named(world->policies, text_at(session, "spec.policy"));

    return policy != NULL && !flag_at(session, "spec.everyAgent") &&
           check_is_forbidden(machine, node_find(policy, "spec"));
}

/* An agent that could take one more replica now; NULL when none. */
static const struct node *taker_of(struct world *world, const struct node *session)
{
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];
        struct machine *machine = machine_of(world, name_of(agent));

        if (machine != NULL && !machine->is_lost && !flag_at(agent, "spec.unschedulable") &&
            is_healthy(agent) && !would_hold(world, session, machine) &&
            judge_matches(session, agent) && has_room(world, session, agent) &&
            !is_held_back(world, agent) &&
            !(flag_at(session, "spec.everyAgent") && copy_on(world, session, agent) != NULL)) {
            return agent;
        }
    }
    return NULL;
}

/* --- one session ------------------------------------------------------------------------------ */

static bool may_fail(struct world *world, const struct node *session)
{
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *verb = node_text(words->list.items[0]);
    const struct faults *faults = &world->sim->faults;

    return str_eq(verb, "fail") || str_eq(verb, "missing") || str_eq(verb, "flaky") ||
           faults->is_on[FAULT_WORKLOAD_DIES] || faults->is_on[FAULT_SHIM_KILLED] ||
           faults->is_on[FAULT_WORK_UNSTARTABLE] || faults->is_on[FAULT_WORK_DIES_AT_ONCE] ||
           faults->is_on[FAULT_WORK_RACES_STOP] || faults->is_on[FAULT_AGENT_FULL] ||
           faults->is_on[FAULT_AGENT_RESTORED] || faults->is_on[FAULT_AGENT_ROT] ||
           faults->is_on[FAULT_AGENT_CLONED] || faults->is_on[FAULT_AGENT_POWER_IN_SAVE] ||
           faults->is_on[FAULT_AGENT_CRASH_STARTING] || faults->is_on[FAULT_AGENT_REBOOT] ||
           faults->is_on[FAULT_AGENT_CRASH] || faults->is_on[FAULT_UPGRADE];
}

static bool is_on_lost(struct world *world, const struct node *assignment)
{
    const struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));

    return machine == NULL || machine->is_lost;
}

static bool has_copy_on_lost(struct world *world, const struct node *session)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];

        if (is_of(assignment, session) && is_on_lost(world, assignment)) {
            return true;
        }
    }
    return false;
}

/* says-why: is the reason a true one, which time alone does not remove? */
static bool is_excused(struct world *world, const struct node *session, const char *reason)
{
    const struct node *taker;

    if (str_eq(reason, "PolicyMissing")) {
        return find_named(world->policies, text_at(session, "spec.policy")) == NULL;
    }
    if (str_eq(reason, "RolloutPaused")) {
        return flag_at(session, "spec.rollout.pause");
    }
    if (str_eq(reason, "GivenUp") || str_eq(reason, "Failed")) {
        return may_fail(world, session) || flag_at(session, "spec.rollout.pause") ||
               judge_has_tasks(session); /* what failed in an earlier form stays so */
    }
    if (str_eq(reason, "AgentAway")) {
        return has_copy_on_lost(world, session);
    }
    if (str_eq(reason, "NoAgent")) {
        taker = taker_of(world, session);
        return taker == NULL || object(world, "%s says that no agent can take it, and %s could",
                                       name_of(session), name_of(taker));
    }
    return false;
}

struct count {
    size_t copies, done, running, doubled, old_form;
};

static void count_copies(struct world *world, const struct node *session, struct count *count)
{
    *count = (struct count){0};
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const char *phase = text_at(assignment, "status.phase");
        const struct shim *shim;

        if (!is_of(assignment, session) || is_leaving(assignment)) {
            continue;
        }
        count->copies++;
        shim = process_of(world, assignment);
        if (shim != NULL) {
            count->running++;
            count->old_form += !is_new_form(world, shim, session);
        } else if (str_eq(phase, "Succeeded")) {
            count->done++;
        }
        for (size_t k = 0; k < i; k++) {
            const struct node *other = world->assignments->list.items[k];

            /* One on a lost machine stays until that is back, or the other copy is well. */
            count->doubled += is_of(other, session) && !is_leaving(other) &&
                              !is_on_lost(world, other) && !is_on_lost(world, assignment) &&
                              str_eq(text_at(other, "spec.slot"), text_at(assignment, "spec.slot"));
        }
    }
}

static size_t wanted_of(struct world *world, const struct node *session)
{
    size_t wanted = 0;

    if (!flag_at(session, "spec.everyAgent")) {
        return (size_t)int_at(session, "spec.replicas", 1);
    }
    for (size_t i = 0; i < world->agents->list.count; i++) {
        const struct node *agent = world->agents->list.items[i];
        struct machine *machine = machine_of(world, name_of(agent));
        const struct node *copy = copy_on(world, session, agent);
        bool may_begin = !flag_at(agent, "spec.unschedulable") && is_healthy(agent);

        if (machine == NULL || machine->is_lost) { /* what is not done is wanted when it is back */
            wanted += copy != NULL && str_eq(text_at(copy, "status.phase"), "Succeeded");
            continue;
        }
        may_begin = may_begin && has_room(world, session, agent) && !is_held_back(world, agent);
        wanted += copy != NULL ? judge_may_stay(session, agent)
                               : may_begin && judge_matches(session, agent);
    }
    return wanted;
}

/* Whatever else there is to say, as many are under way as may be and find room. */
static bool tasks_go_on(struct world *world, const struct node *session, const struct count *count)
{
    size_t wanted = judge_tasks_wanted(session);
    const struct node *taker = count->running < wanted ? taker_of(world, session) : NULL;

    if (!judge_tasks_say_so(session, count->running)) {
        return object(world, "%s: Complete is not what is so", name_of(session));
    }
    if (count->running > wanted || taker != NULL) {
        return object(world, "%s: %zu tasks are under way, %zu done, %zu wanted; %s could take one",
                      name_of(session), count->running, count->done, wanted,
                      taker == NULL ? "nobody" : name_of(taker));
    }
    return count->running == count->old_form || !judge_tasks_end(session) ||
           object(world, "%s: tasks are under way", name_of(session));
}

static bool judge_session(struct world *world, const struct node *session)
{
    const struct node *condition = condition_of(session, "Converged");
    const char *reason = condition == NULL ? "" : node_find_text(condition, "reason");
    const char *name = name_of(session);
    struct count count;

    if (condition == NULL ||
        int_at(condition, "observedGeneration", 0) != int_at(session, "metadata.generation", 0)) {
        return object(world, "%s: its condition is of an earlier generation", name);
    }
    count_copies(world, session, &count);
    if (count.doubled > 0) {
        return object(world, "%s: a replica has two copies", name);
    }
    if (judge_has_tasks(session) && !str_eq(reason, "PolicyMissing") &&
        !str_eq(reason, "RolloutPaused") && !str_eq(reason, "AgentAway") &&
        !tasks_go_on(world, session, &count)) {
        return false;
    }
    if (!str_eq(node_find_text(condition, "status"), "True")) {
        return is_excused(world, session, reason) ||
               object(world, "%s is not converged: %s: %s", name, reason,
                      node_find_text(condition, "message"));
    }
    if (count.old_form > 0) {
        return object(world, "%s: %zu replicas run an old form", name, count.old_form);
    }
    if (!judge_has_tasks(session) && count.running + count.done != wanted_of(world, session)) {
        return object(world, "%s: converged it says, and %zu run, %zu are done, %zu are wanted",
                      name, count.running, count.done, wanted_of(world, session));
    }
    return true;
}

static bool nothing_leaves(struct world *world)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));

        if (is_leaving(assignment) && machine != NULL && !machine->is_lost) {
            return object(world, "%s is still ending", name_of(assignment));
        }
    }
    return true;
}

/* Who has power is connected, and time has closed what failed starts had opened. */
static bool everybody_is_there(struct world *world)
{
    for (size_t i = 0; i < world->sim->machine_count; i++) {
        const struct machine *machine = world->sim->machines[i];
        const struct node *agent = find_named(world->agents, machine->options.name);

        if (machine->is_lost) {
            if (machine_of(world, machine->options.name)->is_lost && agent != NULL &&
                str_eq(node_find_text(condition_of(agent, "Ready"), "status"), "True")) {
                return object(world, "%s is lost, and nobody knows it yet", machine->name);
            }
            continue;
        }
        if (machine->conn == NULL || !machine->conn->agent_has || !machine->conn->controller_has ||
            agent == NULL) {
            return object(world, "%s is not there", machine->name);
        }
        if (!is_healthy(agent)) {
            return object(world, "the breaker of %s is open", machine->name);
        }
    }
    return true;
}

bool judge_world(struct sim *sim, struct str *why)
{
    struct world world = {.sim = sim, .why = why};
    bool is_well = true;

    str_clear(why);
    arena_init(&world.arena);
    is_well = look(&world) || object(&world, "the API does not answer");
    for (size_t i = 0; is_well && i < world.sessions->list.count; i++) {
        is_well = judge_session(&world, world.sessions->list.items[i]);
    }
    is_well = is_well && nothing_else_runs(&world) && nothing_leaves(&world) &&
              everybody_is_there(&world);
    arena_fini(&world.arena);
    return is_well && !sim->has_failed;
}

static void show_session(struct sim *sim, const struct node *session)
{
    const struct node *condition = condition_of(session, "Converged");
    _cleanup_(str_fini)
    struct str spec = STR_EMPTY;

    json_emit(node_find(session, "spec"), JSON_PLAIN, &spec);
    sim_trace(sim, "session %s: %s: %s: %s", name_of(session),
              condition == NULL ? "?" : node_find_text(condition, "status"),
              condition == NULL ? "?" : node_find_text(condition, "reason"),
              condition == NULL ? "?" : node_find_text(condition, "message"));
    sim_trace(sim, "session %s: %s", name_of(session), spec.data);
}

static void show_agent(struct sim *sim, const struct node *agent)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    const struct node *ready = condition_of(agent, "Ready");
    const struct node *healthy = condition_of(agent, "Healthy");

    if (node_find_path(agent, "status.capacity") != NULL) { /* else it was only declared */
        json_emit(node_find_path(agent, "status.capacity"), JSON_PLAIN, &text);
    }
    sim_trace(sim, "agent %s: site %s%s, %s, %s, %s", name_of(agent),
              text_at(node_find_path(agent, "metadata.labels"), "reported/site"),
              flag_at(agent, "spec.unschedulable") ? ", unschedulable" : "",
              ready == NULL ? "?" : node_find_text(ready, "reason"),
              healthy == NULL ? "?" : node_find_text(healthy, "reason"), text.data);
}

static void show_shims(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        vec_each (&sim->machines[i]->shims, it) {
            if ((*it)->has_process) {
                sim_trace(sim, "process on %s: %s/%s of %.8s, run %" PRId64 ", %s, %s%s",
                          sim->machines[i]->name, (*it)->session, (*it)->slot, (*it)->uid,
                          (*it)->run, (*it)->command, (*it)->version,
                          (*it)->is_frozen ? ", frozen" : "");
            }
        }
    }
}

void judge_show(struct sim *sim)
{
    struct world world = {.sim = sim};

    arena_init(&world.arena);
    if (look(&world)) {
        for (size_t i = 0; i < world.sessions->list.count; i++) {
            show_session(sim, world.sessions->list.items[i]);
        }
        for (size_t i = 0; i < world.assignments->list.count; i++) {
            const struct node *it = world.assignments->list.items[i];

            sim_trace(sim, "assignment %s (%.8s) on %s: %s %s%s", name_of(it),
                      text_at(it, "metadata.uid"), text_at(it, "spec.agent"),
                      text_at(it, "status.phase"), text_at(it, "status.reason"),
                      is_leaving(it) ? ", leaving" : "");
        }
        for (size_t i = 0; i < world.agents->list.count; i++) {
            show_agent(sim, world.agents->list.items[i]);
        }
    }
    show_shims(sim);
    arena_fini(&world.arena);
}

bool judge_is_restless(struct sim *sim)
{
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;
    struct world world = {.sim = sim, .why = &why};
    bool is_restless = false;

    arena_init(&world.arena);
    if (look(&world)) {
        for (size_t i = 0; i < world.sessions->list.count; i++) {
            const struct node *session = world.sessions->list.items[i];
            const struct node *condition = condition_of(session, "Converged");

            is_restless |= str_eq(node_find_text(condition, "reason"), "PolicyMissing") &&
                           may_fail(&world, session);
        }
    }
    arena_fini(&world.arena);
    return is_restless;
}

/* --- how long --------------------------------------------------------------------------------- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What fails is tried again with growing pauses, on one agent after the other, each of which takes
 * one try a minute once it has had enough. */
static int64_t failing_ms(struct world *world, const struct node *session, int64_t waves)
{
    const struct faults *faults = &world->sim->faults;
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *verb = node_text(words->list.items[0]);

    if (str_eq(verb, "fail") || str_eq(verb, "missing") || str_eq(verb, "flaky")) {
        return (int_at(session, "spec.retries", 5) + 1) * waves * BREAKER_OPEN_MS + RESTART_MAX_MS;
    }
    return faults->is_on[FAULT_WORKLOAD_DIES] || faults->is_on[FAULT_SHIM_KILLED] ||
                   faults->is_on[FAULT_WORK_UNSTARTABLE] ||
                   faults->is_on[FAULT_WORK_DIES_AT_ONCE] || faults->is_on[FAULT_WORK_RACES_STOP]
               ? RESTART_MAX_MS
               : 0;
}

/* What runs in an old form may take longer to end than its session says now, one after the other.
 */
static int64_t old_grace_ms(struct world *world)
{
    int64_t sum_ms = 0;

    for (size_t i = 0; i < world->sim->machine_count; i++) {
        vec_each (&world->sim->machines[i]->shims, it) {
            const struct node *session = find_named(world->sessions, (*it)->session);
            int64_t now_ms = session == NULL ? 0 : duration_at(session, "spec.grace", 10000);

            sum_ms += (*it)->has_process ? larger(0, (*it)->grace_ms - now_ms) : 0;
        }
    }
    return sum_ms;
}

int64_t judge_bound_ms(struct sim *sim)
{
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;
    struct world world = {.sim = sim, .why = &why};
    int64_t asked_ms = 0, failed_ms = 0;
    unsigned tries = 0;

    arena_init(&world.arena);
    while (!look(&world)) { /* it is just starting */
        arena_fini(&world.arena);
        if (sim->has_failed || ++tries >= LOOKS_MAX) {
            return 60000;
        }
    }
    for (size_t i = 0; i < world.sessions->list.count; i++) {
        const struct node *session = world.sessions->list.items[i];
        int64_t lease_ms = flag_at(session, "spec.exclusive")
                               ? duration_at(session, "spec.leaseDuration", 30000)
                               : 0;
        int64_t wave_ms = duration_at(session, "spec.grace", 10000) + 1000;
        int64_t waves = larger(int_at(session, "spec.replicas", 1), (int64_t)sim->machine_count);

        asked_ms =
            larger(asked_ms, 2 * lease_ms + duration_at(session, "spec.replaceAfter", 30000) +
                                 waves * wave_ms);
        failed_ms += failing_ms(&world, session, waves) + judge_tasks_ms(session);
    }
    asked_ms += old_grace_ms(&world);
    arena_fini(&world.arena);
    /* Agents dial again within the longest back-off; a copy of which nobody speaks is waited for;
     * and what was failing when it was changed has shut its agent for a while. */
    return 30000 + asked_ms + failed_ms + restore_wait_ms(sim) + RECONNECT_MAX_MS + STOP_WAIT_MS +
           BREAKER_OPEN_MS + 3 * sim->controller->heartbeat_ms;
}
