/* Does an agent match a session's selector?  And what sessions ask of agents, for people. */
#pragma once

#include "schema/base/str.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_session.h"
#include "schema/readings.h"

bool match_selector(const struct label_selector *selector, const struct strmap *labels);

/* For people: "site=north, tier in (edge, core)"; "capacity.memory >= 2Gi". */
void selector_to_str(const struct label_selector *selector, struct str *to);
void requirement_to_str(const struct requirement *requirement, struct str *to);

/* Amounts for people, rounded down: "1.5Gi", "200Mi", "750m" cores. */
void bytes_to_words(int64_t bytes, struct str *to);
