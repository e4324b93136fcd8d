/* Uploads and downloads under way.
 *
 *     upload    socket ──piece──▶ filling ──▶ writing ──worker──▶ file
 *     download  file ──worker──▶ piece ──▶ socket, and when that has left, the next
 *
 * Each has one job at a time.  A client may go at any moment: the transfer then comes to rest when
 * its job has ended, and what an upload wrote stays as a partial to go on with. */
#include "controller/io/blobs_inner.h"
#include "controller/io/measure.h"
#include "schema/base/log.h"
#include "schema/blobs.h"

#include <unistd.h>

static struct transfer *find(const struct blobs *blobs, uint64_t id)
{
    dlist_each (&blobs->transfers, struct transfer, all, transfer) {
        if (transfer->id == id) {
            return transfer;
        }
    }
    return NULL;
}

static struct transfer *transfer_new(struct blobs *blobs, uint64_t id, int fd)
{
    struct transfer *transfer = MEM_NEW(struct transfer);

    transfer->job.blobs = blobs;
    transfer->id = id;
    transfer->fd = fd;
    str_init(&transfer->filling);
    str_init(&transfer->writing);
    dlist_init(&transfer->all);
    dlist_add(&blobs->transfers, &transfer->all);
    blobs->transfer_count++;
    return transfer;
}

void transfer_free(struct transfer *transfer)
{
    assert(!transfer->is_working);
    if (transfer->partial != NULL) {
        transfer->partial->is_taken = false;
        transfer->partial->idle_since = blobs_now();
    }
    if (transfer->stored != NULL) {
        transfer->stored->readers--;
    }
    dlist_remove(&transfer->all);
    transfer->job.blobs->transfer_count--;
    (void)close(transfer->fd);
    digester_free(transfer->digester);
    str_fini(&transfer->filling);
    str_fini(&transfer->writing);
    free(transfer->piece);
    free(transfer);
}

static void work(struct transfer *transfer, void (*run)(struct job *), void (*done)(struct job *))
{
    assert(!transfer->is_working);
    transfer->is_working = true;
    transfer->job.run = run;
    transfer->job.done = done;
    blobs_run(transfer->job.blobs, &transfer->job);
}

/* The transfer whose job has ended; NULL: we are closing, and there is nothing more to do. */
static struct transfer *worked(struct job *job)
{
    struct transfer *transfer = (struct transfer *)(void *)job;

    transfer->is_working = false;
    return job->blobs->is_closing ? NULL : transfer;
}

/* --- uploads -------------------------------------------------------------------------------------
 */

static void upload_go_on(struct transfer *transfer);

static void fail_upload(struct transfer *transfer)
{
    struct blobs *blobs = transfer->job.blobs;
    struct partial *partial = transfer->partial;
    uint64_t id = transfer->id;
    int code = transfer->code;

    transfer_free(transfer);
    log_warning("upload of blob %s failed: %s", partial->digest, err_to_str(code));
    if (code == ERR_CORRUPT) {
        blobs_refuse(blobs, id, 422, NULL, "what was sent is not what %s is the digest of",
                     partial->digest);
    } else {
        blobs_refuse_disk(blobs, id, code);
    }
    partial_free(blobs, partial);
}

static void run_write(struct job *job)
{
    struct transfer *transfer = (struct transfer *)(void *)job;

    digester_add(transfer->partial->digester, transfer->writing.data, transfer->writing.length);
    transfer->code = blob_files_write(transfer->fd, transfer->writing.data,
                                      transfer->writing.length, transfer->offset);
}

static void on_wrote(struct job *job)
{
    struct transfer *transfer = worked(job);

    if (transfer == NULL) {
        return;
    }
    if (transfer->code < 0) {
        fail_upload(transfer);
        return;
    }
    transfer->offset += (int64_t)transfer->writing.length;
    transfer->partial->written_bytes = transfer->offset;
    str_clear(&transfer->writing);
    upload_go_on(transfer);
}

static void run_finish(struct job *job)
{
    struct transfer *transfer = (struct transfer *)(void *)job;
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;

    digester_end(transfer->partial->digester, &digest);
    digest_to_str(&digest, text);
    transfer->code =
        str_eq(text, transfer->partial->digest)
            ? blob_files_publish(&job->blobs->files, transfer->fd, transfer->partial->digest)
            : ERR_CORRUPT;
}

static void on_finished(struct job *job)
{
    struct transfer *transfer = worked(job);
    struct blobs *blobs = job->blobs;
    struct stored_blob *stored;
    struct blob_file file;
    uint64_t id;

    if (transfer == NULL) {
        return;
    }
    if (transfer->code < 0) {
        fail_upload(transfer);
        return;
    }
    id = transfer->id;
    file = (struct blob_file){.size_bytes = transfer->offset, .created = measure_now_wall()};
    file.used = file.created;
    memcpy(file.digest, transfer->partial->digest, sizeof(file.digest));
    transfer->partial->is_taken = false;
    partial_free(blobs, TAKE(transfer->partial));
    transfer_free(transfer);
    stored = blobs_add(blobs, &file);
    log_debug("blob %s stored size=%lld", file.digest, (long long)file.size_bytes);
    blobs_answer_stored(blobs, id, 201, stored);
}

static void upload_go_on(struct transfer *transfer)
{
    struct blobs *blobs = transfer->job.blobs;
    uint64_t id = transfer->id;

    if (transfer->is_working || blobs->is_closing) {
        return;
    }
    if (transfer->filling.length > 0) {
        struct str empty = transfer->writing;

        transfer->writing = transfer->filling;
        transfer->filling = empty;
        work(transfer, run_write, on_wrote);
        http_allow(blobs->http, id, transfer->writing.length);
    } else if (transfer->offset == transfer->partial->total_bytes) {
        work(transfer, run_finish, on_finished);
    } else if (id == 0) {
        transfer_free(transfer);
    } else if (transfer->offset == transfer->end) {
        int64_t written_bytes = transfer->offset;

        transfer_free(transfer);
        blobs_answer_partial(blobs, id, written_bytes);
    }
}

int transfer_upload(struct blobs *blobs, uint64_t id, struct partial *partial, int64_t end)
{
    struct transfer *transfer;
    int fd, failed;

    assert(!partial->is_taken);
    failed = blob_files_begin(&blobs->files, partial->digest, partial->written_bytes > 0, &fd);
    if (failed) {
        return failed;
    }
    transfer = transfer_new(blobs, id, fd);
    transfer->partial = partial;
    transfer->offset = partial->written_bytes;
    transfer->end = end;
    partial->is_taken = true;
    http_allow(blobs->http, id, BLOB_PIECE_BYTES);
    upload_go_on(transfer);
    return 0;
}

void on_transfer_piece(void *context, uint64_t id, const char *bytes, size_t size_bytes)
{
    struct transfer *transfer = find(context, id);

    if (transfer != NULL && transfer->partial != NULL) {
        assert(transfer->filling.length + size_bytes <= BLOB_PIECE_BYTES);
        str_add_bytes(&transfer->filling, bytes, size_bytes);
        upload_go_on(transfer);
    }
}

/* --- downloads -----------------------------------------------------------------------------------
 */

static void run_read(struct job *job)
{
    struct transfer *transfer = (struct transfer *)(void *)job;
    int64_t left = transfer->end - transfer->offset;
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;

    transfer->piece_bytes = left < BLOB_PIECE_BYTES ? (size_t)left : BLOB_PIECE_BYTES;
    transfer->code =
        blob_files_read(transfer->fd, transfer->piece, transfer->piece_bytes, transfer->offset);
    if (transfer->code < 0 || transfer->digester == NULL) {
        return;
    }
    digester_add(transfer->digester, transfer->piece, transfer->piece_bytes);
    if ((int64_t)transfer->piece_bytes == left) {
        digester_end(transfer->digester, &digest);
        digest_to_str(&digest, text);
        transfer->code = str_eq(text, transfer->stored_digest) ? 0 : ERR_CORRUPT;
    }
}

/* A file that is not what it is called is worse than none: without it the next upload heals. */
static void fail_download(struct transfer *transfer)
{
    struct blobs *blobs = transfer->job.blobs;
    struct stored_blob *stored = transfer->stored;

    log_error("blob %s: %s", transfer->stored_digest,
              transfer->code == ERR_CORRUPT ? "the file is damaged, removing it"
                                            : "the file cannot be read");
    http_transfer_cut(blobs->http, transfer->id);
    if (transfer->code == ERR_CORRUPT && stored != NULL && !stored->is_going) {
        blobs_remove(blobs, stored, 0);
    }
    transfer_free(transfer);
}

static void download_go_on(struct transfer *transfer);

static void on_piece_read(struct job *job)
{
    struct transfer *transfer = worked(job);
    bool may_go_on;

    if (transfer == NULL) {
        return;
    }
    if (transfer->code < 0) {
        fail_download(transfer);
        return;
    }
    transfer->offset += (int64_t)transfer->piece_bytes;
    may_go_on = http_transfer_piece(job->blobs->http, transfer->id,
                                    blob_new(transfer->piece, transfer->piece_bytes));
    if (may_go_on || transfer->id == 0 || transfer->offset == transfer->end) {
        download_go_on(transfer);
    }
}

static void download_go_on(struct transfer *transfer)
{
    if (transfer->is_working || transfer->job.blobs->is_closing) {
        return;
    }
    if (transfer->id == 0 || transfer->offset == transfer->end) {
        transfer_free(transfer);
        return;
    }
    work(transfer, run_read, on_piece_read);
}

void transfer_download(struct blobs *blobs, uint64_t id, struct stored_blob *stored, int fd,
                       const struct byte_range *range)
{
    struct transfer *transfer = transfer_new(blobs, id, fd);

    transfer->stored = stored;
    memcpy(transfer->stored_digest, stored->file.digest, sizeof(transfer->stored_digest));
    stored->readers++;
    transfer->offset = range->first;
    transfer->end = range->last + 1;
    transfer->piece = mem_alloc(BLOB_PIECE_BYTES);
    if (range->first == 0 && transfer->end == stored->file.size_bytes) {
        transfer->digester = digester_new();
    }
    download_go_on(transfer);
}

void on_transfer_drained(void *context, uint64_t id)
{
    struct transfer *transfer = find(context, id);

    if (transfer != NULL && transfer->partial == NULL) {
        download_go_on(transfer);
    }
}

void on_transfer_gone(void *context, uint64_t id)
{
    struct transfer *transfer = find(context, id);

    if (transfer == NULL) {
        return;
    }
    transfer->id = 0;
    if (transfer->partial != NULL) {
        upload_go_on(transfer);
    } else {
        download_go_on(transfer);
    }
}
