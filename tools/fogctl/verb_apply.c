/* apply and diff: the same change set, decided or only looked at. */
#include "schema/json.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>

/* Of --detailed-exitcode: not to be told from a wrong usage, but that has words. */
enum { EXIT_CHANGED = 2 };

static struct texts opt_files;
static const char *opt_revision;
static struct writing opt_writing; /* diff has its name for owners, and never more */
static const char *opt_applyset;
static bool opt_prune;
static const char *opt_validate;
static enum validation validation; /* what it says */
static bool opt_force, opt_plan, opt_no_plan, opt_exit_code;
static int64_t opt_retry_ms = 30000;

#define APPLYSET_ROWS                                                                              \
    {"applyset",                                                                                   \
     0,                                                                                            \
     OPTION_TEXT,                                                                                  \
     &opt_applyset,                                                                                \
     "NAME",                                                                                       \
     "the set that the manifests are of, as their label fog/applyset says from then on",           \
     NULL},                                                                                        \
    {                                                                                              \
        "prune", 0, OPTION_FLAG, &opt_prune, NULL,                                                 \
            "delete what is of the set and is in the manifests no more; diff shows it", NULL       \
    }

static const struct option_row apply_rows[] = {
    {"filename", 'f', OPTION_LIST, &opt_files, "FILE",
     "a manifest, a folder of manifests, or - for standard input", NULL},
    {"dry-run", 0, OPTION_TEXT, &opt_writing.dry_run, "server|client",
     "only look: the controller decides and changes nothing, or only check the files", "server"},
    {"plan", 0, OPTION_FLAG, &opt_plan, NULL,
     "only look, as diff does: what would change, and what agents would then do", NULL},
    WRITING_ROWS(opt_writing),
    VALIDATE_ROW(opt_validate),
    {"check-revision", 0, OPTION_TEXT, &opt_revision, "N",
     "only if the fleet is still at the revision that the plan was made at", NULL},
    APPLYSET_ROWS,
    {"force-conflicts", 0, OPTION_FLAG, &opt_force, NULL, "take fields that other managers own",
     NULL},
    {"detailed-exitcode", 0, OPTION_FLAG, &opt_exit_code, NULL,
     "exit 2 when something was changed, 0 when nothing was", NULL},
    {"retry", 0, OPTION_DURATION, &opt_retry_ms, "TIME",
     "ask again while the controller does not answer (default 30s)", NULL},
};

static const struct option_row diff_rows[] = {
    {"filename", 'f', OPTION_LIST, &opt_files, "FILE",
     "a manifest, a folder of manifests, or - for standard input", NULL},
    {"field-manager", 0, OPTION_TEXT, &opt_writing.manager, "NAME",
     "who owns the fields (default fogctl)", NULL},
    APPLYSET_ROWS,
    VALIDATE_ROW(opt_validate),
    {"force-conflicts", 0, OPTION_FLAG, &opt_force, NULL,
     "as if taking fields that other managers own", NULL},
    {"output", 'o', OPTION_TEXT, &opt_writing.form, "FORM",
     "json or yaml: the whole answer, with the objects before and after, and the plan", NULL},
    {"no-plan", 0, OPTION_FLAG, &opt_no_plan, NULL, "only the objects, not what agents would do",
     NULL},
};

static const struct option_row *apply_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(apply_rows);
    return apply_rows;
}

static const struct option_row *diff_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(diff_rows);
    return diff_rows;
}

static const char *compose(struct fogctl *fogctl, const struct documents_read *documents)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena), *changes = node_list(arena);
    struct str text = STR_EMPTY;
    const char *body;

    vec_each (documents, it) {
        struct node *change = node_map(arena);

        node_set(arena, change, "verb", node_str(arena, "apply"));
        node_set(arena, change, "object", it->root);
        node_add(arena, changes, change);
    }
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    if (opt_revision != NULL) {
        node_set(arena, spec, "revision", node_str(arena, opt_revision));
    }
    if (opt_applyset != NULL) {
        node_set(arena, spec, "applySet", node_str(arena, opt_applyset));
        node_set(arena, spec, "prune", node_bool(arena, opt_prune));
    }
    node_set(arena, spec, "force", node_bool(arena, opt_force));
    node_set(arena, spec, "changes", changes);
    node_set(arena, root, "spec", spec);
    json_emit(root, JSON_PLAIN, &text);
    body = arena_strndup(arena, text.data, text.length);
    str_fini(&text);
    return body;
}

/* The answer's status, or NULL after having said what is wrong. */
static const struct node *send_set(struct fogctl *fogctl, const struct documents_read *documents,
                                   bool dry_run)
{
    const char *path =
        arena_printf(&fogctl->arena, "/apis/fog/v1/changesets%s%s",
                     writing_query(fogctl, &opt_writing, dry_run), validation_query(validation));
    struct request request = {.method = "POST", .path = path, .body = compose(fogctl, documents)};
    struct reply reply;

    if (!dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = opt_retry_ms;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return NULL;
    }
    if (reply.code != 200) {
        (void)manifests_failed(fogctl, documents, &reply);
        if (opt_revision != NULL && reply.code == 409) {
            fputs("  look at what would happen now, with fogctl diff\n", stderr);
        }
        return NULL;
    }
    manifests_warned(fogctl, documents, node_find_path(reply.root, "status.warnings"));
    return node_find(reply.root, "status");
}

static int apply(struct fogctl *fogctl, struct texts *words);
static int diff(struct fogctl *fogctl, struct texts *words);

const struct verb verb_apply = {
    "apply",
    "make the fleet's desired state that of the manifests, all or nothing",
    "apply -f FILE… [options]",
    "  fogctl apply -f fleet.yaml\n"
    "  fogctl apply -f fleet/ --plan                     # exit 0: nothing to do, 1: something\n"
    "  fogctl apply -f fleet.yaml --check-revision 130   # exactly the plan that was looked at\n"
    "  fogctl apply -f web/ --applyset web --prune       # and what web/ has no more goes\n",
    apply_options,
    apply,
};

const struct verb verb_diff = {
    "diff",
    "what apply would change, and what agents would then do (exit 0: nothing, 1: something)",
    "diff -f FILE… [options]",
    "  fogctl diff -f fleet.yaml\n"
    "  FOGCTL_EXTERNAL_DIFF=\"git diff --no-index\" fogctl diff -f fleet.yaml\n",
    diff_options,
    diff,
};

static bool is_usage_right(struct fogctl *fogctl, const struct verb *verb,
                           const struct texts *words)
{
    if (words->count > 0) {
        (void)usage_error(verb, "unexpected \"%s\"; files are given with -f", words->items[0]);
    } else if (opt_files.count == 0) {
        (void)usage_error(verb, "-f is needed: a file, a folder, or - for standard input");
    } else if (opt_prune && opt_applyset == NULL) {
        (void)usage_error(verb, "--prune needs --applyset NAME: what of is to go?");
    } else if (!validation_from_str(opt_validate, &validation)) {
        (void)usage_error(verb, "--validate is strict, warn or ignore, not \"%s\"", opt_validate);
    } else {
        return writing_check(fogctl, verb, &opt_writing, true) == EXIT_DONE;
    }
    return false;
}

/* For programs: all that was answered.  Returns how many objects differ, or -1. */
static int print_answer(struct fogctl *fogctl, const struct node *status)
{
    opt_writing.is_answer = true;
    return writing_print(fogctl, &opt_writing, status) == EXIT_DONE
               ? (int)results_changed(node_find(status, "results"))
               : -1;
}

static bool is_diff_form(const struct verb *verb)
{
    const char *form = opt_writing.form;

    if (form != NULL && !str_eq(form, "json") && !str_eq(form, "yaml") &&
        !str_eq(form, "changeset")) {
        (void)usage_error(verb, "-o is json or yaml, not \"%s\"", form);
        return false;
    }
    return true;
}

/* What diff is, and apply --plan. */
static int show_plan(struct fogctl *fogctl, const struct verb *verb, const struct texts *words)
{
    struct documents_read documents = {0};
    const struct node *status = NULL, *plan;
    int changed = -1;

    if (is_diff_form(verb) && is_usage_right(fogctl, verb, words) &&
        manifests_read(fogctl, &opt_files, validation, &documents)) {
        status = send_set(fogctl, &documents, true);
    }
    if (status != NULL && !writing_is_lines(&opt_writing)) {
        changed = print_answer(fogctl, status);
    } else if (status != NULL) {
        changed = results_diff(fogctl, node_find(status, "results"));
        plan = node_find(status, "plan");
        if (changed > 0 && plan != NULL && !opt_no_plan) {
            putchar('\n');
            plan_print(fogctl, plan);
            printf("To carry out exactly this plan: fogctl apply … --check-revision %s\n",
                   text_of(status, "revision"));
        }
    }
    vec_fini(&documents);
    vec_fini(&opt_files);
    return changed < 0 ? 2 : changed > 0 ? 1 : 0;
}

static int diff(struct fogctl *fogctl, struct texts *words)
{
    return show_plan(fogctl, &verb_diff, words);
}

static int apply(struct fogctl *fogctl, struct texts *words)
{
    struct documents_read documents = {0};
    const struct node *status = NULL;
    int code = EXIT_FAILED;
    bool is_server = writing_is_dry(&opt_writing);

    if (opt_plan) {
        return show_plan(fogctl, &verb_apply, words);
    }
    if (!is_usage_right(fogctl, &verb_apply, words)) {
        code = EXIT_USAGE;
    } else if (manifests_read(fogctl, &opt_files, validation, &documents)) {
        if (str_eq(opt_writing.dry_run, "client")) {
            code = writing_print_documents(fogctl, &opt_writing, &documents);
        } else {
            status = send_set(fogctl, &documents, is_server);
        }
    }
    if (status != NULL) {
        size_t changed = results_changed(node_find(status, "results"));

        if (writing_is_lines(&opt_writing)) {
            results_print(fogctl, node_find(status, "results"),
                          is_server ? " (server dry run)" : "");
            code = EXIT_DONE;
        } else {
            code = writing_print(fogctl, &opt_writing, status);
        }
        code = code == EXIT_DONE && opt_exit_code && changed > 0 ? EXIT_CHANGED : code;
    }
    vec_fini(&documents);
    vec_fini(&opt_files);
    return code;
}
