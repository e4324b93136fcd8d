/* `fog-agent doctor`: what this machine can do for its controller and its owner, and what it
 * cannot.  Changes nothing for good: a trial file in the state directory, trial control groups. */
#pragma once

#include "agent/io/config.h"

/* Appends the findings, as a text for people or as JSON.  False when something is missing without
 * which an agent does not work here; what only limits it is told and is no failure. */
bool doctor_examine(const struct config *config, struct str *to);
