/* The end of a run. */
#pragma once

#include "agent/core/agt.h"

struct work;

/* Its run, which was open, has ended so. */
void outcome_take(struct agt *agt, struct work *work, const struct agt_exit *exit);
/* Its run ended well, and the event says that an output cannot be stored. */
void outcome_miss_output(struct agt *agt, struct work *work, const struct agt_event *event);
