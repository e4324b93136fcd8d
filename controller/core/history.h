/* The past: what happened to an object, and going back.
 *
 *     GET  /apis/fog/v1/history[?limit=N]
 *          the newest changes of all desired state
 *     GET  /apis/fog/v1/<plural>/<name>/history[?limit=N]
 *          of one object
 *     POST /apis/fog/v1/rollbacks[?dryRun=All]
 *          {"spec": {"toRevision": "120", "kind": "HarvestSession", "name": "render",
 *                    "prune": false, "formOnly": false}}
 *          {"spec": {"toRevision": "120", "objects": [{"kind": "HarvestSession"}],
 *                    "labelSelector": "tier=gold"}}
 *
 * A rollback is a change set made from the state as it was: it restores spec, labels, annotations
 * and the owners of fields; what was deleted since is made again, with a new uid; what is newer
 * goes only with `prune`.  With `formOnly` a session gets back what its replicas ran
 * (schema/kinds/session_form.h), and nothing else of it changes.  Which objects
 * it is about: controller/core/meant.h.  Its answer is that of a change set. */
#pragma once

#include "controller/core/changeset.h"
#include "controller/core/meant.h"

struct rollback {
    struct write_request defaults; /* texts owned by `arena` */
    struct arena arena;
    uint64_t revision;
    struct meant meant;
    const struct kind *kind; /* NULL: several */
    const char *name;        /* NULL: several */
    bool prune, form_only, is_dry_run;
    bool has_demand; /* only if the fleet is still at the revision that the plan was made at: */
    uint64_t demand;
    /* Of one that the controller makes by itself (controller/core/deadline.h): */
    const char *uid;
    int64_t generation;
    uint64_t good_revision;
    /* For remembering the answer. */
    struct http_request http;
};

struct moment; /* controller/core/past.h */

/* `limit` 0: a page of the usual length; `moment`: until when, NULL: now. */
void history_open(struct ctl *ctl, uint64_t id, const struct kind *kind, const char *name,
                  uint64_t limit, const struct moment *moment);
/* Warns that the moment that was asked for is one of which a restore lost what was written, if it
 * is; what is told is of this revision. */
void lost_warn(const struct lost_part *lost, uint64_t revision, struct problems *problems);
/* True: it could not be read, and that is answered. */
bool history_failed(struct ctl *ctl, uint64_t id, const struct read_result *result);
void history_read_done(struct ctl *ctl, uint64_t id, const struct read_result *result);

void rollback_open(struct ctl *ctl, uint64_t id, const struct http_request *http,
                   const struct node *body, const struct write_request *defaults, bool is_dry_run);
void rollback_read_done(struct ctl *ctl, uint64_t id, struct rollback *rollback,
                        const struct read_result *result);
/* The write that gives a session the form of `then`, if it is there. */
void rollback_add_form(struct ctl *ctl, const struct rollback *rollback, const struct object *then,
                       struct changeset *set);
void rollback_free(struct rollback *rollback);
