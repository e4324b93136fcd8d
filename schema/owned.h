/* Which parts of a document have owners of their own, as the field tables say, and the paths that
 * a document has therefore.
 *
 * Structs and text maps are owned member by member, list-maps item by item and below, sets item by
 * item; everything else is a leaf.  A null says nothing, as if it were absent.  Of metadata only
 * labels, annotations, finalizers and ownerReferences have owners; fields that the server alone
 * writes and fields without a table row have none.
 *
 * Walks recurse along the tables, whose nesting is finite, never along the data. */
#pragma once

#include "schema/base/str.h"
#include "schema/fieldset.h"
#include "schema/kind.h"

enum field_form {
    FORM_LEAF,
    FORM_STRUCT,
    FORM_STRMAP,
    FORM_ITEMS, /* a list-map */
    FORM_SET,
};

enum field_form field_form(const struct field *field);
/* The form of a value: a leaf when it is not of the type that its field asks for. */
enum field_form field_form_of(const struct field *field, const struct node *value);

/* One side of the objects of a kind: what is written through the main resource, or through
 * /status. */
struct owned_scope {
    const struct kind *kind;
    bool status;
};

enum standing {
    STANDS_OWNED,   /* has owners; comes from the configuration */
    STANDS_LIVE,    /* none; stays as it is */
    STANDS_CONFIG,  /* none; comes from the configuration, for the caller to look at */
    STANDS_UNKNOWN, /* no row describes it */
};

/* Where a member of a map stands.  `container` is the row of the map (or of the list whose item it
 * is), NULL at the top of the document; *ret_field the row of the member, NULL without one. */
enum standing owned_member(struct owned_scope scope, const struct field *container,
                           const char *name, const struct field **ret_field);

/* The path element of an item of a list-map or a set, in place of what is in `to`; false when the
 * item has no key. */
bool owned_item_element(const struct field *field, const struct node *item, struct str *to);

/* Every path of a document, with values.  `root` may be NULL: no paths. */
struct fieldset owned_paths(struct arena *arena, struct owned_scope scope, const struct node *root);
/* The paths of `after` that are not in `before`, or have another value there; both sets made by
 * owned_paths(). */
struct fieldset owned_changes(struct arena *arena, const struct fieldset *before,
                              const struct fieldset *after);
/* Do both values mean the same?  "300s" is "5m" for a duration.  `field` may be NULL. */
bool field_value_eq(const struct field *field, const struct node *a, const struct node *b);
