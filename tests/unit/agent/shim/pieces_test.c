/* The pure pieces of the shim: its texts, its folders and the duty cycle. */
#include "agent/shim/duty.h"
#include "agent/shim/fields.h"
#include "agent/shim/file.h"
#include "agent/shim/spec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void any_text_survives_as_a_field(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    const char *const value = "a b\nc=%41\t\x7f\x01 ü%";
    const char *key, *read;
    char *cursor;

    (void)state;
    fields_add(&text, "one", value);
    fields_add_int(&text, "two", -5);
    cursor = text.data;
    assert_true(fields_next(&cursor, &key, &read));
    assert_string_equal(key, "one");
    assert_string_equal(read, value);
    assert_true(fields_next(&cursor, &key, &read));
    assert_string_equal(key, "two");
    assert_string_equal(read, "-5");
    assert_false(fields_next(&cursor, &key, &read));
}

static void broken_escapes_stand_for_themselves(void **state)
{
    char text[] = "a=%zz%4 b%00=%00 c";
    char *cursor = text;
    const char *key, *value;

    (void)state;
    assert_true(fields_next(&cursor, &key, &value));
    assert_string_equal(value, "%zz%4");
    assert_true(fields_next(&cursor, &key, &value));
    assert_string_equal(value, "%00");
    assert_true(fields_next(&cursor, &key, &value));
    assert_string_equal(key, "c");
    assert_string_equal(value, "");
}

static void a_spec_survives_its_text(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY, again = STR_EMPTY;
    _cleanup_(arena_fini)
    struct arena arena;
    const char *command[] = {"/bin/sh", "-c", "echo \"a b\"\nexit 1", ""};
    struct strpair variables[] = {{"A", ""}, {"B", "x=y z"}};
    struct shim_spec read = {.uid = NULL};
    struct shim_spec spec = {.uid = "u",
                             .name = "n",
                             .session = "s",
                             .slot = "0",
                             .run = 3,
                             .generation = 4,
                             .lease_epoch = 5,
                             .command = command,
                             .command_count = 4,
                             .environment = variables,
                             .environment_count = 2,
                             .grace_ms = 6,
                             .orphan_after_ms = 7,
                             .cpu_limit = 8,
                             .cpu_told = 6,
                             .memory_limit = 9,
                             .pids_limit = 10,
                             .task_count = 11};

    (void)state;
    arena_init(&arena);
    spec.lease_end = MONO_NEVER;
    shim_spec_to_str(&spec, &text);
    assert_true(shim_spec_from_str(&arena, text.data, &read));
    shim_spec_to_str(&read, &again);
    assert_string_equal(text.data, again.data);
    assert_int_equal(read.command_count, 4);
    assert_string_equal(read.command[2], command[2]);
    assert_string_equal(read.environment[1].value, "x=y z");
    assert_int_equal(read.pids_limit, 10);
    assert_int_equal(read.task_count, 11);
    assert_false(shim_spec_from_str(&arena, "uid=u run=x command=y", &read));
    assert_false(shim_spec_from_str(&arena, "uid=u run=1", &read));
}

static void a_record_cut_off_is_none(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct agt_exit read, exit = {.cause = EXIT_ORPHANED, .code = 143, .message = "no agent"};

    (void)state;
    exit.usage.memory_peak = 1234567890123;
    shim_record_to_str(&exit, &text);
    assert_true(shim_record_from_str(text.data, &read));
    assert_int_equal(read.cause, EXIT_ORPHANED);
    assert_int_equal(read.code, 143);
    assert_string_equal(read.message, "no agent");
    assert_int_equal(read.usage.memory_peak, 1234567890123);
    for (size_t length = 0; length + 1 < text.length; length++) {
        _cleanup_free_ char *part = mem_strndup(text.data, length);

        assert_false(shim_record_from_str(part, &read));
    }
}

/* How many of 1000 periods of 100 ms a workload runs that uses `busy` thousandths of a core. */
static int periods_run(int64_t limit, int64_t busy)
{
    struct duty duty;
    bool runs = true;
    int count = 0;

    duty_init(&duty, limit);
    for (int i = 0; i < 1000; i++) {
        count += runs;
        runs = duty_step(&duty, runs ? busy * 100 : 0, 100 * 1000);
    }
    return count;
}

static void a_busy_thread_runs_its_share_of_the_periods(void **state)
{
    (void)state;
    assert_in_range(periods_run(500, 1000), 499, 501);
    assert_in_range(periods_run(100, 1000), 99, 101);
    assert_in_range(periods_run(10, 1000), 10, 11);
}

static void many_threads_run_less_often_and_idle_ones_always(void **state)
{
    (void)state;
    assert_in_range(periods_run(1000, 2000), 499, 501);
    assert_in_range(periods_run(1000, 4000), 249, 251);
    assert_int_equal(periods_run(500, 300), 1000);
    assert_int_equal(periods_run(2000, 1000), 1000);
}

static void idleness_is_not_saved_up_for_long(void **state)
{
    struct duty duty;
    int count = 0;

    (void)state;
    duty_init(&duty, 100);
    for (int i = 0; i < 1000; i++) {
        assert_true(duty_step(&duty, 0, 100 * 1000));
    }
    while (duty_step(&duty, 100 * 1000, 100 * 1000)) {
        count++;
    }
    assert_in_range(count, 0, 2);
}

static void what_cannot_be_listed_is_closed(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), folder = open("/", O_RDONLY | O_CLOEXEC);
    DIR *dir = file_list(folder);

    (void)state;
    assert_true(fd >= 0);
    assert_null(file_list(fd));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_null(file_list(-1));
    assert_non_null(dir);
    assert_int_equal(dirfd(dir), folder);
    assert_int_equal(closedir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_survives_as_a_field),
        cmocka_unit_test(broken_escapes_stand_for_themselves),
        cmocka_unit_test(a_spec_survives_its_text),
        cmocka_unit_test(a_record_cut_off_is_none),
        cmocka_unit_test(a_busy_thread_runs_its_share_of_the_periods),
        cmocka_unit_test(many_threads_run_less_often_and_idle_ones_always),
        cmocka_unit_test(idleness_is_not_saved_up_for_long),
        cmocka_unit_test(what_cannot_be_listed_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
