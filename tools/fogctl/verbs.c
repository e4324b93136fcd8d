/* The table of verbs, and the one that is a line. */
#include "tools/fogctl/writing.h"

#include <stdio.h>

static int version(struct fogctl *fogctl, struct texts *words);

static struct writing opt_shown;

static bool opt_client;

static const struct option_row rows[] = {
    {"client", 0, OPTION_FLAG, &opt_client, NULL, "only that of this program; nobody is asked",
     NULL},
    TREE_ROW(opt_shown),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static const struct verb verb_version = {
    "version", "which versions these are", "version", "  fogctl version\n", options, version,
};

static int version_tree(struct fogctl *fogctl)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *answer = opt_client ? NULL : http_get(fogctl, "/version");

    node_set(arena, root, "fogctl", node_str(arena, FOG_VERSION));
    if (answer != NULL) {
        node_set(arena, root, "controller", node_str(arena, text_of(answer, "fogVersion")));
        node_set(arena, root, "store", node_str(arena, text_of(answer, "storeId")));
    }
    return writing_print_objects(fogctl, &opt_shown, &root, 1) == EXIT_DONE &&
                   (answer != NULL || opt_client)
               ? EXIT_DONE
               : EXIT_FAILED;
}

static int version(struct fogctl *fogctl, struct texts *words)
{
    struct node *answer;

    if (words->count > 0) {
        return usage_error(&verb_version, "unexpected \"%s\"", words->items[0]);
    }
    if (looking_check(fogctl, &verb_version, &opt_shown, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (!writing_is_lines(&opt_shown)) {
        return version_tree(fogctl);
    }
    printf("fogctl      %s\n", FOG_VERSION);
    if (opt_client) {
        return EXIT_DONE;
    }
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
