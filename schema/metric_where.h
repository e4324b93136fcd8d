/* What alert rules ask for: metrics by name, in the language of schema/where.h.
 *
 *     fog_agents.away > 3 && fog_store_full == 0
 *
 * A metric without a label is a name; one with a label is a group, whose keys are the label's
 * words.  Histograms, and what tells the version, cannot be asked for.  Seconds are durations. */
#pragma once

#include "schema/metric.h"
#include "schema/where.h"

extern const struct where_names metric_where_names;

/* The metric of a row of these names. */
enum metric metric_where_metric(size_t row);

struct metric_view { /* whose fields metric_where_get() tells */
    const struct metrics *core;
    const struct metrics *shell; /* NULL: what it counts is not known */
};

where_get_f metric_where_get;

/* "fog_agents.away is 3, fog_store_full is 0": all that a condition asks for, and what it is. */
void metric_where_text(const struct where *where, const struct metric_view *view, struct str *to);
