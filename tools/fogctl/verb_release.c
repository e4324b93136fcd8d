/* release: what operators own of objects goes back to the config directory and to the agents. */
#include "tools/fogctl/patches.h"

#include <stdio.h>

static struct texts opt_fields;
static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_all;

static const struct option_row rows[] = {
    {"field", 0, OPTION_LIST, &opt_fields, "PATH",
     "only this field and what is below it, as `get conflicts` names it", NULL},
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
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
    "release KIND/NAME… | KIND NAME… | KIND -l LABELS | KIND --all [--field PATH]",
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

static int send(struct patches *changes)
{
    static const struct patched_words said = {"released", "had nothing to release"};
    struct fogctl *fogctl = changes->fogctl;
    struct reply reply;

    if (!patches_send(changes, writing_is_dry(changes->writing), &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    if (writing_is_dry(changes->writing) && writing_is_lines(changes->writing)) {
        (void)results_diff(fogctl, node_find_path(reply.root, "status.results"));
    }
    return patches_print(changes, &reply, &said);
}

/* A kind alone does not mean all of it: what is given back is not taken again in one go. */
static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *given)
{
    if (writing_check(fogctl, &verb_release, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (words->count == 0) {
        return usage_error(&verb_release, "which object?");
    }
    if (!targets_read(fogctl, words, given)) {
        return EXIT_USAGE;
    }
    vec_each (given, it) {
        bool is_many = opt_all || selection_is_given(&opt_selection);

        if ((it->name == NULL) != is_many) {
            return is_many
                       ? usage_error(&verb_release, "either names or --all or -l LABELS, not both")
                       : usage_error(&verb_release,
                                     "which %s? name them, or say --all or -l LABELS",
                                     it->kind->plural);
        }
    }
    return selection_check(&verb_release, &opt_selection);
}

static int release(struct fogctl *fogctl, struct texts *words)
{
    struct targets given = {0}, named = {0};
    struct patches changes;
    int code = read_usage(fogctl, words, &given);

    if (code == EXIT_DONE && !targets_expand(fogctl, &given, &opt_selection, &named)) {
        code = EXIT_FAILED;
    } else if (code == EXIT_DONE && named.count == 0) {
        fputs("No resources found\n", stderr);
    }
    if (code == EXIT_DONE && named.count > 0) {
        patches_init(fogctl, &opt_writing, &changes);
        vec_each (&named, it) {
            add(&changes, it);
        }
        code = send(&changes);
    }
    vec_fini(&given);
    vec_fini(&named);
    vec_fini(&opt_fields);
    return code;
}
