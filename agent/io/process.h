/* The runs of this machine: shims are started, found again, talked to, and cleared up after.
 *
 *     (spawn) --born--> joined <--> apart --record--> over --(forget)--> gone
 *     (found) ------------------------^  \--no shim--> sweeping --^
 *
 * A run is joined while we have a control connection to its shim.  When that ends, the run's folder
 * says what is the matter: a record, and it is over; the lock held, and the shim lives and is
 * connected to again; neither, and the shim was killed: what it left is killed too, and its loss is
 * recorded.
 *
 * What is wanted of a shim (stopped, suspended, slower, a later lease) is kept and said again on
 * each new connection.  But not that it may run, when its shim suspended it by itself: AGT_LAPSED
 * tells so, and what shall be is asked anew. */
#pragma once

#include "agent/core/agt.h"
#include "agent/io/enforcement.h"
#include "agent/shim/spec.h"

#include <uv.h>

struct process;

/* Called with everything filled in but `now` and `wall`; never from within a function of this
 * header, except process_find().  Texts are borrowed for the call. */
typedef void process_event_fn(void *data, struct agt_event *event);

struct process *process_new(uv_loop_t *loop, int work_fd, process_event_fn *on_event, void *data);
/* Before anything is spawned or found: workloads get control groups of their own where it says so;
 * borrowed.  Without it shims keep all limits themselves. */
void process_enforce(struct process *process, const struct enforcement *enforcement);
/* Before the start: announces every run there is (AGT_FOUND), ended ones with their records.
 * Control groups of ours without a run are removed, with all that is in them. */
void process_find(struct process *process);
/* Closes all handles and leaves all shims alone; to be freed after the loop has drained. */
void process_close(struct process *process);
void process_free(struct process *process);

/* A failure comes as AGT_EXITED with EXIT_LOST. */
void process_spawn(struct process *process, const struct shim_spec *spec);
void process_stop(struct process *process, const char *uid, int64_t run, int64_t grace_ms);
void process_extend(struct process *process, const char *uid, int64_t run, struct mono lease_end);
/* Suspended at once, or, where there is a grace, after a signal and that; or resumed. */
void process_suspend(struct process *process, const char *uid, int64_t run, bool suspended,
                     const struct checkpoint *checkpoint);
/* Holds all its processes together to so many thousandths of a core, from now on and within a
 * second; 0: no more than the limit it was started with, which it never gets beyond. */
void process_limit(struct process *process, const char *uid, int64_t run, int64_t cpu_thousandths);
/* Kills it as one that broke a limit; so its record says, in these words. */
void process_overrun(struct process *process, const char *uid, int64_t run, const char *message);
/* How long it may run while nobody watches (agent/shim/control.h); 0: for as long as it likes. */
void process_watch(struct process *process, const char *uid, int64_t run, int64_t unwatched_ms);
/* What was changed from outside is made as it was set; said once: its shim tells again of what is
 * not. */
void process_mend(struct process *process, const char *uid, int64_t run);
/* The sensors were read, and what follows was said: shims are told so every WORD_MS. */
void process_on_watched(struct process *process);
/* After process_find(): removes the checkpoints of assignments that nobody knows any more. */
void process_sweep_checkpoints(struct process *process,
                               bool (*is_known)(void *data, const char *uid), void *data);
/* Removes the folder of a run that is over, or, for run 0, the assignment's checkpoint.  The
 * assignment's log stays until there are more than LOGS_KEPT_MAX of assignments without runs. */
void process_forget(struct process *process, const char *uid, int64_t run);

/* Stops everything with the grace it was started with. */
void process_stop_all(struct process *process);
size_t process_count_live(const struct process *process);
