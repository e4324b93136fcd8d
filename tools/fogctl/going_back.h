/* Going back to an earlier revision: what rollback and rollout undo send. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct going_back {
    const struct kind *kind; /* NULL: all that is declared, or: */
    const char *name;
    const struct targets *objects; /* by name, or whole kinds */
    const char *labels;            /* of these kinds only what has them, now or then; NULL: all */
    const char *revision;
    const char *planned_at; /* only if the fleet is still at this one; NULL: wherever it is */
    const char *manager;    /* NULL: fogctl */
    bool prune;             /* what is newer goes */
    bool form_only;         /* of a session, only what it runs */
};

/* The status of the change set that it is; NULL after having said what is wrong. */
const struct node *going_back(struct fogctl *fogctl, const struct going_back *to, bool is_dry_run);
