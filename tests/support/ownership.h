/* An object whose fields several managers own, and the steps that tests of it are told in.
 *
 * Times begin at 2026-11-20T23:24:54Z and go on by a second with each step. */
#pragma once

#include "schema/apply.h"

struct ownership {
    struct arena arena;
    const struct kind *kind;
    struct node *live; /* NULL before the first write */
    bool binds;        /* the result is bound, as a server does, which brings defaults */
    unsigned steps;
};

void ownership_init(struct ownership *ownership, const struct kind *kind);
void ownership_fini(struct ownership *ownership);

/* Configurations are JSON with ' for ", without apiVersion, kind and metadata.name. */
struct apply_result ownership_try(struct ownership *ownership, const char *name, enum source source,
                                  const char *config, bool force);
void ownership_apply(struct ownership *ownership, const char *name, const char *config);
void ownership_apply_as(struct ownership *ownership, const char *name, enum source source,
                        const char *config);
void ownership_force(struct ownership *ownership, const char *name, const char *config);
/* A merge patch. */
void ownership_update(struct ownership *ownership, const char *name, const char *patch);
/* Both of the above from trees, through a subresource. */
void ownership_apply_tree(struct ownership *ownership, const struct manager *manager,
                          const struct node *config, bool force, struct apply_result *ret_result);

/* The time of the last step. */
struct wall ownership_now(const struct ownership *ownership);
/* The set that a manager owns by an operation ("Apply", "Update"); NULL when there is no entry. */
const struct node *ownership_of(const struct ownership *ownership, const char *name,
                                const char *operation);
/* Fails unless the manager owns exactly this; `fields` NULL: has no entry. */
void ownership_expect(const struct ownership *ownership, const char *name, const char *operation,
                      const char *fields);
void ownership_expect_spec(const struct ownership *ownership, const char *spec);
