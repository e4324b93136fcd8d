/* The set: collected from the parts of an assign, checked by its digest before anything of it
 * counts, then applied as the difference to what is there, so that what did not change is not
 * touched. */
#include "agent/core/set.h"

#include "agent/core/model.h"
#include "agent/core/out.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

enum { INCOMING_BEATS_MAX = 2 };

void set_init(struct set *set)
{
    map_init(&set->works);
    arena_init(&set->incoming.arena);
}

void set_fini(struct set *set)
{
    map_each (&set->works, entry) {
        work_free(work_of(entry));
    }
    map_fini(&set->works);
    arena_fini(&set->incoming.arena);
    vec_fini(&set->incoming.assignments);
    vec_fini(&set->incoming.removed);
}

struct work *set_find(const struct agt *agt, const char *uid)
{
    return map_find(&agt->set.works, uid);
}

struct work *set_add(struct agt *agt, const char *uid)
{
    struct work *work = work_new(uid);
    struct work *before = map_put(&agt->set.works, uid, work);

    assert(before == NULL);
    work->run.number = agt->set.run_floor;
    return work;
}

void set_forget(struct agt *agt, struct work *work)
{
    assert(!work->is_wanted);
    if (work->run.number > agt->set.run_floor && !MUTANT(RUN_NUMBER_AGAIN)) {
        agt->set.run_floor = work->run.number;
    }
    agt->set.cpu_forgotten_ms += work_contribution(work).cpu_ms;
    /* At once: should the next start find it again, it forgets it again. */
    (void)out_add_run(agt, AGT_FORGET, OUT_AT_ONCE, work->wanted.uid, 0);
    (void)map_remove(&agt->set.works, work->wanted.uid);
    work_free(work);
    agt->saver.is_due = true;
}

/* --- the parts that come in ---------------------------------------------------------------------
 */

static void incoming_drop(struct incoming *incoming)
{
    incoming->is_open = false;
    incoming->beats = 0;
    incoming->size_bytes = 0;
    vec_clear(&incoming->assignments);
    vec_clear(&incoming->removed);
    arena_reset(&incoming->arena);
}

static bool continues(const struct incoming *incoming, const struct wire_assign *assign)
{
    return incoming->is_open && incoming->era == assign->era &&
           incoming->revision == assign->revision && incoming->full == assign->full;
}

static int incoming_add(struct incoming *incoming, const struct wire_assign *assign,
                        size_t size_bytes, struct err *err)
{
    if (!continues(incoming, assign)) {
        incoming_drop(incoming);
        incoming->is_open = true;
        incoming->era = assign->era;
        incoming->revision = assign->revision;
        incoming->full = assign->full;
        incoming->base = arena_strdup(&incoming->arena, assign->base);
    }
    incoming->beats = 0;
    incoming->size_bytes += size_bytes;
    if (incoming->size_bytes > ASSIGNMENTS_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "assign: its parts are longer than %d bytes together",
                       ASSIGNMENTS_BYTES_MAX);
    }
    if (incoming->assignments.count + assign->assignments.count > ASSIGNMENTS_PER_AGENT_MAX ||
        incoming->removed.count + assign->removed.count > 2 * ASSIGNMENTS_PER_AGENT_MAX) {
        return err_set(err, ERR_LIMIT, "assign: more than %d assignments for one agent",
                       ASSIGNMENTS_PER_AGENT_MAX);
    }
    for (size_t i = 0; i < assign->assignments.count; i++) {
        struct wire_assignment copy;

        wire_assignment_copy(&incoming->arena, &assign->assignments.items[i], &copy);
        vec_add(&incoming->assignments, copy);
    }
    for (size_t i = 0; i < assign->removed.count; i++) {
        const char *uid = arena_strdup(&incoming->arena, assign->removed.items[i]);

        vec_add(&incoming->removed, uid);
    }
    return 0;
}

/* --- what the set would become ------------------------------------------------------------------
 */

struct outcome {      /* of applying what came in, before it is done */
    struct map named; /* uid → the last of the incoming assignments that has it */
    struct digest digest;
    size_t wanted_count, work_count;
};

static void digest_assignment(const struct wire_assignment *assignment, struct digest *ret_digest)
{
    wire_assignment_digest(assignment->uid, assignment->generation, assignment->lease_epoch,
                           assignment->template_digest, ret_digest);
}

static const struct work *find_wanted(const struct agt *agt, const char *uid)
{
    const struct work *work = set_find(agt, uid);

    return work != NULL && work->is_wanted ? work : NULL;
}

static void predict_removals(const struct agt *agt, const struct incoming *incoming,
                             struct outcome *outcome)
{
    struct map seen;

    map_init(&seen);
    vec_each (&incoming->removed, uid) {
        const struct work *work = find_wanted(agt, *uid);

        if (work != NULL && map_put(&seen, *uid, (void *)work) == NULL &&
            map_find(&outcome->named, *uid) == NULL) {
            digest_set_remove(&outcome->digest, &work->digest);
            outcome->wanted_count--;
        }
    }
    map_fini(&seen);
}

static void predict(const struct agt *agt, const struct incoming *incoming, struct outcome *outcome)
{
    *outcome = (struct outcome){.work_count = agt->set.works.count};
    map_init(&outcome->named);
    vec_each (&incoming->assignments, assignment) {
        (void)map_put(&outcome->named, assignment->uid, assignment);
    }
    if (!incoming->full) {
        outcome->digest = agt->set.digest;
        outcome->wanted_count = agt->set.wanted_count;
        predict_removals(agt, incoming, outcome);
    }
    map_each (&outcome->named, entry) {
        const struct work *work = find_wanted(agt, entry->key);
        struct digest digest;

        if (work != NULL && !incoming->full) {
            digest_set_remove(&outcome->digest, &work->digest);
            outcome->wanted_count--;
        }
        digest_assignment(entry->value, &digest);
        digest_set_add(&outcome->digest, &digest);
        outcome->wanted_count++;
        outcome->work_count += set_find(agt, entry->key) == NULL;
    }
}

/* A later generation may have no lease any more, and so no lease epoch: it is newer all the same.
 */
static bool is_older(const struct wire_assignment *a, const struct wire_assignment *b)
{
    return a->generation < b->generation ||
           (a->generation == b->generation && a->lease_epoch < b->lease_epoch);
}

/* ARCHITECTURE.md, 3: a lower generation or lease epoch is dropped and counted. */
static bool has_stale_assignment(const struct agt *agt, const struct outcome *outcome)
{
    map_each (&outcome->named, entry) {
        const struct wire_assignment *assignment = entry->value;
        const struct work *work = set_find(agt, entry->key);

        if (work != NULL && work->era == agt->fence.era && is_older(assignment, &work->wanted)) {
            return true;
        }
    }
    return false;
}

/* --- applying -----------------------------------------------------------------------------------
 */

static bool unwant(struct agt *agt, const char *uid, const struct map *named)
{
    struct work *work = set_find(agt, uid);

    if (work == NULL || !work->is_wanted || map_find(named, uid) != NULL) {
        return false;
    }
    work_unwant(agt, work);
    return true;
}

static bool want(struct agt *agt, const struct wire_assignment *assignment)
{
    struct work *work = set_find(agt, assignment->uid);
    struct digest digest;

    digest_assignment(assignment, &digest);
    if (work != NULL && work->is_wanted && digest_eq(&work->digest, &digest)) {
        bool is_new_era = work->era != agt->fence.era;

        work->era = agt->fence.era;
        return is_new_era; /* identical: nothing else is touched */
    }
    if (work == NULL) {
        work = set_add(agt, assignment->uid);
    }
    work->digest = digest;
    work_want(agt, work, assignment);
    return true;
}

static bool apply(struct agt *agt, const struct incoming *incoming, const struct map *named)
{
    bool is_changed = false;

    if (incoming->full) {
        map_each (&agt->set.works, entry) {
            is_changed |= unwant(agt, entry->key, named);
        }
    }
    vec_each (&incoming->removed, uid) {
        is_changed |= unwant(agt, *uid, named);
    }
    map_each (named, entry) {
        is_changed |= want(agt, entry->value);
    }
    return is_changed;
}

static int check(struct agt *agt, const struct wire_assign *assign, const struct outcome *outcome,
                 bool *ret_applies, struct err *err)
{
    const struct incoming *incoming = &agt->set.incoming;
    struct digest base, digest;

    *ret_applies = false;
    if (assign->digest == NULL || !digest_from_str(assign->digest, &digest)) {
        return err_set(err, ERR_INVALID, "assign: digest: is missing in the last message");
    }
    if (outcome->wanted_count > ASSIGNMENTS_PER_AGENT_MAX ||
        outcome->work_count > 2 * ASSIGNMENTS_PER_AGENT_MAX) {
        return err_set(err, ERR_LIMIT, "assign: more than %d assignments for one agent",
                       ASSIGNMENTS_PER_AGENT_MAX);
    }
    if (has_stale_assignment(agt, outcome)) {
        agt->counters.stale_messages++;
        return 0;
    }
    if (incoming->full && !digest_eq(&digest, &outcome->digest)) {
        return err_set(err, ERR_INVALID, "assign: digest: is not that of the set it carries");
    }
    if (!incoming->full && digest_eq(&digest, &agt->set.digest)) {
        MARK("a change of the set came before");
        *ret_applies = true; /* it came before */
        return 0;
    }
    if (!incoming->full &&
        (BUGGIFY("delta-refused") || incoming->base == NULL ||
         !digest_from_str(incoming->base, &base) || !digest_eq(&base, &agt->set.digest) ||
         !digest_eq(&digest, &outcome->digest))) {
        MARK("a change to another set than ours asks for the whole");
        agt->set.resync_is_due = true;
        return 0;
    }
    *ret_applies = true;
    return 0;
}

static int finish(struct agt *agt, const struct wire_assign *assign, struct err *err)
{
    struct set *set = &agt->set;
    struct outcome outcome;
    struct digest digest;
    bool applies;
    int r;

    predict(agt, &set->incoming, &outcome);
    r = check(agt, assign, &outcome, &applies, err);
    if (r == 0 && applies) {
        (void)digest_from_str(assign->digest, &digest);
        if (!digest_eq(&digest, &set->digest) || set->incoming.full) {
            if (apply(agt, &set->incoming, &outcome.named)) {
                agt->saver.is_due = true;
            }
            set->digest = outcome.digest;
            set->wanted_count = outcome.wanted_count;
        }
        if (set->revision != assign->revision) {
            agt->saver.is_due = true;
        }
        set->revision = assign->revision;
        set->accepted_is_due = true;
        set->resync_is_due = false;
        if (MUTANT(FORGET_TO_PERSIST)) {
            agt->saver.is_due = false;
        }
    }
    map_fini(&outcome.named);
    return r;
}

int set_on_assign(struct agt *agt, const struct wire_assign *assign, size_t size_bytes,
                  struct err *err)
{
    struct incoming *incoming = &agt->set.incoming;
    int r;

    if (assign->era != agt->fence.era ||
        (assign->revision < agt->set.revision && !MUTANT(OLD_SET_TAKEN))) {
        MARK("an older set is dropped");
        agt->counters.stale_messages++;
        return 0;
    }
    r = incoming_add(incoming, assign, size_bytes, err);
    if (r == 0 && assign->more) {
        MARK("a set comes in several messages");
        return 0;
    }
    if (r == 0) {
        r = finish(agt, assign, err);
    }
    incoming_drop(incoming);
    return r;
}

/* --- digests and answers ------------------------------------------------------------------------
 */

void set_on_digest(struct agt *agt, const char *text)
{
    struct digest digest;

    if (text == NULL) {
        return;
    }
    /* While parts follow no digest is named.  One heartbeat may have overtaken them, not two. */
    if (agt->set.incoming.is_open && ++agt->set.incoming.beats < INCOMING_BEATS_MAX) {
        return;
    }
    incoming_drop(&agt->set.incoming);
    if (digest_from_str(text, &digest) &&
        (!digest_eq(&digest, &agt->set.digest) || BUGGIFY("compare-again"))) {
        MARK("a heartbeat shows that the sets differ");
        agt->set.resync_is_due = true;
    }
}

void set_on_link_down(struct agt *agt)
{
    incoming_drop(&agt->set.incoming);
    agt->set.accepted_is_due = agt->set.resync_is_due = false;
}

void set_on_saved(struct agt *agt)
{
    struct set *set = &agt->set;

    set->earlier_digest = set->saved_digest;
    set->earlier_revision = set->saved_revision;
    set->saved_digest = set->digest;
    set->saved_revision = set->revision;
}

void set_on_unsaved(struct agt *agt, uint64_t step)
{
    struct set *set = &agt->set;

    set->saved_digest = set->earlier_digest;
    set->saved_revision = set->earlier_revision;
    if (set->accepted_in_step == step && link_is_welcomed(agt)) {
        MARK("what was accepted was not saved");
        set->accepted_is_due = true;
    }
}

static void send_resync(struct agt *agt)
{
    struct wire_message message = {.type = WIRE_RESYNC, .resync = {.epoch = agt->link.epoch}};
    char text[DIGEST_TEXT_SIZE];

    digest_to_str(&agt->set.digest, text);
    message.resync.digest = text;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_AT_ONCE);
    agt->set.resync_is_due = false;
}

static void send_accepted(struct agt *agt)
{
    struct wire_message message = {
        .type = WIRE_ACCEPTED,
        .accepted = {.epoch = agt->link.epoch, .revision = agt->set.revision}};
    char text[DIGEST_TEXT_SIZE];

    digest_to_str(&agt->set.digest, text);
    message.accepted.digest = text;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_WHEN_SAVED);
    agt->set.accepted_is_due = BUGGIFY("accepted-again");
    agt->set.accepted_in_step = agt->counters.steps;
}

void set_answer(struct agt *agt)
{
    if (!link_is_welcomed(agt)) {
        return;
    }
    if (agt->set.resync_is_due) {
        send_resync(agt);
    }
    if (agt->set.accepted_is_due && saver_may_save(agt)) {
        send_accepted(agt);
    }
}
