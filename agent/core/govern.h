/* What governs work while it lasts: its policy, the policy of the machine's owner, and the owner's
 * word.  The stricter of the two policies counts; of two that ask for the same, the one whose
 * reason is checked first.
 *
 * They are judged in every step, and at least every second while a policy governs something, from
 * what is known here alone: cut off from the controller or just started, it makes no difference.
 * Before the first readings nothing with a policy is started or let go on; what an earlier agent
 * let run is left running for a moment.
 *
 * Exclusive work that is suspended keeps its lease: it is still there, and its slot must not be
 * given to somebody else.  Work that waits for its policy to let it start asks for none.
 *
 * Each change of what is asked for, or of its reason, is kept with the words for it until the
 * controller has acknowledged it: the newest of them, and how many were dropped. */
#pragma once

#include "agent/core/agt.h"
#include "schema/limits.h"

struct work;

enum { UNWATCHED_UNKNOWN = -1 };

struct governor {
    bool has_readings;
    struct readings readings;
    struct mono read_at;   /* when they came */
    char exclusive[80];    /* the owner's program that wants the machine for itself; "" none */
    struct readings told;  /* to the controller, on this connection */
    struct mono told_at;   /* zero: not yet */
    int64_t told_local_ms; /* local time, less the boot clock's */
};

struct change { /* of what policy asks for */
    int64_t number;
    struct wall at;
    enum policy_outcome outcome;
    enum policy_reason reason;
    char message[160];
};

struct governed { /* of one piece of work */
    bool has_begun;
    struct policy_state state;
    enum policy_outcome outcome;
    enum policy_reason reason;
    char message[160]; /* as of when outcome and reason became what they are */
    int64_t cpu_percent, grace_ms;
    bool owner_forbids;       /* as in struct policy_verdict */
    int64_t ran_before_ms;    /* saved by an earlier agent, towards the longest it may run */
    struct mono frozen_since; /* as its shim said when it was found; zero: it did not */

    struct change changes[POLICY_CHANGES_MAX]; /* not acknowledged; the oldest first */
    size_t change_count;
    int64_t newest;  /* number of the newest change; rises for ever */
    int64_t sent;    /* the newest in the last report */
    int64_t dropped; /* since the last that was acknowledged */
    int64_t dropped_sent;
};

void govern_on_readings(struct agt *agt, const struct agt_event *event);
void govern_on_welcome(struct agt *agt);
/* Puts the readings into a heartbeat when it is time, or one has moved since they were told. */
void govern_tell(struct agt *agt, struct wire_heartbeat *heartbeat);

/* Judges wanted work that runs or is about to; converge() calls it, and makes it so. */
void govern(struct agt *agt, struct work *work);
struct mono govern_deadline(const struct agt *agt, const struct work *work);

bool govern_is_held(const struct agt *agt, const struct work *work); /* suspended or evicted */
/* It is held for something that does not mind a few seconds. */
bool govern_may_wait(const struct agt *agt, const struct work *work);
/* Of what was removed and is ending: it would be held now, so it has no long grace. */
bool govern_is_against_end(const struct agt *agt, const struct work *work);
bool govern_evicts(const struct agt *agt, const struct work *work);
/* Why it is held or slowed, for a report; false when it is neither. */
bool govern_says(const struct agt *agt, const struct work *work, const char **ret_reason,
                 const char **ret_message);

/* For how long it may run while nobody reads sensors for it; 0: for as long as it likes. */
int64_t govern_unwatched_ms(const struct agt *agt, const struct work *work);
/* Its shim suspended it because of that: a change, and what follows is judged as if it had been
 * found frozen. */
void govern_on_lapsed(struct agt *agt, struct work *work);
/* Its shim says since when it is frozen (zero: it does not): what is held is held since then, and
 * rests, whichever agent was there. */
void govern_on_frozen(struct work *work, struct mono since);

/* The changes that are not acknowledged; texts are borrowed. */
void govern_list_changes(struct arena *arena, const struct governed *governed,
                         struct wire_change **ret_changes);
/* The same into a report. */
void govern_report(struct agt *agt, struct work *work, struct wire_report_item *item);
void govern_on_reported(struct work *work);
void govern_take_back(
    struct work *work); /* what was sent was not acknowledged, and never will be */
