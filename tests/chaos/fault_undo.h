/* What a power cut would take: of each file that lies in the folder of FAULT_FSYNC_PREFIX itself,
 * the bytes that were written since its last good sync, as they were before.  Inside the library.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define UNDO_INSIDE __attribute__((visibility("hidden")))

UNDO_INSIDE void undo_begin(void); /* once, reads the environment */
/* Before a write, or before the file gets another size.  Offset -1: where the descriptor is. */
UNDO_INSIDE void undo_note_write(int fd, off64_t offset, size_t size);
UNDO_INSIDE void undo_note_truncate(int fd, off64_t size);
UNDO_INSIDE void undo_forget(int fd); /* it is durable now */
