/* The state directory: what it refuses, what it keeps, how it heals. */
#include "agent/io/cache.h"

#include "agent/shim/file.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char parent[FOLDER_PATH_SIZE];
    char path[FOLDER_PATH_SIZE + 16];
    struct cache cache;
    struct err err;
};

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->parent);
    (void)snprintf(bench->path, sizeof(bench->path), "%s/state", bench->parent);
    bench->cache = (struct cache){.dir_fd = -1, .work_fd = -1, .lock_fd = -1};
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    cache_fini(&bench->cache);
    folder_remove(bench->parent);
    mem_free(state);
    return 0;
}

static int open_cache(struct bench *bench)
{
    cache_fini(&bench->cache);
    return cache_open(&bench->cache, bench->path, &bench->err);
}

static int get_key(struct bench *bench)
{
    uint8_t seed[KEY_SIZE];

    return cache_get_key(&bench->cache, seed, &bench->err);
}

static mode_t mode_of(const struct bench *bench, const char *name)
{
    struct stat about;

    assert_int_equal(fstatat(bench->cache.dir_fd, name, &about, AT_SYMLINK_NOFOLLOW), 0);
    return about.st_mode & 07777;
}

static void save(struct bench *bench, const char *text)
{
    struct blob *bytes = blob_new(text, strlen(text));

    assert_int_equal(cache_save(&bench->cache, bytes, &bench->err), 0);
    blob_unref(bytes);
}

static void expect_state(struct bench *bench, const char *text)
{
    _cleanup_(str_fini)
    struct str read = STR_EMPTY;

    assert_int_equal(file_read(bench->cache.dir_fd, "state.json", 1000, &read, NULL), 0);
    assert_string_equal(read.data, text);
}

static void write_over(const struct bench *bench, const char *name, const char *text, mode_t mode)
{
    int fd = openat(bench->cache.dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    file_close(&fd);
}

static void a_missing_directory_is_made_private(void **state)
{
    struct bench *bench = *state;

    (void)snprintf(bench->path, sizeof(bench->path), "%s/a/b", bench->parent);
    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(mode_of(bench, "."), 0700);
    assert_int_equal(mode_of(bench, "work"), 0700);
}

static void a_directory_open_to_others_is_refused(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(mkdir(bench->path, 0700), 0);
    assert_int_equal(chmod(bench->path, 0750), 0);
    assert_int_equal(open_cache(bench), ERR_REFUSED);
    assert_non_null(strstr(bench->err.text, "chmod it to 0700"));
}

static void a_directory_of_somebody_else_is_refused(void **state)
{
    struct bench *bench = *state;

    if (geteuid() != 0) {
        skip(); /* only root can give a folder away */
    }
    assert_int_equal(mkdir(bench->path, 0700), 0);
    assert_int_equal(chown(bench->path, 1234, 1234), 0);
    assert_int_equal(open_cache(bench), ERR_REFUSED);
    assert_non_null(strstr(bench->err.text, "belongs to another user"));
}

static void a_symlink_to_a_directory_is_refused(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(symlink(bench->parent, bench->path), 0);
    assert_int_equal(open_cache(bench), ERR_REFUSED);
    assert_non_null(strstr(bench->err.text, "symlink"));
}

static void the_key_is_made_once_and_private(void **state)
{
    struct bench *bench = *state;
    uint8_t first[KEY_SIZE], second[KEY_SIZE];

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_get_key(&bench->cache, first, &bench->err), 0);
    assert_int_equal(mode_of(bench, "identity.key"), 0600);
    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_get_key(&bench->cache, second, &bench->err), 0);
    assert_memory_equal(first, second, KEY_SIZE);
}

static void two_agents_have_two_keys(void **state)
{
    struct bench *bench = *state;
    uint8_t first[KEY_SIZE], second[KEY_SIZE];

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_get_key(&bench->cache, first, &bench->err), 0);
    assert_int_equal(unlinkat(bench->cache.dir_fd, "identity.key", 0), 0);
    assert_int_equal(cache_get_key(&bench->cache, second, &bench->err), 0);
    assert_memory_not_equal(first, second, KEY_SIZE);
}

/* The same directory of the same boot is the same instance; a copy, or another boot, is not. */
static void an_instance_is_a_boot_and_a_directory(void **state)
{
    struct bench *bench = *state;
    char first[INSTANCE_SIZE], again[INSTANCE_SIZE], moved[INSTANCE_SIZE], other[INSTANCE_SIZE];
    char path[sizeof(bench->path) + 16];

    assert_int_equal(open_cache(bench), 0);
    cache_name_instance(&bench->cache, "boot-1", first);
    assert_int_equal(open_cache(bench), 0);
    cache_name_instance(&bench->cache, "boot-1", again);
    cache_name_instance(&bench->cache, "boot-2", moved);
    assert_true(strncmp(first, "boot-1/", 7) == 0);
    assert_string_equal(first, again);
    assert_string_not_equal(first, moved);

    (void)snprintf(path, sizeof(path), "%s-copy", bench->path);
    cache_fini(&bench->cache);
    assert_int_equal(cache_open(&bench->cache, path, &bench->err), 0);
    cache_name_instance(&bench->cache, "boot-1", other);
    assert_string_not_equal(first, other);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(get_key(bench), 0);
    assert_int_equal(fchmodat(bench->cache.dir_fd, "identity.key", 0640, 0), 0);
    assert_int_equal(get_key(bench), ERR_REFUSED);
    assert_non_null(strstr(bench->err.text, "chmod it to 0600"));
}

static void a_key_of_somebody_else_is_refused(void **state)
{
    struct bench *bench = *state;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(get_key(bench), 0);
    assert_int_equal(fchownat(bench->cache.dir_fd, "identity.key", 1234, 1234, 0), 0);
    assert_int_equal(get_key(bench), ERR_REFUSED);
}

static void a_key_behind_a_symlink_is_refused(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(get_key(bench), 0);
    assert_int_equal(renameat(bench->cache.dir_fd, "identity.key", bench->cache.dir_fd, "k"), 0);
    assert_int_equal(symlinkat("k", bench->cache.dir_fd, "identity.key"), 0);
    assert_int_equal(get_key(bench), ERR_REFUSED);
    assert_non_null(strstr(bench->err.text, "symlink"));
}

static void what_is_no_regular_file_is_no_key(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(mkfifoat(bench->cache.dir_fd, "identity.key", 0600), 0);
    assert_int_equal(get_key(bench), ERR_REFUSED);
}

static void what_holds_no_key_is_refused_and_left_alone(void **state)
{
    static const char zeros[] = "zz00000000000000000000000000000000000000000"
                                "000000000000000000000\n";
    static const char *const broken[] = {"", "abc\n", zeros};
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;

        write_over(bench, "identity.key", broken[i], 0600);
        assert_int_equal(get_key(bench), ERR_CORRUPT);
        assert_int_equal(file_read(bench->cache.dir_fd, "identity.key", 1000, &text, NULL), 0);
        assert_string_equal(text.data, broken[i]);
    }
}

static void one_agent_at_a_time(void **state)
{
    struct bench *bench = *state;
    struct cache other;

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_lock(&bench->cache, &bench->err), 0);
    assert_int_equal(cache_open(&other, bench->path, &bench->err), 0);
    assert_int_equal(cache_lock(&other, &bench->err), ERR_UNAVAILABLE);
    cache_fini(&bench->cache);
    assert_int_equal(cache_lock(&other, &bench->err), 0);
    cache_fini(&other);
}

static void what_is_saved_is_loaded(void **state)
{
    struct bench *bench = *state;
    struct blob *bytes = NULL;

    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_load(&bench->cache, &bytes, &bench->err), ERR_NOT_FOUND);
    save(bench, "{\"one\":1}");
    save(bench, "{\"two\":2}");
    assert_int_equal(mode_of(bench, "state.json"), 0600);
    assert_int_equal(open_cache(bench), 0);
    assert_int_equal(cache_load(&bench->cache, &bytes, &bench->err), 0);
    assert_string_equal(bytes->data, "{\"two\":2}");
    blob_unref(bytes);
}

static void what_cannot_be_saved_leaves_what_was(void **state)
{
    struct bench *bench = *state;
    struct blob *bytes = blob_new("new", 3);

    assert_int_equal(open_cache(bench), 0);
    save(bench, "old");
    /* A folder in the way of the temporary file, as a disk that does not let us write. */
    assert_int_equal(mkdirat(bench->cache.dir_fd, "state.json.new", 0700), 0);
    assert_int_equal(cache_save(&bench->cache, bytes, &bench->err), ERR_IO);
    expect_state(bench, "old");
    blob_unref(bytes);
}

static void a_deleted_or_edited_state_is_healed(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    assert_false(cache_heal(&bench->cache)); /* there is nothing yet */
    save(bench, "truth");
    assert_false(cache_heal(&bench->cache));
    assert_int_equal(unlinkat(bench->cache.dir_fd, "state.json", 0), 0);
    assert_true(cache_heal(&bench->cache));
    expect_state(bench, "truth");
    write_over(bench, "state.json", "a lie", 0600);
    assert_true(cache_heal(&bench->cache));
    expect_state(bench, "truth");
    assert_false(cache_heal(&bench->cache));
}

static void a_state_set_aside_is_kept_for_a_look(void **state)
{
    struct bench *bench = *state;
    struct blob *bytes = NULL;

    assert_int_equal(open_cache(bench), 0);
    write_over(bench, "state.json", "nonsense", 0600);
    assert_int_equal(cache_load(&bench->cache, &bytes, &bench->err), 0);
    blob_unref(bytes);
    cache_set_aside(&bench->cache);
    assert_int_equal(mode_of(bench, "state.json.broken"), 0600);
    assert_false(cache_heal(&bench->cache)); /* what was broken does not come back */
}

static void the_owners_word_outlives_the_agent(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(open_cache(bench), 0);
    assert_false(cache_is_paused(&bench->cache));
    assert_int_equal(cache_set_paused(&bench->cache, true, &bench->err), 0);
    assert_int_equal(cache_set_paused(&bench->cache, true, &bench->err), 0);
    assert_int_equal(open_cache(bench), 0);
    assert_true(cache_is_paused(&bench->cache));
    assert_int_equal(cache_set_paused(&bench->cache, false, &bench->err), 0);
    assert_int_equal(cache_set_paused(&bench->cache, false, &bench->err), 0);
    assert_false(cache_is_paused(&bench->cache));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_missing_directory_is_made_private),
        CASE(a_directory_open_to_others_is_refused),
        CASE(a_directory_of_somebody_else_is_refused),
        CASE(a_symlink_to_a_directory_is_refused),
        CASE(the_key_is_made_once_and_private),
        CASE(two_agents_have_two_keys),
        CASE(an_instance_is_a_boot_and_a_directory),
        CASE(a_key_that_others_may_read_is_refused),
        CASE(a_key_of_somebody_else_is_refused),
        CASE(a_key_behind_a_symlink_is_refused),
        CASE(what_is_no_regular_file_is_no_key),
        CASE(what_holds_no_key_is_refused_and_left_alone),
        CASE(one_agent_at_a_time),
        CASE(what_is_saved_is_loaded),
        CASE(what_cannot_be_saved_leaves_what_was),
        CASE(a_deleted_or_edited_state_is_healed),
        CASE(a_state_set_aside_is_kept_for_a_look),
        CASE(the_owners_word_outlives_the_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
