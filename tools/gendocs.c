/* gendocs PAGE: writes a page of docs/ that is made from tables.
 *
 *     gendocs kinds > docs/KINDS.md
 *     gendocs protocol > docs/PROTOCOL.md
 *     gendocs mutants > docs/MUTANTS.md
 *     gendocs where > docs/WHERE.md */
#include "schema/base/str.h"
#include "schema/docs.h"

#include <stdio.h>

static const struct page {
    const char *name;
    void (*write)(struct str *to);
} pages[] = {
    {"kinds", docs_kinds},
    {"protocol", docs_protocol},
    {"mutants", docs_mutants},
    {"where", docs_where},
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
    (void)fprintf(stderr, "usage: gendocs kinds | protocol | mutants | where\n");
    return 2;
}
