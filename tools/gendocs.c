/* gendocs PAGE: writes a page of docs/ that is made from tables, or a daemon's file for /etc/fog.
 *
 *     gendocs kinds > docs/KINDS.md
 *     gendocs protocol > docs/PROTOCOL.md
 *     gendocs mutants > docs/MUTANTS.md
 *     gendocs where > docs/WHERE.md
 *     gendocs config > docs/CONFIG.md
 *     gendocs metrics > docs/METRICS.md
 *     gendocs controller.conf; gendocs agent.conf
 *     gendocs reasons.json, which the dashboard is built with */
#include "schema/base/str.h"
#include "schema/divergence.h"
#include "schema/docs.h"
#include "schema/option.h"

#include <stdio.h>

/* Their daemons' headers name much else alike, and cannot both be seen. */
extern const struct option_table controller_options, agent_options;

static void docs_config(struct str *to)
{
    static const struct option_table *const tables[] = {&controller_options, &agent_options};

    options_docs(tables, COUNT_OF(tables), to);
}

static void file_controller(struct str *to)
{
    options_file(&controller_options, to);
}

static void file_agent(struct str *to)
{
    options_file(&agent_options, to);
}

/* Which reason is of which class, for the dashboard; those that are not named are of the first. */
static void file_reasons(struct str *to)
{
    str_add(to, "{");
    for (size_t i = 0; i < divergence_rows(); i++) {
        const char *reason = divergence_reason(i);

        str_addf(to, "%s\n  \"%s\": \"%s\"", i == 0 ? "" : ",", reason,
                 divergence_words[divergence_of(reason)]);
    }
    str_add(to, "\n}\n");
}

static const struct page {
    const char *name;
    void (*write)(struct str *to);
} pages[] = {
    {"kinds", docs_kinds},
    {"protocol", docs_protocol},
    {"mutants", docs_mutants},
    {"where", docs_where},
    {"config", docs_config},
    {"metrics", docs_metrics},
    {"controller.conf", file_controller},
    {"agent.conf", file_agent},
    {"reasons.json", file_reasons},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT_OF(pages) && argc == 2; i++) {
        if (str_eq(argv[1], pages[i].name)) {
            _cleanup_(str_fini)
            struct str text = STR_EMPTY;

            pages[i].write(&text);
            return fwrite(text.data, 1, text.length, stdout) == text.length ? 0 : 1;
        }
    }
    (void)fprintf(stderr, "usage: gendocs kinds | protocol | mutants | where | config | metrics |\n"
                          "       controller.conf | agent.conf | reasons.json\n");
    return 2;
}
