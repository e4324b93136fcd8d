#include "tools/fogctl/manual.h"

#include "schema/roff.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/shapes.h"

#include <stdio.h>

static const char *const doc =
    "declare what a fleet of machines shall run, and see what becomes of it";

static void add_row(const struct option_row *row, struct str *to)
{
    _cleanup_(str_fini)
    struct str term = STR_EMPTY;

    if (row->letter != 0) {
        str_addf(&term, "-%c, ", row->letter);
    }
    str_addf(&term, "--%s", row->name);
    if (row->value != NULL) {
        str_addf(&term, row->when_bare == NULL ? " %s" : "[=%s]", row->value);
    }
    roff_item(to, term.data, row->doc);
}

static void add_exits(struct str *to)
{
    roff_heading(to, "EXIT STATUS");
    roff_item(to, "0",
              "done; of diff: nothing would change; of why: nothing stands in the way; of "
              "results: all have succeeded");
    roff_item(to, "1",
              "failed; of diff: something would change; of why: something stands in the "
              "way; of results: not all have succeeded");
    roff_item(to, "2", "the command line is wrong; of diff, why and results: any error");
}

static void add_global(struct str *to)
{
    size_t count = 0;
    const struct option_row *rows = global_options(&count);

    roff_heading(to, "OPTIONS OF ALL VERBS");
    for (size_t i = 0; i < count; i++) {
        add_row(&rows[i], to);
    }
}

static void manual_fogctl(struct str *to)
{
    roff_begin(to, "fogctl", 1, doc);
    roff_heading(to, "SYNOPSIS");
    roff_text(to, "fogctl VERB [options]");
    roff_heading(to, "VERBS");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;

        str_addf(&text, "%s; see fogctl-%s(1)", (*verb)->summary, (*verb)->name);
        roff_item(to, (*verb)->name, text.data);
    }
    add_global(to);
    roff_heading(to, "FILES");
    roff_item(to, "~/.config/fog/config.yaml",
              "where controllers are: currentContext, and the list contexts of {name, server, "
              "user}; see fogctl-config(1)");
    roff_heading(to, "ENVIRONMENT");
    roff_item(to, "FOGCTL_SERVER, FOGCTL_CONTEXT, FOGCTL_CONFIG, FOGCTL_USER",
              "what --server, --context, --config and --user say, when those are not given");
    roff_item(to, "FOGCTL_EXTERNAL_DIFF", "the program that shows differences (diff -u -N)");
    roff_item(to, "FOG_EDITOR, VISUAL, EDITOR", "the editor of fogctl-edit(1)");
    roff_item(to, "NO_COLOR", "when it is set, no colours");
    add_exits(to);
    roff_heading(to, "SEE ALSO");
    str_add(to, ".BR fog\\-controller (8),\n.BR fog\\-agent (8)\n");
}

static void add_synopsis(const struct verb *verb, struct str *to)
{
    const char *rest = verb->usage + strlen(verb->name);

    roff_heading(to, "SYNOPSIS");
    for (rest += rest[0] == ' '; rest != NULL;) {
        const char *bar = strstr(rest, " | ");
        _cleanup_(str_fini)
        struct str way = STR_EMPTY;

        str_addf(&way, "fogctl %s ", verb->name);
        str_add_bytes(&way, rest, bar == NULL ? strlen(rest) : (size_t)(bar - rest));
        roff_text(to, way.data);
        rest = bar == NULL ? NULL : bar + strlen(" | ");
    }
}

static void manual_verb(const struct verb *verb, const char *name, struct str *to)
{
    size_t count = 0;
    const struct option_row *rows = verb->options == NULL ? NULL : verb->options(&count);

    roff_begin(to, name, 1, verb->summary);
    add_synopsis(verb, to);
    if (count > 0) {
        roff_heading(to, "OPTIONS");
    }
    for (size_t i = 0; i < count; i++) {
        add_row(&rows[i], to);
    }
    add_global(to);
    if (shape_of(verb) != NULL) {
        roff_heading(to, "OUTPUT AS JSON");
        roff_text(to, shape_of(verb));
    }
    roff_heading(to, "EXAMPLES");
    roff_example(to, verb->examples);
    add_exits(to);
    roff_heading(to, "SEE ALSO");
    str_add(to, ".BR fogctl (1)\n");
}

bool manual_page(size_t index, struct str *name, struct str *to)
{
    size_t count = 0;

    str_clear(name);
    str_clear(to);
    if (index == 0) {
        str_add(name, "fogctl.1");
        manual_fogctl(to);
        return true;
    }
    while (verbs[count] != NULL) {
        count++;
    }
    if (index > count) {
        return false;
    }
    str_addf(name, "fogctl-%s", verbs[index - 1]->name);
    manual_verb(verbs[index - 1], name->data, to);
    str_add(name, ".1");
    return true;
}
