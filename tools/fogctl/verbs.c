/* The table of verbs, and the one that is a line. */
#include "tools/fogctl/fogctl.h"

#include <stdio.h>

static int version(struct fogctl *fogctl, struct texts *words);

static const struct verb verb_version = {
    "version", "which versions these are", "version", "  fogctl version\n", NULL, version,
};

static int version(struct fogctl *fogctl, struct texts *words)
{
    struct node *answer;

    if (words->count > 0) {
        return usage_error(&verb_version, "unexpected \"%s\"", words->items[0]);
    }
    printf("fogctl      %s\n", FOG_VERSION);
    answer = http_get(fogctl, "/version");
    if (answer == NULL) {
        return EXIT_FAILED;
    }
    printf("controller  %s", text_shown(fogctl, text_of(answer, "fogVersion")));
    printf(" (store %s)\n", text_shown(fogctl, text_of(answer, "storeId")));
    return EXIT_DONE;
}

/* A line each, so that changes that add one do not collide. */
/* clang-format off */
extern const struct verb
    verb_diff,
    verb_apply,
    verb_edit,
    verb_create,
    verb_replace,
    verb_patch,
    verb_get,
    verb_top,
    verb_why,
    verb_describe,
    verb_wait,
    verb_explain,
    verb_results,
    verb_logs,
    verb_events,
    verb_history,
    verb_rollback,
    verb_delete,
    verb_cordon,
    verb_drain,
    verb_uncordon,
    verb_scale,
    verb_rollout,
    verb_label,
    verb_annotate,
    verb_release,
    verb_reconcile,
    verb_state,
    verb_backup,
    verb_blob,
    verb_api_resources,
    verb_auth,
    verb_config,
    verb_kubeconfig,
    verb_completion;

/* In the order in which a newcomer needs them. */
const struct verb *const verbs[] = {
    &verb_diff,
    &verb_apply,
    &verb_edit,
    &verb_create,
    &verb_replace,
    &verb_patch,
    &verb_get,
    &verb_top,
    &verb_why,
    &verb_describe,
    &verb_wait,
    &verb_explain,
    &verb_results,
    &verb_logs,
    &verb_events,
    &verb_history,
    &verb_rollback,
    &verb_delete,
    &verb_cordon,
    &verb_drain,
    &verb_uncordon,
    &verb_scale,
    &verb_rollout,
    &verb_label,
    &verb_annotate,
    &verb_release,
    &verb_reconcile,
    &verb_state,
    &verb_backup,
    &verb_blob,
    &verb_api_resources,
    &verb_auth,
    &verb_config,
    &verb_kubeconfig,
    &verb_completion,
    &verb_version,
    NULL,
};
/* clang-format on */

bool verb_is_local(const struct verb *verb)
{
    return verb == &verb_config || verb == &verb_completion;
}
