/* The page of a daemon for man(1), from its table of options. */
#include "schema/option.h"
#include "schema/roff.h"

#include <stdio.h>
#include <string.h>

static void manual_option(const struct option *option, struct str *to)
{
    _cleanup_(str_fini)
    struct str term = STR_EMPTY, text = STR_EMPTY;

    if (option->alias != NULL && strlen(option->alias) == 1) {
        str_addf(&term, "-%s, ", option->alias);
    }
    str_addf(&term, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
             option->value == NULL ? "" : option->value);
    str_addf(&text, "%s: ", option->doc);
    option_expects(option, &text);
    if (option->unset != NULL) {
        str_addf(&text, "; without it: %s", option->unset);
    } else if (!str_is_empty(option->fallback)) {
        str_addf(&text, "; by default %s", option->fallback);
    }
    if ((option->flags & OPTION_RELOADS) == 0 && (option->flags & OPTION_OF_CALLER) == 0) {
        str_add(&text, "; needs a restart");
    }
    roff_item(to, term.data, text.data);
    str_fini(&text);
}

static void manual_ways(const struct option_table *table, struct str *to)
{
    roff_heading(to, "SYNOPSIS");
    for (size_t i = 0; i < table->verb_count; i++) {
        const struct option_verb *verb = &table->verbs[i];
        _cleanup_(str_fini)
        struct str way = STR_EMPTY;

        if (verb->id != table->help && verb->id != table->version && verb->doc != NULL) {
            str_addf(&way, "%s%s%s [OPTION\xe2\x80\xa6]", table->program,
                     verb->words[0] == '\0' ? "" : " ", verb->words);
            roff_item(to, way.data, verb->doc);
        }
    }
}

static void manual_sources(const struct option_table *table, struct str *to)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    roff_heading(to, "FILES AND ENVIRONMENT");
    str_addf(&text,
             "Each option may stand in %s (log-level = debug), or in another file that --config "
             "names, or in a variable of the environment that begins with %s (%sLOG_LEVEL). The "
             "command line counts most, then the environment. On SIGHUP the file is read anew.",
             table->file, table->prefix, table->prefix);
    roff_text(to, text.data);
}

void options_manual(const struct option_table *table, struct str *to)
{
    roff_begin(to, table->program, 8, table->doc);
    manual_ways(table, to);
    for (size_t i = 0; i < table->count; i++) {
        if (table->options[i].section != NULL) {
            _cleanup_(str_fini)
            struct str heading = STR_EMPTY;

            str_addf(&heading, "OPTIONS: %s", table->options[i].section);
            roff_heading(to, heading.data);
        }
        manual_option(&table->options[i], to);
    }
    manual_sources(table, to);
    roff_heading(to, "EXIT STATUS");
    for (size_t i = 0; i < table->exit_count; i++) {
        char code[16];

        (void)snprintf(code, sizeof(code), "%d", table->exits[i].code);
        roff_item(to, code, table->exits[i].doc);
    }
    roff_heading(to, "EXAMPLES");
    for (size_t i = 0; table->examples[i] != NULL; i++) {
        roff_example(to, table->examples[i]);
    }
    roff_heading(to, "SEE ALSO");
    str_add(to, ".BR fogctl (1)\n");
}
