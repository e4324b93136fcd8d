/* From a plan of replicas to one of a gang.  The planner decides about each replica as it always
 * does; here those decisions are carried out together, or not at all. */
#include "controller/core/gang.h"

#include "controller/core/backoff.h"
#include "controller/core/copy.h"
#include "controller/core/core.h"
#include "controller/core/gang_held.h"
#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- the plan --------------------------------------------------------------------------------- */

static void add_gap(struct arena *arena, struct plan *plan, enum why why, const char *message)
{
    plan->gaps = arena_grow(arena, plan->gaps, plan->gap_count, sizeof(struct plan_gap));
    plan->gaps[plan->gap_count++] = (struct plan_gap){.why = why, .slot = "", .message = message};
}

static void drop_gaps(struct plan *plan, enum why why, bool of_steps)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->gap_count; i++) {
        if (of_steps ? !plan->gaps[i].is_of_step : plan->gaps[i].why != why) {
            plan->gaps[kept++] = plan->gaps[i];
        }
    }
    plan->gap_count = kept;
}

static void drop_steps(struct plan *plan)
{
    plan->step_count = 0;
    plan->waves = 0;
    drop_gaps(plan, WHY_COUNT, true);
}

static size_t count_starts(const struct plan *plan)
{
    size_t starts = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        starts += plan->steps[i].action == PLAN_START;
    }
    return starts;
}

static const char *first_message(const struct plan *plan, enum why why)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].why == why) {
            return plan->gaps[i].message;
        }
    }
    return NULL;
}

/* --- placing ---------------------------------------------------------------------------------- */

static bool is_gang(const struct session_entry *session)
{
    return session_spec(session)->gang.deadline_ms > 0 && !object_is_deleting(session->object);
}

/* Asked of what is there, not of what was noted: in a trial nothing is. */
static bool is_burst(const struct session_entry *session)
{
    if (!is_gang(session) || session->gang.is_complete) {
        return false;
    }
    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        if (!object_is_deleting(it->object)) {
            return true;
        }
    }
    return false;
}

/* Gangs that have a turn, or are to have one before this. */
static size_t bursts_before(const struct plan_input *in)
{
    size_t count = 0;

    map_each (&in->model->objects[KIND_HARVEST_SESSION], it) {
        const struct session_entry *other = it->value;

        count +=
            other != in->session &&
            (is_burst(other) || (other->gang.waits && model_is_older_gang(other, in->session)));
    }
    return count;
}

/* `why` may be NULL: after a start nobody knows any more. */
static const char *pause_words(struct arena *arena, const struct plan_input *in, bool has_timed_out,
                               const char *why)
{
    char deadline[DURATION_TEXT_SIZE];

    duration_to_str(session_spec(in->session)->gang.deadline_ms, deadline);
    return has_timed_out
               ? arena_printf(arena,
                              "not all of it ran within %s after it was placed%s%s; it was taken "
                              "back, and is placed again after a pause",
                              deadline, why == NULL ? "" : ": ", why == NULL ? "" : why)
               : arena_printf(arena, "%s; it was taken back, and is placed again after a pause",
                              why == NULL ? "one of it failed or was lost" : why);
}

static void hold(struct arena *arena, struct plan *plan, enum why why, const char *message)
{
    drop_steps(plan);
    add_gap(arena, plan, why, message);
}

static void place(struct arena *arena, const struct plan_input *in, bool is_fresh,
                  struct plan *plan)
{
    const struct gang_state *gang = &in->session->gang;
    size_t starts = count_starts(plan);
    const char *no_room = first_message(plan, WHY_NO_AGENT);

    if (!is_fresh &&
        (!mono_is_due(gang->retry_at, in->now) || (MUTANT(GANG_NEVER_AGAIN) && gang->tries > 0))) {
        plan->look_at = mono_earlier(plan->look_at, gang->retry_at);
        drop_gaps(plan, WHY_NO_AGENT, false);
        hold(arena, plan, gang->has_timed_out ? WHY_GANG_TIMED_OUT : WHY_BACK_OFF,
             pause_words(arena, in, gang->has_timed_out, gang->why));
    } else if (first_message(plan, WHY_STOPPING) != NULL ||
               first_message(plan, WHY_LEASED) != NULL) {
        MARK("a gang waits until all of it has ended");
        drop_gaps(plan, WHY_NO_AGENT, false); /* what leaves still holds its room */
        drop_steps(plan);                     /* the other gaps say what it waits for */
    } else if (no_room != NULL && !MUTANT(GANG_IN_PARTS)) {
        MARK("a gang finds no room for all of it");
        drop_gaps(plan, WHY_NO_AGENT, false);
        hold(arena, plan, WHY_NO_AGENT,
             arena_printf(arena, "%zu of %zu replicas find room, and a gang needs it for all: %s",
                          starts, plan->desired, no_room));
    } else if (starts < plan->desired && no_room == NULL) {
        drop_steps(plan);
    } else if (bursts_before(in) >= in->bursts_max && !MUTANT(BURSTS_UNBOUNDED)) {
        MARK("a gang waits for its turn");
        plan->gang.waits = true;
        hold(arena, plan, WHY_GANG_WAITS,
             arena_printf(arena,
                          "%zu gangs that are placed and not yet complete, or are older, come "
                          "first (fog-controller --bursts-max)",
                          in->bursts_max));
    } else {
        plan->gang.places = true;
    }
}

/* --- while it is placed ----------------------------------------------------------------------- */

static bool is_held_back(const struct assignment_entry *copy)
{
    return !object_is_deleting(copy->object) && assignment_status(copy)->phase == PHASE_SUSPENDED;
}

static bool ran(const struct assignment_entry *copy)
{
    enum assignment_phase phase = assignment_status(copy)->phase;

    return !object_is_deleting(copy->object) &&
           (phase == PHASE_RUNNING || phase == PHASE_SUCCEEDED);
}

static void list_held(struct arena *arena, const struct plan_input *in, struct plan_gang *gang)
{
    dlist_each (&in->session->assignments, struct assignment_entry, in_session, it) {
        const char *agent = arena_strdup(arena, assignment_spec(it)->agent);

        if (is_held_back(it)) {
            gang->held = arena_grow(arena, gang->held, gang->held_count, sizeof(*gang->held));
            gang->held[gang->held_count++] = agent;
        } else if (ran(it)) {
            gang->let = arena_grow(arena, gang->let, gang->let_count, sizeof(*gang->let));
            gang->let[gang->let_count++] = agent;
        }
    }
}

static void take_back(struct arena *arena, const struct plan_input *in, struct plan *plan,
                      bool has_timed_out, const char *why)
{
    const char *reason =
        arena_printf(arena, "the gang is taken back as a whole: %s%s%s",
                     has_timed_out ? "not all of it ran within its deadline" : "",
                     has_timed_out && why != NULL ? ": " : "", why == NULL ? "" : why);

    MARK("a gang is taken back as a whole");
    drop_steps(plan);
    plan->gap_count = 0;
    dlist_each (&in->session->assignments, struct assignment_entry, in_session, it) {
        if (object_is_deleting(it->object)) {
            continue;
        }
        plan->steps = arena_grow(arena, plan->steps, plan->step_count, sizeof(struct plan_step));
        plan->steps[plan->step_count++] = (struct plan_step){.action = PLAN_STOP,
                                                             .slot = assignment_spec(it)->slot,
                                                             .copy = it,
                                                             .wave = 1,
                                                             .reason = reason};
        if (!copy_may_go(in->model, it, in->now)) {
            plan->look_at = mono_earlier(plan->look_at, copy_may_go_at(in->model, it, in->now));
        }
    }
    plan->waves = 1;
    plan->gang.takes_back = true;
    plan->gang.has_timed_out = has_timed_out;
    plan->gang.why = why;
    if (has_timed_out) {
        list_held(arena, in, &plan->gang);
    }
    add_gap(arena, plan, has_timed_out ? WHY_GANG_TIMED_OUT : WHY_BACK_OFF,
            pause_words(arena, in, has_timed_out, why));
}

/* Of those that do not run one is told, for a start. */
static const char *first_late(struct arena *arena, const struct plan_input *in,
                              const struct plan *plan)
{
    const struct plan_gap *gap = plan->gap_count == 0 ? NULL : &plan->gaps[0];

    if (gap == NULL) {
        dlist_each (&in->session->assignments, struct assignment_entry, in_session, it) {
            if (is_held_back(it)) {
                return arena_printf(arena, "replica %s is held back: %s", assignment_spec(it)->slot,
                                    plan_failure_words(arena, it));
            }
        }
        return "not all has run at once";
    }
    return str_is_empty(gap->slot) ? gap->message
                                   : arena_printf(arena, "replica %s: %s", gap->slot, gap->message);
}

/* Held back by its policy is well, and yet not running beside the others. */
static bool is_complete(const struct plan_input *in, const struct plan *plan)
{
    dlist_each (&in->session->assignments, struct assignment_entry, in_session, it) {
        if (is_held_back(it)) {
            return false;
        }
    }
    return plan->ready == plan->desired;
}

/* One has no copy, and no place either; what grows and finds no room goes on as it is. */
static bool lacks_member(const struct plan *plan)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].why == WHY_NO_AGENT && plan->gaps[i].copy == NULL) {
            return true;
        }
    }
    return false;
}

/* What runs on agents that have not come back since a start nobody has told yet. */
static struct mono due_at(const struct plan_input *in)
{
    const struct gang_state *gang = &in->session->gang;
    struct mono since = gang->is_placed ? gang->since : in->now;

    return mono_later(mono_after(since, session_spec(in->session)->gang.deadline_ms),
                      gang->heard_by);
}

static void tend(struct arena *arena, const struct plan_input *in, struct plan *plan)
{
    const struct gang_state *gang = &in->session->gang;
    struct mono due = due_at(in);

    if (plan->broken != NULL && !MUTANT(GANG_MENDED)) {
        take_back(arena, in, plan, false, plan->broken);
    } else if ((count_starts(plan) > 0 || lacks_member(plan)) && !MUTANT(GANG_MENDED)) {
        take_back(arena, in, plan, false, "a replica of it has no place");
    } else if (gang->is_complete || is_complete(in, plan)) {
        plan->gang.is_complete = true;
    } else if (mono_is_due(due, in->now)) {
        take_back(arena, in, plan, true, first_late(arena, in, plan));
    } else {
        plan->look_at = mono_earlier(plan->look_at, due);
        if (plan->gap_count == 0) {
            MARK("a gang waits for what its policy holds");
            add_gap(arena, plan, WHY_STARTING,
                    "its policy holds some of it: not all has run at once yet");
        }
    }
}

void gang_decide(struct arena *arena, const struct plan_input *in, struct plan *plan)
{
    const struct harvest_session *body = harvest_session_of(in->session->object);
    size_t live = 0;

    if (!is_gang(in->session)) {
        return;
    }
    plan->gang.is_gang = true;
    dlist_each (&in->session->assignments, struct assignment_entry, in_session, it) {
        live += !object_is_deleting(it->object);
    }
    plan->gang.has_members = live > 0;
    if (in->template == NULL || plan->desired == 0) { /* nothing is started, or nothing wanted */
        plan->gang.is_complete = in->session->gang.is_complete;
    } else if (live == 0) {
        place(arena, in, body->status.observed_generation < in->session->object->meta.generation,
              plan);
    } else {
        tend(arena, in, plan);
    }
}

/* --- what came of it -------------------------------------------------------------------------- */

static bool is_among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static void note_taken_back(struct ctl *ctl, struct session_entry *session,
                            const struct plan_gang *plan)
{
    struct gang_state *gang = &session->gang;
    int64_t deadline_ms = session_spec(session)->gang.deadline_ms;
    bool ran_long =
        gang->is_complete && mono_is_due(mono_after(gang->since, RESTART_RESET_MS), ctl->now);
    unsigned tries = ran_long ? 1 : gang->tries + 1;

    for (size_t i = 0; i < plan->let_count; i++) {
        if (!is_among(plan->held, plan->held_count, plan->let[i])) {
            gang_held_let(session, plan->let[i]);
        }
    }
    for (size_t i = 0; i < plan->held_count; i++) {
        gang_held_note(session, plan->held[i], deadline_ms, ctl->now);
    }
    free(gang->why);
    *gang = (struct gang_state){
        .has_timed_out = plan->has_timed_out,
        .why = mem_strdup(plan->why),
        .tries = tries,
        .retry_at = mono_after(ctl->now, backoff_ms(tries, &ctl->rand)),
    };
}

static void note_placed(struct ctl *ctl, struct session_entry *session)
{
    struct gang_state *gang = &session->gang;
    int64_t deadline_ms = session_spec(session)->gang.deadline_ms;

    gang->is_placed = true;
    gang->since = ctl->now;
    gang->placed = ctl->wall;
    gang->heard_by = MONO_ZERO;
    model_look_at(&ctl->model, session,
                  mono_earlier(session->look_at, mono_after(ctl->now, deadline_ms)));
}

void gang_note(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    struct gang_state *gang = &session->gang;
    /* Others count what is there: also what has members and was never noted as placed. */
    bool had_turn = (gang->is_placed || plan->gang.has_members) && !gang->is_complete;
    bool did_wait = gang->waits;

    if (!plan->gang.is_gang) {
        free(gang->why);
        *gang = (struct gang_state){0};
        gang_held_forget(session);
    } else if (plan->gang.takes_back) {
        note_taken_back(ctl, session, &plan->gang);
        model_look_at(&ctl->model, session, mono_earlier(session->look_at, gang->retry_at));
    } else {
        if (plan->gang.places || (plan->gang.has_members && !gang->is_placed)) {
            note_placed(ctl, session);
        }
        gang->is_placed = plan->gang.places || plan->gang.has_members;
        gang->is_complete = gang->is_placed && plan->gang.is_complete;
        gang->waits = plan->gang.waits;
        if (gang->is_complete) {
            gang_held_forget(session);
        }
    }
    if (!MUTANT(GANG_KEEPS_TURN) &&
        ((had_turn && (!gang->is_placed || gang->is_complete)) || (did_wait && !gang->waits))) {
        model_mark_next_gang(&ctl->model);
    }
}

/* --- what outlives the controller ------------------------------------------------------------- */

bool gang_is_stated(const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct gang_state *gang = &session->gang;

    if (!is_gang(session)) {
        return !shape_has(&harvest_session_status_shape, status, &status->gang);
    }
    return shape_has(&harvest_session_status_shape, status, &status->gang) &&
           shape_has(&gang_status_shape, &status->gang, &status->gang.placed) == gang->is_placed &&
           (!gang->is_placed || status->gang.placed.ms == gang->placed.ms / 1000 * 1000) &&
           status->gang.complete == gang->is_complete &&
           status->gang.taken_back == (int64_t)gang->tries;
}

void gang_state(struct object *object, const struct session_entry *session)
{
    struct harvest_session_status *status = &((struct harvest_session *)object->body)->status;
    const struct gang_state *gang = &session->gang;

    if (!is_gang(session)) {
        shape_remove(&harvest_session_status_shape, status, &status->gang);
        return;
    }
    if (gang->is_placed) {
        shape_put(&gang_status_shape, &status->gang, placed,
                  ((struct wall){gang->placed.ms / 1000 * 1000}));
    } else {
        shape_remove(&gang_status_shape, &status->gang, &status->gang.placed);
    }
    shape_put(&gang_status_shape, &status->gang, complete, gang->is_complete);
    shape_put(&gang_status_shape, &status->gang, taken_back, (int64_t)gang->tries);
    shape_mark(&harvest_session_status_shape, status, &status->gang);
}

void gang_begin(struct ctl *ctl, struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *converged = condition_find(&status->conditions, "Converged");
    struct gang_state *gang = &session->gang;
    int64_t ago_ms = ctl->wall.ms - status->gang.placed.ms;

    if (!is_gang(session)) {
        return;
    }
    gang->tries =
        (unsigned)(status->gang.taken_back < UINT_MAX ? status->gang.taken_back : UINT_MAX - 1);
    gang->is_placed = shape_has(&gang_status_shape, &status->gang, &status->gang.placed);
    if (gang->is_placed) {
        /* The clock may have been set meanwhile. */
        ago_ms = ago_ms < 0 ? 0 : ago_ms > WORK_TIME_MAX_MS ? WORK_TIME_MAX_MS : ago_ms;
        gang->placed = status->gang.placed;
        gang->since = (struct mono){ctl->started_at.ms - ago_ms};
        gang->heard_by = ctl->reconciler.awaited_until;
        gang->is_complete = status->gang.complete;
    } else if (gang->tries > 0) {
        gang->has_timed_out =
            converged != NULL && str_eq(converged->reason, why_to_str(WHY_GANG_TIMED_OUT));
        gang->retry_at = mono_after(ctl->started_at, backoff_ms(gang->tries, &ctl->rand));
    }
}

/* Who has been placed stays, also where there are more than that. */
void gang_set_bursts(struct ctl *ctl, size_t bursts_max)
{
    ctl->options.bursts_max = bursts_max > 0 ? bursts_max : BURSTS_MAX;
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        struct session_entry *session = it->value;

        if (session->gang.waits) {
            model_mark_session(&ctl->model, session);
        }
    }
}
