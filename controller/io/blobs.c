/* The index, and the looks for what may go.
 *
 * What is removed leaves the index's sight first (`is_going`) and its file afterwards, on a worker;
 * until that is done an upload of the same digest is told to come again.  So a file that comes can
 * never be taken away by the removal of the one before it. */
#include "controller/io/blobs.h"

#include "controller/io/blobs_inner.h"
#include "controller/io/measure.h"
#include "schema/base/log.h"

#include <time.h>

enum {
    CLOSE_TURNS_MAX = 1000000
}; /* of the loop, each with at least one worker's end: a bug
      otherwise */

struct mono blobs_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct mono){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

static void on_run(uv_work_t *work)
{
    struct job *job = work->data;

    job->run(job);
}

static void on_ran(uv_work_t *work, int status)
{
    struct job *job = work->data;

    (void)status; /* nothing is ever cancelled */
    job->blobs->job_count--;
    job->done(job);
}

void blobs_run(struct blobs *blobs, struct job *job)
{
    int failed;

    job->blobs = blobs;
    job->work.data = job;
    blobs->job_count++;
    failed = uv_queue_work(blobs->loop, &job->work, on_run, on_ran);
    assert(failed == 0);
}

/* --- the index -----------------------------------------------------------------------------------
 */

struct stored_blob *blobs_find(const struct blobs *blobs, const char *digest)
{
    struct stored_blob *stored = map_find(&blobs->stored, digest);

    return stored == NULL || stored->is_going ? NULL : stored;
}

struct stored_blob *blobs_add(struct blobs *blobs, const struct blob_file *file)
{
    struct stored_blob *stored = MEM_NEW(struct stored_blob);

    stored->file = *file;
    stored->facts.used = file->used;
    stored->facts.unneeded_since = MONO_NEVER;
    blobs->stored_bytes += file->size_bytes;
    (void)map_put(&blobs->stored, file->digest, stored);
    return stored;
}

static void add_found(void *context, const struct blob_file *file)
{
    (void)blobs_add(context, file);
}

/* A download under way keeps the entry, for it has a descriptor of the file. */
static void forget(struct blobs *blobs, const char *digest)
{
    struct stored_blob *stored = map_remove(&blobs->stored, digest);

    assert(stored != NULL);
    blobs->stored_bytes -= stored->file.size_bytes;
    dlist_each (&blobs->transfers, struct transfer, all, transfer) {
        if (transfer->stored == stored) {
            transfer->stored = NULL;
        }
    }
    free(stored);
}

/* --- unfinished uploads --------------------------------------------------------------------------
 */

static struct partial *find_idlest(const struct blobs *blobs)
{
    struct partial *idlest = NULL;

    map_each (&blobs->partials, it) {
        struct partial *partial = it->value;

        if (!partial->is_taken &&
            (idlest == NULL || mono_before(partial->idle_since, idlest->idle_since))) {
            idlest = partial;
        }
    }
    return idlest;
}

struct partial *partial_new(struct blobs *blobs, const char *digest, int64_t total_bytes)
{
    struct partial *partial;

    if (blobs->partials.count >= BLOB_PARTIALS_MAX) {
        struct partial *idlest = find_idlest(blobs);

        if (idlest == NULL) {
            return NULL;
        }
        partial_free(blobs, idlest);
    }
    partial = MEM_NEW(struct partial);
    (void)snprintf(partial->digest, sizeof(partial->digest), "%s", digest);
    partial->total_bytes = total_bytes;
    partial->digester = digester_new();
    blobs->reserved_bytes += total_bytes;
    (void)map_put(&blobs->partials, digest, partial);
    return partial;
}

void partial_restart(struct partial *partial)
{
    digester_free(partial->digester);
    partial->digester = digester_new();
    partial->written_bytes = 0;
}

void partial_free(struct blobs *blobs, struct partial *partial)
{
    assert(!partial->is_taken);
    (void)map_remove(&blobs->partials, partial->digest);
    blob_files_drop(&blobs->files, partial->digest);
    blobs->reserved_bytes -= partial->total_bytes;
    digester_free(partial->digester);
    free(partial);
}

/* What unfinished uploads will still write. */
static int64_t outstanding(const struct blobs *blobs)
{
    int64_t bytes = 0;

    map_each (&blobs->partials, it) {
        const struct partial *partial = it->value;

        bytes += partial->total_bytes - partial->written_bytes;
    }
    return bytes;
}

static bool has_room(const struct blobs *blobs, int64_t size_bytes)
{
    int64_t taken = blobs->stored_bytes + blobs->reserved_bytes;

    return blobs->stored.count + blobs->partials.count < BLOBS_MAX &&
           blob_fits(taken, size_bytes, blobs->options.quota_bytes) &&
           blob_files_room(&blobs->files) - blobs->options.spare_bytes - outstanding(blobs) >=
               size_bytes;
}

bool partials_make_room(struct blobs *blobs, int64_t size_bytes)
{
    struct partial *idlest;

    while (!has_room(blobs, size_bytes)) {
        idlest = find_idlest(blobs);
        if (idlest == NULL) {
            return false;
        }
        partial_free(blobs, idlest);
    }
    return true;
}

/* --- chores --------------------------------------------------------------------------------------
 */

static void run_chores(struct job *job)
{
    struct blobs *blobs = job->blobs;

    vec_each (&blobs->doing, chore) {
        switch (chore->type) {
        case CHORE_REMOVE:
            chore->code = blob_files_remove(&blobs->files, chore->digest);
            break;
        case CHORE_TOUCH:
            blob_files_touch(&blobs->files, chore->digest, chore->used);
            break;
        }
    }
}

static void begin_chores(struct blobs *blobs);

static void end_removal(struct blobs *blobs, const struct chore *chore)
{
    struct stored_blob *stored = map_find(&blobs->stored, chore->digest);

    if (chore->code < 0) {
        log_warning("blob %s cannot be removed: %s", chore->digest, err_to_str(chore->code));
        stored->is_going = false;
        blobs_refuse_disk(blobs, chore->id, chore->code);
        return;
    }
    forget(blobs, chore->digest);
    blobs_answer_removed(blobs, chore->id, chore->digest);
}

static void end_chores(struct job *job)
{
    struct blobs *blobs = job->blobs;

    vec_each (&blobs->doing, chore) {
        if (chore->type == CHORE_REMOVE) {
            end_removal(blobs, chore);
        }
    }
    vec_clear(&blobs->doing);
    begin_chores(blobs);
}

static void begin_chores(struct blobs *blobs)
{
    struct chores none = blobs->doing;

    if (blobs->doing.count > 0 || blobs->waiting.count == 0 || blobs->is_closing) {
        return;
    }
    blobs->doing = blobs->waiting;
    blobs->waiting = none;
    blobs->chores.run = run_chores;
    blobs->chores.done = end_chores;
    blobs_run(blobs, &blobs->chores);
}

static void add_chore(struct blobs *blobs, struct chore chore, const char *digest)
{
    (void)snprintf(chore.digest, sizeof(chore.digest), "%s", digest);
    vec_add(&blobs->waiting, chore);
}

static void touch(struct blobs *blobs, const struct stored_blob *stored)
{
    add_chore(blobs, (struct chore){.type = CHORE_TOUCH, .used = stored->facts.used},
              stored->file.digest);
}

void blobs_use(struct blobs *blobs, struct stored_blob *stored)
{
    if (blob_use(&stored->facts, measure_now_wall(), blobs_now(), blobs->options.keep_ms)) {
        touch(blobs, stored);
        begin_chores(blobs);
    }
}

void blobs_remove(struct blobs *blobs, struct stored_blob *stored, uint64_t id)
{
    assert(!stored->is_going);
    stored->is_going = true;
    add_chore(blobs, (struct chore){.type = CHORE_REMOVE, .id = id}, stored->file.digest);
    begin_chores(blobs);
}

/* --- looking for what may go ---------------------------------------------------------------------
 */

static void note_needed(void *context, const struct blob_reference *reference)
{
    static char needed; /* any address: what counts is that there is one */

    (void)map_put(context, reference->digest, &needed);
}

static void look_at(struct blobs *blobs, struct stored_blob *stored, bool is_referenced,
                    struct wall wall, struct mono now)
{
    if (blob_look(&stored->facts, is_referenced, wall, now, blobs->options.keep_ms)) {
        touch(blobs, stored);
    }
    stored->facts.is_in_use = stored->readers > 0;
    if (blob_is_garbage(&stored->facts, wall, now, blobs->options.keep_ms)) {
        log_info("removing blob %s, which nothing refers to size=%lld", stored->file.digest,
                 (long long)stored->file.size_bytes);
        blobs_remove(blobs, stored, 0);
    }
}

static void drop_old_partials(struct blobs *blobs, struct mono now)
{
    struct partial *idlest;

    while ((idlest = find_idlest(blobs)) != NULL &&
           mono_since(idlest->idle_since, now) >= BLOB_PARTIAL_MS) {
        partial_free(blobs, idlest);
    }
}

void blobs_look(struct blobs *blobs)
{
    struct wall wall = measure_now_wall();
    struct mono now = blobs_now();
    struct map needed;

    if (blobs->doing.count > 0 || blobs->is_closing) {
        return; /* the next look comes soon enough */
    }
    map_init(&needed);
    if (!blobs->options.each_reference(blobs->options.context, note_needed, &needed)) {
        map_fini(&needed);
        return;
    }
    map_each (&blobs->stored, it) {
        struct stored_blob *stored = it->value;

        if (blobs->waiting.count + blobs->doing.count >= BLOB_CHORES_MAX) {
            break;
        }
        if (!stored->is_going) {
            look_at(blobs, stored, map_find(&needed, it->key) != NULL, wall, now);
        }
    }
    map_fini(&needed);
    drop_old_partials(blobs, now);
    begin_chores(blobs);
}

static void on_timer(uv_timer_t *timer)
{
    blobs_look(timer->data);
}

/* --- beginning and end ---------------------------------------------------------------------------
 */

static void start_timer(struct blobs *blobs)
{
    int64_t every_ms = blobs->options.keep_ms / 4;

    every_ms = every_ms > BLOB_LOOK_MS ? BLOB_LOOK_MS : every_ms < 100 ? 100 : every_ms;
    (void)uv_timer_start(&blobs->timer, on_timer, (uint64_t)every_ms, (uint64_t)every_ms);
}

void blobs_set_limits(struct blobs *blobs, int64_t quota_bytes, int64_t keep_ms)
{
    bool is_news = blobs->options.keep_ms != keep_ms;

    blobs->options.quota_bytes = quota_bytes;
    blobs->options.keep_ms = keep_ms;
    if (is_news) {
        start_timer(blobs);
    }
}

int blobs_open(uv_loop_t *loop, const struct blobs_options *options, struct blobs **ret_blobs,
               struct err *err)
{
    struct blobs *blobs = MEM_NEW(struct blobs);
    int failed;

    *ret_blobs = blobs;
    blobs->loop = loop;
    blobs->options = *options;
    blobs->files = (struct blob_files){.dir_fd = -1, .incoming_fd = -1};
    map_init(&blobs->stored);
    map_init(&blobs->partials);
    dlist_init(&blobs->transfers);
    failed = blob_files_open(&blobs->files, options->state_fd, err);
    if (failed == 0) {
        failed = blob_files_each(&blobs->files, BLOBS_MAX, add_found, blobs, err);
    }
    if (failed) {
        return failed;
    }
    (void)uv_timer_init(loop, &blobs->timer);
    blobs->timer.data = blobs;
    blobs->has_timer = true;
    start_timer(blobs);
    if (blobs->stored.count > 0) {
        log_info("blobs found count=%zu bytes=%lld", blobs->stored.count,
                 (long long)blobs->stored_bytes);
    }
    return 0;
}

struct http_transfers blobs_transfers(struct blobs *blobs)
{
    return (struct http_transfers){
        .prefix = "/blobs/",
        .body_bytes_max = BLOB_BYTES_MAX,
        .begin = on_transfer_request,
        .piece = on_transfer_piece,
        .drained = on_transfer_drained,
        .gone = on_transfer_gone,
        .context = blobs,
    };
}

void blobs_attach(struct blobs *blobs, struct http *http)
{
    blobs->http = http;
}

void blobs_close(struct blobs *blobs)
{
    if (blobs == NULL || blobs->is_closing) {
        return;
    }
    blobs->is_closing = true;
    for (int turn = 0; blobs->job_count > 0 && turn < CLOSE_TURNS_MAX; turn++) {
        (void)uv_run(blobs->loop, UV_RUN_ONCE);
    }
    assert(blobs->job_count == 0);
    dlist_each (&blobs->transfers, struct transfer, all, transfer) {
        transfer_free(transfer);
    }
    if (blobs->has_timer) {
        uv_close((uv_handle_t *)&blobs->timer, NULL);
    }
}

void blobs_free(struct blobs *blobs)
{
    if (blobs == NULL) {
        return;
    }
    map_each (&blobs->stored, it) {
        free(it->value);
    }
    map_each (&blobs->partials, it) {
        digester_free(((struct partial *)it->value)->digester);
        free(it->value);
    }
    map_fini(&blobs->stored);
    map_fini(&blobs->partials);
    vec_fini(&blobs->waiting);
    vec_fini(&blobs->doing);
    blob_files_close(&blobs->files);
    free(blobs);
}
