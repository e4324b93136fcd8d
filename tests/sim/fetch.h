/* The part of an agent's shell that brings artifacts and stores outputs (blobs.h): slow, cut off
 * now and then, and all that it put ready is gone with the process, but not its cache.  Checked:
 * nothing starts before what it needs is ready. */
#pragma once

#include "agent/core/agt.h"
#include "schema/base/map.h"
#include "schema/base/vec.h"

struct machine;

struct fetched {
    char *uid;       /* owned */
    int64_t number;  /* as the agent counts them */
    uint64_t serial; /* as the machine does, for ever */
    bool fails, is_ready;
    bool is_collecting; /* the other way: `number` is the run's */
    uint64_t upload;    /* under way; 0: none */
    struct {
        VEC_OF(char *);
    } texts; /* owned: digests of artifacts, or paths of outputs */
};

struct fetches {
    VEC_OF(struct fetched);
    uint64_t serial;
    struct map cache; /* digests */
};

void fetches_init(struct fetches *fetches);
void fetches_clear(struct fetches *fetches); /* the process is no more */
void fetches_fini(struct fetches *fetches);
void fetch_begin(struct machine *machine, const struct agt_effect *effect);
void fetch_stop(struct machine *machine, const struct agt_effect *effect);
void collect_begin(struct machine *machine, const struct agt_effect *effect);
void collect_stop(struct machine *machine, const struct agt_effect *effect);
/* A run takes what is ready for it. */
void fetch_spawn(struct machine *machine, const struct agt_spawn *spawn);
