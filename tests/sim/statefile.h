/* The file in which an agent keeps its state, as its shell replaces it: a new file is written and
 * synced, renamed over the old one, and the folder synced.  So there is always a whole one; which,
 * after a power cut, depends on how far the replacing had come. */
#pragma once

#include "schema/base/str.h"
#include "tests/sim/die.h"

struct statefile {
    struct blob *seen; /* owned reference: what a read gives; NULL: nothing yet */
    struct blob *safe; /* owned reference: what a power cut may bring back instead */
};

enum saving {
    SAVING_WELL,
    SAVING_REFUSED,  /* no space, an IO error, a failed sync of the new file: the old one stays */
    SAVING_UNSYNCED, /* renamed, and the sync of the folder failed or never came */
};

void statefile_replace(struct statefile *file, struct blob *bytes /* borrowed */,
                       enum saving saving);
/* Somebody put another one there, and it is safe. */
void statefile_set(struct statefile *file, struct blob *bytes /* borrowed; may be NULL */);
void statefile_lose_power(struct statefile *file, struct die *die);
void statefile_fini(struct statefile *file);
