/* The whole state, as of one revision.
 *
 *     GET /apis/fog/v1/state
 *     {"kind":"State","apiVersion":"fog/v1","metadata":{"resourceVersion":"812","storeId":"…","era":1}}
 *     {"kind":"Agent","apiVersion":"fog/v1","metadata":{"name":"edge-1",…},"spec":…,"status":…}
 *     …
 *
 * A line for each object, as it is stored: by kind, in the order of enum kind_id, and by name.  All
 * of it is of one step, so of one revision, and the same revision gives the same bytes.  What is
 * not stored (readings, how long an agent has been silent) is not in it. */
#pragma once

#include "controller/core/request.h"

void dump_answer(struct ctl *ctl, struct request *request);
