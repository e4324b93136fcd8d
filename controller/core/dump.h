/* The whole state, as of one revision.
 *
 *     GET /apis/fog/v1/state
 *     {"kind":"State","apiVersion":"fog/v1","metadata":{"resourceVersion":"812","time":"…",
 *      "storeId":"…","era":1,"endsWith":"StateEnd"}}
 *     {"kind":"Agent","apiVersion":"fog/v1","metadata":{"name":"edge-1",…},"spec":…,"status":…}
 *     …
 *     {"kind":"StateEnd","apiVersion":"fog/v1"}
 *
 * A line for each object, as it is stored: by kind, in the order of enum kind_id, and by name.  All
 * of it is of one step, so of one revision, and the same revision gives the same bytes.  What is
 * not stored (readings, how long an agent has been silent) is not in it. */
#pragma once

#include "controller/core/request.h"

struct dump {
    struct {
        VEC_OF(struct blob *); /* owned references */
    } lines;
    size_t bytes;
    struct str next; /* being written */
};

/* Of a moment of the past: line by line. */
void dump_begin(struct ctl *ctl, uint64_t revision, struct wall at,
                struct dump *dump); /* `dump` is all zero */
void dump_add(struct dump *dump, const struct object *object);
void dump_end(struct dump *dump);
/* The lines are given away; `problems` are warnings, and may be NULL. */
void dump_send(struct ctl *ctl, uint64_t id, const struct problems *problems, struct dump *dump);
void dump_fini(struct dump *dump);

void dump_answer(struct ctl *ctl, struct request *request);
