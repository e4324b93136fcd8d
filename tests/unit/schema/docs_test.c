/* The generated pages of docs/ say what the tables say. */
#include "schema/docs.h"

#include "schema/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void read_page(const char *path, struct str *to)
{
    FILE *file = fopen(path, "re");
    char buffer[4096];
    size_t count;

    if (file == NULL) {
        fail_msg("%s cannot be opened; run from the root of the tree", path);
    }
    while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        str_add_bytes(to, buffer, count);
    }
    (void)fclose(file);
}

static void is_up_to_date(const char *name, const char *path, void (*write)(struct str *to))
{
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;
    _cleanup_(str_fini)
    struct str written = STR_EMPTY;

    write(&expected);
    read_page(path, &written);
    if (!str_eq(expected.data, written.data)) {
        fail_msg("%s is out of date: gendocs %s > %s", path, name, path);
    }
}

static void the_page_of_kinds_is_up_to_date(void **state)
{
    (void)state;
    is_up_to_date("kinds", "docs/KINDS.md", docs_kinds);
}

static void the_page_of_the_protocol_is_up_to_date(void **state)
{
    (void)state;
    is_up_to_date("protocol", "docs/PROTOCOL.md", docs_protocol);
}

static void the_page_of_the_mutants_is_up_to_date(void **state)
{
    (void)state;
    is_up_to_date("mutants", "docs/MUTANTS.md", docs_mutants);
}

static void the_page_of_conditions_is_up_to_date(void **state)
{
    (void)state;
    is_up_to_date("where", "docs/WHERE.md", docs_where);
}

static void the_page_of_metrics_is_up_to_date(void **state)
{
    (void)state;
    is_up_to_date("metrics", "docs/METRICS.md", docs_metrics);
}

/* From the first word on, each has a row, in the order of the words. */
static void has_rows(const char *page, const char *const *words)
{
    const char *at = page;

    for (size_t i = 0; words[i] != NULL; i++) {
        _cleanup_(str_fini)
        struct str row = STR_EMPTY;

        str_addf(&row, "\n| `%s` | ", words[i]);
        at = strstr(at, row.data);
        if (at == NULL) {
            fail_msg("docs/HARVEST.md has no row for %s, or not in its place", words[i]);
        }
    }
}

static void operators_are_told_of_each_outcome_and_reason(void **state)
{
    _cleanup_(str_fini)
    struct str page = STR_EMPTY;

    (void)state;
    read_page("docs/HARVEST.md", &page);
    has_rows(page.data, policy_outcome_words);
    has_rows(page.data, policy_reason_words + REASON_OVERHEATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_kinds_is_up_to_date),
        cmocka_unit_test(the_page_of_the_protocol_is_up_to_date),
        cmocka_unit_test(the_page_of_the_mutants_is_up_to_date),
        cmocka_unit_test(the_page_of_conditions_is_up_to_date),
        cmocka_unit_test(the_page_of_metrics_is_up_to_date),
        cmocka_unit_test(operators_are_told_of_each_outcome_and_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
