/* Two references: what is seen, and what is known to survive. */
#include "tests/sim/statefile.h"

static void point(struct blob **at, struct blob *bytes)
{
    struct blob *before = *at;

    *at = bytes == NULL ? NULL : blob_ref(bytes);
    blob_unref(before);
}

void statefile_replace(struct statefile *file, struct blob *bytes, enum saving saving)
{
    if (saving == SAVING_REFUSED) {
        return;
    }
    point(&file->seen, bytes);
    if (saving == SAVING_WELL) {
        point(&file->safe, bytes);
    }
}

void statefile_set(struct statefile *file, struct blob *bytes)
{
    statefile_replace(file, bytes, SAVING_WELL);
}

void statefile_lose_power(struct statefile *file, struct die *die)
{
    if (file->seen != file->safe && die_chance(die, 500)) {
        point(&file->seen, file->safe);
    } else {
        point(&file->safe, file->seen);
    }
}

void statefile_fini(struct statefile *file)
{
    point(&file->seen, NULL);
    point(&file->safe, NULL);
}
