/* What must survive: written whole, before it is acted on.
 *
 * The saved form is one line with a digest and then JSON by a table, so that an edited or torn file
 * is told from a good one. */
#pragma once

#include "agent/core/agt.h"

struct saver {
    bool is_due;
    bool is_unconfirmed; /* the last step emitted a save that may yet fail */
    uint64_t step;       /* that emitted the last one */
    unsigned failures;   /* in a row */
    struct mono retry_at;
    struct mono usage_at;  /* when usage was last saved */
    bool usage_is_unsaved; /* some changed since */
};

/* Called first in each step. */
void saver_on_step(struct agt *agt, bool save_failed);
/* Now, or is it waiting after a failure?  While it may not, nothing is decided that needs it. */
bool saver_may_save(const struct agt *agt);
/* Emits AGT_SAVE when something is due. */
void saver_save(struct agt *agt);
void saver_check_usage(struct agt *agt);
struct mono saver_deadline(const struct agt *agt);
int saver_load(struct agt *agt, const char *bytes, size_t size_bytes, struct err *err);
