/* The part of an agent's shell that brings artifacts and stores outputs: slow, cut off now and
 * then, and all that it put ready is gone with the process.  Checked: nothing starts before what it
 * needs is ready. */
#pragma once

#include "agent/core/agt.h"

struct machine;

struct fetched {
    char *uid;       /* owned */
    int64_t number;  /* as the agent counts them */
    uint64_t serial; /* as the machine does, for ever */
    bool fails, is_ready;
    bool is_collecting; /* the other way: `number` is the run's */
};

struct fetches {
    VEC_OF(struct fetched);
    uint64_t serial;
};

void fetches_clear(struct fetches *fetches); /* the process is no more */
void fetches_fini(struct fetches *fetches);
void fetch_begin(struct machine *machine, const struct agt_effect *effect);
void fetch_stop(struct machine *machine, const struct agt_effect *effect);
void collect_begin(struct machine *machine, const struct agt_effect *effect);
void collect_stop(struct machine *machine, const struct agt_effect *effect);
/* A run takes what is ready for it. */
void fetch_spawn(struct machine *machine, const struct agt_spawn *spawn);
