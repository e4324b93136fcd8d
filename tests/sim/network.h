/* The network between agents and controller: connections that are ordered streams each way, as TCP
 * gives them, with delays, stalls, cuts, and ends that learn of a cut at different times or never.
 * TCP and WebSocket never change the order within one connection; that two messages change places
 * all the same is simulated to see that nothing relies on it for safety.
 *
 * What a blocked path holds back arrives when it opens again, as retransmission would see to; what
 * is under way when a connection is cut is lost. */
#pragma once

#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "tests/sim/sim.h"

struct conn;

enum packet_type { PACKET_OPEN, PACKET_DATA, PACKET_CLOSE };

struct packet {
    enum packet_type type;
    struct blob *bytes; /* owned reference; NULL unless DATA */
    int64_t due_ms;
};

struct stream { /* one direction of a connection */
    struct conn *conn;
    bool is_up; /* from the agent to the controller */
    bool is_closed;
    struct {
        VEC_OF(struct packet);
    } packets;
    size_t head;
    int64_t last_due_ms;
};

struct truths { /* that were said on a connection, for those who lie: liar.h */
    char store_id[80];
    int64_t era, epoch;
    uint64_t revision, reported;
};

struct conn {
    uint64_t id; /* the controller's number for it */
    struct machine *machine;
    unsigned agent_life, controller_life;
    bool agent_has, controller_has;       /* each end believes in it */
    bool agent_was_told;                  /* of its end */
    bool is_cut;                          /* nothing gets through any more */
    bool agent_drains, controller_drains; /* are told when all has left */
    int64_t read_at_ms;                   /* a slow agent's last look */
    struct stream up, down;
    struct truths truths;
};

enum { MEMORIES = 8 };

struct path { /* between one machine and the controller */
    struct die die;
    int64_t delay_max_ms;
    bool up_is_blocked, down_is_blocked;
    int64_t slow_until_ms, pace_ms; /* the agent reads one message in so long */
    struct blob *seen[2][MEMORIES]; /* owned references: frames of earlier, by direction */
    unsigned seen_count[2];
};

struct network {
    struct {
        VEC_OF(struct conn *);
    } conns; /* owned, by id - 1; kept to the end */
    struct path paths[MACHINES_MAX];
    uint64_t frames_not_idle; /* that are neither heartbeats nor about leases */
};

struct network *network_new(struct sim *sim);
void network_free(struct network *network);

/* The agent's end. */
struct conn *network_connect(struct sim *sim, struct machine *machine);
void network_agent_send(struct sim *sim, struct conn *conn, struct blob *bytes /* borrowed */);
void network_agent_closes(struct sim *sim, struct conn *conn);
/* The process died: the kernel closes, unless the power went. */
void network_agent_gone(struct sim *sim, struct machine *machine, bool with_power);

/* The controller's end. */
void network_controller_send(struct sim *sim, uint64_t id, struct blob *bytes /* borrowed */);
void network_controller_closes(struct sim *sim, uint64_t id);
void network_controller_gone(struct sim *sim, bool with_power);

/* A heartbeat, or about leases: what goes on when nothing happens. */
bool network_is_idle_frame(const struct blob *bytes);

/* Faults. */
/* A frame goes out as it is, this late. */
void network_put(struct sim *sim, struct stream *stream, struct blob *bytes /* borrowed */,
                 int64_t late_ms);
/* What is under way is lost.  Each end learns of it soon, late, or by its own deadlines;
 * `half_open`: one only by those. */
void network_break(struct sim *sim, struct conn *conn, bool half_open);
void network_cut(struct sim *sim, struct machine *machine, bool half_open);
void network_read_slowly(struct sim *sim, struct machine *machine, int64_t until_ms,
                         int64_t pace_ms);
/* Nothing that was sent so far comes again.  What an agent lost of its state may have been the
 * number of its newest connection; after a restart of the controller nobody knows it, and it is
 * given again.  No TCP delivers what was sent in a connection before. */
void network_forget_frames(struct sim *sim, const struct machine *machine);
void network_block(struct sim *sim, struct machine *machine, bool up, bool down);
void network_unblock(struct sim *sim, struct machine *machine);
