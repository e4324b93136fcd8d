/* Ownership of fields, and server-side apply.  Pure functions of trees.
 *
 * Every field path of an object has owners, kept in metadata.managedFields: one entry for each
 * (manager, operation, apiVersion, subresource, source) with the set of paths it owns, in the
 * FieldsV1 form of Kubernetes ("f:name" for a field, "k:{…}" for an item of a list-map, "v:…" for a
 * member of a set, "." for the container itself).  Which parts of a document have owners of their
 * own, schema/owned.h says.
 *
 * Sources rank api > directory > discovery.  A higher source takes a field from a lower one without
 * a conflict; a lower one never overwrites a higher one's field, not even by force: its value is
 * left out and reported.
 *
 * A path may be owned although nothing is there: a higher source took the field away, and no lower
 * one puts it back.  Among managers of one rank such a path is nobody's.
 *
 * The trees are whole documents of a kind, at best in canonical form (schema/emit.h); a value that
 * is only written differently ("300s" for "5m") is the same value.  Through "" a manager writes all
 * but the status fields, through "status" only these. */
#pragma once

#include "schema/base/str.h"
#include "schema/fieldset.h"
#include "schema/object.h"
#include "schema/problem.h"

enum source { SOURCE_DISCOVERY, SOURCE_DIRECTORY, SOURCE_API };

const char *source_to_str(enum source source);
bool source_from_str(const char *text, enum source *ret_source);

struct manager {
    const char *name; /* at most MANAGER_BYTES_MAX printable bytes */
    enum source source;
    const char *subresource; /* "" or "status" */
    struct wall now;
    /* Paths that lower sources say, or may say: of what its updates take away it stays the owner of
     * these.  NULL: none. */
    const struct fieldset *claimed;
};

struct apply_conflict {
    const char *path;    /* ".spec.outputs[name=\"raw\"].path" */
    const char *manager; /* who owns it */
    enum managed_operation operation;
    const char *api_version;
    const char *subresource;
    struct wall time;
    enum source source;
    bool was_lower; /* the applier ranks lower: its value was left out, no error */
};

struct apply_result {
    struct node *root; /* the new object, with managedFields; NULL when there were conflicts */
    struct apply_conflict *conflicts; /* in the arena; also the ones left out by rank */
    size_t conflict_count;
};

/* Server-side apply of `config` onto `live` (NULL: create).
 *
 * 1. Every field that the configuration changes and another entry owns is a conflict.  Owners of
 *    lower rank lose the field; for owners of higher rank the field is left out; equal rank fails,
 *    or loses the field by `force`.
 * 2. The configuration is laid over `live`.  Equal values are owned together.
 * 3. What the manager applied before and no longer names goes, unless somebody else owns it.
 * 4. The manager's Apply entry is the configuration's paths; its time moves only with a change.
 *
 * A null in the configuration says nothing.  The result still has to be bound, which brings the
 * defaults back and reports unknown fields.  metadata.uid and resourceVersion are those of the
 * configuration if it has any: preconditions for the caller to check, as is that the configuration
 * has no managedFields. */
void apply_config(struct arena *arena, const struct kind *kind, const struct node *live,
                  const struct node *config, const struct manager *manager, bool force,
                  struct apply_result *ret_result);

/* Ownership after a create, replace or patch that led from `live` (NULL: create) to `next`: what
 * the manager changed becomes its own (operation Update), what it removed is nobody's, or its own
 * too (`claimed`).  Returns a copy of `next` with managedFields.
 *
 * Clients may write managedFields: a list of valid entries in `next` is taken as what was before, a
 * list of one empty entry forgets all owners; otherwise those of `live` hold. */
struct node *apply_update(struct arena *arena, const struct kind *kind, const struct node *live,
                          const struct node *next, const struct manager *manager);

/* Ownership after going back from `live` (NULL: it was gone) to `next`, which has the owners of
 * then.  No lower source may undo that: what differs, what is gone, and what the manager's rank
 * owns in `live`, lower owners of then do not get back; what nobody of that rank owned then becomes
 * the manager's (operation Update).  Returns a copy of `next` with managedFields. */
struct node *apply_restore(struct arena *arena, const struct kind *kind, const struct node *live,
                           const struct node *next, const struct manager *manager);

/* The managers of a source give up these paths and all below them; with `paths` NULL everything.
 * Values stay as they are.  Returns a copy of `live`; NULL when they own none of it. */
struct node *apply_release(struct arena *arena, const struct node *live, enum source source,
                           const struct fieldset *paths);

/* All that the managers of a source own, also where nothing is. */
struct fieldset apply_owned(struct arena *arena, const struct node *live, enum source source);
/* Does a manager of another source own something that is there? */
bool apply_has_other_owner(struct arena *arena, const struct kind *kind, const struct node *live,
                           enum source source);

/* The API's words for a failed apply: `Apply failed with 1 conflict: conflict with "a" using fog/v1
 * at 2026-11-20T23:24:54Z: .spec.interval`. */
void apply_conflict_message(const struct apply_result *result, struct str *to);
/* For one cause of it, reason FieldManagerConflict: `conflict with "a"`; its field is the path. */
void apply_conflict_cause(const struct apply_conflict *conflict, struct str *to);
/* What was left out by rank, for a condition: `.spec.replicas belongs to "fogctl" (api)`, separated
 * by "; ".  Adds nothing when nothing was. */
void apply_left_out_message(const struct apply_result *result, struct str *to);
