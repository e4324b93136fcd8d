/* Folders named after uids and numbers; whatever has another name is left alone. */
#include "agent/io/work.h"

#include "agent/shim/file.h"
#include "agent/shim/spec.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_SIZE = 32 };

struct names {
    VEC_OF(char *);
};

static void names_fini(struct names *names)
{
    vec_each (names, it) {
        free(*it);
    }
    vec_fini(names);
}

static void list_folder(int fd, struct names *names)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = file_list(copy);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            vec_add(names, mem_strdup(entry->d_name));
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

bool work_is_safe_uid(const char *uid)
{
    size_t length = strspn(uid, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length <= UID_BYTES_MAX && uid[length] == '\0';
}

int work_open_run(int work_fd, const char *uid, int64_t run, bool make)
{
    _cleanup_(file_close)
    int assignment_fd = file_open_dir(work_fd, uid, make);
    char number[NUMBER_SIZE];

    (void)snprintf(number, sizeof(number), "%lld", (long long)run);
    return assignment_fd < 0 ? -1 : file_open_dir(assignment_fd, number, make);
}

/* Adds the runs of one assignment; returns how many. */
static size_t list_runs(int work_fd, const char *uid, struct work_runs *runs)
{
    _cleanup_(file_close)
    int fd = file_open_dir(work_fd, uid, false);
    _cleanup_(names_fini)
    struct names names = {.count = 0};
    size_t before = runs->count;

    if (fd < 0) {
        return 0;
    }
    list_folder(fd, &names);
    vec_each (&names, it) {
        struct work_run run;

        if (int_from_str(*it, &run.run)) {
            run.uid = mem_strdup(uid);
            vec_add(runs, run);
        }
    }
    return runs->count - before;
}

void work_list(int work_fd, struct work_runs *runs)
{
    _cleanup_(names_fini)
    struct names uids = {.count = 0};

    list_folder(work_fd, &uids);
    vec_each (&uids, it) {
        if (work_is_safe_uid(*it)) {
            (void)list_runs(work_fd, *it, runs);
        }
    }
}

void work_runs_fini(struct work_runs *runs)
{
    vec_each (runs, it) {
        free(it->uid);
    }
    vec_fini(runs);
}

bool work_remove_run(int work_fd, const char *uid, int64_t run)
{
    _cleanup_(file_close)
    int assignment_fd = file_open_dir(work_fd, uid, false);
    char number[NUMBER_SIZE];

    (void)snprintf(number, sizeof(number), "%lld", (long long)run);
    return assignment_fd < 0 || faccessat(assignment_fd, number, F_OK, 0) < 0 ||
           file_remove_tree(assignment_fd, number);
}

static bool has_checkpoint(int work_fd, const char *uid)
{
    char path[UID_BYTES_MAX + 1 + sizeof(RUN_CHECKPOINT)];

    (void)snprintf(path, sizeof(path), "%s/" RUN_CHECKPOINT, uid);
    return faccessat(work_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool work_remove_checkpoint(int work_fd, const char *uid)
{
    _cleanup_(file_close)
    int fd = file_open_dir(work_fd, uid, false);

    return fd < 0 || !has_checkpoint(work_fd, uid) || file_remove_tree(fd, RUN_CHECKPOINT);
}

void work_sweep_checkpoints(int work_fd, bool (*is_known)(void *data, const char *uid), void *data)
{
    _cleanup_(names_fini)
    struct names uids = {.count = 0};

    list_folder(work_fd, &uids);
    vec_each (&uids, it) {
        if (work_is_safe_uid(*it) && !is_known(data, *it)) {
            (void)work_remove_checkpoint(work_fd, *it);
        }
    }
}

/* Nothing is left of an assignment but what it wrote: no run, and nothing that waits for the next.
 */
static bool is_log_alone(int work_fd, const char *uid)
{
    _cleanup_(file_close)
    int fd = work_is_safe_uid(uid) ? file_open_dir(work_fd, uid, false) : -1;
    _cleanup_(names_fini)
    struct names names = {.count = 0};

    if (fd < 0) {
        return false;
    }
    list_folder(fd, &names);
    vec_each (&names, it) {
        if (!str_eq(*it, RUN_LOG) && !str_eq(*it, RUN_LOG_OLD)) {
            return false;
        }
    }
    return true;
}

/* When an assignment last wrote to its log; 0 when it never did. */
static int64_t changed_at(int work_fd, const char *uid)
{
    char path[UID_BYTES_MAX + 1 + sizeof(RUN_LOG)];
    struct stat about;

    (void)snprintf(path, sizeof(path), "%s/" RUN_LOG, uid);
    return fstatat(work_fd, path, &about, AT_SYMLINK_NOFOLLOW) == 0 ? about.st_mtime : 0;
}

static char *take_oldest(int work_fd, struct names *uids)
{
    size_t oldest = 0;
    char *uid;

    for (size_t i = 1; i < uids->count; i++) {
        if (changed_at(work_fd, uids->items[i]) < changed_at(work_fd, uids->items[oldest])) {
            oldest = i;
        }
    }
    uid = uids->items[oldest];
    vec_remove(uids, oldest);
    return uid;
}

size_t work_prune_logs(int work_fd, size_t max)
{
    _cleanup_(names_fini)
    struct names all = {.count = 0}, idle = {.count = 0};

    list_folder(work_fd, &all);
    vec_each (&all, it) {
        if (is_log_alone(work_fd, *it)) {
            vec_add(&idle, TAKE(*it));
        }
    }
    while (idle.count > max) {
        _cleanup_free_ char *uid = take_oldest(work_fd, &idle);

        (void)file_remove_tree(work_fd, uid);
    }
    return idle.count;
}
