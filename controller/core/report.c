/* Agents' words on their assignments, and their leases. */
#include "controller/core/backoff.h"
#include "controller/core/breaker.h"
#include "controller/core/copy.h"
#include "controller/core/drifted.h"
#include "controller/core/lease.h"
#include "controller/core/outputs.h"
#include "controller/core/reconcile.h"
#include "controller/core/repute.h"
#include "controller/core/rollout.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/policy.h"
#include "schema/scalar.h"
#include "schema/wire/wire.h"

#include <inttypes.h>

enum { CHANGE_LATE_MS = 10 * 1000 };

/* Whoever guards something by the epoch has seen the higher one of another copy. */
static bool is_outranked(const struct assignment_entry *assignment)
{
    return assignment_spec(assignment)->lease_epoch < assignment->epoch_before;
}

static void raise_epoch(struct ctl *ctl, struct assignment_entry *assignment)
{
    if (!ctl->store_is_full) {
        ctl_begin(ctl, false);
        rollout_raise_epoch(ctl, assignment, "another copy of it had a lease since");
        ctl_commit(ctl);
    }
}

bool reconcile_lease(struct ctl *ctl, struct agent_entry *agent, const char *uid,
                     int64_t lease_epoch)
{
    struct assignment_entry *assignment = model_assignment_by_uid(&ctl->model, uid);

    if (ctl->is_unsettled || assignment == NULL ||
        !lease_may_renew(assignment, agent, lease_epoch)) {
        MARK("a lease is refused to what is not wanted");
        return false;
    }
    if (!lease_is_held(assignment, ctl->now)) {
        if (lease_is_contested(&ctl->model, assignment, ctl->now)) {
            return false;
        }
        if (is_outranked(assignment)) {
            raise_epoch(ctl, assignment);
            return false;
        }
        lease_outrank(assignment);
    }
    lease_grant(&ctl->model, assignment, ctl->now);
    return true;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Contributions only grow, whatever order reports come in. */
static void keep_contribution(struct contribution *to, const struct contribution *before)
{
    const struct shape *shape = &contribution_shape;

    if (MUTANT(USAGE_FALLS)) {
        return;
    }
    shape_put(shape, to, cpu_ms, larger(to->cpu_ms, before->cpu_ms));
    shape_put(shape, to, wall_ms, larger(to->wall_ms, before->wall_ms));
    shape_put(shape, to, memory_peak, larger(to->memory_peak, before->memory_peak));
    shape_put(shape, to, suspensions, larger(to->suspensions, before->suspensions));
}

static void state_converged(struct ctl *ctl, struct object *next)
{
    struct assignment_status *status = &((struct assignment *)next->body)->status;
    bool is_ok = status->phase == PHASE_RUNNING || status->phase == PHASE_SUSPENDED ||
                 status->phase == PHASE_SUCCEEDED;
    bool is_observed = status->observed_generation == next->meta.generation;
    const char *word = assignment_phase_words[status->phase];

    condition_set(next, &status->conditions, "Converged",
                  is_ok && is_observed ? CONDITION_TRUE : CONDITION_FALSE,
                  str_is_empty(status->reason) ? word : status->reason,
                  str_is_empty(status->message) ? "its agent reports no more than that"
                                                : status->message,
                  status->observed_generation, ctl->wall);
    shape_mark(&assignment_status_shape, status, &status->conditions);
}

/* The object as the agent says it is now. */
static struct object *reported(struct ctl *ctl, const struct object *before,
                               const struct assignment_status *status, int64_t generation,
                               int64_t policy_change)
{
    struct object *next = object_edit(before);
    struct assignment *body = next->body;
    conditions_t conditions = body->status.conditions;

    body->status = *status;
    body->status.conditions = conditions;
    if (policy_change > 0) {
        shape_put(&assignment_status_shape, &body->status, policy_change, policy_change);
    }
    body->status.reason = object_strdup(next, status->reason);
    body->status.message = object_strdup(next, status->message);
    if (status->phase == PHASE_SUCCEEDED) {
        outputs_copy(next, &body->status.outputs, &status->outputs);
    } else { /* they may be gone */
        shape_remove(&assignment_status_shape, &body->status, &body->status.outputs);
    }
    drift_copy(next, &body->status.drift, &status->drift);
    if (status->drift.count > 0) {
        shape_mark(&assignment_status_shape, &body->status, &body->status.drift);
    }
    shape_put(&assignment_status_shape, &body->status, observed_generation, generation);
    shape_put(&assignment_status_shape, &body->status, phase, status->phase);
    shape_put(&assignment_status_shape, &body->status, restarts, status->restarts);
    keep_contribution(&body->status.contribution, &assignment_of(before)->status.contribution);
    shape_mark(&assignment_status_shape, &body->status, &body->status.contribution);
    shape_mark(&assignment_shape, body, &body->status);
    state_converged(ctl, next);
    drifted_state(ctl, next);
    return next;
}

static const char *change_words(const char *outcome)
{
    static const char *const words[] = {"runs again", "is slowed", "is held back", "is ended"};
    int index = words_index(policy_outcome_words, outcome);

    return index < 0 ? outcome : words[index];
}

static void record_change(struct ctl *ctl, const struct agent_entry *agent,
                          const struct assignment_entry *assignment,
                          const struct wire_change *change)
{
    const struct object *about =
        assignment->session == NULL ? assignment->object : assignment->session->object;
    const char *slot = assignment_spec(assignment)->slot, *name = agent->object->meta.name;
    bool is_run = str_eq(change->outcome, policy_outcome_words[POLICY_RUN]);
    bool is_end = str_eq(change->outcome, policy_outcome_words[POLICY_EVICT]);
    const char *reason = is_run || str_is_empty(change->reason) ? "Resumed" : change->reason;
    struct str words = STR_EMPTY;
    char when[WALL_TEXT_SIZE];

    str_addf(&words, "replica %s on %s %s", slot, name, change_words(change->outcome));
    if (!str_is_empty(change->message)) {
        str_addf(&words, ": %s", change->message);
    }
    if (ctl->wall.ms - change->at.ms > CHANGE_LATE_MS) { /* its agent was away */
        wall_to_str(change->at, when);
        str_addf(&words, " (at %s by its clock)", when);
    }
    ctl_event_repeat(ctl, about, is_end ? "Warning" : "Normal", reason,
                     arena_printf(&ctl->arena, "%s %s %s", name, slot, change->outcome),
                     words.data);
    str_fini(&words);
}

/* Each once: the number of the newest is kept with the status, and stored with it. */
static int64_t record_changes(struct ctl *ctl, const struct agent_entry *agent,
                              const struct assignment_entry *assignment,
                              const struct wire_report_item *item)
{
    const struct wire_change *changes = item->changes.items;
    int64_t known = assignment_status(assignment)->policy_change, newest = known;

    for (size_t i = 0; i < item->changes.count; i++) {
        if (changes[i].number > newest) {
            record_change(ctl, agent, assignment, &changes[i]);
            newest = changes[i].number;
        }
    }
    if (newest > known && item->dropped > 0 && changes[0].number > known) {
        ctl_event_record(ctl, assignment->object, "Warning", "ChangesLost",
                         "%" PRId64 " changes of what its policy asks for were too many for its "
                         "agent to keep",
                         item->dropped);
    }
    return newest;
}

/* What of a report can change a plan. */
static bool is_news(const struct assignment_status *before, const struct assignment_status *after,
                    int64_t generation)
{
    return before->phase != after->phase || before->failures != after->failures ||
           before->observed_generation != generation || !str_eq(before->reason, after->reason) ||
           drifted_is_news(&before->drift, &after->drift);
}

/* An agent that was cut off, or whose state was put back, or copied, may not know that its success
 * was taken in: it tells the outputs while it would store them again, which its policy may put off,
 * or it has them no more.  They are here. */
static bool has_outputs_here(const struct object *before, const struct wire_report_item *item)
{
    const struct assignment_status *old = &assignment_of(before)->status;
    bool is_lost =
        item->status.phase == PHASE_FAILED && str_eq(item->status.reason, "OutputMissing");
    bool is_in_doubt = item->status.phase != PHASE_SUCCEEDED && item->status.outputs.count > 0;

    return old->phase == PHASE_SUCCEEDED && old->observed_generation == item->generation &&
           (is_lost || is_in_doubt) && !object_is_deleting(before);
}

/* It says that all went well, and not of everything that was declared what came of it. */
static bool owes_outputs(struct ctl *ctl, const struct assignment_entry *assignment,
                         const struct wire_report_item *item)
{
    const struct template_entry *told =
        model_template_find(&ctl->model, assignment_spec(assignment)->template_digest);
    outputs_t outputs;

    if (item->status.phase != PHASE_SUCCEEDED || told == NULL ||
        item->generation != assignment->object->meta.generation) {
        return false;
    }
    outputs_declared(&ctl->arena, &item->status.outputs, &told->template->workload, &outputs);
    return outputs.count < told->template->workload.outputs.count;
}

/* Nobody is told that work is done of which nothing is left: it has failed, as what finds no output
 * has on its agent.  Two who both leave one out do not agree either. */
static void take_for_failed(struct assignment_status *status)
{
    const struct shape *shape = &assignment_status_shape;
    int64_t failures = status->failures;

    shape_put(shape, status, phase, (int)PHASE_FAILED);
    shape_put(shape, status, failures, failures < INT64_MAX ? failures + 1 : failures);
    shape_put(shape, status, reason, "OutputMissing");
    shape_put(shape, status, message,
              "its agent says that it ended well, and does not tell of all outputs");
}

void reconcile_report(struct ctl *ctl, struct agent_entry *agent,
                      struct assignment_entry *assignment, const struct wire_report_item *item)
{
    struct wire_report_item heard = *item;
    const struct assignment_status *status = &heard.status;
    int64_t generation = item->generation, newest;
    const struct write write = {ROW_STATUS,
                                arena_printf(&ctl->arena, "agent/%s", agent->object->meta.name),
                                "fog-agent", ""};
    struct object *before = object_ref(assignment->object);
    const struct assignment_status *old = &assignment_of(before)->status;
    struct session_entry *session = assignment->session;
    bool is_leaving = object_is_deleting(before), may_offer;

    if (generation < old->observed_generation) {
        MARK("a report of an older generation is dropped");
        ctl->counters.stale_messages++;
        object_unref(before);
        return;
    }
    if (owes_outputs(ctl, assignment, item)) {
        take_for_failed(&heard.status);
    }
    if (has_outputs_here(before, &heard)) {
        MARK("a success stays one whose agent lost the outputs");
        object_unref(before);
        return;
    }
    ctl_begin(ctl, false);
    may_offer = agent_state_feed(ctl, agent, before, status);
    repute_report(ctl, agent, assignment, status);
    newest = record_changes(ctl, agent, assignment, item);
    drifted_record(ctl, agent, assignment, &status->drift);
    (void)ctl_put(ctl, reported(ctl, before, status, generation, newest), &write);
    copy_note_held(assignment, ctl->now);
    if (copy_has_failed(assignment) && old->phase != PHASE_FAILED) {
        assignment->retry_at =
            mono_after(ctl->now, backoff_ms(copy_failures(assignment), &ctl->rand));
    }
    ctl->reconciler.is_writing = true; /* marked below, and only when it can matter */
    if (is_leaving && copy_says_stopped(status)) {
        const struct write removal = {ROW_LEDGER, write.who, "fog-agent", "it has ended"};

        (void)breaker_forget_probe(&agent->breaker, before->meta.uid);
        ctl_remove(ctl, assignment->object, &removal);
    }
    ctl_commit(ctl);
    ctl->reconciler.is_writing = false;
    if (session != NULL && is_news(old, status, generation)) {
        model_mark_session(&ctl->model, session);
    }
    if (may_offer) {
        mark_offer(ctl, agent);
    }
    object_unref(before);
}
