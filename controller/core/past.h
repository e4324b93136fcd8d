/* The state as it was: `atRevision=N` or `atTime=T` on a GET.
 *
 *     GET /apis/fog/v1/<plural>[/<name>[/status]]?atRevision=120
 *     GET /apis/fog/v1/<plural>?atTime=10m&labelSelector=…&limit=100
 *     GET /apis/fog/v1/state?atTime=2026-11-22T10:00:00Z
 *     GET /apis/fog/v1/history?atRevision=120         (what had happened until then)
 *
 * T is a time (RFC 3339) or how long ago; it means the newest revision of then.  Objects are as
 * they were stored: spec, metadata, and of status the newest that the status log still has of that
 * moment.  When it had a newer one that was compacted, a Warning header says of how many objects.
 * What was never stored (readings, who was silent) is not told.  Of events the newest words alone
 * are kept: those that were told anew or removed since are left out.
 *
 * The rows are read by the reader's thread, a chunk at a time, and a request holds no more than one
 * page of them.  All pages of a list are of one revision: the token of `continue` has it. */
#pragma once

#include "controller/core/request.h"

struct past;

struct moment { /* that a request asks for */
    bool by_time;
    uint64_t revision;
    struct wall at;
};

/* True: it asks for the past, and is answered, refused, or being read. */
bool past_open(struct ctl *ctl, struct request *request);
/* What was read for it came; it is taken. */
void past_read_done(struct ctl *ctl, struct past *past, const struct read_result *result);
/* Its client has gone: nothing more is read. */
void past_gone(struct ctl *ctl, uint64_t id);
void past_free(struct ctl *ctl, struct past *past);
