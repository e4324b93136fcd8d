/* delete: by name, by file or by label, all or nothing, and by default until it is gone. */
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/deleting.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>
#include <string.h>

static struct texts opt_files;
static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_all, opt_wait = true, opt_no_wait, opt_ignore;
static int64_t opt_timeout_ms = 60000;

static const struct option_row rows[] = {
    {"filename", 'f', OPTION_LIST, &opt_files, "FILE", "what these manifests name", NULL},
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    {"ignore-not-found", 0, OPTION_FLAG, &opt_ignore, NULL, "what is not there counts as deleted",
     NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
    {"wait", 0, OPTION_FLAG, &opt_wait, NULL,
     "until they are gone (the default); --wait=false does not", NULL},
    {"no-wait", 0, OPTION_FLAG, &opt_no_wait, NULL, "the same as --wait=false", NULL},
    {"timeout", 0, OPTION_DURATION, &opt_timeout_ms, "TIME", "how long to wait (default 1m)", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int delete (struct fogctl *fogctl, struct texts *words);

const struct verb verb_delete = {
    "delete",
    "delete objects; the work of a deleted session ends",
    "delete KIND/NAME… | KIND NAME… | KIND -l LABELS | KIND --all | -f FILE…",
    "  fogctl delete hs/render\n"
    "  fogctl delete -f fleet.yaml\n"
    "  fogctl delete hs --all --dry-run    # which agents would stop what\n"
    "  fogctl delete all --all             # sessions and what they run; agents stay\n",
    options,
    delete,
};

struct doomed {
    const struct kind *kind;
    const char *name, *uid;
};

struct all_doomed {
    VEC_OF(struct doomed);
};

static bool has(const struct all_doomed *doomed, const struct kind *kind, const char *name)
{
    vec_each (doomed, it) {
        if (it->kind == kind && str_eq(it->name, name)) {
            return true;
        }
    }
    return false;
}

/* An object named twice is deleted once. */
static bool add_named(struct fogctl *fogctl, const struct kind *kind, const char *name,
                      struct all_doomed *doomed)
{
    struct reply reply;
    struct request request = {.method = "GET", .path = kind_path(fogctl, kind, name)};

    if (has(doomed, kind, name)) {
        return true;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return false;
    }
    if (reply.code == 404 && opt_ignore) {
        return true;
    }
    if (reply.code != 200) {
        (void)reply_failed(&reply);
        if (reply.code == 404) {
            fputs("  nothing was deleted; with --ignore-not-found it counts as deleted\n", stderr);
        }
        return false;
    }
    vec_add(doomed, ((struct doomed){kind, name,
                                     node_find_text(node_find(reply.root, "metadata"), "uid")}));
    return true;
}

static bool add_listed(struct fogctl *fogctl, const struct kind *kind, struct all_doomed *doomed)
{
    struct node *list = list_selected(fogctl, kind, &opt_selection, NULL);

    for (size_t i = 0; i < list_count(list); i++) {
        const struct node *meta = node_find(list->list.items[i], "metadata");

        if (!has(doomed, kind, node_find_text(meta, "name"))) {
            vec_add(doomed, ((struct doomed){kind, node_find_text(meta, "name"),
                                             node_find_text(meta, "uid")}));
        }
    }
    return list != NULL;
}

/* Those that use others go first: sessions before policies. */
static bool collect_documents(struct fogctl *fogctl, const struct documents_read *documents,
                              struct all_doomed *doomed)
{
    bool fine = true;

    for (size_t id = KIND_COUNT; fine && id-- > 0;) {
        for (size_t i = documents->count; fine && i-- > 0;) {
            const struct document *document = &documents->items[i];

            if (document->kind->id == id) {
                fine = add_named(fogctl, document->kind, document->name, doomed);
            }
        }
    }
    return fine;
}

static bool collect_manifests(struct fogctl *fogctl, struct all_doomed *doomed)
{
    struct documents_read documents = {0};
    bool fine = manifests_named(fogctl, &opt_files, &documents) &&
                collect_documents(fogctl, &documents, doomed);

    vec_fini(&documents);
    return fine;
}

static bool collect(struct fogctl *fogctl, const struct targets *targets, struct all_doomed *doomed)
{
    bool fine = opt_files.count == 0 || collect_manifests(fogctl, doomed);

    for (size_t i = 0; fine && i < targets->count; i++) {
        const struct target *target = &targets->items[i];

        fine = target->name == NULL ? add_listed(fogctl, target->kind, doomed)
                                    : add_named(fogctl, target->kind, target->name, doomed);
    }
    if (fine && doomed->count > CHANGES_MAX) {
        (void)fail("delete them in parts, with -l", "%zu objects; at most %d are deleted at once",
                   doomed->count, CHANGES_MAX);
        fine = false;
    }
    return fine;
}

static const char *compose(struct fogctl *fogctl, const struct all_doomed *doomed)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena), *changes = node_list(arena);
    struct str text = STR_EMPTY;
    const char *body;

    vec_each (doomed, it) {
        struct node *change = node_map(arena);

        node_set(arena, change, "verb", node_str(arena, "delete"));
        node_set(arena, change, "apiVersion", node_str(arena, it->kind->api_version));
        node_set(arena, change, "kind", node_str(arena, it->kind->name));
        node_set(arena, change, "name", node_str(arena, it->name));
        node_set(arena, change, "uid", node_str(arena, it->uid));
        node_add(arena, changes, change);
    }
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    node_set(arena, spec, "changes", changes);
    node_set(arena, root, "spec", spec);
    json_emit(root, JSON_PLAIN, &text);
    body = arena_strndup(arena, text.data, text.length);
    str_fini(&text);
    return body;
}

/* Whether work of a session that is gone still has to end on its agents. */
static bool has_work(struct fogctl *fogctl, const struct doomed *doomed)
{
    const struct node *list =
        list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL,
                     arena_printf(&fogctl->arena, "spec.session=%s", doomed->name), NULL);

    for (size_t i = 0; i < list_count(list); i++) {
        const char *uid = node_find_text(node_find(list->list.items[i], "spec"), "sessionUid");

        if (str_eq(uid, doomed->uid)) {
            return true;
        }
    }
    return list == NULL && !fogctl->is_unreachable; /* not known */
}

/* Gone is gone, or replaced by another of the same name; a session takes its work with it.  False
 * after having said that the controller cannot be reached. */
static bool look(struct fogctl *fogctl, const struct doomed *doomed, int64_t left_ms,
                 bool *ret_is_gone)
{
    struct request request = {.method = "GET",
                              .path = kind_path(fogctl, doomed->kind, doomed->name),
                              .retry_ms = left_ms > 0 ? left_ms : 1};
    struct reply reply;

    if (!http_call(fogctl, &request, &reply)) {
        return false;
    }
    *ret_is_gone = (reply.code == 404 ||
                    (reply.code == 200 &&
                     !str_eq(text_of(node_find(reply.root, "metadata"), "uid"), doomed->uid))) &&
                   (doomed->kind->id != KIND_HARVEST_SESSION || !has_work(fogctl, doomed));
    return !fogctl->is_unreachable;
}

enum { SILENT_MS = 1000 };

/* What takes longer is not left without a word. */
static void say_waiting(struct fogctl *fogctl, const struct doomed *doomed, int64_t *begun_ms)
{
    if (*begun_ms == 0 || boot_ms() - *begun_ms < SILENT_MS) {
        return;
    }
    *begun_ms = 0;
    text_put(stderr, kind_title(fogctl, doomed->kind, doomed->name));
    fputs(doomed->kind->id == KIND_HARVEST_SESSION ? ": its work is ending\n"
                                                   : ": its finalizers hold it\n",
          stderr);
}

static int wait_gone(struct fogctl *fogctl, const struct doomed *doomed, int64_t give_up_ms)
{
    int64_t begun_ms = boot_ms();

    for (;;) {
        struct arena saved;
        bool is_gone = false, is_answered;

        scratch_begin(fogctl, &saved);
        is_answered = look(fogctl, doomed, give_up_ms - boot_ms(), &is_gone);
        scratch_end(fogctl, &saved);
        if (is_gone || !is_answered) {
            return is_gone ? EXIT_DONE : EXIT_FAILED;
        }
        if (boot_ms() >= give_up_ms) {
            return fail(doomed->kind->id == KIND_HARVEST_SESSION
                            ? arena_printf(&fogctl->arena,
                                           "its work still ends: fogctl get asg -l fog/session=%s",
                                           doomed->name)
                            : "its deletion goes on; its finalizers hold it: fogctl describe",
                        "timed out waiting for the condition on %s",
                        kind_title(fogctl, doomed->kind, doomed->name));
        }
        say_waiting(fogctl, doomed, &begun_ms);
        pause_ms(200);
    }
}

static bool send(struct fogctl *fogctl, const struct all_doomed *doomed, struct reply *ret_reply)
{
    bool is_dry_run = writing_is_dry(&opt_writing);
    struct request request = {
        .method = "POST",
        .path = arena_printf(&fogctl->arena, "/apis/fog/v1/changesets%s",
                             writing_query(fogctl, &opt_writing, is_dry_run)),
        .body = compose(fogctl, doomed),
    };

    if (!is_dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = 30000;
    }
    if (!http_call(fogctl, &request, ret_reply)) {
        return false;
    }
    if (ret_reply->code != 200) {
        (void)reply_failed(ret_reply);
        return false;
    }
    return true;
}

static int wait_all(struct fogctl *fogctl, const struct all_doomed *doomed, int64_t give_up_ms)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < doomed->count && code == EXIT_DONE; i++) {
        code = wait_gone(fogctl, &doomed->items[i], give_up_ms);
    }
    return code;
}

static int carry_out(struct fogctl *fogctl, const struct all_doomed *doomed)
{
    bool is_dry_run = writing_is_dry(&opt_writing);
    int64_t give_up_ms = boot_ms() + opt_timeout_ms;
    struct reply reply;
    int code = EXIT_DONE;

    if (!send(fogctl, doomed, &reply)) {
        return EXIT_FAILED;
    }
    if (writing_is_lines(&opt_writing)) {
        results_print(fogctl, node_find_path(reply.root, "status.results"),
                      is_dry_run ? " (server dry run)" : "");
        plan_print(fogctl, is_dry_run ? node_find_path(reply.root, "status.plan") : NULL);
    } else {
        code = writing_print(fogctl, &opt_writing, node_find(reply.root, "status"));
    }
    (void)fflush(stdout);
    return is_dry_run || opt_no_wait || !opt_wait || code != EXIT_DONE
               ? code
               : wait_all(fogctl, doomed, give_up_ms);
}

int delete_documents(struct fogctl *fogctl, const struct documents_read *documents,
                     const char *manager, int64_t timeout_ms)
{
    int64_t give_up_ms = boot_ms() + timeout_ms;
    struct all_doomed doomed = {0};
    struct reply reply;
    bool fine;

    opt_ignore = true;
    opt_writing.manager = manager;
    fine = collect_documents(fogctl, documents, &doomed) &&
           (doomed.count == 0 || send(fogctl, &doomed, &reply));
    fine = fine && wait_all(fogctl, &doomed, give_up_ms) == EXIT_DONE;
    vec_fini(&doomed);
    return fine ? EXIT_DONE : EXIT_FAILED;
}

/* "all" is not machines, and what runs goes with its session. */
static void leave_agents(const struct texts *words, struct targets *targets)
{
    size_t kept = 0;

    if (words->count != 1 || targets->count < 2 || strchr(words->items[0], ',') != NULL) {
        return;
    }
    vec_each (targets, it) {
        if (it->kind->id != KIND_AGENT && it->kind->id != KIND_ASSIGNMENT) {
            targets->items[kept++] = *it;
        }
    }
    targets->count = kept;
}

/* The objects meant by words, or EXIT_USAGE after having said what is wrong. */
static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *targets)
{
    if (writing_check(fogctl, &verb_delete, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (words->count == 0 && opt_files.count == 0) {
        return usage_error(&verb_delete, "what? name it, or give -f FILE");
    }
    if (words->count > 0 && opt_files.count > 0) {
        return usage_error(&verb_delete, "either names or -f, not both");
    }
    if (words->count > 0 && !targets_read(fogctl, words, targets)) {
        return EXIT_USAGE;
    }
    leave_agents(words, targets);
    vec_each (targets, it) {
        bool is_many = opt_all || selection_is_given(&opt_selection);

        if (it->name == NULL && !is_many) {
            return usage_error(&verb_delete, "which %s? name them, or say --all or -l LABELS",
                               it->kind->plural);
        }
        if (it->name != NULL && is_many) {
            return usage_error(&verb_delete, "either names or --all or -l LABELS, not both");
        }
        if (opt_selection.where != NULL && it->kind->id != KIND_AGENT) {
            return usage_error(&verb_delete, "--where is for agents, not for %s", it->kind->plural);
        }
    }
    return selection_check(&verb_delete, &opt_selection);
}

static int delete (struct fogctl *fogctl, struct texts *words)
{
    struct all_doomed doomed = {0};
    struct targets targets = {0};
    int code = read_usage(fogctl, words, &targets);

    if (code == EXIT_DONE) {
        if (!collect(fogctl, &targets, &doomed)) {
            code = EXIT_FAILED;
        } else if (doomed.count == 0) {
            fputs("No resources found\n", stderr);
        } else {
            code = carry_out(fogctl, &doomed);
        }
    }
    vec_fini(&targets);
    vec_fini(&doomed);
    vec_fini(&opt_files);
    return code;
}
