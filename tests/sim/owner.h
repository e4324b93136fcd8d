/* The owner of a machine, who changes its configuration while work runs: rules of the owner's own,
 * a cap on the processors, a label.  It takes effect at once, or when an agent that is away or
 * stands still starts again; in the end all is as it was drawn at first. */
#pragma once

#include "schema/base/arena.h"
#include "tests/sim/die.h"

struct machine;
struct node;

struct owner {
    struct arena arena;       /* owned: everything that any of its configurations had */
    const struct node *rules; /* in force; NULL: none */
    unsigned changes;         /* rises */
    int64_t changed_at_ms;
    int64_t first_cap; /* percent of the processors; 0: all */
    const char *first_site;
};

void owner_begin(struct machine *machine); /* its first configuration is drawn */
void owner_end(struct machine *machine);
void owner_change(struct machine *machine, struct die *die);
void owner_settle(struct machine *machine); /* nothing changes any more */
