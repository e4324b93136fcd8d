/* Accounting periods: what work used, so that it can be counted exactly once.
 *
 * What is used grows one open account per session, saved together with the usage of the runs that
 * it came from.  Now and then the accounts are cut: they become a period with the next number,
 * which is saved before it is sent, sent with reports until the controller has taken it in, and
 * never changed.  (session uid, agent uid, number) is what a receiver counts by, and all periods
 * together are all that was used.
 *
 * One period is on its way at a time, so "taken in up to number n" says everything.  A controller
 * that has taken in a number which was never cut here knows a later state of this agent than ours:
 * the disk was put back, or emptied, or copied.  What is open then may have been told already and
 * is dropped, and so is the rest of the runs that it came from: better not counted than twice.
 * (That controller may also lie, but by no more than PERIODS_AHEAD_MAX at once.) */
#pragma once

#include "agent/core/agt.h"
#include "schema/base/map.h"
#include "schema/limits.h"

struct work;

struct periods {
    struct map open;                   /* session uid → struct period_share, owned */
    int64_t number;                    /* of the last that was cut; 0: none */
    bool is_waiting;                   /* it is not known to be taken in */
    bool is_sent;                      /* on this connection */
    struct mono sent_at;               /* then: the last time */
    bool is_in_vain;                   /* as far as the controller's word goes: it has a number
                                          that is not believed, and takes in none below it */
    struct map cut;                    /* its shares, as in `open` */
    char agent_uid[UID_BYTES_MAX + 1]; /* under which it was sent; "": under none */
    char said_uid[UID_BYTES_MAX + 1];  /* of this connection */
    int64_t open_ms;                   /* how long it had been open when it was loaded */
    struct mono opened_at;
};

void periods_init(struct periods *periods);
void periods_fini(struct periods *periods);

/* The run of this work used more. */
void period_add(struct agt *agt, const struct work *work, const struct contribution *more);
/* Cuts one when it is time.  True: there is one to send. */
bool period_is_due(struct agt *agt);
/* Into a report that is being made.  Texts are borrowed for the call that sends it; the list is in
 * the arena. */
void period_put(struct agt *agt, struct arena *arena, struct wire_report *report);
/* The controller has taken in all up to this number of the agent with this uid. */
void period_on_welcome(struct agt *agt, const struct wire_welcome *welcome);
void period_on_reported(struct agt *agt, int64_t number);
/* What was sent is sent again. */
void period_take_back(struct agt *agt);
/* For how long the open accounts have been open. */
int64_t period_open_ms(const struct agt *agt);

/* The shares as a list in the arena, with texts that are borrowed; and back. */
size_t period_list(struct arena *arena, const struct map *shares, struct period_share **ret_items);
void period_fill(struct map *shares, const struct period_share *items, size_t count);
