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
 * It is played through as it would go with agents that are equally fast and nothing that fails:
 *
 *     round 1   every session that is touched is planned, by name, as the reconciler does, and the
 *               first wave of each is carried out: what ends still has its room; then who waits for
 *               room that this leaves
 *     settle    the agents say that what ends has ended, and that what begins runs
 *     round 2   the sessions of these are planned again: the second wave
 *     …         until nothing more follows; what then still waits for its wave is shown as later
 *
 * A plan that is much work (TRIAL_EXAMINE_MAX) is carried out whole, wave after wave as it says
 * itself, instead of being planned again for each wave. */
#include "controller/core/reconcile.h"

#include "controller/core/copy.h"
#include "controller/core/foresee.h"
#include "controller/core/lease.h"
#include "controller/core/rollout.h"
#include "schema/limits.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 256 };

struct line {
    const char *action, *session, *slot, *agent, *from, *reason;
    struct policy_verdict *held; /* in the arena; NULL: it would run, or nobody knows */
    unsigned wave;
    bool keeps_from; /* of a replace: the earlier copy ends when this one is well */
    bool is_begun;   /* of a move: the earlier copy ends, and then the other begins */
};

struct trial {
    struct ctl *ctl;
    struct map names;      /* of sessions to plan next */
    struct map planned;    /* of those that were */
    struct map later;      /* of those, who has waves left */
    struct map wants;      /* of those, who would take another agent, or more room */
    struct map taken_back; /* of those, gangs that make a pause now */
    bool leaves_room;      /* somebody may find some that had none */
    bool is_last;          /* all waves are carried out */
    unsigned round;        /* from 0 */
    size_t settled;        /* changes of the transaction that were looked at */
    size_t examined;       /* copies, in all rounds */
    struct line *lines;
    size_t line_count;
    size_t halves;      /* of the lines, those that are begun or keep what they replace */
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
    map_each (&trial->wants, it) {
        add_session(trial, it->key);
    }
}

/* Of one that was planned here; its status is of before. */
static bool is_taker(const struct session_entry *session, const struct agent_entry *agent)
{
    return session_spec(session)->every_agent || place_is_present(session, agent) ||
           mark_is_taker(session, agent);
}

/* Who wants an agent, and could take this one. */
static void add_takers(struct trial *trial, struct agent_entry *agent)
{
    dlist_each (&trial->ctl->model.wanting, struct session_entry, wanting, it) {
        if (mark_is_taker(it, agent)) {
            add_session(trial, it->object->meta.name);
        }
    }
    map_each (&trial->wants, it) {
        struct session_entry *session = model_session(&trial->ctl->model, it->key);

        if (session != NULL && is_taker(session, agent)) {
            add_session(trial, it->key);
        }
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

/* The line that this step belongs to, which stands there already: the second half of a move, or the
 * end of what was replaced. */
static struct line *half_done(struct trial *trial, const char *session,
                              const struct plan_step *step, const char *from)
{
    for (size_t i = 0; trial->halves > 0 && i < trial->line_count; i++) {
        struct line *line = &trial->lines[i];
        bool is_half = (line->is_begun && step->action == PLAN_START) ||
                       (line->keeps_from && step->action == PLAN_STOP && str_eq(line->from, from));

        if (is_half && str_eq(line->session, session) && str_eq(line->slot, step->slot)) {
            return line;
        }
    }
    return NULL;
}

static void end_half(struct trial *trial, struct line *line, const struct plan_step *step)
{
    if (line->is_begun) {
        line->agent = arena_strdup(&trial->ctl->arena, step->agent->object->meta.name);
    }
    line->is_begun = line->keeps_from = false;
    trial->halves--;
}

static bool waits_for_end(const struct ctl *ctl, const struct template_entry *template,
                          const struct plan_step *step)
{
    bool is_exclusive = (template != NULL && template->template->lease_ms > 0) ||
                        (step->copy != NULL && assignment_is_exclusive(step->copy));

    return (step->action == PLAN_MOVE || step->action == PLAN_REPLACE) && is_exclusive &&
           !copy_may_go(&ctl->model, step->copy, ctl->now);
}

static void note_step(struct trial *trial, const char *session,
                      const struct template_entry *template, const struct plan_step *step)
{
    const char *from = step->copy == NULL ? NULL : assignment_spec(step->copy)->agent;
    bool has_from = step->action == PLAN_MOVE || step->action == PLAN_REPLACE;
    struct line *half = half_done(trial, session, step, from);
    struct line line = {
        .action = plan_action_to_str(step->action),
        .session = session,
        .slot = step->slot,
        .agent = step->agent == NULL ? from : step->agent->object->meta.name,
        .from = has_from ? from : NULL,
        .reason = step->reason,
        .held = held_by_policy(trial, step, template),
        .wave = trial->round + step->wave,
        .keeps_from = step->keeps_copy,
        .is_begun = waits_for_end(trial->ctl, template, step),
    };

    if (half != NULL) {
        end_half(trial, half, step);
        return;
    }
    trial->actions[step->action]++;
    trial->halves += line.is_begun || line.keeps_from;
    add_line(trial, &trial->lines, &trial->line_count, line);
}

static void note_steps(struct trial *trial, const char *session,
                       const struct template_entry *template, const struct plan *plan,
                       unsigned wave_max)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].wave <= wave_max) {
            note_step(trial, session, template, &plan->steps[i]);
        }
    }
}

static void drop_lines(struct line *lines, size_t *count, const char *session)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (!str_eq(lines[i].session, session)) {
            lines[kept++] = lines[i];
        }
    }
    *count = kept;
}

/* In place of those of the planning before, if there was one. */
static void note_gaps(struct trial *trial, const char *session, const struct plan *plan,
                      bool is_first)
{
    if (!is_first) {
        drop_lines(trial->waits, &trial->wait_count, session);
        drop_lines(trial->gaps, &trial->gap_count, session);
    }
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

/* What was taken back is placed again after a pause, which no plan sees the end of. */
static void note_pause(struct trial *trial, const char *session)
{
    const struct line line = {.action = "wait",
                              .session = session,
                              .slot = "",
                              .reason = "it was taken back, and is placed again after a pause",
                              .wave = trial->round + 1};

    add_line(trial, &trial->waits, &trial->wait_count, line);
}

/* Of what is carried out now, before that: may somebody find room that had none? */
static bool gives_room(const struct ctl *ctl, const struct plan *plan, unsigned wave_max)
{
    bool gives = plan->gone_count > 0;

    for (size_t i = 0; i < plan->step_count && !gives; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool goes_at_once = step->action != PLAN_START && !step->keeps_copy &&
                            copy_may_go(&ctl->model, step->copy, ctl->now);
        bool is_in_place = step->action == PLAN_RESTART || step->action == PLAN_UPDATE;

        gives = step->wave <= wave_max && (is_in_place || step->gives_up || goes_at_once);
    }
    return gives;
}

static void play_session(struct trial *trial, struct session_entry *session)
{
    struct ctl *ctl = trial->ctl;
    const char *name = session->object->meta.name;
    struct template_entry *template = reconcile_template(ctl, session);
    bool is_first = map_put(&trial->planned, name, session) == NULL;
    struct plan plan;
    unsigned wave_max;

    if (map_find(&trial->taken_back, name) != NULL) {
        return;
    }
    session->is_scan_due = true;
    reconcile_plan_session(ctl, session, template, &plan);
    trial->examined += plan.desired + session->assignment_count;
    wave_max = trial->is_last || trial->examined > TRIAL_EXAMINE_MAX ? UINT_MAX : 1;
    trial->unchanged += is_first ? plan.unchanged : 0;
    note_steps(trial, name, template, &plan, wave_max);
    note_gaps(trial, name, &plan, is_first);
    if (wave_max == 1 && reconcile_turn_is_next(ctl, &plan)) {
        add_session(trial, name);
    }
    trial->leaves_room |= gives_room(ctl, &plan, wave_max);
    (void)map_remove(&trial->later, name);
    (void)map_remove(&trial->wants, name);
    if (plan.waves > wave_max) {
        (void)map_put(&trial->later, name, session);
    }
    if (reconcile_wants_agent(session, &plan)) {
        (void)map_put(&trial->wants, name, session);
    }
    (void)rollout_carry_out(ctl, session, template, &plan, wave_max);
    if (plan.gang.takes_back) {
        (void)map_put(&trial->taken_back, name, session);
        note_pause(trial, name);
    }
}

/* What is left of sessions that are gone. */
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

        if (it->session != NULL) {
            continue;
        }
        if (it->is_in_set) {
            trial->actions[PLAN_STOP]++;
            add_line(trial, &trial->lines, &trial->line_count, line);
        }
        trial->leaves_room |= rollout_end(ctl, it, line.reason);
    }
}

/* --- what agents would make of it ------------------------------------------------------------- */

static bool is_as_told(const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);

    return status->observed_generation == copy->object->meta.generation &&
           status->phase != PHASE_PENDING && status->phase != PHASE_STARTING;
}

static void begin(struct ctl *ctl, struct assignment_entry *copy)
{
    static const struct write write = {ROW_STATUS, "trial", "", ""};
    struct object *next = object_edit(copy->object);
    struct assignment_status *status = &((struct assignment *)next->body)->status;

    shape_put(&assignment_status_shape, status, phase, (int)PHASE_RUNNING);
    shape_put(&assignment_status_shape, status, observed_generation, next->meta.generation);
    shape_mark(&assignment_shape, (struct assignment *)next->body, status);
    (void)ctl_put(ctl, next, &write);
}

/* What ends has ended, what begins runs; on agents that are there. */
static void settle(struct trial *trial)
{
    struct ctl *ctl = trial->ctl;
    static const struct write removal = {ROW_LEDGER, "trial", "", ""};
    size_t end = ctl->changes.count;

    for (; trial->settled < end; trial->settled++) {
        const struct change *change = &ctl->changes.items[trial->settled];
        struct assignment_entry *copy;

        if (change->kind->id != KIND_ASSIGNMENT || change->after == NULL) {
            continue;
        }
        copy = model_assignment(&ctl->model, change->name);
        if (copy == NULL || copy->agent == NULL || copy->agent->link == NULL) {
            continue;
        }
        if (object_is_deleting(copy->object)) {
            struct agent_entry *agent = copy->agent;

            add_session(trial, assignment_spec(copy)->session);
            ctl_remove(ctl, copy->object, &removal);
            add_takers(trial, agent);
        } else if (copy->is_in_set && !is_as_told(copy)) {
            add_session(trial, assignment_spec(copy)->session);
            begin(ctl, copy);
        }
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

/* All that are to be planned, once. */
static void play_pass(struct trial *trial)
{
    size_t count = trial->names.count;
    const char **names = sorted_names(trial);

    map_clear(&trial->names);
    trial->leaves_room = false;
    for (size_t i = 0; i < count; i++) {
        struct session_entry *session = model_session(&trial->ctl->model, names[i]);

        if (session != NULL) {
            play_session(trial, session);
        }
    }
    play_loose(trial);
    if (trial->leaves_room) {
        add_wanting(trial);
    }
}

static void play(struct trial *trial)
{
    for (; trial->round < ROUNDS_MAX; trial->round++) {
        for (size_t i = 0; i < RECONCILE_PASSES_MAX && (i == 0 || trial->names.count > 0); i++) {
            play_pass(trial);
        }
        map_clear(&trial->names);
        settle(trial);
        if (trial->names.count == 0) {
            break;
        }
    }
    trial->is_last = true;
    map_each (&trial->later, it) {
        add_session(trial, it->key);
    }
    play_pass(trial);
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

/* Of a move whose second half never comes: somebody else has the room by then. */
static void end_moves(struct trial *trial)
{
    for (size_t i = 0; i < trial->line_count; i++) {
        struct line *line = &trial->lines[i];

        if (line->is_begun) {
            trial->actions[str_eq(line->action, plan_action_to_str(PLAN_MOVE)) ? PLAN_MOVE
                                                                               : PLAN_REPLACE]--;
            trial->actions[PLAN_STOP]++;
            line->action = plan_action_to_str(PLAN_STOP);
            line->agent = line->from;
            line->from = NULL;
            line->held = NULL;
        }
    }
}

struct node *reconcile_plan(struct ctl *ctl)
{
    struct trial trial = {.ctl = ctl};
    struct node *root = node_map(&ctl->arena);

    assert(ctl->is_trial);
    map_init(&trial.names);
    map_init(&trial.planned);
    map_init(&trial.later);
    map_init(&trial.wants);
    map_init(&trial.taken_back);
    add_touched(&trial);
    play(&trial);
    end_moves(&trial);
    map_fini(&trial.names);
    map_fini(&trial.planned);
    map_fini(&trial.later);
    map_fini(&trial.wants);
    map_fini(&trial.taken_back);
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
