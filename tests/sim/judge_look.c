/* What the judge sees: the objects as the API tells them, and the processes that there are. */
#include "schema/json.h"
#include "tests/sim/controller.h"
#include "tests/sim/http.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_match.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ASK_STEP_MS = 5, ASK_MAX_MS = 20000 };

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

static const struct node *list_of(struct world *world, const char *plural)
{
    char target[64];
    struct answer_got got;

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", plural);
    got = judge_ask(world->sim, &world->arena, "GET", target, NULL, NULL);
    return got.code == 200 ? node_find(got.root, "items") : NULL;
}

bool judge_look(struct world *world)
{
    world->sessions = list_of(world, "harvestsessions");
    world->assignments = list_of(world, "assignments");
    world->agents = list_of(world, "agents");
    world->policies = list_of(world, "harvestpolicies");
    return world->sessions != NULL && world->assignments != NULL && world->agents != NULL &&
           world->policies != NULL;
}

bool judge_object(struct world *world, const char *format, ...)
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

const struct shim *judge_process_of(struct world *world, const struct node *assignment)
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
    int64_t percent = policy == NULL ? 100 : int_at(policy, "spec.limits.cpuPercent", 100);
    int64_t cap = shim->machine->options.settings.caps.cpu_percent;
    int64_t share = judge_share(shim, cap > 0 && cap < percent ? cap : percent);

    return (shim->is_frozen || (shim->cpu_limit - share >= 0 && shim->cpu_limit - share <= 1)) &&
           (policy == NULL ||
            shim->memory_percent == int_at(policy, "spec.limits.memoryPercent", 0));
}

bool judge_is_new_form(struct world *world, const struct shim *shim, const struct node *session)
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
