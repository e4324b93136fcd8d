/* The folders of work/: one for each assignment, with its log and a folder for each of its runs. */
#pragma once

#include "schema/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct work_run {
    char *uid; /* owned */
    int64_t run;
};

struct work_runs {
    VEC_OF(struct work_run);
};

/* What the controller sent serves as a name of a folder here. */
bool work_is_safe_uid(const char *uid);
/* The folder of a run; -1 with errno. */
int work_open_run(int work_fd, const char *uid, int64_t run, bool make);

void work_list(int work_fd, struct work_runs *runs);
void work_runs_fini(struct work_runs *runs); /* fits _cleanup_ */

/* Removes a run's folder; false when something of it is left. */
bool work_remove_run(int work_fd, const char *uid, int64_t run);
/* What an assignment's runs keep for each other; false when something of it is left. */
bool work_remove_checkpoint(int work_fd, const char *uid);
/* Those of assignments that nobody knows. */
void work_sweep_checkpoints(int work_fd, bool (*is_known)(void *data, const char *uid), void *data);

/* Of the assignments of which nothing but a log is left, removes the oldest until there are at most
 * `max`; returns how many there are. */
size_t work_prune_logs(int work_fd, size_t max);
