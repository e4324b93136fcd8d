/* get: objects as tables or text, now or as they change. */
#include "schema/json.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/output.h"

#include <stdio.h>
#include <time.h>

static const char *opt_output, *opt_labels, *opt_fields;
static bool opt_watch, opt_no_headers;

static const struct option_row rows[] = {
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "wide, yaml, json or name", NULL},
    {"selector", 'l', OPTION_TEXT, &opt_labels, "LABELS",
     "only those with these labels: site=north,tier in (a,b)", NULL},
    {"field-selector", 0, OPTION_TEXT, &opt_fields, "FIELDS",
     "only those with these fields: spec.agent=edge-1", NULL},
    {"watch", 'w', OPTION_FLAG, &opt_watch, NULL, "go on printing what changes", NULL},
    {"no-headers", 0, OPTION_FLAG, &opt_no_headers, NULL, "no line of column names", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int get(struct fogctl *fogctl, struct texts *words);

const struct verb verb_get = {
    "get",
    "show objects",
    "get KIND[,KIND…] [NAME…] | KIND/NAME… | all [options]",
    "  fogctl get all\n"
    "  fogctl get agents -o wide\n"
    "  fogctl get hs/render -o yaml\n"
    "  fogctl get assignments -l session=render -w\n",
    options,
    get,
};

/* What one target gives: a list, or a list of the one. */
static struct node *fetch(struct fogctl *fogctl, const struct target *target,
                          const char **ret_revision)
{
    struct node *list, *object;

    if (target->name == NULL) {
        return list_objects(fogctl, target->kind, opt_labels, opt_fields, ret_revision);
    }
    object = http_get(fogctl, kind_path(fogctl, target->kind, target->name));
    if (object == NULL) {
        return NULL;
    }
    list = node_list(&fogctl->arena);
    node_add(&fogctl->arena, list, object);
    *ret_revision = node_find_text(node_find(object, "metadata"), "resourceVersion");
    return list;
}

/* Names of one kind that follow one another share a table; `index` moves to the last of them. */
static struct node *fetch_group(struct fogctl *fogctl, const struct targets *targets, size_t *index,
                                const char **ret_revision)
{
    const struct target *first = &targets->items[*index];
    struct node *list = fetch(fogctl, first, ret_revision);

    while (first->name != NULL && *index + 1 < targets->count &&
           targets->items[*index + 1].kind == first->kind &&
           targets->items[*index + 1].name != NULL) {
        struct node *more = fetch(fogctl, &targets->items[++*index], ret_revision);

        if (more != NULL && list != NULL) {
            node_add(&fogctl->arena, list, more->list.items[0]);
        } else if (list == NULL) {
            list = more;
        }
    }
    return list;
}

static void print_table(struct fogctl *fogctl, struct table *table, const struct kind *kind,
                        bool wide, const struct node *list, bool with_kind)
{
    const char *prefix = with_kind ? kind_title(fogctl, kind, "") : "";

    table_init(table, kind_columns(kind, wide));
    table_head(fogctl, table, kind, wide);
    for (size_t i = 0; i < list->list.count; i++) {
        table_row(fogctl, table, kind, wide, list->list.items[i], prefix);
    }
    table_print(table, opt_no_headers ? 1 : 0);
}

/* --- watching --------------------------------------------------------------------------------- */

struct watching {
    struct fogctl *fogctl;
    const struct kind *kind;
    struct table *table;
    enum output output;
    bool wide, has_expired;
    char revision[32];
    const char *prefix;
};

static bool on_event(void *context, const char *text, size_t length)
{
    struct watching *watching = context;
    struct fogctl *fogctl = watching->fogctl;
    struct problems problems;
    struct node *event, *object;
    const char *type, *revision;

    problems_init(&problems, &fogctl->arena, NULL);
    if (json_parse(&fogctl->arena, text, length, JSON_PLAIN, &problems, &event) < 0) {
        return true;
    }
    type = node_find_text(event, "type");
    object = node_find(event, "object");
    if (str_eq(type, "ERROR")) {
        watching->has_expired = true;
        return false;
    }
    revision = node_find_text(node_find(object, "metadata"), "resourceVersion");
    if (revision != NULL) {
        (void)snprintf(watching->revision, sizeof(watching->revision), "%s", revision);
    }
    if (str_eq(type, "BOOKMARK")) {
        return true;
    }
    if (watching->output == OUTPUT_TABLE || watching->output == OUTPUT_WIDE) {
        size_t row = watching->table->cells.count / watching->table->columns;

        table_row(fogctl, watching->table, watching->kind, watching->wide, object,
                  str_eq(type, "DELETED") ? "(deleted) " : watching->prefix);
        table_print(watching->table, row);
        vec_clear(&watching->table->cells);
    } else {
        output_objects(fogctl, watching->output, &object, 1, false);
    }
    (void)fflush(stdout);
    return true;
}

/* Goes on after the stream breaks off, from the revision it had got to; ends only when told to. */
static int watch(struct fogctl *fogctl, const struct target *target, struct watching *watching)
{
    const struct timespec pause = {0, 500 * 1000000L};
    const char *fields = target->name == NULL
                             ? opt_fields
                             : arena_printf(&fogctl->arena, "metadata.name=%s", target->name);

    for (;;) {
        const char *path = arena_printf(
            &fogctl->arena, "%s?watch=true&resourceVersion=%s&labelSelector=%s&fieldSelector=%s",
            kind_path(fogctl, target->kind, NULL), watching->revision,
            url_escape(fogctl, opt_labels == NULL ? "" : opt_labels),
            url_escape(fogctl, fields == NULL ? "" : fields));
        long code = 0;

        (void)http_stream(fogctl, path, true, on_event, watching, 0, &code);
        if (code >= 400) {
            return fail(NULL, "the watch was refused (%ld)", code);
        }
        if (watching->has_expired) { /* too far behind: from what there is now */
            watching->has_expired = false;
            (void)snprintf(watching->revision, sizeof(watching->revision), "0");
        }
        (void)nanosleep(&pause, NULL);
    }
}

/* --- the verb --------------------------------------------------------------------------------- */

static int get_tables(struct fogctl *fogctl, const struct targets *targets, enum output output)
{
    bool wide = output == OUTPUT_WIDE, printed = false;
    int code = EXIT_DONE;

    for (size_t i = 0; i < targets->count && !fogctl->is_unreachable; i++) {
        const struct target *target = &targets->items[i];
        const char *revision = "0";
        struct node *list = fetch_group(fogctl, targets, &i, &revision);
        struct watching watching = {
            .fogctl = fogctl, .kind = target->kind, .output = output, .wide = wide, .prefix = ""};
        struct table table;

        if (list == NULL) {
            code = EXIT_FAILED;
            continue;
        }
        if (list->list.count == 0 && !opt_watch) {
            continue;
        }
        if (printed) {
            putchar('\n');
        }
        print_table(fogctl, &table, target->kind, wide, list, targets->count > 1);
        printed = true;
        if (opt_watch) {
            (void)fflush(stdout);
            vec_clear(&table.cells);
            watching.table = &table;
            (void)snprintf(watching.revision, sizeof(watching.revision), "%s", revision);
            code = watch(fogctl, target, &watching);
        }
        table_fini(&table);
    }
    if (!printed && code == EXIT_DONE) {
        fputs("No resources found\n", stderr);
    }
    return code;
}

static int get_text(struct fogctl *fogctl, const struct targets *targets, enum output output)
{
    struct node *all = node_list(&fogctl->arena);
    bool is_list = targets->count != 1 || targets->items[0].name == NULL;
    const char *revision = "0";

    for (size_t i = 0; i < targets->count; i++) {
        struct node *list = fetch(fogctl, &targets->items[i], &revision);

        if (list == NULL) {
            return EXIT_FAILED;
        }
        for (size_t j = 0; j < list->list.count; j++) {
            node_add(&fogctl->arena, all, list->list.items[j]);
        }
    }
    output_objects(fogctl, output, all->list.items, all->list.count, is_list);
    if (opt_watch) {
        struct watching watching = {
            .fogctl = fogctl, .kind = targets->items[0].kind, .output = output, .prefix = ""};

        (void)snprintf(watching.revision, sizeof(watching.revision), "%s", revision);
        return watch(fogctl, &targets->items[0], &watching);
    }
    return EXIT_DONE;
}

static int get(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    enum output output;
    int code = EXIT_USAGE;

    if (words->count == 0) {
        return usage_error(&verb_get, "what? for example: fogctl get all");
    }
    if (output_from_str(opt_output, &output) && targets_read(fogctl, words, &targets)) {
        if (opt_watch && targets.count != 1) {
            code = usage_error(&verb_get, "-w watches one kind or one object");
        } else if (output == OUTPUT_TABLE || output == OUTPUT_WIDE) {
            code = get_tables(fogctl, &targets, output);
        } else {
            code = get_text(fogctl, &targets, output);
        }
    }
    vec_fini(&targets);
    return code;
}
