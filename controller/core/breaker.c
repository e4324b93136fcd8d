/* The states of controller/core/breaker.h.  Reports that still come in while it is open count as
 * well: work that was placed before goes on trying. */
#include "controller/core/breaker.h"

#include "schema/base/site.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdio.h>

static void move(struct breaker *breaker, enum breaker_state state)
{
    static const bool may[3][3] = {
        [BREAKER_CLOSED] = {[BREAKER_OPEN] = true},
        [BREAKER_OPEN] = {[BREAKER_HALF_OPEN] = true, [BREAKER_CLOSED] = true},
        [BREAKER_HALF_OPEN] = {[BREAKER_OPEN] = true, [BREAKER_CLOSED] = true},
    };

    assert(may[breaker->state][state]);
    breaker->state = state;
    breaker->probe[0] = '\0';
}

bool breaker_failed(struct breaker *breaker, unsigned starts, struct mono now)
{
    bool opens = false;

    breaker->failures += starts;
    switch (breaker->state) {
    case BREAKER_CLOSED:
        opens = breaker->failures >= BREAKER_FAILURES;
        break;
    case BREAKER_OPEN:
        break;
    case BREAKER_HALF_OPEN:
        MARK("a probe fails");
        opens = true;
        break;
    }
    if (opens) {
        move(breaker, BREAKER_OPEN);
        breaker->open_until = mono_after(now, BREAKER_OPEN_MS);
    }
    return opens;
}

bool breaker_succeeded(struct breaker *breaker)
{
    breaker->failures = 0;
    if (breaker->state == BREAKER_CLOSED || MUTANT(BREAKER_STAYS_OPEN)) {
        return false;
    }
    move(breaker, BREAKER_CLOSED);
    return true;
}

bool breaker_wait_over(struct breaker *breaker, struct mono now)
{
    if (breaker->state != BREAKER_OPEN || !mono_is_due(breaker->open_until, now) ||
        MUTANT(BREAKER_STAYS_OPEN)) {
        return false;
    }
    move(breaker, BREAKER_HALF_OPEN);
    return true;
}

void breaker_probe(struct breaker *breaker, const char *uid)
{
    if (breaker->state == BREAKER_HALF_OPEN && breaker->probe[0] == '\0') {
        (void)snprintf(breaker->probe, sizeof(breaker->probe), "%s", uid);
    }
}

bool breaker_forget_probe(struct breaker *breaker, const char *uid)
{
    if (!str_eq(breaker->probe, uid)) {
        return false;
    }
    breaker->probe[0] = '\0';
    return true;
}
