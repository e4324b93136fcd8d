/* Programs that the machine's owner wants it for: while one of them runs, nothing of ours does.
 *
 * A program is named as its file, without folders ("blender"), or as the kernel calls the process
 * (/proc/PID/comm: of a script its own name, not its interpreter's).  Upper and lower case differ.
 * Processes of our own workloads do not count. */
#pragma once

#include "schema/base/err.h"
#include "schema/base/mono.h"
#include "schema/policy.h"

struct programs;

/* Names are borrowed. `root` as in sensors_open(). */
int programs_open(const char *root, const char *const *names, size_t count,
                  struct programs **ret_programs, struct err *err);
void programs_close(struct programs *programs); /* NULL does nothing */

/* What is found when nobody can look, for want of /proc or of descriptors: one may run. */
extern const char PROGRAM_UNKNOWN[];

/* The name that runs, PROGRAM_UNKNOWN, or NULL.  Looks at most every few seconds and between says
 * what it saw; the one that was seen last is looked for first. */
const char *programs_find(struct programs *programs, struct mono now);
