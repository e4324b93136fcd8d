/* The circuit breaker of an agent: where nothing starts, nothing more is placed for a while.
 *
 *     CLOSED --BREAKER_FAILURES failed starts in a row--> OPEN
 *     OPEN --BREAKER_OPEN_MS--> HALF_OPEN           one assignment, or one gang, is let through
 *                                               at a time; what is held lets the next one try
 *     HALF_OPEN --something runs--> CLOSED
 *     HALF_OPEN --a start fails--> OPEN
 */
#pragma once

#include "controller/core/model.h"

/* Each returns whether the breaker changed its state. */
bool breaker_failed(struct breaker *breaker, unsigned starts, struct mono now);
bool breaker_succeeded(struct breaker *breaker);
bool breaker_wait_over(struct breaker *breaker, struct mono now);

/* The probe is under way, or it will tell nothing: it went away, or is held.  Then another may be
 * the probe; true when this one was. */
void breaker_probe(struct breaker *breaker, const char *uid);
bool breaker_forget_probe(struct breaker *breaker, const char *uid);
