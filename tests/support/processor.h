/* Processes that are watched for what they do with a processor. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Workloads yield to everything else, so on a machine that is busy with other tests they would
 * hardly run.  Lets that one, and all of its session, go before the others; who may not do this
 * waits with them. */
void come_first(pid_t pid);

/* How long it has run.  Who looks seldom sees that it did, but not when. */
int64_t ran_us(pid_t pid);
