/* The shim: a tiny process between the agent and one workload, which outlives the agent.
 *
 *     starting → running → ending → killing → ended
 *
 * It executes the workload, writes its output to a bounded log, keeps its limits, ends it when it
 * must (told to; the lease is over; no agent came back; over its memory), reaps all of it and
 * writes down how it ended.  It has a session of its own, so that what kills the agent and the
 * agent's group does not reach it.
 *
 * The agent makes the run's folder (agent/shim/spec.h) and calls shim_spawn(). */
#pragma once

#include "schema/base/err.h"

/* Starts a shim for a run's folder that holds a spec.  `ret_socket` is a control connection it was
 * born with (close-on-exec, blocking).  `label` shows up in ps. */
int shim_spawn(int run_fd, const char *label, int *ret_socket, struct err *err);

/* `fog-agent shim …`: to be called by main() of whatever executable calls shim_spawn(), when its
 * first argument is "shim".  Works in the current folder; returns the exit code. */
int shim_main(void);
