/* events, history and rollback: the past. */
#include "schema/json.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>
#include <unistd.h>

static const char *opt_for, *opt_revision, *opt_dry_run;
static int64_t opt_limit = 50;
static bool opt_prune, opt_yes;

static const struct option_row event_rows[] = {
    {"for", 0, OPTION_TEXT, &opt_for, "KIND/NAME", "only those about this object", NULL},
};

static const struct option_row history_rows[] = {
    {"limit", 0, OPTION_INT, &opt_limit, "N", "at most so many changes, the newest (default 50)",
     NULL},
};

static const struct option_row rollback_rows[] = {
    {"to-revision", 0, OPTION_TEXT, &opt_revision, "N",
     "the revision to go back to, as history shows it", NULL},
    {"prune", 0, OPTION_FLAG, &opt_prune, NULL, "also delete what is newer", NULL},
    {"dry-run", 0, OPTION_TEXT, &opt_dry_run, "server", "only show what would follow", "server"},
    {"yes", 'y', OPTION_FLAG, &opt_yes, NULL, "do not ask", NULL},
};

static const struct option_row *event_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(event_rows);
    return event_rows;
}

static const struct option_row *history_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(history_rows);
    return history_rows;
}

static const struct option_row *rollback_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rollback_rows);
    return rollback_rows;
}

static int events(struct fogctl *fogctl, struct texts *words);
static int history(struct fogctl *fogctl, struct texts *words);
static int rollback(struct fogctl *fogctl, struct texts *words);

const struct verb verb_events = {
    "events",
    "what happened lately, in words",
    "events [--for KIND/NAME]",
    "  fogctl events\n  fogctl events --for hs/render\n",
    event_options,
    events,
};

const struct verb verb_history = {
    "history",
    "who changed what, when and why; of one object or of the fleet",
    "history [KIND/NAME] [--limit N]",
    "  fogctl history\n  fogctl history hs/render\n",
    history_options,
    history,
};

const struct verb verb_rollback = {
    "rollback",
    "go back to how things were at a revision: one object, or all that is declared",
    "rollback [KIND/NAME] --to-revision N [options]",
    "  fogctl rollback --to-revision 120 --dry-run\n"
    "  fogctl rollback hs/render --to-revision 120\n",
    rollback_options,
    rollback,
};

/* The one object that is meant; kind NULL: none was named. */
static bool read_one(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                     struct target *ret_target)
{
    struct targets targets = {0};
    bool fine = true;

    *ret_target = (struct target){0};
    if (words->count > 0) {
        fine = targets_read(fogctl, words, &targets);
        if (fine && (targets.count != 1 || targets.items[0].name == NULL)) {
            (void)usage_error(verb, "one object, as KIND/NAME");
            fine = false;
        } else if (fine) {
            *ret_target = targets.items[0];
        }
    }
    vec_fini(&targets);
    return fine;
}

/* --- events ----------------------------------------------------------------------------------- */

static int by_last_seen(const void *a, const void *b)
{
    const char *left = node_find_text(*(struct node *const *)a, "lastTimestamp");
    const char *right = node_find_text(*(struct node *const *)b, "lastTimestamp");

    return strcmp(left == NULL ? "" : left, right == NULL ? "" : right);
}

static int events(struct fogctl *fogctl, struct texts *words)
{
    const struct kind *kind = kind_get(KIND_EVENT);
    struct texts about = {0};
    struct target target = {0};
    const char *selector = NULL;
    struct node *list;
    struct table table;
    bool fine = true;

    if (words->count > 0) {
        return usage_error(&verb_events, "unexpected \"%s\"", words->items[0]);
    }
    if (opt_for != NULL) {
        vec_add(&about, opt_for);
        fine = read_one(fogctl, &verb_events, &about, &target);
        vec_fini(&about);
        selector =
            !fine ? NULL
                  : arena_printf(&fogctl->arena, "involvedObject.kind=%s,involvedObject.name=%s",
                                 target.kind->name, target.name);
    }
    list = fine ? list_objects(fogctl, kind, NULL, selector, NULL) : NULL;
    if (list == NULL) {
        return EXIT_FAILED;
    }
    if (list->list.count == 0) {
        fputs("No events found\n", stderr);
        return EXIT_DONE;
    }
    qsort(list->list.items, list->list.count, sizeof(list->list.items[0]), by_last_seen);
    table_init(&table, kind_columns(kind, false));
    table_head(fogctl, &table, kind, false);
    for (size_t i = 0; i < list->list.count; i++) {
        table_row(fogctl, &table, kind, false, list->list.items[i], "");
    }
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}

/* --- history ---------------------------------------------------------------------------------- */

static const char *scalar(struct fogctl *fogctl, const struct node *node)
{
    struct str text = STR_EMPTY;
    const char *copy;

    if (node == NULL) {
        return "–";
    }
    json_emit(node, JSON_PLAIN, &text);
    copy = text.length > 60 ? "…" : arena_strdup(&fogctl->arena, text.data);
    str_fini(&text);
    return copy;
}

static const char *summary(struct fogctl *fogctl, const struct node *item)
{
    const struct node *changes = node_find(item, "changes");
    struct str text = STR_EMPTY;
    const char *copy;

    if (!str_eq(node_find_text(item, "verb"), "update") || changes == NULL) {
        return node_find_text(item, "verb");
    }
    for (size_t i = 0; i < changes->list.count && i < 4; i++) {
        const struct node *change = changes->list.items[i];

        str_addf(&text, "%s%s: %s => %s", i == 0 ? "" : ", ", node_find_text(change, "path"),
                 scalar(fogctl, node_find(change, "before")),
                 scalar(fogctl, node_find(change, "after")));
    }
    if (changes->list.count > 4) {
        str_addf(&text, ", and %zu more", changes->list.count - 4);
    }
    copy = text.length == 0 ? "update" : arena_strdup(&fogctl->arena, text.data);
    str_fini(&text);
    return copy;
}

static int history(struct fogctl *fogctl, struct texts *words)
{
    static const char *const head[] = {"REVISION", "TIME",   "WHO",
                                       "OBJECT",   "CHANGE", "CHANGE-CAUSE"};
    struct target target;
    const char *path;
    const struct node *items;
    struct table table;

    if (!read_one(fogctl, &verb_history, words, &target)) {
        return EXIT_USAGE;
    }
    path =
        target.kind == NULL
            ? arena_printf(&fogctl->arena, "/apis/fog/v1/history?limit=%lld", (long long)opt_limit)
            : arena_printf(&fogctl->arena, "%s/history?limit=%lld",
                           kind_path(fogctl, target.kind, target.name), (long long)opt_limit);
    items = node_find(http_get(fogctl, path), "items");
    if (items == NULL) {
        return EXIT_FAILED;
    }
    if (items->list.count == 0) {
        fputs("No history found\n", stderr);
        return EXIT_DONE;
    }
    table_init(&table, COUNT_OF(head));
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = items->list.count; i-- > 0;) { /* the newest last, where the eye is */
        const struct node *item = items->list.items[i];
        const char *kind_name = node_find_text(item, "kind");
        const struct kind *kind = kind_find_word(kind_name == NULL ? "" : kind_name);

        vec_add(&table.cells, node_find_text(item, "revision"));
        vec_add(&table.cells, node_find_text(item, "time"));
        vec_add(&table.cells, node_find_text(item, "who"));
        vec_add(&table.cells,
                kind == NULL ? "" : kind_title(fogctl, kind, node_find_text(item, "name")));
        vec_add(&table.cells, summary(fogctl, item));
        vec_add(&table.cells, node_find_text(item, "why"));
    }
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}

/* --- rollback --------------------------------------------------------------------------------- */

static const char *compose(struct fogctl *fogctl, const struct target *target)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena);
    struct str text = STR_EMPTY;
    const char *body;

    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "Rollback"));
    node_set(arena, spec, "toRevision", node_str(arena, opt_revision));
    if (target->kind != NULL) {
        node_set(arena, spec, "kind", node_str(arena, target->kind->name));
        node_set(arena, spec, "name", node_str(arena, target->name));
    }
    node_set(arena, spec, "prune", node_bool(arena, opt_prune));
    node_set(arena, root, "spec", spec);
    json_emit(root, JSON_PLAIN, &text);
    body = arena_strndup(arena, text.data, text.length);
    str_fini(&text);
    return body;
}

static const struct node *send_rollback(struct fogctl *fogctl, const struct target *target,
                                        bool dry_run)
{
    struct request request = {
        .method = "POST",
        .path = dry_run ? "/apis/fog/v1/rollbacks?fieldManager=fogctl&dryRun=All"
                        : "/apis/fog/v1/rollbacks?fieldManager=fogctl",
        .body = compose(fogctl, target),
    };
    struct reply reply;

    if (!dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = 30000;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return NULL;
    }
    if (reply.code != 200) {
        (void)reply_failed(&reply);
        return NULL;
    }
    return node_find(reply.root, "status");
}

static bool confirm(void)
{
    char answer[8] = "";

    if (opt_yes) {
        return true;
    }
    if (isatty(STDIN_FILENO) != 1) {
        (void)fail("say --yes, or look at it with --dry-run", "nobody is there to be asked");
        return false;
    }
    printf("Go back to revision %s? [y/N] ", opt_revision);
    (void)fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

static int rollback(struct fogctl *fogctl, struct texts *words)
{
    struct target target;
    const struct node *status;
    int changed;

    if (opt_revision == NULL) {
        return usage_error(&verb_rollback, "--to-revision is needed; fogctl history shows them");
    }
    if (!read_one(fogctl, &verb_rollback, words, &target)) {
        return EXIT_USAGE;
    }
    status = send_rollback(fogctl, &target, true);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    changed = results_diff(fogctl, node_find(status, "results"));
    if (changed <= 0) {
        if (changed == 0) {
            puts("nothing differs from that revision");
        }
        return changed == 0 ? EXIT_DONE : EXIT_FAILED;
    }
    putchar('\n');
    plan_print(fogctl, node_find(status, "plan"));
    if (opt_dry_run != NULL && !str_eq(opt_dry_run, "none")) {
        return EXIT_DONE;
    }
    if (!confirm()) {
        return EXIT_FAILED;
    }
    status = send_rollback(fogctl, &target, false);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    (void)results_print(fogctl, node_find(status, "results"), "");
    return EXIT_DONE;
}
