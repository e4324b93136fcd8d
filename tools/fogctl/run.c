/* The run of the program: options of all verbs → verb → its options → context → verb. */
#include "schema/base/parse.h"
#include "tools/fogctl/complete.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char *opt_server, *opt_user, *opt_cause, *opt_context, *opt_config, *opt_color;
static const char *opt_namespace;
static bool opt_help, opt_all_namespaces;

static const struct option_row global_rows[] = {
    {"server", 's', OPTION_TEXT, &opt_server, "URL",
     "the controller (default http://127.0.0.1:7411)", NULL},
    {"context", 0, OPTION_TEXT, &opt_context, "NAME",
     "the context of the configuration file to use", NULL},
    {"config", 0, OPTION_TEXT, &opt_config, "FILE",
     "the configuration file (default ~/.config/fog/config.yaml)", NULL},
    {"user", 0, OPTION_TEXT, &opt_user, "NAME", "who writes, for history (default: you)", NULL},
    {"change-cause", 0, OPTION_TEXT, &opt_cause, "TEXT", "why, for history", NULL},
    {"color", 0, OPTION_TEXT, &opt_color, "auto|always|never",
     "colours: on terminals alone unless NO_COLOR is set (auto), or as it says", "always"},
    {"namespace", 'n', OPTION_TEXT, &opt_namespace, "NAME",
     "taken, and nothing comes of it: what Fog has is in no namespace", NULL},
    {"all-namespaces", 'A', OPTION_FLAG, &opt_all_namespaces, NULL,
     "as --namespace: taken, and nothing comes of it", NULL},
    {"help", 'h', OPTION_FLAG, &opt_help, NULL, "show this", NULL},
};

const struct option_row *global_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(global_rows);
    return global_rows;
}

static void print_rows(const struct option_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_row *row = &rows[i];
        char left[64];

        (void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s%s", row->letter == 0 ? ' ' : '-',
                       row->letter == 0 ? ' ' : row->letter, row->letter == 0 ? " " : ",",
                       row->name,
                       row->value == NULL       ? ""
                       : row->when_bare == NULL ? " "
                                                : "[=",
                       row->value == NULL ? "" : row->value, row->when_bare == NULL ? "" : "]");
        printf("  %-30s %s\n", left, row->doc);
    }
}

static int help(void)
{
    size_t width = 0;

    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        width = strlen((*verb)->name) > width ? strlen((*verb)->name) : width;
    }
    puts("fogctl: declare what a fleet of machines shall run, and see what becomes of it.\n");
    puts("Usage: fogctl VERB [options]\n\nVerbs:");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        printf("  %-*s %s\n", (int)width, (*verb)->name, (*verb)->summary);
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
    puts("\n\"fogctl --help\" lists the options of all verbs.");
    return EXIT_DONE;
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
    const char *names[64], *instead = foreign_verb(name), *close;
    size_t count = 0;
    char advice[128] = "fogctl --help lists the verbs";

    for (; verbs[count] != NULL && count < COUNT_OF(names) - 1; count++) {
        names[count] = verbs[count]->name;
    }
    names[count++] = "help";
    close = words_closest(name, names, count);
    if (close != NULL) {
        (void)snprintf(advice, sizeof(advice), "did you mean \"fogctl %s\"?", close);
    }
    (void)fail(instead == NULL ? advice : instead, "there is no verb \"%s\"", name);
    return EXIT_USAGE;
}

/* no-color.org: an option says more than the environment. */
static bool choose_color(struct fogctl *fogctl)
{
    if (opt_color == NULL || str_eq(opt_color, "auto")) {
        return true;
    }
    fogctl->color = str_eq(opt_color, "always");
    say_in_color(fogctl->color);
    if (!fogctl->color && !str_eq(opt_color, "never")) {
        (void)fail(NULL, "--color is auto, always or never, not \"%s\"", opt_color);
        return false;
    }
    return true;
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
        fogctl->given_server = opt_server;
        fogctl->given_user = opt_user;
        if (opt_help) {
            code = help_verb(verb);
        } else if (!choose_color(fogctl)) {
            code = EXIT_USAGE;
        } else if (verb_is_local(verb)) {
            (void)context_path(fogctl, opt_config);
            fogctl->context = opt_context;
            code = verb->run(fogctl, &words);
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

/* Everything was said, or else it is said that it was not.  A reader that has gone away ends us by
 * SIGPIPE, without words: it has what it wanted. */
static int finish(int code)
{
    bool has_failed = ferror(stdout) != 0;

    errno = 0;
    if (fflush(stdout) == 0 && !has_failed) {
        return code;
    }
    return fail(NULL, "standard output: %s", errno == 0 ? "not all was written" : strerror(errno));
}

static int help_for(const char *name)
{
    const struct verb *verb = name == NULL ? NULL : find_verb(name);

    return name == NULL ? help() : verb == NULL ? unknown_verb(name) : help_verb(verb);
}

/* `argv` without the program's name. */
static int dispatch(struct fogctl *fogctl, int argc, char **argv)
{
    const struct verb *verb;
    const char *name;
    int at;

    if (argc > 0 && str_eq(argv[0], "--version")) {
        argv[0] = (char *)"version";
    }
    if (!options_read_first(global_rows, COUNT_OF(global_rows), argc, argv, &at)) {
        return EXIT_USAGE;
    }
    if (at == argc) {
        return help();
    }
    name = argv[at++];
    if (str_eq(name, "help")) {
        return help_for(at < argc ? argv[at] : NULL);
    }
    if (str_eq(name, "__complete")) {
        return complete(fogctl, argc - at, argv + at);
    }
    verb = find_verb(name);
    return verb == NULL ? unknown_verb(name) : run_verb(fogctl, verb, argc - at, argv + at);
}

int fogctl_run(int argc, char **argv)
{
    struct fogctl fogctl = {0};
    bool may_color; /* no-color.org */
    int code;

    arena_init(&fogctl.arena);
    fogctl.is_terminal = isatty(STDOUT_FILENO) == 1;
    may_color = str_is_empty(getenv("NO_COLOR")) && !str_eq(getenv("TERM"), "dumb");
    fogctl.color = fogctl.is_terminal && may_color;
    say_in_color(isatty(STDERR_FILENO) == 1 && may_color);
    code = dispatch(&fogctl, argc - 1, argv + 1);
    http_close(&fogctl);
    arena_fini(&fogctl.arena);
    return finish(code);
}
