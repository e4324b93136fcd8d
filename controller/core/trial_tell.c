/* What was found out in a trial, line by line, and the answer that is made of it.
 *
 * All lines are kept, so that sums are exact and the two halves of a move find each other; there
 * are no more of them than copies were examined.  What is told of them has bounds: the first
 * PLAN_LINES_MAX of each list, as they are sorted, as long as they fit into PLAN_BYTES_MAX
 * together. The rest is counted. */
#include "controller/core/trial.h"

#include "controller/core/copy.h"
#include "controller/core/lease.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_FRAME_BYTES = 160 }; /* of one: keys, quotes, a number, about */

/* --- taking down ------------------------------------------------------------------------------ */

static struct trial_line *add_line(struct trial *trial, struct trial_lines *lines,
                                   struct trial_line line)
{
    struct trial_line *added = arena_copy(&trial->ctl->arena, &line, sizeof(line));

    if (lines->last == NULL) {
        lines->first = added;
    } else {
        lines->last->next = added;
    }
    lines->last = added;
    lines->count++;
    return added;
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

static const char *key_of(struct trial *trial, const char *session, const char *slot)
{
    return arena_printf(&trial->ctl->arena, "%s/%s", session, slot);
}

static void add_half(struct trial *trial, struct trial_line *line)
{
    line->next_half = map_put(&trial->halves, key_of(trial, line->session, line->slot), line);
}

/* The line that this step belongs to, which stands there already: the second half of a move, or the
 * end of what was replaced. */
static struct trial_line *half_done(struct trial *trial, const char *session,
                                    const struct plan_step *step, const char *from)
{
    struct trial_line *line = NULL;

    if (trial->halves.count > 0 && (step->action == PLAN_START || step->action == PLAN_STOP)) {
        line = map_find(&trial->halves, key_of(trial, session, step->slot));
    }
    for (; line != NULL; line = line->next_half) {
        if ((line->is_begun && step->action == PLAN_START) ||
            (line->keeps_from && step->action == PLAN_STOP && str_eq(line->from, from))) {
            return line;
        }
    }
    return NULL;
}

static void end_half(struct trial_line *line, const struct plan_step *step)
{
    if (line->is_begun) {
        line->agent = step->agent->object->meta.name;
    }
    line->is_begun = line->keeps_from = false;
}

static bool waits_for_end(const struct ctl *ctl, const struct template_entry *template,
                          const struct plan_step *step)
{
    bool is_exclusive = (template != NULL && template->template->lease_ms > 0) ||
                        (step->copy != NULL && assignment_is_exclusive(step->copy));

    return (step->action == PLAN_MOVE || step->action == PLAN_REPLACE) && is_exclusive &&
           !copy_may_go(&ctl->model, step->copy, ctl->now);
}

/* Work that goes on where it is, under another policy. */
static void note_turn(struct trial *trial, const char *session,
                      const struct template_entry *template, const struct plan_step *step)
{
    const struct template_entry *before =
        model_template_find(&trial->ctl->model, assignment_spec(step->copy)->template_digest);
    struct trial_line line = {
        .action = "policy",
        .session = session,
        .slot = step->slot,
        .agent = assignment_spec(step->copy)->agent,
        .wave = trial->round + step->wave,
    };
    struct foreseen turn;

    if (before == NULL || !foresee_change(template_policy(before->template),
                                          template_policy(template->template), step->copy, &turn)) {
        return;
    }
    trial->held += turn.is < POLICY_SUSPEND && turn.becomes >= POLICY_SUSPEND;
    trial->resumed += turn.is >= POLICY_SUSPEND && turn.becomes < POLICY_SUSPEND;
    line.turn = arena_copy(&trial->ctl->arena, &turn, sizeof(turn));
    (void)add_line(trial, &trial->turns, line);
}

static void note_step(struct trial *trial, const char *session,
                      const struct template_entry *template, const struct plan_step *step)
{
    const char *from = step->copy == NULL ? NULL : assignment_spec(step->copy)->agent;
    bool has_from = step->action == PLAN_MOVE || step->action == PLAN_REPLACE;
    struct trial_line *half = half_done(trial, session, step, from), *added;
    const struct trial_line line = {
        .action = plan_action_to_str(step->action),
        .session = session,
        .slot = step->slot,
        .agent = step->agent == NULL ? from : step->agent->object->meta.name,
        .from = has_from ? from : NULL,
        .reason = step->reason,
        .held = held_by_policy(trial, step, template),
        .wave = trial->round + step->wave,
        .keeps_from = step->keeps_copy,
        .is_begun = !trial->is_last && waits_for_end(trial->ctl, template, step),
        .is_held_up = trial->is_held_up,
    };

    if (half != NULL) {
        end_half(half, step);
        return;
    }
    if (step->action == PLAN_UPDATE) {
        note_turn(trial, session, template, step);
    }
    trial->actions[step->action]++;
    added = add_line(trial, &trial->steps, line);
    if (line.is_begun || line.keeps_from) {
        add_half(trial, added);
    }
}

void trial_note_steps(struct trial *trial, const char *session,
                      const struct template_entry *template, const struct plan *plan,
                      unsigned wave_max)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].wave <= wave_max) {
            note_step(trial, session, template, &plan->steps[i]);
        }
    }
}

void trial_note_gaps(struct trial *trial, const struct trial_session *session,
                     const struct plan *plan)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        const struct plan_gap *gap = &plan->gaps[i];
        struct trial_line line = {
            .action = "wait",
            .session = session->name,
            .slot = gap->slot,
            .agent = gap->copy == NULL ? NULL : assignment_spec(gap->copy)->agent,
            .reason = gap->message,
            .wave = 1,
            .of = session,
            .planning = session->plannings,
        };

        switch (gap->why) {
        case WHY_POLICY_MISSING:
        case WHY_GIVEN_UP:
        case WHY_FAILED:
        case WHY_NO_AGENT:
        case WHY_ROLLOUT_PAUSED:
        case WHY_DRIFTED:
            line.action = why_to_str(gap->why);
            (void)add_line(trial, &trial->gaps, line);
            break;
        case WHY_GANG_TIMED_OUT:
        case WHY_AGENT_AWAY:
        case WHY_LEASED:
        case WHY_BACK_OFF:
        case WHY_GANG_WAITS:
            (void)add_line(trial, &trial->waits, line);
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

void trial_note_pause(struct trial *trial, const char *session)
{
    const struct trial_line line = {.action = "wait",
                                    .session = session,
                                    .slot = "",
                                    .reason =
                                        "it was taken back, and is placed again after a pause",
                                    .wave = trial->round + 1};

    (void)add_line(trial, &trial->waits, line);
}

void trial_note_loose(struct trial *trial, const struct assignment_entry *copy)
{
    const struct assignment_spec *spec = assignment_spec(copy);
    const struct trial_line line = {
        .action = plan_action_to_str(PLAN_STOP),
        .session = spec->session,
        .slot = spec->slot,
        .agent = spec->agent,
        .reason = "its session is deleted",
        .wave = 1,
    };

    trial->actions[PLAN_STOP]++;
    (void)add_line(trial, &trial->steps, line);
}

/* --- sorting ---------------------------------------------------------------------------------- */

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
    const struct trial_line *left = *(struct trial_line *const *)a;
    const struct trial_line *right = *(struct trial_line *const *)b;
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

static bool is_so(const struct trial_line *line)
{
    return line->of == NULL || line->planning == line->of->plannings;
}

/* Those that are still so of both lists; `more` may be NULL. */
static struct trial_line **sorted(struct trial *trial, const struct trial_lines *lines,
                                  const struct trial_lines *more, size_t *ret_count)
{
    size_t most = lines->count + (more == NULL ? 0 : more->count), count = 0;
    struct trial_line **items =
        arena_array(&trial->ctl->arena, most + 1, sizeof(struct trial_line *));

    for (struct trial_line *it = lines->first; it != NULL; it = it->next) {
        if (is_so(it)) {
            items[count++] = it;
        }
    }
    for (struct trial_line *it = more == NULL ? NULL : more->first; it != NULL; it = it->next) {
        if (is_so(it)) {
            items[count++] = it;
        }
    }
    if (count > 1) {
        qsort(items, count, sizeof(struct trial_line *), compare_lines);
    }
    *ret_count = count;
    return items;
}

/* --- the tree --------------------------------------------------------------------------------- */

/* The answer while it grows. */
struct telling {
    struct arena *arena;
    struct node *root;
    size_t bytes;   /* of the lines, about */
    const char *at; /* the bound that was reached first; NULL: none */
    int64_t bound;
    struct map more; /* lines left out, by kind: counts */
};

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
    put_text(arena, map, "message", held->message);
    return map;
}

static struct node *turn_to_node(struct arena *arena, const struct trial_line *line)
{
    const struct foreseen *turn = line->turn;
    struct node *map = node_map(arena);

    put_text(arena, map, "session", line->session);
    put_text(arena, map, "slot", line->slot);
    put_text(arena, map, "agent", line->agent);
    node_set(arena, map, "wave", node_int(arena, line->wave));
    put_text(arena, map, "is", policy_outcome_words[turn->is]);
    put_text(arena, map, "becomes", policy_outcome_words[turn->becomes]);
    if (turn->reason != REASON_NONE) {
        put_text(arena, map, "reason", policy_reason_words[turn->reason]);
    }
    if (turn->message[0] != '\0') {
        put_text(arena, map, "message", turn->message);
    }
    return map;
}

static struct node *line_to_node(struct arena *arena, const struct trial_line *line,
                                 bool is_pending)
{
    struct node *map;

    if (line->turn != NULL) {
        return turn_to_node(arena, line);
    }
    map = node_map(arena);
    put_text(arena, map, is_pending ? "why" : "action", line->action);
    put_text(arena, map, "session", line->session);
    put_text(arena, map, "slot", line->slot);
    put_text(arena, map, "agent", line->agent);
    put_text(arena, map, "from", line->from);
    if (!is_pending) {
        node_set(arena, map, "wave", node_int(arena, line->wave));
    }
    put_text(arena, map, "reason", line->reason);
    if (line->is_held_up) {
        node_set(arena, map, "afterWaits", node_bool(arena, true));
    }
    if (line->held != NULL) {
        node_set(arena, map, "held", held_to_node(arena, line->held));
    }
    return map;
}

static size_t bytes_of(const struct trial_line *line)
{
    const char *const texts[] = {line->action,
                                 line->session,
                                 line->slot,
                                 line->agent,
                                 line->from,
                                 line->reason,
                                 line->held == NULL ? NULL : line->held->message,
                                 line->turn == NULL ? NULL : line->turn->message};
    size_t bytes = LINE_FRAME_BYTES;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        bytes += texts[i] == NULL ? 0 : strlen(texts[i]);
    }
    return bytes;
}

static void reach(struct telling *telling, const char *at, int64_t bound)
{
    if (telling->at == NULL) {
        telling->at = at;
        telling->bound = bound;
    }
}

static void leave_out(struct telling *telling, const char *kind)
{
    size_t *count = map_find(&telling->more, kind);

    if (count == NULL) {
        count = ARENA_NEW(telling->arena, size_t);
        (void)map_put(&telling->more, kind, count);
    }
    (*count)++;
}

/* Once one line does not fit none after it does: what is told is the beginning. */
static void tell_lines(struct telling *telling, const char *key, struct trial_line *const *lines,
                       size_t count)
{
    struct node *list = node_list(telling->arena);
    bool is_pending = str_eq(key, "pending"), is_over = false;

    for (size_t i = 0; i < count; i++) {
        size_t bytes = is_over ? 0 : bytes_of(lines[i]);

        if (!is_over && i >= PLAN_LINES_MAX) {
            reach(telling, "lines", PLAN_LINES_MAX);
            is_over = true;
        } else if (!is_over && telling->bytes + bytes > PLAN_BYTES_MAX) {
            reach(telling, "bytes", PLAN_BYTES_MAX);
            is_over = true;
        }
        if (is_over) {
            leave_out(telling, is_pending ? "pending" : lines[i]->action);
            continue;
        }
        telling->bytes += bytes;
        node_add(telling->arena, list, line_to_node(telling->arena, lines[i], is_pending));
    }
    node_set(telling->arena, telling->root, key, list);
}

static struct node *summary(struct trial *trial)
{
    struct arena *arena = &trial->ctl->arena;
    struct node *map = node_map(arena);
    size_t waits = 0;

    for (const struct trial_line *it = trial->waits.first; it != NULL; it = it->next) {
        waits += is_so(it);
    }
    for (int action = 0; action < PLAN_ACTION_COUNT; action++) {
        node_set(arena, map, plan_action_to_str((enum plan_action)action),
                 node_int(arena, (int64_t)trial->actions[action]));
    }
    node_set(arena, map, "wait", node_int(arena, (int64_t)waits));
    node_set(arena, map, "suspend", node_int(arena, (int64_t)trial->held));
    node_set(arena, map, "resume", node_int(arena, (int64_t)trial->resumed));
    node_set(arena, map, "unchanged", node_int(arena, (int64_t)trial->unchanged));
    return map;
}

static void tell_cut(struct trial *trial, struct telling *telling)
{
    struct arena *arena = telling->arena;
    struct node *cut = node_map(arena), *more = node_map(arena), *unseen = node_map(arena);

    if (telling->at == NULL) {
        return;
    }
    map_each (&telling->more, it) {
        node_set(arena, more, it->key, node_int(arena, (int64_t) * (size_t *)it->value));
    }
    node_set(arena, cut, "at", node_str(arena, telling->at));
    node_set(arena, cut, "bound", node_int(arena, telling->bound));
    node_set(arena, cut, "more", more);
    if (trial->unseen_sessions > 0) {
        node_set(arena, unseen, "sessions", node_int(arena, (int64_t)trial->unseen_sessions));
        node_set(arena, unseen, "replicas", node_int(arena, (int64_t)trial->unseen_replicas));
        node_set(arena, cut, "notExamined", unseen);
    }
    node_set(arena, telling->root, "cut", cut);
}

/* Of a move whose second half never comes: somebody else has the room by then. */
static void end_moves(struct trial *trial)
{
    for (struct trial_line *line = trial->steps.first; line != NULL; line = line->next) {
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

struct node *trial_tell(struct trial *trial)
{
    struct arena *arena = &trial->ctl->arena;
    struct telling telling = {.arena = arena, .root = node_map(arena)};
    struct trial_line **lines;
    size_t count;

    map_init(&telling.more);
    if (trial->is_cut) {
        reach(&telling, "copies", PLAN_EXAMINE_MAX);
    } else {
        end_moves(trial);
    }
    lines = sorted(trial, &trial->steps, &trial->waits, &count);
    tell_lines(&telling, "changes", lines, count);
    lines = sorted(trial, &trial->gaps, NULL, &count);
    tell_lines(&telling, "pending", lines, count);
    lines = sorted(trial, &trial->turns, NULL, &count);
    tell_lines(&telling, "policy", lines, count);
    node_set(arena, telling.root, "summary", summary(trial));
    tell_cut(trial, &telling);
    map_fini(&telling.more);
    return telling.root;
}
