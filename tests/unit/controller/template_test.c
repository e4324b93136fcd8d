/* What the model keeps beside objects, and for how long. */
#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* A dry run resolves a template that nobody will ever have. */
static void plans_that_were_only_looked_at_leave_no_templates(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * TEMPLATES_SPARE; i++) {
        const char *body = api_target(
            &api, "{'metadata': {'name': 's'}, 'spec': {'workload': {'command': ['/bin/%d']}}}", i);

        (void)api_expect(&api, 201, "POST", SESSIONS "?dryRun=All", body);
        assert_true(api.ctl->model.templates.count <= TEMPLATES_SPARE + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plans_that_were_only_looked_at_leave_no_templates, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
