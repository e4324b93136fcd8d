/* The world as the rows that were committed say it is: every object with its newest spec and
 * status, and of each assignment all its versions, so that it can be asked what an agent may have
 * known at some revision.
 *
 * It is built from rows alone and shares no code with the controller's model; what the controller
 * and its agents do is held against it (check_rows.h, check_effects.h). */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/stored.h"
#include "schema/base/arena.h"
#include "schema/base/map.h"
#include "schema/tree.h"

struct sim;

struct ref_object {
    const struct kind *kind;
    char *name, *uid;  /* owned */
    uint64_t revision; /* of its newest row, of either log */
    int64_t generation;
    struct arena ledger_arena, status_arena;
    struct node *ledger, *status; /* NULL: no row yet; the status is the part below "status" */
};

struct ref_version { /* of an assignment */
    uint64_t revision;
    int64_t generation, lease_epoch;
    bool is_wanted;                                /* its agent should have it in its set */
    const char *agent, *session, *slot, *template; /* in the reference's arena */
};

struct ref_assignment {
    VEC_OF(struct ref_version);
};

struct needs { /* thousandths of cores, bytes */
    int64_t of[3];
};

struct ref_template {
    struct needs needs;
    int64_t lease_ms; /* 0: not exclusive */
    bool is_task;
    const char **artifacts; /* digests */
    size_t artifact_count;
    const char *outputs; /* declared paths, each between line ends */
    bool has_policy;
    const char *made_of; /* what a run of it is made of: without what governs it while it lasts */
};

struct expectation {  /* of a client: check_rows.h */
    const char *name; /* "": of desired state as a whole */
    uint64_t revision;
    bool is_met;
};

enum { NEED_CORES, NEED_MEMORY, NEED_DISK, NEED_COUNT };

struct reference {
    struct arena arena;
    struct map objects;     /* "Kind/name" → struct ref_object, owned: what is there */
    struct map assignments; /* uid → struct ref_assignment, owned; for ever */
    struct map templates;   /* digest → struct ref_template, in the arena */
    struct map
        owned; /* "Kind/name manager .path" → itself, in the arena: what anybody ever owned */
    struct map expectations; /* idempotency key → struct expectation, in the arena */
    struct {
        VEC_OF(uint64_t);
    } sessions; /* revisions of the ledger's rows about sessions */
    struct {
        VEC_OF(uint64_t);
    } batches; /* the last revision of each, as far as it is known */
    struct {
        VEC_OF(struct row);
    } taken; /* owned: all rows, for a restore */
    uint64_t era;
    uint64_t revision; /* the newest that is known to be durable */
    uint64_t desired;  /* the newest of the ledger */
};

struct reference *reference_new(void);
void reference_free(struct reference *reference);
/* Another store took the place of this one, which has what was taken up to this revision. */
void reference_reset(struct sim *sim, uint64_t upto);

/* Rows in order; those that are known already are passed over. */
void reference_take(struct reference *reference, const struct row *row);
void reference_take_stored(struct reference *reference, const struct stored_change *change);
/* Its texts and body are borrowed. */
struct row reference_row_of(const struct stored_change *change);
void reference_take_contents(struct reference *reference, const struct batch *batch);

/* NULL when there is none now. */
const struct ref_object *reference_find(const struct reference *reference, const char *kind,
                                        const char *name);
/* As of a revision; NULL when there was none. */
const struct ref_version *reference_version(const struct reference *reference, const char *uid,
                                            uint64_t revision);
/* Is there a row of the ledger about a session after `after` and before `before`? */
bool reference_has_session_row(const struct reference *reference, uint64_t after, uint64_t before);
/* The last revision of the batch that has this one; 0 when it is not known. */
uint64_t reference_batch_end(const struct reference *reference, uint64_t revision);

/* Words in trees. */
struct node *ref_parse(struct arena *arena, const struct blob *blob); /* NULL when it is no JSON */
const char *ref_text(const struct node *root, const char *path);      /* "" when there is none */
bool ref_flag(const struct node *root, const char *path);
int64_t ref_int(const struct node *root, const char *path, int64_t fallback);
bool ref_needs(const struct reference *reference, const char *template, struct needs *ret_needs);
int64_t ref_lease_ms(const struct reference *reference, const char *template); /* 0: unknown */
bool ref_is_task(const struct reference *reference, const char *template);
bool ref_declares(const struct reference *reference, const char *template, const char *output);
/* Does a run of the one do for the other? */
bool ref_is_same_run(const struct reference *reference, const char *template, const char *other);
/* Does the other govern it differently, and nothing else, and did the first govern it at all? */
bool ref_is_update(const struct reference *reference, const char *template, const char *other);
void ref_resources(const struct node *resources, struct needs *ret_needs);
