/* scale: how many replicas a session has, and nothing else of it. */
#include "tools/fogctl/patches.h"

#include <inttypes.h>
#include <stdio.h>

static struct texts opt_files;
static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_all;
static int64_t opt_replicas = -1, opt_current = -1;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    {"replicas", 0, OPTION_INT, &opt_replicas, "N", "how many there shall be", NULL},
    {"current-replicas", 0, OPTION_INT, &opt_current, "N", "only if there are to be so many now",
     NULL},
    LABELS_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all sessions", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int scale(struct fogctl *fogctl, struct texts *words);

const struct verb verb_scale = {
    "scale",
    "change how many replicas sessions have",
    "scale hs/NAME… | hs NAME… | hs -l LABELS | hs --all | -f FILE… --replicas=N [--current-replicas=N]",
    "  fogctl scale hs/render --replicas=4\n"
    "  fogctl scale hs/render --replicas=4 --current-replicas=2\n"
    "  fogctl scale hs --all --replicas=0 --dry-run   # which agents would stop what\n",
    options,
    scale,
};

static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *given)
{
    int code;

    if (words->count + opt_files.count == 0) {
        return usage_error(&verb_scale, "which session?");
    }
    if (opt_replicas < 0) {
        return usage_error(&verb_scale, "--replicas=N is needed, 0 or more");
    }
    if (writing_check(fogctl, &verb_scale, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    code = targets_given(fogctl, &verb_scale, words, &opt_files, given);
    if (code != EXIT_DONE) {
        return code;
    }
    vec_each (given, it) {
        bool is_many = opt_all || opt_selection.labels != NULL;

        if (it->kind != kind_get(KIND_HARVEST_SESSION)) {
            return usage_error(&verb_scale, "only sessions have replicas, not %s",
                               it->kind->plural);
        }
        if ((it->name == NULL) != is_many) {
            return usage_error(&verb_scale, is_many ? "either names or --all or -l LABELS, not both"
                                                    : "which sessions? name them, or say --all or "
                                                      "-l LABELS");
        }
    }
    return selection_check(&verb_scale, &opt_selection);
}

/* With --current-replicas onto the version that was read.  False after having said why not. */
static bool add(struct patches *patches, const struct target *target)
{
    struct fogctl *fogctl = patches->fogctl;
    struct node *object, *spec = node_map(&fogctl->arena);
    const char *revision = NULL;

    if (opt_current >= 0) {
        int64_t has;

        object = http_get(fogctl, kind_path(fogctl, target->kind, target->name));
        if (object == NULL) {
            return false;
        }
        has = int_of(node_find(object, "spec"), "replicas");
        revision = text_of(node_find(object, "metadata"), "resourceVersion");
        if (has != opt_current) {
            (void)fail(NULL, "%s is to have %" PRId64 " replicas now, not %" PRId64,
                       kind_title(fogctl, target->kind, target->name), has, opt_current);
            return false;
        }
    }
    object = patches_add(patches, target->kind, target->name, revision);
    node_set(&fogctl->arena, spec, "replicas", node_int(&fogctl->arena, opt_replicas));
    node_set(&fogctl->arena, object, "spec", spec);
    return true;
}

static int scale(struct fogctl *fogctl, struct texts *words)
{
    /* That it has as many already is as good. */
    static const struct patched_words said = {"scaled", "scaled"};
    struct targets given = {0}, all = {0};
    struct patches patches;
    int code = read_usage(fogctl, words, &given);

    if (code == EXIT_DONE && !targets_expand(fogctl, &given, &opt_selection, &all)) {
        code = EXIT_FAILED;
    } else if (code == EXIT_DONE && all.count == 0) {
        fputs("No resources found\n", stderr);
    } else if (code == EXIT_DONE) {
        patches_init(fogctl, &opt_writing, &patches);
        vec_each (&all, it) {
            code = add(&patches, it) ? code : EXIT_FAILED;
        }
        code = code == EXIT_DONE ? patches_carry_out(&patches, &said) : code;
    }
    vec_fini(&given);
    vec_fini(&all);
    return code;
}
