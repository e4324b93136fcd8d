/* genman DIR: writes the pages for man(1) of all programs, from their tables. */
#include "schema/base/str.h"
#include "schema/option.h"
#include "tools/fogctl/manual.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Their daemons' headers name much else alike, and cannot both be seen. */
extern const struct option_table controller_options, agent_options;

static bool save(const char *folder, const char *name, const struct str *text)
{
    _cleanup_(str_fini)
    struct str path = STR_EMPTY;
    FILE *file;
    bool is_fine;

    str_addf(&path, "%s/%s", folder, name);
    file = fopen(path.data, "we");
    is_fine = file != NULL && fwrite(text->data, 1, text->length, file) == text->length;
    is_fine = file != NULL && fclose(file) == 0 && is_fine;
    if (!is_fine) {
        (void)fprintf(stderr, "genman: %s: %s\n", path.data, strerror(errno));
    }
    return is_fine;
}

int main(int argc, char **argv)
{
    _cleanup_(str_fini)
    struct str name = STR_EMPTY, text = STR_EMPTY;
    bool is_fine = argc == 2;

    for (size_t i = 0; is_fine && manual_page(i, &name, &text); i++) {
        is_fine = save(argv[1], name.data, &text);
    }
    str_clear(&text);
    if (is_fine) {
        options_manual(&controller_options, &text);
        is_fine = save(argv[1], "fog-controller.8", &text);
        str_clear(&text);
        options_manual(&agent_options, &text);
        is_fine = save(argv[1], "fog-agent.8", &text) && is_fine;
    }
    str_fini(&text);
    if (argc != 2) {
        (void)fprintf(stderr, "usage: genman DIR\n");
    }
    return is_fine ? 0 : 2;
}
