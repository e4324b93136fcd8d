/* Artifacts: what has to be in a run's working folder before it starts.
 *
 * The shell fetches, verifies and puts them ready; one request brings them for one start.  What is
 * known of it is not saved: after a restart of the agent it is asked again, and what was fetched
 * before is still in the shell's cache. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum fetch_state {
    FETCH_NONE,
    FETCH_ASKED, /* the shell is at it */
    FETCH_READY, /* all are put ready */
    FETCH_LATER, /* it failed: again at not_before */
};

struct fetch {
    enum fetch_state state;
    int64_t number;                         /* of the newest request */
    char template_digest[DIGEST_TEXT_SIZE]; /* that it was for */
    const char *reason;                     /* LATER: static, in one word */
    char message[256];                      /* ASKED: how far it is; LATER: why not */
    unsigned tries;                         /* in a row */
    struct mono not_before;
    uint64_t version; /* rises with whatever is to be reported of it */
};

void fetch_on_progress(struct agt *agt, const struct agt_event *event);
void fetch_on_fetched(struct agt *agt, const struct agt_event *event);
void fetch_on_welcome(struct agt *agt); /* what failed is tried again at once */

/* Work that waits for its start: asks for what is missing when it may begin, and lets go of it when
 * it may not. */
void fetch_settle(struct agt *agt, struct work *work, bool may_begin);
bool fetch_allows_start(const struct work *work);
/* A run starts with what was put ready; the next one needs its own. */
void fetch_use_up(struct work *work);
/* It will not start: whatever the shell does or has for it may go. */
void fetch_drop(struct agt *agt, struct work *work);
struct mono fetch_deadline(const struct work *work);
