/* The network of a chaos run, in user space: each machine is a network namespace with one TUN
 * device, and one process carries packets from device to device, losing, delaying and doubling them
 * as it is told.  This kernel's own means may lack every one of these (netem, nft); TUN is all that
 * is needed.
 *
 * Rules and counts are in memory that the runner shares with that process. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CABLE_NODES_MAX = 20, CABLE_NET = 0x0a4d0000 /* 10.77.0.0; node n is 10.77.0.n+1 */ };

struct cable_rule { /* of one direction between two nodes */
    _Atomic int is_cut, loss_per_mille, double_per_mille, delay_ms, jitter_ms;
};

struct cable {
    struct cable_rule rules[CABLE_NODES_MAX][CABLE_NODES_MAX]; /* [from][to] */
    _Atomic uint64_t packets, bytes;                           /* that were carried */
    _Atomic uint64_t cut, lost, doubled, delayed, overflown;
};

struct cable *cable_new(void); /* shared with processes forked later; for the life of the runner */

/* Forks the process that carries.  `tuns` are borrowed; their order is that of the nodes. */
pid_t cable_start(struct cable *cable, const int *tuns, int count, uint64_t seed);

/* Each rule back to nothing. */
void cable_heal(struct cable *cable);
