/* The shell around the core: one libuv loop, one timer, one door.
 *
 *     sockets, threads, clock ──event──▶ ctl_step() ──batch──▶ writer ──committed──┐
 *                                            └──effects──▶ gate ◀──────────────────┘
 *                                                           └──▶ HTTP, links, reader
 */
#pragma once

#include "controller/io/engine.h"

struct loop;

enum loop_exit { LOOP_EXIT_OK = 0, LOOP_EXIT_SYNC = 3, LOOP_EXIT_LOST = 4 };

/* Opens both listeners and starts the threads.  The engine is borrowed, and replaced in place after
 * a failed commit.  `ret_loop` is given even on failure: close it. */
int loop_open(const struct config *config, struct engine *engine, struct loop **ret_loop,
              struct err *err);
/* Until SIGTERM or SIGINT, then until what was decided is stored.  Returns the exit status;
 * after a failed fsync it does not return: the process ends at once with LOOP_EXIT_SYNC. */
enum loop_exit loop_run(struct loop *loop);
void loop_close(struct loop *loop);
