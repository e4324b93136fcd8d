/* A workload's groups.  Several limits may be kept in one folder; each has a descriptor of its own
 * all the same, so that each may be given back to the shim by itself. */
#include "agent/shim/cgroup.h"

#include "agent/shim/cgroup_file.h"
#include "agent/shim/file.h"
#include "schema/base/parse.h"
#include "schema/base/vec.h"
#include "schema/limits.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PERIOD_US = 100 * 1000,       /* of the processor limit */
    LONG_PERIOD_US = 1000 * 1000, /* of a very low one: the kernel wants a quota of 1 ms at least */
    QUOTA_MIN_US = 1000,
    SHARES = 110, /* of 1024: what nice 10 weighs; nice itself counts only inside a group */
    NICE = 10,
    FREEZE_TRIES = 20, /* a millisecond each */
    PARENT_TRIES = 8,
};

/* --- names --------------------------------------------------------------------------------------
 */

void cgroup_way_to_spec(const struct cgroup_way *way, struct str *to)
{
    if (way->keeper != KEEPER_SHIM) {
        str_addf(to, "%s:%s", way->keeper == KEEPER_V2 ? "v2" : "v1", way->parent);
    }
}

/* The parent's folder; NULL when the limit is the shim's. */
static const char *parse_way(const char *way, enum cgroup_keeper *ret_keeper)
{
    if (way == NULL || (!str_starts(way, "v1:/") && !str_starts(way, "v2:/"))) {
        return NULL;
    }
    *ret_keeper = way[1] == '2' ? KEEPER_V2 : KEEPER_V1;
    return way + 3;
}

static bool name_run(char name[static CGROUP_NAME_SIZE], const char *uid, int64_t run)
{
    size_t length = strspn(uid, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length <= UID_BYTES_MAX && uid[length] == '\0' && run >= 0 &&
           snprintf(name, CGROUP_NAME_SIZE, "%s-%lld", uid, (long long)run) < CGROUP_NAME_SIZE;
}

/* --- making -------------------------------------------------------------------------------------
 */

void cgroup_init(struct cgroup *cgroup)
{
    cgroup->name[0] = '\0';
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        cgroup->ways[i].keeper = KEEPER_SHIM;
        cgroup->ways[i].fd = -1;
    }
}

void cgroup_fini(struct cgroup *cgroup)
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        file_close(&cgroup->ways[i].fd);
    }
}

/* All our workloads together weigh what one nice process does; and so does each among them. */
static void weigh(int group_fd, enum cgroup_keeper keeper)
{
    if (keeper == KEEPER_V2) {
        (void)cgroup_write_int(group_fd, "cpu.weight.nice", NICE);
    } else {
        (void)cgroup_write_int(group_fd, "cpu.shares", SHARES);
    }
}

static void prepare_parent(int parent_fd, enum cgroup_limit limit, enum cgroup_keeper keeper)
{
    if (keeper == KEEPER_V2 && limit != CGROUP_SUSPEND && limit != CGROUP_USAGE) {
        (void)cgroup_hand_down(parent_fd, cgroup_limit_words[limit]);
    }
    if (limit == CGROUP_CPU) {
        weigh(parent_fd, keeper);
    }
    if (limit == CGROUP_MEMORY && keeper == KEEPER_V1) { /* older kernels count for each alone */
        (void)cgroup_write(parent_fd, "memory.use_hierarchy", "1");
    }
}

/* Our parent goes with the last group in it, perhaps right now: then it is made again. */
static int make_group(const char *parent, const char *name, enum cgroup_limit limit,
                      enum cgroup_keeper keeper)
{
    const char *last = strrchr(parent, '/');
    _cleanup_free_ char *folder = mem_strndup(parent, (size_t)(last - parent));
    int fd = -1;

    for (int i = 0; fd < 0 && i < PARENT_TRIES; i++) {
        int parent_fd = cgroup_open(folder, last + 1, true);

        if (parent_fd < 0) {
            return -1;
        }
        prepare_parent(parent_fd, limit, keeper);
        file_close(&parent_fd);
        fd = cgroup_open(parent, name, true);
    }
    if (fd >= 0 && limit == CGROUP_CPU) {
        weigh(fd, keeper);
    }
    return fd;
}

void cgroup_make(struct cgroup *cgroup, const char *const ways[static CGROUP_LIMIT_COUNT],
                 const char *uid, int64_t run)
{
    if (!name_run(cgroup->name, uid, run)) {
        return;
    }
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        const char *parent = parse_way(ways[i], &cgroup->ways[i].keeper);

        if (parent != NULL) {
            cgroup->ways[i].fd =
                make_group(parent, cgroup->name, (enum cgroup_limit)i, cgroup->ways[i].keeper);
        }
    }
}

bool cgroup_enter(const struct cgroup *cgroup)
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        int number =
            cgroup->ways[i].fd < 0 ? 0 : cgroup_write(cgroup->ways[i].fd, "cgroup.procs", "0");

        if (number != 0) {
            errno = number;
            return false;
        }
    }
    return true;
}

/* --- limits -------------------------------------------------------------------------------------
 */

/* What the kernel did not take is the shim's. */
static bool taken(struct cgroup *cgroup, enum cgroup_limit limit, int failed)
{
    if (failed != 0) {
        file_close(&cgroup->ways[limit].fd);
    }
    return failed == 0;
}

static int set_bandwidth(int fd, enum cgroup_keeper keeper, int64_t quota_us, int64_t period_us)
{
    char words[64];
    int failed;

    if (keeper == KEEPER_V2) {
        (void)snprintf(words, sizeof(words), quota_us < 0 ? "max" : "%lld %lld",
                       (long long)quota_us, (long long)period_us);
        return cgroup_write(fd, "cpu.max", words);
    }
    if (cgroup_read_int(fd, "cpu.cfs_quota_us", "") == quota_us &&
        cgroup_read_int(fd, "cpu.cfs_period_us", "") == period_us) {
        return 0;
    }
    failed = cgroup_write_int(fd, "cpu.cfs_quota_us", -1); /* else the period may not fit it */
    if (failed == 0 && quota_us >= 0) {
        failed = cgroup_write_int(fd, "cpu.cfs_period_us", period_us);
        failed = failed != 0 ? failed : cgroup_write_int(fd, "cpu.cfs_quota_us", quota_us);
    }
    return failed;
}

static int set_cpu(int fd, enum cgroup_keeper keeper, int64_t thousandths)
{
    int64_t period_us = PERIOD_US / 1000 * thousandths < QUOTA_MIN_US ? LONG_PERIOD_US : PERIOD_US;
    int64_t quota_us = thousandths > 0 ? period_us / 1000 * thousandths : -1;

    return set_bandwidth(fd, keeper, quota_us, period_us);
}

bool cgroup_set_cpu(struct cgroup *cgroup, int64_t thousandths)
{
    int fd = cgroup->ways[CGROUP_CPU].fd;

    return fd >= 0 &&
           taken(cgroup, CGROUP_CPU, set_cpu(fd, cgroup->ways[CGROUP_CPU].keeper, thousandths));
}

/* Swapping would only move the overrun to the disk.  All of it ends when one of it is killed. */
bool cgroup_set_memory(struct cgroup *cgroup, int64_t bytes)
{
    int fd = cgroup->ways[CGROUP_MEMORY].fd;
    int failed;

    if (fd < 0) {
        return false;
    }
    if (cgroup->ways[CGROUP_MEMORY].keeper == KEEPER_V2) {
        failed = cgroup_write_int(fd, "memory.max", bytes);
        (void)cgroup_write_int(fd, "memory.swap.max", 0);
        (void)cgroup_write_int(fd, "memory.oom.group", 1);
    } else {
        failed = cgroup_write_int(fd, "memory.limit_in_bytes", bytes);
        (void)cgroup_write_int(fd, "memory.memsw.limit_in_bytes", bytes);
    }
    return taken(cgroup, CGROUP_MEMORY, failed);
}

/* With swap it is never lower than without, so that goes first on the way up. */
static void set_memory_of_all(int fd, enum cgroup_keeper keeper, int64_t bytes)
{
    if (keeper == KEEPER_V2) {
        char words[32];

        (void)snprintf(words, sizeof(words), bytes > 0 ? "%lld" : "max", (long long)bytes);
        (void)cgroup_write(fd, "memory.max", words);
        return;
    }
    (void)cgroup_write_int(fd, "memory.memsw.limit_in_bytes", -1);
    (void)cgroup_write_int(fd, "memory.limit_in_bytes", bytes > 0 ? bytes : -1);
}

void cgroup_set_whole(const char *const ways[static CGROUP_LIMIT_COUNT], int64_t cpu,
                      int64_t memory)
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        enum cgroup_keeper keeper;
        const char *parent = parse_way(ways[i], &keeper);
        int fd = parent == NULL ? -1 : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && i == CGROUP_CPU) {
            (void)set_cpu(fd, keeper, cpu);
        } else if (fd >= 0 && i == CGROUP_MEMORY) {
            set_memory_of_all(fd, keeper, memory);
        }
        file_close(&fd);
    }
}

bool cgroup_set_pids(struct cgroup *cgroup, int64_t count)
{
    int fd = cgroup->ways[CGROUP_PIDS].fd;

    return fd >= 0 && taken(cgroup, CGROUP_PIDS, cgroup_write_int(fd, "pids.max", count));
}

bool cgroup_freeze(struct cgroup *cgroup, bool frozen)
{
    int fd = cgroup->ways[CGROUP_SUSPEND].fd;
    int failed;

    if (fd < 0) {
        return false;
    }
    failed = cgroup->ways[CGROUP_SUSPEND].keeper == KEEPER_V2
                 ? cgroup_write(fd, "cgroup.freeze", frozen ? "1" : "0")
                 : cgroup_write(fd, "freezer.state", frozen ? "FROZEN" : "THAWED");
    return frozen ? taken(cgroup, CGROUP_SUSPEND, failed) : failed == 0;
}

int64_t cgroup_count_oom(const struct cgroup *cgroup)
{
    int fd = cgroup->ways[CGROUP_MEMORY].fd;
    bool is_v2 = cgroup->ways[CGROUP_MEMORY].keeper == KEEPER_V2;

    return fd < 0 ? 0
                  : cgroup_read_int(fd, is_v2 ? "memory.events" : "memory.oom_control", "oom_kill");
}

int64_t cgroup_count_refused(const struct cgroup *cgroup)
{
    int fd = cgroup->ways[CGROUP_PIDS].fd;

    return fd < 0 ? 0 : cgroup_read_int(fd, "pids.events", "max");
}

int64_t cgroup_memory_peak(const struct cgroup *cgroup)
{
    int fd = cgroup->ways[CGROUP_MEMORY].fd;
    bool is_v2 = cgroup->ways[CGROUP_MEMORY].keeper == KEEPER_V2;

    return fd < 0 ? 0
                  : cgroup_read_int(fd, is_v2 ? "memory.peak" : "memory.max_usage_in_bytes", "");
}

bool cgroup_memory(const struct cgroup *cgroup, int64_t *ret_bytes)
{
    int fd = cgroup->ways[CGROUP_MEMORY].fd;
    bool is_v2 = cgroup->ways[CGROUP_MEMORY].keeper == KEEPER_V2;

    if (fd < 0) {
        return false;
    }
    *ret_bytes = cgroup_read_int(fd, "memory.stat", is_v2 ? "anon" : "total_rss") +
                 cgroup_read_int(fd, "memory.stat", is_v2 ? "shmem" : "total_shmem");
    return true;
}

bool cgroup_usage_us(const struct cgroup *cgroup, int64_t *ret_cpu_us)
{
    int fd = cgroup->ways[CGROUP_USAGE].fd;

    if (fd < 0) {
        return false;
    }
    *ret_cpu_us = cgroup->ways[CGROUP_USAGE].keeper == KEEPER_V2
                      ? cgroup_read_int(fd, "cpu.stat", "usage_usec")
                      : cgroup_read_int(fd, "cpuacct.usage", "") / 1000;
    return true;
}

/* --- killing ------------------------------------------------------------------------------------
 */

/* Sends a signal to all in a group; returns how many there were. */
static size_t signal_group(int fd, int signal_number)
{
    _cleanup_(str_fini)
    struct str procs = STR_EMPTY;
    size_t count = 0;
    char *rest;

    if (!cgroup_read(fd, "cgroup.procs", &procs)) {
        return 0;
    }
    rest = procs.data;
    while (rest != NULL) {
        const char *line = strsep(&rest, "\n");
        int64_t pid;

        if (int_from_str(line, &pid) && pid > 1 && pid != getpid()) {
            (void)kill((pid_t)pid, signal_number);
            count++;
        }
    }
    return count;
}

/* Nobody forks while it is frozen, so nobody gets away.  What is frozen dies when it is thawed. */
static void freeze_all(const struct cgroup *cgroup)
{
    int fd = cgroup->ways[CGROUP_SUSPEND].fd;

    if (cgroup->ways[CGROUP_SUSPEND].keeper == KEEPER_V2) {
        (void)cgroup_write(fd, "cgroup.freeze", "1");
        for (int i = 0; i < FREEZE_TRIES && cgroup_read_int(fd, "cgroup.events", "frozen") == 0 &&
                        cgroup_read_int(fd, "cgroup.events", "populated") != 0;
             i++) {
            (void)poll(NULL, 0, 1);
        }
        return;
    }
    for (int i = 0; i < FREEZE_TRIES; i++) {
        _cleanup_(str_fini)
        struct str state = STR_EMPTY;

        (void)cgroup_write(fd, "freezer.state", "FROZEN");
        if (cgroup_read(fd, "freezer.state", &state) && str_starts(state.data, "FROZEN")) {
            return;
        }
        (void)poll(NULL, 0, 1);
    }
}

static void thaw_all(const struct cgroup *cgroup)
{
    int fd = cgroup->ways[CGROUP_SUSPEND].fd;

    (void)(cgroup->ways[CGROUP_SUSPEND].keeper == KEEPER_V2
               ? cgroup_write(fd, "cgroup.freeze", "0")
               : cgroup_write(fd, "freezer.state", "THAWED"));
}

size_t cgroup_kill(const struct cgroup *cgroup)
{
    bool has_freezer = cgroup_keeps(cgroup, CGROUP_SUSPEND);
    size_t most = 0;

    if (has_freezer) {
        freeze_all(cgroup);
    }
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        size_t count = 0;

        if (cgroup->ways[i].fd >= 0) {
            count = signal_group(cgroup->ways[i].fd, SIGKILL);
            (void)cgroup_write(cgroup->ways[i].fd, "cgroup.kill", "1"); /* those inside it, too */
        }
        most = count > most ? count : most;
    }
    if (has_freezer) {
        thaw_all(cgroup);
    }
    return most;
}

/* --- afterwards ---------------------------------------------------------------------------------
 */

static bool remove_named(const char *const ways[static CGROUP_LIMIT_COUNT], const char *name)
{
    bool gone = true;

    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        enum cgroup_keeper keeper;
        const char *parent = parse_way(ways[i], &keeper);

        if (parent != NULL) {
            gone = cgroup_remove_group(parent, name) && gone;
            (void)rmdir(parent); /* unless somebody uses it */
        }
    }
    return gone;
}

bool cgroup_remove(const char *const ways[static CGROUP_LIMIT_COUNT], const char *uid, int64_t run)
{
    char name[CGROUP_NAME_SIZE];

    return !name_run(name, uid, run) || remove_named(ways, name);
}

static size_t kill_named(const char *const ways[static CGROUP_LIMIT_COUNT], const char *name)
{
    struct cgroup cgroup;
    size_t count;

    cgroup_init(&cgroup);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        const char *parent = parse_way(ways[i], &cgroup.ways[i].keeper);

        cgroup.ways[i].fd = parent == NULL ? -1 : cgroup_open(parent, name, false);
    }
    count = cgroup_kill(&cgroup);
    cgroup_fini(&cgroup);
    return count;
}

size_t cgroup_sweep(const char *const ways[static CGROUP_LIMIT_COUNT], const char *uid, int64_t run)
{
    char name[CGROUP_NAME_SIZE];
    size_t count = name_run(name, uid, run) ? kill_named(ways, name) : 0;

    /* Removing waits for who was killed just now, and who does not die would be waited for again
     * and again: that is what the next sweep is for. */
    if (count == 0) {
        (void)cgroup_remove(ways, uid, run);
    }
    return count;
}

/* UID and RUN of a group's name; false when it is none of ours. */
static bool parse_name(const char *name, char uid[static CGROUP_NAME_SIZE], int64_t *ret_run)
{
    char again[CGROUP_NAME_SIZE];
    const char *last = strrchr(name, '-');

    if (last == NULL || last == name || last - name >= CGROUP_NAME_SIZE ||
        !int_from_str(last + 1, ret_run)) {
        return false;
    }
    (void)snprintf(uid, CGROUP_NAME_SIZE, "%.*s", (int)(last - name), name);
    return name_run(again, uid, *ret_run) && str_eq(again, name);
}

/* Somebody is just finding out how things stand here. */
static bool is_trial(const char *name)
{
    int64_t pid;

    return str_starts(name, "trial-") && int_from_str(name + 6, &pid) && pid > 1 &&
           (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

struct group_names {
    VEC_OF(char *);
};

static void list_groups(const char *parent, struct group_names *names)
{
    DIR *dir = opendir(parent);
    const struct dirent *entry;

    while (dir != NULL && names->count < CGROUPS_SWEPT_MAX && (entry = readdir(dir)) != NULL) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            vec_add(names, mem_strdup(entry->d_name));
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

size_t cgroup_sweep_unknown(const char *const ways[static CGROUP_LIMIT_COUNT],
                            cgroup_is_known_fn *is_known, void *data)
{
    struct group_names names = {.count = 0};
    size_t found = 0;

    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        enum cgroup_keeper keeper;
        const char *parent = parse_way(ways[i], &keeper);

        if (parent != NULL) {
            list_groups(parent, &names);
        }
    }
    vec_each (&names, it) {
        char uid[CGROUP_NAME_SIZE];
        int64_t run;

        if (!is_trial(*it) &&
            (!parse_name(*it, uid, &run) || is_known == NULL || !is_known(data, uid, run))) {
            (void)kill_named(ways, *it);
            (void)remove_named(ways, *it);
            found++;
        }
        free(*it);
    }
    vec_fini(&names);
    return found;
}
