/* create and replace: whole objects that must not be there yet, or must be, as one change set.
 *
 * `create hs NAME -- COMMAND` makes a manifest from words, for those who try something out. */
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "tools/fogctl/deleting.h"
#include "tools/fogctl/patches.h"

#include <stdio.h>

static struct texts opt_files, opt_environment;
static const char *opt_policy, *opt_replicas;
static int64_t opt_timeout_ms = 60000;
static bool opt_force, opt_every;
static const char *opt_validate;
static enum validation validation; /* what it says */
static struct writing opt_writing;

#define FILENAME_ROW                                                                               \
    {                                                                                              \
        "filename", 'f', OPTION_LIST, &opt_files, "FILE",                                          \
            "a manifest, a folder of manifests, or - for standard input", NULL                     \
    }
#define CLIENT_ROW                                                                                 \
    {                                                                                              \
        "dry-run", 0, OPTION_TEXT, &opt_writing.dry_run, "server|client",                          \
            "only look: the controller decides and changes nothing, or it is not asked", "server"  \
    }

static const struct option_row create_rows[] = {
    FILENAME_ROW,
    {"replicas", 0, OPTION_TEXT, &opt_replicas, "N", "of a session: how many there shall be", NULL},
    {"every-agent", 0, OPTION_FLAG, &opt_every, NULL, "of a session: one on every agent", NULL},
    {"policy", 0, OPTION_TEXT, &opt_policy, "NAME", "of a session: the policy it obeys", NULL},
    {"env", 0, OPTION_LIST, &opt_environment, "NAME=VALUE",
     "of a session: a variable that it is started with", NULL},
    VALIDATE_ROW(opt_validate),
    CLIENT_ROW,
    WRITING_ROWS(opt_writing),
};

static const struct option_row replace_rows[] = {
    FILENAME_ROW,
    {"force", 0, OPTION_FLAG, &opt_force, NULL,
     "delete it first, wait until its work has ended, and create it anew", NULL},
    {"timeout", 0, OPTION_DURATION, &opt_timeout_ms, "TIME",
     "with --force: how long to wait for the end (default 1m)", NULL},
    VALIDATE_ROW(opt_validate),
    CLIENT_ROW,
    WRITING_ROWS(opt_writing),
};

static const struct option_row *create_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(create_rows);
    return create_rows;
}

static const struct option_row *replace_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(replace_rows);
    return replace_rows;
}

static int create(struct fogctl *fogctl, struct texts *words);
static int replace(struct fogctl *fogctl, struct texts *words);

const struct verb verb_create = {
    "create",
    "make objects that are not there yet, all or nothing",
    "create -f FILE… | hs NAME [--replicas N] [--policy NAME] -- COMMAND…",
    "  fogctl create -f fleet.yaml\n"
    "  fogctl create hs hello --replicas 2 -- /bin/sh -c 'echo hello; sleep 1000'\n"
    "  fogctl create hs hello --dry-run=client -o yaml -- /bin/true >hello.yaml\n",
    create_options,
    create,
};

const struct verb verb_replace = {
    "replace",
    "put whole objects in the place of those that are there, all or nothing",
    "replace -f FILE… [--force]",
    "  fogctl get hs/render -o yaml | sed 's/replicas: 2/replicas: 4/' | fogctl replace -f -\n"
    "  fogctl replace -f fleet.yaml --dry-run\n"
    "  fogctl replace -f render.yaml --force    # another object of that name, from the beginning\n",
    replace_options,
    replace,
};

/* --- a manifest from words -------------------------------------------------------------------- */

static bool add_environment(struct fogctl *fogctl, struct node *workload)
{
    struct arena *arena = &fogctl->arena;
    struct node *map = node_map(arena);

    vec_each (&opt_environment, it) {
        size_t length = strcspn(*it, "=");

        if ((*it)[length] == '\0' || length == 0) {
            (void)usage_error(&verb_create, "--env is NAME=VALUE, not \"%s\"", *it);
            return false;
        }
        node_set(arena, map, arena_strndup(arena, *it, length), node_str(arena, *it + length + 1));
    }
    if (opt_environment.count > 0) {
        node_set(arena, workload, "environment", map);
    }
    return true;
}

/* NULL after having said what is wrong. */
static struct node *session_of(struct fogctl *fogctl, const struct texts *words)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *meta = node_map(arena), *spec = node_map(arena);
    struct node *workload = node_map(arena), *command = node_list(arena);
    int64_t replicas;

    for (size_t i = 2; i < words->count; i++) {
        node_add(arena, command, node_str(arena, words->items[i]));
    }
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "HarvestSession"));
    node_set(arena, meta, "name", node_str(arena, words->items[1]));
    node_set(arena, root, "metadata", meta);
    if (opt_replicas != NULL) {
        if (!int_from_str(opt_replicas, &replicas)) {
            (void)fail(NULL, "--replicas: \"%s\" is not a number", opt_replicas);
            return NULL;
        }
        node_set(arena, spec, "replicas", node_int(arena, replicas));
    }
    if (opt_every) {
        node_set(arena, spec, "everyAgent", node_bool(arena, true));
    }
    if (opt_policy != NULL) {
        node_set(arena, spec, "policy", node_str(arena, opt_policy));
    }
    node_set(arena, workload, "command", command);
    node_set(arena, spec, "workload", workload);
    node_set(arena, root, "spec", spec);
    return add_environment(fogctl, workload) ? root : NULL;
}

/* What was typed may break the rules of the kind; it has no lines to point at. */
static bool is_valid(struct fogctl *fogctl, struct node *root)
{
    struct problems problems;
    struct object *object;

    problems_init(&problems, &fogctl->arena, NULL);
    object = bind_object(kind_get(KIND_HARVEST_SESSION), root, BIND_STRICT, &problems);
    if (object != NULL) {
        check_semantic(object, NULL, root, NULL, &problems);
        object_unref(object);
    }
    for (size_t i = 0; i < problems.count; i++) {
        if (problems.items[i].severity == PROBLEM_ERROR) {
            (void)fail(NULL, "%s: %s", problems.items[i].path, problems.items[i].message);
        }
    }
    return problems.errors == 0;
}

static int generate(struct fogctl *fogctl, const struct texts *words,
                    struct documents_read *ret_documents)
{
    const struct kind *kind = kind_find_word(words->items[0]);
    struct node *root;

    if (kind != kind_get(KIND_HARVEST_SESSION) && !str_eq(words->items[0], "session")) {
        return usage_error(&verb_create,
                           "from words only a session is made (hs); for \"%s\" give -f FILE",
                           words->items[0]);
    }
    if (words->count < 3) {
        return usage_error(&verb_create, words->count == 1 ? "hs needs a name and a command"
                                                           : "what does it run? -- COMMAND…");
    }
    root = session_of(fogctl, words);
    if (root == NULL) {
        return EXIT_USAGE;
    }
    vec_add(ret_documents, ((struct document){"command line", root, kind_get(KIND_HARVEST_SESSION),
                                              words->items[1]}));
    return is_valid(fogctl, root) ? EXIT_DONE : EXIT_FAILED;
}

/* --- doing it --------------------------------------------------------------------------------- */

static int send(struct fogctl *fogctl, const struct documents_read *documents, const char *verb,
                const struct patched_words *said)
{
    struct patches patches;
    struct reply reply;

    if (str_eq(opt_writing.dry_run, "client")) {
        return writing_print_documents(fogctl, &opt_writing, documents);
    }
    patches_init(fogctl, &opt_writing, &patches);
    patches.validation = validation_query(validation);
    vec_each (documents, it) {
        patches_add_object(&patches, verb, it->root);
    }
    if (!patches_send(&patches, writing_is_dry(&opt_writing), &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200 && opt_files.count == 0) {
        return reply_failed(&reply); /* no file, no place */
    }
    if (reply.code != 200) {
        return manifests_failed(fogctl, documents, &reply);
    }
    manifests_warned(fogctl, documents, node_find_path(reply.root, "status.warnings"));
    return patches_print(&patches, &reply, said);
}

static int check_options(struct fogctl *fogctl, const struct verb *verb)
{
    int code = writing_check(fogctl, verb, &opt_writing, true);

    return code == EXIT_DONE && !validation_from_str(opt_validate, &validation)
               ? usage_error(verb, "--validate is strict, warn or ignore, not \"%s\"", opt_validate)
               : code;
}

static bool is_from_words(void)
{
    return opt_replicas != NULL || opt_every || opt_policy != NULL || opt_environment.count > 0;
}

static int create(struct fogctl *fogctl, struct texts *words)
{
    static const struct patched_words said = {"created", "created"};
    struct documents_read documents = {0};
    int code = check_options(fogctl, &verb_create);

    if (code != EXIT_DONE) {
        return code;
    }
    if ((words->count == 0) == (opt_files.count == 0)) {
        code = usage_error(&verb_create, words->count == 0
                                             ? "what? -f FILE, or hs NAME -- COMMAND…"
                                             : "either -f or a session from words, not both");
    } else if (opt_files.count > 0 && is_from_words()) {
        code = usage_error(&verb_create, "with -f the files say all there is to say");
    } else if (words->count > 0) {
        code = generate(fogctl, words, &documents);
    } else {
        code = manifests_read(fogctl, &opt_files, validation, &documents) ? EXIT_DONE : EXIT_FAILED;
    }
    code = code == EXIT_DONE ? send(fogctl, &documents, "create", &said) : code;
    vec_fini(&documents);
    vec_fini(&opt_files);
    vec_fini(&opt_environment);
    return code;
}

/* Not all at once: in between there is nothing. */
static int replace_by_force(struct fogctl *fogctl, const struct documents_read *documents)
{
    static const struct patched_words said = {"replaced", "replaced"};
    int code = delete_documents(fogctl, documents, opt_writing.manager, opt_timeout_ms);

    return code == EXIT_DONE ? send(fogctl, documents, "create", &said) : code;
}

static int replace(struct fogctl *fogctl, struct texts *words)
{
    static const struct patched_words said = {"replaced", "unchanged"};
    struct documents_read documents = {0};
    int code = check_options(fogctl, &verb_replace);

    if (code != EXIT_DONE) {
        return code;
    }
    if (words->count > 0) {
        code = usage_error(&verb_replace, "unexpected \"%s\"; files are given with -f",
                           words->items[0]);
    } else if (opt_files.count == 0) {
        code =
            usage_error(&verb_replace, "-f is needed: a file, a folder, or - for standard input");
    } else if (opt_force && opt_writing.dry_run != NULL && !str_eq(opt_writing.dry_run, "none")) {
        code = usage_error(&verb_replace, "--force deletes and creates, which no dry run shows");
    } else if (!manifests_read(fogctl, &opt_files, validation, &documents)) {
        code = EXIT_FAILED;
    } else {
        code = opt_force ? replace_by_force(fogctl, &documents)
                         : send(fogctl, &documents, "replace", &said);
    }
    vec_fini(&documents);
    vec_fini(&opt_files);
    return code;
}
