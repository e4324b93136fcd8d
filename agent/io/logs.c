/* Streams over `log.1` and `log`.  A stream holds one file open; at its end it looks whether the
 * log was rotated, and if so goes on with the new one. */
#include "agent/io/logs.h"

#include "agent/io/tail.h"
#include "agent/io/work.h"
#include "agent/shim/file.h"
#include "agent/shim/spec.h"
#include "schema/base/vec.h"
#include "schema/limits.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLLOW_MS = 200, CARRY_MAX = 4 };

struct stream {
    uint64_t id;
    int dir_fd; /* of the assignment */
    int fd;     /* of the file being read; -1 while there is none */
    bool follow;
    bool is_over; /* told its end, or stopped: removed at the end of a pump */
    const char *error;
    char carry[CARRY_MAX]; /* the beginning of a character whose rest was not there yet */
    size_t carried;
};

struct logs {
    int work_fd;
    uv_timer_t timer;
    VEC_OF(struct stream *);
    bool is_pumping;
    logs_event_fn *on_event;
    logs_may_send_fn *may_send;
    void *data;
};

static void on_timer(uv_timer_t *timer);

static void stream_free(struct stream *stream)
{
    file_close(&stream->fd);
    file_close(&stream->dir_fd);
    free(stream);
}

static void remove_over(struct logs *logs)
{
    for (size_t i = 0; i < logs->count;) {
        if (logs->items[i]->is_over) {
            stream_free(logs->items[i]);
            vec_remove(logs, i);
        } else {
            i++;
        }
    }
}

/* --- opening ------------------------------------------------------------------------------------
 */

static int open_log(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Moves to where the last `tail` lines begin; says how many more are wanted of the file before. */
static int64_t skip_to_tail(int fd, int64_t tail)
{
    struct stat about;
    int64_t missing = 0;

    if (tail >= 0 && fstat(fd, &about) == 0) {
        (void)lseek(fd, tail_offset(fd, about.st_size, tail, &missing), SEEK_SET);
        return missing;
    }
    return tail;
}

static void open_stream(struct stream *stream, int64_t tail)
{
    int old_fd = -1;

    stream->fd = open_log(stream->dir_fd, RUN_LOG);
    if (stream->fd >= 0) {
        int64_t missing = skip_to_tail(stream->fd, tail);

        old_fd = missing != 0 ? open_log(stream->dir_fd, RUN_LOG_OLD) : -1;
        if (old_fd >= 0) { /* begin there; reading comes to the newer one by itself */
            (void)skip_to_tail(old_fd, missing);
            file_close(&stream->fd);
            stream->fd = old_fd;
        }
    } else if (!stream->follow) {
        stream->error = "it has written nothing yet";
    }
}

void logs_read(struct logs *logs, uint64_t id, const char *uid, int64_t tail, bool follow)
{
    struct stream *stream = MEM_NEW(struct stream);

    stream->id = id;
    stream->follow = follow;
    stream->fd = -1;
    stream->dir_fd = work_is_safe_uid(uid) ? file_open_dir(logs->work_fd, uid, false) : -1;
    if (logs->count >= LOG_STREAMS_MAX) {
        stream->error = "too many logs are being read on this agent: try again later";
    } else if (stream->dir_fd < 0) {
        stream->error = "it has not been started on this agent";
    } else {
        open_stream(stream, tail);
    }
    vec_add(logs, stream);
    (void)uv_timer_start(&logs->timer, on_timer, 0, FOLLOW_MS);
}

void logs_stop(struct logs *logs, uint64_t id)
{
    vec_each (logs, it) {
        if ((*it)->id == id) {
            (*it)->is_over = true;
        }
    }
    if (!logs->is_pumping) {
        remove_over(logs);
    }
}

void logs_stop_all(struct logs *logs)
{
    vec_each (logs, it) {
        (*it)->is_over = true;
    }
    if (!logs->is_pumping) {
        remove_over(logs);
    }
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* Goes on with the newer file when the log was rotated (or has come to be); false when it was
 * not. */
static bool switch_file(struct stream *stream)
{
    struct stat now, ours;
    int fd;

    if (fstatat(stream->dir_fd, RUN_LOG, &now, AT_SYMLINK_NOFOLLOW) < 0) {
        return false;
    }
    if (stream->fd >= 0 && fstat(stream->fd, &ours) == 0 && ours.st_ino == now.st_ino) {
        return false;
    }
    fd = open_log(stream->dir_fd, RUN_LOG);
    if (fd < 0) {
        return false;
    }
    file_close(&stream->fd);
    stream->fd = fd;
    return true;
}

static size_t read_some(struct stream *stream, char *to, size_t size_bytes)
{
    ssize_t got = stream->fd < 0 ? 0 : read(stream->fd, to, size_bytes);

    return got < 0 ? 0 : (size_t)got;
}

/* The next bytes, of whichever file; 0 at the end of all. */
static size_t read_next(struct stream *stream, char *to, size_t size_bytes)
{
    size_t got = read_some(stream, to, size_bytes);

    if (got == 0 && switch_file(stream)) {
        got = read_some(stream, to, size_bytes);
    }
    return got;
}

/* Fills `to` with the next chunk, empty when there is nothing (yet). */
static void next_chunk(struct stream *stream, struct str *to)
{
    char bytes[LOG_CHUNK_BYTES_MAX];
    size_t carried = stream->carried, got, used;

    memcpy(bytes, stream->carry, carried);
    got = read_next(stream, bytes + carried, sizeof(bytes) - carried);
    used = tail_clean(bytes, carried + got, got == 0 && !stream->follow, LOG_CHUNK_BYTES_MAX, to);
    stream->carried = carried + got - used;
    if (stream->carried > CARRY_MAX) { /* replacements made it grow: read the rest again */
        (void)lseek(stream->fd, -(off_t)(stream->carried), SEEK_CUR);
        stream->carried = 0;
    }
    memcpy(stream->carry, bytes + used, stream->carried);
}

static void tell(struct logs *logs, struct stream *stream)
{
    _cleanup_(str_fini)
    struct str chunk = STR_EMPTY;
    struct agt_event event = {.type = AGT_LOG_LINES};

    if (stream->error == NULL) {
        next_chunk(stream, &chunk);
    }
    event.log.id = stream->id;
    event.log.data = chunk.data;
    event.log.error = stream->error;
    event.log.end = stream->error != NULL || (chunk.length == 0 && !stream->follow);
    if (chunk.length > 0 || event.log.end) {
        stream->is_over = event.log.end;
        logs->on_event(logs->data, &event);
    }
}

void logs_pump(struct logs *logs)
{
    if (logs->is_pumping) {
        return;
    }
    logs->is_pumping = true;
    for (size_t i = 0; i < logs->count && logs->may_send(logs->data); i++) {
        if (!logs->items[i]->is_over) {
            tell(logs, logs->items[i]);
        }
    }
    logs->is_pumping = false;
    remove_over(logs);
    if (logs->count > 1) { /* each in turn is first */
        struct stream *first = logs->items[0];

        vec_remove(logs, 0);
        vec_add(logs, first);
    }
    if (logs->count == 0) {
        (void)uv_timer_stop(&logs->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    logs_pump(timer->data);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

struct logs *logs_new(uv_loop_t *loop, int work_fd, logs_event_fn *on_event,
                      logs_may_send_fn *may_send, void *data)
{
    struct logs *logs = MEM_NEW(struct logs);

    logs->work_fd = work_fd;
    logs->on_event = on_event;
    logs->may_send = may_send;
    logs->data = data;
    logs->timer.data = logs;
    (void)uv_timer_init(loop, &logs->timer);
    return logs;
}

void logs_close(struct logs *logs)
{
    logs_stop_all(logs);
    uv_close((uv_handle_t *)&logs->timer, NULL);
}

void logs_free(struct logs *logs)
{
    if (logs != NULL) {
        assert(logs->count == 0);
        vec_fini(logs);
        free(logs);
    }
}
