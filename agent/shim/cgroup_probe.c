/* What the control groups of this machine can do for us, found out by making one.
 *
 * Version 2 has a rule that shapes this: a group's children get its controllers only when no
 * process is in the group itself.  So an agent that is alone in its group moves into a group beside
 * those of its workloads first.  One that is not alone leaves the others where they are, and goes
 * without. */
#include "agent/shim/cgroup.h"

#include "agent/shim/cgroup_file.h"
#include "agent/shim/file.h"
#include "schema/base/digest.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PLACE_SIZE = 64, FACTS_BYTES_MAX = 4 << 20 };

static const char *const handed_down[] = {"cpu", "memory", "pids"};

void cgroup_name_parent(int state_fd, char name[static CGROUP_NAME_SIZE])
{
    char place[PLACE_SIZE], text[DIGEST_TEXT_SIZE];
    struct digest digest;
    struct stat about;

    if (fstat(state_fd, &about) < 0) {
        about = (struct stat){.st_ino = 0};
    }
    (void)snprintf(place, sizeof(place), "%llu %llu", (unsigned long long)about.st_dev,
                   (unsigned long long)about.st_ino);
    digest_of(place, strlen(place), &digest);
    digest_to_str(&digest, text);
    (void)snprintf(name, CGROUP_NAME_SIZE, "fog-agent.%.16s", strchr(text, ':') + 1);
}

/* --- version 2: handing controllers down --------------------------------------------------------
 */

/* False when others than this process are in the group. */
static bool is_alone(int group_fd)
{
    _cleanup_(str_fini)
    struct str procs = STR_EMPTY;
    char *rest;

    if (!cgroup_read(group_fd, "cgroup.procs", &procs)) {
        return false;
    }
    rest = procs.data;
    while (rest != NULL) {
        const char *line = strsep(&rest, "\n");
        int64_t pid;

        if (line[0] != '\0' && (!int_from_str(line, &pid) || pid != getpid())) {
            return false;
        }
    }
    return true;
}

static bool move_aside(const struct cgroup_hierarchy *hierarchy, const char *name)
{
    _cleanup_(file_close)
    int fd = -1;
    char self[CGROUP_NAME_SIZE + 8];

    (void)snprintf(self, sizeof(self), "%s" CGROUP_SELF_SUFFIX, name);
    fd = cgroup_open(hierarchy->folder, self, true);
    return fd >= 0 && cgroup_write(fd, "cgroup.procs", "0") == 0;
}

/* Hands each controller down that the group has.  What cannot be is told in `held`. */
static void arrange(struct cgroup_hierarchy *hierarchy, int group_fd,
                    const struct cgroup_options *options)
{
    for (size_t i = 0; i < COUNT_OF(handed_down); i++) {
        int failed;

        if ((hierarchy->controllers & cgroup_controllers_from_str(handed_down[i], ' ', true)) ==
                0 ||
            cgroup_hands_down(group_fd, handed_down[i])) {
            continue;
        }
        if (!options->may_arrange) {
            cgroup_say(hierarchy->held,
                       "%.200s does not hand its controllers down; "
                       "an agent that is alone in it makes it do so",
                       hierarchy->folder);
            return;
        }
        failed = cgroup_hand_down(group_fd, handed_down[i]);
        if (failed == EBUSY && !is_alone(group_fd)) {
            cgroup_say(hierarchy->held,
                       "%.200s has other processes in it; "
                       "give the agent a group of its own (systemd: Delegate=yes)",
                       hierarchy->folder);
            return;
        }
        if (failed == EBUSY && move_aside(hierarchy, options->name)) {
            failed = cgroup_hand_down(group_fd, handed_down[i]);
        }
        if (failed != 0) {
            cgroup_say(hierarchy->held, "%.200s does not hand its controllers down: %s",
                       hierarchy->folder, strerror(failed));
            return;
        }
    }
}

/* Where systemd runs, groups are its own, but for those it marks as handed over. */
static bool is_delegated(const struct cgroup_hierarchy *hierarchy)
{
    char path[CGROUP_PATH_SIZE];
    char *slash;

    if (access("/run/systemd/system", F_OK) < 0) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s", hierarchy->folder);
    do {
        char byte = '0';

        if ((getxattr(path, "trusted.delegate", &byte, 1) == 1 ||
             getxattr(path, "user.delegate", &byte, 1) == 1) &&
            byte == '1') {
            return true;
        }
        slash = strrchr(path, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    } while (slash != NULL && slash != path);
    return false;
}

/* --- trying it ----------------------------------------------------------------------------------
 */

static void fail(struct cgroup_hierarchy *hierarchy, const char *doing, int number)
{
    cgroup_say(hierarchy->trouble, "cannot %s in %.200s: %s", doing, hierarchy->folder,
               strerror(number));
}

/* Can a process of ours enter it?  0 or an errno. */
static int try_to_enter(int group_fd)
{
    int fd = openat(group_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    int number = errno, status = 0;
    pid_t pid;

    if (fd < 0) {
        return number;
    }
    pid = fork();
    if (pid == 0) {
        _exit(write(fd, "0", 1) == 1 ? 0 : errno);
    }
    number = errno;
    (void)close(fd);
    if (pid < 0) {
        return number;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static unsigned files_of(int group_fd, bool is_v2)
{
    unsigned bits = 0;

    for (size_t i = 0; i < CGROUP_FILE_COUNT; i++) {
        const struct cgroup_file *file = &cgroup_files[i];

        if ((file->keeper == KEEPER_V2) == is_v2 &&
            faccessat(group_fd, file->name, file->limit == CGROUP_USAGE ? R_OK : W_OK, 0) == 0) {
            bits |= 1U << i;
        }
    }
    return bits;
}

static void try_hierarchy(struct cgroup_hierarchy *hierarchy, const struct cgroup_options *options)
{
    _cleanup_(file_close)
    int parent_fd = -1;
    _cleanup_(file_close)
    int trial_fd = -1;
    char trial[CGROUP_NAME_SIZE];
    int number;

    (void)snprintf(trial, sizeof(trial), "trial-%ld", (long)getpid());
    parent_fd = cgroup_open(hierarchy->folder, options->name, true);
    if (parent_fd < 0) {
        fail(hierarchy, "make a group", errno);
        return;
    }
    for (size_t i = 0; hierarchy->is_v2 && i < COUNT_OF(handed_down); i++) {
        (void)cgroup_hand_down(parent_fd, handed_down[i]); /* the trial shows what came of it */
    }
    trial_fd = cgroup_open(hierarchy->parent, trial, true);
    number = trial_fd < 0 ? errno : try_to_enter(trial_fd);
    if (number != 0) {
        fail(hierarchy, trial_fd < 0 ? "make a group" : "enter a group", number);
    } else {
        hierarchy->files = files_of(trial_fd, hierarchy->is_v2);
    }
    (void)cgroup_remove_group(hierarchy->parent, trial);
    (void)rmdir(hierarchy->parent); /* unless somebody uses it */
}

static void look_at(struct cgroup_hierarchy *hierarchy, const struct cgroup_options *options)
{
    _cleanup_(file_close)
    int fd = -1;
    _cleanup_(str_fini)
    struct str controllers = STR_EMPTY;

    if (hierarchy->trouble[0] != '\0') {
        return;
    }
    fd = open(hierarchy->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fail(hierarchy, "look", errno);
        return;
    }
    if (hierarchy->is_v2 && options->base[0] == '\0' && !is_delegated(hierarchy)) {
        cgroup_say(hierarchy->trouble, "systemd has not handed %.200s over (Delegate=yes)",
                   hierarchy->folder);
        return;
    }
    if (hierarchy->is_v2) {
        (void)cgroup_read(fd, "cgroup.controllers", &controllers);
        hierarchy->controllers = cgroup_controllers_from_str(controllers.data, ' ', true);
        arrange(hierarchy, fd, options);
    }
    try_hierarchy(hierarchy, options);
}

static void read_fact(const char *path, struct str *to)
{
    _cleanup_(file_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)file_read_fd(fd, FACTS_BYTES_MAX, to);
    }
}

void cgroup_find_facts(const struct cgroup_options *options, struct cgroup_facts *ret_facts)
{
    _cleanup_(str_fini)
    struct str mounts = STR_EMPTY, own = STR_EMPTY;

    read_fact("/proc/self/mountinfo", &mounts);
    read_fact("/proc/self/cgroup", &own);
    cgroup_facts_parse(mounts.data, own.data, options->base, options->name, ret_facts);
    for (size_t i = 0; i < ret_facts->count; i++) {
        look_at(&ret_facts->items[i], options);
    }
}

void cgroup_probe(const struct cgroup_options *options, struct cgroup_site *ret_site)
{
    _cleanup_free_ struct cgroup_facts *facts = MEM_NEW(struct cgroup_facts);

    if (str_eq(options->base, "none")) {
        cgroup_site_init(ret_site, "it is told to use no cgroups");
        return;
    }
    cgroup_find_facts(options, facts);
    cgroup_choose(facts, ret_site);
}
