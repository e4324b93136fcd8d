/* The gate and the deadline of a session's rollout, as its status tells them. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct gate {
    bool has_deadline; /* the rest means something */
    bool is_observed;  /* the status is of this generation */
    bool is_good;      /* through the gate */
    bool is_late;
    bool is_nobodys;   /* for every agent, and none is there */
    bool is_revert;    /* what there is now is what the controller went back to */
    bool goes_back;    /* it will be reverted when its deadline is over */
    const char *until; /* " (more by 21:04:15Z, or it is reverted)"; "" when nothing runs out */
    const char *stays; /* "10s": all have to be ready for so long */
    const char *words; /* of its condition */
};

/* One of its conditions; NULL: it has none of that type. */
const struct node *session_condition(const struct node *session, const char *type);
void gate_read(struct fogctl *fogctl, const struct node *session, struct gate *ret_gate);
