/* delete: by name, by file or by label, all or nothing, and by default until it is gone. */
#include "schema/json.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <time.h>

static struct texts opt_files;
static const char *opt_labels, *opt_dry_run;
static bool opt_all, opt_no_wait, opt_ignore;
static int64_t opt_timeout_ms = 60000;

static const struct option_row rows[] = {
    {"filename", 'f', OPTION_LIST, &opt_files, "FILE", "what these manifests name", NULL},
    {"selector", 'l', OPTION_TEXT, &opt_labels, "LABELS", "those of the kind with these labels",
     NULL},
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    {"ignore-not-found", 0, OPTION_FLAG, &opt_ignore, NULL, "what is not there counts as deleted",
     NULL},
    {"dry-run", 0, OPTION_TEXT, &opt_dry_run, "server",
     "show what would follow, and change nothing", "server"},
    {"no-wait", 0, OPTION_FLAG, &opt_no_wait, NULL, "do not wait until they are gone", NULL},
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
    "  fogctl delete hs --all --dry-run    # which agents would stop what\n",
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

static bool add_named(struct fogctl *fogctl, const struct kind *kind, const char *name,
                      struct all_doomed *doomed)
{
    struct reply reply;
    struct request request = {.method = "GET", .path = kind_path(fogctl, kind, name)};

    if (!http_call(fogctl, &request, &reply)) {
        return false;
    }
    if (reply.code == 404 && opt_ignore) {
        return true;
    }
    if (reply.code != 200) {
        (void)reply_failed(&reply);
        return false;
    }
    vec_add(doomed, ((struct doomed){kind, name,
                                     node_find_text(node_find(reply.root, "metadata"), "uid")}));
    return true;
}

static bool add_listed(struct fogctl *fogctl, const struct kind *kind, struct all_doomed *doomed)
{
    struct node *list = list_objects(fogctl, kind, opt_labels, NULL, NULL);

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct node *meta = node_find(list->list.items[i], "metadata");

        vec_add(doomed,
                ((struct doomed){kind, node_find_text(meta, "name"), node_find_text(meta, "uid")}));
    }
    return list != NULL;
}

static bool collect(struct fogctl *fogctl, struct texts *words, struct all_doomed *doomed)
{
    struct documents_read documents = {0};
    struct targets targets = {0};
    bool fine = true;

    if (opt_files.count > 0) {
        fine = manifests_read(fogctl, &opt_files, &documents);
        for (size_t i = documents.count; fine && i-- > 0;) { /* users before what they use */
            fine = add_named(fogctl, documents.items[i].kind, documents.items[i].name, doomed);
        }
    } else {
        fine = targets_read(fogctl, words, &targets);
        for (size_t i = 0; fine && i < targets.count; i++) {
            const struct target *target = &targets.items[i];

            if (target->name == NULL && opt_labels == NULL && !opt_all) {
                (void)fail("name it, or say --all or -l LABELS", "which %s?", target->kind->plural);
                fine = false;
            } else {
                fine = target->name == NULL ? add_listed(fogctl, target->kind, doomed)
                                            : add_named(fogctl, target->kind, target->name, doomed);
            }
        }
    }
    vec_fini(&documents);
    vec_fini(&targets);
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

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const char *uid = node_find_text(node_find(list->list.items[i], "spec"), "sessionUid");

        if (str_eq(uid, doomed->uid)) {
            return true;
        }
    }
    return list == NULL; /* not known */
}

/* Gone is gone, or replaced by another of the same name; a session takes its work with it. */
static int wait_gone(struct fogctl *fogctl, const struct doomed *doomed, int64_t give_up_ms)
{
    const struct timespec pause = {0, 200 * 1000000L};

    for (;;) {
        struct request request = {.method = "GET",
                                  .path = kind_path(fogctl, doomed->kind, doomed->name),
                                  .idempotency_key = "read", /* may always be asked again */
                                  .retry_ms = give_up_ms - now_ms()};
        struct reply reply;
        bool is_gone;

        if (!http_call(fogctl, &request, &reply)) {
            return EXIT_FAILED;
        }
        is_gone = reply.code == 404 ||
                  !str_eq(node_find_text(node_find(reply.root, "metadata"), "uid"), doomed->uid);
        if (is_gone && (doomed->kind->id != KIND_HARVEST_SESSION || !has_work(fogctl, doomed))) {
            return EXIT_DONE;
        }
        if (now_ms() >= give_up_ms) {
            return fail("its finalizers, or the agent that has to end it, hold it: fogctl describe",
                        "timed out waiting for the condition on %s",
                        kind_title(fogctl, doomed->kind, doomed->name));
        }
        (void)nanosleep(&pause, NULL);
    }
}

static int carry_out(struct fogctl *fogctl, const struct all_doomed *doomed)
{
    bool dry_run = opt_dry_run != NULL && !str_eq(opt_dry_run, "none");
    struct request request = {
        .method = "POST",
        .path = dry_run ? "/apis/fog/v1/changesets?fieldManager=fogctl&dryRun=All"
                        : "/apis/fog/v1/changesets?fieldManager=fogctl",
        .body = compose(fogctl, doomed),
    };
    int64_t give_up_ms = now_ms() + opt_timeout_ms;
    struct reply reply;
    int code = EXIT_DONE;

    if (!dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = 30000;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    (void)results_print(fogctl, node_find_path(reply.root, "status.results"),
                        dry_run ? " (server dry run)" : "");
    if (dry_run) {
        plan_print(fogctl, node_find_path(reply.root, "status.plan"));
        return EXIT_DONE;
    }
    for (size_t i = 0; !opt_no_wait && i < doomed->count && code == EXIT_DONE; i++) {
        code = wait_gone(fogctl, &doomed->items[i], give_up_ms);
    }
    return code;
}

static int delete (struct fogctl *fogctl, struct texts *words)
{
    struct all_doomed doomed = {0};
    int code = EXIT_FAILED;

    if (words->count == 0 && opt_files.count == 0) {
        code = usage_error(&verb_delete, "what?");
    } else if (collect(fogctl, words, &doomed)) {
        if (doomed.count == 0) {
            fputs("No resources found\n", stderr);
            code = EXIT_DONE;
        } else {
            code = carry_out(fogctl, &doomed);
        }
    }
    vec_fini(&doomed);
    vec_fini(&opt_files);
    return code;
}
