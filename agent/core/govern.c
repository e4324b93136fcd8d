/* Policies, applied to what runs here. */
#include "agent/core/govern.h"

#include "agent/core/model.h"

int64_t govern_cpu_limit(const struct agt *agt, const struct work *work)
{
    int64_t percent = work->wanted.template.limits.cpu_percent;

    (void)agt;
    return percent > 0 && percent < 100 ? percent * 10 : 0;
}
