#include "agent/io/inputs.h"

#include "agent/io/work.h"
#include "agent/shim/file.h"
#include "agent/shim/spec.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define INPUTS "inputs"

int inputs_make(int work_fd, const char *uid)
{
    _cleanup_(file_close)
    int assignment_fd = file_open_dir(work_fd, uid, true);

    if (assignment_fd < 0) {
        return -1;
    }
    (void)file_remove_tree(assignment_fd, INPUTS);
    return file_open_dir(assignment_fd, INPUTS, true);
}

bool inputs_take(int work_fd, const char *uid, int run_fd)
{
    _cleanup_(file_close)
    int assignment_fd = file_open_dir(work_fd, uid, false);

    return assignment_fd >= 0 && renameat(assignment_fd, INPUTS, run_fd, RUN_FILES) == 0;
}

void inputs_drop(int work_fd, const char *uid)
{
    _cleanup_(file_close)
    int assignment_fd = file_open_dir(work_fd, uid, false);

    if (assignment_fd >= 0) {
        (void)file_remove_tree(assignment_fd, INPUTS);
        (void)unlinkat(work_fd, uid, AT_REMOVEDIR); /* only when nothing else is in it */
    }
}

void inputs_clear(int work_fd)
{
    int copy = openat(work_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = file_list(copy);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (work_is_safe_uid(entry->d_name)) {
            inputs_drop(work_fd, entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}
