/* One queue, one worker: what is fetched uses the network once, and the cache has one user at a
 * time.  A fetch belongs to the worker while it runs; the loop only sets its `is_cancelled`. */
#include "agent/io/fetch.h"

#include "agent/io/below.h"
#include "agent/io/collect.h"
#include "agent/io/download.h"
#include "agent/io/inputs.h"
#include "agent/io/work.h"
#include "agent/shim/file.h"
#include "schema/base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

enum { TELL_MS = 1000, TRIES = 2 };

enum job_type { JOB_FETCH, JOB_COLLECT };

struct fetch_job {
    enum job_type type;
    struct fetcher *fetcher;
    char *uid;      /* owned */
    int64_t number; /* of the fetch; COLLECT: of the run */
    int port;
    struct arena arena; /* of what follows */
    const struct workload *workload;
    outputs_t made;
    atomic_bool is_cancelled;
    int code;
    struct err err;
    int64_t before_bytes; /* of the artifacts that were downloaded */
    int64_t last_bytes;   /* of the one under way, or just done */
};

struct fetcher {
    uv_loop_t *loop;
    struct fetcher_options options;
    struct blob_cache cache;
    fetch_event_fn *on_event;
    void *data;
    uv_work_t work;
    uv_timer_t timer; /* tells progress, and begins */
    struct {
        VEC_OF(struct fetch_job *);
    } waiting; /* owned */
    struct fetch_job *running;
    atomic_llong done_bytes, total_bytes; /* of the one that runs */
    int64_t told_bytes;
    bool is_closing;
};

static void job_free(struct fetch_job *job)
{
    free(job->uid);
    arena_fini(&job->arena);
    free(job);
}

/* --- on the worker ------------------------------------------------------------------------------
 */

static void on_progress(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct fetch_job *job = context;

    job->last_bytes = total_bytes;
    atomic_store(&job->fetcher->done_bytes, job->before_bytes + done_bytes);
    atomic_store(&job->fetcher->total_bytes, job->before_bytes + total_bytes);
}

/* With the folders in between. */
static int make_file(int folder_fd, const char *path, struct err *err)
{
    int fd = below_open(folder_fd, path, O_WRONLY | O_CREAT | O_EXCL, true);

    if (fd < 0) {
        (void)err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                      "\"%s\" cannot be made: %s", path, strerror(errno));
    }
    return fd;
}

static int download(struct fetch_job *job, const char *digest)
{
    struct download download = {.cache = &job->fetcher->cache,
                                .host = job->fetcher->options.host,
                                .port = job->port,
                                .digest = digest,
                                .is_cancelled = &job->is_cancelled,
                                .progress = on_progress,
                                .context = job};
    int failed;

    if (job->port == 0) {
        return err_set(&job->err, ERR_UNAVAILABLE,
                       "%s: not here yet, and the controller is not connected", digest);
    }
    job->last_bytes = 0;
    failed = download_run(&download, &job->err);
    job->before_bytes += job->last_bytes;
    return failed;
}

/* Out of the cache; when it is not in there, or damaged, after a download. */
static int bring(struct fetch_job *job, int inputs_fd, const struct artifact *artifact)
{
    int fd = make_file(inputs_fd, artifact->path, &job->err), failed = ERR_NOT_FOUND;

    if (fd < 0) {
        return job->err.code;
    }
    for (int i = 0; i < TRIES; i++) {
        failed = blob_cache_copy(&job->fetcher->cache, artifact->digest, fd);
        if (failed != ERR_NOT_FOUND && failed != ERR_CORRUPT) {
            break;
        }
        if (i + 1 == TRIES || atomic_load(&job->is_cancelled)) {
            break;
        }
        if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
            failed = ERR_IO;
            break;
        }
        failed = download(job, artifact->digest);
        if (failed) {
            file_close(&fd);
            return failed;
        }
    }
    file_close(&fd);
    return failed == 0 ? 0
                       : err_set(&job->err, failed, "%s for \"%s\": %s", artifact->digest,
                                 artifact->path, err_to_str(failed));
}

static void collect(struct fetch_job *job)
{
    struct fetcher *fetcher = job->fetcher;
    struct collecting collecting = {.work_fd = fetcher->options.work_fd,
                                    .uid = job->uid,
                                    .run = job->number,
                                    .workload = job->workload,
                                    .host = fetcher->options.host,
                                    .port = job->port,
                                    .is_cancelled = &job->is_cancelled};

    job->code = collect_run(&collecting, &job->arena, &job->made, &job->err);
}

static void fetch(struct fetch_job *job)
{
    struct fetcher *fetcher = job->fetcher;
    int inputs_fd = inputs_make(fetcher->options.work_fd, job->uid);

    if (inputs_fd < 0) {
        job->code = err_set(&job->err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                            "the folder for artifacts cannot be made: %s", strerror(errno));
        return;
    }
    for (size_t i = 0; i < job->workload->artifacts.count; i++) {
        if (job->code == 0 && !atomic_load(&job->is_cancelled)) {
            job->code = bring(job, inputs_fd, &job->workload->artifacts.items[i]);
        }
    }
    file_close(&inputs_fd);
    blob_cache_prune(&fetcher->cache);
}

static void run(uv_work_t *work)
{
    struct fetch_job *job = ((struct fetcher *)work->data)->running;

    switch (job->type) {
    case JOB_FETCH:
        fetch(job);
        break;
    case JOB_COLLECT:
        collect(job);
        break;
    }
}

/* --- on the loop --------------------------------------------------------------------------------
 */

static void on_done(uv_work_t *work, int status);

static void begin_next(struct fetcher *fetcher)
{
    int failed;

    if (fetcher->running != NULL || fetcher->waiting.count == 0 || fetcher->is_closing) {
        return;
    }
    fetcher->running = fetcher->waiting.items[0];
    vec_remove(&fetcher->waiting, 0);
    atomic_store(&fetcher->done_bytes, 0);
    atomic_store(&fetcher->total_bytes, 0);
    fetcher->told_bytes = 0;
    failed = uv_queue_work(fetcher->loop, &fetcher->work, run, on_done);
    assert(failed == 0);
}

static void tell_end(struct fetcher *fetcher, const struct fetch_job *job)
{
    struct agt_event event = {.uid = job->uid, .run = job->number};
    const char *message = job->code == 0 ? NULL : job->err.text;

    if (job->type == JOB_FETCH) {
        event.type = AGT_FETCHED;
        event.fetched.code = job->code;
        event.fetched.message = message;
    } else {
        event.type = AGT_COLLECTED;
        event.collected.code = job->code;
        event.collected.message = message;
        event.collected.outputs = &job->made;
    }
    fetcher->on_event(fetcher->data, &event);
}

static void on_done(uv_work_t *work, int status)
{
    struct fetcher *fetcher = work->data;
    struct fetch_job *job = TAKE(fetcher->running);
    bool is_fetch = job->type == JOB_FETCH;

    (void)status;
    if (is_fetch && (job->code != 0 || atomic_load(&job->is_cancelled))) {
        inputs_drop(fetcher->options.work_fd, job->uid);
    }
    if (!atomic_load(&job->is_cancelled) && !fetcher->is_closing) {
        if (job->code != 0) {
            log_warning("%s of \"%s\": %s", is_fetch ? "artifacts" : "outputs", job->uid,
                        job->err.text);
        }
        tell_end(fetcher, job);
    }
    job_free(job);
    begin_next(fetcher);
}

static void on_timer(uv_timer_t *timer)
{
    struct fetcher *fetcher = timer->data;
    int64_t done_bytes = atomic_load(&fetcher->done_bytes);
    struct agt_event event = {.type = AGT_FETCHING};

    if (fetcher->running == NULL || fetcher->running->type != JOB_FETCH ||
        done_bytes == fetcher->told_bytes || atomic_load(&fetcher->running->is_cancelled)) {
        return;
    }
    fetcher->told_bytes = done_bytes;
    event.uid = fetcher->running->uid;
    event.run = fetcher->running->number;
    event.progress.done_bytes = done_bytes;
    event.progress.total_bytes = atomic_load(&fetcher->total_bytes);
    fetcher->on_event(fetcher->data, &event);
}

static bool is_job(const struct fetch_job *job, enum job_type type, const char *uid)
{
    return job != NULL && job->type == type && str_eq(job->uid, uid);
}

static void cancel(struct fetcher *fetcher, enum job_type type, const char *uid)
{
    for (size_t i = 0; i < fetcher->waiting.count; i++) {
        if (is_job(fetcher->waiting.items[i], type, uid)) {
            job_free(fetcher->waiting.items[i]);
            vec_remove(&fetcher->waiting, i);
            break;
        }
    }
    if (is_job(fetcher->running, type, uid)) {
        atomic_store(&fetcher->running->is_cancelled, true); /* and cleared up after in the end */
    } else if (type == JOB_FETCH && work_is_safe_uid(uid)) {
        inputs_drop(fetcher->options.work_fd, uid);
    }
}

static void begin(struct fetcher *fetcher, enum job_type type, const char *uid, int64_t number,
                  const struct template *template, int port)
{
    struct fetch_job *job;
    struct template *copy;

    cancel(fetcher, type, uid);
    if (!work_is_safe_uid(uid)) {
        log_error("asked for files of \"%s\", which cannot be; ignoring", uid);
        return;
    }
    job = MEM_NEW(struct fetch_job);
    job->type = type;
    job->fetcher = fetcher;
    job->uid = mem_strdup(uid);
    job->number = number;
    job->port = port;
    arena_init(&job->arena);
    copy = ARENA_NEW(&job->arena, struct template);
    shape_copy(&job->arena, &template_shape, template, copy);
    job->workload = &copy->workload;
    vec_add(&fetcher->waiting, job);
    begin_next(fetcher);
}

void fetcher_begin(struct fetcher *fetcher, const char *uid, int64_t number,
                   const struct template *template, int port)
{
    begin(fetcher, JOB_FETCH, uid, number, template, port);
}

void fetcher_drop(struct fetcher *fetcher, const char *uid)
{
    cancel(fetcher, JOB_FETCH, uid);
}

void fetcher_collect(struct fetcher *fetcher, const char *uid, int64_t run_number,
                     const struct template *template, int port)
{
    begin(fetcher, JOB_COLLECT, uid, run_number, template, port);
}

void fetcher_uncollect(struct fetcher *fetcher, const char *uid)
{
    cancel(fetcher, JOB_COLLECT, uid);
}

int fetcher_new(uv_loop_t *loop, const struct fetcher_options *options, fetch_event_fn *on_event,
                void *data, struct fetcher **ret_fetcher, struct err *err)
{
    struct fetcher *fetcher = MEM_NEW(struct fetcher);

    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    fetcher->loop = loop;
    fetcher->options = *options;
    fetcher->on_event = on_event;
    fetcher->data = data;
    fetcher->work.data = fetcher->timer.data = fetcher;
    (void)uv_timer_init(loop, &fetcher->timer);
    (void)uv_timer_start(&fetcher->timer, on_timer, TELL_MS, TELL_MS);
    uv_unref((uv_handle_t *)&fetcher->timer);
    inputs_clear(options->work_fd);
    *ret_fetcher = fetcher;
    return blob_cache_open(&fetcher->cache, options->state_fd, options->quota_bytes, err);
}

void fetcher_close(struct fetcher *fetcher)
{
    fetcher->is_closing = true;
    if (fetcher->running != NULL) {
        atomic_store(&fetcher->running->is_cancelled, true);
    }
    while (fetcher->running != NULL) {
        (void)uv_run(fetcher->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&fetcher->timer, NULL);
}

void fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL) {
        return;
    }
    vec_each (&fetcher->waiting, job) {
        job_free(*job);
    }
    vec_fini(&fetcher->waiting);
    blob_cache_close(&fetcher->cache);
    curl_global_cleanup();
    free(fetcher);
}
