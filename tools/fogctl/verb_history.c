/* events, history and rollback: the past. */
#include "schema/base/parse.h"
#include "schema/json.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/going_back.h"
#include "tools/fogctl/past.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>
#include <unistd.h>

static const char *opt_for, *opt_revision, *opt_time, *opt_check;
static struct writing opt_writing;
static int64_t opt_limit = 50;
static bool opt_prune, opt_yes, opt_diff;

static const struct option_row event_rows[] = {
    {"for", 0, OPTION_TEXT, &opt_for, "KIND/NAME", "only those about this object", NULL},
    OUTPUT_ROW(opt_writing),
};

static const struct option_row history_rows[] = {
    {"limit", 0, OPTION_INT, &opt_limit, "N", "at most so many changes, the newest (default 50)",
     NULL},
    TREE_ROW(opt_writing),
    {"diff", 0, OPTION_FLAG, &opt_diff, NULL, "every field that each of them changed", NULL},
};

static const struct option_row rollback_rows[] = {
    {"to-revision", 0, OPTION_TEXT, &opt_revision, "N",
     "the revision to go back to, as history shows it", NULL},
    {"to", 0, OPTION_TEXT, &opt_time, "TIME",
     "instead: a time to go back to, how long ago (10m) or 2026-11-22T10:00:00Z", NULL},
    {"check-revision", 0, OPTION_TEXT, &opt_check, "N",
     "only if nothing was declared since the plan of this revision was shown", NULL},
    {"prune", 0, OPTION_FLAG, &opt_prune, NULL, "also delete what is newer", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
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
    "history [KIND/NAME] [--limit N] [--diff]",
    "  fogctl history\n  fogctl history hs/render --diff\n",
    history_options,
    history,
};

const struct verb verb_rollback = {
    "rollback",
    "go back to how things were at a revision: one object, or all that is declared",
    "rollback [KIND/NAME] --to-revision N | --to TIME [options]",
    "  fogctl rollback --to-revision 120 --dry-run\n"
    "  fogctl rollback hs/render --to-revision 120\n"
    "  fogctl rollback --to 10m\n",
    rollback_options,
    rollback,
};

/* The one object that is meant; kind NULL: none was named.  EXIT_USAGE after having said what is
 * wrong. */
static int read_one(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                    struct target *ret_target)
{
    struct targets targets = {0};
    int code = EXIT_DONE;

    *ret_target = (struct target){0};
    if (words->count > 0 && !targets_read(fogctl, words, &targets)) {
        code = EXIT_USAGE;
    } else if (words->count > 0 && (targets.count != 1 || targets.items[0].name == NULL)) {
        code = usage_error(verb, "one object, as KIND/NAME");
    } else if (words->count > 0) {
        *ret_target = targets.items[0];
    }
    vec_fini(&targets);
    return code;
}

/* --- events ----------------------------------------------------------------------------------- */

static int print_events(struct fogctl *fogctl, const char *selector)
{
    struct node *list = list_objects(fogctl, kind_get(KIND_EVENT), NULL, selector, NULL);
    struct table table;

    if (list == NULL) {
        return EXIT_FAILED;
    }
    events_sort(list);
    if (!writing_is_lines(&opt_writing)) {
        return writing_print_list(fogctl, &opt_writing, list);
    }
    if (list->list.count == 0) {
        fputs("No events found\n", stderr);
        return EXIT_DONE;
    }
    events_table(fogctl, &table, list);
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}

static int events(struct fogctl *fogctl, struct texts *words)
{
    struct texts about = {0};
    struct target target = {0};
    const char *selector = NULL;
    int code;

    if (looking_check(fogctl, &verb_events, &opt_writing, true) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (words->count > 0) {
        return usage_error(&verb_events, "unexpected \"%s\"; --for KIND/NAME selects",
                           words->items[0]);
    }
    if (opt_for != NULL) {
        vec_add(&about, opt_for);
        code = read_one(fogctl, &verb_events, &about, &target);
        vec_fini(&about);
        if (code != EXIT_DONE) {
            return code;
        }
        selector = arena_printf(&fogctl->arena, "involvedObject.kind=%s,involvedObject.name=%s",
                                target.kind->name, target.name);
    }
    return print_events(fogctl, selector);
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
        return text_of(item, "verb");
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

static void print_history(struct fogctl *fogctl, const struct node *items)
{
    static const char *const head[] = {"REVISION", "TIME",   "WHO",
                                       "OBJECT",   "CHANGE", "CHANGE-CAUSE"};
    struct table table;

    table_init(&table, COUNT_OF(head));
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = items->list.count; i-- > 0;) { /* the newest last, where the eye is */
        const struct node *item = items->list.items[i];
        const struct kind *kind = kind_find_word(text_of(item, "kind"));

        vec_add(&table.cells, text_of(item, "revision"));
        vec_add(&table.cells, text_of(item, "time"));
        vec_add(&table.cells, text_of(item, "who"));
        vec_add(&table.cells, kind == NULL ? "" : kind_title(fogctl, kind, text_of(item, "name")));
        vec_add(&table.cells, summary(fogctl, item));
        vec_add(&table.cells, text_of(item, "why"));
    }
    table_print(&table, 0);
    table_fini(&table);
}

static void print_field(struct fogctl *fogctl, const char *color, char mark,
                        const struct node *change, const char *side)
{
    const struct node *value = node_find(change, side);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (value != NULL) {
        json_emit(value, JSON_PLAIN, &text);
        printf("%s%c %s: ", paint(fogctl, color), mark, text_of(change, "path"));
        text_put(stdout, text.data);
        printf("%s\n", paint(fogctl, "off"));
    }
}

/* Every change with the fields that it touched, the newest last. */
static void print_diffs(struct fogctl *fogctl, const struct node *items)
{
    for (size_t i = items->list.count; i-- > 0;) {
        const struct node *item = items->list.items[i], *changes = node_find(item, "changes");
        const struct kind *kind = kind_find_word(text_of(item, "kind"));
        const char *title = kind == NULL ? "" : kind_title(fogctl, kind, text_of(item, "name"));

        printf("%srevision %s %s %s %s by %s%s\n", paint(fogctl, "bold"), text_of(item, "revision"),
               text_of(item, "time"), text_of(item, "verb"), text_shown(fogctl, title),
               text_shown(fogctl, text_of(item, "who")), paint(fogctl, "off"));
        if (!str_is_empty(text_of(item, "why"))) {
            printf("  %s\n", text_shown(fogctl, text_of(item, "why")));
        }
        for (size_t k = 0; k < list_count(changes); k++) {
            print_field(fogctl, "red", '-', changes->list.items[k], "before");
            print_field(fogctl, "green", '+', changes->list.items[k], "after");
        }
        putchar('\n');
    }
}

/* What was there once, and is not among these. */
static void tell_compacted(const struct node *root, size_t count)
{
    const char *revision = node_text(node_find_path(root, "metadata.compactedRevision"));

    if (revision != NULL && (int64_t)count < opt_limit) {
        (void)fprintf(stderr,
                      "changes up to revision %s have been compacted: of these, only what "
                      "is needed is kept\n",
                      revision);
    }
}

static int history(struct fogctl *fogctl, struct texts *words)
{
    struct target target;
    const struct node *root, *items;
    int code = looking_check(fogctl, &verb_history, &opt_writing, false);

    code = code == EXIT_DONE ? read_one(fogctl, &verb_history, words, &target) : code;

    if (code != EXIT_DONE) {
        return code;
    }
    if (opt_limit < 1) {
        return usage_error(&verb_history, "--limit is a number of changes, 1 or more");
    }
    root = http_get(fogctl,
                    arena_printf(&fogctl->arena, "%s/history?limit=%lld",
                                 target.kind == NULL ? "/apis/fog/v1"
                                                     : kind_path(fogctl, target.kind, target.name),
                                 (long long)opt_limit));
    items = node_find(root, "items");
    if (items == NULL) {
        return EXIT_FAILED;
    }
    if (list_count(items) == 0 && (target.kind != NULL || node_find(root, "metadata") == NULL)) {
        return fail("fogctl history without a name shows that of the fleet", "no history of %s",
                    target.kind == NULL ? "the fleet"
                                        : kind_title(fogctl, target.kind, target.name));
    }
    tell_compacted(root, list_count(items));
    if (!writing_is_lines(&opt_writing)) {
        return writing_print_list(fogctl, &opt_writing, items);
    }
    if (opt_diff) {
        print_diffs(fogctl, items);
    } else {
        print_history(fogctl, items);
    }
    return EXIT_DONE;
}

/* --- rollback --------------------------------------------------------------------------------- */

static const struct node *send_rollback(struct fogctl *fogctl, const struct target *target,
                                        const char *planned_at, bool dry_run)
{
    const struct going_back to = {.kind = target->kind,
                                  .name = target->name,
                                  .revision = opt_revision,
                                  .planned_at = planned_at,
                                  .manager = opt_writing.manager,
                                  .prune = opt_prune};

    return going_back(fogctl, &to, dry_run);
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
    if (fgets(answer, sizeof(answer), stdin) == NULL || (answer[0] != 'y' && answer[0] != 'Y')) {
        fputs("nothing was changed\n", stderr);
        return false;
    }
    return true;
}

/* Why nothing is to be done; an object that nobody knows is a slip of the finger. */
static int nothing_to_do(struct fogctl *fogctl, const struct target *target,
                         const struct node *results)
{
    struct reply reply;
    struct request request = {.method = "GET"};

    if (target->kind == NULL || list_count(results) > 0) {
        printf("nothing differs from revision %s\n", opt_revision);
        return EXIT_DONE;
    }
    request.path = kind_path(fogctl, target->kind, target->name);
    if (!http_call(fogctl, &request, &reply)) {
        return EXIT_FAILED;
    }
    return reply.code == 200 ? fail("it is newer than that; --prune deletes it",
                                    "%s did not exist at revision %s",
                                    kind_title(fogctl, target->kind, target->name), opt_revision)
                             : fail("fogctl history shows what there was and when",
                                    "%s exists neither now nor at revision %s",
                                    kind_title(fogctl, target->kind, target->name), opt_revision);
}

/* Shows what would follow.  Returns how many objects would change, or -1 after having said what is
 * wrong; *ret_code is what is to be exited with when there is nothing to be done. */
static int show_plan(struct fogctl *fogctl, const struct target *target,
                     const char **ret_planned_at, int *ret_code)
{
    const struct node *status = send_rollback(fogctl, target, opt_check, true);
    int changed = status == NULL ? -1 : results_diff(fogctl, node_find(status, "results"));

    *ret_code = EXIT_FAILED;
    *ret_planned_at = node_find_text(status, "revision");
    if (changed == 0) {
        *ret_code = nothing_to_do(fogctl, target, node_find(status, "results"));
    } else if (changed > 0) {
        putchar('\n');
        plan_print(fogctl, node_find(status, "plan"));
    }
    return changed;
}

static int read_usage(struct fogctl *fogctl, const struct texts *words, struct target *ret_target)
{
    uint64_t revision;

    if ((opt_revision == NULL) == (opt_time == NULL)) {
        return usage_error(&verb_rollback,
                           "--to-revision is needed, or --to; fogctl history shows them");
    }
    if (opt_check != NULL && !u64_from_str(opt_check, &revision)) {
        return usage_error(&verb_rollback, "--check-revision: \"%s\" is not a number", opt_check);
    }
    if (opt_time != NULL) { /* once, so that what is done is what was shown */
        opt_revision = past_revision(fogctl, opt_time);
        if (opt_revision == NULL) {
            return EXIT_FAILED;
        }
    }
    if (!u64_from_str(opt_revision, &revision)) {
        return usage_error(&verb_rollback, "--to-revision: \"%s\" is not a number", opt_revision);
    }
    if (writing_check(fogctl, &verb_rollback, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return read_one(fogctl, &verb_rollback, words, ret_target);
}

/* For programs: nobody is shown anything first, so nobody can be asked. */
static int rollback_silently(struct fogctl *fogctl, const struct target *target)
{
    bool is_dry_run = writing_is_dry(&opt_writing);
    const struct node *status;

    if (!is_dry_run && !opt_yes) {
        return usage_error(&verb_rollback, "-o %s needs --yes or --dry-run", opt_writing.form);
    }
    status = send_rollback(fogctl, target, NULL, is_dry_run);
    return status == NULL ? EXIT_FAILED : writing_print(fogctl, &opt_writing, status);
}

static int rollback(struct fogctl *fogctl, struct texts *words)
{
    struct target target;
    const struct node *status;
    const char *planned_at;
    int code = read_usage(fogctl, words, &target);

    if (code == EXIT_DONE && !writing_is_lines(&opt_writing)) {
        return rollback_silently(fogctl, &target);
    }
    if (code != EXIT_DONE || show_plan(fogctl, &target, &planned_at, &code) <= 0) {
        return code;
    }
    if (writing_is_dry(&opt_writing)) {
        return EXIT_DONE;
    }
    if (!confirm()) {
        return EXIT_FAILED;
    }
    /* What a person has agreed to is carried out exactly; who says --yes agrees to anything. */
    status = send_rollback(fogctl, &target, opt_yes ? opt_check : planned_at, false);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    results_print(fogctl, node_find(status, "results"), "");
    return EXIT_DONE;
}
