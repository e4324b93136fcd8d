/* get: objects as tables or text, now or as they change. */
#include "schema/base/map.h"
#include "schema/base/mem.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/arrange.h"
#include "tools/fogctl/form.h"
#include "tools/fogctl/live.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/past.h"
#include "tools/fogctl/screen.h"

#include <stdio.h>
#include <stdlib.h>

static const char *opt_output, *opt_labels, *opt_fields, *opt_where;
static struct form form; /* of OUTPUT_FORM */
static const char *opt_sort;
static const struct jsonpath *sorted_by; /* what opt_sort says; NULL: they stay as they come */
static struct texts opt_columns;
static struct texts opt_files;
static bool opt_watch, opt_no_headers, opt_events, opt_labels_shown, opt_ignore;
static int64_t opt_silence_ms = 3 * (int64_t)WATCH_BOOKMARK_MS;
static struct past_options opt_past;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM",
     "wide, yaml, json, name, jsonpath[-file]=…, custom-columns[-file]=NAME:PATH,…", NULL},
    {"selector", 'l', OPTION_TEXT, &opt_labels, "LABELS",
     "only those with these labels: 'site=north,tier in (a,b)'", NULL},
    {"field-selector", 0, OPTION_TEXT, &opt_fields, "FIELDS",
     "only those with these fields: spec.agent=edge-1", NULL},
    {"where", 0, OPTION_TEXT, &opt_where, "CONDITION",
     "only agents of which this holds: 'sensors.battery >= 40 && region in (north, east)'", NULL},
    {"watch", 'w', OPTION_FLAG, &opt_watch, NULL,
     "go on printing what changes; on a terminal the table is kept in place, and q ends it", NULL},
    {"output-watch-events", 0, OPTION_FLAG, &opt_events, NULL,
     "with -w: say whether it was added, modified or deleted", NULL},
    {"stale-after", 0, OPTION_DURATION, &opt_silence_ms, "TIME",
     "with -w: connect anew when nothing came for so long (default 3m)", NULL},
    {"show-labels", 0, OPTION_FLAG, &opt_labels_shown, NULL, "a last column of all labels", NULL},
    {"label-columns", 'L', OPTION_LIST, &opt_columns, "KEY[,KEY…]",
     "a column for each of these labels", NULL},
    {"sort-by", 0, OPTION_TEXT, &opt_sort, "PATH", "by what stands at .metadata.name, …", NULL},
    {"no-headers", 0, OPTION_FLAG, &opt_no_headers, NULL, "no line of column names", NULL},
    {"ignore-not-found", 0, OPTION_FLAG, &opt_ignore, NULL,
     "say nothing of a name that is not there, and exit with 0", NULL},
    {"show-managed-fields", 0, OPTION_FLAG, &output_managed_fields, NULL,
     "with -o yaml and json: who owns which fields", NULL},
    PAST_ROWS(opt_past),
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
    "get KIND[,KIND…] [NAME…] | KIND/NAME… | all | -f FILE… [options]",
    "  fogctl get all\n"
    "  fogctl get agents -o wide\n"
    "  fogctl get agents --where 'sensors.battery >= 40 && region in (north, east)'\n"
    "  fogctl get hs/render -o yaml\n"
    "  fogctl get assignments --at 10m\n"
    "  fogctl get assignments -l fog/session=render -w\n"
    "  fogctl get hs,assignments -w --output-watch-events\n"
    "  fogctl get agents -L site --sort-by .status.capacity.memory\n"
    "  fogctl get asg -o custom-columns=NAME:.metadata.name,ON:.spec.agent\n"
    "  fogctl get agents -o jsonpath='{range .items[*]}{.metadata.name}{\"\\n\"}{end}'\n",
    options,
    get,
};

/* One object, or NULL; what is not there is an error unless it may be so. */
static struct node *fetch_one(struct fogctl *fogctl, const struct target *target, bool *ret_is_fine)
{
    const char *path = object_path(fogctl, target->kind, target->name);
    struct reply reply;

    *ret_is_fine = http_call(fogctl, &(struct request){.method = "GET", .path = path}, &reply);
    if (!*ret_is_fine || (reply.code == 404 && opt_ignore)) {
        return NULL;
    }
    *ret_is_fine = reply.code == 200 && reply.root != NULL && reply.root->type == NODE_MAP;
    if (!*ret_is_fine) {
        (void)reply_failed(&reply);
    }
    return *ret_is_fine ? reply.root : NULL;
}

/* What one target gives: a list, or a list of the one, or of none.  NULL after having said why not.
 */
static struct node *fetch(struct fogctl *fogctl, const struct target *target,
                          const char **ret_revision)
{
    struct node *list, *object;
    bool is_fine;

    if (target->name == NULL) {
        const struct selection selection = {opt_labels, opt_fields, opt_where};

        return list_selected(fogctl, target->kind, &selection, ret_revision);
    }
    object = fetch_one(fogctl, target, &is_fine);
    if (!is_fine) {
        return NULL;
    }
    list = node_list(&fogctl->arena);
    if (object != NULL) {
        node_add(&fogctl->arena, list, object);
        *ret_revision = node_find_text(node_find(object, "metadata"), "resourceVersion");
    }
    return list;
}

/* A table, or a part of the text: one target, or names of one kind that follow one another. */
struct group {
    const struct kind *kind;
    const char *name;     /* NULL: all of the kind; of several names, the only one watched */
    const char *revision; /* that it was read at */
    const struct node *list;
};

/* The group that begins at `*index`, which moves to its last target.  False when one of its
 * objects could not be read; then the list holds the others, or is NULL. */
static bool fetch_group(struct fogctl *fogctl, const struct targets *targets, size_t *index,
                        struct group *ret_group)
{
    const struct target *first = &targets->items[*index];
    struct node *all = fetch(fogctl, first, &ret_group->revision);
    bool is_fine = all != NULL;

    ret_group->kind = first->kind;
    ret_group->name = first->name;
    while (first->name != NULL && *index + 1 < targets->count && !fogctl->is_unreachable &&
           targets->items[*index + 1].kind == first->kind &&
           targets->items[*index + 1].name != NULL) {
        struct node *more = fetch(fogctl, &targets->items[++*index], &ret_group->revision);

        is_fine = is_fine && more != NULL;
        if (list_count(more) > 0 && all != NULL) {
            node_add(&fogctl->arena, all, more->list.items[0]);
        } else if (all == NULL) {
            all = more;
        }
    }
    ret_group->list = all;
    if (sorted_by != NULL && all != NULL) {
        objects_sort(fogctl, sorted_by, all);
    }
    return is_fine;
}

static bool has_several_kinds(const struct targets *targets)
{
    for (size_t i = 1; i < targets->count; i++) {
        if (targets->items[i].kind != targets->items[0].kind) {
            return true;
        }
    }
    return false;
}

/* --- tables ----------------------------------------------------------------------------------- */

static void add_row(struct fogctl *fogctl, struct table *table, const struct group *group,
                    bool wide, const struct node *object, const char *event, const char *prefix)
{
    if (opt_events) {
        vec_add(&table->cells, event);
    }
    table_row(fogctl, table, group->kind, wide, object, prefix);
    vec_each (&opt_columns, it) {
        vec_add(&table->cells, label_of(object, *it));
    }
    if (opt_labels_shown) {
        vec_add(&table->cells, labels_shown(fogctl, object));
    }
}

static void print_table(struct fogctl *fogctl, FILE *to, struct table *table,
                        const struct group *group, bool wide, const char *prefix)
{
    table_init(table,
               kind_columns(group->kind, wide) + opt_events + opt_columns.count + opt_labels_shown);
    if (opt_events) {
        vec_add(&table->cells, "EVENT");
        table->widths[0] = strlen("MODIFIED");
    }
    table_head(fogctl, table, group->kind, wide);
    vec_each (&opt_columns, it) {
        vec_add(&table->cells, label_head(fogctl, *it));
    }
    if (opt_labels_shown) {
        vec_add(&table->cells, "LABELS");
    }
    for (size_t i = 0; i < list_count(group->list); i++) {
        add_row(fogctl, table, group, wide, group->list->list.items[i], "ADDED", prefix);
    }
    table_print_to(to, table, opt_no_headers ? 1 : 0);
    vec_clear(&table->cells);
}

/* --- watching --------------------------------------------------------------------------------- */

struct watching {
    struct fogctl *fogctl;
    struct group group;
    struct table table;
    enum output output;
    const char *prefix;
    char revision[32];
    struct map known;  /* name → its resourceVersion, owned: what was told last of each */
    struct map seen;   /* the same, of a list that comes anew */
    bool is_anew;      /* it was too far behind: everything is being told once more */
    struct live *live; /* borrowed: where it is drawn; NULL: it is told line by line */
    size_t place;      /* its table there */
};

enum { KNOWN_TEXT_SIZE = 24 };

static const char *name_of(const struct node *object)
{
    return text_of(node_find(object, "metadata"), "name");
}

static void note(struct map *known, const struct node *object)
{
    char *revision = mem_alloc(KNOWN_TEXT_SIZE);

    (void)snprintf(revision, KNOWN_TEXT_SIZE, "%s",
                   text_of(node_find(object, "metadata"), "resourceVersion"));
    free(map_put(known, name_of(object), revision));
}

static void forget_all(struct map *known)
{
    map_each (known, it) {
        free(it->value);
    }
    map_clear(known);
}

struct all_watching {
    VEC_OF(struct watching);
};

static void print_text_event(struct fogctl *fogctl, enum output output, const char *type,
                             struct node *object)
{
    if (output == OUTPUT_FORM) {
        (void)form_print_event(fogctl, &form, type, object);
    } else {
        output_event(fogctl, output, opt_events ? type : NULL, object);
    }
}

static void print_event(struct watching *watching, const char *type, struct node *object)
{
    struct fogctl *fogctl = watching->fogctl;
    bool wide = watching->output == OUTPUT_WIDE;

    if (watching->live != NULL && str_eq(type, "DELETED")) {
        live_remove(watching->live, watching->place, name_of(object));
    } else if (watching->live != NULL) {
        live_put(watching->live, watching->place, object);
    } else if (watching->output == OUTPUT_TABLE || wide) {
        const char *prefix = str_eq(type, "DELETED") && !opt_events
                                 ? arena_printf(&fogctl->arena, "(deleted) %s", watching->prefix)
                                 : watching->prefix;

        add_row(fogctl, &watching->table, &watching->group, wide, object, type, prefix);
        table_print(&watching->table, 0);
        vec_clear(&watching->table.cells);
    } else {
        print_text_event(fogctl, watching->output, type, object);
    }
    (void)fflush(stdout);
}

/* Of what comes anew only what is news is told. */
static void tell_again(struct watching *watching, struct node *object)
{
    const char *revision = text_of(node_find(object, "metadata"), "resourceVersion");
    const char *told = map_find(&watching->known, name_of(object));

    note(&watching->seen, object);
    if (!str_eq(told, revision)) {
        print_event(watching, told == NULL ? "ADDED" : "MODIFIED", object);
        note(&watching->known, object);
    }
}

/* Everything was told: what is not among it has gone meanwhile, and only its name is known. */
static void end_anew(struct watching *watching)
{
    struct arena *arena = &watching->fogctl->arena;
    const struct kind *kind = watching->group.kind;

    map_each (&watching->known, it) {
        if (map_find(&watching->seen, it->key) == NULL) {
            struct node *object = node_map(arena), *meta = node_map(arena);

            node_set(arena, meta, "name", node_str(arena, it->key));
            node_set(arena, object, "apiVersion", node_str(arena, kind->api_version));
            node_set(arena, object, "kind", node_str(arena, kind->name));
            node_set(arena, object, "metadata", meta);
            print_event(watching, "DELETED", object);
            free(map_remove(&watching->known, it->key));
        }
    }
    forget_all(&watching->seen);
    watching->is_anew = false;
}

static void tell(struct watching *watching, const char *type, struct node *object)
{
    if (watching->is_anew) {
        tell_again(watching, object);
        return;
    }
    print_event(watching, type, object);
    if (str_eq(type, "DELETED")) {
        free(map_remove(&watching->known, name_of(object)));
    } else {
        note(&watching->known, object);
    }
}

static void take_event(struct watching *watching, const char *text, size_t length)
{
    struct arena *arena = &watching->fogctl->arena;
    struct problems problems;
    struct node *event, *object;
    const char *type, *revision;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, text, length, JSON_PLAIN, &problems, &event) < 0) {
        return;
    }
    type = text_of(event, "type");
    object = node_find(event, "object");
    if (str_eq(type, "ERROR")) { /* too far behind: from what there is now */
        (void)snprintf(watching->revision, sizeof(watching->revision), "0");
        watching->is_anew = true;
        forget_all(&watching->seen);
        return;
    }
    if (!str_eq(type, "BOOKMARK")) {
        tell(watching, type, object);
    } else if (watching->is_anew && node_find(node_find_path(object, "metadata.annotations"),
                                              "k8s.io/initial-events-end") != NULL) {
        end_anew(watching);
    }
    revision = node_find_text(node_find(object, "metadata"), "resourceVersion");
    if (revision != NULL &&
        !watching->is_anew) { /* before all of it came, it is told from the front */
        (void)snprintf(watching->revision, sizeof(watching->revision), "%s", revision);
    }
}

static bool on_event(void *context, const char *text, size_t length)
{
    struct watching *watching = context;
    struct arena saved;

    scratch_begin(watching->fogctl, &saved);
    take_event(watching, text, length);
    scratch_end(watching->fogctl, &saved);
    if (watching->live != NULL) {
        live_is_at(watching->live, watching->revision);
    }
    return true;
}

static void on_link(void *context, enum link link)
{
    struct watching *watching = context;

    live_link(watching->live, watching->place, link);
}

static int64_t on_turn(void *context)
{
    struct watching *watching = context;

    return live_turn(watching->live);
}

static void print_live(void *context, FILE *to, const struct node *list)
{
    struct watching *watching = context;
    struct group group = watching->group;

    group.list = list;
    table_fini(&watching->table);
    print_table(watching->fogctl, to, &watching->table, &group, watching->output == OUTPUT_WIDE,
                watching->prefix);
}

static void watch_live(struct live *live, struct watching *watching, size_t place,
                       struct stream *stream)
{
    watching->live = live;
    watching->place = place;
    live->tables[place].print = print_live;
    live->tables[place].context = watching;
    live_fill(live, place, watching->group.list);
    live_is_at(live, watching->revision);
    stream->link = on_link;
    stream->turn = on_turn;
}

/* Goes on after the stream breaks off, from the revision it had got to. */
static const char *watch_path(void *context)
{
    struct watching *watching = context;
    struct fogctl *fogctl = watching->fogctl;
    const char *fields =
        watching->group.name == NULL
            ? opt_fields
            : arena_printf(&fogctl->arena, "metadata.name=%s", watching->group.name);

    forget_all(&watching->seen); /* what broke off before its end begins again */
    return arena_printf(&fogctl->arena,
                        "%s?watch=true&resourceVersion=%s&labelSelector=%s&fieldSelector=%s"
                        "&allowWatchBookmarks=true%s",
                        kind_path(fogctl, watching->group.kind, NULL), watching->revision,
                        url_escape(fogctl, opt_labels == NULL ? "" : opt_labels),
                        url_escape(fogctl, fields == NULL ? "" : fields),
                        watching->is_anew ? "&sendInitialEvents=true" : "");
}

static void print_all(struct fogctl *fogctl, struct all_watching *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct watching *it = &all->items[i];

        fputs(i > 0 ? "\n" : "", stdout);
        print_table(fogctl, stdout, &it->table, &it->group, it->output == OUTPUT_WIDE, it->prefix);
    }
}

static void watch_begin(struct watching *watching, struct stream *ret_stream)
{
    const char *revision = watching->group.revision;

    map_init(&watching->known);
    map_init(&watching->seen);
    for (size_t i = 0; i < list_count(watching->group.list); i++) {
        note(&watching->known, watching->group.list->list.items[i]);
    }
    (void)snprintf(watching->revision, sizeof(watching->revision), "%s",
                   revision == NULL ? "0" : revision);
    *ret_stream = (struct stream){.path = watch_path(watching),
                                  .line = on_event,
                                  .again = watch_path,
                                  .context = watching,
                                  .silence_ms = opt_silence_ms};
}

/* Ends only when told to, or when it is refused. */
static int watch(struct fogctl *fogctl, struct all_watching *all, bool may_be_live)
{
    struct stream *streams = arena_array(&fogctl->arena, all->count, sizeof(streams[0]));
    struct live live = {0};
    bool is_live, is_fine;

    is_live = may_be_live && live_begin(&live, fogctl, all->count);
    if (may_be_live && !is_live) {
        print_all(fogctl, all);
    }
    (void)fflush(stdout);
    for (size_t i = 0; i < all->count; i++) {
        watch_begin(&all->items[i], &streams[i]);
        if (is_live) {
            watch_live(&live, &all->items[i], i, &streams[i]);
        }
    }
    is_fine = http_streams(fogctl, streams, all->count);
    live_end(&live);
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

/* --- the verb --------------------------------------------------------------------------------- */

/* On a terminal what is watched is drawn, and stands there when it is over. */
static bool is_drawn(enum output output)
{
    return opt_watch && !opt_events && (output == OUTPUT_TABLE || output == OUTPUT_WIDE) &&
           screen_is_there();
}

static int get_tables(struct fogctl *fogctl, const struct targets *targets, enum output output,
                      struct all_watching *all)
{
    bool is_empty = true, with_kind = has_several_kinds(targets);
    int code = EXIT_DONE;

    for (size_t i = 0; i < targets->count && !fogctl->is_unreachable; i++) {
        struct watching watching = {.fogctl = fogctl, .output = output};

        if (!fetch_group(fogctl, targets, &i, &watching.group)) {
            code = EXIT_FAILED;
        }
        if (watching.group.list == NULL || (list_count(watching.group.list) == 0 && !opt_watch)) {
            continue;
        }
        is_empty = false;
        watching.prefix = with_kind ? kind_title(fogctl, watching.group.kind, "") : "";
        vec_add(all, watching);
    }
    if (code != EXIT_DONE || !is_drawn(output)) {
        print_all(fogctl, all);
    }
    if (is_empty && code == EXIT_DONE && !opt_ignore) {
        fputs("No resources found\n", stderr);
    }
    return code;
}

static int get_text(struct fogctl *fogctl, const struct targets *targets, enum output output,
                    struct all_watching *all)
{
    struct node *objects = node_list(&fogctl->arena);
    bool is_list = targets->count != 1 || targets->items[0].name == NULL;
    int code = EXIT_DONE;

    for (size_t i = 0; i < targets->count && !fogctl->is_unreachable; i++) {
        struct watching watching = {.fogctl = fogctl, .output = output};

        if (!fetch_group(fogctl, targets, &i, &watching.group)) {
            code = EXIT_FAILED;
        }
        for (size_t j = 0; j < list_count(watching.group.list); j++) {
            node_add(&fogctl->arena, objects, watching.group.list->list.items[j]);
        }
        vec_add(all, watching);
    }
    if (!is_list && opt_ignore && objects->list.count == 0) {
        return code; /* nothing, not an empty list */
    }
    if (opt_watch && (is_list || opt_events) && /* a stream of objects, not a list and a stream */
        !(output == OUTPUT_FORM && form.template == NULL)) {
        for (size_t i = 0; i < objects->list.count; i++) {
            print_text_event(fogctl, output, "ADDED", objects->list.items[i]);
        }
    } else if (output == OUTPUT_FORM) {
        code = form_print(fogctl, &form, objects->list.items, objects->list.count, is_list)
                   ? code
                   : EXIT_FAILED;
    } else if (code == EXIT_DONE || objects->list.count > 0) {
        output_objects(fogctl, output, objects->list.items, objects->list.count, is_list);
    }
    return code;
}

/* What is watched: one kind or one object each, as names share a stream with nothing. */
static bool may_watch(const struct targets *targets)
{
    for (size_t i = 1; i < targets->count; i++) {
        if (targets->items[i].name != NULL && targets->items[i - 1].name != NULL &&
            targets->items[i].kind == targets->items[i - 1].kind) {
            return false;
        }
    }
    return true;
}

/* Of -L a,b -L c each is a column. */
static void split_columns(struct fogctl *fogctl)
{
    struct texts given = opt_columns;

    opt_columns = (struct texts){0};
    vec_each (&given, it) {
        for (const char *key = *it; *key != '\0';) {
            size_t length = strcspn(key, ",");

            if (length > 0) {
                vec_add(&opt_columns, arena_strndup(&fogctl->arena, key, length));
            }
            key += length + (key[length] == ',');
        }
    }
    vec_fini(&given);
}

static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *targets,
                      enum output *output)
{
    int code;

    if (words->count + opt_files.count == 0) {
        return usage_error(&verb_get, "what? for example: fogctl get all");
    }
    *output = OUTPUT_FORM;
    if (!(form_is(opt_output) ? form_read(fogctl, opt_output, &form)
                              : output_from_str(opt_output, output))) {
        return EXIT_USAGE;
    }
    code = targets_given(fogctl, &verb_get, words, &opt_files, targets);
    if (code != EXIT_DONE) {
        return code;
    }
    vec_each (targets, it) {
        if (it->name != NULL && (opt_labels != NULL || opt_fields != NULL || opt_where != NULL)) {
            return usage_error(&verb_get, "either names or selectors, not both");
        }
        if (opt_where != NULL && it->kind->id != KIND_AGENT) {
            return usage_error(&verb_get, "--where is for agents, not for %s", it->kind->plural);
        }
    }
    sorted_by = opt_sort == NULL ? NULL : sort_path(fogctl, opt_sort);
    if (opt_sort != NULL && sorted_by == NULL) {
        return EXIT_USAGE;
    }
    if (opt_watch && opt_sort != NULL) {
        return usage_error(&verb_get, "--sort-by takes no -w: what changes comes as it comes");
    }
    if (opt_watch && opt_where != NULL) {
        return usage_error(&verb_get, "--where takes no -w: readings change without the object");
    }
    if (opt_watch && !may_watch(targets)) {
        return usage_error(&verb_get, "-w watches whole kinds, or one object of each kind");
    }
    split_columns(fogctl);
    opt_events = opt_events && opt_watch;
    form.with_events = opt_events;
    form.no_headers = opt_no_headers;
    return EXIT_DONE;
}

static int get(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    struct all_watching all = {0};
    enum output output;
    int code = read_usage(fogctl, words, &targets, &output);

    if (code == EXIT_DONE && opt_watch && (opt_past.at != NULL || opt_past.revision != NULL)) {
        code = usage_error(&verb_get, "-w: what was does not change");
    }
    if (code == EXIT_DONE) {
        code = past_begin(fogctl, &verb_get, &opt_past);
    }
    if (code == EXIT_DONE) {
        code = output == OUTPUT_TABLE || output == OUTPUT_WIDE
                   ? get_tables(fogctl, &targets, output, &all)
                   : get_text(fogctl, &targets, output, &all);
        if (opt_watch && code == EXIT_DONE) {
            code = watch(fogctl, &all, is_drawn(output));
        }
    }
    vec_each (&all, it) {
        forget_all(&it->known);
        forget_all(&it->seen);
        map_fini(&it->known);
        map_fini(&it->seen);
        table_fini(&it->table);
    }
    form_fini(&form);
    vec_fini(&opt_columns);
    vec_fini(&opt_files);
    vec_fini(&all);
    vec_fini(&targets);
    return code;
}
