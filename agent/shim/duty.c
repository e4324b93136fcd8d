/* Credit is bounded on both sides: what was not used in a second is lost, so that an idle workload
 * cannot save up for a burst, and a debt of more than ten seconds is forgiven, so that one wrong
 * measurement cannot stop it for long. */
#include "agent/shim/duty.h"

#include <assert.h>

enum { SAVED_US = 1000 * 1000, DEBT_US = 10 * 1000 * 1000 };

void duty_init(struct duty *duty, int64_t limit)
{
    assert(limit > 0);
    *duty = (struct duty){.limit = limit};
}

bool duty_step(struct duty *duty, int64_t used_us, int64_t elapsed_us)
{
    int64_t most = SAVED_US / 1000 * duty->limit;
    int64_t least = -(DEBT_US / 1000 * duty->limit);

    assert(used_us >= 0);
    assert(elapsed_us >= 0);
    duty->credit_us += elapsed_us / 1000 * duty->limit - used_us;
    duty->credit_us = duty->credit_us > most ? most : duty->credit_us;
    duty->credit_us = duty->credit_us < least ? least : duty->credit_us;
    return duty->credit_us > 0;
}
