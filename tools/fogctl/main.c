/* fogctl: options → context → verb. */
#include "schema/base/parse.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/fogctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *opt_server, *opt_user, *opt_cause, *opt_context, *opt_config;
static bool opt_help;

static const struct option_row global_rows[] = {
    {"server", 's', OPTION_TEXT, &opt_server, "URL",
     "the controller (default http://127.0.0.1:7411)", NULL},
    {"context", 0, OPTION_TEXT, &opt_context, "NAME",
     "the context of the configuration file to use", NULL},
    {"config", 0, OPTION_TEXT, &opt_config, "FILE",
     "the configuration file (default ~/.config/fog/config.yaml)", NULL},
    {"user", 0, OPTION_TEXT, &opt_user, "NAME", "who writes, for history (default: you)", NULL},
    {"change-cause", 0, OPTION_TEXT, &opt_cause, "TEXT", "why, for history", NULL},
    {"help", 'h', OPTION_FLAG, &opt_help, NULL, "show this", NULL},
};

static void print_rows(const struct option_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_row *row = &rows[i];
        char left[64];

        (void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter == 0 ? ' ' : '-',
                       row->letter == 0 ? ' ' : row->letter, row->letter == 0 ? " " : ",",
                       row->name,
                       row->value == NULL       ? ""
                       : row->when_bare == NULL ? " "
                                                : "=",
                       row->value == NULL ? "" : row->value);
        printf("  %-30s %s\n", left, row->doc);
    }
}

static int help(void)
{
    puts("fogctl: declare what a fleet of machines shall run, and see what becomes of it.\n");
    puts("Usage: fogctl VERB [options]\n\nVerbs:");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        printf("  %-10s %s\n", (*verb)->name, (*verb)->summary);
    }
    puts("\nOptions of all verbs:");
    print_rows(global_rows, COUNT_OF(global_rows));
    puts(
        "\nExamples:\n"
        "  fogctl diff -f fleet.yaml          # what would change, on which agents, in which order\n"
        "  fogctl apply -f fleet.yaml\n"
        "  fogctl get all\n"
        "  fogctl why hs/render               # what stands in the way\n"
        "\n\"fogctl VERB --help\" tells more of a verb.");
    return EXIT_DONE;
}

static int help_verb(const struct verb *verb)
{
    size_t count = 0;
    const struct option_row *rows = verb->options == NULL ? NULL : verb->options(&count);

    printf("fogctl %s: %s\n\nUsage: fogctl %s\n", verb->name, verb->summary, verb->usage);
    if (count > 0) {
        puts("\nOptions:");
        print_rows(rows, count);
    }
    printf("\nExamples:\n%s", verb->examples);
    return EXIT_DONE;
}

int fail(const char *what_to_do, const char *format, ...)
{
    va_list args;

    (void)fflush(stdout);
    fputs("error: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (what_to_do != NULL) {
        fprintf(stderr, "  %s\n", what_to_do);
    }
    return EXIT_FAILED;
}

int usage_error(const struct verb *verb, const char *format, ...)
{
    va_list args;

    fputs("error: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n  usage: fogctl %s\n", verb->usage);
    return EXIT_USAGE;
}

const char *paint(const struct fogctl *fogctl, const char *color)
{
    static const struct {
        const char *name, *code;
    } colors[] = {{"off", "\033[0m"},     {"red", "\033[31m"},  {"green", "\033[32m"},
                  {"yellow", "\033[33m"}, {"blue", "\033[36m"}, {"bold", "\033[1m"}};

    for (size_t i = 0; fogctl->color && i < COUNT_OF(colors); i++) {
        if (str_eq(colors[i].name, color)) {
            return colors[i].code;
        }
    }
    return "";
}

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        if (str_eq((*verb)->name, name)) {
            return *verb;
        }
    }
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[64];
    size_t count = 0;
    const char *close;
    char advice[128] = "fogctl --help lists the verbs";

    for (; verbs[count] != NULL && count < COUNT_OF(names); count++) {
        names[count] = verbs[count]->name;
    }
    close = words_closest(name, names, count);
    if (close != NULL) {
        (void)snprintf(advice, sizeof(advice), "did you mean \"fogctl %s\"?", close);
    }
    (void)fail(advice, "there is no verb \"%s\"", name);
    return EXIT_USAGE;
}

/* The rows of the verb and of all verbs, in one table. */
static int run_verb(struct fogctl *fogctl, const struct verb *verb, int argc, char **argv)
{
    struct texts words = {0};
    size_t own = 0;
    const struct option_row *own_rows = verb->options == NULL ? NULL : verb->options(&own);
    struct option_row *rows =
        arena_array(&fogctl->arena, own + COUNT_OF(global_rows), sizeof(rows[0]));
    int code = EXIT_USAGE;

    if (own > 0) {
        memcpy(rows, own_rows, own * sizeof(rows[0]));
    }
    memcpy(rows + own, global_rows, sizeof(global_rows));
    if (options_read(rows, own + COUNT_OF(global_rows), argc, argv, &words)) {
        if (opt_help) {
            code = help_verb(verb);
        } else if (context_find(fogctl, opt_config, opt_context, opt_server, opt_user)) {
            fogctl->cause = opt_cause;
            code = verb->run(fogctl, &words);
        } else {
            code = EXIT_FAILED;
        }
    }
    vec_fini(&words);
    return code;
}

/* Options of all verbs may also stand before the verb: the index of the verb, argc when there is
 * none. */
static int verb_index(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        bool takes_next = false;

        for (size_t i = 0; i < COUNT_OF(global_rows); i++) {
            const struct option_row *row = &global_rows[i];
            bool is_this = (str_starts(argv[at], "--") && str_eq(argv[at] + 2, row->name)) ||
                           (argv[at][1] == row->letter && argv[at][2] == '\0');

            takes_next = takes_next || (is_this && row->type != OPTION_FLAG);
        }
        at += takes_next ? 2 : 1;
    }
    return at;
}

/* Takes the verb out of the words, wherever it stands. */
static const char *take_verb(int *argc, char **argv)
{
    int at = verb_index(*argc, argv);
    const char *name;

    if (at >= *argc) {
        return NULL;
    }
    name = argv[at];
    for (; at + 1 < *argc; at++) {
        argv[at] = argv[at + 1];
    }
    (*argc)--;
    return name;
}

int main(int argc, char **argv)
{
    struct fogctl fogctl = {0};
    const struct verb *verb;
    const char *name;
    int code;

    if (argc > 1 && str_eq(argv[1], "--version")) {
        argv[1] = (char *)"version";
    }
    name = take_verb(&argc, argv);
    if (name == NULL || str_eq(name, "help")) {
        verb = argc > 1 ? find_verb(argv[1]) : NULL;
        return verb == NULL ? help() : help_verb(verb);
    }
    arena_init(&fogctl.arena);
    fogctl.color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    verb = find_verb(name);
    code = verb == NULL ? unknown_verb(name) : run_verb(&fogctl, verb, argc - 1, argv + 1);
    arena_fini(&fogctl.arena);
    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}
