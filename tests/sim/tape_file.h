/* A recorded tape: what every stream of a world drew, and where it came from.
 *
 * As text, a line each:
 *
 *     fog-tape 1                     the format
 *     revision 3f2a…                 of the sources it was recorded with
 *     seed 42
 *     options --canary               that a replay needs
 *     trace 0123456789abcdef         the hash of the run's trace
 *     failure liveness: not as …     what was wrong, if anything was
 *     class/link-cut 1 8f2 3b1       a stream and its draws, in base 16; 0*17 is 0, 17 times
 *     …
 *     end
 *
 * A stream that is not there, or shorter than what is asked of it, draws what is quiet; so a tape
 * can be cut by hand, too. */
#pragma once

#include "schema/base/err.h"
#include "tests/sim/tape.h"

enum { TAPE_LINE_SIZE = 1024, TAPE_FILE_BYTES_MAX = 64 << 20 };

struct tape_file {
    char revision[24], options[TAPE_LINE_SIZE], failure[TAPE_LINE_SIZE];
    uint64_t seed, hash;
    struct map streams; /* name → struct tape_values, owned, in the order of their first use */
};

void tape_file_init(struct tape_file *file);
void tape_file_fini(struct tape_file *file);
void tape_file_copy(struct tape_file *file, const struct tape_file *from); /* `file` was fini */
/* Replaces the streams by those of the log.  False: the log had no room for all of them. */
bool tape_file_take_log(struct tape_file *file, const struct tape_log *log);
void tape_file_drop(struct tape_file *file, const char *name); /* a stream */

int tape_file_write(const struct tape_file *file, const char *path, struct err *err);
int tape_file_read(struct tape_file *file, const char *path, struct err *err);
