/* Watches: a client is told every change that concerns it, in order, each once, and resumes by
 * revision.
 *
 *     READING  --history caught up with the ring-->  LIVE
 *
 * A watch that begins at a revision still in the ring is LIVE at once; an older one reads history
 * in chunks until it has caught up. */
#pragma once

#include "controller/core/request.h"
#include "controller/core/selector.h"
#include "controller/core/table.h"

struct watcher {
    uint64_t id; /* of the HTTP exchange */
    const struct kind *kind;
    struct arena arena; /* owned: the selectors */
    struct selector labels, fields;
    struct table_form form; /* of what is told */
    bool knows_columns;     /* they were told with an earlier table */
    bool is_live;
    bool wants_bookmarks;
    bool owes_bookmark;  /* it has not said yet that it has caught up */
    uint64_t position;   /* LIVE: the next event in the ring */
    uint64_t revision;   /* told up to here */
    struct mono ends_at; /* timeoutSeconds */
    struct mono bookmark_at;
};

void watch_open(struct ctl *ctl, const struct request *request);
void watch_close(struct ctl *ctl, uint64_t id);
/* The next chunk of history for the watcher of this exchange; does nothing when it is gone. */
void watch_read_done(struct ctl *ctl, uint64_t id, const struct read_result *result);
struct mono watch_deadline(const struct ctl *ctl);
