/* Clearing up after a shim that was killed: an orphan is a process without a live shim, and there
 * are to be none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kills what is left of a run whose shim is dead, and tells how many there still were; call it
 * again until it says 0.  `run_fd` is the run's folder.
 *
 * Left over is who is in the run's control groups, which then are removed; who is in the session
 * that the shim made; who was started with the run's FOG_ASSIGNMENT and FOG_RUN.  Where there are
 * no control groups, whoever left the session *and* wiped its environment is not found: only its
 * shim could have kept hold of it. */
size_t sweep_run(int run_fd, const char *uid, int64_t run);
/* Had the run a shim since the machine was booted? */
bool sweep_is_of_this_boot(int run_fd);
