/* A whole run of fogctl, in a process of its own, against answers that a test makes up. */
#pragma once

#include "tests/support/command.h"
#include "tests/support/fake_http.h"
#include "tests/support/folder.h"
#include "tools/fogctl/fogctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char folder[FOLDER_PATH_SIZE];
    struct fake_http http;
    bool has_http, is_over;
    struct outcome did;
};

static struct world world;

static int world_begin(void **state)
{
    (void)state;
    world = (struct world){.did = {0, STR_EMPTY, STR_EMPTY}};
    (void)unsetenv("TMPDIR");
    folder_make(world.folder);
    (void)setenv("HOME", world.folder, 1);
    (void)setenv("TMPDIR", world.folder, 1);
    (void)setenv("TERM", "xterm", 1);
    (void)unsetenv("NO_COLOR");
    (void)unsetenv("FOGCTL_SERVER");
    (void)unsetenv("FOGCTL_CONTEXT");
    (void)unsetenv("FOGCTL_CONFIG");
    (void)unsetenv("FOGCTL_USER");
    (void)unsetenv("FOGCTL_EXTERNAL_DIFF");
    return 0;
}

static int world_end(void **state)
{
    (void)state;
    if (world.has_http && !world.is_over) {
        fake_http_stop(&world.http);
    }
    if (world.has_http) {
        fake_http_fini(&world.http);
    }
    outcome_fini(&world.did);
    folder_remove(world.folder);
    return 0;
}

/* Given a controller that answers so. */
#define ANSWERS(...)                                                                               \
    static const struct fake_answer answers_[] = {__VA_ARGS__};                                    \
    fake_http_start(&world.http, answers_, COUNT_OF(answers_));                                    \
    world.has_http = true;                                                                         \
    (void)setenv("FOGCTL_SERVER", world.http.address, 1)

/* All that the controller was asked; it answers no more. */
static inline const char *requests(void)
{
    fake_http_stop(&world.http);
    world.is_over = true;
    return world.http.requests.data;
}

static inline void given_file(const char *name, const char *text)
{
    _cleanup_(str_fini)
    struct str path = STR_EMPTY;
    FILE *file;

    str_addf(&path, "%s/%s", world.folder, name);
    file = fopen(path.data, "we");
    assert_non_null(file);
    fputs(text, file);
    (void)fclose(file);
}

static inline void run_with(const char *words, const char *input)
{
    outcome_fini(&world.did);
    (void)chdir(world.folder);
    command_run(fogctl_run, words, input, &world.did);
}

static inline void run(const char *words)
{
    run_with(words, NULL);
}

static inline void run_on_terminal(const char *words)
{
    outcome_fini(&world.did);
    (void)chdir(world.folder);
    command_run_on_terminal(fogctl_run, words, &world.did);
}

#define EXITS(wanted)                                                                              \
    do {                                                                                           \
        if (world.did.code != (wanted)) {                                                          \
            print_message("out: %s\nerr: %s\n", world.did.out.data, world.did.err.data);           \
        }                                                                                          \
        assert_int_equal(world.did.code, (wanted));                                                \
    } while (0)

static inline void says(const struct str *text, const char *what)
{
    if (strstr(text->data, what) == NULL) {
        print_message("no \"%s\" in: %s\n", what, text->data);
        fail();
    }
}

#define OUT(what) says(&world.did.out, (what))
#define ERR(what) says(&world.did.err, (what))

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
