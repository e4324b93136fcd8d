/* The writer: the one thread that commits.  Takes whatever batches wait and commits them as one
 * transaction (group commit), in order; checkpoints when idle. */
#pragma once

#include "controller/io/store/store.h"

struct writer;

/* `notify` is called on the writer's thread after each commit (the shell makes it a uv_async_send).
 */
struct writer *writer_new(struct store *store, void (*notify)(void *context), void *context);
void writer_put(struct writer *writer, struct batch *batch); /* taken */

/* Old history is to go, slice by slice between the commits, once; then the size is looked at. */
void writer_keep(struct writer *writer, const struct store_keeping *keeping);

struct writer_done {
    struct batch *batch; /* given: free it; NULL: a checkpoint failed with ERR_SYNC */
    int code; /* of store_commit(); after the first failure every later batch has the same */
    struct err err;
    bool is_kept; /* no batch: what writer_keep() asked for is done; `code` is of that alone */
    struct store_size size; /* then */
};

/* On the shell's thread: the next finished batch, in order; false when none. */
bool writer_next_done(struct writer *writer, struct writer_done *ret_done);
void writer_free(
    struct writer *writer); /* commits what waits, joins the thread; `store` stays the caller's */
