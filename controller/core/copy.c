/* Questions about one assignment: controller/core/copy.h. */
#include "controller/core/copy.h"

#include "controller/core/lease.h"
#include "controller/core/link.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <stdlib.h>

/* Does the status speak of what it was told last? */
static bool is_observed(const struct assignment_entry *copy)
{
    return assignment_status(copy)->observed_generation == copy->object->meta.generation ||
           MUTANT(GENERATION_UNCHECKED);
}

bool copy_is_done(const struct assignment_entry *copy)
{
    return is_observed(copy) && assignment_status(copy)->phase == PHASE_SUCCEEDED;
}

bool copy_has_failed(const struct assignment_entry *copy)
{
    return is_observed(copy) && assignment_status(copy)->phase == PHASE_FAILED;
}

bool copy_is_ok(const struct assignment_entry *copy)
{
    int phase = assignment_status(copy)->phase;

    if (copy_is_done(copy)) {
        return true;
    }
    return copy->agent != NULL && copy->agent->link != NULL && is_observed(copy) &&
           (phase == PHASE_RUNNING || phase == PHASE_SUSPENDED);
}

bool copy_is_idle(const struct assignment_entry *copy, struct mono now, struct mono awaited_until)
{
    const struct agent_entry *agent = copy->agent;

    return copy->session != NULL && session_spec(copy->session)->every_agent && agent != NULL &&
           agent->link == NULL && (agent->is_known || !mono_before(now, awaited_until));
}

/* --- held back -------------------------------------------------------------------------------- */

bool copy_is_evicted(const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);

    return is_observed(copy) && status->phase == PHASE_SUSPENDED &&
           (status->started.ms == 0 || status->ended.ms >= status->started.ms);
}

void copy_note_held(struct assignment_entry *copy, struct mono now)
{
    if (!copy_is_evicted(copy)) {
        copy->held_since = MONO_ZERO;
    } else if (copy->held_since.ms == 0) {
        copy->held_since = now;
    }
}

void copy_note_held_anew(struct assignment_entry *copy, struct mono now)
{
    copy->held_since = MONO_ZERO;
    copy_note_held(copy, now);
}

static unsigned moves_before(const struct assignment_entry *copy)
{
    const char *text = strmap_find(&copy->object->meta.annotations, MOVES_ANNOTATION);
    int64_t moves = 0;

    if (text == NULL || !int_from_str(text, &moves) || moves < 0) {
        return 0;
    }
    return moves > HELD_DOUBLINGS_MAX ? HELD_DOUBLINGS_MAX : (unsigned)moves;
}

int64_t copy_held_ms(const struct assignment_entry *copy, int64_t replace_after_ms)
{
    int64_t most_ms = WORK_TIME_MAX_MS >> moves_before(copy);

    return replace_after_ms > most_ms ? WORK_TIME_MAX_MS : replace_after_ms << moves_before(copy);
}

unsigned copy_moves(const struct assignment_entry *copy)
{
    return assignment_status(copy)->started.ms == 0 ? moves_before(copy) + 1 : 0;
}

bool copy_is_to_leave(const struct assignment_entry *copy, bool is_task, bool is_current)
{
    int drain = copy->agent == NULL ? DRAIN_NEVER : agent_spec(copy->agent)->drain;

    if (drain == DRAIN_NEVER || (is_current && copy_is_done(copy))) {
        return false;
    }
    return !is_task || !is_current || drain == DRAIN_FORCED ||
           assignment_status(copy)->started.ms == 0;
}

/* --- may it go? ------------------------------------------------------------------------------- */

bool copy_says_stopped(const struct assignment_status *status)
{
    /* What stopped because its lease ended may go on with the next one: that word is of before. */
    return status->phase == PHASE_STOPPED && !str_eq(status->reason, "LeaseEnded");
}

static struct mono stop_deadline(const struct model *model, const struct assignment_entry *copy,
                                 struct mono since)
{
    const struct template_entry *resolved =
        model_template_find(model, assignment_spec(copy)->template_digest);
    int64_t grace_ms = resolved == NULL ? 0 : resolved->template->grace_ms;

    return mono_after(since, grace_ms + STOP_WAIT_MS);
}

/* Until when a run under a lease may go on.  A copy whose session is no longer exclusive has no
 * lease any more, but what it ran before may still be ending under the last one. */
static bool may_hold_lease(const struct assignment_entry *copy, struct mono now)
{
    bool was_told_else = !is_observed(copy) || assignment_status(copy)->phase == PHASE_STOPPING;

    if (MUTANT(LEASE_ENDS_WITH_EXCLUSIVE)) {
        was_told_else = false;
    }
    return (assignment_is_exclusive(copy) || was_told_else) && !lease_is_over(copy, now);
}

bool copy_may_go(const struct model *model, const struct assignment_entry *copy, struct mono now)
{
    bool is_leaving = !copy->is_in_set;

    if (!copy->is_told || copy_is_done(copy) || copy_has_failed(copy)) {
        return true;
    }
    if (is_leaving && copy_says_stopped(assignment_status(copy))) {
        return true;
    }
    if ((assignment_is_exclusive(copy) || may_hold_lease(copy, now)) &&
        !MUTANT(LEASE_NOT_AWAITED)) {
        return lease_is_over(copy, now);
    }
    if (copy->agent == NULL || copy->agent->link == NULL) {
        MARK("a copy goes without a word of its lost agent");
        return true; /* it learns from its full set when it returns */
    }
    return is_leaving && copy->leaving_since.ms > 0 &&
           mono_is_due(stop_deadline(model, copy, copy->leaving_since), now);
}

struct mono copy_may_go_at(const struct model *model, const struct assignment_entry *copy,
                           struct mono now)
{
    if (assignment_is_exclusive(copy) || may_hold_lease(copy, now)) {
        return copy->lease_until;
    }
    return stop_deadline(model, copy, copy->leaving_since.ms > 0 ? copy->leaving_since : now);
}

struct mono copy_forgotten_at(const struct model *model, const struct assignment_entry *copy)
{
    struct mono told_at = mono_later(copy->agent->link->opened_at, copy->leaving_since);
    struct mono deadline = stop_deadline(model, copy, told_at);

    return assignment_is_exclusive(copy) ? mono_later(deadline, copy->lease_until) : deadline;
}

const char *copy_given_up(const struct assignment_entry *copy, int64_t *ret_generation)
{
    const char *text = strmap_find(&copy->object->meta.annotations, GIVEN_UP_ANNOTATION);
    char *end = NULL;

    if (text == NULL) {
        return NULL;
    }
    *ret_generation = strtoll(text, &end, 10);
    return *end == ' ' ? end + 1 : end;
}

/* Whatever an agent, or an annotation, claims. */
static unsigned counted(int64_t failures, int64_t least)
{
    int64_t most = FAILURES_COUNTED_MAX;

    return (unsigned)(failures < least ? least : failures > most ? most : failures);
}

unsigned copy_failures_before(const struct assignment_entry *copy)
{
    const char *text = strmap_find(&copy->object->meta.annotations, ATTEMPT_ANNOTATION);
    int64_t failures = 0;

    return text == NULL || !int_from_str(text, &failures) ? 0 : counted(failures, 0);
}

unsigned copy_failures(const struct assignment_entry *copy)
{
    const struct assignment_status *status = assignment_status(copy);

    if (status->ended.ms - status->started.ms >= RESTART_RESET_MS) {
        return 1;
    }
    return copy_failures_before(copy) + counted(status->failures, 1);
}

bool copy_is_task(const struct model *model, const struct assignment_entry *copy)
{
    const struct template_entry *template =
        model_template_find(model, assignment_spec(copy)->template_digest);

    return template != NULL && template->template->task_count > 0;
}

bool copy_changes_in_place(const struct model *model, const struct assignment_entry *copy,
                           const struct template_entry *next)
{
    const struct template_entry *before =
        model_template_find(model, assignment_spec(copy)->template_digest);
    char run_before[DIGEST_TEXT_SIZE], run_next[DIGEST_TEXT_SIZE];

    if (before == NULL || template_policy(before->template) == NULL) {
        return false;
    }
    template_run_digest(before->template, run_before);
    template_run_digest(next->template, run_next);
    return str_eq(run_before, run_next);
}
