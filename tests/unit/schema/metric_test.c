/* The table of metrics and its text form: names as Prometheus wants them, exact sums. */
#include "schema/metric.h"

#include "schema/base/err.h"
#include "schema/divergence.h"
#include "schema/kind.h"
#include "schema/metric_where.h"
#include "schema/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((*name < 'a' || *name > 'z') && *name != '_') {
            return false;
        }
    }
    return true;
}

static void every_metric_has_a_row_that_keeps_the_customs(void **state)
{
    (void)state;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metric_info *info = &metric_infos[metric];

        assert_non_null(info->name);
        assert_true(is_name(info->name));
        assert_true(str_ends(info->help, "."));
        assert_int_equal(str_ends(info->name, "_total"), info->type == METRIC_COUNTER);
        assert_int_equal(info->type == METRIC_HISTOGRAM, info->bound_count > 0);
        assert_true(info->bound_count <= HISTOGRAM_BOUNDS_MAX);
        for (size_t i = 1; i < info->bound_count; i++) {
            assert_true(info->bounds_us[i - 1] < info->bounds_us[i]);
        }
        assert_true(metric_series(metric) >= 1);
        assert_int_equal(metric_find(info->name), metric);
    }
    assert_int_equal(metric_find("fog_nothing"), METRIC_COUNT);
    assert_int_equal(metric_series(METRIC_OBJECTS), KIND_COUNT);
}

static const char *line_of(const struct str *text, const char *begin)
{
    static char line[256];
    const char *at = strstr(text->data, begin);

    assert_non_null(at);
    (void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void values_have_their_labels_and_units(void **state)
{
    static struct metrics core, shell;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    metrics_count(&core, METRIC_ROWS, METRIC_ROW_STATUS);
    metrics_count(&core, METRIC_ROWS, METRIC_ROW_STATUS);
    core.values[METRIC_REVISION][0] = 42;
    shell.values[METRIC_PROCESS_CPU][0] = 1250000;
    shell.values[METRIC_STORE_BYTES][0] = 4096;
    metrics_text(&core, &shell, &text);
    assert_string_equal(line_of(&text, "fog_rows_total{log=\"status"),
                        "fog_rows_total{log=\"status\"} 2");
    assert_non_null(strstr(text.data, "\nfog_revision 42\n"));
    assert_non_null(strstr(text.data, "\nprocess_cpu_seconds_total 1.25\n"));
    assert_non_null(strstr(text.data, "\nfog_store_size_bytes 4096\n"));
    assert_non_null(strstr(text.data, "# TYPE fog_convergence_seconds histogram\n"));
}

static const struct where_name *askable(const char *name)
{
    for (size_t i = 0; i < metric_where_names.count; i++) {
        if (str_eq(metric_where_names.rows[i].name, name)) {
            return &metric_where_names.rows[i];
        }
    }
    return NULL;
}

/* docs/ALERTS.md says so, and other pages have rules over some of them. */
static void all_but_histograms_and_the_version_can_be_asked_for(void **state)
{
    (void)state;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metric_info *info = &metric_infos[metric];
        const struct where_name *name = askable(info->name);
        const char *why = NULL;

        if (info->type == METRIC_HISTOGRAM || metric == METRIC_BUILD) {
            assert_null(name);
            continue;
        }
        assert_non_null(name);
        assert_int_equal((name->flags & WHERE_GROUP) != 0, info->label != NULL);
        assert_int_equal(name->type, info->unit == METRIC_BYTES     ? WHERE_BYTES
                                     : info->unit == METRIC_SECONDS ? WHERE_DURATION
                                                                    : WHERE_NUMBER);
        for (size_t i = 0; info->label != NULL && i < metric_series(metric); i++) {
            assert_true(name->check_key(metric_word(metric, i), &why));
        }
    }
    assert_int_equal(metric_where_names.count, METRIC_COUNT - 4);
}

static void a_label_that_was_left_out_is_asked_for(void **state)
{
    struct arena arena;
    struct problems problems;
    struct where where;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &metric_where_names, "fog_agents > 1", &problems, &where),
                     ERR_INVALID);
    assert_string_equal(
        where_problems_text(&arena, &problems),
        "column 1: \"fog_agents\" has several values; say which, as in fog_agents.NAME");
    arena_fini(&arena);
}

static void a_histogram_adds_up(void **state)
{
    static struct metrics core;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    metrics_measure(&core, METRIC_CONVERGENCE, METRIC_CAUSE_CHANGE, 250000); /* not above 0.25 */
    metrics_measure(&core, METRIC_CONVERGENCE, METRIC_CAUSE_CHANGE, 250001);
    metrics_measure(&core, METRIC_CONVERGENCE, METRIC_CAUSE_CHANGE, 7200 * INT64_C(1000000));
    metrics_measure(&core, METRIC_CONVERGENCE, METRIC_CAUSE_CHANGE, -5);
    metrics_text(&core, NULL, &text);
    assert_non_null(strstr(text.data, "_bucket{cause=\"change\",le=\"0.1\"} 1\n"));
    assert_non_null(strstr(text.data, "_bucket{cause=\"change\",le=\"0.25\"} 2\n"));
    assert_non_null(strstr(text.data, "_bucket{cause=\"change\",le=\"0.5\"} 3\n"));
    assert_non_null(strstr(text.data, "_bucket{cause=\"change\",le=\"3600\"} 3\n"));
    assert_non_null(strstr(text.data, "_bucket{cause=\"change\",le=\"+Inf\"} 4\n"));
    assert_non_null(strstr(text.data, "_sum{cause=\"change\"} 7200.500001\n"));
    assert_non_null(strstr(text.data, "_count{cause=\"change\"} 4\n"));
    assert_non_null(strstr(text.data, "_count{cause=\"disturbance\"} 0\n"));
    assert_null(strstr(text.data, "fog_step_duration")); /* the shell told nothing */
}

static void every_reason_has_a_class_or_is_good_news(void **state)
{
    (void)state;
    for (const struct remedy *it = remedies; it->reason != NULL; it++) {
        assert_int_equal(divergence_of(it->reason) == DIVERGENCE_COUNT, it->kind == REMEDY_NONE);
    }
    for (size_t i = 0; i < divergence_rows(); i++) {
        if (remedy_find(divergence_reason(i)) == NULL) {
            fail_msg("\"%s\" is no reason any more", divergence_reason(i));
        }
    }
    assert_int_equal(divergence_of("Silent"), DIVERGENCE_NETWORK);
    assert_int_equal(divergence_of("Updating"), DIVERGENCE_CONFIGURATION);
    assert_int_equal(divergence_of("NoAgent"), DIVERGENCE_RESOURCES);
    assert_int_equal(divergence_of("Segfault"), DIVERGENCE_SOFTWARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_a_row_that_keeps_the_customs),
        cmocka_unit_test(values_have_their_labels_and_units),
        cmocka_unit_test(all_but_histograms_and_the_version_can_be_asked_for),
        cmocka_unit_test(a_label_that_was_left_out_is_asked_for),
        cmocka_unit_test(a_histogram_adds_up),
        cmocka_unit_test(every_reason_has_a_class_or_is_good_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
