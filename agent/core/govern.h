/* What governs a run while it lasts: its policy, and the word of the machine's owner. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum { CPU_LIMIT_UNKNOWN = -1 };

struct governor {
    bool has_readings;
    struct readings readings;
    struct mono read_at;  /* when they came */
    struct readings told; /* to the controller, on this connection */
    struct mono told_at;  /* zero: not yet */
    int64_t told_offset_ms;
};

void govern_on_readings(struct agt *agt, const struct agt_event *event);
void govern_on_welcome(struct agt *agt);
/* Puts the readings into a heartbeat when it is time, or one has moved since they were told. */
void govern_tell(struct agt *agt, struct wire_heartbeat *heartbeat);

/* Thousandths of all the machine's processor time that it may use; 0: no limit of ours. */
int64_t govern_cpu_limit(const struct agt *agt, const struct work *work);
