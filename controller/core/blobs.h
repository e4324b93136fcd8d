/* Which stored blobs are needed, and which may go.  The blobs themselves are files of the shell
 * (controller/io/blobs.h); what refers to them is in the model. */
#pragma once

#include "schema/base/mono.h"

struct ctl;

struct blob_reference {
    const char *digest;      /* borrowed, as all here, for the call */
    const char *kind, *name; /* of the object that refers to it: "HarvestSession" "render" */
};

typedef void (*blob_reference_fn)(void *context, const struct blob_reference *reference);

/* Every reference that there is: sessions name artifacts, and so do the templates of assignments,
 * which may be of an earlier spec; assignments and sessions of tasks tell of outputs.  One blob may
 * come many times, from one object, too; all references of one object come one after the other. */
void ctl_each_blob(const struct ctl *ctl, blob_reference_fn visit, void *context);

/* Are they all durable?  A change that took one away may yet be undone, so until then no blob is
 * removed because somebody asks for it. */
bool ctl_blobs_are_settled(const struct ctl *ctl);

/* What the shell knows of one blob. */
struct blob_facts {
    bool is_in_use;             /* it is being read */
    bool is_referenced;         /* when we looked last */
    struct wall used;           /* when it was uploaded or, if later, last seen referenced */
    struct mono unneeded_since; /* since when each look found it without reference; MONO_NEVER: the
                                   newest found one, or there was none */
};

/* Looks at it.  True when `used` became `now`, which the shell then keeps with the file: now and
 * then while it is referenced, and when that ends. */
bool blob_look(struct blob_facts *facts, bool is_referenced, struct wall now, struct mono now_mono,
               int64_t keep_ms);
/* Somebody counts on its being here: not to be removed for another while.  True: as above. */
bool blob_use(struct blob_facts *facts, struct wall now, struct mono now_mono, int64_t keep_ms);

/* May it go?  All must hold:
 *  1. nothing refers to it, and nobody reads it;
 *  2. `keep_ms` have passed since it was used, by the wall clock, which goes on while we are not
 *     there; a clock that went back makes it young;
 *  3. we saw it unneeded for as long, or for BLOB_WATCH_MS when that is shorter: one leap of the
 *     wall clock takes nothing away that may be referred to again. */
bool blob_is_garbage(const struct blob_facts *facts, struct wall now, struct mono now_mono,
                     int64_t keep_ms);

/* May so much more be stored beside what is taken? */
bool blob_fits(int64_t taken_bytes, int64_t size_bytes, int64_t quota_bytes);
