#include "controller/core/repute.h"

#include "controller/core/deadline.h"
#include "controller/core/plan.h"
#include "controller/core/reconcile.h"
#include "controller/core/tasks.h"
#include "schema/base/site.h"
#include "schema/limits.h"

void repute_note(struct ctl *ctl, struct agent_entry *agent, enum repute outcome)
{
    if (agent == NULL || ctl->is_trial) {
        return;
    }
    esteem_add(&agent->esteem, outcome);
    if (!MUTANT(COLUMN_NOT_KEPT)) {
        roster_update_readings(&ctl->model.roster, agent);
    }
    agent_state_mark(ctl, agent);
}

/* Attempts that failed since.  They are counted in a row: fewer than before are all new. */
static int64_t failures_since(const struct assignment_status *before,
                              const struct assignment_status *after)
{
    return after->failures >= before->failures ? after->failures - before->failures
                                               : after->failures;
}

void repute_report(struct ctl *ctl, struct agent_entry *agent,
                   const struct assignment_entry *assignment, const struct assignment_status *after)
{
    const struct assignment_status *before = assignment_status(assignment);
    const struct session_entry *session = assignment->session;
    int64_t failures = failures_since(before, after);

    if (object_is_deleting(assignment->object) || session == NULL) {
        return; /* ended by us: nothing follows from how */
    }
    if (failures > 0 && deadline_is_on_trial(session)) {
        MARK("what fails in a rollout is not its agent's fault yet");
        failures = 0;
    }
    for (int64_t i = 0; i < failures && i < REPUTE_AT_ONCE_MAX; i++) {
        MARK("an agent's reputation hears of a failure");
        repute_note(ctl, agent, REPUTE_FAILED);
    }
    if (after->phase == PHASE_SUCCEEDED && before->phase != PHASE_SUCCEEDED &&
        !harvest_session_has_quorum(session_spec(session))) {
        MARK("an agent's reputation hears of a result");
        repute_note(ctl, agent, REPUTE_VALID);
        if (MUTANT(RESULT_COUNTS_TWICE)) {
            repute_note(ctl, agent, REPUTE_VALID);
        }
    }
}

static void note_silent(struct ctl *ctl, const struct plan_step *step)
{
    struct agent_entry *agent = model_agent(&ctl->model, assignment_spec(step->copy)->agent);

    if (agent != NULL && agent->link == NULL) {
        MARK("an agent's reputation hears of its silence");
        repute_note(ctl, agent, REPUTE_LATE);
    }
}

void repute_step(struct ctl *ctl, const struct plan_step *step)
{
    if (step->action == PLAN_REPLACE && !step->gives_up) {
        note_silent(ctl, step);
    }
}

void repute_votes(struct ctl *ctl, const struct quorum *quorum)
{
    for (size_t i = 0; i < quorum->vote_count; i++) {
        const struct quorum_vote *vote = &quorum->votes[i];

        repute_note(ctl, model_agent(&ctl->model, vote->agent),
                    vote->is_valid ? REPUTE_VALID : REPUTE_FAILED);
    }
}

void repute_tell(struct ctl *ctl, struct agent_entry *agent)
{
    if (agent->esteem.score != agent->score_seen) {
        agent->score_seen = agent->esteem.score;
        reconcile_readings(ctl, agent);
    }
}

static const struct esteem *stored_of(const struct object *object)
{
    return &agent_of(object)->status.reputation.harvest;
}

static bool is_empty(const struct esteem *esteem)
{
    return esteem->valid + esteem->late + esteem->failed == 0;
}

static bool are_equal(const struct esteem *a, const struct esteem *b)
{
    return a->score == b->score && a->valid == b->valid && a->late == b->late &&
           a->failed == b->failed && a->good == b->good && a->bad == b->bad;
}

bool repute_is_due(const struct agent_entry *agent)
{
    const struct esteem *stored = stored_of(agent->object);
    int64_t moved = agent->esteem.score - (is_empty(stored) ? REPUTATION_NEW : stored->score);

    return !is_empty(&agent->esteem) &&
           (is_empty(stored) || moved >= REPUTE_STEP || moved <= -REPUTE_STEP);
}

void repute_write(const struct agent_entry *agent, struct agent_status *status)
{
    if (!is_empty(&agent->esteem)) {
        status->reputation.harvest = agent->esteem;
        shape_mark(&reputation_shape, &status->reputation, &status->reputation.harvest);
        shape_mark(&agent_status_shape, status, &status->reputation);
    }
}

void repute_read(struct agent_entry *agent, const struct object *before)
{
    const struct esteem *stored = stored_of(agent->object);

    if (before == NULL || !are_equal(stored_of(before), stored)) {
        agent->esteem = *stored;
    }
}
