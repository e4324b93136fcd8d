/* The folder in which an assignment's artifacts are put ready, work/UID/inputs: made anew and
 * opened (-1 with errno); given to a run as its working folder (false: there is none); removed. */
#pragma once

#include <stdbool.h>

int inputs_make(int work_fd, const char *uid);
bool inputs_take(int work_fd, const char *uid, int run_fd);
void inputs_drop(int work_fd, const char *uid);
void inputs_clear(int work_fd); /* of all assignments */
