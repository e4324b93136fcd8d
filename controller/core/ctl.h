/* The controller's core: one door.
 *
 *     shell:  event → ctl_step() → effects → store, send, answer
 *
 * The core keeps the whole current state in memory, decides, and says what to store and whom to
 * tell.  It has no clock, file, socket or thread: the same events give the same effects.  When a
 * commit fails, the shell throws the core away and loads a new one, for the model is then ahead of
 * the disk. */
#pragma once

#include "controller/core/effect.h"
#include "controller/core/event.h"
#include "schema/base/err.h"
#include "schema/wire/wire.h"

struct ctl;

struct ctl_options {
    const char *name;    /* of this controller, signed by agents in their hello: "fog" */
    const char *version; /* of the program */
    uint8_t seed[RAND_SEED_SIZE];
    struct wire_versions speaks;
    int64_t lease_wait_ms;    /* after a restore, until no lease of before can be held; 0: the
                                 longest lease that there can be */
    size_t bursts_max;        /* gangs placed and not yet complete; 0: BURSTS_MAX */
    int64_t alerts_after_ms;  /* after a start, alert rules are evaluated first */
    int64_t heartbeat_min_ms; /* 0: HEARTBEAT_MIN_MS; the tests of real time use less */
};

/* Counters of work done, never reset; tests read them before and after. */
struct ctl_counters {
    uint64_t steps, requests, frames;
    uint64_t sessions_reconciled;  /* times a session was planned */
    uint64_t assignments_examined; /* by placing, planning and telling */
    uint64_t agents_examined;      /* as candidates */
    uint64_t plans_examined;       /* copies that dry runs looked at, as PLAN_EXAMINE_MAX counts */
    uint64_t batches, rows_ledger, rows_status;
    uint64_t messages_sent, assign_messages_sent;
    uint64_t watch_events;
    uint64_t bad_messages, stale_messages; /* refused or dropped by fencing */
};

struct ctl *ctl_new(const struct ctl_options *options);
void ctl_free(struct ctl *ctl);

/* Start-up, before the first step: the state of the store, then every current object, every content
 * and remembered answer, in any order. */
void ctl_load_state(struct ctl *ctl, const struct stored_state *state);
int ctl_load_object(struct ctl *ctl, const struct stored_change *change, struct err *err);
void ctl_load_content(struct ctl *ctl, const struct content *content);
void ctl_load_answer(struct ctl *ctl, const struct answer_row *answer);

void ctl_step(struct ctl *ctl, const struct ctl_event *event, struct effects *effects);
struct mono ctl_deadline(const struct ctl *ctl); /* when to send CTL_TICK at the latest */
/* Is what was found in the config directory last in force?  *ret_why (borrowed until the next step)
 * is what is, or why it is not. */
bool ctl_directory_is_applied(const struct ctl *ctl, const char **ret_why);
const struct ctl_counters *ctl_counters(const struct ctl *ctl);
