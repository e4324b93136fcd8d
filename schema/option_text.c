/* What people read of a table of options: the help, the page in docs, what holds and why. */
#include "schema/option.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 96, HELP_LEFT_MAX = 26 };

void options_sum_up(const struct problems *problems, struct str *to)
{
    const struct problem *only = NULL;

    for (size_t i = 0; i < problems->count && only == NULL; i++) {
        only = problems->items[i].severity == PROBLEM_ERROR ? &problems->items[i] : NULL;
    }
    if (problems->errors == 1 && only != NULL) {
        if (only->file != NULL && only->line > 0) {
            str_addf(to, "%s:%u:%u: ", only->file, only->line, only->column);
        }
        str_add(to, only->message);
    } else if (problems->errors > 0) {
        str_addf(to, "%zu options cannot be", problems->errors);
    }
}

/* --- help ---------------------------------------------------------------------------------------
 */

static size_t width_of(const char *text, size_t length)
{
    size_t width = 0;

    for (size_t i = 0; i < length; i++) {
        width += ((unsigned char)text[i] & 0xc0) != 0x80; /* as many as there are characters */
    }
    return width;
}

/* `text` beside `left`, in lines that are not too long. */
static void beside(struct str *to, const char *left, size_t left_width, const char *text)
{
    size_t at = 2 + width_of(left, strlen(left));

    str_addf(to, "  %s", left);
    if (at > left_width + 3) {
        str_add(to, "\n");
        at = 0;
    }
    for (; at < left_width + 4; at++) {
        str_add_char(to, ' ');
    }
    while (*text != '\0') {
        size_t length = strcspn(text, " "), width = width_of(text, length);

        if (at + 1 + width > HELP_WIDTH) {
            str_addf(to, "\n%*s", (int)left_width + 4, "");
            at = left_width + 4;
        } else if (at > left_width + 4) {
            str_add(to, " ");
            at++;
        }
        str_add_bytes(to, text, length);
        at += width;
        text += length + (text[length] == ' ');
    }
    str_add(to, "\n");
}

static void add_left(const struct option *option, struct str *to)
{
    str_clear(to);
    if (option->alias != NULL && strlen(option->alias) == 1) {
        str_addf(to, "-%s, ", option->alias);
    }
    str_addf(to, "--%s", option->name);
    if (option->value != NULL) {
        str_addf(to, " %s", option->value);
    }
}

/* The doc, and what holds without the option. */
static void add_right(const struct option *option, struct str *to)
{
    str_clear(to);
    str_add(to, option->doc);
    if (option->alias != NULL && strlen(option->alias) > 1) {
        str_addf(to, "; also --%s", option->alias);
    }
    if (option->unset != NULL) {
        str_addf(to, " (%s)", option->unset);
    } else if (!str_is_empty(option->fallback) && option->type != OPTION_SWITCH) {
        str_addf(to, " (%s)", option->fallback);
    }
}

static void help_of_options(const struct option_table *table, struct str *to)
{
    _cleanup_(str_fini)
    struct str left = STR_EMPTY, right = STR_EMPTY;

    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];

        if (option->section != NULL) {
            str_addf(to, "\n%s:\n", option->section);
        }
        add_left(option, &left);
        add_right(option, &right);
        beside(to, left.data, HELP_LEFT_MAX, right.data);
    }
    str_fini(&right);
}

static void help_of_sources(const struct option_table *table, struct str *to)
{
    const struct option *option = option_find(table, "log-level");
    _cleanup_(str_fini)
    struct str variable = STR_EMPTY;

    option_name_variable(table, option, &variable);
    str_addf(to,
             "\n  --version, --help\n\n"
             "Each option may come from the environment (--%s is %s) or from a\n"
             "file (%s = debug), which is %s unless another is named; the command\n"
             "line counts most, then the environment. On SIGHUP the file is read anew.\n",
             option->name, variable.data, option->name, table->file);
}

void options_help(const struct option_table *table, struct str *to)
{
    str_addf(to, "%s: %s\n\nUsage:\n", table->program, table->doc);
    for (size_t i = 0; i < table->verb_count; i++) {
        const struct option_verb *verb = &table->verbs[i];
        _cleanup_(str_fini)
        struct str left = STR_EMPTY;

        if (verb->id == table->help || verb->id == table->version || verb->doc == NULL) {
            continue;
        }
        str_addf(&left, "%s%s%s [OPTION…]", table->program, verb->words[0] == '\0' ? "" : " ",
                 verb->words);
        beside(to, left.data, HELP_LEFT_MAX + 12, verb->doc);
    }
    help_of_options(table, to);
    help_of_sources(table, to);
    str_add(to, "\nExit status:\n");
    for (size_t i = 0; i < table->exit_count; i++) {
        char code[16];

        (void)snprintf(code, sizeof(code), "%d", table->exits[i].code);
        beside(to, code, 3, table->exits[i].doc);
    }
    str_add(to, "\nExamples:\n");
    for (size_t i = 0; table->examples[i] != NULL; i++) {
        str_addf(to, "  %s\n", table->examples[i]);
    }
}

/* --- what holds ---------------------------------------------------------------------------------
 */

static void show_one(const struct option *option, const char *value, const char *from,
                     struct str *to)
{
    str_addf(to, "%-24s  %-32s  %s\n", option->name, value[0] == '\0' ? "\"\"" : value, from);
}

static void show_given(const struct option_given *given, struct arena *arena, struct str *to)
{
    const char *from =
        given->file == NULL ? given->name : arena_printf(arena, "%s:%u", given->file, given->line);

    show_one(given->option, option_canonical(given->option, arena, given->value), from, to);
}

void options_show(const struct options *options, struct str *to)
{
    str_addf(to, "%-24s  %-32s  %s\n", "NAME", "VALUE", "FROM");
    for (size_t i = 0; i < options->table->count; i++) {
        const struct option *option = &options->table->options[i];
        const struct option_given *last = options_last(options, option);

        if ((option->flags & OPTION_OF_CALLER) != 0) {
            continue;
        }
        if (last == NULL) {
            show_one(option, option->unset != NULL ? "-" : option->fallback,
                     option->unset == NULL
                         ? "default"
                         : arena_printf(options->arena, "default: %s", option->unset),
                     to);
        } else if ((option->flags & OPTION_ADDS) == 0) {
            show_given(last, options->arena, to);
        } else {
            for (size_t j = 0; j < options->count; j++) {
                if (options->items[j].option == option) {
                    show_given(&options->items[j], options->arena, to);
                }
            }
        }
    }
}

/* --- docs ---------------------------------------------------------------------------------------
 */

static void add_cell(struct str *to, const char *text)
{
    for (; *text != '\0'; text++) {
        str_addf(to, *text == '|' ? "\\%c" : "%c", *text);
    }
}

static void docs_row(const struct option *option, struct str *to)
{
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;

    str_addf(to, "| `%s` | ", option->name);
    option_expects(option, &expected);
    add_cell(to, expected.data);
    if (option->unset != NULL) {
        str_addf(to, " | %s | ", option->unset);
    } else {
        str_addf(to, str_is_empty(option->fallback) ? " | | " : " | `%s` | ", option->fallback);
    }
    str_add(to, (option->flags & OPTION_OF_CALLER) != 0 ? "command line and environment only"
                : (option->flags & OPTION_RELOADS) != 0 ? "at once"
                                                        : "restart");
    str_add(to, " | ");
    add_cell(to, option->doc);
    str_add(to, " |\n");
}

/* As a file might be: each line a comment, for the defaults are good. */
static void docs_file(const struct option_table *table, struct str *to)
{
    str_addf(to, "\nA file, `%s`:\n\n", table->file);
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];
        const char *value = option->example != NULL ? option->example : option->fallback;

        if ((option->flags & OPTION_OF_CALLER) == 0 && !str_is_empty(value)) {
            str_addf(to, "    # %s = %s\n", option->name, value);
        }
    }
}

static void docs_program(const struct option_table *table, struct str *to)
{
    str_addf(to, "\n## %s\n\nFile: `%s`. Variables: `%s…`.\n", table->program, table->file,
             table->prefix);
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];

        if (option->section != NULL) {
            str_addf(to,
                     "\n**%s**\n\n| option | is | default | on SIGHUP | |\n|---|---|---|---|---|\n",
                     option->section);
        }
        docs_row(option, to);
    }
    docs_file(table, to);
}

void options_docs(const struct option_table *const *tables, size_t count, struct str *to)
{
    str_add(
        to,
        "# Options of the daemons\n\n"
        "Made by `make docs` from the tables that the programs are built with.\n\n"
        "An option `bursts-max` is `--bursts-max 8` on the command line, "
        "`FOG_CONTROLLER_BURSTS_MAX=8` in the environment and\n"
        "`bursts-max = 8` in the file, a line each; a line that begins with # is a comment. The "
        "command line counts most, then the\n"
        "environment, then the file (another one: `--config FILE`), then the default. Of two "
        "lines of a file the last one counts, with a\nwarning. The file must not be writable by "
        "everybody.\n\n"
        "`PROGRAM config check` looks at all of it, tells everything that is wrong with file, "
        "line and column, and starts nothing (exit 1\n"
        "when it is wrong). `PROGRAM config show` tells what holds and where it comes from.\n\n"
        "**SIGHUP** reads the file anew. When anything in it is wrong, or an option changed that "
        "needs a restart, or what changed cannot take\n"
        "effect, nothing changes at all and the log says why, each reason in a line.\n");
    for (size_t i = 0; i < count; i++) {
        docs_program(tables[i], to);
    }
}

/* --- a file to begin with -----------------------------------------------------------------------
 */

static void file_option(const struct option *option, const char *value, struct str *to)
{
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;

    option_expects(option, &expected);
    str_addf(to, "\n# %s: %s%s\n", option->doc, expected.data,
             (option->flags & OPTION_RELOADS) != 0 ? "" : "; needs a restart");
    if (option->unset != NULL) {
        str_addf(to, "# without it: %s\n", option->unset);
    }
    str_addf(to, "#%s = %s\n", option->name, value);
}

void options_file(const struct option_table *table, struct str *to)
{
    str_addf(to,
             "# %s: %s\n#\n"
             "# After a change: %s config check, then systemctl reload %s.\n"
             "# Flags and variables (%s...) count more; %s config show tells what holds.\n",
             table->file, table->doc, table->program, table->program, table->prefix,
             table->program);
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];
        const char *value = option->example != NULL ? option->example : option->fallback;

        if (option->section != NULL) {
            str_addf(to, "\n# --- %s ---\n", option->section);
        }
        if ((option->flags & OPTION_OF_CALLER) == 0 && !str_is_empty(value)) {
            file_option(option, value, to);
        }
    }
}
