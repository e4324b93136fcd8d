/* What the faults of a preloaded libfogfault.so are told, all of it through the environment of the
 * program that gets it.  Without a variable its fault is off; nothing else of the program changes.
 *
 *     LD_PRELOAD=build/release/libfogfault.so FOG_FSYNC_FAIL=/run/chaos/sync fog-controller …
 *
 * A program with sanitizers wants their library first:
 *     LD_PRELOAD=$(gcc -print-file-name=libasan.so):build/asan/libfogfault.so */
#pragma once

#include <stdint.h>

/* A path.  While a file is there, fsync and fdatasync fail with EIO.  A number in it is how many
 * calls succeed before, counted from the first call that saw the file. */
#define FAULT_FSYNC_FAIL "FOG_FSYNC_FAIL"

/* A path.  Only what lies below it fails to sync; as the kernel names it (/proc/self/fd), without
 * symlinks.  Absent: everything. */
#define FAULT_FSYNC_PREFIX "FOG_FSYNC_PREFIX"

/* A path.  While a file is there, each sync that is meant by the prefix takes longer by as many
 * milliseconds as the file says: so that more happens between a write and its answer.  The file of
 * that name and ".done" gets a "(" when the wait begins, and a ")" when it is over. */
#define FAULT_FSYNC_DELAY "FOG_FSYNC_DELAY"

/* A path, of a folder.  What is written and not yet synced is kept there as it was before, for each
 * file in the folder of FOG_FSYNC_PREFIX itself: a file named by its inode, of records, each with
 * the bytes that follow it.  Played back from the last to the first, and the file is as it was at
 * its last good sync: what a power cut may leave.  A failed sync makes nothing durable. */
#define FAULT_UNDO "FOG_UNDO"

struct fault_undo {
    int64_t offset;      /* of what was written over */
    int64_t kept;        /* so many bytes follow */
    int64_t size_before; /* of the file */
};

/* A path.  While a file is there, the disk has no space: pwrite fails with ENOSPC and statvfs tells
 * of none; as long as the file named by FOG_DISK_BALLAST exists, if that is set: the controller
 * gives its ballast back to be able to go on. */
#define FAULT_DISK_FULL    "FOG_DISK_FULL"
#define FAULT_DISK_BALLAST "FOG_DISK_BALLAST"

/* A path, of a file of at least eight bytes that is there when the program starts: an int64_t in
 * the machine's order, by how many milliseconds the wall clock is wrong.  The file is mapped: what
 * is written into it (in place, not by renaming another over it) counts from the next call on.
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME stay as they are, and so do the times of files. */
#define FAULT_CLOCK_OFFSET "FOG_CLOCK_OFFSET"
