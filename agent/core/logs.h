/* Log streams that the controller asked for; dropped first when the link is slow, and counted. */
#pragma once

#include "agent/core/agt.h"

struct log_stream {
    uint64_t id;
    int64_t dropped; /* lines not yet told of */
};

struct logs {
    VEC_OF(struct log_stream);
    size_t backlog_bytes; /* handed over since the link was last drained */
};

void logs_on_request(struct agt *agt, const struct wire_log_request *request);
void logs_on_cancel(struct agt *agt, const struct wire_log_cancel *cancel);
void logs_on_lines(struct agt *agt, const struct agt_event *event);
void logs_on_link_down(struct agt *agt);
void logs_on_drained(struct agt *agt);
