/* Shared by disk.c (what is where, and what survives) and disk_vfs.c (SQLite's face of it). */
#pragma once

#include "schema/base/vec.h"
#include "tests/sim/disk.h"

#include <sqlite3.h>

enum { SECTOR_BYTES = 512, SHM_LOCKS = 8 };

/* Memory shared by the connections to one file; lives as long as one of them. */
struct shm {
    unsigned refs;
    struct {
        VEC_OF(void *); /* owned */
    } regions;
    unsigned shared[SHM_LOCKS];
    bool exclusive[SHM_LOCKS];
};

struct bytes {
    VEC_OF(uint8_t);
};

struct change { /* not yet safe */
    bool is_truncation;
    size_t offset, size_bytes; /* truncation: the new size in `offset` */
    size_t at;                 /* of its bytes in `pending` */
};

struct inode {
    unsigned refs; /* of handles, directories and changes of names */
    struct bytes seen, safe;
    struct {
        VEC_OF(struct change);
    } changes; /* from `safe` to `seen`, in order */
    struct bytes pending;

    struct shm *shm; /* borrowed from its handles; NULL: none */
    unsigned locks_shared;
    const void *locked_by; /* the handle with a lock above SHARED */
    bool is_pending;       /* nobody may begin to read */
};

struct entry {
    char *name;          /* owned */
    struct inode *inode; /* owned reference; in a change NULL: removed */
    bool with_next;      /* a change that happens together with the following one */
};

struct directory {
    VEC_OF(struct entry);
};

struct disk {
    struct sqlite3_vfs vfs;
    char *name; /* owned */
    struct die die;
    struct wall now;
    struct directory seen, safe, changes; /* of names */
    uint64_t boot;                        /* handles of earlier ones are dead */
    unsigned open_count;
    bool is_off, is_full;
    uint64_t cut_in, fail_in, fail_sync_in; /* counting down; 0: not armed */
    struct disk_counters counters;
    enum temper temper; /* of the next cut or failed sync; TEMPER_COUNT: drawn */
};

struct inode *inode_new(void);
void inode_unref(struct inode *inode); /* NULL does nothing */
void inode_write(struct inode *inode, size_t offset, const void *bytes, size_t size_bytes);
void inode_truncate(struct inode *inode, size_t size_bytes);
void inode_sync(struct inode *inode);

struct inode *disk_find(const struct disk *disk, const char *name); /* borrowed */
void disk_link(struct disk *disk, const char *name, struct inode *inode);
bool disk_unlink(struct disk *disk, const char *name);
void disk_sync_names(struct disk *disk);
/* A sync that failed: what was not safe is decided by chance now, and not tried again. */
void disk_lose_sync(struct disk *disk, struct inode *inode);

void disk_init_vfs(struct disk *disk);
