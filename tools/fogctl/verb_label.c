/* label and annotate: a few keys of the metadata of several objects, set or taken away.
 *
 * Without --overwrite a key that is there with another value is left alone and is an error; so that
 * nobody's value is lost in between, the set is then written onto the versions that were read, and
 * read again when those have passed. */
#include "tools/fogctl/patches.h"

#include <stdio.h>
#include <string.h>

enum { TRIES_MAX = 5 };

static struct texts opt_files;
static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_all, opt_overwrite, opt_list;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    {"overwrite", 0, OPTION_FLAG, &opt_overwrite, NULL, "also keys that have another value", NULL},
    {"list", 0, OPTION_FLAG, &opt_list, NULL, "show them, after what was changed", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int label(struct fogctl *fogctl, struct texts *words);
static int annotate(struct fogctl *fogctl, struct texts *words);

const struct verb verb_label = {
    "label",
    "set or take away labels",
    "label KIND/NAME… | KIND NAME… | KIND -l LABELS | KIND --all | -f FILE… KEY=VALUE… KEY-…",
    "  fogctl label agent/edge-1 site=north\n"
    "  fogctl label agents edge-1 edge-2 site=south --overwrite\n"
    "  fogctl label agents --all site-          # takes it away\n",
    options,
    label,
};

const struct verb verb_annotate = {
    "annotate",
    "set or take away annotations",
    "annotate KIND/NAME… | KIND NAME… | KIND -l LABELS | KIND --all | -f FILE… KEY=VALUE… KEY-…",
    "  fogctl annotate hs/render ticket=4711\n"
    "  fogctl annotate hs/render ticket-\n",
    options,
    annotate,
};

/* What is to become of one verb's map. */
struct editing {
    struct fogctl *fogctl;
    const struct verb *verb;
    const char *key;            /* of the metadata: "labels" */
    const char *one;            /* of its members: "label" */
    struct patched_words words; /* "labeled", "not labeled" */
    struct node *changes;       /* key → text or null */
    const struct targets *targets;
};

/* --- what was typed --------------------------------------------------------------------------- */

static bool is_change(const char *word)
{
    return strchr(word, '=') != NULL || str_ends(word, "-");
}

static bool add_change(struct editing *editing, const char *word)
{
    struct arena *arena = &editing->fogctl->arena;
    size_t length = strcspn(word, "=");
    bool is_removal = word[length] == '\0';
    const char *key = arena_strndup(arena, word, is_removal ? length - 1 : length);

    if (key[0] == '\0' || node_find(editing->changes, key) != NULL) {
        (void)usage_error(editing->verb,
                          key[0] == '\0' ? "\"%s\" has no key" : "\"%s\" changes a key twice",
                          word);
        return false;
    }
    node_set(arena, editing->changes, key,
             is_removal ? node_null(arena) : node_str(arena, word + length + 1));
    return true;
}

/* The objects first, then the changes. */
static int read_words(struct editing *editing, const struct texts *words, struct targets *given)
{
    struct texts objects = {0};
    int code = EXIT_DONE;

    vec_each (words, it) {
        if (is_change(*it)) {
            code = add_change(editing, *it) ? code : EXIT_USAGE;
        } else if (editing->changes->map.count > 0) {
            code = usage_error(editing->verb, "\"%s\": objects stand before changes", *it);
        } else {
            vec_add(&objects, *it);
        }
        if (code != EXIT_DONE) {
            break;
        }
    }
    if (code == EXIT_DONE && objects.count + opt_files.count == 0) {
        code = usage_error(editing->verb, "which object?");
    } else if (code == EXIT_DONE && editing->changes->map.count == 0 && !opt_list) {
        code = usage_error(editing->verb, "what? KEY=VALUE sets, KEY- takes away");
    } else if (code == EXIT_DONE) {
        code = targets_given(editing->fogctl, editing->verb, &objects, &opt_files, given);
    }
    vec_fini(&objects);
    return code;
}

static int check_targets(const struct editing *editing, const struct targets *given)
{
    bool is_many = opt_all || selection_is_given(&opt_selection);

    if (writing_check(editing->fogctl, editing->verb, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (opt_list && !writing_is_lines(&opt_writing)) {
        return usage_error(editing->verb, "--list is text; without it -o shows the objects");
    }
    vec_each (given, it) {
        if (it->name == NULL && !is_many) {
            return usage_error(editing->verb, "which %s? name them, or say --all or -l LABELS",
                               it->kind->plural);
        }
        if (it->name != NULL && is_many) {
            return usage_error(editing->verb, "either names or --all or -l LABELS, not both");
        }
    }
    return selection_check(editing->verb, &opt_selection);
}

/* --- what is there ---------------------------------------------------------------------------- */

/* False after having said which keys have another value. */
static bool may_change(const struct editing *editing, const struct target *target,
                       const struct node *object)
{
    const struct node *map = node_find(node_find(object, "metadata"), editing->key);
    bool may = true;

    for (size_t i = 0; i < editing->changes->map.count; i++) {
        const struct node_member *it = &editing->changes->map.members[i];
        const char *has = node_find_text(map, it->key), *wanted = node_text(it->value);

        if (wanted == NULL && has == NULL) {
            fprintf(stderr, "%s \"%s\" not found.\n", editing->one, it->key);
        } else if (wanted != NULL && has != NULL && !str_eq(has, wanted) && !opt_overwrite) {
            (void)fail(NULL, "%s: %s already has a value (%s), and --overwrite is not given",
                       kind_title(editing->fogctl, target->kind, target->name), it->key, has);
            may = false;
        }
    }
    return may;
}

/* What is taken away where it is not there is left out: a map that is not there stays so. */
static bool add_patch(struct editing *editing, struct patches *patches, const struct target *target)
{
    struct arena *arena = &editing->fogctl->arena;
    const struct node *object =
        http_get(editing->fogctl, kind_path(editing->fogctl, target->kind, target->name));
    const struct node *meta = node_find(object, "metadata"), *has = node_find(meta, editing->key);
    struct node *changes = node_map(arena), *patch;

    if (object == NULL || !may_change(editing, target, object)) {
        return false;
    }
    patch = patches_add(patches, target->kind, target->name,
                        opt_overwrite ? NULL : node_find_text(meta, "resourceVersion"));
    for (size_t i = 0; i < editing->changes->map.count; i++) {
        const struct node_member *it = &editing->changes->map.members[i];

        if (it->value->type == NODE_STR || node_find(has, it->key) != NULL) {
            node_set(arena, changes, it->key, it->value);
        }
    }
    if (changes->map.count > 0) {
        node_set(arena, node_find(patch, "metadata"), editing->key, changes);
    }
    return true;
}

static void print_list(const struct editing *editing)
{
    vec_each (editing->targets, it) {
        const struct node *object =
            http_get(editing->fogctl, kind_path(editing->fogctl, it->kind, it->name));
        const struct node *map = node_find(node_find(object, "metadata"), editing->key);

        if (editing->targets->count > 1) {
            printf("%s:\n", kind_title(editing->fogctl, it->kind, it->name));
        }
        for (size_t i = 0; map != NULL && i < map->map.count; i++) {
            text_put(stdout, map->map.members[i].key);
            putchar('=');
            text_put(stdout, node_text(map->map.members[i].value));
            putchar('\n');
        }
    }
}

/* --- doing it --------------------------------------------------------------------------------- */

/* Once more from what is there now, if somebody else was faster. */
static int carry_out(struct editing *editing)
{
    struct reply reply = {0};
    struct patches patches;

    for (int tries = 0; tries < TRIES_MAX && reply.code != 200; tries++) {
        bool may = true;

        patches_init(editing->fogctl, &opt_writing, &patches);
        vec_each (editing->targets, it) {
            may = add_patch(editing, &patches, it) && may;
        }
        if (!may || !patches_send(&patches, writing_is_dry(&opt_writing), &reply)) {
            return EXIT_FAILED;
        }
        if (reply.code != 200 && reply.code != 409) {
            break;
        }
    }
    return reply.code != 200 ? reply_failed(&reply)
                             : patches_print(&patches, &reply, &editing->words);
}

static int edit_all(struct editing *editing, const struct texts *words)
{
    struct targets given = {0}, all = {0};
    int code;

    editing->changes = node_map(&editing->fogctl->arena);
    code = read_words(editing, words, &given);
    code = code == EXIT_DONE ? check_targets(editing, &given) : code;
    if (code == EXIT_DONE && !targets_expand(editing->fogctl, &given, &opt_selection, &all)) {
        code = EXIT_FAILED;
    } else if (code == EXIT_DONE && all.count == 0) {
        fputs("No resources found\n", stderr);
    } else if (code == EXIT_DONE) {
        editing->targets = &all;
        code = editing->changes->map.count > 0 ? carry_out(editing) : EXIT_DONE;
        if (code == EXIT_DONE && opt_list) {
            print_list(editing);
        }
    }
    vec_fini(&given);
    vec_fini(&all);
    vec_fini(&opt_files);
    return code;
}

static int label(struct fogctl *fogctl, struct texts *words)
{
    struct editing editing = {.fogctl = fogctl,
                              .verb = &verb_label,
                              .key = "labels",
                              .one = "label",
                              .words = {"labeled", "not labeled"}};

    return edit_all(&editing, words);
}

static int annotate(struct fogctl *fogctl, struct texts *words)
{
    struct editing editing = {.fogctl = fogctl,
                              .verb = &verb_annotate,
                              .key = "annotations",
                              .one = "annotation",
                              .words = {"annotated", "not annotated"}};

    return edit_all(&editing, words);
}
