/* A disk that lives in memory and loses power: SQLite sees it as a VFS of its own.
 *
 * It keeps apart what programs see and what would survive.  A write, a truncation, a new or removed
 * name is seen at once; it is safe only after a sync of its file (of its directory, for names).  At
 * a power cut every sector that is not safe is kept, dropped, torn or garbled by chance, and every
 * name kept or dropped; what was synced stays.  Sectors already safe and not written again are
 * never touched (SQLite assumes as much of real disks: "powersafe overwrite").
 *
 * One thread, several connections: shared memory and locks work between them.  Everything follows
 * from the seed.  A new disk also reseeds SQLite's own generator, which is one per process. */
#pragma once

#include "schema/base/mono.h"
#include "tests/sim/die.h"

#include <stdint.h>

struct disk;

/* Since disk_new(). */
struct disk_counters {
    uint64_t operations; /* all that reach the disk */
    uint64_t changes;    /* of them: writes, truncations, syncs, names made and removed */
    uint64_t syncs;
    uint64_t faults; /* answered by an injected error */
    uint64_t power_cuts;
    uint64_t sectors_kept, sectors_dropped, sectors_torn, sectors_garbled; /* at cuts */
};

/* `name` is what store_options.vfs takes; it must be unused and is copied. */
struct disk *disk_new(const char *name, uint64_t seed);
struct disk *disk_new_with(const char *name, const struct die *die); /* copied */
void disk_free(struct disk *disk);                                   /* no file may be open */
const char *disk_name(const struct disk *disk);
const struct disk_counters *disk_counters(const struct disk *disk);

void disk_set_wall(struct disk *disk, struct wall now); /* what SQLite takes for the time */

/* What becomes of all that is not safe when the power goes. */
enum temper {
    TEMPER_LOSE_ALL,
    TEMPER_KEEP_ALL,
    TEMPER_IN_ORDER, /* up to some point, the change there torn */
    TEMPER_ANY,      /* each sector kept or dropped */
    TEMPER_WILD,     /* and torn, and garbled */
    TEMPER_COUNT
};

/* The power goes and comes back.  Files open until now are dead: everything fails but closing. */
void disk_power_cut(struct disk *disk, struct die *die);
void disk_set_temper(struct disk *disk,
                     enum temper temper); /* else it is drawn: of the next cut, or failed sync */
/* The process dies, the machine goes on: open files are dead, nothing that was written is lost. */
void disk_process_crash(struct disk *disk);

/* The power goes at the n-th change from now (1: the next); from then on every operation fails,
 * until disk_power_cut() brings it back.  0: never. */
void disk_cut_at(struct disk *disk, uint64_t nth);
bool disk_is_off(const struct disk *disk);
/* The n-th operation from now fails with an IO error, once.  0: none. */
void disk_fail_at(struct disk *disk, uint64_t nth);
/* The n-th sync from now fails, once.  As on Linux, what it should have made safe may be lost even
 * if a later sync succeeds.  0: none. */
void disk_fail_sync_at(struct disk *disk, uint64_t nth);
/* While full, no file can grow. */
void disk_set_full(struct disk *disk, bool is_full);

/* From elsewhere, and to there: a copy of all that programs see of a file, to be freed, NULL when
 * there is none; a file with these bytes, safe at once, instead of what there was (NULL: no file).
 */
void *disk_read_file(const struct disk *disk, const char *name, size_t *ret_size_bytes);
void disk_replace_file(struct disk *disk, const char *name, const void *bytes, size_t size_bytes);

bool disk_has_file(const struct disk *disk, const char *name);
/* As rename(2); true when there was such a file. */
bool disk_rename(struct disk *disk, const char *from, const char *to);
