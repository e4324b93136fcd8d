/* Stories of placing: who runs what after a change was carried out, and what is said of the rest.
 *
 * state.yaml is the fleet, at rest before anything happens; change.yaml is what is applied;
 * expected.txt is the fleet when every agent has done what it was told. */
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
    struct str text = STR_EMPTY;
    struct fleet fleet;

    fleet_init(&fleet);
    fleet_load(&fleet, state);
    fleet_start(&fleet);
    fleet_obey(&fleet);
    fleet_apply(&fleet, change);
    fleet_connect_new(&fleet);
    fleet_obey(&fleet);
    fleet_print(&fleet, &text);
    story_expect(story, "expected.txt", text.data);
    fleet_fini(&fleet);
    str_fini(&text);
    free(state);
    free(change);
}

int main(void)
{
    return story_run_all("place", tell);
}
