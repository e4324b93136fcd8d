/* Windows of policies, read off documents and compared with the clock on a machine's wall by plain
 * numbers; shares no code with the evaluator.
 *
 * Worlds take minutes and begin at six past eleven, UTC, or in some time zones just before
 * midnight.  So drawn windows are moved to where they open and close within them. */
#pragma once

#include "schema/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct sim;

struct hours {
    unsigned days; /* bit 0: monday; 0: every day */
    int from, to;  /* minutes; to before from: into the next day */
};

bool hours_is_open(const struct hours *window, int64_t local_ms);
/* By the windows of a policy's spec; without any they always do. */
bool hours_allow(const struct node *policy, int64_t local_ms);

/* A time zone for a machine. */
void hours_begin(struct machine *machine);
int64_t hours_local_ms(const struct machine *machine);
/* Makes of the windows that were drawn for a policy such as matter in a world; never a draw. */
void hours_tame(struct arena *arena, struct node *spec);
/* Lets time pass until no window has just opened or closed on any machine, or will within so long;
 * false: so it was. */
bool hours_settle(struct sim *sim, int64_t ahead_ms);
