/* The link to the controller, from dialling to hanging up. */
#pragma once

#include "agent/core/agt.h"
#include "schema/limits.h"

/* See the drawing in link.c. */
enum link_state {
    LINK_IDLE,
    LINK_CONNECTING,
    LINK_OPEN,
    LINK_GREETED,
    LINK_WELCOMED,
    LINK_CLOSING,
    LINK_STATE_COUNT,
};

extern const char *const link_state_words[];

struct fence {                              /* the highest that was seen; saved */
    char store_id[WIRE_WORD_BYTES_MAX + 1]; /* "" until a controller was obeyed */
    int64_t era, epoch;
};

struct link {
    enum link_state state;
    struct mono deadline;   /* of this state: when to dial, or to give up; never while welcomed */
    unsigned attempts;      /* since the controller was last heard well */
    struct mono not_before; /* a refusal's wish */
    int64_t epoch;          /* of this connection */
    int64_t heartbeat_ms;
    struct mono beat_at, silent_at; /* our next heartbeat; when theirs are overdue */
    int blobs_port;                 /* of the controller, as it last said; 0: not known */
    uint64_t beat_seq;
    unsigned bad;                           /* messages in this connection */
    bool said_paused;                       /* in its hello */
    char store_id[WIRE_WORD_BYTES_MAX + 1]; /* of its challenge */
    int64_t era;                            /* that it was challenged in */
    char last_end[320];                     /* why the last connection ended, for a person */
};

void link_on_start(struct agt *agt);
/* What the hello says is another now: a connection that heard it is given up for a new one. */
void link_declare_again(struct agt *agt);
void link_on_up(struct agt *agt);
void link_on_down(struct agt *agt);
void link_on_frame(struct agt *agt, const char *bytes, size_t size_bytes);
/* Dials, beats or gives up when it is time. */
void link_on_time(struct agt *agt);
struct mono link_deadline(const struct agt *agt);
bool link_is_welcomed(const struct agt *agt);
