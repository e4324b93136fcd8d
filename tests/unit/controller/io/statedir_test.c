/* The state directory: who may use it, and what lies in it. */
#include "controller/io/statedir.h"

#include "schema/base/str.h"
#include "schema/limits.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[FOLDER_PATH_SIZE];

static int setup(void **state)
{
    (void)state;
    folder_make(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char path[2 * FOLDER_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static off_t size_of(const char *name)
{
    struct stat info;

    return stat(in_folder(name), &info) < 0 ? -1 : info.st_size;
}

static void a_store_is_made_where_there_is_none_and_not_where_one_was_emptied(void **state)
{
    (void)state;
    struct statedir statedir;
    struct err err;
    FILE *file;

    assert_int_equal(statedir_open(&statedir, in_folder("s"), &err), 0);
    assert_true(statedir_may_make_store(&statedir));
    assert_int_equal(statedir_begin_store(&statedir, &err), 0);
    file = fopen(statedir.store_path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_true(statedir_may_make_store(&statedir)); /* it was killed in between */
    statedir_end_store(&statedir);
    assert_false(statedir_may_make_store(&statedir));
    assert_int_equal(statedir_write(&statedir, "api.addr", "127.0.0.1:7411", &err), 0);
    assert_int_equal(unlink(statedir.store_path), 0);
    assert_false(statedir_may_make_store(&statedir)); /* it was lost */
    statedir_close(&statedir);
}

static void a_missing_directory_is_made_for_us_alone(void **state)
{
    (void)state;
    char path[2 * FOLDER_PATH_SIZE];
    struct statedir statedir;
    struct stat info;
    struct err err;

    (void)snprintf(path, sizeof(path), "%s", in_folder("state"));
    assert_int_equal(statedir_open(&statedir, path, &err), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_true(str_ends(statedir.store_path, "/state/fog.db"));
    statedir_close(&statedir);
}

static void a_directory_open_to_others_is_refused(void **state)
{
    (void)state;
    struct statedir statedir;
    struct err err;

    assert_int_equal(chmod(folder, 0750), 0);
    assert_int_equal(statedir_open(&statedir, folder, &err), ERR_REFUSED);
    assert_non_null(strstr(err.text, "chmod 700"));
    statedir_close(&statedir);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_second_controller_is_refused_until_the_first_ends(void **state)
{
    (void)state;
    struct statedir first, second;
    struct err err;
    char pid[32];

    (void)snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
    assert_int_equal(statedir_open(&first, folder, &err), 0);
    assert_int_equal(statedir_open(&second, folder, &err), ERR_REFUSED);
    assert_non_null(strstr(err.text, pid));
    statedir_close(&second);
    statedir_close(&first);
    assert_int_equal(statedir_open(&first, folder, &err), 0);
    statedir_close(&first);
}

static void what_is_no_directory_is_refused(void **state)
{
    (void)state;
    struct statedir statedir;
    struct err err;

    assert_int_equal(statedir_open(&statedir, "/dev/null", &err), ERR_SYSTEM);
    statedir_close(&statedir);
    assert_int_equal(statedir_open(&statedir, "/nonexistent/fog", &err), ERR_SYSTEM);
    statedir_close(&statedir);
}

static void the_ballast_is_taken_once_and_given_back(void **state)
{
    (void)state;
    struct statedir statedir;
    struct err err;

    assert_int_equal(statedir_open(&statedir, folder, &err), 0);
    assert_int_equal(statedir_take_ballast(&statedir, &err), 0);
    assert_int_equal(statedir_take_ballast(&statedir, &err), 0);
    assert_int_equal(size_of("ballast"), BALLAST_BYTES);
    statedir_give_ballast(&statedir);
    statedir_give_ballast(&statedir);
    assert_int_equal(size_of("ballast"), -1);
    statedir_close(&statedir);
}

static void a_small_file_is_replaced_whole(void **state)
{
    (void)state;
    struct statedir statedir;
    struct err err;
    uint64_t number;

    assert_int_equal(statedir_open(&statedir, folder, &err), 0);
    assert_int_equal(statedir_write(&statedir, "api.addr", "127.0.0.1:65535", &err), 0);
    assert_int_equal(statedir_write(&statedir, "api.addr", "127.0.0.1:1", &err), 0);
    assert_int_equal(size_of("api.addr"), 12);
    assert_int_equal(size_of("api.addr.new"), -1);
    assert_int_equal(statedir_read_number(&statedir, "api.addr", &number, &err), ERR_CORRUPT);
    assert_int_equal(statedir_read_number(&statedir, "era", &number, &err), 0);
    assert_int_equal(number, 0);
    assert_int_equal(statedir_write(&statedir, "era", "7", &err), 0);
    assert_int_equal(statedir_read_number(&statedir, "era", &number, &err), 0);
    assert_int_equal(number, 7);
    statedir_close(&statedir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_is_made_where_there_is_none_and_not_where_one_was_emptied),
        TEST(a_missing_directory_is_made_for_us_alone),
        TEST(a_directory_open_to_others_is_refused),
        TEST(a_second_controller_is_refused_until_the_first_ends),
        TEST(what_is_no_directory_is_refused),
        TEST(the_ballast_is_taken_once_and_given_back),
        TEST(a_small_file_is_replaced_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
