/* Change sets: every write is one, a single request is a set of one; decided in one step, all or
 * nothing.
 *
 *     POST /apis/fog/v1/changesets[?dryRun=All]
 *     {"kind": "ChangeSet", "apiVersion": "fog/v1",
 *      "spec": {"revision": "130", "force": false, "applySet": "web", "prune": true,
 *               "changes": [{"verb": "apply", "object": {…}},
 *                           {"verb": "delete", "kind": "HarvestSession", "name": "old", "uid":
 * "…"}]}}
 *
 * The verbs are apply, create, replace, patch (`object` is a merge patch with kind and name),
 * delete, and release (kind, name, perhaps a list of fields): what operators own there goes back to
 * the lower sources.  What `applySet` and `prune` do, controller/core/applyset.h says.  With
 * `revision` the set is refused (409) when desired state has changed since that revision, which a
 * dry run's answer names: exactly the reviewed plan is carried out.  The answer:
 *
 *     {"kind": "ChangeSet", "apiVersion": "fog/v1",
 *      "status": {"revision": "130", "dryRun": true, "warnings": [{"change", "field", "message"}],
 *                 "results": [{"kind", "name", "result": "configured", "before": {…}, "object":
 * {…}}], "plan": {…}}}
 *
 * `before` and `plan` are there in dry runs only.  When a change cannot be made nothing is, and the
 * Status has a cause with the member "change" (index into changes) for each thing that is wrong in
 * any of them. */
#pragma once

#include "controller/core/write.h"

struct changeset {
    struct write_request *writes; /* in the arena */
    size_t count;
    bool is_dry_run;
    bool is_single;  /* a request of its own: what is wrong is said as the resource's verbs do */
    bool has_demand; /* one is demanded: */
    uint64_t revision;
    struct failure failure; /* of the set as a whole */
};

/* Reads the body; false: see failure. */
bool changeset_read(struct ctl *ctl, const struct node *body, const struct write_request *defaults,
                    struct changeset *ret_set);
/* Decides in the transaction under way, which is to be aborted when this is false: each write has
 * its own failure. */
bool changeset_carry_out(struct ctl *ctl, struct changeset *set);
/* Decides in a transaction of its own.  False: nothing was changed, see failure.  In a dry run
 * nothing is changed either and *ret_plan is what would follow. */
bool changeset_decide(struct ctl *ctl, struct changeset *set, struct node **ret_plan);
struct node *changeset_answer(struct ctl *ctl, const struct changeset *set, struct node *plan);
void changeset_free(struct changeset *set); /* the references its writes hold */

/* Idempotency.  The digest is of method, target and body. */
enum replay { REPLAY_NEW, REPLAY_DONE, REPLAY_MISMATCH };

void request_digest(const struct http_request *http, struct digest *ret_digest);
/* REPLAY_DONE: the first answer was given again. */
enum replay changeset_replay(struct ctl *ctl, uint64_t id, const struct http_request *http);
void changeset_remember(struct ctl *ctl, const struct http_request *http, int code,
                        struct blob *body /* borrowed */);
