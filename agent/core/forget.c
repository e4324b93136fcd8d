/* Runs whose records may go. */
#include "agent/core/forget.h"

#include "agent/core/model.h"

#include <stdlib.h>

void forget_run(struct agt *agt, const char *uid, int64_t run)
{
    struct forgettable forgettable = {.uid = mem_strdup(uid), .run = run};

    vec_add(&agt->forgettables, forgettable);
}

/* Those sent in an earlier step are gone for good, as no failure came back. */
void forget_send(struct agt *agt)
{
    struct forgettables *all = &agt->forgettables;
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].is_sent) {
            free(all->items[i].uid);
        } else {
            all->items[kept++] = all->items[i];
        }
    }
    all->count = kept;
    if (!saver_may_save(agt)) {
        return;
    }
    vec_each (all, forgettable) {
        out_add_run(agt, AGT_FORGET, OUT_WHEN_SAVED, forgettable->uid, forgettable->run);
        forgettable->is_sent = true;
    }
}

void forget_on_unsaved(struct agt *agt)
{
    vec_each (&agt->forgettables, forgettable) {
        forgettable->is_sent = false;
    }
}

void forget_fini(struct agt *agt)
{
    vec_each (&agt->forgettables, forgettable) {
        free(forgettable->uid);
    }
    vec_fini(&agt->forgettables);
}
