/* Makes true what is wanted, one assignment at a time. */
#pragma once

#include "agent/core/agt.h"

struct work;

void converge_on_start(struct agt *agt); /* settles what was not found running */
void converge_on_found(struct agt *agt, const struct agt_event *event);
void converge_on_started(struct agt *agt, const struct agt_event *event);
void converge_on_exited(struct agt *agt, const struct agt_event *event);
void converge_on_collected(struct agt *agt, const struct agt_event *event);
/* The controller knows of this work what was sent last. */
void converge_on_reported(struct agt *agt, struct work *work);
void converge_on_usage(struct agt *agt, const struct agt_event *event);
void converge_on_lapsed(struct agt *agt, const struct agt_event *event);
void converge_on_unsaved(struct agt *agt, uint64_t step);

/* Looks at all assignments; emits what stops, freezes and starts. */
void converge(struct agt *agt);
struct mono converge_deadline(const struct agt *agt, const struct work *work);
