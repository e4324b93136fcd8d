/* Which objects a rollback is about, as its spec says:
 *
 *     nothing                                      all that operators declare
 *     "kind": "HarvestSession", "name": "render"   one object; without a name all of the kind
 *     "objects": [{"kind": K, "name": N}, …]       several; without a name all of a kind
 *     "labelSelector": "tier=gold"                 of all of these kinds those with such labels,
 *                                                  now or then: what lost a label since comes back
 *                                                  with it, and what got it since goes back
 *
 * Pure, and made once: the objects of then are asked about one by one. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/selector.h"
#include "schema/base/map.h"

struct meant {
    bool kinds[KIND_COUNT]; /* all of it, or all with the labels */
    bool is_narrow;         /* kinds or objects are said */
    bool has_labels;
    bool is_selective; /* both: of these kinds what has the labels was asked for by a person */
    struct selector labels;
    struct map names;        /* "HarvestSession/render" → const struct kind *; keys are owned */
    const struct kind *kind; /* the only kind there is; NULL: several */
    const char *name;        /* the only object there is; NULL: several */
};

/* False with *ret_failure: it makes no sense, or is too much.  What is kept lives in `arena`; meant
 * is zero, and to be finished in any case. */
bool meant_read(struct arena *arena, const struct node *spec, struct meant *meant,
                struct failure *ret_failure);
void meant_fini(struct meant *meant);

/* Was it named itself? */
bool meant_by_name(const struct meant *meant, const struct kind *kind, const char *name);
/* May it be meant, as far as its kind and its name say? */
bool meant_may(const struct meant *meant, const struct kind *kind, const char *name);
/* `then` and `now` are the same object; one of them may be NULL. */
bool meant_has(const struct meant *meant, const struct object *then, const struct object *now);
