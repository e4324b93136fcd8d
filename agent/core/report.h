/* What the controller is told of each assignment: the newest, once, until it is acknowledged.
 *
 * At most one report is unanswered at a time; what happens meanwhile is told by the next one.  What
 * a workload uses is no news, but goes along. */
#pragma once

#include "agent/core/agt.h"

struct work;

struct report_face {              /* what makes two reports differ */
    int phase;                    /* enum assignment_phase */
    const char *reason, *message; /* static, or the work's own */
    int64_t generation, lease_epoch, restarts, failures;
    uint64_t outcomes, fetch, collect; /* versions */
    uint64_t drift;                    /* version */
    int64_t change;                    /* the newest of what its policy asks for */
    struct wall started;
};

struct told { /* versions of the face; 0: none */
    struct report_face face;
    uint64_t version, sent, acknowledged;
};

struct reports {
    uint64_t seq;      /* last used */
    uint64_t reserved; /* numbers up to here are saved as used */
    uint64_t waiting;  /* sent and not answered; 0: none */
    struct mono resend_at;
    uint64_t sent_in_step;
    bool paused_told;
};

void report_on_welcome(struct agt *agt, bool is_gap);
void report_on_unsaved(struct agt *agt, uint64_t step);
/* ERR_INVALID when it acknowledges what was never sent. */
int report_on_reported(struct agt *agt, const struct wire_reported *reported, struct err *err);

/* Looks at all assignments and composes at most one report. */
void report(struct agt *agt);
struct mono report_deadline(const struct agt *agt);

void report_face(const struct agt *agt, const struct work *work, struct report_face *ret_face);
