/* Artifacts that manifests name and the controller does not have: what needs one waits for it, so
 * its author is told while he looks.  The controller's core knows nothing of files, so it cannot.
 */
#include "schema/base/map.h"
#include "tools/fogctl/blob.h"

enum {
    LOOKS_MAX = 100, /* different ones; the rest is not looked for */
    LOOK_STALL_SECONDS = 5,
};

struct looking {
    struct fogctl *fogctl;
    struct map seen; /* digest → is it missing? */
    bool is_over;    /* the controller does not say, or was asked often enough */
};

/* Asks once for each. */
static bool is_missing(struct looking *looking, const char *digest)
{
    static bool yes = true, no = false;
    const bool *known = map_find(&looking->seen, digest);
    struct blob_exchange exchange = {
        .method = "HEAD", .digest = digest, .stall_seconds = LOOK_STALL_SECONDS};
    bool missing;

    if (known != NULL || looking->is_over) {
        return known != NULL && *known;
    }
    str_init(&exchange.refusal);
    blob_exchange(looking->fogctl, &exchange);
    looking->is_over = exchange.failed != NULL || looking->seen.count + 1 >= LOOKS_MAX;
    missing = exchange.failed == NULL && exchange.code == 404;
    blob_exchange_fini(&exchange);
    (void)map_put(&looking->seen, digest, missing ? &yes : &no);
    return missing;
}

static void look_at(struct looking *looking, const struct document *document,
                    struct problems *problems)
{
    const struct node *list = node_find_path(document->root, "spec.workload.artifacts");

    for (size_t i = 0; list != NULL && list->type == NODE_LIST && i < list->list.count; i++) {
        const struct node *digest = node_find(list->list.items[i], "digest");

        if (node_text(digest) != NULL && is_missing(looking, node_text(digest))) {
            problems->file = document->file;
            problem_add(
                problems, PROBLEM_WARNING, CAUSE_RESOURCE, digest,
                arena_printf(&looking->fogctl->arena, "spec.workload.artifacts[%zu].digest", i),
                "the controller does not have this file; nothing starts before `fogctl "
                "blob put` has stored it");
        }
    }
}

void artifacts_look_for(struct fogctl *fogctl, const struct documents_read *documents,
                        struct problems *problems)
{
    struct looking looking = {.fogctl = fogctl};

    map_init(&looking.seen);
    vec_each (documents, it) {
        look_at(&looking, it, problems);
    }
    map_fini(&looking.seen);
}
