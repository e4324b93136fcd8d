/* Leases of exclusive work: the right to run it until a moment of boot time.
 *
 * A lease counts from the sending of the request that was granted, so it ends here before it ends
 * at the controller.  It is asked for at a third of its length. */
#pragma once

#include "agent/core/agt.h"
#include "schema/limits.h"

struct work;

struct lease {          /* of the wanted lease epoch */
    struct mono end;    /* zero: never granted */
    struct mono ask_at; /* not before; zero: at once */
    uint64_t asked_seq; /* the newest request that named it; 0: none in this connection */
    bool is_refused;
};

struct leases {
    uint64_t seq;
    struct {
        uint64_t seq; /* 0: free */
        struct mono sent;
    } renewals[RENEWALS_WAITING_MAX]; /* a ring by seq */
};

void lease_on_welcome(struct agt *agt);
void lease_on_link_down(struct agt *agt);
/* ERR_INVALID when it answers nothing that was asked. */
int lease_on_renewed(struct agt *agt, const struct wire_renewed *renewed, struct err *err);

/* Sends one request for all leases that are due. */
void lease_ask(struct agt *agt);
struct mono lease_deadline(const struct agt *agt, const struct work *work);

bool lease_allows_start(const struct agt *agt, const struct work *work);
/* The work runs, and must not any longer. */
bool lease_is_lost(const struct agt *agt, const struct work *work);
