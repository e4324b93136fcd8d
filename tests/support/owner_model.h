/* Who owns what, in the plainest form: a reference to compare server-side apply with.
 *
 * Written from the rules of docs/API.md ("Server-side apply") and docs/SOURCES.md alone, on sets of
 * texts (tests/support/flat.h); it shares the field tables and the binder with the real thing, and
 * nothing of its ownership.
 *
 *   update  C = paths added or changed, R = paths removed.  Both leave every other entry, R also
 *           the manager's own; C joins the manager's.
 *   apply   S = paths of the configuration.  Where another entry owns a path of S with another
 *           value: of equal rank a conflict, or with force it loses the path; of lower rank it
 *           loses the path; of higher rank the path leaves S.  S is laid over what is there; what
 *           the manager applied before, not in S and nobody else's, goes; its entry becomes S.
 *
 * A path is there when something stands at it or below it. */
#pragma once

#include "schema/apply.h"
#include "tests/support/flat.h"

enum { MODEL_ENTRIES_MAX = 32, MODEL_CONFLICTS_MAX = 512 };

struct model_who {
    const char *manager, *subresource; /* "" or "status" */
    enum managed_operation operation;
    enum source source;
};

struct model_entry {
    struct model_who who;
    struct map paths; /* owned; a set */
    int64_t time_ms;
};

struct model_conflict {
    const char *path;
    struct model_who with;
    bool is_left_out;
};

struct owner_model {
    struct arena *arena; /* borrowed */
    const struct kind *kind;
    struct node *live;  /* NULL: not there */
    struct node *blank; /* type and name, and nothing else */
    struct model_entry entries[MODEL_ENTRIES_MAX];
    size_t count;
    struct model_conflict conflicts[MODEL_CONFLICTS_MAX]; /* of the last apply */
    size_t conflict_count;
};

void owner_model_init(struct owner_model *model, struct arena *arena, const struct kind *kind,
                      const char *name);
void owner_model_fini(struct owner_model *model);

/* What became of a write. */
enum model_outcome { MODEL_DONE, MODEL_CONFLICT, MODEL_INVALID };

/* `is_valid` judges an object before it is kept, and gives it its defaults (NULL: it is refused).
 */
typedef struct node *(*model_bind_f)(void *context, struct node *root);

enum model_outcome owner_model_apply(struct owner_model *model, const struct model_who *who,
                                     const struct node *config, bool force, struct wall now,
                                     model_bind_f bind, void *context);
/* `next` is as the server would keep it, defaults included.  `claimed`: paths that lower sources
 * say; of what goes of these the manager becomes the owner. */
void owner_model_update(struct owner_model *model, const struct model_who *who,
                        const struct node *next, const struct map *claimed, struct wall now);
/* The managers of a source give up all they own. */
void owner_model_release(struct owner_model *model, enum source source);
/* The same of one field, as people write it, and all below; false when they own nothing there. */
bool owner_model_release_field(struct owner_model *model, enum source source, const char *field);
void owner_model_forget_owners(struct owner_model *model);
/* The entries of a managedFields take the place of those there are. */
void owner_model_read_owners(struct owner_model *model, const struct node *list);
/* Back to what was at `then` (tests/support/owner_model.c says who owns what afterwards). */
void owner_model_restore(struct owner_model *model, const struct owner_model *then,
                         const struct model_who *who, const struct node *next,
                         const struct map *claimed, struct wall now);
/* `to` was set up, and shares the arena. */
void owner_model_copy(struct owner_model *to, const struct owner_model *from);
/* When the entry was touched last; 0: there is none. */
int64_t owner_model_time_ms(const struct owner_model *model, const struct model_who *who);
/* Adds all that managers of sources below this one own. */
void owner_model_lower(const struct owner_model *model, enum source below, struct map *to);

/* What differs between the model and an object with its managedFields; NULL: nothing. */
const char *owner_model_differs(struct owner_model *model, const struct node *real);
