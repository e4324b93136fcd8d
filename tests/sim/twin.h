/* The same again, without faults:
 *
 *     twin   what operators did in a world, in the order of its ledger, is done again in a second
 *            world in which nothing goes wrong.  Everything that was carried out is carried out
 *            there, with as many revisions of policies and sessions for each write; in the end the
 *            same is declared, and the judge is content with both worlds.
 *     once   where nothing goes wrong, no form of an assignment is started twice, but what fails by
 *            itself or what was suspended; and nobody but operators makes revisions of policies
 *            and sessions; worlds in which a rollout was reverted (check_reverts.h) are not told.
 *
 * Of agents only what was not rolled back is compared, since a rollback leaves those alone that
 * came later.  Not compared: uids, revisions, times and owners; where replicas run, as long as they
 * may; how many runs there were, since the second world is told everything much faster. */
#pragma once

#include "tests/sim/sim.h"

struct story;

/* What was done in a world at rest, and what it led to. */
struct story *story_new(struct sim *sim);
void story_free(struct story *story);
size_t story_writes(const struct story *story);
size_t story_machines(const struct story *story);

/* The machines of the second world are those of the first. */
void twin_furnish(struct sim *twin, const struct story *story);
/* In a world that has begun: does it all again.  The caller waits for what follows. */
void twin_play(struct sim *twin, const struct story *story);
/* What followed is what followed in the first world. */
void twin_compare(struct sim *twin, const struct story *story);

/* In a world in which nothing went wrong. */
void check_once(struct sim *sim);
