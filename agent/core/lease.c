/* Requests are numbered and their sending remembered, so that an answer, however late, gives a
 * lease that began when it was asked for. */
#include "agent/core/lease.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <string.h>

/* Work that runs, or would if it had a lease. */
static bool needs_lease(const struct agt *agt, const struct work *work)
{
    if (!work->is_wanted || !work_is_exclusive(work)) {
        return false;
    }
    switch (work->state) {
    case WORK_WAITING:
        return !govern_is_held(agt, work) && !drift_is_left(work);
    case WORK_STARTING:
    case WORK_RUNNING:
    case WORK_SUSPENDED:
    case WORK_STOPPING:
    case WORK_COLLECTING: /* nobody else is to do again what is done */
        return true;
    case WORK_DONE:
    case WORK_FAILED:
    case WORK_STOPPED:
    case WORK_STATE_COUNT:
        break;
    }
    return false;
}

void lease_on_welcome(struct agt *agt)
{
    map_each (&agt->set.works, entry) {
        work_of(entry)->lease.ask_at = MONO_ZERO;
        work_of(entry)->lease.asked_seq = 0;
    }
}

void lease_on_link_down(struct agt *agt)
{
    memset(agt->leases.renewals, 0, sizeof(agt->leases.renewals));
}

static void grant(struct agt *agt, struct work *work, struct mono sent)
{
    if (MUTANT(LEASE_FROM_ANSWER)) {
        sent = agt->now;
    }
    work->lease.end = mono_later(work->lease.end, mono_after(sent, work->wanted.template.lease_ms));
    work->lease.is_refused = false;
    if (work->run.is_open && work->run.lease_epoch == work->wanted.lease_epoch &&
        work->state != WORK_STOPPING) {
        work->run.lease_end = work->lease.end;
        out_add_run(agt, AGT_EXTEND, OUT_AT_ONCE, work->wanted.uid, work->run.number)->lease_end =
            work->lease.end;
    }
}

int lease_on_renewed(struct agt *agt, const struct wire_renewed *renewed, struct err *err)
{
    uint64_t seq = renewed->seq;
    size_t slot = seq % COUNT_OF(agt->leases.renewals);

    if (renewed->era != agt->fence.era) {
        agt->counters.stale_messages++;
        return 0;
    }
    if (seq == 0 || seq > agt->leases.seq) {
        return err_set(err, ERR_INVALID, "renewed: seq: nothing was asked under this number");
    }
    if (agt->leases.renewals[slot].seq != seq) {
        MARK("an answer about leases comes too late");
        agt->counters.stale_messages++; /* answered before, or too long ago */
        return 0;
    }
    agt->leases.renewals[slot].seq = 0;
    map_each (&agt->set.works, entry) {
        if (work_of(entry)->lease.asked_seq == seq) {
            MARK("a lease was asked for");
            work_of(entry)->lease.is_refused = true;
            work_of(entry)->lease.end = MONO_ZERO;
        }
    }
    for (size_t i = 0; i < renewed->leases.count; i++) {
        const struct wire_lease *lease = &renewed->leases.items[i];
        struct work *work = set_find(agt, lease->uid);

        if (work != NULL && work->is_wanted && lease->lease_epoch == work->wanted.lease_epoch &&
            work->lease.asked_seq != 0 && work->lease.asked_seq >= seq && work_is_exclusive(work)) {
            grant(agt, work, agt->leases.renewals[slot].sent);
        }
    }
    return 0;
}

static bool is_due(const struct agt *agt, const struct work *work)
{
    return needs_lease(agt, work) && mono_is_due(work->lease.ask_at, agt->now);
}

static void send_renew(struct agt *agt, struct wire_lease *leases, size_t count)
{
    struct leases *all = &agt->leases;
    struct wire_message message = {.type = WIRE_RENEW, .renew = {.epoch = agt->link.epoch}};
    size_t slot;

    all->seq++;
    slot = all->seq % COUNT_OF(all->renewals);
    all->renewals[slot].seq = all->seq;
    all->renewals[slot].sent = agt->now;
    message.renew.seq = all->seq;
    message.renew.leases.items = leases;
    message.renew.leases.count = count;
    out_send(agt, &message, AGT_SEND_CONTROL, OUT_AT_ONCE);
}

void lease_ask(struct agt *agt)
{
    struct {
        VEC_OF(struct wire_lease);
    } leases = {0};

    if (!link_is_welcomed(agt)) {
        return;
    }
    map_each (&agt->set.works, entry) {
        struct work *work = work_of(entry);

        if (is_due(agt, work) && leases.count < ASSIGNMENTS_PER_AGENT_MAX) {
            const struct wire_lease lease = {.uid = work->wanted.uid,
                                             .lease_epoch = work->wanted.lease_epoch};
            int64_t third_ms = work->wanted.template.lease_ms / 3;

            vec_add(&leases, lease);
            work->lease.asked_seq = agt->leases.seq + 1;
            work->lease.ask_at =
                mono_after(agt->now, third_ms < 1 || BUGGIFY("lease-asked-early") ? 1 : third_ms);
        }
    }
    if (leases.count > 0) {
        send_renew(agt, leases.items, leases.count);
    }
    vec_fini(&leases);
}

struct mono lease_deadline(const struct agt *agt, const struct work *work)
{
    return link_is_welcomed(agt) && needs_lease(agt, work) ? work->lease.ask_at : MONO_NEVER;
}

bool lease_allows_start(const struct agt *agt, const struct work *work)
{
    /* At least a third is left: less would be killed before it did anything. */
    return !work_is_exclusive(work) || MUTANT(START_WITHOUT_LEASE) ||
           mono_since(agt->now, work->lease.end) >= work->wanted.template.lease_ms / 3 + 1;
}

bool lease_is_lost(const struct agt *agt, const struct work *work)
{
    return work->run.is_open &&
           (mono_is_due(work->run.lease_end, agt->now) ||
            (work->lease.is_refused && work->run.lease_epoch == work->wanted.lease_epoch));
}
