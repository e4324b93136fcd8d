/* Exclusive work never runs twice: what is granted, for how long, and what waits for its end. */
#include "tests/support/fleet.h"

#include "controller/core/lease.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    LEASE_MS = 30 * 1000,
    REPLACE_MS = 5 * 1000,
    MARGIN_MS = LEASE_MARGIN_MS + LEASE_MS / LEASE_DRIFT_SHARE,
};

static struct fleet fleet;

#define TWO_AGENTS(meta)                                                                           \
    "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1" meta                                \
    "}\nstatus: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n---\n"             \
    "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-2}\n"                                  \
    "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n---\n"
#define LEDGER(more)                                                                               \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\nspec:\n"                  \
    "  exclusive: true\n  leaseDuration: 30s\n  replaceAfter: 5s\n" more                           \
    "  workload: {command: [/bin/run]}\n"

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

static struct assignment_entry *copy(void)
{
    return fleet_copy(&fleet, "ledger", "0");
}

static bool renew(const struct assignment_entry *of)
{
    return reconcile_lease(fleet.ctl, of->agent, of->object->meta.uid,
                           assignment_spec(of)->lease_epoch);
}

static void it_runs_on_edge_1(void)
{
    fleet_load(&fleet, TWO_AGENTS(""));
    fleet_start(&fleet);
    fleet_apply(&fleet, LEDGER(""));
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-1");
    assert_true(fleet_is_converged(&fleet, "ledger"));
}

static void each_grant_of_a_replica_has_a_higher_epoch(void **state)
{
    int64_t first;

    (void)state;
    it_runs_on_edge_1();
    first = assignment_spec(copy())->lease_epoch;
    assert_true(first > 0);
    fleet_delete(&fleet, &assignment_kind, copy()->object->meta.name);
    fleet_obey(&fleet);
    assert_true(assignment_spec(copy())->lease_epoch > first);
}

static void a_lost_lease_is_waited_for_to_its_end(void **state)
{
    (void)state;
    it_runs_on_edge_1();
    assert_true(renew(copy()));
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, REPLACE_MS + 1);
    assert_string_equal(fleet_why(&fleet, "ledger"), "Leased");
    fleet_advance(&fleet, LEASE_MS - REPLACE_MS - 2);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-1");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
    fleet_advance(&fleet, MARGIN_MS + 2);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-2");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
}

static void what_was_never_granted_is_not_waited_for(void **state)
{
    (void)state;
    fleet_load(&fleet, TWO_AGENTS(""));
    fleet_start(&fleet);
    fleet_apply(&fleet, LEDGER("")); /* told, but it has not asked for a lease yet */
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, REPLACE_MS + 1);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-2");
}

static void a_start_waits_one_full_lease(void **state)
{
    (void)state;
    fleet_load(
        &fleet,
        TWO_AGENTS(", annotations: {test/away: 'true'}") LEDGER(
            "") "---\n"
                "apiVersion: fog/v1\nkind: Assignment\nmetadata: {name: ledger-0-aaaaa}\n"
                "spec: {agent: edge-1, session: ledger, slot: '0', template: now, leaseEpoch: 7}\n"
                "status: {phase: Running}\n");
    fleet_start(&fleet);
    fleet_advance(&fleet, LEASE_MS - 1);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-1");
    fleet_advance(&fleet, MARGIN_MS + 1);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-2");
    assert_true(assignment_spec(copy())->lease_epoch > 7);
}

static void a_place_is_not_filled_before_it_is_free(void **state)
{
    struct assignment_entry *old;

    (void)state;
    it_runs_on_edge_1();
    old = copy();
    fleet_delete(&fleet, &assignment_kind, old->object->meta.name);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 0);
    assert_string_equal(fleet_why(&fleet, "ledger"), "Stopping");
    fleet_advance(&fleet, LEASE_MS / 2);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 0);
    fleet_report(&fleet, old, PHASE_STOPPED, NULL, 0);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 1);
}

static void an_agent_that_never_answers_is_waited_for_as_long_as_its_lease(void **state)
{
    (void)state;
    it_runs_on_edge_1();
    fleet_delete(&fleet, &assignment_kind, copy()->object->meta.name);
    fleet_advance(&fleet, LEASE_MS + MARGIN_MS + 1);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 1);
}

static void a_lease_is_refused_to_whom_it_is_not(void **state)
{
    struct assignment_entry *old;
    struct agent_entry *other;

    (void)state;
    it_runs_on_edge_1();
    old = copy();
    other = model_agent(&fleet.ctl->model, "edge-2");
    assert_true(lease_may_renew(old, old->agent, assignment_spec(old)->lease_epoch));
    assert_false(lease_may_renew(old, old->agent, assignment_spec(old)->lease_epoch - 1));
    assert_false(lease_may_renew(old, old->agent, assignment_spec(old)->lease_epoch + 1));
    assert_false(lease_may_renew(old, other, assignment_spec(old)->lease_epoch));
    assert_false(reconcile_lease(fleet.ctl, other, "no-such-uid", 1));
    fleet_delete(&fleet, &assignment_kind, old->object->meta.name);
    assert_false(renew(old)); /* told to end */
}

static void a_renewal_moves_the_end(void **state)
{
    struct assignment_entry *it;

    (void)state;
    it_runs_on_edge_1();
    it = copy();
    assert_true(renew(it));
    fleet_advance(&fleet, LEASE_MS / 3);
    assert_true(renew(it));
    assert_int_equal(mono_since(fleet.now, it->lease_until), LEASE_MS + MARGIN_MS);
    assert_false(lease_is_over(it, it->lease_until.ms > 0 ? fleet.now : MONO_ZERO));
    assert_true(lease_is_over(it, it->lease_until));
}

static void a_shorter_lease_takes_nothing_back(void **state)
{
    struct mono end;

    (void)state;
    it_runs_on_edge_1();
    assert_true(renew(copy()));
    end = copy()->lease_until;
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                        "spec: {exclusive: true, leaseDuration: 3s, replaceAfter: 5s, "
                        "workload: {command: [/bin/run]}}\n");
    assert_true(renew(copy()));
    assert_int_equal(copy()->lease_until.ms, end.ms); /* the agent may not know of it yet */
}

static void a_renewal_of_who_knows_not_of_a_shorter_lease_is_as_long_as_before(void **state)
{
    struct assignment_entry *it;

    (void)state;
    it_runs_on_edge_1();
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                        "spec: {exclusive: true, leaseDuration: 3s, replaceAfter: 5s, "
                        "workload: {command: [/bin/run]}}\n");
    it = copy();
    assert_int_equal(lease_length_ms(&fleet.ctl->model, it), LEASE_MS);
    assert_true(renew(it));
    assert_int_equal(mono_since(fleet.now, it->lease_until), LEASE_MS + MARGIN_MS);
    fleet_obey(&fleet);
    assert_int_equal(lease_length_ms(&fleet.ctl->model, copy()), 3000);
}

/* It reports that it knows of the shorter lease, and what it runs has the longer one still. */
static void a_lease_from_before_it_was_shortened_is_waited_for_after_a_restart(void **state)
{
    (void)state;
    it_runs_on_edge_1();
    assert_true(renew(copy()));
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                        "spec: {exclusive: true, leaseDuration: 3s, replaceAfter: 5s, "
                        "workload: {command: [/bin/run]}}\n");
    fleet_obey(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                        "spec: {exclusive: true, leaseDuration: 4s, replaceAfter: 5s, "
                        "workload: {command: [/bin/run]}}\n");
    fleet_obey(&fleet);
    assert_int_equal(lease_length_ms(&fleet.ctl->model, copy()), 4000);
    fleet_restart(&fleet);
    assert_true(mono_since(fleet.now, copy()->lease_until) >= LEASE_MS);
}

static void what_stopped_with_its_lease_may_have_gone_on(void **state)
{
    struct assignment_entry *old;

    (void)state;
    it_runs_on_edge_1();
    old = copy();
    fleet_report(&fleet, old, PHASE_STOPPED, "LeaseEnded", 0);
    assert_true(renew(old)); /* and it starts again */
    fleet_delete(&fleet, &assignment_kind, old->object->meta.name);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 0);
    fleet_report(&fleet, old, PHASE_STOPPED, "Removed", 0);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 1);
}

static void a_session_that_is_deleted_waits_for_its_lease(void **state)
{
    (void)state;
    it_runs_on_edge_1();
    fleet_disconnect(&fleet, "edge-1");
    fleet_delete(&fleet, &harvest_session_kind, "ledger");
    fleet_advance(&fleet, LEASE_MS / 2);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
    fleet_advance(&fleet, LEASE_MS);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

static void a_session_made_again_under_its_name_waits_for_the_old_lease(void **state)
{
    (void)state;
    it_runs_on_edge_1();
    assert_true(renew(copy()));
    fleet_disconnect(&fleet, "edge-1");
    fleet_delete(&fleet, &harvest_session_kind, "ledger");
    fleet_apply(&fleet, LEDGER(""));
    assert_string_equal(fleet_why(&fleet, "ledger"), "Leased");
    fleet_advance(&fleet, LEASE_MS / 2);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 0);
    fleet_advance(&fleet, LEASE_MS);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 1);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-2");
}

/* It is told to go on without a lease, and before it says that it does, the replica is exclusive
 * again and has to go elsewhere: what runs under the first lease is still there. */
static void a_lease_that_was_taken_back_is_waited_for(void **state)
{
    (void)state;
    fleet_load(&fleet, TWO_AGENTS(", labels: {site: north}"));
    fleet_start(&fleet);
    fleet_apply(&fleet, LEDGER("  selector: {matchLabels: {site: north}}\n"));
    fleet_obey(&fleet);
    assert_true(renew(copy()));
    fleet_apply(&fleet,
                "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\nspec:\n"
                "  replaceAfter: 5s\n  workload: {command: [/bin/run]}\n"
                "  selector: {matchLabels: {site: north}}\n");
    fleet_apply(&fleet, LEDGER("  selector: {matchExpressions: "
                               "[{key: site, operator: DoesNotExist}]}\n"));
    assert_int_equal(fleet_copies(&fleet, "ledger"), 0);
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "ledger", "0"), "edge-2");
}

/* The same, and the controller starts anew meanwhile: only the object says that there was a lease.
 */
static void a_lease_that_was_taken_back_is_waited_for_after_a_restart(void **state)
{
    (void)state;
    fleet_load(&fleet, TWO_AGENTS(", labels: {site: north}"));
    fleet_start(&fleet);
    fleet_apply(&fleet, LEDGER("  selector: {matchLabels: {site: north}}\n"));
    fleet_obey(&fleet);
    assert_true(renew(copy()));
    for (int i = 0; i < 2; i++) { /* of neither it says that it knows */
        fleet_apply(&fleet,
                    i == 0 ? "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                             "spec: {replaceAfter: 5s, workload: {command: [/bin/run, once]}, "
                             "selector: {matchLabels: {site: north}}}\n"
                           : "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\n"
                             "spec: {replaceAfter: 5s, workload: {command: [/bin/run, more]}, "
                             "selector: {matchLabels: {site: north}}}\n");
    }
    fleet_restart(&fleet);
    fleet_delete(&fleet, &assignment_kind, copy()->object->meta.name);
    fleet_advance(&fleet, LEASE_MS - 1);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
    fleet_advance(&fleet, MARGIN_MS + 1);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

/* A session that had two copies of a replica, one of them on a lost agent, becomes exclusive. */
static void of_two_copies_one_gets_the_lease(void **state)
{
    struct assignment_entry *lost, *other;

    (void)state;
    fleet_load(&fleet, TWO_AGENTS(""));
    fleet_start(&fleet);
    fleet_apply(&fleet,
                "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\nspec:\n"
                "  replaceAfter: 5s\n  workload: {command: [/bin/run]}\n");
    fleet_obey(&fleet);
    lost = copy();
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, REPLACE_MS + 1);
    assert_int_equal(fleet_copies(&fleet, "ledger"), 2);
    other = dlist_owner(model_agent(&fleet.ctl->model, "edge-2")->assignments.next,
                        struct assignment_entry, on_agent);
    assert_false(lease_is_contested(&fleet.ctl->model, other, fleet.now));
    lease_grant(&fleet.ctl->model, lost, fleet.now);
    assert_true(lease_is_held(lost, fleet.now));
    assert_true(lease_is_contested(&fleet.ctl->model, other, fleet.now));
    assert_false(lease_is_contested(&fleet.ctl->model, lost, fleet.now));
    assert_false(lease_is_contested(&fleet.ctl->model, other, lost->lease_until));
}

static bool renew_in_a_step(const struct assignment_entry *of)
{
    bool is_granted;

    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    is_granted = renew(of);
    batch_free(TAKE(fleet.ctl->batch));
    return is_granted;
}

/* Whoever compares epochs has seen the higher one. */
static void who_follows_another_copy_gets_a_higher_epoch(void **state)
{
    struct assignment_entry *first, *second;
    int64_t before;

    (void)state;
    fleet_load(&fleet, TWO_AGENTS(""));
    fleet_start(&fleet);
    fleet_apply(&fleet,
                "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: ledger}\nspec:\n"
                "  replaceAfter: 5s\n  workload: {command: [/bin/run]}\n");
    fleet_obey(&fleet);
    first = copy();
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, REPLACE_MS + 1);
    second = dlist_owner(model_agent(&fleet.ctl->model, "edge-2")->assignments.next,
                         struct assignment_entry, on_agent);
    fleet_apply(&fleet, LEDGER(""));
    before = assignment_spec(second)->lease_epoch;
    assert_true(renew(second));
    assert_int_equal(first->epoch_before, before); /* its own will have to be higher */
    fleet_advance(&fleet, LEASE_MS + MARGIN_MS);
    second->epoch_before = before + 1;     /* as if the first one had been granted it meanwhile */
    assert_false(renew_in_a_step(second)); /* it is told another epoch */
    assert_true(assignment_spec(second)->lease_epoch > before + 1);
    assert_true(renew(second));
}

/* Who else was granted it since the copy was made is not known. */
static void after_a_restore_nothing_is_granted_for_the_longest_lease(void **state)
{
    int64_t before;

    (void)state;
    it_runs_on_edge_1();
    before = assignment_spec(copy())->lease_epoch;
    fleet_restore(&fleet);
    assert_true((uint64_t)assignment_spec(copy())->lease_epoch > era_floor(2));
    assert_true(assignment_spec(copy())->lease_epoch > before);
    fleet_connect(&fleet, "edge-1");
    fleet_connect(&fleet, "edge-2");
    assert_false(renew(copy()));
    fleet_report(&fleet, copy(), PHASE_STARTING, "LeaseRefused", 0);
    assert_string_equal(fleet_why(&fleet, "ledger"), "Leased");
    fleet_advance(&fleet, LEASE_MAX_MS);
    assert_false(renew(copy()));
    fleet_advance(&fleet, LEASE_MAX_MS / LEASE_DRIFT_SHARE + LEASE_MARGIN_MS + 1);
    assert_false(fleet.ctl->is_unsettled);
    assert_true(renew(copy()));
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "ledger"));
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(each_grant_of_a_replica_has_a_higher_epoch),
        IN_FLEET(after_a_restore_nothing_is_granted_for_the_longest_lease),
        IN_FLEET(a_lost_lease_is_waited_for_to_its_end),
        IN_FLEET(what_was_never_granted_is_not_waited_for),
        IN_FLEET(a_start_waits_one_full_lease),
        IN_FLEET(a_place_is_not_filled_before_it_is_free),
        IN_FLEET(an_agent_that_never_answers_is_waited_for_as_long_as_its_lease),
        IN_FLEET(a_lease_is_refused_to_whom_it_is_not),
        IN_FLEET(a_renewal_moves_the_end),
        IN_FLEET(a_shorter_lease_takes_nothing_back),
        IN_FLEET(a_renewal_of_who_knows_not_of_a_shorter_lease_is_as_long_as_before),
        IN_FLEET(a_lease_from_before_it_was_shortened_is_waited_for_after_a_restart),
        IN_FLEET(what_stopped_with_its_lease_may_have_gone_on),
        IN_FLEET(a_session_that_is_deleted_waits_for_its_lease),
        IN_FLEET(a_session_made_again_under_its_name_waits_for_the_old_lease),
        IN_FLEET(a_lease_that_was_taken_back_is_waited_for),
        IN_FLEET(a_lease_that_was_taken_back_is_waited_for_after_a_restart),
        IN_FLEET(of_two_copies_one_gets_the_lease),
        IN_FLEET(who_follows_another_copy_gets_a_higher_epoch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
