/* Outputs: what a run that ended well leaves behind, stored with the controller before it is told
 * that the work succeeded.
 *
 * The shell finds the files, takes their digests and stores them; asking again is harmless, for
 * what is stored already is not sent again.  So nothing of it is saved but the state of the work,
 * and in the end what was stored.
 *
 * Until the controller has the report nothing refers to what is stored, and it may go.  So the
 * run's folder stays until the report is acknowledged, and what was stored on an earlier connection
 * is stored again, which is a question for each file, before it is told on this one.
 *
 * What is sent uses the network and the processor: its policy and its owner say when. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum collect_state {
    COLLECT_NONE,
    COLLECT_ASKED, /* the shell is at it */
    COLLECT_LATER, /* it failed: again at not_before */
};

struct collect {
    enum collect_state state;
    unsigned tries; /* in a row */
    struct mono not_before;
    char message[256]; /* LATER: why */
    uint64_t version;  /* rises with whatever is to be reported of it */
    bool keeps_files;  /* all is stored, and that was not acknowledged: the run's folder is there */
    int64_t stored_epoch; /* the newest connection when it was */
};

bool collect_is_wanted(const struct work *work);
/* All is there now. */
void collect_stored(const struct agt *agt, struct work *work);
/* The controller knows, so the run's folder may go. */
bool collect_is_told(const struct work *work);
/* Connected, and it may be gone by now, so that it cannot be told: collect_settle() asks again. */
bool collect_is_in_doubt(const struct agt *agt, const struct work *work);
/* Is wanted in WORK_COLLECTING, and in doubt: asks for what is due when it may, lets go of it when
 * not. */
void collect_settle(struct agt *agt, struct work *work, bool may_go);
/* The run's folder may go, whatever the shell does with it. */
void collect_drop(struct agt *agt, struct work *work);
void collect_on_welcome(struct agt *agt); /* what failed is tried again at once */

/* The work whose collecting the event tells of; NULL: none (any more). */
struct work *collect_find(const struct agt *agt, const struct agt_event *event);
/* It cannot get better: a file is not there, or none that may be stored. */
bool collect_failed_for_good(const struct agt_event *event);
void collect_put_off(struct agt *agt, struct work *work, const struct agt_event *event);
/* Keeps what was stored, to be reported. */
void collect_keep(struct work *work, const outputs_t *outputs);
struct mono collect_deadline(const struct work *work);
