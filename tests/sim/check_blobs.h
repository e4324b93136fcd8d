/* Blobs, held against the rows that were committed, which a walk of its own reads for digests:
 *
 *     blobs   what a current object names goes neither by itself nor by hand; nor does, by itself,
 *             what somebody was told of within the time that is promised; no row calls work
 *             succeeded, or tells what a task made, when that is not stored, unless somebody
 *             removed it or old rows were put back; never is more taken than the quota; and what
 *             nothing names goes when its time has passed, unless the wall clock was set */
#pragma once

#include "tests/sim/sim.h"

struct batch;
struct map;
struct sim_blob;

/* Digests that current objects name, all or those of artifacts, as keys. */
void check_blobs_named(const struct sim *sim, struct map *ret_named);
void check_blobs_artifacts(const struct sim *sim, struct map *ret_named);
bool check_blobs_touches(const struct batch *batch); /* may it name others? */

void check_blob_room(struct sim *sim);
void check_blob_goes(struct sim *sim, const struct sim_blob *blob, const struct map *named);
void check_blob_stays(struct sim *sim, struct sim_blob *blob, const struct map *named);
void check_blob_removed(struct sim *sim, const struct sim_blob *blob);
void check_blobs_told(struct sim *sim, const struct batch *batch);
/* At any time: what is told to have been made is stored. */
void check_blobs_made(struct sim *sim);
