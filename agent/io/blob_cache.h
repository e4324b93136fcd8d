/* Blobs that this machine fetched, kept for the next run that needs them:
 *
 *     STATE/blobs/ab/cdef…       one that came whole; what is in it is verified at each use
 *     STATE/blobs/incoming/abcd… one that is on its way, also from an earlier life of the agent
 *
 * Workloads run as the agent's user and may change these files.  So nothing is believed of them:
 * every use is a copy, whose digest is taken while it is made; what has another is thrown away.
 *
 * Everything here may wait for the disk; one thread at a time. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"

#include <stdint.h>

struct blob_cache {
    int dir_fd, incoming_fd;
    int64_t quota_bytes;
};

int blob_cache_open(struct blob_cache *cache, int state_fd, int64_t quota_bytes, struct err *err);
void blob_cache_close(struct blob_cache *cache);

/* Copies it.  ERR_NOT_FOUND; ERR_CORRUPT: it was damaged, and is gone; ERR_FULL; ERR_IO. */
int blob_cache_copy(const struct blob_cache *cache, const char *digest, int to_fd);

/* The incoming file, at its end, and how much of it is there. */
int blob_cache_begin(const struct blob_cache *cache, const char *digest, int *ret_fd,
                     int64_t *ret_size_bytes);
int blob_cache_finish(const struct blob_cache *cache, const char *digest);
void blob_cache_drop(const struct blob_cache *cache, const char *digest); /* the incoming one */

/* Removes what was used least lately until the rest fits the quota. */
void blob_cache_prune(const struct blob_cache *cache);
