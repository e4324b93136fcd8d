/* Signals before suspensions. */
#include "agent/core/checkpoint.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

/* What was adopted may be frozen already, and has had its chance; so has what was told to save a
 * moment ago, however often a reading goes up and down since. */
static bool may_wait(const struct agt *agt, const struct work *work)
{
    return template_checkpoint(&work->wanted.template) != NULL && !work->run.may_freeze &&
           !work->run.was_suspended && govern_may_wait(agt, work) &&
           (work->run.is_saving || mono_is_due(work->run.next_grace, agt->now));
}

bool checkpoint_is_waited_for(struct agt *agt, struct work *work)
{
    struct run *run = &work->run;
    const struct checkpoint *checkpoint = template_checkpoint(&work->wanted.template);

    if (!may_wait(agt, work)) {
        return false;
    }
    if (run->is_saving) {
        return !mono_is_due(run->freeze_at, agt->now);
    }
    MARK("a run is told to save its state");
    out_add_run(agt, AGT_SUSPEND, OUT_AT_ONCE, work->wanted.uid, run->number)->checkpoint =
        *checkpoint;
    run->is_saving = true;
    run->freeze_at = mono_after(agt->now, checkpoint->grace_ms);
    run->next_grace = mono_after(agt->now, CHECKPOINT_EVERY_MS);
    agt->saver.is_due = true;
    return true;
}

void checkpoint_drop(struct agt *agt, struct work *work)
{
    agt->saver.is_due = agt->saver.is_due || work->run.is_saving;
    work->run.is_saving = false;
}

int checkpoint_state(const struct work *work)
{
    return work->state == WORK_RUNNING && work->run.is_saving ? WORK_SUSPENDED : work->state;
}

struct mono checkpoint_deadline(const struct work *work)
{
    return work->run.is_open && work->run.is_saving ? work->run.freeze_at : MONO_NEVER;
}
