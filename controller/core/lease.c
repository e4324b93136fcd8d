/* The arithmetic of controller/core/lease.h. */
#include "controller/core/lease.h"

#include "schema/limits.h"

bool assignment_is_exclusive(const struct assignment_entry *assignment)
{
    return assignment_spec(assignment)->lease_epoch > 0;
}

void lease_grant(const struct model *model, struct assignment_entry *assignment, struct mono now)
{
    const struct template_entry *resolved =
        model_template_find(model, assignment_spec(assignment)->template_digest);
    int64_t lease_ms = resolved == NULL ? LEASE_MAX_MS : resolved->template->lease_ms;
    struct mono end = mono_after(now, lease_ms + LEASE_MARGIN_MS);

    assignment->lease_until = mono_later(assignment->lease_until, end);
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
