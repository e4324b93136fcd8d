/* What is on the disk, and what of it survives a power cut. */
#include "tests/sim/disk.h"

#include "tests/sim/disk_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How a cut treats what is not safe.  One temper per cut: wholesale loss and wholesale survival
 * find other mistakes than a mixture does. */
enum fate { FATE_KEEP, FATE_DROP, FATE_TEAR, FATE_GARBLE };

/* --- bytes ---------------------------------------------------------------------------------- */

static void bytes_resize(struct bytes *bytes, size_t size_bytes)
{
    vec_reserve(bytes, size_bytes);
    if (size_bytes > bytes->count) {
        memset(bytes->items + bytes->count, 0, size_bytes - bytes->count);
    }
    bytes->count = size_bytes;
}

static void bytes_put(struct bytes *bytes, size_t offset, const void *from, size_t size_bytes)
{
    if (size_bytes == 0) {
        return;
    }
    if (offset + size_bytes > bytes->count) {
        bytes_resize(bytes, offset + size_bytes);
    }
    memcpy(bytes->items + offset, from, size_bytes);
}

/* --- inodes --------------------------------------------------------------------------------- */

struct inode *inode_new(void)
{
    struct inode *inode = MEM_NEW(struct inode);

    inode->refs = 1;
    return inode;
}

void inode_unref(struct inode *inode)
{
    if (inode == NULL || --inode->refs > 0) {
        return;
    }
    vec_fini(&inode->seen);
    vec_fini(&inode->safe);
    vec_fini(&inode->changes);
    vec_fini(&inode->pending);
    free(inode);
}

static struct inode *inode_ref(struct inode *inode)
{
    if (inode != NULL) {
        inode->refs++;
    }
    return inode;
}

void inode_write(struct inode *inode, size_t offset, const void *bytes, size_t size_bytes)
{
    struct change change = {.offset = offset, .size_bytes = size_bytes, .at = inode->pending.count};

    bytes_put(&inode->seen, offset, bytes, size_bytes);
    bytes_put(&inode->pending, change.at, bytes, size_bytes);
    vec_add(&inode->changes, change);
}

void inode_truncate(struct inode *inode, size_t size_bytes)
{
    bytes_resize(&inode->seen, size_bytes);
    vec_add(&inode->changes, ((struct change){.is_truncation = true, .offset = size_bytes}));
}

static void forget_changes(struct inode *inode)
{
    vec_clear(&inode->changes);
    vec_clear(&inode->pending);
}

void inode_sync(struct inode *inode)
{
    vec_each (&inode->changes, change) {
        if (change->is_truncation) {
            bytes_resize(&inode->safe, change->offset);
        } else {
            bytes_put(&inode->safe, change->offset, inode->pending.items + change->at,
                      change->size_bytes);
        }
    }
    forget_changes(inode);
}

/* --- chance --------------------------------------------------------------------------------- */

static enum temper take_temper(struct disk *disk, struct die *die)
{
    enum temper drawn = (enum temper)die_below(die, TEMPER_COUNT);
    enum temper chosen = disk->temper;

    disk->temper = TEMPER_COUNT;
    return chosen == TEMPER_COUNT ? drawn : chosen;
}

static enum fate draw_fate(struct die *die, enum temper temper)
{
    switch (temper) {
    case TEMPER_LOSE_ALL:
        return FATE_DROP;
    case TEMPER_KEEP_ALL:
    case TEMPER_IN_ORDER:
        return FATE_KEEP;
    case TEMPER_ANY:
        return die_chance(die, 500) ? FATE_KEEP : FATE_DROP;
    case TEMPER_WILD:
        return (enum fate)die_below(die, FATE_GARBLE + 1);
    case TEMPER_COUNT:
        break;
    }
    return FATE_DROP;
}

static void garble(struct die *die, uint8_t *bytes, size_t size_bytes)
{
    struct rand noise;

    rand_init_u64(&noise, die_u64(die));
    for (size_t i = 0; i < size_bytes; i++) {
        bytes[i] = (uint8_t)rand_u64(&noise);
    }
}

/* One sector's part of a write. */
static void settle_piece(struct disk *disk, struct die *die, enum fate fate, struct bytes *safe,
                         size_t offset, const uint8_t *bytes, size_t size_bytes)
{
    uint8_t noise[SECTOR_BYTES];

    switch (fate) {
    case FATE_KEEP:
        bytes_put(safe, offset, bytes, size_bytes);
        disk->counters.sectors_kept++;
        return;
    case FATE_DROP:
        disk->counters.sectors_dropped++;
        return;
    case FATE_TEAR:
        bytes_put(safe, offset, bytes, (size_t)die_below(die, size_bytes + 1));
        disk->counters.sectors_torn++;
        return;
    case FATE_GARBLE:
        garble(die, noise, size_bytes);
        bytes_put(safe, offset, noise, size_bytes);
        disk->counters.sectors_garbled++;
        return;
    }
}

static void settle_write(struct disk *disk, struct die *die, enum temper temper,
                         struct inode *inode, const struct change *change, size_t total_bytes)
{
    size_t done = 0;

    while (done < total_bytes) {
        size_t offset = change->offset + done;
        size_t size_bytes = SECTOR_BYTES - offset % SECTOR_BYTES;

        if (size_bytes > total_bytes - done) {
            size_bytes = total_bytes - done;
        }
        settle_piece(disk, die, draw_fate(die, temper), &inode->safe, offset,
                     inode->pending.items + change->at + done, size_bytes);
        done += size_bytes;
    }
}

/* Decides what becomes of all that is not safe in a file. */
static void settle(struct disk *disk, struct die *die, enum temper temper, struct inode *inode)
{
    size_t count = inode->changes.count, last = count;

    if (temper == TEMPER_IN_ORDER && count > 0) {
        last = (size_t)die_below(die, count);
    }
    for (size_t i = 0; i < count && i <= last; i++) {
        const struct change *change = &inode->changes.items[i];
        size_t total_bytes = change->size_bytes;

        if (i == last) {
            total_bytes = (size_t)die_below(die, total_bytes + 1);
        }
        if (!change->is_truncation) {
            settle_write(disk, die, temper, inode, change, total_bytes);
        } else if (draw_fate(die, temper) != FATE_DROP) {
            bytes_resize(&inode->safe, change->offset);
        }
    }
    forget_changes(inode);
}

void disk_lose_sync(struct disk *disk, struct inode *inode)
{
    settle(disk, &disk->die, take_temper(disk, &disk->die), inode);
}

/* --- names ---------------------------------------------------------------------------------- */

static struct entry *entry_find(const struct directory *directory, const char *name)
{
    vec_each (directory, entry) {
        if (strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void entry_add(struct directory *directory, const char *name, struct inode *inode,
                      bool with_next)
{
    vec_add(directory, ((struct entry){mem_strdup(name), inode_ref(inode), with_next}));
}

static void entry_remove(struct directory *directory, struct entry *entry)
{
    free(entry->name);
    inode_unref(entry->inode);
    vec_remove(directory, (size_t)(entry - directory->items));
}

static void directory_clear(struct directory *directory)
{
    while (directory->count > 0) {
        entry_remove(directory, &directory->items[directory->count - 1]);
    }
}

/* Makes a name mean this inode, or nothing. */
static void directory_set(struct directory *directory, const char *name, struct inode *inode)
{
    struct entry *entry = entry_find(directory, name);

    if (entry != NULL) {
        entry_remove(directory, entry);
    }
    if (inode != NULL) {
        entry_add(directory, name, inode, false);
    }
}

struct inode *disk_find(const struct disk *disk, const char *name)
{
    struct entry *entry = entry_find(&disk->seen, name);

    return entry == NULL ? NULL : entry->inode;
}

void disk_link(struct disk *disk, const char *name, struct inode *inode)
{
    directory_set(&disk->seen, name, inode);
    entry_add(&disk->changes, name, inode, false);
}

bool disk_unlink(struct disk *disk, const char *name)
{
    if (disk_find(disk, name) == NULL) {
        return false;
    }
    directory_set(&disk->seen, name, NULL);
    entry_add(&disk->changes, name, NULL, false);
    return true;
}

bool disk_rename(struct disk *disk, const char *from, const char *to)
{
    struct inode *inode = inode_ref(disk_find(disk, from));

    if (inode == NULL) {
        return false;
    }
    disk_link(disk, to, inode);
    disk->changes.items[disk->changes.count - 1].with_next = true;
    (void)disk_unlink(disk, from);
    inode_unref(inode);
    return true;
}

bool disk_has_file(const struct disk *disk, const char *name)
{
    return disk_find(disk, name) != NULL;
}

void disk_sync_names(struct disk *disk)
{
    vec_each (&disk->changes, change) {
        directory_set(&disk->safe, change->name, change->inode);
    }
    directory_clear(&disk->changes);
}

void *disk_read_file(const struct disk *disk, const char *name, size_t *ret_size_bytes)
{
    const struct inode *inode = disk_find(disk, name);
    void *bytes;

    *ret_size_bytes = 0;
    if (inode == NULL) {
        return NULL;
    }
    bytes = mem_array(inode->seen.count + 1, 1);
    memcpy(bytes, inode->seen.items, inode->seen.count);
    *ret_size_bytes = inode->seen.count;
    return bytes;
}

void disk_replace_file(struct disk *disk, const char *name, const void *bytes, size_t size_bytes)
{
    struct inode *inode;

    (void)disk_unlink(disk, name);
    if (bytes != NULL) {
        inode = inode_new();
        inode_write(inode, 0, bytes, size_bytes);
        inode_sync(inode);
        disk_link(disk, name, inode);
        inode_unref(inode);
    }
    disk_sync_names(disk);
}

static void settle_names(struct disk *disk, struct die *die, enum temper temper)
{
    size_t count = disk->changes.count, last = count;
    bool is_kept = true, is_decided = false;

    if (temper == TEMPER_IN_ORDER) {
        last = (size_t)die_below(die, count + 1);
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry *change = &disk->changes.items[i];

        if (!is_decided) {
            is_kept = i < last && draw_fate(die, temper) == FATE_KEEP;
        }
        if (is_kept) {
            directory_set(&disk->safe, change->name, change->inode);
        }
        is_decided = change->with_next;
    }
    directory_clear(&disk->changes);
}

/* --- power ---------------------------------------------------------------------------------- */

/* Whoever held or shared anything is gone. */
static void forget_holders(struct disk *disk)
{
    disk->boot++;
    disk->is_off = false;
    disk->cut_in = 0;
    vec_each (&disk->seen, entry) {
        entry->inode->shm = NULL;
        entry->inode->locks_shared = 0;
        entry->inode->locked_by = NULL;
        entry->inode->is_pending = false;
    }
}

void disk_process_crash(struct disk *disk)
{
    forget_holders(disk);
}

void disk_power_cut(struct disk *disk, struct die *die)
{
    enum temper temper = take_temper(disk, die);

    disk->counters.power_cuts++;
    settle_names(disk, die, temper);
    directory_clear(&disk->seen);
    vec_each (&disk->safe, entry) {
        struct inode *inode = entry->inode;

        settle(disk, die, temper, inode);
        bytes_resize(&inode->seen, 0);
        bytes_put(&inode->seen, 0, inode->safe.items, inode->safe.count);
        entry_add(&disk->seen, entry->name, inode, false);
    }
    forget_holders(disk);
}

void disk_set_temper(struct disk *disk, enum temper temper)
{
    disk->temper = temper;
}

void disk_cut_at(struct disk *disk, uint64_t nth)
{
    disk->cut_in = nth;
}

bool disk_is_off(const struct disk *disk)
{
    return disk->is_off;
}

void disk_fail_at(struct disk *disk, uint64_t nth)
{
    disk->fail_in = nth;
}

void disk_fail_sync_at(struct disk *disk, uint64_t nth)
{
    disk->fail_sync_in = nth;
}

void disk_set_full(struct disk *disk, bool is_full)
{
    disk->is_full = is_full;
}

void disk_set_wall(struct disk *disk, struct wall now)
{
    disk->now = now;
}

const struct disk_counters *disk_counters(const struct disk *disk)
{
    return &disk->counters;
}

const char *disk_name(const struct disk *disk)
{
    return disk->name;
}

/* SQLite seeds its generator from the default VFS, once; make it do so again, from ours. */
static void reseed_sqlite(struct disk *disk)
{
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    uint8_t byte;
    int rc;

    rc = sqlite3_vfs_register(&disk->vfs, 1);
    assert(rc == SQLITE_OK);
    sqlite3_randomness(0, NULL);
    sqlite3_randomness(1, &byte);
    rc = sqlite3_vfs_register(usual, 1);
    assert(rc == SQLITE_OK);
}

struct disk *disk_new_with(const char *name, const struct die *die)
{
    struct disk *disk = MEM_NEW(struct disk);
    int rc = sqlite3_initialize();

    assert(rc == SQLITE_OK);
    assert(sqlite3_vfs_find(name) == NULL);
    disk->name = mem_strdup(name);
    disk->die = *die;
    disk->temper = TEMPER_COUNT;
    disk_init_vfs(disk);
    reseed_sqlite(disk);
    return disk;
}

struct disk *disk_new(const char *name, uint64_t seed)
{
    struct die die;

    die_init(&die, seed);
    return disk_new_with(name, &die);
}

void disk_free(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    assert(disk->open_count == 0);
    (void)sqlite3_vfs_unregister(&disk->vfs);
    directory_clear(&disk->seen);
    directory_clear(&disk->safe);
    directory_clear(&disk->changes);
    vec_fini(&disk->seen);
    vec_fini(&disk->safe);
    vec_fini(&disk->changes);
    free(disk->name);
    free(disk);
}
