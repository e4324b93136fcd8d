/* events and history: what happened. */
#include "schema/json.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>

static const char *opt_for;
static struct texts opt_files; /* of history */
static struct writing opt_writing;
static int64_t opt_limit = 50;
static bool opt_diff;

static const struct option_row event_rows[] = {
    {"for", 0, OPTION_TEXT, &opt_for, "KIND/NAME", "only those about this object", NULL},
    OUTPUT_ROW(opt_writing),
};

static const struct option_row history_rows[] = {
    FILES_ROW(opt_files),
    {"limit", 0, OPTION_INT, &opt_limit, "N", "at most so many changes, the newest (default 50)",
     NULL},
    TREE_ROW(opt_writing),
    {"diff", 0, OPTION_FLAG, &opt_diff, NULL, "every field that each of them changed", NULL},
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

static int events(struct fogctl *fogctl, struct texts *words);
static int history(struct fogctl *fogctl, struct texts *words);

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
    "history [KIND/NAME | -f FILE] [--limit N] [--diff]",
    "  fogctl history\n  fogctl history hs/render --diff\n",
    history_options,
    history,
};

/* The one object that is meant; kind NULL: none was named.  EXIT_USAGE after having said what is
 * wrong. */
static int read_one(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                    struct target *ret_target)
{
    struct targets targets = {0};
    int code = targets_given(fogctl, verb, words, &opt_files, &targets);

    *ret_target = (struct target){0};
    if (code == EXIT_DONE && words->count + opt_files.count > 0) {
        if (targets.count != 1 || targets.items[0].name == NULL) {
            code = usage_error(verb, "one object, as KIND/NAME");
        } else {
            *ret_target = targets.items[0];
        }
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
        vec_add(&table.cells, change_summary(fogctl, item));
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
