/* What this machine has, measured. */
#pragma once

#include "agent/io/drivers/harvest.h"

void machine_measure(struct machine *ret_machine);
/* What work may use: the machine less what the owner's caps keep back; the disk is what is free
 * where `dir_fd` is, in whole GiB, so that it does not change with each start. */
void capacity_measure(const struct machine *machine, const struct limits_policy *caps, int dir_fd,
                      struct resources *ret_capacity);
/* What the owner said of it counts instead; but what the caps leave of the machine is the most. */
void capacity_say(const struct resources *said, const struct limits_policy *caps,
                  struct resources *capacity);
const char *platform_name(void); /* "linux/amd64" */
