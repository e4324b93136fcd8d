/* Waiting between tries: controller/core/backoff.h. */
#include "controller/core/backoff.h"

#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>

int64_t backoff_ms(unsigned failures, struct rand *rand)
{
    int64_t most = RESTART_MIN_MS;

    assert(failures > 0);
    if (BUGGIFY("retry-at-once")) {
        return 1;
    }
    for (unsigned i = 1; i < failures && most < RESTART_MAX_MS; i++) {
        most *= 2;
    }
    if (most > RESTART_MAX_MS) {
        most = RESTART_MAX_MS;
    }
    return rand_between(rand, most / 2, most);
}
