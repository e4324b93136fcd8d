/* `fogctl top` of the whole fleet: the board on a terminal, live, or one picture. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct top_options {
    const char *labels, *where; /* of agents; NULL: all */
    const char *sort;           /* of agents: a word of the board */
    int64_t interval_ms;        /* between two looks at what no watch tells */
};

bool top_is_sort(const char *word);
/* Until somebody has seen enough; through restarts of the controller. */
int top_fleet_live(struct fogctl *fogctl, const struct top_options *options);
/* One picture, as lines, or as a tree for programs; an exit code. */
int top_fleet_once(struct fogctl *fogctl, const struct top_options *options);
struct node *top_fleet_tree(struct fogctl *fogctl, const struct top_options *options);
