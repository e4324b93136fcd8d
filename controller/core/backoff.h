/* How long to wait before the next try: doubled with each failure in a row, from RESTART_MIN_MS to
 * RESTART_MAX_MS, and shortened by chance to between a half and all of that, so that what failed
 * together is not tried together. */
#pragma once

#include "schema/base/rand.h"

int64_t backoff_ms(unsigned failures, struct rand *rand); /* failures ≥ 1 */
