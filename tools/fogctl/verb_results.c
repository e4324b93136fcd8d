/* results: what became of each task, and what it made. */
#include "schema/limits.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/results.h"

#include <inttypes.h>
#include <unistd.h>

enum { RETRY_MS = 60 * 1000, SHOW_MS = 200 };

static const char *opt_output, *opt_folder, *opt_tasks;
static bool opt_failed;
static int64_t opt_retry_ms = RETRY_MS;

static const struct option_row rows[] = {
    {"to", 0, OPTION_TEXT, &opt_folder, "DIR",
     "fetch all outputs into DIR/INDEX/PATH, verified; run again, it goes on", NULL},
    {"tasks", 0, OPTION_TEXT, &opt_tasks, "LIST", "only these: 0-57,60", NULL},
    {"failed", 0, OPTION_FLAG, &opt_failed, NULL, "only those that have failed for good", NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "wide, json or yaml", NULL},
    {"retry", 0, OPTION_DURATION, &opt_retry_ms, "TIME",
     "with --to: go on trying for so long while nothing comes through (default 1m)", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int results(struct fogctl *fogctl, struct texts *words);

const struct verb verb_results = {
    "results",
    "what became of each task of a session, and what it made",
    "results SESSION | hs/NAME [--to DIR] [options]",
    "  fogctl results render\n"
    "  fogctl results render --to strips          # strips/0/strip, strips/1/strip, …\n"
    "  fogctl results render --failed\n"
    "  fogctl results render -o json | jq -r '.tasks[] | [.index, .agent] | @tsv'\n"
    "Exit code: 0 when all have succeeded and every file that was to be fetched is there, 1 when\n"
    "some have failed or are left to be done, 2 when one could not be asked or fetched.\n",
    options,
    results,
};

/* --- which ------------------------------------------------------------------------------------ */

/* NULL after having said what is wrong. */
static const char *session_named(struct fogctl *fogctl, const struct texts *words)
{
    struct targets targets = {0};
    const char *name = NULL;

    if (words->count == 1 && strchr(words->items[0], '/') == NULL &&
        kind_find_word(words->items[0]) == NULL) {
        return words->items[0];
    }
    if (words->count == 0) {
        (void)usage_error(&verb_results, "of which session?");
    } else if (targets_read(fogctl, words, &targets)) {
        if (targets.count == 1 && targets.items[0].kind->id == KIND_HARVEST_SESSION) {
            name = targets.items[0].name;
        }
        if (name == NULL) {
            (void)usage_error(&verb_results, "results are those of one session: hs/NAME");
        }
    }
    vec_fini(&targets);
    return name;
}

struct choice {
    const struct results *results;
    struct indexes tasks;
    bool has_tasks; /* --tasks was given */
};

static bool is_chosen(const struct choice *choice, size_t at)
{
    return (!choice->has_tasks || indexes_has(&choice->tasks, at)) &&
           (!opt_failed || str_eq(choice->results->items[at].state, "Failed"));
}

/* --- as text ---------------------------------------------------------------------------------- */

/* "strip 12000, log 80": names and sizes. */
static const char *outputs_text(struct fogctl *fogctl, const struct node *outputs, bool wide)
{
    struct str text = STR_EMPTY;
    const char *copy;

    for (size_t i = 0; i < list_count(outputs); i++) {
        const struct node *it = outputs->list.items[i];

        str_addf(&text, "%s%s (%" PRId64 ")", i == 0 ? "" : ", ", text_of(it, "path"),
                 output_bytes(it));
        if (wide) {
            str_addf(&text, " %s", text_of(it, "digest"));
        }
    }
    copy = arena_strdup(&fogctl->arena, text.data);
    str_fini(&text);
    return copy;
}

static void print_table(struct fogctl *fogctl, const struct choice *choice, bool wide)
{
    static const char *const heads[] = {"INDEX", "STATE", "AGENT", "EXIT", "REASON", "OUTPUTS"};
    struct table table;

    table_init(&table, COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        vec_add(&table.cells, heads[i]);
    }
    for (size_t i = 0; i < choice->results->count; i++) {
        const struct result *it = &choice->results->items[i];

        if (!is_chosen(choice, i)) {
            continue;
        }
        vec_add(&table.cells, it->slot);
        vec_add(&table.cells, it->state);
        vec_add(&table.cells, it->agent);
        vec_add(&table.cells,
                it->has_exit_code ? arena_printf(&fogctl->arena, "%" PRId64, it->exit_code) : "");
        vec_add(&table.cells, it->reason);
        vec_add(&table.cells, outputs_text(fogctl, it->outputs, wide));
    }
    table_print(&table, 0);
    table_fini(&table);
}

static void put_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (text[0] != '\0') {
        node_set(arena, map, key, node_str(arena, text));
    }
}

static struct node *result_node(struct fogctl *fogctl, const struct results *all, size_t at)
{
    struct arena *arena = &fogctl->arena;
    const struct result *result = &all->items[at];
    struct node *map = node_map(arena);

    if (all->has_tasks) {
        node_set(arena, map, "index", node_int(arena, (int64_t)at));
    } else {
        node_set(arena, map, "slot", node_str(arena, result->slot));
    }
    put_text(arena, map, "state", result->state);
    put_text(arena, map, "agent", result->agent);
    put_text(arena, map, "reason", result->reason);
    if (result->has_exit_code) {
        node_set(arena, map, "exitCode", node_int(arena, result->exit_code));
    }
    if (list_count(result->outputs) > 0) {
        node_set(arena, map, "outputs", node_copy(arena, result->outputs));
    }
    return map;
}

static void print_tree(struct fogctl *fogctl, enum output output, const char *session,
                       const struct choice *choice)
{
    struct arena *arena = &fogctl->arena;
    const struct results *all = choice->results;
    struct node *root = node_map(arena), *list = node_list(arena);

    for (size_t i = 0; i < all->count; i++) {
        if (is_chosen(choice, i)) {
            node_add(arena, list, result_node(fogctl, all, i));
        }
    }
    node_set(arena, root, "session", node_str(arena, session));
    node_set(arena, root, "count", node_int(arena, (int64_t)all->count));
    node_set(arena, root, "succeeded", node_int(arena, (int64_t)all->succeeded));
    node_set(arena, root, "failed", node_int(arena, (int64_t)all->failed));
    node_set(arena, root, all->has_tasks ? "tasks" : "replicas", list);
    output_objects(fogctl, output, &root, 1, false);
}

/* --- fetching --------------------------------------------------------------------------------- */

static void show(const struct fetched *fetched, size_t total, int64_t *shown_ms)
{
    if (isatty(STDERR_FILENO) == 1 && boot_ms() - *shown_ms >= SHOW_MS) {
        fprintf(stderr, "\r\033[K%zu of %zu files", fetched->new + fetched->old, total);
        (void)fflush(stderr);
        *shown_ms = boot_ms();
    }
}

/* True when everything is there. */
static bool fetch(struct fogctl *fogctl, const struct choice *choice)
{
    struct fetched fetched = {0};
    size_t total = 0;
    int64_t shown_ms = 0;

    for (size_t i = 0; i < choice->results->count; i++) {
        total += is_chosen(choice, i) ? list_count(choice->results->items[i].outputs) : 0;
    }
    for (size_t i = 0; i < choice->results->count && !fogctl->is_unreachable; i++) {
        if (is_chosen(choice, i)) {
            results_fetch(fogctl, &choice->results->items[i], opt_folder, opt_retry_ms, &fetched);
            show(&fetched, total, &shown_ms);
        }
    }
    (void)fflush(stdout);
    fprintf(stderr, "%s%zu of %zu files are in ", shown_ms > 0 ? "\r\033[K" : "",
            fetched.new + fetched.old, total);
    text_put(stderr, opt_folder);
    fprintf(stderr, ", %zu of them were there before\n", fetched.old);
    return fetched.new + fetched.old == total;
}

/* --- the door --------------------------------------------------------------------------------- */

static void tell(const struct results *all)
{
    size_t left = all->count - all->succeeded - all->failed;

    (void)fflush(stdout);
    fprintf(stderr, "%zu of %zu %s succeeded", all->succeeded, all->count,
            all->has_tasks ? "tasks have" : "replicas have");
    if (all->failed > 0) {
        fprintf(stderr, ", %zu failed", all->failed);
    }
    if (left > 0) {
        fprintf(stderr, ", %zu %s left to be done", left, left == 1 ? "is" : "are");
    }
    fputs("\n", stderr);
}

static int print(struct fogctl *fogctl, const char *session, enum output output,
                 const struct results *all)
{
    struct choice choice = {.results = all, .has_tasks = opt_tasks != NULL};

    indexes_init(&choice.tasks, &fogctl->arena, TASKS_MAX);
    if (opt_tasks != NULL && !indexes_from_str(opt_tasks, &choice.tasks)) {
        return usage_error(&verb_results, "--tasks %s: rising numbers and runs, such as 0-57,60",
                           opt_tasks);
    }
    if (output == OUTPUT_JSON || output == OUTPUT_YAML) {
        print_tree(fogctl, output, session, &choice);
    } else if (opt_folder == NULL) {
        print_table(fogctl, &choice, output == OUTPUT_WIDE);
    }
    if (opt_folder != NULL && !fetch(fogctl, &choice)) {
        return EXIT_USAGE;
    }
    tell(all);
    return all->succeeded == all->count ? EXIT_DONE : EXIT_FAILED;
}

static int results(struct fogctl *fogctl, struct texts *words)
{
    const char *session = session_named(fogctl, words);
    struct results all;
    enum output output;
    int code = EXIT_USAGE;

    if (session == NULL || !output_from_str(opt_output, &output)) {
        return EXIT_USAGE;
    }
    if (output == OUTPUT_NAME) {
        return usage_error(&verb_results, "-o name: results has the forms wide, json and yaml");
    }
    if (results_read(fogctl, session, &all)) {
        code = print(fogctl, session, output, &all);
    }
    vec_fini(&all);
    return code;
}
