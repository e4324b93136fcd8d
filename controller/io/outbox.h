/* What waits to be written to one socket: shared bytes, in order, with the place reached. */
#pragma once

#include "schema/base/str.h"
#include "schema/base/vec.h"

struct outbox {
    struct {
        VEC_OF(struct blob *); /* owned references */
    } blobs;
    size_t first;        /* index of the blob under way */
    size_t offset_bytes; /* written of it */
    size_t size_bytes;   /* waiting in all */
};

void outbox_add(struct outbox *outbox, struct blob *blob /* taken */);
/* Copies what comes next, at most this much, possibly from several blobs; returns how much. */
size_t outbox_peek(const struct outbox *outbox, void *to, size_t size_bytes);
void outbox_advance(struct outbox *outbox, size_t size_bytes);
/* Gives the blob that is next, whole; NULL when empty.  Not to be mixed with outbox_advance(). */
struct blob *outbox_next(struct outbox *outbox);
/* All goes but what is under way; returns how many bytes went. */
size_t outbox_keep_begun(struct outbox *outbox);
void outbox_fini(struct outbox *outbox); /* and empty again */
