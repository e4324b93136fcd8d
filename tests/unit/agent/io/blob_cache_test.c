/* The cache of blobs on an agent: nothing in it is believed, and it stays within its quota. */
#include "agent/io/blob_cache.h"

#include "schema/base/str.h"
#include "schema/blobs.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUOTA_BYTES = 10 };

static char folder[FOLDER_PATH_SIZE];
static struct blob_cache cache;
static int state_fd;

static int set_up(void **state)
{
    struct err err;

    (void)state;
    folder_make(folder);
    state_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(blob_cache_open(&cache, state_fd, QUOTA_BYTES, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    blob_cache_close(&cache);
    (void)close(state_fd);
    folder_remove(folder);
    return 0;
}

static void digest_text(const char *text, char digest[static DIGEST_TEXT_SIZE])
{
    struct digest found;

    digest_of(text, strlen(text), &found);
    digest_to_str(&found, digest);
}

/* What came for a digest, true or not, last used so many seconds after the beginning of time. */
static void came(const char *digest, const char *text, int64_t used_s)
{
    struct timespec times[2] = {{.tv_sec = used_s}, {.tv_sec = used_s}};
    int64_t size_bytes;
    int fd;

    assert_int_equal(blob_cache_begin(&cache, digest, &fd, &size_bytes), 0);
    assert_int_equal(size_bytes, 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(futimens(fd, times), 0);
    (void)close(fd);
    assert_int_equal(blob_cache_finish(&cache, digest), 0);
}

static int copy(const char *digest, char *text, size_t size)
{
    char path[FOLDER_PATH_SIZE + 8];
    int fd, code;
    ssize_t got;

    (void)snprintf(path, sizeof(path), "%s/copy", folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    code = blob_cache_copy(&cache, digest, fd);
    got = pread(fd, text, size - 1, 0);
    text[got < 0 ? 0 : got] = '\0';
    (void)close(fd);
    return code;
}

static void what_came_is_copied(void **state)
{
    char digest[DIGEST_TEXT_SIZE], text[16];

    (void)state;
    digest_text("abc", digest);
    assert_int_equal(copy(digest, text, sizeof(text)), ERR_NOT_FOUND);
    came(digest, "abc", 1);
    assert_int_equal(copy(digest, text, sizeof(text)), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(copy("blake2b:../../identity.key", text, sizeof(text)), ERR_INVALID);
}

static void what_is_damaged_is_thrown_away(void **state)
{
    char digest[DIGEST_TEXT_SIZE], text[16];

    (void)state;
    digest_text("abc", digest);
    came(digest, "abX", 1);
    assert_int_equal(copy(digest, text, sizeof(text)), ERR_CORRUPT);
    assert_int_equal(copy(digest, text, sizeof(text)), ERR_NOT_FOUND);
}

static void an_incoming_file_is_gone_on_with_at_its_end(void **state)
{
    char digest[DIGEST_TEXT_SIZE], text[16];
    int64_t size_bytes;
    int fd;

    (void)state;
    digest_text("abc", digest);
    assert_int_equal(blob_cache_begin(&cache, digest, &fd, &size_bytes), 0);
    assert_int_equal(write(fd, "ab", 2), 2);
    (void)close(fd);
    assert_int_equal(blob_cache_begin(&cache, digest, &fd, &size_bytes), 0);
    assert_int_equal(size_bytes, 2);
    assert_int_equal(write(fd, "c", 1), 1);
    (void)close(fd);
    assert_int_equal(blob_cache_finish(&cache, digest), 0);
    assert_int_equal(copy(digest, text, sizeof(text)), 0);
}

static void what_was_used_least_lately_goes_first(void **state)
{
    char old[DIGEST_TEXT_SIZE], used[DIGEST_TEXT_SIZE], newer[DIGEST_TEXT_SIZE], text[16];

    (void)state;
    digest_text("aaaa", old);
    digest_text("bbbb", used);
    digest_text("cccc", newer);
    came(old, "aaaa", 2);
    came(used, "bbbb", 1);
    came(newer, "cccc", 3);
    assert_int_equal(copy(used, text, sizeof(text)), 0); /* and so the newest */
    blob_cache_prune(&cache);
    assert_int_equal(copy(old, text, sizeof(text)), ERR_NOT_FOUND);
    assert_int_equal(copy(used, text, sizeof(text)), 0);
    assert_int_equal(copy(newer, text, sizeof(text)), 0);
}

static void a_part_that_nobody_goes_on_with_is_dropped(void **state)
{
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    char left[DIGEST_TEXT_SIZE], fresh[DIGEST_TEXT_SIZE];
    int64_t size_bytes;
    int fd;

    (void)state;
    digest_text("left", left);
    digest_text("fresh", fresh);
    assert_int_equal(blob_cache_begin(&cache, left, &fd, &size_bytes), 0);
    assert_int_equal(futimens(fd, old), 0);
    (void)close(fd);
    assert_int_equal(blob_cache_begin(&cache, fresh, &fd, &size_bytes), 0);
    (void)close(fd);
    blob_cache_prune(&cache);
    assert_int_not_equal(blob_cache_finish(&cache, left), 0);
    assert_int_equal(blob_cache_finish(&cache, fresh), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_came_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_thrown_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_incoming_file_is_gone_on_with_at_its_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_used_least_lately_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_that_nobody_goes_on_with_is_dropped, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
