/* Tells receivers of alerts what the core wants told, and says what became of it.
 *
 * Answers come from a later turn of the loop, so that no step is inside another.  At most
 * ALERT_SENDS_MAX are on their way for one core. */
#pragma once

#include "controller/core/effect.h"
#include "controller/core/event.h"

#include <uv.h>

struct notifier;

typedef void notifier_done_f(void *context, const struct notified *notified);

struct notifier *notifier_new(uv_loop_t *loop, notifier_done_f *done, void *context);
void notifier_put(struct notifier *notifier, struct effect *effect); /* moved from */
/* Waits for nobody; what is on its way is tried again by the next core.  The memory is given back
 * when the loop has run once more. */
void notifier_close(struct notifier *notifier);
