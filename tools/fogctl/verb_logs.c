/* logs: what a workload wrote, from where it runs. */
#include "tools/fogctl/fogctl.h"

#include <stdio.h>

static bool opt_follow;
static int64_t opt_tail = -1;

static const struct option_row rows[] = {
    {"follow", 'f', OPTION_FLAG, &opt_follow, NULL, "go on as it is written", NULL},
    {"tail", 0, OPTION_INT, &opt_tail, "N", "only the last N lines (default: all that is kept)",
     NULL},
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
    "logs ASSIGNMENT | assignment/NAME | hs/NAME [options]",
    "  fogctl logs render-0-x7k2p\n  fogctl logs hs/render --tail 20\n  fogctl logs -f render-0-x7k2p\n",
    options,
    logs,
};

struct printing {
    const char *prefix;
    bool at_line_start;
};

static bool print_bytes(void *context, const char *text, size_t length)
{
    struct printing *printing = context;

    for (size_t i = 0; i < length; i++) {
        if (printing->at_line_start) {
            fputs(printing->prefix, stdout);
        }
        putchar(text[i]);
        printing->at_line_start = text[i] == '\n';
    }
    return fflush(stdout) == 0;
}

static int print_log(struct fogctl *fogctl, const char *name, const char *prefix)
{
    struct printing printing = {prefix, true};
    const char *path = arena_printf(
        &fogctl->arena, "%s/log?follow=%s%s", kind_path(fogctl, kind_get(KIND_ASSIGNMENT), name),
        opt_follow ? "true" : "false",
        opt_tail < 0 ? "" : arena_printf(&fogctl->arena, "&tailLines=%lld", (long long)opt_tail));
    long code = 0;
    int result;

    result = http_stream(fogctl, path, false, print_bytes, &printing, 0, &code);
    if (code >= 400) {
        putchar('\n');
        return fail("fogctl get assignments shows what there is",
                    "no log of assignment \"%s\" (%ld)", name, code);
    }
    if (code == 0) {
        return fail(NULL, "the controller at %s cannot be reached", fogctl->server);
    }
    return result == 0 ? EXIT_DONE : fail(NULL, "the stream broke off");
}

static int logs_of_session(struct fogctl *fogctl, const char *name)
{
    const char *selector = arena_printf(&fogctl->arena, "spec.session=%s", name);
    struct node *list = list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL, selector, NULL);
    int code = EXIT_DONE;

    if (list == NULL) {
        return EXIT_FAILED;
    }
    if (list->list.count == 0) {
        return fail("fogctl why tells what it waits for", "session \"%s\" has no assignments",
                    name);
    }
    if (list->list.count > 1 && opt_follow) {
        return fail("name one of its assignments: fogctl get assignments",
                    "-f follows one workload, and session \"%s\" has %zu", name, list->list.count);
    }
    for (size_t i = 0; i < list->list.count; i++) {
        const char *assignment = node_find_text(node_find(list->list.items[i], "metadata"), "name");
        const char *prefix =
            list->list.count == 1 ? "" : arena_printf(&fogctl->arena, "[%s] ", assignment);

        if (print_log(fogctl, assignment, prefix) != EXIT_DONE) {
            code = EXIT_FAILED;
        }
    }
    return code;
}

static int logs(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = EXIT_FAILED;

    if (words->count == 0) {
        return usage_error(&verb_logs, "of which assignment?");
    }
    if (words->count == 1 && strchr(words->items[0], '/') == NULL) {
        return print_log(fogctl, words->items[0], "");
    }
    if (targets_read(fogctl, words, &targets) && targets.count == 1 &&
        targets.items[0].name != NULL) {
        code = targets.items[0].kind->id == KIND_HARVEST_SESSION
                   ? logs_of_session(fogctl, targets.items[0].name)
                   : print_log(fogctl, targets.items[0].name, "");
    } else {
        code = usage_error(&verb_logs, "one assignment or one session");
    }
    vec_fini(&targets);
    return code;
}
