/* describe: everything about one object. */
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/columns.h"
#include "schema/yaml.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/past.h"
#include "tools/fogctl/writing.h"

#include <inttypes.h>
#include <stdio.h>

static struct texts opt_files;
static struct selection opt_selection;
static struct writing opt_shown;
static struct past_options opt_past;

static const struct option_row rows[] = {
    FILES_ROW(opt_files), LABELS_ROW(opt_selection), WHERE_ROW(opt_selection),
    TREE_ROW(opt_shown),  PAST_ROWS(opt_past),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int describe(struct fogctl *fogctl, struct texts *words);

const struct verb verb_describe = {
    "describe",
    "everything about one object: spec, who owns its fields, conditions, status, events",
    "describe KIND/NAME… | KIND [NAME…] [-l LABELS] | -f FILE…",
    "  fogctl describe hs/render\n  fogctl describe agent edge-1\n"
    "  fogctl describe hs/render --at 1h\n",
    options,
    describe,
};

static void print_section(const char *title, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (node == NULL || (node->type == NODE_MAP && node->map.count == 0)) {
        return;
    }
    yaml_emit(node, &text);
    printf("%s:\n", title);
    for (char *line = text.data; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        bool has_more = line[length] == '\n';

        line[length] = '\0';
        fputs("  ", stdout);
        text_put(stdout, line);
        putchar('\n');
        line += length + has_more;
    }
}

static void print_conditions(struct fogctl *fogctl, const struct node *conditions)
{
    static const char *const head[] = {"TYPE", "STATUS", "REASON", "FOR", "MESSAGE"};
    struct table table;

    if (list_count(conditions) == 0) {
        return;
    }
    puts("Conditions:");
    table_init(&table, COUNT_OF(head));
    table.indent = 2;
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = 0; i < conditions->list.count; i++) {
        const struct node *condition = conditions->list.items[i];

        vec_add(&table.cells, text_of(condition, "type"));
        vec_add(&table.cells, text_of(condition, "status"));
        vec_add(&table.cells, text_of(condition, "reason"));
        vec_add(&table.cells, age_since(fogctl, node_find_text(condition, "lastTransitionTime")));
        vec_add(&table.cells, text_of(condition, "message"));
    }
    table_print(&table, 0);
    table_fini(&table);
}

/* --- tasks ------------------------------------------------------------------------------------ */

enum { FAILURES_SHOWN = 10 };

static void print_failures(struct fogctl *fogctl, const struct node *failures)
{
    static const char *const head[] = {"FAILED", "AGENT", "ATTEMPTS", "EXIT", "REASON"};
    struct table table;

    if (list_count(failures) == 0) {
        return;
    }
    table_init(&table, COUNT_OF(head));
    table.indent = 2;
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = 0; i < failures->list.count && i < FAILURES_SHOWN; i++) {
        const struct node *it = failures->list.items[i];
        bool has_code = node_find(it, "exitCode") != NULL;

        vec_add(&table.cells, arena_printf(&fogctl->arena, "%" PRId64, int_of(it, "index")));
        vec_add(&table.cells, text_of(it, "agent"));
        vec_add(&table.cells, arena_printf(&fogctl->arena, "%" PRId64, int_of(it, "attempts")));
        vec_add(&table.cells,
                has_code ? arena_printf(&fogctl->arena, "%" PRId64, int_of(it, "exitCode")) : "");
        vec_add(&table.cells, text_of(it, "reason"));
    }
    table_print(&table, 0);
    table_fini(&table);
}

/* The newest failures, and how many there are of everything; the lists themselves are for
 * `results`, and are taken out of the status. */
static void print_tasks(struct fogctl *fogctl, const char *name, const struct node *object)
{
    static const char *const lists[] = {"failures", "results", "ends"};
    struct node *status = node_find(object, "status"), *tasks = node_find(status, "tasks");
    const struct node *failures = node_find(tasks, "failures");
    size_t shown = list_count(failures) < FAILURES_SHOWN ? list_count(failures) : FAILURES_SHOWN;
    int64_t failed = int_of(status, "failed"), left_out = failed - (int64_t)shown;

    if (tasks == NULL) {
        return;
    }
    printf("Tasks:\n  %" PRId64 " of %" PRId64 " have succeeded, %" PRId64 " failed, %" PRId64
           " are under way\n",
           int_of(status, "succeeded"), int_of(node_find_path(object, "spec.tasks"), "count"),
           failed, int_of(tasks, "active"));
    print_failures(fogctl, failures);
    if (left_out > 0) {
        printf("  and %" PRId64 " more that failed: fogctl results %s --failed\n", left_out,
               text_shown(fogctl, name));
    }
    if (list_count(node_find(tasks, "results")) > 0) {
        size_t made = list_count(node_find(tasks, "results"));

        printf("  outputs of %zu task%s: fogctl results %s\n", made, made == 1 ? "" : "s",
               text_shown(fogctl, name));
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        (void)node_remove(tasks, lists[i]);
    }
}

/* False after having said that they cannot be read. */
static bool print_related(struct fogctl *fogctl, const char *title, const struct kind *kind,
                          const char *selector)
{
    struct node *list = list_objects(fogctl, kind, NULL, selector, NULL);

    if (list_count(list) > 0) {
        struct table table;

        printf("%s:\n", title);
        if (kind->id == KIND_EVENT) {
            events_sort(list);
            events_table(fogctl, &table, list);
        } else {
            table_init(&table, kind_columns(kind, false));
            table_head(fogctl, &table, kind, false);
            for (size_t i = 0; i < list->list.count; i++) {
                table_row(fogctl, &table, kind, false, list->list.items[i], "");
            }
        }
        table.indent = 2;
        table_print(&table, 0);
        table_fini(&table);
    }
    return list != NULL;
}

static const char *work_selector(struct fogctl *fogctl, const struct target *target)
{
    return arena_printf(&fogctl->arena, "spec.%s=%s",
                        target->kind->id == KIND_AGENT ? "agent" : "session", target->name);
}

static const char *events_selector(struct fogctl *fogctl, const struct target *target)
{
    return arena_printf(&fogctl->arena, "involvedObject.name=%s,involvedObject.kind=%s",
                        target->name, target->kind->name);
}

static bool has_work(const struct target *target)
{
    return target->kind->id == KIND_HARVEST_SESSION || target->kind->id == KIND_AGENT;
}

/* The same for programs: {object, assignments, events}.  NULL after having said why not. */
static struct node *tree_of(struct fogctl *fogctl, const struct target *target)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena);
    struct node *object = http_get(fogctl, object_path(fogctl, target->kind, target->name));
    struct node *work = node_list(arena), *events;

    if (object != NULL && has_work(target)) {
        work = list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL, work_selector(fogctl, target),
                            NULL);
    }
    if (object == NULL || work == NULL) {
        return NULL;
    }
    events =
        list_objects(fogctl, kind_get(KIND_EVENT), NULL, events_selector(fogctl, target), NULL);
    if (events == NULL) {
        return NULL;
    }
    node_set(arena, root, "object", object);
    if (has_work(target)) {
        node_set(arena, root, "assignments", work);
    }
    events_sort(events);
    node_set(arena, root, "events", events);
    return root;
}

static int describe_one(struct fogctl *fogctl, const struct target *target)
{
    struct node *object = http_get(fogctl, object_path(fogctl, target->kind, target->name));
    struct node *meta = node_find(object, "metadata"), *status = node_find(object, "status");

    if (object == NULL) {
        return EXIT_FAILED;
    }
    printf("Name:        %s\nKind:        %s\n", text_shown(fogctl, target->name),
           target->kind->name);
    printf("UID:         %s\n", text_shown(fogctl, text_of(meta, "uid")));
    printf("Created:     %s (%s ago)\n", text_shown(fogctl, text_of(meta, "creationTimestamp")),
           age_since(fogctl, node_find_text(meta, "creationTimestamp")));
    if (node_find(meta, "deletionTimestamp") != NULL) {
        printf("Deleted:     %s ago, not gone yet\n",
               age_since(fogctl, node_find_text(meta, "deletionTimestamp")));
    }
    print_section("Finalizers", node_find(meta, "finalizers"));
    print_section("Owners", node_find(meta, "ownerReferences"));
    print_section("Labels", node_find(meta, "labels"));
    print_section("Annotations", node_find(meta, "annotations"));
    print_section("Spec", node_find(object, "spec"));
    print_fields_owned(fogctl, node_find(meta, "managedFields"));
    print_conditions(fogctl, node_find(status, "conditions"));
    if (status != NULL) {
        (void)node_remove(status, "conditions");
    }
    print_tasks(fogctl, target->name, object);
    print_section("Status", status);
    if (has_work(target) && !print_related(fogctl, "Assignments", kind_get(KIND_ASSIGNMENT),
                                           work_selector(fogctl, target))) {
        return EXIT_FAILED;
    }
    return print_related(fogctl, "Events", kind_get(KIND_EVENT), events_selector(fogctl, target))
               ? EXIT_DONE
               : EXIT_FAILED;
}

static int describe_trees(struct fogctl *fogctl, const struct targets *targets)
{
    struct node **trees = arena_array(&fogctl->arena, targets->count + 1, sizeof(trees[0]));
    size_t count = 0;

    for (size_t i = 0; i < targets->count && !fogctl->is_unreachable; i++) {
        trees[count] = tree_of(fogctl, &targets->items[i]);
        count += trees[count] != NULL;
    }
    return count == 0 || writing_print_objects(fogctl, &opt_shown, trees, count) != EXIT_DONE ||
                   count < targets->count
               ? EXIT_FAILED
               : EXIT_DONE;
}

static int describe(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = looking_check(fogctl, &verb_describe, &opt_shown, false);

    if (code == EXIT_DONE) {
        code = past_begin(fogctl, &verb_describe, &opt_past);
    }
    code = code == EXIT_DONE
               ? targets_named(fogctl, &verb_describe, words, &opt_files, &opt_selection, &targets)
               : code;
    if (!writing_is_lines(&opt_shown)) {
        code = code == EXIT_DONE && targets.count > 0 ? describe_trees(fogctl, &targets) : code;
        targets.count = 0;
    }
    for (size_t i = 0; i < targets.count && !fogctl->is_unreachable; i++) {
        if (i > 0) {
            puts("---");
        }
        if (describe_one(fogctl, &targets.items[i]) != EXIT_DONE) {
            code = EXIT_FAILED;
        }
    }
    vec_fini(&targets);
    vec_fini(&opt_files);
    return code;
}
