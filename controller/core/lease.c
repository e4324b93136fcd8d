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

int64_t lease_length_ms(const struct model *model, const struct assignment_entry *assignment)
{
    const struct template_entry *resolved =
        model_template_find(model, assignment_spec(assignment)->template_digest);
    const struct meta *meta = &assignment->object->meta;
    const char *before = strmap_find(&meta->annotations, LEASE_BEFORE_ANNOTATION);
    int64_t lease_ms = resolved == NULL ? LEASE_MAX_MS : resolved->template->lease_ms;
    int64_t before_ms;

    if (before == NULL || assignment_status(assignment)->observed_generation == meta->generation) {
        return lease_ms;
    }
    if (!int_from_str(before, &before_ms) || before_ms > LEASE_MAX_MS) {
        return LEASE_MAX_MS; /* somebody else wrote it */
    }
    MARK("a shortened lease is waited for at its old length");
    return before_ms > lease_ms ? before_ms : lease_ms;
}

void lease_grant(const struct model *model, struct assignment_entry *assignment, struct mono now)
{
    int64_t lease_ms = lease_length_ms(model, assignment);
    struct mono end = mono_after(now, lease_ms + lease_ms / LEASE_DRIFT_SHARE + LEASE_MARGIN_MS);

    if (MUTANT(LEASE_TOO_SHORT)) {
        end = mono_after(now, lease_ms / 2);
    }
    assignment->lease_until = mono_later(assignment->lease_until, end);
    assignment->lease_is_assumed = false;
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
