/* Jobs lie in one folder, which goes with them. */
#include "tests/support/jobs.h"

#include "agent/shim/file.h"
#include "agent/shim/shim.h"
#include "schema/base/parse.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIR_SUFFIX ".pair"

struct cgroup_site jobs_site;

static char bench_path[FOLDER_PATH_SIZE];
static int bench_fd = -1;
static char parent_name[CGROUP_NAME_SIZE];
static struct cgroup_facts facts;
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
    cgroup_choose(&facts, &jobs_site);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        find_way((enum cgroup_limit)i, KEEPER_V2, ways[KEEPER_V2][i]);
        find_way((enum cgroup_limit)i, KEEPER_V1, ways[KEEPER_V1][i]);
    }
}

const char *const jobs_keeper_words[] = {"cgroup v2", "cgroup v1", "the shim"};

bool jobs_offer(enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    if (keeper == KEEPER_SHIM || ways[keeper][limit][0] != '\0') {
        return true;
    }
    print_message("# not measured here: %s by %s: this machine does not offer it\n",
                  cgroup_limit_words[limit], jobs_keeper_words[keeper]);
    return false;
}

/* --- one job ------------------------------------------------------------------------------------
 */

struct job *job_make(const char *script)
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

static char together[2][CGROUP_LIMIT_COUNT][CGROUP_PATH_SIZE + 16]; /* by keeper */

void job_keep_together(struct job *job, enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    char *way = together[keeper][limit];

    (void)snprintf(way, sizeof(together[0][0]), "%s" PAIR_SUFFIX, ways[keeper][limit]);
    job->spec.cgroups[limit] = way;
}

void job_keep_by(struct job *job, enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    job->spec.cgroups[limit] = keeper == KEEPER_SHIM ? "" : ways[keeper][limit];
}

void job_start(struct job *job)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;

    shim_spec_to_str(&job->spec, &text);
    assert_int_equal(file_replace(job->run_fd, RUN_SPEC, text.data, text.length, false, &err), 0);
    assert_int_equal(shim_spawn(job->run_fd, "test", &job->socket, &err), 0);
}

void job_say(const struct job *job, const char *line)
{
    assert_int_equal(send(job->socket, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

pid_t job_shim(const struct job *job)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_holder holder;

    assert_int_equal(file_read(job->run_fd, RUN_HOLDER, 4096, &text, NULL), 0);
    assert_true(shim_holder_from_str(text.data, &holder));
    return holder.pid;
}

pid_t job_pid(const struct job *job, const char *file)
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

bool job_is_over(const struct job *job)
{
    _cleanup_(file_close)
    int fd = openat(job->run_fd, RUN_LOCK, O_RDWR | O_CLOEXEC);

    return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
}

bool job_has_record(struct job *job)
{
    return shim_record_read(job->run_fd, &job->exit) == 0;
}

bool job_has_groups(const struct job *job)
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

void job_ended(struct job *job, enum exit_cause cause, int code)
{
    AWAIT(job_has_record(job));
    AWAIT(job_is_over(job));
    if (job->exit.cause != cause || job->exit.code != code) {
        fail_msg("ended %s with %d (%s)", exit_cause_to_str(job->exit.cause), job->exit.code,
                 job->exit.message);
    }
    assert_false(job_has_groups(job));
}

/* --- all of them ---------------------------------------------------------------------------------
 */

int jobs_open(void **state)
{
    (void)state;
    folder_make(bench_path);
    bench_fd = open(bench_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_name_parent(bench_fd, parent_name);
    find_ways();
    return 0;
}

/* Our parent, or one of those for jobs that are kept together, is still there. */
static bool is_left(const char *parent)
{
    char pair[CGROUP_PATH_SIZE + 16];

    (void)snprintf(pair, sizeof(pair), "%s" PAIR_SUFFIX, parent);
    return parent[0] != '\0' && (access(parent, F_OK) == 0 || access(pair, F_OK) == 0);
}

int jobs_close(void **state)
{
    int left = 0;

    (void)state;
    for (size_t i = 0; i < facts.count; i++) {
        left += is_left(facts.items[i].parent);
    }
    file_close(&bench_fd);
    folder_remove(bench_path);
    if (left > 0) {
        print_error("control groups are left in %d hierarchies\n", left);
    }
    return left;
}

int jobs_drop(void **state)
{
    (void)state;
    for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
        if (!job->is_used) {
            continue;
        }
        if (job->socket >= 0 && !job_is_over(job)) {
            (void)send(job->socket, "stop grace_ms=0\n", 16, MSG_NOSIGNAL);
            AWAIT(job_is_over(job));
        }
        file_close(&job->socket);
        file_close(&job->run_fd);
        file_close(&job->assignment_fd);
        (void)file_remove_tree(bench_fd, job->uid);
        job->is_used = false;
    }
    return 0;
}
