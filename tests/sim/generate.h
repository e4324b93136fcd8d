/* Documents drawn from the table of their kind, and such with one thing wrong.
 *
 * The generator knows no field by name: whatever a table has is drawn, present or not, at its
 * bounds, beside them and between them; only the rules that join several fields are put right
 * afterwards, kind by kind.  So a field that is added tomorrow is tried tomorrow. */
#pragma once

#include "schema/kind.h"
#include "schema/tree.h"
#include "tests/sim/die.h"

struct generator {
    struct arena *arena;           /* borrowed */
    struct die *die;               /* borrowed */
    unsigned present_per_mille;    /* of a field that may be left out */
    const char *const *references; /* NULL-terminated: what there is to refer to; NULL: nothing */
    bool is_moderate;  /* no texts and lists of the greatest length: worlds have many objects */
    bool is_canonical; /* every value as it is written back, not as another person would write it */
    bool is_whole;     /* with its status, and what else only the server fills in */
};

/* As an operator writes it: apiVersion, kind, metadata, and all that is not status.  Valid, as far
 * as one document can tell. */
struct node *generate_object(struct generator *generator, const struct kind *kind,
                             const char *name);
struct node *generate_shape(struct generator *generator, const struct shape *shape);

/* Spoils one place of a document: a wrong type, a bound, a form, a word, something missing, twice
 * or too often, a rule between fields.  What is refused then names *ret_path.  Returns what was
 * done, in words.  metadata.name and what the server fills in are left alone. */
const char *generate_spoil(struct generator *generator, const struct kind *kind, struct node *root,
                           const char **ret_path);
