/* The saved state: a table of its own, so that what is written is what is read.
 *
 *     blake2b:…            over all that follows the end of this line
 *     {"storeId":…,"works":[…]}
 */
#include "agent/core/saver.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/scalar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- the table ----------------------------------------------------------------------------------
 */

struct saved_run {
    uint64_t set;
    int64_t number;
    bool is_open, is_uncounted;
    int64_t generation, lease_epoch;
    const char *template_digest, *run_digest;
    int64_t grace_ms;
    struct contribution usage;
};

struct saved_held {
    uint64_t set;
    const char *outcome, *reason, *message; /* texts: another program may know other words */
    int64_t ran_ms;
    int64_t newest, dropped;
    LIST_OF(struct wire_change) changes;
};

struct saved_work {
    uint64_t set;
    struct wire_assignment wanted;
    bool is_removed;
    int64_t era;
    int state; /* enum work_state */
    struct saved_run run;
    int outcome; /* enum work_outcome */
    const char *message;
    int64_t starts, failures, tries;
    bool has_exit;
    int64_t exit_code;
    struct wall started, ended;
    struct contribution spent;
    struct saved_held held;
    bool keeps_files, is_left;
    outputs_t made;
    drift_t drift;
};

struct saved_periods {
    uint64_t set;
    int64_t number, open_ms;
    bool is_waiting;
    const char *agent_uid;
    LIST_OF(struct period_share) open;
    LIST_OF(struct period_share) cut;
};

struct saved {
    uint64_t set;
    const char *store_id;
    int64_t era, epoch;
    uint64_t revision, reserved;
    int64_t run_floor;
    struct saved_periods periods;
    LIST_OF(struct saved_work) works;
};

/* Nobody documents or checks it: it is our own, and guarded by its digest. */
#define ROW(title, type, owner, member)                                                            \
    {                                                                                              \
        (title), (type), AT(owner, member), .doc = NULL                                            \
    }

static const struct field run_fields[] = {
    ROW("number", FIELD_INT, struct saved_run, number),
    ROW("open", FIELD_BOOL, struct saved_run, is_open),
    ROW("uncounted", FIELD_BOOL, struct saved_run, is_uncounted),
    ROW("generation", FIELD_INT, struct saved_run, generation),
    ROW("leaseEpoch", FIELD_INT, struct saved_run, lease_epoch),
    ROW("template", FIELD_STR, struct saved_run, template_digest),
    ROW("madeOf", FIELD_STR, struct saved_run, run_digest),
    ROW("grace", FIELD_INT, struct saved_run, grace_ms),
    {"usage", FIELD_STRUCT, AT(struct saved_run, usage), .shape = &contribution_shape, .doc = NULL},
};

static const struct shape run_shape = SHAPE("run", struct saved_run, run_fields);

static const struct field held_fields[] = {
    ROW("outcome", FIELD_STR, struct saved_held, outcome),
    ROW("reason", FIELD_STR, struct saved_held, reason),
    ROW("message", FIELD_STR, struct saved_held, message),
    ROW("ran", FIELD_INT, struct saved_held, ran_ms),
    ROW("newest", FIELD_INT, struct saved_held, newest),
    ROW("dropped", FIELD_INT, struct saved_held, dropped),
    {"changes", FIELD_LIST, AT(struct saved_held, changes), .shape = &wire_change_shape,
     .doc = NULL},
};

static const struct shape held_shape = SHAPE("held", struct saved_held, held_fields);

static const struct field work_fields[] = {
    {"wanted", FIELD_STRUCT, AT(struct saved_work, wanted), .shape = &wire_assignment_shape,
     .doc = NULL},
    ROW("removed", FIELD_BOOL, struct saved_work, is_removed),
    ROW("era", FIELD_INT, struct saved_work, era),
    {"state", FIELD_ENUM, AT(struct saved_work, state), .words = work_state_words, .doc = NULL},
    {"run", FIELD_STRUCT, AT(struct saved_work, run), .shape = &run_shape, .doc = NULL},
    {"outcome", FIELD_ENUM, AT(struct saved_work, outcome), .words = work_outcome_words,
     .doc = NULL},
    ROW("message", FIELD_STR, struct saved_work, message),
    ROW("starts", FIELD_INT, struct saved_work, starts),
    ROW("failures", FIELD_INT, struct saved_work, failures),
    ROW("tries", FIELD_INT, struct saved_work, tries),
    ROW("hasExit", FIELD_BOOL, struct saved_work, has_exit),
    ROW("exitCode", FIELD_INT, struct saved_work, exit_code),
    ROW("started", FIELD_TIME, struct saved_work, started),
    ROW("ended", FIELD_TIME, struct saved_work, ended),
    {"spent", FIELD_STRUCT, AT(struct saved_work, spent), .shape = &contribution_shape,
     .doc = NULL},
    {"held", FIELD_STRUCT, AT(struct saved_work, held), .shape = &held_shape, .doc = NULL},
    ROW("keepsFiles", FIELD_BOOL, struct saved_work, keeps_files),
    {"made", FIELD_LIST, AT(struct saved_work, made), .shape = &output_status_shape, .doc = NULL},
    {"drift", FIELD_LIST, AT(struct saved_work, drift), .shape = &drift_row_shape, .doc = NULL},
    ROW("left", FIELD_BOOL, struct saved_work, is_left),
};

static const struct shape work_shape = SHAPE("work", struct saved_work, work_fields);

static const struct field periods_fields[] = {
    ROW("number", FIELD_INT, struct saved_periods, number),
    ROW("openFor", FIELD_INT, struct saved_periods, open_ms),
    ROW("waiting", FIELD_BOOL, struct saved_periods, is_waiting),
    ROW("agentUid", FIELD_STR, struct saved_periods, agent_uid),
    {"open", FIELD_LIST, AT(struct saved_periods, open), .shape = &period_share_shape, .doc = NULL},
    {"cut", FIELD_LIST, AT(struct saved_periods, cut), .shape = &period_share_shape, .doc = NULL},
};

static const struct shape periods_shape = SHAPE("periods", struct saved_periods, periods_fields);

static const struct field saved_fields[] = {
    ROW("storeId", FIELD_STR, struct saved, store_id),
    ROW("era", FIELD_INT, struct saved, era),
    ROW("epoch", FIELD_INT, struct saved, epoch),
    ROW("revision", FIELD_REVISION, struct saved, revision),
    ROW("reserved", FIELD_REVISION, struct saved, reserved),
    ROW("runFloor", FIELD_INT, struct saved, run_floor),
    {"periods", FIELD_STRUCT, AT(struct saved, periods), .shape = &periods_shape, .doc = NULL},
    {"works", FIELD_LIST, AT(struct saved, works), .shape = &work_shape, .doc = NULL},
};

static const struct shape saved_shape = SHAPE("saved", struct saved, saved_fields);

/* --- writing ------------------------------------------------------------------------------------
 */

static void fill_held(struct arena *arena, const struct governed *governed,
                      struct saved_held *saved)
{
    *saved = (struct saved_held){.newest = governed->newest, .dropped = governed->dropped};
    if (governed->outcome != POLICY_RUN) {
        saved->outcome = policy_outcome_words[governed->outcome];
        saved->reason = policy_reason_words[governed->reason];
        saved->message = governed->message;
    }
    saved->ran_ms = governed->has_begun ? governed->state.ran_ms : governed->ran_before_ms;
    govern_list_changes(arena, governed, &saved->changes.items);
    saved->changes.count = governed->change_count;
}

static void fill_work(struct arena *arena, struct work *work, struct saved_work *saved)
{
    const struct run *run = &work->run;

    *saved = (struct saved_work){.wanted = work->wanted,
                                 .is_removed = !work->is_wanted,
                                 .era = work->era,
                                 .state = checkpoint_state(work),
                                 .outcome = work->outcome,
                                 .message = work->message,
                                 .starts = work->starts,
                                 .failures = work->failures,
                                 .tries = work->tries,
                                 .has_exit = work->has_exit,
                                 .exit_code = work->exit_code,
                                 .started = work->started,
                                 .ended = work->ended,
                                 .spent = work->spent,
                                 .keeps_files = work->collect.keeps_files,
                                 .is_left = work->drift.is_left && !MUTANT(DRIFT_FORGOTTEN),
                                 .made = work->made};
    saved->run = (struct saved_run){.number = run->number,
                                    .is_open = run->is_open,
                                    .is_uncounted = run->is_uncounted,
                                    .generation = run->generation,
                                    .lease_epoch = run->lease_epoch,
                                    .template_digest = run->template_digest,
                                    .run_digest = run->run_digest,
                                    .grace_ms = run->grace_ms,
                                    .usage = run->usage};
    fill_held(arena, &work->governed, &saved->held);
    drift_list(work, &saved->drift);
}

static void fill_periods(const struct agt *agt, struct arena *arena, struct saved_periods *saved)
{
    const struct periods *periods = &agt->periods;

    saved->number = periods->number;
    saved->open_ms = period_open_ms(agt);
    saved->is_waiting = periods->is_waiting;
    saved->agent_uid = periods->agent_uid;
    saved->open.count = period_list(arena, &periods->open, &saved->open.items);
    saved->cut.count = period_list(arena, &periods->cut, &saved->cut.items);
}

static void write_state(const struct agt *agt, struct str *to)
{
    struct saved saved = {.store_id = agt->fence.store_id,
                          .era = agt->fence.era,
                          .epoch = agt->fence.epoch,
                          .revision = agt->set.revision,
                          .reserved = agt->reports.reserved,
                          .run_floor = agt->set.run_floor};
    struct arena arena;

    arena_init(&arena);
    fill_periods(agt, &arena, &saved.periods);
    saved.works.items = arena_array(&arena, agt->set.works.count, sizeof(struct saved_work));
    map_each (&agt->set.works, entry) {
        fill_work(&arena, work_of(entry), &saved.works.items[saved.works.count++]);
    }
    wire_mark_present(&arena, &saved_shape, &saved);
    json_emit(emit_shape(&arena, &saved_shape, &saved), JSON_PLAIN, to);
    str_add_char(to, '\n');
    arena_fini(&arena);
}

void saver_save(struct agt *agt)
{
    struct saver *saver = &agt->saver;
    struct digest digest;
    char digest_text[DIGEST_TEXT_SIZE];
    _cleanup_(str_fini)
    struct str state = STR_EMPTY, text = STR_EMPTY;

    if (!saver->is_due) {
        return;
    }
    write_state(agt, &state);
    digest_of(state.data, state.length, &digest);
    digest_to_str(&digest, digest_text);
    str_addf(&text, "%s\n", digest_text);
    str_add_bytes(&text, state.data, state.length);
    out_add(agt, AGT_SAVE, OUT_AT_ONCE)->bytes = blob_from_str(&text);
    agt->counters.saves++;
    saver->is_due = saver->usage_is_unsaved = false;
    saver->is_unconfirmed = true;
    saver->step = agt->counters.steps;
    saver->usage_at = agt->now;
    set_on_saved(agt);
}

bool saver_may_save(const struct agt *agt)
{
    return agt->saver.failures == 0 || mono_is_due(agt->saver.retry_at, agt->now);
}

void saver_on_step(struct agt *agt, bool save_failed)
{
    struct saver *saver = &agt->saver;

    if (save_failed) {
        MARK("a save fails");
        saver->retry_at = mono_after(
            agt->now, agt_back_off(agt, saver->failures, SAVE_RETRY_MIN_MS, SAVE_RETRY_MAX_MS));
        saver->failures++;
        saver->is_due = true;
    } else if (saver->is_unconfirmed) {
        saver->failures = 0;
    }
    saver->is_unconfirmed = false;
}

void saver_check_usage(struct agt *agt)
{
    if (agt->saver.usage_is_unsaved &&
        mono_is_due(mono_after(agt->saver.usage_at, USAGE_SAVE_MS), agt->now)) {
        agt->saver.is_due = true;
    }
}

struct mono saver_deadline(const struct agt *agt)
{
    const struct saver *saver = &agt->saver;

    if (saver->failures > 0) {
        return saver->retry_at;
    }
    return saver->usage_is_unsaved ? mono_after(saver->usage_at, USAGE_SAVE_MS) : MONO_NEVER;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void take_run(struct run *run, const struct saved_run *saved)
{
    *run = (struct run){.number = MUTANT(RUN_NUMBER_AGAIN) ? 0 : saved->number,
                        .is_open = saved->is_open,
                        .is_uncounted = saved->is_uncounted,
                        .generation = saved->generation,
                        .lease_epoch = saved->lease_epoch,
                        .grace_ms = saved->grace_ms,
                        .lease_end = MONO_NEVER,
                        .usage = saved->usage};
    (void)snprintf(run->template_digest, sizeof(run->template_digest), "%s",
                   saved->template_digest == NULL ? "" : saved->template_digest);
    (void)snprintf(run->run_digest, sizeof(run->run_digest), "%s",
                   saved->run_digest == NULL ? "" : saved->run_digest);
}

static void take_outcome(struct work *work, const struct saved_work *saved)
{
    work->outcome = (enum work_outcome)saved->outcome;
    (void)snprintf(work->message, sizeof(work->message), "%s",
                   saved->message == NULL ? "" : saved->message);
    work->starts = saved->starts;
    work->failures = saved->failures;
    work->tries = saved->tries;
    work->has_exit = saved->has_exit;
    work->exit_code = saved->exit_code;
    work->started = saved->started;
    work->ended = saved->ended;
    work->spent = saved->spent;
    work->collect.keeps_files = saved->keeps_files;
    collect_keep(work, &saved->made);
}

static int index_of(const char *const *words, const char *word)
{
    int index = word == NULL ? -1 : words_index(words, word);

    return index < 0 ? 0 : index;
}

static void take_held(struct governed *governed, const struct saved_held *saved)
{
    governed->outcome = (enum policy_outcome)index_of(policy_outcome_words, saved->outcome);
    governed->reason = (enum policy_reason)index_of(policy_reason_words, saved->reason);
    if (governed->outcome == POLICY_RUN || governed->reason == REASON_NONE) {
        governed->outcome = POLICY_RUN;
        governed->reason = REASON_NONE;
    }
    (void)snprintf(governed->message, sizeof(governed->message), "%s",
                   saved->message == NULL ? "" : saved->message);
    governed->ran_before_ms = saved->ran_ms;
    governed->newest = saved->newest;
    governed->dropped = saved->dropped;
    for (size_t i = 0; i < saved->changes.count && i < POLICY_CHANGES_MAX; i++) {
        const struct wire_change *from = &saved->changes.items[i];
        struct change *to = &governed->changes[governed->change_count++];

        *to = (struct change){
            .number = from->number,
            .at = from->at,
            .outcome = (enum policy_outcome)index_of(policy_outcome_words, from->outcome),
            .reason = (enum policy_reason)index_of(policy_reason_words, from->reason)};
        (void)snprintf(to->message, sizeof(to->message), "%s",
                       from->message == NULL ? "" : from->message);
    }
}

/* An older program saved what it understood of an assignment.  Then the set counts as another than
 * the controller's, which tells it whole. */
static bool knows_template(const struct work *work)
{
    char digest[DIGEST_TEXT_SIZE];

    template_digest(&work->wanted.template, digest);
    if (!str_eq(digest, work->wanted.template_digest)) {
        MARK("a template is known in part");
        return false;
    }
    return work->wanted.session_uid != NULL;
}

static void take_work(struct agt *agt, const struct saved_work *saved)
{
    struct work *work = set_add(agt, saved->wanted.uid);

    arena_reset(&work->arena);
    wire_assignment_copy(&work->arena, &saved->wanted, &work->wanted);
    work->is_wanted = !saved->is_removed;
    work->era = saved->era;
    /* Whether an open run still runs is said by AGT_FOUND, or not at all. */
    work->state = saved->run.is_open ? WORK_STARTING : (enum work_state)saved->state;
    take_run(&work->run, &saved->run);
    work->run.was_suspended = saved->run.is_open && saved->state == WORK_SUSPENDED;
    take_outcome(work, saved);
    take_held(&work->governed, &saved->held);
    drift_load(work, &saved->drift, saved->is_left);
    work_adopt_template(work);
    if (work->is_wanted) {
        wire_assignment_digest(work->wanted.uid, work->wanted.generation, work->wanted.lease_epoch,
                               knows_template(work) ? work->wanted.template_digest : "",
                               &work->digest);
        digest_set_add(&agt->set.digest, &work->digest);
        agt->set.wanted_count++;
    }
}

static void take_periods(struct periods *periods, const struct saved_periods *saved)
{
    periods->number = saved->number;
    periods->open_ms = saved->open_ms;
    periods->is_waiting = saved->is_waiting;
    (void)snprintf(periods->agent_uid, sizeof(periods->agent_uid), "%s",
                   saved->agent_uid == NULL ? "" : saved->agent_uid);
    period_fill(&periods->open, saved->open.items, saved->open.count);
    period_fill(&periods->cut, saved->cut.items, saved->cut.count);
}

static void take_state(struct agt *agt, const struct saved *saved)
{
    (void)snprintf(agt->fence.store_id, sizeof(agt->fence.store_id), "%s",
                   saved->store_id == NULL ? "" : saved->store_id);
    agt->fence.era = saved->era;
    agt->fence.epoch = saved->epoch;
    agt->reports.seq = agt->reports.reserved = saved->reserved;
    take_periods(&agt->periods, &saved->periods);
    for (size_t i = 0; i < saved->works.count; i++) {
        const char *uid = saved->works.items[i].wanted.uid;

        if (uid != NULL && set_find(agt, uid) == NULL) {
            take_work(agt, &saved->works.items[i]);
        }
    }
    agt->set.revision = saved->revision;
    agt->set.run_floor = saved->run_floor;
    set_on_saved(agt);
    agt->set.earlier_digest = agt->set.saved_digest;
    agt->set.earlier_revision = agt->set.saved_revision;
}

int saver_load(struct agt *agt, const char *bytes, size_t size_bytes, struct err *err)
{
    const size_t head = DIGEST_TEXT_SIZE; /* the digest and the end of its line */
    struct digest said, computed;
    char digest_text[DIGEST_TEXT_SIZE] = "";
    struct problems problems;
    struct saved saved;
    struct arena arena;
    struct node *root;
    bool ok = false;

    if (size_bytes > head && bytes[head - 1] == '\n') {
        memcpy(digest_text, bytes, head - 1);
        digest_of(bytes + head, size_bytes - head, &computed);
        ok = digest_from_str(digest_text, &said) && digest_eq(&said, &computed);
    }
    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    ok = ok &&
         json_parse(&arena, bytes + head, size_bytes - head, JSON_PLAIN, &problems, &root) == 0 &&
         bind_shape(&arena, &saved_shape, root, "",
                    BIND_TRUSTED | BIND_NO_DEFAULTS | BIND_NO_REQUIRED, &problems, &saved);
    if (ok) {
        take_state(agt, &saved);
    }
    arena_fini(&arena);
    return ok ? 0
              : err_set(err, ERR_CORRUPT,
                        "the saved state is not what was written: starting empty");
}
