/* The controller's store of blobs, without their bytes: which digests are stored, how large and how
 * old, what is half here, how much room there is, and what may go, which the core is asked, as the
 * shell asks it (controller/io/blobs.c).
 *
 * What was published is there after whatever ends the process; an unfinished upload is gone, and so
 * is what was seen of references.  Operators store artifacts before they name them, or after, or
 * not, and remove some again.  Once the operators have ended, and in worlds without faults,
 * whatever is named is stored by somebody at once. */
#pragma once

#include "controller/core/blobs.h"
#include "schema/base/digest.h"
#include "schema/base/map.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "tests/sim/sim.h"

struct batch;
struct machine;

struct sim_blob {
    char digest[DIGEST_TEXT_SIZE];
    int64_t size_bytes;
    bool is_stored;
    bool is_given_up; /* removed by hand, or by nobody's fault named again after it went */
    struct blob_facts facts;
    uint64_t upload;  /* the newest unfinished one; 0: none */
    int64_t begun_ms; /* true time, as all below: that began */
    int64_t used_ms;  /* somebody was told that it is here */
    int64_t free_ms;  /* check_blobs.h: since when no committed row names it; -1: one does */
};

struct blob_errand { /* of an operator */
    char digest[DIGEST_TEXT_SIZE];
    struct die die;
    unsigned tries;
};

struct blob_store {
    struct map blobs; /* digest → struct sim_blob, owned: all that there ever were */
    int64_t quota_bytes, keep_ms;
    int64_t stored_bytes, reserved_bytes;
    uint64_t uploads;
    uint64_t process; /* of the controller; rises with its starts and ends */
    bool is_supplied; /* what is named is stored at once */
    struct {
        VEC_OF(struct blob_errand *);
    } errands; /* owned */
};

struct blob_store *blob_store_new(struct sim *sim);
void blob_store_free(struct blob_store *store);

struct sim_blob *blob_store_find(const struct sim *sim, const char *digest); /* NULL: never heard */

/* The controller's process. */
void blob_store_started(struct sim *sim);
void blob_store_ended(struct sim *sim);
/* Rows were committed, and are in the reference. */
void blob_store_committed(struct sim *sim, const struct batch *batch);
/* Its rows are those of some time ago. */
void blob_store_restored(struct sim *sim);
/* People put right what is missing, from now on. */
void blob_store_supply(struct sim *sim);

/* Requests that arrive.  0; ERR_NOT_FOUND, ERR_FULL, ERR_REFUSED. */
int blob_store_get(struct sim *sim, const char *digest);
/* Of an upload, the beginning: 0 and, unless it is stored already, the number of the upload; and
 * the end, when all is here: ERR_UNAVAILABLE when the process ended since, or another began. */
int blob_store_begin(struct sim *sim, const char *digest, uint64_t *ret_upload);
int blob_store_publish(struct sim *sim, const char *digest, uint64_t upload);
int blob_store_delete(struct sim *sim, const char *digest);
/* Does a request get there, and its answer back? */
bool blob_store_hears(const struct sim *sim, const struct machine *machine);

/* An operator is about to send this: see blob_people.c. */
void blob_people_see(struct sim *sim, const struct str *body);
