/* Replays the corpus of each fuzzer.  A crash found by fuzzing becomes a file there. */
#include "schema/base/mem.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_BYTES_MAX = 1 << 20, FILES_MIN = 5 };

typedef void (*fuzz_f)(const uint8_t *bytes, size_t size_bytes);

/* The bytes are on the heap with nothing behind them, so that reading too far is seen. */
static void replay_file(const char *path, fuzz_f fuzz)
{
    FILE *file = fopen(path, "rb");
    _cleanup_free_ uint8_t *bytes = mem_alloc(FILE_BYTES_MAX);
    _cleanup_free_ uint8_t *exact = NULL;
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, FILE_BYTES_MAX, file);
    assert_true(feof(file) != 0);
    (void)fclose(file);
    exact = mem_copy(bytes, size);
    fuzz(exact, size);
}

static void replay(const char *name, fuzz_f fuzz)
{
    char folder[64], path[512];
    struct dirent *entry;
    size_t count = 0;
    DIR *directory;

    (void)snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
    directory = opendir(folder);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            replay_file(path, fuzz);
            count++;
        }
    }
    (void)closedir(directory);
    assert_true(count >= FILES_MIN);
}

static void the_corpus_of_owned_fields_keeps_every_promise(void **state)
{
    (void)state;
    replay("fields", fuzz_fields);
}

static void the_corpus_of_requests_keeps_every_promise(void **state)
{
    (void)state;
    replay("http", fuzz_http);
}

static void the_corpus_of_json_keeps_every_promise(void **state)
{
    (void)state;
    replay("json", fuzz_json);
}

static void the_corpus_of_messages_keeps_every_promise(void **state)
{
    (void)state;
    replay("wire", fuzz_wire);
}

static void the_corpus_of_options_keeps_every_promise(void **state)
{
    (void)state;
    replay("options", fuzz_options);
}

static void the_corpus_of_reviews_keeps_every_promise(void **state)
{
    (void)state;
    replay("protobuf", fuzz_protobuf);
}

static void the_corpus_of_patches_keeps_every_promise(void **state)
{
    (void)state;
    replay("patch", fuzz_patch);
}

static void the_corpus_of_queries_keeps_every_promise(void **state)
{
    (void)state;
    replay("query", fuzz_query);
}

static void the_corpus_of_conditions_keeps_every_promise(void **state)
{
    (void)state;
    replay("where", fuzz_where);
}

static void the_corpus_of_frames_keeps_every_promise(void **state)
{
    (void)state;
    replay("websocket", fuzz_websocket);
}

static void the_corpus_of_yaml_keeps_every_promise(void **state)
{
    (void)state;
    replay("yaml", fuzz_yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_of_owned_fields_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_requests_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_json_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_messages_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_options_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_reviews_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_patches_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_queries_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_conditions_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_frames_keeps_every_promise),
        cmocka_unit_test(the_corpus_of_yaml_keeps_every_promise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
