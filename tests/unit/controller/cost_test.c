/* What a change costs in a large fleet, counted instead of timed: 10,000 agents, 10,000 sessions of
 * three replicas. */
#include "controller/core/link.h"
#include "controller/core/reconcile.h"

#include "schema/bind.h"
#include "schema/limits.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { AGENTS = 10000, SESSIONS = 10000, REPLICAS = 3, STEPS = 1000 };

struct world {
    struct ctl *ctl;
    struct effects last;
    struct mono now;
    struct wall wall;
    struct arena arena;
    uint64_t next_id;
    int code; /* of the last answer */
};

static struct world world;

/* --- stepping --------------------------------------------------------------------------------- */

/* Each commit is a step, too, that may go on with what the one before had to leave. */
static void commit(uint64_t seq)
{
    while (seq != 0) {
        const struct ctl_event event = {
            .type = CTL_COMMITTED, .now = world.now, .wall = world.wall, .id = seq};
        struct effects effects;

        effects_init(&effects);
        ctl_step(world.ctl, &event, &effects);
        seq = effects.batch == NULL ? 0 : effects.batch->seq;
        effects_fini(&effects);
    }
}

static void step(struct ctl_event *event)
{
    event->now = world.now;
    event->wall = world.wall;
    effects_fini(&world.last);
    effects_init(&world.last);
    ctl_step(world.ctl, event, &world.last);
    vec_each (&world.last, it) {
        world.code = it->type == EFFECT_ANSWER ? it->answer.code : world.code;
    }
    if (world.last.batch != NULL) {
        commit(world.last.batch->seq);
    }
}

/* Until nothing is due any more. */
static void settle(void)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct ctl_event tick = {.type = CTL_TICK};

        step(&tick);
        if (world.last.batch == NULL && !mono_is_due(ctl_deadline(world.ctl), world.now)) {
            return;
        }
    }
    fail_msg("the core never comes to rest");
}

static void advance(int64_t ms)
{
    struct mono end = mono_after(world.now, ms);

    while (mono_before(world.now, end)) {
        struct mono next = mono_earlier(ctl_deadline(world.ctl), end);

        if (mono_before(world.now, next)) {
            world.wall.ms += next.ms - world.now.ms;
            world.now = next;
        }
        settle();
    }
}

/* --- the fleet -------------------------------------------------------------------------------- */

static struct object *bound(const struct kind *kind, const char *text)
{
    struct problems problems;
    struct object *object;

    problems_init(&problems, &world.arena, NULL);
    object = bind_object(kind, quick_json(&world.arena, text), 0, &problems);
    assert_non_null(object);
    return object;
}

static void load(const struct object *like, const char *name)
{
    struct object *object = object_edit(like);
    char uid[64];

    (void)snprintf(uid, sizeof(uid), "uid-%s", name);
    shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
    shape_put(&meta_shape, &object->meta, uid, object_strdup(object, uid));
    shape_put(&meta_shape, &object->meta, generation, 1);
    shape_put(&meta_shape, &object->meta, revision, ++world.ctl->revision);
    (void)model_set(&world.ctl->model, object->kind, name, object);
}

static void load_agents(void)
{
    struct object *like =
        bound(&agent_kind, "{'metadata': {'name': 'x'}, 'status': {'version': '0.1',"
                           "'platform': 'linux/amd64', 'capacity': {'cores': 64, 'memory': '64Gi',"
                           "'disk': '64Gi'}}}");
    char name[32];

    for (size_t i = 0; i < AGENTS; i++) {
        (void)snprintf(name, sizeof(name), "a%05zu", i);
        load(like, name);
    }
    object_unref(like);
}

static void load_sessions(void)
{
    struct object *like =
        bound(&harvest_session_kind,
              "{'metadata': {'name': 'x'}, 'spec': {'replicas': 3, 'rollout': {'maxUnavailable':"
              "3}, 'workload': {'command': ['x'], 'resources': {'cores': '1m'}}}}");
    char name[32];

    for (size_t i = 0; i < SESSIONS; i++) {
        (void)snprintf(name, sizeof(name), "s%05zu", i);
        load(like, name);
    }
    object_unref(like);
}

/* Replica j of session i is on agent 3i + j. */
static void load_assignments(void)
{
    struct session_entry *first = model_session(&world.ctl->model, "s00000");
    struct template_entry *template = reconcile_template(world.ctl, first);
    char text[1024], name[32];

    template->is_stored = true;
    for (size_t i = 0; i < (size_t)SESSIONS * REPLICAS; i++) {
        struct object *like;

        (void)snprintf(text, sizeof(text),
                       "{'metadata': {'name': 'x', 'labels': {'fog/session': 's%05zu'}},"
                       "'spec': {'agent': 'a%05zu', 'session': 's%05zu', 'sessionUid':"
                       "'uid-s%05zu', 'slot': '%zu', 'template': '%s'}, 'status':"
                       "{'observedGeneration': 1, 'phase': 'Running'}}",
                       i / REPLICAS, i % AGENTS, i / REPLICAS, i / REPLICAS, i % REPLICAS,
                       template->text);
        (void)snprintf(name, sizeof(name), "s%05zu-%zu-abcde", i / REPLICAS, i % REPLICAS);
        like = bound(&assignment_kind, text);
        load(like, name);
        object_unref(like);
        arena_reset(&world.arena);
    }
}

static void connect_agents(void)
{
    map_each (&world.ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;
        struct ctl_event up = {.type = CTL_LINK_UP, .id = ++world.next_id};
        struct link *link;

        step(&up);
        link = link_find(world.ctl, up.id);
        link_set_state(link, LINK_WELCOMED);
        link->epoch = 1;
        link->agent = agent;
        link->heartbeat_ms = INT64_C(1) << 40; /* it never misses one */
        link->told = agent->set;
        agent->link = link;
        agent->away_since = MONO_NEVER;
        reconcile_agent_up(world.ctl, agent);
    }
}

static int set_up(void **state)
{
    const struct ctl_options options = {.name = "fog", .version = "0.1", .seed = {1}};
    struct stored_state stored = {.store_id = "store", .era = 1};
    struct ctl_event start = {.type = CTL_START};

    (void)state;
    world = (struct world){.now = {1000 * 1000}, .wall = {INT64_C(1767225600000)}};
    effects_init(&world.last);
    arena_init(&world.arena);
    world.ctl = ctl_new(&options);
    ctl_load_state(world.ctl, &stored);
    load_agents();
    load_sessions();
    load_assignments();
    step(&start);
    connect_agents();
    settle();
    advance(120 * 1000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    effects_fini(&world.last);
    ctl_free(world.ctl);
    arena_fini(&world.arena);
    return 0;
}

/* --- what is counted -------------------------------------------------------------------------- */

static struct ctl_counters before;

static void begin(void)
{
    before = *ctl_counters(world.ctl);
}

#define SINCE(counter) (ctl_counters(world.ctl)->counter - before.counter)

static void apply(const char *command)
{
    struct str body = STR_EMPTY;
    struct http_request http = {
        .method = "PATCH",
        .target = "/apis/fog/v1/harvestsessions/s04711?fieldManager=m&force=true",
        .content_type = "application/apply-patch+yaml",
        .user = "alice",
    };
    struct ctl_event event = {.type = CTL_HTTP, .id = ++world.next_id, .http = &http};

    str_addf(&body,
             "{\"metadata\": {\"name\": \"s04711\"},"
             "\"spec\": {\"workload\": {\"command\": [\"%s\"]}}}",
             command);
    http.body = body.data;
    http.body_size_bytes = body.length;
    step(&event);
    assert_int_equal(world.code, 200);
    str_fini(&body);
}

static void report_running(struct assignment_entry *copy)
{
    struct wire_report_item item = {.uid = copy->object->meta.uid,
                                    .generation = copy->object->meta.generation};
    struct wire_message message = {.type = WIRE_REPORT};
    struct ctl_event event = {.type = CTL_LINK_FRAME, .id = copy->agent->link->id};
    struct blob *bytes;

    item.status.phase = PHASE_RUNNING;
    item.status.observed_generation = item.generation;
    message.report.epoch = 1;
    message.report.seq = copy->agent->link->report_seq + 1;
    message.report.items.items = &item;
    message.report.items.count = 1;
    bytes = wire_encode(&message);
    event.frame.bytes = bytes->data;
    event.frame.size_bytes = bytes->size_bytes;
    step(&event);
    blob_unref(bytes);
}

static void drain(void)
{
    map_each (&world.ctl->links, it) {
        ((struct link *)it->value)->has_backlog = false;
    }
}

static void a_fleet_at_rest_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(world.ctl->model.objects[KIND_ASSIGNMENT].count, SESSIONS * REPLICAS);
    begin();
    advance(600 * 1000);
    assert_int_equal(SINCE(batches), 0);
    assert_int_equal(SINCE(messages_sent), 0);
    assert_int_equal(SINCE(assignments_examined), 0);
    assert_int_equal(SINCE(agents_examined), 0);
}

static void one_changed_session_costs_what_it_changes(void **state)
{
    (void)state;
    begin();
    apply("y");
    assert_int_equal(SINCE(batches), 1);
    assert_int_equal(SINCE(assign_messages_sent), REPLICAS);
    assert_int_equal(SINCE(messages_sent), REPLICAS);
    assert_true(SINCE(assignments_examined) <= 10);
    assert_int_equal(SINCE(agents_examined), 0);
    assert_int_equal(SINCE(sessions_reconciled), 1);
    settle();
    assert_int_equal(SINCE(batches), 1);
    drain();
}

static void an_identical_apply_costs_nothing(void **state)
{
    uint64_t revision;

    (void)state;
    apply("y");
    settle();
    revision = world.ctl->revision;
    begin();
    apply("y");
    settle();
    assert_int_equal(world.ctl->revision, revision);
    assert_int_equal(SINCE(batches), 0);
    assert_int_equal(SINCE(messages_sent), 0);
    assert_int_equal(SINCE(assignments_examined), 0);
}

static void reports_cost_what_they_report(void **state)
{
    static const char *const names[REPLICAS] = {"s04711-0-abcde", "s04711-1-abcde",
                                                "s04711-2-abcde"};

    (void)state;
    begin();
    for (size_t i = 0; i < REPLICAS; i++) {
        report_running(model_assignment(&world.ctl->model, names[i]));
    }
    assert_int_equal(SINCE(batches), REPLICAS);       /* one for each report */
    assert_int_equal(SINCE(messages_sent), REPLICAS); /* their acknowledgements */
    assert_true(SINCE(assignments_examined) <= REPLICAS * REPLICAS);
    assert_int_equal(SINCE(agents_examined), 0);
}

static void an_identical_change_set_of_many_costs_nothing(void **state)
{
    struct str body = STR_EMPTY;
    struct http_request http = {
        .method = "POST", .target = "/apis/fog/v1/changesets?fieldManager=m", .user = "alice"};
    struct ctl_event event = {.type = CTL_HTTP, .id = ++world.next_id, .http = &http};

    (void)state;
    str_add(&body, "{\"spec\": {\"changes\": [");
    for (size_t i = 0; i < 500; i++) {
        str_addf(&body,
                 "%s{\"verb\": \"apply\", \"object\": {\"apiVersion\": \"fog/v1\", \"kind\":"
                 "\"HarvestSession\", \"metadata\": {\"name\": \"s%05zu\"}, \"spec\":"
                 "{\"replicas\": 3}}}",
                 i == 0 ? "" : ",", i);
    }
    str_add(&body, "]}}");
    http.body = body.data;
    http.body_size_bytes = body.length;
    step(&event); /* the first makes its manager an owner */
    assert_int_equal(world.code, 200);
    settle();
    begin();
    event.id = ++world.next_id;
    step(&event);
    settle();
    assert_int_equal(world.code, 200);
    assert_int_equal(SINCE(batches), 0);
    assert_int_equal(SINCE(messages_sent), 0);
    assert_int_equal(SINCE(assignments_examined), 0);
    str_fini(&body);
}

static void create_on_every_agent(const char *name)
{
    struct str body = STR_EMPTY;
    struct http_request http = {.method = "POST",
                                .target = "/apis/fog/v1/harvestsessions?fieldManager=m",
                                .content_type = "application/json",
                                .user = "alice"};
    struct ctl_event event = {.type = CTL_HTTP, .id = ++world.next_id, .http = &http};

    str_addf(&body,
             "{\"apiVersion\": \"fog/v1\", \"kind\": \"HarvestSession\", \"metadata\":"
             "{\"name\": \"%s\"}, \"spec\": {\"everyAgent\": true, \"workload\": {\"command\":"
             "[\"x\"], \"resources\": {\"cores\": \"1m\"}}}}",
             name);
    http.body = body.data;
    http.body_size_bytes = body.length;
    step(&event);
    assert_int_equal(world.code, 201);
    str_fini(&body);
    settle();
    drain();
}

enum { WIDE_REPORTS = 2000 }; /* one in each millisecond */

/* What one plan of it looks at, spread over those that come before the next one. */
static void reports_of_a_session_on_all_agents_share_their_plans(void **state)
{
    struct session_entry *session;
    size_t reports = 0;

    (void)state;
    create_on_every_agent("wide");
    session = model_session(&world.ctl->model, "wide");
    assert_int_equal(session->assignment_count, AGENTS);
    advance(5000);
    begin();
    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        if (reports == WIDE_REPORTS) {
            break;
        }
        report_running(it);
        reports++;
        world.now.ms++;
        world.wall.ms++;
    }
    assert_in_range(SINCE(sessions_reconciled), 1, 3);
    assert_in_range(SINCE(assignments_examined), AGENTS, 3 * AGENTS + WIDE_REPORTS);
    assert_int_equal(SINCE(agents_examined), 0);
    advance(AGENTS / EXAMINE_PER_MS + (AGENTS - EXAMINE_FEW) / EXAMINE_MANY_PER_MS);
    assert_int_equal(harvest_session_of(session->object)->status.ready, WIDE_REPORTS);
    drain();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fleet_at_rest_costs_nothing),
        cmocka_unit_test(one_changed_session_costs_what_it_changes),
        cmocka_unit_test(an_identical_apply_costs_nothing),
        cmocka_unit_test(reports_cost_what_they_report),
        cmocka_unit_test(an_identical_change_set_of_many_costs_nothing),
        cmocka_unit_test(reports_of_a_session_on_all_agents_share_their_plans),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
