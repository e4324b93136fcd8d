/* Alert rules: evaluated over the metrics, and those who shall know are told.
 *
 *                     it holds                    for `for`, and cooled down
 *     ┌──► Inactive ───────────────► Pending ────────────────────────────────► Firing ──┐
 *     │       ▲    it holds not, or    │                                                │
 *     │       └─── nobody knows ───────┘                                                │
 *     └──────────────────────────────── it holds not ───────────────────────────────────┘
 *
 *  1. All rules are evaluated together, every ALERT_INTERVAL_MS; first when agents had time to come
 *     back after a start.
 *  2. A rule that holds is Pending.  It fires when it has held at each evaluation for `for`, and
 *     `cooldown` has passed since it was resolved; with neither to wait for, at once.
 *  3. What is not known ends a Pending and does not end a Firing.
 *  4. Both times are counted anew after a start of the controller, and `for` after a change of
 * spec.
 *  5. A move to Firing, or from it, has the next number of the rule, and is stored in one batch
 * with a notification for each receiver.
 *  6. It is sent when that is durable, and again, ever more seldom, until its receiver has taken
 * it. So it is told at least once, also over restarts; its id is the same each time.  A receiver is
 * told in order: the next notification goes out when the one before was taken.
 *  7. What a receiver took is stored before anything else is sent to it.
 *  8. A rule with no room for further notifications (ALERT_UNSENT_MAX) stays in its state.
 * Receivers that the spec no longer names, and those of a rule that was deleted, are told nothing
 * more.
 *  9. While the disk is full nothing moves, for nothing can be stored. */
#pragma once

#include "controller/core/core.h"

struct alerts *alerts_new(void);
void alerts_free(struct alerts *alerts);

/* Once in a step: evaluates what is due, and sends. */
void alerts_settle(struct ctl *ctl);
struct mono alerts_deadline(const struct ctl *ctl);
/* What became of an EFFECT_NOTIFY.  Of one of an earlier core, too: what was taken was taken. */
void on_notified(struct ctl *ctl, const struct notified *notified);
