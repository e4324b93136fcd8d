/* SQLite's face of the simulated disk: files, locks between connections, shared memory, and the
 * places where injected faults strike. */
#include "tests/sim/disk_inner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct handle {
    sqlite3_file base;
    struct disk *disk;
    struct inode *inode; /* owned reference */
    struct shm *shm;     /* owned reference; NULL until mapped */
    uint64_t boot;
    int lock;
    unsigned shm_shared, shm_exclusive; /* bit masks of what this connection holds */
    bool syncs_names; /* a journal: its first sync makes its name safe, as on unix */
    char *forgotten;  /* owned: the name to remove when closed; NULL: none */
};

static struct handle *handle_of(sqlite3_file *file)
{
    return (struct handle *)file;
}

static bool is_dead(const struct handle *handle)
{
    return handle->boot != handle->disk->boot || handle->disk->is_off;
}

/* True when this is the one that the countdown was for. */
static bool strikes(uint64_t *countdown)
{
    return *countdown > 0 && --*countdown == 0;
}

/* An operation reaches the disk: 0, or the error it ends with. */
static int reach(struct disk *disk, int error)
{
    if (disk->is_off) {
        return error;
    }
    disk->counters.operations++;
    if (strikes(&disk->fail_in)) {
        disk->counters.faults++;
        return error;
    }
    return SQLITE_OK;
}

/* As reach(), for what changes the disk. */
static int reach_to_change(struct disk *disk, int error)
{
    int rc = reach(disk, error);

    if (rc != SQLITE_OK) {
        return rc;
    }
    disk->counters.changes++;
    if (strikes(&disk->cut_in)) {
        disk->is_off = true;
        return error;
    }
    return SQLITE_OK;
}

/* --- files ---------------------------------------------------------------------------------- */

static int file_read(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset)
{
    struct handle *handle = handle_of(file);
    const struct bytes *seen = &handle->inode->seen;
    size_t from = (size_t)offset, want = (size_t)count, have;
    int rc = is_dead(handle) ? SQLITE_IOERR_READ : reach(handle->disk, SQLITE_IOERR_READ);

    if (rc != SQLITE_OK) {
        return rc;
    }
    have = from >= seen->count ? 0 : seen->count - from;
    have = have < want ? have : want;
    if (have > 0) {
        memcpy(buffer, seen->items + from, have);
    }
    if (have < want) {
        memset((uint8_t *)buffer + have, 0, want - have);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset)
{
    struct handle *handle = handle_of(file);
    struct disk *disk = handle->disk;
    int rc;

    if (is_dead(handle)) {
        return SQLITE_IOERR_WRITE;
    }
    if (disk->is_full && (size_t)offset + (size_t)count > handle->inode->seen.count) {
        disk->counters.faults++;
        return SQLITE_FULL;
    }
    rc = reach_to_change(disk, SQLITE_IOERR_WRITE);
    if (rc == SQLITE_OK || disk->is_off) {
        /* A write that the power cut interrupts may still reach the disk, whole or in part. */
        inode_write(handle->inode, (size_t)offset, buffer, (size_t)count);
    }
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *handle = handle_of(file);
    int rc = is_dead(handle) ? SQLITE_IOERR_TRUNCATE
                             : reach_to_change(handle->disk, SQLITE_IOERR_TRUNCATE);

    if (rc == SQLITE_OK) {
        inode_truncate(handle->inode, (size_t)size);
    }
    return rc;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct handle *handle = handle_of(file);
    struct disk *disk = handle->disk;
    int rc = is_dead(handle) ? SQLITE_IOERR_FSYNC : reach_to_change(disk, SQLITE_IOERR_FSYNC);

    (void)flags;
    if (rc != SQLITE_OK) {
        return rc;
    }
    disk->counters.syncs++;
    if (strikes(&disk->fail_sync_in)) {
        disk->counters.faults++;
        disk_lose_sync(disk, handle->inode);
        return SQLITE_IOERR_FSYNC;
    }
    inode_sync(handle->inode);
    if (handle->syncs_names) {
        handle->syncs_names = false;
        disk_sync_names(disk);
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    struct handle *handle = handle_of(file);

    if (is_dead(handle)) {
        return SQLITE_IOERR_FSTAT;
    }
    *ret_size = (sqlite3_int64)handle->inode->seen.count;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return 4096; /* what SQLite says of files on unix */
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- locks ---------------------------------------------------------------------------------- */

static int lock_exclusive(struct handle *handle)
{
    struct inode *inode = handle->inode;

    inode->locked_by = handle;
    inode->is_pending = true;
    if (inode->locks_shared > 1) {
        handle->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    handle->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    struct handle *handle = handle_of(file);
    struct inode *inode = handle->inode;

    if (is_dead(handle)) {
        return SQLITE_IOERR_LOCK;
    }
    if (handle->lock >= level) {
        return SQLITE_OK;
    }
    if (level == SQLITE_LOCK_SHARED) {
        if (inode->is_pending) {
            return SQLITE_BUSY;
        }
        inode->locks_shared++;
        handle->lock = level;
        return SQLITE_OK;
    }
    if (inode->locked_by != NULL && inode->locked_by != handle) {
        return SQLITE_BUSY;
    }
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        return lock_exclusive(handle);
    }
    inode->locked_by = handle;
    handle->lock = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
    struct handle *handle = handle_of(file);
    struct inode *inode = handle->inode;

    if (handle->boot != handle->disk->boot || handle->lock <= level) {
        return SQLITE_OK;
    }
    if (inode->locked_by == handle) {
        inode->locked_by = NULL;
        inode->is_pending = false;
    }
    if (level == SQLITE_LOCK_NONE) {
        inode->locks_shared--;
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *file, int *ret_is_reserved)
{
    *ret_is_reserved = handle_of(file)->inode->locked_by != NULL;
    return SQLITE_OK;
}

/* --- shared memory -------------------------------------------------------------------------- */

static void shm_unref(struct shm *shm)
{
    if (--shm->refs > 0) {
        return;
    }
    vec_each (&shm->regions, region) {
        free(*region);
    }
    vec_fini(&shm->regions);
    free(shm);
}

static void shm_join(struct handle *handle)
{
    struct inode *inode = handle->inode;

    if (inode->shm == NULL) {
        inode->shm = MEM_NEW(struct shm);
    }
    inode->shm->refs++;
    handle->shm = inode->shm;
}

static int shm_map(sqlite3_file *file, int index, int size, int may_extend, void volatile **ret)
{
    struct handle *handle = handle_of(file);

    *ret = NULL;
    if (is_dead(handle)) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (handle->shm == NULL) {
        shm_join(handle);
    }
    while (may_extend && handle->shm->regions.count <= (size_t)index) {
        vec_add(&handle->shm->regions, mem_alloc((size_t)size));
    }
    if ((size_t)index < handle->shm->regions.count) {
        *ret = handle->shm->regions.items[index];
    }
    return SQLITE_OK;
}

static void shm_release(struct handle *handle, unsigned mask)
{
    for (int i = 0; i < SHM_LOCKS; i++) {
        unsigned bit = 1u << i & mask;

        if ((handle->shm_shared & bit) != 0) {
            handle->shm->shared[i]--;
        }
        if ((handle->shm_exclusive & bit) != 0) {
            handle->shm->exclusive[i] = false;
        }
    }
    handle->shm_shared &= ~mask;
    handle->shm_exclusive &= ~mask;
}

static bool shm_is_free(const struct handle *handle, int slot, bool is_exclusive)
{
    const struct shm *shm = handle->shm;
    bool is_mine = (handle->shm_exclusive >> slot & 1) != 0;
    unsigned mine = handle->shm_shared >> slot & 1;

    return (!shm->exclusive[slot] || is_mine) && (!is_exclusive || shm->shared[slot] == mine);
}

static int shm_lock(sqlite3_file *file, int first, int count, int flags)
{
    struct handle *handle = handle_of(file);
    unsigned mask = ((1u << count) - 1) << first;
    bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;

    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        shm_release(handle, mask);
        return SQLITE_OK;
    }
    if (is_dead(handle)) {
        return SQLITE_IOERR_SHMLOCK;
    }
    for (int i = first; i < first + count; i++) {
        if (!shm_is_free(handle, i, is_exclusive)) {
            return SQLITE_BUSY;
        }
    }
    for (int i = first; i < first + count; i++) {
        if (is_exclusive) {
            handle->shm->exclusive[i] = true;
        } else if ((handle->shm_shared >> i & 1) == 0) {
            handle->shm->shared[i]++;
        }
    }
    handle->shm_shared |= is_exclusive ? 0 : mask;
    handle->shm_exclusive |= is_exclusive ? mask : 0;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
    (void)file; /* one thread */
}

static int shm_unmap(sqlite3_file *file, int is_deleted)
{
    struct handle *handle = handle_of(file);

    (void)is_deleted; /* it is gone with the last connection anyway */
    if (handle->shm != NULL) {
        shm_release(handle, ~0u);
        if (handle->shm->refs == 1 && handle->inode->shm == handle->shm) {
            handle->inode->shm = NULL;
        }
        shm_unref(TAKE(handle->shm));
    }
    return SQLITE_OK;
}

/* --- the disk ------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file)
{
    struct handle *handle = handle_of(file);

    (void)shm_unmap(file, 0);
    (void)file_unlock(file, SQLITE_LOCK_NONE);
    if (handle->forgotten != NULL && !is_dead(handle)) {
        (void)disk_unlink(handle->disk, handle->forgotten);
    }
    free(handle->forgotten);
    inode_unref(handle->inode);
    handle->disk->open_count--;
    return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static struct disk *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

/* The file of that name, made when it may be; borrowed from the directory. */
static int find_or_make(struct disk *disk, const char *name, bool may_create,
                        struct inode **ret_inode)
{
    struct inode *inode = disk_find(disk, name);
    int rc;

    if (inode == NULL) {
        if (!may_create) {
            return SQLITE_CANTOPEN;
        }
        rc = reach_to_change(disk, SQLITE_CANTOPEN);
        if (rc != SQLITE_OK) {
            return rc;
        }
        inode = inode_new();
        disk_link(disk, name, inode);
        inode_unref(inode);
    }
    *ret_inode = inode;
    return SQLITE_OK;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    const int journals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    struct disk *disk = disk_of(vfs);
    struct handle *handle = handle_of(file);
    struct inode *inode = NULL;
    bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
    int rc = reach(disk, SQLITE_CANTOPEN);

    file->pMethods = NULL; /* nothing to close on failure */
    if (rc == SQLITE_OK && name != NULL) {
        rc = find_or_make(disk, name, may_create, &inode);
    }
    if (rc != SQLITE_OK) {
        return rc;
    }
    *handle = (struct handle){.base = {&file_methods}, .disk = disk, .boot = disk->boot};
    handle->inode = inode == NULL ? inode_new() : inode;
    handle->inode->refs += inode != NULL;
    handle->syncs_names = may_create && (flags & journals) != 0;
    if (name != NULL && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0) {
        handle->forgotten = mem_strdup(name);
    }
    disk->open_count++;
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int syncs_names)
{
    struct disk *disk = disk_of(vfs);
    int rc = reach_to_change(disk, SQLITE_IOERR_DELETE);

    if (rc != SQLITE_OK) {
        return rc;
    }
    if (!disk_unlink(disk, name)) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    if (syncs_names) {
        disk_sync_names(disk);
    }
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_may)
{
    struct disk *disk = disk_of(vfs);
    const struct inode *inode = disk_find(disk, name);

    (void)flags;
    if (disk->is_off) {
        return SQLITE_IOERR_ACCESS;
    }
    *ret_may = inode != NULL && inode->seen.count > 0; /* as SQLite on unix: empty is absent */
    return SQLITE_OK;
}

static int disk_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *ret_path)
{
    (void)vfs;
    return snprintf(ret_path, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int disk_randomness(sqlite3_vfs *vfs, int count, char *ret_bytes)
{
    struct rand noise;

    rand_init_u64(&noise, die_u64(&disk_of(vfs)->die));
    for (int i = 0; i < count; i++) {
        ret_bytes[i] = (char)rand_u64(&noise);
    }
    return count;
}

static int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int disk_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
    *ret_ms = disk_of(vfs)->now.ms + 210866760000000; /* from noon, 24 November 4714 BC */
    return SQLITE_OK;
}

static int disk_current_time(sqlite3_vfs *vfs, double *ret_days)
{
    sqlite3_int64 ms;

    (void)disk_current_time_int64(vfs, &ms);
    *ret_days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int disk_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
    (void)vfs, (void)size, (void)ret_text;
    return 0;
}

void disk_init_vfs(struct disk *disk)
{
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = 256,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = disk_open,
        .xDelete = disk_delete,
        .xAccess = disk_access,
        .xFullPathname = disk_full_pathname,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xGetLastError = disk_last_error,
        .xCurrentTime = disk_current_time,
        .xCurrentTimeInt64 = disk_current_time_int64,
    };
}
