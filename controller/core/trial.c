/* What a change set would lead to: its consequences, played through inside the trial.
 *
 *     {changes: [{action, session, slot, agent, from, wave, reason, held: {outcome, reason,
 *                 message}}],
 *      pending: [{session, slot, why, reason}],
 *      summary: {start, stop, restart, move, replace, update, wait, unchanged}}
 *
 * `action` is start, stop, restart, move, replace, update, or wait for a replica that something
 * will be done about later (a pause after a failure, a lease, an agent that may come back). `agent`
 * is where it will run, for a stop and a wait where it runs; `from` is where it was, of a move and
 * a replace. `held` is what the policy would make of it there now, where that is not to let it run.
 * `pending` are replicas that stay without what they want, and why.
 *
 * Every session that the transaction touches is planned, all waves are carried out in the trial,
 * and then those are planned too that were waiting for room.  It is repeated until nothing more
 * follows. */
#include "controller/core/reconcile.h"

#include "controller/core/copy.h"
#include "controller/core/foresee.h"
#include "controller/core/rollout.h"
#include "schema/limits.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { TRIAL_PASSES_MAX = 4 };

struct line {
    const char *action, *session, *slot, *agent, *from, *reason;
    struct policy_verdict *held; /* in the arena; NULL: it would run, or nobody knows */
    unsigned wave;
};

struct trial {
    struct ctl *ctl;
    struct map names; /* of sessions to plan */
    struct line *lines;
    size_t line_count;
    struct line *waits; /* of the last pass, as the next */
    size_t wait_count;
    struct line *gaps;
    size_t gap_count;
    size_t actions[PLAN_ACTION_COUNT];
    size_t unchanged;
};

/* --- what is touched -------------------------------------------------------------------------- */

static void add_session(struct trial *trial, const char *name)
{
    struct session_entry *session = model_session(&trial->ctl->model, name);

    if (session != NULL && map_find(&trial->names, name) == NULL) {
        session->is_scan_due = true;
        (void)map_put(&trial->names, name, session);
    }
}

static void add_wanting(struct trial *trial)
{
    dlist_each (&trial->ctl->model.wanting, struct session_entry, wanting, it) {
        add_session(trial, it->object->meta.name);
    }
}

static void add_of_policy(struct trial *trial, const char *policy)
{
    map_each (&trial->ctl->model.objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (str_eq(session_spec(session)->policy, policy)) {
            add_session(trial, it->key);
        }
    }
}

static void add_of_agent(struct trial *trial, const char *name)
{
    struct agent_entry *agent = model_agent(&trial->ctl->model, name);

    if (agent != NULL) {
        dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
            add_session(trial, assignment_spec(it)->session);
        }
    } else {
        dlist_each (&trial->ctl->model.loose, struct assignment_entry, loose, it) {
            if (str_eq(assignment_spec(it)->agent, name)) {
                add_session(trial, assignment_spec(it)->session);
            }
        }
    }
    add_wanting(trial);
}

static void add_touched(struct trial *trial)
{
    struct ctl *ctl = trial->ctl;

    for (size_t i = 0; i < ctl->changes.count; i++) {
        const struct change *change = &ctl->changes.items[i];
        const struct object *object = change->after == NULL ? change->before : change->after;

        switch (change->kind->id) {
        case KIND_HARVEST_SESSION:
            add_session(trial, change->name);
            break;
        case KIND_HARVEST_POLICY:
            add_of_policy(trial, change->name);
            break;
        case KIND_AGENT:
            add_of_agent(trial, change->name);
            break;
        case KIND_ASSIGNMENT:
            add_session(trial, assignment_of(object)->spec.session);
            break;
        case KIND_EVENT:
        case KIND_SOURCE:
        case KIND_CONFLICT:
        case KIND_ALERT_RULE:
        case KIND_COUNT:
            break;
        }
    }
}

/* --- what follows ----------------------------------------------------------------------------- */

static void add_line(struct trial *trial, struct line **lines, size_t *count, struct line line)
{
    struct arena *arena = &trial->ctl->arena;

    *lines = arena_grow(arena, *lines, *count, sizeof(struct line));
    line.session = arena_strdup(arena, line.session);
    line.slot = arena_strdup(arena, line.slot);
    line.agent = arena_strdup(arena, line.agent);
    line.from = arena_strdup(arena, line.from);
    (*lines)[(*count)++] = line;
}

static struct policy_verdict *held_by_policy(struct trial *trial, const struct plan_step *step,
                                             const struct template_entry *template)
{
    const struct harvest_policy_spec *policy =
        template == NULL ? NULL : template_policy(template->template);
    struct policy_verdict verdict;

    if (step->agent == NULL ||
        !foresee(policy, step->agent, step->action == PLAN_UPDATE, &verdict)) {
        return NULL;
    }
    return arena_copy(&trial->ctl->arena, &verdict, sizeof(verdict));
}

static void note_steps(struct trial *trial, const char *session,
                       const struct template_entry *template, const struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        const char *from = step->copy == NULL ? NULL : assignment_spec(step->copy)->agent;
        bool has_from = step->action == PLAN_MOVE || step->action == PLAN_REPLACE;
        struct line line = {
            .action = plan_action_to_str(step->action),
            .session = session,
            .slot = step->slot,
            .agent = step->agent == NULL ? from : step->agent->object->meta.name,
            .from = has_from ? from : NULL,
            .reason = step->reason,
            .held = held_by_policy(trial, step, template),
            .wave = step->wave,
        };

        trial->actions[step->action]++;
        add_line(trial, &trial->lines, &trial->line_count, line);
    }
}

static void note_gaps(struct trial *trial, const char *session, const struct plan *plan)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        const struct plan_gap *gap = &plan->gaps[i];
        struct line line = {
            .action = "wait",
            .session = session,
            .slot = gap->slot,
            .agent = gap->copy == NULL ? NULL : assignment_spec(gap->copy)->agent,
            .reason = gap->message,
            .wave = 1,
        };

        switch (gap->why) {
        case WHY_POLICY_MISSING:
        case WHY_GIVEN_UP:
        case WHY_FAILED:
        case WHY_NO_AGENT:
        case WHY_ROLLOUT_PAUSED:
        case WHY_DRIFTED:
            line.action = why_to_str(gap->why);
            add_line(trial, &trial->gaps, &trial->gap_count, line);
            break;
        case WHY_GANG_TIMED_OUT:
        case WHY_AGENT_AWAY:
        case WHY_LEASED:
        case WHY_BACK_OFF:
        case WHY_GANG_WAITS:
            add_line(trial, &trial->waits, &trial->wait_count, line);
            break;
        case WHY_FAILING:
        case WHY_STARTING:
        case WHY_UPDATING:
        case WHY_STOPPING:
        case WHY_COUNT:
            break; /* goes on by itself, as the reader expects */
        }
    }
}

/* True when it led to writes. */
static bool play_session(struct trial *trial, struct session_entry *session, bool is_first)
{
    struct ctl *ctl = trial->ctl;
    const char *name = session->object->meta.name;
    struct template_entry *template = reconcile_template(ctl, session);
    struct plan plan;

    reconcile_plan_session(ctl, session, template, &plan);
    trial->unchanged += is_first ? plan.unchanged : 0;
    note_steps(trial, name, template, &plan);
    note_gaps(trial, name, &plan);
    (void)rollout_carry_out(ctl, session, template, &plan, UINT_MAX);
    return plan.step_count > 0;
}

/* What is left of sessions that the change set removes. */
static void play_loose(struct trial *trial)
{
    struct ctl *ctl = trial->ctl;

    dlist_each (&ctl->model.loose, struct assignment_entry, loose, it) {
        const struct assignment_spec *spec = assignment_spec(it);
        struct line line = {
            .action = plan_action_to_str(PLAN_STOP),
            .session = spec->session,
            .slot = spec->slot,
            .agent = spec->agent,
            .reason = "its session is deleted",
            .wave = 1,
        };

        if (it->session != NULL || !it->is_in_set) {
            continue;
        }
        trial->actions[PLAN_STOP]++;
        add_line(trial, &trial->lines, &trial->line_count, line);
        (void)rollout_end(ctl, it, line.reason);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return strcmp(*left, *right);
}

static const char **sorted_names(struct trial *trial)
{
    const char **names =
        arena_array(&trial->ctl->arena, trial->names.count + 1, sizeof(const char *));
    size_t count = 0;

    map_each (&trial->names, it) {
        names[count++] = arena_strdup(&trial->ctl->arena, it->key);
    }
    qsort(names, count, sizeof(const char *), compare_keys);
    return names;
}

static void play(struct trial *trial)
{
    bool goes_on = true;

    for (size_t pass = 0; pass < TRIAL_PASSES_MAX && goes_on; pass++) {
        size_t lines = trial->line_count, count = trial->names.count;
        const char **names = sorted_names(trial);

        goes_on = false;
        trial->wait_count = trial->gap_count = 0;
        if (pass == 0) {
            play_loose(trial);
            goes_on = trial->line_count > 0;
        }
        for (size_t i = 0; i < count; i++) {
            goes_on = play_session(trial, model_session(&trial->ctl->model, names[i]), pass == 0) ||
                      goes_on;
        }
        if (trial->line_count > lines) {
            add_wanting(trial); /* there may be room now for those who waited for it */
        }
    }
}

/* --- the tree --------------------------------------------------------------------------------- */

static int compare_slots(const char *a, const char *b)
{
    char *end_a, *end_b;
    long number_a = strtol(a, &end_a, 10), number_b = strtol(b, &end_b, 10);

    if (*end_a == '\0' && *end_b == '\0' && number_a != number_b) {
        return number_a < number_b ? -1 : 1;
    }
    return strcmp(a, b);
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int order;

    if (left->wave != right->wave) {
        return left->wave < right->wave ? -1 : 1;
    }
    order = strcmp(left->session, right->session);
    if (order == 0) {
        order = compare_slots(left->slot, right->slot);
    }
    if (order == 0) {
        order = strcmp(left->action, right->action);
    }
    return order != 0 ? order
                      : strcmp(left->agent == NULL ? "" : left->agent,
                               right->agent == NULL ? "" : right->agent);
}

static void put_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (text != NULL) {
        node_set(arena, map, key, node_str(arena, text));
    }
}

static struct node *held_to_node(struct arena *arena, const struct policy_verdict *held)
{
    struct node *map = node_map(arena);

    put_text(arena, map, "outcome", policy_outcome_words[held->outcome]);
    put_text(arena, map, "reason", policy_reason_words[held->reason]);
    put_text(arena, map, "message", arena_strdup(arena, held->message));
    return map;
}

static struct node *lines_to_node(struct trial *trial, struct line *lines, size_t count,
                                  const char *action_key)
{
    struct arena *arena = &trial->ctl->arena;
    struct node *list = node_list(arena);
    bool is_pending = str_eq(action_key, "why");

    if (count > 1) {
        qsort(lines, count, sizeof(struct line), compare_lines);
    }
    for (size_t i = 0; i < count; i++) {
        struct node *map = node_map(arena);

        put_text(arena, map, action_key, lines[i].action);
        put_text(arena, map, "session", lines[i].session);
        put_text(arena, map, "slot", lines[i].slot);
        put_text(arena, map, "agent", lines[i].agent);
        put_text(arena, map, "from", lines[i].from);
        if (!is_pending) {
            node_set(arena, map, "wave", node_int(arena, lines[i].wave));
        }
        put_text(arena, map, "reason", lines[i].reason);
        if (lines[i].held != NULL) {
            node_set(arena, map, "held", held_to_node(arena, lines[i].held));
        }
        node_add(arena, list, map);
    }
    return list;
}

static struct node *summary(struct trial *trial)
{
    struct arena *arena = &trial->ctl->arena;
    struct node *map = node_map(arena);

    for (int action = 0; action < PLAN_ACTION_COUNT; action++) {
        node_set(arena, map, plan_action_to_str((enum plan_action)action),
                 node_int(arena, (int64_t)trial->actions[action]));
    }
    node_set(arena, map, "wait", node_int(arena, (int64_t)trial->wait_count));
    node_set(arena, map, "unchanged", node_int(arena, (int64_t)trial->unchanged));
    return map;
}

struct node *reconcile_plan(struct ctl *ctl)
{
    struct trial trial = {.ctl = ctl};
    struct node *root = node_map(&ctl->arena);

    assert(ctl->is_trial);
    map_init(&trial.names);
    add_touched(&trial);
    play(&trial);
    map_fini(&trial.names);
    for (size_t i = 0; i < trial.wait_count; i++) {
        add_line(&trial, &trial.lines, &trial.line_count, trial.waits[i]);
    }
    node_set(&ctl->arena, root, "changes",
             lines_to_node(&trial, trial.lines, trial.line_count, "action"));
    node_set(&ctl->arena, root, "pending",
             lines_to_node(&trial, trial.gaps, trial.gap_count, "why"));
    node_set(&ctl->arena, root, "summary", summary(&trial));
    return root;
}
