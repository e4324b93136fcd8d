/* state dump and reconcile log: what the controller has in its head, and what it did with it. */
#include "schema/json.h"
#include "schema/yaml.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/past.h"
#include "tools/fogctl/state_diff.h"

#include <stdio.h>

static const char *opt_output;
static int64_t opt_limit = 50;
static struct state_diff opt_diff;
static struct past_options opt_past;

static const struct option_row state_rows[] = {
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM",
     "json, a line for each object (the default), or yaml, a document for each; of diff json",
     NULL},
    {"name-only", 0, OPTION_FLAG, &opt_diff.names, NULL, "of diff: only which objects differ",
     NULL},
    {"status", 0, OPTION_FLAG, &opt_diff.status, NULL, "of diff: compare their status, too", NULL},
    {"all-fields", 0, OPTION_FLAG, &opt_diff.all, NULL,
     "of diff: compare also what the controller writes (managedFields, uid, …), and events", NULL},
    PAST_ROWS(opt_past),
};

static const struct option_row log_rows[] = {
    {"limit", 0, OPTION_INT, &opt_limit, "N", "at most so many steps, the newest (default 50)",
     NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "json or yaml", NULL},
};

static const struct option_row *state_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(state_rows);
    return state_rows;
}

static const struct option_row *log_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(log_rows);
    return log_rows;
}

static int state(struct fogctl *fogctl, struct texts *words);
static int reconcile(struct fogctl *fogctl, struct texts *words);

const struct verb verb_state = {
    "state",
    "everything there is, as of one revision; and how two of them differ",
    "state dump [-o json|yaml] [--at TIME] | state diff A [B]",
    "  fogctl state dump >before\n"
    "  fogctl state dump -o yaml --at 1h | less\n"
    "  fogctl state diff before now\n"
    "  fogctl state diff 1h --name-only\n"
    "  fogctl state diff 120 150\n",
    state_options,
    state,
};

const struct verb verb_reconcile = {
    "reconcile",
    "what the controller's newest decisions were about, and how long they took",
    "reconcile log [--limit N] [-o json|yaml]",
    "  fogctl reconcile log\n  fogctl reconcile log --limit 1 -o yaml\n",
    log_options,
    reconcile,
};

static bool is_word(const struct texts *words, const char *word)
{
    return words->count == 1 && str_eq(words->items[0], word);
}

/* --- state dump ------------------------------------------------------------------------------- */

struct dumping {
    struct fogctl *fogctl;
    bool is_yaml, has_begun, is_bad;
};

static bool print_yaml(struct dumping *dumping, const char *text, size_t length)
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;
    struct problems problems;
    struct arena saved;
    struct node *root;

    scratch_begin(dumping->fogctl, &saved);
    problems_init(&problems, &dumping->fogctl->arena, NULL);
    if (json_parse(&dumping->fogctl->arena, text, length, JSON_PLAIN, &problems, &root) < 0) {
        dumping->is_bad = true;
    } else {
        yaml_emit(root, &yaml);
        printf("%s%s", dumping->has_begun ? "---\n" : "", yaml.data);
    }
    scratch_end(dumping->fogctl, &saved);
    return !dumping->is_bad;
}

static bool print_object(void *context, const char *text, size_t length)
{
    struct dumping *dumping = context;
    bool goes_on = true;

    if (dumping->is_yaml) {
        goes_on = print_yaml(dumping, text, length);
    } else {
        goes_on = fwrite(text, 1, length, stdout) == length && putchar('\n') != EOF;
    }
    dumping->has_begun = true;
    return goes_on;
}

static int diff(struct fogctl *fogctl, const struct texts *words)
{
    if (words->count < 2 || words->count > 3) {
        (void)usage_error(&verb_state, "diff is of two: each a file, now, a revision, or a time");
        return EXIT_USAGE;
    }
    if (opt_output != NULL && !str_eq(opt_output, "json")) {
        return usage_error(&verb_state, "-o %s: state diff has the form json", opt_output);
    }
    if (opt_past.at != NULL || opt_past.revision != NULL) {
        return usage_error(&verb_state, "--at is for dump; diff is told its moments as words");
    }
    opt_diff.json = opt_output != NULL;
    opt_diff.before = words->items[1];
    opt_diff.after = words->count == 3 ? words->items[2] : "now";
    return state_diff(fogctl, &opt_diff);
}

static int state(struct fogctl *fogctl, struct texts *words)
{
    struct dumping dumping = {.fogctl = fogctl};
    struct stream stream = {
        .path = "/apis/fog/v1/state", .line = print_object, .context = &dumping};
    int code;

    if (words->count > 0 && str_eq(words->items[0], "diff")) {
        return diff(fogctl, words);
    }
    if (!is_word(words, "dump")) {
        return usage_error(&verb_state, "what is to be done? dump, or diff A B");
    }
    code = past_begin(fogctl, &verb_state, &opt_past);
    if (code != EXIT_DONE) {
        return code;
    }
    if (fogctl->at_revision != NULL) {
        stream.path =
            arena_printf(&fogctl->arena, "/apis/fog/v1/state?atRevision=%s", fogctl->at_revision);
    }
    if (opt_output != NULL && !str_eq(opt_output, "json") && !str_eq(opt_output, "yaml")) {
        return usage_error(&verb_state, "-o %s: state dump has the forms json and yaml",
                           opt_output);
    }
    dumping.is_yaml = str_eq(opt_output, "yaml");
    if (!http_streams(fogctl, &stream, 1)) {
        return EXIT_FAILED;
    }
    if (dumping.is_bad) {
        return fail(NULL, "the controller told something that is not JSON");
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* --- reconcile log ---------------------------------------------------------------------------- */

/* "render, sweep and 3 more". */
static const char *first_of(struct fogctl *fogctl, const struct node *list, int64_t count)
{
    const char *text = "";
    int64_t shown = (int64_t)list_count(list);

    for (int64_t i = 0; i < shown; i++) {
        text = arena_printf(&fogctl->arena, "%s%s%s", text, i == 0 ? "" : ", ",
                            node_text(list->list.items[i]));
    }
    return count > shown
               ? arena_printf(&fogctl->arena, "%s and %lld more", text, (long long)(count - shown))
               : text;
}

/* "NoAgent; rule 5 refused 3": what was left as it is, and why no agent was found. */
static const char *left_of(struct fogctl *fogctl, const struct node *item)
{
    const struct node *reasons = node_find(item, "reasons"), *refused = node_find(item, "refused");
    const char *text = first_of(fogctl, reasons, 0);

    for (size_t i = 0; i < list_count(refused); i++) {
        text = arena_printf(&fogctl->arena, "%s%srule %lld refused %lld", text,
                            text[0] == '\0' ? "" : "; ",
                            (long long)int_of(refused->list.items[i], "rule"),
                            (long long)int_of(refused->list.items[i], "agents"));
    }
    return text;
}

static const char *took(struct fogctl *fogctl, const struct node *item)
{
    int64_t us = int_of(item, "microseconds");

    return node_find(item, "microseconds") == NULL ? ""
           : us < 10000 ? arena_printf(&fogctl->arena, "%lldµs", (long long)us)
                        : arena_printf(&fogctl->arena, "%lldms", (long long)(us / 1000));
}

static void add_row(struct fogctl *fogctl, struct table *table, const struct node *item)
{
    const char *subject = text_of(item, "subject");

    vec_add(&table->cells, text_of(item, "step"));
    vec_add(&table->cells, text_of(item, "time"));
    vec_add(&table->cells, subject[0] == '\0' ? text_of(item, "event") : subject);
    vec_add(&table->cells, first_of(fogctl, node_find(item, "names"), int_of(item, "sessions")));
    vec_add(&table->cells, first_of(fogctl, node_find(item, "taken"), int_of(item, "decisions")));
    vec_add(&table->cells, left_of(fogctl, item));
    vec_add(&table->cells,
            arena_printf(&fogctl->arena, "%lld", (long long)int_of(item, "effects")));
    vec_add(&table->cells, took(fogctl, item));
}

static int reconcile(struct fogctl *fogctl, struct texts *words)
{
    static const char *const head[] = {"STEP",    "TIME", "TRIGGER", "EXAMINED",
                                       "DECIDED", "LEFT", "EFFECTS", "TOOK"};
    enum output output;
    struct node *answer;
    const struct node *items;
    struct table table;

    if (!is_word(words, "log")) {
        return usage_error(&verb_reconcile, "what is to be done? log");
    }
    if (opt_limit < 1 || !output_from_str(opt_output, &output) || output == OUTPUT_WIDE ||
        output == OUTPUT_NAME) {
        return usage_error(&verb_reconcile, "--limit is 1 or more, -o is json or yaml");
    }
    answer = http_get(fogctl, arena_printf(&fogctl->arena, "/apis/fog/v1/reconcilelog?limit=%lld",
                                           (long long)opt_limit));
    if (answer == NULL) {
        return EXIT_FAILED;
    }
    if (output != OUTPUT_TABLE) {
        output_objects(fogctl, output, &answer, 1, false);
        return EXIT_DONE;
    }
    items = node_find(answer, "items");
    table_init(&table, COUNT_OF(head));
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = list_count(items); i-- > 0;) { /* the newest last, where the eye is */
        add_row(fogctl, &table, items->list.items[i]);
    }
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}
