/* A vec with a moving first index; the part that is done is closed up when it is the larger one. */
#include "controller/io/outbox.h"

enum { OUTBOX_CLOSE_UP = 64 };

void outbox_add(struct outbox *outbox, struct blob *blob)
{
    if (blob->size_bytes == 0) {
        blob_unref(blob);
        return;
    }
    vec_add(&outbox->blobs, blob);
    outbox->size_bytes += blob->size_bytes;
}

size_t outbox_peek(const struct outbox *outbox, void *to, size_t size_bytes)
{
    size_t done = 0, offset = outbox->offset_bytes;

    for (size_t i = outbox->first; i < outbox->blobs.count && done < size_bytes; i++) {
        const struct blob *blob = outbox->blobs.items[i];
        size_t bytes = blob->size_bytes - offset;

        bytes = bytes < size_bytes - done ? bytes : size_bytes - done;
        memcpy((char *)to + done, blob->data + offset, bytes);
        done += bytes;
        offset = 0;
    }
    return done;
}

static struct blob *take_first(struct outbox *outbox)
{
    struct blob *blob = TAKE(outbox->blobs.items[outbox->first]);

    outbox->first++;
    outbox->offset_bytes = 0;
    if (outbox->first == outbox->blobs.count) {
        vec_fini(&outbox->blobs); /* an idle peer costs nothing */
        outbox->first = 0;
    } else if (outbox->first >= OUTBOX_CLOSE_UP && outbox->first > outbox->blobs.count / 2) {
        outbox->blobs.count -= outbox->first;
        memmove(outbox->blobs.items, outbox->blobs.items + outbox->first,
                outbox->blobs.count * sizeof(outbox->blobs.items[0]));
        outbox->first = 0;
    }
    return blob;
}

void outbox_advance(struct outbox *outbox, size_t size_bytes)
{
    assert(size_bytes <= outbox->size_bytes);
    outbox->size_bytes -= size_bytes;
    while (size_bytes > 0) {
        size_t left = outbox->blobs.items[outbox->first]->size_bytes - outbox->offset_bytes;

        if (size_bytes < left) {
            outbox->offset_bytes += size_bytes;
            return;
        }
        size_bytes -= left;
        blob_unref(take_first(outbox));
    }
}

struct blob *outbox_next(struct outbox *outbox)
{
    if (outbox->blobs.count == 0) {
        return NULL;
    }
    assert(outbox->offset_bytes == 0);
    outbox->size_bytes -= outbox->blobs.items[outbox->first]->size_bytes;
    return take_first(outbox);
}

size_t outbox_keep_begun(struct outbox *outbox)
{
    size_t kept = outbox->first + (outbox->offset_bytes > 0), gone = 0;

    for (size_t i = kept; i < outbox->blobs.count; i++) {
        gone += outbox->blobs.items[i]->size_bytes;
        blob_unref(outbox->blobs.items[i]);
    }
    if (outbox->blobs.count > kept) {
        outbox->blobs.count = kept;
    }
    outbox->size_bytes -= gone;
    return gone;
}

void outbox_fini(struct outbox *outbox)
{
    for (size_t i = outbox->first; i < outbox->blobs.count; i++) {
        blob_unref(outbox->blobs.items[i]);
    }
    vec_fini(&outbox->blobs);
    *outbox = (struct outbox){0};
}
