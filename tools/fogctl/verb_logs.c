/* logs: what a workload wrote, from where it runs. */
#include "schema/base/utf8.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>

/* Each holds a stream open on its agent, which has a bound. */
enum { FOLLOWED_MAX = LOG_STREAMS_MAX };

static bool opt_follow;
static bool is_bare; /* a name alone was typed, which is an assignment's */
static int64_t opt_tail = -1;
static struct selection opt_selection;
static const char *opt_output;

static const struct option_row rows[] = {
    {"follow", 'f', OPTION_FLAG, &opt_follow, NULL, "go on as it is written", NULL},
    {"tail", 0, OPTION_INT, &opt_tail, "N", "only the last N lines (default: all that is kept)",
     NULL},
    {"selector", 'l', OPTION_TEXT, &opt_selection.labels, "LABELS",
     "of the assignments with these labels: fog/session=render", NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "json",
     "json: each line as {assignment, line}, in a line of its own", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int logs(struct fogctl *fogctl, struct texts *words);

const struct verb verb_logs = {
    "logs",
    "what the workloads of an assignment or a session wrote",
    "logs ASSIGNMENT | assignment/NAME | hs/NAME | -l LABELS [options]",
    "  fogctl logs render-0-x7k2p\n  fogctl logs hs/render --tail 20\n  fogctl logs -f hs/render\n"
    "  fogctl logs -l 'fog/session in (render,encode)' --tail 1\n",
    options,
    logs,
};

struct printing {
    bool is_terminal;
    bool at_line_start;
    const char *prefix; /* NULL: none, and bytes stay as they are */
    struct fogctl *fogctl;
    const char *name; /* of the assignment */
};

/* Bytes as the workload wrote them; a terminal is shown no control characters. */
static bool print_bytes(void *context, const char *text, size_t length)
{
    struct printing *printing = context;

    if (!printing->is_terminal) {
        (void)fwrite(text, 1, length, stdout);
    }
    for (size_t i = 0; printing->is_terminal && i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        putchar((c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f ? '?' : c);
    }
    if (length > 0) {
        printing->at_line_start = text[length - 1] == '\n';
    }
    return fflush(stdout) == 0;
}

static bool print_line(void *context, const char *text, size_t length)
{
    struct printing *printing = context;

    fputs(printing->prefix, stdout);
    (void)print_bytes(printing, text, length);
    putchar('\n');
    return fflush(stdout) == 0;
}

/* What is no UTF-8 is made so: JSON has no other text. */
static bool print_json(void *context, const char *text, size_t length)
{
    struct printing *printing = context;
    struct arena saved, *arena = &printing->fogctl->arena;
    struct node *root;
    struct str line = STR_EMPTY;

    scratch_begin(printing->fogctl, &saved);
    root = node_map(arena);
    node_set(arena, root, "assignment", node_str(arena, printing->name));
    text = arena_strndup(arena, text, length);
    node_set(arena, root, "line",
             node_str(arena, utf8_valid_bytes(text, strlen(text)) == length
                                 ? text
                                 : text_shown(printing->fogctl, text)));
    json_emit(root, JSON_PLAIN, &line);
    puts(line.data);
    str_fini(&line);
    scratch_end(printing->fogctl, &saved);
    return fflush(stdout) == 0;
}

static const char *log_path(struct fogctl *fogctl, const char *name)
{
    return arena_printf(
        &fogctl->arena, "%s/log?follow=%s%s", kind_path(fogctl, kind_get(KIND_ASSIGNMENT), name),
        opt_follow ? "true" : "false",
        opt_tail < 0 ? "" : arena_printf(&fogctl->arena, "&tailLines=%lld", (long long)opt_tail));
}

static int print_log(struct fogctl *fogctl, const char *name)
{
    struct printing printing = {
        .is_terminal = fogctl->is_terminal, .at_line_start = true, .fogctl = fogctl, .name = name};
    struct stream stream = {.path = log_path(fogctl, name),
                            .by_bytes = opt_output == NULL,
                            .line = opt_output == NULL ? print_bytes : print_json,
                            .context = &printing};
    bool is_fine = http_streams(fogctl, &stream, 1);

    if (stream.code == 404 && is_bare) {
        fprintf(stderr, "  those of a session: fogctl logs hs/%s\n", text_shown(fogctl, name));
    }
    if (fogctl->is_terminal && opt_output == NULL && !printing.at_line_start) {
        putchar('\n'); /* for the prompt */
    }
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

/* One after the other, or with -f all at once; each line says whose it is. */
static int print_logs(struct fogctl *fogctl, const struct node *list)
{
    size_t count = list_count(list);
    struct stream *streams = arena_array(&fogctl->arena, count, sizeof(streams[0]));
    struct printing *printings = arena_array(&fogctl->arena, count, sizeof(printings[0]));
    int code = EXIT_DONE;

    for (size_t i = 0; i < count; i++) {
        const char *name = text_of(node_find(list->list.items[i], "metadata"), "name");

        printings[i] = (struct printing){
            .is_terminal = fogctl->is_terminal,
            .fogctl = fogctl,
            .name = name,
            .prefix = arena_printf(&fogctl->arena, "[%s] ", text_shown(fogctl, name))};
        streams[i] = (struct stream){.path = log_path(fogctl, name),
                                     .line = opt_output == NULL ? print_line : print_json,
                                     .context = &printings[i]};
    }
    if (opt_follow) {
        return http_streams(fogctl, streams, count) ? EXIT_DONE : EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        if (!http_streams(fogctl, &streams[i], 1)) {
            code = EXIT_FAILED;
        }
    }
    return code;
}

/* Those that -f may follow at once, or else why not; `whose` has so many. */
static int print_some(struct fogctl *fogctl, const char *whose, const struct node *list)
{
    if (opt_follow && list->list.count > FOLLOWED_MAX) {
        return fail("name one of its assignments: fogctl get assignments",
                    "-f follows %d workloads at most, and %s has %zu", FOLLOWED_MAX, whose,
                    list->list.count);
    }
    return list->list.count > 1
               ? print_logs(fogctl, list)
               : print_log(fogctl, text_of(node_find(list->list.items[0], "metadata"), "name"));
}

static int logs_selected(struct fogctl *fogctl)
{
    struct node *list = list_selected(fogctl, kind_get(KIND_ASSIGNMENT), &opt_selection, NULL);

    if (list == NULL) {
        return EXIT_FAILED;
    }
    if (list->list.count == 0) {
        fputs("No resources found\n", stderr);
        return EXIT_DONE;
    }
    return print_some(fogctl, "this selection", list);
}

static int logs_of_session(struct fogctl *fogctl, const char *name)
{
    const char *selector = arena_printf(&fogctl->arena, "spec.session=%s", name);
    struct node *list = list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL, selector, NULL);

    if (list == NULL) {
        return EXIT_FAILED;
    }
    if (list->list.count == 0) {
        if (http_get(fogctl, kind_path(fogctl, kind_get(KIND_HARVEST_SESSION), name)) == NULL) {
            return EXIT_FAILED;
        }
        return fail(arena_printf(&fogctl->arena, "fogctl why hs/%s tells what it waits for", name),
                    "session \"%s\" has no assignments", name);
    }
    return print_some(fogctl, arena_printf(&fogctl->arena, "session \"%s\"", name), list);
}

/* An assignment's name alone will do. */
static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *targets)
{
    if (opt_tail < -1) {
        return usage_error(&verb_logs, "--tail is a number of lines, or -1 for all");
    }
    if (opt_output != NULL && !str_eq(opt_output, "json")) {
        return usage_error(&verb_logs, "-o is json, not \"%s\"", opt_output);
    }
    if (opt_selection.labels != NULL) {
        return words->count > 0 ? usage_error(&verb_logs, "either names or -l, not both")
                                : selection_check(&verb_logs, &opt_selection);
    }
    if (words->count == 0) {
        return usage_error(&verb_logs, "of which assignment or session?");
    }
    if (words->count == 1 && strchr(words->items[0], '/') == NULL) {
        is_bare = true;
        vec_add(targets, ((struct target){kind_get(KIND_ASSIGNMENT), words->items[0]}));
        return EXIT_DONE;
    }
    if (!targets_read(fogctl, words, targets)) {
        return EXIT_USAGE;
    }
    if (targets->count != 1 || targets->items[0].name == NULL ||
        (targets->items[0].kind->id != KIND_HARVEST_SESSION &&
         targets->items[0].kind->id != KIND_ASSIGNMENT)) {
        return usage_error(&verb_logs, "one assignment or one session");
    }
    return EXIT_DONE;
}

static int logs(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = read_usage(fogctl, words, &targets);

    if (code == EXIT_DONE && opt_selection.labels != NULL) {
        code = logs_selected(fogctl);
    } else if (code == EXIT_DONE) {
        code = targets.items[0].kind->id == KIND_HARVEST_SESSION
                   ? logs_of_session(fogctl, targets.items[0].name)
                   : print_log(fogctl, targets.items[0].name);
    }
    vec_fini(&targets);
    return code;
}
