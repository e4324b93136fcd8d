/* Two machines with one key, one machine that was booted, and one whose old state was put back:
 * who is let in, and when. */
#include "controller/core/instance.h"

#include "controller/core/link.h"
#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { LEASE_MS = 30 * 1000, LONGEST_MS = LEASE_MS + LEASE_MS / 1000 + LEASE_MARGIN_MS };

static struct api api;
static struct api_agent edge;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    edge = (struct api_agent){.name = "edge-1", .key = {1}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- a small language ------------------------------------------------------------------------- */

/* Dials and says hello as this instance, of which `epoch` is the highest it knows. */
static void dial(const char *boot_id, int64_t epoch)
{
    struct wire_hello hello;

    edge.link = api_link_up(&api);
    hello = api_hello(&api, &edge);
    hello.boot_id = boot_id;
    hello.epoch = epoch;
    api_say_hello(&api, &edge, &hello);
}

static int64_t welcome(const char *boot_id, int64_t epoch)
{
    struct wire_message message;

    dial(boot_id, epoch);
    if (!api_hear(&api, edge.link, WIRE_WELCOME, &message)) {
        fail_msg("not welcome: %s", api_hangup(&api, edge.link));
    }
    edge.heartbeat_ms = message.welcome.heartbeat_ms;
    edge.epoch = message.welcome.epoch;
    return message.welcome.epoch;
}

/* Returns how long it shall stay away. */
static int64_t refused(const char *boot_id, int64_t epoch, const char *reason)
{
    struct wire_message message;

    dial(boot_id, epoch);
    if (!api_hear(&api, edge.link, WIRE_REFUSE, &message)) {
        fail_msg("not refused");
    }
    assert_string_equal(message.refuse.reason, reason);
    return message.refuse.retry_after_ms;
}

static void beat(uint64_t link, int64_t epoch)
{
    struct wire_message message = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = epoch, .seq = 1}};

    api_say(&api, link, &message);
}

/* Exclusive work is placed on the agent, which asks for its lease. */
static void hold_a_lease(void)
{
    struct wire_lease lease;
    struct wire_message message = {.type = WIRE_RENEW};
    const struct assignment_entry *copy;

    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'exclusive': true,"
                     " 'leaseDuration': '30s', " WORK "}}");
    copy = map_next(&api.ctl->model.objects[KIND_ASSIGNMENT], NULL)->value;
    lease = (struct wire_lease){.uid = copy->object->meta.uid,
                                .lease_epoch = assignment_spec(copy)->lease_epoch};
    message.renew = (struct wire_renew){.epoch = edge.epoch, .seq = 1};
    message.renew.leases.items = &lease;
    message.renew.leases.count = 1;
    api_say(&api, edge.link, &message);
    assert_true(api_hear(&api, edge.link, WIRE_RENEWED, &message));
    assert_int_equal(message.renewed.leases.count, 1);
}

static bool has_event(const char *reason)
{
    map_each (&api.ctl->model.objects[KIND_EVENT], it) {
        if (str_eq(event_of(((struct entry *)it->value)->object)->reason, reason)) {
            return true;
        }
    }
    return false;
}

/* --- while the other one is there ------------------------------------------------------------- */

static void a_second_machine_waits_while_the_first_is_heard(void **state)
{
    int64_t first = welcome("boot-1/a", 0);
    uint64_t link = edge.link;

    (void)state;
    assert_int_equal(refused("boot-2/a", first, "InUse"), INSTANCE_BEATS * edge.heartbeat_ms);
    assert_null(api_hangup(&api, link)); /* the first is not touched */
    api_advance(&api, INSTANCE_BEATS * edge.heartbeat_ms - 1);
    (void)refused("boot-2/a", first, "InUse");
    api_advance(&api, 1);
    (void)welcome("boot-2/a", first);
    assert_non_null(api_hangup(&api, link));
}

static void a_copied_directory_is_another_instance_on_the_same_machine_too(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    (void)refused("boot-1/b", first, "InUse");
}

static void the_same_instance_comes_back_at_once(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    assert_int_equal(welcome("boot-1/a", first), first + 1);
    assert_false(has_event("DuplicateIdentity"));
}

static void an_agent_that_was_updated_in_between_is_the_same_instance(void **state)
{
    int64_t first = welcome("boot-1", 0);

    (void)state;
    (void)welcome("boot-1/a", first);
    (void)welcome("boot-1", first + 1);
    (void)refused("boot-12/a", first + 2, "InUse");
}

static void two_that_both_go_on_are_told_of(void **state)
{
    int64_t first = welcome("boot-1/a", 0);
    uint64_t link = edge.link;

    (void)state;
    (void)refused("boot-2/a", first, "InUse");
    assert_false(has_event("DuplicateIdentity")); /* it may have been booted */
    api_advance(&api, edge.heartbeat_ms);
    beat(link, first);
    (void)refused("boot-2/a", first, "InUse");
    assert_true(has_event("DuplicateIdentity"));
}

static void a_boot_that_comes_again_is_told_of(void **state)
{
    (void)state;
    (void)welcome("boot-1/a", 0);
    api_link_down(&api, edge.link);
    (void)welcome("boot-2/a", 1);
    api_link_down(&api, edge.link);
    assert_false(has_event("DuplicateIdentity"));
    (void)welcome("boot-1/a", 1);
    assert_true(has_event("DuplicateIdentity"));
}

/* --- while leases may last -------------------------------------------------------------------- */

static void a_machine_that_was_booted_waits_for_its_leases(void **state)
{
    int64_t first = welcome("boot-1/a", 0), retry_ms;

    (void)state;
    hold_a_lease();
    api_link_down(&api, edge.link);
    retry_ms = refused("boot-2/a", first, "LeaseHeld");
    assert_int_equal(retry_ms, RECONNECT_MAX_MS);
    api_advance(&api, LONGEST_MS - 1);
    assert_int_equal(refused("boot-2/a", first, "LeaseHeld"), 1);
    api_advance(&api, 1);
    (void)welcome("boot-2/a", first);
}

static void nobody_waits_for_leases_that_nobody_has(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    api_link_down(&api, edge.link);
    (void)welcome("boot-2/a", first);
}

/* With its Agent all is forgotten but the work, so nobody can tell whose the leases are. */
static void who_comes_after_a_deletion_waits_for_the_leases(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    (void)refused("boot-2/a", first, "LeaseHeld");
    (void)refused("boot-1/a", first, "LeaseHeld");
    api_advance(&api, LONGEST_MS);
    (void)welcome("boot-2/a", first);
}

static void and_a_restart_in_between_does_not_let_it_in(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    api_restart(&api);
    (void)refused("boot-2/a", first, "LeaseHeld");
}

static void an_agent_made_anew_by_a_person_lets_nobody_in_sooner(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    (void)api_expect(&api, 201, "POST", AGENTS, "{'metadata': {'name': 'edge-1'}, 'spec': {}}");
    (void)refused("boot-2/a", first, "LeaseHeld");
}

static void another_instance_is_given_a_number_after_a_gap(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    api_link_down(&api, edge.link);
    api_restart(&api); /* and knows of the first from its store */
    assert_int_equal(welcome("boot-2/a", first), first + 2);
}

static void it_waits_for_them_when_the_controller_was_restarted(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    api_restart(&api);
    (void)refused("boot-2/a", first, "LeaseHeld");
    (void)welcome("boot-1/a", first);
}

static void it_is_not_let_in_by_a_restart_after_it_was_refused(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    api_link_down(&api, edge.link);
    (void)refused("boot-2/a", first, "LeaseHeld");
    api_restart(&api);
    (void)refused("boot-2/a", first, "LeaseHeld");
}

/* --- an old state ----------------------------------------------------------------------------- */

static void a_state_older_than_what_was_heard_is_another_instance(void **state)
{
    int64_t first = welcome("boot-1/a", 0), second = welcome("boot-1/a", first);

    (void)state;
    beat(edge.link, second);
    hold_a_lease();
    api_link_down(&api, edge.link);
    (void)refused("boot-1/a", first, "LeaseHeld");
    api_advance(&api, LONGEST_MS);
    assert_true(welcome("boot-1/a", first) > second); /* no number is given twice */
    assert_true(has_event("StateWentBack"));
}

static void a_welcome_that_never_came_is_no_proof(void **state)
{
    int64_t first = welcome("boot-1/a", 0);

    (void)state;
    hold_a_lease();
    (void)welcome("boot-1/a", first);
    assert_true(welcome("boot-1/a", first) > first + 1);
    assert_false(has_event("StateWentBack"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_second_machine_waits_while_the_first_is_heard),
        CASE(a_copied_directory_is_another_instance_on_the_same_machine_too),
        CASE(the_same_instance_comes_back_at_once),
        CASE(an_agent_that_was_updated_in_between_is_the_same_instance),
        CASE(two_that_both_go_on_are_told_of),
        CASE(a_boot_that_comes_again_is_told_of),
        CASE(a_machine_that_was_booted_waits_for_its_leases),
        CASE(nobody_waits_for_leases_that_nobody_has),
        CASE(who_comes_after_a_deletion_waits_for_the_leases),
        CASE(and_a_restart_in_between_does_not_let_it_in),
        CASE(an_agent_made_anew_by_a_person_lets_nobody_in_sooner),
        CASE(another_instance_is_given_a_number_after_a_gap),
        CASE(it_waits_for_them_when_the_controller_was_restarted),
        CASE(it_is_not_let_in_by_a_restart_after_it_was_refused),
        CASE(a_state_older_than_what_was_heard_is_another_instance),
        CASE(a_welcome_that_never_came_is_no_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
