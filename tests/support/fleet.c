/* The fleet of the reconciler's tests. */
#include "tests/support/fleet.h"

#include "controller/core/breaker.h"
#include "controller/core/link.h"
#include "controller/core/reconcile.h"
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/limits.h"
#include "schema/yaml.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEPS_MAX = 10000, BOOT_MS = 1000 * 1000 };

static void step_with(struct fleet *fleet, struct ctl_event *event)
{
    event->now = fleet->now;
    event->wall = fleet->wall;
    effects_fini(&fleet->last);
    effects_init(&fleet->last);
    map_each (&fleet->ctl->links, it) {
        ((struct link *)it->value)->has_backlog = fleet->holds_back;
    }
    ctl_step(fleet->ctl, event, &fleet->last);
    fleet->commits += fleet->last.batch != NULL;
    if (fleet->on_batch != NULL && fleet->last.batch != NULL) {
        fleet->on_batch(fleet->context, fleet->last.batch);
    }
    fleet->assign_messages = fleet->ctl->counters.assign_messages_sent;
}

/* What a step stores is durable at once. */
void fleet_event(struct fleet *fleet, struct ctl_event *event)
{
    step_with(fleet, event);
    for (size_t i = 0; fleet->last.batch != NULL; i++) {
        struct ctl_event committed = {.type = CTL_COMMITTED, .id = fleet->last.batch->seq};

        assert_true(i < STEPS_MAX);
        step_with(fleet, &committed);
    }
}

static void step(struct fleet *fleet, enum ctl_event_type type, uint64_t id)
{
    struct ctl_event event = {.type = type, .id = id};

    fleet_event(fleet, &event);
}

void fleet_init(struct fleet *fleet)
{
    const struct ctl_options options = {.name = "fog", .version = "0.1", .seed = {1}};
    struct stored_state state = {.store_id = "store", .era = 1};

    *fleet = (struct fleet){.now = {BOOT_MS}, .wall = {INT64_C(1767225600000)}};
    effects_init(&fleet->last);
    fleet->ctl = ctl_new(&options);
    ctl_load_state(fleet->ctl, &state);
}

void fleet_fini(struct fleet *fleet)
{
    effects_fini(&fleet->last);
    ctl_free(fleet->ctl);
}

/* --- objects ---------------------------------------------------------------------------------- */

static void print_problems(const struct problems *problems)
{
    struct str text = STR_EMPTY;

    problems_print(problems, &text);
    print_error("%s", text.data);
    str_fini(&text);
}

typedef void (*object_fn)(struct fleet *fleet, struct object *object /* taken */);

static void each_object(struct fleet *fleet, const char *yaml, object_fn act)
{
    struct arena arena = {0};
    struct problems problems;
    struct documents documents;

    problems_init(&problems, &arena, "fleet.yaml");
    if (yaml_parse(&arena, yaml, strlen(yaml), &problems, &documents) < 0) {
        print_problems(&problems);
        fail_msg("not YAML");
    }
    for (size_t i = 0; i < documents.count; i++) {
        const struct kind *kind = bind_kind(documents.items[i], &problems);
        bool is_derived = kind != NULL && kind->is_derived;
        struct object *object =
            kind == NULL ? NULL
                         : bind_object(kind, documents.items[i],
                                       is_derived ? BIND_TRUSTED | BIND_NO_REQUIRED : BIND_STRICT,
                                       &problems);

        if (object == NULL) {
            print_problems(&problems);
            fail_msg("not an object");
        }
        act(fleet, object);
    }
    arena_fini(&arena);
}

static void keep_object(struct fleet *fleet, struct object *object)
{
    *(struct object **)fleet = object;
}

struct object *fleet_object(const char *yaml)
{
    struct object *object = NULL;

    each_object((struct fleet *)&object, yaml, keep_object);
    return object;
}

static const char *annotation(const struct object *object, const char *key)
{
    return strmap_find(&object->meta.annotations, key);
}

/* "now" and "old" to digests. */
static void resolve_template(struct fleet *fleet, struct object *object)
{
    struct assignment_spec *spec = &((struct assignment *)object->body)->spec;
    struct session_entry *session = model_session(&fleet->ctl->model, spec->session);
    struct template_entry *now;
    struct template old;

    assert_non_null(session);
    shape_put(&assignment_spec_shape, spec, session_uid,
              object_strdup(object, session->object->meta.uid));
    now = reconcile_template(fleet->ctl, session);
    assert_non_null(now);
    now->is_stored = true;
    if (str_eq(spec->template_digest, "old")) {
        old = *now->template;
        shape_put(&template_shape, &old, orphan_after_ms, 1);
        now = model_template(&fleet->ctl->model, &old);
        now->is_stored = true;
    }
    shape_put(&assignment_spec_shape, spec, template_digest, object_strdup(object, now->text));
}

/* As if it had told them since it is connected. */
static void take_sensors(struct fleet *fleet, struct object *object)
{
    struct agent_status *status = &((struct agent *)object->body)->status;
    struct agent_entry *agent = model_agent(&fleet->ctl->model, object->meta.name);

    if (shape_has(&agent_status_shape, status, &status->sensors)) {
        readings_from_sensors(&status->sensors, fleet->now, &agent->readings);
        agent->has_readings = true;
        agent->read_at = (struct policy_moment){fleet->now, fleet->wall};
        roster_update_readings(&fleet->ctl->model.roster, agent);
        shape_remove(&agent_status_shape, status, &status->sensors);
    }
}

static void load_object(struct fleet *fleet, struct object *object)
{
    struct meta *meta = &object->meta;
    struct str uid = STR_EMPTY;

    str_addf(&uid, "uid-%s", meta->name);
    if (str_is_empty(meta->uid)) {
        shape_put(&meta_shape, meta, uid, object_strdup(object, uid.data));
    }
    str_fini(&uid);
    if (meta->generation == 0) {
        shape_put(&meta_shape, meta, generation, 1);
    }
    shape_put(&meta_shape, meta, revision, ++fleet->ctl->revision);
    if (object->kind == &assignment_kind) {
        struct assignment *body = object->body;

        resolve_template(fleet, object);
        if (!shape_has(&assignment_status_shape, &body->status,
                       &body->status.observed_generation)) {
            shape_put(&assignment_status_shape, &body->status, observed_generation,
                      meta->generation);
        }
    }
    (void)model_set(&fleet->ctl->model, object->kind, meta->name, object);
    if (object->kind == &agent_kind) {
        take_sensors(fleet, object);
    }
}

void fleet_load(struct fleet *fleet, const char *yaml)
{
    each_object(fleet, yaml, load_object);
}

static void put_object(struct fleet *fleet, struct object *object)
{
    static const struct write write = {ROW_LEDGER, "alice", "fogctl", "a test"};
    struct object *live = model_find(&fleet->ctl->model, object->kind->id, object->meta.name),
                  *next;

    if (annotation(object, "test/delete") != NULL) {
        assert_non_null(live);
        if (live->kind == &assignment_kind) {
            next = object_edit(live);
            shape_put(&meta_shape, &next->meta, deleted, fleet->wall);
            (void)ctl_put(fleet->ctl, next, &write);
        } else {
            ctl_remove(fleet->ctl, live, &write);
        }
        object_unref(object);
        return;
    }
    if (live != NULL && object->kind == &harvest_session_kind) {
        /* The stored status stays; texts of the live version outlive the new one's making. */
        next = object_edit(live);
        ((struct harvest_session *)next->body)->spec =
            ((struct harvest_session *)object->body)->spec;
        (void)ctl_put(fleet->ctl, object_edit(next), &write);
        object_unref(next);
        object_unref(object);
        return;
    }
    if (live != NULL && object->kind == &agent_kind) {
        struct agent *body = object->body;
        const struct agent_status *status = &agent_of(live)->status;

        if (!shape_has(&agent_shape, body, &body->status)) {
            body->status = *status;
            shape_mark(&agent_shape, body, &body->status);
        }
        next = object_edit(object);
        object_unref(object);
        (void)ctl_put(fleet->ctl, object_edit(next), &write);
        object_unref(next);
        return;
    }
    (void)ctl_put(fleet->ctl, object, &write);
}

/* --- steps ------------------------------------------------------------------------------------ */

void fleet_tick(struct fleet *fleet)
{
    for (size_t i = 0; i < STEPS_MAX; i++) {
        step(fleet, CTL_TICK, 0);
        if (!mono_is_due(ctl_deadline(fleet->ctl), fleet->now)) {
            return;
        }
    }
    fail_msg("the core never comes to rest");
}

void fleet_advance(struct fleet *fleet, int64_t ms)
{
    struct mono end = mono_after(fleet->now, ms);

    for (size_t i = 0; i < STEPS_MAX; i++) {
        struct mono next = mono_earlier(ctl_deadline(fleet->ctl), end);

        if (mono_before(fleet->now, next)) {
            fleet->wall.ms += next.ms - fleet->now.ms;
            fleet->now = next;
        }
        step(fleet, CTL_TICK, 0);
        if (!mono_before(fleet->now, end) && !mono_is_due(ctl_deadline(fleet->ctl), fleet->now)) {
            return;
        }
    }
    fail_msg("the core never comes to rest");
}

/* Objects are loaded in the opposite order: none may matter. */
static void load_from(struct ctl *to, const struct ctl *from, enum kind_id kind)
{
    const struct map *map = &from->model.objects[kind];

    for (size_t i = map->used; i-- > 0;) {
        if (map->entries[i].key != NULL) {
            struct object *object = ((struct entry *)map->entries[i].value)->object;

            (void)model_set(&to->model, object->kind, object->meta.name, object_ref(object));
        }
    }
}

static void start_again(struct fleet *fleet, const struct stored_state *state)
{
    struct ctl_options options = {.name = "fog", .version = "0.1"};
    struct ctl *next;

    rand_secret(&fleet->ctl->rand, options.seed, sizeof(options.seed)); /* uids never come again */
    next = ctl_new(&options);
    ctl_load_state(next, state);
    map_each (&fleet->ctl->model.templates, it) {
        const struct template_entry *template = it->value;

        ctl_load_content(next, &(struct content){template->digest, template->body});
    }
    load_from(next, fleet->ctl, KIND_EVENT);
    load_from(next, fleet->ctl, KIND_ASSIGNMENT);
    load_from(next, fleet->ctl, KIND_HARVEST_SESSION);
    load_from(next, fleet->ctl, KIND_HARVEST_POLICY);
    load_from(next, fleet->ctl, KIND_AGENT);
    ctl_free(fleet->ctl);
    fleet->ctl = next;
    step(fleet, CTL_START, 0);
    fleet_tick(fleet);
}

void fleet_restart(struct fleet *fleet)
{
    const struct stored_state state = {
        .store_id = "store", .era = fleet->ctl->era, .revision = fleet->ctl->revision};

    start_again(fleet, &state);
}

void fleet_restore(struct fleet *fleet)
{
    uint64_t era = fleet->ctl->era + 1;
    const struct stored_state state = {
        .store_id = "store", .era = era, .revision = era_floor(era), .is_unsettled = true};

    start_again(fleet, &state);
}

void fleet_apply(struct fleet *fleet, const char *yaml)
{
    /* Written between steps, so that the next one finds it as an operator's handler left it. */
    fleet->ctl->batch = batch_new(fleet->ctl->batch_seq + 1);
    ctl_begin(fleet->ctl, false);
    each_object(fleet, yaml, put_object);
    ctl_commit(fleet->ctl);
    batch_free(TAKE(fleet->ctl->batch));
    fleet_tick(fleet);
}

void fleet_delete(struct fleet *fleet, const struct kind *kind, const char *name)
{
    struct str yaml = STR_EMPTY;
    struct object *live = model_find(&fleet->ctl->model, kind->id, name);
    static const struct write write = {ROW_LEDGER, "alice", "fogctl", "a test"};

    assert_non_null(live);
    fleet->ctl->batch = batch_new(fleet->ctl->batch_seq + 1);
    ctl_begin(fleet->ctl, false);
    if (kind == &assignment_kind) {
        struct object *next = object_edit(live);

        shape_put(&meta_shape, &next->meta, deleted, fleet->wall);
        (void)ctl_put(fleet->ctl, next, &write);
    } else {
        ctl_remove(fleet->ctl, live, &write);
    }
    ctl_commit(fleet->ctl);
    batch_free(TAKE(fleet->ctl->batch));
    str_fini(&yaml);
    fleet_tick(fleet);
}

static void attach(struct fleet *fleet, struct agent_entry *agent)
{
    struct link *link;

    step(fleet, CTL_LINK_UP, ++fleet->next_link);
    link = link_find(fleet->ctl, fleet->next_link);
    assert_non_null(link);
    link_set_state(link, LINK_WELCOMED);
    link->epoch = 1;
    link->agent = agent;
    link->heartbeat_ms = INT64_C(1) << 40; /* it never misses a heartbeat */
    agent->link = link;
    agent->away_since = MONO_NEVER;
    agent->last_seen = fleet->wall;
    roster_update_readings(&fleet->ctl->model.roster, agent);
    reconcile_agent_up(fleet->ctl, agent);
}

void fleet_connect(struct fleet *fleet, const char *name)
{
    struct agent_entry *agent = model_agent(&fleet->ctl->model, name);

    assert_non_null(agent);
    attach(fleet, agent);
    fleet_tick(fleet);
}

void fleet_connect_new(struct fleet *fleet)
{
    map_each (&fleet->ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;

        if (!agent->is_known && annotation(agent->object, "test/away") == NULL) {
            attach(fleet, agent);
        }
    }
    fleet_tick(fleet);
}

void fleet_disconnect(struct fleet *fleet, const char *name)
{
    struct agent_entry *agent = model_agent(&fleet->ctl->model, name);

    assert_non_null(agent);
    assert_non_null(agent->link);
    step(fleet, CTL_LINK_DOWN, agent->link->id);
    fleet_tick(fleet);
}

static void set_breaker(struct fleet *fleet, struct agent_entry *agent, const char *state)
{
    if (state == NULL) {
        return;
    }
    (void)breaker_failed(&agent->breaker, BREAKER_FAILURES, fleet->now);
    if (str_eq(state, "half-open")) {
        (void)breaker_wait_over(&agent->breaker, mono_after(fleet->now, BREAKER_OPEN_MS));
    } else {
        dlist_add(&fleet->ctl->model.tripped, &agent->tripped);
    }
}

static void set_held(struct fleet *fleet)
{
    map_each (&fleet->ctl->model.objects[KIND_ASSIGNMENT], it) {
        struct assignment_entry *copy = it->value;
        const char *text = annotation(copy->object, "test/held");
        int64_t held_ms = 0;

        if (text != NULL && copy->held_since.ms > 0) {
            assert_true(duration_from_str(text, &held_ms) && copy->held_since.ms > held_ms);
            copy->held_since.ms -= held_ms;
            model_mark_session(&fleet->ctl->model, copy->session);
        }
    }
}

void fleet_start(struct fleet *fleet)
{
    step(fleet, CTL_START, 0);
    map_each (&fleet->ctl->model.objects[KIND_AGENT], it) {
        struct agent_entry *agent = it->value;

        set_breaker(fleet, agent, annotation(agent->object, "test/breaker"));
        if (annotation(agent->object, "test/away") == NULL) {
            attach(fleet, agent);
        }
    }
    set_held(fleet);
    fleet_tick(fleet);
}

static void say(struct fleet *fleet, const struct assignment_entry *assignment,
                enum assignment_phase phase, const char *reason, int64_t failures)
{
    struct wire_report_item item = {0};
    struct assignment_status *status = &item.status;
    struct assignment_entry *copy =
        model_assignment(&fleet->ctl->model, assignment->object->meta.name);

    assert_non_null(copy);
    assert_non_null(copy->agent);
    shape_put(&assignment_status_shape, status, phase, (int)phase);
    shape_put(&assignment_status_shape, status, failures, failures);
    if (reason != NULL) {
        shape_put(&assignment_status_shape, status, reason, reason);
    }
    fleet->ctl->batch = batch_new(fleet->ctl->batch_seq + 1);
    item.generation = copy->object->meta.generation;
    reconcile_report(fleet->ctl, copy->agent, copy, &item);
    batch_free(TAKE(fleet->ctl->batch));
}

void fleet_report(struct fleet *fleet, const struct assignment_entry *assignment,
                  enum assignment_phase phase, const char *reason, int64_t failures)
{
    say(fleet, assignment, phase, reason, failures);
    fleet_tick(fleet);
}

static struct assignment_entry *first_unsaid(struct fleet *fleet)
{
    map_each (&fleet->ctl->model.objects[KIND_ASSIGNMENT], it) {
        struct assignment_entry *copy = it->value;
        const struct assignment_status *status = assignment_status(copy);
        bool is_told = status->observed_generation == copy->object->meta.generation &&
                       (status->phase == PHASE_RUNNING || status->phase == PHASE_SUSPENDED ||
                        status->phase == PHASE_SUCCEEDED || status->failures > 0);

        if (copy->agent != NULL && copy->agent->link != NULL &&
            (copy->is_in_set ? !is_told : status->phase != PHASE_STOPPED)) {
            return copy;
        }
    }
    return NULL;
}

static void say_as_told(struct fleet *fleet, struct assignment_entry *copy)
{
    if (copy->is_in_set && assignment_spec(copy)->lease_epoch > 0) {
        assert_true(reconcile_lease(fleet->ctl, copy->agent, copy->object->meta.uid,
                                    assignment_spec(copy)->lease_epoch));
    }
    say(fleet, copy, copy->is_in_set ? PHASE_RUNNING : PHASE_STOPPED, NULL, 0);
}

void fleet_obey(struct fleet *fleet)
{
    for (size_t i = 0; i < STEPS_MAX; i++) {
        struct assignment_entry *copy = first_unsaid(fleet);

        if (copy == NULL) {
            return;
        }
        say_as_told(fleet, copy);
        fleet_tick(fleet);
    }
    fail_msg("the agents are never done");
}

void fleet_obey_at_once(struct fleet *fleet)
{
    for (size_t i = 0; i < STEPS_MAX && first_unsaid(fleet) != NULL; i++) {
        for (struct assignment_entry *copy; (copy = first_unsaid(fleet)) != NULL;) {
            say_as_told(fleet, copy);
        }
        fleet->words++;
        fleet_tick(fleet);
    }
    assert_null(first_unsaid(fleet));
}

/* --- looking ---------------------------------------------------------------------------------- */

struct assignment_entry *fleet_copy(struct fleet *fleet, const char *session, const char *slot)
{
    struct session_entry *entry = model_session(&fleet->ctl->model, session);
    struct assignment_entry *found = NULL;

    assert_non_null(entry);
    dlist_each (&entry->assignments, struct assignment_entry, in_session, it) {
        if (!object_is_deleting(it->object) && str_eq(assignment_spec(it)->slot, slot)) {
            assert_null(found);
            found = it;
        }
    }
    assert_non_null(found);
    return found;
}

size_t fleet_copies(struct fleet *fleet, const char *session)
{
    struct session_entry *entry = model_session(&fleet->ctl->model, session);
    size_t count = 0;

    assert_non_null(entry);
    dlist_each (&entry->assignments, struct assignment_entry, in_session, it) {
        count += !object_is_deleting(it->object);
    }
    return count;
}

const char *fleet_agent_of(struct fleet *fleet, const char *session, const char *slot)
{
    return assignment_spec(fleet_copy(fleet, session, slot))->agent;
}

static const struct condition *converged(struct fleet *fleet, const char *session)
{
    struct session_entry *entry = model_session(&fleet->ctl->model, session);

    assert_non_null(entry);
    return condition_find(&harvest_session_of(entry->object)->status.conditions, "Converged");
}

const char *fleet_why(struct fleet *fleet, const char *session)
{
    const struct condition *condition = converged(fleet, session);

    return condition == NULL ? "" : condition->reason;
}

const char *fleet_message(struct fleet *fleet, const char *session)
{
    const struct condition *condition = converged(fleet, session);

    return condition == NULL ? "" : condition->message;
}

bool fleet_is_converged(struct fleet *fleet, const char *session)
{
    const struct condition *condition = converged(fleet, session);

    return condition != NULL && condition->status == CONDITION_TRUE;
}

bool fleet_has_event(struct fleet *fleet, const char *reason)
{
    map_each (&fleet->ctl->model.objects[KIND_EVENT], it) {
        if (str_eq(event_of(((struct entry *)it->value)->object)->reason, reason)) {
            return true;
        }
    }
    return false;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_change(const struct node *change, struct str *to)
{
    static const char *const signs[][2] = {{"start", "+"}, {"stop", "-"},    {"restart", "~"},
                                           {"move", ">"},  {"replace", "±"}, {"update", "≈"},
                                           {"wait", "…"}};
    const char *action = node_find_text(change, "action");
    const char *agent = node_find_text(change, "agent"), *from = node_find_text(change, "from");
    const struct node *held = node_find(change, "held");

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (str_eq(action, signs[i][0])) {
            str_addf(to, "  %s ", signs[i][1]);
        }
    }
    str_addf(to, "%-7s %s%s%s", action, node_find_text(change, "session"),
             str_is_empty(node_find_text(change, "slot")) ? "" : " ",
             node_find_text(change, "slot"));
    if (from != NULL) {
        str_addf(to, " from %s to %s", from, agent);
    } else if (agent != NULL) {
        str_addf(to, " on %s", agent);
    }
    str_addf(to, ": %s%s\n", node_find_text(change, "reason"),
             node_find(change, "afterWaits") == NULL ? "" : "; after what waits");
    if (held != NULL) {
        str_addf(to, "        would be %s: %s: %s\n",
                 str_eq(node_find_text(held, "outcome"), "Evict") ? "evicted" : "suspended",
                 node_find_text(held, "reason"), node_find_text(held, "message"));
    }
}

static void print_turn(const struct node *turn, struct str *to)
{
    const char *reason = node_find_text(turn, "reason"), *message = node_find_text(turn, "message");

    str_addf(to, "policy  %s %s on %s: %s becomes %s", node_find_text(turn, "session"),
             node_find_text(turn, "slot"), node_find_text(turn, "agent"),
             node_find_text(turn, "is"), node_find_text(turn, "becomes"));
    str_addf(to, "%s%s%s%s\n", reason == NULL ? "" : ": ", reason == NULL ? "" : reason,
             message == NULL ? "" : ": ", message == NULL ? "" : message);
}

static void print_plan(const struct node *plan, struct str *to)
{
    const struct node *changes = node_find(plan, "changes"), *pending = node_find(plan, "pending");
    const struct node *summary = node_find(plan, "summary");
    int64_t wave = 0, before = 0;
    bool first = true;

    for (size_t i = 0; i < changes->list.count; i++) {
        assert_true(node_find_int(changes->list.items[i], "wave", &wave));
        if (wave != before) {
            str_addf(to, "wave %" PRId64 "\n", wave);
            before = wave;
        }
        print_change(changes->list.items[i], to);
    }
    if (pending->list.count > 0) {
        str_add(to, "pending\n");
    }
    for (size_t i = 0; i < pending->list.count; i++) {
        const struct node *gap = pending->list.items[i];

        str_addf(to, "  %s%s%s: %s: %s\n", node_find_text(gap, "session"),
                 str_is_empty(node_find_text(gap, "slot")) ? "" : " ", node_find_text(gap, "slot"),
                 node_find_text(gap, "why"), node_find_text(gap, "reason"));
    }
    for (size_t i = 0; i < node_find(plan, "policy")->list.count; i++) {
        print_turn(node_find(plan, "policy")->list.items[i], to);
    }
    str_add(to, "summary:");
    for (size_t i = 0; i < summary->map.count; i++) {
        if (summary->map.members[i].value->integer > 0) {
            str_addf(to, "%s %" PRId64 " %s", first ? "" : ",",
                     summary->map.members[i].value->integer, summary->map.members[i].key);
            first = false;
        }
    }
    str_add(to, first ? " nothing to do\n" : "\n");
}

void fleet_foresee(struct fleet *fleet, const char *yaml,
                   void (*look)(void *context, const struct node *plan), void *context)
{
    uint64_t revision = fleet->ctl->revision;

    ctl_begin(fleet->ctl, true);
    each_object(fleet, yaml, put_object);
    look(context, reconcile_plan(fleet->ctl));
    ctl_abort(fleet->ctl);
    assert_int_equal(fleet->ctl->revision, revision);
}

static void look_as_text(void *context, const struct node *plan)
{
    print_plan(plan, context);
}

void fleet_plan(struct fleet *fleet, const char *yaml, struct str *to)
{
    fleet_foresee(fleet, yaml, look_as_text, to);
}

static int compare_names(const void *a, const void *b)
{
    const struct entry *const *left = a, *const *right = b;

    return strcmp((*left)->object->meta.name, (*right)->object->meta.name);
}

static struct entry **sorted(const struct map *map)
{
    struct entry **entries = mem_array(map->count + 1, sizeof(struct entry *));
    size_t count = 0;

    map_each (map, it) {
        entries[count++] = it->value;
    }
    qsort(entries, count, sizeof(struct entry *), compare_names);
    return entries;
}

static void print_agent(struct fleet *fleet, const struct agent_entry *agent, struct str *to)
{
    struct entry **copies = sorted(&fleet->ctl->model.objects[KIND_ASSIGNMENT]);

    str_addf(to, "%s%s\n", agent->object->meta.name, agent->link == NULL ? " (away)" : "");
    for (size_t i = 0; copies[i] != NULL; i++) {
        const struct assignment_entry *copy = (struct assignment_entry *)copies[i];

        if (copy->agent == agent) {
            str_addf(to, "  %s %s: %s%s\n", assignment_spec(copy)->session,
                     assignment_spec(copy)->slot,
                     assignment_phase_words[assignment_status(copy)->phase],
                     object_is_deleting(copy->object) ? ", told to end" : "");
        }
    }
    free(copies);
}

void fleet_print(struct fleet *fleet, struct str *to)
{
    struct entry **agents = sorted(&fleet->ctl->model.objects[KIND_AGENT]);
    struct entry **sessions = sorted(&fleet->ctl->model.objects[KIND_HARVEST_SESSION]);

    for (size_t i = 0; agents[i] != NULL; i++) {
        print_agent(fleet, (struct agent_entry *)agents[i], to);
    }
    for (size_t i = 0; sessions[i] != NULL; i++) {
        const char *name = sessions[i]->object->meta.name;

        str_addf(to, "%s: %s: %s\n", name, fleet_why(fleet, name), fleet_message(fleet, name));
    }
    free(agents);
    free(sessions);
}
