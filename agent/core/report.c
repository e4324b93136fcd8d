/* Level-triggered, too: the face of every assignment is computed in every step and compared with
 * the last one; a new face is a new version, and a version that was not sent is due. */
#include "agent/core/report.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

/* --- the face -----------------------------------------------------------------------------------
 */

static void say(struct report_face *face, int phase, const char *reason, const char *message)
{
    face->phase = phase;
    face->reason = reason;
    face->message = message;
}

static void say_held(const struct agt *agt, const struct work *work, struct report_face *face)
{
    face->phase = govern_says(agt, work, &face->reason, &face->message)
                      ? PHASE_SUSPENDED
                      : PHASE_STARTING; /* waits a moment for readings */
}

/* To try again helps against what may pass; a limit that was reached is said, for somebody has to
 * raise it. */
static const char *back_off_reason(const struct work *work)
{
    return work->outcome == OUTCOME_MEMORY_LIMIT || work->outcome == OUTCOME_PIDS_LIMIT
               ? work_outcome_words[work->outcome]
               : "BackOff";
}

static void waiting_face(const struct agt *agt, const struct work *work, struct report_face *face)
{
    if (drift_is_left(work)) { /* and asks for no lease meanwhile, as below */
        say(face, PHASE_STARTING, "Drifted", work->message);
    } else if (govern_is_held(agt, work)) {
        say_held(agt, work, face);
    } else if (work->outcome == OUTCOME_LEASE_ENDED) {
        say(face, PHASE_STOPPED, "LeaseEnded", work->message);
    } else if (work->fetch.state == FETCH_ASKED) {
        say(face, PHASE_STARTING, "Fetching", work->fetch.message);
    } else if (work->fetch.state == FETCH_LATER) {
        say(face, PHASE_STARTING, work->fetch.reason, work->fetch.message);
    } else if (work->outcome != OUTCOME_NONE && work->outcome != OUTCOME_STOPPED) {
        say(face, PHASE_STARTING, back_off_reason(work), work->message);
    } else if (work_is_exclusive(work) && work->lease.is_refused) {
        say(face, PHASE_STARTING, "LeaseRefused", "the controller did not grant its lease");
    } else if (work_is_exclusive(work)) {
        say(face, PHASE_STARTING, "AwaitingLease", "waits for the lease of its slot");
    } else if (!saver_may_save(agt)) {
        say(face, PHASE_STARTING, "CannotSave", "the agent's disk takes no writes");
    } else {
        say(face, PHASE_STARTING, NULL, NULL);
    }
}

static void collecting_face(const struct agt *agt, const struct work *work,
                            struct report_face *face)
{
    if (govern_is_held(agt, work)) {
        say_held(agt, work, face);
    } else if (work->collect.state == COLLECT_LATER) {
        say(face, PHASE_RUNNING, "UploadFailed", work->collect.message);
    } else {
        say(face, PHASE_RUNNING, "Uploading", "ended well; its outputs are being stored");
    }
}

static void stopping_face(const struct work *work, struct report_face *face)
{
    if (!work->is_wanted) {
        say(face, PHASE_STOPPING, "Removed", "is no longer wanted here");
    } else if (work->run.is_out_of_lease) {
        say(face, PHASE_STOPPING, "LeaseEnded", "its lease ended or was refused");
    } else if (work->run.is_evicted && !work_is_outdated(work)) {
        say(face, PHASE_STOPPING, policy_reason_words[work->governed.reason],
            work->governed.message);
    } else if (drift_ends(work) && !work_is_outdated(work)) {
        say(face, PHASE_STOPPING, "Drifted", "its working directory is gone: it is started anew");
    } else {
        say(face, PHASE_STOPPING, "Replaced", "makes room for its next generation");
    }
}

void report_face(const struct agt *agt, const struct work *work, struct report_face *face)
{
    *face = (struct report_face){.generation = work->wanted.generation,
                                 .lease_epoch = work->wanted.lease_epoch,
                                 .restarts = work->starts > 1 ? work->starts - 1 : 0,
                                 .failures = work->failures,
                                 .outcomes = work->outcomes,
                                 .fetch = work->fetch.version,
                                 .drift = work->drift.version,
                                 .change = work->governed.newest,
                                 .collect = work->collect.version,
                                 .started = work->started};
    switch (work->state) {
    case WORK_WAITING:
        waiting_face(agt, work, face);
        break;
    case WORK_STARTING:
        say(face, PHASE_STARTING, NULL, NULL);
        break;
    case WORK_RUNNING:
        say(face, PHASE_RUNNING, NULL, NULL);
        if (!govern_is_held(agt, work)) {
            (void)govern_says(agt, work, &face->reason, &face->message); /* slowed */
        }
        if (MUTANT(SUCCESS_BEFORE_EXIT) &&
            work->wanted.template.workload.restart != RESTART_ALWAYS) {
            say(face, PHASE_SUCCEEDED, "Completed", "");
        }
        break;
    case WORK_SUSPENDED:
        say_held(agt, work, face);
        face->phase = PHASE_SUSPENDED;
        break;
    case WORK_STOPPING:
        stopping_face(work, face);
        break;
    case WORK_COLLECTING:
        collecting_face(agt, work, face);
        break;
    case WORK_DONE:
        if (collect_is_in_doubt(agt, work)) {
            collecting_face(agt, work, face);
        } else {
            say(face, PHASE_SUCCEEDED, "Completed", work->message);
        }
        break;
    case WORK_FAILED:
        say(face, PHASE_FAILED, work_outcome_words[work->outcome], work->message);
        break;
    case WORK_STOPPED:
        say(face, PHASE_STOPPED, "Removed", "is no longer wanted here");
        break;
    case WORK_STATE_COUNT:
        break;
    }
}

static bool face_eq(const struct report_face *a, const struct report_face *b)
{
    return a->phase == b->phase && a->reason == b->reason && a->message == b->message &&
           a->generation == b->generation && a->lease_epoch == b->lease_epoch &&
           a->restarts == b->restarts && a->failures == b->failures && a->outcomes == b->outcomes &&
           a->fetch == b->fetch && a->collect == b->collect && a->change == b->change &&
           a->drift == b->drift && a->started.ms == b->started.ms;
}

static void refresh(const struct agt *agt, struct work *work)
{
    struct report_face face;

    report_face(agt, work, &face);
    if (work->told.version == 0 || !face_eq(&face, &work->told.face)) {
        work->told.face = face;
        work->told.version++;
    }
}

/* --- the report ---------------------------------------------------------------------------------
 */

/* Not before its outputs are stored, for certain. */
static bool has_ended(const struct work *work)
{
    return work->state != WORK_COLLECTING &&
           (work->state != WORK_DONE || work->told.face.phase == PHASE_SUCCEEDED);
}

static void fill_status(const struct work *work, struct assignment_status *status)
{
    const struct report_face *face = &work->told.face;

    *status = (struct assignment_status){.observed_generation = face->generation,
                                         .phase = face->phase,
                                         .restarts = face->restarts,
                                         .failures = face->failures,
                                         .exit_code = work->exit_code,
                                         .started = work->started,
                                         .reason = face->reason,
                                         .message = face->message,
                                         .contribution = work_contribution(work)};
    if (work->state == WORK_DONE) { /* in doubt, too: the controller may know them already */
        status->outputs = work->made;
    }
    if (has_ended(work)) {
        status->ended = work->ended;
    }
    if (work->has_exit) {
        /* An exit code of zero says something, unlike no exit code. */
        const struct field *field = shape_find(&assignment_status_shape, "exitCode");

        status->set |= UINT64_C(1) << (field - assignment_status_shape.fields);
    }
}

static void add_item(struct agt *agt, struct work *work, struct wire_report_item *items,
                     size_t *count)
{
    struct wire_report_item *item = &items[(*count)++];

    *item = (struct wire_report_item){.uid = work->wanted.uid,
                                      .generation = work->wanted.generation,
                                      .lease_epoch = work->wanted.lease_epoch};
    fill_status(work, &item->status);
    drift_list(work, &item->status.drift);
    govern_report(agt, work, item);
    work->told.sent = work->told.version;
}

static bool is_untold(const struct work *work)
{
    return work->told.sent != work->told.version;
}

static void compose(struct agt *agt)
{
    struct reports *reports = &agt->reports;
    struct wire_report_item *items = mem_array(MESSAGE_REPORTS_MAX, sizeof(*items));
    struct wire_message message = {.type = WIRE_REPORT};
    struct arena arena;
    size_t count = 0, changes = 0;

    map_each (&agt->set.works, entry) {
        if (is_untold(work_of(entry)) && count < MESSAGE_REPORTS_MAX &&
            changes + POLICY_CHANGES_MAX <= REPORT_CHANGES_MAX &&
            (count == 0 || !BUGGIFY("report-split"))) {
            changes += work_of(entry)->governed.change_count;
            add_item(agt, work_of(entry), items, &count);
        }
    }
    reports->seq++;
    if (reports->seq > reports->reserved) {
        MARK("more numbers for reports are written down");
        reports->reserved =
            reports->seq + (BUGGIFY("sequence-tight") ? 1 : REPORT_SEQS_RESERVED) - 1;
        agt->saver.is_due = true;
    }
    if (agt->saver.usage_is_unsaved) {
        agt->saver.is_due = true; /* what was told of a contribution is never taken back */
    }
    message.report.epoch = agt->link.epoch;
    message.report.seq = reports->seq;
    message.report.paused = agt->is_paused;
    message.report.items.items = items;
    message.report.items.count = count;
    arena_init(&arena);
    period_put(agt, &arena, &message.report);
    out_send(agt, &message, AGT_SEND_REPORT, OUT_WHEN_SAVED);
    arena_fini(&arena);
    reports->waiting = reports->seq;
    reports->sent_in_step = agt->counters.steps;
    reports->resend_at = mono_after(agt->now, 2 * agt->link.heartbeat_ms);
    reports->paused_told = agt->is_paused;
    free(items);
}

/* What was sent but not acknowledged is due again. */
static void take_back(struct agt *agt)
{
    if (agt->reports.waiting == 0) {
        return;
    }
    agt->reports.waiting = 0;
    agt->reports.resend_at = MONO_NEVER;
    agt->reports.paused_told = !agt->is_paused;
    period_take_back(agt);
    map_each (&agt->set.works, entry) {
        work_of(entry)->told.sent = work_of(entry)->told.acknowledged;
        govern_take_back(work_of(entry));
    }
}

void report(struct agt *agt)
{
    bool is_due;

    map_each (&agt->set.works, entry) {
        refresh(agt, work_of(entry));
    }
    if (mono_is_due(agt->reports.resend_at, agt->now) || BUGGIFY("report-again")) {
        take_back(agt);
    }
    if (!link_is_welcomed(agt) || agt->reports.waiting != 0 || !saver_may_save(agt)) {
        return;
    }
    is_due = agt->reports.paused_told != agt->is_paused;
    is_due |= period_is_due(agt);
    map_each (&agt->set.works, entry) {
        is_due |= is_untold(work_of(entry));
    }
    if (is_due) {
        compose(agt);
    }
}

void report_on_welcome(struct agt *agt, bool is_gap)
{
    if (!MUTANT(REPORT_NOT_REPEATED)) {
        take_back(agt);
    }
    agt->reports.waiting = 0;
    agt->reports.paused_told = agt->link.said_paused;
    if (!is_gap) {
        return;
    }
    MARK("everything is reported anew after a gap");
    /* A store that was restored forgot what it had acknowledged; and a copy of this agent that was
     * connected meanwhile may have said something else. */
    map_each (&agt->set.works, entry) {
        work_of(entry)->told.sent = work_of(entry)->told.acknowledged = 0;
        govern_take_back(work_of(entry));
    }
}

void report_on_unsaved(struct agt *agt, uint64_t step)
{
    if (agt->reports.sent_in_step == step) {
        MARK("a report that was not saved is taken back");
        take_back(agt);
    }
}

int report_on_reported(struct agt *agt, const struct wire_reported *reported, struct err *err)
{
    struct reports *reports = &agt->reports;

    if (reported->seq > reports->seq) {
        return err_set(err, ERR_INVALID, "reported: seq: no report had this number");
    }
    period_on_reported(agt, reported->period);
    if (reports->waiting == 0 || reported->seq < reports->waiting) {
        MARK("a report is acknowledged twice");
        return 0; /* again, or late */
    }
    reports->waiting = 0;
    reports->resend_at = MONO_NEVER;
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        work->told.acknowledged = work->told.sent;
        govern_on_reported(work);
        converge_on_reported(agt, work);
        if (work->state == WORK_STOPPED && !work->is_wanted && work->told.version != 0 &&
            work->told.acknowledged == work->told.version) {
            set_forget(agt, work);
        }
    }
    return 0;
}

struct mono report_deadline(const struct agt *agt)
{
    return agt->reports.waiting != 0 && link_is_welcomed(agt) ? agt->reports.resend_at : MONO_NEVER;
}
