/* Steps to writes, and what came of it to conditions and events. */
#include "controller/core/rollout.h"

#include "controller/core/breaker.h"
#include "controller/core/copy.h"
#include "controller/core/deadline.h"
#include "controller/core/drifted.h"
#include "controller/core/gang.h"
#include "controller/core/lease.h"
#include "controller/core/progress.h"
#include "controller/core/repute.h"
#include "controller/core/tasks.h"
#include "schema/base/site.h"
#include "schema/emit.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_PART_MAX = 120, RANDOM_LETTERS = 5, LISTED_MAX = 3 };

#define SESSION_LABEL "fog/session"

static struct write ledger(const char *why)
{
    return (struct write){ROW_LEDGER, "reconciler", "fog-controller", why};
}

/* --- one assignment --------------------------------------------------------------------------- */

/* Cut to a length that leaves room, and not at a dot or dash. */
static const char *name_part(struct arena *arena, const char *name)
{
    size_t length = strlen(name) < NAME_PART_MAX ? strlen(name) : NAME_PART_MAX;

    while (length > 1 && (name[length - 1] == '.' || name[length - 1] == '-')) {
        length--;
    }
    return arena_strndup(arena, name, length);
}

static const char *make_name(struct ctl *ctl, const char *session, const char *slot)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *name;

    do {
        char suffix[RANDOM_LETTERS + 1] = "";

        for (size_t i = 0; i < RANDOM_LETTERS; i++) {
            suffix[i] = letters[rand_below(&ctl->rand, sizeof(letters) - 1)];
        }
        name = arena_printf(&ctl->arena, "%s-%s-%s", name_part(&ctl->arena, session),
                            name_part(&ctl->arena, slot), suffix);
    } while (model_assignment(&ctl->model, name) != NULL);
    return name;
}

static void set_owner(struct object *object, const struct object *session)
{
    struct owner_reference *owner = ARENA_NEW(&object->arena, struct owner_reference);

    shape_put(&owner_reference_shape, owner, api_version,
              object_strdup(object, session->kind->api_version));
    shape_put(&owner_reference_shape, owner, kind, object_strdup(object, session->kind->name));
    shape_put(&owner_reference_shape, owner, name, object_strdup(object, session->meta.name));
    shape_put(&owner_reference_shape, owner, uid, object_strdup(object, session->meta.uid));
    shape_put(&owner_reference_shape, owner, controller, true);
    object->meta.owners.items = owner;
    object->meta.owners.count = 1;
    shape_mark(&meta_shape, &object->meta, &object->meta.owners);
}

/* The digest of the policy's spec that a template was resolved with; NULL without a policy. */
static const char *policy_digest(struct ctl *ctl, const struct session_entry *session)
{
    const char *name = session_spec(session)->policy;
    const struct policy_entry *policy = str_is_empty(name) ? NULL : model_policy(&ctl->model, name);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char digest_text[DIGEST_TEXT_SIZE];
    struct digest digest;

    if (policy == NULL) {
        return NULL;
    }
    emit_shape_json(&harvest_policy_spec_shape, &harvest_policy_of(policy->object)->spec, &text);
    digest_of(text.data, text.length, &digest);
    digest_to_str(&digest, digest_text);
    return arena_strdup(&ctl->arena, digest_text);
}

/* What is resolved into an assignment: what runs, under which policy, and under which lease. */
static void resolve(struct ctl *ctl, const struct session_entry *session,
                    struct template_entry *template, struct object *object)
{
    struct assignment_spec *spec = &((struct assignment *)object->body)->spec;
    const char *policy = policy_digest(ctl, session);

    ctl_store_template(ctl, template);
    shape_put(&assignment_spec_shape, spec, template_digest, object_strdup(object, template->text));
    if (policy != NULL) {
        shape_put(&assignment_spec_shape, spec, policy, object_strdup(object, policy));
    } else {
        shape_remove(&assignment_spec_shape, spec, &spec->policy);
    }
    if (template->template->lease_ms == 0) {
        shape_remove(&assignment_spec_shape, spec, &spec->lease_epoch);
    } else if (spec->lease_epoch == 0) {
        /* Revisions rise for ever, so later grants of the replica have higher epochs. */
        shape_put(&assignment_spec_shape, spec, lease_epoch, (int64_t)ctl->revision + 1);
    }
}

static void annotate(struct object *object, const char *key, unsigned count)
{
    char text[24];

    if (count > 0) {
        (void)snprintf(text, sizeof(text), "%u", count);
        object_set_annotation(object, key, text);
    }
}

static void create(struct ctl *ctl, struct session_entry *session, struct template_entry *template,
                   const struct plan_step *step)
{
    const struct write write = ledger(step->reason);
    const struct object *owner = session->object;
    struct object *object = object_new(&assignment_kind);
    struct assignment *body = object->body;
    struct assignment_spec *spec = &body->spec;

    shape_put(&meta_shape, &object->meta, name,
              object_strdup(object, make_name(ctl, owner->meta.name, step->slot)));
    if (strlen(owner->meta.name) <= LABEL_VALUE_BYTES_MAX) {
        object_set_label(object, SESSION_LABEL, owner->meta.name);
    }
    annotate(object, ATTEMPT_ANNOTATION, step->failures_before);
    annotate(object, MOVES_ANNOTATION, step->moves_before);
    if (harvest_session_has_quorum(session_spec(session)) &&
        rand_below(&ctl->rand, quorum_one_in(session, step->agent)) == 0) {
        object_set_annotation(object, REPLICATE_ANNOTATION, "true");
    }
    set_owner(object, owner);
    shape_put(&assignment_spec_shape, spec, agent,
              object_strdup(object, step->agent->object->meta.name));
    shape_put(&assignment_spec_shape, spec, session, object_strdup(object, owner->meta.name));
    shape_put(&assignment_spec_shape, spec, session_uid, object_strdup(object, owner->meta.uid));
    shape_put(&assignment_spec_shape, spec, slot, object_strdup(object, step->slot));
    shape_mark(&assignment_shape, body, spec);
    resolve(ctl, session, template, object);
    object = ctl_put(ctl, object, &write);
    if (!ctl->is_trial) {
        breaker_probe(&step->agent->breaker, object->meta.uid);
    }
}

/* Until its agent knows of the new lease it counts with the one it was told before. */
static void keep_lease_before(struct ctl *ctl, const struct assignment_entry *copy,
                              const struct template_entry *template, struct object *next)
{
    int64_t before_ms = lease_before_ms(&ctl->model, copy, template->template->lease_ms, ctl->now);

    object_set_annotation(next, LEASE_BEFORE_ANNOTATION,
                          before_ms > 0 ? arena_printf(&ctl->arena, "%" PRId64, before_ms) : NULL);
}

static void update(struct ctl *ctl, struct session_entry *session, struct template_entry *template,
                   const struct plan_step *step)
{
    const struct write write = ledger(step->reason);
    struct object *next = object_edit(step->copy->object);

    object_set_annotation(next, ATTEMPT_ANNOTATION, NULL);
    object_set_annotation(next, MOVES_ANNOTATION, NULL);
    keep_lease_before(ctl, step->copy, template, next);
    resolve(ctl, session, template, next);
    (void)ctl_put(ctl, next, &write);
}

static void remove_copy(struct ctl *ctl, struct assignment_entry *copy, const char *why)
{
    const struct write write = ledger(why);

    if (copy->agent != NULL && !ctl->is_trial) {
        (void)breaker_forget_probe(&copy->agent->breaker, copy->object->meta.uid);
    }
    ctl_remove(ctl, copy->object, &write);
}

bool rollout_end(struct ctl *ctl, struct assignment_entry *copy, const char *why)
{
    const struct write write = ledger(why);
    struct object *next;

    if (copy_may_go(&ctl->model, copy, ctl->now)) {
        MARK("a copy goes at once");
        remove_copy(ctl, copy, why);
        return true;
    }
    if (object_is_deleting(copy->object)) {
        return false;
    }
    next = object_edit(copy->object);
    shape_put(&meta_shape, &next->meta, deleted, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    (void)ctl_put(ctl, next, &write);
    if (!ctl->is_trial) {
        MARK("a copy is told to end and waited for");
        copy->leaving_since = ctl->now;
    }
    return false;
}

static void give_up(struct ctl *ctl, const struct session_entry *session,
                    const struct plan_step *step)
{
    const struct write write = ledger(step->reason);
    struct object *next = object_edit(step->copy->object);

    object_set_annotation(next, GIVEN_UP_ANNOTATION,
                          arena_printf(&ctl->arena, "%" PRId64 " %s",
                                       step->is_outdated ? 0 : session->object->meta.generation,
                                       step->reason));
    (void)ctl_put(ctl, next, &write);
    if (!ctl->is_trial) {
        step->copy->leaving_since = ctl->now;
    }
}

/* --- a plan ----------------------------------------------------------------------------------- */

static void carry_out(struct ctl *ctl, struct session_entry *session,
                      struct template_entry *template, const struct plan_step *step)
{
    /* What is exclusive, or is to be, never has a copy beside it. */
    bool is_exclusive = (template != NULL && template->template->lease_ms > 0) ||
                        (step->copy != NULL && assignment_is_exclusive(step->copy));
    bool is_gone = true;

    switch (step->action) {
    case PLAN_START:
        create(ctl, session, template, step);
        break;
    case PLAN_STOP:
        if (step->gives_up) {
            give_up(ctl, session, step);
        } else {
            (void)rollout_end(ctl, step->copy, step->reason);
        }
        break;
    case PLAN_RESTART:
    case PLAN_UPDATE:
        update(ctl, session, template, step);
        break;
    case PLAN_MOVE:
    case PLAN_REPLACE:
        if (!step->keeps_copy) {
            is_gone = rollout_end(ctl, step->copy, step->reason);
        }
        if (is_gone || !is_exclusive) {
            create(ctl, session, template, step);
        }
        break;
    case PLAN_ACTION_COUNT:
        break;
    }
}

static bool is_full(const struct ctl *ctl, size_t changes_before)
{
    size_t written = ctl->derived_rows + ctl->changes.count - changes_before;

    return !ctl->is_trial && (written >= STEP_STORES_MAX || (written > 0 && BUGGIFY("step-full")));
}

void rollout_raise_epoch(struct ctl *ctl, struct assignment_entry *copy, const char *why)
{
    const struct write write = ledger(why);
    struct object *next = object_edit(copy->object);

    shape_put(&assignment_spec_shape, &((struct assignment *)next->body)->spec, lease_epoch,
              (int64_t)ctl->revision + 1);
    (void)ctl_put(ctl, next, &write);
}

bool rollout_grant_anew(struct ctl *ctl, struct session_entry *session)
{
    size_t before = ctl->changes.count;
    bool is_done = true;

    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        if (!assignment_is_exclusive(it) || !it->is_in_set ||
            (uint64_t)assignment_spec(it)->lease_epoch > era_floor(ctl->era)) {
            continue;
        }
        if (is_full(ctl, before)) {
            is_done = false;
            break;
        }
        rollout_raise_epoch(ctl, it, "the store was restored: its lease is granted anew");
    }
    ctl->derived_rows += ctl->changes.count - before;
    return is_done;
}

/* What has ended is written down before it goes. */
static bool record_tasks(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    size_t before;
    bool is_done = true;

    if (plan->tasks == NULL || plan->tasks->end_count == 0) {
        return true;
    }
    if (!MUTANT(TASK_FORGOTTEN)) {
        rollout_state(ctl, session, plan);
    }
    repute_votes(ctl, &plan->tasks->quorum);
    before = ctl->changes.count;
    for (size_t i = 0; i < plan->tasks->end_count && is_done; i++) {
        is_done = !is_full(ctl, before);
        if (is_done) {
            remove_copy(ctl, plan->tasks->ends[i].copy, plan->tasks->ends[i].words);
        }
    }
    ctl->derived_rows += ctl->changes.count - before;
    return is_done;
}

bool rollout_carry_out(struct ctl *ctl, struct session_entry *session,
                       struct template_entry *template, const struct plan *plan, unsigned wave_max)
{
    bool is_done = record_tasks(ctl, session, plan);
    size_t before = ctl->changes.count;
    bool is_whole = plan->gang.places || plan->gang.takes_back, has_begun = false;

    for (size_t i = 0; i < plan->gone_count && is_done; i++) {
        is_done = !is_full(ctl, before);
        if (is_done) {
            remove_copy(ctl, plan->gone[i], "it has ended");
        }
    }
    for (size_t i = 0; i < plan->step_count && is_done; i++) {
        if (plan->steps[i].wave > wave_max) {
            continue;
        }
        is_done = (is_whole && has_begun) || !is_full(ctl, before);
        if (is_done) {
            has_begun = plan->steps[i].is_carried_out = true;
            repute_step(ctl, &plan->steps[i]);
            carry_out(ctl, session, template, &plan->steps[i]);
        }
    }
    ctl->derived_rows += ctl->changes.count - before;
    return is_done;
}

/* --- telling people --------------------------------------------------------------------------- */

static const char *where(struct ctl *ctl, const struct plan_step *step)
{
    const char *from = step->copy == NULL ? "" : assignment_spec(step->copy)->agent;
    const char *to = step->agent == NULL ? "" : step->agent->object->meta.name;

    switch (step->action) {
    case PLAN_START:
    case PLAN_RESTART:
    case PLAN_UPDATE:
        return arena_printf(&ctl->arena, "%s on %s", step->slot, to);
    case PLAN_STOP:
        return arena_printf(&ctl->arena, "%s on %s", step->slot, from);
    case PLAN_MOVE:
    case PLAN_REPLACE:
        return arena_printf(&ctl->arena, "%s from %s to %s", step->slot, from, to);
    case PLAN_ACTION_COUNT:
        break;
    }
    return "";
}

static void record_action(struct ctl *ctl, struct session_entry *session, const struct plan *plan,
                          enum plan_action action)
{
    static const char *const reasons[] = {"Scheduled", "Stopped",  "Updated",
                                          "Moved",     "Replaced", "PolicyChanged"};
    _cleanup_(str_fini)
    struct str list = STR_EMPTY;
    size_t count = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];

        if (step->action != action || !step->is_carried_out || step->gives_up) {
            continue;
        }
        if (count++ < LISTED_MAX) {
            str_addf(&list, "%s%s (%s)", list.length > 0 ? ", " : "", where(ctl, step),
                     step->reason);
        }
    }
    if (count == 0) {
        return;
    }
    if (count > LISTED_MAX) {
        str_addf(&list, " and %zu more", count - LISTED_MAX);
    }
    ctl_event_record(ctl, session->object, "Normal", reasons[action], "replica%s %s",
                     count == 1 ? "" : "s", list.data);
}

void rollout_record(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    if (plan->waves == 0) {
        return;
    }
    for (int action = 0; action < PLAN_ACTION_COUNT; action++) {
        /* Ten thousand tasks that begin and end are no ten thousand events. */
        if (plan->tasks == NULL || (action != PLAN_START && action != PLAN_STOP)) {
            record_action(ctl, session, plan, (enum plan_action)action);
        }
    }
}

/* --- status ----------------------------------------------------------------------------------- */

/* "replica 2 of 3" is not said: numbers change, and each change of words would be a row. */
static void describe_gaps(const struct plan *plan, enum why why, struct str *to)
{
    const struct plan_gap *first = NULL;
    size_t count = 0, same = 0;

    for (size_t i = 0; i < plan->gap_count; i++) {
        const struct plan_gap *gap = &plan->gaps[i];

        if (gap->why != why) {
            continue;
        }
        first = first == NULL ? gap : first;
        count++;
        same += str_eq(gap->message, first->message);
    }
    assert(first != NULL);
    if (str_is_empty(first->slot)) {
        str_add(to, first->message);
    } else if (same == 1) {
        str_addf(to, "replica %s: %s", first->slot, first->message);
    } else {
        str_addf(to, "%zu replicas: %s", same, first->message);
    }
    if (count > same) {
        str_addf(to, "; and %zu more", count - same);
    }
}

/* Held back by policy is as declared, and a person wants to know all the same. */
static size_t list_held(const struct ctl *ctl, const struct session_entry *session,
                        struct str *list)
{
    size_t held = 0;

    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        const struct assignment_status *status = assignment_status(it);

        if (status->phase == PHASE_SUSPENDED && it->is_in_set &&
            !copy_is_idle(it, ctl->now, ctl->reconciler.awaited_until) &&
            status->observed_generation == it->object->meta.generation && held++ < LISTED_MAX) {
            str_addf(list, "%s%s on %s", list->length > 0 ? ", " : "",
                     str_is_empty(status->reason) ? "Suspended" : status->reason,
                     assignment_spec(it)->agent);
        }
    }
    if (held > LISTED_MAX) {
        str_addf(list, " and %zu more", held - LISTED_MAX);
    }
    return held;
}

static void describe_held(const struct ctl *ctl, const struct session_entry *session,
                          size_t desired, struct str *to)
{
    struct str list = STR_EMPTY;
    size_t held = list_held(ctl, session, &list);

    if (held < desired) {
        str_addf(to, "%zu replica%s as declared", desired - held,
                 desired - held == 1 ? " is" : "s are");
    }
    if (held > 0) {
        str_addf(to, "%s%zu%s %s held back: %s", held < desired ? ", " : "", held,
                 held < desired ? ""
                 : held == 1    ? " replica"
                                : " replicas",
                 held == 1 ? "is" : "are", list.data);
    }
    str_fini(&list);
}

static void describe_tasks(const struct ctl *ctl, const struct session_entry *session,
                           const struct plan *plan, struct str *to)
{
    struct str list = STR_EMPTY;
    size_t held = list_held(ctl, session, &list);

    str_add(to, plan->ready == plan->desired ? "no task is left to be done"
                                             : "tasks are under way as declared");
    if (held > 0) {
        str_addf(to, ", %zu %s held back: %s", held, held == 1 ? "is" : "are", list.data);
    }
    str_fini(&list);
}

static enum why worst_of(const struct plan *plan)
{
    enum why worst = WHY_COUNT;

    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].why < worst) {
            worst = plan->gaps[i].why;
        }
    }
    return worst;
}

static void describe(const struct ctl *ctl, const struct session_entry *session,
                     const struct plan *plan, enum why worst, struct str *to)
{
    if (worst != WHY_COUNT) {
        describe_gaps(plan, worst, to);
        for (enum why why = worst + 1; why < WHY_COUNT; why++) {
            bool has = false;

            for (size_t i = 0; i < plan->gap_count; i++) {
                has = has || plan->gaps[i].why == why;
            }
            if (has) {
                str_add(to, "; ");
                describe_gaps(plan, why, to);
                break; /* the two that weigh most; the rest is in `describe` */
            }
        }
    } else if (plan->tasks != NULL) {
        describe_tasks(ctl, session, plan, to);
    } else if (plan->desired == 0) {
        str_add(to, "no replica is wanted, and none runs");
    } else {
        describe_held(ctl, session, plan->desired, to);
    }
}

static void put_counts(struct harvest_session_status *status, const struct plan *plan,
                       int64_t generation)
{
    const struct shape *shape = &harvest_session_status_shape;

    shape_put(shape, status, observed_generation, generation);
    shape_put(shape, status, desired, (int64_t)plan->desired);
    shape_put(shape, status, ready, (int64_t)plan->ready);
    shape_put(shape, status, updated, (int64_t)plan->updated);
    shape_put(shape, status, succeeded, (int64_t)plan->succeeded);
    shape_put(shape, status, failed, (int64_t)plan->failed);
}

/* Each task that failed for good, and the end of all. */
static void record_ends(struct ctl *ctl, const struct session_entry *session,
                        const struct plan *plan)
{
    const struct condition *before =
        condition_find(&harvest_session_of(session->object)->status.conditions, "Complete");
    const struct tasks *tasks = plan->tasks;
    const char *first = NULL;
    size_t failures = 0;

    for (size_t i = 0; i < tasks->end_count; i++) {
        if (tasks->ends[i].has_failed) {
            first = failures++ == 0 ? tasks->ends[i].words : first;
        }
    }
    if (failures == 1) {
        ctl_event_record(ctl, session->object, "Warning", "TaskFailed", "%s", first);
    } else if (failures > 1) {
        ctl_event_record(ctl, session->object, "Warning", "TaskFailed", "%s, and %zu more", first,
                         failures - 1);
    }
    if (tasks->quorum.dissents == 1) {
        ctl_event_record(ctl, session->object, "Warning", "ResultDisagrees", "%s",
                         tasks->quorum.first_dissent);
    } else if (tasks->quorum.dissents > 1) {
        ctl_event_record(ctl, session->object, "Warning", "ResultDisagrees", "%s, and %zu more",
                         tasks->quorum.first_dissent, tasks->quorum.dissents - 1);
    }
    if (tasks_are_complete(tasks, session_spec(session)) &&
        (before == NULL || before->status != CONDITION_TRUE)) {
        ctl_event_record(ctl, session->object, tasks->failed_count == 0 ? "Normal" : "Warning",
                         "Complete", "%s", tasks_words(&ctl->arena, tasks, session_spec(session)));
    }
}

static bool is_stated(const struct session_entry *session, const struct plan *plan,
                      const char *reason, const char *message)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *condition = condition_find(&status->conditions, "Converged");

    return condition != NULL && str_eq(condition->reason, reason) &&
           str_eq(condition->message, message) &&
           status->observed_generation == session->object->meta.generation &&
           status->desired == (int64_t)plan->desired && status->ready == (int64_t)plan->ready &&
           status->updated == (int64_t)plan->updated &&
           status->succeeded == (int64_t)plan->succeeded &&
           status->failed == (int64_t)plan->failed && tasks_are_stated(session, plan->tasks) &&
           gang_is_stated(session) && deadline_is_stated(session);
}

/* What a person would want to have been told when it happened. */
static void record_state(struct ctl *ctl, const struct session_entry *session,
                         const struct condition *before, enum why worst, const char *message)
{
    bool is_new =
        before == NULL || worst == WHY_COUNT || !str_eq(before->reason, why_to_str(worst));

    if (worst == WHY_COUNT && (before == NULL || before->status != CONDITION_TRUE)) {
        ctl_event_record(ctl, session->object, "Normal", "Converged", "%s", message);
    } else if (worst == WHY_NO_AGENT && is_new) {
        ctl_event_record(ctl, session->object, "Warning", "FailedPlacement", "%s", message);
    } else if ((worst == WHY_BACK_OFF || worst == WHY_GANG_TIMED_OUT) && is_new) {
        ctl_event_record(ctl, session->object, "Warning", why_to_str(worst), "%s", message);
    } else if ((worst == WHY_GIVEN_UP || worst == WHY_FAILED) &&
               (is_new || !str_eq(before->message, message))) {
        ctl_event_record(ctl, session->object, "Warning", why_to_str(worst), "%s", message);
    }
}

static const char *reason_of(const struct session_entry *session, const struct plan *plan,
                             enum why worst)
{
    if (worst != WHY_COUNT) {
        return why_to_str(worst);
    }
    return progress_is_open(plan, session_spec(session)) ? "InProgress" : "AsDeclared";
}

void rollout_state(struct ctl *ctl, struct session_entry *session, const struct plan *plan)
{
    const struct write write = {ROW_STATUS, "reconciler", "fog-controller", ""};
    _cleanup_(str_fini)
    struct str message = STR_EMPTY;
    struct plan judged;
    struct harvest_session *body;
    struct object *next;
    const char *reason;
    enum why worst;

    progress_drop(&ctl->arena, session, plan, &judged);
    worst = worst_of(&judged);
    reason = reason_of(session, plan, worst);
    describe(ctl, session, &judged, worst, &message);
    if (is_stated(session, plan, reason, message.data) && drifted_session_is_stated(ctl, session)) {
        return;
    }
    next = object_edit(session->object);
    body = next->body;
    if (plan->tasks == NULL || worst == WHY_NO_AGENT) {
        record_state(ctl, session, condition_find(&body->status.conditions, "Converged"), worst,
                     message.data);
    }
    if (plan->tasks != NULL) {
        record_ends(ctl, session, plan);
    }
    put_counts(&body->status, plan, next->meta.generation);
    condition_set(next, &body->status.conditions, "Converged",
                  worst == WHY_COUNT ? CONDITION_TRUE : CONDITION_FALSE, reason, message.data,
                  next->meta.generation, ctl->wall);
    shape_mark(&harvest_session_status_shape, &body->status, &body->status.conditions);
    shape_mark(&harvest_session_shape, body, &body->status);
    tasks_state(next, plan->tasks, ctl->wall);
    gang_state(next, session);
    deadline_state(ctl, next, session);
    drifted_session_state(ctl, next, session);
    (void)ctl_put(ctl, next, &write);
    ctl->derived_rows++;
}
