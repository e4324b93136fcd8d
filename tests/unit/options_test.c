/* The tables of both daemons: what a table must be, and the page that is made from them. */
#include "schema/limits.h"
#include "schema/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Their daemons' headers name much else alike, and cannot both be seen. */
extern const struct option_table controller_options, agent_options;

static const struct option_table *const tables[] = {&controller_options, &agent_options};

enum { MEMBERS_SIZE = 64 << 10 }; /* for a struct of either */

static void the_page_of_options_is_up_to_date(void **state)
{
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;
    _cleanup_(str_fini)
    struct str written = STR_EMPTY;
    FILE *file = fopen("docs/CONFIG.md", "re");
    char buffer[4096];
    size_t count;

    (void)state;
    assert_non_null(file);
    while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        str_add_bytes(&written, buffer, count);
    }
    (void)fclose(file);
    options_docs(tables, COUNT_OF(tables), &expected);
    if (!str_eq(expected.data, written.data)) {
        fail_msg("docs/CONFIG.md is out of date: make docs");
    }
}

static void check_row(const struct option_table *table, const struct option *option)
{
    if (strspn(option->name, "abcdefghijklmnopqrstuvwxyz-") != strlen(option->name) ||
        option_find(table, option->name) != option) {
        fail_msg("%s: not a name, or twice", option->name);
    }
    if (option->fallback == NULL && option->unset == NULL) {
        fail_msg("%s: nobody knows what holds without it", option->name);
    }
    if ((option->type == OPTION_TAKEN && option->take == NULL) ||
        (option->type == OPTION_WORD && option->words == NULL) ||
        (option->type != OPTION_SWITCH && option->value == NULL &&
         !str_eq(option->expected, "true or false"))) {
        fail_msg("%s: its row is not whole", option->name);
    }
    if (strlen(option->doc) < 3 || strchr(option->doc, '\n') != NULL ||
        option->doc[strlen(option->doc) - 1] == '.') {
        fail_msg("%s: its doc is no clause", option->name);
    }
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            check_row(tables[i], &tables[i]->options[j]);
        }
    }
}

/* What the page shows as a file is one. */
static void the_examples_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct arena arena;
        void *config = mem_alloc(MEMBERS_SIZE);

        arena_init(&arena);
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct option *option = &tables[i]->options[j];

            if (option->example != NULL && !option_put(option, config, &arena, option->example)) {
                fail_msg("%s: its example cannot be", option->name);
            }
        }
        arena_fini(&arena);
        free(config);
    }
}

/* The file to begin with, with every option taken in; comments have a blank, options have none. */
static void uncomment(struct str *text)
{
    for (char *at = text->data; (at = strstr(at, "\n#")) != NULL; at++) {
        if (at[2] >= 'a' && at[2] <= 'z') {
            at[1] = ' ';
        }
    }
}

static size_t count_options_of_files(const struct option_table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        count += (table->options[i].flags & OPTION_OF_CALLER) == 0;
    }
    return count;
}

static void the_file_to_begin_with_has_every_option(void **state)
{
    static char *const nothing[] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;
        struct option_input input = {.words = nothing, .environment = nothing, .file = "f"};
        struct arena arena;
        struct problems problems;
        struct options options;

        arena_init(&arena);
        problems_init(&problems, &arena, NULL);
        options_init(&options, tables[i], &arena);
        options_file(tables[i], &text);
        input.text = text.data;
        options_read(&options, &input, &problems);
        assert_int_equal(options.count, 0); /* as it is, nothing is said */
        uncomment(&text);
        options_read(&options, &input, &problems);
        assert_int_equal(problems.count, 0);
        assert_int_equal(options.count, count_options_of_files(tables[i]));
        arena_fini(&arena);
    }
}

static int64_t default_of(const struct option_table *table, const char *name)
{
    const struct option *option = option_find(table, name);
    struct arena arena;
    char *config = mem_alloc(MEMBERS_SIZE);
    int64_t value;

    arena_init(&arena);
    assert_true(option_put(option, config, &arena, option->fallback));
    value = *(int64_t *)(void *)(config + option->offset);
    arena_fini(&arena);
    free(config);
    return value;
}

static void defaults_are_those_of_the_limits(void **state)
{
    (void)state;
    assert_int_equal(default_of(&controller_options, "bursts-max"), BURSTS_MAX);
    assert_true(default_of(&controller_options, "blob-quota") == BLOB_QUOTA_BYTES);
    assert_int_equal(default_of(&controller_options, "blob-keep"), BLOB_KEEP_MS);
    assert_true(default_of(&agent_options, "blob-cache") == BLOB_CACHE_BYTES);
}

static void the_help_names_every_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        _cleanup_(str_fini)
        struct str help = STR_EMPTY;

        options_help(tables[i], &help);
        for (size_t j = 0; j < tables[i]->count; j++) {
            char flag[64];

            (void)snprintf(flag, sizeof(flag), "--%s", tables[i]->options[j].name);
            assert_non_null(strstr(help.data, flag));
        }
        assert_non_null(strstr(help.data, "config check"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_options_is_up_to_date),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(the_examples_are_understood),
        cmocka_unit_test(the_file_to_begin_with_has_every_option),
        cmocka_unit_test(defaults_are_those_of_the_limits),
        cmocka_unit_test(the_help_names_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
