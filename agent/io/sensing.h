/* What the core is told of the machine: its sensors, the programs that its owner wants alone, and
 * how far its local time is from UTC. */
#pragma once

#include "agent/core/agt.h"
#include "agent/io/config.h"

struct programs;
struct sensing;

int sensing_new(const struct config *config, struct sensing **ret_sensing, struct err *err);
/* Other programs that the owner wants alone: what looks for them is made, and then used from the
 * next reading on; both configs outlive their use. */
int sensing_prepare(const struct config *config, struct programs **ret_programs, struct err *err);
void sensing_use(struct sensing *sensing, struct programs *programs); /* taken */
void sensing_free(struct sensing *sensing);                           /* NULL does nothing */

/* The moment of the next reading, when one is wanted at `wanted`: not more often than once a
 * second, however often it is asked for. */
struct mono sensing_due(const struct sensing *sensing, struct mono wanted);
/* Fills in an AGT_READINGS; it is good until the next call. */
void sensing_read(struct sensing *sensing, int64_t own_cpu_ms, struct agt_event *event);
int64_t sensing_utc_offset_ms(struct wall wall);
