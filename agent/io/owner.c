/* A listening socket and its short-lived connections.  The directory is private, so whoever can
 * connect is the owner. */
#include "agent/io/owner.h"

#include "agent/shim/file.h"
#include "schema/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FILE "control"

enum {
    WORD_SIZE = 64,
    BACKLOG = 4,
    CALLERS_MAX = 16,
    ANSWER_MAX = 64 << 20,
    ASK_AGAIN_MS = 100,
    ASK_TRIES = 50,
};

struct owner {
    uv_pipe_t listener;
    int dir_fd; /* borrowed */
    size_t callers;
    owner_word_fn *on_word;
    void *data;
};

struct caller {
    uv_pipe_t pipe;
    uv_write_t write;
    struct owner *owner;
    char word[WORD_SIZE];
    size_t length;
    struct str answer;
};

static void on_caller_closed(uv_handle_t *handle)
{
    struct caller *caller = handle->data;

    str_fini(&caller->answer);
    caller->owner->callers--;
    free(caller);
}

static void hang_up(struct caller *caller)
{
    if (!uv_is_closing((uv_handle_t *)&caller->pipe)) {
        uv_close((uv_handle_t *)&caller->pipe, on_caller_closed);
    }
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    hang_up(write->data);
}

static void answer(struct caller *caller)
{
    uv_buf_t buffer;

    if (!caller->owner->on_word(caller->owner->data, caller->word, &caller->answer)) {
        str_addf(&caller->answer, "unknown word \"%s\"\n", caller->word);
    }
    (void)uv_read_stop((uv_stream_t *)&caller->pipe);
    buffer = uv_buf_init(caller->answer.data, (unsigned)caller->answer.length);
    caller->write.data = caller;
    if (uv_write(&caller->write, (uv_stream_t *)&caller->pipe, &buffer, 1, on_written) < 0) {
        hang_up(caller);
    }
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct caller *caller = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(caller->word + caller->length,
                          (unsigned)(sizeof(caller->word) - 1 - caller->length));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct caller *caller = stream->data;
    char *newline;

    (void)buffer;
    if (got < 0) { /* also when the word is too long: there is no room left */
        hang_up(caller);
        return;
    }
    caller->length += (size_t)got;
    caller->word[caller->length] = '\0';
    newline = strchr(caller->word, '\n');
    if (newline != NULL) {
        *newline = '\0';
        answer(caller);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct owner *owner = listener->data;
    struct caller *caller;

    if (status < 0) {
        return;
    }
    caller = MEM_NEW(struct caller);
    caller->owner = owner;
    str_init(&caller->answer);
    (void)uv_pipe_init(listener->loop, &caller->pipe, 0);
    caller->pipe.data = caller;
    owner->callers++;
    if (uv_accept(listener, (uv_stream_t *)&caller->pipe) < 0 || owner->callers > CALLERS_MAX ||
        uv_read_start((uv_stream_t *)&caller->pipe, on_room, on_read) < 0) {
        hang_up(caller);
    }
}

/* A socket's path must be short; the state directory's may be long.  So the descriptor leads. */
static void socket_address(const struct cache *cache, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path),
                   "/proc/self/fd/%d/" SOCKET_FILE, cache->dir_fd);
}

static int listen_socket(const struct cache *cache)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    socket_address(cache, &address);
    (void)unlinkat(cache->dir_fd, SOCKET_FILE,
                   0); /* of an agent that was killed: we hold the lock */
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                    fchmodat(cache->dir_fd, SOCKET_FILE, 0600, 0) < 0)) {
        file_close(&fd);
    }
    return fd;
}

int owner_new(uv_loop_t *loop, const struct cache *cache, owner_word_fn *on_word, void *data,
              struct owner **ret_owner, struct err *err)
{
    struct owner *owner;
    int fd = listen_socket(cache);

    if (fd < 0) {
        return err_set(err, ERR_SYSTEM, "cannot listen on \"%s/" SOCKET_FILE "\": %s", cache->path,
                       strerror(errno));
    }
    owner = MEM_NEW(struct owner);
    owner->dir_fd = cache->dir_fd;
    owner->on_word = on_word;
    owner->data = data;
    (void)uv_pipe_init(loop, &owner->listener, 0);
    owner->listener.data = owner;
    if (uv_pipe_open(&owner->listener, fd) < 0 ||
        uv_listen((uv_stream_t *)&owner->listener, BACKLOG, on_connection) < 0) {
        log_warning("pause, resume and status are deaf: cannot listen in \"%s\"", cache->path);
    }
    *ret_owner = owner;
    return 0;
}

static void close_caller(uv_handle_t *handle, void *owner)
{
    struct caller *caller = handle->data;

    if (handle->type == UV_NAMED_PIPE && handle != owner && !uv_is_closing(handle)) {
        hang_up(caller);
    }
}

void owner_close(struct owner *owner)
{
    (void)unlinkat(owner->dir_fd, SOCKET_FILE, 0);
    uv_walk(owner->listener.loop, close_caller, &owner->listener);
    uv_close((uv_handle_t *)&owner->listener, NULL);
}

void owner_free(struct owner *owner)
{
    free(owner);
}

bool owner_may_answer(const char *state)
{
    _cleanup_(str_fini)
    struct str path = STR_EMPTY;
    struct stat about;

    str_addf(&path, "%s/" SOCKET_FILE, state);
    return lstat(path.data, &about) == 0 && S_ISSOCK(about.st_mode);
}

/* Of a wait that was in vain, or of somebody who is not there any more. */
static int no_answer(const struct cache *cache, struct str *to, struct err *err)
{
    str_clear(to);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return err_set(err, ERR_TIMEOUT, "the agent on \"%s\" does not answer", cache->path);
    }
    return err_set(err, ERR_IO, "the agent on \"%s\" hung up", cache->path);
}

int owner_ask(const struct cache *cache, const char *word, int64_t patience_ms, struct str *to,
              struct err *err)
{
    _cleanup_(file_close)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = patience_ms / 1000,
                               .tv_usec = (patience_ms % 1000) * 1000};
    struct sockaddr_un address;
    char line[WORD_SIZE];
    int length = snprintf(line, sizeof(line), "%s\n", word);

    socket_address(cache, &address);
    if (fd >= 0) { /* a connection waits, too, behind others that nobody takes */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        return fd >= 0 && errno == EAGAIN
                   ? no_answer(cache, to, err)
                   : err_set(err, ERR_UNAVAILABLE, "no agent listens on \"%s\"", cache->path);
    }
    if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length ||
        file_read_fd(fd, ANSWER_MAX, to) < 0) {
        return no_answer(cache, to, err);
    }
    if (to->length == 0 || to->data[to->length - 1] != '\n') { /* cut off: who knows what it says */
        errno = ECONNRESET;
        return no_answer(cache, to, err);
    }
    return 0;
}

/* The agent that holds the lock did not hear it. */
static int unheard(struct cache *cache, const char *word, const struct err *why, struct err *err)
{
    struct err failed = ERR_NONE;

    if (str_eq(word, "resume") && why->code == ERR_TIMEOUT) {
        return err_set(err, why->code, "%s; should it go on, it may still hear this", why->text);
    }
    if (!str_eq(word, "pause")) {
        return err_set(err, why->code, "%s", why->text);
    }
    if (cache_set_paused(cache, true, &failed) < 0) {
        return err_set(err, why->code, "%s, and the word cannot be written down: %s", why->text,
                       failed.text);
    }
    return err_set(err, why->code,
                   "%s; it is written down that it is paused, which counts from its next start: "
                   "work may run until then",
                   why->text);
}

int owner_say(struct cache *cache, const char *word, int64_t patience_ms, struct str *answer,
              struct err *err)
{
    struct err why = ERR_NONE;
    int failed = 0;

    for (int i = 0; i < ASK_TRIES; i++) {
        failed = owner_ask(cache, word, patience_ms, answer, &why);
        if (failed == 0) {
            return 0;
        }
        if (failed == ERR_TIMEOUT || (failed == ERR_UNAVAILABLE && cache_lock(cache, NULL) == 0)) {
            break;
        }
        (void)usleep(ASK_AGAIN_MS * 1000);
    }
    if (cache->lock_fd < 0 || str_eq(word, "status")) {
        return unheard(cache, word, &why, err);
    }
    failed = cache_set_paused(cache, str_eq(word, "pause"), err);
    if (failed == 0) {
        str_addf(answer, "%sd; no agent runs here now\n", word);
    }
    return failed;
}
