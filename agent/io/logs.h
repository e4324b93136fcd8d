/* Reading workloads' logs for the controller: the last lines, and then what is added.
 *
 * A stream is handed out piece by piece, one only when the link has nothing left to send: a slow
 * link slows the reading, and what is rotated away meanwhile is lost, not stored. */
#pragma once

#include "agent/core/agt.h"

#include <uv.h>

struct logs;

/* Never called from within a function of this header, except logs_pump(). */
typedef void logs_event_fn(void *data, struct agt_event *event);
typedef bool logs_may_send_fn(void *data);

struct logs *logs_new(uv_loop_t *loop, int work_fd, logs_event_fn *on_event,
                      logs_may_send_fn *may_send, void *data);
void logs_close(struct logs *logs); /* to be freed after the loop has drained */
void logs_free(struct logs *logs);

/* Begins a stream with the last `tail` lines (negative: all there are).  What cannot be read is
 * told as its end, with an error. */
void logs_read(struct logs *logs, uint64_t id, const char *uid, int64_t tail, bool follow);
void logs_stop(struct logs *logs, uint64_t id);
void logs_stop_all(struct logs *logs); /* the link is down: nobody reads any more */
/* The link has nothing left to send. */
void logs_pump(struct logs *logs);
