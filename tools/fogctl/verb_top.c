/* top: the whole fleet on a board (tools/fogctl/top_fleet.c), or agents or sessions: what they
 * have, use and run, at one look and as it changes. */
#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/columns.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/foreign.h"
#include "tools/fogctl/screen.h"
#include "tools/fogctl/top_fleet.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>
#include <stdlib.h>

enum { INTERVAL_MIN_MS = 200, TOP_COLUMNS_MAX = 12, WORK_LISTED_MAX = 6, TOP_RETRY_MS = 30000 };

static struct selection opt_selection;
static const char *opt_sort = "name";
static bool opt_once, opt_no_headers;
static int64_t opt_interval_ms = 2000;
static struct writing opt_shown;
static struct texts opt_names; /* borrowed: the words behind the kind */

static const struct option_row rows[] = {
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"sort-by", 0, OPTION_TEXT, &opt_sort, "COLUMN",
     "name, state, battery, temperature, load, work; of agents and sessions see below", NULL},
    {"interval", 0, OPTION_DURATION, &opt_interval_ms, "TIME", "look so often (default 2s)", NULL},
    {"once", 0, OPTION_FLAG, &opt_once, NULL, "print it once, as without a terminal", NULL},
    OUTPUT_ROW(opt_shown),
    {"no-headers", 0, OPTION_FLAG, &opt_no_headers, NULL, "no line of column names", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int top(struct fogctl *fogctl, struct texts *words);

const struct verb verb_top = {
    "top",
    "what state the fleet is in and why, live; or what agents and sessions use",
    "top [agents|sessions [NAME…] | KIND/NAME…] [-l LABELS] [--where CONDITION] [--sort-by COLUMN]",
    "  fogctl top                             # the whole fleet; ? lists the keys, q ends it\n"
    "  fogctl top -l site=north --where 'sensors.battery < 40'\n"
    "  fogctl top --once | head -3            # how many are in which state\n"
    "  fogctl top -o json | jq '.agents.items[] | select(.state == \"suspended\")'\n"
    "  fogctl top agents                      # a table alone\n"
    "  fogctl top agents --sort-by temperature -l site=north\n"
    "  fogctl top agents edge-1 edge-2\n"
    "  fogctl top sessions --once\n"
    "Orders of agents and sessions: name, cpu, memory, battery, temperature, runs; the largest first.\n",
    options,
    top,
};

/* A table: columns of the objects themselves, then what runs of them or on them. */
struct view {
    enum kind_id kind;
    const char *owner; /* field of an assignment that names the object */
    const char *other; /* and the one that is shown of it */
    struct column columns[TOP_COLUMNS_MAX];
    const char *cpu, *memory; /* what to sort by */
};

static const struct view agents_view = {
    KIND_AGENT,
    "agent",
    "session",
    {{"READY", "status.conditions[Ready].status", 0},
     {"CORES", "status.capacity.cores", 0},
     {"LOAD", "status.sensors.load", 0},
     {"OTHERS", "status.sensors.foreignCpu", 0},
     {"MEMORY", "status.capacity.memory", 0},
     {"FREE", "status.sensors.memoryAvailable", 0},
     {"BATTERY", "status.sensors.battery", 0},
     {"TEMPERATURE", "status.sensors.temperature", 0}},
    "status.sensors.load",
    "status.capacity.memory",
};

static const struct view sessions_view = {
    KIND_HARVEST_SESSION,
    "session",
    "agent",
    {{"DESIRED", "status.desired", 0},
     {"READY", "status.ready", 0},
     {"DONE", "status.tasks.done", 0},
     {"REASON", "status.conditions[Converged].reason", 0},
     {"CPU", "status.contribution.cpu", 0},
     {"WALL", "status.contribution.wall", 0},
     {"PEAK", "status.contribution.memoryPeak", 0}},
    "status.contribution.cpu",
    "status.contribution.memoryPeak",
};

struct work { /* of one object */
    size_t runs, held;
    struct str list;
    size_t listed;
};

struct top_row {
    const char *name;
    const char *cells[TOP_COLUMNS_MAX + 3];
    struct work work;
    double key;
};

/* --- what there is ---------------------------------------------------------------------------- */

/* A number, an amount or a duration; below all others when it is not there. */
static double amount_at(const struct node *object, const char *path)
{
    const struct node *node = node_find_path(object, path);
    int64_t value;

    if (node == NULL) {
        return -1;
    }
    if (node->type == NODE_STR) {
        return quantity_from_str(node->str.text, &value) ||
                       duration_from_str(node->str.text, &value)
                   ? (double)value
                   : -1;
    }
    return node->type == NODE_INT    ? (double)node->integer
           : node->type == NODE_REAL ? node->real
                                     : -1;
}

static void count_work(const struct view *view, const struct node *work, struct work *to)
{
    const struct node *spec = node_find(work, "spec"), *status = node_find(work, "status");
    const char *phase = text_of(status, "phase");

    if (str_eq(phase, "Succeeded") || str_eq(phase, "Failed")) {
        return;
    }
    to->runs += str_eq(phase, "Running");
    to->held += str_eq(phase, "Suspended");
    if (to->listed++ < WORK_LISTED_MAX) {
        str_addf(&to->list, "%s%s/%s", to->list.length > 0 ? " " : "", text_of(spec, view->other),
                 text_of(spec, "slot"));
    } else if (to->listed == WORK_LISTED_MAX + 1) {
        str_add(&to->list, " …");
    }
}

static double key_of(const struct view *view, const struct node *object, const struct work *work)
{
    return str_eq(opt_sort, "cpu")           ? amount_at(object, view->cpu)
           : str_eq(opt_sort, "memory")      ? amount_at(object, view->memory)
           : str_eq(opt_sort, "battery")     ? amount_at(object, "status.sensors.battery")
           : str_eq(opt_sort, "temperature") ? amount_at(object, "status.sensors.temperature")
           : str_eq(opt_sort, "runs")        ? (double)work->runs
                                             : 0;
}

static size_t column_count(const struct view *view)
{
    size_t count = 0;

    while (count < TOP_COLUMNS_MAX && view->columns[count].name != NULL) {
        count++;
    }
    return count;
}

static void fill_row(struct fogctl *fogctl, const struct view *view, const struct node *node,
                     struct top_row *row)
{
    struct problems problems;
    struct object *object;
    const char *cell;

    problems_init(&problems, &fogctl->arena, NULL);
    object = bind_object(kind_get(view->kind), node, BIND_TRUSTED | BIND_NO_REQUIRED, &problems);
    row->name = text_of(node_find(node, "metadata"), "name");
    for (size_t i = 0; i < column_count(view); i++) {
        cell = object == NULL ? "?"
                              : object_cell(&fogctl->arena, object, &view->columns[i],
                                            (struct wall){now_ms()});
        row->cells[i] = arena_strdup(&fogctl->arena, cell);
    }
    object_unref(object);
}

/* What runs, once it is counted. */
static void finish_row(struct fogctl *fogctl, const struct view *view, const struct node *node,
                       struct top_row *row)
{
    size_t count = column_count(view);

    row->cells[count] = arena_printf(&fogctl->arena, "%zu", row->work.runs);
    row->cells[count + 1] = arena_printf(&fogctl->arena, "%zu", row->work.held);
    row->cells[count + 2] =
        row->work.listed == 0 ? "" : arena_strdup(&fogctl->arena, row->work.list.data);
    row->key = key_of(view, node, &row->work);
    str_fini(&row->work.list);
}

static void fill_rows(struct fogctl *fogctl, const struct view *view, const struct node *list,
                      const struct node *work, struct top_row *items)
{
    struct map by_name;

    map_init(&by_name);
    for (size_t i = 0; i < list_count(list); i++) {
        items[i].work.list = STR_EMPTY;
        fill_row(fogctl, view, list->list.items[i], &items[i]);
        (void)map_put(&by_name, items[i].name, &items[i]);
    }
    for (size_t i = 0; i < list_count(work); i++) {
        const struct node *it = work->list.items[i];
        struct top_row *row = map_find(&by_name, text_of(node_find(it, "spec"), view->owner));

        if (row != NULL) {
            count_work(view, it, &row->work);
        }
    }
    for (size_t i = 0; i < list_count(list); i++) {
        finish_row(fogctl, view, list->list.items[i], &items[i]);
    }
    map_fini(&by_name);
}

static int compare_rows(const void *a, const void *b)
{
    const struct top_row *left = a, *right = b;

    return left->key != right->key ? (left->key < right->key) - (left->key > right->key)
                                   : strcmp(left->name, right->name);
}

/* --- as text ---------------------------------------------------------------------------------- */

static void add_line(struct fogctl *fogctl, const char *name, const char *const *cells,
                     const size_t *widths, size_t count, struct str *to)
{
    size_t last = count; /* nothing stands behind the last cell with a text */

    while (last > 0 && cells[last - 1][0] == '\0') {
        last--;
    }
    for (size_t i = 0; i <= last; i++) {
        const char *cell = text_shown(fogctl, i == 0 ? name : cells[i - 1]);

        str_add(to, cell);
        for (size_t width = text_width(cell); i < last && width < widths[i] + 3; width++) {
            str_add_char(to, ' ');
        }
    }
    str_add_char(to, '\n');
}

static void add_table(struct fogctl *fogctl, const struct view *view, const struct top_row *items,
                      size_t row_count, struct str *to)
{
    size_t count = column_count(view) + 3, widths[TOP_COLUMNS_MAX + 4] = {0};
    struct top_row head = {.name = "NAME"};

    for (size_t i = 0; i + 3 < count; i++) {
        head.cells[i] = view->columns[i].name;
    }
    head.cells[count - 3] = "RUNS";
    head.cells[count - 2] = "HELD";
    head.cells[count - 1] = view->kind == KIND_AGENT ? "WORK" : "WHERE";
    for (size_t row = 0; row <= row_count; row++) {
        const struct top_row *it = row == 0 ? &head : &items[row - 1];

        for (size_t i = 0; i <= count; i++) {
            size_t width = text_width(i == 0 ? it->name : it->cells[i - 1]);

            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    if (!opt_no_headers) {
        str_add(to, paint(fogctl, "bold"));
        add_line(fogctl, head.name, head.cells, widths, count, to);
        str_add(to, paint(fogctl, "off"));
    }
    for (size_t row = 0; row < row_count; row++) {
        add_line(fogctl, items[row].name, items[row].cells, widths, count, to);
    }
}

/* Those that were named, or those that are selected; NULL after having said why not. */
static struct node *read_objects(struct fogctl *fogctl, const struct kind *kind)
{
    struct node *list = node_list(&fogctl->arena);

    if (opt_names.count == 0) {
        return list_selected(fogctl, kind, &opt_selection, NULL);
    }
    vec_each (&opt_names, it) {
        struct node *object = http_get(fogctl, kind_path(fogctl, kind, *it));

        if (object == NULL) {
            return NULL;
        }
        node_add(&fogctl->arena, list, object);
    }
    return list;
}

/* False after having said why not. */
static bool look(struct fogctl *fogctl, const struct view *view, struct str *to)
{
    const struct node *list = read_objects(fogctl, kind_get(view->kind));
    const struct node *work =
        list == NULL ? NULL : list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL, NULL, NULL);
    struct top_row *items;
    size_t count = list_count(list);

    if (work == NULL) {
        return false;
    }
    items = arena_array(&fogctl->arena, count + 1, sizeof(items[0]));
    fill_rows(fogctl, view, list, work, items);
    qsort(items, count, sizeof(items[0]), compare_rows);
    add_table(fogctl, view, items, count, to);
    if (count == 0) {
        str_add(to, "No resources found\n");
    }
    return true;
}

/* --- the verb --------------------------------------------------------------------------------- */

static int print_objects(struct fogctl *fogctl, const struct view *view)
{
    const struct node *list = read_objects(fogctl, kind_get(view->kind));

    return list == NULL ? EXIT_FAILED : writing_print_list(fogctl, &opt_shown, list);
}

static int print_once(struct fogctl *fogctl, const struct view *view)
{
    struct str text = STR_EMPTY;
    bool is_fine = look(fogctl, view, &text);

    fputs(text.data, stdout);
    str_fini(&text);
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

/* A controller that restarts is waited for; what is said of it goes to the screen till then. */
static bool is_there(struct fogctl *fogctl)
{
    const struct request request = {.method = "GET", .path = "/version", .retry_ms = TOP_RETRY_MS};
    struct reply reply;

    return http_call(fogctl, &request, &reply);
}

static int show(struct fogctl *fogctl, const struct view *view)
{
    bool is_fine = true;

    if (!writing_is_lines(&opt_shown)) {
        return print_objects(fogctl, view);
    }
    if (opt_once || !screen_open()) {
        return print_once(fogctl, view);
    }
    do {
        struct str text = STR_EMPTY;
        struct arena saved;

        scratch_begin(fogctl, &saved);
        is_fine = is_there(fogctl) && look(fogctl, view, &text);
        if (is_fine) {
            screen_draw(text.data, NULL);
        }
        scratch_end(fogctl, &saved);
        str_fini(&text);
    } while (is_fine && screen_wait(opt_interval_ms));
    screen_close();
    return is_fine ? EXIT_DONE : fail(NULL, "the controller was lost");
}

static bool is_sort_known(void)
{
    static const char *const words[] = {"name", "cpu", "memory", "battery", "temperature", "runs"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(opt_sort, words[i])) {
            return true;
        }
    }
    return false;
}

/* "agent/edge-1 agent/edge-2" is "agents edge-1 edge-2".  False after having said why not. */
static bool take_slashes(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    bool is_fine = true;

    if (words->count == 0 || strchr(words->items[0], '/') == NULL) {
        return true;
    }
    is_fine = targets_read(fogctl, words, &targets);
    vec_each (&targets, it) {
        if (is_fine && (it->name == NULL || it->kind != targets.items[0].kind)) {
            (void)usage_error(&verb_top, "one kind at a time");
            is_fine = false;
        }
    }
    if (is_fine) {
        vec_clear(words);
        vec_add(words, targets.items[0].kind->plural);
        vec_each (&targets, it) {
            vec_add(words, it->name);
        }
    }
    vec_fini(&targets);
    return is_fine;
}

static int top_fleet(struct fogctl *fogctl)
{
    const struct top_options options = {opt_selection.labels, opt_selection.where, opt_sort,
                                        opt_interval_ms};
    struct node *root;

    if (looking_check(fogctl, &verb_top, &opt_shown, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (!top_is_sort(opt_sort)) {
        return usage_error(&verb_top,
                           "--sort-by is name, state, battery, temperature, load or work, not "
                           "\"%s\"",
                           opt_sort);
    }
    if (writing_is_lines(&opt_shown)) {
        return opt_once || !screen_is_there() ? top_fleet_once(fogctl, &options)
                                              : top_fleet_live(fogctl, &options);
    }
    root = top_fleet_tree(fogctl, &options);
    return root == NULL ? EXIT_FAILED : writing_print_objects(fogctl, &opt_shown, &root, 1);
}

static int top(struct fogctl *fogctl, struct texts *words)
{
    bool is_fine = take_slashes(fogctl, words);
    const struct kind *kind = words->count > 0 ? kind_find_word(words->items[0]) : NULL;
    bool is_sessions = words->count > 0 && str_eq(words->items[0], "sessions");

    if (!is_fine) {
        return EXIT_USAGE;
    }
    opt_interval_ms = opt_interval_ms < INTERVAL_MIN_MS ? INTERVAL_MIN_MS : opt_interval_ms;
    if (words->count == 0) {
        return top_fleet(fogctl);
    }
    if (words->count > 1 && selection_is_given(&opt_selection)) {
        return usage_error(&verb_top, "either names or selectors, not both");
    }
    opt_names = (struct texts){.items = words->items + 1, .count = words->count - 1};
    if (looking_check(fogctl, &verb_top, &opt_shown, true) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (!is_sessions &&
        (kind == NULL || (kind->id != KIND_AGENT && kind->id != KIND_HARVEST_SESSION))) {
        const char *instead = foreign_kind(words->items[0]);

        return usage_error(&verb_top, "\"%s\": agents or sessions can be shown%s%s",
                           words->items[0], instead == NULL ? "" : "; ",
                           instead == NULL ? "" : instead);
    }
    if (!is_sort_known()) {
        return usage_error(&verb_top,
                           "--sort-by is name, cpu, memory, battery, temperature or runs, not "
                           "\"%s\"",
                           opt_sort);
    }
    return show(fogctl,
                is_sessions || kind->id == KIND_HARVEST_SESSION ? &sessions_view : &agents_view);
}
