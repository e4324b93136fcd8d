/* Files of blobs: what is visible when, and what a start finds. */
#include "controller/io/blob_files.h"

#include "schema/base/str.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DIGEST "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
#define HEX    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"

static char folder[FOLDER_PATH_SIZE];
static struct blob_files files;
static int state_fd;
static struct str seen;

static void open_again(void)
{
    struct err err = ERR_NONE;

    assert_int_equal(blob_files_open(&files, state_fd, &err), 0);
}

static int set_up(void **state)
{
    (void)state;
    folder_make(folder);
    str_init(&seen);
    state_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(state_fd >= 0);
    open_again();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    blob_files_close(&files);
    (void)close(state_fd);
    str_fini(&seen);
    folder_remove(folder);
    return 0;
}

static void note(void *context, const struct blob_file *file)
{
    (void)context;
    str_addf(&seen, "%s %lld ", file->digest, (long long)file->size_bytes);
}

static const char *found(void)
{
    struct err err;

    str_clear(&seen);
    assert_int_equal(blob_files_each(&files, 10, note, NULL, &err), 0);
    return seen.data;
}

static int begin(bool goes_on)
{
    int fd = -1;

    assert_int_equal(blob_files_begin(&files, DIGEST, goes_on, &fd), 0);
    return fd;
}

static void publish(const char *text)
{
    int fd = begin(false);

    assert_int_equal(blob_files_write(fd, text, strlen(text), 0), 0);
    assert_int_equal(blob_files_publish(&files, fd, DIGEST), 0);
    (void)close(fd);
}

static void what_is_unfinished_is_seen_by_nobody_and_gone_after_a_start(void **state)
{
    int fd = begin(false), other;

    (void)state;
    assert_int_equal(blob_files_write(fd, "abc", 3, 0), 0);
    assert_string_equal(found(), "");
    assert_int_equal(blob_files_find(&files, DIGEST, &other), ERR_NOT_FOUND);
    (void)close(fd);
    blob_files_close(&files);
    open_again();
    assert_string_equal(found(), "");
    assert_int_equal(blob_files_begin(&files, DIGEST, true, &fd), ERR_NOT_FOUND);
}

static void what_is_published_is_there_after_a_start(void **state)
{
    char text[4] = "";
    int fd;

    (void)state;
    publish("abc");
    blob_files_close(&files);
    open_again();
    assert_string_equal(found(), DIGEST " 3 ");
    assert_int_equal(blob_files_check(&files, DIGEST, 3), 0);
    assert_int_equal(blob_files_check(&files, DIGEST, 4), ERR_CORRUPT);
    assert_int_equal(blob_files_find(&files, DIGEST, &fd), 0);
    assert_int_equal(blob_files_read(fd, text, 2, 1), 0);
    assert_string_equal(text, "bc");
    assert_int_equal(blob_files_read(fd, text, 3, 1), ERR_CORRUPT);
    (void)close(fd);
}

static void an_upload_goes_on_where_it_was(void **state)
{
    int fd = begin(false);

    (void)state;
    assert_int_equal(blob_files_write(fd, "ab", 2, 0), 0);
    (void)close(fd);
    fd = begin(true);
    assert_int_equal(blob_files_write(fd, "c", 1, 2), 0);
    assert_int_equal(blob_files_publish(&files, fd, DIGEST), 0);
    (void)close(fd);
    assert_string_equal(found(), DIGEST " 3 ");
}

static void what_is_removed_is_gone_and_removing_nothing_is_fine(void **state)
{
    (void)state;
    publish("abc");
    assert_int_equal(blob_files_remove(&files, DIGEST), 0);
    assert_int_equal(blob_files_remove(&files, DIGEST), 0);
    assert_string_equal(found(), "");
    assert_int_equal(blob_files_check(&files, DIGEST, 3), ERR_NOT_FOUND);
}

static int64_t used_ms;

static void note_used(void *context, const struct blob_file *file)
{
    (void)context;
    used_ms = file->used.ms;
}

static void reading_is_not_using_and_touching_is(void **state)
{
    struct wall moment = {1700000000000};
    char text[3];
    struct err err;
    int fd;

    (void)state;
    publish("abc");
    blob_files_touch(&files, DIGEST, moment);
    assert_int_equal(blob_files_find(&files, DIGEST, &fd), 0);
    assert_int_equal(blob_files_read(fd, text, 3, 0), 0);
    (void)close(fd);
    assert_int_equal(blob_files_each(&files, 10, note_used, NULL, &err), 0);
    assert_true(used_ms == moment.ms);
}

static void what_is_no_blob_is_passed_over(void **state)
{
    int dir_fd, fd;

    (void)state;
    publish("abc");
    dir_fd = openat(files.dir_fd, "ba", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = openat(dir_fd, "README", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(symlinkat("README", dir_fd, &HEX[2]), -1);
    assert_int_equal(unlinkat(dir_fd, &HEX[2], 0), 0);
    assert_int_equal(symlinkat("README", dir_fd, &HEX[2]), 0);
    assert_string_equal(found(), "");
    (void)close(fd);
    assert_int_equal(blob_files_find(&files, DIGEST, &fd), ERR_IO); /* it is there, after all */
    assert_int_equal(blob_files_check(&files, DIGEST, 6), ERR_CORRUPT);
    (void)close(dir_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_unfinished_is_seen_by_nobody_and_gone_after_a_start,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_published_is_there_after_a_start, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_upload_goes_on_where_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_removed_is_gone_and_removing_nothing_is_fine,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_is_not_using_and_touching_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_blob_is_passed_over, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
