/* Was this allowed to be done, and to be said?  Asked of every effect of a core, before it is
 * performed:
 *
 *     authorised    a run is started for what the agent had been told by then, and nothing later
 *                   that it knows of contradicts; it is ended only when it may be
 *     saved-first   what is started, accepted or reported was written down before
 *     paused        nothing starts while the owner has paused the machine
 *     back-off      what failed again and again is left alone for a while
 *     finished      what is done is not done again, unless it is to be
 *     truth         what is reported to have ended has ended, and as it is reported
 *     spent         and no more is reported to be used than was used
 *     never-back    numbers of reports and revisions of sets rise, over all lives of an agent
 *     told          nobody is told of what is not durable
 *     caps          no message is longer than may be
 *     watch         a watch tells all changes of one step at once */
#pragma once

#include "schema/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct agt_spawn;
struct machine;
struct shim;
struct sim;

/* Agents. */
void check_spawn(struct machine *machine, const struct agt_spawn *spawn);
void check_stop(const struct shim *shim);
void check_says(struct machine *machine, const struct blob *bytes);
void check_set_saved(struct machine *machine); /* its state was written */

/* The controller. */
struct told {           /* on one stream */
    uint64_t opened_at; /* revision; what was before may be read from history, in pieces */
    uint64_t revision;
    int64_t at_ms;
};
void check_told(struct sim *sim, const struct blob *bytes);
void check_told_agent(struct sim *sim, const struct blob *bytes);
void check_watched(struct sim *sim, struct told *told, const struct blob *bytes);
