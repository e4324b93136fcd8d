#include "tests/sim/check_leases.h"

#include "schema/limits.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ASKS_KEPT = 16 };

struct lease {        /* of a copy */
    int64_t until_ms; /* in the longest of its forms */
    int64_t held_ms;  /* in the form that its agent had then */
    bool is_ended;    /* so its agent said last */
};

struct asker {
    struct {
        uint64_t seq;
        int64_t at_ms;
    } asks[ASKS_KEPT];
};

struct leases {
    struct map copies; /* uid → struct lease, owned */
    struct map asks;   /* agent → struct asker, owned */
};

struct leases *leases_new(void)
{
    struct leases *leases = MEM_NEW(struct leases);

    map_init(&leases->copies);
    map_init(&leases->asks);
    return leases;
}

static void free_values(struct map *map)
{
    map_each (map, it) {
        free(it->value);
    }
    map_fini(map);
}

void leases_free(struct leases *leases)
{
    free_values(&leases->copies);
    free_values(&leases->asks);
    free(leases);
}

static struct lease *lease_of(struct leases *leases, const char *uid)
{
    struct lease *lease = map_find(&leases->copies, uid);

    if (lease == NULL) {
        lease = MEM_NEW(struct lease);
        (void)map_put(&leases->copies, uid, lease);
    }
    return lease;
}

/* --- what agents say ---------------------------------------------------------------------------
 */

void leases_asked(const struct machine *machine, const struct node *renew)
{
    struct leases *leases = machine->sim->leases;
    uint64_t seq = strtoull(ref_text(renew, "seq"), NULL, 10);
    struct asker *asker = map_find(&leases->asks, machine->name);

    if (asker == NULL) {
        asker = MEM_NEW(struct asker);
        (void)map_put(&leases->asks, machine->name, asker);
    }
    asker->asks[seq % ASKS_KEPT].seq = seq;
    asker->asks[seq % ASKS_KEPT].at_ms = sim_now(machine->sim);
}

/* What ended with its lease may go on with the next one.  What needs none any more has given it
 * back when its old form has ended, and has none when it ends itself. */
void leases_reported(const struct machine *machine, const struct node *item)
{
    struct lease *lease = lease_of(machine->sim->leases, ref_text(item, "uid"));
    const char *phase = ref_text(item, "status.phase");
    bool needs_none = ref_int(item, "leaseEpoch", 0) == 0;

    lease->is_ended =
        str_eq(phase, "Succeeded") || str_eq(phase, "Failed") ||
        (str_eq(phase, "Stopped") && !str_eq(ref_text(item, "status.reason"), "LeaseEnded")) ||
        (needs_none && (lease->is_ended || !str_eq(phase, "Stopping")));
}

/* --- what they are given -----------------------------------------------------------------------
 */

/* INT64_MAX: a form of it is not known, as after a restore. */
static int64_t longest_ms(const struct reference *reference, const char *uid)
{
    const struct ref_assignment *all = map_find(&reference->assignments, uid);
    int64_t longest = 0;

    for (size_t i = 0; all != NULL && i < all->count; i++) {
        int64_t lease_ms = ref_lease_ms(reference, all->items[i].template);

        if (lease_ms == 0 && all->items[i].lease_epoch > 0) {
            return INT64_MAX;
        }
        longest = lease_ms > longest ? lease_ms : longest;
    }
    return longest;
}

/* Does another copy of the same replica have one? */
static void look_for_others(struct sim *sim, const char *uid, const struct ref_version *version)
{
    map_each (&sim->leases->copies, it) {
        const struct lease *other = it->value;
        const struct ref_version *its =
            reference_version(sim->reference, it->key, sim->reference->revision);

        if (!str_eq(it->key, uid) && !other->is_ended && other->held_ms > sim_now(sim) &&
            its != NULL && str_eq(its->session, version->session) &&
            str_eq(its->slot, version->slot)) {
            sim_fail(sim, "exclusive",
                     "%s/%s: a lease is given to %s on %s, and %s on %s has one for %" PRId64 " ms",
                     version->session, version->slot, uid, version->agent, it->key, its->agent,
                     other->held_ms - sim_now(sim));
        }
    }
}

static void give(struct sim *sim, const char *uid, uint64_t seq)
{
    const struct ref_version *now =
        reference_version(sim->reference, uid, sim->reference->revision);
    const struct machine *machine = now == NULL ? NULL : machine_named(sim, now->agent);
    const struct asker *asker =
        machine == NULL ? NULL : map_find(&sim->leases->asks, machine->name);
    const struct ref_version *known;
    struct lease *lease;
    int64_t at_ms, longest, until_ms, held_ms;

    if (asker == NULL || asker->asks[seq % ASKS_KEPT].seq != seq) {
        return; /* what was asked before it died */
    }
    at_ms = asker->asks[seq % ASKS_KEPT].at_ms;
    look_for_others(sim, uid, now);
    lease = lease_of(sim->leases, uid);
    known = reference_version(sim->reference, uid, machine->seen.revision);
    longest = longest_ms(sim->reference, uid);
    until_ms = longest == INT64_MAX ? INT64_MAX - LEASE_MAX_MS : at_ms + longest;
    held_ms = at_ms + (known == NULL ? 0 : ref_lease_ms(sim->reference, known->template));
    until_ms += longest == INT64_MAX ? 0 : longest / LEASE_DRIFT_SHARE; /* by its agent's clock */
    lease->until_ms = until_ms > lease->until_ms ? until_ms : lease->until_ms;
    lease->held_ms = held_ms > lease->held_ms ? held_ms : lease->held_ms;
}

void leases_given(struct sim *sim, const struct node *renewed)
{
    const struct node *leases = node_find(renewed, "leases");
    uint64_t seq = strtoull(ref_text(renewed, "seq"), NULL, 10);

    if (faults_blur_agents(sim)) {
        return; /* who asked, and who said that it ended? */
    }
    for (size_t i = 0; leases != NULL && i < leases->list.count; i++) {
        give(sim, ref_text(leases->list.items[i], "uid"), seq);
    }
}

/* --- what they make of it ----------------------------------------------------------------------
 */

void check_lease_end(const struct shim *shim, int64_t end_ms)
{
    struct sim *sim = shim->machine->sim;
    const struct lease *lease = map_find(&sim->leases->copies, shim->uid);

    if (shim->lease_ms == 0 || lease == NULL || lease->until_ms == 0 || faults_blur_agents(sim) ||
        sim->faults.is_on[FAULT_CONTROLLER_LIES]) {
        return;
    }
    if (end_ms > lease->until_ms) {
        sim_fail(sim, "leased",
                 "%s: %s/%s is to run until %" PRId64 ", and its lease is over at %" PRId64,
                 shim->machine->name, shim->session, shim->slot, end_ms, lease->until_ms);
    }
}
