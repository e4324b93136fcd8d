/* Reading logs: the last lines, what follows, rotation, and bytes that are no text. */
#include "agent/io/logs.h"

#include "agent/io/tail.h"
#include "agent/shim/file.h"
#include "agent/shim/runlog.h"
#include "agent/shim/spec.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define UID "11111111-2222-4333-8444-555555555555"

struct bench {
    char path[FOLDER_PATH_SIZE];
    int work_fd, dir_fd;
    uv_loop_t loop;
    struct logs *logs;
    struct runlog log;
    struct str read; /* all that was told */
    size_t chunks;
    bool is_slow, is_ended;
    char error[100];
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static void on_event(void *data, struct agt_event *event)
{
    struct bench *bench = data;

    assert_int_equal(event->type, AGT_LOG_LINES);
    assert_int_equal(event->log.id, 42);
    assert_true(strlen(event->log.data) <= LOG_CHUNK_BYTES_MAX);
    assert_int_equal(utf8_valid_bytes(event->log.data, strlen(event->log.data)),
                     strlen(event->log.data));
    assert_false(bench->is_ended);
    str_add(&bench->read, event->log.data);
    bench->chunks++;
    bench->is_ended = event->log.end;
    if (event->log.error != NULL) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", event->log.error);
    }
}

static bool may_send(void *data)
{
    return !((const struct bench *)data)->is_slow;
}

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    bench->work_fd = open(bench->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench->dir_fd = file_open_dir(bench->work_fd, UID, true);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    bench->logs = logs_new(&bench->loop, bench->work_fd, on_event, may_send, bench);
    runlog_init(&bench->log, bench->dir_fd);
    str_init(&bench->read);
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    logs_close(bench->logs);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    logs_free(bench->logs);
    runlog_fini(&bench->log);
    str_fini(&bench->read);
    file_close(&bench->dir_fd);
    file_close(&bench->work_fd);
    folder_remove(bench->path);
    mem_free(state);
    return 0;
}

static bool turn(struct bench *bench)
{
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    return true;
}

#define UNTIL(condition) AWAIT(turn(bench) && (condition))

/* As over a link that takes everything at once, and says so. */
static bool pump(struct bench *bench)
{
    logs_pump(bench->logs);
    return turn(bench);
}

#define UNTIL_PUMPED(condition) AWAIT(pump(bench) && (condition))

static void wrote(struct bench *bench, const char *text)
{
    runlog_add(&bench->log, text, strlen(text));
}

/* Lines "0000001" and so on: eight bytes each. */
static void wrote_lines(struct bench *bench, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        char line[16];

        (void)snprintf(line, sizeof(line), "%07d\n", i);
        wrote(bench, line);
    }
}

static void reads(struct bench *bench, int64_t tail, const char *text)
{
    str_clear(&bench->read);
    bench->is_ended = false;
    logs_read(bench->logs, 42, UID, tail, false);
    UNTIL_PUMPED(bench->is_ended);
    assert_string_equal(bench->read.data, text);
    assert_string_equal(bench->error, "");
}

/* --- tail ---------------------------------------------------------------------------------------
 */

static void the_last_lines_are_read(void **state)
{
    struct bench *bench = *state;

    wrote(bench, "one\ntwo\n\nfour\n");
    reads(bench, -1, "one\ntwo\n\nfour\n");
    reads(bench, 100, "one\ntwo\n\nfour\n");
    reads(bench, 4, "one\ntwo\n\nfour\n");
    reads(bench, 3, "two\n\nfour\n");
    reads(bench, 1, "four\n");
    reads(bench, 0, "");
    wrote(bench, "five");
    reads(bench, 1, "five");
    reads(bench, 2, "four\nfive");
}

static void the_older_file_is_read_as_far_as_needed(void **state)
{
    struct bench *bench = *state;
    int lines = LOG_FILE_BYTES_MAX / 8;

    wrote_lines(bench, 0, lines + 2);
    reads(bench, 2, "0131072\n0131073\n");
    reads(bench, 4, "0131070\n0131071\n0131072\n0131073\n");
    str_clear(&bench->read);
    bench->is_ended = false;
    bench->chunks = 0;
    logs_read(bench->logs, 42, UID, -1, false);
    UNTIL_PUMPED(bench->is_ended);
    assert_int_equal(bench->read.length, 8 * (lines + 2));
    assert_true(bench->chunks >= LOG_FILE_BYTES_MAX / LOG_CHUNK_BYTES_MAX);
}

static void what_was_never_started_has_no_log(void **state)
{
    struct bench *bench = *state;

    logs_read(bench->logs, 42, "99999999-2222-4333-8444-555555555555", -1, true);
    assert_int_equal(bench->chunks, 0); /* not from within the call */
    UNTIL(bench->is_ended);
    assert_string_equal(bench->error, "it has not been started on this agent");
}

static void a_uid_that_leads_elsewhere_is_refused(void **state)
{
    struct bench *bench = *state;

    logs_read(bench->logs, 42, "../../etc", -1, false);
    UNTIL(bench->is_ended);
    assert_string_not_equal(bench->error, "");
}

static void too_many_streams_are_refused(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < LOG_STREAMS_MAX; i++) {
        logs_read(bench->logs, 1, UID, 0, true);
    }
    logs_read(bench->logs, 42, UID, 0, true);
    UNTIL(bench->is_ended);
    assert_non_null(strstr(bench->error, "too many logs"));
}

/* --- follow -------------------------------------------------------------------------------------
 */

static void what_is_added_follows(void **state)
{
    struct bench *bench = *state;

    wrote(bench, "one\n");
    logs_read(bench->logs, 42, UID, 0, true);
    UNTIL(true);
    wrote(bench, "two\n");
    UNTIL(str_eq(bench->read.data, "two\n"));
    wrote(bench, "three");
    UNTIL(str_eq(bench->read.data, "two\nthree"));
    assert_false(bench->is_ended);
    logs_stop(bench->logs, 42);
    wrote(bench, "four");
    logs_pump(bench->logs);
    assert_string_equal(bench->read.data, "two\nthree");
}

static void following_goes_over_a_rotation(void **state)
{
    struct bench *bench = *state;
    int lines = LOG_FILE_BYTES_MAX / 8;

    wrote_lines(bench, 0, lines - 1);
    logs_read(bench->logs, 42, UID, 1, true);
    UNTIL(str_eq(bench->read.data, "0131070\n"));
    wrote_lines(bench, lines - 1, 3);
    UNTIL(str_eq(bench->read.data, "0131070\n0131071\n0131072\n0131073\n"));
}

static void a_log_that_comes_later_is_followed_from_its_start(void **state)
{
    struct bench *bench = *state;

    runlog_fini(&bench->log);
    assert_int_equal(unlinkat(bench->dir_fd, RUN_LOG, 0), 0);
    logs_read(bench->logs, 42, UID, 10, true);
    UNTIL(true);
    wrote(bench, "hello\n");
    UNTIL(str_eq(bench->read.data, "hello\n"));
}

static void a_slow_link_is_not_pressed(void **state)
{
    struct bench *bench = *state;

    bench->is_slow = true;
    wrote_lines(bench, 0, 10000);
    logs_read(bench->logs, 42, UID, -1, false);
    for (int i = 0; i < 20; i++) {
        logs_pump(bench->logs);
        (void)turn(bench);
    }
    assert_int_equal(bench->chunks, 0);
    bench->is_slow = false;
    logs_pump(bench->logs);
    assert_int_equal(bench->chunks, 1);
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static void clean(const char *bytes, size_t size_bytes, bool last, const char *text, size_t used)
{
    _cleanup_(str_fini)
    struct str to = STR_EMPTY;

    assert_int_equal(tail_clean(bytes, size_bytes, last, 1000, &to), used);
    assert_string_equal(to.data, text);
}

#define R UTF8_REPLACEMENT

static void what_is_no_text_is_replaced(void **state)
{
    (void)state;
    clean("plain \xc3\xbc", 8, true, "plain \xc3\xbc", 8);
    clean("a\0b", 3, true, "a" R "b", 3);
    clean("\xff\xfe", 2, false, R R, 2);
    clean("\xc0\xaf", 2, false, R R, 2);       /* overlong */
    clean("\xed\xa0\x80", 3, false, R R R, 3); /* a surrogate */
    clean("a\xe2\x82", 3, false, "a", 1);      /* the euro sign, not yet whole */
    clean("a\xe2\x82", 3, true, "a" R R, 3);   /* and never to be */
    clean("a\xe2zz", 4, false, "a" R "zz", 4); /* cannot become whole */
    clean("\xf0\x9f\x98\x80", 4, false, "\xf0\x9f\x98\x80", 4);
}

static void a_character_cut_in_two_arrives_whole(void **state)
{
    struct bench *bench = *state;

    logs_read(bench->logs, 42, UID, -1, true);
    wrote(bench, "x\xe2\x82");
    UNTIL(str_eq(bench->read.data, "x"));
    wrote(bench, "\xac\n");
    UNTIL(str_eq(bench->read.data, "x\xe2\x82\xac\n"));
}

static void a_log_of_garbage_is_read_whole_in_bounded_chunks(void **state)
{
    struct bench *bench = *state;
    char garbage[40000];

    memset(garbage, 0xff, sizeof(garbage));
    runlog_add(&bench->log, garbage, sizeof(garbage));
    logs_read(bench->logs, 42, UID, -1, false);
    UNTIL_PUMPED(bench->is_ended);
    assert_int_equal(bench->read.length, sizeof(garbage) * strlen(R));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_last_lines_are_read),
        CASE(the_older_file_is_read_as_far_as_needed),
        CASE(what_was_never_started_has_no_log),
        CASE(a_uid_that_leads_elsewhere_is_refused),
        CASE(too_many_streams_are_refused),
        CASE(what_is_added_follows),
        CASE(following_goes_over_a_rotation),
        CASE(a_log_that_comes_later_is_followed_from_its_start),
        CASE(a_slow_link_is_not_pressed),
        CASE(what_is_no_text_is_replaced),
        CASE(a_character_cut_in_two_arrives_whole),
        CASE(a_log_of_garbage_is_read_whole_in_bounded_chunks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
