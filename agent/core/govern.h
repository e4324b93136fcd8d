/* What governs a run while it lasts: its policy, and the word of the machine's owner. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum { CPU_LIMIT_UNKNOWN = -1 };

/* Thousandths of all the machine's processor time that it may use; 0: no limit of ours. */
int64_t govern_cpu_limit(const struct agt *agt, const struct work *work);
