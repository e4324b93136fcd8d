/* The entries of managedFields with their path sets, while schema/apply.c works on them. */
#pragma once

#include "schema/apply.h"
#include "schema/fieldset.h"

struct owner { /* one entry; all texts are borrowed from the tree it was read from */
    const char *manager;
    enum managed_operation operation;
    const char *api_version;
    const char *subresource; /* "" for none */
    enum source source;
    struct wall time; /* zero: unknown */
    struct fieldset fields;
    const struct node *original; /* as it was read; NULL once anything changed */
};

struct owners {
    struct arena *arena; /* borrowed */
    struct owner *items; /* in the arena */
    size_t count;
};

/* metadata.managedFields of a document, or NULL when there are none. */
const struct node *owners_list(const struct node *root);
/* Adds all entries of a list (NULL: none) that can be read; false when there was one that cannot.
 */
bool owners_read(struct owners *owners, const struct node *list);
/* Puts the entries into a document: those that own nothing go, and beyond MANAGERS_MAX the oldest
 * updates share one. */
void owners_write(struct owners *owners, struct node *root);

/* The entry of a manager, made when there is none; borrowed until the next one is made. */
struct owner *owners_get(struct owners *owners, const struct kind *kind,
                         const struct manager *manager, enum managed_operation operation);
struct fieldset owners_paths_but(const struct owners *owners, const struct owner *but);
void owner_take(struct arena *arena, struct owner *owner, const struct fieldset *paths);
void owner_set(struct owner *owner, struct fieldset fields, struct wall now);
