/* Limits of real workloads, measured from outside, in every way of keeping them that this machine
 * offers.  Lines that begin with "# measured" and "# not measured here" say which those were: what
 * could not be measured has not passed.
 *
 * Processor time is read from /proc/PID/schedstat, as is the time a process waited for a processor:
 * whoever was not let run by the machine need not have used its share.  So other load can make a
 * measurement weaker, never wrong.  This program is its own shim. */
#include "agent/shim/cgroup.h"
#include "agent/shim/cgroup_file.h"
#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/shim.h"
#include "agent/shim/spec.h"
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"
#include "tests/support/processor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOBS_MAX = 8, MEASURE_MS = 10 * 1000, SAMPLE_MS = 100, STILL_MS = 500, BOMB_MOST = 40 };

struct job {
    bool is_used;
    char uid[40];
    int assignment_fd, run_fd, socket;
    struct shim_spec spec;
    const char *command[3];
    struct agt_exit exit;
};

static char program_path[4096]; /* this one */
static char bench_path[FOLDER_PATH_SIZE];
static int bench_fd = -1;
static char parent_name[CGROUP_NAME_SIZE];
static struct cgroup_facts facts;
static struct cgroup_site site;
static struct job jobs[JOBS_MAX];

/* --- what this machine offers -------------------------------------------------------------------
 */

/* The way of keeping a limit by that version, as a spec has it; "" when the machine has none.  The
 * probe has found out which groups can be made; it chose the better one, we want each. */
static void find_way(enum cgroup_limit limit, enum cgroup_keeper keeper,
                     char way[static CGROUP_PATH_SIZE + 4])
{
    way[0] = '\0';
    for (size_t i = 0; i < facts.count; i++) {
        const struct cgroup_hierarchy *it = &facts.items[i];

        for (size_t j = 0; j < CGROUP_FILE_COUNT && it->trouble[0] == '\0'; j++) {
            if (cgroup_files[j].limit == limit && cgroup_files[j].keeper == keeper &&
                (it->files >> j & 1U) != 0) {
                (void)snprintf(way, CGROUP_PATH_SIZE + 4, "%s:%s", it->is_v2 ? "v2" : "v1",
                               it->parent);
            }
        }
    }
}

static char ways[3][CGROUP_LIMIT_COUNT][CGROUP_PATH_SIZE + 4]; /* by keeper; the shim's are "" */

static void find_ways(void)
{
    struct cgroup_options options = {.base = "", .name = parent_name};

    cgroup_find_facts(&options, &facts);
    cgroup_choose(&facts, &site);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        find_way((enum cgroup_limit)i, KEEPER_V2, ways[KEEPER_V2][i]);
        find_way((enum cgroup_limit)i, KEEPER_V1, ways[KEEPER_V1][i]);
    }
}

static const char *const keeper_words[] = {"cgroup v2", "cgroup v1", "the shim"};

/* Says so when the machine does not offer it. */
static bool offers(enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    if (keeper == KEEPER_SHIM || ways[keeper][limit][0] != '\0') {
        return true;
    }
    print_message("# not measured here: %s by %s: this machine does not offer it\n",
                  cgroup_limit_words[limit], keeper_words[keeper]);
    return false;
}

/* --- the language of these tests ----------------------------------------------------------------
 */

static struct job *make_job(const char *script)
{
    struct job *job = jobs;

    while (job->is_used) {
        job++;
        assert_true(job < jobs + JOBS_MAX);
    }
    *job = (struct job){.is_used = true, .socket = -1};
    (void)snprintf(job->uid, sizeof(job->uid), "job-%ld", (long)(job - jobs));
    job->assignment_fd = file_open_dir(bench_fd, job->uid, true);
    job->run_fd = file_open_dir(job->assignment_fd, "1", true);
    assert_true(job->run_fd >= 0);
    job->command[0] = "/bin/sh";
    job->command[1] = "-c";
    job->command[2] = script;
    job->spec = (struct shim_spec){.uid = job->uid,
                                   .name = "render-0-abcde",
                                   .session = "render",
                                   .slot = "0",
                                   .run = 1,
                                   .command = job->command,
                                   .command_count = 3,
                                   .grace_ms = 300,
                                   .lease_end = MONO_NEVER};
    return job;
}

static void keep_by(struct job *job, enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    job->spec.cgroups[limit] = keeper == KEEPER_SHIM ? "" : ways[keeper][limit];
}

static void start(struct job *job)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;

    shim_spec_to_str(&job->spec, &text);
    assert_int_equal(file_replace(job->run_fd, RUN_SPEC, text.data, text.length, false, &err), 0);
    assert_int_equal(shim_spawn(job->run_fd, "test", &job->socket, &err), 0);
}

static void say(const struct job *job, const char *line)
{
    assert_int_equal(send(job->socket, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static pid_t shim_of(const struct job *job)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_holder holder;

    assert_int_equal(file_read(job->run_fd, RUN_HOLDER, 4096, &text, NULL), 0);
    assert_true(shim_holder_from_str(text.data, &holder));
    return holder.pid;
}

/* The process id that a workload wrote into its working directory; 0 until it did. */
static pid_t pid_in(const struct job *job, const char *file)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char path[64];
    int64_t pid = 0;

    (void)snprintf(path, sizeof(path), "1/files/%s", file);
    (void)file_read(job->assignment_fd, path, 64, &text, NULL);
    if (str_ends(text.data, "\n")) {
        text.data[text.length - 1] = '\0';
        (void)int_from_str(text.data, &pid);
    }
    return (pid_t)pid;
}

static char state_of(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) ? proc.state : '-';
}

static bool lives(pid_t pid)
{
    return strchr("-Z", state_of(pid)) == NULL;
}

/* The processes below a shim; the caller frees. */
static void find_members(pid_t shim, struct procs *procs)
{
    proc_list(procs);
    proc_keep_descendants(procs, shim);
}

static bool is_over(const struct job *job)
{
    _cleanup_(file_close)
    int fd = openat(job->run_fd, RUN_LOCK, O_RDWR | O_CLOEXEC);

    return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool has_record(struct job *job)
{
    return shim_record_read(job->run_fd, &job->exit) == 0;
}

static bool has_groups(const struct job *job)
{
    char path[CGROUP_PATH_SIZE + CGROUP_NAME_SIZE];
    bool found = false;

    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        const char *way = job->spec.cgroups[i];

        if (way != NULL && way[0] != '\0') {
            (void)snprintf(path, sizeof(path), "%s/%s-1", way + 3, job->uid);
            found = found || access(path, F_OK) == 0;
        }
    }
    return found;
}

static void ended(struct job *job, enum exit_cause cause, int code)
{
    AWAIT(has_record(job));
    AWAIT(is_over(job));
    if (job->exit.cause != cause || job->exit.code != code) {
        fail_msg("ended %s with %d (%s)", exit_cause_to_str(job->exit.cause), job->exit.code,
                 job->exit.message);
    }
    assert_false(has_groups(job));
}

static int drop_jobs(void **state)
{
    (void)state;
    for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
        if (!job->is_used) {
            continue;
        }
        if (job->socket >= 0 && !is_over(job)) {
            (void)send(job->socket, "stop grace_ms=0\n", 16, MSG_NOSIGNAL);
            AWAIT(is_over(job));
        }
        file_close(&job->socket);
        file_close(&job->run_fd);
        file_close(&job->assignment_fd);
        (void)file_remove_tree(bench_fd, job->uid);
        job->is_used = false;
    }
    return 0;
}

/* --- measuring ----------------------------------------------------------------------------------
 */

struct measure {
    int64_t at_us, ran_us, waited_us; /* waited for a processor, or for its quota to begin anew */
    int64_t throttled_us;             /* of that, for its quota */
};

/* Of one process of one thread; false when it is gone. */
static bool try_to_measure(pid_t pid, struct measure *ret_measure)
{
    _cleanup_(file_close)
    int fd = -1;
    char path[64], text[128] = "";
    struct timespec now;
    char *end;

    (void)snprintf(path, sizeof(path), "/proc/%ld/schedstat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return false;
    }
    *ret_measure = (struct measure){.at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    ret_measure->ran_us = strtoll(text, &end, 10) / 1000;
    ret_measure->waited_us = strtoll(end, NULL, 10) / 1000;
    return true;
}

static struct measure measure(pid_t pid)
{
    struct measure measure = {0};

    assert_true(try_to_measure(pid, &measure));
    return measure;
}

static int64_t per_thousand(int64_t part, int64_t whole)
{
    return whole > 0 ? part * 1000 / whole : 0;
}

/* Of the group that has its quota; both versions have that file. */
static int64_t throttled_us(const struct job *job)
{
    const char *way = job->spec.cgroups[CGROUP_CPU];
    char name[CGROUP_NAME_SIZE];
    int64_t us;
    int fd;

    if (way == NULL || way[0] == '\0') {
        return 0;
    }
    (void)snprintf(name, sizeof(name), "%s-1", job->uid);
    fd = cgroup_open(way + 3, name, false);
    us = str_starts(way, "v2:") ? cgroup_read_int(fd, "cpu.stat", "throttled_usec")
                                : cgroup_read_int(fd, "cpu.stat", "throttled_time") / 1000;
    file_close(&fd);
    return us;
}

/* --- processor time -----------------------------------------------------------------------------
 */

struct mode {
    const char *name;
    enum cgroup_keeper cpu, freezer;
    int64_t limit; /* thousandths of a core */
    struct job *job;
    pid_t pid;
    struct measure from, last;
    int64_t due_us; /* what it should have used since `from`, as the machine was */
};

/* A moment is over: its share was due to it, but for the time in which the machine let it wait. */
static void take_sample(struct mode *mode)
{
    struct measure now = measure(mode->pid);
    int64_t elapsed_us, waited_us, share_us, rest_us;

    now.throttled_us = throttled_us(mode->job);
    elapsed_us = now.at_us - mode->last.at_us;
    waited_us = now.waited_us - mode->last.waited_us - (now.throttled_us - mode->last.throttled_us);
    share_us = elapsed_us * mode->limit / 1000;
    rest_us = elapsed_us - (waited_us > 0 ? waited_us : 0);
    mode->due_us += rest_us > share_us ? share_us : rest_us > 0 ? rest_us : 0;
    mode->last = now;
}

/* At most five points above its cap; and at most five below, or below what could be had. */
static void judge(const struct mode *mode)
{
    int64_t elapsed_us = mode->last.at_us - mode->from.at_us;
    int64_t ran = per_thousand(mode->last.ran_us - mode->from.ran_us, elapsed_us);
    int64_t due = per_thousand(mode->due_us, elapsed_us);

    print_message("# measured: %lld.%lld %% of a core, cap %lld %%, by %s, over %lld ms%s\n",
                  (long long)ran / 10, (long long)ran % 10, (long long)mode->limit / 10, mode->name,
                  (long long)elapsed_us / 1000,
                  due < mode->limit - 50 ? "; the machine was too busy for more" : "");
    assert_true(ran <= mode->limit + 50);
    assert_true(ran >= due - 50);
}

static void start_mode(struct mode *mode)
{
    if ((mode->cpu != KEEPER_SHIM && !offers(CGROUP_CPU, mode->cpu)) ||
        (mode->freezer != KEEPER_SHIM && !offers(CGROUP_SUSPEND, mode->freezer))) {
        return;
    }
    mode->job = make_job("echo $$ >main; while :; do :; done");
    keep_by(mode->job, CGROUP_CPU, mode->cpu);
    keep_by(mode->job, CGROUP_SUSPEND, mode->freezer);
    start(mode->job);
}

/* In front of everything else, as far as one may. */
static void give_processor(const struct mode *mode)
{
    const char *way = mode->job->spec.cgroups[CGROUP_CPU];
    char name[CGROUP_NAME_SIZE];
    int fd;

    if (mode->cpu == KEEPER_SHIM) {
        come_first(mode->pid);
        return;
    }
    (void)snprintf(name, sizeof(name), "%s-1", mode->job->uid);
    for (int i = 0; i < 2; i++) {
        fd = cgroup_open(way + 3, i == 0 ? "." : name, false);
        (void)cgroup_write_int(fd, mode->cpu == KEEPER_V2 ? "cpu.weight" : "cpu.shares", 10000);
        file_close(&fd);
    }
}

static bool has_reached(const struct mode *mode, int64_t us)
{
    return measure(mode->pid).at_us >= us;
}

/* All at once, which takes two cores; told while it runs, so what is measured is the limit of a
 * throttling policy from the second after it was told. */
static void a_cap_of_half_a_core_holds_within_five_points(void **state)
{
    struct mode modes[] = {
        {"cgroup v2 (cpu.max)", KEEPER_V2, KEEPER_SHIM, 500, NULL, 0, {0}, {0}, 0},
        {"cgroup v1 (cfs quota)", KEEPER_V1, KEEPER_SHIM, 500, NULL, 0, {0}, {0}, 0},
        {"duty cycle of SIGSTOP", KEEPER_SHIM, KEEPER_SHIM, 500, NULL, 0, {0}, {0}, 0},
        {"duty cycle of the v2 freezer", KEEPER_SHIM, KEEPER_V2, 500, NULL, 0, {0}, {0}, 0},
        {"duty cycle of the v1 freezer", KEEPER_SHIM, KEEPER_V1, 200, NULL, 0, {0}, {0}, 0},
    };
    int64_t begun_us = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        start_mode(&modes[i]);
    }
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct mode *mode = &modes[i];
        char line[64];

        if (mode->job != NULL) {
            AWAIT((mode->pid = pid_in(mode->job, "main")) > 0);
            (void)snprintf(line, sizeof(line), "limit cpu=%lld\n", (long long)mode->limit);
            say(mode->job, line);
            give_processor(mode);
            mode->last = measure(mode->pid);
            begun_us = mode->last.at_us;
        }
    }
    for (int64_t ms = SHIM_SAMPLE_MS; ms <= SHIM_SAMPLE_MS + MEASURE_MS; ms += SAMPLE_MS) {
        for (size_t i = 0; i < COUNT_OF(modes); i++) {
            struct mode *mode = &modes[i];

            if (mode->job != NULL) {
                AWAIT(has_reached(mode, begun_us + ms * 1000));
                take_sample(mode);
            }
            if (ms == SHIM_SAMPLE_MS) {
                mode->from = mode->last;
                mode->due_us = 0;
            }
        }
    }
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (modes[i].job != NULL) {
            judge(&modes[i]);
        }
    }
}

/* --- suspension ---------------------------------------------------------------------------------
 */

struct sum {
    int64_t ran_us;
    size_t count, ready; /* how many there are, and would run if they were let */
};

/* Of all below a shim together. */
static struct sum sum_up(pid_t shim)
{
    struct procs procs = {.count = 0};
    struct sum sum = {.count = 0};

    find_members(shim, &procs);
    vec_each (&procs, it) {
        struct measure one = {0};

        sum.ran_us += try_to_measure(it->pid, &one) ? one.ran_us : 0;
        sum.ready += it->state == 'R';
    }
    sum.count = procs.count;
    vec_fini(&procs);
    return sum;
}

/* Stopped or frozen takes a moment; then nothing moves any more.  Who is ready and only waits for a
 * processor is not still. */
static bool is_still(pid_t shim)
{
    struct sum before = sum_up(shim), after;
    struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};

    (void)nanosleep(&moment, NULL);
    after = sum_up(shim);
    return before.ready + after.ready == 0 && after.ran_us == before.ran_us &&
           before.count == after.count && before.count > 0;
}

static void suspends(enum cgroup_keeper keeper)
{
    struct job *job;
    struct sum before, after;
    int64_t began_ms;
    pid_t shim, main;

    if (!offers(CGROUP_SUSPEND, keeper)) {
        return;
    }
    job = make_job("echo $$ >main; (while :; do :; done) & while :; do /bin/true; done");
    keep_by(job, CGROUP_SUSPEND, keeper);
    start(job);
    AWAIT((main = pid_in(job, "main")) > 0);
    shim = shim_of(job);
    say(job, "suspend\n");
    AWAIT(is_still(shim));
    if (keeper != KEEPER_SHIM) {
        assert_int_not_equal(state_of(main), 'T'); /* nobody sees it */
    }
    before = sum_up(shim);
    began_ms = clock_mono().ms;
    AWAIT(clock_mono().ms >= began_ms + STILL_MS);
    after = sum_up(shim);
    print_message("# measured: suspended by %s: %zu processes, %lld us of processor time in %lld "
                  "ms\n",
                  keeper_words[keeper], before.count, (long long)(after.ran_us - before.ran_us),
                  (long long)(clock_mono().ms - began_ms));
    assert_int_equal(after.ran_us, before.ran_us);
    assert_int_equal(after.count, before.count);
    say(job, "resume\n");
    AWAIT(sum_up(shim).ran_us > after.ran_us);
    say(job, "suspend\n");
    AWAIT(is_still(shim));
    say(job, "stop grace_ms=60000\n"); /* TERM is heard: it was thawed for it */
    ended(job, EXIT_STOPPED, 128 + SIGTERM);
}

static void what_is_suspended_uses_no_processor_time(void **state)
{
    (void)state;
    suspends(KEEPER_V2);
    suspends(KEEPER_V1);
    suspends(KEEPER_SHIM);
}

static void dies_frozen(enum cgroup_keeper keeper)
{
    struct job *job;
    char line[64];
    pid_t main;

    if (!offers(CGROUP_SUSPEND, keeper)) {
        return;
    }
    job = make_job("trap '' TERM; echo $$ >main; sleep 1000");
    keep_by(job, CGROUP_SUSPEND, keeper);
    start(job);
    AWAIT((main = pid_in(job, "main")) > 0);
    say(job, "suspend\n");
    AWAIT(is_still(shim_of(job)));
    (void)snprintf(line, sizeof(line), "lease end=%lld\n", (long long)clock_mono().ms);
    say(job, line);
    ended(job, EXIT_LEASE_ENDED, 128 + SIGKILL);
    assert_false(lives(main));
}

static void what_is_suspended_can_be_killed(void **state)
{
    (void)state;
    dies_frozen(KEEPER_V2);
    dies_frozen(KEEPER_V1);
    dies_frozen(KEEPER_SHIM);
}

/* The shim cannot thaw any more; the agent's sweep does. */
static void what_a_killed_shim_left_frozen_is_swept(void **state)
{
    (void)state;
    for (int keeper = KEEPER_V2; keeper < KEEPER_SHIM; keeper++) {
        struct job *job;
        pid_t daemon;

        if (!offers(CGROUP_SUSPEND, (enum cgroup_keeper)keeper)) {
            continue;
        }
        job = make_job("env -i setsid sh -c 'echo $$ >daemon; sleep 1000 & sleep 1000'");
        keep_by(job, CGROUP_SUSPEND, (enum cgroup_keeper)keeper);
        start(job);
        AWAIT((daemon = pid_in(job, "daemon")) > 0);
        say(job, "suspend\n");
        AWAIT(is_still(shim_of(job)));
        (void)kill(shim_of(job), SIGKILL);
        AWAIT(is_over(job));
        assert_true(lives(daemon)); /* of no session or environment that we know */
        assert_true(has_groups(job));
        AWAIT(cgroup_sweep(job->spec.cgroups, job->uid, 1) == 0);
        AWAIT(!lives(daemon));
        AWAIT(cgroup_sweep(job->spec.cgroups, job->uid, 1) == 0 && !has_groups(job));
        file_close(&job->socket);
    }
}

/* --- memory -------------------------------------------------------------------------------------
 */

static void overruns(enum cgroup_keeper keeper)
{
    struct job *sibling, *hog;
    pid_t main;

    if (!offers(CGROUP_MEMORY, keeper)) {
        return;
    }
    sibling = make_job("echo $$ >main; { head -c 20000000 /dev/zero; sleep 1000; } | "
                       "tail -c 20000000");
    hog = make_job("trap 'echo survived >survived' TERM; echo $$ >main;"
                   "hold() { { head -c 30000000 /dev/zero; sleep 1000; } | tail -c 30000000; };"
                   "hold & hold & hold & while :; do sleep 1000; done");
    keep_by(sibling, CGROUP_MEMORY, keeper);
    keep_by(hog, CGROUP_MEMORY, keeper);
    sibling->spec.memory_limit = hog->spec.memory_limit = 64 << 20;
    start(sibling);
    AWAIT((main = pid_in(sibling, "main")) > 0);
    start(hog);
    ended(hog, EXIT_BY_ITSELF, 128 + SIGKILL);
    print_message("# measured: memory by %s: %s\n", keeper_words[keeper], hog->exit.message);
    assert_true(str_starts(hog->exit.message, "MemoryLimit: its processes hold "));
    assert_non_null(strstr(hog->exit.message, " of 67108864 bytes"));
    assert_int_equal(pid_in(hog, "survived"), 0);
    assert_true(lives(main));
    say(sibling, "stop grace_ms=60000\n");
    ended(sibling, EXIT_STOPPED, 128 + SIGTERM);
    assert_string_equal(sibling->exit.message, "");
}

static void memory_above_its_limit_ends_the_session_and_nothing_else(void **state)
{
    (void)state;
    overruns(KEEPER_V2);
    overruns(KEEPER_V1);
    overruns(KEEPER_SHIM);
}

/* --- processes ----------------------------------------------------------------------------------
 */

/* It doubles as long as it may, and never gives up; where nothing holds it, three times the limit
 * is enough to show that. */
static void explode(void)
{
    int fd = open("main", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    atomic_int *count =
        mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)dprintf(fd, "%ld\n", (long)getpid());
    for (;;) {
        if (atomic_fetch_add(count, 1) > 3 * BOMB_MOST) {
            atomic_fetch_sub(count, 1);
        } else if (fork() < 0) {
            atomic_fetch_sub(count, 1);
        }
    }
}

/* Not by the shim alone: it looks once a second, and a bomb has a second then. */
static void bombs(enum cgroup_keeper keeper)
{
    struct job *job;
    size_t count;
    pid_t shim, main;

    if (!offers(CGROUP_PIDS, keeper)) {
        return;
    }
    job = make_job("");
    job->command[0] = program_path;
    job->command[1] = "bomb";
    job->spec.command_count = 2;
    keep_by(job, CGROUP_PIDS, keeper);
    keep_by(job, CGROUP_SUSPEND, site.ways[CGROUP_SUSPEND].keeper);
    job->spec.pids_limit = BOMB_MOST;
    start(job);
    AWAIT((main = pid_in(job, "main")) > 0);
    shim = shim_of(job);
    AWAIT(measure(main).ran_us > 100 * 1000); /* it has had the time to explode, */
    AWAIT(sum_up(shim).count >= BOMB_MOST);   /* and did */
    say(job, "suspend\n");                    /* while it goes on, nobody can count it */
    AWAIT(is_still(shim));
    count = sum_up(shim).count;
    print_message("# measured: a fork bomb by %s: %zu processes, limit %d\n", keeper_words[keeper],
                  count, BOMB_MOST);
    assert_int_equal(count, BOMB_MOST);
    say(job, "stop grace_ms=0\n");
    ended(job, EXIT_STOPPED, 128 + SIGKILL);
}

static void a_fork_bomb_is_contained(void **state)
{
    (void)state;
    bombs(KEEPER_V2);
    bombs(KEEPER_V1);
}

static void who_fails_for_want_of_processes_is_told_so(void **state)
{
    struct job *job;

    (void)state;
    if (!offers(CGROUP_PIDS, KEEPER_V1) && !offers(CGROUP_PIDS, KEEPER_V2)) {
        return;
    }
    job = make_job("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait");
    keep_by(job, CGROUP_PIDS, ways[KEEPER_V2][CGROUP_PIDS][0] != '\0' ? KEEPER_V2 : KEEPER_V1);
    job->spec.pids_limit = 5;
    start(job);
    ended(job, EXIT_BY_ITSELF, 2);
    assert_string_equal(job->exit.message, "PidsLimit: it wanted more than its 5 processes");
}

/* --- groups -------------------------------------------------------------------------------------
 */

static void nobody_is_outside_of_its_group(void **state)
{
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;
    struct job *job = make_job("cat /proc/self/cgroup >own; echo $$ >main; exec sleep 1000");
    size_t count = 0;

    (void)state;
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        keep_by(job, (enum cgroup_limit)i, site.ways[i].keeper);
        count += site.ways[i].keeper != KEEPER_SHIM;
    }
    start(job);
    AWAIT(pid_in(job, "main") > 0);
    assert_int_equal(file_read(job->assignment_fd, "1/files/own", 1 << 16, &words, NULL), 0);
    assert_true(count == 0 || strstr(words.data, "/job-0-1\n") != NULL);
    say(job, "stop grace_ms=60000\n");
    ended(job, EXIT_STOPPED, 128 + SIGTERM);
}

/* --- all ----------------------------------------------------------------------------------------
 */

static int make_bench(void **state)
{
    ssize_t length = readlink("/proc/self/exe", program_path, sizeof(program_path) - 1);

    (void)state;
    assert_true(length > 0);
    folder_make(bench_path);
    bench_fd = open(bench_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_name_parent(bench_fd, parent_name);
    find_ways();
    return 0;
}

static int drop_bench(void **state)
{
    int left = 0;

    (void)state;
    for (size_t i = 0; i < facts.count; i++) {
        left += facts.items[i].parent[0] != '\0' && access(facts.items[i].parent, F_OK) == 0;
    }
    file_close(&bench_fd);
    folder_remove(bench_path);
    if (left > 0) {
        print_error("%d control groups are left\n", left);
    }
    return left;
}

#define CASE(name) cmocka_unit_test_teardown(name, drop_jobs)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(a_cap_of_half_a_core_holds_within_five_points),
        CASE(what_is_suspended_uses_no_processor_time),
        CASE(what_is_suspended_can_be_killed),
        CASE(what_a_killed_shim_left_frozen_is_swept),
        CASE(memory_above_its_limit_ends_the_session_and_nothing_else),
        CASE(a_fork_bomb_is_contained),
        CASE(who_fails_for_want_of_processes_is_told_so),
        CASE(nobody_is_outside_of_its_group),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    if (argc > 1 && str_eq(argv[1], "bomb")) {
        explode();
    }
    return cmocka_run_group_tests(tests, make_bench, drop_bench);
}
