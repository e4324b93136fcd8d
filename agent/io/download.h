/* Fetching one blob from the controller's HTTP listener, on a worker thread. */
#pragma once

#include "agent/io/blob_cache.h"

#include <stdatomic.h>

struct download {
    const struct blob_cache *cache; /* borrowed, as all here */
    const char *host;               /* as the agent dials it */
    int port;
    const char *digest;
    const atomic_bool *is_cancelled; /* looked at a few times a second */
    void (*progress)(void *context, int64_t done_bytes, int64_t total_bytes);
    void *context;
};

/* Goes on with what an earlier attempt left, and puts the result into the cache, unverified.
 * ERR_NOT_FOUND: the controller has none; ERR_FULL; ERR_UNAVAILABLE: it broke off, and the next
 * attempt may do better. */
int download_run(const struct download *download, struct err *err);
