/* Stories of planning: what a change would lead to, as fogctl diff shows it.
 *
 * state.yaml is the fleet, at rest before anything is asked; change.yaml is what is applied;
 * expected.txt is the plan.  It is asked for twice: a trial leaves nothing behind. */
#include "tests/support/fleet.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void tell(const struct story *story)
{
    char *state = story_read(story, "state.yaml"), *change = story_read(story, "change.yaml");
    struct str plan = STR_EMPTY, again = STR_EMPTY;
    struct fleet fleet;

    fleet_init(&fleet);
    fleet_load(&fleet, state);
    fleet_start(&fleet);
    fleet_obey(&fleet);
    fleet_plan(&fleet, change, &plan);
    fleet_plan(&fleet, change, &again);
    assert_string_equal(plan.data, again.data);
    story_expect(story, "expected.txt", plan.data);
    fleet_fini(&fleet);
    str_fini(&plan);
    str_fini(&again);
    free(state);
    free(change);
}

int main(void)
{
    return story_run_all("plan", tell);
}
