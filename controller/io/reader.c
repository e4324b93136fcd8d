/* The reader's thread: queries go over whole, results come back whole, one at a time and in order.
 * The store belongs to the thread from reader_new() to reader_free(). */
#include "controller/io/reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct reader {
    struct store *store; /* borrowed */
    void (*notify)(void *context);
    void *context;
    pthread_t thread;

    pthread_mutex_t mutex; /* over everything below */
    pthread_cond_t wake;
    struct {
        VEC_OF(struct read_query);
    } waiting;            /* owned */
    size_t waiting_taken; /* of `waiting`, read already */
    struct {
        VEC_OF(struct read_result *);
    } done; /* owned */
    size_t done_taken;
    bool is_ending;
};

/* Waits for the next query; false at the end, whatever still waits. */
static bool take_query(struct reader *reader, struct read_query *ret_query)
{
    bool is_ending;

    pthread_mutex_lock(&reader->mutex);
    while (reader->waiting_taken == reader->waiting.count && !reader->is_ending) {
        pthread_cond_wait(&reader->wake, &reader->mutex);
    }
    is_ending = reader->is_ending;
    if (!is_ending) {
        *ret_query = reader->waiting.items[reader->waiting_taken++];
    }
    if (reader->waiting_taken == reader->waiting.count) {
        vec_clear(&reader->waiting);
        reader->waiting_taken = 0;
    }
    pthread_mutex_unlock(&reader->mutex);
    return !is_ending;
}

static void *run(void *context)
{
    struct reader *reader = context;
    struct read_query query;

    while (take_query(reader, &query)) {
        struct read_result *result = store_read(reader->store, &query);

        read_query_fini(&query);
        pthread_mutex_lock(&reader->mutex);
        vec_add(&reader->done, result);
        pthread_mutex_unlock(&reader->mutex);
        reader->notify(reader->context);
    }
    return NULL;
}

struct reader *reader_new(struct store *store, void (*notify)(void *context), void *context)
{
    struct reader *reader = MEM_NEW(struct reader);
    int rc;

    reader->store = store;
    reader->notify = notify;
    reader->context = context;
    (void)pthread_mutex_init(&reader->mutex, NULL);
    (void)pthread_cond_init(&reader->wake, NULL);
    rc = pthread_create(&reader->thread, NULL, run, reader);
    assert(rc == 0); /* like memory at start: nothing to go on with */
    return reader;
}

void reader_put(struct reader *reader, struct read_query *query)
{
    pthread_mutex_lock(&reader->mutex);
    assert(!reader->is_ending);
    vec_add(&reader->waiting, *query);
    pthread_cond_signal(&reader->wake);
    pthread_mutex_unlock(&reader->mutex);
    *query = (struct read_query){0};
}

struct read_result *reader_next_done(struct reader *reader)
{
    struct read_result *result = NULL;

    pthread_mutex_lock(&reader->mutex);
    if (reader->done_taken < reader->done.count) {
        result = reader->done.items[reader->done_taken++];
    } else {
        vec_clear(&reader->done);
        reader->done_taken = 0;
    }
    pthread_mutex_unlock(&reader->mutex);
    return result;
}

void reader_free(struct reader *reader)
{
    if (reader == NULL) {
        return;
    }
    pthread_mutex_lock(&reader->mutex);
    reader->is_ending = true;
    pthread_cond_signal(&reader->wake);
    pthread_mutex_unlock(&reader->mutex);
    (void)pthread_join(reader->thread, NULL);
    for (size_t i = reader->waiting_taken; i < reader->waiting.count; i++) {
        read_query_fini(&reader->waiting.items[i]);
    }
    for (size_t i = reader->done_taken; i < reader->done.count; i++) {
        read_result_free(reader->done.items[i]);
    }
    vec_fini(&reader->waiting);
    vec_fini(&reader->done);
    (void)pthread_cond_destroy(&reader->wake);
    (void)pthread_mutex_destroy(&reader->mutex);
    free(reader);
}
