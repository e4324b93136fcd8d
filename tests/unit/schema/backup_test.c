/* The line at the end of a backup comes back as it was, and what is none is refused. */
#include "schema/backup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct backup_trailer some = {
    .store_id = "17f6ea09-de46-4e4d-a4b4-e66ce9fe868a",
    .era = 4096,
    .revision = UINT64_C(1) << 53,
    .size_bytes = INT64_MAX,
    .digest = {{1, 2, 3}},
};

static void a_trailer_comes_back(void **state)
{
    char text[BACKUP_TRAILER_SIZE];
    struct backup_trailer back;

    (void)state;
    backup_trailer_to_text(&some, text);
    assert_null(memchr(text, '\0', sizeof(text)));
    assert_int_equal(text[BACKUP_TRAILER_SIZE - 1], '\n');
    assert_true(backup_trailer_from_text(text, &back));
    assert_string_equal(back.store_id, some.store_id);
    assert_int_equal(back.era, some.era);
    assert_int_equal(back.revision, some.revision);
    assert_int_equal(back.size_bytes, some.size_bytes);
    assert_true(digest_eq(&back.digest, &some.digest));
}

static void what_is_none_is_refused(void **state)
{
    static const char *const damages[] = {
        "fog-backup 1", "store=", " era=", "revision=", "bytes=", "digest=blake2b:"};
    struct backup_trailer back;

    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        char text[BACKUP_TRAILER_SIZE];
        char *at;

        backup_trailer_to_text(&some, text);
        at = memmem(text, sizeof(text), damages[i], strlen(damages[i]));
        assert_non_null(at);
        at[strlen(damages[i]) - 1] = 'x';
        assert_false(backup_trailer_from_text(text, &back));
    }
    for (size_t cut = 0; cut < BACKUP_TRAILER_SIZE; cut++) {
        char text[BACKUP_TRAILER_SIZE];

        backup_trailer_to_text(&some, text);
        memset(text + cut, 0, sizeof(text) - cut);
        assert_false(backup_trailer_from_text(text, &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trailer_comes_back),
        cmocka_unit_test(what_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
