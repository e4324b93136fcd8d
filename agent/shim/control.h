/* The socket on which a shim listens, and the messages on it: one line each, words as in
 * agent/shim/fields.h.
 *
 *     agent → shim            shim → agent
 *     stop grace_ms=N         status state=S started=WALL since=BOOT_MS lapse=N frozen=0|1
 *     lease end=BOOT_MS           limit=N drift=BITS                           always first
 *     suspend [signal=S       usage cpu_ms=N wall_ms=N memory_peak=N memory=N
 *         grace_ms=N]         exited                                           then it closes
 *     resume lapse=N
 *     limit cpu=N
 *     overrun message=TEXT    it is killed as one that broke a limit
 *     watch unwatched_ms=N
 *     usage watched=0|1       and a status, when something was changed from outside (BITS of enum
 *     mend                        drift_sort), until it is not so any more
 *
 * S is starting, running or ending.  It is frozen since `since`, whichever agents came and went
 * meanwhile; 0: it is not.  Shims of before do not say.  Limits are thousandths of a core, 0 for
 * none; the stricter of the one that is told and the one it was started with counts.  `exited` says
 * that the record is written; whoever loses the connection looks for the record too.
 *
 * `suspend` with a signal (USR1, USR2) and a grace sends that to the workload's first process and
 * freezes all when the grace is over; without, for one that is not known, or when that process does
 * not wait for it, it freezes at once.
 * Said again before that it does nothing, or without a grace: at once.  Whatever else ends the
 * grace, as `resume`, `stop` and a lapse do, sends no further signal.
 *
 * An agent says `usage` every WORD_MS, and with it whether it has read the machine's sensors since
 * it said so last.  Who says whether at all has promised to: when nobody has watched for longer
 * than `unwatched_ms` the shim suspends the work by itself, and says so.  That is a lapse, and they
 * are numbered: `lapse` of a status is 0 while none lasts, and a `resume` by somebody who has not
 * heard of the newest is of before it, and does nothing.  Agents of before this was so promise
 * nothing and number nothing: they watch for as long as they are connected. */
#pragma once

#include "schema/base/str.h"
#include "schema/limits.h"

#include <poll.h>
#include <stdbool.h>

typedef void control_line_fn(void *data, char *line);

struct control_connection {
    int fd; /* -1: free */
    char line[SHIM_LINE_BYTES_MAX];
    size_t length;
};

struct control {
    int listen_fd; /* -1 when the socket could not be made */
    struct control_connection connections[SHIM_CONNECTIONS_MAX];
};

/* Listens on RUN_CONTROL in the current folder. */
void control_init(struct control *control);
void control_fini(struct control *control);
/* Takes a connection over, for instance the one the shim was born with; false: too many. */
bool control_adopt(struct control *control, int fd);
size_t control_count(const struct control *control); /* open connections */

/* Fills in what to wait for; returns how many (at most CONTROL_POLLS). */
enum { CONTROL_POLLS = SHIM_CONNECTIONS_MAX + 1 };
size_t control_polls(const struct control *control, struct pollfd polls[static CONTROL_POLLS]);
/* Reads what came: whole lines go to `on_line`; new connections are greeted with `greeting`. */
void control_serve(struct control *control, const struct pollfd *polls, size_t count,
                   const char *greeting, control_line_fn *on_line, void *data);
/* To every connection; one that cannot take it is closed. */
void control_send(struct control *control, const char *line);
