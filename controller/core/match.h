/* Does an agent match what a session asks of it?  Pure questions about one object each. */
#pragma once

#include "schema/base/str.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_session.h"
#include "schema/readings.h"

bool match_selector(const struct label_selector *selector, const struct strmap *labels);

/* What is not there, or a sensor that tells nothing, meets no requirement but `!=` and `notIn` on a
 * label.  `readings` NULL: none were told. */
bool match_requirement(const struct requirement *requirement, const struct object *agent,
                       const struct readings *readings);

/* Requirements on sensors count when work is placed, and never move what runs. */
bool requirement_is_on_reading(const struct requirement *requirement);

/* For people: "site=north, tier in (edge, core)"; "capacity.memory >= 2Gi"; and what the agent has
 * of the required field, "1Gi", or "none". */
void selector_to_str(const struct label_selector *selector, struct str *to);
void requirement_to_str(const struct requirement *requirement, struct str *to);
void requirement_have_to_str(const struct requirement *requirement, const struct object *agent,
                             const struct readings *readings, struct str *to);

/* Amounts for people, rounded down: "1.5Gi", "200Mi", "750m" cores. */
void bytes_to_words(int64_t bytes, struct str *to);
