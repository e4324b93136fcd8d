/* The arithmetic of controller/core/lease.h. */
#include "controller/core/lease.h"

#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <assert.h>

bool assignment_is_exclusive(const struct assignment_entry *assignment)
{
    return assignment_spec(assignment)->lease_epoch > 0;
}

static int64_t template_lease_ms(const struct model *model,
                                 const struct assignment_entry *assignment)
{
    const struct template_entry *resolved =
        model_template_find(model, assignment_spec(assignment)->template_digest);

    return resolved == NULL ? LEASE_MAX_MS : resolved->template->lease_ms;
}

/* NULL: it never had a longer one. */
static const char *length_before(const struct assignment_entry *assignment)
{
    return strmap_find(&assignment->object->meta.annotations, LEASE_BEFORE_ANNOTATION);
}

/* That, or the longer one that it had before. */
static int64_t longest_ms(const struct model *model, const struct assignment_entry *assignment)
{
    int64_t lease_ms = template_lease_ms(model, assignment), before_ms;
    const char *before = length_before(assignment);

    if (before == NULL) {
        return lease_ms;
    }
    if (!int_from_str(before, &before_ms) || before_ms > LEASE_MAX_MS) {
        return LEASE_MAX_MS; /* somebody else wrote it */
    }
    MARK("a shortened lease is waited for at its old length");
    return before_ms > lease_ms ? before_ms : lease_ms;
}

int64_t lease_length_ms(const struct model *model, const struct assignment_entry *assignment)
{
    bool is_observed =
        assignment_status(assignment)->observed_generation == assignment->object->meta.generation;

    return is_observed ? template_lease_ms(model, assignment) : longest_ms(model, assignment);
}

static struct mono end_of(struct mono now, int64_t lease_ms)
{
    return mono_after(now, lease_ms + lease_ms / LEASE_DRIFT_SHARE + LEASE_MARGIN_MS);
}

/* How long a lease is of which we count so much. */
static int64_t length_of(int64_t ours_ms)
{
    int64_t share = LEASE_DRIFT_SHARE;

    return ((ours_ms - LEASE_MARGIN_MS) * share + share) / (share + 1);
}

void lease_grant(const struct model *model, struct assignment_entry *assignment, struct mono now)
{
    int64_t lease_ms = lease_length_ms(model, assignment);
    struct mono end = end_of(now, lease_ms);

    if (MUTANT(LEASE_TOO_SHORT)) {
        end = mono_after(now, lease_ms / 2);
    }
    assignment->lease_until = mono_later(assignment->lease_until, end);
    assignment->lease_is_assumed = false;
}

void lease_assume(const struct model *model, struct assignment_entry *assignment, struct mono now)
{
    if (assignment_is_exclusive(assignment) || length_before(assignment) != NULL) {
        assignment->lease_until = end_of(now, longest_ms(model, assignment));
        assignment->lease_is_assumed = true;
    }
}

int64_t lease_before_ms(const struct model *model, const struct assignment_entry *assignment,
                        int64_t next_ms, struct mono now)
{
    bool had_one = assignment_is_exclusive(assignment) || length_before(assignment) != NULL;
    int64_t before_ms = had_one ? lease_length_ms(model, assignment) : 0;

    if (mono_before(end_of(now, next_ms), assignment->lease_until)) {
        int64_t granted_ms = length_of(mono_since(now, assignment->lease_until));

        before_ms = granted_ms > before_ms ? granted_ms : before_ms;
    }
    return before_ms > next_ms ? before_ms : 0;
}

bool lease_is_over(const struct assignment_entry *assignment, struct mono now)
{
    return mono_is_due(assignment->lease_until, now);
}

bool lease_may_renew(const struct assignment_entry *assignment, const struct agent_entry *agent,
                     int64_t lease_epoch)
{
    return assignment->agent == agent && assignment->is_in_set && assignment->session != NULL &&
           assignment_is_exclusive(assignment) &&
           assignment_spec(assignment)->lease_epoch == lease_epoch;
}

bool lease_is_held(const struct assignment_entry *assignment, struct mono now)
{
    return !assignment->lease_is_assumed && !lease_is_over(assignment, now);
}

void lease_outrank(const struct assignment_entry *assignment)
{
    const struct assignment_spec *spec = assignment_spec(assignment);

    dlist_each (&assignment->session->assignments, struct assignment_entry, in_session, it) {
        if (it != assignment && it->epoch_before < spec->lease_epoch &&
            str_eq(assignment_spec(it)->slot, spec->slot)) {
            it->epoch_before = spec->lease_epoch;
        }
    }
}

bool lease_is_contested(const struct model *model, const struct assignment_entry *assignment,
                        struct mono now)
{
    const struct assignment_spec *spec = assignment_spec(assignment);

    assert(assignment->session != NULL);
    dlist_each (&assignment->session->assignments, struct assignment_entry, in_session, it) {
        if (it != assignment && !lease_is_over(it, now) &&
            str_eq(assignment_spec(it)->slot, spec->slot)) {
            return true;
        }
    }
    if (MUTANT(NAMESAKE_UNSEEN)) {
        return false;
    }
    dlist_each (&model->loose, struct assignment_entry, loose, it) {
        if (it != assignment && !lease_is_over(it, now) &&
            str_eq(assignment_spec(it)->slot, spec->slot) &&
            str_eq(assignment_spec(it)->session, spec->session)) {
            return true;
        }
    }
    return false;
}
