/* Two machines with one key: controller/core/instance.h. */
#include "controller/core/instance.h"

#include "controller/core/lease.h"
#include "controller/core/link.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The part before the slash is the machine's boot, the one behind it the directory; agents of an
 * earlier version say only the first. */
static bool is_same(const char *a, const char *b)
{
    size_t a_length = strcspn(a, "/"), b_length = strcspn(b, "/");

    if (a[a_length] != '\0' && b[b_length] != '\0') {
        return str_eq(a, b);
    }
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static const char *text_of(const char *boot_id)
{
    return boot_id == NULL ? "" : boot_id;
}

static bool went_back(const struct agent_entry *agent, const struct wire_hello *hello)
{
    return (uint64_t)hello->epoch < agent->proven_epoch;
}

/* Else a person made it. */
static bool said_hello(const struct agent_entry *agent)
{
    const struct agent_status *status = agent_status(agent);

    return shape_has(&agent_status_shape, status, &status->capacity);
}

static bool is_other(const struct agent_entry *agent, const struct wire_hello *hello)
{
    const char *before = text_of(agent_status(agent)->boot_id);

    return (before[0] != '\0' && !is_same(before, text_of(hello->boot_id))) ||
           went_back(agent, hello);
}

static bool is_heard(const struct agent_entry *agent, struct mono now)
{
    const struct link *link = agent->link;

    return link != NULL && mono_since(link->heard_at, now) < INSTANCE_BEATS * link->heartbeat_ms;
}

/* Of an Agent that was deleted the work under lease is still there, and loose; who held the leases
 * is not known any more. */
static struct mono last_loose_lease_end(const struct model *model, const char *name)
{
    struct mono end = MONO_ZERO;

    dlist_each (&model->loose, struct assignment_entry, loose, it) {
        if (it->agent == NULL && str_eq(assignment_spec(it)->agent, name)) {
            end = mono_later(end, it->lease_until);
        }
    }
    return end;
}

static struct mono last_lease_end(const struct agent_entry *agent)
{
    struct mono end = MONO_ZERO;

    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        end = mono_later(end, it->lease_until);
    }
    return end;
}

/* What shows beyond doubt that there are two. */
static void tell_of_two(struct ctl *ctl, struct agent_entry *agent)
{
    if (agent->two_told && mono_before(ctl->now, agent->two_told_until)) {
        return;
    }
    agent->two_told = true;
    agent->two_told_until = mono_after(ctl->now, INSTANCE_TELL_MS);
    ctl_begin(ctl, false);
    ctl_event_record(ctl, agent->object, "Warning", "DuplicateIdentity",
                     "two machines use its key: its state directory was copied; remove "
                     "identity.key and state.json on one of them, and give that another name");
    ctl_commit(ctl);
}

static int64_t at_most(int64_t ms, int64_t max_ms)
{
    return ms < max_ms ? ms : max_ms;
}

const char *instance_refusal(struct ctl *ctl, struct agent_entry *agent,
                             const struct wire_hello *hello, char message[static ERR_TEXT_SIZE],
                             int64_t *ret_retry_ms)
{
    bool is_known = agent != NULL && said_hello(agent);
    struct mono end =
        agent != NULL ? last_lease_end(agent) : last_loose_lease_end(&ctl->model, hello->name);

    if ((is_known && !is_other(agent, hello)) || MUTANT(INSTANCE_IGNORED)) {
        return NULL;
    }
    if (is_known && is_heard(agent, ctl->now)) {
        /* 1. */
        *ret_retry_ms = at_most(INSTANCE_BEATS * agent->link->heartbeat_ms, RECONNECT_MAX_MS);
        (void)snprintf(message, ERR_TEXT_SIZE,
                       "a machine with this key is connected; if this is the same one, it is let "
                       "in soon, if it is a copy of it, it needs a key and a name of its own");
        if (agent->had_rival && mono_before(agent->rival_at, agent->link->heard_at)) {
            tell_of_two(ctl, agent); /* a machine that was booted is not heard again */
        }
        agent->had_rival = true;
        agent->rival_at = ctl->now;
        return "InUse";
    }
    if (!mono_is_due(end, ctl->now)) {
        /* 2. */
        *ret_retry_ms = at_most(mono_since(ctl->now, end), RECONNECT_MAX_MS);
        (void)snprintf(message, ERR_TEXT_SIZE,
                       "exclusive work may still run under leases that this agent had before it "
                       "was booted, put back or deleted; it is let in when they have ended, in "
                       "%" PRId64 " ms",
                       mono_since(ctl->now, end));
        return "LeaseHeld";
    }
    return NULL;
}

static void tell_of_change(struct ctl *ctl, const struct agent_entry *agent,
                           const struct wire_hello *hello)
{
    if (went_back(agent, hello)) {
        ctl_event_record(ctl, agent->object, "Warning", "StateWentBack",
                         "its state is older than what was heard of it: its state directory was "
                         "put back from a backup, or is a copy");
    } else if (agent->earlier_boot[0] != '\0' &&
               str_eq(agent->earlier_boot, text_of(hello->boot_id))) {
        ctl_event_record(ctl, agent->object, "Warning", "DuplicateIdentity",
                         "two machines use its key in turn: its state directory was copied; remove "
                         "identity.key and state.json on one of them, and give that another name");
    }
}

static uint64_t next_epoch(struct agent_entry *agent, uint64_t shown, bool is_new)
{
    uint64_t highest = shown > agent->epoch ? shown : agent->epoch;
    uint64_t next = highest + !MUTANT(EPOCH_NOT_RAISED);

    if (shown < agent->epoch) {
        MARK("an agent that forgot its number is given a higher one");
    }
    if (next <= (uint64_t)EPOCH_FOLLOWED_MAX) {
        next += is_new;
        agent->epoch = next;
    }
    return next;
}

uint64_t instance_take(struct ctl *ctl, struct agent_entry *agent, const struct wire_hello *hello)
{
    bool is_new = is_other(agent, hello);

    if (is_new) {
        tell_of_change(ctl, agent, hello);
        (void)snprintf(agent->earlier_boot, sizeof(agent->earlier_boot), "%s",
                       text_of(agent_status(agent)->boot_id));
        agent->proven_epoch = 0; /* of another state from now on */
    }
    agent->had_rival = false;
    return next_epoch(agent, (uint64_t)hello->epoch, is_new);
}

void instance_proves(struct agent_entry *agent, uint64_t epoch)
{
    if (epoch > agent->proven_epoch && epoch <= (uint64_t)EPOCH_FOLLOWED_MAX) {
        agent->proven_epoch = epoch;
    }
}
