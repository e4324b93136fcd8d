/* The shim's loop: one poll() over its control socket, the workload's output, child signals and one
 * timer on boot time.  Its states:
 *
 *     starting --exec--> running --stop, leader gone--> ending --grace is over--> killing --> ended
 *        \                  \--- lease over, too much memory -----------------------^         ^
 *         \--- could not be executed --------------------------------------------------------/
 *
 * Ended means: nobody is left (waitpid says ECHILD).  Only then the record is written. */
#include "agent/shim/shim.h"

#include "agent/shim/checkpoint.h"
#include "agent/shim/clock.h"
#include "agent/shim/control.h"
#include "agent/shim/fields.h"
#include "agent/shim/file.h"
#include "agent/shim/limits.h"
#include "agent/shim/runlog.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum state { STATE_STARTING, STATE_RUNNING, STATE_ENDING, STATE_KILLING, STATE_ENDED };

enum {
    BORN_WITH_FD = 3,
    OUTPUT_READ_SIZE = 64 << 10,
};

struct shim {
    struct arena arena;
    struct shim_spec spec;
    enum state state;
    struct group group;
    struct runlog log;
    struct control control;
    struct limits limits;
    int run_fd, assignment_fd, lock_fd, signal_fd, timer_fd;
    struct mono now;
    struct mono kill_at;     /* ENDING: end of grace; KILLING: of the next KILL */
    struct mono alone_since; /* no agent is connected; MONO_NEVER while one is */
    struct mono watched;     /* an agent said last that it watches; when it was born, before that */
    bool is_promised;        /* who is connected says it as long as it is so */
    struct mono freeze_at;   /* it was told to save its state until then; MONO_NEVER: it was not */
    bool frozen;             /* told to suspend, or by itself: */
    bool has_lapsed;         /* nobody watched, and nobody has decided since */
    int64_t lapse;           /* number of the newest */
    struct mono began, frozen_since;
    int64_t frozen_ms;
    unsigned drift; /* what was seen last to be changed from outside: bits 1 << enum drift_sort */
    struct mono drift_looked;
    ino_t files; /* its working directory; 0: not known */
    struct agt_exit exit;
};

static const char *const state_words[] = {"starting", "running", "ending", "ending", "ended"};

static void move(struct shim *shim, enum state to)
{
    static const unsigned allowed[] = {
        [STATE_STARTING] = 1U << STATE_RUNNING | 1U << STATE_ENDED,
        [STATE_RUNNING] = 1U << STATE_ENDING | 1U << STATE_KILLING | 1U << STATE_ENDED,
        [STATE_ENDING] = 1U << STATE_KILLING | 1U << STATE_ENDED,
        [STATE_KILLING] = 1U << STATE_ENDED,
        [STATE_ENDED] = 0,
    };

    assert((allowed[shim->state] >> to & 1U) != 0);
    shim->state = to;
}

/* --- ending it ----------------------------------------------------------------------------------
 */

static void kill_all(struct shim *shim)
{
    group_kill(&shim->group, shim->now);
    shim->kill_at = mono_after(shim->now, SHIM_KILL_MS);
}

static void blame(struct shim *shim, enum exit_cause cause, const char *message)
{
    if (shim->state == STATE_RUNNING) {
        shim->exit.cause = cause;
        (void)snprintf(shim->exit.message, sizeof(shim->exit.message), "%s", message);
    }
}

static void kill_now(struct shim *shim, enum exit_cause cause, const char *message)
{
    if (shim->state == STATE_RUNNING || shim->state == STATE_ENDING) {
        blame(shim, cause, message);
        move(shim, STATE_KILLING);
        kill_all(shim);
    }
}

/* Up to now. */
static int64_t frozen_ms(const struct shim *shim)
{
    return shim->frozen_ms + (shim->frozen ? mono_since(shim->frozen_since, shim->now) : 0);
}

/* Where no agent says how long: what is frozen is held back, and so has to run no longer than what
 * agents end while they hold it. */
static int64_t own_grace_ms(const struct shim *shim)
{
    int64_t grace_ms = shim->spec.grace_ms;

    return shim->frozen && grace_ms > HELD_GRACE_MAX_MS ? HELD_GRACE_MAX_MS : grace_ms;
}

static void stop(struct shim *shim, enum exit_cause cause, const char *message, int64_t grace_ms)
{
    if (grace_ms <= 0) {
        kill_now(shim, cause, message);
        return;
    }
    grace_ms = grace_ms < GRACE_MAX_MS ? grace_ms : GRACE_MAX_MS;
    if (shim->state == STATE_ENDING) { /* told again: the shorter grace counts */
        shim->kill_at = mono_earlier(shim->kill_at, mono_after(shim->now, grace_ms));
    }
    if (shim->state != STATE_RUNNING) {
        return;
    }
    blame(shim, cause, message);
    move(shim, STATE_ENDING);
    shim->frozen_ms = frozen_ms(shim);
    shim->frozen = shim->has_lapsed = false;
    shim->freeze_at = MONO_NEVER;
    group_look(&shim->group, shim->now);
    group_signal_seen(&shim->group, SIGTERM);
    limits_release(&shim->limits, shim->now); /* what is frozen cannot answer, */
    group_signal_seen(&shim->group, SIGCONT); /* nor what was stopped, by whomever */
    shim->kill_at = mono_after(shim->now, grace_ms);
}

/* --- keeping its limits -------------------------------------------------------------------------
 */

static void suspend(struct shim *shim, bool frozen)
{
    shim->freeze_at = MONO_NEVER;
    if (shim->state != STATE_RUNNING || shim->frozen == frozen) {
        return;
    }
    shim->frozen_ms = frozen_ms(shim);
    shim->frozen = frozen;
    shim->frozen_since = shim->now;
    limits_suspend(&shim->limits, frozen, shim->now);
}

/* After its grace, if it is to have one; told again it has no second one.  Who has not begun to
 * wait for the signal, as a program that was only just executed, has nothing to save yet. */
static void suspend_later(struct shim *shim, const struct checkpoint *checkpoint)
{
    if (checkpoint->grace_ms == 0) {
        suspend(shim, true);
    } else if (shim->state == STATE_RUNNING && !shim->frozen && mono_is_never(shim->freeze_at)) {
        if (group_signal_leader(&shim->group, checkpoint_signal_number(checkpoint))) {
            shim->freeze_at = mono_after(shim->now, checkpoint->grace_ms);
        } else {
            suspend(shim, true);
        }
    }
}

/* What was said by somebody who did not know that it had lapsed was said about another time. */
static void resume(struct shim *shim, int64_t lapse)
{
    if (!shim->has_lapsed || lapse >= shim->lapse) {
        shim->has_lapsed = false;
        suspend(shim, false);
    }
}

static void keep_limits(struct shim *shim)
{
    char message[LIMITS_MESSAGE_SIZE];

    if (!limits_step(&shim->limits, shim->now, message)) {
        kill_now(shim, EXIT_BY_ITSELF, message);
    }
}

/* --- talking to agents --------------------------------------------------------------------------
 */

static int64_t wall_ms(const struct shim *shim)
{
    return mono_since(shim->began, shim->now) - frozen_ms(shim);
}

static void say_status(const struct shim *shim, char line[static SHIM_LINE_BYTES_MAX])
{
    int64_t lapse = shim->has_lapsed ? shim->lapse : 0;

    (void)snprintf(line, SHIM_LINE_BYTES_MAX,
                   "status state=%s started=%lld since=%lld drift=%u lapse=%lld frozen=%d "
                   "limit=%lld\n",
                   state_words[shim->state], (long long)shim->exit.started.ms,
                   (long long)(shim->frozen ? shim->frozen_since.ms : 0), shim->drift,
                   (long long)lapse, shim->frozen, (long long)shim->limits.cpu_limit);
}

static void say_usage(struct shim *shim)
{
    char line[SHIM_LINE_BYTES_MAX];

    if (mono_since(shim->group.looked, shim->now) >= SHIM_SAMPLE_MS) {
        group_look(&shim->group, shim->now);
    }
    (void)snprintf(line, sizeof(line),
                   "usage cpu_ms=%lld wall_ms=%lld memory_peak=%lld memory=%lld\n",
                   (long long)shim->group.cpu_us / 1000, (long long)wall_ms(shim),
                   (long long)shim->group.memory_peak, (long long)limits_memory(&shim->limits));
    control_send(&shim->control, line);
}

static int64_t argument(char *line, const char *name, int64_t fallback)
{
    const char *key, *value;
    int64_t number = fallback;

    while (fields_next(&line, &key, &value)) {
        if (str_eq(key, name) && int_from_str(value, &number)) {
            return number;
        }
    }
    return fallback;
}

static const char *text_argument(char *line, const char *name)
{
    const char *key, *value;

    while (fields_next(&line, &key, &value)) {
        if (str_eq(key, name)) {
            return value;
        }
    }
    return "";
}

/* Moved away counts, also when there is another one in its place: it works on in the one of before.
 */
static bool has_files(const struct shim *shim)
{
    struct stat about;

    return fstatat(shim->run_fd, RUN_FILES, &about, AT_SYMLINK_NOFOLLOW) < 0
               ? errno != ENOENT
               : shim->files == 0 || about.st_ino == shim->files;
}

static unsigned drift_now(const struct shim *shim)
{
    unsigned drift = 0;
    struct proc leader;

    if (shim->state != STATE_RUNNING) {
        return 0;
    }
    if (!shim->group.leader_ended && !limits_hold(&shim->limits) &&
        proc_read(shim->group.leader, &leader) && leader.state == 'T') {
        drift |= 1U << DRIFT_STOPPED;
    }
    if (limits_differ(&shim->limits)) {
        drift |= 1U << DRIFT_LIMITS;
    }
    if (!has_files(shim)) {
        drift |= 1U << DRIFT_FILES;
    }
    return drift;
}

/* When an agent asks, for without one nobody decides; told as long as there is some. */
static void look_for_drift(struct shim *shim)
{
    unsigned before = shim->drift;
    char line[SHIM_LINE_BYTES_MAX];

    if (mono_since(shim->drift_looked, shim->now) < SHIM_DRIFT_MS) {
        return;
    }
    shim->drift_looked = shim->now;
    shim->drift = drift_now(shim);
    if (shim->drift != 0 || before != 0) {
        say_status(shim, line);
        control_send(&shim->control, line);
    }
}

/* Whoever is held back goes on when that is over, and not before. */
static void mend(struct shim *shim)
{
    if (shim->state != STATE_RUNNING) {
        return;
    }
    limits_mend(&shim->limits);
    if ((shim->drift & 1U << DRIFT_STOPPED) != 0 && !limits_hold(&shim->limits)) {
        group_signal(&shim->group, SIGCONT);
    }
    shim->drift_looked = MONO_ZERO; /* what came of it is told at the next question */
}

static void on_usage(struct shim *shim, int64_t watched)
{
    shim->is_promised = shim->is_promised || watched >= 0;
    if (watched != 0) { /* whoever says nothing about it watches while it is there */
        shim->watched = shim->now;
    }
    look_for_drift(shim);
    say_usage(shim);
}

static void on_line(void *data, char *line)
{
    struct shim *shim = data;
    const char *verb, *none;

    if (!fields_next(&line, &verb, &none)) {
        return;
    }
    if (str_eq(verb, "stop")) {
        stop(shim, EXIT_STOPPED, "", argument(line, "grace_ms", own_grace_ms(shim)));
    } else if (str_eq(verb, "lease")) {
        shim->spec.lease_end.ms = argument(line, "end", shim->spec.lease_end.ms);
    } else if (str_eq(verb, "suspend")) {
        struct checkpoint checkpoint;

        checkpoint_hear(line, &checkpoint);
        shim->has_lapsed = false;
        suspend_later(shim, &checkpoint);
    } else if (str_eq(verb, "resume")) {
        resume(shim, argument(line, "lapse", shim->lapse));
    } else if (str_eq(verb, "limit")) {
        limits_set_cpu(&shim->limits, argument(line, "cpu", 0), shim->now);
    } else if (str_eq(verb, "overrun")) {
        kill_now(shim, EXIT_BY_ITSELF, text_argument(line, "message"));
    } else if (str_eq(verb, "watch")) {
        shim->spec.unwatched_ms = argument(line, "unwatched_ms", shim->spec.unwatched_ms);
    } else if (str_eq(verb, "mend")) {
        mend(shim);
    } else if (str_eq(verb, "usage")) {
        on_usage(shim, argument(line, "watched", -1));
    }
}

/* --- the loop -----------------------------------------------------------------------------------
 */

static struct mono orphaned_at(const struct shim *shim)
{
    return shim->spec.orphan_after_ms > 0
               ? mono_after(shim->alone_since, shim->spec.orphan_after_ms)
               : MONO_NEVER;
}

/* Nobody reads the sensors for its policy, and who reads nothing lets nothing run. */
static struct mono unwatched_at(const struct shim *shim)
{
    bool is_watched = control_count(&shim->control) > 0 && !shim->is_promised;

    return shim->spec.unwatched_ms > 0 && !shim->frozen && !is_watched
               ? mono_after(shim->watched, shim->spec.unwatched_ms)
               : MONO_NEVER;
}

/* What ends has its grace; but unwatched no more of it than what is held back. */
static struct mono killed_at(const struct shim *shim)
{
    return shim->state == STATE_ENDING
               ? mono_earlier(shim->kill_at, mono_after(unwatched_at(shim), HELD_GRACE_MAX_MS))
               : shim->kill_at;
}

static void lapse(struct shim *shim)
{
    char line[SHIM_LINE_BYTES_MAX];

    suspend(shim, true);
    shim->has_lapsed = true;
    shim->lapse++;
    say_status(shim, line);
    control_send(&shim->control, line);
}

static struct mono deadline(const struct shim *shim)
{
    struct mono at = MONO_NEVER;

    if (shim->state == STATE_RUNNING || shim->state == STATE_ENDING) {
        at = mono_earlier(at, shim->spec.lease_end);
        at = mono_earlier(at, limits_deadline(&shim->limits));
    }
    if (shim->state == STATE_RUNNING) {
        at = mono_earlier(at, orphaned_at(shim));
        at = mono_earlier(at, unwatched_at(shim));
        at = mono_earlier(at, shim->freeze_at);
    }
    if (shim->state == STATE_ENDING || shim->state == STATE_KILLING) {
        at = mono_earlier(at, killed_at(shim));
    }
    return at;
}

static void tick(struct shim *shim)
{
    if (mono_is_due(shim->spec.lease_end, shim->now)) {
        kill_now(shim, EXIT_LEASE_ENDED, "its lease ended");
    }
    if (shim->state == STATE_RUNNING && mono_is_due(orphaned_at(shim), shim->now)) {
        stop(shim, EXIT_ORPHANED, "no agent came back", own_grace_ms(shim));
    }
    if (shim->state == STATE_RUNNING && mono_is_due(unwatched_at(shim), shim->now)) {
        lapse(shim);
    }
    if (shim->state == STATE_RUNNING && mono_is_due(shim->freeze_at, shim->now)) {
        suspend(shim, true);
    }
    if (shim->state == STATE_ENDING && mono_is_due(killed_at(shim), shim->now)) {
        move(shim, STATE_KILLING);
        shim->kill_at = shim->now;
    }
    if (shim->state == STATE_KILLING && mono_is_due(shim->kill_at, shim->now)) {
        kill_all(shim);
    }
    if ((shim->state == STATE_RUNNING || shim->state == STATE_ENDING) &&
        mono_is_due(limits_deadline(&shim->limits), shim->now)) {
        keep_limits(shim);
    }
}

static void on_children(struct shim *shim)
{
    bool had_leader = !shim->group.leader_ended;

    if (group_reap(&shim->group)) {
        move(shim, STATE_ENDED);
    } else if (had_leader && shim->group.leader_ended && shim->state == STATE_RUNNING) {
        /* The program is over; what it left behind has the grace to end too. */
        stop(shim, EXIT_BY_ITSELF, "", own_grace_ms(shim));
    }
}

/* False when there is nothing more to read now. */
static bool copy_output(struct shim *shim)
{
    static char buffer[OUTPUT_READ_SIZE];
    ssize_t got = read(shim->group.output_fd, buffer, sizeof(buffer));

    if (got > 0) {
        runlog_add(&shim->log, buffer, (size_t)got);
        return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        file_close(&shim->group.output_fd);
    }
    return false;
}

static void drain_fd(int fd)
{
    char buffer[sizeof(struct signalfd_siginfo) * 8];

    while (read(fd, buffer, sizeof(buffer)) > 0) {}
}

static void on_signals(struct shim *shim)
{
    struct signalfd_siginfo info;

    while (read(shim->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTERM) { /* the machine shuts down */
            stop(shim, EXIT_STOPPED, "the shim was told to end", own_grace_ms(shim));
        }
    }
    on_children(shim);
}

static void arm(const struct shim *shim)
{
    struct mono at = deadline(shim);
    struct itimerspec when = {.it_value = {.tv_sec = 0}};

    if (!mono_is_never(at)) {
        int64_t ms = at.ms > 1 ? at.ms : 1;

        when.it_value.tv_sec = ms / 1000;
        when.it_value.tv_nsec = ms % 1000 * 1000000;
    }
    (void)timerfd_settime(shim->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void look_who_is_there(struct shim *shim)
{
    if (control_count(&shim->control) > 0) {
        shim->alone_since = MONO_NEVER;
    } else if (mono_is_never(shim->alone_since)) {
        shim->alone_since = shim->now;
        shim->is_promised = false; /* who comes next may be of another version */
    }
}

static void turn(struct shim *shim)
{
    struct pollfd polls[CONTROL_POLLS + 3];
    char greeting[SHIM_LINE_BYTES_MAX];
    size_t count = 0, served;

    arm(shim);
    polls[count++] = (struct pollfd){.fd = shim->signal_fd, .events = POLLIN};
    polls[count++] = (struct pollfd){.fd = shim->timer_fd, .events = POLLIN};
    polls[count++] = (struct pollfd){.fd = shim->group.output_fd, .events = POLLIN};
    served = control_polls(&shim->control, polls + count);
    if (poll(polls, count + served, -1) < 0) {
        return; /* EINTR */
    }
    shim->now = clock_mono();
    if (polls[0].revents != 0) {
        on_signals(shim);
    }
    if (polls[1].revents != 0) {
        drain_fd(shim->timer_fd);
    }
    if (polls[2].revents != 0) {
        (void)copy_output(shim);
    }
    say_status(shim, greeting);
    control_serve(&shim->control, polls + count, served, greeting, on_line, shim);
    look_who_is_there(shim);
    if (shim->state != STATE_ENDED) {
        tick(shim);
    }
}

/* --- beginning and end --------------------------------------------------------------------------
 */

/* May the next try succeed although nobody changes anything? */
static bool is_passing(int number)
{
    return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE ||
           number == ETXTBSY || number == ENOSPC || number == EDQUOT || number == EIO;
}

/* Makes it if it is not there, and says where; false with errno. */
static bool find_checkpoint(const struct shim *shim, char path[static PATH_MAX])
{
    _cleanup_(file_close)
    int fd = file_open_dir(shim->assignment_fd, RUN_CHECKPOINT, true);
    char link[64];
    ssize_t length;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = fd < 0 ? -1 : readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

static void start(struct shim *shim)
{
    _cleanup_(file_close)
    int files_fd = file_open_dir(shim->run_fd, RUN_FILES, true);
    char line[SHIM_LINE_BYTES_MAX], checkpoint[PATH_MAX];
    struct err err = ERR_NONE;
    struct stat about;
    int number = errno;
    int result = 0;

    shim->files = files_fd >= 0 && fstat(files_fd, &about) == 0 ? about.st_ino : 0;
    if (mono_is_due(shim->spec.lease_end, shim->now)) {
        shim->exit.cause = EXIT_LEASE_ENDED;
        move(shim, STATE_ENDED);
        return;
    }
    if (files_fd < 0) {
        result =
            err_set(&err, ERR_SYSTEM, "cannot make its working directory: %s", strerror(number));
    } else if (!find_checkpoint(shim, checkpoint)) {
        number = errno;
        result = err_set(&err, ERR_SYSTEM, "cannot make the folder of its checkpoint: %s",
                         strerror(number));
    } else {
        shim->group.checkpoint = checkpoint;
        limits_prepare(&shim->limits, shim->now);
        result = group_start(&shim->group, files_fd, &err, &number);
    }
    if (result < 0 && shim->group.cannot_enter) {
        limits_give_up(&shim->limits);
        result = group_start(&shim->group, files_fd, &err, &number);
    }
    shim->group.checkpoint = NULL; /* the workload has it */
    shim->exit.started = clock_wall();
    shim->now = shim->began = clock_mono();
    if (result < 0) {
        shim->exit.cause = is_passing(number) ? EXIT_LOST : EXIT_NOT_STARTED;
        shim->exit.code = number == ENOENT ? 127 : 126; /* as shells have it */
        (void)snprintf(shim->exit.message, sizeof(shim->exit.message), "%.255s", err.text);
        move(shim, STATE_ENDED);
        return;
    }
    move(shim, STATE_RUNNING);
    group_look(&shim->group, shim->now);
    limits_begin(&shim->limits, shim->now);
    say_status(shim, line);
    control_send(&shim->control, line);
}

static bool has_folder(const struct shim *shim)
{
    struct stat about;

    return fstat(shim->run_fd, &about) == 0 && about.st_nlink > 0;
}

/* By a signal that people send, and that nothing of ours sent. */
static bool is_from_outside(const struct agt_exit *exit, int status)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    return exit->cause == EXIT_BY_ITSELF && exit->message[0] == '\0' &&
           (number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP ||
            number == SIGQUIT);
}

static void finish(struct shim *shim)
{
    struct agt_exit *exit = &shim->exit;

    while (shim->group.output_fd >= 0 && copy_output(shim)) {}
    if (shim->group.leader > 0) {
        int status = shim->group.leader_status;

        exit->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        group_look(&shim->group, shim->now);
        exit->usage.wall_ms = wall_ms(shim);
        if (exit->code != 0 && exit->cause == EXIT_BY_ITSELF && exit->message[0] == '\0') {
            (void)limits_explain(&shim->limits, exit->message);
        }
        exit->is_from_outside = is_from_outside(exit, status);
    }
    limits_clear(&shim->limits);
    exit->ended = clock_wall();
    exit->usage.cpu_ms = shim->group.cpu_us / 1000;
    exit->usage.memory_peak = shim->group.memory_peak;
    /* On a full disk it is tried again: an end that is not written down is a loss. */
    while (shim_record_write(shim->run_fd, exit, NULL) < 0 && has_folder(shim)) {
        (void)poll(NULL, 0, SHIM_SAMPLE_MS);
    }
    control_send(&shim->control, "exited\n");
}

static bool take_lock(struct shim *shim)
{
    struct agt_exit written;

    shim->lock_fd = openat(shim->run_fd, RUN_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return shim->lock_fd >= 0 && flock(shim->lock_fd, LOCK_EX | LOCK_NB) == 0 &&
           shim_record_read(shim->run_fd, &written) == ERR_NOT_FOUND;
}

static bool write_holder(const struct shim *shim)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_holder holder = {.pid = getpid()};
    struct proc self;

    if (proc_read(holder.pid, &self)) {
        holder.started = self.started;
    }
    proc_boot_id(holder.boot_id);
    shim_holder_to_str(&holder, &text);
    return file_replace(shim->run_fd, RUN_HOLDER, text.data, text.length, false, NULL) == 0;
}

static bool prepare_signals(struct shim *shim)
{
    struct sigaction children = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigset_t mask;

    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGCHLD);
    (void)sigaddset(&mask, SIGTERM);
    (void)sigaddset(&mask, SIGHUP);
    (void)sigaddset(&mask, SIGINT);
    (void)sigaction(SIGCHLD, &children, NULL);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    shim->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    shim->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return shim->signal_fd >= 0 && shim->timer_fd >= 0;
}

static bool read_spec(struct shim *shim)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    return file_read(shim->run_fd, RUN_SPEC, SHIM_SPEC_BYTES_MAX, &text, NULL) == 0 &&
           shim_spec_from_str(&shim->arena, text.data, &shim->spec);
}

static bool prepare(struct shim *shim)
{
    shim->run_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    shim->assignment_fd = open("..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return shim->run_fd >= 0 && shim->assignment_fd >= 0 && take_lock(shim) && read_spec(shim) &&
           write_holder(shim) && prepare_signals(shim);
}

static void fini(struct shim *shim)
{
    control_fini(&shim->control);
    runlog_fini(&shim->log);
    group_fini(&shim->group);
    limits_fini(&shim->limits);
    file_close(&shim->signal_fd);
    file_close(&shim->timer_fd);
    file_close(&shim->assignment_fd);
    file_close(&shim->run_fd);
    arena_fini(&shim->arena);
    file_close(&shim->lock_fd); /* last: whoever gets the lock finds everything in place */
}

int shim_main(void)
{
    struct shim shim = {
        .run_fd = -1, .assignment_fd = -1, .lock_fd = -1, .signal_fd = -1, .timer_fd = -1};

    if (fcntl(BORN_WITH_FD, F_GETFD) < 0) {
        return 2; /* typed by a person */
    }
    (void)prctl(PR_SET_NAME, "fog-shim");
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)close_range(BORN_WITH_FD + 1, ~0U, 0);
    arena_init(&shim.arena);
    if (!prepare(&shim)) {
        arena_fini(&shim.arena);
        return 1; /* another shim holds the run, or it is over, or the folder is gone */
    }
    shim.now = clock_mono();
    shim.freeze_at = MONO_NEVER;
    shim.alone_since = shim.watched = shim.now;
    limits_init(&shim.limits, &shim.spec, &shim.group);
    group_init(&shim.group, &shim.spec, &shim.limits.cgroup);
    runlog_init(&shim.log, shim.assignment_fd);
    control_init(&shim.control);
    (void)control_adopt(&shim.control, BORN_WITH_FD);
    start(&shim);
    while (shim.state != STATE_ENDED) {
        turn(&shim);
    }
    finish(&shim);
    fini(&shim);
    return 0;
}
