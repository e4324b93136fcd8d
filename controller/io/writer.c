/* The writer's thread, and the two queues between it and the shell.
 *
 * A batch belongs to one side at a time: it goes over whole, under the mutex, and comes back the
 * same way.  The store belongs to the thread from writer_new() to writer_free().  Whatever waits
 * when the thread looks is one transaction, so a slow disk makes bigger groups, not longer queues.
 */
#include "controller/io/writer.h"

#include "schema/limits.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_MS = 1000 }; /* without a commit; then the journal is moved into the database */

struct batches {
    VEC_OF(struct batch *);
};

struct done {
    struct batch *batch; /* owned; NULL: a checkpoint failed, or old history is gone */
    int code;
    bool is_kept;
    struct store_size size;
    struct err err; /* when it is about history */
};

struct writer {
    struct store *store; /* borrowed */
    void (*notify)(void *context);
    void *context;
    pthread_t thread;

    pthread_mutex_t mutex; /* over everything below */
    pthread_cond_t wake;
    struct batches waiting; /* owned */
    struct {
        VEC_OF(struct done);
    } done;            /* owned */
    size_t done_taken; /* of `done`, given out already */
    struct store_keeping keeping;
    bool keeps; /* history is to be compacted: `keeping` */
    bool is_ending;
    int code;       /* of the first failure; 0 before */
    struct err err; /* of it */
};

/* Publishes how a group ended; with an empty group, that a checkpoint failed. */
static void publish(struct writer *writer, struct batches *group, int code, const struct err *err)
{
    pthread_mutex_lock(&writer->mutex);
    if (code < 0 && writer->code == 0) {
        writer->code = code;
        writer->err = *err;
    }
    vec_each (group, batch) {
        vec_add(&writer->done, ((struct done){.batch = *batch, .code = writer->code}));
    }
    if (group->count == 0) {
        vec_add(&writer->done, ((struct done){.code = writer->code}));
    }
    pthread_mutex_unlock(&writer->mutex);
    vec_clear(group);
    writer->notify(writer->context);
}

/* Only a failed fsync matters to anybody: after all else the journal still holds everything. */
static void checkpoint(struct writer *writer)
{
    struct batches nothing = {0};
    struct err err = ERR_NONE;

    if (store_checkpoint(writer->store, &err) == ERR_SYNC) {
        publish(writer, &nothing, ERR_SYNC, &err);
    }
}

static void commit(struct writer *writer, struct batches *group, int earlier)
{
    struct err err = ERR_NONE;
    int code = earlier;

    if (code == 0) {
        code = store_commit(writer->store, group->items, group->count, &err);
    }
    publish(writer, group, code, &err);
    if (code == 0 && store_wal_pages(writer->store) > STORE_WAL_PAGES_MAX) {
        checkpoint(writer);
    }
}

/* One slice.  Its failure is nothing to the commits, unless it is that of a sync. */
static void keep(struct writer *writer, const struct store_keeping *keeping)
{
    struct done done = {.is_kept = true, .err = ERR_NONE};
    struct batches nothing = {0};
    int code = store_compact(writer->store, keeping, &done.err);

    if (code == 1) {
        if (store_wal_pages(writer->store) > STORE_WAL_PAGES_MAX) {
            checkpoint(writer);
        }
        return;
    }
    if (code == ERR_SYNC) {
        publish(writer, &nothing, code, &done.err);
        return;
    }
    done.code = code < 0 ? code : store_measure(writer->store, &done.size, &done.err);
    pthread_mutex_lock(&writer->mutex);
    writer->keeps = false;
    vec_add(&writer->done, done);
    pthread_mutex_unlock(&writer->mutex);
    writer->notify(writer->context);
}

/* After a failure nobody knows what the store holds. */
static bool keeps_now(const struct writer *writer)
{
    return writer->keeps && !writer->is_ending && writer->code == 0;
}

static bool wait_for_work(struct writer *writer, bool has_journal)
{
    struct timespec until;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_MS / 1000;
    until.tv_nsec += IDLE_MS % 1000 * 1000000;
    while (writer->waiting.count == 0 && !writer->is_ending && !keeps_now(writer) && rc == 0) {
        rc = has_journal ? pthread_cond_timedwait(&writer->wake, &writer->mutex, &until)
                         : pthread_cond_wait(&writer->wake, &writer->mutex);
    }
    return writer->waiting.count > 0;
}

static void *run(void *context)
{
    struct writer *writer = context;
    struct batches group = {0}, taken;
    struct store_keeping keeping;
    bool is_ending = false;

    while (!is_ending) {
        bool has_work, keeps;
        int earlier;

        pthread_mutex_lock(&writer->mutex);
        has_work = wait_for_work(writer, writer->code == 0 && store_wal_pages(writer->store) > 0);
        taken = writer->waiting;
        writer->waiting = group; /* empty: the two change places */
        group = taken;
        earlier = writer->code;
        is_ending = writer->is_ending && !has_work;
        keeping = writer->keeping;
        keeps = keeps_now(writer);
        pthread_mutex_unlock(&writer->mutex);
        if (has_work) {
            commit(writer, &group, earlier);
        } else if (!is_ending && !keeps) {
            checkpoint(writer);
        }
        if (keeps && writer->code == 0) { /* this thread alone writes it */
            keep(writer, &keeping);
        }
    }
    vec_fini(&group);
    return NULL;
}

struct writer *writer_new(struct store *store, void (*notify)(void *context), void *context)
{
    struct writer *writer = MEM_NEW(struct writer);
    pthread_condattr_t attributes;
    int rc;

    writer->store = store;
    writer->notify = notify;
    writer->context = context;
    (void)pthread_mutex_init(&writer->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&writer->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    rc = pthread_create(&writer->thread, NULL, run, writer);
    assert(rc == 0); /* like memory at start: nothing to go on with */
    return writer;
}

void writer_put(struct writer *writer, struct batch *batch)
{
    pthread_mutex_lock(&writer->mutex);
    assert(!writer->is_ending);
    vec_add(&writer->waiting, batch);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

void writer_keep(struct writer *writer, const struct store_keeping *keeping)
{
    pthread_mutex_lock(&writer->mutex);
    writer->keeping = *keeping;
    writer->keeps = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

bool writer_next_done(struct writer *writer, struct writer_done *ret_done)
{
    bool has_more;

    pthread_mutex_lock(&writer->mutex);
    has_more = writer->done_taken < writer->done.count;
    if (has_more) {
        struct done *done = &writer->done.items[writer->done_taken++];

        ret_done->batch = TAKE(done->batch);
        ret_done->code = done->code;
        ret_done->err = done->is_kept ? done->err : done->code < 0 ? writer->err : ERR_NONE;
        ret_done->is_kept = done->is_kept;
        ret_done->size = done->size;
    } else {
        vec_clear(&writer->done);
        writer->done_taken = 0;
    }
    pthread_mutex_unlock(&writer->mutex);
    return has_more;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->is_ending = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    (void)pthread_join(writer->thread, NULL);
    vec_each (&writer->done, done) {
        batch_free(done->batch);
    }
    vec_fini(&writer->done);
    vec_fini(&writer->waiting);
    (void)pthread_cond_destroy(&writer->wake);
    (void)pthread_mutex_destroy(&writer->mutex);
    free(writer);
}
