/* release: what operators own of objects goes back to the config directory and to the agents. */
#include "tools/fogctl/patches.h"

#include <stdio.h>

static struct texts opt_fields;
static struct selection opt_selection;
static const char *opt_dry_run;

static const struct option_row rows[] = {
    {"field", 0, OPTION_LIST, &opt_fields, "PATH",
     "only this field and what is below it, as `get conflicts` names it", NULL},
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    DRY_RUN_ROW(&opt_dry_run),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int release(struct fogctl *fogctl, struct texts *words);

const struct verb verb_release = {
    "release",
    "give fields, or a deleted object, back to the config directory and the agents",
    "release KIND/NAME… [--field PATH]",
    "  fogctl get conflicts\n"
    "  fogctl release hs/render --field .spec.replicas --dry-run\n"
    "  fogctl release hs/render              # all that operators own of it\n"
    "  fogctl release hp/night               # deleted by hand: the directory makes it again\n",
    options,
    release,
};

static void add(struct patches *changes, const struct target *target)
{
    struct arena *arena = &changes->fogctl->arena;
    struct node *change = node_map(arena), *fields = node_list(arena);

    node_set(arena, change, "verb", node_str(arena, "release"));
    node_set(arena, change, "apiVersion", node_str(arena, target->kind->api_version));
    node_set(arena, change, "kind", node_str(arena, target->kind->name));
    node_set(arena, change, "name", node_str(arena, target->name));
    vec_each (&opt_fields, it) {
        node_add(arena, fields, node_str(arena, *it));
    }
    if (opt_fields.count > 0) {
        node_set(arena, change, "fields", fields);
    }
    node_add(arena, changes->changes, change);
}

static int send(struct patches *changes, bool is_dry_run)
{
    static const struct patched_words said = {"released", "had nothing to release"};
    struct fogctl *fogctl = changes->fogctl;
    struct reply reply;

    if (!patches_send(changes, is_dry_run, &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    if (is_dry_run) {
        (void)results_diff(fogctl, node_find_path(reply.root, "status.results"));
        plan_print(fogctl, node_find_path(reply.root, "status.plan"));
    }
    patches_print(fogctl, &reply, &said, is_dry_run);
    return EXIT_DONE;
}

static int release(struct fogctl *fogctl, struct texts *words)
{
    struct targets named = {0};
    struct patches changes;
    int code;

    if (!is_dry_run_known(opt_dry_run, false)) {
        return usage_error(&verb_release, "--dry-run is server or none, not \"%s\"", opt_dry_run);
    }
    code = targets_named(fogctl, &verb_release, words, &opt_selection, &named);
    if (code == EXIT_DONE && named.count > 0) {
        patches_init(fogctl, &changes);
        vec_each (&named, it) {
            add(&changes, it);
        }
        code = send(&changes, str_eq(opt_dry_run, "server"));
    }
    vec_fini(&named);
    vec_fini(&opt_fields);
    return code;
}
