/* A machine's sensors, read from the kernel's files: docs/HARVEST.md says which, and
 * docs/decisions/0013 why these.  Every path lies under a root that can be chosen, so that a test
 * or a demonstration gives a tree of its own.
 *
 * To be read about once a second.  Nothing here waits: what is read are small regular files, never
 * more than a few KiB of each, and input devices without blocking. */
#pragma once

#include "schema/base/err.h"
#include "schema/readings.h"

struct sensor_reader;

enum { SENSORS_NO_WORK = -1 };

/* ERR_NOT_FOUND when there is no such folder. */
int sensors_open(const char *root, struct sensor_reader **ret_reader, struct err *err);
void sensors_close(struct sensor_reader *reader); /* NULL does nothing */

/* Reads all of them; what cannot be read is unknown, in words by sensors_note().
 *
 * `own_cpu_ms` is the processor time that all our workloads together have used so far.  It may fall
 * (work was forgotten) and jump (work was adopted): for that one reading our use is guessed.
 * SENSOR_FOREIGN_CPU is a rate over ten seconds, so it is unknown at the first call, and what was
 * before counts as rest.  SENSORS_NO_WORK: nothing of ours runs, and the rate is that between the
 * looks.
 * SENSOR_IDLE begins at nought where keyboards and mice are watched: nobody watched them before. */
void sensors_read(struct sensor_reader *reader, struct mono now, struct wall wall,
                  int64_t own_cpu_ms, struct readings *ret_readings);

/* Where the last reading came from, or why there is none: "BAT0, BAT1", "BAT0/capacity: Permission
 * denied".  Lives until the next sensors_read(); may be "". */
const char *sensors_note(const struct sensor_reader *reader, enum sensor sensor);
