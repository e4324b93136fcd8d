/* One write of an operator, decided: what the object becomes, or why not.
 *
 * write_decide() works inside a transaction: a later write of the same set sees what an earlier one
 * did.  What needs the whole set, references and rules across objects, write_check() does
 * afterwards. */
#pragma once

#include "controller/core/answer.h"
#include "schema/apply.h"

enum write_verb {
    WRITE_CREATE,
    WRITE_REPLACE,
    WRITE_MERGE_PATCH,
    WRITE_JSON_PATCH,
    WRITE_APPLY,
    WRITE_DELETE,
    WRITE_RELEASE,  /* an operator gives back to the lower sources: fields, all, or a tombstone */
    WRITE_PRUNE,    /* its apply set names the object no more */
    WRITE_WITHDRAW, /* the config directory names the object no more */
};

enum write_outcome {
    OUTCOME_UNCHANGED,
    OUTCOME_CREATED,
    OUTCOME_CONFIGURED,
    OUTCOME_DELETED,
    OUTCOME_DELETING
};

struct write_request {
    enum write_verb verb;
    const struct kind *kind;
    const char *name;  /* from the URL; NULL: from the body */
    struct node *body; /* object, patch or apply configuration; for a delete its options or NULL; of
                          a release the list of fields, NULL for all */
    bool is_status;    /* the status subresource: stored in the status log, which keeps no owners,
                          so nobody comes to own a field through it */
    bool owners_too;   /* replace, create: managedFields are those of the body (a rollback) */
    const char *propagation; /* of a delete, before what its options say: Background, Foreground
                                (the same here) or Orphan; NULL: not said */
    bool force;              /* apply: take conflicting fields */
    unsigned bind_flags;     /* how strict with unknown fields */
    const char *uid;         /* preconditions of a delete; NULL: none */
    uint64_t revision;       /* 0: none */
    const char *who, *why;
    struct manager manager;

    /* The result. */
    struct failure failure;
    struct problems problems;    /* errors, warnings */
    struct apply_result applied; /* of an apply: also what was left out by rank */
    enum write_outcome outcome;
    struct object *before, *after; /* owned references; NULL: did not exist, does not any more
                                      (but: the last form when an update ended a deletion) */
    struct node *root;             /* what `after` was bound from */
};

void write_init(struct arena *arena, struct write_request *request);
void write_fini(struct write_request *request);
bool write_decide(struct ctl *ctl, struct write_request *request); /* false: see failure */
bool write_check(struct ctl *ctl, struct write_request *request);
/* For the verbs of other files: what the server owns of `root` is as in `live` (NULL: nothing), and
 * request->root becomes the next version. */
void write_settle(struct ctl *ctl, const struct write_request *request, struct node *root,
                  const struct node *live);
bool write_put(struct ctl *ctl, struct write_request *request);
const char *write_outcome_to_str(enum write_outcome outcome); /* "created", "configured", … */

/* After a removal: dependents whose owners are all gone go too (background cascade). */
void write_collect_garbage(struct ctl *ctl, const struct object *owner, const struct write *write);
