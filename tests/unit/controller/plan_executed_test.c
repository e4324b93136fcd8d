/* What a plan shows is what is done: for random fleets and random change sets, with agents that
 * obey and nothing that fails, every start, stop, move, restart and update that is carried out
 * stands in the plan, and all that stands there is carried out, in the order of its waves: what is
 * of a later wave not before agents have said what became of the one before.  What comes after
 * something that is waited for is not done, as nothing that is waited for comes.
 *
 *     FOG_PLANS=20000 FOG_PLANS_FROM=5000 …/plan_executed_test      more of them
 *     FOG_PLANS=1 FOG_PLANS_FROM=17 FOG_PLANS_SHOW=1 …              one, shown */
#include "tests/support/fleet.h"

#include "schema/base/parse.h"
#include "schema/json.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PLANS = 1000, MACHINES_MAX = 7, WORKS_MAX = 5, LINE_SIZE = 160 };

struct line {
    char *text;    /* owned */
    size_t wave;   /* it is of; for what is done, the words of the agents before it, and one */
    bool is_later; /* it may be of a later one: the second half of a move */
};

struct lines {
    VEC_OF(struct line);
};

struct run {
    struct rand rand;
    uint64_t seed;
    struct str state, change;
    struct fleet *fleet; /* borrowed */
    struct lines planned, done;
    struct map copies; /* uid → "render 0 on edge-1", owned; NULL value never */
    size_t agents, sessions;
};

static uint64_t draw(struct run *run, uint64_t below)
{
    return rand_below(&run->rand, below);
}

static bool chance(struct run *run, unsigned percent)
{
    return draw(run, 100) < percent;
}

/* --- a fleet and a change --------------------------------------------------------------------- */

static void add_agent(struct run *run, struct str *to, size_t index, bool is_change)
{
    static const char *const cores[] = {"1", "2", "4", "8"};

    str_addf(to,
             "apiVersion: fog/v1\nkind: Agent\nmetadata:\n  name: edge-%zu\n  labels: {zone: %s}\n",
             index, chance(run, 50) ? "north" : "south");
    if (is_change && chance(run, 40)) {
        str_add(to, "spec: {unschedulable: true}\n");
    } else if (is_change && chance(run, 40)) {
        str_addf(to, "spec: {unschedulable: true, drain: %s}\n",
                 chance(run, 50) ? "gently" : "forced");
    }
    if (!is_change) {
        str_addf(to,
                 "status:\n  version: 0.1.0\n  platform: linux/amd64\n"
                 "  capacity: {cores: %s, memory: 8Gi, disk: 100Gi}\n",
                 cores[draw(run, COUNT_OF(cores))]);
        if (chance(run, 50)) { /* a policy may hold work there */
            str_addf(to, "  sensors: {battery: %d, charging: true, temperature: 35, idle: 1h}\n",
                     (int)draw(run, 100));
        }
    }
    str_add(to, "---\n");
}

static void add_policy(struct run *run, struct str *to, size_t index)
{
    str_addf(to,
             "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p-%zu}\n"
             "spec: {limits: {cpuPercent: %d}, battery: {minPercent: %d, resumePercent: 90}}\n"
             "---\n",
             index, 10 + 10 * (int)draw(run, 5), (int)draw(run, 80));
}

static void add_kind_of_work(struct run *run, struct str *to)
{
    uint64_t kind = draw(run, 10);

    if (kind == 0) {
        str_add(to, "  everyAgent: true\n");
    } else if (kind == 1) {
        str_addf(to, "  replicas: %d\n  gang: {deadline: 5m}\n", 1 + (int)draw(run, 3));
    } else if (kind == 2) {
        str_addf(to, "  tasks: {count: %d, parallelism: %d}\n", 1 + (int)draw(run, 6),
                 1 + (int)draw(run, 3));
    } else {
        str_addf(to, "  replicas: %d\n", (int)draw(run, 5));
        if (chance(run, 20)) {
            str_add(to, "  exclusive: true\n");
        }
    }
}

static void add_session(struct run *run, struct str *to, size_t index)
{
    static const char *const cores[] = {"250m", "500m", "1", "2", "3"};

    str_addf(to, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s-%zu}\nspec:\n",
             index);
    add_kind_of_work(run, to);
    if (chance(run, 30)) {
        str_addf(to, "  selector: {matchLabels: {zone: %s}}\n",
                 chance(run, 50) ? "north" : "south");
    }
    if (chance(run, 30)) {
        str_addf(to, "  policy: p-%d\n", (int)draw(run, 2));
    }
    if (chance(run, 40)) {
        str_addf(to, "  rollout: {maxUnavailable: %d}\n", 1 + (int)draw(run, 3));
    }
    str_addf(
        to,
        "  workload:\n    command: [/bin/work-%d]\n    resources: {cores: %s, memory: %dMi}\n---\n",
        (int)draw(run, 2), cores[draw(run, COUNT_OF(cores))], 256 << draw(run, 4));
}

static void make_state(struct run *run)
{
    run->agents = 2 + draw(run, MACHINES_MAX - 2);
    run->sessions = 1 + draw(run, WORKS_MAX - 1);
    for (size_t i = 0; i < run->agents; i++) {
        add_agent(run, &run->state, i, false);
    }
    for (size_t i = 0; i < 2; i++) {
        add_policy(run, &run->state, i);
    }
    for (size_t i = 0; i < run->sessions; i++) {
        add_session(run, &run->state, i);
    }
}

static void delete_session(struct str *to, size_t index)
{
    str_addf(to,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata:\n  name: s-%zu\n"
             "  annotations: {test/delete: \"true\"}\nspec: {workload: {command: [x]}}\n---\n",
             index);
}

static void make_change(struct run *run)
{
    bool is_used[WORKS_MAX + 1] = {false}, agent_is_used[MACHINES_MAX] = {false};

    for (size_t count = 1 + draw(run, 4); count > 0; count--) {
        uint64_t what = draw(run, 10);
        size_t session = draw(run, run->sessions + 1), agent = draw(run, run->agents);

        if (what < 6 && !is_used[session]) {
            is_used[session] = true;
            add_session(run, &run->change, session);
        } else if (what == 6 && session < run->sessions && !is_used[session]) {
            is_used[session] = true;
            delete_session(&run->change, session);
        } else if (what == 7) {
            add_policy(run, &run->change, draw(run, 2));
        } else if (what > 7 && !agent_is_used[agent]) {
            agent_is_used[agent] = true;
            add_agent(run, &run->change, agent, true);
        }
    }
    if (run->change.length == 0) {
        add_session(run, &run->change, 0);
    }
}

/* --- what is planned, and what is done -------------------------------------------------------- */

static void add_line(struct lines *lines, const char *verb, const char *what, size_t wave,
                     bool is_later)
{
    char text[LINE_SIZE];

    (void)snprintf(text, sizeof(text), "%s %s", verb, what);
    vec_add(lines, ((struct line){mem_strdup(text), wave, is_later}));
}

static void add_done(struct run *run, const char *verb, const char *what)
{
    add_line(&run->done, verb, what, run->fleet->words + 1, false);
}

static void place_of(char text[static LINE_SIZE], const char *session, const char *slot,
                     const char *agent)
{
    (void)snprintf(text, LINE_SIZE, "%s %s on %s", session, slot, agent);
}

static void take_plan(void *context, const struct node *plan)
{
    const struct node *changes = node_find(plan, "changes");
    struct run *run = context;

    for (size_t i = 0; i < changes->list.count; i++) {
        const struct node *change = changes->list.items[i];
        const char *action = node_find_text(change, "action");
        const char *session = node_find_text(change, "session"),
                   *slot = node_find_text(change, "slot");
        char here[LINE_SIZE], there[LINE_SIZE];
        int64_t number = 0;
        size_t wave;

        assert_true(node_find_int(change, "wave", &number));
        wave = (size_t)number;
        place_of(here, session, slot, node_find_text(change, "agent"));
        if (str_eq(action, "wait") || node_find(change, "afterWaits") != NULL) {
            continue;
        }
        if (str_eq(action, "move") || str_eq(action, "replace")) {
            place_of(there, session, slot, node_find_text(change, "from"));
            add_line(&run->planned, "stop", there, wave, !str_eq(action, "move"));
            add_line(&run->planned, "start", here, wave, true);
        } else if (str_eq(action, "restart") || str_eq(action, "update")) {
            add_line(&run->planned, "change", here, wave, false);
        } else {
            add_line(&run->planned, action, here, wave, false);
        }
    }
}

static void note_change(struct run *run, const struct row *row, const struct assignment_spec *spec,
                        bool is_deleting)
{
    char here[LINE_SIZE], *known = map_find(&run->copies, row->uid);

    place_of(here, spec->session, spec->slot, spec->agent);
    if (known == NULL && !is_deleting) {
        add_done(run, "start", here);
        (void)map_put(&run->copies, row->uid, mem_strdup(here));
    } else if (known != NULL && is_deleting) {
        add_done(run, "stop", known);
        free(map_remove(&run->copies, row->uid));
    } else if (known != NULL) {
        add_done(run, "change", known);
    }
}

static void take_row(struct run *run, const struct row *row)
{
    struct stored_change change = {
        .kind = row->kind, .name = row->name, .uid = row->uid, .body = row->body};
    struct object *object;
    char *known = map_find(&run->copies, row->uid);

    if (row->verb == ROW_DELETE) {
        if (known != NULL) {
            add_done(run, "stop", known);
            free(map_remove(&run->copies, row->uid));
        }
        return;
    }
    object = stored_object(&change, NULL);
    assert_non_null(object);
    note_change(run, row, &assignment_of(object)->spec, object_is_deleting(object));
    object_unref(object);
}

static void take_batch(void *context, const struct batch *batch)
{
    for (size_t i = 0; i < batch->rows.count; i++) {
        const struct row *row = &batch->rows.items[i];

        if (row->kind == &assignment_kind && row->log == ROW_LEDGER) {
            take_row(context, row);
        }
    }
}

/* --- one of them ------------------------------------------------------------------------------ */

static void empty(struct lines *lines)
{
    vec_each (lines, it) {
        free(it->text);
    }
    vec_clear(lines);
}

static int compare(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int order = strcmp(left->text, right->text);

    return order != 0 ? order : (left->wave > right->wave) - (left->wave < right->wave);
}

static void join(struct lines *lines, struct str *to)
{
    if (lines->count > 1) {
        qsort(lines->items, lines->count, sizeof(lines->items[0]), compare);
    }
    vec_each (lines, it) {
        str_addf(to, "%s, wave %zu%s\n", it->text, it->wave, it->is_later ? " or later" : "");
    }
}

/* Both are sorted. */
static bool is_done_as_planned(const struct run *run)
{
    bool is_same = run->planned.count == run->done.count;

    for (size_t i = 0; is_same && i < run->planned.count; i++) {
        const struct line *planned = &run->planned.items[i], *done = &run->done.items[i];

        is_same =
            str_eq(planned->text, done->text) &&
            (planned->wave == done->wave || (planned->is_later && planned->wave < done->wave));
    }
    return is_same;
}

static void show(struct run *run, const char *planned, const char *done, struct fleet *fleet)
{
    struct str plan = STR_EMPTY;

    fleet_print(fleet, &plan);
    printf("--- seed %" PRIu64 "\n%s\n--- change\n%s\n--- planned\n%s--- done\n%s--- after\n%s\n",
           run->seed, run->state.data, run->change.data, planned, done, plan.data);
    str_fini(&plan);
}

/* Nobody knows what becomes of what runs there; it is waited for, and nothing new goes there. */
static void lose_one(struct run *run)
{
    char name[LINE_SIZE];

    if (chance(run, 30)) {
        (void)snprintf(name, sizeof(name), "edge-%d", (int)draw(run, run->agents));
        fleet_disconnect(run->fleet, name);
    }
}

static bool play(struct run *run, bool shows)
{
    struct str planned = STR_EMPTY, done = STR_EMPTY, before = STR_EMPTY;
    struct fleet fleet;
    bool is_same;

    fleet_init(&fleet);
    fleet_load(&fleet, run->state.data);
    fleet.on_batch = take_batch;
    fleet.context = run;
    run->fleet = &fleet;
    fleet_start(&fleet);
    fleet_obey_at_once(&fleet);
    lose_one(run);
    empty(&run->done);
    if (shows) {
        fleet_print(&fleet, &before);
        printf("--- before\n%s", before.data);
        str_clear(&before);
        fleet_plan(&fleet, run->change.data, &before);
        printf("--- plan\n%s", before.data);
    }
    fleet_foresee(&fleet, run->change.data, take_plan, run);
    fleet.words = 0;
    fleet_apply(&fleet, run->change.data);
    fleet_obey_at_once(&fleet);
    join(&run->planned, &planned);
    join(&run->done, &done);
    is_same = is_done_as_planned(run);
    if (shows) {
        show(run, planned.data, done.data, &fleet);
    }
    fleet_fini(&fleet);
    str_fini(&planned);
    str_fini(&done);
    str_fini(&before);
    return is_same;
}

static bool is_kept(uint64_t number, bool shows)
{
    uint8_t seed[RAND_SEED_SIZE] = {0};
    struct run run = {.seed = number, .state = STR_EMPTY, .change = STR_EMPTY};
    bool is_same;

    memcpy(seed, &number, sizeof(number));
    rand_init(&run.rand, seed);
    map_init(&run.copies);
    make_state(&run);
    make_change(&run);
    is_same = play(&run, shows);
    map_each (&run.copies, it) {
        free(it->value);
    }
    map_fini(&run.copies);
    empty(&run.planned);
    empty(&run.done);
    vec_fini(&run.planned);
    vec_fini(&run.done);
    str_fini(&run.state);
    str_fini(&run.change);
    return is_same;
}

static uint64_t number_of(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    uint64_t number = fallback;

    return text != NULL && u64_from_str(text, &number) ? number : fallback;
}

static void what_is_done_is_what_the_plan_showed(void **state)
{
    uint64_t from = number_of("FOG_PLANS_FROM", 1), count = number_of("FOG_PLANS", PLANS);
    uint64_t different = 0;

    (void)state;
    for (uint64_t seed = from; seed < from + count; seed++) {
        if (!is_kept(seed, number_of("FOG_PLANS_SHOW", 0) != 0)) {
            different++;
            print_error("seed %" PRIu64 " differs: FOG_PLANS=1 FOG_PLANS_FROM=%" PRIu64
                        " FOG_PLANS_SHOW=1\n",
                        seed, seed);
        }
    }
    assert_int_equal(different, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_is_what_the_plan_showed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
