/* Artifacts, brought and put ready, and outputs, stored: one after the other, on a worker thread.
 *
 * For a fetch all artifacts are copied into work/UID/inputs, out of the cache or, when they are not
 * in it, after a download into it.  When the run starts, that folder becomes its working folder.
 * What an earlier life of the agent put ready is removed at the start, for the core asks anew. */
#pragma once

#include "agent/core/agt.h"
#include "agent/io/blob_cache.h"

#include <uv.h>

struct fetcher;

/* FETCHING, FETCHED, COLLECTED; never called from within a function of this header. */
typedef void fetch_event_fn(void *data, struct agt_event *event);

struct fetcher_options {
    int state_fd, work_fd; /* borrowed */
    const char *host;      /* borrowed: of the controller */
    int64_t quota_bytes;   /* of the cache */
};

int fetcher_new(uv_loop_t *loop, const struct fetcher_options *options, fetch_event_fn *on_event,
                void *data, struct fetcher **ret_fetcher, struct err *err);
/* Cancels what is under way, waits for the worker, closes all handles; to be freed after the loop
 * has drained. */
void fetcher_close(struct fetcher *fetcher);
void fetcher_free(struct fetcher *fetcher);

/* Replaces an earlier one of the same assignment. */
void fetcher_begin(struct fetcher *fetcher, const char *uid, int64_t number,
                   const struct template *template, int port);
void fetcher_drop(struct fetcher *fetcher, const char *uid);

/* The same for the outputs of a run. */
void fetcher_collect(struct fetcher *fetcher, const char *uid, int64_t run,
                     const struct template *template, int port);
void fetcher_uncollect(struct fetcher *fetcher, const char *uid);
