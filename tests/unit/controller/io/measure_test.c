/* A step that takes long says what it was about; the others are only counted. */
#include "controller/io/measure.h"

#include "schema/limits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct measure measure;
static char said[4096]; /* on standard error, during one step */

static void step_takes(const struct ctl_event *event, int64_t ms)
{
    int out[2], kept = dup(STDERR_FILENO);
    ssize_t length;

    assert_int_equal(pipe2(out, O_NONBLOCK), 0);
    (void)dup2(out[1], STDERR_FILENO);
    measure_step(&measure, event, ms * 1000);
    (void)dup2(kept, STDERR_FILENO);
    length = read(out[0], said, sizeof(said) - 1);
    said[length < 0 ? 0 : length] = '\0';
    (void)close(out[0]);
    (void)close(out[1]);
    (void)close(kept);
}

static void a_slow_step_says_what_it_was_about(void **state)
{
    const struct http_request request = {.method = "POST",
                                         .target = "/apis/fog/v1/changesets?fieldManager=secret",
                                         .body_size_bytes = 812};
    const struct ctl_event http = {.type = CTL_HTTP, .id = 3, .http = &request};
    const struct ctl_event frame = {
        .type = CTL_LINK_FRAME, .id = 7, .frame = {.bytes = "{}", .size_bytes = 2}};
    const struct ctl_event tick = {.type = CTL_TICK};

    (void)state;
    measure_init(&measure, NULL);
    step_takes(&http, STEP_SLOW_MS);
    assert_string_equal(said, "");
    step_takes(&http, STEP_SLOW_MS + 1);
    assert_non_null(strstr(said, "warning: a step took long event=http ms=251 "
                                 "request=\"POST /apis/fog/v1/changesets\" bytes=812\n"));
    step_takes(&frame, 900);
    assert_non_null(strstr(said, "event=link-frame ms=900 link=7 bytes=2\n"));
    step_takes(&tick, 900);
    assert_non_null(strstr(said, "event=tick ms=900 id=0\n"));
    assert_int_equal(measure.metrics.values[METRIC_STEPS_SLOW][CTL_HTTP], 1);
    assert_int_equal(measure.metrics.values[METRIC_STEPS_SLOW][CTL_LINK_FRAME], 1);
    assert_int_equal(measure.metrics.values[METRIC_STEPS_SLOW][CTL_TICK], 1);
    assert_int_equal(measure.metrics.step.count, 4);
}

static void the_process_is_looked_at(void **state)
{
    struct batch batch = {0};

    (void)state;
    measure_init(&measure, "/proc/self/exe");
    assert_true(measure.metrics.values[METRIC_STORE_BYTES][0] > 10000);
    assert_true(measure.metrics.values[METRIC_PROCESS_MEMORY][0] > 100000);
    assert_true(measure.metrics.values[METRIC_PROCESS_START][0] > INT64_C(1600000000) * 1000000);
    measure_handed(&batch);
    measure_committed(&measure, &batch);
    assert_int_equal(measure.metrics.commit.count, 1);
    assert_in_range(measure.metrics.commit.sum_us, 0, 60000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_step_says_what_it_was_about),
        cmocka_unit_test(the_process_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
