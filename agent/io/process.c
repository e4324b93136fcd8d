/* Runs and their shims, on the loop.  Each run has one timer, for whatever it waits for next: to be
 * connected to, to be swept, to have its end told. */
#include "agent/io/process.h"

#include "agent/io/inputs.h"
#include "agent/io/shim_words.h"
#include "agent/io/sweep.h"
#include "agent/io/work.h"
#include "agent/shim/checkpoint.h"
#include "agent/shim/clock.h"
#include "agent/shim/control.h"
#include "agent/shim/fields.h"
#include "agent/shim/file.h"
#include "agent/shim/shim.h"
#include "schema/base/log.h"
#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/base/vec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RECONNECT_MS = 50,      /* a shim that is being born has no socket yet */
    SWEEP_MS = 20,          /* between two sweeps */
    RECORD_RETRY_MS = 1000, /* a loss could not be written down */
    FIND_SWEEPS_MAX = 250,
    KEY_SIZE_MAX = 128,
};

enum { UNWATCHED_UNKNOWN = -1, DRIFT_UNKNOWN = -1 };

enum run_state { RUN_APART, RUN_JOINED, RUN_SWEEPING, RUN_OVER };

struct join { /* a control connection */
    uv_poll_t poll;
    struct run *run; /* NULL once it is being closed */
    int fd;
    char line[SHIM_LINE_BYTES_MAX];
    size_t length;
};

struct run {
    struct process *process;
    char *uid, *key; /* owned */
    int64_t run;
    enum run_state state;
    int fd;            /* of its folder */
    struct join *join; /* NULL while apart */
    uv_timer_t timer;
    bool is_told;   /* AGT_STARTED was delivered */
    bool is_failed; /* could not be spawned: `failure` */
    struct agt_exit failure;
    bool is_stop_wanted;
    bool is_suspend_wanted, is_suspend_known; /* not known: whatever an earlier agent wanted */
    struct checkpoint checkpoint;             /* meaningful while suspension is wanted */
    bool is_limit_known;
    int64_t cpu_limit;    /* thousandths of a core; 0: none */
    int64_t unwatched_ms; /* UNWATCHED_UNKNOWN: what its shim was told before */
    int64_t lapse;        /* the newest that we know of */
    int64_t drift;        /* as it was told last; DRIFT_UNKNOWN: never */
    int64_t grace_ms;     /* negative: the one it was started with */
    char *overrun;        /* owned: it is to be killed for that; NULL: it is not */
    struct mono lease_end;
};

struct process {
    uv_loop_t *loop;
    int work_fd;
    struct map runs; /* "UID/RUN" → struct run */
    process_event_fn *on_event;
    void *data;
    uv_timer_t usage_timer;
    bool is_watched;                       /* the sensors were read since shims were told so */
    const struct enforcement *enforcement; /* borrowed; NULL: none */
    size_t logs_kept;                      /* folders of assignments without runs, estimated */
};

static void check(struct run *run);
static void on_timer(uv_timer_t *timer);

/* --- telling ------------------------------------------------------------------------------------
 */

static void tell(struct run *run, struct agt_event *event)
{
    event->uid = run->uid;
    event->run = run->run;
    run->process->on_event(run->process->data, event);
}

static void tell_exit(struct run *run, const struct agt_exit *exit)
{
    struct agt_event event = {.type = AGT_EXITED, .exit = exit};

    run->state = RUN_OVER;
    (void)uv_timer_stop(&run->timer);
    log_info("workload \"%s\" ended (%s)%s%s uid=%s run=%lld code=%d", run->key,
             exit_cause_to_str(exit->cause), exit->message[0] == '\0' ? "" : ": ", exit->message,
             run->uid, (long long)run->run, exit->code);
    tell(run, &event);
}

/* --- connections --------------------------------------------------------------------------------
 */

static void on_join_closed(uv_handle_t *handle)
{
    struct join *join = handle->data;

    file_close(&join->fd);
    free(join);
}

static void part(struct run *run)
{
    struct join *join = run->join;

    if (join != NULL) {
        run->join = NULL;
        join->run = NULL;
        (void)uv_poll_stop(&join->poll);
        uv_close((uv_handle_t *)&join->poll, on_join_closed);
    }
    if (run->state == RUN_JOINED) {
        run->state = RUN_APART;
    }
}

/* A shim that does not read is parted from; what is wanted of it is said on the next connection. */
static void say(struct run *run, const char *line)
{
    ssize_t length = (ssize_t)strlen(line);

    if (run->join != NULL &&
        send(run->join->fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length) {
        part(run);
        (void)uv_timer_start(&run->timer, on_timer, RECONNECT_MS, 0);
    }
}

static void say_overrun(struct run *run)
{
    _cleanup_(str_fini)
    struct str line = STR_EMPTY;

    str_add(&line, "overrun ");
    fields_add(&line, "message", run->overrun);
    say(run, line.data);
}

static void say_wanted(struct run *run)
{
    char line[SHIM_LINE_BYTES_MAX];

    if (!mono_is_never(run->lease_end)) {
        (void)snprintf(line, sizeof(line), "lease end=%lld\n", (long long)run->lease_end.ms);
        say(run, line);
    }
    if (run->is_limit_known) {
        (void)snprintf(line, sizeof(line), "limit cpu=%lld\n", (long long)run->cpu_limit);
        say(run, line);
    }
    if (run->unwatched_ms != UNWATCHED_UNKNOWN) {
        (void)snprintf(line, sizeof(line), "watch unwatched_ms=%lld\n",
                       (long long)run->unwatched_ms);
        say(run, line);
    }
    if (run->is_suspend_known && run->is_suspend_wanted) {
        checkpoint_say(&run->checkpoint, line);
        say(run, line);
    } else if (run->is_suspend_known) {
        (void)snprintf(line, sizeof(line), "resume lapse=%lld\n", (long long)run->lapse);
        say(run, line);
    }
    if (run->overrun != NULL) {
        say_overrun(run);
    }
    if (run->is_stop_wanted && run->grace_ms >= 0) {
        (void)snprintf(line, sizeof(line), "stop grace_ms=%lld\n", (long long)run->grace_ms);
        say(run, line);
    } else if (run->is_stop_wanted) {
        say(run, "stop\n");
    }
}

/* What we said last was that it may run; whether it still may is not for us to say. */
static void on_lapse(struct run *run, int64_t lapse, struct mono frozen_since)
{
    struct agt_event event = {.type = AGT_LAPSED, .frozen_since = frozen_since};

    if (lapse > run->lapse) {
        run->lapse = lapse;
        run->is_suspend_known = run->is_suspend_known && run->is_suspend_wanted;
        log_warning("workload \"%s\" was suspended by its shim: nobody watched uid=%s run=%lld",
                    run->key, run->uid, (long long)run->run);
        tell(run, &event);
    }
}

/* Once in the beginning, so that what an earlier agent knew is known to be over; then while there
 * is some. */
static void on_drift(struct run *run, int64_t drift)
{
    struct agt_event event = {.type = AGT_DRIFTED, .drift = (unsigned)drift};

    if (drift != 0 && drift != run->drift) {
        log_warning("workload \"%s\" was changed from outside uid=%s run=%lld what=%lld", run->key,
                    run->uid, (long long)run->run, (long long)drift);
    }
    if (drift != 0 || drift != run->drift) {
        run->drift = drift;
        tell(run, &event);
    }
}

static void on_status(struct run *run, char *words)
{
    struct agt_event event = {.type = AGT_STARTED};
    struct shim_status status;

    shim_status_hear(words, &status);
    if (!status.runs) {
        return;
    }
    if (!run->is_told) {
        run->is_told = true;
        event.started = status.started;
        event.frozen_since = status.frozen_since;
        event.cpu_limit = status.cpu_limit;
        tell(run, &event);
    }
    on_lapse(run, status.lapse, status.frozen_since);
    on_drift(run, status.drift);
}

static void on_line(struct run *run, char *line)
{
    struct agt_event usage = {.type = AGT_USAGE};
    const char *verb, *none;

    if (!fields_next(&line, &verb, &none)) {
        return;
    }
    if (str_eq(verb, "status")) {
        on_status(run, line);
    } else if (str_eq(verb, "usage")) {
        shim_usage_hear(line, &usage);
        tell(run, &usage);
    } /* after "exited" the connection ends, and that is what counts */
}

/* Hands out whole lines; each may lead to anything, so the connection is looked at anew. */
static void take_lines(struct join *join)
{
    char *newline;

    while (join->run != NULL && (newline = memchr(join->line, '\n', join->length)) != NULL) {
        char line[SHIM_LINE_BYTES_MAX];
        size_t length = (size_t)(newline - join->line);

        memcpy(line, join->line, length);
        line[length] = '\0';
        join->length -= length + 1;
        memmove(join->line, newline + 1, join->length);
        on_line(join->run, line);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct join *join = poll->data;
    ssize_t got = -1;

    (void)events;
    if (status == 0) {
        got = recv(join->fd, join->line + join->length, sizeof(join->line) - join->length,
                   MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
    }
    if (got > 0) {
        join->length += (size_t)got;
        take_lines(join);
        if (join->length < sizeof(join->line)) {
            return;
        }
    }
    if (join->run != NULL) {
        struct run *run = join->run;

        part(run);
        check(run);
    }
}

/* Said at once to whom we meet: from then on it expects to hear that we watch. */
static void say_word(struct run *run, bool is_watched)
{
    say(run, is_watched ? "usage watched=1\n" : "usage watched=0\n");
}

static void join_run(struct run *run, int fd)
{
    struct join *join = MEM_NEW(struct join);
    int failed;

    assert(run->join == NULL);
    join->fd = fd;
    join->run = run;
    join->poll.data = join;
    failed = uv_poll_init(run->process->loop, &join->poll, fd);
    assert(failed == 0);
    run->join = join;
    run->state = RUN_JOINED;
    (void)uv_timer_stop(&run->timer);
    (void)uv_poll_start(&join->poll, UV_READABLE, on_readable);
    say_word(run, false);
    say_wanted(run);
}

static int connect_shim(const struct run *run)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* By way of the descriptor, because the path may be longer than an address may be. */
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" RUN_CONTROL,
                   run->fd);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        file_close(&fd);
    }
    return fd;
}

/* --- what has become of it ----------------------------------------------------------------------
 */

enum lock_state { LOCK_HELD, LOCK_OURS, LOCK_MISSING };

/* Tries to get the lock that a shim holds for life; missing when there can be none. */
static enum lock_state take_lock(const struct run *run, int *ret_fd)
{
    *ret_fd = openat(run->fd, RUN_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret_fd < 0) {
        return LOCK_MISSING;
    }
    return flock(*ret_fd, LOCK_EX | LOCK_NB) < 0 ? LOCK_HELD : LOCK_OURS;
}

/* Somebody removed the run's folder: there is nothing to write into, or to find later. */
static bool is_folder_gone(const struct run *run)
{
    struct stat about;

    return fstat(run->fd, &about) < 0 || about.st_nlink == 0;
}

static void lose(struct agt_exit *ret_exit, const char *message)
{
    *ret_exit = (struct agt_exit){.cause = EXIT_LOST, .ended = clock_wall()};
    (void)snprintf(ret_exit->message, sizeof(ret_exit->message), "%s", message);
}

enum finding { FOUND_RECORD, FOUND_SHIM, FOUND_REMAINS, FOUND_TROUBLE };

/* Looks into the run's folder.  Without record and shim it kills what is left and, when nothing is,
 * writes the loss down, holding the lock: no shim can be born meanwhile. */
static enum finding look(struct run *run, struct agt_exit *ret_exit)
{
    _cleanup_(file_close)
    int lock_fd = -1;
    int result = shim_record_read(run->fd, ret_exit);

    if (result == 0) {
        return FOUND_RECORD;
    }
    if (take_lock(run, &lock_fd) == LOCK_HELD) {
        return FOUND_SHIM;
    }
    if (shim_record_read(run->fd, ret_exit) == 0) {
        return FOUND_RECORD; /* written between the two looks */
    }
    if (sweep_run(run->fd, run->uid, run->run) > 0) {
        return FOUND_REMAINS;
    }
    lose(ret_exit, "its shim is gone without a record: it was killed, or the machine was booted");
    ret_exit->is_from_outside = sweep_is_of_this_boot(run->fd) && !run->is_stop_wanted;
    if (shim_record_write(run->fd, ret_exit, NULL) < 0 && !is_folder_gone(run)) {
        return FOUND_TROUBLE;
    }
    return FOUND_RECORD;
}

static void on_timer(uv_timer_t *timer)
{
    check(timer->data);
}

static void check_again(struct run *run, enum run_state state, uint64_t ms)
{
    run->state = state;
    (void)uv_timer_start(&run->timer, on_timer, ms, 0);
}

static void check(struct run *run)
{
    struct agt_exit exit;
    int fd;

    if (run->state == RUN_OVER || run->join != NULL) {
        return;
    }
    if (run->is_failed) {
        (void)shim_record_write(run->fd, &run->failure, NULL); /* nothing was started: no matter */
        tell_exit(run, &run->failure);
        return;
    }
    switch (look(run, &exit)) {
    case FOUND_RECORD:
        tell_exit(run, &exit);
        return;
    case FOUND_SHIM:
        fd = connect_shim(run);
        if (fd >= 0) {
            join_run(run, fd);
        } else {
            check_again(run, RUN_APART, RECONNECT_MS);
        }
        return;
    case FOUND_REMAINS:
        check_again(run, RUN_SWEEPING, SWEEP_MS);
        return;
    case FOUND_TROUBLE:
        check_again(run, RUN_SWEEPING, RECORD_RETRY_MS);
        return;
    }
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static void key_of(char key[static KEY_SIZE_MAX], const char *uid, int64_t run)
{
    (void)snprintf(key, KEY_SIZE_MAX, "%s/%lld", uid, (long long)run);
}

static struct run *run_find(struct process *process, const char *uid, int64_t number)
{
    char key[KEY_SIZE_MAX];

    key_of(key, uid, number);
    return map_find(&process->runs, key);
}

/* The folder is taken. */
static struct run *run_new(struct process *process, const char *uid, int64_t number, int fd)
{
    struct run *run = MEM_NEW(struct run);
    char key[KEY_SIZE_MAX];

    key_of(key, uid, number);
    run->process = process;
    run->uid = mem_strdup(uid);
    run->key = mem_strdup(key);
    run->run = number;
    run->fd = fd;
    run->lease_end = MONO_NEVER;
    run->unwatched_ms = UNWATCHED_UNKNOWN;
    run->drift = DRIFT_UNKNOWN;
    run->timer.data = run;
    (void)uv_timer_init(process->loop, &run->timer);
    (void)map_put(&process->runs, key, run);
    return run;
}

static void on_run_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;

    file_close(&run->fd);
    free(run->overrun);
    free(run->uid);
    free(run->key);
    free(run);
}

static void run_close(struct run *run)
{
    (void)map_remove(&run->process->runs, run->key);
    part(run);
    uv_close((uv_handle_t *)&run->timer, on_run_closed);
}

static void fail_spawn(struct run *run, const char *message)
{
    log_warning("cannot start \"%s\": %s", run->key, message);
    run->is_failed = true;
    lose(&run->failure, message);
    (void)uv_timer_start(&run->timer, on_timer, 0, 0);
}

void process_enforce(struct process *process, const struct enforcement *enforcement)
{
    process->enforcement = enforcement;
}

static void write_spec(const struct process *process, const struct shim_spec *spec, struct str *to)
{
    struct shim_spec whole = *spec;

    if (process->enforcement != NULL) {
        enforcement_fill(process->enforcement, whole.cgroups);
    }
    shim_spec_to_str(&whole, to);
}

void process_spawn(struct process *process, const struct shim_spec *spec)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;
    struct run *run;
    int socket = -1;

    if (!work_is_safe_uid(spec->uid) || run_find(process, spec->uid, spec->run) != NULL) {
        log_error("asked to start \"%s/%lld\", which cannot be; ignoring", spec->uid,
                  (long long)spec->run);
        return;
    }
    run = run_new(process, spec->uid, spec->run,
                  work_open_run(process->work_fd, spec->uid, spec->run, true));
    if (run->fd < 0) {
        fail_spawn(run, "its folder cannot be made");
        return;
    }
    if (spec->has_artifacts && !inputs_take(process->work_fd, spec->uid, run->fd)) {
        fail_spawn(run, "its artifacts are not there any more");
        return;
    }
    write_spec(process, spec, &text);
    if (file_replace(run->fd, RUN_SPEC, text.data, text.length, false, &err) < 0 ||
        shim_spawn(run->fd, run->key, &socket, &err) < 0) {
        fail_spawn(run, err.text);
        return;
    }
    log_info("starting \"%s\" session=%s slot=%s uid=%s run=%lld", spec->name, spec->session,
             spec->slot, spec->uid, (long long)spec->run);
    join_run(run, socket);
}

void process_stop(struct process *process, const char *uid, int64_t number, int64_t grace_ms)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        run->is_stop_wanted = true;
        run->grace_ms = grace_ms;
        say_wanted(run);
    }
}

void process_extend(struct process *process, const char *uid, int64_t number, struct mono lease_end)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        run->lease_end = lease_end;
        say_wanted(run);
    }
}

void process_suspend(struct process *process, const char *uid, int64_t number, bool suspended,
                     const struct checkpoint *checkpoint)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        run->is_suspend_known = true;
        run->is_suspend_wanted = suspended;
        run->checkpoint = *checkpoint;
        say_wanted(run);
    }
}

void process_limit(struct process *process, const char *uid, int64_t number,
                   int64_t cpu_thousandths)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        run->is_limit_known = true;
        run->cpu_limit = cpu_thousandths;
        say_wanted(run);
    }
}

void process_overrun(struct process *process, const char *uid, int64_t number, const char *message)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        free(run->overrun);
        run->overrun = mem_strdup(message);
        say_wanted(run);
    }
}

void process_watch(struct process *process, const char *uid, int64_t number, int64_t unwatched_ms)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        run->unwatched_ms = unwatched_ms;
        say_wanted(run);
    }
}

void process_mend(struct process *process, const char *uid, int64_t number)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL) {
        say(run, "mend\n");
    }
}

void process_on_watched(struct process *process)
{
    process->is_watched = true;
}

void process_stop_all(struct process *process)
{
    map_each (&process->runs, it) {
        struct run *run = it->value;

        run->is_stop_wanted = true;
        run->grace_ms = -1;
        say_wanted(run);
    }
}

size_t process_count_live(const struct process *process)
{
    size_t count = 0;

    map_each (&process->runs, it) {
        const struct run *run = it->value;

        count += run->state != RUN_OVER;
    }
    return count;
}

void process_forget(struct process *process, const char *uid, int64_t number)
{
    struct run *run = run_find(process, uid, number);

    if (run != NULL && run->state != RUN_OVER) {
        log_error("asked to forget \"%s\", which is not over; ignoring", run->key);
        return;
    }
    if (run != NULL) {
        run_close(run);
    }
    if (work_is_safe_uid(uid) && number == 0 && !work_remove_checkpoint(process->work_fd, uid)) {
        log_warning("cannot remove all of the checkpoint of \"%s\", going on", uid);
    }
    if (work_is_safe_uid(uid) && number > 0 && !work_remove_run(process->work_fd, uid, number)) {
        log_warning("cannot remove all of \"%s/%lld\", going on", uid, (long long)number);
    }
    if (++process->logs_kept > LOGS_KEPT_MAX) { /* perhaps: it may have other runs */
        process->logs_kept = work_prune_logs(process->work_fd, LOGS_KEPT_MAX);
    }
}

static void find_run(struct process *process, const char *uid, int64_t number, int fd)
{
    struct run *run = run_new(process, uid, number, fd);
    struct agt_exit exit = {.cause = EXIT_LOST};
    struct agt_event event = {.type = AGT_FOUND};
    enum finding finding = look(run, &exit);

    for (int i = 0; finding == FOUND_REMAINS && i < FIND_SWEEPS_MAX; i++) {
        (void)usleep(SWEEP_MS * 1000);
        finding = look(run, &exit);
    }
    /* What does not die counts as running: the timer goes on killing it. */
    event.found.running = finding == FOUND_SHIM || finding == FOUND_REMAINS;
    event.found.exit = event.found.running ? NULL : &exit;
    if (event.found.running) {
        check_again(run, RUN_APART, 0);
    } else {
        run->state = RUN_OVER;
    }
    log_info("found \"%s\" %s", run->key, event.found.running ? "running" : "ended");
    tell(run, &event);
}

static bool is_live(void *data, const char *uid, int64_t number)
{
    const struct run *run = run_find(data, uid, number);

    return run != NULL && run->state != RUN_OVER;
}

/* Such as those of runs whose folders somebody removed. */
static void sweep_groups(struct process *process)
{
    const char *ways[CGROUP_LIMIT_COUNT];
    size_t count;

    if (process->enforcement == NULL) {
        return;
    }
    enforcement_fill(process->enforcement, ways);
    count = cgroup_sweep_unknown(ways, is_live, process);
    if (count > 0) {
        log_warning("removed control groups that no run has, with all that was in them count=%zu",
                    count);
    }
}

void process_find(struct process *process)
{
    _cleanup_(work_runs_fini)
    struct work_runs runs = {.count = 0};

    work_list(process->work_fd, &runs);
    vec_each (&runs, it) {
        int fd = work_open_run(process->work_fd, it->uid, it->run, false);

        if (fd >= 0) {
            find_run(process, it->uid, it->run, fd);
        }
    }
    sweep_groups(process);
    process->logs_kept = work_prune_logs(process->work_fd, LOGS_KEPT_MAX);
}

void process_sweep_checkpoints(struct process *process,
                               bool (*is_known)(void *data, const char *uid), void *data)
{
    work_sweep_checkpoints(process->work_fd, is_known, data);
    process->logs_kept = work_prune_logs(process->work_fd, LOGS_KEPT_MAX);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void on_usage_timer(uv_timer_t *timer)
{
    struct process *process = timer->data;

    map_each (&process->runs, it) {
        say_word(it->value, process->is_watched);
    }
    process->is_watched = false;
}

struct process *process_new(uv_loop_t *loop, int work_fd, process_event_fn *on_event, void *data)
{
    struct process *process = MEM_NEW(struct process);

    process->loop = loop;
    process->work_fd = work_fd;
    process->on_event = on_event;
    process->data = data;
    map_init(&process->runs);
    process->usage_timer.data = process;
    (void)uv_timer_init(loop, &process->usage_timer);
    (void)uv_timer_start(&process->usage_timer, on_usage_timer, WORD_MS, WORD_MS);
    return process;
}

void process_close(struct process *process)
{
    map_each (&process->runs, it) {
        run_close(it->value);
    }
    uv_close((uv_handle_t *)&process->usage_timer, NULL);
}

void process_free(struct process *process)
{
    if (process != NULL) {
        assert(process->runs.count == 0);
        map_fini(&process->runs);
        free(process);
    }
}
