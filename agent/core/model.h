/* The whole agent, as its rooms see it.  Each room writes its own part; `agt.c` is the door. */
#pragma once

#include "agent/core/checkpoint.h"
#include "agent/core/collect.h"
#include "agent/core/converge.h"
#include "agent/core/drift.h"
#include "agent/core/fetch.h"
#include "agent/core/forget.h"
#include "agent/core/govern.h"
#include "agent/core/link.h"
#include "agent/core/logs.h"
#include "agent/core/out.h"
#include "agent/core/outcome.h"
#include "agent/core/period.h"
#include "agent/core/saver.h"
#include "agent/core/set.h"
#include "agent/core/share.h"
#include "agent/core/trace.h"
#include "agent/core/work.h"

struct agt {
    struct agt_options options;
    char public_key[KEY_TEXT_SIZE];
    struct rand rand;
    struct mono now;         /* of the step */
    struct wall wall, local; /* time on the clocks of UTC and of the machine's owner */
    bool is_started, is_paused;
    struct mono started_at;

    struct fence fence;
    struct set set;
    struct forgettables forgettables;
    struct link link;
    struct leases leases;
    int64_t fetches; /* numbers them; not saved, for a fetch does not outlive the agent */
    struct reports reports;
    struct periods periods;
    struct governor governor;
    struct shares shares;
    struct logs logs;
    struct saver saver;

    struct out out;
    struct trace trace;
    struct agt_counters counters;
};

static inline struct work *work_of(struct map_entry *entry)
{
    return entry->value;
}

/* The earlier of two moments, of which the second counts only while it lies ahead: what was due at
 * this step was done in it, or waits for something that comes as an event. */
static inline struct mono agt_ahead(const struct agt *agt, struct mono so_far, struct mono moment)
{
    return mono_before(agt->now, moment) ? mono_earlier(so_far, moment) : so_far;
}

/* A jittered, doubled delay: between half of it and all of it. */
int64_t agt_back_off(struct agt *agt, unsigned doublings, int64_t min_ms, int64_t max_ms);
