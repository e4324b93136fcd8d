/* Why something is not as declared, in words that a person can act on. */
#pragma once

#include "controller/core/place.h"
#include "schema/base/str.h"

/* "3 agents match; 2 lack 512Mi free memory (edge-1 200Mi, edge-2 310Mi)". */
void explain_tally(const struct session_entry *session, const struct resources *needs,
                   const struct tally *tally, struct str *to);
/* "edge-1 lacks 512Mi free memory (200Mi)": one agent. */
void explain_refusal(const struct session_entry *session, const struct agent_entry *agent,
                     const struct resources *needs, enum place_refusal refusal, size_t demand,
                     struct str *to);
