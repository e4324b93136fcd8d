/* The store of blobs, on the loop: who uploads and downloads what, how much room there is, and what
 * may go.  docs/API.md, "Blobs", says what it answers.
 *
 * Files are opened here and read, written and removed by the worker threads of libuv, a piece at a
 * time; a transfer has at most two pieces in memory.  What is stored is known by an index in memory
 * that is made from the folder at start: the files' own size and times are all there is to keep. */
#pragma once

#include "controller/core/blobs.h"
#include "controller/io/http.h"
#include "schema/base/err.h"

struct blobs;

struct blobs_options {
    int state_fd;        /* borrowed: the state directory */
    int64_t quota_bytes; /* of all blobs and unfinished uploads together */
    int64_t keep_ms;     /* what nothing refers to */
    int64_t spare_bytes; /* that must stay free on the disk */
    /* Visits every reference there is; false when none can be known.  Called from the loop only. */
    bool (*each_reference)(void *context, blob_reference_fn visit, void *visit_context);
    bool (*is_settled)(void *context); /* will they still be so if the power fails now? */
    void *context;
};

/* `ret_blobs` is given even on failure: close and free it. */
int blobs_open(uv_loop_t *loop, const struct blobs_options *options, struct blobs **ret_blobs,
               struct err *err);
struct http_transfers blobs_transfers(struct blobs *blobs); /* for http_open() */
void blobs_attach(struct blobs *blobs, struct http *http);  /* borrowed; before the first request */
/* From now on; what is there already stays, however low the quota. */
void blobs_set_limits(struct blobs *blobs, int64_t quota_bytes, int64_t keep_ms);
void blobs_look(struct blobs *blobs); /* for what may go; a timer does it, too */

/* Before net_close(): runs the loop until no worker is busy with it. */
void blobs_close(struct blobs *blobs);
void blobs_free(struct blobs *blobs);
