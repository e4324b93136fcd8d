/* Ownership of fields, and server-side apply.  Pure functions of trees.
 *
 * Every field path of an object has owners, kept in metadata.managedFields: one entry for each
 * (manager, operation, apiVersion, subresource) with the set of paths it owns, in the FieldsV1 form
 * of Kubernetes
 * ("f:name" for a field, "k:{…}" for an item of a list-map, "v:…" for a member of a set, "." for
 * the container itself). metadata's own names, uids, revisions and times have no owners.  Which
 * lists are list-maps or sets, the field tables say.
 *
 * Sources rank api > directory > discovery.  A higher source takes a field from a lower one without
 * a conflict; a lower one never overwrites a higher one's field: its value is left out and
 * reported. */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

enum source { SOURCE_DISCOVERY, SOURCE_DIRECTORY, SOURCE_API };

const char *source_to_str(enum source source);

struct manager {
    const char *name; /* at most MANAGER_BYTES_MAX printable bytes */
    enum source source;
    const char *subresource; /* "" or "status" */
    struct wall now;
};

struct apply_conflict {
    const char *path;    /* ".spec.outputs[name=\"raw\"].path" */
    const char *manager; /* who owns it */
    enum managed_operation operation;
    struct wall time;
    enum source source;
    bool was_lower; /* the applier ranks lower: its value was left out, no error */
};

struct apply_result {
    struct node *root; /* the new object, with managedFields; NULL when there were conflicts */
    struct apply_conflict *conflicts; /* in the arena; also the ones left out by rank */
    size_t conflict_count;
};

/* Server-side apply of `config` onto `live` (NULL: create).  Both are whole documents of `kind`.
 * Fields the manager applied before and no longer names are removed unless somebody else owns them.
 * With `force`, conflicting fields change owner. */
void apply_config(struct arena *arena, const struct kind *kind, const struct node *live,
                  const struct node *config, const struct manager *manager, bool force,
                  struct apply_result *ret_result);

/* Ownership after a create, replace or patch that led from `live` (NULL: create) to `next`: what
 * the manager changed becomes its own (operation Update), what it removed is nobody's.  Returns
 * `next` with managedFields. */
struct node *apply_update(struct arena *arena, const struct kind *kind, const struct node *live,
                          const struct node *next, const struct manager *manager);
