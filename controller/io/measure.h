/* What the shell measures: how long steps and commits take, what the process uses.  The core is
 * told with each event, for it shows all metrics on one page (schema/metric.h). */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/event.h"
#include "controller/io/http.h"
#include "controller/io/store/store.h"

struct measure {
    struct metrics metrics;
    const char *store_path; /* borrowed; NULL: its size is not known */
};

void measure_init(struct measure *measure, const char *store_path);
int64_t measure_now_us(void); /* of a clock that only counts; its zero is some time */
struct wall measure_now_wall(void);

/* A step is over.  One of more than STEP_SLOW_MS is told in the log, with what it was about. */
void measure_step(struct measure *measure, const struct ctl_event *event, int64_t took_us);
/* A batch was given to the writer, and is durable. */
void measure_handed(struct batch *batch);
void measure_committed(struct measure *measure, const struct batch *batch);
void measure_failed(struct measure *measure); /* a commit */
void measure_history(struct measure *measure, const struct store_size *size);
/* Looks at the process, the store and the connections anew. */
void measure_look(struct measure *measure, const struct http_load *load);
