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
#include "tests/support/jobs.h"
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

enum { MEASURE_MS = 10 * 1000, SAMPLE_MS = 100, STILL_MS = 500, BOMB_MOST = 40 };

static char program_path[4096]; /* this one */

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

/* Of the group that has its quota, its own or the one around it; both versions have that file. */
static int64_t throttled_us(const struct job *job, bool is_around)
{
    const char *way = job->spec.cgroups[CGROUP_CPU];
    char name[CGROUP_NAME_SIZE];
    int64_t us;
    int fd;

    if (way == NULL || way[0] == '\0') {
        return 0;
    }
    (void)snprintf(name, sizeof(name), "%s-1", job->uid);
    fd = cgroup_open(way + 3, is_around ? "." : name, false);
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
    int64_t limit; /* thousandths of a core, of both together when there are two */
    size_t count;
    struct job *jobs[2]; /* NULL: the machine does not offer it */
    pid_t pids[2];
    struct measure from, last;
    int64_t due_us; /* what it should have used since `from`, as the machine was */
};

static bool is_group_around(const struct mode *mode)
{
    return mode->count == 2 && mode->cpu != KEEPER_SHIM;
}

static struct measure measure_all(const struct mode *mode)
{
    struct measure sum = {0};

    for (size_t i = 0; i < mode->count; i++) {
        struct measure one = measure(mode->pids[i]);

        sum.at_us = one.at_us;
        sum.ran_us += one.ran_us;
        sum.waited_us += one.waited_us;
    }
    sum.throttled_us = throttled_us(mode->jobs[0], is_group_around(mode));
    return sum;
}

/* A moment is over: its share was due to it, but for the time in which the machine let it wait. */
static void take_sample(struct mode *mode)
{
    struct measure now = measure_all(mode);
    int64_t elapsed_us, waited_us, share_us, rest_us;

    elapsed_us = now.at_us - mode->last.at_us;
    waited_us = now.waited_us - mode->last.waited_us - (now.throttled_us - mode->last.throttled_us);
    share_us = elapsed_us * mode->limit / 1000;
    rest_us = (int64_t)mode->count * elapsed_us - (waited_us > 0 ? waited_us : 0);
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
    if ((mode->cpu != KEEPER_SHIM && !jobs_offer(CGROUP_CPU, mode->cpu)) ||
        (mode->freezer != KEEPER_SHIM && !jobs_offer(CGROUP_SUSPEND, mode->freezer))) {
        return;
    }
    for (size_t i = 0; i < mode->count; i++) {
        struct job *job = job_make("echo $$ >main; while :; do :; done");

        mode->jobs[i] = job;
        if (is_group_around(mode)) {
            job_keep_together(job, CGROUP_CPU, mode->cpu);
            job->spec.cpu_whole = mode->limit;
        } else {
            job_keep_by(job, CGROUP_CPU, mode->cpu);
        }
        job_keep_by(job, CGROUP_SUSPEND, mode->freezer);
        job_start(job);
    }
}

/* Two are held together by the group around them or, without one, by the shares that an agent
 * tells. */
static void tell_limit(const struct mode *mode)
{
    char line[64];

    (void)snprintf(line, sizeof(line), "limit cpu=%lld\n",
                   (long long)mode->limit / (int64_t)mode->count);
    for (size_t i = 0; i < mode->count && !is_group_around(mode); i++) {
        job_say(mode->jobs[i], line);
    }
}

/* In front of everything else, as far as one may. */
static void give_processor(const struct mode *mode, size_t which)
{
    const char *way = mode->jobs[which]->spec.cgroups[CGROUP_CPU];
    char name[CGROUP_NAME_SIZE];
    int fd;

    if (mode->cpu == KEEPER_SHIM) {
        come_first(mode->pids[which]);
        return;
    }
    (void)snprintf(name, sizeof(name), "%s-1", mode->jobs[which]->uid);
    for (int i = 0; i < 2; i++) {
        fd = cgroup_open(way + 3, i == 0 ? "." : name, false);
        (void)cgroup_write_int(fd, mode->cpu == KEEPER_V2 ? "cpu.weight" : "cpu.shares", 10000);
        file_close(&fd);
    }
}

static bool has_reached(const struct mode *mode, int64_t us)
{
    return measure(mode->pids[0]).at_us >= us;
}

static void begin_mode(struct mode *mode)
{
    tell_limit(mode);
    for (size_t i = 0; i < mode->count; i++) {
        AWAIT((mode->pids[i] = job_pid(mode->jobs[i], "main")) > 0);
        give_processor(mode, i);
    }
    mode->last = measure_all(mode);
}

#define MODE(the_name, the_cpu, the_freezer, the_limit, the_count)                                 \
    {                                                                                              \
        .name = (the_name), .cpu = (the_cpu), .freezer = (the_freezer), .limit = (the_limit),      \
        .count = (the_count)                                                                       \
    }

/* All at once, which takes two cores; told while it runs, so what is measured is the limit of a
 * throttling policy from the second after it was told. */
static void a_cap_of_half_a_core_holds_within_five_points(void **state)
{
    struct mode modes[] = {
        MODE("cgroup v2 (cpu.max)", KEEPER_V2, KEEPER_SHIM, 500, 1),
        MODE("cgroup v1 (cfs quota)", KEEPER_V1, KEEPER_SHIM, 500, 1),
        MODE("duty cycle of SIGSTOP", KEEPER_SHIM, KEEPER_SHIM, 500, 1),
        MODE("duty cycle of the v2 freezer", KEEPER_SHIM, KEEPER_V2, 300, 1),
        MODE("duty cycle of the v1 freezer", KEEPER_SHIM, KEEPER_V1, 200, 1),
        MODE("a v2 group around two", KEEPER_V2, KEEPER_SHIM, 150, 2),
        MODE("a v1 group around two", KEEPER_V1, KEEPER_SHIM, 150, 2),
        MODE("duty cycles of two", KEEPER_SHIM, KEEPER_SHIM, 150, 2),
    };
    int64_t begun_us = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        start_mode(&modes[i]);
    }
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (modes[i].jobs[0] != NULL) {
            begin_mode(&modes[i]);
            begun_us = modes[i].last.at_us;
        }
    }
    for (int64_t ms = SHIM_SAMPLE_MS; ms <= SHIM_SAMPLE_MS + MEASURE_MS; ms += SAMPLE_MS) {
        for (size_t i = 0; i < COUNT_OF(modes); i++) {
            struct mode *mode = &modes[i];

            if (mode->jobs[0] != NULL) {
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
        if (modes[i].jobs[0] != NULL) {
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

    if (!jobs_offer(CGROUP_SUSPEND, keeper)) {
        return;
    }
    job = job_make("echo $$ >main; (while :; do :; done) & while :; do /bin/true; done");
    job_keep_by(job, CGROUP_SUSPEND, keeper);
    job_start(job);
    AWAIT((main = job_pid(job, "main")) > 0);
    shim = job_shim(job);
    job_say(job, "suspend\n");
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
                  jobs_keeper_words[keeper], before.count,
                  (long long)(after.ran_us - before.ran_us),
                  (long long)(clock_mono().ms - began_ms));
    assert_int_equal(after.ran_us, before.ran_us);
    assert_int_equal(after.count, before.count);
    job_say(job, "resume\n");
    AWAIT(sum_up(shim).ran_us > after.ran_us);
    job_say(job, "suspend\n");
    AWAIT(is_still(shim));
    job_say(job, "stop grace_ms=60000\n"); /* TERM is heard: it was thawed for it */
    job_ended(job, EXIT_STOPPED, 128 + SIGTERM);
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

    if (!jobs_offer(CGROUP_SUSPEND, keeper)) {
        return;
    }
    job = job_make("trap '' TERM; echo $$ >main; sleep 1000");
    job_keep_by(job, CGROUP_SUSPEND, keeper);
    job_start(job);
    AWAIT((main = job_pid(job, "main")) > 0);
    job_say(job, "suspend\n");
    AWAIT(is_still(job_shim(job)));
    (void)snprintf(line, sizeof(line), "lease end=%lld\n", (long long)clock_mono().ms);
    job_say(job, line);
    job_ended(job, EXIT_LEASE_ENDED, 128 + SIGKILL);
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

        if (!jobs_offer(CGROUP_SUSPEND, (enum cgroup_keeper)keeper)) {
            continue;
        }
        job = job_make("env -i setsid sh -c 'echo $$ >daemon; sleep 1000 & sleep 1000'");
        job_keep_by(job, CGROUP_SUSPEND, (enum cgroup_keeper)keeper);
        job_start(job);
        AWAIT((daemon = job_pid(job, "daemon")) > 0);
        job_say(job, "suspend\n");
        AWAIT(is_still(job_shim(job)));
        (void)kill(job_shim(job), SIGKILL);
        AWAIT(job_is_over(job));
        assert_true(lives(daemon)); /* of no session or environment that we know */
        assert_true(job_has_groups(job));
        assert_true(cgroup_sweep(job->spec.cgroups, job->uid, 1) > 0);
        AWAIT(cgroup_sweep(job->spec.cgroups, job->uid, 1) == 0);
        AWAIT(!lives(daemon));
        AWAIT(cgroup_sweep(job->spec.cgroups, job->uid, 1) == 0 && !job_has_groups(job));
        file_close(&job->socket);
    }
}

/* --- memory -------------------------------------------------------------------------------------
 */

static void overruns(enum cgroup_keeper keeper)
{
    struct job *sibling, *hog;
    pid_t main;

    if (!jobs_offer(CGROUP_MEMORY, keeper)) {
        return;
    }
    sibling = job_make("echo $$ >main; { head -c 20000000 /dev/zero; sleep 1000; } | "
                       "tail -c 20000000");
    hog = job_make("trap 'echo survived >survived' TERM; echo $$ >main;"
                   "hold() { { head -c 30000000 /dev/zero; sleep 1000; } | tail -c 30000000; };"
                   "hold & hold & hold & while :; do sleep 1000; done");
    job_keep_by(sibling, CGROUP_MEMORY, keeper);
    job_keep_by(hog, CGROUP_MEMORY, keeper);
    sibling->spec.memory_limit = hog->spec.memory_limit = 64 << 20;
    job_start(sibling);
    AWAIT((main = job_pid(sibling, "main")) > 0);
    job_start(hog);
    job_ended(hog, EXIT_BY_ITSELF, 128 + SIGKILL);
    print_message("# measured: memory by %s: %s\n", jobs_keeper_words[keeper], hog->exit.message);
    assert_true(str_starts(hog->exit.message, "MemoryLimit: its processes hold "));
    assert_non_null(strstr(hog->exit.message, "Mi of 64Mi"));
    assert_int_equal(job_pid(hog, "survived"), 0);
    assert_true(lives(main));
    job_say(sibling, "stop grace_ms=60000\n");
    job_ended(sibling, EXIT_STOPPED, 128 + SIGTERM);
    assert_string_equal(sibling->exit.message, "");
}

/* Neither holds more than its own limit. */
static void overrun_together(enum cgroup_keeper keeper)
{
    struct job *first, *second;
    pid_t main;

    if (!jobs_offer(CGROUP_MEMORY, keeper)) {
        return;
    }
    first = job_make("echo $$ >main; { head -c 20000000 /dev/zero; echo >full; sleep 1000; } | "
                     "tail -c 20000000");
    second = job_make("echo $$ >main; { head -c 50000000 /dev/zero; sleep 1000; } | "
                      "tail -c 50000000");
    job_keep_together(first, CGROUP_MEMORY, keeper);
    job_keep_together(second, CGROUP_MEMORY, keeper);
    first->spec.memory_limit = second->spec.memory_limit = 64 << 20;
    first->spec.memory_whole = second->spec.memory_whole = 64 << 20;
    job_start(first);
    AWAIT((main = job_pid(first, "main")) > 0);
    AWAIT(faccessat(first->run_fd, "files/full", F_OK, 0) == 0);
    job_start(second);
    job_ended(second, EXIT_BY_ITSELF, 128 + SIGKILL);
    print_message("# measured: memory of two by %s: %s\n", jobs_keeper_words[keeper],
                  second->exit.message);
    assert_true(
        str_starts(second->exit.message, "MemoryLimit: all that runs here may hold 64Mi together"));
    assert_true(lives(main));
    job_say(first, "stop grace_ms=60000\n");
    job_ended(first, EXIT_STOPPED, 128 + SIGTERM);
    assert_string_equal(first->exit.message, "");
}

static void memory_of_two_above_their_limit_ends_one_and_not_the_other(void **state)
{
    (void)state;
    overrun_together(KEEPER_V2);
    overrun_together(KEEPER_V1);
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

    if (!jobs_offer(CGROUP_PIDS, keeper)) {
        return;
    }
    job = job_make("");
    job->command[0] = program_path;
    job->command[1] = "bomb";
    job->spec.command_count = 2;
    job_keep_by(job, CGROUP_PIDS, keeper);
    job_keep_by(job, CGROUP_SUSPEND, jobs_site.ways[CGROUP_SUSPEND].keeper);
    job->spec.pids_limit = BOMB_MOST;
    job_start(job);
    AWAIT((main = job_pid(job, "main")) > 0);
    shim = job_shim(job);
    AWAIT(measure(main).ran_us > 100 * 1000); /* it has had the time to explode, */
    AWAIT(sum_up(shim).count >= BOMB_MOST);   /* and did */
    job_say(job, "suspend\n");                /* while it goes on, nobody can count it */
    AWAIT(is_still(shim));
    count = sum_up(shim).count;
    print_message("# measured: a fork bomb by %s: %zu processes, limit %d\n",
                  jobs_keeper_words[keeper], count, BOMB_MOST);
    assert_int_equal(count, BOMB_MOST);
    job_say(job, "stop grace_ms=0\n");
    job_ended(job, EXIT_STOPPED, 128 + SIGKILL);
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
    if (!jobs_offer(CGROUP_PIDS, KEEPER_V1) && !jobs_offer(CGROUP_PIDS, KEEPER_V2)) {
        return;
    }
    job = job_make("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait");
    job_keep_by(job, CGROUP_PIDS, jobs_offer(CGROUP_PIDS, KEEPER_V2) ? KEEPER_V2 : KEEPER_V1);
    job->spec.pids_limit = 5;
    job_start(job);
    job_ended(job, EXIT_BY_ITSELF, 2);
    assert_string_equal(job->exit.message, "PidsLimit: it wanted more than its 5 processes");
}

/* --- groups -------------------------------------------------------------------------------------
 */

static void nobody_is_outside_of_its_group(void **state)
{
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;
    struct job *job = job_make("cat /proc/self/cgroup >own; echo $$ >main; exec sleep 1000");
    size_t count = 0;

    (void)state;
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        job_keep_by(job, (enum cgroup_limit)i, jobs_site.ways[i].keeper);
        count += jobs_site.ways[i].keeper != KEEPER_SHIM;
    }
    job_start(job);
    AWAIT(job_pid(job, "main") > 0);
    assert_int_equal(file_read(job->assignment_fd, "1/files/own", 1 << 16, &words, NULL), 0);
    assert_true(count == 0 || strstr(words.data, "/job-0-1\n") != NULL);
    job_say(job, "stop grace_ms=60000\n");
    job_ended(job, EXIT_STOPPED, 128 + SIGTERM);
}

/* --- all ----------------------------------------------------------------------------------------
 */

#define CASE(name) cmocka_unit_test_teardown(name, jobs_drop)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(a_cap_of_half_a_core_holds_within_five_points),
        CASE(what_is_suspended_uses_no_processor_time),
        CASE(what_is_suspended_can_be_killed),
        CASE(what_a_killed_shim_left_frozen_is_swept),
        CASE(memory_above_its_limit_ends_the_session_and_nothing_else),
        CASE(memory_of_two_above_their_limit_ends_one_and_not_the_other),
        CASE(a_fork_bomb_is_contained),
        CASE(who_fails_for_want_of_processes_is_told_so),
        CASE(nobody_is_outside_of_its_group),
    };

    assert_true(readlink("/proc/self/exe", program_path, sizeof(program_path) - 1) > 0);
    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    if (argc > 1 && str_eq(argv[1], "bomb")) {
        explode();
    }
    return cmocka_run_group_tests(tests, jobs_open, jobs_close);
}
