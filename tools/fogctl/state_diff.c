/* state diff: two states of the whole fleet, object by object.
 *
 * Each is "now", a revision, a time, or else a file that `state dump` wrote.  Both are read line by
 * line into a map; those that differ are shown as diff -u does, or listed. */
#include "tools/fogctl/state_diff.h"

#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/yaml.h"
#include "tools/fogctl/differ.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_SAME = 0, EXIT_DIFFER = 1, EXIT_TROUBLE = 2 };

struct side {
    struct fogctl *fogctl;
    const struct state_diff *options;
    struct map objects;          /* "HarvestSession/render" → its text as YAML, in the arena */
    const char *revision, *time; /* of its first line; NULL: not said */
    bool has_begun, needs_end, has_ended;
    bool is_bad;
};

/* What differs of objects that are as they were declared: left out, unless it is asked for. */
static struct node *shown(const struct side *side, struct node *object)
{
    return side->options->all ? object : without_noise(side->fogctl, object, side->options->status);
}

/* Dumps of before had no last line, and cannot say whether they were cut. */
static void begin(struct side *side, const struct node *meta)
{
    side->has_begun = true;
    side->revision = node_find_text(meta, "resourceVersion");
    side->time = node_find_text(meta, "time");
    side->needs_end = node_find_text(meta, "endsWith") != NULL;
}

static bool take_line(void *context, const char *text, size_t length)
{
    struct side *side = context;
    struct arena *arena = &side->fogctl->arena;
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;
    struct problems problems;
    struct node *object;
    const char *kind;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, text, length, JSON_PLAIN, &problems, &object) < 0 ||
        node_find_text(object, "kind") == NULL) {
        side->is_bad = true;
        return false;
    }
    kind = text_of(object, "kind");
    if (side->has_begun == str_eq(kind, "State") || side->has_ended) {
        side->is_bad = true;
        return false;
    }
    if (!side->has_begun) {
        begin(side, node_find(object, "metadata"));
        return true;
    }
    side->has_ended = str_eq(kind, "StateEnd");
    if (side->has_ended || (str_eq(kind, "Event") && !side->options->all)) {
        return true;
    }
    yaml_emit(shown(side, object), &yaml);
    (void)map_put(
        &side->objects,
        arena_printf(arena, "%s/%s", kind, text_of(node_find(object, "metadata"), "name")),
        (char *)arena_strndup(arena, yaml.data, yaml.length));
    return true;
}

static bool read_file(struct side *side, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool goes_on = true;

    while (goes_on && (length = getline(&line, &room, file)) > 0) {
        goes_on = take_line(side, line, (size_t)(line[length - 1] == '\n' ? length - 1 : length));
    }
    free(line);
    return goes_on && ferror(file) == 0;
}

/* A file of such a name is reached as ./NAME. */
static bool is_moment(const char *word)
{
    struct wall moment;
    int64_t ago_ms;
    uint64_t revision;

    return str_eq(word, "now") || u64_from_str(word, &revision) ||
           duration_from_str(word, &ago_ms) || wall_from_str(word, &moment);
}

static bool read_moment(struct side *side, const char *word)
{
    struct fogctl *fogctl = side->fogctl;
    uint64_t revision;
    struct stream stream = {.line = take_line, .context = side};

    if (str_eq(word, "now")) {
        stream.path = "/apis/fog/v1/state";
    } else if (u64_from_str(word, &revision)) {
        stream.path = arena_printf(&fogctl->arena, "/apis/fog/v1/state?atRevision=%s", word);
    } else {
        stream.path =
            arena_printf(&fogctl->arena, "/apis/fog/v1/state?atTime=%s", url_escape(fogctl, word));
    }
    return http_streams(fogctl, &stream, 1);
}

static bool open_and_read(struct side *side, const char *word)
{
    FILE *file = fopen(word, "re");
    bool is_fine;

    if (file == NULL) {
        (void)fail("each is a file that fogctl state dump wrote, now, a revision, or a time (10m)",
                   "%s: %s", text_shown(side->fogctl, word), strerror(errno));
        return false;
    }
    is_fine = read_file(side, file);
    if (!is_fine && !side->is_bad) {
        (void)fail(NULL, "%s: %s", text_shown(side->fogctl, word), strerror(errno));
    }
    (void)fclose(file);
    return is_fine || side->is_bad;
}

static bool read_side(struct side *side, const char *word)
{
    bool is_read = is_moment(word) ? read_moment(side, word) : open_and_read(side, word);

    if (side->is_bad || (is_read && !side->has_begun)) {
        (void)fail("fogctl state dump writes what can be compared", "%s: this is no state",
                   text_shown(side->fogctl, word));
        return false;
    }
    if (is_read && side->needs_end && !side->has_ended) {
        (void)fail("what it lacks would look as if it had been removed",
                   "%s: this state is not whole: its end is missing",
                   text_shown(side->fogctl, word));
        return false;
    }
    return is_read;
}

/* "1h (revision 812 of 2026-11-22T10:00:00Z)", for the headings. */
static const char *title_of(const struct side *side, const char *word)
{
    struct arena *arena = &side->fogctl->arena;
    const char *of = side->time == NULL ? "" : arena_printf(arena, " of %s", side->time);

    if (side->revision == NULL) {
        return word;
    }
    return str_eq(word, side->revision)
               ? arena_printf(arena, "revision %s%s", word, of)
               : arena_printf(arena, "%s (revision %s%s)", word, side->revision, of);
}

/* --- what differs ----------------------------------------------------------------------------- */

struct difference_of {
    const char *name, *before, *after;
};

struct differing {
    VEC_OF(struct difference_of);
};

static int by_name(const void *a, const void *b)
{
    const struct difference_of *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static void compare(const struct side *a, const struct side *b, struct differing *ret_all)
{
    map_each (&a->objects, it) {
        const char *after = map_find(&b->objects, it->key);

        if (after == NULL || strcmp(it->value, after) != 0) {
            vec_add(ret_all, ((struct difference_of){it->key, it->value, after}));
        }
    }
    map_each (&b->objects, it) {
        if (map_find(&a->objects, it->key) == NULL) {
            vec_add(ret_all, ((struct difference_of){it->key, NULL, it->value}));
        }
    }
    if (ret_all->count > 1) {
        qsort(ret_all->items, ret_all->count, sizeof(ret_all->items[0]), by_name);
    }
}

static const char *what_became(const struct difference_of *it)
{
    return it->before == NULL ? "added" : it->after == NULL ? "removed" : "changed";
}

static void print_names(struct fogctl *fogctl, const struct differing *all)
{
    vec_each (all, it) {
        printf("%s %s\n", what_became(it), text_shown(fogctl, it->name));
    }
}

static struct node *yaml_node(struct fogctl *fogctl, const char *text)
{
    struct documents documents = {0};
    struct problems problems;

    problems_init(&problems, &fogctl->arena, NULL);
    if (text == NULL || yaml_parse(&fogctl->arena, text, strlen(text), &problems, &documents) < 0 ||
        documents.count != 1) {
        return node_null(&fogctl->arena);
    }
    return documents.items[0];
}

static void print_json(struct fogctl *fogctl, const struct differing *all)
{
    struct arena *arena = &fogctl->arena;
    struct node *list = node_list(arena);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    vec_each (all, it) {
        struct node *item = node_map(arena);

        node_set(arena, item, "object", node_str(arena, it->name));
        node_set(arena, item, "change", node_str(arena, what_became(it)));
        node_set(arena, item, "before", yaml_node(fogctl, it->before));
        node_set(arena, item, "after", yaml_node(fogctl, it->after));
        node_add(arena, list, item);
    }
    json_emit(list, JSON_PLAIN, &text);
    puts(text.data);
}

static bool print_diff(struct fogctl *fogctl, const struct differing *all, const char *before,
                       const char *after)
{
    struct differ differ;
    bool is_fine = true;

    if (!differ_open(fogctl, &differ)) {
        return false;
    }
    differ.before_title = before;
    differ.after_title = after;
    for (size_t i = 0; is_fine && i < all->count; i++) {
        const struct difference_of *it = &all->items[i];
        char *name = (char *)arena_strdup(&fogctl->arena, it->name);

        *strchr(name, '/') = '.';
        is_fine = differ_add(&differ, name, it->before, it->after);
    }
    is_fine = is_fine && (differ.count == 0 || differ_run(&differ));
    differ_close(&differ);
    return is_fine;
}

int state_diff(struct fogctl *fogctl, const struct state_diff *options)
{
    struct side before = {.fogctl = fogctl, .options = options}, after = before;
    struct differing all = {0};
    int code = EXIT_TROUBLE;

    map_init(&before.objects);
    map_init(&after.objects);
    if (read_side(&before, options->before) && read_side(&after, options->after)) {
        compare(&before, &after, &all);
        code = all.count > 0 ? EXIT_DIFFER : EXIT_SAME;
        if (options->names) {
            print_names(fogctl, &all);
        } else if (options->json) {
            print_json(fogctl, &all);
        } else if (!print_diff(fogctl, &all, title_of(&before, options->before),
                               title_of(&after, options->after))) {
            code = EXIT_TROUBLE;
        }
    }
    vec_fini(&all);
    map_fini(&before.objects);
    map_fini(&after.objects);
    return fflush(stdout) == 0 ? code : EXIT_TROUBLE;
}
