/* patch: some fields of one object, as a merge patch (RFC 7386) or as operations (RFC 6902). */
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/yaml.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>

enum { PATCH_RETRY_MS = 30000 };

static const char *opt_type = "merge", *opt_patch, *opt_file, *opt_subresource;
static struct texts opt_files;
static struct writing opt_writing;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    {"patch", 'p', OPTION_TEXT, &opt_patch, "PATCH", "the patch, as JSON or YAML", NULL},
    {"patch-file", 0, OPTION_TEXT, &opt_file, "FILE", "a file that has it; - for standard input",
     NULL},
    {"type", 0, OPTION_TEXT, &opt_type, "merge|json",
     "fields as they shall be, null to remove (the default), or a list of operations", NULL},
    {"subresource", 0, OPTION_TEXT, &opt_subresource, "status",
     "of its status instead of all the rest", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int patch(struct fogctl *fogctl, struct texts *words);

const struct verb verb_patch = {
    "patch",
    "change some fields of one object",
    "patch KIND/NAME -p PATCH | KIND NAME -p PATCH | KIND/NAME --patch-file FILE | -f FILE -p PATCH",
    "  fogctl patch hs/render -p '{spec: {replicas: 4}}'\n"
    "  fogctl patch hs/render -p '{\"metadata\": {\"labels\": {\"old\": null}}}' -o yaml\n"
    "  fogctl patch hp/quiet --patch-file winter.yaml --dry-run -o yaml\n"
    "  fogctl patch hs/render --type=json \\\n"
    "         -p '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 4}]'\n",
    options,
    patch,
};

/* --- the patch -------------------------------------------------------------------------------- */

static int refuse_type(void)
{
    if (str_eq(opt_type, "strategic")) {
        return usage_error(&verb_patch,
                           "strategic merge patches are for the kinds of Kubernetes; say "
                           "--type=merge, where a list is given as a whole, or use apply");
    }
    if (str_eq(opt_type, "apply")) {
        return usage_error(&verb_patch, "that is fogctl apply -f FILE");
    }
    return usage_error(&verb_patch, "--type is merge or json, not \"%s\"", opt_type);
}

static int read_usage(struct fogctl *fogctl)
{
    if (!str_eq(opt_type, "merge") && !str_eq(opt_type, "json")) {
        return refuse_type();
    }
    if ((opt_patch == NULL) == (opt_file == NULL)) {
        return usage_error(&verb_patch, "one of -p and --patch-file is needed");
    }
    if (opt_subresource != NULL && !str_eq(opt_subresource, "status")) {
        return usage_error(&verb_patch, "--subresource is status, not \"%s\"", opt_subresource);
    }
    if (writing_check(fogctl, &verb_patch, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return opt_writing.is_answer
               ? usage_error(&verb_patch, "-o changeset: a patch of one object is no change set")
               : EXIT_DONE;
}

static const char *read_text(struct fogctl *fogctl, size_t *ret_size)
{
    struct err err = ERR_NONE;
    const char *text;

    if (opt_patch != NULL) {
        *ret_size = strlen(opt_patch);
        return opt_patch;
    }
    text = file_read(&fogctl->arena, opt_file, OBJECT_BYTES_MAX, ret_size, &err);
    if (text == NULL) {
        (void)fail(NULL, "%s", err.text);
    }
    return text;
}

/* JSON is YAML, but for tabs and very long keys.  NULL after having said what is wrong. */
static const struct node *parse(struct fogctl *fogctl, const char *text, size_t size)
{
    enum node_type wanted = str_eq(opt_type, "json") ? NODE_LIST : NODE_MAP;
    struct documents found = {0};
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, &fogctl->arena, opt_file == NULL ? "-p" : opt_file);
    if (json_parse(&fogctl->arena, text, size, JSON_PLAIN, &problems, &root) < 0) {
        problems_init(&problems, &fogctl->arena, opt_file == NULL ? "-p" : opt_file);
        (void)yaml_parse(&fogctl->arena, text, size, &problems, &found);
        root = found.count == 1 ? found.items[0] : NULL;
    }
    if (problems.errors > 0) {
        _cleanup_(str_fini)
        struct str lines = STR_EMPTY;

        problems_print(&problems, &lines);
        text_put_lines(stderr, lines.data);
        return NULL;
    }
    if (root == NULL || root->type != wanted) {
        (void)fail(wanted == NODE_MAP ? "as in -p '{spec: {replicas: 4}}'"
                                      : "as in -p '[{\"op\": \"remove\", \"path\": \"/spec/…\"}]'",
                   "the patch is no %s",
                   wanted == NODE_MAP ? "map of fields" : "list of operations");
        return NULL;
    }
    return root;
}

/* NULL after having said what is wrong. */
static const char *read_patch(struct fogctl *fogctl)
{
    size_t size = 0;
    const char *text = read_text(fogctl, &size);
    const struct node *root = text == NULL ? NULL : parse(fogctl, text, size);
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;

    if (root == NULL) {
        return NULL;
    }
    json_emit(root, JSON_PLAIN, &body);
    return arena_strdup(&fogctl->arena, body.data);
}

/* --- doing it --------------------------------------------------------------------------------- */

static const char *shown(struct fogctl *fogctl, const struct node *object)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    json_emit(without_noise(fogctl, object, true), JSON_PLAIN, &text);
    return arena_strdup(&fogctl->arena, text.data);
}

static int send(struct fogctl *fogctl, const struct target *target, const char *body)
{
    const char *path = kind_path(fogctl, target->kind, target->name);
    const struct node *before = http_get(fogctl, path);
    bool is_dry_run = writing_is_dry(&opt_writing), is_changed;
    struct request request = {
        .method = "PATCH",
        .path = arena_printf(&fogctl->arena, "%s%s%s&fieldValidation=Strict", path,
                             opt_subresource == NULL ? "" : "/status",
                             writing_query(fogctl, &opt_writing, is_dry_run)),
        .body = body,
        .content_type = str_eq(opt_type, "json") ? "application/json-patch+json"
                                                 : "application/merge-patch+json",
    };
    struct reply reply;

    if (before == NULL) {
        return EXIT_FAILED;
    }
    if (!is_dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = PATCH_RETRY_MS;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    reply_warned(&reply);
    if (!writing_is_lines(&opt_writing)) {
        return writing_print_objects(fogctl, &opt_writing, &reply.root, 1);
    }
    is_changed = !str_eq(shown(fogctl, before), shown(fogctl, reply.root));
    text_put(stdout, kind_title(fogctl, target->kind, target->name));
    printf(" %spatched%s%s%s\n", paint(fogctl, is_changed ? "green" : "off"), paint(fogctl, "off"),
           is_changed ? "" : " (no change)", is_dry_run ? " (server dry run)" : "");
    return EXIT_DONE;
}

static int patch(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    const char *body;
    int code = read_usage(fogctl);

    if (code != EXIT_DONE) {
        return code;
    }
    if (words->count == 0 && opt_files.count == 0) {
        return usage_error(&verb_patch, "which object?");
    }
    code = targets_given(fogctl, &verb_patch, words, &opt_files, &targets);
    if (code != EXIT_DONE) {
        /* it was said */
    } else if (targets.count != 1 || targets.items[0].name == NULL) {
        code = usage_error(&verb_patch, "one object at a time, as in hs/render");
    } else {
        body = read_patch(fogctl);
        code = body == NULL ? EXIT_FAILED : send(fogctl, &targets.items[0], body);
    }
    vec_fini(&targets);
    vec_fini(&opt_files);
    return code;
}
