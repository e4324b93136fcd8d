/* Progress, and going back: controller/core/deadline.h. */
#include "controller/core/deadline.h"

#include "controller/core/reads.h"
#include "schema/base/err.h"
#include "schema/base/site.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/session_form.h"

#include <inttypes.h>

#define WHO "fog-controller"

enum {
    READ_AGAIN_MS = 1000,
    FORMS_MAX = 100, /* changes among which the one that began the good form is looked for */
};

static const struct rollout_spec *rollout_of(const struct session_entry *session)
{
    return &session_spec(session)->rollout;
}

static bool has_deadline(const struct session_entry *session)
{
    return rollout_of(session)->progress_deadline_ms > 0 &&
           !harvest_session_has_tasks(session_spec(session)) &&
           !object_is_deleting(session->object);
}

bool deadline_is_on_trial(const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;

    return has_deadline(session) &&
           status->rollout.good_generation != session->object->meta.generation;
}

/* --- progress --------------------------------------------------------------------------------- */

static void begin(struct ctl *ctl, struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    struct rollout_progress *progress = &session->rollout;
    int64_t ago_ms = ctl->wall.ms - status->rollout.progress.ms;
    int64_t deadline_ms = rollout_of(session)->progress_deadline_ms;

    *progress = (struct rollout_progress){.is_known = true, .told = status->rollout};
    /* The clock may have been set meanwhile. */
    ago_ms = ago_ms < 0 ? 0 : ago_ms > deadline_ms ? deadline_ms : ago_ms;
    progress->due =
        mono_later(mono_after(ctl->now, deadline_ms - ago_ms), ctl->reconciler.awaited_until);
}

static void note_progress(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    struct rollout_progress *progress = &session->rollout;
    struct rollout_status *told = &progress->told;
    int64_t updated = (int64_t)plan->updated, ready = (int64_t)plan->ready;
    bool is_new = told->generation != session->object->meta.generation;

    if (!is_new && updated <= told->updated && ready <= told->ready) {
        return;
    }
    if (is_new) {
        progress->well_since = MONO_ZERO;
        progress->is_late = progress->has_failed = false;
        told->generation = session->object->meta.generation;
    }
    told->updated = is_new || updated > told->updated ? updated : told->updated;
    told->ready = is_new || ready > told->ready ? ready : told->ready;
    told->progress = (struct wall){ctl->wall.ms / 1000 * 1000};
    progress->due = mono_after(ctl->now, rollout_of(session)->progress_deadline_ms);
}

static void look_at(struct ctl *ctl, struct session_entry *session, struct mono moment)
{
    model_look_at(&ctl->model, session, mono_earlier(session->look_at, moment));
}

/* Of all agents none is there: a form that nobody ran is not good, and nobody is late with it. */
static bool is_nobodys(const struct session_entry *session, const struct plan *plan)
{
    return session_spec(session)->every_agent && plan->desired == 0;
}

/* Replicas of the newest form were given up, and not by one machine: on two, or all that are
 * wanted. No two replicas of a session are on the same one. */
static bool has_failed(const struct plan *plan, const struct template_entry *template)
{
    const char *agent = NULL;
    size_t count = 0;
    bool is_one = !MUTANT(ONE_MACHINE_REVERTS);

    for (size_t i = 0; template != NULL && i < plan->gap_count; i++) {
        const struct plan_gap *gap = &plan->gaps[i];
        const struct assignment_spec *spec = gap->copy == NULL ? NULL : assignment_spec(gap->copy);

        if ((gap->why == WHY_GIVEN_UP || gap->why == WHY_FAILED) && spec != NULL &&
            str_eq(spec->template_digest, template->text)) {
            is_one = is_one && (agent == NULL || str_eq(agent, spec->agent));
            agent = spec->agent;
            count++;
        }
    }
    return count > 0 && (!is_one || count >= plan->desired);
}

/* All replicas run the newest form, and have for long enough. */
static bool is_good(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    struct rollout_progress *progress = &session->rollout;
    struct mono due;

    if (plan->updated < plan->desired || plan->ready < plan->desired || plan->failed > 0 ||
        is_nobodys(session, plan)) {
        progress->well_since = MONO_ZERO;
        return false;
    }
    if (progress->well_since.ms == 0) {
        progress->well_since = ctl->now;
    }
    due = mono_after(progress->well_since, rollout_of(session)->healthy_after_ms);
    if (!mono_is_due(due, ctl->now)) {
        look_at(ctl, session, due);
        return false;
    }
    return true;
}

static void note(struct ctl *ctl, struct session_entry *session,
                 const struct template_entry *template, const struct plan *plan)
{
    struct rollout_progress *progress = &session->rollout;
    struct rollout_status *told = &progress->told;

    note_progress(ctl, session, plan);
    if (told->good_generation == told->generation) {
        return;
    }
    /* After a restore what is exclusive cannot begin, either: that is not the form's fault. */
    if (ctl->is_unsettled || is_nobodys(session, plan)) {
        progress->due = MONO_NEVER;
    } else if (mono_is_never(progress->due)) {
        progress->due = mono_after(ctl->now, rollout_of(session)->progress_deadline_ms);
    }
    if (is_good(ctl, session, plan) && (!MUTANT(FIRST_IS_GOOD) || told->good_generation == 0)) {
        MARK("a rollout is good");
        metrics_count(&ctl->metrics, METRIC_ROLLOUTS_ENDED, METRIC_ENDED_GOOD);
        told->good_generation = told->generation;
        told->good_revision = ctl->revision;
        progress->is_late = false;
    } else if (rollout_of(session)->pause) { /* the time does not count */
        progress->due = mono_after(ctl->now, rollout_of(session)->progress_deadline_ms);
        progress->is_late = false;
    } else if (progress->well_since.ms != 0) {
        progress->is_late = false; /* while it is well; what goes up and down is late when down */
    } else {
        progress->has_failed = has_failed(plan, template);
        progress->is_late = MUTANT(DEADLINE_AT_ONCE) || progress->has_failed ||
                            mono_is_due(progress->due, ctl->now);
        look_at(ctl, session, progress->is_late ? session->look_at : progress->due);
    }
}

/* --- going back ------------------------------------------------------------------------------- */

static bool is_to_revert(const struct ctl *ctl, const struct session_entry *session)
{
    const struct rollout_status *told = &session->rollout.told;

    return session->rollout.is_late && !session->rollout.is_reading &&
           rollout_of(session)->on_failure == ON_FAILURE_REVERT && told->good_generation != 0 &&
           told->settled_generation != told->generation && !ctl->store_is_full;
}

static void ask_for_the_past(struct ctl *ctl, struct session_entry *session)
{
    const struct rollout_status *told = &session->rollout.told;
    struct rollback *rollback = MEM_NEW(struct rollback);
    struct read_query query = {.type = READ_HISTORY, .limit = FORMS_MAX};

    rollback->form_only = true;
    rollback->kind = session->object->kind;
    rollback->name = arena_strdup(&rollback->arena, session->object->meta.name);
    rollback->uid = arena_strdup(&rollback->arena, session->object->meta.uid);
    rollback->generation = told->generation;
    rollback->good_revision = told->good_revision;
    rollback->revision =
        told->good_revision > ctl->compacted ? told->good_revision : ctl->compacted;
    session->rollout.is_reading = true;
    query.kind = rollback->kind;
    query.name = mem_strdup(rollback->name);
    query.upto = rollback->revision;
    reads_expect(ctl, ctl_read(ctl, &query), READ_FOR_REVERT, 0, rollback);
}

void deadline_note(struct ctl *ctl, struct session_entry *session,
                   const struct template_entry *template, const struct plan *plan)
{
    if (!has_deadline(session)) {
        session->rollout = (struct rollout_progress){0};
        return;
    }
    if (!session->rollout.is_known) {
        begin(ctl, session);
    }
    note(ctl, session, template, plan);
    if (!is_to_revert(ctl, session)) {
        return;
    }
    if (mono_is_due(session->rollout.read_at, ctl->now)) {
        ask_for_the_past(ctl, session);
    } else {
        look_at(ctl, session, session->rollout.read_at);
    }
}

/* Whether it succeeds or not: this generation is done with. */
static void settle(struct ctl *ctl, struct session_entry *session, const char *event,
                   const char *words)
{
    session->rollout.told.settled_generation = session->rollout.told.generation;
    ctl_begin(ctl, false);
    ctl_event_record(ctl, session->object, "Warning", event, "%s", words);
    ctl_commit(ctl);
    model_mark_session(&ctl->model, session);
}

static void settle_reverted(struct ctl *ctl, struct session_entry *session,
                            const struct rollback *rollback)
{
    MARK("a rollout is taken back by itself");
    metrics_count(&ctl->metrics, METRIC_ROLLOUTS_ENDED, METRIC_ENDED_REVERTED);
    session->rollout.told.revert_generation = session->object->meta.generation;
    session->rollout.told.revert_revision = rollback->revision;
    settle(ctl, session, "Reverted", rollback->defaults.why);
}

static void settle_late(struct ctl *ctl, struct session_entry *session, const char *words)
{
    MARK("a rollout fails, and there is no way back");
    settle(ctl, session, "RevertFailed", words);
}

/* "no progress for 10s (BackOff)". */
static const char *failure_words(struct ctl *ctl, const struct session_entry *session)
{
    const struct condition *converged =
        condition_find(&harvest_session_of(session->object)->status.conditions, "Converged");
    char after[DURATION_TEXT_SIZE];

    if (session->rollout.has_failed) {
        return "its replicas were given up";
    }
    duration_to_str(rollout_of(session)->progress_deadline_ms, after);
    return converged == NULL || converged->status == CONDITION_TRUE
               ? arena_printf(&ctl->arena, "no progress for %s", after)
               : arena_printf(&ctl->arena, "no progress for %s (%s)", after, converged->reason);
}

/* The session as it was when it was good, or what is kept of that (the change that began the form),
 * and in `rollback` the revision that began its form, which is the one that people know it by.
 * NULL: history does not have it any more. */
static struct object *good_of(struct ctl *ctl, struct rollback *rollback,
                              const struct read_result *result)
{
    struct object *good = NULL;
    bool is_of_form = true;

    for (size_t i = 0; i < result->changes.count && is_of_form; i++) { /* the newest first */
        const struct stored_change *change = &result->changes.items[i];
        struct object *then;

        if (change->revision > rollback->good_revision) {
            continue; /* history of then was compacted, and what is kept of later is told, too */
        }
        if (change->verb == ROW_DELETE || !str_eq(change->uid, rollback->uid)) {
            break;
        }
        then = stored_object(change, NULL);
        is_of_form = then != NULL && (good == NULL || session_form_eq(&ctl->arena, good, then));
        if (is_of_form) {
            rollback->revision = change->revision;
        }
        if (is_of_form && good == NULL) {
            good = then;
        } else if (then != NULL) {
            object_unref(then);
        }
    }
    return good;
}

static void go_back(struct ctl *ctl, struct session_entry *session, struct rollback *rollback,
                    const struct object *then)
{
    struct write_request write;
    struct changeset set = {.writes = &write};
    struct node *plan;

    write_init(&ctl->arena, &rollback->defaults);
    rollback->defaults.who = WHO;
    rollback->defaults.manager =
        (struct manager){.name = WHO, .source = SOURCE_API, .subresource = "", .now = ctl->wall};
    rollback->defaults.why = arena_printf(&ctl->arena, "%s: back to the form of revision %" PRIu64,
                                          failure_words(ctl, session), rollback->revision);
    rollback_add_form(ctl, rollback, then, &set);
    if (!changeset_decide(ctl, &set, &plan)) {
        settle_late(ctl, session,
                    arena_printf(&ctl->arena, "the last good form cannot be had again: %s",
                                 set.failure.message));
    } else if (write.outcome == OUTCOME_UNCHANGED) {
        settle_late(ctl, session, "there is nothing to go back to: its form was good last");
    } else {
        settle_reverted(ctl, session, rollback);
    }
    changeset_free(&set);
}

void deadline_read_done(struct ctl *ctl, struct rollback *rollback,
                        const struct read_result *result)
{
    struct session_entry *session = model_session(&ctl->model, rollback->name);
    struct object *then;

    if (session == NULL || !str_eq(session->object->meta.uid, rollback->uid)) {
        return;
    }
    session->rollout.is_reading = false;
    model_mark_session(&ctl->model, session);
    if (session->object->meta.generation != rollback->generation || !session->rollout.is_late ||
        rollout_of(session)->on_failure != ON_FAILURE_REVERT || !has_deadline(session) ||
        ctl->store_is_full) {
        return;
    }
    on_compacted(ctl, result->compacted);
    if (result->code == ERR_NOT_FOUND && result->compacted > rollback->revision) {
        return; /* and is asked for again, as it is now */
    }
    if (result->code < 0 && result->code != ERR_NOT_FOUND) { /* the disk may do better then */
        session->rollout.read_at = mono_after(ctl->now, READ_AGAIN_MS);
        return;
    }
    then = good_of(ctl, rollback, result);
    if (then == NULL) {
        settle_late(ctl, session, "history does not have the last good form any more");
        return;
    }
    go_back(ctl, session, rollback, then);
    object_unref(then);
}

/* --- what outlives the controller ------------------------------------------------------------- */

struct said {
    enum condition_status status;
    const char *reason;
};

/* Is what there is now what the controller went back to? */
static bool is_reverted(const struct rollout_status *told)
{
    return told->generation == told->revert_generation;
}

static struct said said_of(const struct session_entry *session)
{
    const struct rollout_progress *progress = &session->rollout;
    const struct rollout_status *told = &progress->told;

    if (told->good_generation == told->generation) {
        return (struct said){CONDITION_TRUE, is_reverted(told) ? "Reverted" : "RolledOut"};
    }
    if (progress->is_late) {
        return (struct said){CONDITION_FALSE,
                             progress->has_failed ? "RolloutFailed" : "ProgressDeadlineExceeded"};
    }
    if (rollout_of(session)->pause) {
        return (struct said){CONDITION_UNKNOWN, "RolloutPaused"};
    }
    return (struct said){CONDITION_TRUE, is_reverted(told) ? "Reverting" : "Progressing"};
}

bool deadline_is_stated(const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *condition = condition_find(&status->conditions, "Progressing");
    const struct rollout_status *is = &status->rollout, *told = &session->rollout.told;

    if (!session->rollout.is_known) {
        return condition == NULL &&
               !shape_has(&harvest_session_status_shape, status, &status->rollout);
    }
    return condition != NULL && str_eq(condition->reason, said_of(session).reason) &&
           is->generation == told->generation && is->updated == told->updated &&
           is->ready == told->ready && is->progress.ms == told->progress.ms &&
           is->good_generation == told->good_generation &&
           is->good_revision == told->good_revision &&
           is->settled_generation == told->settled_generation &&
           is->revert_generation == told->revert_generation;
}

/* What follows from being late. */
static const char *way_back(const struct session_entry *session)
{
    const struct rollout_status *told = &session->rollout.told;

    if (rollout_of(session)->on_failure != ON_FAILURE_REVERT) {
        return "it stays as it is, as spec.rollout.onFailure says";
    }
    if (told->good_generation == 0) {
        return "no form was good before that it could go back to";
    }
    return told->settled_generation == told->generation
               ? "it could not be taken back: see the event RevertFailed"
               : "it goes back to the form that was good last";
}

static const char *words_of(struct ctl *ctl, const struct session_entry *session,
                            const struct said *said)
{
    const struct rollout_status *told = &session->rollout.told;

    if (said->status == CONDITION_FALSE) {
        return arena_printf(&ctl->arena, "%s: %s", failure_words(ctl, session), way_back(session));
    }
    if (said->status == CONDITION_UNKNOWN) {
        return "the rollout is paused";
    }
    if (is_reverted(told)) {
        return arena_printf(&ctl->arena,
                            "generation %" PRId64 " failed: back to the form of revision %" PRIu64,
                            told->settled_generation, told->revert_revision);
    }
    return told->good_generation == told->generation ? "all replicas run the newest form"
                                                     : "the newest form is being rolled out";
}

void deadline_state(struct ctl *ctl, struct object *object, const struct session_entry *session)
{
    struct harvest_session_status *status = &((struct harvest_session *)object->body)->status;
    const struct rollout_status *told = &session->rollout.told;
    const struct shape *shape = &rollout_status_shape;
    const struct said said = said_of(session);
    const struct condition *before = condition_find(&status->conditions, "Progressing");

    if (!session->rollout.is_known) {
        shape_remove(&harvest_session_status_shape, status, &status->rollout);
        condition_drop(&status->conditions, "Progressing");
        return;
    }
    if (said.status == CONDITION_FALSE && (before == NULL || before->status != CONDITION_FALSE)) {
        metrics_count(&ctl->metrics, METRIC_ROLLOUTS_ENDED, METRIC_ENDED_LATE);
        ctl_event_record(ctl, session->object, "Warning", said.reason, "%s",
                         words_of(ctl, session, &said));
    }
    shape_put(shape, &status->rollout, generation, told->generation);
    shape_put(shape, &status->rollout, updated, told->updated);
    shape_put(shape, &status->rollout, ready, told->ready);
    shape_put(shape, &status->rollout, progress, told->progress);
    shape_put(shape, &status->rollout, good_generation, told->good_generation);
    shape_put(shape, &status->rollout, good_revision, told->good_revision);
    shape_put(shape, &status->rollout, settled_generation, told->settled_generation);
    shape_put(shape, &status->rollout, revert_generation, told->revert_generation);
    shape_put(shape, &status->rollout, revert_revision, told->revert_revision);
    shape_mark(&harvest_session_status_shape, status, &status->rollout);
    condition_set(object, &status->conditions, "Progressing", said.status, said.reason,
                  words_of(ctl, session, &said), object->meta.generation, ctl->wall);
}
